"""Holds persons and parcels of archived Akten against what these say of themselves and against the trail (TR-17).

A hold on a person covers an Akte by these rows alone: whoever can write the database could else take one out, and with
it the hold off the Akte, while the hold itself stands as it was set.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, select

from akten.findings import Finding, Severity
from catalog.keeping_tables import akte_references
from catalog.references import Reference, ReferenceKind, parcels, person, references_of
from catalog.tables import akten, packages, trail, verb_of_few
from catalog.trail import Verb, read_body, salted
from catalog.vouched import UNREADABLE

_CHUNK = 500
_TEXT = (
    "Eine Person oder ein Flurstück, das zu dieser Akte vermerkt war, fehlt im Register oder wurde geändert; eine "
    "Sperre darauf erfasst die Akte nicht mehr."
)
_Key = tuple[str, str, str]  # by what a hold compares


def references_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each archived Akte that lacks a person or parcel which was not deleted lawfully."""
    query = select(akten.c.nr, akten.c.uuid).where(akten.c.version > 0).order_by(akten.c.nr)
    for chunk in connection.execute(query.execution_options(yield_per=_CHUNK)).partitions():
        uuids = [row.uuid for row in chunk]
        named = {akte: _named(own) for akte, own in _by_akte(connection, packages, uuids).items()}
        rows = _by_akte(connection, akte_references, uuids)
        people, forgotten = _told(connection, uuids)
        for uuid in uuids:
            if _lacks(named.get(uuid, frozenset()), rows.get(uuid, ()), people[uuid], forgotten[uuid]):
                yield Finding("TR-17", Severity.ERROR, f"Personen und Flurstücke, Akte {uuid}", _TEXT)


def _lacks(named: frozenset[_Key], rows: Sequence[Row[Any]], people: set[str], forgotten: set[str]) -> bool:
    """Whether something is missing that the Akte names, or that `people` noted. What was deleted lawfully left only its
    digest, which tells of no name: of what the Akte names so much may be missing as was deleted.
    """
    there = {row.digest: row for row in rows}
    if people - forgotten - there.keys() or any(not _is_as_noted(there[each]) for each in people & there.keys()):
        return True
    return len(named - {(row.kind, row.match_key, row.match_place) for row in rows}) > len(forgotten)


def _is_as_noted(row: Row[Any]) -> bool:
    """Whether a row that somebody noted is compared by what its words say."""
    made: Iterable[Reference | None] = parcels(row.value)
    if row.kind == ReferenceKind.PERSON:
        made = (person(row.value),)
    return row.digest == salted(row.salt, row.value) and _key(row) in {_key(each) for each in made if each is not None}


def _key(one: Row[Any] | Reference) -> _Key:
    return str(one.kind), one.match_key, one.match_place


def _named(versions: Iterable[Row[Any]]) -> frozenset[_Key]:
    """What the fields of any archived version name; a description that is unreadable is told as TR-15."""
    found: set[_Key] = set()
    for version in versions:
        try:
            found.update(map(_key, references_of(json.loads(version.snapshot)["felder"])))
        except UNREADABLE:
            continue
    return frozenset(found)


def _by_akte(connection: Connection, table: Table, uuids: Sequence[UUID]) -> Mapping[UUID, list[Row[Any]]]:
    found: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.akte.in_(uuids))):
        found[row.akte].append(row)
    return found


def _told(connection: Connection, uuids: Sequence[UUID]) -> tuple[Mapping[UUID, set[str]], Mapping[UUID, set[str]]]:
    """The digests that were noted by people, and those that were deleted lawfully, by Akte."""
    noted: defaultdict[UUID, set[str]] = defaultdict(set)
    forgotten: defaultdict[UUID, set[str]] = defaultdict(set)
    verbs = (Verb.REFERENCES_NOTED.value, Verb.REFERENCES_FORGOTTEN.value)
    query = select(trail.c.akte, trail.c.verb, trail.c.body).where(
        verb_of_few.in_(verbs), trail.c.akte.in_([str(uuid) for uuid in uuids])
    )
    for akte, verb, text in connection.execute(query):
        body = read_body(text)
        data = body.get("data")
        digests = data.get("digests") if isinstance(data, dict) else None
        if not isinstance(digests, list):
            continue  # somebody changed the row: TR-01
        if verb == Verb.REFERENCES_FORGOTTEN.value:
            forgotten[UUID(akte)].update(map(str, digests))
        elif "delivery" not in body:  # what a slip named is named by the Akte
            noted[UUID(akte)].update(map(str, digests))
    return noted, forgotten
