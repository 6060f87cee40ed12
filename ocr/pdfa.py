"""The port `PdfaValidator` and what follows from the words of several of them: the verdict on a PDF/A file (PA rules).

veraPDF is the reference (it is the validator of the PDF Association); pikepdf and page-validation stand beside it.
Never "ok" without the reference having looked, and never stamped: a file that is not judged is *not checked*.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from akten.diskwords import in_german
from akten.files import ValidatorReport
from akten.findings import Finding, Judgement, Verdict, judgement
from ocr.ends import SandboxDied
from ocr.findings import error, info, warning
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_limited
from ocr.scratch import ScratchFolder

REFERENCE = "veraPDF"
_ALLOWLIST = "pikepdf.pdfa"
FLAVOURS = ("1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u", "4", "4e", "4f")
_PLAIN = re.compile(r"[0-9][a-z]?\Z")
_CLAUSES_SHOWN = 5
_WHOLE = "Datei"

RULES: dict[str, tuple[str, str]] = {
    "PA-01": ("Das Referenzprogramm veraPDF hält die Datei für gültig", "ISO 19005; ocr.md §4.4"),
    "PA-02": ("veraPDF hat die Datei wirklich geprüft", "Auftrag §3: nicht geprüft ist nicht gültig"),
    "PA-03": ("Ein zweites Prüfprogramm widerspricht der Referenz nicht", "ocr.md §4.2"),
    "PA-04": ("Die Datei ist eine lesbare PDF-Datei", "ISO 32000-1 §7.5"),
    "PA-05": ("Die Datei sagt selbst, welches PDF/A sie ist", "ISO 19005-2 §6.6.4"),
    "PA-06": ("Das behauptete PDF/A ist eines, das es gibt", "ISO 19005-1 bis -4"),
    "PA-07": ("Ein Prüfprogramm neben der Referenz lief", "ocr.md §4.2"),
    "PA-08": ("Die Datei lässt sich lesen", "eigene Regel"),
}


class PdfaValidator(Protocol):
    """A judge of PDF/A files: says ok or failed only when it looked, else not_checked with a German `why`."""

    @property
    def name(self) -> str:
        """Its name as it stands in reports."""
        ...

    @property
    def version(self) -> str:
        """Its version, "" when it is not there."""
        ...

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        """Judges one file against a flavour such as "2b"; never raises for a bad file."""
        ...


@dataclass(frozen=True, slots=True)
class PdfaReport:
    """What `archiv pdfa pruefe` says of a foreign file; `flavour` is what the file claims, or empty."""

    judgement: Judgement
    flavour: str
    reports: tuple[ValidatorReport, ...]
    findings: tuple[Finding, ...]


def judge_pdfa(
    path: Path, flavour: str, validators: Sequence[PdfaValidator]
) -> tuple[Verdict, tuple[ValidatorReport, ...], tuple[Finding, ...]]:
    """The verdict on one file from the words of all validators, each asked once."""
    reports = tuple(validator.validate(path, flavour) for validator in validators)
    verdict, findings = weigh(reports)
    return verdict, reports, findings


def weigh(reports: Sequence[ValidatorReport]) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict that follows from the reports: the reference decides, and a dispute with it is shown."""
    findings: list[Finding] = []
    reference = next((report for report in reports if report.name == REFERENCE), None)
    if reference is None or reference.verdict is Verdict.NOT_CHECKED:
        why = reference.why if reference is not None else "veraPDF ist nicht eingerichtet; make install ausführen."
        findings.append(warning("PA-02", _WHOLE, f"Die Datei wurde von veraPDF nicht geprüft: {why}"))
    elif reference.verdict is Verdict.FAILED:
        text = f"veraPDF hält die Datei nicht für gültiges PDF/A: {_shown(reference)}"
        findings.append(error("PA-01", _WHOLE, text))
    for report in reports:
        if report is reference:
            continue
        if report.verdict is Verdict.NOT_CHECKED:
            findings.append(info("PA-07", _WHOLE, f"{report.name} hat nicht geprüft: {report.why}"))
        elif report.verdict is Verdict.FAILED:
            findings.append(_against(report, reference))
    if reference is None or reference.verdict is Verdict.NOT_CHECKED:
        failed = any(report.verdict is Verdict.FAILED for report in reports)
        return (Verdict.FAILED if failed else Verdict.NOT_CHECKED), tuple(findings)
    return reference.verdict, tuple(findings)


def _against(report: ValidatorReport, reference: ValidatorReport | None) -> Finding:
    """What the objection of a second validator means: nothing new, a dispute, or the only word there is."""
    text = f"{report.name} beanstandet: {_shown(report)}"
    if reference is None or reference.verdict is Verdict.NOT_CHECKED:
        return error("PA-03", _WHOLE, f"{text}; veraPDF konnte den Streit nicht entscheiden")
    if reference.verdict is Verdict.OK:
        return warning("PA-03", _WHOLE, f"{text}; veraPDF als Referenz hält die Datei für gültig")
    return info("PA-03", _WHOLE, text)


def _shown(report: ValidatorReport) -> str:
    clauses = report.clauses[:_CLAUSES_SHOWN]
    more = len(report.clauses) - len(clauses)
    return (
        ", ".join(clauses) + (f" und {more} weitere" if more > 0 else "") if clauses else (report.why or "ohne Angabe")
    )


def judge_file(path: Path, validators: Sequence[PdfaValidator], options: OcrOptions) -> PdfaReport:
    """The judgement on any file: is it what it claims to be? Never raises for a bad file; nothing is written to it."""
    before = _state(path)
    with ScratchFolder("pdfa") as folder:
        link = folder / "datei.pdf"  # a foreign name may be no UTF-8, and then no reader of PDF takes it
        link.symlink_to(path.absolute())
        report = _judged(link, validators, options)
    if _state(path) != before:
        changed = warning("PA-08", _WHOLE, "Die Datei hat sich geändert, während sie geprüft wurde.")
        return PdfaReport(Judgement.UNCHECKED, report.flavour, report.reports, (changed,))
    return report


def _state(path: Path) -> tuple[int, int, int] | None:
    """What tells a changed file from the same; None when there is none to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _judged(path: Path, validators: Sequence[PdfaValidator], options: OcrOptions) -> PdfaReport:
    flavour, finding = claimed_flavour(path, options)
    if finding is not None:
        whole = finding.code != "PA-08"  # could not look: unchecked, never invalid
        return PdfaReport(judgement((finding,), complete=whole), flavour, (), (finding,))
    verdict, reports, findings = judge_pdfa(path, flavour, validators)
    # Allowlists deny much that is allowed: their objection does not lower a file that the reference passed, and is not
    # enough to call a file invalid that the reference did not see.
    if verdict is Verdict.FAILED and all(r.name == _ALLOWLIST for r in reports if r.verdict is Verdict.FAILED):
        verdict = Verdict.NOT_CHECKED
        findings = tuple(warning(f.code, f.where, f.text) if f.code == "PA-03" else f for f in findings)
    advice = tuple(info(f.code, f.where, f.text) if verdict is Verdict.OK and _is_advice(f) else f for f in findings)
    return PdfaReport(judgement(advice, complete=verdict is not Verdict.NOT_CHECKED), flavour, reports, advice)


def _is_advice(finding: Finding) -> bool:
    """True for what pikepdf's allowlist denies, but for a named object that is missing: that page may be white."""
    return finding.code == "PA-03" and finding.text.startswith(_ALLOWLIST) and "resource-missing" not in finding.text


def claimed_flavour(path: Path, options: OcrOptions) -> tuple[str, Finding | None]:
    """The flavour a file claims in its XMP, read in the sandbox; the finding when there is none to judge by."""
    if path.exists() and not path.is_file():  # a FIFO would be waited for without end
        return "", error("PA-04", _WHOLE, "Das ist keine gewöhnliche Datei; sie wurde nicht geöffnet.")
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as reason:
        return "", warning("PA-08", _WHOLE, f"Die Datei lässt sich nicht lesen ({in_german(reason.errno)}).")
    if b"%PDF-" not in head:
        return "", error("PA-04", _WHOLE, "Das ist keine PDF-Datei.")
    limits = Limits(cpu_seconds=30, wall_seconds=60.0, memory_bytes=1 << 30, file_bytes=1 << 24, open_files=64)
    with ScratchFolder("pdfa") as folder:
        try:
            payload = {"path": str(path.absolute()), "max_stream_bytes": options.max_stream_bytes}
            answer = call_limited("ocr.validators:read_claim", payload, limits=limits, folder=folder, options=options)
        except SandboxDied as died:
            return "", warning("PA-08", _WHOLE, f"Die PDF-Datei ließ sich nicht ansehen: {died.text}.")
    if answer.get("problem"):
        return "", error("PA-04", _WHOLE, str(answer["problem"])[:300])
    claim = str(answer.get("claim") or "")
    if not claim:
        return "", error(
            "PA-05", _WHOLE, "Die Datei behauptet nicht, PDF/A zu sein (keine PDF/A-Kennung in den XMP-Daten)."
        )
    if claim not in FLAVOURS:
        return claim if _PLAIN.match(claim) else "", error(
            "PA-06", _WHOLE, "Die Datei behauptet ein PDF/A, das es nicht gibt."
        )
    return claim, None
