"""Schriftgutobjekte as a message carries them: frozen values for all versions (xdomea Baukasten 2.3.0–4.0.0).

Texts are NFC without characters that XML forbids; instants are UTC with milliseconds. Not modelled, hence not read:
InternerGeschaeftsgang, Verweis, contacts of objects, Feldgruppe, AnwendungsspezifischeErweiterungXML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from akten.model import Aussonderungsart, Laufzeit, clean_text

KEINE = Laufzeit()
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def plain(text: str) -> str:
    """What a message can carry of a text; ASCII takes the fast way."""
    return text.strip() if text.isascii() and text.isprintable() else clean_text(text)


def instant(moment: datetime) -> datetime:
    """The instant in UTC with milliseconds; one without a zone (foreign messages only) keeps its wall time."""
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return cut if cut.tzinfo is None else cut.astimezone(UTC)


def normalise(value: object) -> None:
    """Brings the texts and instants of a frozen, slotted value into the form that a message carries."""
    for name in type(value).__slots__:  # type: ignore[attr-defined]
        content = getattr(value, name)
        kind = type(content)  # not isinstance: a StrEnum is a str, too, and stays what it is
        if kind is str:
            if (cleaned := plain(content)) != content:
                object.__setattr__(value, name, cleaned)
        elif kind is datetime:
            object.__setattr__(value, name, instant(content))
        elif kind is tuple and content and type(content[0]) is str:
            object.__setattr__(value, name, tuple(plain(text) for text in content))


@dataclass(frozen=True, slots=True)
class Protokolleintrag:
    """One HistorienProtokollInformation: scan, OCR, conversion, check; or a change of one metadatum."""

    zeitpunkt: datetime
    akteur: str
    aktion: str
    bemerkung: str = ""
    metadatum: str = ""
    alter_wert: str = ""
    neuer_wert: str = ""

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class Feld:
    """One extra field that XDOMEA has no element for."""

    name: str
    wert: str = ""
    beschreibung: str = ""

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class Erweiterung:
    """AnwendungsspezifischeErweiterung; 3.x carries one at an Akte or Vorgang, any number at a Dokument."""

    kennung: str
    name: str
    felder: tuple[Feld, ...] = ()

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class Metadaten:
    """AllgemeineMetadaten. `datenschutzstufe` is carried by 4.0.0 only, `aktenfuehrung` not by 2.x."""

    betreff: str = ""
    kennzeichen: str = ""
    federfuehrung: str = ""
    aktenfuehrung: str = ""
    vertraulichkeitsstufe: str = ""
    bemerkung: str = ""
    medium: str = ""
    plan_kennzeichen: str = ""
    plan_inhalt: str = ""
    plan_betreff: str = ""
    datenschutzstufe: str = ""

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class Aussonderung:
    """Retention and appraisal (3.x ArchivspezifischeMetadaten, 4.0.0 Aussonderungsmetadaten).

    `aussonderungsart_frei` is an agreed free value and excludes the coded one. `begruendung` (of the proposal) and
    `transferfristende` are carried by 4.0.0 only.
    """

    jahre: int | None = None
    unbefristet: bool = False
    aussonderungsart: Aussonderungsart | None = None
    aussonderungsart_frei: str = ""
    kennung: str = ""
    bewertungsvorschlag: Aussonderungsart | None = None
    begruendung: str = ""
    aufbewahrungsende: date | None = None
    transferfristende: date | None = None

    def __post_init__(self) -> None:
        normalise(self)
        if self.jahre is not None and (self.unbefristet or not 0 <= self.jahre <= 65535):
            raise ValueError("Aufbewahrungsdauer: Jahre von 0 bis 65535 oder unbefristet, nicht beides")
        if self.aussonderungsart is not None and self.aussonderungsart_frei:
            raise ValueError("Aussonderungsart: Code oder vereinbarter Wert, nicht beides")
        if self.bewertungsvorschlag is Aussonderungsart.BEWERTEN:
            raise ValueError("Bewertungsvorschlag ist A oder V")


@dataclass(frozen=True, slots=True)
class DateiSGO:
    """One Format with its Primaerdokument; `sha256` (lower-case hex) and `geaendert` are carried by 4.0.0 only."""

    dateiname: str
    format_code: str
    format_version: str = ""
    format_name: str = ""
    name_original: str = ""
    ersteller: str = ""
    erstellt: datetime | None = None
    signatur_eingebettet: bool = False
    signatur_dateien: tuple[str, ...] = ()
    geaendert: datetime | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        normalise(self)
        if self.sha256 and not _SHA256.match(self.sha256):
            raise ValueError("sha256 wants 64 lower-case hex digits")
        if self.signatur_eingebettet and self.signatur_dateien:
            raise ValueError("SignaturSiegel: eingebettet oder Dateien, nicht beides")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a Dokument; several files are the same content in several formats, PDF/A first."""

    nummer: str
    dateien: tuple[DateiSGO, ...]

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class DokumentSGO:
    """A Dokument; one with `schriftstuecke` is a DokumentMitSchriftstueck (4.0.0 only) and has no versions itself."""

    uuid: UUID
    nummer: int | None = None
    metadaten: Metadaten = Metadaten()
    posteingang: date | None = None
    postausgang: date | None = None
    datum: date | None = None
    bearbeiter: str = ""
    typ: str = ""
    historie: tuple[Protokolleintrag, ...] = ()
    versionen: tuple[Version, ...] = ()
    anlagen: tuple[AnlageSGO, ...] = ()
    erweiterungen: tuple[Erweiterung, ...] = ()
    schriftstuecke: tuple[DokumentSGO, ...] = ()

    def __post_init__(self) -> None:
        normalise(self)
        if self.schriftstuecke and self.versionen:
            raise ValueError("Ein Dokument mit Schriftstücken hat selbst keine Version")


@dataclass(frozen=True, slots=True)
class AnlageSGO:
    """An attachment: a Dokument of its own with an optional number below its Dokument."""

    dokument: DokumentSGO
    nummer: str = ""

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class VorgangSGO:
    """A Vorgang or Teilvorgang; `kontext` (only there to place others) is carried by 4.0.0 only."""

    uuid: UUID
    nummer: int | None = None
    kontext: bool = False
    metadaten: Metadaten = Metadaten()
    aussonderung: Aussonderung = Aussonderung()
    aktenbetreff: str = ""
    typ: str = ""
    zda: bool | None = None
    zda_datum: date | None = None
    laufzeit: Laufzeit = KEINE
    historie: tuple[Protokolleintrag, ...] = ()
    dokumente: tuple[DokumentSGO, ...] = ()
    teilvorgaenge: tuple[VorgangSGO, ...] = ()
    erweiterungen: tuple[Erweiterung, ...] = ()

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class AkteSGO:
    """An Akte or Teilakte; `kontext` is carried by 4.0.0 only."""

    uuid: UUID
    nummer: int | None = None
    kontext: bool = False
    metadaten: Metadaten = Metadaten()
    aussonderung: Aussonderung = Aussonderung()
    standort: str = ""
    typ: str = ""
    laufzeit: Laufzeit = KEINE
    historie: tuple[Protokolleintrag, ...] = ()
    dokumente: tuple[DokumentSGO, ...] = ()
    vorgaenge: tuple[VorgangSGO, ...] = ()
    teilakten: tuple[AkteSGO, ...] = ()
    zda: bool | None = None
    zda_datum: date | None = None
    erweiterungen: tuple[Erweiterung, ...] = ()

    def __post_init__(self) -> None:
        normalise(self)


Schriftgutobjekt = AkteSGO | VorgangSGO | DokumentSGO
