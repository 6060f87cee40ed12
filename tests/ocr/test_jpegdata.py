"""Damaged data of a JPEG are heard wherever it lies; no good JPEG is ever suspected."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from akten.findings import Severity
from ocr import jpegdata, libtiff
from ocr.examine import examine_each
from ocr.jpegdata import JpegFault, joined_by_others, jpeg_fault
from ocr.jpegends import whole_jpeg
from ocr.options import OcrOptions
from tests.ocr.examined import codes, errors, examine
from tests.ocr.oddimages import OTHERS, saved
from tests.ocr.oddpdfs import scan_page
from tests.ocr.oddtiffs import Page, tiff, truth
from tests.ocr.papers import scan_of

OPTIONS = OcrOptions()
END = b"\xff\xd9"


def letter() -> Image.Image:
    """A page with something to see everywhere, so that every byte of its data counts."""
    noise = np.random.default_rng(3).integers(0, 255, (75, 53), dtype=np.uint8)
    return Image.blend(truth(), Image.fromarray(noise).resize(truth().size).convert("RGB"), 0.2)


def jpeg(mode: str = "RGB", **how: object) -> bytes:
    return saved(letter().convert(mode), "JPEG", **how)


def half(data: bytes) -> bytes:
    """What a copy leaves that stopped in the middle and was closed by a helpful program."""
    return data[: len(data) // 2] + END


def hole(data: bytes, size: int = 400) -> bytes:
    """A block of zeros, as a bad disk or a broken transfer leaves it."""
    return data[: len(data) // 2] + bytes(size) + data[len(data) // 2 + size :]


def lacking(data: bytes, size: int = 400) -> bytes:
    return data[: len(data) // 2] + data[len(data) // 2 + size :]


def without_restarts(data: bytes) -> bytes:
    begin = data.index(b"\xff\xda")
    rest = data[begin:]
    for number in range(8):
        rest = rest.replace(bytes([0xFF, 0xD0 + number]), b"")
    return data[:begin] + rest


KINDS: dict[str, Callable[[], bytes]] = {
    "rgb": jpeg,
    "gray": lambda: jpeg("L"),
    "cmyk": lambda: jpeg("CMYK"),
    "progressive": lambda: jpeg(progressive=True),
    "restarts": lambda: jpeg(restart_marker_rows=1),
    "4:4:4": lambda: jpeg(subsampling=0),
    "4:2:2": lambda: jpeg(subsampling=1),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", [half, hole, lacking])
def test_damage_is_heard_in_every_coding_and_the_good_one_is_not_suspected(
    kind: str, damage: Callable[[bytes], bytes]
) -> None:
    data = KINDS[kind]()
    assert jpeg_fault(data, OPTIONS.max_pixels) is None
    with Image.open(io.BytesIO(damage(data))) as image:
        image.load()  # Pillow itself says nothing
    assert jpeg_fault(damage(data), OPTIONS.max_pixels) is JpegFault.DAMAGED


def test_most_lost_bytes_are_heard_wherever_they_were() -> None:
    """What is left are places after which the codes happen to fall into step again: a different, faultless JPEG."""
    data = jpeg()
    begin, told, tried = data.index(b"\xff\xda") + 14, 0, 0
    for place in range(begin, len(data) - 70, len(data) // 60):
        tried += 1
        told += jpeg_fault(data[:place] + data[place + 64 :], OPTIONS.max_pixels) is JpegFault.DAMAGED
    assert told >= tried * 0.9


def test_restart_marks_that_are_gone_are_missed() -> None:
    assert jpeg_fault(without_restarts(jpeg(restart_marker_rows=1)), OPTIONS.max_pixels) is JpegFault.DAMAGED


@pytest.mark.parametrize("filling", [b"\0", b"\x1f\x80\x33", bytes(500), b"\xff" * 9 + b"\0"])
def test_filling_before_the_end_is_told_but_refuses_nothing(filling: bytes, tmp_path: Path) -> None:
    path = tmp_path / "gefuellt.jpg"
    path.write_bytes(jpeg()[:-2] + filling + END)
    facts = examine(scan_of(path), OPTIONS, tmp_path)
    assert not errors(facts)
    assert codes(facts) <= {"EX-19", "EX-23"}


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_second_picture_behind_the_first_is_told(how: dict[str, object], tmp_path: Path) -> None:
    """Nobody said that what the second shows is not in the rendition."""
    path = tmp_path / "zwei.jpg"
    path.write_bytes(jpeg(**how) + bytes(3) + jpeg("L"))
    assert "EX-24" in codes(examine(scan_of(path), OPTIONS, tmp_path))
    small = b"\xff\xe2" + (2 + len(jpeg("L"))).to_bytes(2) + jpeg("L")  # a preview within, as cameras write it
    assert len(jpeg("L")) < 65_000
    for alone in (jpeg(**how), jpeg(**how) + b"\0" * 30, jpeg(**how)[:2] + small + jpeg(**how)[2:], jpeg(**how)[:-40]):
        assert not joined_by_others(alone)


def test_good_jpegs_of_every_kind_are_not_suspected() -> None:
    for name, (build, code) in OTHERS.items():
        if name.endswith(".jpg") and not code and build().startswith(b"\xff\xd8"):
            assert jpeg_fault(whole_jpeg(build()).data, OPTIONS.max_pixels) is None, name


def test_a_damaged_jpeg_is_refused_as_file_in_a_tiff_and_in_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "bild.jpg").write_bytes(half(jpeg()))
    ycc = {258: [8] * 3, 259: 7, 262: 6, 277: 3, 530: [2, 2]}
    (tmp_path / "gut.tif").write_bytes(tiff(Page([jpeg()], ycc)))
    (tmp_path / "bild.tif").write_bytes(tiff(Page([hole(jpeg())], ycc)))
    for name, data in (("gut.pdf", jpeg()), ("bild.pdf", hole(jpeg()))):
        with pikepdf.new() as pdf:
            scan_page(pdf, letter(), coded="jpeg")
            pdf.pages[0].Resources.XObject.Im0.write(data, filter=pikepdf.Name.DCTDecode)
            pdf.save(tmp_path / name)
    scans = [scan_of(path) for path in sorted(tmp_path.glob("*.*"))]
    told = {scan.name: facts for scan, facts in zip(scans, examine_each(scans, OPTIONS, tmp_path), strict=True)}
    assert {name for name, facts in told.items() if "EX-05" in errors(facts)} == {"bild.jpg", "bild.tif", "bild.pdf"}
    assert not errors(told["gut.tif"])
    assert not errors(told["gut.pdf"])
    said = [f for f in told["bild.jpg"].findings if f.severity is Severity.ERROR]
    assert "neu scannen" in said[0].text


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\0\2", b"\xff\xd8\xff\xc0\0\x11\x08" + bytes(14), b"\xff\xd8\xff" * 9]
)
def test_what_is_hardly_a_jpeg_is_left_to_others(data: bytes) -> None:
    assert jpeg_fault(data, OPTIONS.max_pixels) is JpegFault.UNHEARD


def oddly_sampled() -> bytes:
    """Colours with a third of the columns, which libjpeg reads and TIFF has no words for."""
    data = bytearray(jpeg(subsampling=0))
    frame = data.index(b"\xff\xc0")
    data[frame + 11] = 0x31
    return bytes(data)


def test_beyond_bounds_and_where_nobody_hears_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert jpeg_fault(oddly_sampled(), OPTIONS.max_pixels) is JpegFault.UNHEARD
    assert jpeg_fault(half(jpeg()), 1000) is JpegFault.UNHEARD
    with monkeypatch.context() as patch:
        patch.setattr(jpegdata, "MOST_BYTES", 1000)
        assert jpeg_fault(jpeg(), OPTIONS.max_pixels) is JpegFault.UNHEARD
    with monkeypatch.context() as patch:
        patch.setattr(libtiff, "_MOST_BYTES", 1000)
        assert jpeg_fault(jpeg(), OPTIONS.max_pixels) is JpegFault.UNHEARD
    monkeypatch.setattr(libtiff, "library", lambda extension="": None)
    assert jpeg_fault(half(jpeg()), OPTIONS.max_pixels) is JpegFault.UNHEARD


def test_nobody_listened_is_told_and_refuses_nothing(tmp_path: Path) -> None:
    cmyk = saved(letter().convert("CMYK"), "JPEG", subsampling=2)
    (tmp_path / "bild.jpg").write_bytes(cmyk)
    with pikepdf.new() as pdf:
        scan_page(pdf, letter(), coded="jpeg")
        image = pdf.pages[0].Resources.XObject.Im0
        image.write(cmyk, filter=pikepdf.Name.DCTDecode)
        image.ColorSpace = pikepdf.Name.DeviceCMYK
        pdf.save(tmp_path / "bild.pdf")
    (tmp_path / "alt.tif").write_bytes(old_jpeg())
    scans = [scan_of(path) for path in sorted(tmp_path.glob("*.*"))]
    for scan, facts in zip(scans, examine_each(scans, OPTIONS, tmp_path), strict=True):
        assert not errors(facts), scan.name
        said = [finding for finding in facts.findings if finding.code == "EX-31"]
        assert [(f.severity, f.where) for f in said] == [(Severity.INFO, "Seite 1")], scan.name
        assert "nicht abgehört" in said[0].text


def old_jpeg() -> bytes:
    """A JPEG in the way of TIFF 6.0 §22, which libtiff reads by guessing."""
    data = jpeg()
    tags = {258: [8] * 3, 259: 6, 262: 6, 277: 3, 512: 1, 530: [2, 2], 513: 8, 514: len(data)}
    return tiff(Page([data], tags))
