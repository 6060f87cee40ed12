"""What the judge writes down while it looks: findings, capped per code, and whether anything was left unread."""

from __future__ import annotations

from akten.findings import Finding, Severity
from archive.bagrules import shown


class Notes:
    """Findings in the order of finding; after `most` of one code only their number is kept."""

    def __init__(self, *, intake: bool, most: int) -> None:
        self.intake = intake
        self.complete = True
        self._most = most
        self._findings: list[Finding] = []
        self._counts: dict[tuple[str, Severity], int] = {}

    def add(self, code: str, severity: Severity, where: str, text: str) -> None:
        """Takes one finding, or only counts it when there are enough of its kind."""
        key = (code, severity)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count <= self._most:
            self._findings.append(Finding(code, severity, shown(where), text))

    def error(self, code: str, where: str, text: str) -> None:
        """The bag is invalid."""
        self.add(code, Severity.ERROR, where, text)

    def warning(self, code: str, where: str, text: str) -> None:
        """The bag is odd, but not invalid."""
        self.add(code, Severity.WARNING, where, text)

    def strict(self, code: str, where: str, text: str) -> None:
        """Odd in a foreign bag, refused at intake."""
        (self.error if self.intake else self.warning)(code, where, text)

    def unchecked(self, code: str, where: str, text: str) -> None:
        """Something could not be looked at: without an error the verdict is `unchecked`."""
        self.complete = False
        self.add(code, Severity.WARNING, where, text)

    def has(self, *codes: str) -> bool:
        """True when one of these codes was noted."""
        return any(code in codes for code, _ in self._counts)

    def findings(self) -> tuple[Finding, ...]:
        """All findings, and per code one line for those that were only counted."""
        more = [
            Finding(code, severity, shown("…"), f"und {count - self._most} weitere dieser Art")
            for (code, severity), count in self._counts.items()
            if count > self._most
        ]
        return (*self._findings, *more)
