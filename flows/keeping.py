"""How long an Akte is kept, by its slip at intake and by all that the register knows later; the lock that follows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from akten.model import Akte
from akten.package import Lock
from catalog.actor import Actor
from catalog.keeping import KeepingRow, Viewer
from flows.wiring import Services
from ingest.delivery import Delivery
from retention.case import ArchiveAnswer, Case, Decision, Hold
from retention.catalogue import Fristenkatalog
from retention.deadline import Deadline, compute
from retention.intake import class_for, deadline_for, to_aufbewahrung

BERLIN = ZoneInfo("Europe/Berlin")
REVIEW_YEARS = 2  # a lock with no known end is extended in steps (s3.md §7)


def with_retention(services: Services, delivery: Delivery, akte: Akte) -> Akte:
    """The Akte with the dates that its record class and the events on the slip give."""
    slip = delivery.slip
    events = {event.ereignis: event.datum for event in slip.ereignisse}
    if slip.zda_datum is not None:
        events.setdefault("file_closed", slip.zda_datum)
    deadline = deadline_for(
        akte.aktenart.value,
        slip.record_class,
        events,
        services.katalog,
        services.now().astimezone(BERLIN).date(),
        facts=dict(slip.merkmale),
    )
    return replace(akte, aufbewahrung=to_aufbewahrung(deadline))


def case_of(row: KeepingRow, katalog: Fristenkatalog, as_of: date) -> Case:
    """The question to the rules for one Akte. Raises Rejected (RT-14, RT-30) when no class is known for it."""
    events: dict[str, list[date]] = defaultdict(list)
    evidence: dict[tuple[str, date], str] = {}
    for event in row.events:
        if event.datum not in events[event.ereignis]:
            events[event.ereignis].append(event.datum)
        if event.evidence:
            evidence.setdefault((event.ereignis, event.datum), event.evidence)
    named: tuple[str | None, ...] = row.record_classes or (None,)
    return Case(
        tuple(class_for(row.aktenart, name, katalog).key for name in named),
        {name: tuple(days) for name, days in events.items()},
        as_of,
        row.facts,
        tuple(Hold(hold.key, hold.start, hold.end, hold.on, hold.unfounded) for hold in row.holds),
        archive=ArchiveAnswer(
            row.archive.offered,
            row.archive.offered_on,
            Decision(row.archive.decision) if row.archive.decision else None,
            row.archive.waived,
        ),
        evidence=evidence,
    )


def deadline_of(row: KeepingRow, katalog: Fristenkatalog, as_of: date) -> Deadline:
    """Dates, state and derivation for one Akte as known now. Raises Rejected (RT-14, RT-30)."""
    return compute(case_of(row, katalog, as_of), katalog)


def viewer_of(actor: Actor, services: Services) -> Viewer:
    """Who looks, today in Berlin: what is shown to people is read for them."""
    return Viewer(actor, services.now().astimezone(BERLIN).date())


def lock_for(akte: Akte, now: datetime) -> Lock:
    """The object lock for the Akte's computed end: the end of that day in Berlin, or a rolling date without one."""
    ende = akte.aufbewahrung.ende if akte.aufbewahrung else None
    if ende is not None:
        night = datetime(ende.year, ende.month, ende.day, tzinfo=BERLIN) + timedelta(days=1)
        if night > now:
            return Lock(night)
    rolling = now.replace(microsecond=0) + timedelta(days=366 * REVIEW_YEARS)
    return Lock(rolling)
