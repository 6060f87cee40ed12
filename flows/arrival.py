"""A delivery that was read enters the register: which Akte it names, its scans, and what is kept of its slip."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from akten.aktenzeichen import Aktenzeichen
from akten.aktenzeichen import recognise as recognise_aktenzeichen
from catalog.actor import Actor
from catalog.values import DeliveryRow
from flows.wiring import Services
from ingest.delivery import Delivery
from ingest.slipdoc import Slip


def registered(services: Services, delivery: Delivery, by: Actor) -> DeliveryRow:
    """The first event: from here on the catalog knows the delivery and every scan's digests."""
    slip = delivery.slip
    readings = recognise_aktenzeichen(slip.aktenzeichen, services.intake.muster, slip.aktenart.value)
    aktenzeichen: Aktenzeichen | None = readings[0] if len(readings) == 1 else None
    row = services.catalog.receive(
        delivery.uuid,
        aktenart=slip.aktenart.value,
        aktenzeichen=aktenzeichen,
        band=slip.band,
        betreff=slip.betreff,
        slip=slip_json(slip),
        scans=delivery.scans,
        folder=str(delivery.folder),
        by=by,
        now=services.now(),
    )
    if row.akte is None and row.aktenzeichen and "IN-28" in services.catalog.accepted(delivery.uuid):
        return services.catalog.open_anew(delivery.uuid, by=by, now=services.now())
    return row


def slip_json(slip: Slip) -> dict[str, Any]:
    """What the catalog keeps of the slip for lists; the slip itself goes into the package as it came."""
    return {
        "datei": slip.datei,
        "blattzahl": slip.blattzahl,
        "seitenzahl": slip.seitenzahl,
        "operator": slip.operator,
        "profil": slip.profil,
        "station": slip.station,
        "ereignisse": [[event.ereignis, event.datum.isoformat()] for event in slip.ereignisse],
        "merkmale": [list(fact) for fact in slip.merkmale],
        "sha256": _digest(slip),
    }


def _digest(slip: Slip) -> str:
    """SHA-256 over every field of the slip: another assignment of pages makes it another delivery, too."""
    said = asdict(slip)
    for dokument in (each for vorgang in said["vorgaenge"] for each in vorgang["dokumente"]):
        if not dokument["ersetzt"]:  # slips were digested before there was this field
            del dokument["ersetzt"]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
