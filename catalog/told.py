"""What people tell about an Akte and what decides its period: events, facts, classes, the archive's word.

Append-only: a row is never changed; a later one supersedes it. Words that people wrote (evidence, notes, reasons) stand
here and not in the chain, which knows the row by number and by a salted digest of its content.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, insert, select

from akten.errors import Forbidden, Unknown
from akten.model import clean_text
from catalog.actor import Actor
from catalog.change import Change
from catalog.codec import canonical
from catalog.keeping_tables import archive_answers, classifications, reported_events, reported_facts
from catalog.register import salt_of
from catalog.trail import Verb, salted

MOST = 2000  # characters of one text; more is a letter, and belongs into the Akte


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """One event as somebody told it. `datum` None says that it did not happen; `instead_of` is a day on a slip."""

    number: int
    akte: UUID
    ereignis: str
    datum: date | None
    evidence: str
    note: str
    supersedes: int | None
    instead_of: date | None
    superseded_by: int | None
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportedFact:
    """One fact as somebody told it; `value` None says that it is unknown again. The newest of a name counts."""

    number: int
    akte: UUID
    merkmal: str
    value: bool | None
    evidence: str
    note: str
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Classification:
    """The classes that somebody gave an Akte, and why. The newest counts."""

    number: int
    akte: UUID
    record_classes: tuple[str, ...]
    reason: str
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownArchive:
    """What city and archive told each other about an Akte; `decision` is "" before the archive decided.

    `evidence` says where the last word of it stands; two answers are the same whatever it is.
    """

    offered: bool = False
    offered_on: date | None = None
    decision: str = ""
    waived: bool = False
    evidence: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """One step between city and archive as somebody wrote it down. The newest counts."""

    number: int
    akte: UUID
    answer: KnownArchive
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class EventReport:
    """An event to be written down. `supersedes` is the number of an earlier report, or a day that a slip told."""

    akte: UUID
    ereignis: str
    datum: date | None
    evidence: str
    supersedes: int | date | None = None
    note: str = ""


Known = dict[UUID, list[ReportedEvent]]  # what was told of Akten so far, read once for many reports


def report_event(change: Change, report: EventReport, known: Known | None = None) -> ReportedEvent:
    """Writes an event down; the same again (Akte, name, day, evidence) changes nothing.

    Raises Forbidden for an unknown Akte, for a report without evidence, for one that corrects what is not there or was
    corrected already, for one that was corrected itself, and for "did not happen" that does not say what it corrects.
    """
    salt = salt_of(change.connection, report.akte)
    evidence, note = _words(report.evidence, "Der Beleg"), _words(report.note, "Die Bemerkung")
    if not evidence:
        raise Forbidden("Ein Ereignis wird nur mit Beleg vermerkt: woraus geht es hervor?")
    if report.datum is None and report.supersedes is None:
        raise Forbidden("Dass etwas nicht geschehen ist, berichtigt eine frühere Meldung; bitte deren Nummer nennen.")
    known = {} if known is None else known
    if report.akte not in known:
        known[report.akte] = list(events_of(change.connection, report.akte))
    there = known[report.akte]
    same = next((e for e in there if e.superseded_by is None and _same(e, report, evidence)), None)
    if same is not None:
        return same
    if (newer := corrected_by(there, report)) is not None:
        raise Forbidden(
            f"Diese Meldung steht schon da und ist berichtigt; es gilt Nr. {newer}. Gilt sie doch wieder, berichtigt "
            f"sie diese: --ersetzt {newer}."
        )
    number, instead_of = _corrects(there, report)
    nr = _insert(
        change,
        reported_events,
        akte=report.akte,
        ereignis=report.ereignis,
        datum=report.datum,
        evidence=evidence,
        note=note,
        supersedes=number,
        instead_of=instead_of,
    )
    content = canonical([report.ereignis, report.datum, evidence, note, number, instead_of])
    change.event(
        Verb.EVENT_REPORTED,
        akte=report.akte,
        number=nr,
        ereignis=report.ereignis,
        happened=report.datum is not None,
        content=salted(salt, content),
        supersedes=number,
    )
    made = ReportedEvent(
        nr, report.akte, report.ereignis, report.datum, evidence, note, number, instead_of, None, change.by, change.now
    )
    if number is not None:
        there[:] = [replace(event, superseded_by=nr) if event.number == number else event for event in there]
    there.append(made)
    return made


def corrected_by(there: Sequence[ReportedEvent], report: EventReport) -> int | None:
    """The number of what counts now in place of exactly this report, None for one that was never told and corrected.

    A list that is read in once more must not bring back what somebody put right meanwhile.
    """
    if report.supersedes is not None:
        return None
    evidence = clean_text(report.evidence)
    newer = next((e.superseded_by for e in there if e.superseded_by and _same(e, report, evidence)), None)
    after = {event.number: event.superseded_by for event in there}
    while newer is not None and (next_one := after.get(newer)) is not None:
        newer = next_one
    return newer


def _same(event: ReportedEvent, report: EventReport, evidence: str) -> bool:
    if (event.ereignis, event.datum, event.evidence) != (report.ereignis, report.datum, evidence):
        return False
    return report.supersedes in (None, event.supersedes, event.instead_of)


def _corrects(there: Sequence[ReportedEvent], report: EventReport) -> tuple[int | None, date | None]:
    wanted = report.supersedes
    if isinstance(wanted, date):
        if any(e.ereignis == report.ereignis and e.instead_of == wanted for e in there):
            raise Forbidden(
                "Diese Angabe des Laufzettels ist schon berichtigt; bitte die Nummer der Berichtigung nennen."
            )
        return None, wanted
    if wanted is None:
        return None, None
    before = next((event for event in there if event.number == wanted), None)
    if before is None:
        raise Unknown(f"Eine Meldung Nr. {wanted} gibt es zu dieser Akte nicht.")
    if before.superseded_by is not None:
        raise Forbidden(
            f"Meldung Nr. {wanted} ist schon durch Nr. {before.superseded_by} ersetzt; bitte diese berichtigen."
        )
    return wanted, None


def report_fact(
    change: Change, akte: UUID, merkmal: str, value: bool | None, evidence: str, note: str = ""
) -> ReportedFact:
    """Writes a fact down; the same as what counts now changes nothing. Raises Forbidden without evidence."""
    salt = salt_of(change.connection, akte)
    evidence, note = _words(evidence, "Der Beleg"), _words(note, "Die Bemerkung")
    if not evidence:
        raise Forbidden("Ein Merkmal wird nur mit Beleg vermerkt: woraus geht es hervor?")
    now = next((fact for fact in reversed(facts_of(change.connection, akte)) if fact.merkmal == merkmal), None)
    if now is not None and (now.value, now.evidence) == (value, evidence):
        return now
    nr = _insert(change, reported_facts, akte=akte, merkmal=merkmal, value=value, evidence=evidence, note=note)
    content = salted(salt, canonical([merkmal, value, evidence, note]))
    change.event(Verb.FACT_REPORTED, akte=akte, number=nr, merkmal=merkmal, content=content)
    return next(fact for fact in facts_of(change.connection, akte) if fact.number == nr)


def classify(change: Change, akte: UUID, record_classes: Sequence[str], reason: str) -> Classification:
    """Gives an Akte its classes; the same as now changes nothing. Raises Forbidden without class or reason."""
    salt = salt_of(change.connection, akte)
    classes = tuple(dict.fromkeys(clean_text(name) for name in record_classes))
    reason = _words(reason, "Die Begründung")
    if not classes or not all(classes):
        raise Forbidden("Eine Akte hat mindestens eine Fristklasse.")
    if not reason:
        raise Forbidden("Die Fristklasse wird nur mit Begründung geändert.")
    there = classifications_of(change.connection, akte)
    if there and there[-1].record_classes == classes:
        return there[-1]
    nr = _insert(change, classifications, akte=akte, record_classes=canonical(list(classes)), reason=reason)
    change.event(Verb.AKTE_CLASSIFIED, akte=akte, note=reason, salt=salt, number=nr, record_classes=list(classes))
    return classifications_of(change.connection, akte)[-1]


def record_archive(change: Change, akte: UUID, answer: KnownArchive, evidence: str) -> KnownArchive:
    """Writes down what city and archive told each other; the newest row counts, the same again changes nothing.

    The same answer in another letter is another step.
    """
    salt = salt_of(change.connection, akte)
    evidence = _words(evidence, "Der Beleg")
    if not evidence:
        raise Forbidden("Ein Bescheid des Archivs wird nur mit Beleg vermerkt.")
    query = select(archive_answers).where(archive_answers.c.akte == akte).order_by(archive_answers.c.nr.desc()).limit(1)
    last = change.connection.execute(query).first()
    answer = replace(answer, evidence=evidence)
    if last is not None and (archive_value(last), last.evidence) == (answer, evidence):
        return answer
    nr = _insert(
        change,
        archive_answers,
        akte=akte,
        offered_on=answer.offered_on,
        decision=answer.decision,
        waived=answer.waived,
        evidence=evidence,
    )
    content = salted(salt, canonical([answer.offered_on, answer.decision, answer.waived, evidence]))
    change.event(Verb.ARCHIVE_ANSWERED, akte=akte, number=nr, decision=answer.decision, content=content)
    return answer


def _words(text: str, what: str) -> str:
    text = clean_text(text)
    if len(text) > MOST:
        raise Forbidden(f"{what} ist länger als {MOST} Zeichen; das gehört als Dokument in die Akte.")
    return text


def _insert(change: Change, table: Table, **values: Any) -> int:
    statement = insert(table).values(by_name=change.by.label, by_kind=change.by.kind.value, at=change.now, **values)
    return int(change.connection.execute(statement.returning(table.c.nr)).scalar_one())


def event_value(row: Row[Any], superseded_by: int | None) -> ReportedEvent:
    """The value of a row of reported_events."""
    return ReportedEvent(
        number=row.nr,
        akte=row.akte,
        ereignis=row.ereignis,
        datum=row.datum,
        evidence=row.evidence,
        note=row.note,
        supersedes=row.supersedes,
        instead_of=row.instead_of,
        superseded_by=superseded_by,
        by=Actor.read(row.by_name, row.by_kind),
        at=row.at,
    )


def archive_value(row: Row[Any]) -> KnownArchive:
    """The value of a row of archive_answers."""
    offered = row.offered_on is not None or bool(row.decision)
    return KnownArchive(offered, row.offered_on, row.decision, row.waived, row.evidence)


def answers_of(connection: Connection, akte: UUID) -> tuple[ArchiveReport, ...]:
    """Every step between city and archive about an Akte in the order they came."""
    query = select(archive_answers).where(archive_answers.c.akte == akte).order_by(archive_answers.c.nr)
    return tuple(
        ArchiveReport(row.nr, row.akte, archive_value(row), Actor.read(row.by_name, row.by_kind), row.at)
        for row in connection.execute(query)
    )


def events_of(connection: Connection, akte: UUID) -> tuple[ReportedEvent, ...]:
    """Every report of an event of an Akte, superseded ones too, in the order they came."""
    query = select(reported_events).where(reported_events.c.akte == akte).order_by(reported_events.c.nr)
    rows = connection.execute(query).all()
    newer = {row.supersedes: row.nr for row in rows if row.supersedes is not None}
    return tuple(event_value(row, newer.get(row.nr)) for row in rows)


def facts_of(connection: Connection, akte: UUID) -> tuple[ReportedFact, ...]:
    """Every report of a fact of an Akte in the order they came."""
    query = select(reported_facts).where(reported_facts.c.akte == akte).order_by(reported_facts.c.nr)
    return tuple(
        ReportedFact(
            row.nr,
            row.akte,
            row.merkmal,
            row.value,
            row.evidence,
            row.note,
            Actor.read(row.by_name, row.by_kind),
            row.at,
        )
        for row in connection.execute(query)
    )


def classified_of(connection: Connection, akten: Sequence[UUID]) -> frozenset[UUID]:
    """Those of these Akten whose class somebody changed."""
    found: set[UUID] = set()
    for start in range(0, len(akten), 500):
        query = select(classifications.c.akte).where(classifications.c.akte.in_(akten[start : start + 500]))
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def classifications_of(connection: Connection, akte: UUID) -> tuple[Classification, ...]:
    """Every change of class of an Akte in the order they came."""
    query = select(classifications).where(classifications.c.akte == akte).order_by(classifications.c.nr)
    return tuple(
        Classification(
            row.nr,
            row.akte,
            tuple(json.loads(row.record_classes)),
            row.reason,
            Actor.read(row.by_name, row.by_kind),
            row.at,
        )
        for row in connection.execute(query)
    )
