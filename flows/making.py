"""Steps 2 to 5 of the trip of one delivery, each a function: what it needs it is given, what it found it returns.

Which follows which stands in flows/walks.py. The `findings` of what a step returns are all that was told until then.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from akten.errors import FixityError, Misconfigured, Unavailable
from akten.files import Attachment, FileFacts, PageRef
from akten.findings import Finding, has_errors
from akten.lifecycle import Stage
from akten.model import Akte
from akten.package import PackageId
from catalog.actor import Actor
from catalog.fold import tokens
from catalog.trail import Verb
from catalog.values import AkteRow, ArchivedScan, DeliveryRow
from flows.alike import asked_of_vorgaenge
from flows.archivedreceipt import says_otherwise
from flows.attachments import take_out_all
from flows.carry import Carried, carry_over
from flows.craft_options import SOFTWARE, software_version
from flows.documents import Progress, Recognised, recognise_documents
from flows.fieldnames import as_named_before
from flows.keeping import with_retention
from flows.linked import refs_of, without_archived, without_linked
from flows.outlasting import corrections_of, is_corrected_away, outlasting
from flows.packed import PackedWork, save
from flows.packing import Material, make_package, not_validated, with_version
from flows.redescribed import other_days, redescribed
from flows.renumbered import as_on_slip, asked_about, holder_of
from flows.replacing import Wanted, blank_now, replaced_told, seen_before, wanted_of
from flows.steps import Run, require
from flows.superseding import require_kept, superseded
from flows.telling import is_too_early
from flows.wiring import Services
from ingest.checks import (
    KnownScan,
    already_archived,
    check_balance,
    check_delivery,
    check_names,
    check_record_class,
    other_betreff,
)
from ingest.delivery import Delivery, PlannedAkte, plan_akte
from ingest.rescans import replaces
from ocr.examine import examine_each
from retention.names import Names


@dataclass(frozen=True, slots=True)
class Trip:
    """What every step of one trip has at hand; `result` is the folder for what it makes."""

    services: Services
    delivery: Delivery
    row: DeliveryRow
    result: Path
    by: Actor
    progress: Progress
    run: Run

    def reached(self, stage: Stage, at: datetime) -> None:
        """Writes down how far the delivery is."""
        self.services.catalog.move(self.delivery.uuid, stage, by=self.by, now=at)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the register and the slip alone say: `own` is the Akte of the delivery as far as that is known.

    `archived` are its scans that lie in packages, `known` the same as the rules of intake ask for them; `there` is true
    when all of them lie in this very Akte. `asked` is what a person has to say first, unless it is linked only.
    """

    own: UUID | None
    asked: tuple[Finding, ...]
    archived: Mapping[str, ArchivedScan]
    known: Mapping[str, KnownScan]
    accepted: frozenset[str]
    today: date
    there: bool
    findings: tuple[Finding, ...]

    @property
    def here(self) -> list[str]:
        """The scans of the delivery that lie in its Akte."""
        return [sha512 for sha512, scan in self.archived.items() if scan.akte == self.own]


@dataclass(frozen=True, slots=True)
class Examined:
    """What the files of a delivery are, and what it replaces in its Akte `own`; `before` is what that was until now.

    `alike` is what was asked of Vorgänge that the Akte seems to have.
    """

    own: UUID
    before: AkteRow | None
    facts: Mapping[UUID, FileFacts]
    wanted: Wanted
    alike: tuple[Finding, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The Akte as this delivery brings it, with dates; `planned` are the Dokumente to make, `linked` pages are not."""

    akte: Akte
    planned: PlannedAkte
    linked: set[PageRef]
    attachments: tuple[Attachment, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """The judged PDF/A and when they were done; `balance` is what is told of sheets and pages."""

    recognised: Recognised
    balance: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    at: datetime


def begun_anew(trip: Trip) -> None:
    """Leaves nothing of an earlier trip that was broken off. Raises Misconfigured for a recipient that is set wrongly,
    before any file is opened.
    """
    _ = trip.services.profile
    shutil.rmtree(trip.result, ignore_errors=True)
    trip.result.mkdir(parents=True)
    if trip.row.stage is not Stage.RECEIVED:
        trip.reached(Stage.RECEIVED, trip.services.now())


def looked_up(trip: Trip) -> LookedUp | None:
    """What the register and the slip alone can say is said before any file is opened; None for a mere duplicate."""
    services, delivery, row = trip.services, trip.delivery, trip.row
    catalog = services.catalog
    holder = holder_of(services, row, delivery)
    own = row.akte or holder
    asked = asked_about(services, row, delivery)  # nothing, unless its number was once another's
    archived = catalog.known_scans(_digests(delivery), own)
    known = as_on_slip(archived, row, holder)
    accepted = catalog.accepted(delivery.uuid)
    today = services.today()
    options = services.intake_in_force
    names = Names(services.katalog)
    early = partial(is_too_early, today)
    unknown = check_names(delivery, names.event_fault, names.fact_fault, early, accepted=accepted)
    there = already_archived(delivery, known, services.intake) is not None
    whole = there and not has_errors(delivery.findings)  # what could not be read lies nowhere
    if whole and not says_otherwise(services, row, {scan.delivery for scan in archived.values()}):
        return None  # else all is checked that can be wrong: perhaps a file is missing, and what its slip tells counts
    told = (*check_record_class(delivery, options, accepted=accepted, today=today), *unknown)
    findings = require((*(asked if own is None else ()), *told))
    # Known before anything is read, and the same for every delivery: that is no matter of the clearing desk.
    if not ((there and not replaces(delivery.slip)) or services.settings.archive_unchecked) and (
        why := services.missing_judge()
    ):
        raise Misconfigured(f"{why} Ungeprüft wird nicht archiviert; die Lieferung wartet so lange.")
    return LookedUp(own, asked, archived, known, accepted, today, there, findings)


def examined(trip: Trip, seen: LookedUp) -> Examined | None:
    """Every file looked at, hostile or not, in a child with limits; then the rules of intake. None when every scan is
    in this Akte already.
    """
    services, delivery, accepted = trip.services, trip.delivery, seen.accepted
    trip.progress("Untersuchen", 0, len(delivery.scans))
    services.prepare_to_read()
    looked = trip.run(
        "untersuchen", examine_each, delivery.scans, services.ocr, trip.result, services.sandbox.call_each
    )
    facts = {scan.uuid: found for scan, found in zip(delivery.scans, looked, strict=True)}
    wanted = wanted_of(services, delivery, facts, seen.own, seen.here, accepted)
    options = services.intake_in_force
    checked = check_delivery(delivery, facts, seen.known, options, accepted=accepted, today=seen.today)
    findings = [*seen.findings, *require((*wanted.retold(checked), *wanted.findings))]
    linked_only = seen.there and not wanted.replacements
    alike = _alike(trip, seen, facts, seen.own, wanted) if seen.own is not None and not linked_only else ()
    findings.extend(alike)
    # Before any reading: what is already out of balance need not wait for it. What was noticed may well be the reason.
    require((*findings, *check_balance(delivery, facts, None, options=services.intake, accepted=accepted)))
    if linked_only:
        return None
    require(seen.asked)  # all of it is there already, and it replaces something
    if seen.own is None:
        raise Unavailable("Die Akte dieser Lieferung ist im Katalog noch nicht bestimmt.")
    before = services.catalog.akte(seen.own)
    findings.extend(_other_description(trip, seen.own, before))
    trip.reached(Stage.EXAMINED, services.now())
    return Examined(seen.own, before, facts, wanted, alike, tuple(findings))


def _plans(
    trip: Trip, seen: LookedUp, facts: Mapping[UUID, FileFacts], own: UUID, wanted: Wanted
) -> tuple[PlannedAkte, PlannedAkte]:
    """All that the slip makes of the delivery, and the same without what is only linked."""
    whole = plan_akte(trip.delivery, facts, trip.services.intake, own)
    return whole, without_archived(whole, trip.delivery, seen.known, own, wanted.stored(trip.delivery, whole))


def _alike(
    trip: Trip, seen: LookedUp, facts: Mapping[UUID, FileFacts], own: UUID, wanted: Wanted
) -> tuple[Finding, ...]:
    whole, left = _plans(trip, seen, facts, own, wanted)
    return asked_of_vorgaenge(trip.services, trip.delivery, whole, left, wanted, seen.accepted)


def _other_description(trip: Trip, own: UUID, before: AkteRow | None) -> tuple[Finding, ...]:
    """What a slip calls otherwise than the register does; what was corrected away since is told later."""
    services, slip = trip.services, trip.delivery.slip
    found: tuple[Finding, ...] = ()
    if before is not None and before.version and tokens(before.betreff) != tokens(slip.betreff):
        corrections = corrections_of(services, own)
        if not is_corrected_away(corrections, "betreff", slip.betreff, before.betreff):
            found = (other_betreff(trip.delivery),)
    return (*found, *other_days(services.catalog.keeping(own), trip.row))


def planned(trip: Trip, seen: LookedUp, files: Examined) -> Plan:
    """What is embedded is taken out, and what the delivery makes of its Akte is planned and written down."""
    services, delivery, own, before = trip.services, trip.delivery, files.own, files.before
    attachments, said = trip.run("anlagen", take_out_all, delivery.scans, files.facts, services.ocr, trip.result)
    require([f for f in said if f.code not in seen.accepted])
    whole, left = _plans(trip, seen, files.facts, own, files.wanted)
    known_class = before.record_class if before is not None and before.version else ""
    akte = with_retention(services, delivery, left.akte, known_class)
    services.catalog.plan(delivery.uuid, akte, under=services.katalog.digest, by=trip.by, now=services.now())
    return Plan(akte, left, refs_of(whole) - refs_of(left), attachments, (*files.findings, *said))


def pages_read(trip: Trip, seen: LookedUp, files: Examined, plan: Plan) -> Read:
    """Pages of all Akten share the pool; the scan itself is kept. What is not in balance or not valid stops here."""
    services, delivery, accepted = trip.services, trip.delivery, seen.accepted
    recognised = recognise_documents(
        services, delivery, plan.akte, plan.planned.pages, files.facts, trip.result, trip.progress, trip.run
    )
    balance = require(
        check_balance(
            delivery,
            files.facts,
            recognised.blank_pages,
            kept_pages=recognised.pages - recognised.blank_pages + len(plan.linked),
            options=services.intake,
            accepted=accepted,
        )
    )
    services.catalog.record_recognised(
        delivery.uuid,
        recognised.pdfas,
        review_below=services.ocr.review_confidence,
        by=trip.by,
        now=services.now(),
    )
    blank = blank_now(services, files.wanted, recognised.pdfas, accepted)
    findings = [*plan.findings, *balance, *recognised.findings, *blank]
    require([f for f in findings if f.code not in accepted])
    findings.extend(require(not_validated(recognised.pdfas, allowed=services.settings.archive_unchecked)))
    at = services.now()
    trip.reached(Stage.RECOGNISED, at)
    return Read(recognised, balance, tuple(findings), at)


def settled(trip: Trip) -> int:
    """The version that this delivery makes: from here on nobody else stores a scan of ours."""
    trip.progress("Beschreiben und packen", 0, 1)
    return trip.services.catalog.settle_version(trip.delivery.uuid, by=trip.by, now=trip.services.now())


def is_overtaken(trip: Trip, seen: LookedUp, files: Examined) -> bool:
    """True when somebody, on any machine, stored one of these scans since we looked, or what they replace, or a Vorgang
    that is nearly one of ours.
    """
    again = wanted_of(trip.services, trip.delivery, files.facts, files.own, seen.here, seen.accepted)
    return (
        _telling(trip, files, trip.services.catalog.known_scans(_digests(trip.delivery), files.own))
        != _telling(trip, files, seen.archived)
        or again != files.wanted
        or _alike(trip, seen, files.facts, files.own, again) != files.alike
    )


def _telling(trip: Trip, files: Examined, archived: Mapping[str, ArchivedScan]) -> dict[str, ArchivedScan]:
    """What says something of our scans: a page of one colour that lies in another Akte, too, is nobody's business."""
    flat = {scan.digests.sha512 for scan in trip.delivery.scans if files.facts[scan.uuid].flat}
    return {sha512: place for sha512, place in archived.items() if sha512 not in flat or place.akte == files.own}


def packed(trip: Trip, files: Examined, plan: Plan, pages: Read, version: int) -> PackedWork:
    """Message, PREMIS and notes checked before the bag is built; what is packed lies on the disk."""
    services, delivery, recognised = trip.services, trip.delivery, pages.recognised
    package = PackageId(plan.akte.uuid, version)
    whole, carried, told = _joined(trip, files, plan, pages, version)
    findings = [*pages.findings, *told]
    new, new_attachments = without_linked(delivery, plan.attachments, plan.planned)
    material = Material(
        delivery=new,
        package=package,
        akte=whole,
        pages=plan.planned.pages,
        digital=plan.planned.digital,
        pdfas=recognised.pdfas,
        carried=carried,
        software=(SOFTWARE, software_version()),
        identifier=(SOFTWARE, software_version()),  # signatures of our own tell every type that is let in
        received=taken_at(services, trip.row),
        recognised=pages.at,
        now=services.now(),
        facts=files.facts,
        attachments=new_attachments,
        balance=pages.balance,
    )
    built = trip.run(
        "beschreiben", make_package, material, services.profile, services.schemas, services.settings.premis_schema
    )
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
    work = trip.run("packen", save, work, trip.result)
    trip.reached(Stage.PACKED, services.now())
    return work


def _joined(
    trip: Trip, files: Examined, plan: Plan, pages: Read, version: int
) -> tuple[Akte, Carried | None, tuple[Finding, ...]]:
    """The Akte of this version: what the delivery brings together with what the version before holds, and that."""
    services, delivery = trip.services, trip.delivery
    slip, akte = delivery.slip.datei, plan.akte
    carried = trip.run("packen", _carried, services, akte.uuid, version, trip.result / "vorher")
    if carried is None:
        return with_version(akte, None), None, ()
    replacements = files.wanted.replacements
    replaced = {one.dokument: one.gone[0].dokument for one in replacements}
    named, respelled = as_named_before(akte, carried.akte, slip)
    rest, outdated = outlasting(named, carried.akte, corrections_of(services, akte.uuid), slip, replaced)
    told = (*carried.findings, *respelled, *outdated, *redescribed(carried.akte, rest, slip))
    kept, rest = superseded(carried, rest, replacements, delivery.slip.operator, services.now())
    require_kept(carried, kept, delivery, plan.linked)
    told = (*told, *seen_before(kept.akte, rest, pages.recognised.pdfas, delivery.slip))
    whole = with_version(rest, kept.akte)
    if kept.akte.aufbewahrung is not None:  # archived since the plan was made, perhaps
        whole = with_retention(services, delivery, whole, kept.akte.aufbewahrung.record_class)
    return whole, kept, told


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


def taken_at(services: Services, row: DeliveryRow) -> datetime:
    """When these very files and this slip came: a delivery that was put right is another than the one that came.

    Not after this instant: a clock that ran ahead then would bring what we made of it back to the clearing desk, each
    time anew, until that day has come.
    """
    replaced = services.catalog.events_of(delivery=row.uuid, verb=Verb.DELIVERY_REPLACED.value)
    return min(replaced[-1].at if replaced else row.received_at, services.now())


def _digests(delivery: Delivery) -> list[str]:
    return [scan.digests.sha512 for scan in delivery.scans]
