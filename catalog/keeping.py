"""What decides how long an Akte is kept: its classes, events, facts and holds, as the register knows them now.

The catalog knows no rules: it hands over what was told, with the evidence; dates are computed from that elsewhere.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from akten.lifecycle import Stage
from catalog.engine import Database
from catalog.tables import akten, deliveries

_BATCH = 500
_NOT_GIVEN = (Stage.CLEARING.value, Stage.RETURNED.value)  # their slips are not accepted yet, or never will be


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
    archived version, 0 before the first.
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


def keeping_of(connection: Connection, akte: UUID) -> KeepingRow | None:
    """One Akte, or None when the register does not know it."""
    rows = connection.execute(select(*_COLUMNS).where(akten.c.uuid == akte)).all()
    return next(iter(_values(connection, rows)), None)


def all_keeping(database: Database, after: int = 0) -> Iterator[KeepingRow]:
    """Every Akte behind number `after`, in the order of numbers, streaming in short reads; may be broken off."""
    while True:
        with database.read() as connection:
            query = select(*_COLUMNS).where(akten.c.nr > after).order_by(akten.c.nr).limit(_BATCH)
            rows = connection.execute(query).all()
            found = _values(connection, rows)
        yield from found
        if len(rows) < _BATCH:
            return
        after = rows[-1].nr


_COLUMNS = [
    akten.c[name]
    for name in (
        "nr", "uuid", "aktenart", "aktenzeichen", "band", "betreff", "version", "record_class", "zda_datum",
        "retention_ends",
    )
]  # fmt: skip


def _values(connection: Connection, rows: Sequence[Row[Any]]) -> list[KeepingRow]:
    slips = _slips(connection, [row.uuid for row in rows])
    return [_value(row, slips.get(row.uuid, [])) for row in rows]


def _slips(connection: Connection, uuids: Sequence[UUID]) -> dict[UUID, list[tuple[int, Mapping[str, Any]]]]:
    """Number and slip of every accepted delivery per Akte, oldest first."""
    found: dict[UUID, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for of_akte in (deliveries.c.akte, deliveries.c.duplicate_of):
        query = select(of_akte.label("of"), deliveries.c.nr, deliveries.c.slip)
        query = query.where(of_akte.in_(uuids), deliveries.c.stage.not_in(_NOT_GIVEN))
        for row in connection.execute(query):
            if all(nr != row.nr for nr, _ in found[row.of]):
                found[row.of].append((row.nr, json.loads(row.slip)))
    return {akte: sorted(entries, key=lambda entry: entry[0]) for akte, entries in found.items()}


def _value(row: Row[Any], slips: Sequence[tuple[int, Mapping[str, Any]]]) -> KeepingRow:
    events: dict[tuple[str, date], KnownEvent] = {}
    facts: dict[str, bool] = {}
    for nr, slip in slips:
        for ereignis, day in slip.get("ereignisse", ()):
            datum = date.fromisoformat(day)
            events.setdefault((ereignis, datum), KnownEvent(ereignis, datum, f"Laufzettel der Lieferung {nr}"))
        facts.update((name, value) for name, value in slip.get("merkmale", ()))
    if row.zda_datum is not None and not any(ereignis == "file_closed" for ereignis, _ in events):
        events["file_closed", row.zda_datum] = KnownEvent("file_closed", row.zda_datum, "z.d.A.-Verfügung")
    return KeepingRow(
        nr=row.nr,
        akte=row.uuid,
        aktenart=row.aktenart,
        aktenzeichen=row.aktenzeichen,
        band=row.band,
        betreff=row.betreff,
        version=row.version,
        record_classes=(row.record_class,) if row.record_class else (),
        events=tuple(events.values()),
        facts=facts,
        holds=(),
        retention_ends=row.retention_ends,
    )
