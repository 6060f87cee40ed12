"""Mended lines of the fax pictures of a PDF are heard as those of a TIFF are; what viewers show wholly passes."""

from __future__ import annotations

import _ctypes
import base64
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from akten.findings import Severity
from ocr import libtiff, pdffaxes
from ocr.examine import examine_each
from ocr.faxlines import FaxFault, strip_faults
from ocr.findings import unheard
from ocr.options import OcrOptions
from ocr.pdffaxes import FaxCoding, picture_faults
from ocr.pdfimages import check_image, check_inline
from ocr.source import from_pdf
from tests.ocr.examined import codes, examine
from tests.ocr.faxes import (
    EOL,
    GOOD,
    GOOD_PICTURES,
    bytes_of,
    fax_page,
    fax_pdf,
    g4,
    g4_strip,
    marked,
    one_way,
    two_way,
    unmarked,
)
from tests.ocr.oddtiffs import SIZE, truth
from tests.ocr.papers import scan_of

OPTIONS = OcrOptions()
SHORT, LONG = "11011" + "00110101", "010011011" + "00110101"  # 64 and 1728 white, T.4 tables 2 and 3
G4, G3, BYTES, TWO_WAY = {"K": -1}, {"K": 0}, {"EncodedByteAlign": True}, {"K": 4}
FEW = 500  # of 594 lines


def shown(path: Path) -> bytes:
    """What a viewer shows of the first page, black and white."""
    with pypdfium2.PdfDocument(path) as document:
        return document[0].render(scale=1).to_pil().convert("1", dither=Image.Dither.NONE).tobytes()


def with_line(line: str, lines: list[str]) -> list[str]:
    return [*lines[:100], line, *lines[101:]]


def half_g4(end: str = EOL * 2) -> bytes:
    """Group 4 of the first lines only, with an end of its own or none."""
    bits = "".join(f"{byte:08b}" for byte in g4_strip(truth("1").crop((0, 0, SIZE[0], FEW)))).rstrip("0")
    return bytes_of(bits.removesuffix((EOL * 2).rstrip("0")) + end)


def test_no_good_fax_picture_is_suspected_whatever_machine_wrote_it(tmp_path: Path) -> None:
    scans = []
    for name, (build, parms) in GOOD_PICTURES.items():
        path = fax_pdf(tmp_path / f"{name}.pdf", (build(), {"BlackIs1": True, **parms}))
        assert shown(path) == truth("1").tobytes(), f"{name} is not the fax it should be"
        scans.append(scan_of(path))
    told = {scan.path.stem: codes(one) for scan, one in zip(scans, examine_each(scans, OPTIONS, tmp_path), strict=True)}
    assert told == {name: set() for name in GOOD_PICTURES}


@pytest.mark.parametrize("name", GOOD_PICTURES)
def test_a_fax_is_read_as_it_is_shown(tmp_path: Path, name: str) -> None:
    build, parms = GOOD_PICTURES[name]
    path = fax_pdf(tmp_path / "fax.pdf", (build(), {"BlackIs1": True, **parms}))
    with pikepdf.open(path) as pdf:
        source = from_pdf(pdf, path, 1, max_pixels=1_000_000, max_stream_bytes=1_000_000, read=True)
        picture = source.take_picture()
    assert picture is not None
    assert picture.convert("1").tobytes() == truth("1").tobytes()


@pytest.mark.parametrize(
    ("data", "parms"),
    [
        (bytes_of(marked(with_line(SHORT, one_way()))), G3),
        (b"".join(bytes_of(line) for line in with_line(LONG, one_way())), BYTES),
        (bytes_of(marked(with_line("1" + SHORT, two_way()))), TWO_WAY),
        (bytes_of(marked(with_line("0000000010", one_way()))), G3),
        (half_g4(), G4),
        (half_g4(), {**G4, "Rows": FEW}),
        (half_g4(""), {**G4, "Rows": FEW, "EndOfBlock": False}),
        (bytes_of(marked(one_way()[:FEW]) + EOL * 6), G3),
        (bytes_of("".join(one_way()[:FEW]) + EOL * 6), G3),
    ],
    ids=["g3", "bytes", "2d", "wrong-code", "g4-few", "g4-few-rows", "rows", "g3-few", "few"],
)
def test_a_line_that_was_mended_or_is_missing_is_told(tmp_path: Path, data: bytes, parms: dict[str, object]) -> None:
    path = fax_pdf(tmp_path / "fax.pdf", (data, parms))
    findings = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert [(f.code, f.severity, f.where) for f in findings] == [("EX-23", Severity.WARNING, "Seite 1")]


@pytest.mark.parametrize(
    ("data", "parms"),
    [
        (g4(EOL * 2)[:-40], G4),
        (half_g4(""), G4),
        (bytes_of(marked(one_way()))[:-600], G3),
        (bytes_of(marked(one_way()[:FEW])), G3),
        (bytes_of(marked(two_way()))[:-300], TWO_WAY),
        (unmarked()[:-600], BYTES),
        (b"\0\x10\x01", G4),
        (bytes_of(EOL * 6), G3),
        (b"\xff", {"K": -1, "Columns": 4000}),
        (b"", G4),
    ],
    ids=[
        "g4",
        "g4-at-a-line",
        "g3",
        "g3-at-a-line",
        "2d",
        "bytes",
        "only-an-end",
        "only-a-return",
        "one-byte",
        "nothing",
    ],
)
def test_a_picture_whose_data_end_early_is_incomplete(tmp_path: Path, data: bytes, parms: dict[str, object]) -> None:
    path = fax_pdf(tmp_path / "fax.pdf", (data, parms))
    findings = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert [(f.code, f.severity, f.where) for f in findings] == [("EX-05", Severity.ERROR, "Seite 1")]


@pytest.mark.parametrize(
    ("data", "parms"),
    [
        (b"\x80" * SIZE[1] + bytes_of(EOL * 2), {**G4, "EncodedByteAlign": True}),
        (bytes_of((EOL + "1") * SIZE[1] + EOL * 2), {**G4, "EndOfLine": True}),
        (bytes_of("".join(line[1:] for line in two_way())), TWO_WAY),
    ],
    ids=["g4-at-bytes", "g4-marked", "2d-unmarked"],
)
def test_a_coding_that_tiff_has_no_words_for_is_not_judged(
    tmp_path: Path, data: bytes, parms: dict[str, object]
) -> None:
    path = fax_pdf(tmp_path / "fax.pdf", (data, parms))
    said = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert [(finding.code, finding.severity) for finding in said] == [("EX-31", Severity.INFO)]


def test_the_damage_of_each_page_is_told_at_that_page(tmp_path: Path) -> None:
    bad = bytes_of(marked(with_line(SHORT, one_way())))
    path = fax_pdf(tmp_path / "fax.pdf", (g4(), G4), (bad, G3), (g4(), G4), (bad, G3))
    findings = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert [(f.code, f.where) for f in findings] == [("EX-23", "Seite 2, 4")]


@pytest.mark.parametrize("line", [SHORT, one_way()[100]], ids=["damaged", "good"])
def test_a_fax_inside_other_filters_is_judged_as_any(line: str) -> None:
    data = bytes_of(marked(with_line(line, one_way())))
    rows = b"".join(b"\0" + data[place : place + 50].ljust(50, b"\0") for place in range(0, len(data), 50))
    with pikepdf.new() as pdf:
        stream = fax_page(pdf, b"", {})
        fax_parms = stream.DecodeParms
        stream.write(base64.a85encode(zlib.compress(rows)) + b"~>")
        stream.Filter = Array([Name.ASCII85Decode, Name.FlateDecode, Name.CCITTFaxDecode])
        stream.DecodeParms = Array([None, Dictionary(Predictor=15, Columns=50), fax_parms])
        finding = check_image(stream, "Seite 1", OPTIONS.max_pixels)
    assert (finding.code if finding else "") == ("EX-23" if line == SHORT else "")


@pytest.mark.parametrize(
    ("data", "parms"),
    [
        (lambda: g4()[:30] + b"\x15\x55" + g4()[32:], G4),
        (lambda: bytes_of("".join(with_line(SHORT, one_way())) + EOL * 6), G3),
        (lambda: g4_strip(written())[:2000] + bytes(500) + g4_strip(written())[2500:], G4),
        (lambda: bytes_of(marked([*one_way()[:-40], *[SHORT] * 40])), G3),
        (lambda: bytes_of(marked([*one_way()[:-40], *[SHORT] * 40]) + EOL * 6), G3),
    ],
)
def test_a_picture_that_lost_many_lines_is_refused_also_within_the_content(
    data: Callable[[], bytes], parms: dict[str, object]
) -> None:
    with pikepdf.new() as pdf:
        stream = fax_page(pdf, data(), parms)
        finding = check_image(stream, "Seite 1", OPTIONS.max_pixels)
        inline = check_inline(stream, "Seite 1", OPTIONS.max_pixels)
    assert finding is not None
    assert (finding.code, finding.severity) == ("EX-32", Severity.ERROR)
    assert inline is not None
    assert (inline.code, inline.severity) == ("EX-05", Severity.ERROR)


def test_parameters_may_be_absent() -> None:
    lines = ["010011011" + "00110101"] * SIZE[1]  # 1728 white, which is the width that nobody names
    with pikepdf.new() as pdf:
        stream = fax_page(pdf, bytes_of(marked(lines)), {})
        stream.Width = 1728
        del stream["/DecodeParms"]
        assert check_image(stream, "Seite 1", OPTIONS.max_pixels) is None


def written() -> Image.Image:
    """A page with much small print, as wide and high as all others here."""
    noise = np.random.default_rng(4).integers(0, 30, (SIZE[1] // 3, SIZE[0] // 5)) > 20
    return Image.fromarray((~noise).repeat(3, 0).repeat(5, 1))


def test_hardly_any_damage_gives_another_picture_unheard(tmp_path: Path) -> None:
    """What is left are codes that were exchanged for others and still fill the line: a different, faultless fax."""
    data = g4_strip(written())
    whole = shown(fax_pdf(tmp_path / "good.pdf", (data, G4)))
    other, told = 0, 0
    for place in range(3, len(data) - 3, len(data) // 90):
        damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        path = fax_pdf(tmp_path / "bad.pdf", (damaged, G4))
        if shown(path) != whole:
            other += 1
            with pikepdf.open(path) as pdf:
                told += check_image(pdf.pages[0].Resources.XObject.Im0, "Seite 1", OPTIONS.max_pixels) is not None
    assert other > 70
    assert told >= other - 5


def test_a_library_that_does_not_show_its_names_leaves_the_picture_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert strip_faults(GOOD["g4.tif"](), 8, SIZE[1], b"", extension=_ctypes.__file__) is None
    monkeypatch.setattr(libtiff, "library", lambda extension="": None)
    with pikepdf.new() as pdf:
        damaged = fax_page(pdf, bytes_of(marked(with_line(SHORT, one_way()))), G3)
        assert check_image(damaged, "Seite 1", OPTIONS.max_pixels) == unheard("Seite 1")


def test_a_picture_beyond_bounds_is_not_put_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    coding = FaxCoding(k=-1, columns=SIZE[0])
    assert picture_faults(g4(), coding, SIZE[1], SIZE[0] * SIZE[1]) == frozenset()
    assert picture_faults(g4(), coding, SIZE[1], SIZE[0] * SIZE[1] - 1) is None
    assert picture_faults(g4(), FaxCoding(k=-1, columns=0), SIZE[1], OPTIONS.max_pixels) is None
    monkeypatch.setattr(pdffaxes, "_MOST_BYTES", 10)
    assert picture_faults(g4(), coding, SIZE[1], OPTIONS.max_pixels) is None


def test_what_libtiff_gives_up_ends_too_early() -> None:
    assert FaxFault.END in (picture_faults(b"\0\x10\x01", FaxCoding(k=-1, columns=64), 8, 10_000) or ())
