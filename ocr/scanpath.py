"""The scan path of one page, run in a worker: page image out, blank or read, invisible text over untouched bytes.

Everything comes and goes by files and small values: a job names a file and a page, the outcome names what was found;
the page itself lies as a one-page PDF and a piece of hOCR in the job's folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf

from akten.brokenwords import broken_in_german
from ocr.embedding import Stored
from ocr.engine import OcrEngine
from ocr.jobs import PageJob, PageOutcome
from ocr.looking import Look, look_at, outcome_of, write_fragment, write_whole
from ocr.options import OcrOptions
from ocr.pageimage import PageUnreadable
from ocr.pagelayer import make_layer
from ocr.pagepdf import conforms, page_pdf
from ocr.pdfpage import page_of
from ocr.source import Source, drawn_source, from_image, from_pdf, size_mm


def do_page(
    job: PageJob, engine: Callable[[], OcrEngine], options: OcrOptions, cpu: Callable[[], float]
) -> PageOutcome:
    """Does one page; a page that cannot be used gives an outcome with an error, never an exception of a decoder."""
    try:
        with _opened(job) as pdf:
            if job.layer and pdf is not None:
                return make_layer(job, pdf, engine, options, cpu)
            source = _source(job, pdf, options)
            return _finish(job, source, pdf, engine, options, cpu)
    except PageUnreadable as error:
        return PageOutcome(error=(error.code, error.text))
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:  # the second is no sort of the first
        return PageOutcome(error=("OC-03", f"Die PDF-Datei lässt sich nicht öffnen ({broken_in_german(error)})."))


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
    look = look_at(source, engine, options, cpu) if job.read else Look()
    rotate = (source.rotate + look.turn) % 360
    write_whole(Path(job.out), page_pdf(source, rotate, look.reading, look.to_stored.then(source.pixels_to_page)))
    write_fragment(job, source, look)
    return outcome_of(look, size_mm(source), rotate, source.losses)


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
