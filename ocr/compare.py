"""Beyond PDF/A validity: is every page of the PDF/A the picture that its scan is? (rules PC-nn)

Validity says nothing about pixels: a white page in place of a scan is valid PDF/A. So every page is rendered small and
held against its source, in the sandbox, in pieces, with flat memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from akten.errors import Unavailable
from akten.files import FileKind, PageResult, PdfA, Rendition
from akten.findings import Finding
from ocr.findings import error, page, warning
from ocr.options import Limits, OcrOptions
from ocr.request import RecogniseRequest
from ocr.sandbox import SandboxDied, call_each

RULES: dict[str, tuple[str, str]] = {
    "PC-01": ("Das PDF/A hat so viele Seiten wie das Dokument.", "ocr.md §4.3"),
    "PC-02": ("Jede Seite hat ihre Größe in Millimetern behalten.", "ocr.md §4.3"),
    "PC-03": ("Jede Seite zeigt das Bild ihres Scans.", "ocr.md §4.3; TR-03138 A.NB.3"),
    "PC-04": ("Jede Seite mit erkannten Wörtern trägt sie auch im PDF.", "ocr.md §4.3"),
    "PC-05": ("Jede Seite und ihr Scan lassen sich darstellen.", "ocr.md §4.3"),
    "PC-06": ("Der Vergleich hat stattgefunden.", "ocr.md §4.3"),
    "PC-07": ("Ein unverändert übernommenes PDF/A gleicht dem gelieferten Byte für Byte.", "TR-03138"),
}

FUNCTION = "ocr.compare:compare_pages"
_CHUNK = 40  # pages per call in the sandbox
_EDGE = 320  # pixels of the longer edge of the pictures compared
_LIKENESS = 0.75  # correlation of two pictures of the same page; different pages lie far below
_EMPTY_SPREAD = 5.0  # gray levels: below this a picture has nothing to correlate
_EMPTY_DISTANCE = 12.0  # mean difference in gray levels that two nearly empty pictures may have
_MM = 25.4 / 72
_SIZE_TOLERANCE = 1.0  # mm


def check_against_scan(pdfa: PdfA, request: RecogniseRequest, options: OcrOptions, folder: Path) -> tuple[Finding, ...]:
    """Findings about page count, page sizes, pictures and text of a PDF/A held against its scans.

    Raises Unavailable when a file of ours cannot be read; a comparison that dies is an error finding, never silence.
    """
    questions = comparisons(pdfa, request)
    if not questions:
        return findings_of(pdfa, request, [])
    try:
        answers = call_each(FUNCTION, questions, limits=comparing_limits(options), folder=folder, options=options)
    except OSError as reason:
        raise Unavailable(f"Der Bildvergleich lässt sich nicht ausführen ({reason.strerror}).") from reason
    return findings_of(pdfa, request, answers)


def comparing_limits(options: OcrOptions) -> Limits:
    """What the comparison of one run of pages may cost."""
    return Limits(
        cpu_seconds=options.page_limits.cpu_seconds + 4 * _CHUNK,
        wall_seconds=options.page_limits.wall_seconds + 10 * _CHUNK,
        memory_bytes=options.file_limits.memory_bytes,
    )


def comparisons(pdfa: PdfA, request: RecogniseRequest) -> list[dict[str, Any]]:
    """What is asked in the sandbox, one entry per run of pages; nothing for a file that was kept as it came."""
    if pdfa.rendition is Rendition.KEPT:
        return []
    expected = _expected(pdfa, request)
    return [
        {
            "pdf": str(pdfa.path.resolve()),
            "count": len(expected),
            "first": start,
            "pages": [_source(result, request) for result in expected[start : start + _CHUNK]],
        }
        for start in range(0, max(1, len(expected)), _CHUNK)
    ]


def findings_of(
    pdfa: PdfA, request: RecogniseRequest, answers: Sequence[dict[str, Any] | SandboxDied]
) -> tuple[Finding, ...]:
    """The answers from the sandbox as findings; a kept file must be the delivered one byte for byte."""
    if pdfa.rendition is Rendition.KEPT:
        same = any(request.scans[uuid].digests == pdfa.digests for uuid in pdfa.sources)
        text = "Das übernommene PDF/A hat andere Bytes als die gelieferte Datei."
        return () if same else (error("PC-07", pdfa.path.name, text),)
    return tuple(dict.fromkeys(_findings(answers, _expected(pdfa, request))))


def _expected(pdfa: PdfA, request: RecogniseRequest) -> list[PageResult]:
    """The pages that the PDF/A must have: all but dropped blanks."""
    return [result for result in pdfa.pages if not (request.profile.drop_blank and result.blank)]


def _source(result: PageResult, request: RecogniseRequest) -> dict[str, Any]:
    scan = request.scans[result.source.scan]
    return {
        "number": result.number,
        "path": str(scan.path.resolve()),
        "page": result.source.page,
        "is_pdf": request.facts[scan.uuid].kind is FileKind.PDF,
        "width_mm": result.width_mm,
        "height_mm": result.height_mm,
        "words": result.words,
    }


def _findings(answers: Sequence[dict[str, Any] | SandboxDied], expected: list[PageResult]) -> Iterator[Finding]:
    for position, answer in enumerate(answers):
        if isinstance(answer, SandboxDied):
            first = position * _CHUNK
            numbers = [result.number for result in expected[first : first + _CHUNK]] or [1]
            where = f"Seite {numbers[0]} bis {numbers[-1]}"
            text = f"Der Bildvergleich mit dem Scan ist nicht zu Ende gekommen ({answer.reason})."
            yield error("PC-06", where, text)
            continue
        for code, number, text in answer.get("findings", ()):
            make = warning if code == "PC-04" else error
            yield make(str(code), page(int(number)) if number else "", str(text))


# --- in the sandbox ---------------------------------------------------------------------------------------------------


def compare_pages(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: findings as (code, page number, text) for one run of pages."""
    import pypdfium2

    found: list[tuple[str, int, str]] = []
    document = pypdfium2.PdfDocument(payload["pdf"])
    try:
        if len(document) != payload["count"]:
            text = f"Das PDF/A hat {len(document)} Seiten, das Dokument {payload['count']}."
            return {"findings": [("PC-01", 0, text)]}
        opened: dict[str, Any] = {}
        for offset, source in enumerate(payload["pages"]):
            found.extend(_compare_page(document[payload["first"] + offset], source, opened))
    finally:
        document.close()
    return {"findings": found}


def _compare_page(made: Any, source: dict[str, Any], opened: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    number = source["number"]
    width, height = (edge * _MM for edge in made.get_size())
    wanted = sorted((source["width_mm"], source["height_mm"]))
    if any(abs(a - b) > _SIZE_TOLERANCE for a, b in zip(sorted((width, height)), wanted, strict=True)):
        text = f"Die Seite misst {width:.0f} × {height:.0f} mm statt {wanted[0]:.0f} × {wanted[1]:.0f} mm."
        yield "PC-02", number, text
    if source["words"] and not made.get_textpage().count_chars():
        yield "PC-04", number, "Der erkannte Text fehlt im PDF."
    picture = _rendered(made)
    scan = _scan_picture(source, opened)
    if scan is None or picture is None:
        yield "PC-05", number, "Die Seite oder ihr Scan lässt sich nicht darstellen."
    elif not _alike(picture, scan):
        yield "PC-03", number, "Die Seite im PDF/A zeigt nicht das Bild ihres Scans."


def _rendered(page_: Any) -> Any:
    """A small gray picture of a PDF page, or None."""
    longest = max(page_.get_size())
    if longest <= 0:
        return None
    # Rendered at twice the size and reduced: thin lines of plans would else vanish in one of the two pictures only.
    bitmap = page_.render(scale=2 * _EDGE / longest, grayscale=True, may_draw_forms=False)
    picture = bitmap.to_pil().convert("L")
    return picture.reduce(2)


def _scan_picture(source: dict[str, Any], opened: dict[str, Any]) -> Any:
    """A small gray picture of the scanned page, on white, upright as the file says; None when it cannot be drawn."""
    from PIL import Image, ImageOps

    path = source["path"]
    if source["is_pdf"]:
        import pypdfium2

        if path not in opened:
            opened[path] = pypdfium2.PdfDocument(path)
        return _rendered(opened[path][source["page"] - 1])
    Image.MAX_IMAGE_PIXELS = None  # the header was judged when the file was examined
    with Image.open(path) as image:
        image.seek(source["page"] - 1)
        image.draft("L", (2 * _EDGE, 2 * _EDGE))
        picture = _gray(image)
        factor = max(1, max(picture.size) // _EDGE)
        return ImageOps.exif_transpose(picture.reduce(factor)) if factor > 1 else picture


def _gray(image: Any) -> Any:
    from PIL import Image

    if image.mode.startswith(("I;16", "I")) and image.mode != "1":
        values = image.convert("I")
        return values.point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        colours = image.convert("RGBA")
        white = Image.new("RGBA", colours.size, "white")
        return Image.alpha_composite(white, colours).convert("L")
    return image.convert("L")


def _alike(made: Any, scan: Any) -> bool:
    """True when both show the same, in any of the four positions: turning is no fault of the picture."""
    import numpy

    best = -1.0
    for turn in range(4):
        turned = scan.rotate(90 * turn, expand=True)
        # Sizes are judged in millimetres apart: a fax has fewer lines than columns per inch, so pixels may not agree.
        a = numpy.asarray(made, dtype=numpy.float32)
        b = numpy.asarray(turned.resize(made.size, 2), dtype=numpy.float32)
        if min(a.std(), b.std()) < _EMPTY_SPREAD:
            if abs(a - b).mean() < _EMPTY_DISTANCE:
                return True
            continue
        a, b = _softened(a), _softened(b)
        best = max(best, float(numpy.corrcoef(a.ravel(), b.ravel())[0, 1]))
    return best >= _LIKENESS


def _softened(values: Any) -> Any:
    """Means over 3 × 3 pixels, so that two ways of reducing a picture do not differ in its finest lines."""
    height, width = (edge // 3 * 3 for edge in values.shape)
    return values[:height, :width].reshape(height // 3, 3, width // 3, 3).mean(axis=(1, 3))
