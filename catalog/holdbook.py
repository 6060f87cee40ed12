"""Which holds cover which Akten: for a stretch of Akten in a few queries, and for one hold all its Akten.

Computed at reading: an Akte that is archived tomorrow is covered by a hold on its person, parcel or query at once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, or_, select

from catalog.holds import HoldQuery, Matcher, Scope, stems_of
from catalog.keeping_tables import akte_references, classifications, hold_changes, holds
from catalog.references import covered_keys
from catalog.tables import akten

_BATCH = 500


class HoldBook:
    """All holds of one moment, ready to be asked for many Akten. Lifted ones too: they still tell in computations."""

    def __init__(self, connection: Connection) -> None:
        self._by_akte: dict[UUID, list[Row[Any]]] = defaultdict(list)
        self._by_key: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
        self._queries: list[tuple[Matcher, Row[Any]]] = []
        for row in connection.execute(select(holds).order_by(holds.c.nr)):
            if row.scope == Scope.AKTE:
                self._by_akte[row.akte].append(row)
            elif row.scope == Scope.QUERY:
                self._queries.append((Matcher(HoldQuery.from_json(row.target)), row))
            else:
                for key in covered_keys(row.match_key) if row.scope == Scope.PARCEL else (row.match_key,):
                    self._by_key[row.scope, key].append(row)

    def of(
        self, connection: Connection, rows: Sequence[Row[Any]], classes: Mapping[int, tuple[str, ...]]
    ) -> dict[int, list[Row[Any]]]:
        """The holds on each of these Akten (rows of akten with consecutive numbers) by number, in the order set."""
        if not rows or not (self._by_akte or self._by_key or self._queries):
            return {}
        found: dict[int, dict[int, Row[Any]]] = defaultdict(dict)
        if self._by_key:
            for akte, kind, key, place in _references(connection, rows[0].nr, rows[-1].nr):
                for hold in self._by_key.get((kind, key), ()):
                    if not hold.match_place or not place or hold.match_place == place:
                        found[akte][hold.nr] = hold
        if self._by_akte:
            for row in rows:
                for hold in self._by_akte.get(row.uuid, ()):
                    found[row.nr][hold.nr] = hold
        if self._queries:
            for row in rows:
                words = _Words(row.betreff)
                for matcher, hold in self._queries:
                    if matcher.covers(row, classes.get(row.nr, ()), words):
                        found[row.nr][hold.nr] = hold
        return {akte: [own[nr] for nr in sorted(own)] for akte, own in found.items()}


class _Words:
    """The stems of one Betreff, made at the first question and kept for the others."""

    __slots__ = ("_betreff", "_stems")

    def __init__(self, betreff: str) -> None:
        self._betreff = betreff
        self._stems: frozenset[str] | None = None

    def __call__(self) -> frozenset[str]:
        if self._stems is None:
            self._stems = stems_of(self._betreff)
        return self._stems


def _references(connection: Connection, first: int, last: int) -> Iterator[Row[Any]]:
    table = akte_references
    query = select(akten.c.nr, table.c.kind, table.c.match_key, table.c.match_place)
    query = query.join(akten, akten.c.uuid == table.c.akte).where(akten.c.nr.between(first, last))
    yield from connection.execute(query)


def state_of(connection: Connection) -> tuple[int, int]:
    """Changes whenever a hold is set, changed or lifted: a book made at the same state is still true."""
    newest = (select(func.coalesce(func.max(table.c.nr), 0)).scalar_subquery() for table in (holds, hold_changes))
    first, last = connection.execute(select(*newest)).one()
    return int(first), int(last)


def akten_of(connection: Connection, hold: Row[Any]) -> Iterator[UUID]:
    """Every Akte that a hold (a row of holds) covers now, in the order of their numbers."""
    if hold.scope == Scope.AKTE:
        yield hold.akte
    elif hold.scope == Scope.QUERY:
        yield from _by_query(connection, HoldQuery.from_json(hold.target))
    else:
        keys = covered_keys(hold.match_key) if hold.scope == Scope.PARCEL else (hold.match_key,)
        table = akte_references
        query = select(akten.c.uuid, table.c.match_key, table.c.match_place)
        query = query.join(akten, akten.c.uuid == table.c.akte).order_by(akten.c.nr)
        rows = connection.execute(query.where(table.c.kind == hold.scope, table.c.match_key.in_(keys)))
        seen = dict.fromkeys(
            row.uuid
            for row in rows
            if not hold.match_place or not row.match_place or row.match_place == hold.match_place
        )
        yield from seen


def _by_query(connection: Connection, wanted: HoldQuery) -> Iterator[UUID]:
    matcher = Matcher(wanted)
    query = select(*MATCHED).order_by(akten.c.nr)
    if wanted.aktenarten:
        query = query.where(akten.c.aktenart.in_(wanted.aktenarten))
    if wanted.anfaenge:
        query = query.where(or_(*(akten.c.aktenzeichen.startswith(each, autoescape=True) for each in wanted.anfaenge)))
    for rows in connection.execute(query).partitions(_BATCH):
        classes = classes_of(connection, rows) if wanted.record_class else {}
        yield from (row.uuid for row in rows if matcher.covers(row, classes.get(row.nr, ()), _Words(row.betreff)))


def classes_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, tuple[str, ...]]:
    """The classes of Akten (rows of akten) by number: as somebody gave them, else as they came in."""
    if not rows:
        return {}
    found: dict[int, tuple[str, ...]] = {row.nr: (row.record_class,) if row.record_class else () for row in rows}
    table = classifications
    query = select(akten.c.nr, table.c.record_classes).join(akten, akten.c.uuid == table.c.akte)
    query = query.where(akten.c.nr.between(rows[0].nr, rows[-1].nr)).order_by(table.c.nr)
    for akte, stored in connection.execute(query):
        if akte in found:
            found[akte] = tuple(json.loads(stored))
    return found


# What a query looks at.
MATCHED = tuple(
    akten.c[name]
    for name in ("nr", "uuid", "aktenart", "aktenzeichen", "betreff", "record_class", "datum_von", "datum_bis")
)
