"""The Transfervermerk of a Dokument: the six fields of BSI TR-03138 RESISCAN (A.NB.4), bound to its scan products.

Written as canonical JSON (sorted keys, UTF-8, no blanks), so that the same note has the same bytes and digest. What the
scan desk did not say stays empty and becomes a finding; nothing is invented. People stand in it by number only; the
note says where the number is resolved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from akten.findings import Finding, Severity, Verdict
from akten.localtime import berlin_day

FORMAT = "aktenarchiv/transfervermerk"
FORMAT_VERSION = 1
ERKLAERUNG = "Das Scanprodukt stimmt mit der Papiervorlage bildlich und inhaltlich überein."
_SHA512 = re.compile(r"[0-9a-f]{128}\Z")

_TR = "BSI TR-03138 RESISCAN 1.5, "
RULES: dict[str, tuple[str, str]] = {
    "TV-02": ("Ersteller ist eine natürliche Person (auch als Pseudonym).", _TR + "A.NB.4"),
    "TV-03": ("Ein Pseudonym ist auflösbar: der Vermerk sagt, wo.", _TR + "A.NB.4"),
    "TV-04": ("Als Ersteller steht nicht nur die Organisation.", _TR + "A.NB.4"),
    "TV-05": ("Gerät, Software, Profil, Arbeitsplatz und Verfahrensdokumentation sind genannt.", _TR + "A.NB.4"),
    "TV-06": ("Auffälligkeiten sind genannt oder ausdrücklich verneint.", _TR + "A.NB.4"),
    "TV-07": ("Der Zeitpunkt der Erfassung ist genannt.", _TR + "A.NB.4"),
    "TV-08": ("Die Zeitpunkte von Metadaten, Qualitätsprüfung und Versiegelung sind genannt.", _TR + "A.NB.4"),
    "TV-09": ("Die Zeitpunkte folgen aufeinander.", _TR + "A.NB.4"),
    "TV-10": ("Das Ergebnis der Qualitätsprüfung ist genannt.", _TR + "A.NB.4, A.SC.8"),
    "TV-11": ("Das Ergebnis der Vollständigkeitsprüfung ist genannt.", _TR + "A.NB.3, A.NB.4"),
    "TV-12": ("Blätter, Seiten und Leerseiten gehen auf.", _TR + "A.NB.3"),
    "TV-13": ("Die Erklärung der Übereinstimmung steht im Vermerk.", _TR + "A.NB.4"),
    "TV-14": ("Der Vermerk ist an mindestens ein Scanprodukt gebunden.", _TR + "A.NB.4"),
    "TV-15": ("Kennung und Prüfsumme der Scanprodukte stimmen.", _TR + "A.NB.4"),
    "TV-16": ("Geprüft hat jemand anderes als der Bediener.", _TR + "A.SC.8"),
    "TV-17": ("Eine nicht bestandene Prüfung trägt keine Erklärung der Übereinstimmung.", _TR + "A.NB.4"),
}


@dataclass(frozen=True, slots=True, order=True)
class Scanprodukt:
    """One file that the note is bound to: its UUID and its SHA-512 (lower-case hex)."""

    uuid: UUID
    sha512: str

    def __post_init__(self) -> None:
        if not _SHA512.match(self.sha512):
            raise ValueError("Scanprodukt wants a lower-case SHA-512")


@dataclass(frozen=True, slots=True)
class Ersteller:
    """Who answers for the scan: a number of a person, and where the number can be resolved at once."""

    pseudonym: str = ""
    aufloesung: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Umgebung:
    """Technical and organisational environment; "" where it is unknown. `software` holds (name, version)."""

    geraet: str = ""
    profil: str = ""
    arbeitsplatz: str = ""
    verfahrensdokumentation: str = ""
    software: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Zeiten:
    """When each step was done, apart; an instant with zone, a mere day, or None when unknown."""

    erfassung: datetime | date | None = None
    metadaten: datetime | date | None = None
    qualitaetspruefung: datetime | date | None = None
    versiegelung: datetime | date | None = None

    def __post_init__(self) -> None:
        for time in (self.erfassung, self.metadaten, self.qualitaetspruefung, self.versiegelung):
            if isinstance(time, datetime) and time.tzinfo is None:
                raise ValueError("Zeiten wants instants with a time zone")


@dataclass(frozen=True, slots=True)
class Qualitaet:
    """Result of the quality check with the completeness check; counts are None when nobody counted.

    `art` is "vollständig", "Stichprobe" or "automatisch"; `seiten` counts all pages received, blank ones too.
    """

    ergebnis: Verdict = Verdict.NOT_CHECKED
    art: str = ""
    pruefer: str = ""
    vollstaendigkeit: Verdict = Verdict.NOT_CHECKED
    blaetter: int | None = None
    seiten: int | None = None
    leerseiten: int | None = None
    bemerkungen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(count is not None and count < 0 for count in (self.blaetter, self.seiten, self.leerseiten)):
            raise ValueError("Qualitaet: counts start at 0")


@dataclass(frozen=True, slots=True)
class Transfervermerk:
    """The note of one Dokument. `auffaelligkeiten` is None when nobody said anything, () when there are none."""

    uuid: UUID
    dokument: UUID
    produkte: tuple[Scanprodukt, ...]
    ersteller: Ersteller = Ersteller()
    umgebung: Umgebung = Umgebung()
    auffaelligkeiten: tuple[str, ...] | None = None
    zeiten: Zeiten = Zeiten()
    qualitaet: Qualitaet = Qualitaet()
    erklaerung: str = ""


# -- bytes -------------------------------------------------------------------------------------------------------------


def write_note(note: Transfervermerk) -> bytes:
    """Canonical JSON of the note: sorted keys, no blanks, UTF-8, one newline at the end."""
    zeiten = {name: _time_text(getattr(note.zeiten, name)) for name in Zeiten.__slots__}
    value = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "uuid": str(note.uuid),
        "dokument": str(note.dokument),
        "produkte": [{"uuid": str(p.uuid), "sha512": p.sha512} for p in note.produkte],
        "ersteller": {name: getattr(note.ersteller, name) for name in Ersteller.__slots__},
        "umgebung": {
            **{name: getattr(note.umgebung, name) for name in Umgebung.__slots__},
            "software": [{"name": name, "version": version} for name, version in note.umgebung.software],
        },
        "auffaelligkeiten": None if note.auffaelligkeiten is None else list(note.auffaelligkeiten),
        "zeiten": zeiten,
        "qualitaet": {
            **{name: getattr(note.qualitaet, name) for name in Qualitaet.__slots__},
            "bemerkungen": list(note.qualitaet.bemerkungen),
        },
        "erklaerung": note.erklaerung,
    }
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _time_text(time: datetime | date | None) -> str | None:
    return None if time is None else time.isoformat()


# -- rules -------------------------------------------------------------------------------------------------------------


def check_note(note: Transfervermerk, products: Mapping[UUID, str] | None = None) -> tuple[Finding, ...]:
    """What the note lacks (warnings: it is not conform to the TR) and where it contradicts itself (errors).

    `products` are the scan products as they are (UUID → SHA-512); without them the binding is not judged.
    """
    found: list[tuple[str, Severity, str]] = []
    lack = Severity.WARNING
    person = note.ersteller.pseudonym.strip()
    if not person:
        found.append(("TV-02", lack, "Der Ersteller (Nummer der bedienenden Person) fehlt."))
    elif person.casefold() == note.ersteller.organisation.strip().casefold():
        text = (
            "Als Ersteller ist nur die Organisation genannt; der Laufzettel nennt unter „operator“ die Kennung der "
            "Person, die gescannt hat."
        )
        found.append(("TV-04", Severity.ERROR, text))
    elif not note.ersteller.aufloesung.strip():
        found.append(("TV-03", lack, "Es fehlt, wo das Pseudonym des Erstellers aufgelöst wird."))
    missing = [
        german
        for name, german in (
            ("geraet", "Gerät"), ("profil", "Profil"), ("arbeitsplatz", "Arbeitsplatz"),
            ("verfahrensdokumentation", "Fassung der Verfahrensdokumentation"), ("software", "Software"),
        )
        if not getattr(note.umgebung, name)
    ]  # fmt: skip
    if missing:
        found.append(("TV-05", lack, f"Zur Umgebung fehlt: {', '.join(missing)}."))
    if note.auffaelligkeiten is None:
        found.append(("TV-06", lack, "Zu Auffälligkeiten der Vorlage ist nichts gesagt."))
    found += _check_times(note.zeiten)
    found += _check_quality(note)
    if not note.erklaerung.strip():
        text = "Die Erklärung, dass Bild und Inhalt übereinstimmen, fehlt."
        if note.qualitaet.ergebnis is Verdict.FAILED:  # else nobody knows that it was lost to a choice of words
            text += (
                " Das Ergebnis der Qualitätsprüfung gilt nicht als bestanden; war nichts zu beanstanden, schreibt der "
                "Laufzettel „ohne Beanstandung“."
            )
        found.append(("TV-13", lack, text))
    elif Verdict.FAILED in (note.qualitaet.ergebnis, note.qualitaet.vollstaendigkeit):
        found.append(("TV-17", Severity.ERROR, "Trotz nicht bestandener Prüfung ist die Übereinstimmung erklärt."))
    found += _check_binding(note, products)
    return tuple(Finding(code, severity, f"Dokument {note.dokument}", text) for code, severity, text in found)


def _check_times(zeiten: Zeiten) -> list[tuple[str, Severity, str]]:
    found = []
    if zeiten.erfassung is None:
        found.append(("TV-07", Severity.WARNING, "Der Zeitpunkt der Erfassung fehlt."))
    others = {"Metadaten": zeiten.metadaten, "Qualitätsprüfung": zeiten.qualitaetspruefung,
              "Versiegelung": zeiten.versiegelung}  # fmt: skip
    if missing := [name for name, time in others.items() if time is None]:
        found.append(("TV-08", Severity.WARNING, f"Es fehlt der Zeitpunkt von: {', '.join(missing)}."))
    later = [time for time in others.values() if time is not None]
    early = zeiten.erfassung
    wrong = early is not None and any(_is_before(_to_the_minute(time), early) for time in later)
    seal = zeiten.versiegelung
    wrong = wrong or (seal is not None and any(_is_before(seal, time) for time in later))
    if wrong:
        found.append(("TV-09", Severity.ERROR, "Die Zeitpunkte widersprechen der Reihenfolge der Schritte."))
    return found


def _to_the_minute(time: datetime | date) -> datetime | date:
    """The last second of a time that was written without seconds, as people do: 9:15 may mean 9:15:59."""
    if isinstance(time, datetime) and not time.second and not time.microsecond:
        return time.replace(second=59)
    return time


def _is_before(first: datetime | date, second: datetime | date) -> bool:
    """True when `first` is surely earlier; a mere day is compared by days in Berlin, where the city has its desks."""
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first < second
    day_one = berlin_day(first) if isinstance(first, datetime) else first
    day_two = berlin_day(second) if isinstance(second, datetime) else second
    return day_one < day_two


def _check_quality(note: Transfervermerk) -> list[tuple[str, Severity, str]]:
    quality = note.qualitaet
    found = []
    if quality.ergebnis is Verdict.NOT_CHECKED or not quality.art.strip():
        found.append(("TV-10", Severity.WARNING, "Art oder Ergebnis der Qualitätsprüfung fehlt."))
    if quality.vollstaendigkeit is Verdict.NOT_CHECKED or quality.seiten is None:
        found.append(("TV-11", Severity.WARNING, "Das Ergebnis der Vollständigkeitsprüfung fehlt."))
    pages, blanks, sheets = quality.seiten, quality.leerseiten, quality.blaetter
    too_many_blanks = pages is not None and blanks is not None and blanks > pages
    too_few_pages = pages is not None and sheets is not None and not sheets <= pages <= 2 * sheets
    if quality.vollstaendigkeit is Verdict.OK and (too_many_blanks or too_few_pages):
        found.append(("TV-12", Severity.ERROR, "Blätter, Seiten und Leerseiten gehen nicht auf."))
    same = quality.pruefer.strip() and quality.pruefer.strip().casefold() == note.ersteller.pseudonym.strip().casefold()
    if same:
        found.append(("TV-16", Severity.INFO, "Geprüft hat dieselbe Person, die gescannt hat."))
    return found


def _check_binding(note: Transfervermerk, products: Mapping[UUID, str] | None) -> list[tuple[str, Severity, str]]:
    if not note.produkte:
        return [("TV-14", Severity.ERROR, "Der Vermerk ist an kein Scanprodukt gebunden.")]
    if len({product.uuid for product in note.produkte}) != len(note.produkte):
        return [("TV-15", Severity.ERROR, "Ein Scanprodukt ist doppelt genannt.")]
    if products is None:
        return []
    if any(products.get(product.uuid) != product.sha512 for product in note.produkte):
        return [("TV-15", Severity.ERROR, "Ein Scanprodukt fehlt oder hat eine andere Prüfsumme als im Vermerk.")]
    return []
