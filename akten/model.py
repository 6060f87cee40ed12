"""Akte, Vorgang and Dokument: frozen values that refuse bad content when they are made.

Names that stand in XDOMEA or in the law keep their German noun (XDOMEA 3.0.0, SchriftgutobjektType).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from akten.aktenzeichen import Aktenzeichen
from akten.files import Digests


class Aktenart(StrEnum):
    """The seven families of files of the city (XDOMEA `Typ`)."""

    BAUAKTE = "Bauakte"
    STEUERAKTE = "Steuerakte"
    PERSONALAKTE = "Personalakte"
    EINWOHNERMELDEAKTE = "Einwohnermeldeakte"
    AUSLAENDERAKTE = "Ausländerakte"
    GEWERBEAKTE = "Gewerbeakte"
    FRIEDHOFSAKTE = "Friedhofsakte"


class Aussonderungsart(StrEnum):
    """XDOMEA code list aussonderungsart 1.0."""

    ARCHIVWUERDIG = "A"
    BEWERTEN = "B"
    VERNICHTEN = "V"


# controls but tab and line feed, halves of surrogate pairs, two non-characters: forbidden by XML 1.0 or DIN 91379
_NEVER_CARRIED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str) -> str:
    """NFC, without characters that XML 1.0 forbids, outer blanks removed; titles from OCR carry such characters."""
    return unicodedata.normalize("NFC", _NEVER_CARRIED.sub("", text)).strip()


# What of letters and marks Unicode itself calls ignorable (DerivedCoreProperties), and the blank of Braille
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def shows_nothing(text: str) -> bool:
    """True for a text that no reader sees anything of: empty, or of blanks, controls and other invisible signs."""
    return all(c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Cs") or _UNSEEN.match(c) for c in text)


@dataclass(frozen=True, slots=True)
class Laufzeit:
    """First and last day that the papers cover; either may be unknown, never invented."""

    beginn: date | None = None
    ende: date | None = None

    def __post_init__(self) -> None:
        if self.beginn and self.ende and self.ende < self.beginn:
            raise ValueError("Laufzeit: Ende liegt vor Beginn")


@dataclass(frozen=True, slots=True)
class HistorienEintrag:
    """One line of HistorienProtokollInformation: who did what and when. `akteur` is a role or number, not a name."""

    zeitpunkt: datetime
    akteur: str
    aktion: str
    bemerkung: str = ""

    def __post_init__(self) -> None:
        if self.zeitpunkt.tzinfo is None:
            raise ValueError("HistorienEintrag wants an instant with a time zone")


@dataclass(frozen=True, slots=True)
class Datei:
    """One file of a Dokument as it lies in the package: `<uuid>.<suffix>`, its own UUID, never the Dokument's.

    `format_code` is a code of the XDOMEA list dateiformat (044 PDF/A, 018 PDF, 023 TIFF, 011 JPG, 100 other);
    `signiert` says that a digital signature or seal lies in the file itself.
    """

    uuid: UUID
    suffix: str
    mime: str
    digests: Digests
    format_code: str
    format_version: str = ""
    format_name: str = ""
    name_original: str = ""
    erstellt: datetime | None = None
    signiert: bool = False

    @property
    def dateiname(self) -> str:
        """Name in package and message: lower-case UUID and suffix, nothing of the office's own name."""
        return f"{self.uuid}.{self.suffix}"


@dataclass(frozen=True, slots=True)
class Anlage:
    """A file that came embedded in a file of its Dokument: `aus` is the UUID of the one it was taken out of."""

    datei: Datei
    betreff: str
    aus: UUID


@dataclass(frozen=True, slots=True, order=True)
class Ersetztes:
    """A Dokument whose place another one took: its UUID and the newest version of the Akte that holds it."""

    dokument: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Dokument:
    """One document: a letter, a notice, a plan; its files, PDF/A first, and what was embedded in them.

    `ersetzt` are the Dokumente of earlier versions that it stands for since: scanned anew, under a UUID of its own.
    """

    uuid: UUID
    betreff: str
    typ: str = ""
    datum: date | None = None
    posteingang: date | None = None
    seiten: int = 0
    dateien: tuple[Datei, ...] = ()
    historie: tuple[HistorienEintrag, ...] = ()
    anlagen: tuple[Anlage, ...] = ()
    ersetzt: tuple[Ersetztes, ...] = ()

    def __post_init__(self) -> None:
        if not self.betreff.strip():
            raise ValueError("Dokument ohne Betreff")


@dataclass(frozen=True, slots=True)
class Vorgang:
    """One procedure inside an Akte with its documents, in order."""

    uuid: UUID
    betreff: str
    zeichen: str = ""
    typ: str = ""
    laufzeit: Laufzeit = Laufzeit()
    dokumente: tuple[Dokument, ...] = ()

    def __post_init__(self) -> None:
        if not self.betreff.strip():
            raise ValueError("Vorgang ohne Betreff")


@dataclass(frozen=True, slots=True)
class Aufbewahrung:
    """What the retention craft computed for the Akte: years (None means unbefristet), last day, and the class."""

    record_class: str
    jahre: int | None
    ende: date | None
    aussonderungsart: Aussonderungsart = Aussonderungsart.BEWERTEN
    rechtsgrundlage: str = ""


@dataclass(frozen=True, slots=True)
class Akte:
    """One file with its Vorgänge; `felder` are extra fields of its family (Flurstück, Steuernummer …) as given."""

    uuid: UUID
    aktenart: Aktenart
    aktenzeichen: Aktenzeichen
    betreff: str
    aktenplaneinheit: str = ""
    federfuehrung: str = ""
    band: int = 1
    laufzeit: Laufzeit = Laufzeit()
    zda_datum: date | None = None
    aufbewahrung: Aufbewahrung | None = None
    felder: tuple[tuple[str, str], ...] = ()
    vorgaenge: tuple[Vorgang, ...] = ()
    historie: tuple[HistorienEintrag, ...] = ()

    def __post_init__(self) -> None:
        if not self.betreff.strip():
            raise ValueError("Akte ohne Betreff")

    @property
    def dokumente(self) -> tuple[Dokument, ...]:
        """All documents of all Vorgänge, in order."""
        return tuple(dokument for vorgang in self.vorgaenge for dokument in vorgang.dokumente)
