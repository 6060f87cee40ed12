"""`CorrectionBook`: corrections of what archived Akten are described as; reached as `Catalog.corrections`.

What is proposed lives in the trail, as other proposals do, its values beside the chain (they may name people). Once it
is released it goes the way of a delivery that brings no files, so that its version has number, turn and package as any.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, exists, func, select

from akten.correction import Change as Corrected
from akten.correction import Correction, number_given
from akten.errors import FixityError, Forbidden
from akten.lifecycle import Stage
from akten.model import Akte, clean_text
from akten.package import StoredPackage
from catalog import events, holdings, makeway, proposals, refstore, register, renumbered, stored, versions
from catalog.actor import Actor
from catalog.arrival import Arrival, receive
from catalog.change import Change
from catalog.codec import canonical
from catalog.engine import Database
from catalog.proposals import CORRECTION, Proposal
from catalog.references import references_of
from catalog.tables import akten, packages, trail, trail_notes
from catalog.tables import deliveries as table
from catalog.trail import Verb
from catalog.values import DeliveryRow, Seite

_OUTDATED = (
    "Seit diesem Vorschlag hat die Akte eine neue Version bekommen; berichtigt wird nur die neueste. Bitte den "
    "Vorschlag verwerfen (archiv akte verwirf) und neu machen."
)
BEGUN = (Stage.DESCRIBED, Stage.PACKED, Stage.ARCHIVED)  # there is a package, or there was one


@dataclass(frozen=True, slots=True)
class Proposed:
    """An open proposal to correct `version`."""

    proposal: Proposal
    version: int
    reason: str
    changes: tuple[Corrected, ...]

    @property
    def agreed(self) -> Correction:
        """What two persons agreed on. Raises ValueError before the release."""
        proposal = self.proposal
        if proposal.released_by is None or proposal.released_at is None:
            raise ValueError("nobody released it yet")
        return Correction(
            self.version,
            self.changes,
            self.reason,
            proposal.proposed_by.label,
            proposal.proposed_at,
            proposal.released_by.label,
            proposal.released_at,
            proposal.released_reason,
        )


def note_of(reason: str, changes: Sequence[Corrected]) -> str:
    """The words beside the row of a proposal: reason and values in one text that can be deleted lawfully."""
    return canonical({"grund": reason, "aenderungen": [change.to_json() for change in changes]})


def read_note(note: str) -> tuple[str, tuple[Corrected, ...]]:
    """The way back of `note_of`. Raises ValueError, KeyError or TypeError for anything else."""
    value = json.loads(note)
    return str(value["grund"]), tuple(Corrected.from_json(each) for each in value["aenderungen"])


def _proposed(proposal: Proposal) -> Proposed:
    try:
        reason, changes = read_note(proposal.reason)
        version = int(proposal.about["version"])
    except (ValueError, KeyError, TypeError) as error:
        text = (
            f"Der Vorschlag in Zeile {proposal.number} des Protokolls ist nicht mehr lesbar: archiv protokoll pruefe."
        )
        raise FixityError(text) from error
    return Proposed(proposal, version, reason, changes)


def who_gets(connection: Connection, aktenart: str, number: str, band: int) -> tuple[UUID, ...]:
    """The Akten to which an open proposal would give a number that no Akte bears. One that cannot be read gives none:
    `archiv protokoll pruefe` tells of it.
    """
    kin = (akten.c.aktenart == aktenart) & (akten.c.band == band)
    bears = select(akten.c.nr).where(kin, akten.c.aktenzeichen == number)
    if not number or connection.execute(bears).first() is not None:
        return ()
    found = []
    for akte, note in _waiting(connection):
        with suppress(ValueError, KeyError, TypeError):
            if number_given(read_note(events.words(note))[1]) == number:
                found.append(UUID(akte))
    if not found:  # asked for none of them, SQLite would read every Akte of the family
        return ()
    same = set(connection.execute(select(akten.c.uuid).where(kin, akten.c.uuid.in_(found))).scalars())
    return tuple(akte for akte in found if akte in same)


def _waiting(connection: Connection) -> list[Row[Any]]:
    """Akte and note of every open proposal, the oldest first. An Akte has at most one, so it is open when none of the
    Akte ended later.

    Asked by every intake, and for every delivery of a new number: those that ended, of years, are only counted.
    """
    proposed, ended = (
        connection.execute(select(func.count()).select_from(trail).where(trail.c.verb == verb.value)).scalar_one()
        for verb in (CORRECTION.proposed, CORRECTION.ended)
    )
    later = trail.alias("later")
    of_akte = later.c.akte == trail.c.akte, later.c.seq > trail.c.seq
    # As an expression, so that no database walks the index of verbs here, once for each proposal.
    over = exists().where(*of_akte, func.coalesce(later.c.verb, "") == CORRECTION.ended.value)
    query = (
        select(trail.c.akte, trail_notes.c.note)
        .select_from(trail.join(trail_notes, trail_notes.c.seq == trail.c.seq, isouter=True))
        .where(trail.c.verb == CORRECTION.proposed.value, trail.c.akte.is_not(None), ~over)
        .order_by(trail.c.seq.desc())
        .limit(max(proposed - ended, 0))
    )
    return list(reversed(connection.execute(query).all()))


def _named(row: Row[Any]) -> UUID:
    try:
        return UUID(row.akte)
    except ValueError as error:
        text = "Ein Vorschlag im Protokoll nennt keine Akte mehr: archiv protokoll pruefe."
        raise FixityError(text) from error


def _require_newest(connection: Connection, akte: UUID, version: int) -> None:
    newest = connection.execute(select(func.max(packages.c.version)).where(packages.c.akte == akte)).scalar()
    if newest != version:
        raise Forbidden(_OUTDATED)


def _require_free(connection: Connection, akte: UUID, changes: Sequence[Corrected]) -> None:
    """Raises Forbidden when the number that these changes give is another Akte's, or a delivery asks for it."""
    if (number := number_given(changes)) is not None:
        renumbered.require_free(connection, akte, number)


def _free_number(change: Change, arrival: Arrival) -> None:
    """Sees to it that the number which a correction gives is nobody's; what was opened under it in vain makes way."""
    connection, akte = change.connection, arrival.akte
    given = arrival.aktenzeichen
    if akte is None or given is None or register.number_of(connection, akte) in (None, given.kanonisch):
        return
    there = renumbered.require_free(connection, akte, given.kanonisch)
    if there is None:
        return
    joined = makeway.make_way(change, there.uuid)
    if joined is None:
        raise renumbered.no_way(there)
    makeway.join(connection, joined, akte)


class CorrectionBook:
    """Every verb is one short transaction, together with its events."""

    def __init__(self, database: Database, begin: Callable[[Actor, datetime], AbstractContextManager[Change]]) -> None:
        self._database = database
        self._begin = begin

    def open(self, akte: UUID | None = None) -> tuple[Proposed, ...]:
        """The proposals that wait for their release or their end, the oldest first; an Akte has at most one."""
        if akte is None:
            return self.page(limit=None).rows
        with self._database.read() as connection:
            return tuple(map(_proposed, proposals.open_proposals(connection, CORRECTION, akte)))

    def page(self, *, limit: int | None, offset: int = 0) -> Seite[Proposed]:
        """One page of all that wait, in a few questions however many they are."""
        with self._database.read() as connection:
            waiting = _waiting(connection)
            chosen = [_named(row) for row in waiting[offset : None if limit is None else offset + limit]]
            found = proposals.open_of(connection, CORRECTION, chosen)
            return Seite(tuple(map(_proposed, found)), len(waiting))

    def described(self, proposed: Sequence[Proposed]) -> dict[tuple[UUID, int], Akte]:
        """Every version (by Akte and number) that these proposals would correct, as it was archived."""
        with self._database.read() as connection:
            return holdings.snapshots(connection, [(each.proposal.akte, each.version) for each in proposed])

    def stages(self, deliveries: Sequence[UUID]) -> dict[UUID, Stage]:
        """How far what stands in the place of a delivery has come; what was never begun is left out."""
        found: dict[UUID, Stage] = {}
        query = select(table.c.uuid, table.c.stage)
        with self._database.read() as connection:
            for start in range(0, len(deliveries), 500):
                rows = connection.execute(query.where(table.c.uuid.in_(deliveries[start : start + 500])))
                found |= {row.uuid: Stage(row.stage) for row in rows}
        return found

    def propose(
        self, akte: UUID, version: int, changes: Sequence[Corrected], reason: str, *, by: Actor, now: datetime
    ) -> None:
        """Asks for a correction of the newest version. Raises Forbidden while another proposal waits, and for a version
        that is not the newest (any more).
        """
        with self._begin(by, now) as change:
            if proposals.open_proposals(change.connection, CORRECTION, akte):
                raise Forbidden(
                    "Für diese Akte liegt schon ein Vorschlag vor; er ist freizugeben (archiv akte gib-frei) oder zu "
                    "verwerfen (archiv akte verwirf)."
                )
            _require_newest(change.connection, akte, version)
            _require_free(change.connection, akte, changes)
            note = note_of(clean_text(reason), changes)
            proposals.propose(change, CORRECTION, akte, note, version=version, changes=len(changes))

    def release(self, akte: UUID, number: int, version: int, reason: str, *, by: Actor, now: datetime) -> None:
        """Writes down that a second person agreed. Raises Forbidden when the Akte got a newer version since, or when
        its new number is no longer free.
        """
        with self._begin(by, now) as change:
            _require_newest(change.connection, akte, version)
            for each in proposals.open_proposals(change.connection, CORRECTION, akte):
                if each.number == number:
                    _require_free(change.connection, akte, _proposed(each).changes)
            proposals.release(change, CORRECTION, akte, number, clean_text(reason))

    def begin(self, arrival: Arrival, number: int, version: int, *, by: Actor, now: datetime) -> DeliveryRow:
        """Enters the correction of `version` as what brings the next one, and fixes the number of that.

        Repeated it changes nothing. Raises Unavailable while a delivery of the Akte is being packed, Forbidden when the
        Akte got a newer version since, when its new number is not free, or when a person ended what was begun, or gave
        the proposal `number` up. From here on nobody else gets the number (catalog/renumbered.py).
        """
        with self._begin(by, now) as change:
            connection, uuid = change.connection, arrival.delivery
            if all(each.number != number for each in proposals.open_proposals(connection, CORRECTION, arrival.akte)):
                raise Forbidden("Diesen Vorschlag gibt es nicht mehr.")
            there = register.one(connection, uuid)
            if there is not None and there.stage in BEGUN:
                return there
            if there is not None and there.stage is not Stage.RECEIVED:
                raise Forbidden("Diese Berichtigung wurde beendet; bitte den Vorschlag verwerfen und neu machen.")
            _free_number(change, arrival)
            row = receive(change, arrival)
            if row.akte is None or row.akte != arrival.akte:
                raise FixityError("Unter diesem Aktenzeichen steht im Katalog jetzt eine andere Akte.")
            for stage in (Stage.EXAMINED, Stage.RECOGNISED):  # there is nothing to look at and nothing to read
                register.set_stage(change, register.require_delivery(connection, uuid), stage)
            versions.settle(change, uuid)
            _require_newest(connection, row.akte, version)  # from here on nobody else makes a version of this Akte
            return register.delivery_value(register.require_delivery(connection, uuid))

    def give_way(self, delivery: UUID, *, by: Actor, now: datetime) -> None:
        """Takes a correction that could not be packed back to its beginning, so that it keeps nobody waiting."""
        with self._begin(by, now) as change:
            row = register.one(change.connection, delivery)
            if row is not None and row.stage is Stage.DESCRIBED:
                register.move(change, delivery, Stage.RECEIVED)

    def record(self, delivery: UUID, akte: Akte, package: StoredPackage, *, by: Actor, now: datetime) -> None:
        """Says "archived": package, register, search index, persons and parcels, with the event that tells it."""
        texts = stored.prepare(akte, {})
        with self._begin(by, now) as change:
            stored.record_stored(change, delivery, akte, package, texts)
            refstore.note_references(change, akte.uuid, references_of(akte.felder), delivery)

    def end(self, akte: UUID, number: int, *, version: int, by: Actor, now: datetime) -> None:
        """Writes down that a proposal was carried out, and by which version."""
        with self._begin(by, now) as change:
            proposals.end(change, CORRECTION, akte, number, done=True, version=version)

    def withdraw(self, proposed: Proposed, delivery: UUID, reason: str, *, by: Actor, now: datetime) -> None:
        """Gives a proposal up. Raises Forbidden once its package may lie in a store: then it has to be carried out."""
        akte, number = proposed.proposal.akte, proposed.proposal.number
        with self._begin(by, now) as change:
            row = register.one(change.connection, delivery)
            if row is not None and row.stage in BEGUN and proposed.proposal.released_at is not None:
                raise Forbidden(
                    "Diese Berichtigung ist freigegeben und schon begonnen; sie lässt sich nicht mehr verwerfen. "
                    "Zu Ende bringt sie: archiv akte gib-frei."
                )
            if row is not None and row.stage is Stage.RECEIVED:
                for stage in (Stage.CLEARING, Stage.RETURNED):
                    register.set_stage(change, register.require_delivery(change.connection, delivery), stage)
                moved = {"before": Stage.RECEIVED.value, "after": Stage.RETURNED.value}
                change.event(Verb.DELIVERY_MOVED, akte=akte, delivery=delivery, **moved)
            proposals.end(change, CORRECTION, akte, number, done=False, reason=clean_text(reason))
