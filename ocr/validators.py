"""Second opinions on PDF/A: pikepdf.pdfa and page-validation, both run in the sandbox because files may be foreign."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from akten.files import ValidatorReport
from akten.findings import Verdict
from ocr.options import Limits, OcrOptions
from ocr.sandbox import SandboxDied, call_each

_FLAVOURS_PIKEPDF = ("1b", "2b", "3b")
_FLAVOURS_PAGE = ("1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u")
_MOST_CLAUSES = 40
_STREAM_LENGTH = "STREAM-LENGTH"


def judging_limits(options: OcrOptions) -> Limits:
    """What one question to a validator may cost."""
    return Limits(
        cpu_seconds=int(options.validator_seconds * 4),
        wall_seconds=options.validator_seconds * 6,
        memory_bytes=options.file_limits.memory_bytes,
    )


class SandboxedValidator:
    """A validator that is a function of ours in a child process; no answer is `not_checked`."""

    name = ""
    package = ""
    flavours: tuple[str, ...] = ()
    function = ""

    def __init__(self, options: OcrOptions, scratch: Path) -> None:
        self._options = options
        self._scratch = scratch

    @property
    def version(self) -> str:
        """The installed version, "" when it is not installed."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        """What the validator says of the file as `flavour`."""
        question = self.question(path, flavour)
        if isinstance(question, ValidatorReport):
            return question
        self._scratch.mkdir(parents=True, exist_ok=True)
        limits = judging_limits(self._options)
        (answer,) = call_each(self.function, [question], limits=limits, folder=self._scratch, options=self._options)
        return self.report(flavour, answer)

    def question(self, path: Path, flavour: str) -> dict[str, Any] | ValidatorReport:
        """What is asked in the sandbox, or the report where there is nothing to ask."""
        if not self.version:
            return self._not_checked(flavour, f"Das Python-Paket {self.package} fehlt: make install ausführen.")
        if flavour not in self.flavours:
            # u and a add to b; what a validator cannot judge it must not approve.
            return self._not_checked(flavour, f"{self.name} beurteilt PDF/A-{flavour or '?'} nicht.")
        return {"path": str(path.resolve()), "flavour": flavour}

    def report(self, flavour: str, answer: dict[str, Any] | SandboxDied) -> ValidatorReport:
        """The answer from the sandbox as a report."""
        if isinstance(answer, SandboxDied):
            return self._not_checked(flavour, f"{self.name} hat nicht geantwortet ({answer.reason}).")
        clauses = tuple(str(clause) for clause in answer.get("clauses", ()))[:_MOST_CLAUSES]
        verdict = Verdict(answer.get("verdict", Verdict.NOT_CHECKED.value))
        return ValidatorReport(self.name, self.version, verdict, flavour, clauses, str(answer.get("why", "")))

    def _not_checked(self, flavour: str, why: str) -> ValidatorReport:
        return ValidatorReport(self.name, self.version, Verdict.NOT_CHECKED, flavour, (), why)


class PikepdfValidator(SandboxedValidator):
    """pikepdf.pdfa: an allowlist; it denies much that is right and is meant for files of our own making."""

    name = "pikepdf.pdfa"
    package = "pikepdf"
    flavours = _FLAVOURS_PIKEPDF
    function = "ocr.validators:ask_pikepdf"


class PageValidation(SandboxedValidator):
    """page-validation: a rule engine over the whole of ISO 19005-1 to -3."""

    name = "page-validation"
    package = "page-validation"
    flavours = _FLAVOURS_PAGE
    function = "ocr.validators:ask_page"


def ask_pikepdf(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: the verdict of pikepdf.pdfa on one file."""
    from pikepdf import pdfa

    report = pdfa.validate_written(payload["path"], payload["flavour"])
    if report.passed:
        return {"verdict": Verdict.OK.value}
    clauses = sorted({str(getattr(finding, "rule_id", "?")) for finding in report.findings})
    if clauses == ["pikepdf:internal"]:
        return {"verdict": Verdict.NOT_CHECKED.value, "why": "pikepdf.pdfa konnte nicht zu Ende prüfen."}
    return {"verdict": Verdict.FAILED.value, "clauses": clauses}


def ask_page(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: the verdict of page-validation on one file, its known false alarm looked at again."""
    import page

    limits = page.SafetyLimits(
        max_input_size=8 << 30,
        max_decoded_stream_size=1 << 30,
        max_total_decoded_content_size=4 << 30,
        max_object_count=20_000_000,
    )
    try:
        report = page.validate_pdf(payload["path"], profile=payload["flavour"], limits=limits)
    except page.SafetyLimitError:
        return {"verdict": Verdict.NOT_CHECKED.value, "why": "page-validation: eine Sicherheitsgrenze ist erreicht."}
    except page.ParseError:
        return {"verdict": Verdict.FAILED.value, "clauses": ["nicht als PDF lesbar"]}
    if report.is_compliant:
        return {"verdict": Verdict.OK.value}
    clauses = sorted({str(failure.rule_id) for failure in report.failures})
    if all(_STREAM_LENGTH in clause for clause in clauses) and _lengths_are_right(payload["path"]):
        return {"verdict": Verdict.OK.value, "why": "Fehlalarm zur Länge von Datenströmen, nachgeprüft."}
    return {"verdict": Verdict.FAILED.value, "clauses": clauses}


def _lengths_are_right(path: str) -> bool:
    """True when every stream ends exactly at its /Length: the alarm is false when its last byte is a CR."""
    import re

    import pikepdf

    data = Path(path).read_bytes()
    with pikepdf.open(path) as pdf:
        for found in re.finditer(rb"(?<![0-9])(\d+) (\d+) obj\b", data):
            try:
                stream = pdf.get_object(int(found[1]), int(found[2]))
            except (IndexError, ValueError, pikepdf.PdfError):
                continue
            if not isinstance(stream, pikepdf.Stream):
                continue
            begin = re.compile(rb"stream\r?\n").search(data, found.end())
            if begin is None:
                return False
            end = begin.end() + int(stream.Length)
            if data[end : end + 11].lstrip(b"\r\n")[:9] != b"endstream":
                return False
    return True
