"""`RestoreBook`: the verbs of the catalog about copies put there anew; reached as `Catalog.restoring`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from akten.model import clean_text
from akten.package import PackageId, StoredCopy
from catalog import packages, proposals
from catalog.actor import Actor
from catalog.change import Change
from catalog.engine import Database
from catalog.proposals import RESTORATION, Proposal


class RestoreBook:
    """Every verb is one short transaction, together with its events."""

    def __init__(self, database: Database, begin: Callable[[Actor, datetime], AbstractContextManager[Change]]) -> None:
        self._database = database
        self._begin = begin

    def damaged_in(self, store: str) -> tuple[UUID, ...]:
        """The Akten of which the last look found a copy in this store not to be as it should."""
        with self._database.read() as connection:
            return packages.damaged_in(connection, store)

    def lacking_in(self, store: str) -> tuple[UUID, ...]:
        """The Akten of which a version has no copy in this store."""
        with self._database.read() as connection:
            return packages.lacking_in(connection, store)

    def open(self, akte: UUID | None = None) -> tuple[Proposal, ...]:
        """The proposals to put copies there anew that wait for their release or their end; `about` names the store."""
        with self._database.read() as connection:
            return proposals.open_proposals(connection, RESTORATION, akte)

    def propose(self, akte: UUID, store: str, cause: str, *, by: Actor, now: datetime) -> None:
        """Asks for new copies of an Akte in one store, with the cause. Raises Forbidden while such a proposal waits."""
        with self._begin(by, now) as change:
            proposals.propose(change, RESTORATION, akte, clean_text(cause), store=store)

    def release(self, akte: UUID, number: int, reason: str, *, by: Actor, now: datetime) -> None:
        """Writes down that a second person agreed."""
        with self._begin(by, now) as change:
            proposals.release(change, RESTORATION, akte, number, clean_text(reason))

    def record(self, id: PackageId, copy: StoredCopy, proposal: int, *, by: Actor, now: datetime) -> None:  # noqa: A002
        """Keeps where the new copy lies, was read back and is locked; the first one in this store has a row made."""
        with self._begin(by, now) as change:
            packages.record_restored(change, id, copy, proposal)

    def end(self, akte: UUID, number: int, *, done: bool, reason: str = "", by: Actor, now: datetime) -> None:
        """Writes down that a proposal was carried out or withdrawn."""
        with self._begin(by, now) as change:
            proposals.end(change, RESTORATION, akte, number, done=done, reason=clean_text(reason))
