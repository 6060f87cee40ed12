"""The trips of one Akte, top to bottom: archive, verify, fetch. The order of work is written here and nowhere else."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from uuid import UUID

from akten.errors import FixityError, Rejected, Unavailable
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from akten.package import FixityReport, PackageId, StoredPackage
from archive.fixity import check_package
from archive.package import store_package
from archive.resume import Patience
from catalog.actor import Actor
from catalog.values import DeliveryRow
from flows.archivedreceipt import archived_receipt, receipt_of
from flows.arrival import registered
from flows.craft_options import SOFTWARE, software_version
from flows.documents import Progress
from flows.keeping import first_lock, judge
from flows.locks import follow_at_intake
from flows.machine import machine_told
from flows.making import Trip, begun_anew, examined, is_overtaken, looked_up, packed, pages_read, planned, settled
from flows.outcomes import clearing_receipt, put_away, to_clearing
from flows.packed import PackedWork, load
from flows.receipt import Outcome, Receipt
from flows.renumbered import holder_of
from flows.samescans import cases_done
from flows.steps import Run, Stopwatch
from flows.turns import Turn, unordered
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery, held
from ingest.delivery import Delivery, changed_files, read_delivery


def silent(what: str, done: int, total: int) -> None:
    """Shows nothing."""
    del what, done, total


def archive_delivery(
    services: Services,
    claimed: ClaimedDelivery,
    by: Actor,
    progress: Progress = silent,
    watch: Stopwatch | None = None,
    turn: Turn = unordered,
) -> Receipt:
    """Takes one claimed delivery as far as it goes: archived, to the clearing desk, or found to be a duplicate.

    Safe to repeat after a kill at any moment. Raises FixityError (alarm), Misconfigured, Forbidden for one that was
    given back, and nothing else on purpose: what is Unavailable is told in the receipt and tried again by the next run,
    and so is a full disk, whichever step met it. `turn` keeps the order among deliveries of one Akte.
    """
    start, run = time.monotonic(), watch or Stopwatch()
    try:
        with machine_told(), held(claimed) as mine:
            try:
                receipt = (
                    _archive(services, claimed, by, progress, run, turn) if mine else _elsewhere(services, claimed)
                )
            except Rejected as rejected:  # still held: nobody begins it anew before it waits for a person
                receipt = to_clearing(services, claimed, rejected.findings, by)
    except Unavailable as away:
        finding = Finding("WF-09", Severity.WARNING, "", away.text)
        receipt = Receipt(claimed.uuid, Outcome.UNAVAILABLE, findings=(finding,))
    return replace(receipt, seconds=time.monotonic() - start, steps=dict(run.seconds))


def _archive(
    services: Services, claimed: ClaimedDelivery, by: Actor, progress: Progress, run: Run, turn: Turn
) -> Receipt:
    catalog = services.catalog
    known = catalog.delivery(claimed.uuid)
    if known is not None and known.stage in (Stage.ARCHIVED, Stage.DUPLICATE, Stage.RETURNED):
        # Killed after the entry: what follows from it is done now, and its folder would come again with every round.
        receipt = receipt_of(services, known, claimed.ergebnis)
        if known.stage is Stage.ARCHIVED and known.akte is not None:
            findings = run("sperren", follow_at_intake, services, known.akte, by)
            receipt = replace(receipt, findings=(*receipt.findings, *findings))
        return _ended(services, claimed, receipt)
    if known is not None and known.stage is Stage.CLEARING:
        return clearing_receipt(services, known)

    # 1 read: every byte hashed once, the originals registered before anything is decoded
    progress("Lesen und Prüfsummen", 0, 1)
    delivery = run("lesen", read_delivery, claimed)
    row = run("lesen", registered, services, delivery, by)
    waiting = partial(progress, "Wartet auf die Lieferungen davor", 0, 1)
    run("warten", turn, (row.aktenart, row.aktenzeichen, row.band), waiting)
    try:
        return _from_reading(services, claimed, delivery, row, by, progress, run)
    except FixityError as alarm:
        if why := changed_files(delivery):
            raise FixityError(why) from alarm
        raise


def _from_reading(
    services: Services,
    claimed: ClaimedDelivery,
    delivery: Delivery,
    row: DeliveryRow,
    by: Actor,
    progress: Progress,
    run: Run,
) -> Receipt:
    """The rest of the trip."""
    catalog = services.catalog

    # A package that was built before a kill is stored with the very same bytes.
    result = claimed.ergebnis
    work = None
    if row.stage is Stage.PACKED and row.akte is not None and row.version is not None:
        work = run("packen", load, result, PackageId(row.akte, row.version))
    if work is None:
        made = _make(Trip(services, delivery, row, result, by, progress, run))
        if made is None:
            return _link_duplicate(services, claimed, delivery, row, by)
        work = made

    # 6 store: every store read back, locked and committed before anybody says "archived"
    progress("Ablegen und zurücklesen", 0, 1)
    stored = run(
        "ablegen",
        store_package,
        work.bag,
        work.package,
        services.stores,
        first_lock(services, work.akte),
        services.now,
        result / "tar",
        {"software": f"{SOFTWARE} {software_version()}", "delivery": str(delivery.uuid)},
    )
    texts = {dokument: [page.text for page in pdfa.kept_pages] for dokument, pdfa in work.documents.items()}
    run("eintragen", catalog.record_stored, delivery.uuid, work.akte, stored, texts, by=by, now=services.now())
    findings = run("sperren", follow_at_intake, services, work.akte.uuid, by)
    work = replace(work, findings=(*work.findings, *findings))
    receipt = _ended(services, claimed, archived_receipt(row, work, stored.copies))  # it is all in the package now
    progress("fertig", 1, 1)
    return receipt


def _make(trip: Trip) -> PackedWork | None:
    """Steps 2 to 5: examined, recognised, judged, described, packed; None when every scan is in this Akte already."""
    begun_anew(trip)
    seen = looked_up(trip)
    if seen is None:
        return None

    # 2 examine: hostile or not, in a child with limits; then the rules of intake
    files = examined(trip, seen)
    if files is None:
        return None
    plan = planned(trip, seen, files)

    # 3 recognise: pages of all Akten share the pool; the scan itself is kept
    pages = pages_read(trip, seen, files, plan)

    # 4 describe and 5 pack: message, PREMIS and notes checked before the bag is built
    version = settled(trip)
    # From here on nobody else stores a scan of ours; who did so since we looked, on any machine, was first: begin anew.
    if is_overtaken(trip, seen, files):
        return _make(replace(trip, row=_row_of(trip.services, trip.delivery.uuid)))
    return packed(trip, files, plan, pages, version)


# --- steps of the trip ----------------------------------------------------------------------------------------------


def _elsewhere(services: Services, claimed: ClaimedDelivery) -> Receipt:
    """Of a delivery that another process has: how it ended, if it was faster. Raises Unavailable while it works."""
    row = services.catalog.delivery(claimed.uuid)
    if row is not None and row.stage in (Stage.ARCHIVED, Stage.DUPLICATE):
        return receipt_of(services, row, claimed.ergebnis)
    raise Unavailable("Diese Lieferung wird gerade von einem anderen Vorgang bearbeitet.")


def _link_duplicate(
    services: Services, claimed: ClaimedDelivery, delivery: Delivery, row: DeliveryRow, by: Actor
) -> Receipt:
    akte = row.akte or holder_of(services, row, delivery)
    if akte is None:
        raise FixityError("Zur schon archivierten Lieferung fehlt die Akte im Katalog.")
    services.catalog.mark_duplicate(claimed.uuid, akte, by=by, now=services.now())
    # Every scan of it lies in the archive already, and what its slip says in the catalog.
    return _ended(services, claimed, receipt_of(services, _row_of(services, claimed.uuid)))


def _ended(services: Services, claimed: ClaimedDelivery, receipt: Receipt) -> Receipt:
    """The receipt of what has ended, with the open cases that it seems to settle, and its work folder put away: only
    then, so that the next run tells it all where this one is killed or the catalog is away.
    """
    done = cases_done(services, claimed.uuid, receipt.akte)
    return replace(receipt, findings=(*receipt.findings, *done, *put_away(claimed)))


def _row_of(services: Services, delivery: UUID) -> DeliveryRow:
    row = services.catalog.delivery(delivery)
    if row is None:
        raise FixityError("Die Lieferung ist aus dem Katalog verschwunden.")
    return row


# --- verify ---------------------------------------------------------------------------------------------------------


def verify_package(
    services: Services, package: StoredPackage, by: Actor, patience: Patience | None = None
) -> FixityReport:
    """Reads every copy of one package whole, writes down what was found, and returns it."""
    stores, away = services.stores_to_read()
    row = services.catalog.keeping(package.id.akte)
    wanted = judge(row, services.katalog, services.now()).terms if row is not None else None
    by_name = {store.name: store for store in stores}
    report = check_package(package, by_name, wanted=wanted, patience=patience, away=away)
    services.catalog.record_fixity(report, by=by, now=services.now())
    return report
