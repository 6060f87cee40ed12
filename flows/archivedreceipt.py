"""The receipt of what lies in the archive: from the work that was packed while it is there, else from the catalog."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from akten.errors import FixityError, Forbidden
from akten.files import PdfA
from akten.findings import Finding, Severity, Verdict
from akten.lifecycle import Stage
from akten.model import Akte, Dokument
from akten.package import StoredCopy
from catalog.trail import Verb
from catalog.values import DeliveryRow, PackageRow, ResultRow
from flows.attachments import anlage_of
from flows.packed import PackedWork, noted
from flows.receipt import Outcome, Receipt, ToldDocument
from flows.redescribed import other_days
from flows.replacing import replaced_told
from flows.wiring import Services

_DUPLICATE = Finding(
    "WF-05", Severity.INFO, "", "Alle Scans dieser Lieferung liegen schon im Archiv; nichts wurde doppelt abgelegt."
)


def archived_receipt(row: DeliveryRow, work: PackedWork, copies: Sequence[StoredCopy]) -> Receipt:
    """The receipt of a delivery whose packed work is at hand."""
    titles = {dokument.uuid: dokument.betreff for dokument in work.akte.dokumente}
    return Receipt(
        row.uuid,
        Outcome.ARCHIVED,
        betreff=work.akte.betreff,
        aktenart=work.akte.aktenart.value,
        aktenzeichen=work.akte.aktenzeichen.kanonisch,
        akte=work.akte.uuid,
        band=work.akte.band,
        version=work.package.version,
        sheets=row.slip.get("blattzahl"),
        pages=work.pages,
        blank_pages=work.blank_pages,
        documents=tuple(_made(dokument, pdfa, titles.get(dokument, "")) for dokument, pdfa in work.documents.items()),
        attachments=tuple(anlage_of(one) for one in work.attachments),
        copies=tuple(copies),
        findings=work.findings,
    )


def receipt_of(services: Services, row: DeliveryRow, result: Path | None = None) -> Receipt:
    """The receipt of a delivery that has ended, as the one before a kill would have been.

    With the work in `result` it is that one; without, the catalog tells all but most findings. Of a delivery that was
    there already it tells what holds its scans.
    """
    if row.stage is Stage.RETURNED:
        case = services.catalog.clearing(row.uuid).number
        raise Forbidden(
            f"Für diese Lieferung ist die Rückgabe beschlossen (Fall {case}), und sie liegt noch im Arbeitsordner. Aus "
            f'ihm heraus führt: archiv klaerung loese {case} --zurueck ORDNER --grund "…"'
        )
    duplicate = row.stage is Stage.DUPLICATE
    uuid = row.duplicate_of if duplicate else row.akte
    known = services.catalog.akte(uuid) if uuid else None
    if known is None:
        raise FixityError("Die Akte dieser Lieferung ist aus dem Katalog verschwunden.")
    holders, scans = _holding(services, row, known.uuid)
    packages = services.catalog.packages(known.uuid)
    # A later version holds what earlier ones hold.
    package = max((p for p in packages if p.delivery in holders), key=_version, default=None)
    if package is None:
        raise FixityError("Zur archivierten Lieferung fehlt das Paket im Katalog.")
    if not duplicate and result is not None and (work := noted(result, package.package.id)) is not None:
        return archived_receipt(row, work, package.package.copies)
    akte = services.catalog.akte_snapshot(known.uuid, _version(package))
    if akte is None:
        raise FixityError("Zur archivierten Lieferung fehlt die Beschreibung der Akte im Katalog.")
    results = {one.dokument: one for one in services.catalog.results(holders)}
    told = [(d, results[d.uuid]) for d in akte.dokumente if d.uuid in results and _may_hold(d, scans)]
    pages, blank = _pages(services, [one for _, one in told], list(results.values()))
    findings = replaced_told(services, akte, {dokument.uuid: one.pages for dokument, one in told}, "")
    if duplicate:
        other = _other_slip(services, row, known.uuid, holders)
        findings = (
            _DUPLICATE,
            *_renumbered(row, known.aktenzeichen),
            *other,
            *_outdated(services, akte, told),
            *findings,
        )
    return Receipt(
        row.uuid,
        Outcome.DUPLICATE if duplicate else Outcome.ARCHIVED,
        betreff=known.betreff,
        aktenart=known.aktenart,
        aktenzeichen=known.aktenzeichen,
        akte=known.uuid,
        band=known.band,
        version=_version(package),
        sheets=row.slip.get("blattzahl"),
        pages=pages,
        blank_pages=blank,
        documents=tuple(_kept(dokument, one) for dokument, one in told),
        attachments=tuple(anlage for dokument, _ in told for anlage in dokument.anlagen),
        copies=package.package.copies,
        damaged=frozenset(copy.store for copy in package.copies if copy.verdict is Verdict.FAILED),
        findings=findings,
    )


def _renumbered(row: DeliveryRow, today: str) -> tuple[Finding, ...]:
    """WF-05 once more for a delivery that came under a number that the Akte bore before it was corrected."""
    if row.aktenzeichen in ("", today):
        return ()
    text = (
        f"Der Laufzettel nennt {row.aktenzeichen}; dieses Aktenzeichen wurde berichtigt, die Akte heißt heute {today}. "
        "Bitte künftig dieses angeben."
    )
    return (Finding("WF-05", Severity.WARNING, str(row.slip.get("datei", "")), text),)


def says_otherwise(services: Services, row: DeliveryRow, holders: Collection[UUID]) -> bool:
    """True when the slip is none of those with which these deliveries were archived."""
    same = ("", row.slip.get("sha256"))  # of old ones none is noted
    return all(slip.get("sha256", "") not in same for slip in _slips(services, holders))


def _slips(services: Services, deliveries: Collection[UUID]) -> list[Mapping[str, Any]]:
    return [row.slip for uuid in deliveries if (row := services.catalog.delivery(uuid)) is not None]


def _other_slip(services: Services, row: DeliveryRow, akte: UUID, holders: Collection[UUID]) -> tuple[Finding, ...]:
    """WF-06 for a slip that is not the one with which these scans were archived: who wrote it expects it to count."""
    if not says_otherwise(services, row, holders):
        return ()
    before = _slips(services, holders)
    new = any(
        told not in [known for slip in before for known in slip.get(field, ())]
        for field in ("ereignisse", "merkmale")
        for told in row.slip.get(field, ())
    )
    taken = (
        "Seine Ereignisse und Merkmale gelten für die Akte (archiv ereignis liste zeigt sie), sonst wurde nichts von "
        "ihm übernommen"
        if new
        else "Von ihm wurde nichts übernommen"
    )
    text = (
        f"Der Laufzettel sagt anderes als der, mit dem diese Scans archiviert wurden. {taken}: Betreff, Vorgänge, "
        "Dokumente, Felder und Fristklasse der Akte sind, wie sie waren. Sollte sich daran etwas ändern, bitte das "
        "Archiv fragen."
    )
    other = Finding("WF-06", Severity.WARNING, str(row.slip.get("datei", "")), text)
    return (other, *other_days(services.catalog.keeping(akte), row))


def _pages(services: Services, told: Sequence[ResultRow], results: Sequence[ResultRow]) -> tuple[int, int]:
    """Pages delivered and blank ones, as the first receipt counted them: one that Dokumente share counts once.

    Where not all Dokumente of a delivery are told, nobody knows which pages they share, and each counts its own.
    """
    pages = blank = 0
    for delivery in {one.delivery for one in told}:
        own = [one for one in told if one.delivery == delivery]
        events = services.catalog.events_of(delivery=delivery, verb=Verb.DELIVERY_RECOGNISED.value)
        once = events[-1].data if events and len(own) == sum(one.delivery == delivery for one in results) else {}
        pages += int(once.get("pages_once", sum(one.pages for one in own)))
        blank += int(once.get("blank_once", sum(one.blank for one in own)))
    return pages, blank


def _outdated(services: Services, akte: Akte, told: Sequence[tuple[Dokument, ResultRow]]) -> tuple[Finding, ...]:
    """WF-05 once more when what holds these scans was replaced since: they are kept, and count no longer."""
    newest = services.catalog.akte_snapshot(akte.uuid)
    now = {dokument.uuid for dokument in newest.dokumente} if newest is not None else set()
    gone = [dokument for dokument, _ in told if dokument.uuid not in now]
    if not gone:
        return ()
    text = (
        f"Von den {len(told)} Dokumenten mit diesen Scans sind {len(gone)} seither ersetzt: Frühere Versionen der Akte "
        "haben sie noch, in der neuesten zählen die, die an ihre Stelle kamen (archiv akte zeige). Sollen diese Scans "
        "doch gelten, bitte am Dokument auf dem Laufzettel „ersetzt“ nennen."
    )
    return (Finding("WF-05", Severity.WARNING, "", text),)


def _version(package: PackageRow) -> int:
    return package.package.id.version


def _holding(services: Services, row: DeliveryRow, akte: UUID) -> tuple[set[UUID], set[UUID] | None]:
    """The deliveries that brought the scans of this one into the archive, and the scans as they are named there.

    None for the scans: all that the delivery brought.
    """
    if row.stage is not Stage.DUPLICATE:
        return {row.uuid}, None
    own = [scan.digests.sha512 for scan in services.catalog.scans(row.uuid)]
    places = services.catalog.known_scans(own, akte).values()
    return {place.delivery for place in places}, {place.scan for place in places}


def _may_hold(dokument: Dokument, scans: Collection[UUID] | None) -> bool:
    """False for a Dokument that is made of other scans; one whose scans it shares with others names none."""
    named = {datei.uuid for datei in dokument.dateien[1:]}
    return scans is None or not named or not named.isdisjoint(scans)


def _made(dokument: UUID, pdfa: PdfA, title: str) -> ToldDocument:
    return ToldDocument(
        pdfa.uuid,
        dokument,
        title,
        pdfa.flavour,
        pdfa.rendition.value,
        pdfa.verdict,
        pdfa.reports,
        len(pdfa.kept_pages),
        pdfa.mean_confidence,
        pdfa.losses,
    )


def _kept(dokument: Dokument, one: ResultRow) -> ToldDocument:
    return ToldDocument(
        one.pdfa,
        dokument.uuid,
        dokument.betreff,
        one.flavour,
        one.rendition,
        one.verdict,
        one.reports,
        dokument.seiten,
        one.mean_confidence,
        one.losses,
    )
