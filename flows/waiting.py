"""The yearly reminder list: Akten whose period cannot run because an event is unknown, and whom to ask for it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from akten.errors import Rejected
from akten.findings import Finding
from catalog.actor import Actor
from catalog.keeping import KeepingRow
from flows.keeping import case_of, viewer_of
from flows.wiring import Services
from retention.case import State, Status
from retention.evaluate import evaluate

# Whom an event is asked of, where it is not the office that keeps the file.
ASK = {
    "death": "Meldebehörde (Sterbefall)",
    "moved_away_or_died": "Meldebehörde",
    "departed": "Ausländerbehörde (Ausländerzentralregister)",
    "structure_demolished": "Bauaufsicht (Abbruchanzeige, Ortsbesichtigung)",
    "accounts_adopted": "Kämmerei (Beschluss des Rates)",
    "last_pension_obligation_ended": "Versorgungskasse",
    "last_pension_payment": "Versorgungskasse",
    "statutory_age_reached": "Personalamt",
    "age_65_completed": "Personalamt",
    "employment_ended": "Personalamt",
    "file_concluded": "Personalamt",
    "trade_deregistered": "Gewerbeamt",
    "grave_right_ended": "Friedhofsverwaltung",
    "notice_ended": "Steueramt",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One Akte that waits: for which events (any of them ends the waiting), since when, and whom to ask."""

    row: KeepingRow
    record_class: str
    missing: tuple[str, ...]
    condition: str  # the fact that still holds ("structure_exists"), "" when only an event is missing
    since: date | None
    ask: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page of the list, and how many Akten are on the whole list."""

    rows: tuple[Waiting, ...]
    total: int


def waiting(
    services: Services,
    by: Actor,
    *,
    until: int | None = None,
    families: Iterable[str] = (),
    event: str = "",
    limit: int,
    offset: int = 0,
) -> WaitingPage:
    """A page of all archived Akten that wait, the longest first; `until` keeps those that wait since that year or
    longer. No more are held than the page and what stands before it: in a large archive most of a family may wait.
    """
    viewer, day, wanted = viewer_of(by, services), services.today(), frozenset(families)
    total = 0

    def every() -> Iterator[Waiting]:
        nonlocal total
        for row in services.catalog.all_keeping(viewer=viewer):
            if not row.version or (wanted and row.aktenart not in wanted):
                continue  # what is not archived yet may be given back: nobody is to be asked about it
            one = _waiting(services, row, day)
            if one is None or (event and event not in one.missing):
                continue
            if until is not None and (one.since is None or one.since.year > until):
                continue
            total += 1
            yield one

    first = heapq.nsmallest(offset + limit, every(), key=_longest_first)
    return WaitingPage(tuple(first[offset:]), total)


def _longest_first(one: Waiting) -> tuple[date, str, int]:
    return one.since or date.max, one.row.aktenzeichen, one.row.band


def _waiting(services: Services, row: KeepingRow, day: date) -> Waiting | None:
    since = max((event.datum for event in row.events), default=row.datum_bis)
    try:
        outcome = evaluate(case_of(row, services.katalog, day), services.katalog)
    except Rejected as wrong:
        return Waiting(row, ", ".join(row.record_classes), (), "", since, (_office(row),), wrong.findings)
    if outcome.state is not State.OPEN:
        return None
    open_bases = [result for result in outcome.results if result.status is Status.OPEN and result.event is None]
    names = [name for r in open_bases for name in (r.basis.trigger, *(v.event for v in r.basis.variants)) if name]
    missing = tuple(dict.fromkeys(names))
    condition = next((r.basis.while_fact for r in open_bases if r.by_condition), "")
    ask = dict.fromkeys(ASK.get(name, _office(row)) for name in missing)
    return Waiting(row, outcome.results[0].record_class.key, missing, condition, since, tuple(ask) or (_office(row),))


def _office(row: KeepingRow) -> str:
    return row.federfuehrung or f"aktenführende Stelle ({row.aktenart})"
