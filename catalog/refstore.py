"""The rows of persons and parcels: noted from slips and by people, and deleted lawfully without breaking the chain.

The chain knows of every row its salted digest; with the row its salt is gone, and the digest links to nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select, update

from akten.errors import Forbidden, Unknown
from akten.lifecycle import Stage
from akten.model import clean_text
from catalog import events
from catalog.change import Change
from catalog.codec import akte_from_json
from catalog.holdbook import MATCHED, HoldBook, classes_of, of_person
from catalog.holds import Scope, is_active
from catalog.keeping_tables import akte_references, hold_changes, holds
from catalog.references import Reference, ReferenceKind, person_key, references_of
from catalog.register import salt_of
from catalog.tables import akten, deliveries, packages, trail_notes
from catalog.trail import Verb, salted

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """A person or parcel of an Akte as the register knows it; `delivery` is None when a person noted it."""

    akte: UUID
    kind: ReferenceKind
    label: str
    value: str
    delivery: UUID | None
    at: datetime


def note_references(change: Change, akte: UUID, references: Sequence[Reference], delivery: UUID | None = None) -> int:
    """Notes persons and parcels of an Akte; those that are there already stay. Returns how many are new.

    What an earlier slip of the same delivery named and this one does not goes: it was put right. Not so what another
    delivery of the Akte names as well: a hold on that person must go on covering it.
    """
    salt_of(change.connection, akte)
    table = akte_references
    there = {
        (row.kind, row.label, row.match_key, row.match_place): row
        for row in change.connection.execute(select(table).where(table.c.akte == akte))
    }
    wanted = {(r.kind.value, r.label, r.match_key, r.match_place): r for r in references}
    if delivery is not None:
        stale = {key: row.nr for key, row in there.items() if row.delivery == delivery and key not in wanted}
        gone = stale.keys() - _named_by_others(change.connection, akte, delivery) if stale else ()
        if gone:
            change.connection.execute(delete(table).where(table.c.nr.in_([stale[key] for key in gone])))
    rows = []
    for key, reference in wanted.items():
        if key in there:
            continue
        salt = change.salt()
        rows.append(
            {
                "akte": akte,
                "kind": reference.kind.value,
                "label": reference.label,
                "value": reference.value,
                "match_key": reference.match_key,
                "match_place": reference.match_place,
                "salt": salt,
                "digest": salted(salt, reference.value),
                "delivery": delivery,
                "at": change.now,
            }
        )
    if rows:
        change.connection.execute(insert(table), rows)
        digests = [row["digest"] for row in rows]
        change.event(Verb.REFERENCES_NOTED, akte=akte, delivery=delivery, digests=digests)
    return len(rows)


def _named_by_others(connection: Connection, akte: UUID, delivery: UUID) -> set[tuple[str, str, str, str]]:
    """What any archived version of an Akte names, and what its other deliveries mean to archive."""
    plans = select(deliveries.c.plan).where(
        deliveries.c.akte == akte, deliveries.c.uuid != delivery, deliveries.c.stage != Stage.RETURNED.value
    )
    archived = select(packages.c.snapshot).where(packages.c.akte == akte)
    texts = [text for query in (plans, archived) for text in connection.execute(query).scalars() if text is not None]
    named = (reference for text in texts for reference in references_of(akte_from_json(text).felder))
    return {(r.kind.value, r.label, r.match_key, r.match_place) for r in named}


def forget_person(change: Change, text: str, reason: str, today: date) -> int:
    """Deletes every plain row of a person, in references and in holds that are over. Returns how many references: that
    there was a hold, perhaps a secret one, is not told.

    Raises Forbidden while the person or an Akte that names it is held, and without a reason.
    """
    key, reason = person_key(clean_text(text)), clean_text(reason)
    if not key:
        raise Unknown("Diese Angabe nennt keine Person.")
    if not reason:
        raise Forbidden("Personenangaben werden nur mit Grund gelöscht.")
    connection, table = change.connection, akte_references
    noted = select(table).where(table.c.kind == ReferenceKind.PERSON.value).order_by(table.c.nr)
    rows = list(of_person(connection, noted, table, key))
    own = select(holds).where(holds.c.scope == Scope.PERSON.value).order_by(holds.c.nr)
    on_person = list(of_person(connection, own, holds, key))
    if any(is_active(hold, today) for hold in (*on_person, *_on_akten(connection, [row.akte for row in rows]))):
        # One sentence for all holds, secret ones too: it does not tell what is held.
        raise Forbidden("Zu dieser Person oder einer ihrer Akten besteht eine Sperre; die Angaben bleiben bis dahin.")
    over = [hold.nr for hold in on_person]
    for start in range(0, len(rows), _CHUNK):
        numbers = [row.nr for row in rows[start : start + _CHUNK]]
        change.connection.execute(delete(table).where(table.c.nr.in_(numbers)))
    if over:
        blank = {"target": "", "match_key": "", "reason": "", "reference": "", "lifted_reason": ""}
        change.connection.execute(update(holds).where(holds.c.nr.in_(over)).values(**blank))
        change.connection.execute(update(hold_changes).where(hold_changes.c.hold.in_(over)).values(reason=""))
        _forget_notes(connection, frozenset(over))
    by_akte: dict[UUID, list[str]] = {}
    for row in rows:
        by_akte.setdefault(row.akte, []).append(row.digest)
    # The digests of holds stand among the others, so that nobody reads there how many holds a person had.
    gone = [forgotten_hold(hold.salt) for hold in on_person]
    for digests in itertools.islice(by_akte.values(), 1):
        digests += gone
    for akte, digests in by_akte.items():
        salt = salt_of(change.connection, akte)
        change.event(Verb.REFERENCES_FORGOTTEN, akte=akte, note=reason, salt=salt, digests=digests)
    if gone and not by_akte:
        change.event(Verb.REFERENCES_FORGOTTEN, note=reason, salt=change.salt(), digests=gone)
    return len(rows)


def forgotten_hold(salt: str) -> str:
    """What says in the trail that the words of a hold were deleted lawfully; which hold, it does not tell."""
    return salted(salt, "vergessen")


def _forget_notes(connection: Connection, numbers: frozenset[int]) -> None:
    """Deletes the reasons of these holds beside the chain, too: they are the same words."""
    verbs = (Verb.HOLD_SET, Verb.HOLD_CHANGED, Verb.HOLD_LIFTED)
    told = (event for verb in verbs for event in events.events_of(connection, verb=verb.value, limit=None))
    rows = [event.seq for event in told if event.note and event.data.get("hold") in numbers]
    if rows:
        connection.execute(delete(trail_notes).where(trail_notes.c.seq.in_(rows)))


def _on_akten(connection: Connection, uuids: Sequence[UUID]) -> Iterator[Row[Any]]:
    book = HoldBook(connection)
    for start in range(0, len(uuids), _CHUNK):  # a person may be named by more Akten than one statement can list
        query = select(*MATCHED).where(akten.c.uuid.in_(uuids[start : start + _CHUNK])).order_by(akten.c.nr)
        if rows := connection.execute(query).all():
            for found in book.of(connection, rows, classes_of(connection, rows)).values():
                yield from found


def references_of_akte(connection: Connection, akte: UUID) -> tuple[ReferenceRow, ...]:
    """The persons and parcels of an Akte in the order they were noted."""
    query = select(akte_references).where(akte_references.c.akte == akte).order_by(akte_references.c.nr)
    return tuple(
        ReferenceRow(row.akte, ReferenceKind(row.kind), row.label, row.value, row.delivery, row.at)
        for row in connection.execute(query)
    )
