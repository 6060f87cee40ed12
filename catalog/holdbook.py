"""Which holds cover which Akten: for a stretch of Akten in a few queries, and for one hold all its Akten.

Computed at reading: an Akte that is archived tomorrow is covered by a hold on its person, parcel or query at once. What
a query covered stays covered, whatever a later version calls the Akte (`formerly`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select, Table, case, or_, select

from catalog.formerly import Past
from catalog.holds import HoldQuery, Matcher, Scope, stems_of
from catalog.keeping_tables import akte_references, classifications, holds
from catalog.references import covered_keys, plain_person, same_place
from catalog.renumbered import formerly_begins
from catalog.tables import akten, trail
from catalog.trail import Verb

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
                for key in covered_keys(row.match_key) if row.scope == Scope.PARCEL else (plain_person(row.match_key),):
                    self._by_key[row.scope, key].append(row)

    def of(
        self, connection: Connection, rows: Sequence[Row[Any]], classes: Mapping[int, tuple[str, ...]]
    ) -> dict[int, list[Row[Any]]]:
        """The holds on each of these Akten (rows of akten, by number), in the order they were set."""
        if not rows or not (self._by_akte or self._by_key or self._queries):
            return {}
        found: dict[int, dict[int, Row[Any]]] = defaultdict(dict)
        if self._by_key:
            for akte, kind, key, place in _references(connection, rows):
                for hold in self._by_key.get((kind, plain_person(key) if kind == Scope.PERSON else key), ()):
                    if same_place(hold.match_place, place):
                        found[akte][hold.nr] = hold
        if self._by_akte:
            for row in rows:
                for hold in self._by_akte.get(row.uuid, ()):
                    found[row.nr][hold.nr] = hold
        if self._queries:
            past = Past(connection, within(rows))
            for row in rows:
                words, own = _Words(row.betreff), classes.get(row.nr, ())
                for matcher, hold in self._queries:
                    if matcher.covers(row, own, words) or past.covers(matcher, row, own, hold.set_at):
                        found[row.nr][hold.nr] = hold
        return {akte: [own[nr] for nr in sorted(own)] for akte, own in found.items()}


class HoldShelf:
    """The book of the newest state: asked for Akte after Akte, it is made anew only after a hold has changed."""

    def __init__(self) -> None:
        self._kept: tuple[_State, HoldBook] | None = None

    def book(self, connection: Connection) -> HoldBook:
        """All holds as this connection sees them, in a transaction that changes none."""
        state = _state_of(connection)  # before the book: one that is newer than its state is made once more, no harm
        kept = self._kept
        if kept is None or kept[0] != state:
            self._kept = kept = state, HoldBook(connection)
        return kept[1]


# Everything that makes holds other than they were is told in the trail, in the same transaction.
_TELLING = (Verb.HOLD_SET, Verb.HOLD_CHANGED, Verb.HOLD_LIFTED, Verb.REFERENCES_FORGOTTEN)
_State = tuple[int, str]


def _state_of(connection: Connection) -> _State:
    """Number and hash of the newest row of the trail that tells of holds, (0, "") while there is none.

    With the hash, so that a database that was put back from a backup is not taken for the one of before.
    """
    number = max(seq or 0 for seq in connection.execute(select(*map(_newest, _TELLING))).one())
    return number, connection.execute(select(trail.c.hash).where(trail.c.seq == number)).scalar() or ""


def _newest(verb: Verb) -> ScalarSelect[int | None]:
    """The number of the newest row of a verb as a question that the index of verbs answers by its last entry.

    The greatest number "where the verb is this" PostgreSQL looks for from the end of the trail where it does not know
    how seldom the verb is, as in a statement that it was asked often: where nobody ever set a hold it read every row.
    """
    last = select(case((trail.c.verb == verb.value, trail.c.seq))).where(trail.c.verb <= verb.value)
    return last.order_by(trail.c.verb.desc(), trail.c.seq.desc()).limit(1).scalar_subquery()


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


def within(rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
    """The condition on akten that means these rows (by number): a stretch, or the numbers when they lie apart."""
    first, last = rows[0].nr, rows[-1].nr
    if last - first < 2 * len(rows):
        return akten.c.nr.between(first, last)
    return akten.c.nr.in_([row.nr for row in rows])


def _references(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Row[Any]]:
    table = akte_references
    query = select(akten.c.nr, table.c.kind, table.c.match_key, table.c.match_place)
    query = query.join(akten, akten.c.uuid == table.c.akte).where(within(rows))
    yield from connection.execute(query)


def akten_of(connection: Connection, hold: Row[Any]) -> Iterator[UUID]:
    """Every Akte that a hold (a row of holds) covers now, in the order of their numbers."""
    if hold.scope == Scope.AKTE:
        yield hold.akte
    elif hold.scope == Scope.QUERY:
        yield from _by_query(connection, HoldQuery.from_json(hold.target), hold.set_at)
    else:
        yield from _by_reference(connection, hold)


def _by_reference(connection: Connection, hold: Row[Any]) -> Iterator[UUID]:
    table = akte_references
    query = select(akten.c.uuid, table.c.match_key, table.c.match_place)
    query = query.join(akten, akten.c.uuid == table.c.akte).where(table.c.kind == hold.scope).order_by(akten.c.nr)
    if hold.scope == Scope.PARCEL:
        rows = connection.execute(query.where(table.c.match_key.in_(covered_keys(hold.match_key))))
        yield from dict.fromkeys(row.uuid for row in rows if same_place(hold.match_place, row.match_place))
    else:
        yield from dict.fromkeys(row.uuid for row in of_person(connection, query, table, hold.match_key))


def of_person(connection: Connection, query: Select[Any], table: Table, key: str) -> Iterator[Row[Any]]:
    """The rows of a query over a table with keys of persons that mean the person of this key."""
    if wanted := plain_person(key):
        longest = max(wanted.split(), key=len)
        rows = connection.execute(query.where(table.c.match_key.contains(longest, autoescape=True)))
        yield from (row for row in rows if plain_person(row.match_key) == wanted)


def _by_query(connection: Connection, wanted: HoldQuery, since: datetime) -> Iterator[UUID]:
    matcher = Matcher(wanted)
    query = select(*MATCHED).order_by(akten.c.nr)
    if wanted.aktenarten:
        query = query.where(akten.c.aktenart.in_(wanted.aktenarten))
    if wanted.anfaenge:
        now = (akten.c.aktenzeichen.startswith(each, autoescape=True) for each in wanted.anfaenge)
        query = query.where(or_(*now, formerly_begins(wanted.anfaenge)))
    # Read piece by piece: PostgreSQL would hand all Akten of the archive over at once.
    for rows in connection.execute(query.execution_options(yield_per=_BATCH)).partitions():
        classes = classes_of(connection, rows) if wanted.record_class else {}
        past = Past(connection, within(rows))
        for row in rows:
            own = classes.get(row.nr, ())
            if matcher.covers(row, own, _Words(row.betreff)) or past.covers(matcher, row, own, since):
                yield row.uuid


def classes_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, tuple[str, ...]]:
    """The classes of Akten (rows of akten) by number: as somebody gave them, else as they came in."""
    if not rows:
        return {}
    found: dict[int, tuple[str, ...]] = {row.nr: (row.record_class,) if row.record_class else () for row in rows}
    table = classifications
    query = select(akten.c.nr, table.c.record_classes).join(akten, akten.c.uuid == table.c.akte)
    query = query.where(within(rows)).order_by(table.c.nr)
    for akte, stored in connection.execute(query):
        if akte in found:
            found[akte] = tuple(json.loads(stored))
    return found


# What a query looks at.
MATCHED = tuple(
    akten.c[name]
    for name in ("nr", "uuid", "aktenart", "aktenzeichen", "betreff", "record_class", "datum_von", "datum_bis")
)
