"""A delivered valid PDF/A: with text it stays byte for byte, a scan without text gets it and stays as the master."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from pikepdf import pdfa

from akten.files import PageRef, Rendition, digest_file
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.recognise import PageProfile, RecogniseRequest, recognise
from tests.ocr.examined import examine
from tests.ocr.oddpdfs import embedded_page
from tests.ocr.papers import image_page, scan_of
from tests.ocr.sheets import sheet


@pytest.fixture(scope="module")
def pool(verapdf_options: OcrOptions) -> Iterator[PagePool]:
    with PagePool(1, verapdf_options) as pool:
        yield pool


def made_of(path: Path, options: OcrOptions, pool: PagePool):  # type: ignore[no-untyped-def]
    scan = scan_of(path)
    facts = examine(scan, options, path.parent)
    request = RecogniseRequest(
        uuid=scan.uuid, title="Probe", pages=tuple(PageRef(scan.uuid, page.number) for page in facts.pages),
        scans={scan.uuid: scan}, facts={scan.uuid: facts}, profile=PageProfile(), folder=path.parent / "aus",
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return facts, recognise(request, pool, options)


def test_with_text_it_is_kept_byte_for_byte(tmp_path: Path, verapdf_options: OcrOptions, pool: PagePool) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        embedded_page(pdf)
        pdfa.save(pdf, path, "2b")
    facts, made = made_of(path, verapdf_options, pool)
    assert facts.pdfa_claim == "2b"
    assert made.rendition is Rendition.KEPT
    assert made.digests == digest_file(path)
    assert "Genehmigung" in made.pages[0].text


def test_a_scan_with_text_of_an_earlier_ocr_is_kept_byte_for_byte(
    tmp_path: Path, verapdf_options: OcrOptions, pool: PagePool
) -> None:
    """What our own scan path makes is such a file: delivered again, it must come out as it is."""
    image, first = tmp_path / "scan.png", tmp_path / "erste.pdf"
    sheet().save(image, dpi=(200, 200))
    _, made = made_of(image, verapdf_options, pool)
    first.write_bytes(made.path.read_bytes())
    facts, again = made_of(first, verapdf_options, pool)
    assert facts.pdfa_claim == "2u"
    assert again.rendition is Rendition.KEPT
    assert again.digests == digest_file(first)


def test_without_text_it_gets_some_and_the_delivered_file_stays(
    tmp_path: Path, verapdf_options: OcrOptions, pool: PagePool
) -> None:
    path = tmp_path / "a.pdf"
    image = sheet()
    with pikepdf.new() as pdf:
        image_page(pdf, image, (image.width * 0.36, image.height * 0.36))
        pdfa.save(pdf, path, "2b")
    before = path.read_bytes()
    facts, made = made_of(path, verapdf_options, pool)
    assert (facts.pdfa_claim, facts.scan_only) == ("2b", True)
    assert made.rendition is Rendition.SCANNED
    assert "Bauaufsichtsamt" in made.pages[0].text
    assert path.read_bytes() == before
    with pikepdf.open(path) as old, pikepdf.open(made.path) as new:
        one, other = (next(iter(pdf.pages[0].images.values())) for pdf in (old, new))
        assert one.read_raw_bytes() == other.read_raw_bytes(), "the image itself is untouched"
