"""How results leave: one JSON value on standard output, or German text for people; all else goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from akten.errors import ArchivError, Rejected
from akten.findings import Finding, Judgement, Severity, Verdict
from flows.receipt import finding_json

MARKS = {
    Verdict.OK: "[green]in Ordnung[/]",
    Verdict.FAILED: "[red]fehlerhaft[/]",
    Verdict.NOT_CHECKED: "[yellow]nicht geprüft[/]",
}
JUDGEMENTS = {
    Judgement.VALID: "[green]gültig[/]",
    Judgement.VALID_WITH_WARNING: "[yellow]gültig, mit Hinweisen[/]",
    Judgement.INVALID: "[red]ungültig[/]",
    Judgement.UNCHECKED: "[yellow]nicht geprüft[/]",
}
SEVERITIES = {
    Severity.ERROR: "[red]Fehler[/]",
    Severity.WARNING: "[yellow]Hinweis[/]",
    Severity.INFO: "Info",
}
EXIT_OF_VERDICT = {Verdict.OK: 0, Verdict.FAILED: 5, Verdict.NOT_CHECKED: 8}
EXIT_OF_JUDGEMENT = {
    Judgement.VALID: 0,
    Judgement.VALID_WITH_WARNING: 0,
    Judgement.INVALID: 3,
    Judgement.UNCHECKED: 8,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (UUID, Path)):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's words go; `as_json` chooses between one JSON value and text."""

    as_json: bool
    out: Console
    err: Console

    def result(self, value: Any, show: Callable[[Console], None]) -> None:
        """Writes the one result of a command, either as JSON or by `show`."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")
            sys.stdout.flush()
        else:
            show(self.out)

    def say(self, text: str) -> None:
        """A remark for people, on standard error."""
        self.err.print(text)

    def error(self, error: ArchivError) -> None:
        """An error of ours: text for people on standard error, and the JSON value where JSON was asked for."""
        findings = error.findings if isinstance(error, Rejected) else ()
        if self.as_json:
            value = {
                "error": type(error).__name__,
                "exit_code": error.exit_code,
                "text": error.text,
                "findings": [finding_json(f) for f in findings],
            }
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
            return
        if findings:
            self.err.print("[red]Beanstandet:[/]")
            self.err.print(findings_table(findings))
        else:
            self.err.print(f"[red]Fehler:[/] {error.text}", highlight=False)


def open_output(*, as_json: bool) -> Output:
    """Consoles for this process; text to a pipe is not wrapped at 80 columns."""
    wide = None if sys.stdout.isatty() else 160
    return Output(as_json, Console(width=wide, highlight=False), Console(stderr=True, highlight=False))


def findings_table(findings: Iterable[Finding]) -> Table:
    """Findings as a table for people."""
    table = Table("Code", "Gewicht", "Stelle", "Befund", box=None, pad_edge=False)
    for finding in findings:
        table.add_row(finding.code, SEVERITIES[finding.severity], finding.where, finding.text)
    return table
