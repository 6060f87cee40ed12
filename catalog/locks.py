"""What the register keeps of periods and locks: the computed end, the lock last read back, and who shortened one.

A proposal to shorten locks is proposed, released by a second person, done or withdrawn (catalog/proposals.py).
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
from catalog import packages, proposals
from catalog.actor import Actor
from catalog.change import Change
from catalog.codec import findings_from_json
from catalog.tables import akten, copies, fixity_checks, trail, verb_of_few
from catalog.tables import packages as packages_table
from catalog.trail import Verb, read_body


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


def hold_was_set(connection: Connection, akte: UUID) -> bool:
    """Whether the trail tells that we set a hold in a store on this Akte; one that was only seen there is no such."""
    query = select(trail.c.body).where(trail.c.akte == str(akte), verb_of_few == Verb.LOCK_CHANGED.value)
    return any("hold_set" in _acts(body) for body in connection.execute(query).scalars())


def _acts(body: str) -> set[str]:
    try:
        return {act for told in read_body(body)["data"]["copies"].values() for act in told["acts"]}
    except (KeyError, TypeError, AttributeError):  # somebody changed the row: it vouches for nothing
        return set()


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
    found = proposals.open_proposals(connection, proposals.SHORTENING, akte)
    if not found:
        return None
    last = found[-1]
    until, katalog = last.about["until"], last.about["katalog"]
    return Shortening(
        last.number, akte, until, katalog, last.proposed_by, last.proposed_at, last.reason, last.released_by
    )


def propose_shortening(change: Change, akte: UUID, until: datetime, katalog: str, reason: str) -> None:
    """Asks for shorter locks; one open proposal per Akte."""
    if open_shortening(change.connection, akte) is not None:
        raise Forbidden("Für diese Akte liegt schon ein Vorschlag vor; er ist freizugeben oder zu verwerfen.")
    proposals.propose(change, proposals.SHORTENING, akte, reason, until=until.isoformat(), katalog=katalog)


def _iso(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()
