"""Versions of the Fristenkatalog in the register: kept as text, in force only after release by a second person.

The catalog cannot read the rules; it keeps what was handed in, under its SHA-256. Which version was released is told in
the trail as well, and a version that only the table calls released is not believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from akten.errors import FixityError, Forbidden, Unavailable, Unknown
from akten.localtime import berlin_day
from akten.model import clean_text
from catalog import events
from catalog.actor import Actor
from catalog.change import Change
from catalog.classes import InUse, in_use
from catalog.engine import Database
from catalog.identity import marked, require_second
from catalog.rule_tables import rulebooks
from catalog.trail import Verb


class RuleState(StrEnum):
    """What became of a version."""

    BASIS = "basis"  # came with the program or by settings, and was in force before a release
    PROPOSED = "proposed"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RuleText:
    """A catalogue as it was handed in, with what its reader says it is."""

    name: str
    version: str
    valid_from: date | None
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version with its story. `instead_of` is the SHA-256 of what was in force when it was compared."""

    number: int
    name: str
    version: str
    valid_from: date | None
    digest: str
    state: RuleState
    instead_of: str
    reason: str
    proposed_by: Actor
    proposed_at: datetime
    decided_reason: str
    decided_by: Actor | None
    decided_at: datetime | None


class RuleBook:
    """The verbs about versions of the Fristenkatalog; reached as `Catalog.rules`."""

    def __init__(self, database: Database, begin: Callable[[Actor, datetime], AbstractContextManager[Change]]) -> None:
        self._database = database
        self._begin = begin

    def versions(self) -> tuple[RuleVersion, ...]:
        """All versions in the order they came."""
        with self._database.read() as connection:
            rows = connection.execute(select(*_SHOWN).order_by(rulebooks.c.nr))
            return tuple(_value(row) for row in rows)

    def version(self, number: int) -> RuleVersion:
        """One version. Raises Forbidden when there is none of that number."""
        with self._database.read() as connection:
            return _value(_require(connection, number))

    def text(self, number: int) -> str:
        """The YAML of a version as it was handed in. Raises FixityError when it was changed since."""
        with self._database.read() as connection:
            return _text(_require(connection, number))

    def in_force(self, day: date) -> tuple[RuleVersion, str] | None:
        """The released version with the latest first day that has come, and its YAML; None while none was released.

        The first day is `valid_from`, at the earliest the day of the release; of equal ones the last released counts.
        Raises FixityError for a text that was changed, for a release that the trail does not know, and for one that
        only the trail knows: else whoever can write the table could bring old rules back.
        """
        with self._database.read() as connection:
            query = select(rulebooks).where(rulebooks.c.state == RuleState.RELEASED.value)
            released = connection.execute(query).all()
            row = _of_day(released, day)
            told = _releases(connection)
            _require_all(released, told)
            if row is None:
                return None
            if row.nr not in told or told[row.nr].digest != row.digest:
                raise FixityError(
                    f"Der Fristenkatalog Nr. {row.nr} steht als freigegeben im Register, das Protokoll weiß davon "
                    "nichts. Nicht weiterarbeiten, Sicherung einspielen."
                )
            return _value(row), _text(row)

    def propose(self, wanted: RuleText, basis: RuleText, reason: str, *, by: Actor, now: datetime) -> RuleVersion:
        """Keeps a version as a proposal against the one in force (`basis`); the same again changes nothing, unless it
        brings the reason that the one before did not tell: a row is signed as it stands, so a new one takes its place.

        Raises Forbidden for what is in force already, and for a name and version that another text bears.
        """
        with self._begin(by, now) as change:
            return _propose(change, wanted, basis, clean_text(reason))

    def release(
        self,
        number: int,
        in_force: str,
        reason: str,
        *,
        agree: Callable[[InUse], None] = lambda _: None,
        by: Actor,
        now: datetime,
    ) -> RuleVersion:
        """A second person puts a proposal in force; `in_force` is the SHA-256 of the rules in force now.

        `agree` is told which classes Akten have and may refuse by raising: in the same transaction, so that no Akte can
        get another class in between. Raises Forbidden without a reason, for the same person under any spelling, for
        what is no proposal (any more), and when other rules came into force since it was compared.
        """
        with self._begin(by, now) as change:
            row = _require_proposed(change.connection, number, reason)
            first = Actor.read(row.by_name, row.by_kind)
            require_second(first, by, "Die Freigabe eines Fristenkatalogs", change.accounts)
            since = select(rulebooks.c.nr).where(
                rulebooks.c.state == RuleState.RELEASED.value, rulebooks.c.decided_at >= row.at
            )
            if row.instead_of != in_force or change.connection.execute(since.limit(1)).first() is not None:
                raise Forbidden(
                    f"Seit dem Vergleich von Nr. {number} ist eine andere Fassung in Kraft oder freigegeben; bitte mit "
                    "archiv frist vergleich neu vorschlagen."
                )
            agree(in_use(change.connection))
            extra = marked(first, by, change.accounts)
            return _decide(change, row, RuleState.RELEASED, clean_text(reason), **extra)

    def refuse(self, number: int, reason: str, *, by: Actor, now: datetime) -> RuleVersion:
        """Ends a proposal with a reason; whoever proposed it may take it back, too."""
        with self._begin(by, now) as change:
            row = _require_proposed(change.connection, number, reason)
            return _decide(change, row, RuleState.REFUSED, clean_text(reason))


@dataclass(frozen=True, slots=True)
class _Release:
    """A release as the trail tells it; `first` is the first day of the version, where that was told (False: not)."""

    digest: str
    at: datetime
    first: str | bool | None


def _releases(connection: Connection) -> dict[int, _Release]:
    """Every release that the trail tells, by the number of the version."""
    proposed = events.events_of(connection, verb=Verb.RULES_PROPOSED.value, limit=None)
    first = {event.data["number"]: event.data.get("valid_from", False) for event in proposed}
    told = events.events_of(connection, verb=Verb.RULES_RELEASED.value, limit=None)
    return {
        event.data["number"]: _Release(event.data["digest"], event.at, first.get(event.data["number"], False))
        for event in told
    }


def _require_all(rows: Iterable[Row[Any]], told: Mapping[int, _Release]) -> None:
    """Raises FixityError for a release of the trail that the table does not have, or has for another day."""
    there = {row.nr: row for row in rows}
    for number, release in told.items():
        row = there.get(number)
        day = None if row is None or row.valid_from is None else row.valid_from.isoformat()
        if (
            row is None
            or row.digest != release.digest
            or row.decided_at != release.at
            or release.first not in (False, day)
        ):
            raise FixityError(
                f"Der Fristenkatalog Nr. {number} steht im Protokoll als freigegeben, im Register nicht oder anders. "
                "Nicht weiterarbeiten, Sicherung einspielen."
            )


def require_in_force(change: Change, digest: str) -> None:
    """Raises Unavailable when other rules than those of this SHA-256 came into force since they were asked.

    While nothing was released there is nothing to compare with.
    """
    columns = (rulebooks.c[name] for name in ("nr", "digest", "valid_from", "decided_at"))
    query = select(*columns).where(rulebooks.c.state == RuleState.RELEASED.value)
    row = _of_day(change.connection.execute(query).all(), berlin_day(change.now))
    if row is not None and row.digest != digest:
        raise Unavailable("Inzwischen gilt eine andere Fassung des Fristenkatalogs; bitte noch einmal.")


def _of_day(released: Iterable[Row[Any]], day: date) -> Row[Any] | None:
    """Of all released versions the one that is in force on a day: of those whose first day has come the latest."""
    come = (row for row in released if _first_day(row) <= max(day, berlin_day(_decided(row))))
    return max(come, key=lambda row: (_first_day(row), row.decided_at, row.nr), default=None)


_SHOWN = [column for column in rulebooks.c if column.name not in ("text", "salt")]


def _decided(row: Row[Any]) -> datetime:
    """When a version was released. Raises FixityError for one of which nobody knows that."""
    if not isinstance(row.decided_at, datetime):
        raise FixityError(f"Der Fristenkatalog Nr. {row.nr} ist freigegeben, aber niemand weiß, wann.")
    return row.decided_at


def _first_day(row: Row[Any]) -> date:
    released = berlin_day(_decided(row))
    return released if row.valid_from is None else max(released, row.valid_from)


def _value(row: Row[Any]) -> RuleVersion:
    return RuleVersion(
        number=row.nr,
        name=row.name,
        version=row.version,
        valid_from=row.valid_from,
        digest=row.digest,
        state=RuleState(row.state),
        instead_of=row.instead_of,
        reason=row.reason,
        proposed_by=Actor.read(row.by_name, row.by_kind),
        proposed_at=row.at,
        decided_reason=row.decided_reason,
        decided_by=Actor.read(row.decided_by, row.decided_kind) if row.decided_by else None,
        decided_at=row.decided_at,
    )


def _text(row: Row[Any]) -> str:
    text = str(row.text)
    if hashlib.sha256(text.encode()).hexdigest() != row.digest:
        raise FixityError(f"Der Text des Fristenkatalogs Nr. {row.nr} ist nicht mehr der, der eingetragen wurde.")
    return text


def _require(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(rulebooks).where(rulebooks.c.nr == number)).first()
    if row is None:
        raise Unknown(f"Eine Fassung Nr. {number} des Fristenkatalogs gibt es nicht.")
    return row


def _require_proposed(connection: Connection, number: int, reason: str) -> Row[Any]:
    row = _require(connection, number)
    if row.state != RuleState.PROPOSED.value:
        raise Forbidden(f"Nr. {number} ist kein offener Vorschlag.")
    if not clean_text(reason):
        raise Forbidden("Freigeben und Ablehnen gehen nur mit einer Begründung.")
    _text(row)
    return row


def _propose(change: Change, wanted: RuleText, basis: RuleText, reason: str) -> RuleVersion:
    if wanted.digest == basis.digest:
        raise Forbidden("Diese Fassung des Fristenkatalogs gilt schon.")
    rows = change.connection.execute(select(rulebooks).order_by(rulebooks.c.nr)).all()
    for row in rows:
        if (row.name, row.version) == (wanted.name, wanted.version) and row.digest != wanted.digest:
            raise Forbidden(
                f"„{wanted.name} {wanted.version}“ heißt schon die Fassung Nr. {row.nr} mit anderem Inhalt; jede "
                "Fassung trägt eine eigene Nummer (version), damit Entscheidungen sie nennen können."
            )
    if (basis.name, basis.version) == (wanted.name, wanted.version):
        raise Forbidden(
            f"„{basis.name} {basis.version}“ heißt schon die geltende Fassung; eine neue trägt eine eigene Nummer "
            "(version)."
        )
    waiting = [row for row in rows if row.digest == wanted.digest and row.state == RuleState.PROPOSED.value]
    for row in waiting:
        if row.instead_of != basis.digest:
            why = "überholt: neu vorgeschlagen, seit eine andere Fassung gilt"
        elif reason and not row.reason:
            why = "überholt: mit einem Grund neu vorgeschlagen"
        else:
            return _value(row)
        _decide(change, row, RuleState.REFUSED, why)
    if not any(row.digest == basis.digest for row in rows):
        # What is in force now will be asked for when it is not any more: decisions name it.
        _keep(change, basis, RuleState.BASIS, "", "")
    number = _keep(change, wanted, RuleState.PROPOSED, basis.digest, reason)
    row = _require(change.connection, number)
    change.event(
        Verb.RULES_PROPOSED,
        note=reason,
        salt=row.salt,
        number=number,
        digest=wanted.digest,
        name=wanted.name,
        version=wanted.version,
        valid_from=wanted.valid_from.isoformat() if wanted.valid_from else None,
        instead_of=basis.digest,
    )
    return _value(row)


def _keep(change: Change, rules: RuleText, state: RuleState, instead_of: str, reason: str) -> int:
    statement = insert(rulebooks).values(
        name=rules.name,
        version=rules.version,
        valid_from=rules.valid_from,
        digest=rules.digest,
        text=rules.text,
        state=state.value,
        instead_of=instead_of,
        reason=reason,
        salt=change.salt(),
        by_name=change.by.label,
        by_kind=change.by.kind.value,
        at=change.now,
    )
    return int(change.connection.execute(statement.returning(rulebooks.c.nr)).scalar_one())


def _decide(change: Change, row: Row[Any], state: RuleState, reason: str, **extra: Any) -> RuleVersion:
    values = {
        "state": state.value,
        "decided_reason": reason,
        "decided_by": change.by.label,
        "decided_kind": change.by.kind.value,
        "decided_at": change.now,
    }
    change.connection.execute(update(rulebooks).where(rulebooks.c.nr == row.nr).values(**values))
    verb = Verb.RULES_RELEASED if state is RuleState.RELEASED else Verb.RULES_REFUSED
    change.event(verb, note=reason, salt=row.salt, number=row.nr, digest=row.digest, **extra)
    return _value(_require(change.connection, row.nr))
