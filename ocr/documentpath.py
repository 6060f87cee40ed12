"""The document path: a PDF that is more than page images becomes PDF/A, or is kept as it is (ISO 19005-2).

A delivered valid PDF/A is kept byte for byte, also a signed one. Everything else gets a rendition: cleaned of what
PDF/A forbids, made by the first way that works, each judged and held against its source: the internal backend alone,
ocrmypdf, Ghostscript, pictures of the pages. What is lost on the way is said; the original stays in the package in any
case. Every tool runs in the sandbox, and the output of one that did not end well is thrown away.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from akten.diskwords import in_german
from akten.errors import Rejected, Unavailable
from akten.files import FileFacts, Form, Rendition, Scan
from akten.findings import Finding, Verdict
from akten.plural import plural
from ocr.compare import FUNCTION as COMPARE
from ocr.compare import PAGES_AT_ONCE
from ocr.documentread import LACKING, lacks_letters, read_document
from ocr.documenttext import DocumentReader
from ocr.documenttools import REASONS, Prepared
from ocr.ends import Outcome, SandboxDied
from ocr.findings import error, info
from ocr.level import BASIC, highest_level
from ocr.losses import known_losses
from ocr.options import OcrOptions
from ocr.pdfa import PdfaValidator
from ocr.sandbox import call_each, run_limited
from ocr.scanpages import Part
from ocr.validators import PageValidation
from ocr.walls import SEARCH_PATH
from ocr.warm import CallEach
from ocr.workshop import Workshop, document_limits

_GHOSTSCRIPT = "Ghostscript"
_PIKEPDF = "pikepdf"
_PICTURES = "pypdfium2"

RULES: dict[str, tuple[str, str]] = {
    "OD-01": ("Ein PDF, das sich nicht in PDF/A wandeln lässt, hält das Dokument auf.", "ocr.md §4.1"),
    "OD-02": ("Jeder Verlust bei der Umwandlung wird genannt; das Original bleibt im Paket.", "TR-03138 A.NB.1"),
}


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """The rendition of one PDF: where it lies, how it was made, what it lost, and text and size of every page."""

    path: Path
    flavour: str
    rendition: Rendition
    losses: tuple[str, ...]
    tools: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    pages_text: tuple[str, ...]
    sizes_mm: tuple[tuple[float, float], ...]
    blank: frozenset[int]  # places of the pages that show nothing, from 0
    words: Path  # the words that the pages have themselves, with their places (`ocr.ownwords`)
    read: Part  # what the pages say that were read because their words are a picture


@dataclass(frozen=True, slots=True)
class _Means:
    """With what a document is worked on: its workshop, how files are looked at in the sandbox, and the reference."""

    shop: Workshop
    look: CallEach
    reference: PdfaValidator

    @property
    def page_validation(self) -> PageValidation:
        return PageValidation(self.shop.options, self.shop.folder, self.look)


def convert_document(
    scan: Scan,
    facts: FileFacts,
    pages: tuple[int, ...] | None,
    target: Path,
    options: OcrOptions,
    folder: Path,
    reader: DocumentReader,
    reference: PdfaValidator,
    look: CallEach = call_each,
) -> DocumentResult:
    """The rendition of `scan` (or of some of its pages) at `target`; nothing half is left there.

    By `look` files are compared and judged, in the sandbox.

    Raises Rejected (OD-01) when no way gives a good PDF/A, Unavailable when disk or a tool of ours fails.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dokument-", dir=folder, ignore_cleanup_errors=True) as name,
        Workshop(options, Path(name)) as shop,
    ):
        means = _Means(shop, look, reference)
        if pages is None and facts.pdfa_claim and not facts.encrypted:
            kept = _kept(scan, facts.pdfa_claim, target, means, reader)
            if kept is not None:
                return kept
        prepared = _prepared(scan, pages, shop)
        count = len(pages) if pages is not None else len(facts.pages)
        pictured = _read_pictures(prepared.path, reader, shop)
        made, tool, more = _made(prepared, pictured, count, means)
        read = said = read_document(made, shop)
        if tool[0] == _PICTURES:  # they carry the words by their boxes: the page itself tells its text better
            said = read_document(prepared.path, shop, as_seen=True)
        elif tool[0] == _GHOSTSCRIPT:
            source = read_document(pictured.path, shop, words="quelle.jsonl")
            if lacks_letters(read, source):
                said, more = source, (*more, LACKING)
        words = reader.keep(said.words)
        flavour = highest_level(made, (means.page_validation.validate, reference.validate))
        _place(made, target)
    losses = (
        *known_losses(facts, fonts_stay=tool[0] == _PIKEPDF),  # so they set invisible text only
        *prepared.losses,
        *pictured.losses,
        *more,
        *_lost_notes(prepared.notes - read.notes),
    )
    findings = [info("OD-02", "", f"In der Wiedergabe fehlt oder ist verändert: {loss}") for loss in losses]
    beside = bool(facts.signatures or facts.form is not Form.NONE or facts.attachments)
    rendition = Rendition.BESIDE if beside else Rendition.CONVERTED
    return DocumentResult(
        target,
        flavour,
        rendition,
        losses,
        (tool, *pictured.part.tools.items()),
        (*findings, *pictured.part.findings),
        said.texts,
        read.sizes_mm,
        read.blank,
        words,
        pictured.part,
    )


def _kept(
    scan: Scan,
    claim: str,
    target: Path,
    means: _Means,
    reader: DocumentReader,
) -> DocumentResult | None:
    """The delivered file itself, when it is the valid PDF/A that it claims to be; words read stand beside it only."""
    flavour = claim.lower()
    if not _valid(scan.path, flavour, means, foreign=True):
        return None
    read = read_document(scan.path, means.shop)
    said = reader.read(scan.path.resolve(), read.texts, read.words)
    words = reader.keep(read.words)
    _place(scan.path, target, copy=True)
    return DocumentResult(
        target,
        flavour,
        Rendition.KEPT,
        (),
        tuple(said.tools.items()),
        tuple(said.findings),
        read.texts,
        read.sizes_mm,
        read.blank,
        words,
        said,
    )


def _valid(path: Path, flavour: str, means: _Means, *, foreign: bool) -> bool:
    """True when a file is PDF/A. A foreign one wants the word of the reference too; ours are judged again later."""
    verdict = means.page_validation.validate(path, flavour).verdict
    if verdict is Verdict.FAILED:  # it was never wrong with that on the corpora (ocr.md §4.2)
        return False
    if verdict is Verdict.OK and not foreign:
        return True
    word = means.reference.validate(path, flavour).verdict
    return word is Verdict.OK or (word is Verdict.NOT_CHECKED and verdict is Verdict.OK)


def _shows_the_same(path: Path, source: Path, count: int, means: _Means, *, parts: bool = True) -> bool:
    """True when every page of the candidate shows what its source shows; a tool's exit code says nothing.

    With `parts` also no part of a page may lack what the source has there, such as a stamp.
    """
    pages = [
        {"number": n, "path": str(source), "page": n, "is_pdf": True, "said_mm": None, "scan_mm": None, "words": 0,
         "strict": False, "parts": parts}
        for n in range(1, count + 1)
    ]  # fmt: skip
    runs = [
        {"pdf": str(path), "count": count, "first": first, "pages": pages[first : first + PAGES_AT_ONCE]}
        for first in range(0, count, PAGES_AT_ONCE)
    ]
    shop = means.shop
    limits = document_limits(shop.options, PAGES_AT_ONCE)
    answers = means.look(COMPARE, runs, limits=limits, folder=shop.folder, options=shop.options)
    return all(not isinstance(answer, SandboxDied) and not answer.get("findings") for answer in answers)


def _prepared(scan: Scan, pages: tuple[int, ...] | None, shop: Workshop) -> Prepared:
    payload = {
        "path": str(scan.path.resolve()),
        "target": str((shop.folder / "vorbereitet.pdf").resolve()),
        "pages": None if pages is None else list(pages),
    }
    try:
        answer = shop.ask("ocr.documenttools:prepare", payload)
    except SandboxDied as died:
        text = f"Das PDF lässt sich nicht zur Umwandlung öffnen ({died.text}). Bitte neu liefern oder zurückgeben."
        raise Rejected((error("OD-01", scan.name, text),)) from died
    if reason := answer.get("refused"):
        raise Rejected((error("OD-01", scan.name, REASONS.get(str(reason), REASONS["broken"])),))
    losses = tuple(str(loss) for loss in answer["losses"])
    return Prepared(Path(str(payload["target"])), losses, int(answer["notes"]))


# --- the ways ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that may become the rendition, what made it, and whether pikepdf found it good."""

    path: Path
    tool: tuple[str, str]
    judged: bool = True


@dataclass(frozen=True, slots=True)
class _Pictured:
    """What was read of pages that bear their words as a picture, the file that has these words, and what it lacks."""

    part: Part
    path: Path
    losses: tuple[str, ...] = ()


def _read_pictures(path: Path, reader: DocumentReader, shop: Workshop) -> _Pictured:
    texts: tuple[str, ...] = ()
    words: Path | None = None
    if reader.to_read:
        try:
            own = read_document(path, shop)
            texts, words = own.texts, own.words
        except (Unavailable, Rejected) as died:  # what cannot be drawn fails the comparison and is refused there
            return _Pictured(reader.unread(died.text), path)
    part = reader.read(path.resolve(), texts, words)
    laid = reader.lay(path.resolve(), part, shop)
    if laid is None:
        return _Pictured(part, path, ("Der erkannte Text ließ sich nicht ins PDF legen; er steht in der Textdatei.",))
    return _Pictured(part, laid)


def _made(
    prepared: Prepared, pictured: _Pictured, count: int, means: _Means
) -> tuple[Path, tuple[str, str], tuple[str, ...]]:
    """The first candidate that has all pages and is valid, the tool that made it, and what that way loses."""
    ways: tuple[tuple[Callable[[Path, Workshop, int], _Candidate | None], tuple[str, ...]], ...]
    ways = (
        (_by_declaring, ()),
        (_by_ocrmypdf, ()),
        (_by_ghostscript, ("Farben und Schriften können umgerechnet sein (Ghostscript).",)),
        (_by_pictures, ("Die Seiten sind als Bilder mit 200 dpi wiedergegeben; ihr Text liegt unsichtbar darüber.",)),
    )
    for way, losses in ways:
        candidate = way(pictured.path, means.shop, count)
        if candidate is None:
            continue
        path = candidate.path
        parts = way is not _by_pictures  # in which fine lines are paler, and nothing can be missing
        same = _shows_the_same(path.resolve(), prepared.path.resolve(), count, means, parts=parts)
        if same and _valid(path, BASIC, means, foreign=not candidate.judged):
            return path, candidate.tool, losses
    text = "Das PDF lässt sich auf keinem Weg in gültiges PDF/A wandeln. Bitte als Scan oder PDF/A neu liefern."
    raise Rejected((error("OD-01", "", text),))


def _by_declaring(source: Path, shop: Workshop, count: int) -> _Candidate | None:
    """pikepdf alone, where fonts are embedded and nothing is forbidden."""
    tool = (_PIKEPDF, importlib.metadata.version("pikepdf"))
    return _declared(source, shop.folder / "erklaert.pdf", tool, shop, count)


def _declared(source: Path, out: Path, tool: tuple[str, str], shop: Workshop, count: int) -> _Candidate | None:
    payload = {"path": str(source.resolve()), "target": str(out.resolve())}
    try:
        answer = shop.ask("ocr.documenttools:declare", payload, count)
    except SandboxDied:
        return None
    return _Candidate(out, tool, bool(answer.get("judged"))) if answer.get("ok") and out.is_file() else None


def _by_ocrmypdf(source: Path, shop: Workshop, count: int) -> _Candidate | None:
    """What more than a declaration is wanted for; images stay untouched. What is to be read was read before."""
    out = shop.folder / "ocrmypdf.pdf"
    command = [
        sys.executable, "-m", "ocrmypdf", "--skip-text", "--ocr-engine", "none", "--output-type", "pdfa-2",
        "--pdfa-backend", "internal", "--optimize", "0", "--jobs", "1", "-q", str(source.resolve()), str(out.resolve()),
    ]  # fmt: skip
    return _ran(command, out, ("ocrmypdf", importlib.metadata.version("ocrmypdf")), shop, count)


def _by_ghostscript(source: Path, shop: Workshop, count: int) -> _Candidate | None:
    """Ghostscript rewrites everything in sRGB; pikepdf then declares PDF/A. Its exit code alone proves nothing."""
    if shutil.which("gs", path=SEARCH_PATH) is None:  # where the sandbox looks, whatever this process has for a PATH
        return None
    raw = shop.folder / "gs-roh.pdf"
    command = [
        "gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-dPDFA=2", "-dPDFACompatibilityPolicy=1",
        "-sColorConversionStrategy=RGB", "-dEmbedAllFonts=true", "-dAutoRotatePages=/None",
        "-dAutoFilterColorImages=false", "-dColorImageFilter=/FlateEncode", "-dAutoFilterGrayImages=false",
        "-dGrayImageFilter=/FlateEncode", "-dDownsampleColorImages=false", "-dDownsampleGrayImages=false",
        "-dDownsampleMonoImages=false", f"-sOutputFile={raw.resolve()}", str(source.resolve()),
    ]  # fmt: skip
    asked = _run(["gs", "--version"], shop)
    tool = (_GHOSTSCRIPT, asked.stdout.decode("ascii", "replace").strip()[:20])
    made = _ran(command, raw, tool, shop, count)
    if made is None:
        return None
    return _declared(raw, shop.folder / "gs.pdf", tool, shop, count)


def _by_pictures(source: Path, shop: Workshop, count: int) -> _Candidate | None:
    """Every page as a picture: the last resort, complete in look and poor in everything else."""
    out = shop.folder / "bilder.pdf"
    payload = {"path": str(source.resolve()), "target": str(out.resolve()), "dpi": 200, "most": shop.options.max_pixels}
    try:
        answer = shop.ask("ocr.pagepictures:picture_pages", payload, count)
    except SandboxDied:
        return None
    tool = (_PICTURES, importlib.metadata.version(_PICTURES))
    return _Candidate(out, tool) if answer.get("ok") and out.is_file() else None


def _ran(command: list[str], out: Path, tool: tuple[str, str], shop: Workshop, count: int) -> _Candidate | None:
    """The output of a tool that ended well; of any other nothing is kept."""
    outcome = _run(command, shop, count)
    if outcome.killed_from_outside:  # nothing against the file; the next way would give less
        out.unlink(missing_ok=True)
        outcome = _run(command, shop, count)
    if outcome.returncode != 0 or outcome.timed_out or not out.is_file():
        out.unlink(missing_ok=True)
        return None
    return _Candidate(out, tool)


def _run(command: list[str], shop: Workshop, pages: int = 1) -> Outcome:
    limits = document_limits(shop.options, pages)
    return run_limited(command, limits=limits, folder=shop.folder, options=shop.options)


# --- the end ----------------------------------------------------------------------------------------------------------


def _lost_notes(number: int) -> tuple[str, ...]:
    if number <= 0:
        return ()
    notes = plural(number, "Anmerkung", "Anmerkungen")
    return (f"{notes} mit Text und ohne eigenes Aussehen (im Original erhalten).",)


def _place(made: Path, target: Path, *, copy: bool = False) -> None:
    """Puts the file at its place whole and forced to the disk."""
    partial = target.with_name(target.name + ".teil")
    try:
        if copy:
            shutil.copyfile(made, partial)
        else:
            shutil.move(made, partial)
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(target)
    except OSError as reason:
        raise Unavailable(f"Die Wiedergabe lässt sich nicht ablegen ({in_german(reason.errno)}).") from reason
