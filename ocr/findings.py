"""The rules of this room that are told as findings: EX (examination), OD (document path), PA (judges), PC (comparison).

One table per prefix stands in the module that applies it; here is the way from a code to a finding.
"""

from __future__ import annotations

from akten.findings import Finding, Severity


def error(code: str, where: str, text: str) -> Finding:
    """A finding that stops."""
    return Finding(code, Severity.ERROR, where, text)


def warning(code: str, where: str, text: str) -> Finding:
    """A finding that is shown for ever."""
    return Finding(code, Severity.WARNING, where, text)


def info(code: str, where: str, text: str) -> Finding:
    """A finding that explains."""
    return Finding(code, Severity.INFO, where, text)


def page(number: int) -> str:
    """How a page is named in `where`."""
    return f"Seite {number}"
