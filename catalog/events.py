"""Reads the trail for people: what happened to an Akte, what an account did, what happened in a period."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, literal_column, or_, select

from akten.errors import FixityError
from catalog.actor import Actor, ActorKind
from catalog.identity import may_be_same
from catalog.tables import deliveries, instant_text, trail, trail_notes, verb_of_few
from catalog.trail import broken
from catalog.values import TrailEvent

# The account that said a name, in the words of the index that r0003 makes for each database.
LOGIN: dict[str, ColumnElement[str]] = {
    "sqlite": literal_column("iif(json_valid(trail.body), json_extract(trail.body, '$.login'), NULL)", Text()),
    "postgresql": literal_column("((trail.body::jsonb) ->> 'login')", Text()),
}


def _value(row: Row[Any]) -> TrailEvent:
    """The event of a row. Raises FixityError for one that we never wrote so: nothing may be read out of it."""
    try:
        return _read(row, json.loads(row.body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        text = f"Zeile {row.seq} des Protokolls ist unlesbar; sie wurde nachträglich geändert: archiv protokoll pruefe."
        raise FixityError(text) from error


def _read(row: Row[Any], body: Mapping[str, Any]) -> TrailEvent:
    return TrailEvent(
        seq=row.seq,
        at=datetime.fromisoformat(body["at"]),
        by=actor_of(body),
        verb=body["verb"],
        akte=UUID(body["akte"]) if "akte" in body else None,
        delivery=UUID(body["delivery"]) if "delivery" in body else None,
        data=body.get("data", {}),
        note=words(row.note),
        hash=row.hash,
        broken=_broken(row),
    )


def _broken(row: Row[Any]) -> str:
    if row.seq > 1 and row.before is None:
        return "TR-02"
    return broken(row.prev, row.body, row.hash, row.next_prev, row.note)


def words(note: str | None) -> str:
    """The words beside a row; those that someone changed by hand are shown as they lie there, and marked."""
    if note is None:
        return ""
    try:
        return str(json.loads(note)["text"])
    except (ValueError, KeyError, TypeError):
        return note


def actor_of(body: Mapping[str, Any]) -> Actor:
    """Who did what a row tells."""
    if "login" in body:
        return Actor(body["by"], ActorKind(body["kind"]), body["login"])
    return Actor.read(body["by"], body["kind"])  # older rows have name and account in one text


def _chosen(
    connection: Connection,
    query: Select[Any],
    *,
    akte: UUID | None = None,
    delivery: UUID | None = None,
    by: str | None = None,
    von: datetime | None = None,
    bis: datetime | None = None,
    verb: str | None = None,
    after: int = 0,
    limit: int | None = 1000,
) -> Select[Any]:
    query = query.where(trail.c.seq > after).order_by(trail.c.seq).limit(limit)
    if akte is not None:
        own = connection.execute(
            select(deliveries.c.uuid).where(or_(deliveries.c.akte == akte, deliveries.c.duplicate_of == akte))
        ).scalars()
        query = query.where(or_(trail.c.akte == str(akte), trail.c.delivery.in_([str(uuid) for uuid in own])))
    if delivery is not None:
        query = query.where(trail.c.delivery == str(delivery))
    if by is not None:
        query = query.where(or_(trail.c.by_name == by, LOGIN[connection.dialect.name] == by))
    if von is not None:
        query = query.where(trail.c.at >= instant_text(von))
    if bis is not None:
        query = query.where(trail.c.at < instant_text(bis))
    if verb is not None:
        query = query.where((trail.c.verb if akte is None and delivery is None else verb_of_few) == verb)
    return query


def events_of(connection: Connection, **conditions: Any) -> tuple[TrailEvent, ...]:
    """Events that meet every condition given, oldest first: `akte`, `delivery`, `by` (name, or account that said it),
    `von` (inclusive), `bis` (exclusive), `verb`, `after` (a number, for paging), `limit` (1000). What deliveries of an
    Akte met belongs to it.
    """
    return tuple(_value(row) for row in connection.execute(_chosen(connection, _rows(), **conditions)))


def in_turn(connection: Connection, **conditions: Any) -> Iterator[TrailEvent]:
    """The same one after the other, as they are read: nobody has to hold all of them. For a few of them PostgreSQL
    answers faster when it is asked for all at once.
    """
    query = _chosen(connection, _rows(), **conditions).execution_options(yield_per=500)
    for row in connection.execute(query):
        yield _value(row)


def events_where(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[TrailEvent, ...]:
    """All events whose rows of the trail meet these conditions, oldest first."""
    query = _rows().where(*conditions).order_by(trail.c.seq)
    return tuple(_value(row) for row in connection.execute(query))


def _rows() -> Select[Any]:
    """Rows of the trail with the words beside them, and with what their neighbours say of them."""
    before, following = trail.alias("before"), trail.alias("following")
    own = (trail.c.seq, trail.c.prev, trail.c.hash, trail.c.body, trail_notes.c.note)
    return select(*own, before.c.seq.label("before"), following.c.prev.label("next_prev")).select_from(
        trail.join(trail_notes, trail.c.seq == trail_notes.c.seq, isouter=True)
        .join(before, before.c.seq == trail.c.seq - 1, isouter=True)
        .join(following, following.c.seq == trail.c.seq + 1, isouter=True)
    )


def numbers_of(connection: Connection, **conditions: Any) -> list[int]:
    """Only the numbers of such events, all of them."""
    query = _chosen(connection, select(trail.c.seq), **{"limit": None, **conditions})
    return list(connection.execute(query).scalars())


def accounts_like(connection: Connection, name: str) -> tuple[str, ...]:
    """The names in the trail, said or proven, that are written otherwise than `name` and may mean the same person."""
    columns = (trail.c.by_name, LOGIN[connection.dialect.name])
    queries = (select(column).select_from(trail).distinct() for column in columns)
    names = {str(each) for query in queries for each in connection.execute(query).scalars() if each}
    return tuple(sorted(each for each in names if each != name and may_be_same(each, name)))
