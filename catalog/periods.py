"""`Periods`: the verbs of the catalog for what decides periods: events, facts, classes, persons, parcels, holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from catalog import due, holdbook, holdstore, keeping, refstore, told
from catalog.actor import Actor
from catalog.change import Token
from catalog.due import DueFilter
from catalog.engine import Database
from catalog.holdbook import HoldShelf
from catalog.holds import HoldOrder, HoldView, may_read
from catalog.identity import STRICT, Accounts
from catalog.keeping import KeepingRow, Viewer
from catalog.references import Reference
from catalog.rulebook import RuleBook, require_in_force
from catalog.told import ArchiveReport, Classification, EventReport, KnownArchive, ReportedEvent, ReportedFact
from catalog.trailverbs import TrailVerbs
from catalog.values import Seite


class Periods(TrailVerbs):
    """The part of the catalog that is told what happened; `Catalog` adds the rest. Names of events, facts, classes and
    holds are checked by who calls, against the Fristenkatalog: the catalog knows no rules.
    """

    def __init__(self, database: Database, token: Token, accounts: Accounts = STRICT) -> None:
        super().__init__(database, token, accounts)
        self._holds = HoldShelf()

    # --- what is known -----------------------------------------------------------------------------------------------

    def keeping(self, akte: UUID, *, viewer: Viewer | None = None) -> KeepingRow | None:
        """What is known of one Akte and decides its period, or None for an unknown Akte. With a viewer, secret holds
        that are not theirs are one mark; without, the row is for computing and must not be shown.
        """
        with self._database.read() as connection:
            return keeping.keeping_of(connection, self._holds, akte, viewer)

    def all_keeping(self, after: int = 0, *, viewer: Viewer | None = None) -> Iterator[KeepingRow]:
        """The same of every Akte in the order of their numbers, streaming; `after` continues behind a number."""
        return keeping.all_keeping(self._database, self._holds, after, viewer)

    def some_keeping(self, akten: Sequence[UUID], *, viewer: Viewer | None = None) -> tuple[KeepingRow, ...]:
        """The same of these Akten, in their order; unknown ones are left out."""
        with self._database.read() as connection:
            return keeping.some_keeping(connection, self._holds, akten, viewer)

    def due(self, wanted: DueFilter, *, limit: int | None = 100, offset: int = 0) -> Seite[UUID]:
        """The Akten whose recorded period ends up to a day, the earliest first."""
        with self._database.read() as connection:
            return due.due_akten(connection, wanted, limit, offset)

    @property
    def rules(self) -> RuleBook:
        """The verbs about versions of the Fristenkatalog."""
        return RuleBook(self._database, self._change)

    # --- events, facts, classes, the archive's word ------------------------------------------------------------------

    def report_event(
        self,
        akte: UUID,
        ereignis: str,
        datum: date | None,
        evidence: str,
        *,
        supersedes: int | date | None = None,
        note: str = "",
        by: Actor,
        now: datetime,
    ) -> ReportedEvent:
        """Writes an event down; `supersedes` is the number of a report or the day of a slip, `datum` None says that it
        did not happen. The same again changes nothing.
        """
        with self._change(by, now) as change:
            return told.report_event(change, EventReport(akte, ereignis, datum, evidence, supersedes, note))

    def report_events(self, reports: Sequence[EventReport], *, by: Actor, now: datetime) -> tuple[ReportedEvent, ...]:
        """Many events in one transaction: all are written down, or none."""
        with self._change(by, now) as change:
            known: told.Known = {}
            return tuple(told.report_event(change, report, known) for report in reports)

    def reported_events(self, akte: UUID) -> tuple[ReportedEvent, ...]:
        """Every report of an event of an Akte, superseded ones too."""
        with self._database.read() as connection:
            return told.events_of(connection, akte)

    def report_fact(
        self, akte: UUID, merkmal: str, value: bool | None, evidence: str, *, note: str = "", by: Actor, now: datetime
    ) -> ReportedFact:
        """Writes a fact down; the newest of a name counts, None says that it is unknown again."""
        with self._change(by, now) as change:
            return told.report_fact(change, akte, merkmal, value, evidence, note)

    def reported_facts(self, akte: UUID) -> tuple[ReportedFact, ...]:
        """Every report of a fact of an Akte."""
        with self._database.read() as connection:
            return told.facts_of(connection, akte)

    def classify(
        self, akte: UUID, record_classes: Sequence[str], reason: str, *, under: str = "", by: Actor, now: datetime
    ) -> Classification:
        """Gives an Akte its classes, with a reason. `under` is the SHA-256 of the rules that know these classes: raises
        Unavailable when others are in force meanwhile.
        """
        with self._change(by, now) as change:
            if under:
                require_in_force(change, under)
            return told.classify(change, akte, record_classes, reason)

    def classifications(self, akte: UUID) -> tuple[Classification, ...]:
        """Every change of class of an Akte."""
        with self._database.read() as connection:
            return told.classifications_of(connection, akte)

    def classified(self, akten: Sequence[UUID]) -> frozenset[UUID]:
        """Those of these Akten whose class somebody changed."""
        with self._database.read() as connection:
            return told.classified_of(connection, akten)

    def record_archive(
        self, akte: UUID, answer: KnownArchive, evidence: str, *, by: Actor, now: datetime
    ) -> KnownArchive:
        """Writes down what city and archive told each other about an Akte."""
        with self._change(by, now) as change:
            return told.record_archive(change, akte, answer, evidence)

    def archive_reports(self, akte: UUID) -> tuple[ArchiveReport, ...]:
        """Every step between city and archive about an Akte, those that a later one replaced too."""
        with self._database.read() as connection:
            return told.answers_of(connection, akte)

    # --- persons and parcels -----------------------------------------------------------------------------------------

    def note_references(self, akte: UUID, references: Sequence[Reference], *, by: Actor, now: datetime) -> int:
        """Notes persons and parcels of an Akte; returns how many are new."""
        with self._change(by, now) as change:
            return refstore.note_references(change, akte, references)

    def references(self, akte: UUID) -> tuple[refstore.ReferenceRow, ...]:
        """The persons and parcels of an Akte."""
        with self._database.read() as connection:
            return refstore.references_of_akte(connection, akte)

    def forget_person(self, text: str, reason: str, today: date, *, by: Actor, now: datetime) -> int:
        """Deletes the plain rows of a person lawfully; the chain stays good. Raises Forbidden under a hold."""
        with self._change(by, now) as change:
            return refstore.forget_person(change, text, reason, today)

    # --- holds -------------------------------------------------------------------------------------------------------

    def set_hold(self, order: HoldOrder, known_keys: Collection[str], *, by: Actor, now: datetime) -> HoldView:
        """Sets a hold. Raises Forbidden for an unknown key, and without reason or reference."""
        with self._change(by, now) as change:
            return holdstore.set_hold(change, order, known_keys)

    def extend_hold(
        self,
        number: int,
        until: date | None,
        reason: str,
        *,
        readers: Collection[str] = (),
        by: Actor,
        now: datetime,
    ) -> HoldView:
        """Moves the end of a hold (None is open); an earlier end needs a second person."""
        with self._change(by, now) as change:
            return holdstore.extend_hold(change, number, until, reason, readers)

    def lift_hold(
        self, number: int, reason: str, today: date, *, unfounded: bool = False, by: Actor, now: datetime
    ) -> HoldView:
        """Lifts a hold from `today` (in Berlin) on. Raises Forbidden for the person who set it, under any spelling."""
        with self._change(by, now) as change:
            return holdstore.lift_hold(change, number, reason, today, unfounded=unfounded)

    def hold(self, number: int, viewer: Viewer) -> HoldView:
        """One hold as a viewer may see it."""
        with self._database.read() as connection:
            return holdstore.one(connection, number, viewer.actor, viewer.today)

    def holds(self, viewer: Viewer, *, active_only: bool = True) -> tuple[HoldView, ...]:
        """All holds that a viewer may know of, in the order they were set."""
        with self._database.read() as connection:
            return holdstore.listed(connection, viewer.actor, viewer.today, active_only=active_only)

    def hold_changes(self, number: int, viewer: Viewer) -> tuple[holdstore.HoldChange, ...]:
        """How a hold came to be what it is; nothing for those who may not see it."""
        with self._database.read() as connection:
            if not may_read(holdstore.require(connection, number), viewer.actor):
                return ()
            return holdstore.changes_of(connection, number)

    def held_akten(self, number: int, viewer: Viewer | None = None) -> tuple[UUID, ...]:
        """Every Akte that a hold covers now; nothing for viewers who may not see it."""
        with self._database.read() as connection:
            row = holdstore.require(connection, number)
            if viewer is not None and not may_read(row, viewer.actor):
                return ()
            return tuple(holdbook.akten_of(connection, row))
