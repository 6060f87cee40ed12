"""Open cases of the clearing desk whose scans came once more and were archived: told, and closed only by people."""

from __future__ import annotations

from uuid import UUID

from akten.findings import Finding, Severity
from catalog.values import CameAgain
from flows.wiring import Services
from ingest.rules import FEW

_LOOKED_AT = 100  # cases: a page of one colour may lie in many that are not meant


def cases_done(services: Services, delivery: UUID, akte: UUID | None) -> tuple[Finding, ...]:
    """WF-16 for each open case of which all scans, or some of the same Akte, lie in this Akte since this delivery."""
    shared = dict(services.catalog.open_cases_sharing(delivery, _LOOKED_AT))
    again = services.catalog.came_again(shared.values())
    there = {number: place for number, other in shared.items() for place in again.get(other, ()) if place.akte == akte}
    told = tuple(_finding(number, place) for number, place in there.items())
    if len(told) <= FEW:
        return told
    text = f"… und {len(told) - FEW} weitere offene Fälle mit diesen Scans: archiv klaerung liste"
    return (*told[:FEW], Finding("WF-16", Severity.INFO, "", text))


def archived_since(place: CameAgain) -> str:
    """In a German sentence where scans of a case lie that came once more."""
    band = f" Band {place.band}" if place.band > 1 else ""
    return f"{_which(place)} inzwischen archiviert in {place.aktenart} {place.aktenzeichen}{band}."


def _which(place: CameAgain) -> str:
    if place.scans == place.of:
        return "Dieselben Scans sind"
    return f"{place.scans} von {place.of} Scans {'ist' if place.scans == 1 else 'sind'}"


def _finding(number: int, place: CameAgain) -> Finding:
    what = "alle" if place.scans == place.of else f"{place.scans} von {place.of}"
    text = (
        f"Scans dieser Lieferung gehören auch zu Fall {number}, der in der Klärung noch offen ist; von ihm liegen "
        f"jetzt {what} in dieser Akte. Ist er damit erledigt, bitte beenden: archiv klaerung loese {number} "
        '--zurueck ORDNER --grund "…"'
    )
    return Finding("WF-16", Severity.INFO, f"Fall {number}", text)
