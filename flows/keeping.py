"""How long an Akte is kept as known at intake, and the object lock that follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from akten.model import Akte
from akten.package import Lock
from flows.wiring import Services
from ingest.delivery import Delivery
from retention.intake import deadline_for, to_aufbewahrung

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


def lock_for(akte: Akte, now: datetime) -> Lock:
    """The object lock for the Akte's computed end: the end of that day in Berlin, or a rolling date without one."""
    ende = akte.aufbewahrung.ende if akte.aufbewahrung else None
    if ende is not None:
        night = datetime(ende.year, ende.month, ende.day, tzinfo=BERLIN) + timedelta(days=1)
        if night > now:
            return Lock(night)
    rolling = now.replace(microsecond=0) + timedelta(days=366 * REVIEW_YEARS)
    return Lock(rolling)
