"""What the register keeps of periods and locks: the computed end, the lock last read back, and who shortened one.

A proposal to shorten locks lives in the trail alone: proposed, released by a second person, done or withdrawn. The
trail cannot be changed afterwards, so no table has to agree with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from akten.errors import Forbidden
from akten.findings import Finding
from akten.package import Lock, PackageId, StoredPackage
from catalog import events, packages
from catalog.actor import Actor
from catalog.change import Change
from catalog.codec import findings_from_json
from catalog.register import salt_of
from catalog.tables import akten, copies, fixity_checks
from catalog.tables import packages as packages_table
from catalog.trail import Verb
from catalog.values import TrailEvent


@dataclass(frozen=True, slots=True)
class EndChange:
    """The end of a period as computed now, and the rules that gave it."""

    akte: UUID
    ends: date | None
    state: str
    katalog: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Shortening:
    """An open proposal to shorten the locks of an Akte; `released_by` is None until a second person agreed."""

    number: int
    akte: UUID
    until: str  # the instant up to which locks may reach, as ISO text
    katalog: str
    proposed_by: Actor
    proposed_at: datetime
    reason: str
    released_by: Actor | None


def packages_of(connection: Connection, uuids: Iterable[UUID]) -> dict[UUID, tuple[StoredPackage, ...]]:
    """All stored versions of these Akten, first one first; an Akte without any is not named."""
    wanted = list(uuids)
    found: dict[UUID, list[StoredPackage]] = {}
    query = select(packages_table).where(packages_table.c.akte.in_(wanted))
    rows = connection.execute(query.order_by(packages_table.c.akte, packages_table.c.version)).all()
    for row in packages.with_copies(connection, rows):
        found.setdefault(row.package.id.akte, []).append(row.package)
    return {akte: tuple(own) for akte, own in found.items()}


def record_ends(change: Change, changes: Sequence[EndChange]) -> int:
    """Keeps computed ends and tells of each in the trail; what stands there already changes nothing."""
    changed = 0
    for each in changes:
        here = akten.c.uuid == each.akte
        row = change.connection.execute(select(akten.c.retention_ends).where(here)).first()
        if row is None:
            raise Forbidden("Diese Akte ist im Katalog nicht bekannt.")
        if row.retention_ends == each.ends:
            continue
        values = {"retention_ends": each.ends, "changed_at": change.now}
        change.connection.execute(update(akten).where(here).values(**values))
        change.event(
            Verb.RETENTION_COMPUTED,
            akte=each.akte,
            before=_iso(row.retention_ends),
            ends=_iso(each.ends),
            state=each.state,
            katalog=each.katalog,
            as_of=each.as_of.isoformat(),
        )
        changed += 1
    return changed


def record_locks(change: Change, id: PackageId, found: Mapping[str, tuple[Sequence[str], Lock]]) -> None:  # noqa: A002
    """Keeps the locks of a package as read back per store, and tells of those that were changed by somebody's act.

    `found` has per store what was done to the lock and how it is now; an empty act only puts the register right.
    """
    told: dict[str, dict[str, Any]] = {}
    for store, (acts, lock) in sorted(found.items()):
        here = (copies.c.akte == id.akte) & (copies.c.version == id.version) & (copies.c.store == store)
        row = change.connection.execute(select(copies.c.retain_until, copies.c.legal_hold).where(here)).first()
        if row is None:
            raise Forbidden("Diese Kopie ist im Katalog nicht bekannt.")
        if (row.retain_until, row.legal_hold) != (lock.retain_until, lock.legal_hold):
            values = {"retain_until": lock.retain_until, "legal_hold": lock.legal_hold}
            change.connection.execute(update(copies).where(here).values(**values))
        elif not acts:
            continue
        told[store] = {"acts": list(acts), "until": _iso(lock.retain_until), "hold": lock.legal_hold}
    if told:
        change.event(Verb.LOCK_CHANGED, akte=id.akte, version=id.version, copies=told)


def last_looks(connection: Connection, akte: UUID) -> dict[tuple[int, str], tuple[Finding, ...]]:
    """What the newest look at each copy (version, store) found."""
    newest = (
        select(func.max(fixity_checks.c.nr))
        .where(fixity_checks.c.akte == akte)
        .group_by(fixity_checks.c.version, fixity_checks.c.store)
    )
    query = select(fixity_checks.c.version, fixity_checks.c.store, fixity_checks.c.findings)
    rows = connection.execute(query.where(fixity_checks.c.nr.in_(newest)))
    return {(row.version, row.store): findings_from_json(row.findings) for row in rows}


# --- shortening -------------------------------------------------------------------------------------------------------


def open_shortening(connection: Connection, akte: UUID) -> Shortening | None:
    """The proposal that waits for its release, or for its end, or None."""
    steps: list[TrailEvent] = []
    for verb in (Verb.SHORTENING_PROPOSED, Verb.SHORTENING_RELEASED, Verb.SHORTENING_ENDED):
        steps += events.events_of(connection, akte=akte, verb=verb.value, limit=None)
    ended = {step.data["proposal"] for step in steps if step.verb == Verb.SHORTENING_ENDED.value}
    released = {step.data["proposal"]: step.by for step in steps if step.verb == Verb.SHORTENING_RELEASED.value}
    proposed = [step for step in steps if step.verb == Verb.SHORTENING_PROPOSED.value and step.seq not in ended]
    if not proposed:
        return None
    last = proposed[-1]
    return Shortening(
        last.seq, akte, last.data["until"], last.data["katalog"], last.by, last.at, last.note, released.get(last.seq)
    )


def propose_shortening(change: Change, akte: UUID, until: datetime, katalog: str, reason: str) -> None:
    """Asks for shorter locks; one open proposal per Akte."""
    if open_shortening(change.connection, akte) is not None:
        raise Forbidden("Für diese Akte liegt schon ein Vorschlag vor; er ist freizugeben oder zu verwerfen.")
    salt = salt_of(change.connection, akte)
    change.event(Verb.SHORTENING_PROPOSED, akte=akte, note=reason, salt=salt, until=until.isoformat(), katalog=katalog)


def release_shortening(change: Change, akte: UUID, number: int, reason: str) -> None:
    """A second person agrees; who that may be is decided by the caller. Repeated after a break it changes nothing."""
    proposal = _require_open(change.connection, akte, number)
    if proposal.released_by is None:
        salt = salt_of(change.connection, akte)
        change.event(Verb.SHORTENING_RELEASED, akte=akte, note=reason, salt=salt, proposal=number)


def end_shortening(change: Change, akte: UUID, number: int, *, done: bool, reason: str = "") -> None:
    """The proposal is carried out, or withdrawn with a reason; one that ended already is no change."""
    proposal = open_shortening(change.connection, akte)
    if proposal is not None and proposal.number == number:
        salt = salt_of(change.connection, akte)
        change.event(Verb.SHORTENING_ENDED, akte=akte, note=reason, salt=salt, proposal=number, done=done)


def _require_open(connection: Connection, akte: UUID, number: int) -> Shortening:
    proposal = open_shortening(connection, akte)
    if proposal is None or proposal.number != number:
        raise Forbidden("Diesen Vorschlag gibt es nicht mehr.")
    return proposal


def _iso(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()
