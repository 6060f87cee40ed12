"""The trips of one Akte, top to bottom: archive, verify, fetch. The order of work is written here and nowhere else."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from akten.errors import FixityError, Misconfigured, Rejected, Unavailable
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from akten.package import FixityReport, PackageId, StoredPackage
from archive.fixity import check_package
from archive.package import store_package
from archive.resume import Patience
from catalog.actor import Actor
from catalog.fold import tokens
from catalog.trail import Verb
from catalog.values import DeliveryRow
from flows.archivedreceipt import archived_receipt, receipt_of, says_otherwise
from flows.arrival import registered
from flows.attachments import take_out_all
from flows.carry import Carried, carry_over
from flows.craft_options import SOFTWARE, software_version
from flows.documents import Progress, recognise_documents
from flows.fieldnames import as_named_before
from flows.keeping import first_lock, judge, with_retention
from flows.linked import refs_of, without_archived, without_linked
from flows.locks import follow_at_intake
from flows.machine import machine_told
from flows.outcomes import clearing_receipt, put_away, to_clearing
from flows.outlasting import corrections_of, is_corrected_away, outlasting
from flows.packed import PackedWork, load, save
from flows.packing import Material, make_package, not_validated, with_version
from flows.receipt import Outcome, Receipt
from flows.redescribed import other_days, redescribed
from flows.renumbered import as_on_slip, asked_about, holder_of
from flows.replacing import blank_now, replaced_told, seen_before, wanted_of
from flows.steps import Run, Stopwatch, require
from flows.superseding import require_kept, superseded
from flows.telling import is_too_early
from flows.wiring import Services
from ingest.checks import (
    already_archived,
    check_balance,
    check_delivery,
    check_names,
    check_record_class,
    other_betreff,
)
from ingest.claimed import ClaimedDelivery, held
from ingest.delivery import Delivery, changed_files, plan_akte, read_delivery
from ingest.rescans import replaces
from ocr.examine import examine_each
from retention.names import Names


def silent(what: str, done: int, total: int) -> None:
    """Shows nothing."""
    del what, done, total


def archive_delivery(
    services: Services,
    claimed: ClaimedDelivery,
    by: Actor,
    progress: Progress = silent,
    watch: Stopwatch | None = None,
) -> Receipt:
    """Takes one claimed delivery as far as it goes: archived, to the clearing desk, or found to be a duplicate.

    Safe to repeat after a kill at any moment. Raises FixityError (alarm), Misconfigured, Forbidden for one that was
    given back, and nothing else on purpose: what is Unavailable is told in the receipt and tried again by the next run,
    and so is a full disk, whichever step met it.
    """
    start, run = time.monotonic(), watch or Stopwatch()
    try:
        with machine_told(), held(claimed) as mine:
            try:
                receipt = _archive(services, claimed, by, progress, run) if mine else _elsewhere(services, claimed)
            except Rejected as rejected:  # still held: nobody begins it anew before it waits for a person
                receipt = to_clearing(services, claimed, rejected.findings, by)
    except Unavailable as away:
        finding = Finding("WF-09", Severity.WARNING, "", away.text)
        receipt = Receipt(claimed.uuid, Outcome.UNAVAILABLE, findings=(finding,))
    return replace(receipt, seconds=time.monotonic() - start, steps=dict(run.seconds))


def _archive(services: Services, claimed: ClaimedDelivery, by: Actor, progress: Progress, run: Run) -> Receipt:
    catalog = services.catalog
    known = catalog.delivery(claimed.uuid)
    if known is not None and known.stage in (Stage.ARCHIVED, Stage.DUPLICATE, Stage.RETURNED):
        # Killed after the entry: what follows from it is done now, and its folder would come again with every round.
        receipt = receipt_of(services, known, claimed.ergebnis)
        if known.stage is Stage.ARCHIVED and known.akte is not None:
            findings = run("sperren", follow_at_intake, services, known.akte, by)
            receipt = replace(receipt, findings=(*receipt.findings, *findings))
        return replace(receipt, findings=(*receipt.findings, *put_away(claimed)))
    if known is not None and known.stage is Stage.CLEARING:
        return clearing_receipt(services, known)

    # 1 read: every byte hashed once, the originals registered before anything is decoded
    progress("Lesen und Prüfsummen", 0, 1)
    delivery = run("lesen", read_delivery, claimed)
    row = run("lesen", registered, services, delivery, by)
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
        made = _make(services, delivery, row, result, by, progress, run)
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
    left = put_away(claimed)  # it is all in the package now
    progress("fertig", 1, 1)
    return archived_receipt(row, replace(work, findings=(*work.findings, *findings, *left)), stored.copies)


def _make(
    services: Services, delivery: Delivery, row: DeliveryRow, result: Path, by: Actor, progress: Progress, run: Run
) -> PackedWork | None:
    """Steps 2 to 5: examined, recognised, judged, described, packed; None when every scan is in this Akte already."""
    catalog = services.catalog
    profile = services.profile  # a recipient that is set wrongly is told before any file is opened
    shutil.rmtree(result, ignore_errors=True)
    result.mkdir(parents=True)
    if row.stage is not Stage.RECEIVED:
        catalog.move(delivery.uuid, Stage.RECEIVED, by=by, now=services.now())

    # What the register and the slip alone can say is said before any file is opened.
    holder = holder_of(services, row, delivery)
    own = row.akte or holder
    asked = asked_about(services, row, delivery)  # nothing, unless its number was once another's
    scans = [scan.digests.sha512 for scan in delivery.scans]
    archived = catalog.known_scans(scans, own)
    known = as_on_slip(archived, row, holder)
    accepted = catalog.accepted(delivery.uuid)
    today = services.today()
    options = services.intake_in_force
    names = Names(services.katalog)
    early = partial(is_too_early, today)
    unknown = check_names(delivery, names.event_fault, names.fact_fault, early, accepted=accepted)
    there = already_archived(delivery, known, services.intake) is not None
    if there and not says_otherwise(services, row, {scan.delivery for scan in archived.values()}):
        return None  # else all is checked that can be wrong: perhaps a file is missing, and what its slip tells counts
    told = (*check_record_class(delivery, options, accepted=accepted, today=today), *unknown)
    findings = list(require((*(asked if own is None else ()), *told)))
    # Known before anything is read, and the same for every delivery: that is no matter of the clearing desk.
    if not ((there and not replaces(delivery.slip)) or services.settings.archive_unchecked) and (
        why := services.missing_judge()
    ):
        raise Misconfigured(f"{why} Ungeprüft wird nicht archiviert; die Lieferung wartet so lange.")

    # 2 examine: hostile or not, in a child with limits; then the rules of intake
    progress("Untersuchen", 0, len(delivery.scans))
    services.prepare_to_read()
    looked = run("untersuchen", examine_each, delivery.scans, services.ocr, result, services.sandbox.call_each)
    facts = {scan.uuid: found for scan, found in zip(delivery.scans, looked, strict=True)}
    here = [sha512 for sha512, scan in archived.items() if scan.akte == own]
    wanted = wanted_of(services, delivery, facts, own, here, accepted)
    checked = check_delivery(delivery, facts, known, options, accepted=accepted, today=today)
    findings.extend(require((*wanted.retold(checked), *wanted.findings)))
    # Before any reading: what is already out of balance need not wait for it. What was noticed may well be the reason.
    require((*findings, *check_balance(delivery, facts, None, options=services.intake, accepted=accepted)))
    if there and not wanted.replacements:
        return None
    require(asked)  # all of it is there already, and it replaces something
    if own is None:
        raise Unavailable("Die Akte dieser Lieferung ist im Katalog noch nicht bestimmt.")
    before = catalog.akte(own)
    if before is not None and before.version and tokens(before.betreff) != tokens(delivery.slip.betreff):
        corrections = corrections_of(services, own)
        if not is_corrected_away(corrections, "betreff", delivery.slip.betreff, before.betreff):
            findings.append(other_betreff(delivery))
    findings.extend(other_days(catalog.keeping(own), row))
    catalog.move(delivery.uuid, Stage.EXAMINED, by=by, now=services.now())
    attachments, said = run("anlagen", take_out_all, delivery.scans, facts, services.ocr, result)
    findings.extend(said)
    require([f for f in said if f.code not in accepted])
    whole_plan = plan_akte(delivery, facts, services.intake, own)
    planned = without_archived(whole_plan, delivery, known, own, wanted.stored(delivery, whole_plan))
    linked = refs_of(whole_plan) - refs_of(planned)
    known_class = before.record_class if before is not None and before.version else ""
    akte = with_retention(services, delivery, planned.akte, known_class)
    catalog.plan(delivery.uuid, akte, under=services.katalog.digest, by=by, now=services.now())

    # 3 recognise: pages of all Akten share the pool; the scan itself is kept
    recognised = recognise_documents(services, delivery, akte, planned.pages, facts, result, progress, run)
    balance = require(
        check_balance(
            delivery,
            facts,
            recognised.blank_pages,
            kept_pages=recognised.pages - recognised.blank_pages + len(linked),
            options=services.intake,
            accepted=accepted,
        )
    )
    findings.extend(balance)
    catalog.record_recognised(
        delivery.uuid,
        recognised.pdfas,
        review_below=services.ocr.review_confidence,
        by=by,
        now=services.now(),
    )
    findings.extend((*recognised.findings, *blank_now(services, wanted, recognised.pdfas, accepted)))
    require([f for f in findings if f.code not in accepted])
    findings.extend(require(not_validated(recognised.pdfas, allowed=services.settings.archive_unchecked)))
    recognised_at = services.now()
    catalog.move(delivery.uuid, Stage.RECOGNISED, by=by, now=recognised_at)

    # 4 describe and 5 pack: message, PREMIS and notes checked before the bag is built
    progress("Beschreiben und packen", 0, 1)
    version = catalog.settle_version(delivery.uuid, by=by, now=services.now())
    # From here on nobody else stores a scan of ours; who did so since we looked, on any machine, was first: begin anew.
    again = wanted_of(services, delivery, facts, own, here, accepted)
    if catalog.known_scans(scans, own) != archived or again != wanted:
        return _make(services, delivery, _row_of(services, delivery.uuid), result, by, progress, run)
    package = PackageId(akte.uuid, version)
    carried = run("packen", _carried, services, akte.uuid, version, result / "vorher")
    rest = akte
    if carried is not None:
        slip = delivery.slip.datei
        replaced = {one.dokument: one.gone[0].dokument for one in wanted.replacements}
        rest, respelled = as_named_before(akte, carried.akte, slip)
        rest, outdated = outlasting(rest, carried.akte, corrections_of(services, akte.uuid), slip, replaced)
        findings.extend((*carried.findings, *respelled, *outdated, *redescribed(carried.akte, rest, slip)))
        before_it = carried
        carried, rest = superseded(carried, rest, wanted.replacements, delivery.slip.operator, services.now())
        require_kept(before_it, carried, delivery, linked)
        findings.extend(seen_before(carried.akte, rest, recognised.pdfas, delivery.slip))
    whole = with_version(rest, carried.akte if carried else None)
    if carried is not None and carried.akte.aufbewahrung is not None:  # archived since the plan was made, perhaps
        whole = with_retention(services, delivery, whole, carried.akte.aufbewahrung.record_class)
    new, new_attachments = without_linked(delivery, attachments, planned)
    material = Material(
        delivery=new,
        package=package,
        akte=whole,
        pages=planned.pages,
        digital=planned.digital,
        pdfas=recognised.pdfas,
        carried=carried,
        software=(SOFTWARE, software_version()),
        identifier=(SOFTWARE, software_version()),  # signatures of our own tell every type that is let in
        received=_taken_at(services, row),
        recognised=recognised_at,
        now=services.now(),
        facts=facts,
        attachments=new_attachments,
        balance=balance,
    )
    built = run("beschreiben", make_package, material, profile, services.schemas, services.settings.premis_schema)
    findings.extend(built.findings)
    scanned = {dokument: len(pdfa.pages) for dokument, pdfa in recognised.pdfas.items()}
    findings.extend(replaced_told(services, built.akte, scanned, delivery.slip.datei))
    work = PackedWork(
        package,
        built.akte,
        built.bag,
        dict(recognised.pdfas),
        recognised.pages,
        recognised.blank_pages,
        tuple(dict.fromkeys(findings)),
        new_attachments,
    )
    work = run("packen", save, work, result)
    catalog.move(delivery.uuid, Stage.PACKED, by=by, now=services.now())
    return work


def _taken_at(services: Services, row: DeliveryRow) -> datetime:
    """When these very files and this slip came: a delivery that was put right is another than the one that came.

    Not after this instant: a clock that ran ahead then would bring what we made of it back to the clearing desk, each
    time anew, until that day has come.
    """
    replaced = services.catalog.events_of(delivery=row.uuid, verb=Verb.DELIVERY_REPLACED.value)
    return min(replaced[-1].at if replaced else row.received_at, services.now())


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
    left = put_away(claimed)  # every scan of it lies in the archive already, and what its slip says in the catalog
    receipt = receipt_of(services, _row_of(services, claimed.uuid))
    return replace(receipt, findings=(*receipt.findings, *left))


def _row_of(services: Services, delivery: UUID) -> DeliveryRow:
    row = services.catalog.delivery(delivery)
    if row is None:
        raise FixityError("Die Lieferung ist aus dem Katalog verschwunden.")
    return row


def _carried(services: Services, akte: UUID, version: int, folder: Path) -> Carried | None:
    """What the newest archived version before this one holds; None for a first version."""
    before = [row for row in services.catalog.packages(akte) if row.package.id.version < version]
    if not before:
        return None
    package = before[-1].package
    snapshot = services.catalog.akte_snapshot(akte, package.id.version)
    if snapshot is None:
        raise FixityError(f"Zur Version {package.id.version} der Akte fehlt die Beschreibung im Katalog.")
    return carry_over(snapshot, package, services.stores, folder)


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
