"""The register: deliveries with their stages, what each means its Akte to be, and the salts of Akten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, select, update

from akten.errors import Forbidden
from akten.lifecycle import Stage, require_move
from akten.model import Akte, clean_text
from catalog import index
from catalog.actor import Actor
from catalog.change import Change
from catalog.codec import akte_from_json, akte_to_json
from catalog.columns import akte_columns
from catalog.passages import FORMAT, Heading, Kind, register_passages, titles
from catalog.tables import akten, deliveries, reviews
from catalog.trail import Verb, salted
from catalog.values import DeliveryRow

ENDED = frozenset({Stage.ARCHIVED, Stage.RETURNED, Stage.DUPLICATE})
_CHUNK = 500
# These stages have a verb of their own that also writes down why.
_BY_VERB = {
    Stage.ARCHIVED: "record_stored",
    Stage.CLEARING: "to_clearing",
    Stage.DUPLICATE: "mark_duplicate",
    Stage.RETURNED: "resolve",
}


def require_delivery(connection: Connection, uuid: UUID) -> Row[Any]:
    """The row of a delivery. Raises Forbidden when it was never received."""
    row = connection.execute(select(deliveries).where(deliveries.c.uuid == uuid)).first()
    if row is None:
        raise Forbidden("Diese Lieferung ist im Katalog nicht bekannt.")
    return row


def delivery_value(row: Row[Any]) -> DeliveryRow:
    """The value of a row of deliveries."""
    return DeliveryRow(
        nr=row.nr,
        uuid=row.uuid,
        akte=row.akte,
        version=row.version,
        stage=Stage(row.stage),
        aktenart=row.aktenart,
        aktenzeichen=row.aktenzeichen,
        band=row.band,
        betreff=row.betreff,
        folder=row.folder,
        slip=json.loads(row.slip),
        plan=None if row.plan is None else akte_from_json(row.plan),
        by=Actor.read(row.by_name, row.by_kind),
        received_at=row.received_at,
        changed_at=row.changed_at,
        duplicate_of=row.duplicate_of,
    )


def number_of(connection: Connection, akte: UUID | None) -> str | None:
    """The Aktenzeichen that an Akte bears today, None when there is no such Akte."""
    found: str | None = connection.execute(select(akten.c.aktenzeichen).where(akten.c.uuid == akte)).scalar()
    return found


def set_stage(change: Change, row: Row[Any], stage: Stage) -> None:
    """Moves a delivery and what its Akte shows. Raises Forbidden for a move that the life cycle does not allow."""
    require_move(Stage(row.stage), stage)
    values: dict[str, Any] = {"stage": stage.value, "changed_at": change.now}
    if stage is Stage.PACKED:
        values["packed"] = True  # from now on something may lie in a store under this version
    elif stage in (Stage.RETURNED, Stage.DUPLICATE) and not row.packed:
        values["version"] = None
    change.connection.execute(update(deliveries).where(deliveries.c.uuid == row.uuid).values(**values))
    if stage in (Stage.RETURNED, Stage.DUPLICATE):  # its Dokumente never come into an Akte: nobody could look at them
        change.connection.execute(delete(reviews).where(reviews.c.delivery == row.uuid, reviews.c.state == "open"))
    if row.akte is not None and stage is not Stage.ARCHIVED:
        change.connection.execute(
            update(akten)
            .where(akten.c.uuid == row.akte, akten.c.version == 0)
            .values(state=stage.value, changed_at=change.now)
        )


def move(change: Change, delivery: UUID, stage: Stage) -> DeliveryRow:
    """Takes a delivery one stage on, or back to the beginning. Standing there already is not a change."""
    row = require_delivery(change.connection, delivery)
    here = Stage(row.stage)
    if here is not stage:
        if stage in _BY_VERB or here is Stage.CLEARING:
            verb = _BY_VERB.get(stage, "resolve")
            raise Forbidden(f"Der Schritt von „{here}“ nach „{stage}“ geht nur mit Begründung (Verb {verb}).")
        set_stage(change, row, stage)
        change.event(Verb.DELIVERY_MOVED, akte=row.akte, delivery=delivery, before=here.value, after=stage.value)
    return delivery_value(require_delivery(change.connection, delivery))


def require_same_akte(row: Row[Any], akte: Akte) -> None:
    """Raises Forbidden when the Akte is not the one that this delivery was received for."""
    number = clean_text(akte.aktenzeichen.kanonisch)
    if row.akte != akte.uuid or row.aktenzeichen != number or row.band != akte.band or row.aktenart != akte.aktenart:
        raise Forbidden("Diese Akte ist nicht die, für die die Lieferung angenommen wurde.")


def plan(change: Change, delivery: UUID, akte: Akte) -> None:
    """Keeps the Akte as the delivery means it; an Akte without archived version is found by it from now on."""
    row = require_delivery(change.connection, delivery)
    require_same_akte(row, akte)
    text = akte_to_json(akte)
    if row.plan == text:
        return
    if Stage(row.stage) in ENDED:
        raise Forbidden("Diese Lieferung ist abgeschlossen; ihre Akte wird nicht mehr umgeplant.")
    connection = change.connection
    connection.execute(update(deliveries).where(deliveries.c.uuid == delivery).values(plan=text, changed_at=change.now))
    known = connection.execute(select(akten.c.nr, akten.c.version, akten.c.salt).where(akten.c.uuid == akte.uuid)).one()
    if known.version == 0:
        connection.execute(
            update(akten)
            .where(akten.c.uuid == akte.uuid)
            .values(snapshot=text, changed_at=change.now, index_format=FORMAT, **akte_columns(akte))
        )
        index.remove(connection, known.nr, Kind.REGISTER)
        index.add(connection, known.nr, register_passages(Heading.of(akte), titles(akte)))
    change.event(
        Verb.AKTE_PLANNED,
        akte=akte.uuid,
        delivery=delivery,
        vorgaenge=len(akte.vorgaenge),
        dokumente=len(akte.dokumente),
        content=salted(known.salt, text),
    )


def mark_duplicate(change: Change, delivery: UUID, akte: UUID) -> None:
    """Ends a delivery of which every scan is archived already, linked to the Akte that holds them."""
    row = require_delivery(change.connection, delivery)
    if Stage(row.stage) is Stage.DUPLICATE and row.duplicate_of == akte:
        return
    set_stage(change, row, Stage.DUPLICATE)
    change.connection.execute(update(deliveries).where(deliveries.c.uuid == delivery).values(duplicate_of=akte))
    change.event(Verb.DELIVERY_DUPLICATE, akte=akte, delivery=delivery)


def one(connection: Connection, uuid: UUID) -> DeliveryRow | None:
    """One delivery, or None."""
    row = connection.execute(select(deliveries).where(deliveries.c.uuid == uuid)).first()
    return None if row is None else delivery_value(row)


def listed(connection: Connection, *, open_only: bool) -> tuple[DeliveryRow, ...]:
    """Deliveries in the order they came."""
    query = select(deliveries).order_by(deliveries.c.nr)
    if open_only:
        query = query.where(deliveries.c.stage.not_in([stage.value for stage in ENDED]))
    return tuple(delivery_value(row) for row in connection.execute(query))


def salt_of(connection: Connection, akte: UUID) -> str:
    """The salt of an Akte. Raises Forbidden when there is no such Akte."""
    return salts_of(connection, (akte,))[akte]


def salts_of(connection: Connection, uuids: Sequence[UUID]) -> dict[UUID, str]:
    """The salts of many Akten. Raises Forbidden when one of them is not there."""
    found: dict[UUID, str] = {}
    for start in range(0, len(uuids), _CHUNK):
        chosen = akten.c.uuid.in_(uuids[start : start + _CHUNK])
        found.update(
            (row.uuid, row.salt) for row in connection.execute(select(akten.c.uuid, akten.c.salt).where(chosen))
        )
    if not found.keys() >= set(uuids):
        raise Forbidden("Diese Akte ist im Katalog nicht bekannt.")
    return found
