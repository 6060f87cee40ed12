"""`Delivery`: slip and scans of one claimed folder, read and hashed once; and the Akte that the slip plans of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID, uuid5

from akten.errors import Rejected, Unavailable
from akten.files import FileFacts, PageRef, Scan
from akten.findings import Finding, has_errors
from akten.model import Akte, Dokument, Vorgang
from akten.plural import plural
from ingest.assignment import FileNames, assign
from ingest.claimed import CLOSING_MARKERS, ClaimedDelivery
from ingest.moving import system_error
from ingest.naming import reading_of
from ingest.options import IntakeLimits, IntakeOptions
from ingest.rules import error, few, info
from ingest.scans import changed_since, list_files, read_scan, sync_folders
from ingest.slip import SLIP_NAMES, SlipFile, delivery_root, read_slip
from ingest.slip_fields import shown
from ingest.slipdoc import Slip, SlipVorgang

_UNASSIGNED = "Ohne Zuordnung im Laufzettel"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as it came: slip, scans in natural order of their names, and what was noticed while reading.

    `folder` is the work folder `work/<uuid>`; the files lie in `folder/lieferung`.
    """

    uuid: UUID
    folder: Path
    slip: Slip
    slip_file: SlipFile
    scans: tuple[Scan, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedAkte:
    """The Akte as the slip describes it, without files yet, and the pages of each Dokument by its UUID.

    `digital` are the Dokumente that never were paper: nobody scanned them.
    """

    akte: Akte
    pages: Mapping[UUID, tuple[PageRef, ...]]
    digital: frozenset[UUID] = frozenset()


def read_delivery(claimed: ClaimedDelivery) -> Delivery:
    """Slip and scans of a claimed delivery; every file is read once and nothing is decoded.

    Raises:
        Rejected: the ZIP or the slip cannot be used (all faults at once).
        Unavailable: the claim is not complete yet, or the disk fails.
        FixityError: our own note of what was wrong with unpacking is damaged.
    """
    if not claimed.lieferung.is_dir():
        raise Unavailable("Die Lieferung ist noch nicht vollständig übernommen (ist die Platte voll?).")
    if has_errors(claimed.findings):
        raise Rejected(claimed.findings)
    try:
        root = delivery_root(claimed.lieferung)
        listing = list_files(root, IntakeLimits())
        try:
            slip, slip_file = read_slip(root)
        except Rejected as fault:
            raise Rejected((*fault.findings, *listing.findings)) from fault
        files = _but_markers((name, path) for name, path in listing.files if path != slip_file.path)
        taken, left_out = _split(files, slip)
        read = [read_scan(claimed.uuid, name, path) for name, path in taken]
        sync_folders(claimed.lieferung, (*files, (slip_file.path.name, slip_file.path)))
    except OSError as fault:
        raise system_error(fault, f"Das Lesen der Lieferung im Arbeitsordner {claimed.folder}") from fault
    # Two files of one name (IN-08) have one UUID: the first stands for both until one is renamed.
    scans = _one_of_each(result for result in read if isinstance(result, Scan))
    findings = [
        *claimed.findings,
        *listing.findings,
        *slip_file.remarks,
        *left_out,
        *(result for result in read if isinstance(result, Finding)),
    ]
    if not taken:
        findings.append(error("IN-07", "", "Die Lieferung enthält keinen Scan."))
    findings.extend(
        error("IN-02", scan.name, "Ein weiterer Laufzettel im Unterordner; bitte je Akte eine eigene Lieferung.")
        for scan in scans
        if PurePosixPath(scan.name).name.casefold() in SLIP_NAMES
    )
    return Delivery(claimed.uuid, claimed.folder, slip, slip_file, scans, tuple(findings))


def scans_beside(claimed: ClaimedDelivery) -> tuple[Scan, ...]:
    """The scans of a delivery whose slip cannot be used, so that they are known when they come once more; none where
    more than the slip is wrong with the files. Raises Unavailable or Misconfigured.
    """
    if has_errors(claimed.findings) or not claimed.lieferung.is_dir():
        return ()
    try:
        listing = list_files(delivery_root(claimed.lieferung), IntakeLimits())
        if has_errors(listing.findings):
            return ()
        named = _but_markers(
            (name, path) for name, path in listing.files if PurePosixPath(name).name.casefold() not in SLIP_NAMES
        )
        read = [read_scan(claimed.uuid, name, path) for name, path in named]
    except OSError as fault:
        raise system_error(fault, f"Das Lesen der Lieferung im Arbeitsordner {claimed.folder}") from fault
    return _one_of_each(result for result in read if isinstance(result, Scan))


def changed_files(delivery: Delivery) -> str:
    """In German sentences which files are others than when the delivery was read; "" when all are the same."""
    files = [(delivery.slip.datei, delivery.slip_file.path, delivery.slip_file.digests)]
    files += [(scan.name, scan.path, scan.digests) for scan in delivery.scans]
    changed = [(name, how) for name, path, digests in files if (how := changed_since(path, digests))]
    if not changed:
        return ""
    name, how = changed[0]
    more = f" Ebenso {plural(len(changed) - 1, 'weitere Datei', 'weitere Dateien')}." if len(changed) > 1 else ""
    return (
        f"Die Datei „{shown(name)}“ hat sich geändert, nachdem die Lieferung angenommen war: {how}.{more} Archiviert "
        "wurde davon nichts. Wahrscheinlich schrieb ein Programm (Scanner, Kopie) noch hinein. Bitte prüfen, ob die "
        "Datei vollständig ist; der nächste Lauf (archiv annahme) liest die Lieferung neu und nimmt sie, wie sie dann "
        "ist."
    )


def _one_of_each(scans: Iterable[Scan]) -> tuple[Scan, ...]:
    """The first scan of every UUID, in order."""
    kept: dict[UUID, Scan] = {}
    for scan in scans:
        kept.setdefault(scan.uuid, scan)
    return tuple(kept.values())


def _but_markers(files: Iterable[tuple[str, Path]]) -> tuple[tuple[str, Path], ...]:
    return tuple((name, path) for name, path in files if not _is_closing_marker(name, path))


def _is_closing_marker(name: str, path: Path) -> bool:
    """True for a small file at the top with the name of a marker; a scan of that name is not swallowed."""
    return name.casefold() in CLOSING_MARKERS and path.lstat().st_size <= 1024


def _split(files: tuple[tuple[str, Path], ...], slip: Slip) -> tuple[list[tuple[str, Path]], list[Finding]]:
    """The files to archive, and the findings for those the slip leaves out by name."""
    names = FileNames(name for name, _ in files)
    meant = {name: names.find(name) for name in slip.nicht_archivieren}
    dropped = set(meant.values())
    text = "Laut Laufzettel nicht zu archivieren; die Datei wird nicht übernommen."
    findings = list(few([info("IN-42", name, text) for name, _ in files if name in dropped]))
    text = "Diese Datei steht unter „nicht_archivieren“, ist aber nicht in der Lieferung."
    findings.extend(few([error("IN-30", name, text) for name, found in meant.items() if found is None]))
    return [(name, path) for name, path in files if name not in dropped], findings


# --- the plan ---------------------------------------------------------------------------------------------------------
def plan_akte(
    delivery: Delivery, facts: Mapping[UUID, FileFacts], options: IntakeOptions, akte_uuid: UUID
) -> PlannedAkte:
    """The Akte with its Vorgänge and Dokumente and the pages of each; UUIDs come from delivery and position.

    Every page received goes into a Dokument: what the slip does not assign (accepted by a person) makes one of its
    own at the end. Raises Rejected when the Aktenzeichen has no single reading.
    """
    slip = delivery.slip
    reading = reading_of(slip, options)
    if isinstance(reading, Finding):
        raise Rejected((reading,))
    assignment = assign(delivery.scans, slip, facts)
    pages: dict[UUID, tuple[PageRef, ...]] = {}
    vorgaenge: list[Vorgang] = []
    digital: set[UUID] = set()
    for place, (vorgang, documents) in enumerate(zip(assignment.vorgaenge, assignment.pages, strict=True), 1):
        dokumente = []
        for number, (entry, positions) in enumerate(zip(vorgang.dokumente, documents, strict=True), 1):
            if not positions:  # its file is missing; check_delivery has said so
                continue
            uuid = dokument_uuid(delivery.uuid, place, number)
            pages[uuid] = tuple(assignment.sequence[position] for position in positions)
            if slip.digital or entry.digital:
                digital.add(uuid)
            dokumente.append(Dokument(uuid, entry.betreff, entry.typ, entry.datum, entry.posteingang, len(positions)))
        vorgaenge.append(_vorgang(delivery.uuid, place, vorgang, dokumente))
    if assignment.unassigned and vorgaenge:
        uuid = uuid5(delivery.uuid, "dokument/ohne-zuordnung")
        pages[uuid] = tuple(assignment.sequence[position] for position in assignment.unassigned)
        if slip.digital:
            digital.add(uuid)
        last = vorgaenge.pop()
        extra = Dokument(uuid, _UNASSIGNED, seiten=len(pages[uuid]))
        vorgaenge.append(
            Vorgang(last.uuid, last.betreff, last.zeichen, last.typ, last.laufzeit, (*last.dokumente, extra))
        )
    akte = Akte(
        uuid=akte_uuid,
        aktenart=slip.aktenart,
        aktenzeichen=reading,
        betreff=slip.betreff,
        aktenplaneinheit=slip.aktenplaneinheit,
        federfuehrung=slip.federfuehrung,
        band=slip.band,
        laufzeit=slip.laufzeit,
        zda_datum=slip.zda_datum,
        felder=slip.felder,
        vorgaenge=tuple(vorgaenge),
    )
    return PlannedAkte(akte, pages, frozenset(digital))


def dokument_uuid(delivery: UUID, vorgang: int, number: int) -> UUID:
    """The name that a Dokument of this delivery gets, by where the slip has it (counted from 1)."""
    return uuid5(delivery, f"dokument/{vorgang}/{number}")


def _vorgang(delivery: UUID, place: int, entry: SlipVorgang, dokumente: list[Dokument]) -> Vorgang:
    uuid = uuid5(delivery, f"vorgang/{place}")
    return Vorgang(uuid, entry.betreff, entry.zeichen, entry.typ, entry.laufzeit, tuple(dokumente))
