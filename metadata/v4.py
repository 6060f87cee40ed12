"""XDOMEA 4.0.0: the tables of messages 0501 to 0507, written and read; header, order and many names differ from 3.x.

Children of identifikation.nachricht are in no namespace, everything else is; a Dokument ends with its versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from metadata.binding import (
    PREFIX,
    Choice,
    Fixed,
    Group,
    Inline,
    Many,
    One,
    Option,
    Part,
    Repeated,
    Shape,
    Values,
    Writing,
    escape,
    quote,
)
from metadata.codelists import HASH_LISTE, listed
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
    Metadaten,
    Version,
    VorgangSGO,
)
from metadata.profile import Kontakt
from metadata.tree import by_name, content
from metadata.v3 import HISTORIE, LAUFZEIT, NUMMER, SIGNATUR, aussonderungsart, erweiterungen
from metadata.values import Fehlercodes, code, coded, day, flag, moment, number, prefilled, text, uuid

_VERZEICHNISDIENST = listed("urn:xoev-de:kosit:codeliste:verzeichnisdienst", "3")


@dataclass(frozen=True, slots=True)
class Behoerdenkennung:
    """Key of an office in one word, `<praefix>:<key>`, beside the directory that knows it (DVDV)."""

    def write(self, value: Kontakt, to: Writing, indent: str) -> None:
        """Appends the key when there is one."""
        kennung = _kennung(value)
        if kennung:
            to.out.append(f"{indent}<{PREFIX}:Behoerdenkennung>")
            directory = (
                f"<{PREFIX}:verzeichnisdienst{_VERZEICHNISDIENST}><code>DVDV</code></{PREFIX}:verzeichnisdienst>"
            )
            to.out.append(f"{indent} {directory}")
            to.out.append(f"{indent} <{PREFIX}:kennung>{escape(kennung)}</{PREFIX}:kennung>")
            to.out.append(f"{indent}</{PREFIX}:Behoerdenkennung>")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads prefix and key."""
        del parent
        for holder in children.get("Behoerdenkennung", ())[:1]:
            for kennung in by_name(holder).get("kennung", ())[:1]:
                into.update(_parts(content(kennung).strip()))

    def carry(self, value: Kontakt, into: Values) -> None:
        """Keeps prefix and key as they come back: the first colon parts them."""
        into.update(_parts(_kennung(value)))


def _kennung(kontakt: Kontakt) -> str:
    key = kontakt.behoerdenschluessel
    return f"{kontakt.praefix}:{key}" if kontakt.praefix else key


def _parts(kennung: str) -> Values:
    prefix, colon, key = kennung.partition(":")
    return {"praefix": prefix, "behoerdenschluessel": key} if colon else {"behoerdenschluessel": kennung}


@dataclass(frozen=True, slots=True)
class RootAttributes:
    """Product and maker, which 4.0.0 has as attributes of the root; the door writes them into the start tag."""

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends nothing."""

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the attributes."""
        del children
        into["produkt"] = parent.get("produkt") or ""
        into["hersteller"] = parent.get("produkthersteller") or ""
        into["produktversion"] = parent.get("produktversion") or ""

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the three fields; the first two may not be empty here."""
        into.update(produkt=value.produkt, hersteller=value.hersteller, produktversion=value.produktversion)


def root_attributes(kopf: Kopf) -> str:
    """The attributes that 4.0.0 wants at the root."""
    version = f' produktversion="{quote(kopf.produktversion)}"' if kopf.produktversion else ""
    product = f' produkt="{quote(kopf.produkt)}" produkthersteller="{quote(kopf.hersteller)}"'
    return f'{product}{version} standard="xdomea" version="4.0.0"'


@dataclass(frozen=True, slots=True)
class Hash:
    """Hash of a primary file, SHA-256 as in the state archive's example; others are judged but not read."""

    def write(self, value: DateiSGO, to: Writing, indent: str) -> None:
        """Appends the hash when there is one."""
        if value.sha256:
            to.out.append(f"{indent}<{PREFIX}:Hash>")
            to.out.append(f"{indent} <{PREFIX}:Wert>{value.sha256}</{PREFIX}:Wert>")
            attributes = listed(HASH_LISTE, "1.0.0")
            algorithm = f"<{PREFIX}:Algorithmus{attributes}><code>SHA-256</code></{PREFIX}:Algorithmus>"
            to.out.append(f"{indent} {algorithm}")
            to.out.append(f"{indent}</{PREFIX}:Hash>")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads a hash that says it is SHA-256."""
        del parent
        for holder in children.get("Hash", ())[:1]:
            inside = by_name(holder)
            called = "".join(
                content(name) for name in (*inside.get("Algorithmus", ()), *inside.get("SonstigerAlgorithmus", ()))
            )
            if called.strip().upper().replace("-", "") == "SHA256" and "Wert" in inside:
                into["sha256"] = content(inside["Wert"][0]).strip().lower()

    def carry(self, value: DateiSGO, into: Values) -> None:
        """Keeps the hash."""
        into["sha256"] = value.sha256


KONTAKT = Shape(
    Kontakt,
    (
        Behoerdenkennung(),
        Group("NameInstitution", (text("Name", "institution"), text("Kurzbezeichnung", "kurzbezeichnung"))),
        Group("NameOrganisationseinheit", (text("Name", "organisationseinheit"),)),
    ),
)

METADATEN = Shape(
    Metadaten,
    (
        text("Betreff", "betreff"),
        text("Kennzeichen", "kennzeichen"),
        text("Federfuehrung", "federfuehrung"),
        text("Aktenfuehrung", "aktenfuehrung"),
        Group("Geheimhaltung", (code("Geheimhaltungsgrad", "vertraulichkeitsstufe", "vertraulichkeitsstufe", "1.0"),)),
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
        text("Datenschutzstufe", "datenschutzstufe"),
    ),
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
        text("BewertungsvorschlagBegruendung", "begruendung"),
        day("Aufbewahrungsende", "aufbewahrungsende"),
        day("Transferfristende", "transferfristende"),
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
                moment("ZeitpunktLetzteAenderung", "geaendert"),
                Hash(),
            ),
            required=True,
        ),
    ),
)
VERSION = Shape(Version, (text("Nummer", "nummer", required=True), Many("dateien", (Option("Format", lambda: DATEI),))))

IDENTIFIKATION = Group("Identifikation", (uuid("xdomeaUUID"), NUMMER), required=True)
KONTEXT = flag("Kontextobjekt", "kontext", required=True)
ALLGEMEIN = One("AllgemeineMetadaten", "metadaten", METADATEN)
ARCHIV = One("Aussonderungsmetadaten", "aussonderung", AUSSONDERUNG)


def _mit_schriftstuecken(item: object) -> bool:
    return isinstance(item, DokumentSGO) and bool(item.schriftstuecke)


def _ohne_schriftstuecke(item: object) -> bool:
    return isinstance(item, DokumentSGO) and not item.schriftstuecke


EINS_VON_BEIDEN = (
    Option("Dokument", lambda: DOKUMENT, _ohne_schriftstuecke),
    Option("DokumentMitSchriftstueck", lambda: MIT_SCHRIFTSTUECK, _mit_schriftstuecken),
)
_DOKUMENT_BASIS: tuple[Part, ...] = (
    IDENTIFIKATION,
    ALLGEMEIN,
    day("Posteingangsdatum", "posteingang"),
    day("Postausgangsdatum", "postausgang"),
    day("DatumDesSchreibens", "datum"),
    text("Bearbeiter", "bearbeiter"),
    text("Typ", "typ"),
    HISTORIE,
    Many("anlagen", (Option("Anlage", lambda: ANLAGE),)),
    erweiterungen(),
)
DOKUMENT: Shape = Shape(DokumentSGO, (*_DOKUMENT_BASIS, Many("versionen", (Option("Version", lambda: VERSION),))))
MIT_SCHRIFTSTUECK: Shape = Shape(
    DokumentSGO,
    (*_DOKUMENT_BASIS, Many("schriftstuecke", (Option("Schriftstueck", lambda: DOKUMENT, _ohne_schriftstuecke),))),
)
ANLAGE: Shape = Shape(AnlageSGO, (Choice("dokument", EINS_VON_BEIDEN), text("Nummer", "nummer")))
DOKUMENTE = Many("dokumente", EINS_VON_BEIDEN, wrapper="DokumentOderDokumentMitSchriftstueck")

VORGANG: Shape = Shape(
    VorgangSGO,
    (
        IDENTIFIKATION,
        KONTEXT,
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
        erweiterungen(),
    ),
)

AKTE: Shape = Shape(
    AkteSGO,
    (
        IDENTIFIKATION,
        KONTEXT,
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
        erweiterungen(),
    ),
)


def kopf(message: str, *flags: Part) -> Inline:
    """The header: attributes of the root, nachrichtenkopf, the flags of this type, numbering."""
    ident: tuple[Part, ...] = (
        uuid("nachrichtenUUID", "nachricht", qualified=False),
        Fixed("nachrichtentyp", message, listed("nachrichtentyp", "3.0"), qualified=False, wrap="code"),
        moment("erstellungszeitpunkt", "erstellt", required=True, qualified=False),
    )
    parts: tuple[Part, ...] = (
        Group("identifikation.nachricht", ident, required=True),
        One("leser", "empfaenger", KONTAKT, required=True),
        One("autor", "absender", KONTAKT, required=True),
        uuid("ProzessID", "prozess_id"),
        text("InstanzID", "instanz"),
        text("Hinweis", "hinweis"),
    )
    numbers = (
        number("LfdNrNachrichtProTyp", "lfd_nr", required=True),
        number("GesamtanzahlNachrichtenProTyp", "gesamt", required=True),
    )
    shape = Shape(Kopf, (RootAttributes(), Group("nachrichtenkopf", parts, required=True), *flags, *numbers))
    return Inline("kopf", shape)


EMPFANG = flag("Empfangsbestaetigung", "empfangsbestaetigung", required=True)
URSPRUNG = uuid("UUIDUrsprungsnachricht", "ursprung")
OBJEKTE = Many(
    "objekte",
    (
        Option("Akte", lambda: AKTE, lambda item: isinstance(item, AkteSGO)),
        Option("Vorgang", lambda: VORGANG, lambda item: isinstance(item, VorgangSGO)),
    ),
    wrapper="Schriftgutobjekt",
)
BEWERTUNG = Shape(Bewertung, (uuid("xdomeaUUID"), aussonderungsart("art", "art_frei")))
_ERFOLG: tuple[Part, ...] = (
    flag("Erfolgreich", "erfolgreich", required=True),
    Repeated(text("Fehlermeldung", "fehlermeldungen")),
    Fehlercodes("FehlermeldungCode", "fehlercodes"),
)
ERFOLG = Group("ErfolgOderMisserfolg", _ERFOLG, required=True)
ERGEBNIS = Shape(Importergebnis, (uuid("xdomeaUUID"), ERFOLG, text("Archivkennung", "archivkennung")))

MESSAGES: dict[str, Shape] = {
    "0501": Shape(Anbieteverzeichnis0501, (kopf("0501", EMPFANG), OBJEKTE)),
    "0502": Shape(
        Bewertungsverzeichnis0502,
        (kopf("0502", EMPFANG, URSPRUNG), Many("bewertungen", (Option("BewertetesSGO", lambda: BEWERTUNG),))),
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
    "0504": Shape(AnbietungEmpfang0504, (kopf("0504", URSPRUNG),)),
    "0505": Shape(BewertungEmpfang0505, (kopf("0505", URSPRUNG),)),
    "0506": Shape(
        AussonderungImport0506,
        (kopf("0506", URSPRUNG), ERFOLG, Many("ergebnisse", (Option("AusgesondertesSGO", lambda: ERGEBNIS),))),
    ),
    "0507": Shape(AussonderungEmpfang0507, (kopf("0507", URSPRUNG),)),
}
