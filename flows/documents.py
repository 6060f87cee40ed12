"""Every Dokument of one delivery becomes a PDF/A with text and is judged; short Dokumente are read side by side.

A delivery of a thousand one-page Dokumente would else use one core: their pages are parallel only inside a Dokument.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from uuid import UUID, uuid5

from akten.errors import Rejected
from akten.files import FileFacts, PageRef, PdfA
from akten.findings import Finding, Severity
from akten.model import Akte
from flows.steps import Run
from flows.wiring import Services
from ingest.delivery import Delivery
from ingest.options import Blanks
from ocr.judging import judge_documents
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.pdfa import PdfaValidator
from ocr.recognise import PageProfile, RecogniseRequest, recognise
from ocr.warm import CallEach

Progress = Callable[[str, int, int], None]  # what is being done, how much of how much

_PAGE = re.compile(r"Seite ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Recognised:
    """Everything that recognition gave for one delivery; `findings` name the delivered files that they are about."""

    pdfas: Mapping[UUID, PdfA]
    pages: int
    blank_pages: int
    findings: tuple[Finding, ...] = ()


def recognise_documents(
    services: Services,
    delivery: Delivery,
    akte: Akte,
    pages: Mapping[UUID, Sequence[PageRef]],
    facts: Mapping[UUID, FileFacts],
    result: Path,
    progress: Progress,
    run: Run,
) -> Recognised:
    """The judged PDF/A of each Dokument in `pages`, in `result`.

    Raises what `ocr.recognise` raises for the first Dokument that fails; none begins after that.
    """
    profile = services.intake.profile(delivery.slip.profil)
    page_profile = PageProfile(
        dpi=profile.dpi if profile else 300, drop_blank=bool(profile and profile.blanks is Blanks.DROP)
    )
    scans = {scan.uuid: scan for scan in delivery.scans}
    titles = {dokument.uuid: dokument.betreff for dokument in akte.dokumente}
    services.prepare_to_judge()
    requests = [
        RecogniseRequest(
            uuid=uuid5(dokument, "pdfa"),
            title=titles[dokument],
            pages=tuple(refs),
            scans=scans,
            facts=facts,
            profile=page_profile,
            folder=result,
            created=services.now().replace(microsecond=0),
        )
        for dokument, refs in pages.items()
    ]
    look = services.sandbox.call_each
    made = run("erkennen", side_by_side, requests, services.pool, services.ocr, services.reference, look, progress)
    progress("PDF/A prüfen", 0, 1)
    judged = run(
        "prüfen",
        judge_documents,
        list(zip(made, requests, strict=True)),
        services.validators,
        services.ocr,
        result,
        look,
    )
    # Counted from what was made, each page of the delivery once, also where two Dokumente share it.
    blank = {page.source for pdfa in judged for page in pdfa.pages if page.blank}
    every = {page.source for pdfa in judged for page in pdfa.pages}
    said = [in_files(pdfa.findings, request) for pdfa, request in zip(judged, requests, strict=True)]
    return Recognised(dict(zip(pages, judged, strict=True)), len(every), len(blank), tuple(chain.from_iterable(said)))


def in_files(findings: Iterable[Finding], request: RecogniseRequest) -> tuple[Finding, ...]:
    """The findings about one Dokument with the delivered file of each: „Seite 1“ alone, each of sixty has.

    What merely explains stays as it is, so that it is said once of all.
    """
    return tuple(
        finding if finding.severity is Severity.INFO else replace(finding, where=_place(finding.where, request))
        for finding in findings
    )


def _place(where: str, request: RecogniseRequest) -> str:
    """File and page for the page of a Dokument, else the files of the Dokument before what is told."""
    page = _PAGE.fullmatch(where)
    if page is not None and 1 <= int(page[1]) <= len(request.pages):
        ref = request.pages[int(page[1]) - 1]
        return f"{request.scans[ref.scan].name}, Seite {ref.page}"
    names = list(dict.fromkeys(request.scans[ref.scan].name for ref in request.pages))
    if any(name in where for name in names):
        return where
    files = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
    return f"{files}, {where}" if where else files


def side_by_side(
    requests: Sequence[RecogniseRequest],
    pool: PagePool,
    options: OcrOptions,
    reference: PdfaValidator,
    look: CallEach,
    progress: Progress,
) -> list[PdfA]:
    """All of them in their order. What goes by the document path starts tools of its own, so one after the other.

    Raises what the first of them in this order raises; none begins after a failure.
    """
    total = sum(len(request.pages) for request in requests)
    all_done = 0
    counting, tools = threading.Lock(), threading.Lock()

    def read(request: RecogniseRequest) -> PdfA:
        mine = 0

        def told(pages_done: int, of: int) -> None:
            nonlocal all_done, mine
            del of
            with counting:
                all_done, mine = all_done + pages_done - mine, pages_done
                progress("Texterkennung", all_done, total)

        try:
            if all(request.facts[page.scan].scan_only for page in request.pages):
                return recognise(request, pool, options, told, reference, look)
            with tools:
                return recognise(request, pool, options, told, reference, look)
        except Rejected as rejected:
            raise Rejected(in_files(rejected.findings, request)) from rejected

    # One more than workers: while the pages of one are joined, those of the next are read.
    at_once = min(len(requests), options.workers + 1)
    with ThreadPoolExecutor(max(1, at_once), thread_name_prefix="dokument") as threads:
        futures = [threads.submit(read, request) for request in requests]
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in futures:
            future.cancel()  # a page failed, or somebody pressed Ctrl-C; else all are done
    return [future.result() for future in futures]
