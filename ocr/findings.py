"""The rules of this room that are told as findings.

EX examination, AN attachments, OC recognition, OD document path, PA judges, PC comparison.
One table per prefix stands in the module that applies it; here is the way from a code to a finding.
"""

from __future__ import annotations

from collections.abc import Iterable

from akten.findings import Finding, Severity

_UNHEARD = (
    "Das Bild wurde entschlüsselt, dabei aber nicht abgehört (seltene Art, sehr groß oder Hilfsmittel fehlt): ob die "
    "Bilddaten unbeschädigt sind, ist nicht geprüft. Bitte ansehen."
)

# What a decoder says that gives up: its own words, and the name of its fault, tell a clerk nothing.
BAD_DATA = "Bilddaten beschädigt oder auf unbekannte Art gespeichert"


def error(code: str, where: str, text: str) -> Finding:
    """A finding that stops."""
    return Finding(code, Severity.ERROR, where, text)


def warning(code: str, where: str, text: str) -> Finding:
    """A finding that is shown for ever."""
    return Finding(code, Severity.WARNING, where, text)


def info(code: str, where: str, text: str) -> Finding:
    """A finding that explains."""
    return Finding(code, Severity.INFO, where, text)


def unheard(where: str) -> Finding:
    """Nobody listened while this image was decoded: what a decoder makes up in silence would have gone unnoticed."""
    return info("EX-31", where, _UNHEARD)


def page(number: int) -> str:
    """How a page is named in `where`."""
    return f"Seite {number}"


def gathered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same said of many pages is said once, with all pages: "Seite 1–3, 7"."""
    places: dict[tuple[str, Severity, str], list[str]] = {}
    for finding in findings:
        places.setdefault((finding.code, finding.severity, finding.text), []).append(finding.where)
    return tuple(Finding(code, severity, _together(where), text) for (code, severity, text), where in places.items())


def _together(places: list[str]) -> str:
    numbers = sorted({int(place[6:]) for place in places if place.startswith("Seite ") and place[6:].isdigit()})
    others = list(dict.fromkeys(place for place in places if not (place.startswith("Seite ") and place[6:].isdigit())))
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    pages = ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in runs[:50])
    more = " …" if len(runs) > 50 else ""
    return ", ".join([*([f"Seite {pages}{more}"] if runs else []), *others])
