"""From scans to one PDF/A: valid for all judges, the scan's own bytes inside, same input same bytes, no half files."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import page
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from akten.errors import Rejected
from akten.files import FileFacts, FileKind, PageFacts, PdfA, Rendition, digest_file
from akten.findings import has_errors
from ocr.assembly import clean_title
from ocr.jobs import AssemblyJob, AssemblyOutcome
from ocr.options import Limits, OcrOptions
from ocr.pages import PagePool
from ocr.recognise import RULES, PageProfile, recognise
from ocr.validators import ask_pikepdf
from tests.bench.bench_ocr import normal, recall
from tests.ocr.sheets import paper, request_of, sheet

OPTIONS = OcrOptions()


@pytest.fixture(scope="module")
def pool() -> Iterator[PagePool]:
    with PagePool(2, OPTIONS) as pool:
        yield pool


def judged(made: PdfA) -> None:
    """Both judges that need no Java approve, digests are those of the file, nothing else is left in the folder."""
    assert ask_pikepdf({"path": str(made.path), "flavour": made.flavour}) == {"verdict": "ok"}
    assert page.validate_pdf(str(made.path), profile=made.flavour).is_compliant
    assert made.digests == digest_file(made.path)
    assert made.hocr is not None
    assert made.hocr_digests == digest_file(made.hocr)
    assert {path.name for path in made.path.parent.iterdir()} == {made.path.name, made.hocr.name}


def out(tmp_path: Path, name: str = "out") -> Path:
    return tmp_path / name


def test_several_scans_become_one_valid_file(samples: Path, tmp_path: Path, pool: PagePool) -> None:
    sheet(mode="1").save(tmp_path / "a.tif", compression="group4", dpi=(200, 200))
    sheet(mode="RGBA").save(tmp_path / "b.png", dpi=(200, 200))
    paper().save(tmp_path / "c.jpg", dpi=(150, 150))
    files = [tmp_path / "a.tif", tmp_path / "b.png", tmp_path / "c.jpg", samples / "rotated" / "phototest_L.png"]
    heard: list[tuple[int, int]] = []
    made = recognise(request_of(files, out(tmp_path)), pool, OPTIONS, lambda done, all_: heard.append((done, all_)))
    judged(made)
    assert made.rendition is Rendition.SCANNED
    assert made.flavour == "2u"
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [result.blank for result in made.pages] == [False, False, True, False]
    assert [result.turned for result in made.pages] == [0, 0, 0, 90]
    assert made.pages[2].thumbnail is not None
    assert made.pages[2].thumbnail.startswith(b"\xff\xd8")
    assert "Genehmigung" in made.pages[0].text
    assert made.pages[0].width_mm == pytest.approx(148, abs=0.3)
    assert made.mean_confidence is not None
    assert made.mean_confidence > 80
    assert {name for name, _ in made.tools} >= {"pikepdf", "deu.traineddata"}
    with pikepdf.open(made.path) as pdf:
        assert [int(p.obj.get("/Rotate", 0)) for p in pdf.pages] == [0, 0, 0, 90]
        assert str(pdf.docinfo["/Title"]) == "Baugenehmigung – Prüfstück"
        fonts = {p.Resources.Font["/F0"].objgen for p in pdf.pages if "/Font" in p.Resources}
        assert len(fonts) == 1
        jpeg = pdf.pages[2].Resources.XObject.Im0.read_raw_bytes()
    assert jpeg == (tmp_path / "c.jpg").read_bytes()


def test_every_change_to_what_was_scanned_is_told(tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "ohne.png")  # no resolution: that of the profile is set
    made = recognise(request_of([tmp_path / "ohne.png"], out(tmp_path), dpi=None), pool, OPTIONS)
    ((code, text),) = [(f.code, f.text) for f in made.findings]
    assert code == "OC-08"
    assert "aus dem Profil gesetzt" in text


def test_what_the_judge_denies_is_not_written(tmp_path: Path, pool: PagePool) -> None:
    Image.new("L", (1, 1)).save(tmp_path / "punkt.png", dpi=(300, 300))
    with pytest.raises(Rejected) as caught:
        recognise(request_of([tmp_path / "punkt.png"], out(tmp_path)), pool, OPTIONS)
    assert "OC-10" in {finding.code for finding in caught.value.findings}
    assert not list(out(tmp_path).glob("*"))


def test_the_same_request_gives_the_same_bytes(tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "a.png", dpi=(200, 200))
    made = [recognise(request_of([tmp_path / "a.png"], out(tmp_path, name)), pool, OPTIONS) for name in "xy"]
    assert made[0].digests == made[1].digests
    assert made[0].hocr_digests == made[1].hocr_digests
    again = recognise(request_of([tmp_path / "a.png"], out(tmp_path, "x")), pool, OPTIONS)
    assert again.digests == made[0].digests
    other = request_of([tmp_path / "a.png"], out(tmp_path, "z"), created=datetime(2027, 1, 1, tzinfo=UTC))
    assert recognise(other, pool, OPTIONS).digests != made[0].digests


def test_coordinates_of_all_pages_stand_in_one_wellformed_file(tmp_path: Path, pool: PagePool) -> None:
    for name in "ab":
        sheet().save(tmp_path / f"{name}.png", dpi=(200, 200))
    made = recognise(request_of([tmp_path / "a.png", tmp_path / "b.png"], out(tmp_path)), pool, OPTIONS)
    assert made.hocr is not None
    tree = ET.parse(made.hocr)  # noqa: S314 - a file of our own making
    name = "{http://www.w3.org/1999/xhtml}"
    assert [d.attrib["id"] for d in tree.iter(f"{name}div")] == ["page_1", "page_2"]
    words = Counter(w.text for w in tree.iter(f"{name}span") if w.attrib["class"] == "ocrx_word")
    assert words["Genehmigung"] == 2


def test_dropped_blanks_are_told_and_keep_a_picture(tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "a.png", dpi=(200, 200))
    paper().save(tmp_path / "b.png", dpi=(150, 150))
    request = request_of([tmp_path / "a.png", tmp_path / "b.png"], out(tmp_path), profile=PageProfile(drop_blank=True))
    made = recognise(request, pool, OPTIONS)
    judged(made)
    with pikepdf.open(made.path) as pdf:
        assert len(pdf.pages) == 1
    assert made.pages[1].blank
    assert made.pages[1].thumbnail
    assert [page.number for page in made.kept_pages] == [1]
    assert any(finding.code == "OC-07" and finding.where == "Seite 2" for finding in made.findings)


def test_a_document_of_blanks_only_keeps_them(tmp_path: Path, pool: PagePool) -> None:
    paper().save(tmp_path / "b.png", dpi=(150, 150))
    request = request_of([tmp_path / "b.png"], out(tmp_path), profile=PageProfile(drop_blank=True))
    made = recognise(request, pool, OPTIONS)
    with pikepdf.open(made.path) as pdf:
        assert len(pdf.pages) == len(made.kept_pages) == 1


def test_a_broken_page_fails_alone(tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "a.jpg", dpi=(200, 200))
    (tmp_path / "half.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:9000])
    made = recognise(request_of([tmp_path / "a.jpg", tmp_path / "half.jpg"], out(tmp_path)), pool, OPTIONS)
    judged(made)
    assert made.pages[0].failed is None
    assert made.pages[1].failed is not None
    assert [finding.code for finding in made.findings] == ["OC-01"]
    with pikepdf.open(made.path) as pdf:  # kept as it came, though nobody could read it
        assert pdf.pages[1].Resources.XObject.Im0.read_raw_bytes() == (tmp_path / "half.jpg").read_bytes()


def test_a_page_that_cannot_be_kept_is_an_error_and_the_others_go_on(tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "a.png", dpi=(200, 200))
    (tmp_path / "b.tif").write_bytes(b"II*\0 broken")
    request = request_of([tmp_path / "a.png"], out(tmp_path))
    bad = request_of([tmp_path / "a.png"], out(tmp_path))
    (good,) = request.scans.values()
    uuid = uuid4()
    scan = type(good)(uuid, tmp_path / "b.tif", "b.tif", "image/tiff", good.digests)
    facts = FileFacts(FileKind.IMAGE, "image/tiff", (PageFacts(1, 1.0, 1.0, image_only=True),))
    pages = (*bad.pages, type(bad.pages[0])(uuid, 1))
    request = type(bad)(
        bad.uuid,
        bad.title,
        pages,
        {**bad.scans, uuid: scan},
        {**bad.facts, uuid: facts},
        bad.profile,
        bad.folder,
        bad.created,
    )
    made = recognise(request, pool, OPTIONS)
    assert has_errors(made.findings)
    assert {finding.code for finding in made.findings} >= {"OC-02", "OC-03"}
    assert made.pages[1].failed
    with pikepdf.open(made.path) as pdf:
        assert len(pdf.pages) == 1


def test_nothing_usable_is_rejected_and_leaves_nothing(tmp_path: Path) -> None:
    sheet(mode="1").save(tmp_path / "large.tif", compression="group4")
    with PagePool(1, OcrOptions(max_pixels=1000)) as strict, pytest.raises(Rejected) as caught:
        recognise(request_of([tmp_path / "large.tif"], out(tmp_path)), strict, OPTIONS)
    assert {finding.code for finding in caught.value.findings} == {"OC-04", "OC-02"}
    assert list(out(tmp_path).iterdir()) == []


def test_a_page_that_eats_its_worker_is_kept_as_an_image(samples: Path, tmp_path: Path) -> None:
    options = OcrOptions(workers=1, page_limits=Limits(cpu_seconds=1))
    file = samples / "typed" / "EHRI-ET-JMP020_01.jpg"
    with PagePool(1, options) as pool:
        made = recognise(request_of([file], out(tmp_path), dpi=300.0), pool, options)
    judged(made)
    assert made.pages[0].failed is not None
    assert "Rechenzeit" in made.pages[0].failed
    assert [finding.code for finding in made.findings] == ["OC-01"]
    with pikepdf.open(made.path) as pdf:
        assert pdf.pages[0].Resources.XObject.Im0.read_raw_bytes() == file.read_bytes()


def test_workers_killed_at_random_cost_nothing(tmp_path: Path) -> None:
    files = []
    for number in range(8):
        sheet((f"Blatt {number} Grundstück Genehmigung",)).save(tmp_path / f"{number}.png", dpi=(200, 200))
        files.append(tmp_path / f"{number}.png")
    stop = threading.Event()
    with PagePool(2, OPTIONS) as pool:

        def killer() -> None:
            for _ in range(2):
                stop.wait(0.9)
                for pid in pool.worker_ids[:1]:
                    os.kill(pid, signal.SIGKILL)

        thread = threading.Thread(target=killer)
        thread.start()
        made = recognise(request_of(files, out(tmp_path)), pool, OPTIONS)
        stop.set()
        thread.join()
    judged(made)
    assert len(made.pages) == 8
    assert sum(result.failed is None for result in made.pages) >= 7


def test_what_killed_assemblies_left_behind_is_swept(
    tmp_path: Path, pool: PagePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = pool.assemble

    def after_killed_ones(job: AssemblyJob) -> Future[AssemblyOutcome]:
        draft = Path(job.draft)
        draft.write_bytes(b"half a document")
        (draft.parent / f".pikepdf.{draft.name}.x").write_bytes(b"half of the next")
        return joined(job)

    monkeypatch.setattr(pool, "assemble", after_killed_ones)
    sheet().save(tmp_path / "a.png", dpi=(200, 200))
    judged(recognise(request_of([tmp_path / "a.png"], out(tmp_path)), pool, OPTIONS))


def test_what_a_killed_run_left_behind_is_swept(tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "a.png", dpi=(200, 200))
    request = request_of([tmp_path / "a.png"], out(tmp_path))
    left = request.folder / f"{request.uuid}.seiten"
    left.mkdir(parents=True)
    (left / "000001.pdf").write_bytes(b"half a page")
    judged(recognise(request, pool, OPTIONS))


def test_scans_and_a_born_digital_pdf_join(samples: Path, tmp_path: Path, pool: PagePool) -> None:
    sheet().save(tmp_path / "a.png", dpi=(200, 200))
    born = samples / "hostile" / "text_only_pdfa1b.pdf"
    request = request_of([tmp_path / "a.png", born], out(tmp_path))
    (uuid,) = [uuid for uuid, scan in request.scans.items() if scan.path == born]
    with pikepdf.open(born) as pdf:
        pages = tuple(PageFacts(number, 210, 297, has_text=True) for number in range(1, len(pdf.pages) + 1))
    facts: dict[UUID, FileFacts] = {**request.facts, uuid: FileFacts(FileKind.PDF, "application/pdf", pages)}
    mixed = type(request)(
        request.uuid,
        request.title,
        request.pages,
        request.scans,
        facts,
        request.profile,
        request.folder,
        request.created,
    )
    made = recognise(mixed, pool, OPTIONS)
    judged(made)
    assert (made.rendition, made.flavour) == (Rendition.CONVERTED, "2b"), "without veraPDF nobody vouches for u"
    assert len(made.pages) == len(mixed.pages)
    assert made.pages[-1].text.strip()
    assert made.hocr is not None
    name = "{http://www.w3.org/1999/xhtml}"
    pages = list(ET.parse(made.hocr).iter(f"{name}div"))  # noqa: S314 - a file of our own making
    assert [page.attrib["id"] for page in pages] == [f"page_{result.number}" for result in made.pages]
    for place, (result, told) in enumerate(zip(made.pages, pages, strict=True)):
        spans = [span for span in told.iter(f"{name}span") if span.attrib["class"] == "ocrx_word"]
        assert [span.text for span in spans] == result.text.split()
        assert all(span.attrib["title"].startswith("bbox ") for span in spans)
        assert all(("x_wconf" in span.attrib["title"]) == (place == 0) for span in spans), (
            "only what was read is unsure"
        )
    again = recognise(replace(mixed, folder=out(tmp_path, "again")), pool, OPTIONS)
    assert again.hocr_digests == made.hocr_digests


def test_real_scans_are_read_as_well_as_measured(samples: Path, tmp_path: Path, pool: PagePool) -> None:
    files = {
        samples / "typed" / "EHRI-BF-19380111_DE_01.jpg": 78.0,
        samples / "print" / "1852_Basel_p14.png": 88.0,
        samples / "derived" / "akte_bilevel_g4_3p.tif": 66.0,
    }
    made = recognise(request_of(list(files), out(tmp_path), dpi=300.0), pool, OPTIONS)
    judged(made)
    truths = [
        (files[file], text)
        for file in files
        for text in file.with_suffix(".gt.txt").read_text(encoding="utf-8").split("\f")[:2]
    ]
    for (wanted, truth), result in zip(truths, made.pages, strict=False):
        assert recall(normal(truth), normal(result.text)) >= wanted
    assert made.pages[-1].blank


def test_upside_down_and_skewed_typescript_is_read(samples: Path, tmp_path: Path, pool: PagePool) -> None:
    file = samples / "derived" / "akte_rotated_skewed.pdf"
    made = recognise(request_of([file], out(tmp_path)), pool, OPTIONS)
    judged(made)
    truth = file.with_suffix(".gt.txt").read_text(encoding="utf-8").split("\f")
    assert [result.turned for result in made.pages] == [180, 0]
    assert made.pages[1].skew == pytest.approx(3.1, abs=0.5)
    assert recall(normal(truth[0]), normal(made.pages[0].text)) > 80
    assert recall(normal(truth[1]), normal(made.pages[1].text)) > 70


def test_hundreds_of_pages_stay_below_the_memory_limit(tmp_path: Path) -> None:
    image = sheet(("Karteikarte",), dpi=100, size_mm=(105, 74), mode="1")
    frames = [image] * 299
    image.save(tmp_path / "many.tif", save_all=True, append_images=frames, compression="group4", dpi=(100, 100))
    request = request_of([tmp_path / "many.tif"], out(tmp_path), dpi=100.0)
    with PagePool(2, OPTIONS) as pool:
        started = time.monotonic()
        made = recognise(request, pool, OPTIONS)
        assert time.monotonic() - started < 250
        assert pool.peak_bytes < 500_000_000
    with pikepdf.open(made.path) as pdf:
        assert len(pdf.pages) == 300
    assert all("Kartei" in result.text for result in made.pages)


@given(st.text(max_size=600))
def test_any_title_can_be_written(title: str) -> None:
    cleaned = clean_title(title)
    assert cleaned
    assert cleaned.isprintable() or not any(ord(c) < 32 for c in cleaned)
    with pikepdf.new() as pdf:
        pdf.docinfo["/Title"] = cleaned


def test_every_code_has_its_rule() -> None:
    assert list(RULES) == [f"OC-{number:02d}" for number in range(1, 11)]
