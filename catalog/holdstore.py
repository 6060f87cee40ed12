"""Holds set, changed and lifted, each in one transaction with its event; and who may do it.

Of a secret hold the chain knows its number and a salted digest, nothing else. Reasons stand in the tables; those of
holds that are not secret also beside the chain, like every other word that people wrote there.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from akten.errors import Forbidden, Unknown
from akten.localtime import berlin_day
from akten.model import clean_text
from catalog.actor import Actor
from catalog.change import Change
from catalog.codec import canonical
from catalog.holds import HoldOrder, HoldView, Scope, is_active, may_read, view_of
from catalog.identity import marked, require_second
from catalog.keeping_tables import hold_changes, holds
from catalog.register import salt_of
from catalog.told import MOST
from catalog.trail import Verb, salted


@dataclass(frozen=True, slots=True)
class HoldChange:
    """One line of the history of a hold."""

    what: str
    reason: str
    by: Actor
    at: datetime


def set_hold(change: Change, order: HoldOrder, known_keys: Collection[str]) -> HoldView:
    """Sets a hold. Raises Forbidden for an unknown key (with the list), without reason or reference, for an end
    before the start, and for an unknown Akte.
    """
    if order.key not in known_keys:
        raise Unknown(f"Die Sperrart „{order.key}“ gibt es nicht. Bekannt sind: {', '.join(sorted(known_keys))}.")
    reason, reference = _needed(order.reason, "Grund"), _needed(order.reference, "Bezug (Aktenzeichen der Stelle)")
    if order.start and order.until and order.until < order.start:
        raise Forbidden("Die Sperre endet vor ihrem Beginn.")
    if order.readers and not order.secret:
        raise Forbidden("Leser nennt man nur bei einer geheimen Sperre; eine offene sehen alle.")
    target = order.target
    if target.akte is not None:
        salt_of(change.connection, target.akte)
    salt = change.salt()
    values = {
        "key": order.key,
        "scope": target.scope.value,
        "akte": target.akte,
        "target": target.stored,
        "match_key": target.match_key,
        "match_place": target.match_place,
        "reason": reason,
        "reference": reference,
        "start": order.start,
        "until": order.until,
        "on_day": order.on,
        "secret": order.secret,
        "readers": canonical([clean_text(name) for name in order.readers]),
        "owner": clean_text(order.owner),
    }
    statement = insert(holds).values(
        salt=salt, set_by=change.by.label, set_kind=change.by.kind.value, set_at=change.now, **values
    )
    row = require(change.connection, change.connection.execute(statement.returning(holds.c.nr)).scalar_one())
    _event(change, Verb.HOLD_SET, row, reason, content=canonical(values))
    return view_of(row, None)


def extend_hold(
    change: Change,
    number: int,
    until: date | None,
    reason: str,
    readers: Collection[str] = (),
) -> HoldView:
    """Moves the end of a hold; later or open is one person's act, earlier is lifting and needs a second person.

    `readers` are added to those of a secret hold. Raises Forbidden for a hold that is lifted or not to be seen.
    """
    row = _to_change(change, number)
    reason = _needed(reason, "Grund")
    extra: dict[str, Any] = {}
    if until is not None and (row.until is None or until < row.until):
        first = Actor.read(row.set_by, row.set_kind)
        require_second(first, change.by, "Das Verkürzen einer Sperre", change.accounts)
        extra = marked(first, change.by, change.accounts)
    if until is not None and row.start is not None and until < row.start:
        raise Forbidden("Die Sperre würde vor ihrem Beginn enden; dann ist sie aufzuheben.")
    if readers and not row.secret:
        raise Forbidden("Leser nennt man nur bei einer geheimen Sperre; eine offene sehen alle.")
    named = list(dict.fromkeys([*json.loads(row.readers), *(clean_text(name) for name in readers)]))
    if until == row.until and named == json.loads(row.readers):
        return view_of(row, None)
    change.connection.execute(update(holds).where(holds.c.nr == number).values(until=until, readers=canonical(named)))
    what = f"Ende {_day(row.until)} → {_day(until)}" if until != row.until else f"Leser: {', '.join(named)}"
    _history(change, number, what, reason)
    _event(change, Verb.HOLD_CHANGED, row, reason, canonical([row.until, until, named, reason]), **extra)
    return view_of(require(change.connection, number), None)


def lift_hold(change: Change, number: int, reason: str, today: date, *, unfounded: bool = False) -> HoldView:
    """Lifts a hold from `today` on, by a second person and with a reason; `unfounded` says that an interruption never
    counted. Raises Forbidden for the same person, for a hold that is lifted, and for one that may not be seen.
    """
    row = _to_change(change, number)
    reason = _needed(reason, "Grund")
    first = Actor.read(row.set_by, row.set_kind)
    require_second(first, change.by, "Das Aufheben einer Sperre", change.accounts)
    change.connection.execute(
        update(holds)
        .where(holds.c.nr == number)
        .values(
            lifted_on=today,
            lifted_reason=reason,
            lifted_by=change.by.label,
            lifted_kind=change.by.kind.value,
            lifted_at=change.now,
            unfounded=row.unfounded or unfounded,
        )
    )
    _history(change, number, "als unbegründet aufgehoben" if unfounded else "aufgehoben", reason)
    extra = marked(first, change.by, change.accounts)
    _event(change, Verb.HOLD_LIFTED, row, reason, canonical([today, unfounded, reason]), **extra)
    return view_of(require(change.connection, number), None)


def require(connection: Connection, number: int) -> Row[Any]:
    """The row of a hold. Raises Forbidden when there is none."""
    row = connection.execute(select(holds).where(holds.c.nr == number)).first()
    if row is None:
        raise _no_hold(number)
    return row


def one(connection: Connection, number: int, viewer: Actor, today: date) -> HoldView:
    """One hold as a viewer may see it. Raises Forbidden for none, and for a secret one that is over as if none."""
    row = require(connection, number)
    view = view_of(row, viewer)
    if view.masked and not is_active(row, today):
        raise _no_hold(number)
    return view


def listed(connection: Connection, viewer: Actor, today: date, *, active_only: bool = True) -> tuple[HoldView, ...]:
    """All holds that a viewer may know of, in the order they were set; secret ones of others only while they hold."""
    found = []
    for row in connection.execute(select(holds).order_by(holds.c.nr)):
        active = is_active(row, today)
        view = view_of(row, viewer)
        if active or not (active_only or view.masked):
            found.append(view)
    return tuple(found)


def changes_of(connection: Connection, number: int) -> tuple[HoldChange, ...]:
    """How a hold came to be what it is; only for those who may see it."""
    query = select(hold_changes).where(hold_changes.c.hold == number).order_by(hold_changes.c.nr)
    return tuple(
        HoldChange(row.what, row.reason, Actor.read(row.by_name, row.by_kind), row.at)
        for row in connection.execute(query)
    )


def _to_change(change: Change, number: int) -> Row[Any]:
    row = require(change.connection, number)
    if not may_read(row, change.by):
        if not is_active(row, berlin_day(change.now)):
            raise _no_hold(number)
        raise Forbidden(f"Sperre Nr. {number}: gesperrt. Ändern und aufheben kann sie nur, wer sie sehen darf.")
    if row.lifted_on is not None:
        raise Forbidden(f"Sperre Nr. {number} ist schon aufgehoben; eine neue wird eigens gesetzt.")
    return row


def _no_hold(number: int) -> Unknown:
    return Unknown(f"Eine Sperre Nr. {number} gibt es nicht.")


def _needed(text: str, what: str) -> str:
    text = clean_text(text)
    if not text:
        raise Forbidden(f"Eine Sperre braucht ihren {what}.")
    if len(text) > MOST:
        raise Forbidden(f"{what} ist länger als {MOST} Zeichen.")
    return text


def _event(change: Change, verb: Verb, row: Row[Any], reason: str, content: str, **extra: Any) -> None:
    digest = salted(row.salt, content)
    if row.secret:
        change.event(verb, hold=row.nr, content=digest, **extra)
        return
    akte = row.akte if row.scope == Scope.AKTE else None
    told = {"hold": row.nr, "key": row.key, "scope": row.scope, "content": digest, **extra}
    change.event(verb, akte=akte, note=reason, salt=row.salt, **told)


def _history(change: Change, number: int, what: str, reason: str) -> None:
    change.connection.execute(
        insert(hold_changes).values(
            hold=number,
            what=what,
            reason=reason,
            by_name=change.by.label,
            by_kind=change.by.kind.value,
            at=change.now,
        )
    )


def _day(value: date | None) -> str:
    return f"{value:%d.%m.%Y}" if value else "offen"
