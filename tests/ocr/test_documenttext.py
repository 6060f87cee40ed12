"""Pages of a document that bear their words as a picture are read like scans, and the words lie where they are seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2
import pytest
from pikepdf import pdfa
from PIL import Image, ImageStat

from akten.errors import Unavailable
from akten.files import FileFacts, PageRef, Rendition, Scan
from akten.findings import Severity
from ocr import documentpath
from ocr.documentpath import DocumentResult
from ocr.documenttext import DocumentReader
from ocr.documenttools import read_pages
from ocr.options import OcrOptions
from ocr.ownwords import own_pages
from ocr.pages import PagePool
from ocr.scanpages import Part, Stretch
from ocr.verapdf import VeraPdf
from tests.ocr.examined import examine
from tests.ocr.papers import add, form, image_page, pdf_file, scan_of
from tests.ocr.sheets import FONT, convert, sheet
from tests.ocr.test_documentpath import written

WORDS = ("Oberbürgermeister", "Bauaufsichtsamt", "Genehmigung", "Grünwald")


def with_scan(path: Path, *scans: Image.Image, change: Any = None) -> Path:
    """A written page, and one page per scanned sheet behind it; `change` alters the last page."""
    with pikepdf.open(written(path.with_name("geschrieben.pdf"), "Geschriebene Seite mit eigenem Text")) as pdf:
        for scan in scans:
            image_page(pdf, scan, (scan.width * 0.36, scan.height * 0.36))
        if change is not None:
            change(pdf, pdf.pages[-1])
        pdf.save(path)
    return path


def made_of(path: Path, options: OcrOptions, pages: tuple[int, ...] | None = None) -> tuple[DocumentResult, FileFacts]:
    scan: Scan = scan_of(path)
    facts = examine(scan, options, path.parent)
    target = path.parent / "ziel" / "made.pdf"
    target.parent.mkdir(exist_ok=True)
    return convert(scan, facts, target, options, pages), facts


def seen_at(path: Path, place: int, word: str) -> tuple[tuple[float, float, float, float], Image.Image]:
    """Where the word lies on the page as it is shown, in pixels of the picture that is returned."""
    document = pypdfium2.PdfDocument(path)
    page = document[place]
    picture = page.render(scale=2, grayscale=True).to_pil().convert("L")
    text = page.get_textpage()
    index, count = text.search(word).get_next()
    boxes = [text.get_charbox(number) for number in range(index, index + count)]
    corners = [
        page_to_device(page, picture.size, x, y) for box in boxes for x in (box[0], box[2]) for y in (box[1], box[3])
    ]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (min(xs), min(ys), max(xs), max(ys)), picture


def page_to_device(page: Any, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    raw = pypdfium2.raw
    left, top = raw.c_int(), raw.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, left, top)
    return left.value, top.value


def cropped(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """The page lies far from the origin, and a rim is cut off."""
    width, height = (float(edge) for edge in page.mediabox[2:])
    page.contents_add(b"1 0 0 1 500 -300 cm\n", prepend=True)
    page.obj.MediaBox = pikepdf.Array([500, -300, 500 + width, height - 300])
    page.obj.CropBox = pikepdf.Array([505, -295, 495 + width, height - 310])
    del pdf


def turned_by_the_viewer(_pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    page.obj.Rotate = 90


def large_units(_pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    page.obj.UserUnit = 2


@pytest.mark.parametrize("change", [None, cropped, turned_by_the_viewer, large_units])
@pytest.mark.parametrize("turn", [0, 180, 90])
def test_the_words_of_a_scanned_page_lie_where_they_are_seen(tmp_path: Path, turn: int, change: Any) -> None:
    path = with_scan(tmp_path / "a.pdf", sheet().rotate(turn, expand=True), change=change)
    result, facts = made_of(path, OcrOptions())
    assert [page.pictured for page in facts.pages] == [False, True]
    (page,) = result.read.results
    assert (page.number, page.source.page) == (2, 2)
    assert page.confidence is not None
    assert page.confidence > 80
    assert all(word in page.text for word in WORDS)
    for word in ("Oberbürgermeister", "Genehmigung"):
        box, picture = seen_at(result.path, 1, word)
        assert box[2] - box[0] > 3 * (box[3] - box[1]), "the page stands upright"
        left, top, right, bottom = (round(edge) for edge in box)
        inside = picture.crop((left - 2, top - 2, right + 2, bottom + 2))
        assert ImageStat.Stat(inside).mean[0] < 235, "there is ink under the word"
        beside = picture.crop((left, max(0, top - (bottom - top) // 3), right, top - 1))
        assert ImageStat.Stat(beside).mean[0] > ImageStat.Stat(inside).mean[0]
    assert not [finding for finding in result.findings if finding.severity is not Severity.INFO]


def scan_with_line(path: Path, line: str) -> Path:
    """A scan that fills its page, and a line of text set over it in an embedded font."""
    from fpdf import FPDF

    scan = sheet()
    document = FPDF(unit="pt", format=(scan.width * 0.36, scan.height * 0.36))
    document.add_font("Serif", fname=FONT)
    document.set_font("Serif", size=8)
    document.add_page()
    document.image(scan, 0, 0, scan.width * 0.36)
    document.set_xy(20, 2)
    document.cell(text=line)
    document.output(str(path))
    return path


def test_the_line_of_a_fax_is_told_once_beside_what_was_read(tmp_path: Path) -> None:
    result, facts = made_of(scan_with_line(tmp_path / "a.pdf", "Absender 02131 90"), OcrOptions())
    assert facts.pages[0].has_text
    assert facts.pages[0].pictured
    (page,) = result.read.results
    assert page.text.startswith("Absender 02131 90")
    assert page.text.count("02131") == 1
    assert all(word in page.text for word in WORDS)
    assert pypdfium2.PdfDocument(result.path)[0].get_textpage().get_text_bounded().count("02131") == 1


def cut_below(_pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """The page lies far from the origin; its left and lower rim are cut off."""
    width, height = (float(edge) for edge in page.mediabox[2:])
    page.contents_add(b"1 0 0 1 500 -300 cm\n", prepend=True)
    page.obj.MediaBox = pikepdf.Array([500, -300, 500 + width, height - 300])
    page.obj.CropBox = pikepdf.Array([505, -290, 500 + width, height - 300])


def spans(fragment: str | Path) -> list[tuple[str, str]]:
    """Text and title of every word of a piece of hOCR."""
    text = fragment if isinstance(fragment, str) else fragment.read_text(encoding="utf-8")
    page = ET.fromstring(text)  # noqa: S314 - a file of our own making
    return [
        (span.text or "", span.attrib["title"]) for span in page.iter("span") if span.attrib["class"] == "ocrx_word"
    ]


def read_with(path: Path, folder: Path, options: OcrOptions) -> tuple[Part, tuple[str, ...]]:
    """What a reader makes of a document as it came: the words of its pages, in pieces of hOCR, and their own text."""
    facts = examine(scan_of(path), options, path.parent)
    folder.mkdir()
    payload = {"path": str(path), "words": str(folder / "words"), "as_seen": False}
    texts = tuple(page["text"] for page in read_pages(payload)["pages"])
    pages = tuple(PageRef(uuid4(), page.number) for page in facts.pages)
    with PagePool(1, options) as pool:
        reader = DocumentReader(Stretch(False, 1, pages), facts, pool, options, folder)  # noqa: FBT003 - no images
        return reader.read(path, texts, folder / "words"), texts


@pytest.mark.parametrize("change", [None, cut_below, turned_by_the_viewer, large_units])
def test_own_and_read_words_of_a_page_stand_in_one_piece_of_hocr(tmp_path: Path, change: Any) -> None:
    path = scan_with_line(tmp_path / "a.pdf", "Absender 02131 90")
    if change is not None:
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            change(pdf, pdf.pages[0])
            pdf.save(path)
    part, _ = read_with(path, tmp_path / "x", OcrOptions())
    found = spans(part.fragments[0])
    assert [text for text, _ in found[:3]] == ["Absender", "02131", "90"]
    assert not any("x_wconf" in title for _, title in found[:3])
    assert all("x_wconf" in title for _, title in found[3:])
    assert {"Bauaufsichtsamt,", "Genehmigung"} <= {text for text, _ in found[3:]}
    assert [text for text, _ in found] == part.results[0].text.split()
    width, height, left, top, right, bottom = (
        int(number)
        for number in (
            *re.findall(r"ocr_page.*?bbox 0 0 (\d+) (\d+)", Path(part.fragments[0]).read_text(encoding="utf-8"))[0],
            *re.findall(r"\d+", found[0][1]),
        )
    )
    page = pypdfium2.PdfDocument(path)[0]
    text = page.get_textpage()
    boxes = [text.get_charbox(number) for number in range(len("Absender"))]
    page.set_rotation(0)
    corners = [page_to_device(page, (width, height), *corner) for box in boxes for corner in (box[:2], box[2:])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    assert (left, top, right, bottom) == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=2)


def test_a_page_that_cannot_be_read_tells_the_words_it_has(tmp_path: Path) -> None:
    limits = replace(OcrOptions().page_limits, cpu_seconds=1, wall_seconds=0.05)
    path = scan_with_line(tmp_path / "a.pdf", "Absender 02131 90")
    part, _ = read_with(path, tmp_path / "x", OcrOptions(page_limits=limits))
    assert part.results[0].failed
    assert [text for text, _ in spans(part.fragments[0])] == ["Absender", "02131", "90"]
    assert part.results[0].text == "Absender 02131 90"


def test_a_written_page_on_a_page_filling_picture_is_not_read(tmp_path: Path) -> None:
    path = scan_with_line(tmp_path / "a.pdf", "Text auf Briefpapier " * 20)
    _, facts = made_of(path, OcrOptions())
    assert not facts.pages[0].pictured


def test_a_valid_pdfa_stays_as_it_is_and_its_scanned_pages_are_read_beside_it(
    tmp_path: Path, verapdf_options: OcrOptions
) -> None:
    path = tmp_path / "b.pdf"
    with pikepdf.open(with_scan(tmp_path / "a.pdf", sheet())) as pdf:
        del pdf.Root.OpenAction  # the program that wrote the page likes to set a zoom
        pdfa.save(pdf, path, "2b")
    result, facts = made_of(path, verapdf_options)
    assert facts.pages[1].pictured
    assert result.rendition is Rendition.KEPT
    assert result.path.read_bytes() == path.read_bytes()
    assert all(word in result.read.results[0].text for word in WORDS)


def test_a_page_that_cannot_be_read_keeps_its_picture_and_is_told(tmp_path: Path) -> None:
    """The worker is not allowed the memory that drawing takes; the document goes on."""
    limits = replace(OcrOptions().page_limits, memory_bytes=350_000_000)
    path = with_scan(tmp_path / "a.pdf", sheet(size_mm=(420, 297), dpi=400))
    result, _ = made_of(path, OcrOptions(page_limits=limits))
    (page,) = result.read.results
    assert page.failed
    assert not page.text
    assert [(finding.code, finding.where) for finding in result.findings if finding.code != "OD-02"] == [
        ("OC-01", "Seite 2")
    ]
    assert "Geschriebene Seite" in result.pages_text[0]


def test_a_page_of_low_confidence_goes_to_the_review_list(tmp_path: Path) -> None:
    result, _ = made_of(with_scan(tmp_path / "a.pdf", sheet()), OcrOptions(review_confidence=99.9))
    assert [(finding.code, finding.where) for finding in result.findings] == [("OC-06", "Seite 2")]


def test_some_pages_of_a_document_are_read_under_their_own_numbers(tmp_path: Path) -> None:
    path = with_scan(tmp_path / "a.pdf", sheet(), sheet(("Zweites Blatt", "der Bauakte", "mit anderem Text")))
    result, _ = made_of(path, OcrOptions(), (1, 3))
    (page,) = result.read.results
    assert page.source.page == 3
    assert page.number == 2
    assert "Zweites Blatt" in page.text


def test_what_was_filled_in_is_not_read_a_second_time(tmp_path: Path) -> None:
    """The page has no text, and the form's values have no look yet; once drawn flat they are text."""

    def filled(pdf: pikepdf.Pdf) -> None:
        add(pdf, b"0 0 100 100 re S")
        form(pdf)
        pdf.Root.AcroForm.Fields[0].V = pikepdf.String("Müllerstraße 7")
        pdf.Root.AcroForm.Fields[0].Rect = pikepdf.Array([60, 60, 400, 100])

    result, facts = made_of(pdf_file(tmp_path / "a.pdf", filled, image=False), OcrOptions())
    assert facts.pages[0].pictured
    (page,) = result.read.results
    assert page.text.count("Müllerstraße 7") == 1
    assert pypdfium2.PdfDocument(result.path)[0].get_textpage().get_text_bounded().count("llerstra") == 1


def test_words_that_cannot_be_laid_into_the_file_are_told_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DocumentReader, "lay", lambda *_: None)
    result, _ = made_of(with_scan(tmp_path / "a.pdf", sheet()), OcrOptions())
    assert any("nicht ins PDF legen" in loss for loss in result.losses)
    assert "Bauaufsichtsamt" in result.read.results[0].text


def test_pages_of_a_file_whose_text_cannot_be_asked_are_told_as_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = documentpath.read_document
    answers = iter([Unavailable("weg")])

    def first_time_away(*more: Any) -> Any:
        for error in answers:
            raise error
        return asked(*more)

    monkeypatch.setattr(documentpath, "read_document", first_time_away)
    result, _ = made_of(with_scan(tmp_path / "a.pdf", sheet()), OcrOptions())
    assert [(finding.code, finding.where) for finding in result.findings] == [("OC-01", "Seite 2")]


def test_pages_that_become_pictures_tell_their_words_where_the_pictures_show_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other way works: the rendition shows the turned page as it is seen, and so its words are placed."""
    for way in ("_by_declaring", "_by_ocrmypdf", "_by_ghostscript"):
        monkeypatch.setattr(documentpath, way, lambda *_: None)
    path = written(tmp_path / "a.pdf", "Geschriebene Seite")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Rotate = 90
        pdf.save(path)
    scan, options, target = scan_of(path), OcrOptions(), tmp_path / "made.pdf"
    facts = examine(scan, options, tmp_path)
    (folder := tmp_path / "x").mkdir()
    with PagePool(0, options) as pool:
        stretch = Stretch(False, 1, (PageRef(scan.uuid, 1),))  # noqa: FBT003 - no images
        reader = DocumentReader(stretch, facts, pool, options, folder)
        made = documentpath.convert_document(scan, facts, None, target, options, folder, reader, VeraPdf(options))
    assert made.pages_text == ("Geschriebene Seite",)
    (own,) = own_pages(made.words)
    assert own is not None
    page = pypdfium2.PdfDocument(target)[0]
    assert (own.turned, page.get_rotation()) == (0, 0)
    assert own.size == pytest.approx([edge * 300 / 72 for edge in page.get_size()], abs=2)
    picture = page.render(scale=300 / 72, grayscale=True).to_pil().convert("L")
    for line in own.lines:
        for word in line.words:
            left, top, right, bottom = word.box
            assert ImageStat.Stat(picture.crop(word.box)).mean[0] < 235, "there is ink in the box"
            around = picture.crop((left - 12, top - 12, right + 12, bottom + 12))
            around.paste(255, (8, 8, around.width - 8, around.height - 8))
            assert around.getextrema()[0] > 200, "and none around it"
