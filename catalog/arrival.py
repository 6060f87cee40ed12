"""What comes in: a delivery as it is received, and the Akte and version that it gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from akten.aktenzeichen import Aktenzeichen
from akten.correction import is_correction
from akten.errors import Forbidden
from akten.files import Scan
from akten.lifecycle import Stage
from akten.model import clean_text
from catalog import index, renumbered
from catalog.change import Change
from catalog.codec import canonical
from catalog.fold import fold
from catalog.keeping_tables import (
    akte_references,
    archive_answers,
    classifications,
    holds,
    reported_events,
    reported_facts,
)
from catalog.register import ENDED, delivery_value, number_of, require_delivery
from catalog.tables import akten, deliveries, scans
from catalog.trail import Verb, salted
from catalog.values import DeliveryRow


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in: the delivery's UUID, which Akte it names (if that is certain), its slip and its scans.

    `promised` is true where somebody proposed that another Akte shall bear its number.
    """

    delivery: UUID
    akte: UUID | None
    aktenart: str
    aktenzeichen: Aktenzeichen | None
    band: int
    betreff: str
    slip: Mapping[str, Any]
    scans: Sequence[Scan]
    folder: str
    promised: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over everything that makes it this delivery; where it lies does not count."""
        files = sorted([scan.name, scan.digests.sha512] for scan in self.scans)
        number = None if self.aktenzeichen is None else str(self.aktenzeichen)
        content = [self.aktenart, number, self.band, self.betreff, self.slip, files]
        return hashlib.sha256(canonical(content).encode()).hexdigest()


def receive(change: Change, arrival: Arrival) -> DeliveryRow:
    """Registers a delivery and gives it Akte and version; the same again changes nothing.

    A delivery that comes again with another slip or other scans (put right at the clearing desk) replaces what was
    known, until it has ended.
    """
    connection = change.connection
    there = connection.execute(select(deliveries).where(deliveries.c.uuid == arrival.delivery)).first()
    if there is not None and there.digest == arrival.digest:
        if _lost_its_akte(connection, there):
            _assign(change, arrival, there)
        if there.folder != arrival.folder:
            connection.execute(
                update(deliveries).where(deliveries.c.uuid == arrival.delivery).values(folder=arrival.folder)
            )
        return delivery_value(require_delivery(connection, arrival.delivery))
    if there is not None and Stage(there.stage) in ENDED:
        raise Forbidden("Diese Lieferung ist abgeschlossen; sie nimmt keine anderen Dateien oder Angaben mehr an.")
    slip = canonical(arrival.slip)
    values = {
        "aktenart": clean_text(arrival.aktenart),
        "aktenzeichen": "" if arrival.aktenzeichen is None else clean_text(str(arrival.aktenzeichen)),
        "band": arrival.band,
        "betreff": clean_text(arrival.betreff),
        "folder": arrival.folder,
        "slip": slip,
        "digest": arrival.digest,
        "changed_at": change.now,
    }
    if there is None:
        salt = change.salt()
        connection.execute(
            insert(deliveries).values(
                uuid=arrival.delivery,
                stage=Stage.RECEIVED.value,
                salt=salt,
                by_name=change.by.label,
                by_kind=change.by.kind.value,
                received_at=change.now,
                **values,
            )
        )
    else:
        salt = there.salt
        connection.execute(update(deliveries).where(deliveries.c.uuid == arrival.delivery).values(plan=None, **values))
        connection.execute(delete(scans).where(scans.c.delivery == arrival.delivery))
    _register_scans(connection, arrival)
    akte, version = _assign(change, arrival, there)
    change.event(
        Verb.DELIVERY_RECEIVED if there is None else Verb.DELIVERY_REPLACED,
        akte=akte,
        delivery=arrival.delivery,
        version=version,
        scans=len(arrival.scans),
        bytes=sum(scan.digests.size for scan in arrival.scans),
        content=salted(salt, arrival.digest),
        slip=salted(salt, slip),
    )
    return delivery_value(require_delivery(connection, arrival.delivery))


def _register_scans(connection: Connection, arrival: Arrival) -> None:
    rows = [
        {
            "delivery": arrival.delivery,
            "uuid": scan.uuid,
            "sha256": scan.digests.sha256,
            "sha512": scan.digests.sha512,
            "size": scan.digests.size,
            "mime": scan.mime,
            "name": clean_text(scan.name),
        }
        for scan in arrival.scans
    ]
    if rows:
        connection.execute(insert(scans), rows)


def _assign(change: Change, arrival: Arrival, before: Row[Any] | None) -> tuple[UUID | None, int | None]:
    """Akte and version of the delivery; stays what it was unless the slip now names another Akte."""
    connection = change.connection
    akte = None if arrival.aktenzeichen is None else _akte_of(change, arrival, arrival.aktenzeichen)
    if before is not None and before.akte == akte:
        return before.akte, before.version
    version = None
    if akte is not None:
        highest = select(func.max(deliveries.c.version)).where(deliveries.c.akte == akte)
        version = (connection.execute(highest).scalar() or 0) + 1
    connection.execute(
        update(deliveries).where(deliveries.c.uuid == arrival.delivery).values(akte=akte, version=version, packed=False)
    )
    if before is not None and before.akte is not None:
        drop_if_unused(change, before.akte)
    return akte, version


def _lost_its_akte(connection: Connection, row: Row[Any]) -> bool:
    """True for a delivery that still can be of another Akte and is of none, or of one that bears another number now."""
    fixed = Stage(row.stage) in (*ENDED, Stage.DESCRIBED, Stage.PACKED)
    if fixed or not row.aktenzeichen or is_correction(json.loads(row.slip)):
        return False
    return bool(row.aktenzeichen != number_of(connection, row.akte))


def open_anew(change: Change, delivery: UUID) -> DeliveryRow:
    """Opens an Akte of its own for a delivery under a number that another one bore or may bear: a person said so."""
    row = require_delivery(change.connection, delivery)
    if row.akte is None and row.aktenzeichen:
        number, slip = Aktenzeichen(row.aktenzeichen), json.loads(row.slip)
        anew = UUID(bytes=change.token(16), version=4)
        arrival = Arrival(delivery, anew, row.aktenart, number, row.band, row.betreff, slip, (), row.folder)
        _assign(change, arrival, row)
    return delivery_value(require_delivery(change.connection, delivery))


def _akte_of(change: Change, arrival: Arrival, aktenzeichen: Aktenzeichen) -> UUID | None:
    """The UUID of the Akte with this number and volume; opened now when there is none.

    None when the number was once that of another Akte, or may soon be: whose it is has to be asked, unless the arrival
    says which UUID a new one has. A correction is of the Akte that it names, which may bear the number only afterwards.
    """
    connection = change.connection
    number = clean_text(aktenzeichen.kanonisch)
    if is_correction(arrival.slip) and number_of(connection, arrival.akte) is not None:
        return arrival.akte
    renumbered.require_settled(connection, arrival.aktenart, number, arrival.band)
    same = (akten.c.aktenart == arrival.aktenart) & (akten.c.aktenzeichen == number) & (akten.c.band == arrival.band)
    found: UUID | None = connection.execute(select(akten.c.uuid).where(same)).scalar()
    if found is not None:
        return found
    asked = arrival.promised or renumbered.who_bore(connection, arrival.aktenart, number, arrival.band)
    if arrival.akte is None and asked:
        return None
    # A random UUID: one computed from the number would let anybody prove the number after a lawful deletion.
    uuid = arrival.akte or UUID(bytes=change.token(16), version=4)
    if connection.execute(select(akten.c.nr).where(akten.c.uuid == uuid)).first() is not None:
        uuid = UUID(bytes=change.token(16), version=4)
    betreff = clean_text(arrival.betreff)
    connection.execute(
        insert(akten).values(
            uuid=uuid,
            aktenart=arrival.aktenart,
            aktenzeichen=number,
            schreibweise=clean_text(aktenzeichen.schreibweise),
            band=arrival.band,
            betreff=betreff,
            betreff_folded=fold(betreff),
            state=Stage.RECEIVED.value,
            salt=change.salt(),
            created_at=change.now,
            changed_at=change.now,
        )
    )
    change.event(Verb.AKTE_OPENED, akte=uuid, delivery=arrival.delivery)
    return uuid


def drop_if_unused(change: Change, akte: UUID) -> None:
    """Takes back an Akte that was opened only by a slip which has been put right since."""
    connection = change.connection
    row = connection.execute(select(akten.c.nr, akten.c.version).where(akten.c.uuid == akte)).one()
    own = (deliveries, reported_events, reported_facts, classifications, archive_answers, holds)
    told = [select(t.c.nr).where(t.c.akte == akte) for t in own]
    told.append(
        select(akte_references.c.nr).where(akte_references.c.akte == akte, akte_references.c.delivery.is_(None))
    )
    if row.version or any(connection.execute(each.limit(1)).first() for each in told):
        return  # what people told about it stays known, and a hold on it stays
    index.remove(connection, row.nr)
    connection.execute(delete(akte_references).where(akte_references.c.akte == akte))
    connection.execute(delete(akten).where(akten.c.uuid == akte))
    change.event(Verb.AKTE_DROPPED, akte=akte)
