"""A delivery under a number that was corrected, or shall be given by a correction that waits for its second person.

It is linked when all its scans lie in that Akte, else asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from akten.findings import Finding
from catalog.values import AkteRow, ArchivedScan, DeliveryRow
from flows.wiring import Services
from ingest.checks import KnownScan
from ingest.delivery import Delivery
from ingest.naming import once_borne, soon_borne


def bearers_of(services: Services, row: DeliveryRow) -> tuple[AkteRow, ...]:
    """The Akten that bore the number of this delivery, when it is of none since nobody bears it now."""
    if row.akte is not None or not row.aktenzeichen:
        return ()
    return services.catalog.who_bore(row.aktenart, row.aktenzeichen, row.band)


def _promised_to(services: Services, row: DeliveryRow) -> tuple[AkteRow, ...]:
    """The Akten that shall bear its number, when it is of none since nobody bears it now."""
    if row.akte is not None or not row.aktenzeichen:
        return ()
    return services.catalog.who_gets(row.aktenart, row.aktenzeichen, row.band)


def holder_of(services: Services, row: DeliveryRow, delivery: Delivery) -> UUID | None:
    """The one of them in which every scan of the delivery lies already: then there is nothing to ask."""
    scans = {scan.digests.sha512 for scan in delivery.scans}
    for bearer in (*bearers_of(services, row), *_promised_to(services, row)):
        known = services.catalog.known_scans(scans, bearer.uuid)
        if scans and all(sha in known and known[sha].akte == bearer.uuid for sha in scans):
            return bearer.uuid
    return None


def asked_about(services: Services, row: DeliveryRow, delivery: Delivery) -> tuple[Finding, ...]:
    """IN-28 for a number that Akten bore once, or shall bear: whose delivery it is nobody guesses."""
    if promised := _promised_to(services, row):
        return (soon_borne(delivery.slip, ((each.aktenzeichen, each.band) for each in promised)),)
    bearers = bearers_of(services, row)
    if not bearers:
        return ()
    scans = [scan.digests.sha512 for scan in delivery.scans]
    there = {
        sha
        for bearer in bearers
        for sha, scan in services.catalog.known_scans(scans, bearer.uuid).items()
        if scan.akte == bearer.uuid
    }
    return (once_borne(delivery.slip, ((each.aktenzeichen, each.band) for each in bearers), len(there)),)


def as_on_slip(scans: Mapping[str, ArchivedScan], row: DeliveryRow, holder: UUID | None) -> dict[str, KnownScan]:
    """The scans that are archived, as the rules of intake ask for them: what lies in the `holder` lies in the Akte of
    the slip, though that names it by its former number.
    """
    return {
        sha: KnownScan(scan.akte, row.aktenzeichen, scan.version, row.band)
        if scan.akte == holder
        else KnownScan(scan.akte, scan.aktenzeichen, scan.version, scan.band)
        for sha, scan in scans.items()
    }
