"""Beyond PDF/A validity: is every page of the PDF/A the picture that its scan is? (rules PC-nn)

Validity says nothing about pixels: a white page in place of a scan is valid PDF/A. So every page is rendered small and
held against its source, in the sandbox, in pieces, with flat memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from akten.files import Colour, FileKind, PageResult, PdfA, Rendition
from akten.findings import Finding
from ocr.ends import SandboxDied
from ocr.findings import error, page, warning
from ocr.options import Limits, OcrOptions
from ocr.request import RecogniseRequest

RULES: dict[str, tuple[str, str]] = {
    "PC-01": ("Das PDF/A hat so viele Seiten wie das Dokument.", "ocr.md §4.3"),
    "PC-02": ("Jede Seite hat ihre Größe in Millimetern behalten.", "ocr.md §4.3"),
    "PC-03": ("Jede Seite zeigt das Bild ihres Scans.", "ocr.md §4.3; TR-03138 A.NB.3"),
    "PC-04": ("Jede Seite mit erkannten Wörtern trägt sie auch im PDF.", "ocr.md §4.3"),
    "PC-05": ("Jede Seite und ihr Scan lassen sich darstellen.", "ocr.md §4.3"),
    "PC-06": ("Der Vergleich hat stattgefunden.", "ocr.md §4.3"),
    "PC-07": ("Ein unverändert übernommenes PDF/A gleicht dem gelieferten Byte für Byte.", "TR-03138"),
}

_TRUE_COLOURS = (Colour.BILEVEL, Colour.GRAY, Colour.RGB, Colour.PALETTE)  # others change in brightness
FUNCTION = "ocr.likeness:compare_pages"
PAGES_AT_ONCE = 40  # in one call of the sandbox


def comparing_limits(options: OcrOptions) -> Limits:
    """What the comparison of one run of pages may cost."""
    return Limits(
        cpu_seconds=options.page_limits.cpu_seconds + 4 * PAGES_AT_ONCE,
        wall_seconds=options.page_limits.wall_seconds + 10 * PAGES_AT_ONCE,
        memory_bytes=options.file_limits.memory_bytes,
    )


def comparisons(pdfa: PdfA, request: RecogniseRequest) -> list[dict[str, Any]]:
    """What is asked in the sandbox, one entry per run of pages; nothing for a file that was kept as it came."""
    if pdfa.rendition is Rendition.KEPT:
        return []
    expected = pdfa.kept_pages
    return [
        {
            "pdf": str(pdfa.path.resolve()),
            "count": len(expected),
            "first": start,
            "pages": [_source(result, request) for result in expected[start : start + PAGES_AT_ONCE]],
        }
        for start in range(0, max(1, len(expected)), PAGES_AT_ONCE)
    ]


def findings_of(
    pdfa: PdfA, request: RecogniseRequest, answers: Sequence[dict[str, Any] | SandboxDied]
) -> tuple[Finding, ...]:
    """The answers from the sandbox as findings; a kept file must be the delivered one byte for byte."""
    if pdfa.rendition is Rendition.KEPT:
        same = any(request.scans[uuid].digests == pdfa.digests for uuid in pdfa.sources)
        text = "Das übernommene PDF/A hat andere Bytes als die gelieferte Datei."
        return () if same else (error("PC-07", pdfa.path.name, text),)
    return tuple(dict.fromkeys(_findings(answers, pdfa.kept_pages)))


def _source(result: PageResult, request: RecogniseRequest) -> dict[str, Any]:
    """One page to be compared. `scan_mm` is the size that the scan itself has, where that is known."""
    scan, facts = request.scans[result.source.scan], request.facts[result.source.scan]
    found = facts.pages[result.source.page - 1] if result.source.page <= len(facts.pages) else None
    sized = found is not None and (facts.kind is FileKind.PDF or (facts.scan_only and found.dpi is not None))
    return {
        "number": result.number,
        "path": str(scan.path.resolve()),
        "page": result.source.page,
        "is_pdf": facts.kind is FileKind.PDF,
        "said_mm": [result.width_mm, result.height_mm],
        "scan_mm": [found.width_mm, found.height_mm] if found is not None and sized else None,
        "words": result.words,
        "strict": found is not None and facts.scan_only and found.colour in _TRUE_COLOURS,
    }


def _findings(answers: Sequence[dict[str, Any] | SandboxDied], expected: Sequence[PageResult]) -> Iterator[Finding]:
    for position, answer in enumerate(answers):
        if isinstance(answer, SandboxDied):
            first = position * PAGES_AT_ONCE
            numbers = [result.number for result in expected[first : first + PAGES_AT_ONCE]] or [1]
            where = f"Seite {numbers[0]} bis {numbers[-1]}"
            text = f"Der Bildvergleich mit dem Scan ist nicht zu Ende gekommen ({answer.text})."
            yield error("PC-06", where, text)
            continue
        for code, number, text in answer.get("findings", ()):
            make = warning if code == "PC-04" else error
            yield make(str(code), page(int(number)) if number else "", str(text))
