"""Second opinions on PDF/A: pikepdf.pdfa and page-validation, both run in the sandbox because files may be foreign."""

from __future__ import annotations

import importlib.metadata
from dataclasses import replace
from pathlib import Path
from typing import Any

from akten.files import ValidatorReport
from akten.findings import Verdict
from ocr.ends import SandboxDied
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_each
from ocr.warm import CallEach

_FLAVOURS_PIKEPDF = ("1b", "2b", "2u", "3b", "3u")
_LEVEL_CLAIM = "6.6.4-3"  # of ISO 19005-2 and -3: the letter that a file claims
_FLAVOURS_PAGE = ("1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u")
_MOST_CLAUSES = 40
_FEW = 3
_CLAUSE_LENGTH = 120


def judging_limits(options: OcrOptions) -> Limits:
    """What one question to a validator may cost."""
    return Limits(
        cpu_seconds=int(options.validator_seconds * 4),
        wall_seconds=options.validator_seconds * 6,
        memory_bytes=options.file_limits.memory_bytes,
    )


def _installed(package: str) -> str:
    """The installed version, "" when it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


class SandboxedValidator:
    """A validator that is a function of ours in a child process; no answer is `not_checked`."""

    name = ""
    package = ""
    flavours: tuple[str, ...] = ()
    function = ""

    def __init__(self, options: OcrOptions, scratch: Path, call: CallEach = call_each) -> None:
        self._options = options
        self._scratch = scratch
        self._call = call
        self.version = _installed(self.package)

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        """What the validator says of the file as `flavour`."""
        question = self.question(path, flavour)
        if isinstance(question, ValidatorReport):
            return question
        self._scratch.mkdir(parents=True, exist_ok=True)
        limits = judging_limits(self._options)
        (answer,) = self._call(self.function, [question], limits=limits, folder=self._scratch, options=self._options)
        return self.report(flavour, answer)

    def question(self, path: Path, flavour: str) -> dict[str, Any] | ValidatorReport:
        """What is asked in the sandbox, or the report where there is nothing to ask."""
        if not self.version:
            return self._not_checked(flavour, f"Das Python-Paket {self.package} fehlt: make install ausführen.")
        if flavour not in self.flavours:
            # u and a add to b; what a validator cannot judge it must not approve.
            return self._not_checked(flavour, f"{self.name} beurteilt PDF/A-{flavour or '?'} nicht.")
        return {"path": str(path.absolute()), "flavour": flavour}

    def report(self, flavour: str, answer: dict[str, Any] | SandboxDied) -> ValidatorReport:
        """The answer from the sandbox as a report."""
        if isinstance(answer, SandboxDied):
            return self._not_checked(flavour, f"{self.name} hat nicht geantwortet: {answer.text}.")
        clauses = tuple(str(clause)[:_CLAUSE_LENGTH] for clause in answer.get("clauses", ()))[:_MOST_CLAUSES]
        try:
            verdict = Verdict(str(answer.get("verdict")))
        except ValueError:
            return self._not_checked(flavour, f"{self.name} hat nichts Verständliches geantwortet.")
        return ValidatorReport(self.name, self.version, verdict, flavour, clauses, str(answer.get("why", "")))

    def _not_checked(self, flavour: str, why: str) -> ValidatorReport:
        return ValidatorReport(self.name, self.version, Verdict.NOT_CHECKED, flavour, (), why)


class PikepdfValidator(SandboxedValidator):
    """pikepdf.pdfa: an allowlist; it denies much that is right and is meant for files of our own making.

    It knows level b only: a file of level u is judged as b, and its report says so.
    """

    name = "pikepdf.pdfa"
    package = "pikepdf"
    flavours = _FLAVOURS_PIKEPDF
    function = "ocr.validators:ask_pikepdf"

    def report(self, flavour: str, answer: dict[str, Any] | SandboxDied) -> ValidatorReport:
        """The answer from the sandbox as a report, with the level that was judged."""
        report = super().report(flavour, answer)
        if not flavour.endswith("u") or report.verdict is not Verdict.OK:
            return report
        basic = f"{flavour[:-1]}b"
        return replace(report, flavour=basic, why=f"beurteilt als PDF/A-{basic}; die Stufe u kennt dieser Prüfer nicht")


class PageValidation(SandboxedValidator):
    """page-validation: a rule engine over the whole of ISO 19005-1 to -3."""

    name = "page-validation"
    package = "page-validation"
    flavours = _FLAVOURS_PAGE
    function = "ocr.pagejudge:ask_page"


def ask_pikepdf(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: the verdict of pikepdf.pdfa on one file; what it does not know it does not judge."""
    from pikepdf import pdfa

    flavour = str(payload["flavour"])
    report = pdfa.validate_written(payload["path"], flavour.replace("u", "b"))
    found = [finding for finding in report.findings if not _is_claim_of_u(finding, flavour)]
    clauses = list(dict.fromkeys(finding.rule for finding in found))
    if not found:
        return {"verdict": Verdict.OK.value}
    if any(finding.kind == "violation" for finding in found):
        return {"verdict": Verdict.FAILED.value, "clauses": clauses}
    why = f"pikepdf.pdfa kennt nicht alles, was in der Datei steht ({', '.join(clauses[:_FEW])})."
    return {"verdict": Verdict.NOT_CHECKED.value, "clauses": clauses, "why": why}


def _is_claim_of_u(finding: Any, flavour: str) -> bool:
    """True for the objection that a file of level u claims u."""
    return flavour.endswith("u") and finding.rule.endswith(_LEVEL_CLAIM) and "'U'" in finding.message


def read_claim(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: the flavour that a file claims in its XMP, or the German problem with opening it."""
    import pikepdf
    from pikepdf.settings import set_qpdf_limits

    from ocr.examine_pdf import pdfa_claim

    set_qpdf_limits(flate_max_memory=int(payload["max_stream_bytes"]))
    try:
        with pikepdf.open(payload["path"], suppress_warnings=True) as pdf:
            return {"claim": pdfa_claim(pdf)}
    except pikepdf.PasswordError:
        return {"problem": "Die Datei ist mit einem Kennwort verschlossen; PDF/A ist nie verschlüsselt."}
    except pikepdf.PikepdfError:
        return {"problem": "Die PDF-Datei ist beschädigt und lässt sich nicht öffnen."}
