"""Makes the package of one Akte version: message, PREMIS and Transfervermerke written and checked, files named, bag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from uuid import UUID, uuid5

from akten.files import Attachment, Digests, FileFacts, PageRef, PdfA, Rendition
from akten.findings import Finding, Severity, Verdict
from akten.localtime import berlin_day
from akten.model import Akte, Datei, Dokument, HistorienEintrag, Laufzeit
from akten.package import PackageId
from archive.bag import Bag, Part, make_bag
from flows import layout
from flows.attachments import by_document, datei_of
from flows.carry import Carried
from flows.cover import bag_info, message_part, part_of, represented
from flows.examined import examination_record, verdict_record
from flows.formats import FORMATS
from flows.quality import quality_of
from flows.replacing import told_in_premis
from flows.steps import require
from ingest.delivery import Delivery
from metadata.describe import day_of, describe
from metadata.premis import Capture, build_record, check_record, engines_of, was_read, write_record
from metadata.profile import Profile
from metadata.schemas import Schemas
from metadata.transfervermerk import (
    ERKLAERUNG,
    Ersteller,
    Scanprodukt,
    Transfervermerk,
    Umgebung,
    Zeiten,
    check_note,
    write_note,
)

_IN_GERMAN = {
    Verdict.OK: "bestanden",
    Verdict.FAILED: "nicht bestanden",
    Verdict.NOT_CHECKED: "nicht geprüft",
}


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that one package is made of. Times are aware and run forward.

    `balance` are the findings on sheets and pages that a person accepted with a reason; `digital` are the Dokumente
    that never were paper.
    """

    delivery: Delivery
    package: PackageId
    akte: Akte
    pages: Mapping[UUID, tuple[PageRef, ...]]
    pdfas: Mapping[UUID, PdfA]
    carried: Carried | None
    software: tuple[str, str]
    identifier: tuple[str, str]
    received: datetime
    recognised: datetime
    now: datetime
    facts: Mapping[UUID, FileFacts] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    balance: tuple[Finding, ...] = ()
    digital: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """A bag ready to be stored, the Akte as it is described in it, and what the checks said."""

    bag: Bag
    akte: Akte
    findings: tuple[Finding, ...]


def make_package(material: Material, profile: Profile, schemas: Schemas, premis_xsd: Path | None) -> Made:
    """The bag of this Akte version, every metadata file checked by schema and our own rules before it is packed.

    Raises Rejected when one of our own checks finds an error: what we wrote ourselves must be right. Raises FixityError
    when a file of the version before is not the one that its description names.
    """
    akte = _described(material)
    findings: list[Finding] = []
    files = [*_files(material), *(material.carried.parts if material.carried is not None else ())]
    payload = represented(files)
    made = [*_metadata(material, akte, profile, schemas, premis_xsd, findings, payload), *files]
    before = material.carried.tag_manifest_sha512 if material.carried is not None else ""
    info = bag_info(akte, material.package, material.delivery.uuid, material.software, material.now, before, profile)
    bag = make_bag(f"{akte.uuid}-v{material.package.version}", made, info)
    return Made(bag, akte, tuple(findings))


# --- the Akte with its files ------------------------------------------------------------------------------------------


def _described(material: Material) -> Akte:
    """The Akte with the files of its new Dokumente; carried ones keep theirs."""
    users: dict[UUID, set[UUID]] = {}
    for dokument, refs in material.pages.items():
        for ref in refs:
            users.setdefault(ref.scan, set()).add(dokument)
    files: dict[UUID, tuple[Datei, ...]] = {}
    counts: dict[UUID, int] = {}
    historie: dict[UUID, tuple[HistorienEintrag, ...]] = {}
    scans = {scan.uuid: scan for scan in material.delivery.scans}
    for dokument, pdfa in material.pdfas.items():
        kept = pdfa.rendition is Rendition.KEPT
        pdf = Datei(
            pdfa.uuid,
            "pdf",
            "application/pdf",
            pdfa.digests,
            "044",
            pdfa.flavour,
            erstellt=None if kept else material.recognised,  # delivered, not made by us
            signiert=kept and any(_signed(material, uuid) for uuid in pdfa.sources),
        )
        # A scan that several Dokumente share is in the package but named by none: XDOMEA names every file once.
        own = [
            Datei(
                scans[uuid].uuid,
                FORMATS[scans[uuid].mime][0],
                scans[uuid].mime,
                scans[uuid].digests,
                FORMATS[scans[uuid].mime][1],
                format_name=FORMATS[scans[uuid].mime][2],
                name_original=Path(scans[uuid].name).name,
                signiert=_signed(material, uuid),
            )
            for uuid in dict.fromkeys(ref.scan for ref in material.pages[dokument])
            if users[uuid] == {dokument}
        ]
        files[dokument] = (pdf, *own)
        counts[dokument] = len(pdfa.kept_pages)
        historie[dokument] = tuple(_history(material, dokument, pdfa))
    return describe(material.akte, files, counts, historie, by_document(material.attachments, material.pages))


def _signed(material: Material, scan: UUID) -> bool:
    return scan in material.facts and material.facts[scan].signatures > 0


def _history(material: Material, dokument: UUID, pdfa: PdfA) -> Iterator[HistorienEintrag]:
    """Scan, recognition, conversion and validation of one Dokument, as the message tells them."""
    slip, scanned = material.delivery.slip, _scanned_at(material)
    if scanned is not None and dokument not in material.digital:
        at, remark = scanned, slip.geraet.modell
        if not isinstance(at, datetime):  # only the day is known, and a message wants an instant
            late = "Uhrzeit die des Eingangs; die genannte liegt danach"
            at, remark = material.received, "; ".join(part for part in (remark, late) if part)
        yield HistorienEintrag(at, slip.operator, "Digitalisierung", remark)
    confidence = pdfa.mean_confidence
    if was_read(pdfa):
        engines = ", ".join(" ".join(tool) for tool in engines_of(pdfa.tools))
        sure = "" if confidence is None else f"mittlere Wortsicherheit {confidence:.1f} von 100"
        remark = "; ".join(part for part in (sure, engines) if part)
        yield HistorienEintrag(material.recognised, "System", "Texterkennung (OCR)", remark)
    if pdfa.rendition is Rendition.KEPT:
        yield HistorienEintrag(material.recognised, "System", "Übernahme", "PDF/A, Byte für Byte wie geliefert")
    else:
        tools = ", ".join(" ".join(tool) for tool in pdfa.tools)
        yield HistorienEintrag(material.recognised, "System", "Umwandlung in PDF/A", tools)
    judges = "; ".join(f"{r.name} {r.version}: {_IN_GERMAN[r.verdict]}" for r in pdfa.reports)
    yield HistorienEintrag(material.recognised, "System", f"Prüfung PDF/A: {_IN_GERMAN[pdfa.verdict]}", judges)


# --- metadata files -------------------------------------------------------------------------------------------------


def _metadata(
    material: Material,
    akte: Akte,
    profile: Profile,
    schemas: Schemas,
    premis_xsd: Path | None,
    findings: list[Finding],
    payload: Mapping[str, Digests],
) -> Iterator[Part]:
    message, told = message_part(akte, material.package.version, material.now, profile, schemas, payload)
    findings.extend(told)
    yield message

    record = write_record(
        build_record(
            package=material.package,
            scans=material.delivery.scans,
            pdfas=tuple(material.pdfas.values()),
            capture=_capture(material),
            scanned=_scanned(material),
            software=material.software,
            identifier=material.identifier,
            received=material.received,
            recognised=material.recognised,
            now=material.now,
            attachments=material.attachments,
            replaced=told_in_premis(akte, material.pdfas),
        )
    )
    findings.extend(require(check_record(record, premis_xsd).findings))
    yield part_of(layout.PREMIS, record)

    yield part_of(layout.EXAMINATION, examination_record(material.delivery.scans, material.facts, material.attachments))
    products = {UUID(name[:36]): digests.sha512 for name, digests in payload.items()}
    for dokument, pdfa in material.pdfas.items():
        if dokument not in material.digital:  # what never was paper agrees with none
            note = _note(material, dokument, pdfa, profile.absender.institution)
            # The note's gaps are gaps of the slip: they are told once per delivery, not once per Dokument.
            gaps = (replace(f, where="Laufzettel") for f in require(check_note(note, products)))
            findings.extend(f for f in gaps if f not in findings)
            yield part_of(layout.note_path(dokument), write_note(note))
        yield part_of(layout.verdict_path(pdfa.uuid), verdict_record(pdfa))


def _capture(material: Material) -> Capture:
    slip = material.delivery.slip
    device = " ".join(part for part in (slip.geraet.hersteller, slip.geraet.modell, slip.geraet.seriennummer) if part)
    return Capture(slip.operator, device, slip.profil or "", slip.station, _scanned_at(material))


def _scanned_at(material: Material) -> datetime | date | None:
    return _not_after(material.delivery.slip.gescannt_am, material.received)


def _not_after(said: datetime | None, known: datetime) -> datetime | date | None:
    """What a slip says of a time, as far as it can be true of something that was over at a time that we know.

    A clock of the scan desk may run before ours: then only the day counts. What lies on a later day, accepted by a
    person perhaps, stays on the slip, for no record of ours can hold it.
    """
    if said is None or said <= known:
        return said
    return berlin_day(said) if berlin_day(said) == berlin_day(known) else None


def _scanned(material: Material) -> frozenset[UUID]:
    """The delivered files that were paper, by the word of the slip."""
    return frozenset(
        ref.scan for dokument, refs in material.pages.items() if dokument not in material.digital for ref in refs
    )


def _note(material: Material, dokument: UUID, pdfa: PdfA, organisation: str) -> Transfervermerk:
    slip = material.delivery.slip
    sources = dict.fromkeys(ref.scan for ref in material.pages[dokument])
    scans = {scan.uuid: scan for scan in material.delivery.scans}
    device = " ".join(part for part in (slip.geraet.hersteller, slip.geraet.modell, slip.geraet.seriennummer) if part)
    software = [material.software, *pdfa.tools]
    if slip.geraet.software:
        software.insert(0, (slip.geraet.software, ""))
    check = slip.qualitaetspruefung
    quality = quality_of(check, material.balance, pdfa)
    agrees = quality.ergebnis is Verdict.OK and quality.vollstaendigkeit is not Verdict.FAILED
    return Transfervermerk(
        uuid=uuid5(dokument, f"transfervermerk/v{material.package.version}"),
        dokument=dokument,
        produkte=tuple(
            sorted(
                [
                    *(Scanprodukt(uuid, scans[uuid].digests.sha512) for uuid in sources),
                    Scanprodukt(pdfa.uuid, pdfa.digests.sha512),
                ]
            )
        ),
        ersteller=Ersteller(slip.operator, "Kennungsverzeichnis der Scanstelle", organisation),
        umgebung=Umgebung(device, slip.profil or "", slip.station, slip.verfahrensdokumentation, tuple(software)),
        auffaelligkeiten=(slip.auffaelligkeiten,) if slip.auffaelligkeiten else None,
        zeiten=Zeiten(
            _scanned_at(material),
            material.received,
            _not_after(check.zeitpunkt, material.now) if check else None,
            material.now,
        ),
        qualitaet=quality,
        erklaerung=ERKLAERUNG if agrees else "",
    )


# --- files ----------------------------------------------------------------------------------------------------------


def _files(material: Material) -> Iterator[Part]:
    for scan in material.delivery.scans:
        yield Part(layout.master_path(scan.uuid, FORMATS[scan.mime][0]), scan.path, scan.digests)
    for one in material.attachments:
        datei = datei_of(one)
        yield Part(layout.master_path(datei.uuid, datei.suffix), one.path, one.digests)
    for pdfa in material.pdfas.values():
        yield Part(layout.access_path(pdfa.uuid), pdfa.path, pdfa.digests)
        if pdfa.hocr is not None and pdfa.hocr_digests is not None:
            yield Part(layout.text_path(pdfa.uuid), pdfa.hocr, pdfa.hocr_digests)
        for page in pdfa.pages:
            if page.blank and page.thumbnail:
                yield part_of(f"{layout.PRESERVATION}leer-{pdfa.uuid}-{page.number}.jpg", page.thumbnail)
    slip = material.delivery.slip_file
    # By the digests of what was read, as the scans: the package refuses one that was written into meanwhile.
    yield Part(layout.slip_path(slip.path.suffix.lstrip(".").lower()), slip.path, slip.digests)


def not_validated(pdfas: Mapping[UUID, PdfA], *, allowed: bool) -> tuple[Finding, ...]:
    """Findings WF-01/WF-02 for PDF/A that is not valid or could not be checked; only the second may be allowed."""
    found = []
    for dokument, pdfa in pdfas.items():
        if pdfa.verdict is Verdict.FAILED:
            text = "Die PDF/A-Prüfung ist nicht bestanden; die Akte wird so nicht archiviert."
            found.append(Finding("WF-01", Severity.ERROR, f"Dokument {dokument}", text))
        elif pdfa.verdict is Verdict.NOT_CHECKED:
            severity = Severity.WARNING if allowed else Severity.ERROR
            text = "Die PDF/A-Prüfung konnte nicht stattfinden (siehe archiv doctor); so wird nicht archiviert."
            if allowed:
                text = "Die PDF/A-Prüfung konnte nicht stattfinden; archiviert, weil es so eingestellt ist."
            silent = (report for report in pdfa.reports if report.verdict is Verdict.NOT_CHECKED and report.why)
            text = " ".join((text, *(f"{report.name}: {report.why}" for report in silent)))
            found.append(Finding("WF-02", severity, f"Dokument {dokument}", text))
    return tuple(found)


def with_version(akte: Akte, earlier: Akte | None) -> Akte:
    """The Akte of the new version: everything of the earlier one, then the new Vorgänge (same title: joined).

    Several of one title are joined in their order, each with another: two that the slip tells apart stay two.
    The slip of a Nachscan names what is new; where it is silent, what was known of the Akte stays.
    """
    if earlier is None:
        return akte
    vorgaenge = list(earlier.vorgaenge)
    places: dict[tuple[str, str], list[int]] = {}
    for place, known in enumerate(earlier.vorgaenge):
        places.setdefault((known.betreff, known.zeichen), []).append(place)
    for vorgang in akte.vorgaenge:
        alike = places.get((vorgang.betreff, vorgang.zeichen))
        if not alike:
            vorgaenge.append(vorgang)
        else:
            place = alike.pop(0)
            there = vorgaenge[place]
            vorgaenge[place] = replace(
                there,
                typ=there.typ or vorgang.typ,
                laufzeit=wider(there.laufzeit, vorgang.laufzeit, vorgang.dokumente),
                dokumente=(*there.dokumente, *vorgang.dokumente),
            )
    return replace(
        akte,
        vorgaenge=tuple(vorgaenge),
        aktenplaneinheit=akte.aktenplaneinheit or earlier.aktenplaneinheit,
        federfuehrung=akte.federfuehrung or earlier.federfuehrung,
        laufzeit=wider(earlier.laufzeit, akte.laufzeit, akte.dokumente),
        historie=earlier.historie,
        zda_datum=akte.zda_datum or earlier.zda_datum,
        felder=tuple(dict([*earlier.felder, *akte.felder]).items()),
    )


def wider(known: Laufzeit, said: Laufzeit, dokumente: Sequence[Dokument]) -> Laufzeit:
    """The Laufzeit of before, drawn out to the new papers; an end that the new slip names counts as it is named."""
    days = [day for dokument in dokumente if (day := day_of(dokument)) is not None]
    beginn = said.beginn or (min([known.beginn, *days]) if known.beginn else None)
    ende = said.ende or (max([known.ende, *days]) if known.ende else None)
    return said if beginn and ende and ende < beginn else Laufzeit(beginn, ende)
