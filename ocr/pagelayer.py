"""The text layer of a page that stays in its PDF: the page is drawn, read like a scan, and its words are placed there.

So a page of the document path that bears its text only as a picture has the same turn, skew, second look and word
confidences as a page of the scan path. Text that the page already has (the line of a fax, a stamp with the number of
the file, a value in a form) is left out, of the drawing or of what was read: it would be there twice. Where it stands
is told beside what was read. Only text in fonts that name no letters is drawn and read like a picture: what it says is
not known before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image

from ocr.engine import OcrEngine, Reading, Word
from ocr.geometry import Affine, scaling
from ocr.jobs import PageJob, PageOutcome
from ocr.looking import Look, look_at, outcome_of, write_fragment, write_whole
from ocr.options import OcrOptions
from ocr.ownwords import FoundLine, Rect, found_lines, placed
from ocr.pageimage import PageUnreadable
from ocr.pdfpage import PdfPage, page_of
from ocr.source import Seen, size_mm
from ocr.textlayer import text_operators

FONT_NAME = "/AktenText"
_LEAST_DPI, _MOST_DPI, _USUAL_DPI = 150.0, 400.0, 300.0
_MOST_PIXELS = 60_000_000  # a plan is drawn more coarsely, as it is read


def make_layer(
    job: PageJob, pdf: pikepdf.Pdf, engine: Callable[[], OcrEngine], options: OcrOptions, cpu: Callable[[], float]
) -> PageOutcome:
    """Reads one page and writes the operators of its text to `job.out`. Raises PageUnreadable."""
    page = page_of(pdf, job.page, options.max_pixels, options.max_stream_bytes)
    seen, own = _seen(job, page, options)
    look = look_at(seen, engine, options, cpu) if job.read else Look()
    to_page = look.to_stored.then(seen.pixels_to_page).then(page.to_points.inverse())
    if look.found is not None and own.drawn:
        look = replace(look, found=replace(look.found, reading=_without(look.reading, to_page, own.drawn)))
    write_whole(Path(job.out), text_operators(look.reading, to_page, FONT_NAME))
    to_pixels = page.to_points.then(seen.pixels_to_page.inverse())
    write_fragment(job, seen, look, placed(own.lines, to_pixels, seen.size))
    return outcome_of(look, size_mm(seen), (page.rotate + look.turn) % 360)


@dataclass(frozen=True, slots=True)
class _Own:
    """What a page has as text: its lines, and where it has text that could not be left out of the drawing."""

    lines: tuple[FoundLine, ...] = ()
    drawn: tuple[Rect, ...] = ()


def _without(reading: Reading, to_page: Affine, own_text: Sequence[Rect]) -> Reading:
    """The reading without the words whose middle lies in text that the page has."""

    def known(word: Word) -> bool:
        left, top, right, bottom = word.box
        x, y = to_page((left + right) / 2, (top + bottom) / 2)
        return any(rect[0] <= x <= rect[2] and rect[1] <= y <= rect[3] for rect in own_text)

    kept = [replace(line, words=tuple(word for word in line.words if not known(word))) for line in reading.lines]
    return replace(reading, lines=tuple(line for line in kept if line.words))


def _seen(job: PageJob, page: PdfPage, options: OcrOptions) -> tuple[Seen, _Own]:
    """The page drawn before /Rotate, and the text it has."""
    matrix = scaling(page.width, page.height)
    if not job.read:
        return Seen(page.width, page.height, page.rotate, matrix, (1, 1), None), _Own()
    across = page.width * _dpi(job, page, options) / 72
    picture, own = _drawn(Path(job.source), job.page, across, as_seen=job.mute)
    return Seen(page.width, page.height, page.rotate, matrix, picture.size, picture), own


def _dpi(job: PageJob, page: PdfPage, options: OcrOptions) -> float:
    wanted = max(_LEAST_DPI, min(_MOST_DPI, job.dpi or _USUAL_DPI))
    most = min(_MOST_PIXELS, options.max_pixels)
    return float(min(wanted, 72 * (most / (page.width * page.height)) ** 0.5))


def _drawn(path: Path, number: int, across: float, *, as_seen: bool) -> tuple[Image.Image, _Own]:
    """The page in gray without the text it has, before /Rotate, so many pixels across; and that text.

    `as_seen` leaves the text in the picture and tells nothing of it.
    """
    import pypdfium2  # few pages need it, and every worker would load it

    try:
        with closing(pypdfium2.PdfDocument(path)) as document:
            page = document[number - 1]
            lines = () if as_seen else _taken_out(page)
            page.set_rotation(0)
            picture: Image.Image = page.render(scale=across / page.get_width(), grayscale=True).to_pil().convert("L")
            text = page.get_textpage()
            drawn = () if as_seen else tuple(text.get_rect(place) for place in range(text.count_rects()))
    except pypdfium2.PdfiumError as error:
        raise PageUnreadable("OC-05", "Die Seite lässt sich nicht zeichnen (PdfiumError).") from error
    return picture, _Own(lines, drawn)


def _taken_out(page: Any) -> tuple[FoundLine, ...]:
    """The lines of the page's text, which is then gone from it as far as it can be."""
    import pypdfium2.raw

    textpage = page.get_textpage()
    lines = found_lines(textpage, page.get_bbox())[1] or ()
    textpage.close()  # it must not outlive what is removed now
    for shown in list(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT], max_depth=1)):
        page.remove_obj(shown)
    return lines
