"""Holds persons and parcels of Akten against the trail (TR-17): by them a hold on a person or parcel covers an Akte.

Whoever can write the database could else take the person out of an Akte, and with it the hold that keeps the Akte, or
have a request to delete find nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from akten.findings import Finding
from akten.model import clean_text
from catalog.keeping_tables import akte_references
from catalog.references import Reference, parcels, person, references_of
from catalog.tables import akten, deliveries, packages, trail, verb_of_few
from catalog.trail import Verb, read_body, salted
from catalog.vouched import CHANGED, GONE, UNREADABLE, UNTOLD, finding

_CHUNK = 500
_NAME = "Person oder Flurstück"
_VERBS = (Verb.REFERENCES_NOTED, Verb.REFERENCES_FORGOTTEN)
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Described:
    """What all descriptions of an Akte name, the values of their fields, and the deliveries that have none now."""

    keys: frozenset[_Key]
    values: frozenset[str]
    open: Set[UUID]
    by_delivery: Mapping[str, frozenset[_Key]]


def references_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each person or parcel that register and trail do not have in common."""
    query = select(akten.c.uuid).order_by(akten.c.nr).execution_options(yield_per=_CHUNK)
    for uuids in connection.execute(query).scalars().partitions():
        told = _told(connection, uuids)
        there = _by_akte(connection.execute(select(akte_references).where(akte_references.c.akte.in_(uuids))))
        named = [uuid for uuid in uuids if uuid in there or uuid in told]
        for uuid, described in _described(connection, named).items():
            yield from _differing(uuid, told.get(uuid, ()), there.get(uuid, ()), described)


def _told(connection: Connection, uuids: Sequence[UUID]) -> Mapping[UUID, list[tuple[int, dict[str, Any]]]]:
    query = select(trail.c.seq, trail.c.akte, trail.c.body).where(
        verb_of_few.in_([verb.value for verb in _VERBS]), trail.c.akte.in_([str(uuid) for uuid in uuids])
    )
    found: dict[UUID, list[tuple[int, dict[str, Any]]]] = {}
    for row in connection.execute(query.order_by(trail.c.seq)):
        found.setdefault(UUID(row.akte), []).append((row.seq, read_body(row.body)))
    return found


def _by_akte(rows: Any) -> Mapping[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.akte, []).append(row)
    return found


def _differing(
    akte: UUID, told: Sequence[tuple[int, dict[str, Any]]], there: Sequence[Row[Any]], described: _Described
) -> Iterator[Finding]:
    noted: dict[str, tuple[int, str | None]] = {}
    gone: set[str] = set()
    for seq, body in told:
        digests = _digests(body)
        if body.get("verb") == Verb.REFERENCES_NOTED.value:
            noted.update((digest, (seq, body.get("delivery"))) for digest in digests)
        elif body.get("verb") == Verb.REFERENCES_FORGOTTEN.value:
            gone.update(digests)
    for row in there:
        same = row.digest in noted and noted[row.digest][1] == (None if row.delivery is None else str(row.delivery))
        # Rows from before the trail knew of persons were made from the descriptions, and no event tells of them.
        if row.digest not in noted and _key(row) not in described.keys:
            yield finding(_NAME, row.nr, UNTOLD, akte)
        elif (row.digest in noted and not same) or not _fits(row, described):
            yield finding(_NAME, row.nr, CHANGED, akte)
    lost = noted.keys() - gone - {row.digest for row in there}
    here, forgotten = {_key(row) for row in there}, len(gone & noted.keys())
    for seq, delivery in sorted(noted[digest] for digest in lost):
        # What only an earlier slip of its delivery named went when that was put right; what the delivery describes now
        # is there, but for what was deleted lawfully.
        if delivery is None or len(described.by_delivery.get(delivery, frozenset()) - here) > forgotten:
            yield finding(_NAME, seq, f"{GONE} Die Nummer ist die der Zeile im Protokoll.", akte)


def _digests(body: Mapping[str, Any]) -> Sequence[str]:
    data = body.get("data")
    digests = data.get("digests") if isinstance(data, dict) else None
    return [each for each in digests if isinstance(each, str)] if isinstance(digests, list) else []


def _fits(row: Row[Any], described: _Described) -> bool:
    """Whether the words are those of the digest, and what is compared with holds is what the words say."""
    try:
        if row.digest != salted(row.salt, row.value):
            return False
        own = (person(row.value, row.label), *parcels(row.value, row.label))
        if _key(row) in described.keys or _key(row) in {_key(each) for each in own if each is not None}:
            return True
        # A parcel of a slip takes its Flur and Gemarkung from fields beside it; what no description has now, for the
        # slip is being put right, cannot be held.
        return row.delivery is not None and (row.delivery in described.open or row.value not in described.values)
    except UNREADABLE:
        return False


def _key(each: Row[Any] | Reference) -> _Key:
    return (str(each.kind), each.label, each.match_key, each.match_place)


def _described(connection: Connection, uuids: Sequence[UUID]) -> Mapping[UUID, _Described]:
    """What every version of these Akten, and every delivery that means to become one, names."""
    plans = select(deliveries.c.akte, deliveries.c.uuid, deliveries.c.plan).where(deliveries.c.akte.in_(uuids))
    stored = select(packages.c.akte, packages.c.delivery, packages.c.snapshot).where(packages.c.akte.in_(uuids))
    newest = select(akten.c.uuid, akten.c.snapshot).where(akten.c.uuid.in_(uuids))
    texts: dict[UUID, dict[UUID | None, str | None]] = {uuid: {None: text} for uuid, text in connection.execute(newest)}
    unplanned: set[UUID] = set()
    for akte, delivery, text in connection.execute(plans):
        texts[akte][delivery] = text
        if text is None:
            unplanned.add(delivery)
    for akte, delivery, text in connection.execute(stored):
        texts[akte][delivery] = text
    return {akte: _read(own, unplanned) for akte, own in texts.items()}


def _read(texts: Mapping[UUID | None, str | None], unplanned: Set[UUID]) -> _Described:
    by_delivery: dict[str, frozenset[_Key]] = {}
    values: set[str] = set()
    for uuid, text in texts.items():
        try:
            felder = [(str(name), str(value)) for name, value in json.loads(text or "{}").get("felder", ())]
            by_delivery[str(uuid)] = frozenset(_key(each) for each in references_of(felder))
        except UNREADABLE:
            continue  # a description that was changed so is told by itself
        values.update(clean_text(value) for _, value in felder)
    keys = frozenset[_Key]().union(*by_delivery.values())
    return _Described(keys, frozenset(values), unplanned, by_delivery)
