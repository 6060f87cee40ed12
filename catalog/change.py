"""`Change`: one write transaction with who, when and the events that tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from catalog.actor import Actor
from catalog.engine import Database
from catalog.identity import STRICT, Accounts
from catalog.tables import instant_text
from catalog.trail import Entry, Verb, append

Token = Callable[[int], bytes]  # gives so many random bytes


@dataclass(slots=True)
class Change:
    """What a verb needs in order to change something; its events are chained at the end, in the same transaction."""

    connection: Connection
    by: Actor
    now: datetime
    token: Token
    accounts: Accounts = STRICT
    entries: list[Entry] = field(default_factory=list)

    def event(
        self,
        verb: Verb,
        *,
        akte: UUID | None = None,
        delivery: UUID | None = None,
        note: str = "",
        salt: str = "",
        **data: Any,
    ) -> None:
        """Tells that something happened; no personal data but in `note`."""
        self.entries.append(Entry(verb, data, akte, delivery, note, salt))

    def salt(self) -> str:
        """A fresh salt of 32 bytes, in hex."""
        return self.token(32).hex()


@contextmanager
def changing(
    database: Database, by: Actor, now: datetime, token: Token, accounts: Accounts = STRICT
) -> Iterator[Change]:
    """Everything inside the block and its events are committed together, or nothing is."""
    instant_text(now)  # refuses an instant without time zone before anything is done
    with database.write() as connection:
        change = Change(connection, by, now, token, accounts)
        yield change
        append(connection, change.entries, by, now)
