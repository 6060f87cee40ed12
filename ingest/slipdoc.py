"""The content of a Laufzettel as frozen values; German nouns stand as on the paper slip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from akten.model import Aktenart, Laufzeit

UNKNOWN = Laufzeit()


@dataclass(frozen=True, slots=True)
class SlipDokument:
    """One document of the slip: either whole files by name, or page ranges over all pages of the delivery.

    `seiten` are pairs (first, last), counted from 1. `digital` marks what never was paper: it has no sheets.
    `ersetzt` names the Dokument of the archived Akte whose place it takes, by its Betreff or its UUID.
    """

    betreff: str
    typ: str = ""
    datum: date | None = None
    posteingang: date | None = None
    dateien: tuple[str, ...] = ()
    seiten: tuple[tuple[int, int], ...] = ()
    digital: bool = False
    ersetzt: str = ""


@dataclass(frozen=True, slots=True)
class SlipVorgang:
    """One procedure of the slip."""

    betreff: str
    zeichen: str = ""
    typ: str = ""
    laufzeit: Laufzeit = UNKNOWN
    dokumente: tuple[SlipDokument, ...] = ()


@dataclass(frozen=True, slots=True)
class Geraet:
    """The scanner and its software (Transfervermerk: technical environment)."""

    hersteller: str = ""
    modell: str = ""
    seriennummer: str = ""
    software: str = ""


@dataclass(frozen=True, slots=True)
class Qualitaetspruefung:
    """Result of the visual check at the scan desk; `pruefer` is a Kennung."""

    pruefer: str
    umfang: str
    ergebnis: str
    zeitpunkt: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ereignis:
    """An event that starts or moves a retention period, by its name in the Fristenkatalog."""

    ereignis: str
    datum: date


@dataclass(frozen=True, slots=True)
class Slip:
    """The Laufzettel of one delivery. `aktenzeichen` is the spelling on the slip; it is judged later.

    `blattzahl` counts sheets of paper, `seitenzahl` pages (sides); `duplex` and `leerseiten_entfernt` are None where
    the slip is silent and the profile decides. `datei` is the slip's own name inside the delivery.
    """

    aktenart: Aktenart
    aktenzeichen: str
    betreff: str
    operator: str
    datei: str = "laufzettel.json"
    record_class: str | None = None
    band: int = 1
    federfuehrung: str = ""
    aktenplaneinheit: str = ""
    laufzeit: Laufzeit = UNKNOWN
    zda_datum: date | None = None
    felder: tuple[tuple[str, str], ...] = ()
    vorgaenge: tuple[SlipVorgang, ...] = ()
    blattzahl: int | None = None
    seitenzahl: int | None = None
    duplex: bool | None = None
    leerseiten_entfernt: bool | None = None
    digital: bool = False
    geraet: Geraet = Geraet()
    profil: str | None = None
    station: str = ""
    gescannt_am: datetime | None = None
    qualitaetspruefung: Qualitaetspruefung | None = None
    verfahrensdokumentation: str = ""
    auffaelligkeiten: str = ""
    ereignisse: tuple[Ereignis, ...] = ()
    merkmale: tuple[tuple[str, bool], ...] = ()
    nicht_archivieren: tuple[str, ...] = ()
