"""Findings and verdicts: what a check says. A check that ran returns them; it raises only if it could not look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops, a warning is shown for ever, an info explains."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One observation with a code that never changes its meaning.

    `where` is a path, an XML path, a member name or a page ("Seite 3"); `text` is a German sentence for people.
    Neither may hold personal data: findings are stored and shown in lists.
    """

    code: str
    severity: Severity
    where: str
    text: str


class Verdict(StrEnum):
    """Three-valued outcome of a check; `not_checked` is never good."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole is its worst part; of nothing it is `not_checked`."""
    seen = set(verdicts)
    for verdict in (Verdict.FAILED, Verdict.NOT_CHECKED, Verdict.OK):
        if verdict in seen:
            return verdict
    return Verdict.NOT_CHECKED


class Judgement(StrEnum):
    """What a judge of foreign files says (`archiv bag|xdomea|premis|pdfa pruefe`)."""

    VALID = "valid"
    VALID_WITH_WARNING = "valid-with-warning"
    INVALID = "invalid"
    UNCHECKED = "unchecked"


def judgement(findings: Iterable[Finding], *, complete: bool = True) -> Judgement:
    """Errors make it invalid; without them an incomplete look is `unchecked`, never valid."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return Judgement.INVALID
    if not complete:
        return Judgement.UNCHECKED
    return Judgement.VALID_WITH_WARNING if Severity.WARNING in severities else Judgement.VALID


def has_errors(findings: Iterable[Finding]) -> bool:
    """True when at least one finding stops the work."""
    return any(finding.severity is Severity.ERROR for finding in findings)
