"""What decides how long an Akte is kept: its classes, events, facts and holds, as the register knows them now.

The catalog knows no rules: it hands over what was told, with the evidence; dates are computed from that elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, select

from akten.lifecycle import Stage
from catalog.actor import Actor
from catalog.engine import Database
from catalog.holdbook import MATCHED, HoldBook, HoldShelf, classes_of, within
from catalog.holds import MASKED_KEY, is_active, may_read
from catalog.keeping_tables import archive_answers, reported_events, reported_facts
from catalog.tables import akten, deliveries
from catalog.told import KnownArchive, archive_value

_BATCH = 500
_NOT_GIVEN = (Stage.CLEARING.value, Stage.RETURNED.value)  # their slips are not accepted yet, or never will be
ZDA = "file_closed"
ZDA_EVIDENCE = "z.d.A.-Verfügung"


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """Something that happened to the record on a day, and where that is proven; `number` is None for a slip's word."""

    ereignis: str
    datum: date
    evidence: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class KnownHold:
    """A hold on this Akte, by itself or by person, parcel or query; both days belong to it, `end` None means active.

    `secret` holds count like any other, and are shown to others only as "gesperrt".
    """

    number: int
    key: str
    start: date | None
    end: date | None
    on: date | None = None
    unfounded: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class KeepingRow:
    """Everything that is known of one Akte and matters to its period.

    `record_classes` is empty when nobody named one: then the default of the Aktenart counts. `version` is the newest
    archived version, 0 before the first. Events and facts are what counts now: superseded ones are gone.
    """

    nr: int
    akte: UUID
    aktenart: str
    aktenzeichen: str
    band: int
    betreff: str
    version: int
    record_classes: tuple[str, ...]
    events: tuple[KnownEvent, ...]
    facts: Mapping[str, bool]
    holds: tuple[KnownHold, ...]
    retention_ends: date | None  # as last recorded
    archive: KnownArchive = field(default_factory=KnownArchive)
    federfuehrung: str = ""
    datum_bis: date | None = None  # the latest day known of any part: for reminding, never for periods


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom a row is read, and the day on which that is: of secret holds others see one mark, while any holds."""

    actor: Actor
    today: date


def keeping_of(connection: Connection, holds: HoldShelf, akte: UUID, viewer: Viewer | None = None) -> KeepingRow | None:
    """One Akte, or None when the register does not know it."""
    rows = connection.execute(select(*_COLUMNS).where(akten.c.uuid == akte)).all()
    return next(iter(_values(connection, rows, holds.book(connection), viewer)), None)


def some_keeping(
    connection: Connection, holds: HoldShelf, uuids: Sequence[UUID], viewer: Viewer | None = None
) -> tuple[KeepingRow, ...]:
    """These Akten in their order; unknown ones are left out."""
    book = holds.book(connection)
    found: dict[UUID, KeepingRow] = {}
    for start in range(0, len(uuids), _BATCH):
        query = select(*_COLUMNS).where(akten.c.uuid.in_(uuids[start : start + _BATCH])).order_by(akten.c.nr)
        found |= {row.akte: row for row in _values(connection, connection.execute(query).all(), book, viewer)}
    return tuple(found[uuid] for uuid in uuids if uuid in found)


def all_keeping(
    database: Database, holds: HoldShelf, after: int = 0, viewer: Viewer | None = None
) -> Iterator[KeepingRow]:
    """Every Akte behind number `after`, in the order of numbers, streaming in short reads; may be broken off."""
    while True:
        with database.read() as connection:
            query = select(*_COLUMNS).where(akten.c.nr > after).order_by(akten.c.nr).limit(_BATCH)
            rows = connection.execute(query).all()
            found = _values(connection, rows, holds.book(connection), viewer)
        yield from found
        if len(rows) < _BATCH:
            return
        after = rows[-1].nr


_COLUMNS = [
    *MATCHED,
    *(akten.c[name] for name in ("band", "version", "federfuehrung", "zda_datum", "retention_ends")),
]


def _values(
    connection: Connection, rows: Sequence[Row[Any]], book: HoldBook, viewer: Viewer | None
) -> list[KeepingRow]:
    if not rows:
        return []
    slips = _slips(connection, rows)
    events = _told(connection, reported_events, rows, "ereignis", "datum", "evidence", "supersedes", "instead_of")
    facts = _told(connection, reported_facts, rows, "merkmal", "value")
    answers = _told(connection, archive_answers, rows, "offered_on", "decision", "waived", "evidence")
    classes = classes_of(connection, rows)
    holds = book.of(connection, rows, classes)
    return [
        KeepingRow(
            nr=(nr := row.nr),
            akte=row.uuid,
            aktenart=row.aktenart,
            aktenzeichen=row.aktenzeichen,
            band=row.band,
            betreff=row.betreff,
            version=row.version,
            record_classes=classes[nr],
            events=_events(row.zda_datum, slips.get(nr, ()), events.get(nr, ())),
            facts=_facts(slips.get(nr, ()), facts.get(nr, ())),
            holds=_holds(holds[nr], viewer) if nr in holds else (),
            retention_ends=row.retention_ends,
            archive=archive_value(answers[nr][-1]) if nr in answers else _SILENT,
            federfuehrung=row.federfuehrung,
            datum_bis=row.datum_bis,
        )
        for row in rows
    ]


_SILENT = KnownArchive()
_NOTHING: Mapping[str, bool] = {}
_Slip = tuple[int, Mapping[str, Any]]


def _told(connection: Connection, table: Table, rows: Sequence[Row[Any]], *names: str) -> dict[int, list[Row[Any]]]:
    """What was told about Akten by their numbers, oldest first. Rows begin with the number of the Akte."""
    found: dict[int, list[Row[Any]]] = {}
    query = select(akten.c.nr.label("of"), table.c.nr, *(table.c[name] for name in names))
    query = query.join(akten, akten.c.uuid == table.c.akte)
    query = query.where(within(rows)).order_by(table.c.nr)
    for row in connection.execute(query):
        found.setdefault(row[0], []).append(row)
    return found


def _slips(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[_Slip]]:
    """Number and slip of every accepted delivery by number of the Akte, oldest first; slips that tell nothing do not
    come.
    """
    found: dict[int, dict[int, Mapping[str, Any]]] = {}
    for of_akte in (deliveries.c.akte, deliveries.c.duplicate_of):
        query = select(akten.c.nr, deliveries.c.nr, deliveries.c.slip).join(akten, akten.c.uuid == of_akte)
        query = query.where(within(rows), deliveries.c.stage.not_in(_NOT_GIVEN))
        for akte, nr, text in connection.execute(query):
            slip = json.loads(text)
            if slip.get("ereignisse") or slip.get("merkmale"):
                found.setdefault(akte, {})[nr] = slip
    return {akte: sorted(own.items()) for akte, own in found.items()}


def _events(closed: date | None, slips: Sequence[_Slip], told: Sequence[Row[Any]]) -> tuple[KnownEvent, ...]:
    """Slips and reports together; what a later report supersedes is left out."""
    gone = {(each.ereignis, each.instead_of) for each in told if each.instead_of is not None} if told else ()
    events: dict[tuple[str, date], KnownEvent] = {}
    for nr, slip in slips:
        for ereignis, day in slip.get("ereignisse", ()):
            datum = date.fromisoformat(day)
            if (ereignis, datum) not in gone:
                events.setdefault((ereignis, datum), KnownEvent(ereignis, datum, f"Laufzettel der Lieferung {nr}"))
    if closed is not None and (ZDA, closed) not in gone and not any(ereignis == ZDA for ereignis, _ in events):
        events[ZDA, closed] = KnownEvent(ZDA, closed, ZDA_EVIDENCE)
    if told:
        superseded = {each.supersedes for each in told}
        for each in told:
            if each.nr not in superseded and each.datum is not None:
                # What a person looked up and proved says more than the slip about the same day.
                events[each.ereignis, each.datum] = KnownEvent(each.ereignis, each.datum, each.evidence, each.nr)
    return tuple(events.values())


def _facts(slips: Sequence[_Slip], told: Sequence[Row[Any]]) -> Mapping[str, bool]:
    if not slips and not told:
        return _NOTHING
    facts: dict[str, bool] = {}
    for _, slip in slips:
        facts.update((name, value) for name, value in slip.get("merkmale", ()))
    for each in told:
        if each.value is None:
            facts.pop(each.merkmal, None)
        else:
            facts[each.merkmal] = each.value
    return facts


def _holds(rows: Sequence[Row[Any]], viewer: Viewer | None) -> tuple[KnownHold, ...]:
    shown = [row for row in rows if viewer is None or may_read(row, viewer.actor)]
    found = [hold for row in shown if (hold := _hold(row)) is not None]
    if viewer is not None and len(shown) < len(rows):
        hidden = (row for row in rows if row not in shown)
        if any(is_active(row, viewer.today) for row in hidden):
            # One mark for all of them, without days: how many there are and until when would tell of them.
            found.append(KnownHold(0, MASKED_KEY, None, None, secret=True))
    return tuple(found)


def _hold(row: Row[Any]) -> KnownHold | None:
    end = row.until
    if row.lifted_on is not None:
        last = row.lifted_on - timedelta(days=1)  # it does not hold any more on the day it is lifted
        end = last if end is None else min(end, last)
    start = row.start
    if start is not None and end is not None and end < start:
        if row.on_day is None:
            return None
        start = None  # an interruption counts by its own day, however short it stood
    return KnownHold(row.nr, row.key, start, end, row.on_day, row.unfounded, row.secret)
