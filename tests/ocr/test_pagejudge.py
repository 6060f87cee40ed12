"""A large PDF/A is judged by page-validation in runs of its pages, with the verdict that the whole would get."""

from __future__ import annotations

import zlib
from pathlib import Path
from random import Random

import page
import pikepdf
import pytest
from pikepdf import pdfa
from PIL import Image

from akten.findings import Verdict
from ocr import pagejudge
from ocr.pagejudge import ask_page
from tests.ocr.papers import image_page

PAGES = 7
SIDE = 200  # pixels of noise: 40 kB a page, which no packing makes smaller


def noise(seed: int) -> Image.Image:
    """The same noise for the same seed: a packed stream that happens to end like a line wakes page-validation's
    false alarm about lengths, so noise that is new in every run would now and then get another reason."""
    return Image.frombytes("L", (SIDE, SIDE), Random(seed).randbytes(SIDE * SIDE))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gross") / "gut.pdf"
    with pikepdf.new() as pdf:
        for number in range(PAGES):
            image_page(pdf, noise(number))
        pdfa.save(pdf, path, "2b")
    return path


def asked(path: Path, at_once: int) -> tuple[str, str]:
    answer = ask_page({"path": str(path), "flavour": "2b", "at_once": at_once})
    return answer["verdict"], answer.get("why", "")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Bytes and pages of every file that page-validation is given."""
    files: list[tuple[int, int]] = []
    ask = pagejudge._asked

    def noted(path: Path, flavour: str, most: int) -> dict[str, object]:
        with pikepdf.open(path) as pdf:
            files.append((path.stat().st_size, len(pdf.pages)))
        return ask(path, flavour, most)

    monkeypatch.setattr(pagejudge, "_asked", noted)
    return files


@pytest.mark.parametrize("at_once", [60_000, 100_000, 200_000])
def test_every_page_is_seen_once_and_no_run_is_larger_than_allowed(
    good: Path, at_once: int, seen: list[tuple[int, int]]
) -> None:
    verdict, why = asked(good, at_once)
    assert verdict == Verdict.OK.value
    assert why == f"in {len(seen)} Teilen beurteilt, weil die Datei groß ist"
    assert sum(pages for _, pages in seen) == PAGES
    assert max(size for size, _ in seen) <= at_once


def test_pages_of_very_different_size_are_divided_until_they_fit(tmp_path: Path, seen: list[tuple[int, int]]) -> None:
    path = tmp_path / "ungleich.pdf"
    with pikepdf.new() as pdf:
        for number in range(12):
            image_page(pdf, noise(number) if number < 4 else Image.new("L", (SIDE, SIDE), 255))
        pdfa.save(pdf, path, "2b")
    assert asked(path, 90_000)[0] == Verdict.OK.value
    assert sum(pages for _, pages in seen) == 12
    assert max(size for size, _ in seen) <= 90_000


def test_a_small_file_is_judged_as_it_is(good: Path, seen: list[tuple[int, int]]) -> None:
    assert asked(good, 1 << 20) == (Verdict.OK.value, "")
    assert seen == [(good.stat().st_size, PAGES)]


def test_one_bad_page_fails_the_whole(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "seite5.pdf"
    with pikepdf.open(good) as pdf:
        pdf.pages[4].Resources.XObject.Im0.Interpolate = True
        pdf.save(path)
    answers = [ask_page({"path": str(path), "flavour": "2b", "at_once": most}) for most in (100_000, 1 << 20)]
    assert [answer["verdict"] for answer in answers] == [Verdict.FAILED.value] * 2
    assert set(answers[0]["clauses"]) & set(answers[1]["clauses"])


def test_what_belongs_to_the_document_is_seen_in_every_run(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "ohne.pdf"
    with pikepdf.open(good) as pdf:
        del pdf.Root.OutputIntents
        pdf.save(path)
    assert asked(path, 100_000)[0] == Verdict.FAILED.value


def test_a_page_too_large_by_itself_is_not_checked(good: Path) -> None:
    verdict, why = asked(good, 30_000)
    assert verdict == Verdict.NOT_CHECKED.value
    assert "Sicherheitsgrenze" in why


@pytest.mark.parametrize("cut", [300, 60_000])
def test_a_damaged_file_is_not_judged_by_its_repaired_runs(good: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "kurz.pdf"
    path.write_bytes(good.read_bytes()[:-cut])
    assert asked(path, 100_000)[0] == Verdict.NOT_CHECKED.value


def test_without_pages_nothing_is_approved(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "leer.pdf"
    with pikepdf.open(good) as pdf:
        del pdf.pages[:]
        pdf.Root.Rest = pdf.make_stream(Random(0).randbytes(200_000))
        pdf.save(path)
    assert asked(path, 100_000)[0] == Verdict.NOT_CHECKED.value


def test_a_picture_on_every_page_that_is_too_large_costs_few_tries(tmp_path: Path, seen: list[tuple[int, int]]) -> None:
    path = tmp_path / "gemeinsam.pdf"
    with pikepdf.new() as pdf:
        for number in range(64):
            image_page(pdf, noise(number))
            pdf.pages[-1].Resources = pdf.pages[0].Resources
        pdfa.save(pdf, path, "2b")
    assert asked(path, 30_000)[0] == Verdict.NOT_CHECKED.value
    assert len(seen) == 1


def ending_like_lines(path: Path, ends: bytes) -> Path:
    """A good PDF/A of pages whose packed content ends in these bytes, page by page."""
    with pikepdf.new() as pdf:
        number = 0
        while len(pdf.pages) < len(ends):
            number += 1
            packed = zlib.compress(b"%% %s\n0 0 10 10 re f" % Random(number).randbytes(8).hex().encode())
            if packed[-1] != ends[len(pdf.pages)]:
                continue
            sheet = pdf.add_blank_page(page_size=(200, 200))
            sheet.obj.Contents = pdf.make_stream(b"")
            sheet.obj.Contents.write(packed, filter=pikepdf.Name.FlateDecode)
        pdfa.save(pdf, path, "2b")
    return path


@pytest.mark.parametrize("count", [1, 2, 5])
def test_streams_that_end_like_lines_are_no_fault(tmp_path: Path, count: int) -> None:
    """page-validation complains of them, and of more than one without a name."""
    path = ending_like_lines(tmp_path / "a.pdf", b"\r" * count)
    assert not page.validate_pdf(str(path), profile="2b").is_compliant, "else this test tells nothing"
    assert asked(path, 1 << 20)[0] == Verdict.OK.value


@pytest.mark.parametrize("others", [0, 1, 4])
def test_one_wrong_length_among_them_is_a_fault(tmp_path: Path, others: int) -> None:
    """The last byte of one stream is left out of its length."""
    path = ending_like_lines(tmp_path / "a.pdf", b"\r" * others + b"\n")
    with pikepdf.open(path) as pdf:
        packed = pdf.pages[-1].obj.Contents.read_raw_bytes()
    data = path.read_bytes()
    end = data.index(packed)
    start = data.rindex(b"/Length %d" % len(packed), 0, end)
    stated = b"/Length %d" % (len(packed) - 1)
    path.write_bytes(data[:start] + stated.ljust(len(b"/Length %d" % len(packed))) + data[start + len(stated) :])
    assert path.stat().st_size == len(data)
    assert asked(path, 1 << 20)[0] == Verdict.FAILED.value
