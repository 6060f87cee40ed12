"""`TrailVerbs`: the verbs of the catalog for who did what: events, heads, the judge of the chain, extracts, samples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from akten.model import clean_text
from catalog import audit, events, extract, register, sample, trail
from catalog.actor import Actor
from catalog.change import Change, Token, changing
from catalog.engine import Database
from catalog.extract import Extract
from catalog.identity import STRICT, Accounts
from catalog.sample import Sample
from catalog.trail import Anchor, TrailReport, Verb
from catalog.values import TrailEvent


class TrailVerbs:
    """The part of the catalog under all others, for every change is told in the trail; `Periods` and `Catalog` add the
    rest.
    """

    def __init__(self, database: Database, token: Token, accounts: Accounts = STRICT) -> None:
        self._database = database
        self._token = token
        self.accounts = accounts  # whose word about who acts counts

    def _change(self, by: Actor, now: datetime) -> AbstractContextManager[Change]:
        return changing(self._database, by, now, self._token, self.accounts)

    def identity(self) -> str:
        """What no other catalog has: the hash of the first row of the trail; "" while there is none."""
        with self._database.read() as connection:
            return trail.first_hash(connection)

    def read_access(self, akte: UUID, purpose: str, *, by: Actor, now: datetime) -> None:
        """Writes down that somebody read an Akte and for which purpose. Raises Forbidden for an unknown Akte."""
        self.read_accesses((akte,), purpose, by=by, now=now)

    def read_accesses(self, akten: Iterable[UUID], purpose: str, *, by: Actor, now: datetime) -> None:
        """The same of several Akten at once, all or none."""
        with self._change(by, now) as change:
            seen, note = list(akten), clean_text(purpose)
            salts = register.salts_of(change.connection, seen)
            for akte in seen:
                change.event(Verb.AKTE_READ, akte=akte, note=note, salt=salts[akte])

    def record_event(self, code: str, *, by: Actor, now: datetime, **data: Any) -> None:
        """Writes down an event of the system itself (service started, settings changed); no personal data in it."""
        with self._change(by, now) as change:
            change.event(Verb.SYSTEM, code=code, **data)

    def events_of(self, **conditions: Any) -> tuple[TrailEvent, ...]:
        """Events by `akte`, `delivery`, `by` (account), `von`, `bis`, `verb`, `after`, `limit`; oldest first."""
        with self._database.read() as connection:
            return events.events_of(connection, **conditions)

    def events_in_turn(self, **conditions: Any) -> Iterator[TrailEvent]:
        """The same one after the other, for answers that no memory should hold; read in one view until the last."""
        with self._database.read() as connection:
            yield from events.in_turn(connection, **conditions)

    def accounts_like(self, name: str) -> tuple[str, ...]:
        """The names in the trail that are written otherwise and may mean the same person."""
        with self._database.read() as connection:
            return events.accounts_like(connection, name)

    def head(self) -> Anchor | None:
        """The end of the chain, to be kept outside as an anchor; None before the first event."""
        with self._database.read() as connection:
            return trail.head_anchor(connection)

    def trail_hashes(self, numbers: Sequence[int]) -> dict[int, str]:
        """Number → hash of these rows of the trail, as far as they are there."""
        with self._database.read() as connection:
            return trail.hashes_at(connection, numbers)

    def verify_trail(self, anchors: Iterable[Anchor] = ()) -> TrailReport:
        """Judges the whole chain, against itself, against heads kept outside, and against the packages."""
        with self._database.read() as connection:
            return audit.with_register(connection, trail.verify(connection, anchors))

    def seal_trail(self, *, by: Actor, now: datetime) -> Anchor:
        """Appends a seal over all rows so far and returns it, to be published: extracts are proven against seals.

        Raises FixityError where a row was changed so that there is nothing to seal.
        """
        with self._database.read() as connection:  # the trail is read before, so that the others can write on
            found = extract.covered(connection)
        with self._change(by, now) as change:
            number = extract.seal(change, found)
        with self._database.read() as connection:
            return trail.anchor_at(connection, number)

    def draw_sample(
        self,
        seed: int,
        count: int,
        *,
        stand: int | None = None,
        aktenarten: Collection[str] | None = None,
        by: Actor,
        now: datetime,
    ) -> Sample:
        """Draws archived Akten for an audit and writes that down; the same again with the same `seed` and `stand`.

        Raises Unknown for a row (`stand`) that the trail does not have yet.
        """
        with self._database.read() as connection:  # as for a seal
            drawn = sample.draw(connection, seed, count, stand, aktenarten)
        with self._change(by, now) as change:
            sample.note(change, drawn, aktenarten)
        return drawn

    @contextmanager
    def extract(self, **conditions: Any) -> Iterator[Extract]:
        """Events (conditions as in `events_of`) with inclusion proofs, up to the newest seal, while the block lasts."""
        with self._database.read() as connection:
            yield extract.extract(connection, events.numbers_of(connection, **conditions))
