"""What a viewer shows of the annotations of a PDF is in the PDF/A too, or its loss is told."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String

from ocr.documentpath import DocumentResult
from ocr.documenttools import prepare, read_pages
from ocr.likeness import compare_pages
from ocr.options import OcrOptions
from ocr.ownwords import own_pages
from tests.ocr.examined import examine
from tests.ocr.papers import add, pdf_file, scan_of
from tests.ocr.sheets import convert

RECT = (350, 600, 500, 660)
LETTER = b"BT /F1 12 Tf 60 300 Td (Die Genehmigung wird erteilt) Tj ET"
Pdf = pikepdf.Pdf


def stamp(pdf: Pdf, kind: str = "Stamp", *, look: bool = True, flags: int | None = None, words: str = "") -> None:
    """Marks the first page with an annotation; its look is a red box."""
    note = Dictionary(Type=Name.Annot, Subtype=Name(f"/{kind}"), Rect=Array(list(RECT)))
    if look:
        form = pdf.make_stream(b"1 0 0 rg 0 0 150 60 re f")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 150, 60])
        note.AP = Dictionary(N=form)
    if flags is not None:
        note.F = flags
    if words:
        note.Contents = String(words)
    page = pdf.pages[0].obj
    page.Annots = Array([*page.get("/Annots", ()), pdf.make_indirect(note)])


def foreign_font(pdf: Pdf) -> None:
    """With it only Ghostscript makes PDF/A of the file."""
    add(pdf, LETTER)


def made_of(path: Path, options: OcrOptions) -> DocumentResult:
    scan = scan_of(path)
    target = path.parent / "made.pdf"
    return convert(scan, examine(scan, options, path.parent), target, options, None)


def red(path: Path) -> bool:
    """Whether the middle of the stamp is seen on the first page."""
    document = pypdfium2.PdfDocument(path)
    pixel = document[0].render(scale=1).to_pil().convert("RGB").getpixel((425, 842 - 630))
    document.close()
    return pixel == (255, 0, 0)


@pytest.mark.parametrize("flags", [None, 0, 1, 256], ids=["none", "0", "invisible", "toggle"])
@pytest.mark.parametrize("change", [(), (foreign_font,)], ids=["declared", "ghostscript"])
def test_a_stamp_that_is_seen_stays(
    tmp_path: Path, verapdf_options: OcrOptions, flags: int | None, change: tuple[object, ...]
) -> None:
    """Ghostscript drops what is not marked for printing, pikepdf what is marked as invisible; both say nothing."""
    path = pdf_file(tmp_path / "a.pdf", *change, lambda pdf: stamp(pdf, flags=flags))  # type: ignore[arg-type]
    assert red(path)
    assert red(made_of(path, verapdf_options).path)


@pytest.mark.parametrize("flags", [2, 32, 36], ids=["hidden", "no-view", "print-only"])
def test_what_is_not_seen_goes_and_is_told(tmp_path: Path, verapdf_options: OcrOptions, flags: int) -> None:
    result = made_of(pdf_file(tmp_path / "a.pdf", lambda pdf: stamp(pdf, flags=flags)), verapdf_options)
    assert not red(result.path)
    assert any(loss.startswith("1 ausgeblendete Anmerkung") for loss in result.losses)


@pytest.mark.parametrize(("kind", "words"), [("Text", "Rücksprache"), ("FreeText", "Erledigt"), ("Line", "")])
def test_a_note_without_a_look_does_not_cost_the_page_its_text(
    tmp_path: Path, verapdf_options: OcrOptions, kind: str, words: str
) -> None:
    """It made pictures with 200 dpi of all pages, without any text in them."""
    path = pdf_file(tmp_path / "a.pdf", foreign_font, lambda p: stamp(p, kind, look=False, flags=28, words=words))
    result = made_of(path, verapdf_options)
    assert any(loss.startswith("1 Anmerkung ") for loss in result.losses)
    document = pypdfium2.PdfDocument(result.path)
    assert "Genehmigung" in document[0].get_textpage().get_text_range()
    document.close()


def test_comments_that_are_lost_when_a_form_is_drawn_are_told(tmp_path: Path) -> None:
    def form(pdf: Pdf) -> None:
        stamp(pdf, "Highlight", flags=4, words="Frist prüfen")
        stamp(pdf, "FreeText", flags=4, words="steht als Bild da")
        pdf.Root.AcroForm = Dictionary(Fields=Array([]))

    path = pdf_file(tmp_path / "a.pdf", form)
    answer = prepare({"path": str(path), "target": str(tmp_path / "b.pdf"), "pages": None})
    assert "1 Kommentar an Anmerkungen (im Original erhalten)" in answer["losses"]


def test_only_notes_of_the_chosen_pages_are_told(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", lambda pdf: stamp(pdf, flags=2), lambda pdf: pdf.add_blank_page())  # type: ignore[func-returns-value,return-value]
    answer = prepare({"path": str(path), "target": str(tmp_path / "b.pdf"), "pages": [2]})
    assert answer == {"losses": [], "notes": 0}


def test_a_missing_stamp_makes_a_rendition_another_picture(tmp_path: Path) -> None:
    """Whatever a tool drops next: a part as large as a stamp is missed, though the rest of the page looks alike."""
    whole = pdf_file(tmp_path / "a.pdf", foreign_font, lambda pdf: stamp(pdf, flags=4))
    less = pdf_file(tmp_path / "b.pdf", foreign_font)
    page = {"number": 1, "path": str(whole), "page": 1, "is_pdf": True, "said_mm": None, "scan_mm": None, "words": 0}
    payload = {"pdf": str(less), "count": 1, "first": 0, "pages": [{**page, "strict": False, "parts": True}]}
    assert [code for code, *_ in compare_pages(payload)["findings"]] == ["PC-03"]
    payload["pdf"] = str(whole)
    assert compare_pages(payload)["findings"] == []


def test_what_was_typed_on_a_page_is_found_by_its_words(tmp_path: Path) -> None:
    """Whoever fills in a form with the typewriter of a viewer leaves notes: their words are no text of the page."""

    def change(pdf: Pdf) -> None:
        stamp(pdf, "FreeText", words="Frist Größe\r03.05.2026")
        stamp(pdf, "FreeText", words="verborgen", flags=2)
        stamp(pdf, "Stamp", words="nur ein Stempel")

    path = pdf_file(tmp_path / "a.pdf", lambda pdf: add(pdf, LETTER), change, image=False)
    told = read_pages({"path": str(path), "words": str(tmp_path / "w"), "as_seen": False})
    assert told["pages"][0]["text"] == "Die Genehmigung wird erteilt\nFrist Größe\n03.05.2026"
    (page,) = own_pages(tmp_path / "w")
    assert page is not None
    assert [word.text for line in page.lines[1:] for word in line.words] == ["Frist", "Größe", "03.05.2026"]
    left, top, right, bottom = page.lines[1].box
    assert (left, right) == pytest.approx((350 * 300 / 72, 500 * 300 / 72), abs=2)
    assert (top, bottom) == pytest.approx(((842 - 660) * 300 / 72, (842 - 600) * 300 / 72), abs=5)
