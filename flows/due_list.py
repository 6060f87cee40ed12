"""The due list and the forecast: what the rules say now of the Akten whose recorded periods end, and of all."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from akten.errors import Rejected
from catalog.actor import Actor
from catalog.due import DueFilter
from catalog.keeping import KeepingRow, Viewer
from flows.keeping import case_of, deadline_of
from flows.wiring import Services
from retention.case import Outcome
from retention.catalogue import Fristenkatalog
from retention.deadline import Deadline
from retention.evaluate import evaluate
from retention.forecast import Forecast, forecast

_PART = 500


@dataclass(frozen=True, slots=True)
class DueRow:
    """One Akte of the list; `deadline` is None, and `why` says so, when the rules could not be asked."""

    row: KeepingRow
    deadline: Deadline | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of the due list, and how many Akten are on the whole list."""

    rows: tuple[DueRow, ...]
    total: int


def due_filter(
    katalog: Fristenkatalog,
    until: date,
    *,
    since: date | None = None,
    aktenarten: Collection[str] | None = None,
    record_class: str | None = None,
) -> DueFilter:
    """What to list; a class also means the Akten that have it by default."""
    default_for = tuple(family for family, key in katalog.defaults.items() if key == record_class)
    return DueFilter(until, since, aktenarten, record_class, default_for)


def due_page(services: Services, wanted: DueFilter, viewer: Actor, *, limit: int, offset: int) -> DuePage:
    """One page, each Akte with what the rules say now and as its viewer may see it."""
    found = services.catalog.due(wanted, limit=limit, offset=offset)
    day = services.today()
    rows = services.catalog.some_keeping(found.rows, viewer=Viewer(viewer, day))
    return DuePage(tuple(_due_row(row, services.katalog, day) for row in rows), found.total)


def due_rows(services: Services, wanted: DueFilter, viewer: Actor) -> Iterator[DueRow]:
    """The whole list, part by part; that its viewer read them is written down before a part is given out."""
    day = services.today()
    uuids = services.catalog.due(wanted, limit=None).rows
    for start in range(0, len(uuids), _PART):
        rows = services.catalog.some_keeping(uuids[start : start + _PART], viewer=Viewer(viewer, day))
        seen = [row.akte for row in rows]
        services.catalog.read_accesses(seen, "frist faellig --csv", by=viewer, now=services.now())
        for row in rows:
            yield _due_row(row, services.katalog, day)


def _due_row(row: KeepingRow, katalog: Fristenkatalog, day: date) -> DueRow:
    try:
        return DueRow(row, deadline_of(row, katalog, day))
    except Rejected as rejected:
        return DueRow(row, None, "; ".join(finding.text for finding in rejected.findings))


def forecast_of(
    services: Services, viewer: Actor, *, years: int = 10, aktenarten: Collection[str] | None = None
) -> Forecast:
    """All archived Akten under the rules in force, counted by the year in which they become free, and by Aktenart."""
    day = services.today()
    katalog = services.katalog

    def outcomes() -> Iterator[tuple[str, Outcome | None]]:
        for row in services.catalog.all_keeping(viewer=Viewer(viewer, day)):
            if row.version and (aktenarten is None or row.aktenart in aktenarten):
                try:
                    yield row.aktenart, evaluate(case_of(row, katalog, day), katalog)
                except Rejected:
                    yield row.aktenart, None

    return forecast(outcomes(), day, years)
