"""`LockBook`: the verbs of the catalog about periods as computed and locks as read back; reached as `Catalog.locks`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from akten.findings import Finding
from akten.model import clean_text
from akten.package import Lock, PackageId, StoredPackage
from catalog import locks, proposals
from catalog.actor import Actor
from catalog.change import Change
from catalog.engine import Database
from catalog.locks import EndChange, Shortening


class LockBook:
    """Every verb is one short transaction, together with its events."""

    def __init__(self, database: Database, begin: Callable[[Actor, datetime], AbstractContextManager[Change]]) -> None:
        self._database = database
        self._begin = begin

    def packages_of(self, akten: Iterable[UUID]) -> dict[UUID, tuple[StoredPackage, ...]]:
        """All stored versions of these Akten at once."""
        with self._database.read() as connection:
            return locks.packages_of(connection, akten)

    def record_ends(self, changes: Sequence[EndChange], *, by: Actor, now: datetime) -> int:
        """Keeps the computed ends of periods, each with an event that names the rules. Returns how many changed."""
        with self._begin(by, now) as change:
            return locks.record_ends(change, changes)

    def record_locks(
        self,
        id: PackageId,  # noqa: A002
        found: Mapping[str, tuple[Sequence[str], Lock]],
        *,
        by: Actor,
        now: datetime,
    ) -> None:
        """Keeps the locks of a package as read back, per store with what was done to it."""
        with self._begin(by, now) as change:
            locks.record_locks(change, id, found)

    def hold_was_set(self, akte: UUID) -> bool:
        """Whether this archive, as far as its trail goes, ever set a hold in a store on this Akte."""
        with self._database.read() as connection:
            return locks.hold_was_set(connection, akte)

    def last_looks(self, akte: UUID) -> dict[tuple[int, str], tuple[Finding, ...]]:
        """What the newest look at each copy (version, store) of an Akte found."""
        with self._database.read() as connection:
            return locks.last_looks(connection, akte)

    def open_shortening(self, akte: UUID) -> Shortening | None:
        """The proposal to shorten the locks of an Akte that waits, or None."""
        with self._database.read() as connection:
            return locks.open_shortening(connection, akte)

    def propose_shortening(
        self, akte: UUID, until: datetime, katalog: str, reason: str, *, by: Actor, now: datetime
    ) -> None:
        """Asks for shorter locks, with a reason. Raises Forbidden while another proposal waits."""
        with self._begin(by, now) as change:
            locks.propose_shortening(change, akte, until, katalog, clean_text(reason))

    def release_shortening(self, akte: UUID, number: int, reason: str, *, by: Actor, now: datetime) -> None:
        """Writes down that a second person agreed."""
        with self._begin(by, now) as change:
            proposals.release(change, proposals.SHORTENING, akte, number, clean_text(reason))

    def end_shortening(
        self, akte: UUID, number: int, *, done: bool, reason: str = "", by: Actor, now: datetime
    ) -> None:
        """Writes down that a proposal was carried out or withdrawn."""
        with self._begin(by, now) as change:
            proposals.end(change, proposals.SHORTENING, akte, number, done=done, reason=clean_text(reason))
