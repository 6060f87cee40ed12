"""XDOMEA 3.0.0 and 3.1.0 (they differ by namespace): the tables of messages 0501 to 0507, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from akten.model import Laufzeit
from metadata.binding import (
    Fixed,
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
from metadata.codelists import listed
from metadata.messages import (
    Anbieteverzeichnis0501,
    AnbietungEmpfang0504,
    Aussonderung0503,
    AussonderungEmpfang0507,
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
    Erweiterung,
    Feld,
    Metadaten,
    Protokolleintrag,
    Version,
    VorgangSGO,
)
from metadata.profile import Kontakt
from metadata.values import Fehlercodes, code, coded, day, flag, moment, number, prefilled, text, uuid

KONTAKT = Shape(
    Kontakt,
    (
        Group(
            "Behoerdenkennung",
            (
                Leaf("Behoerdenschluessel", "behoerdenschluessel", str, str.strip, wrap="code"),
                Leaf("Praefix", "praefix", str, str.strip, wrap="code"),
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
        text("Aktenfuehrung", "aktenfuehrung"),
        code("Vertraulichkeitsstufe", "vertraulichkeitsstufe", "vertraulichkeitsstufe", "1.0"),
        text("Bemerkung", "bemerkung"),
        code("Medium", "medium", "medium", "1.0"),
        Group(
            "Aktenplaneinheit",
            (
                text("Kennzeichen", "plan_kennzeichen"),
                text("Inhaltsangabe", "plan_inhalt"),
                text("BetreffKurz", "plan_betreff"),
            ),
        ),
    ),
)


def aussonderungsart(art: str, frei: str) -> Group:
    """The wrapper with an element of the same name inside, or with a free value."""
    return Group(
        "Aussonderungsart",
        (coded("Aussonderungsart", art, "aussonderungsart", "1.0"), text("AussonderungsartKonfigurierbar", frei)),
    )


AUSSONDERUNG = Shape(
    Aussonderung,
    (
        Group(
            "Aufbewahrungsdauer", (number("AnzahlJahre", "jahre"), prefilled("Unbefristet", "unbefristet", value=True))
        ),
        aussonderungsart("aussonderungsart", "aussonderungsart_frei"),
        text("Kennung", "kennung"),
        coded("Bewertungsvorschlag", "bewertungsvorschlag", "bewertungsvorschlag", "1.0"),
        day("Aufbewahrungsende", "aufbewahrungsende"),
    ),
)

LAUFZEIT = One("Laufzeit", "laufzeit", Shape(Laufzeit, (day("Beginn", "beginn"), day("Ende", "ende"))))

PROTOKOLLEINTRAG = Shape(
    Protokolleintrag,
    (
        text("MetadatumName", "metadatum"),
        text("MetadatumAlterWert", "alter_wert"),
        text("MetadatumNeuerWert", "neuer_wert"),
        text("Akteur", "akteur", required=True),
        moment("DatumUhrzeit", "zeitpunkt", required=True),
        text("Bemerkung", "bemerkung"),
        text("Aktion", "aktion", required=True),
    ),
)
HISTORIE = Many("historie", (Option("HistorienProtokollInformation", lambda: PROTOKOLLEINTRAG),))

FELD = Shape(Feld, (text("Name", "name", required=True), text("Beschreibung", "beschreibung"), text("Wert", "wert")))
ERWEITERUNG = Shape(
    Erweiterung,
    (
        text("Kennung", "kennung", required=True),
        text("Name", "name", required=True),
        Many("felder", (Option("Feld", lambda: FELD),)),
    ),
)


def erweiterungen(at_most: int | None = None) -> Many:
    """AnwendungsspezifischeErweiterung, as often as the place allows."""
    return Many("erweiterungen", (Option("AnwendungsspezifischeErweiterung", lambda: ERWEITERUNG),), at_most=at_most)


SIGNATUR = Group(
    "SignaturSiegel",
    (
        prefilled("SignaturSiegelEingebettet", "signatur_eingebettet", value=True),
        Repeated(text("SignaturSiegelDatei", "signatur_dateien")),
    ),
)
DATEI = Shape(
    DateiSGO,
    (
        code("Name", "format_code", "dateiformat", required=True),
        text("SonstigerName", "format_name"),
        text("Version", "format_version", required=True),
        Group(
            "Primaerdokument",
            (
                text("Dateiname", "dateiname", required=True),
                text("DateinameOriginal", "name_original"),
                text("Ersteller", "ersteller"),
                moment("DatumUhrzeit", "erstellt"),
                SIGNATUR,
            ),
            required=True,
        ),
    ),
)
VERSION = Shape(
    Version,
    (text("Nummer", "nummer", required=True), Many("dateien", (Option("Format", lambda: DATEI),))),
)

NUMMER = number("NummerImUebergeordnetenContainer", "nummer")
IDENTIFIKATION = Group("Identifikation", (uuid("ID"), NUMMER), required=True)
ALLGEMEIN = One("AllgemeineMetadaten", "metadaten", METADATEN)
ARCHIV = One("ArchivspezifischeMetadaten", "aussonderung", AUSSONDERUNG)

DOKUMENT = Shape(
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


def ohne_schriftstuecke(item: object) -> bool:
    """True for a Dokument that has its files itself; 3.x knows no others."""
    return isinstance(item, DokumentSGO) and not item.schriftstuecke


DOKUMENTE = Many("dokumente", (Option("Dokument", lambda: DOKUMENT, ohne_schriftstuecke),))

VORGANG: Shape = Shape(
    VorgangSGO,
    (
        IDENTIFIKATION,
        ALLGEMEIN,
        ARCHIV,
        text("Aktenbetreff", "aktenbetreff"),
        text("Typ", "typ"),
        flag("ZdA", "zda", keep_false=True),
        day("ZdADatum", "zda_datum"),
        LAUFZEIT,
        HISTORIE,
        DOKUMENTE,
        Many("teilvorgaenge", (Option("Teilvorgang", lambda: VORGANG),)),
        erweiterungen(at_most=1),
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
        Group(
            "Akteninhalt",
            (
                DOKUMENTE,
                Many("vorgaenge", (Option("Vorgang", lambda: VORGANG),)),
                Many("teilakten", (Option("Teilakte", lambda: AKTE),)),
            ),
        ),
        flag("ZdA", "zda", keep_false=True),
        day("ZdADatum", "zda_datum"),
        erweiterungen(at_most=1),
    ),
)


def kopf(message: str, *flags: Part) -> Inline:
    """The header of one message type; the flags that only some have stand at its end."""
    parts: tuple[Part, ...] = (
        uuid("ProzessID", "prozess_id"),
        Fixed("Nachrichtentyp", message, listed("nachrichtentyp", "2.0"), wrap="code"),
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


EMPFANG = flag("Empfangsbestaetigung", "empfangsbestaetigung", required=True)
OBJEKTE = Many(
    "objekte",
    (
        Option("Akte", lambda: AKTE, lambda item: isinstance(item, AkteSGO)),
        Option("Vorgang", lambda: VORGANG, lambda item: isinstance(item, VorgangSGO)),
        Option("Dokument", lambda: DOKUMENT, ohne_schriftstuecke),
    ),
    wrapper="Schriftgutobjekt",
)
BEWERTUNG = Shape(Bewertung, (uuid("ID"), aussonderungsart("art", "art_frei")))
ERFOLG = (
    flag("Erfolgreich", "erfolgreich", required=True),
    Repeated(text("Fehlermeldung", "fehlermeldungen")),
    Fehlercodes("FehlermeldungCode", "fehlercodes"),
)


@dataclass(frozen=True, slots=True)
class GanzesAusObjekten:
    """In 3.x the result of the whole is that of all objects; a message that says otherwise is not written."""

    def write(self, value: AussonderungImport0506, to: Writing, indent: str) -> None:
        """Appends nothing. Raises Uncarriable."""
        del to, indent
        if not value.ergebnisse or value.erfolgreich is not value.all_objects:
            raise Uncarriable("Das Ergebnis des Ganzen folgt nicht aus den Ergebnissen der Objekte.")
        if value.fehlermeldungen or value.fehlercodes:
            raise Uncarriable("Gründe für das Ganze haben keinen Platz.")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads nothing."""

    def carry(self, value: Any, into: Values) -> None:
        """Keeps nothing."""


ERGEBNIS = Shape(Importergebnis, (uuid("IDSGO"), *ERFOLG, text("Archivkennung", "archivkennung")))

MESSAGES: dict[str, Shape] = {
    "0501": Shape(Anbieteverzeichnis0501, (kopf("0501", EMPFANG), OBJEKTE)),
    "0502": Shape(
        Bewertungsverzeichnis0502,
        (kopf("0502", EMPFANG), Many("bewertungen", (Option("BewertetesObjekt", lambda: BEWERTUNG),))),
    ),
    "0503": Shape(
        Aussonderung0503,
        (
            kopf(
                "0503",
                Fixed("Importbestaetigung", "1"),
                flag("RueckmeldungArchivkennung", "rueckmeldung_archivkennung", required=True),
                EMPFANG,
            ),
            OBJEKTE,
        ),
    ),
    "0504": Shape(AnbietungEmpfang0504, (kopf("0504"),)),
    "0505": Shape(BewertungEmpfang0505, (kopf("0505"),)),
    "0506": Shape(
        AussonderungImport0506,
        (kopf("0506"), GanzesAusObjekten(), Many("ergebnisse", (Option("AusgesondertesSGO", lambda: ERGEBNIS),))),
    ),
    "0507": Shape(AussonderungEmpfang0507, (kopf("0507"),)),
}
