"""The scan path of one page, run in a worker: page image out, blank or read, invisible text over untouched bytes.

Everything comes and goes by files and small values: a job names a file and a page, the outcome names what was found;
the page itself lies as a one-page PDF and a piece of hOCR in the job's folder.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pikepdf
from PIL import Image

from ocr.blank import PREVIEW_DPI, is_blank
from ocr.embedding import Stored
from ocr.engine import OcrEngine, Reading, TimedEngine
from ocr.geometry import Affine, turning
from ocr.hocr import page_fragment
from ocr.jobs import PageJob, PageOutcome
from ocr.options import OcrOptions
from ocr.pageimage import Held, PageUnreadable, reduced
from ocr.pagepdf import conforms, page_pdf
from ocr.pdfpage import page_of
from ocr.reading import PageReading, read_page
from ocr.source import Source, drawn_source, from_image, from_pdf, size_mm, turned

_MOST_PREVIEW = 8_000_000  # pixels; plans are looked at a little more coarsely
_THUMBNAIL = 240  # pixels of the longer edge


def do_page(
    job: PageJob, engine: Callable[[], OcrEngine], options: OcrOptions, cpu: Callable[[], float]
) -> PageOutcome:
    """Does one page; a page that cannot be used gives an outcome with an error, never an exception of a decoder."""
    try:
        with _opened(job) as pdf:
            source = _source(job, pdf, options)
            return _finish(job, source, pdf, engine, options, cpu)
    except PageUnreadable as error:
        return PageOutcome(error=(error.code, error.text))
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:  # the second is no sort of the first
        return PageOutcome(error=("OC-03", f"Die PDF-Datei lässt sich nicht öffnen ({type(error).__name__})."))


class _Nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _opened(job: PageJob) -> pikepdf.Pdf | _Nothing:
    if not job.is_pdf:
        return _Nothing()
    return pikepdf.open(job.source, access_mode=pikepdf.AccessMode.stream, suppress_warnings=True)


def _source(job: PageJob, pdf: pikepdf.Pdf | None, options: OcrOptions) -> Source:
    path = Path(job.source)
    if pdf is not None:
        return from_pdf(
            pdf,
            path,
            job.page,
            max_pixels=options.max_pixels,
            max_stream_bytes=options.max_stream_bytes,
            read=job.read,
        )
    return from_image(
        path,
        job.page,
        dpi=job.dpi,
        profile_dpi=job.profile_dpi,
        max_pixels=options.max_pixels,
        max_mm=options.max_page_mm,
        read=job.read,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What looking at the picture gave: a thumbnail of a blank page, or a reading and its map to stored pixels."""

    thumbnail: str = ""
    found: PageReading | None = None
    to_stored: Affine = field(default_factory=Affine)
    seconds: float = 0.0
    engine: tuple[str, str] = ("", "")


def _finish(
    job: PageJob,
    source: Source,
    pdf: pikepdf.Pdf | None,
    engine: Callable[[], OcrEngine],
    options: OcrOptions,
    cpu: Callable[[], float],
) -> PageOutcome:
    if source.doubtful and not conforms(source):
        source = _without_doubt(job, source, pdf, options)
    look = _look(source, engine, options, cpu) if job.read else _Look()
    found = look.found
    reading = found.reading if found else Reading()
    turn = found.turn if found else 0
    rotate = (source.rotate + turn) % 360
    _write(Path(job.pdf), page_pdf(source, rotate, reading, look.to_stored.then(source.pixels_to_page)))
    turned_in_all = (source.stand[0] + turn) % 360
    fragment = page_fragment(job.number, reading, look.to_stored, source.size, turned_in_all, round(max(source.dpi), 1))
    _write(Path(job.hocr), fragment.encode("utf-8", "replace"))
    width_mm, height_mm = size_mm(source)
    return PageOutcome(
        width_mm,
        height_mm,
        blank=bool(look.thumbnail),
        words=reading.count,
        confidence=None if reading.confidence is None else round(reading.confidence, 2),
        turned=rotate,
        turned_confidence=None if found is None or found.sure is None else round(found.sure, 1),
        skew=found.skew if found else 0.0,
        retried=found.retried if found else False,
        text=reading.text,
        thumbnail=look.thumbnail,
        losses=source.losses,
        seconds_engine=look.seconds,
        engine=look.engine,
    )


def _look(source: Source, engine: Callable[[], OcrEngine], options: OcrOptions, cpu: Callable[[], float]) -> _Look:
    """Blank, or read. The picture is let go on the way, so that a plan does not lie in memory twice."""
    picture = source.take_picture()
    if picture is None:
        return _Look()
    preview, preview_dpi = _preview(picture, source)
    if is_blank(preview, preview_dpi, options.blank_threshold):
        return _Look(thumbnail=_thumbnail(preview))
    reader = TimedEngine(engine(), cpu)
    stand, mirrored = source.stand
    to_upright = turning(stand, mirrored, *picture.size)
    upright = Held(turned(picture, stand, mirrored=mirrored))
    del picture
    dpi = source.dpi if stand % 180 == 0 else (source.dpi[1], source.dpi[0])
    found = read_page(upright, dpi, reader, options)
    to_stored = found.to_given.then(to_upright.inverse())
    return _Look("", found, to_stored, reader.seconds, (reader.name, reader.version))


def _without_doubt(job: PageJob, source: Source, pdf: pikepdf.Pdf | None, options: OcrOptions) -> Source:
    """The same page in a form that PDF/A surely allows: without the odd profile, or drawn anew."""
    if pdf is not None:
        page = page_of(pdf, job.page, options.max_pixels, options.max_stream_bytes)
        return drawn_source(pdf, Path(job.source), job.page, page, options.max_pixels)
    if isinstance(source.stored, Stored):
        source.stored = replace(source.stored, icc=b"")
    else:
        source.stored.ColorSpace = pikepdf.Name.DeviceRGB
    source.losses = (*source.losses, "Farbprofil entspricht nicht PDF/A und wurde weggelassen")
    return source


def _preview(picture: Image.Image, source: Source) -> tuple[Image.Image, float]:
    dpi = min(source.dpi)
    factor = max(1, round(dpi / PREVIEW_DPI))
    while picture.width * picture.height > factor * factor * _MOST_PREVIEW:
        factor += 1
    return reduced(picture, factor), dpi / factor


def _thumbnail(preview: Image.Image) -> str:
    small = preview.copy()
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=60)
    return base64.b64encode(target.getvalue()).decode("ascii")


def _write(target: Path, data: bytes) -> None:
    """Under another name first, so that a half written page is never taken for a page."""
    part = target.with_name(target.name + ".part")
    part.write_bytes(data)
    part.replace(target)
