"""The version number of a delivery's package: fixed right before it is described, one after the other per Akte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from akten.correction import is_correction
from akten.errors import Forbidden, Unavailable
from akten.lifecycle import Stage
from catalog.change import Change
from catalog.register import number_of, require_delivery, set_stage
from catalog.tables import deliveries, scans, trail, verb_of_few
from catalog.trail import Verb, read_body

_FIXED = (Stage.DESCRIBED.value, Stage.PACKED.value)
_PACKED = "Eine andere Lieferung derselben Akte wird gerade abgelegt; danach ist diese an der Reihe."
_CORRECTED = (
    "Eine freigegebene Berichtigung derselben Akte wird gerade abgelegt; danach ist diese Lieferung an der Reihe. Ist "
    "sie abgebrochen (archiv akte berichtigungen), bringt die nächste Annahme sie zu Ende, oder sofort: archiv akte "
    "gib-frei {number} --band {band} --grund …"
)
_OVERTAKEN = (  # only the newest version is corrected, and the delivery will most likely bring a newer one
    "Ein Nachscan derselben Akte wird gerade abgelegt. Bringt er eine neue Version, gilt dieser Vorschlag nicht mehr: "
    "verwerfen (archiv akte verwirf) und neu vorschlagen. Sonst geht es weiter mit demselben archiv akte gib-frei."
)
_RENUMBERED = (
    "Das Aktenzeichen der Akte dieser Lieferung wurde inzwischen berichtigt; zu welcher Akte sie gehört, fragt der "
    "nächste Lauf."
)


def settle(change: Change, delivery: UUID, least: int = 1) -> int:
    """Fixes the version of a recognised delivery and moves it to `described`; repeated there it changes nothing.

    The number follows the newest version that is archived or may lie in a store, and is at least `least` (of a package
    entered again, before which numbers may have been given up); one under which this delivery was packed before stays,
    unless a newer version was archived since. Numbers that other deliveries were promised but have not fixed are taken
    back; they get theirs when their turn comes. Raises Unavailable while another delivery of the same Akte is being
    packed, since a new version takes over what the one before holds, and while one with a scan of this one is, since it
    may turn out to be archived already.
    """
    connection = change.connection
    row = require_delivery(connection, delivery)
    if row.akte is None:
        raise Forbidden("Die Akte dieser Lieferung ist noch nicht bestimmt.")
    if row.stage in _FIXED and row.version is not None:
        return int(row.version)
    if number_of(connection, row.akte) != row.aktenzeichen and not is_correction(json.loads(row.slip)):
        raise Unavailable(_RENUMBERED)
    others = deliveries.c.akte == row.akte, deliveries.c.uuid != delivery
    packing = deliveries.c.uuid != delivery, deliveries.c.stage.in_(_FIXED)
    busy = select(deliveries.c.slip).where(deliveries.c.akte == row.akte, *packing).limit(1)
    if (slip := connection.execute(busy).scalar()) is not None:
        raise Unavailable(_who_comes_first(row, json.loads(slip)))
    own = select(scans.c.sha512).where(scans.c.delivery == delivery)
    twin = select(deliveries.c.nr).join(scans, scans.c.delivery == deliveries.c.uuid)
    if connection.execute(twin.where(*packing, scans.c.sha512.in_(own)).limit(1)).first() is not None:
        raise Unavailable("Derselbe Scan wird gerade aus einer anderen Lieferung abgelegt; danach ist diese dran.")
    archived = deliveries.c.stage == Stage.ARCHIVED.value
    stored = archived | deliveries.c.packed
    highest = connection.execute(select(func.max(deliveries.c.version)).where(*others, stored)).scalar() or 0
    highest = max(highest, _packed_by_others(connection, row.akte))
    newest = connection.execute(select(func.max(deliveries.c.version)).where(*others, archived)).scalar() or 0
    keeps = row.packed and int(row.version) > newest  # overtaken, the newest version would not hold what it brings
    version = int(row.version) if keeps else max(highest + 1, least)
    if version != row.version:
        taken = (deliveries.c.version == version) & ~deliveries.c.packed & (deliveries.c.stage != Stage.ARCHIVED.value)
        connection.execute(update(deliveries).where(*others, taken).values(version=None))
        connection.execute(update(deliveries).where(deliveries.c.uuid == delivery).values(version=version))
    set_stage(change, row, Stage.DESCRIBED)
    change.event(
        Verb.DELIVERY_MOVED,
        akte=row.akte,
        delivery=delivery,
        before=row.stage,
        after=Stage.DESCRIBED.value,
        version=version,
    )
    return version


def _who_comes_first(row: Row[Any], other: Mapping[str, Any]) -> str:
    """What a delivery, or a correction, waits for, and what comes of it: the one that is being packed has `other`."""
    if is_correction(other):
        return _CORRECTED.format(number=row.aktenzeichen, band=row.band)
    return _OVERTAKEN if is_correction(json.loads(row.slip)) else _PACKED


def _packed_by_others(connection: Connection, akte: UUID) -> int:
    """The highest number under which something was packed for this Akte that was put right since and belongs to another
    one: half of it may lie in a store. Only the trail still knows.
    """
    query = select(trail.c.delivery, trail.c.body).where(
        trail.c.akte == str(akte), verb_of_few == Verb.DELIVERY_MOVED.value
    )
    settled: dict[str, int] = {}
    highest = 0
    for delivery, body in connection.execute(query.order_by(trail.c.seq)):
        data = read_body(body).get("data", {})
        settled[delivery] = data.get("version", settled.get(delivery, 0))
        if data.get("after") == Stage.PACKED.value:
            highest = max(highest, settled[delivery])
    return highest
