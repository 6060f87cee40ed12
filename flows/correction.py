"""The description of an archived Akte is corrected: proposed by one person, released by another, then a new version.

Every file of the version before is carried byte for byte; message, PREMIS record and bag are made anew, and the old
version stays as it was. Broken off anywhere, the same call goes on, and makes nothing twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

from akten.aktenzeichen import Aktenzeichen
from akten.closed import make_closed
from akten.correction import FELD, NAMES, NUMBER, Change, Correction, Teil, corrected, number_given, value_of
from akten.errors import ArchivError, FixityError, Forbidden, Rejected, Unavailable, Unknown
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from akten.model import Akte, Dokument, HistorienEintrag, Vorgang, clean_text
from akten.package import PackageId, StoredCopy
from archive.bag import make_bag
from archive.package import store_package
from catalog.actor import Actor
from catalog.arrival import Arrival
from catalog.codec import canonical
from catalog.corrections import BEGUN, Proposed
from catalog.identity import require_second
from catalog.trail import Verb
from catalog.values import DeliveryRow
from flows import layout
from flows.anchors import exit_of, try_to_publish
from flows.carry import carry_over
from flows.cover import bag_info, message_part, part_of, represented, require_describable
from flows.craft_options import SOFTWARE, software_version
from flows.fieldnames import known_name, near_names
from flows.keeping import first_lock, kept_by
from flows.locks import follow_at_intake
from flows.packed import PackedWork, load, save
from flows.partnames import dokument_named, vorgang_named
from flows.steps import require
from flows.wiring import Services
from flows.workmark import require_work_folder
from ingest.claimed import ClaimedDelivery, held
from ingest.correction import BACKWARDS, Wish, Wishes, with_number_read
from ingest.slip_fields import fold
from metadata.premis import check_record, write_record
from metadata.premis_correction import correction_record

_IDENTITY = (
    "Band und Aktenart lassen sich nicht berichtigen: Nach ihnen werden Bände gezählt, Zeichen gelesen und Fristen "
    "bestimmt. Bitte das Archiv ansprechen."
)


class InOtherHands(Unavailable):
    """Another process carries this correction out just now."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of a release: the new version, where it lies, and what was noticed on the way.

    `exit_code` is 5 where all that is good, and a store has another head of the trail than it was given.
    """

    id: PackageId
    changes: tuple[Change, ...]
    copies: tuple[StoredCopy, ...]
    findings: tuple[Finding, ...]
    exit_code: int = 0


# --- the first person -------------------------------------------------------------------------------------------------


def propose(
    services: Services, akte: UUID, wishes: Wishes, reason: str, by: Actor, *, new_fields: bool = False
) -> Proposed:
    """The first person asks for a correction of the newest version; returns the proposal with old and new values.

    Raises Rejected for what changes nothing, cannot be, or would make another Akte of it, Unknown for a part that is
    not there, Forbidden without a reason, without an archived version, while another proposal waits, or for a number
    that another Akte bears or a delivery asks for.
    """
    reason = _words(reason, "Ohne Grund wird nichts berichtigt.")
    if wishes.identity:
        raise Rejected(tuple(Finding("WF-51", Severity.ERROR, field, _IDENTITY) for field in wishes.identity))
    row = services.catalog.akte(akte)
    if row is None or not row.version:
        raise Forbidden("Diese Akte hat noch keine archivierte Version; der Laufzettel lässt sich noch berichtigen.")
    before = _described(services, akte, row.version)
    wanted: Sequence[Wish] = wishes.wishes
    if any(wish.name == NUMBER for wish in wanted):
        wanted = with_number_read(wanted, before.aktenart.value, services.intake, services.today())
    changes = changes_of(before, wanted, new_fields=new_fields)
    after = _after(services, before, changes)
    require_describable(after, row.version + 1, services.now(), services.profile, services.schemas)
    services.catalog.corrections.propose(akte, row.version, changes, reason, by=by, now=services.now())
    return waiting(services, akte)


def waiting(services: Services, akte: UUID) -> Proposed:
    """The open proposal of an Akte. Raises Forbidden when there is none, or none any more since it was carried out."""
    found = services.catalog.corrections.open(akte)
    if not found:
        text = "Für diese Akte liegt kein Vorschlag vor: archiv akte berichtige AKTENZEICHEN … --grund …"
        ended = services.catalog.events_of(akte=akte, verb=Verb.CORRECTION_ENDED.value, limit=None)
        if ended and ended[-1].data.get("done"):
            text += f" Die letzte Berichtigung ist ausgeführt: Version {ended[-1].data['version']}."
        raise Forbidden(text)
    return found[0]


def changes_of(akte: Akte, wishes: Sequence[Wish], *, new_fields: bool = False) -> tuple[Change, ...]:
    """Old and new value of everything that is wished for.

    A Vorgang that has its Betreff from the Akte, since the slip named none, follows the Akte. Raises Rejected (WF-50)
    for a value that is so already, Unknown for a part that is not there, and for a field that looks like a mistyped one
    unless `new_fields` are asked for.
    """
    faults: list[Finding] = []
    found: dict[tuple[UUID, str], Change] = {}
    for wish in wishes:
        part = _part(akte, wish)
        name = _field_known(akte, wish, new_fields=new_fields)
        change = Change(wish.teil, part.uuid, name, value_of(part, name), wish.neu)
        if change.alt == change.neu:
            text = f"{change.words}: steht schon so in der Akte." if change.neu else _nothing_there(akte, change)
            faults.append(Finding("WF-50", Severity.ERROR, wish.where, text))
        elif found.setdefault((part.uuid, name), change) != change:
            text = f"{change.words}: zwei verschiedene neue Werte."
            faults.append(Finding("WF-50", Severity.ERROR, wish.where, text))
    if not wishes:
        faults.append(Finding("WF-50", Severity.ERROR, "", "Es ist nichts genannt, was anders werden soll."))
    if faults:
        raise Rejected(tuple(faults))
    for change in [each for each in found.values() if each.teil is Teil.AKTE]:
        for vorgang in akte.vorgaenge:
            named = change.name == "betreff" or change.name.startswith("laufzeit.")
            if named and vorgang.betreff == akte.betreff and value_of(vorgang, change.name) == change.alt:
                own = replace(change, teil=Teil.VORGANG, uuid=vorgang.uuid)
                found.setdefault((vorgang.uuid, change.name), own)
    return tuple(found.values())


def _nothing_there(akte: Akte, change: Change) -> str:
    text = f"{change.words}: steht nicht da."
    if not change.name.startswith(FELD):
        return text
    known = ", ".join(name for name, _ in akte.felder)
    return f"{text} Eigene Felder der Akte: {known or 'keine'}."


def _field_known(akte: Akte, wish: Wish, *, new_fields: bool) -> str:
    """The name of what a wish is about: for a field the one that the Akte has in another spelling.

    Raises Unknown for a new field that is like one of the Akte, or like a value of another sort, unless asked for.
    """
    if not wish.name.startswith(FELD):
        return wish.name
    known = [name for name, _ in akte.felder]
    said = wish.name[len(FELD) :]
    name = known_name(said, known)
    if name not in known and wish.neu and not new_fields:
        near = near_names(said, known)
        value = next((each for each, words in NAMES.items() if fold(said) in (each, fold(words))), "")
        if near or value:
            meant = "“ oder „".join(near)
            option = value.replace("_", "-").replace(".", "-")
            what = f"Meinten Sie „{meant}“?" if near else f"Meinten Sie die Angabe „{value}“ (--{option})?"
            raise Unknown(f"Ein Feld „{said}“ hat diese Akte nicht. {what} Soll es hinzukommen: --neue-felder.")
    return FELD + name


def _part(akte: Akte, wish: Wish) -> Akte | Vorgang | Dokument:
    if wish.teil is Teil.AKTE:
        return akte
    return vorgang_named(akte, wish.wo) if wish.teil is Teil.VORGANG else dokument_named(akte, wish.wo)


def _after(services: Services, before: Akte, changes: Sequence[Change]) -> Akte:
    """The Akte as it will be, with the period that follows. Raises Rejected for what cannot be."""
    try:
        after = corrected(before, changes)
    except ValueError as error:
        raise Rejected((Finding("IN-14", Severity.ERROR, "laufzeit", BACKWARDS),)) from error
    known = before.aufbewahrung.record_class if before.aufbewahrung else ""
    return kept_by(services, after, known if known in services.katalog.classes else None)


# --- the second person ------------------------------------------------------------------------------------------------


def release(services: Services, proposed: Proposed, reason: str, by: Actor) -> Corrected:
    """The second person agrees, and the new version is made, stored in every store, read back and entered.

    Raises Forbidden for the same person, and when the Akte got a newer version since; whatever else it raises, the same
    call again goes on.
    """
    reason = _words(reason, "Ohne Grund wird nichts freigegeben.")
    proposal, catalog = proposed.proposal, services.catalog
    require_second(proposal.proposed_by, by, "Das Berichtigen einer Akte", catalog.accounts)
    akte, book = proposal.akte, catalog.corrections
    known = catalog.delivery(delivery_of(proposed))
    if proposal.released_by is None or known is None or known.stage is Stage.RECEIVED:  # else its package is begun
        book.release(akte, proposal.number, proposed.version, reason, by=by, now=services.now())
    (proposed,) = (each for each in book.open(akte) if each.proposal.number == proposal.number)
    return carry_out(services, proposed, by)


def carry_out(services: Services, proposed: Proposed, by: Actor) -> Corrected:
    """Makes the version of a released proposal, or goes on where that was broken off. Raises as `release` does, and
    `InOtherHands` while another process does it.
    """
    require_work_folder(services)
    delivery, folder = delivery_of(proposed), folder_of(services, proposed)
    make_closed(folder)
    with held(ClaimedDelivery(delivery, folder)) as mine:
        if not mine:
            raise InOtherHands("Diese Berichtigung wird gerade von einem anderen Vorgang ausgeführt.")
        done = _carried_out(services, proposed, delivery, folder, by)
        told = try_to_publish(services)
        shutil.rmtree(folder)
        number = proposed.proposal.number
        services.catalog.corrections.end(done.id.akte, number, version=done.id.version, by=by, now=services.now())
    return replace(done, findings=(*done.findings, told), exit_code=exit_of(told)) if told else done


def withdraw(services: Services, proposed: Proposed, reason: str, by: Actor) -> None:
    """Gives a proposal up, with a reason; either person may, until its package is begun.

    What was read for it from the stores goes from this machine, unless somebody just tries to carry it out.
    """
    reason = _words(reason, "Ohne Grund wird nichts verworfen.")
    delivery, folder = delivery_of(proposed), folder_of(services, proposed)
    services.catalog.corrections.withdraw(proposed, delivery, reason, by=by, now=services.now())
    with held(ClaimedDelivery(delivery, folder)) as mine:
        if mine:
            shutil.rmtree(folder)


def delivery_of(proposed: Proposed) -> UUID:
    """What stands in the place of a delivery for the version of this proposal: always the same."""
    proposal = proposed.proposal
    return uuid5(proposal.akte, f"berichtigung/{proposal.number}/{proposal.proposed_at.isoformat()}")


def folder_of(services: Services, proposed: Proposed) -> Path:
    """Where its package is made, on the machine that began it."""
    return services.settings.work.resolve() / f".berichtigung-{delivery_of(proposed)}"


def is_begun(services: Services, proposed: Proposed) -> bool:
    """True once the package of a released proposal is begun: then it has to be carried out, whatever came since."""
    return begun_of(services, (proposed,)) != frozenset()


def begun_of(services: Services, proposed: Sequence[Proposed]) -> frozenset[int]:
    """The numbers of those of which that is true."""
    stages = services.catalog.corrections.stages([delivery_of(each) for each in proposed])
    return frozenset(each.proposal.number for each in proposed if stages.get(delivery_of(each)) in BEGUN)


def _carried_out(services: Services, proposed: Proposed, delivery: UUID, folder: Path, by: Actor) -> Corrected:
    catalog, book = services.catalog, services.catalog.corrections
    before = _described(services, proposed.proposal.akte, proposed.version)
    arrival = _arrival(before, proposed.agreed, delivery, folder)
    row = book.begin(arrival, proposed.proposal.number, proposed.version, by=by, now=services.now())
    if row.version is None:
        raise FixityError("Die Berichtigung hat im Katalog keine Version.")
    id_ = PackageId(before.uuid, row.version)
    findings: tuple[Finding, ...] = ()
    if row.stage is not Stage.ARCHIVED:
        work = _work(services, proposed, before, row, folder, by)
        stored = store_package(
            work.bag,
            id_,
            services.stores,
            first_lock(services, work.akte),
            services.now,
            folder / "tar",
            {"software": f"{SOFTWARE} {software_version()}", "delivery": str(delivery)},
        )
        book.record(delivery, work.akte, stored, by=by, now=services.now())
        findings = work.findings
    findings = (*findings, *follow_at_intake(services, before.uuid, by))
    package = catalog.package(before.uuid, row.version)
    if package is None:
        raise FixityError(f"Version {row.version} steht nicht im Katalog, obwohl sie archiviert ist.")
    return Corrected(id_, proposed.changes, package.package.copies, findings)


def _work(
    services: Services, proposed: Proposed, before: Akte, row: DeliveryRow, folder: Path, by: Actor
) -> PackedWork:
    """The package, built once: what was packed before a kill is stored with the very same bytes."""
    id_ = PackageId(before.uuid, row.version or 0)
    work = load(folder, id_) if row.stage is Stage.PACKED else None
    if work is not None:
        return work
    for name in ("vorher", "paket"):
        shutil.rmtree(folder / name, ignore_errors=True)
    try:
        work = _packed(services, proposed, before, id_, row.uuid, folder)
    except (ArchivError, OSError):  # nothing of it can lie in a store: others of this Akte need not wait for it
        services.catalog.corrections.give_way(row.uuid, by=by, now=services.now())
        raise
    work = save(work, folder)
    services.catalog.move(row.uuid, Stage.PACKED, by=by, now=services.now())
    return work


def _packed(
    services: Services, proposed: Proposed, before: Akte, id_: PackageId, delivery: UUID, folder: Path
) -> PackedWork:
    """The bag of the new version: the files of the one before, and what tells of them anew.

    Its time is that of the release, so that a bag that has to be built again has the same bytes.
    """
    agreed, profile = proposed.agreed, services.profile
    source = services.catalog.package(before.uuid, proposed.version)
    if source is None:
        raise FixityError(f"Version {proposed.version} der Akte steht nicht im Katalog.")
    carried = carry_over(before, source.package, services.stores, folder / "vorher")
    akte = _after(services, before, agreed.changes)
    who = f"{agreed.von}, {agreed.frei_von}"
    entry = HistorienEintrag(agreed.frei_am, who, f"Berichtigung: {agreed.words}", agreed.grund)
    akte = replace(akte, historie=tuple(sorted((*akte.historie, entry), key=lambda each: each.zeitpunkt)))
    message, told = message_part(
        akte, id_.version, agreed.frei_am, profile, services.schemas, represented(carried.parts)
    )
    software = (SOFTWARE, software_version())
    record = write_record(correction_record(id_, agreed, software, agreed.frei_am))
    told = (*told, *require(check_record(record, services.settings.premis_schema).findings))
    parts = (
        message,
        part_of(layout.PREMIS, record),
        part_of(layout.CORRECTION, canonical(agreed.to_json()).encode()),
        *carried.parts,
    )
    info = bag_info(akte, id_, delivery, software, agreed.frei_am, carried.tag_manifest_sha512, profile)
    bag = make_bag(f"{akte.uuid}-v{id_.version}", parts, info)
    return PackedWork(id_, akte, bag, {}, 0, 0, tuple(dict.fromkeys((*carried.findings, *told))))


def _arrival(before: Akte, agreed: Correction, delivery: UUID, folder: Path) -> Arrival:
    given = number_given(agreed.changes)
    number = before.aktenzeichen if given is None else Aktenzeichen(given, given)
    betreff = next((c.neu for c in agreed.changes if c.teil is Teil.AKTE and c.name == "betreff"), before.betreff)
    return Arrival(
        delivery=delivery,
        akte=before.uuid,
        aktenart=before.aktenart.value,
        aktenzeichen=Aktenzeichen(number.kanonisch, number.schreibweise),
        band=before.band,
        betreff=betreff,
        slip=agreed.to_json(),
        scans=(),
        folder=str(folder),
    )


def _described(services: Services, akte: UUID, version: int) -> Akte:
    found = services.catalog.akte_snapshot(akte, version)
    if found is None:
        raise FixityError(f"Zur Version {version} der Akte fehlt die Beschreibung im Katalog.")
    return found


def _words(said: str, lacking: str) -> str:
    text = " ".join(clean_text(said).split())
    if not text:
        raise Forbidden(lacking)
    return text
