"""What `archiv akte zeige` says of locks: what the rules want, and what the newest look at each copy found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from akten.findings import Finding
from akten.package import LockTerms
from app.show import findings_table
from archive.locks import instant
from catalog.values import AkteDetails, CopyRow
from flows.keeping import judge
from flows.receipt import finding_json
from flows.wiring import Services


@dataclass(frozen=True, slots=True)
class LockView:
    """The wanted lock of an archived Akte (None before the first version), and findings per version and store."""

    terms: LockTerms | None
    looks: Mapping[tuple[int, str], tuple[Finding, ...]]

    def findings(self, version: int, store: str) -> list[dict[str, str]]:
        """What the newest look at a copy found."""
        return [finding_json(finding) for finding in self.looks.get((version, store), ())]

    def as_json(self) -> dict[str, Any] | None:
        """The wanted lock."""
        if self.terms is None:
            return None
        until = self.terms.until.isoformat() if self.terms.until else None
        return {"until": until, "legal_hold": self.terms.legal_hold, "reasons": list(self.terms.reasons)}

    def show_copy(self, console: Console, line: Text, version: int, copy: CopyRow) -> None:
        """Ends the line of a copy with its lock, and what was found below it."""
        line.append(f", gesperrt bis {instant(copy.retain_until)}" if copy.retain_until else ", nicht gesperrt")
        line.append(", Löschsperre gesetzt" if copy.legal_hold else "", "yellow")
        console.print(line)
        if found := self.findings(version, copy.store):
            console.print(findings_table(found))

    def show_reasons(self, console: Console) -> None:
        """Why the lock is as it is."""
        for reason in self.terms.reasons if self.terms else ():
            console.print(f"  Sperre: {reason}", style="dim")


def lock_view(services: Services, details: AkteDetails) -> LockView:
    """What is to be said of the locks of an Akte; nothing is read from the stores."""
    known = services.catalog.keeping(details.row.uuid) if details.packages else None
    terms = judge(known, services.katalog, services.now()).terms if known else None
    return LockView(terms, services.catalog.locks.last_looks(details.row.uuid))
