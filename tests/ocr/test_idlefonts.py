"""A font that shows nothing sends no document through Ghostscript, and nobody is told that it was replaced."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name

from ocr.idlefonts import idle_fonts, is_embedded, without_idle_fonts
from ocr.options import OcrOptions
from tests.ocr.examined import codes, examine
from tests.ocr.oddpdfs import embedded_page
from tests.ocr.papers import scan_of
from tests.ocr.sheets import convert
from tests.ocr.test_documentread import TEXT, like_reportlab

HELVETICA = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def test_a_letter_with_an_idle_font_keeps_all_it_has(tmp_path: Path, verapdf_options: OcrOptions) -> None:
    scan = scan_of(like_reportlab(tmp_path / "brief.pdf", idle=True))
    with pikepdf.open(scan.path, allow_overwriting_input=True) as pdf:
        font = pdf.pages[0].Resources.Font.F2
        font.Widths = _widths(font)
        pdf.pages[0].Trans = Dictionary()
        pdf.save(scan.path)
    scan = scan_of(scan.path)
    facts = examine(scan, OcrOptions(), tmp_path)
    assert "EX-18" not in codes(facts)
    assert facts.unembedded_fonts == ()
    (tmp_path / "ziel").mkdir()
    result = convert(scan, facts, tmp_path / "ziel" / "made.pdf", verapdf_options)
    assert [name for name, _ in result.tools] == ["pikepdf"]
    assert result.losses == ()
    assert TEXT in result.pages_text[0]


def _widths(font: pikepdf.Object) -> pikepdf.Array:
    """What the font file itself says, so that nothing but the idle font is in the way of PDF/A."""
    with TTFont(io.BytesIO(font.FontDescriptor.FontFile2.read_bytes())) as file:
        codes_of, wide, unit = file["cmap"].tables[0].cmap, file["hmtx"], file["head"].unitsPerEm
        return Array([round(wide[codes_of.get(code, ".notdef")][0] * 1000 / unit) for code in range(256)])


@pytest.mark.parametrize(
    ("content", "idle"),
    [
        (b"BT /H1 12 Tf ET", {"/H1"}),
        (b"BT /H1 12 Tf 3 Tr (verborgen) Tj ET", set()),
        (b"q BT /H1 12 Tf ET Q BT (nichts gewaehlt) Tj ET", {"/H1"}),
        (b"BT /H1 12 Tf ET q BT (geerbt) Tj ET Q", set()),
        (b"BT /H1 12 Tf ET /X Do", set()),
        (b"", {"/H1"}),
    ],
)
def test_a_font_is_idle_when_nothing_is_shown_in_it(content: bytes, idle: set[str]) -> None:
    with pikepdf.new() as pdf:
        page = embedded_page(pdf)
        page.Resources.Font.H1 = HELVETICA
        page.contents_add(content)
        assert idle_fonts(page) == idle


def test_a_form_that_uses_the_fonts_of_the_page_makes_it_uncertain() -> None:
    with pikepdf.new() as pdf:
        page = embedded_page(pdf)
        page.Resources.Font.H1 = HELVETICA
        form = pdf.make_stream(b"BT /H1 9 Tf (Text) Tj ET")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 9, 9])
        page.Resources.XObject = Dictionary(X=form)
        assert idle_fonts(page) == set()


def test_only_the_page_where_it_is_idle_gets_another_one() -> None:
    """Both pages share their fonts."""
    with pikepdf.new() as pdf:
        first = embedded_page(pdf)
        fonts = pdf.make_indirect(Dictionary(dict(first.Resources.Font.items()) | {"/H1": HELVETICA}))
        first.Resources.Font = fonts
        pdf.add_blank_page(page_size=(595, 842))
        second = pdf.pages[-1]
        second.Resources = Dictionary(Font=fonts)
        second.Contents = pdf.make_stream(b"BT /H1 12 Tf 60 700 Td (Gebraucht) Tj ET")
        without_idle_fonts(pdf)
        assert is_embedded(first.Resources.Font.H1)
        assert not is_embedded(second.Resources.Font.H1)
