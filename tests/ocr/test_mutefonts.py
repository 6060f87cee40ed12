"""Text whose letters nobody can tell is seen and not found: that is said (EX-33), and of no other text."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from akten.findings import Severity
from ocr.examine import examine
from ocr.mutefonts import is_mute
from ocr.options import OcrOptions
from tests.ocr.oddpdfs import A4, embedded_page, scan_page
from tests.ocr.papers import scan_of


def simple(*differences: object, **more: object) -> Dictionary:
    encoding = Dictionary(Type=Name.Encoding, Differences=Array([*differences]))
    return Dictionary(Type=Name.Font, Subtype=Name.Type3, Encoding=encoding, **more)


def composite(ordering: str, encoding: object = Name("/Identity-H"), **more: object) -> Dictionary:
    info = Dictionary(Registry=String("Adobe"), Ordering=String(ordering), Supplement=0)
    font = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType2, CIDSystemInfo=info)
    return Dictionary(Type=Name.Font, Subtype=Name.Type0, Encoding=encoding, DescendantFonts=Array([font]), **more)


@pytest.mark.parametrize(
    ("font", "mute"),
    [
        (composite("Identity"), True),
        (composite("Identity", ToUnicode=Name("/Identity-H")), False),
        (composite("Japan1"), False),
        (composite("Identity", Name("/UniGB-UCS2-H")), False),
        (simple(1, Name("/g12"), Name("/g13"), Name("/A")), True),
        (simple(65, Name("/A"), Name("/uni00C4"), Name("/Odieresis"), Name("/g7")), False),
        (simple(String("1"), Name("/g12"), Name("/g13")), False),  # damaged
        (simple(65, Name("/a65"), Name("/a66")), False),  # TeX: the code is the letter
        (simple(65, Name("/G41"), Name("/G42")), False),  # in hexadecimal digits
        (Dictionary(Type=Name.Font, Subtype=Name.Type1, Encoding=Name.WinAnsiEncoding), False),
        (Dictionary(Type=Name.Font, Subtype=Name.TrueType), False),  # it may say so by its own program
        (None, False),
    ],
)
def test_a_font_is_mute_when_nothing_says_which_letters_it_shows(font: pikepdf.Object | None, mute: bool) -> None:
    assert is_mute(font) is mute


def without_unicode(pdf: pikepdf.Pdf) -> None:
    embedded_page(pdf)
    for font in pdf.pages[-1].obj.Resources.Font.values():
        del font["/ToUnicode"]


def hidden_behind_a_scan(pdf: pikepdf.Pdf) -> None:
    """The way of scans: the text goes, and what is seen is read anew."""
    scan_page(pdf)
    page = pdf.pages[-1]
    page.obj.Resources.Font = Dictionary(F1=composite("Identity"))
    page.contents_add(pdf.make_stream(b"BT 3 Tr /F1 8 Tf <%s> Tj ET" % (b"0041" * 200)))


def a_few_letters(pdf: pikepdf.Pdf) -> None:
    pdf.add_blank_page(page_size=A4)
    pdf.pages[-1].obj.Resources = Dictionary(Font=Dictionary(F1=composite("Identity")))
    pdf.pages[-1].contents_add(pdf.make_stream(b"BT /F1 8 Tf <00410042> Tj ET"))


def test_text_that_cannot_be_taken_out_is_told_with_its_pages(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        for make in (embedded_page, without_unicode, hidden_behind_a_scan, a_few_letters):
            make(pdf)
        pdf.save(tmp_path / "a.pdf")
    facts = examine(scan_of(tmp_path / "a.pdf"), OcrOptions(), tmp_path)
    told = [(finding.severity, finding.where) for finding in facts.findings if finding.code == "EX-33"]
    assert told == [(Severity.WARNING, "Seite 2")]
