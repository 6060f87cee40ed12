"""Builders of good Akten, messages and packages, and tools that break exactly one thing in them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

from lxml import etree

from akten.aktenzeichen import Aktenzeichen
from akten.files import digest_bytes
from akten.model import (
    Akte,
    Aktenart,
    Aufbewahrung,
    Aussonderungsart,
    Datei,
    Dokument,
    HistorienEintrag,
    Laufzeit,
    Vorgang,
)
from metadata.messages import (
    AnbietungEmpfang0504,
    AussonderungEmpfang0507,
    AussonderungImport0506,
    Bewertung,
    BewertungEmpfang0505,
    Bewertungsverzeichnis0502,
    Fehlercode,
    Importergebnis,
    Message,
    anbieteverzeichnis,
    aussonderung,
    kopf_of,
)
from metadata.names import stem_of
from metadata.profile import Kontakt, Profile
from metadata.xdomea import namespace, write_message

NOW = datetime(2026, 5, 4, 9, 30, 15, 250_000, UTC)
ROOM = UUID("00000000-0000-4000-8000-0000000000aa")
PROZESS = uuid5(ROOM, "prozess")
VERSIONS = ("3.0.0", "3.1.0", "4.0.0")
CODES = ("0501", "0502", "0503", "0504", "0505", "0506", "0507")
PDF, TIFF = b"%PDF-1.7 made up", b"II*\0 made up"


def an_id(name: str) -> UUID:
    """A UUID that is always the same for a name."""
    return uuid5(ROOM, name)


def a_profile(version: str = "3.0.0", **more: object) -> Profile:
    return replace(
        Profile(
            version=version,
            absender=Kontakt("Stadt Neuss", "NE", "Bauverwaltungsamt", "05162024", "ags"),
            empfaenger=Kontakt("Stadtarchiv Neuss"),
        ),
        **more,  # type: ignore[arg-type]
    )


def a_dokument(number: int = 1) -> Dokument:
    pdf, scan = digest_bytes(PDF), digest_bytes(TIFF)
    return Dokument(
        uuid=an_id(f"dokument {number}"),
        betreff=f"Baugenehmigung Nr. {number} – Garage & Zufahrt",
        typ="Bescheid",
        datum=date(1998, 3, number),
        posteingang=date(1998, 3, number + 1),
        seiten=2,
        dateien=(
            Datei(an_id(f"scan {number}"), "tif", "image/tiff", scan, "023", "6.0", "", "Scan 0001.tif", NOW),
            Datei(an_id(f"pdfa {number}"), "pdf", "application/pdf", pdf, "044", "2u", erstellt=NOW),
        ),
        historie=(
            HistorienEintrag(NOW, "Scanstelle 2", "Scan", "300 dpi, Simplex"),
            HistorienEintrag(NOW, "tesseract 5.3", "OCR"),
            HistorienEintrag(NOW, "Aktenarchiv", "Konvertierung nach PDF/A-2u"),
        ),
    )


def an_akte(dokumente: int = 2, *, art: Aussonderungsart = Aussonderungsart.ARCHIVWUERDIG) -> Akte:
    """A closed building file that may be sent; `art` B makes it one that only rests in the archive."""
    laufzeit = Laufzeit(date(1998, 3, 1), date(1999, 7, 31))
    return Akte(
        uuid=an_id("akte"),
        aktenart=Aktenart.BAUAKTE,
        aktenzeichen=Aktenzeichen("63-01234-1998", "63/1234/98"),
        betreff="Neubau einer Garage, Musterstraße 1",
        aktenplaneinheit="63-12 Baugenehmigungen",
        federfuehrung="Bauverwaltungsamt",
        laufzeit=laufzeit,
        zda_datum=date(1999, 8, 1),
        aufbewahrung=Aufbewahrung("BAU-1", 20, date(2019, 12, 31), art, "§ 1 Musterordnung"),
        felder=(("Flurstück", "12/345"),),
        vorgaenge=(
            Vorgang(
                an_id("vorgang"),
                "Genehmigungsverfahren",
                "63-01234-1998/1",
                "Genehmigungsverfahren",
                laufzeit,
                tuple(a_dokument(number) for number in range(1, dokumente + 1)),
            ),
        ),
        historie=(HistorienEintrag(NOW, "Aktenarchiv", "Übernahme"),),
    )


def a_message(code: str, version: str = "3.0.0") -> Message:
    """A good message of every type."""
    profile = a_profile(version)
    if code == "0501":
        akte = an_akte(art=Aussonderungsart.BEWERTEN)
        return anbieteverzeichnis([akte], profile, prozess_id=PROZESS, erstellt=NOW)
    if code == "0503":
        return aussonderung(an_akte(), profile, prozess_id=PROZESS, erstellt=NOW)
    kopf = replace(kopf_of(profile, code, PROZESS, NOW), ursprung=an_id("Ursprungsnachricht"))
    match code:
        case "0502":
            bewertungen = (
                Bewertung(an_id("akte"), Aussonderungsart.ARCHIVWUERDIG),
                Bewertung(an_id("vorgang"), Aussonderungsart.VERNICHTEN),
            )
            return Bewertungsverzeichnis0502(replace(kopf, empfangsbestaetigung=True), bewertungen)
        case "0504":
            return AnbietungEmpfang0504(kopf)
        case "0505":
            return BewertungEmpfang0505(kopf)
        case "0506":
            codes = (Fehlercode("0000499", "urn:xoev-de:xdomea:codeliste:allgemeinerueckmeldung", "1.1"),)
            ergebnisse = (
                Importergebnis(an_id("akte"), erfolgreich=True, archivkennung="NE 2026/17"),
                Importergebnis(an_id("vorgang"), erfolgreich=False, fehlermeldungen=("kaputt",), fehlercodes=codes),
            )
            return AussonderungImport0506(kopf, ergebnisse)
        case _:
            return AussonderungEmpfang0507(kopf)


def an_xml(code: str = "0503", version: str = "3.0.0") -> bytes:
    return write_message(a_message(code, version), a_profile(version))


def files_of(akte: Akte | None = None) -> dict[str, bytes]:
    """The files that the good 0503 names, with their content."""
    return {
        datei.dateiname: PDF if datei.suffix == "pdf" else TIFF
        for dokument in (akte or an_akte()).dokumente
        for datei in dokument.dateien
    }


# --- breaking one thing -----------------------------------------------------------------------------------------------

Break = Callable[[bytes], bytes]


def swap(old: str, new: str, count: int = 1) -> Break:
    """Replaces a text of the message, which must be there."""

    def broken(xml: bytes) -> bytes:
        assert old.encode() in xml, f"builder out of date: {old!r} is not in the message"
        return xml.replace(old.encode(), new.encode(), count)

    return broken


def edit(change: Callable[[etree._Element, Callable[[str], etree._Element]], None]) -> Break:
    """Changes the tree; the second argument finds the first element of a local name."""

    def broken(xml: bytes) -> bytes:
        root = etree.fromstring(xml)

        def first(name: str) -> etree._Element:
            found = next((e for e in root.iter() if etree.QName(e).localname == name), None)
            assert found is not None, f"builder out of date: no {name}"
            return found

        change(root, first)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8").replace(
            b"<?xml version='1.0' encoding='UTF-8'?>", b'<?xml version="1.0" encoding="UTF-8"?>'
        )

    return broken


def drop(name: str, *, every: bool = False) -> Break:
    """Takes the first (or every) element of a local name away."""

    def change(root: etree._Element, first: Callable[[str], etree._Element]) -> None:
        victims = [e for e in root.iter() if etree.QName(e).localname == name] if every else [first(name)]
        for victim in victims:
            parent = victim.getparent()
            assert parent is not None
            parent.remove(victim)

    return edit(change)


def put(name: str, xml: str, version: str = "3.0.0", *, where: int | None = None) -> Break:
    """Puts an element (prefix xdomea) into the first element of a local name, at its end or at a place."""

    def change(root: etree._Element, first: Callable[[str], etree._Element]) -> None:
        wrapped = etree.fromstring(f'<w xmlns:xdomea="{namespace(version)}">{xml}</w>')
        parent = first(name)
        for place, child in enumerate(list(wrapped)):
            parent.insert(len(parent) if where is None else where + place, child)

    return edit(change)


# --- packages ---------------------------------------------------------------------------------------------------------


def a_zip(
    folder: Path,
    xml: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
    *,
    version: str = "3.0.0",
    code: str = "0503",
    name: str | None = None,
    inside: str | None = None,
) -> Path:
    """A good package by default; every argument replaces one part of it."""
    stem = stem_of(a_message(code, version), version)
    path = folder / (name or f"{stem}.zip")
    held = (files_of() if code == "0503" else {}) if files is None else files
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(inside or f"{stem}.xml", an_xml(code, version) if xml is None else xml)
        for entry, content in held.items():
            package.writestr(entry, content)
    return path
