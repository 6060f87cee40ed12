"""A JBIG2 of which something is missing is refused: a renderer would show white in its place."""

from __future__ import annotations

import struct
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from ocr.faxlines import FaxFault
from ocr.jbig2 import jbig2_fault
from ocr.options import OcrOptions
from tests.ocr.examined import errors, examine
from tests.ocr.faxes import g4_strip
from tests.ocr.oddpdfs import jbig2, scan_page, scanned
from tests.ocr.oddtiffs import SIZE, truth
from tests.ocr.papers import scan_of

OPTIONS = OcrOptions()
MOST = OPTIONS.max_pixels
SHEET = struct.pack(">IIIIBH", *SIZE, 0, 0, 0, 0)


def coded() -> bytes:
    """The page in T.6, black as 1."""
    return g4_strip(truth("1").convert("L").point(lambda value: 255 - value).convert("1"))


def segment(number: int, kind: int, data: bytes, names: tuple[int, ...] = (), length: int | None = None) -> bytes:
    head = struct.pack(">IB", number, kind)
    head += bytes([len(names) << 5]) if len(names) < 5 else struct.pack(">I", 7 << 29 | len(names)) + bytes(1)
    return head + bytes(names) + struct.pack(">BI", 1, len(data) if length is None else length) + data


def region(data: bytes, mmr: int = 1) -> bytes:
    return struct.pack(">IIIIBB", *SIZE, 0, 0, 0, mmr) + data


PAGE = segment(0, 48, SHEET)
GOOD = PAGE + segment(1, 38, region(coded()))
TEXT = struct.pack(">IIIIBHI", *SIZE, 0, 0, 0, 0, 5) + bytes(40)


@pytest.mark.parametrize(
    ("data", "shared"),
    [
        (GOOD, b""),
        (GOOD + segment(2, 49, b"") + segment(3, 51, b""), b""),
        (GOOD + b"\n", b""),
        (PAGE, b""),
        (PAGE + segment(1, 38, region(bytes(300), mmr=0)), b""),
        (PAGE + segment(1, 38, region(coded()), length=0xFFFFFFFF), b""),
        (PAGE + segment(9, 6, TEXT, names=(4,)), segment(4, 0, bytes(30))),
        (PAGE + segment(9, 6, TEXT, names=(4, 5, 6, 7, 8)), b"".join(segment(n, 0, bytes(30)) for n in range(4, 9))),
    ],
)
def test_what_is_whole_is_not_suspected(data: bytes, shared: bytes) -> None:
    assert jbig2_fault(data, shared, MOST) == ""


@pytest.mark.parametrize(
    ("data", "shared", "fault"),
    [
        (GOOD[: len(GOOD) // 2], b"", "unvollständig"),
        (GOOD[:-1], b"", "unvollständig"),
        (PAGE + segment(1, 99 & 0x3F, b""), b"", "unvollständig"),
        (b"\x97JB2\r\n\x1a\n\x01\0\0\0\x01" + GOOD, b"", "unvollständig"),
        (b"", b"", "keine Bilddaten"),
        (PAGE + segment(9, 6, TEXT, names=(4,)), b"", "Zeichen fehlen"),
        (PAGE + segment(1, 38, region(coded()[:40])), b"", "unvollständig"),
        (PAGE + segment(1, 38, b"\0" * 9), b"", "unvollständig"),
        (PAGE + struct.pack(">IBI", 1, 6, 7 << 29 | 0x1FFFFFF0) + bytes(20), b"", "unvollständig"),
    ],
)
def test_what_is_missing_is_told(data: bytes, shared: bytes, fault: str) -> None:
    assert fault in jbig2_fault(data, shared, MOST)


def test_mended_lines_are_told_as_in_any_fax() -> None:
    bad = coded()
    bad = bad[: len(bad) // 2] + bytes(20) + bad[len(bad) // 2 + 20 :]
    assert jbig2_fault(PAGE + segment(1, 38, region(bad)), b"", MOST) is FaxFault.LOST


def with_image(data: bytes, shared: bytes | None = None) -> pikepdf.Pdf:
    pdf = pikepdf.new()
    scan_page(pdf, truth("1"))
    image = pdf.pages[0].Resources.XObject.Im0
    parms = Dictionary(JBIG2Globals=pdf.make_stream(shared)) if shared is not None else None
    image.write(data, filter=Name.JBIG2Decode, decode_parms=parms)
    return pdf


def test_of_a_pdf_page_both_parts_are_looked_at(tmp_path: Path) -> None:
    text, symbols = PAGE + segment(9, 6, TEXT, names=(4,)), segment(4, 0, bytes(30))
    with_image(text, symbols).save(tmp_path / "gut.pdf")
    with_image(text).save(tmp_path / "ohne.pdf")
    with_image(GOOD[:200]).save(tmp_path / "halb.pdf")
    assert not errors(examine(scan_of(tmp_path / "gut.pdf"), OPTIONS, tmp_path))
    assert errors(examine(scan_of(tmp_path / "ohne.pdf"), OPTIONS, tmp_path)) == {"EX-05"}
    assert errors(examine(scan_of(tmp_path / "halb.pdf"), OPTIONS, tmp_path)) == {"EX-05"}
    scanned(jbig2)(tmp_path / "viele.pdf")
    assert not errors(examine(scan_of(tmp_path / "viele.pdf"), OPTIONS, tmp_path))
