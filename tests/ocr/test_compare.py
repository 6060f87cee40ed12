"""Beyond validity: a page that does not show its scan is never called good, and a good one never bad."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID, uuid5

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from akten.files import Colour, FileFacts, FileKind, PageFacts, PageRef, PageResult, PdfA, Rendition, digest_file
from akten.findings import Finding
from ocr import openpdfs
from ocr.compare import PAGES_AT_ONCE, RULES, comparisons
from ocr.documenttools import read_pages
from ocr.judging import judge_documents
from ocr.likeness import compare_pages, reduced_gray
from ocr.options import Limits, OcrOptions
from ocr.request import PageProfile, RecogniseRequest
from tests.ocr.examined import examine
from tests.ocr.papers import A4, add, image_page, pdf_file, picture, scan_of
from tests.ocr.sheets import sandbox_for, sheet

NAME = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
Change = Callable[[Image.Image], Image.Image]


def case(
    folder: Path,
    scanned: list[Image.Image],
    shown: list[Image.Image],
    *,
    words: int = 0,
    blank: bool = False,
    dropped: tuple[int, ...] = (),
    size: tuple[float, float] | None = None,
) -> tuple[PdfA, RecogniseRequest]:
    """A PDF that shows some pictures, and a request over the scans of others, all at 200 dpi."""
    scan_path, path = folder / "scan.tif", folder / "made.pdf"
    scanned[0].save(scan_path, save_all=True, append_images=scanned[1:], dpi=(200, 200))
    with pikepdf.new() as pdf:
        for image in shown:
            image_page(pdf, image, size or (image.width * 0.36, image.height * 0.36))
        pdf.save(path)
    scan = scan_of(scan_path)
    pages = tuple(
        PageFacts(n, image.width * 0.127, image.height * 0.127, *image.size, 200.0, Colour.GRAY, image_only=True)
        for n, image in enumerate(scanned, 1)
    )
    facts = FileFacts(FileKind.IMAGE, "image/tiff", pages)
    refs = tuple(PageRef(scan.uuid, page.number) for page in pages)
    request = RecogniseRequest(
        uuid5(NAME, "made"), "Titel", refs, {scan.uuid: scan}, {scan.uuid: facts}, PageProfile(),
        folder, datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    results = tuple(
        PageResult(
            page.number, ref, page.width_mm, page.height_mm, words=words, blank=blank, dropped=page.number in dropped
        )
        for page, ref in zip(pages, refs, strict=True)
    )
    return PdfA(request.uuid, path, digest_file(path), "2b", Rendition.SCANNED, results, (scan.uuid,)), request


def checked(pdfa: PdfA, request: RecogniseRequest, options: OcrOptions | None = None) -> tuple[Finding, ...]:
    """What the comparison says where no validator is asked beside it."""
    options = options or OcrOptions()
    look = sandbox_for(options.sandbox).call_each
    (judged,) = judge_documents([(pdfa, request)], (), options, request.folder, look)
    return tuple(finding for finding in judged.findings if finding.code in RULES)


def told(folder: Path, scanned: list[Image.Image], shown: list[Image.Image], **how: object) -> list[str]:
    pdfa, request = case(folder, scanned, shown, **how)  # type: ignore[arg-type]
    return [finding.text for finding in checked(pdfa, request)]


def codes(folder: Path, scanned: list[Image.Image], shown: list[Image.Image], **how: object) -> list[tuple[str, str]]:
    pdfa, request = case(folder, scanned, shown, **how)  # type: ignore[arg-type]
    findings = checked(pdfa, request)
    assert {finding.code for finding in findings} <= set(RULES)
    return [(finding.code, finding.where) for finding in findings]


def test_the_same_picture_in_every_position_is_the_same(tmp_path: Path) -> None:
    page = sheet()
    turned = [page.rotate(90 * n, expand=True) for n in range(4)]
    assert codes(tmp_path, [page] * 4, turned) == []


def white(image: Image.Image) -> Image.Image:
    return Image.new("L", image.size, 255)


def lower_half_white(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.paste(255, (0, image.height // 2, image.width, image.height))
    return copy


def negative(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 255 - value)


def mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def other_text(image: Image.Image) -> Image.Image:
    return sheet(("Ganz etwas anderes steht hier,", "", "", "und zwar an anderer Stelle", "", "", "", "als zuvor"))


def without_stamp(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.paste(255, (image.width // 2, 0, image.width, image.height // 4))
    return copy


WRONG = (white, lower_half_white, negative, mirrored, other_text, without_stamp)


def test_every_other_picture_is_told(tmp_path: Path) -> None:
    """A white page in place of a scan is valid PDF/A; here it is found, and so is a lost part."""
    page = sheet()
    ImageDraw.Draw(page).ellipse((page.width * 0.6, 20, page.width * 0.8, 140), fill=90)
    found = codes(tmp_path, [page] * (len(WRONG) + 1), [page, *(change(page) for change in WRONG)])
    assert found == [("PC-03", f"Seite {number}") for number in range(2, len(WRONG) + 2)]
    assert "Bitte diese Seite im Scan ansehen" in told(tmp_path, [page], [white(page)])[0], "what to do next is told"


def test_blank_pages_are_compared_too(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(240, 3, (800, 600)).clip(0, 255).astype(np.uint8)
    paper = Image.fromarray(noise)
    faint = paper.copy()
    ImageDraw.Draw(faint).line((100, 300, 500, 320), fill=200, width=6)
    assert codes(tmp_path, [paper, faint, paper, faint], [paper, faint, faint, paper]) == [
        ("PC-03", "Seite 3"),
        ("PC-03", "Seite 4"),
    ]


def test_count_and_size_are_those_of_the_scan(tmp_path: Path) -> None:
    page = sheet()
    assert codes(tmp_path, [page, page], [page]) == [("PC-01", "")]
    assert codes(tmp_path, [page], [page], size=(300, 213)) == [("PC-02", "Seite 1")]
    assert codes(tmp_path, [page], [page], size=(page.width * 0.36 + 2, page.height * 0.36)) == []


@pytest.mark.parametrize(("size", "told"), [(A4, []), ((298, 421), ["PC-02"])])
def test_a_page_of_a_document_is_as_large_as_it_was_delivered(
    size: tuple[float, float], told: list[str], tmp_path: Path
) -> None:
    """What the rendition says of its own pages is no witness: a tool that shrinks a plan shows the same picture."""
    pdfa, request = case(tmp_path, [picture()], [picture()], size=size)
    scan = scan_of(pdf_file(tmp_path / "brief.pdf", lambda pdf: add(pdf, b"BT /F1 9 Tf 60 60 Td (Neuss) Tj ET")))
    ref = PageRef(scan.uuid, 1)
    request = replace(
        request, pages=(ref,), scans={scan.uuid: scan}, facts={scan.uuid: examine(scan, OcrOptions(), tmp_path)}
    )
    edges = (size[0] * 25.4 / 72, size[1] * 25.4 / 72)
    pdfa = replace(pdfa, rendition=Rendition.CONVERTED, pages=(PageResult(1, ref, *edges),), sources=(scan.uuid,))
    assert [finding.code for finding in checked(pdfa, request)] == told


@pytest.mark.parametrize(("kind", "told"), [("Link", ["PC-04"]), ("Stamp", ["PC-04"]), ("FreeText", [])])
def test_of_notes_only_typed_ones_are_text(kind: str, told: list[str], tmp_path: Path) -> None:
    """A page that lost its words and kept its links is not whole."""
    page = sheet()
    pdfa, request = case(tmp_path, [page], [page], words=5)
    with pikepdf.open(pdfa.path, allow_overwriting_input=True) as pdf:
        note = pikepdf.Dictionary(Subtype=pikepdf.Name(f"/{kind}"), Rect=[1, 1, 9, 9], Contents="Frist")
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(note)])
        pdf.save()
    assert [finding.code for finding in checked(pdfa, request)] == told


def test_lost_text_is_told(tmp_path: Path) -> None:
    page = sheet()
    assert codes(tmp_path, [page], [page], words=5) == [("PC-04", "Seite 1")]
    pdfa, request = case(tmp_path, [page], [page], words=5)
    with pikepdf.open(pdfa.path, allow_overwriting_input=True) as pdf:
        add(pdf, b"BT 3 Tr /F1 10 Tf 20 20 Td (Wort) Tj ET")
        pdf.save()
    assert checked(pdfa, request) == ()


def test_dropped_blanks_are_not_missed_and_blanks_that_stayed_are(tmp_path: Path) -> None:
    paper = Image.new("L", (600, 800), 250)
    assert codes(tmp_path, [paper, paper], [paper], blank=True, dropped=(2,)) == []
    assert codes(tmp_path, [paper, paper], [paper, paper], blank=True) == []
    assert codes(tmp_path, [paper, paper], [paper], blank=True) != []


def test_a_picture_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    pdfa, request = case(tmp_path, [sheet()], [sheet()])
    path = request.scans[request.pages[0].scan].path
    path.write_bytes(path.read_bytes()[:3000])
    assert [finding.code for finding in checked(pdfa, request)] == ["PC-05"]


def test_a_comparison_that_dies_is_an_error_and_never_silence(tmp_path: Path) -> None:
    pdfa, request = case(tmp_path, [sheet()], [sheet()])
    pdfa.path.write_bytes(b"kein PDF")
    assert [finding.code for finding in checked(pdfa, request)] == ["PC-06"]
    pdfa, request = case(tmp_path, [sheet()], [sheet()])
    options = OcrOptions(file_limits=Limits(memory_bytes=64 << 20))
    assert [finding.code for finding in checked(pdfa, request, options)] == ["PC-06"]


def test_a_kept_file_is_the_delivered_one_byte_for_byte(tmp_path: Path) -> None:
    pdfa, request = case(tmp_path, [sheet()], [sheet()])
    scan = request.scans[request.pages[0].scan]
    kept = PdfA(pdfa.uuid, scan.path, scan.digests, "2b", Rendition.KEPT, pdfa.pages, pdfa.sources)
    assert checked(kept, request) == ()
    other = PdfA(pdfa.uuid, pdfa.path, pdfa.digests, "2b", Rendition.KEPT, pdfa.pages, pdfa.sources)
    assert [finding.code for finding in checked(other, request)] == ["PC-07"]


def test_many_pages_go_in_runs(tmp_path: Path) -> None:
    small = picture(size=(150, 210))
    count = PAGES_AT_ONCE + 3
    shown = [small] * (count - 1) + [white(small)]
    assert codes(tmp_path, [small] * count, shown) == [("PC-03", f"Seite {count}")]


def test_files_are_closed_between_pages_when_they_hold_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [Image.frombytes("L", (1000, 1000), Random(number).randbytes(1_000_000)) for number in range(12)]
    pdfa, request = case(tmp_path, shown, shown)
    opened: list[str] = []
    real = pypdfium2.PdfDocument
    monkeypatch.setattr(pypdfium2, "PdfDocument", lambda path: opened.append(path) or real(path))
    monkeypatch.setattr(openpdfs, "MOST_HELD", -(1 << 40))  # whatever this process, which did other things, holds
    (payload,) = comparisons(pdfa, request)
    assert compare_pages(payload) == {"findings": []}
    assert len(opened) == 1 + len(shown), "opened to be counted, closed before each page and opened again"
    assert len(
        read_pages(payload | {"path": payload["pdf"], "words": str(tmp_path / "words"), "as_seen": False})["pages"]
    ) == len(shown)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_colour_that_is_not_shown_is_white_in_every_mode(mode: str) -> None:
    """Gray and black-and-white scans were compared with what is hidden in them, against the white page made of them."""
    image = Image.new("L", (40, 40), 255)
    image.paste(0, (0, 0, 20, 40))
    keyed = image.convert(mode, colors=2)
    keyed.info["transparency"] = keyed.getpixel((0, 0))
    assert reduced_gray(keyed, 4).getextrema() == (255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_scans_of_every_mode_are_seen_as_they_look(tmp_path: Path, mode: str) -> None:
    page = sheet()
    path = tmp_path / ("scan.tif" if mode in ("CMYK", "LA", "I;16") else "scan.png")
    (page.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else page.convert(mode)).save(
        path
    )
    made = tmp_path / "made.pdf"
    with pikepdf.new() as pdf:
        image_page(pdf, page, (page.width * 0.36, page.height * 0.36))
        pdf.save(made)
    source = {
        "number": 1, "path": str(path), "page": 1, "is_pdf": False, "said_mm": None, "scan_mm": None, "words": 0,
        "strict": True,
    }  # fmt: skip
    payload = {"pdf": str(made), "count": 1, "first": 0, "pages": [source]}
    assert compare_pages(payload) == {"findings": []}
