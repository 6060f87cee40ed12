"""A JPEG that only lacks its end or tells its height later is whole; one that was cut is never passed for whole."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.examine import examine_each
from ocr.jpegdata import jpeg_fault
from ocr.jpegends import to_open, whole_jpeg
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from tests.contracts.test_ocr_engine import FakeEngine
from tests.ocr.examined import codes, errors, examine
from tests.ocr.oddimages import height_later
from tests.ocr.oddpdfs import scan_page
from tests.ocr.oddtiffs import truth
from tests.ocr.papers import scan_of
from tests.ocr.sheets import job
from tests.ocr.test_jpegdata import jpeg, letter

OPTIONS = OcrOptions()
KINDS: dict[str, dict[str, object]] = {
    "plain": {},
    "restarts": {"restart_marker_rows": 2},
    "optimised": {"optimize": True, "subsampling": 0},
}


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_of_all_that_is_cut_off_only_the_mark_may_be_lacking(mode: str, kind: str) -> None:
    """Wherever the file ends: what is believed to be whole shows what the whole file shows."""
    whole = jpeg(mode, **KINDS[kind])
    believed = []
    for lost in [*range(1, 40), 400, 4000]:
        added = whole_jpeg(whole[:-lost])
        if added.end_added:
            assert np.array_equal(pixels(added.data), pixels(whole))
            believed.append(lost)
    assert believed == [1, 2]


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_rows": 2}])
def test_a_height_told_behind_the_picture_is_the_only_thing_that_changes(how: dict[str, object]) -> None:
    whole = jpeg(**how)
    later = height_later(whole)
    added = whole_jpeg(later)
    assert len(added.notes) == 1
    assert not added.end_added
    assert [place for place, (one, other) in enumerate(zip(added.data, later, strict=True)) if one != other] in (
        [place, place + 1] for place in range(len(later))
    )
    assert np.array_equal(pixels(added.data), pixels(whole))
    assert jpeg_fault(added.data, OPTIONS.max_pixels) is None


def test_a_whole_jpeg_and_what_cannot_be_mended_stay_as_they_are(tmp_path: Path) -> None:
    whole = jpeg()
    fine = [whole, whole + b"more", whole + whole, jpeg(progressive=True), b"", whole[:1], whole[:100]]
    hopeless = [
        jpeg(progressive=True)[:-2],  # a whole scan of refinements may be lost with the end
        whole[:-2] + bytes(512),  # zeros that fill up a block decode like a picture
        height_later(whole).replace(b"\xff\xdc\0\4", b"\xff\xfe\0\4"),
    ]
    for data in fine + hopeless:
        assert whole_jpeg(data).data == data
        assert not whole_jpeg(data).notes
        (tmp_path / "bild.jpg").write_bytes(data)
        assert to_open(tmp_path / "bild.jpg") == tmp_path / "bild.jpg"
    for number, data in enumerate(hopeless):
        (tmp_path / f"{number}.jpg").write_bytes(data)
        assert errors(examine(scan_of(tmp_path / f"{number}.jpg"), OPTIONS, tmp_path)) & {"EX-04", "EX-05"}


def test_the_end_that_was_added_is_told_and_the_rest_of_the_bytes_stays(tmp_path: Path) -> None:
    whole = jpeg()
    (tmp_path / "scan.jpg").write_bytes(whole[:-2])
    facts = examine(scan_of(tmp_path / "scan.jpg"), OPTIONS, tmp_path)
    assert not errors(facts)
    assert codes(facts) == {"EX-23"}
    outcome = do_page(job(tmp_path / "scan.jpg", tmp_path), FakeEngine, OPTIONS, time.process_time)
    assert "Fehlende Endmarke des JPEG ergänzt (Bildpunkte unverändert)" in outcome.losses
    with pikepdf.open(tmp_path / "page.pdf") as pdf:
        (image,) = pdf.pages[0].images.values()
        assert image.read_raw_bytes() == whole


def test_a_height_told_later_stands_in_the_pdf(tmp_path: Path) -> None:
    (tmp_path / "scan.jpg").write_bytes(height_later(jpeg()))
    assert not codes(examine(scan_of(tmp_path / "scan.jpg"), OPTIONS, tmp_path))
    outcome = do_page(job(tmp_path / "scan.jpg", tmp_path), FakeEngine, OPTIONS, time.process_time)
    assert any(loss.startswith("Bildhöhe des JPEG") for loss in outcome.losses)
    with pikepdf.open(tmp_path / "page.pdf") as pdf:
        (image,) = pdf.pages[0].images.values()
        assert np.array_equal(pixels(image.read_raw_bytes()), pixels(jpeg()))


def test_in_a_pdf_a_height_told_later_is_refused_for_no_viewer_draws_it(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        page = scan_page(pdf, letter(), coded="jpeg")
        page.images["/Im0"].write(height_later(jpeg()), filter=pikepdf.Name.DCTDecode)
        pdf.save(tmp_path / "scan.pdf")
    (facts,) = examine_each([scan_of(tmp_path / "scan.pdf")], OPTIONS, tmp_path)
    assert errors(facts) == {"EX-05"}


@pytest.mark.parametrize(("lost", "good"), [(1, True), (2, True), (400, False)])
def test_a_jpeg_of_a_pdf_may_lack_its_end_too(lost: int, good: bool, tmp_path: Path) -> None:
    """Producers that count a byte or two too few; viewers show such a page, and the PDF/A gets the end."""
    image = truth()
    with pikepdf.new() as pdf:
        page = scan_page(pdf, image, coded="jpeg")
        stream = page.images["/Im0"]
        whole = stream.read_raw_bytes()
        stream.write(whole[:-lost], filter=pikepdf.Name.DCTDecode)
        pdf.save(tmp_path / "scan.pdf")
    (facts,) = examine_each([scan_of(tmp_path / "scan.pdf")], OPTIONS, tmp_path)
    assert errors(facts) == (set() if good else {"EX-05"})
    if good:
        outcome = do_page(job(tmp_path / "scan.pdf", tmp_path), FakeEngine, OPTIONS, time.process_time)
        assert outcome.error is None
        assert outcome.losses == ("Fehlende Endmarke des JPEG ergänzt (Bildpunkte unverändert)",)
        with pikepdf.open(tmp_path / "page.pdf") as pdf:
            (stored,) = pdf.pages[0].images.values()
            assert stored.read_raw_bytes() == whole
