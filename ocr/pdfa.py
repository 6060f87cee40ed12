"""The port PdfaValidator, the verdict over several validators, and the judge of foreign files (rules PA-nn).

veraPDF is the reference: without its word nothing is "ok". The others stand beside it; a dispute is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from akten.errors import Unavailable
from akten.files import ValidatorReport
from akten.findings import Finding, Judgement, Verdict, judgement
from ocr.findings import error, info, warning
from ocr.options import OcrOptions

REFERENCE = "veraPDF"
_CLAIM_BYTES = 4 << 20
_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*(\d)")
_LEVEL = re.compile(rb"pdfaid:conformance\s*(?:=\s*[\"']|>)\s*([A-Za-z])")

RULES: dict[str, tuple[str, str]] = {
    "PA-01": ("Die Datei ist ein PDF.", "ISO 32000-1 §7.5.2"),
    "PA-02": ("Die Datei sagt, welches PDF/A sie sein will.", "ISO 19005-2 §6.6.4"),
    "PA-03": ("Die Datei erfüllt das PDF/A, das sie sein will.", "ISO 19005-1/-2/-3"),
    "PA-04": ("Die Prüfer sind sich einig; sonst entscheidet veraPDF, und der Streit wird genannt.", "ocr.md §4.2"),
    "PA-05": ("Ohne veraPDF gilt keine Datei als geprüft.", "ocr.md §4.4"),
    "PA-06": ("Alle Prüfer haben geurteilt.", "ocr.md §4.2"),
}


class PdfaValidator(Protocol):
    """Judges one PDF/A file. `validate` never raises for what is in the file; no answer is `not_checked`."""

    @property
    def name(self) -> str:
        """Its name as it stands in reports."""
        ...

    @property
    def version(self) -> str:
        """Its version, "" when it is not there."""
        ...

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        """What it says of the file as this flavour ("2b")."""
        ...


@dataclass(frozen=True, slots=True)
class PdfaReport:
    """What the judge says of a foreign file; `flavour` is the one claimed, "" when none is."""

    judgement: Judgement
    flavour: str
    reports: tuple[ValidatorReport, ...]
    findings: tuple[Finding, ...]


def judge_pdfa(
    path: Path, flavour: str, validators: Sequence[PdfaValidator]
) -> tuple[Verdict, tuple[ValidatorReport, ...], tuple[Finding, ...]]:
    """The verdict on one file, every validator's word, and findings about failures and disputes."""
    reports = tuple(validator.validate(path, flavour) for validator in validators)
    verdict, findings = verdict_of(reports, flavour, path.name)
    return verdict, reports, findings


def verdict_of(reports: tuple[ValidatorReport, ...], flavour: str, where: str) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict that the reports add up to, and findings about failures and disputes."""
    findings: list[Finding] = []
    reference = next((report for report in reports if report.name == REFERENCE), None)
    if reference is None or reference.verdict is Verdict.NOT_CHECKED:
        why = reference.why if reference else "veraPDF ist nicht unter den Prüfern."
        findings.append(warning("PA-05", where, f"PDF/A ist nicht geprüft: {why}"))
        return Verdict.NOT_CHECKED, tuple(findings)
    others = [report for report in reports if report is not reference]
    for report in others:
        if report.verdict is Verdict.NOT_CHECKED:
            findings.append(info("PA-06", where, f"{report.name} hat nicht geurteilt: {report.why}"))
        elif report.verdict is not reference.verdict:
            said = "gültig" if report.verdict is Verdict.OK else "ungültig"
            clauses = f" ({', '.join(report.clauses[:5])})" if report.clauses else ""
            text = f"{report.name} nennt die Datei {said}{clauses}, veraPDF widerspricht; veraPDF entscheidet."
            findings.append(warning("PA-04", where, text))
    if reference.verdict is Verdict.FAILED:
        clauses = ", ".join(reference.clauses[:10]) or "ohne nähere Angabe"
        findings.append(error("PA-03", where, f"Kein gültiges PDF/A-{flavour or reference.flavour}: {clauses}."))
    return reference.verdict, tuple(findings)


def claimed_flavour(path: Path) -> str | None:
    """The flavour that the file's XMP claims ("2b"), "" when it claims none, None when it is no PDF at all.

    Reads bytes only; the XMP of a PDF/A is never compressed (ISO 19005-1 §6.7.2), and where a foreign file hides it the
    claim is not seen, which is right: a PDF/A must show it. Raises Unavailable when the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            if b"%PDF-" not in stream.read(1024):
                return None
            stream.seek(0)
            before = b""
            part = level = None
            while block := stream.read(_CLAIM_BYTES):
                window = before + block
                part = _PART.search(window) or part
                level = _LEVEL.search(window) or level
                before = window[-4096:]
    except OSError as reason:
        raise Unavailable(f"Die Datei ist nicht lesbar ({reason.strerror}).") from reason
    if part is None:
        return ""
    return part[1].decode() + (level[1].decode().lower() if level else "")


def judge_file(path: Path, validators: Sequence[PdfaValidator], options: OcrOptions) -> PdfaReport:
    """Judges whether a foreign file is the PDF/A that it claims to be. Raises Unavailable when it cannot be read."""
    del options
    flavour = claimed_flavour(path)
    if flavour is None:
        no_pdf = error("PA-01", path.name, "Die Datei ist kein PDF.")
        return PdfaReport(Judgement.INVALID, "", (), (no_pdf,))
    if not flavour:
        no_claim = error("PA-02", path.name, "Die Datei sagt nicht, dass sie PDF/A sein will (kein pdfaid im XMP).")
        return PdfaReport(Judgement.INVALID, "", (), (no_claim,))
    verdict, reports, findings = judge_pdfa(path, flavour, validators)
    # Second opinions beside the reference are advice on foreign files; a dispute does not make a valid file doubtful.
    complete = verdict is not Verdict.NOT_CHECKED
    advised = tuple(info(f.code, f.where, f.text) if f.code == "PA-04" else f for f in findings)
    return PdfaReport(judgement(advised, complete=complete), flavour, reports, advised)


def tiny_valid_pdfa(target: Path) -> Path:
    """Writes a small valid PDF/A-2b of our own making, for asking validators whether they work."""
    import pikepdf
    from pikepdf import pdfa

    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdfa.save(pdf, target, "2b")
    return target
