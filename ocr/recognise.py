"""Makes one PDF/A with searchable text of the pages of one Dokument, by the scan path, the document path, or both.

The target appears under its name only when it is whole; the scans are never touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import metadata
from itertools import groupby
from pathlib import Path
from uuid import UUID

from akten.errors import Rejected
from akten.files import PageRef, PageResult, PdfA, Rendition, digest_file
from akten.findings import Finding, Severity
from akten.model import clean_text
from ocr.documentpath import DocumentResult, convert_document
from ocr.documenttext import DocumentReader
from ocr.hocr import own_fragment, text_fragment, write_hocr
from ocr.jobs import AssemblyJob, AssemblyOutcome
from ocr.level import leads_to_unicode
from ocr.losses import known_losses
from ocr.options import OcrOptions
from ocr.ownwords import own_pages
from ocr.pages import PagePool, WorkerDied
from ocr.pdfa import PdfaValidator
from ocr.request import PageProfile, RecogniseRequest
from ocr.sandbox import call_each
from ocr.scanpages import Part, Stretch, scan_part
from ocr.verapdf import VeraPdf
from ocr.warm import CallEach

__all__ = ["RULES", "PageProfile", "RecogniseRequest", "recognise"]

RULES: dict[str, tuple[str, str]] = {
    "OC-01": ("Eine Seite, deren Erkennung scheitert, bleibt als Bild ohne Text erhalten.", "Hausregel"),
    "OC-02": ("Eine Seite, die sich nicht übernehmen lässt, hält das Dokument auf.", "Hausregel"),
    "OC-03": ("Jede Seite muss sich öffnen lassen.", "Hausregel"),
    "OC-04": ("Kein Bild hat mehr Bildpunkte, als die Einstellung erlaubt.", "Hausregel"),
    "OC-05": ("Die Bildpunkte jeder Seite müssen sich lesen lassen.", "Hausregel"),
    "OC-06": ("Seiten mit niedriger Lesesicherheit sieht ein Mensch an.", "Hausregel"),
    "OC-07": ("Weggelassene Leerseiten werden genannt und als Vorschau aufbewahrt.", "TR-03138 (RESISCAN)"),
    "OC-08": ("Jede Änderung gegenüber dem Scan wird genannt.", "ISO 19005-2 §6.2; TR-03138"),
    "OC-09": ("Eine nicht leere Seite ohne Text wird genannt.", "Hausregel"),
    "OC-10": ("Was nicht PDF/A ist, wird nicht geschrieben.", "ISO 19005-2"),
}


def recognise(
    request: RecogniseRequest,
    pool: PagePool,
    options: OcrOptions,
    progress: Callable[[int, int], None] | None = None,
    reference: PdfaValidator | None = None,
    look: CallEach = call_each,
) -> PdfA:
    """Makes the PDF/A and its hOCR; `progress` hears pages done and pages in all.

    `reference` is the veraPDF that runs already; without it one is started where a document needs it. By `look` files
    are compared and judged, in the sandbox.

    Raises Rejected when no usable file comes out (with the findings), Unavailable and Misconfigured as the pool does.
    A page that fails alone is told in its PageResult and in the findings.
    """
    request.folder.mkdir(parents=True, exist_ok=True)
    work = request.folder / f"{request.uuid}.seiten"
    shutil.rmtree(work, ignore_errors=True)  # what a killed run left behind
    work.mkdir()
    try:
        with ExitStack() as stack:
            means = _Means(pool, options, reference or stack.enter_context(VeraPdf(options)), look, work)
            return _recognise(request, means, progress or (lambda _done, _all: None))
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Means:
    """With what one Dokument is made: workers, settings, judges of documents, and a folder for what lies between."""

    pool: PagePool
    options: OcrOptions
    reference: PdfaValidator
    look: CallEach
    work: Path


def _recognise(request: RecogniseRequest, means: _Means, progress: Callable[[int, int], None]) -> PdfA:
    stretches = _stretches(request)
    if len(stretches) == 1 and not stretches[0].by_image:
        total = len(request.pages)
        part = _document_part(request, stretches[0], request.target, means, lambda done: progress(done, total))
        progress(total, total)
    else:
        part = _joined(request, stretches, means, progress)
    _write_hocr(request, part, means.work)
    used = dict.fromkeys(page.scan for page in request.pages)
    return PdfA(
        uuid=request.uuid,
        path=request.target,
        digests=digest_file(request.target),
        flavour=part.flavour,
        rendition=part.rendition,
        pages=tuple(part.results),
        sources=tuple(used),
        hocr=request.hocr,
        hocr_digests=digest_file(request.hocr),
        tools=tuple(part.tools.items()),
        losses=tuple(dict.fromkeys(part.losses)),
        findings=tuple(part.findings),
    )


def _stretches(request: RecogniseRequest) -> list[Stretch]:
    def way(item: tuple[int, PageRef]) -> UUID | None:
        scan = item[1].scan
        return None if request.facts[scan].scan_only else scan

    return [
        Stretch(key is None, items[0][0], tuple(page for _, page in items))
        for key, group in groupby(enumerate(request.pages, 1), key=way)
        if (items := list(group))
    ]


def _joined(
    request: RecogniseRequest,
    stretches: Sequence[Stretch],
    means: _Means,
    progress: Callable[[int, int], None],
) -> Part:
    every = Part([], [], [], [], [], {}, Rendition.SCANNED)
    total, unicode = len(request.pages), True
    for stretch in stretches:
        if stretch.by_image:
            part = scan_part(
                request, stretch, means.pool, means.options, lambda done: progress(done, total), means.work
            )
            for scan in dict.fromkeys(page.scan for page in stretch.pages):
                part.losses += known_losses(request.facts[scan])
        else:
            target = means.work / f"{stretch.first:06d}.pdf"
            part = _document_part(request, stretch, target, means, lambda done: progress(done, total))
            progress(stretch.first + len(stretch.pages) - 1, total)
        every.results += part.results
        every.files += part.files
        every.fragments += part.fragments
        every.losses += part.losses
        every.findings += part.findings
        every.tools |= part.tools
        unicode = unicode and leads_to_unicode(part.flavour)
        if part.rendition is not Rendition.SCANNED:
            every.rendition = Rendition.CONVERTED if every.rendition is not Rendition.BESIDE else every.rendition
            if part.rendition is Rendition.BESIDE:
                every.rendition = Rendition.BESIDE
    if not every.files:
        raise Rejected(tuple(every.findings))
    every.flavour = _assemble(request, every, means, unicode=unicode)
    return every


def _assemble(request: RecogniseRequest, every: Part, means: _Means, *, unicode: bool) -> str:
    """Joins the page files; returns what the file claims. Raises Rejected when the judge denies it."""
    job = AssemblyJob(
        tuple(map(str, every.files)),
        str(means.work / "document.pdf"),
        str(request.target),
        request.title,
        request.created.isoformat(),
        unicode,
    )
    try:
        outcome = means.pool.assemble(job).result()
    except WorkerDied as error:
        outcome = AssemblyOutcome(0, (error.reason,))
        if error.again:
            try:
                outcome = means.pool.assemble(job).result()
            except WorkerDied as again:
                outcome = AssemblyOutcome(0, (again.reason,))
    if outcome.denied:
        told = "; ".join(outcome.denied[:3])
        text = f"Das PDF/A ließ sich nicht schreiben. Bitte das Dokument neu scannen. (Meldung der Prüfung: {told})"
        raise Rejected((*every.findings, Finding("OC-10", Severity.ERROR, "Dokument", text)))
    every.tools["pikepdf"] = metadata.version("pikepdf")
    return outcome.flavour


def _document_part(
    request: RecogniseRequest,
    stretch: Stretch,
    target: Path,
    means: _Means,
    progress: Callable[[int], None],
) -> Part:
    scan_id = stretch.pages[0].scan
    facts = request.facts[scan_id]
    numbers = tuple(page.page for page in stretch.pages)
    whole = numbers == tuple(range(1, len(facts.pages) + 1))
    options, work = means.options, means.work
    reader = DocumentReader(stretch, facts, means.pool, options, work, progress)
    some = None if whole else numbers
    made = convert_document(
        request.scans[scan_id], facts, some, target, options, work, reader, means.reference, means.look
    )
    read = {result.number: place for place, result in enumerate(made.read.results)}
    results = []
    fragments: list[str | Path] = []
    words = own_pages(made.words)
    for place, page in enumerate(stretch.pages):
        number, own = stretch.first + place, next(words, None)
        if number in read:
            results.append(_read_page(made, read[number], place))
            fragments.append(made.read.fragments[read[number]])
            continue
        text = clean_text(made.pages_text[place]) if place < len(made.pages_text) else ""
        width, height = made.sizes_mm[place] if place < len(made.sizes_mm) else (0.0, 0.0)
        results.append(
            PageResult(number, page, width, height, blank=place in made.blank, words=len(text.split()), text=text)
        )
        fragment = work / f"{number:06d}.hocr"  # a page has thousands of words, and a file thousands of pages
        fragment.write_text(own_fragment(number, own) if own else text_fragment(number, text), encoding="utf-8")
        fragments.append(fragment)
    return Part(
        results,
        [made.path],
        fragments,
        list(made.losses),
        list(made.findings),
        dict(made.tools),
        made.rendition,
        made.flavour,
    )


def _read_page(made: DocumentResult, read: int, place: int) -> PageResult:
    """A page whose words were read, in the size that it has in the rendition."""
    result = made.read.results[read]
    width, height = made.sizes_mm[place] if place < len(made.sizes_mm) else (result.width_mm, result.height_mm)
    return replace(result, width_mm=width, height_mm=height)


def _write_hocr(request: RecogniseRequest, part: Part, work: Path) -> None:
    draft = work / "text.hocr"
    system = ", ".join(f"{name} {version}" for name, version in part.tools.items())
    pieces = (item if isinstance(item, str) else item.read_text(encoding="utf-8") for item in part.fragments)
    write_hocr(draft, request.title, system, pieces)
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(request.hocr)
