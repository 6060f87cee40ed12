"""Sends the pages of image-only scans through the pool and gathers what came of them; a page fails alone."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from akten.files import FileKind, PageRef, PageResult, Rendition
from akten.findings import Finding, Severity
from akten.model import clean_text
from ocr.hocr import text_fragment
from ocr.jobs import PageJob, PageOutcome
from ocr.level import UNICODE
from ocr.models import model_digests
from ocr.options import OcrOptions
from ocr.pages import PagePool, WorkerDied
from ocr.request import RecogniseRequest


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring pages that go the same way; for the document path all of one scan. `first` counts from 1."""

    by_image: bool
    first: int
    pages: tuple[PageRef, ...]


@dataclass(slots=True)
class Part:
    """What one stretch of pages gave: results, page files for the PDF, pieces of hOCR."""

    results: list[PageResult]
    files: list[Path]
    fragments: list[str | Path]
    losses: list[str]
    findings: list[Finding]
    tools: dict[str, str]
    rendition: Rendition
    flavour: str = UNICODE  # all text of a page that we make is ours, and leads to Unicode


def scan_part(
    request: RecogniseRequest,
    stretch: Stretch,
    pool: PagePool,
    options: OcrOptions,
    progress: Callable[[int], None],
    work: Path,
) -> Part:
    """All pages of a stretch, made in the pool; `progress` hears the number of each page that is done, in order."""
    jobs = [(page, _page_job(request, page, number, work)) for number, page in enumerate(stretch.pages, stretch.first)]
    part = through_pool(jobs, pool, options, progress)
    if request.profile.drop_blank:
        _drop_blanks(part)
    return part


def through_pool(
    jobs: Iterable[tuple[PageRef, PageJob]], pool: PagePool, options: OcrOptions, progress: Callable[[int], None]
) -> Part:
    """What the pool made of the pages, in their order."""
    part = Part([], [], [], [], [], {}, Rendition.SCANNED)
    waiting: deque[tuple[PageRef, PageJob, Future[PageOutcome]]] = deque()
    rest = deque(jobs)
    try:
        while rest or waiting:
            # Only a window of pages is handed in, so that progress is heard and other Akten get their turn.
            while rest and len(waiting) < 4 * options.workers:
                page, job = rest.popleft()
                waiting.append((page, job, pool.submit(job)))
            page, job, future = waiting.popleft()
            _take(part, page, job, _settled(future, job, pool), options)
            progress(job.number)
    finally:
        for _, _, future in waiting:
            future.cancel()
    if "tesseract" in "".join(part.tools.values()):
        part.tools |= model_digests(options)
    return part


def _page_job(request: RecogniseRequest, page: PageRef, number: int, work: Path) -> PageJob:
    scan, facts = request.scans[page.scan], request.facts[page.scan]
    found = facts.pages[page.page - 1] if page.page <= len(facts.pages) else None
    return PageJob(
        source=str(scan.path),
        page=page.page,
        number=number,
        is_pdf=facts.kind is FileKind.PDF,
        profile_dpi=request.profile.dpi,
        dpi=found.dpi if found else None,
        out=str(work / f"{number:06d}.pdf"),
        hocr=str(work / f"{number:06d}.hocr"),
    )


def _settled(future: Future[PageOutcome], job: PageJob, pool: PagePool) -> tuple[PageOutcome, str | None]:
    """The outcome of a page and why it could not be read: once more if its worker was killed, then as image only."""
    try:
        outcome = future.result()
    except WorkerDied as first:
        why = first.reason
        if first.again:
            try:
                outcome = pool.submit(job).result()
            except WorkerDied as second:
                why = second.reason
            else:
                if outcome.error is None:
                    return outcome, None
    else:
        if outcome.error is None:
            return outcome, None
        why = outcome.error[1]
        if outcome.error[0] == "OC-04":  # too large to be looked at, so also to be kept unseen
            return outcome, why
    try:
        kept = pool.submit(replace(job, read=False)).result()
    except WorkerDied as error:
        return PageOutcome(error=("OC-02", error.reason)), why
    return kept, why


def _take(
    part: Part, page: PageRef, job: PageJob, settled: tuple[PageOutcome, str | None], options: OcrOptions
) -> None:
    """Enters one page into the part."""
    outcome, why = settled
    where = f"Seite {job.number}"
    if job.layer and outcome.error is not None:  # the page itself stays in its file
        why, outcome = why or outcome.error[1], PageOutcome()
        part.fragments.append(text_fragment(job.number, ""))
    elif job.layer:
        part.fragments.append(Path(job.hocr))
    if outcome.error is not None:
        code, text = outcome.error
        part.findings.append(Finding(code, Severity.ERROR, where, text))
        part.findings.append(
            Finding("OC-02", Severity.ERROR, where, f"Die Seite lässt sich nicht übernehmen: {why or text}")
        )
        part.results.append(PageResult(job.number, page, 0.0, 0.0, failed=why or text))
        return
    if not job.layer:
        part.files.append(Path(job.out))
        part.fragments.append(Path(job.hocr))
    part.losses += [f"{where}: {loss}" for loss in outcome.losses]
    part.findings += [Finding("OC-08", Severity.INFO, where, f"{loss}.") for loss in outcome.losses]
    if outcome.engine[0]:
        part.tools[outcome.engine[0]] = outcome.engine[1]
    if why is not None:
        text = f"Die Seite konnte nicht gelesen werden und bleibt als Bild ohne Text: {why}"
        part.findings.append(Finding("OC-01", Severity.WARNING, where, text))
    elif outcome.confidence is not None and outcome.confidence < options.review_confidence:
        text = f"Die mittlere Lesesicherheit ist {outcome.confidence:.0f} von 100."
        part.findings.append(Finding("OC-06", Severity.WARNING, where, text))
    elif not outcome.blank and not outcome.words:
        part.findings.append(Finding("OC-09", Severity.INFO, where, "Auf der Seite wurde kein Text gefunden."))
    part.results.append(
        PageResult(
            number=job.number,
            source=page,
            width_mm=outcome.width_mm,
            height_mm=outcome.height_mm,
            blank=outcome.blank,
            words=outcome.words,
            confidence=outcome.confidence,
            turned=outcome.turned,
            turned_confidence=outcome.turned_confidence,
            skew=outcome.skew,
            retried=outcome.retried,
            failed=why,
            text=clean_text(outcome.text),
            thumbnail=_thumbnail(outcome.thumbnail),
        )
    )


def _thumbnail(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if text else None
    except binascii.Error:
        return None


def _drop_blanks(part: Part) -> None:
    """Leaves blank pages out of the PDF; where every page is blank all stay, for a Dokument has pages."""
    blanks = {f"{result.number:06d}.pdf": result for result in part.results if result.blank}
    kept = [path for path in part.files if path.name not in blanks]
    if not kept:
        return
    part.files = kept
    part.results = [replace(result, dropped=True) if result.blank else result for result in part.results]
    for result in blanks.values():
        where = f"Seite {result.number}"
        part.losses.append(f"{where}: Leerseite weggelassen")
        part.findings.append(Finding("OC-07", Severity.INFO, where, "Die leere Seite wurde weggelassen."))
