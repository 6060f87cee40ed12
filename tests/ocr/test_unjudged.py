"""What pikepdf does not judge stays as it was drawn when the others find it good: patterns, shadings, drawn letters."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String

from akten.findings import Verdict
from ocr.documenttools import declare
from ocr.options import OcrOptions
from ocr.verapdf import VeraPdf
from tests.ocr.examined import examine
from tests.ocr.papers import add, image_page, pdf_file, picture, scan_of
from tests.ocr.sheets import FONT, convert


def page_with_text(path: Path) -> pikepdf.Pdf:
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.add_font("Serif", fname=FONT)
    document.set_font("Serif", size=14)
    document.add_page()
    document.cell(text="Lageplan im Maßstab 1:500")
    document.output(str(path))
    return pikepdf.open(path)


def hatched(pdf: pikepdf.Pdf) -> None:
    """An area filled with the lines of a tiling pattern, as CAD programs draw walls."""
    tile = pdf.make_stream(b"0 0 1 RG 0 0 m 8 8 l S")
    tile.Type, tile.PatternType, tile.PaintType, tile.TilingType = Name.Pattern, 1, 1, 1
    tile.BBox, tile.XStep, tile.YStep, tile.Resources = Array([0, 0, 8, 8]), 8, 8, Dictionary()
    page = pdf.pages[0]
    page.Resources.Pattern = Dictionary(P0=tile)
    page.contents_add(b"q /Pattern cs /P0 scn 100 100 300 300 re f Q")


def shaded(pdf: pikepdf.Pdf) -> None:
    """A slope of colours, as slides have."""
    slope = Dictionary(FunctionType=2, Domain=Array([0, 1]), C0=Array([1, 0, 0]), C1=Array([0, 0, 1]), N=1)
    page = pdf.pages[0]
    page.Resources.Shading = Dictionary(
        S0=Dictionary(ShadingType=2, ColorSpace=Name.DeviceRGB, Coords=Array([100, 100, 400, 400]), Function=slope)
    )
    page.contents_add(b"q 100 100 300 300 re W n /S0 sh Q")


@pytest.mark.parametrize("change", [hatched, shaded])
def test_a_drawing_does_not_become_a_picture(tmp_path: Path, verapdf_options: OcrOptions, change: object) -> None:
    path = tmp_path / "plan.pdf"
    with page_with_text(tmp_path / "text.pdf") as pdf:
        change(pdf)  # type: ignore[operator]
        pdf.save(path)
    scan = scan_of(path)
    made = convert(scan, examine(scan, verapdf_options, tmp_path), tmp_path / "made.pdf", verapdf_options)
    assert not any("als Bilder" in loss for loss in made.losses)
    assert made.tools[0][0] == "pikepdf"
    with VeraPdf(verapdf_options) as reference:
        assert reference.validate(made.path, made.flavour).verdict is Verdict.OK
    document = pypdfium2.PdfDocument(made.path)
    assert "Lageplan im Maßstab" in document[0].get_textpage().get_text_range()
    document.close()


def test_what_others_find_wrong_is_not_taken(tmp_path: Path, verapdf_options: OcrOptions) -> None:
    """A hatched plan with a font that is not embedded: the hatching alone makes pikepdf say nothing against it."""
    path = tmp_path / "plan.pdf"
    with page_with_text(tmp_path / "text.pdf") as pdf:
        hatched(pdf)
        own = pdf.pages[0].Resources.Font
        add(pdf, b"BT /F1 12 Tf 60 60 Td (Keller) Tj ET")
        for name, font in own.items():
            pdf.pages[0].Resources.Font[name] = font
        pdf.save(path)
    scan = scan_of(path)
    made = convert(scan, examine(scan, verapdf_options, tmp_path), tmp_path / "made.pdf", verapdf_options)
    assert made.tools[0][0] != "pikepdf"
    with VeraPdf(verapdf_options) as reference:
        assert reference.validate(made.path, made.flavour).verdict is Verdict.OK


def test_a_layer_that_is_switched_off_does_not_lie_hidden_in_the_rendition(tmp_path: Path) -> None:
    path = tmp_path / "plan.pdf"
    with page_with_text(tmp_path / "text.pdf") as pdf:
        hatched(pdf)
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Stempel")))
        shown = Dictionary(Name=String("Vorgabe"), Order=Array([layer]), OFF=Array([layer]))
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=shown)
        pdf.save(path)
    answer = declare({"path": str(path), "target": str(tmp_path / "made.pdf")})
    assert not answer["ok"]
    assert not (tmp_path / "made.pdf").exists()


def test_a_font_of_invisible_text_stays_and_is_not_told_as_replaced(
    tmp_path: Path, verapdf_options: OcrOptions
) -> None:
    """What copiers write that read the page themselves: several images, and text over them that is not drawn."""

    def read_by_copier(pdf: pikepdf.Pdf) -> None:
        image_page(pdf, picture())
        pdf.pages[1].Contents = pdf.make_stream(b"q 595 0 0 421 0 0 cm /Im0 Do Q q 595 0 0 421 0 421 cm /Im0 Do Q")
        add(pdf, b"BT 3 Tr /F1 12 Tf 60 700 Td (Baugenehmigung) Tj ET")

    scan = scan_of(pdf_file(tmp_path / "copier.pdf", read_by_copier))
    made = convert(scan, examine(scan, verapdf_options, tmp_path), tmp_path / "made.pdf", verapdf_options)
    assert made.tools[0][0] == "pikepdf"
    assert not any("Schriften" in loss for loss in made.losses)
    with VeraPdf(verapdf_options) as reference:
        assert reference.validate(made.path, made.flavour).verdict is Verdict.OK
