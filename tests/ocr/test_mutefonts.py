"""Text whose letters nobody can tell is read like a scan, which is said (EX-33), and of no other text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String, pdfa

from akten.files import Rendition
from akten.findings import Severity
from ocr.mutefonts import is_mute
from ocr.options import OcrOptions
from tests.ocr.examined import examine
from tests.ocr.oddpdfs import A4, embedded_page, scan_page
from tests.ocr.papers import scan_of
from tests.ocr.test_documenttext import made_of, read_with, seen_at, spans


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


def pages_of(path: Path, *makes: Callable[[pikepdf.Pdf], object]) -> Path:
    with pikepdf.new() as pdf:
        for make in makes:
            make(pdf)
        pdf.save(path)
    return path


def test_pages_whose_text_cannot_be_taken_out_are_marked_and_told(tmp_path: Path) -> None:
    path = pages_of(tmp_path / "a.pdf", embedded_page, without_unicode, hidden_behind_a_scan, a_few_letters)
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    told = [(finding.severity, finding.where) for finding in facts.findings if finding.code == "EX-33"]
    assert told == [(Severity.INFO, "Seite 2")]
    assert [page.mute for page in facts.pages] == [False, True, True, False]
    assert [page.image_only for page in facts.pages] == [False, False, True, False]


def test_mute_text_is_read_as_it_is_seen_and_found_where_it_stands(tmp_path: Path) -> None:
    result, _ = made_of(pages_of(tmp_path / "a.pdf", embedded_page, without_unicode), OcrOptions())
    (page,) = result.read.results
    assert (page.number, page.source.page) == (2, 2)
    assert page.text.split() == ["Bescheid", "über", "die", "Genehmigung"] * 12
    assert page.confidence is not None
    assert page.confidence > 90
    box, picture = seen_at(result.path, 1, "Genehmigung")
    darkest, _ = picture.crop(tuple(round(edge) for edge in box)).getextrema()
    assert isinstance(darkest, float | int)
    assert darkest < 64, "there is ink under the word"
    assert result.pages_text[0].split() == ["Bescheid", "über", "die", "Genehmigung"] * 12


def test_of_a_mute_page_only_what_was_read_stands_in_the_hocr(tmp_path: Path) -> None:
    part, _ = read_with(pages_of(tmp_path / "a.pdf", without_unicode), tmp_path / "x", OcrOptions())
    found = spans(part.fragments[0])
    assert [text for text, _ in found] == ["Bescheid", "über", "die", "Genehmigung"] * 12
    assert all("x_wconf" in title for _, title in found)


def test_a_mute_page_that_cannot_be_read_tells_no_letters_that_nobody_can_read(tmp_path: Path) -> None:
    limits = replace(OcrOptions().page_limits, cpu_seconds=1, wall_seconds=0.05)
    path = pages_of(tmp_path / "a.pdf", without_unicode)
    part, _ = read_with(path, tmp_path / "x", OcrOptions(page_limits=limits))
    assert part.results[0].failed
    assert not part.results[0].text
    assert not spans(part.fragments[0])


def test_a_valid_pdfa_with_mute_text_stays_as_it_is_and_is_read_beside_it(
    tmp_path: Path, verapdf_options: OcrOptions
) -> None:
    path = tmp_path / "b.pdf"
    with pikepdf.open(pages_of(tmp_path / "a.pdf", without_unicode)) as pdf:
        pdfa.save(pdf, path, "2b")
    result, _ = made_of(path, verapdf_options)
    assert result.rendition is Rendition.KEPT
    assert result.path.read_bytes() == path.read_bytes()
    assert result.read.results[0].text.count("Genehmigung") == 12
