"""Holds (Löschsperren) as values: what one covers, who may see it, and what others see of a secret one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from akten.aktenzeichen import Muster
from akten.errors import Forbidden
from akten.model import clean_text
from catalog.actor import Actor
from catalog.codec import canonical
from catalog.fold import stem, tokens
from catalog.identity import same_spelling
from catalog.query import number_beginnings

MASKED_KEY = "gesperrt"  # what others see in place of the key of a secret hold


class Scope(StrEnum):
    """What a hold covers."""

    AKTE = "akte"
    PERSON = "person"
    PARCEL = "parcel"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class HoldQuery:
    """A question to the register, asked anew at every reading, so that later Akten are covered at once.

    All parts that are set must fit; `anfaenge` are beginnings of canonical Aktenzeichen (any of them), `betreff` are
    words that all stand in the Betreff, `von` and `bis` want a known day in between.
    """

    aktenarten: tuple[str, ...] = ()
    anfaenge: tuple[str, ...] = ()
    betreff: tuple[str, ...] = ()
    record_class: str = ""
    von: date | None = None
    bis: date | None = None

    def __post_init__(self) -> None:
        if not any((self.aktenarten, self.anfaenge, self.betreff, self.record_class, self.von, self.bis)):
            raise Forbidden("Eine Abfrage ohne Bedingung würde das ganze Archiv sperren; bitte eingrenzen.")

    @classmethod
    def of_number(cls, text: str, muster: Iterable[Muster]) -> tuple[str, ...]:
        """Beginnings of canonical Aktenzeichen that a text can mean. Raises Forbidden for none."""
        found = number_beginnings(text, muster)
        if not found:
            raise Forbidden(f"„{clean_text(text)}“ ist kein Anfang eines Aktenzeichens.")
        return found

    def as_json(self) -> dict[str, Any]:
        """Only the parts that are set."""
        parts = {
            "aktenarten": list(self.aktenarten),
            "anfaenge": list(self.anfaenge),
            "betreff": list(self.betreff),
            "record_class": self.record_class,
            "von": self.von.isoformat() if self.von else None,
            "bis": self.bis.isoformat() if self.bis else None,
        }
        return {name: value for name, value in parts.items() if value}

    @classmethod
    def from_json(cls, text: str) -> HoldQuery:
        """The query that was stored."""
        value: Mapping[str, Any] = json.loads(text)
        return cls(
            tuple(value.get("aktenarten", ())),
            tuple(value.get("anfaenge", ())),
            tuple(value.get("betreff", ())),
            value.get("record_class", ""),
            date.fromisoformat(value["von"]) if "von" in value else None,
            date.fromisoformat(value["bis"]) if "bis" in value else None,
        )


@dataclass(frozen=True, slots=True)
class Matcher:
    """A query made ready for many Akten."""

    query: HoldQuery
    stems: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stems", frozenset(stem(word) for text in self.query.betreff for word in tokens(text)))

    def covers(self, row: Any, record_classes: Sequence[str], words: Callable[[], Set[str]]) -> bool:
        """Whether an Akte (a row of akten, or what one said before) is covered; `words` gives the stems of its Betreff,
        once they are asked for. A day that is not known counts as covered: a hold is careful.
        """
        wanted = self.query
        if wanted.aktenarten and row.aktenart not in wanted.aktenarten:
            return False
        if wanted.anfaenge and not row.aktenzeichen.startswith(wanted.anfaenge):
            return False
        if wanted.record_class and wanted.record_class not in record_classes:
            return False
        if wanted.von and row.datum_bis is not None and row.datum_bis < wanted.von:
            return False
        if wanted.bis and row.datum_von is not None and row.datum_von > wanted.bis:
            return False
        return not self.stems or self.stems <= words()


def stems_of(betreff: str) -> frozenset[str]:
    """The words of a Betreff as a query compares them."""
    return frozenset(stem(word) for word in tokens(betreff))


@dataclass(frozen=True, slots=True)
class HoldTarget:
    """What a new hold covers: `akte` for an Akte, the words and what is compared for person and parcel, a query."""

    scope: Scope
    akte: UUID | None = None
    text: str = ""
    match_key: str = ""
    match_place: str = ""
    query: HoldQuery | None = None

    @property
    def stored(self) -> str:
        """The words as the table keeps them."""
        return canonical(self.query.as_json()) if self.query else self.text


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """A hold to be set. `readers` are the accounts that may see a secret one beside who set it."""

    target: HoldTarget
    key: str
    reason: str
    reference: str
    start: date | None = None
    until: date | None = None
    on: date | None = None
    secret: bool = False
    readers: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True)
class HoldView:
    """One hold as a viewer may see it. Of a secret one others see `number` and `masked` and nothing else."""

    number: int
    masked: bool
    key: str = MASKED_KEY
    scope: Scope | None = None
    akte: UUID | None = None
    target: str = ""
    query: HoldQuery | None = None
    reason: str = ""
    reference: str = ""
    start: date | None = None
    until: date | None = None
    on: date | None = None
    unfounded: bool = False
    secret: bool = True
    readers: tuple[str, ...] = ()
    owner: str = ""
    set_by: Actor | None = None
    set_at: datetime | None = None
    lifted_on: date | None = None
    lifted_reason: str = ""
    lifted_by: Actor | None = None
    lifted_at: datetime | None = None

    def is_active(self, today: date) -> bool:
        """Whether it is not over on this day; a masked one is only ever shown while it is not."""
        return self.masked or _not_over(self.lifted_on, self.until, today)


def may_read(row: Row[Any], viewer: Actor) -> bool:
    """Whether a viewer may see all of a hold. A secret one is seen by who set it and by its readers, and only under a
    name that the account behind the call may bear: a name that is only said opens nothing.
    """
    if not row.secret:
        return True
    setter = Actor.read(row.set_by, row.set_kind)
    readers: tuple[str, ...] = tuple(json.loads(row.readers))
    named = any(same_spelling(viewer.name, name) for name in (setter.name, *readers))
    return named and any(same_spelling(viewer.account, name) for name in (setter.account, setter.name, *readers))


def is_active(row: Row[Any], today: date) -> bool:
    """Whether a hold (a row of holds) is not over on this day; one that starts later counts, as in computations."""
    return _not_over(row.lifted_on, row.until, today)


def _not_over(lifted_on: date | None, until: date | None, today: date) -> bool:
    return (lifted_on is None or today < lifted_on) and (until is None or today <= until)


def view_of(row: Row[Any], viewer: Actor | None) -> HoldView:
    """The view of a row of holds; without a viewer everything."""
    if viewer is not None and not may_read(row, viewer):
        return HoldView(row.nr, masked=True)
    return HoldView(
        number=row.nr,
        masked=False,
        key=row.key,
        scope=Scope(row.scope),
        akte=row.akte,
        target="" if row.scope == Scope.QUERY else row.target,
        query=HoldQuery.from_json(row.target) if row.scope == Scope.QUERY else None,
        reason=row.reason,
        reference=row.reference,
        start=row.start,
        until=row.until,
        on=row.on_day,
        unfounded=row.unfounded,
        secret=row.secret,
        readers=tuple(json.loads(row.readers)),
        owner=row.owner,
        set_by=Actor.read(row.set_by, row.set_kind),
        set_at=row.set_at,
        lifted_on=row.lifted_on,
        lifted_reason=row.lifted_reason,
        lifted_by=Actor.read(row.lifted_by, row.lifted_kind) if row.lifted_by else None,
        lifted_at=row.lifted_at,
    )
