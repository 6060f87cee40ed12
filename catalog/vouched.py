"""Holds what people told and the holds they set against the trail (TR-17): the trail bears a salted digest of each.

Whoever can write the database could else take a hold away, or set an event back by years, and with it the day on which
an Akte may be destroyed: the chain would be whole, and the register would say nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from akten.findings import Finding, Severity
from catalog.actor import Actor
from catalog.codec import canonical
from catalog.events import actor_of
from catalog.holds import Scope
from catalog.keeping_tables import (
    archive_answers,
    classifications,
    hold_changes,
    holds,
    reported_events,
    reported_facts,
)
from catalog.refstore import forgotten_hold
from catalog.tables import akten, instant_text, trail
from catalog.trail import Verb, read_body, salted

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Sort:
    """One sort of things told: its verb, its table, how a row fits the body of its event, and what it is called."""

    verb: Verb
    table: Table
    fits: Callable[[Row[Any], Any], bool]
    name: str


def _by_content(*names: str) -> Callable[[Row[Any], Any], bool]:
    """A row fits by the digest over these columns in this order."""

    def fits(row: Row[Any], body: Any) -> bool:
        content = canonical([row._mapping[name] for name in names])
        return bool(body["data"]["content"] == salted(row.akte_salt, content))

    return fits


def _as_classified(row: Row[Any], body: Any) -> bool:
    classes = json.loads(row.record_classes) == body["data"]["record_classes"]
    return classes and bool(body["note"] == salted(row.akte_salt, row.reason))


_SORTS = (
    _Sort(
        Verb.EVENT_REPORTED,
        reported_events,
        _by_content("ereignis", "datum", "evidence", "note", "supersedes", "instead_of"),
        "Ereignis",
    ),
    _Sort(
        Verb.FACT_REPORTED,
        reported_facts,
        _by_content("merkmal", "value", "evidence", "note"),
        "Merkmal",
    ),
    _Sort(Verb.AKTE_CLASSIFIED, classifications, _as_classified, "Fristklasse"),
    _Sort(
        Verb.ARCHIVE_ANSWERED,
        archive_answers,
        _by_content("offered_on", "decision", "waived", "evidence"),
        "Bescheid des Archivs",
    ),
)


def not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each event, fact, class, answer and hold that register and trail do not have in common."""
    for sort in _SORTS:
        yield from _differing(connection, sort)
    yield from _differing_holds(connection)


# Whoever changed a row need not have written what we would.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
CHANGED = "Der Eintrag wurde im Register nachträglich geändert."
GONE = "Der Eintrag fehlt im Register; im Protokoll steht er."
UNTOLD = "Der Eintrag steht im Register, nicht aber im Protokoll."


def finding(name: str, number: int, text: str, akte: object = "") -> Finding:
    """TR-17 about one entry."""
    return Finding("TR-17", Severity.ERROR, f"{name} Nr. {number}" + (f", Akte {akte}" if akte else ""), text)


def bodies(connection: Connection, key: str, *verbs: Verb) -> Iterator[list[tuple[int, Any]]]:
    """The rows with these verbs in their order: the number that each gives under `key`, and its body.

    One without a number is none of ours, and as changed is told as TR-01.
    """
    query = select(trail.c.body).where(trail.c.verb.in_([verb.value for verb in verbs])).order_by(trail.c.seq)
    for chunk in connection.execute(query.execution_options(yield_per=_CHUNK)).scalars().partitions():
        bodies = map(read_body, chunk)
        told = ((body["data"].get(key), body) for body in bodies if isinstance(body.get("data"), dict))
        yield [(number, body) for number, body in told if isinstance(number, int)]


def _differing(connection: Connection, sort: _Sort) -> Iterator[Finding]:
    seen: set[int] = set()
    for chunk in bodies(connection, "number", sort.verb):
        told = {number for number, _ in chunk}
        query = select(sort.table, akten.c.salt.label("akte_salt")).join(akten, akten.c.uuid == sort.table.c.akte)
        rows = {row.nr: row for row in connection.execute(query.where(sort.table.c.nr.in_(told)))}
        for number, body in chunk:  # each by itself: one that was told anew does not hide what was told first
            if number not in rows:
                yield finding(sort.name, number, GONE, body.get("akte"))
            elif not _fits(sort, rows[number], body):
                yield finding(sort.name, number, CHANGED, body.get("akte"))
        seen.update(told)
    every = select(sort.table.c.nr, sort.table.c.akte).order_by(sort.table.c.nr)
    for number, akte in connection.execute(every.execution_options(yield_per=_CHUNK)):
        if number not in seen:
            yield finding(sort.name, number, UNTOLD, akte)


def _fits(sort: _Sort, row: Row[Any], body: Any) -> bool:
    try:
        own = body.get("akte") == str(row.akte) and told_by(body, row.by_name, row.by_kind, row.at)
        return own and sort.fits(row, body)
    except UNREADABLE:
        return False


def told_by(body: Any, label: str, kind: str, at: datetime | None) -> bool:
    """True when the register names the same account and the same time as the trail: who lifts a hold must be another
    than who set it.
    """
    return at is not None and actor_of(body) == Actor.read(label, kind) and body["at"] == instant_text(at)


# --- holds ------------------------------------------------------------------------------------------------------------

_HOLD = "Sperre"
_OF_ORDER = ("key", "scope", "akte", "target", "match_key", "match_place", "reason", "reference", "start")


def _differing_holds(connection: Connection) -> Iterator[Finding]:
    """Holds are few, so that all that the trail says of them is held at once."""
    told: dict[int, list[Any]] = {}
    for chunk in bodies(connection, "hold", Verb.HOLD_SET, Verb.HOLD_CHANGED, Verb.HOLD_LIFTED):
        for number, body in chunk:
            told.setdefault(number, []).append(body)
    history: dict[int, list[Row[Any]]] = {}
    for change in connection.execute(select(hold_changes).order_by(hold_changes.c.nr)):
        history.setdefault(change.hold, []).append(change)
    forgotten = _forgotten(connection)
    there: set[int] = set()
    for row in connection.execute(select(holds).order_by(holds.c.nr)):
        there.add(row.nr)
        if row.nr not in told:
            yield finding(_HOLD, row.nr, UNTOLD)
        elif not _hold_fits(row, told[row.nr], history.get(row.nr, []), forgotten):
            yield finding(_HOLD, row.nr, CHANGED)
    for number in sorted(told.keys() - there):
        yield finding(_HOLD, number, GONE)


def _forgotten(connection: Connection) -> frozenset[str]:
    """The digests of all that was deleted lawfully."""
    query = select(trail.c.body).where(trail.c.verb == Verb.REFERENCES_FORGOTTEN.value)
    data = (read_body(body).get("data") for body in connection.execute(query).scalars())
    lists = (each["digests"] for each in data if isinstance(each, dict) and isinstance(each.get("digests"), list))
    return frozenset(digest for digests in lists for digest in digests if isinstance(digest, str))


def _hold_fits(row: Row[Any], told: Sequence[Any], history: Sequence[Row[Any]], forgotten: frozenset[str]) -> bool:
    try:
        return _is_as_told(row, told, history, forgotten)
    except UNREADABLE:
        return False


def _is_as_told(row: Row[Any], told: Sequence[Any], history: Sequence[Row[Any]], gone: frozenset[str]) -> bool:
    first, *later = told
    lifted = [body for body in later if body["verb"] == Verb.HOLD_LIFTED.value]
    changed = [body for body in later if body["verb"] == Verb.HOLD_CHANGED.value]
    if first["verb"] != Verb.HOLD_SET.value or len(lifted) != (row.lifted_on is not None):
        return False
    if len(history) != len(later) or not told_by(first, row.set_by, row.set_kind, row.set_at):
        return False
    if any(not told_by(body, line.by_name, line.by_kind, line.at) for body, line in zip(later, history, strict=True)):
        return False
    forgotten = row.scope == Scope.PERSON and not row.match_key  # its words were deleted lawfully, when it was over
    if lifted:
        content = canonical([row.lifted_on, row.unfounded, row.lifted_reason])
        if not told_by(lifted[0], row.lifted_by, row.lifted_kind, row.lifted_at) or not (
            forgotten or _bears(lifted[0], row, content)
        ):
            return False
    if forgotten:
        # Its end cannot be proven any more. Who lifted it stands in the trail; that it was over by its own day, and its
        # words deleted for that, has to stand there, too.
        return row.lifted_on is not None or forgotten_hold(row.salt) in gone
    return (bool(lifted) or not row.unfounded) and _was_set_so(row, first, changed, history)


def _bears(body: Any, row: Row[Any], content: str) -> bool:
    return bool(body["data"]["content"] == salted(row.salt, content))


def _was_set_so(row: Row[Any], first: Any, changed: Sequence[Any], history: Sequence[Row[Any]]) -> bool:
    """Takes the changes back one by one, from what stands in the register to what was set at first.

    Readers are only ever added at the end, so that those of before are the first few of those of today.
    """
    until: date | None = row.until
    readers: list[str] = json.loads(row.readers)
    newest = True  # what was told last names all readers of today: who put himself there later may read no secret hold
    for body, line in zip(reversed(changed), reversed(history[: len(changed)]), strict=True):  # lifting comes last
        before, after = _ends(line.what, until)
        counts = range(len(readers), len(readers) - 1 if newest else -1, -1)
        newest = False
        named = next(
            (n for n in counts if _bears(body, row, canonical([before, after, readers[:n], line.reason]))), None
        )
        if after != until or named is None:
            return False
        until, readers = before, readers[:named]
    order = {name: row._mapping[name] for name in _OF_ORDER}
    order |= {"until": until, "on_day": row.on_day, "secret": row.secret, "owner": row.owner}
    return any(
        _bears(first, row, canonical({**order, "readers": canonical(readers[:count])}))
        for count in range(len(readers), len(readers) - 1 if newest else -1, -1)
    )


def _ends(what: str, until: date | None) -> tuple[date | None, date | None]:
    """The end before and after a change, as its line in the history tells it; the same where it tells of readers."""
    if not what.startswith("Ende "):
        return until, until
    before, _, after = what.removeprefix("Ende ").partition(" → ")
    return _day(before), _day(after)


def _day(text: str) -> date | None:
    return None if text == "offen" else datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a day has no zone
