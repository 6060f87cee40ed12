"""What of a delivery lies in its Akte already: linked there and not stored twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from akten.files import Attachment, PageRef
from ingest.checks import KnownScan
from ingest.delivery import Delivery, PlannedAkte


def refs_of(planned: PlannedAkte) -> set[PageRef]:
    """Every page of the delivery that the plan uses, once."""
    return {ref for refs in planned.pages.values() for ref in refs}


def without_archived(
    planned: PlannedAkte,
    delivery: Delivery,
    known: Mapping[str, KnownScan],
    akte: UUID,
    kept: Collection[UUID] = (),
) -> PlannedAkte:
    """The plan without Dokumente whose every scan lies in this very Akte already: linked, not stored twice.

    Those in `kept` are stored whatever they are made of: they replace others, or their scans leave with those.
    """
    here = {
        scan.uuid
        for scan in delivery.scans
        if (place := known.get(scan.digests.sha512)) is not None and place.akte == akte
    }
    pages = {d: refs for d, refs in planned.pages.items() if d in kept or not all(ref.scan in here for ref in refs)}
    if len(pages) == len(planned.pages):
        return planned
    left = [
        replace(vorgang, dokumente=tuple(d for d in vorgang.dokumente if d.uuid in pages))
        for vorgang in planned.akte.vorgaenge
    ]
    akte_left = replace(planned.akte, vorgaenge=tuple(v for v in left if v.dokumente))
    return replace(planned, akte=akte_left, pages=pages)


def without_linked(
    delivery: Delivery, attachments: Sequence[Attachment], planned: PlannedAkte
) -> tuple[Delivery, tuple[Attachment, ...]]:
    """The scans that the plan uses, and what was embedded in them: a linked one lies in the package before already."""
    used = {ref.scan for refs in planned.pages.values() for ref in refs}
    kept: list[Attachment] = []
    for one in attachments:  # what held others stands before them
        if one.source in used:
            used.add(one.uuid)
            kept.append(one)
    return replace(delivery, scans=tuple(scan for scan in delivery.scans if scan.uuid in used)), tuple(kept)
