"""XDOMEA 2.3.0 and 2.4.0: the tables of messages 0501 to 0506, for reading only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from akten.model import clean_text
from metadata.binding import (
    Group,
    Inline,
    Leaf,
    Many,
    One,
    Option,
    Part,
    Repeated,
    Shape,
    Uncarriable,
    Values,
    Writing,
)
from metadata.messages import (
    Anbieteverzeichnis0501,
    AnbietungEmpfang0504,
    Aussonderung0503,
    AussonderungImport0506,
    Bewertung,
    BewertungEmpfang0505,
    Bewertungsverzeichnis0502,
    Importergebnis,
    Kopf,
)
from metadata.objects import (
    AkteSGO,
    AnlageSGO,
    Aussonderung,
    DateiSGO,
    DokumentSGO,
    Metadaten,
    Protokolleintrag,
    Version,
    VorgangSGO,
)
from metadata.profile import Kontakt
from metadata.tree import by_name
from metadata.v3 import LAUFZEIT, erweiterungen
from metadata.values import code, coded, day, flag, moment, parse_int, parse_year_end, prefilled, text, uuid


def _number_if_any(written: str) -> int | None:
    """The running number, a free text in 2.x; what is no number is not read."""
    stripped = written.strip()
    return int(stripped) if stripped.isascii() and stripped.isdecimal() and len(stripped) < 10 else None


def _years_if_any(written: str) -> int | None:
    """The years of retention; what senders write for "unlimited" (-1, 999999) is not defined and hence not read."""
    years = parse_int(written)
    return years if 0 <= years <= 65535 else None


KONTAKT = Shape(
    Kontakt,
    (
        Group(
            "Behoerdenkennung",
            (
                Leaf("Kennung", "behoerdenschluessel", str, clean_text, wrap="code"),
                Leaf("Praefix", "praefix", str, clean_text, wrap="code"),
            ),
        ),
        Group("Institution", (text("Name", "institution"), text("Kurzbezeichnung", "kurzbezeichnung"))),
        Group("Organisationseinheit", (text("Name", "organisationseinheit"),)),
    ),
)
METADATEN = Shape(
    Metadaten,
    (
        text("Betreff", "betreff"),
        text("Kennzeichen", "kennzeichen"),
        text("Federfuehrung", "federfuehrung"),
        code("Vertraulichkeitsstufe", "vertraulichkeitsstufe", "vertraulichkeitsstufe", "1.0"),
        text("Bemerkung", "bemerkung"),
        code("Medium", "medium", "medium", "1.0"),
        Group("Aktenplaneinheit", (text("Kennzeichen", "plan_kennzeichen"), text("Inhaltsangabe", "plan_inhalt"))),
    ),
)
AUSSONDERUNG = Shape(
    Aussonderung,
    (
        Leaf("Aufbewahrungsdauer", "jahre", str, _years_if_any),
        coded("Aussonderungsart", "aussonderungsart", "aussonderungsart", "1.0"),
        text("Kennung", "kennung"),
        coded("Bewertungsvorschlag", "bewertungsvorschlag", "bewertungsvorschlag", "1.0"),
        Leaf("Aufbewahrungsende", "aufbewahrungsende", str, parse_year_end),
    ),
)
PROTOKOLLEINTRAG = Shape(
    Protokolleintrag,
    (
        text("Metadatum", "metadatum"),
        text("AlterWert", "alter_wert"),
        text("NeuerWert", "neuer_wert"),
        text("Akteur", "akteur", required=True),
        moment("DatumUhrzeit", "zeitpunkt", required=True),
        text("Bemerkung", "bemerkung"),
        text("Aktion", "aktion", required=True),
    ),
)
DATEI = Shape(
    DateiSGO,
    (
        code("Name", "format_code", "dateiformat", "1.0", required=True),
        text("SonstigerName", "format_name"),
        text("Version", "format_version", required=True),
        Group(
            "Primaerdokument",
            (
                text("Dateiname", "dateiname", required=True),
                text("Ersteller", "ersteller"),
                moment("DatumUhrzeit", "erstellt"),
            ),
            required=True,
        ),
    ),
)
VERSION = Shape(Version, (text("Nummer", "nummer", required=True), Many("dateien", (Option("Format", lambda: DATEI),))))

NUMMER = Leaf("NummerImUebergeordnetenContainer", "nummer", str, _number_if_any)
IDENTIFIKATION = Group("Identifikation", (uuid("ID"), NUMMER), required=True)
ALLGEMEIN = One("AllgemeineMetadaten", "metadaten", METADATEN)
ARCHIV = One("ArchivspezifischeMetadaten", "aussonderung", AUSSONDERUNG)
HISTORIE = Many("historie", (Option("HistorienProtokollInformation", lambda: PROTOKOLLEINTRAG),))
DOKUMENTE = Many("dokumente", (Option("Dokument", lambda: DOKUMENT),))

DOKUMENT: Shape = Shape(
    DokumentSGO,
    (
        IDENTIFIKATION,
        ALLGEMEIN,
        day("Posteingangsdatum", "posteingang"),
        day("Postausgangsdatum", "postausgang"),
        day("DatumDesSchreibens", "datum"),
        text("Bearbeiter", "bearbeiter"),
        text("Typ", "typ"),
        HISTORIE,
        Many("versionen", (Option("Version", lambda: VERSION),)),
        Many("anlagen", (Option("Anlage", lambda: ANLAGE),)),
        erweiterungen(),
    ),
)
ANLAGE: Shape = Shape(AnlageSGO, (Inline("dokument", DOKUMENT), text("Nummer", "nummer")))
VORGANG: Shape = Shape(
    VorgangSGO,
    (
        IDENTIFIKATION,
        ALLGEMEIN,
        ARCHIV,
        text("Aktenbetreff", "aktenbetreff"),
        text("Typ", "typ"),
        flag("ZdA", "zda"),
        LAUFZEIT,
        HISTORIE,
        DOKUMENTE,
        erweiterungen(),
        Many("teilvorgaenge", (Option("Teilvorgang", lambda: VORGANG),)),
    ),
)
AKTE: Shape = Shape(
    AkteSGO,
    (
        IDENTIFIKATION,
        ALLGEMEIN,
        ARCHIV,
        text("Standort", "standort"),
        text("Typ", "typ"),
        LAUFZEIT,
        HISTORIE,
        Group("Akteninhalt", (DOKUMENTE, Many("vorgaenge", (Option("Vorgang", lambda: VORGANG),)))),
        Many("teilakten", (Option("Teilakte", lambda: AKTE),)),
        erweiterungen(),
    ),
)


def kopf(*flags: Part) -> Inline:
    """The header with the flags of one message type."""
    parts: tuple[Part, ...] = (
        uuid("ProzessID", "prozess_id"),
        moment("Erstellungszeitpunkt", "erstellt", required=True),
        One("Absender", "absender", KONTAKT, required=True),
        One("Empfaenger", "empfaenger", KONTAKT, required=True),
        Group(
            "SendendesSystem",
            (text("InstanzID", "instanz"), text("Produktname", "produkt"), text("Version", "produktversion")),
        ),
        text("Hinweis", "hinweis"),
        *flags,
    )
    return Inline("kopf", Shape(Kopf, (Group("Kopf", parts, required=True),)))


@dataclass(frozen=True, slots=True)
class Importmeldung:
    """Result of a 0506: one for the whole, and the archive's names of the objects that it holds for."""

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Raises Uncarriable: 2.x is not written."""
        del value, to, indent
        raise Uncarriable("2.x wird nicht geschrieben.")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the whole and gives every named object its result."""
        GANZES.read(children, parent, into)
        parameters = by_name(children["ErfolgOderMisserfolg"][0]).get("Rueckgabeparameter", ())
        into["ergebnisse"] = tuple(
            Importergebnis(**_named(parameter), erfolgreich=into["erfolgreich"]) for parameter in parameters
        )

    def carry(self, value: Any, into: Values) -> None:
        """Keeps nothing."""


def _named(parameter: etree._Element) -> Values:
    values: Values = {}
    inside = by_name(parameter)
    for part in (uuid("ID"), text("Archivkennung", "archivkennung")):
        part.read(inside, parameter, values)
    return values


GANZES = Group(
    "ErfolgOderMisserfolg",
    (
        prefilled("Erfolgreich", "erfolgreich", value=True, required=True),
        Repeated(text("Fehlermeldung", "fehlermeldungen")),
    ),
    required=True,
)
EMPFANG = prefilled("Empfangsbestaetigung", "empfangsbestaetigung", value=False)
OBJEKTE = Many(
    "objekte",
    (Option("Akte", lambda: AKTE), Option("Vorgang", lambda: VORGANG), Option("Dokument", lambda: DOKUMENT)),
    wrapper="Schriftgutobjekt",
)
BEWERTUNG = Shape(Bewertung, (uuid("ID"), coded("Aussonderungsart", "art", "aussonderungsart", "1.0")))

MESSAGES: dict[str, Shape] = {
    "0501": Shape(Anbieteverzeichnis0501, (kopf(EMPFANG), OBJEKTE)),
    "0502": Shape(
        Bewertungsverzeichnis0502,
        (kopf(EMPFANG), Many("bewertungen", (Option("BewertetesObjekt", lambda: BEWERTUNG),))),
    ),
    "0503": Shape(
        Aussonderung0503,
        (kopf(flag("RueckmeldungArchivkennung", "rueckmeldung_archivkennung")), OBJEKTE),
    ),
    "0504": Shape(AnbietungEmpfang0504, (kopf(),)),
    "0505": Shape(BewertungEmpfang0505, (kopf(),)),
    "0506": Shape(AussonderungImport0506, (kopf(), Importmeldung())),
}
