"""Holds the versions of the Fristenkatalog and the slips of deliveries against the trail (TR-17), as `vouched` does.

Both decide when a period ends: whoever can write the database could else bring old rules back, or an event that a slip
told forward by years.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from catalog.rule_tables import rulebooks
from catalog.rulebook import RuleState
from catalog.tables import deliveries, packages, scans, trail, verb_of_few
from catalog.trail import Verb, read_body, salted
from catalog.values import Resolution
from catalog.vouched import CHANGED, GONE, UNREADABLE, UNTOLD, bodies, finding, told_by

_CHUNK = 500
_RULES, _SLIP = "Fristenkatalog", "Laufzettel der Lieferung"


def rules_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each version that register and trail do not have in common; versions are few."""
    told: dict[int, list[Any]] = {}
    for chunk in bodies(connection, "number", Verb.RULES_PROPOSED, Verb.RULES_RELEASED, Verb.RULES_REFUSED):
        for number, body in chunk:
            told.setdefault(number, []).append(body)
    before = {body["data"].get("instead_of") for own in told.values() for body in own}
    there: set[int] = set()
    for row in connection.execute(select(rulebooks).order_by(rulebooks.c.nr)):
        there.add(row.nr)
        if row.nr in told:
            if not _rules_fit(row, told[row.nr]):
                yield finding(_RULES, row.nr, CHANGED)
        elif row.state != RuleState.BASIS.value or row.digest not in before:
            yield finding(_RULES, row.nr, UNTOLD)
        elif row.digest != hashlib.sha256(str(row.text).encode()).hexdigest():
            yield finding(_RULES, row.nr, CHANGED)
    for number in sorted(told.keys() - there):
        yield finding(_RULES, number, GONE)


def _rules_fit(row: Row[Any], told: Sequence[Any]) -> bool:
    try:
        return _rules_as_told(row, told)
    except UNREADABLE:
        return False


def _rules_as_told(row: Row[Any], told: Sequence[Any]) -> bool:
    first, *later = told
    data = first["data"]
    named = ("digest", "name", "version", "instead_of")
    if first["verb"] != Verb.RULES_PROPOSED.value or any(data[name] != row._mapping[name] for name in named):
        return False
    day = row.valid_from.isoformat() if row.valid_from else None
    if data.get("valid_from", day) != day or row.digest != hashlib.sha256(str(row.text).encode()).hexdigest():
        return False
    if not told_by(first, row.by_name, row.by_kind, row.at) or not _noted(first, row.salt, row.reason):
        return False
    if not later:
        return bool(row.state == RuleState.PROPOSED.value) and row.decided_at is None
    (last,) = later
    state = RuleState.RELEASED if last["verb"] == Verb.RULES_RELEASED.value else RuleState.REFUSED
    return (
        row.state == state.value
        and last["data"]["digest"] == row.digest
        and told_by(last, row.decided_by, row.decided_kind, row.decided_at)
        and _noted(last, row.salt, row.decided_reason)
    )


def _noted(body: Any, salt: str, words: str) -> bool:
    return bool(body.get("note") == (salted(salt, words) if words else None))


# --- slips ------------------------------------------------------------------------------------------------------------


def slips_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each delivery that is gone, or whose slip, Akte or end is not what the trail says of it.

    Slips that came before the trail bore their digest are held by the digest of the whole delivery alone.
    """
    columns = [
        deliveries.c[name]
        for name in ("nr", "uuid", "akte", "version", "duplicate_of", "stage", "slip", "digest", "salt")
    ]
    stored = packages.c.akte.label("stored")
    query = select(*columns, stored, packages.c.version.label("stored_version")).select_from(
        deliveries.join(packages, packages.c.delivery == deliveries.c.uuid, isouter=True)
    )
    query = query.order_by(deliveries.c.nr).execution_options(yield_per=_CHUNK)
    for rows in connection.execute(query).partitions():
        uuids = [str(row.uuid) for row in rows]
        told = last_told(connection, uuids, Verb.DELIVERY_RECEIVED, Verb.DELIVERY_REPLACED)
        linked = last_told(connection, uuids, Verb.DELIVERY_DUPLICATE)
        given_back = [str(row.uuid) for row in rows if row.stage == Stage.RETURNED.value]
        ended = last_told(connection, given_back, Verb.CLEARING_RESOLVED, Verb.DELIVERY_MOVED)
        files = _files(connection, [row.uuid for row in rows])
        for row in rows:
            body = told.get(str(row.uuid))
            if body is None:
                yield finding(_SLIP, row.nr, UNTOLD, row.akte or "")
            elif not (
                _slip_fits(row, body, linked.get(str(row.uuid), {}).get("akte"), files.get(row.uuid, (0, 0)))
                and _end_fits(row, ended.get(str(row.uuid), {}).get("data"))
            ):
                yield finding(_SLIP, row.nr, CHANGED, row.akte or "")
    yield from _lost_slips(connection)


def _lost_slips(connection: Connection) -> Iterator[Finding]:
    """Deliveries are never deleted: what a slip told counts, also that of a delivery that was linked or given back."""
    query = select(trail.c.delivery).where(trail.c.verb == Verb.DELIVERY_RECEIVED.value).order_by(trail.c.seq)
    for told in connection.execute(query.execution_options(yield_per=_CHUNK)).scalars().partitions():
        uuids = dict.fromkeys(uuid for each in told if (uuid := _uuid(each)) is not None)
        known = select(deliveries.c.uuid).where(deliveries.c.uuid.in_(uuids))
        there = set(connection.execute(known).scalars())
        for uuid in uuids:
            if uuid not in there:
                yield Finding("TR-17", Severity.ERROR, f"{_SLIP} {uuid}", GONE)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):  # somebody changed the row: TR-01
        return None


def _files(connection: Connection, uuids: Sequence[UUID]) -> Mapping[UUID, tuple[int, int]]:
    """How many files the register has of each of these deliveries, and their bytes."""
    query = select(scans.c.delivery, func.count(), func.sum(scans.c.size)).where(scans.c.delivery.in_(uuids))
    return {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query.group_by(scans.c.delivery))}


def last_told(connection: Connection, uuids: Sequence[str], *verbs: Verb) -> Mapping[str, dict[str, Any]]:
    """What the trail said last with these verbs, of each delivery."""
    query = select(trail.c.delivery, trail.c.body).where(
        verb_of_few.in_([verb.value for verb in verbs]), trail.c.delivery.in_(uuids)
    )
    return {row.delivery: read_body(row.body) for row in connection.execute(query.order_by(trail.c.seq))}


def _slip_fits(row: Row[Any], body: Any, linked: Any, files: tuple[int, int]) -> bool:
    """`linked` is the Akte that had all these scans already, by the trail; what the slip told counts there.

    A file that was put in by hand would count as archived: the next delivery of it would be linked and not stored.
    """
    if (None if row.duplicate_of is None else str(row.duplicate_of)) != linked:
        return False
    try:
        data = body["data"]
        slip = data.get("slip", salted(row.salt, row.slip))
        same = data["content"] == salted(row.salt, row.digest) and slip == salted(row.salt, row.slip)
        return bool(same and (data["scans"], data["bytes"]) == files)
    except UNREADABLE:
        return False


def _end_fits(row: Row[Any], ended: Any) -> bool:
    """Whether a delivery ended as the trail says: else what was archived would be forgotten, and what was not would lie
    there for ever. `ended` is what was told last of one that stands as given back.
    """
    if (row.stage == Stage.ARCHIVED.value) != (row.stored is not None):
        return False
    if row.stored is not None and (row.stored, row.stored_version) != (row.akte, row.version):
        return False
    if (row.stage == Stage.DUPLICATE.value) != (row.duplicate_of is not None):
        return False
    told = ended if isinstance(ended, dict) else {}
    given_back = Resolution.RETURN.value == told.get("resolution") or Stage.RETURNED.value == told.get("after")
    return given_back or row.stage != Stage.RETURNED.value
