"""How long an Akte is kept, by its slip at intake and by all that the register knows later; the lock that follows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime

from akten.errors import FixityError, Rejected
from akten.localtime import berlin_day
from akten.model import Akte, Aufbewahrung
from akten.package import Lock, LockTerms
from catalog.actor import Actor
from catalog.keeping import ZDA, ZDA_EVIDENCE, KeepingRow, KnownEvent, KnownHold, Viewer
from flows.wiring import Services
from ingest.delivery import Delivery
from retention.case import ArchiveAnswer, Case, Decision, Hold, Outcome
from retention.catalogue import Fristenkatalog
from retention.deadline import Deadline, compute
from retention.evaluate import evaluate
from retention.intake import class_for, to_aufbewahrung
from retention.locking import lock_terms, unknown_terms


def with_retention(services: Services, delivery: Delivery, akte: Akte, known_class: str = "") -> Akte:
    """The Akte with the dates that its record class and all that is known of it give: what this slip tells, and what
    earlier slips and people told.

    `known_class` is the class that an archived Akte has: the slip of a Nachscan that names none leaves it so.
    """
    if known_class not in services.katalog.classes:
        known_class = ""
    return kept_by(services, akte, delivery.slip.record_class or known_class or None)


def kept_by(services: Services, akte: Akte, record_class: str | None) -> Akte:
    """The Akte with the dates of this class (None: the one of its family) and of all that is known of it."""
    row = services.catalog.keeping(akte.uuid)
    if row is None:
        raise FixityError("Die Akte dieser Lieferung ist aus dem Katalog verschwunden.")
    return kept_as_known(services, akte, record_class, row, classified=bool(services.catalog.classified((akte.uuid,))))


def kept_as_known(
    services: Services, akte: Akte, record_class: str | None, row: KeepingRow, *, classified: bool
) -> Akte:
    """The same where it was read already what is known of the Akte, and whether somebody changed its classes."""
    katalog = services.katalog
    key = class_for(akte.aktenart.value, record_class, katalog).key
    if classified and not all(name in katalog.classes for name in row.record_classes):
        classified = False  # the rules in force do not know what somebody gave it; the due round tells (LK-01)
    planned = as_planned(row, replace(akte, aufbewahrung=Aufbewahrung(key, None, None)), classified=classified)
    return replace(akte, aufbewahrung=to_aufbewahrung(deadline_of(planned, katalog, services.today())))


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
        ArchiveAnswer(
            row.archive.offered,
            row.archive.offered_on,
            Decision(row.archive.decision) if row.archive.decision else None,
            row.archive.waived,
            row.archive.evidence,
        ),
        evidence,
    )


def deadline_of(row: KeepingRow, katalog: Fristenkatalog, as_of: date) -> Deadline:
    """Dates, state and derivation for one Akte as known now. Raises Rejected (RT-14, RT-30)."""
    return compute(case_of(row, katalog, as_of), katalog)


def viewer_of(actor: Actor, services: Services) -> Viewer:
    """Who looks, today in Berlin: what is shown to people is read for them."""
    return Viewer(actor, services.today())


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of one Akte now; `outcome` is None, and `why` says so, when they could not be asked."""

    terms: LockTerms
    outcome: Outcome | None
    why: str = ""


def judge(row: KeepingRow, katalog: Fristenkatalog, now: datetime) -> Judged:
    """Period and lock of an Akte as known now; never raises for a bad Akte, which keeps its locks and its holds."""
    today = berlin_day(now)
    try:
        outcome = evaluate(case_of(row, katalog, today), katalog)
    except Rejected as rejected:
        why = "; ".join(finding.text for finding in rejected.findings)
    except ValueError as error:  # a hold that ends before it starts, and what else the rules refuse to take
        why = f"was das Verzeichnis weiß, passt nicht zusammen: {error}"
    else:
        return Judged(lock_terms(outcome, now), outcome)
    held = any(_in_force(hold, today) for hold in row.holds)
    return Judged(unknown_terms(held, now, why, row.retention_ends), None, why)


def _in_force(hold: KnownHold, day: date) -> bool:
    return hold.end is None or hold.end >= day


def first_lock(services: Services, akte: Akte) -> Lock:
    """The lock of a new version, by all that is known of the Akte: holds that exist are set before the commit."""
    row = services.catalog.keeping(akte.uuid)
    if row is None:
        raise FixityError("Die Akte dieser Lieferung ist aus dem Katalog verschwunden.")
    planned = as_planned(row, akte, classified=bool(services.catalog.classified((akte.uuid,))))
    return judge(planned, services.katalog, services.now()).terms.lock


def as_planned(row: KeepingRow, akte: Akte, *, classified: bool) -> KeepingRow:
    """What the register will know once this version is entered: its class and its zdA date count already.

    Else a Nachscan that names a shorter class would be locked by the old one, and only two persons could shorten it.
    `classified` says that a person gave the Akte its classes: then a slip changes nothing.
    """
    classes = row.record_classes
    if akte.aufbewahrung is not None and not classified:
        classes = (akte.aufbewahrung.record_class,)
    kept = tuple(event for event in row.events if event.evidence != ZDA_EVIDENCE)
    if akte.zda_datum is not None and all(event.ereignis != ZDA for event in kept):
        kept = (*kept, KnownEvent(ZDA, akte.zda_datum, ZDA_EVIDENCE))
    return replace(row, record_classes=classes, events=kept)
