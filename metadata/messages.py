"""Messages 0501 to 0507 as frozen values for all versions (xdomea, group 05 "Aussonderung durchführen")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid5

from akten.collector import collector_waits
from akten.model import Akte, Aussonderungsart
from metadata.from_akte import akte_object
from metadata.objects import Schriftgutobjekt, normalise
from metadata.profile import Kontakt, Profile


@dataclass(frozen=True, slots=True)
class Kopf:
    """The header. All messages of one case share `prozess_id`.

    Carried by 4.0.0 only: `nachricht` (new per message), `ursprung` (the message answered), `lfd_nr` of `gesamt`,
    `hersteller`. `empfangsbestaetigung` stands in 0501, 0502 and 0503, `rueckmeldung_archivkennung` in 0503.
    """

    prozess_id: UUID
    erstellt: datetime
    absender: Kontakt
    empfaenger: Kontakt
    produkt: str = ""
    hersteller: str = ""
    produktversion: str = ""
    instanz: str = ""
    hinweis: str = ""
    empfangsbestaetigung: bool = False
    rueckmeldung_archivkennung: bool = False
    nachricht: UUID | None = None
    ursprung: UUID | None = None
    lfd_nr: int = 1
    gesamt: int = 1

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class Anbieteverzeichnis0501:
    """The offer, city to archive: objects without files."""

    code: ClassVar[str] = "0501"
    kopf: Kopf
    objekte: tuple[Schriftgutobjekt, ...]


@dataclass(frozen=True, slots=True)
class Bewertung:
    """The archive's word on one offered object; B or a free value that nobody agreed on is no decision."""

    uuid: UUID
    art: Aussonderungsart | None = None
    art_frei: str = ""

    def __post_init__(self) -> None:
        normalise(self)
        if (self.art is None) == (not self.art_frei):
            raise ValueError("Bewertung: genau eines, Code oder vereinbarter Wert")


@dataclass(frozen=True, slots=True)
class Bewertungsverzeichnis0502:
    """The appraisal, archive to city: one decision per object."""

    code: ClassVar[str] = "0502"
    kopf: Kopf
    bewertungen: tuple[Bewertung, ...]


@dataclass(frozen=True, slots=True)
class Aussonderung0503:
    """The transfer, city to archive: objects with their files."""

    code: ClassVar[str] = "0503"
    kopf: Kopf
    objekte: tuple[Schriftgutobjekt, ...]


@dataclass(frozen=True, slots=True)
class AnbietungEmpfang0504:
    """The archive has received a 0501."""

    code: ClassVar[str] = "0504"
    kopf: Kopf


@dataclass(frozen=True, slots=True)
class BewertungEmpfang0505:
    """The city has received a 0502."""

    code: ClassVar[str] = "0505"
    kopf: Kopf


@dataclass(frozen=True, slots=True)
class Fehlercode:
    """A coded reason of failure with the list that it comes from."""

    code: str
    liste: str
    listenversion: str

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class Importergebnis:
    """What became of one object in the archive; `archivkennung` is its name there."""

    uuid: UUID
    erfolgreich: bool
    fehlermeldungen: tuple[str, ...] = ()
    fehlercodes: tuple[Fehlercode, ...] = ()
    archivkennung: str = ""

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True, slots=True)
class AussonderungImport0506:
    """The archive has imported a 0503, or failed to. Only this releases the city's copy.

    `erfolgreich` and the reasons of the message as a whole stand in 4.0.0 (and 2.x). In 3.x every object is listed and
    the message has succeeded when all objects have: None is filled in so, and 3.x refuses anything else.
    """

    code: ClassVar[str] = "0506"
    kopf: Kopf
    ergebnisse: tuple[Importergebnis, ...]
    erfolgreich: bool | None = None
    fehlermeldungen: tuple[str, ...] = ()
    fehlercodes: tuple[Fehlercode, ...] = ()

    def __post_init__(self) -> None:
        normalise(self)
        if self.erfolgreich is None:
            if not self.ergebnisse:
                raise ValueError("0506: weder ein Ergebnis für das Ganze noch eines für ein Schriftgutobjekt")
            object.__setattr__(self, "erfolgreich", self.all_objects)

    @property
    def all_objects(self) -> bool:
        """True when no object failed."""
        return all(ergebnis.erfolgreich for ergebnis in self.ergebnisse)

    @property
    def erfolg(self) -> bool:
        """True when nothing failed: neither the message as a whole nor any object."""
        return self.erfolgreich is True and self.all_objects


@dataclass(frozen=True, slots=True)
class AussonderungEmpfang0507:
    """The archive has received a 0503 (not in 2.x). No licence to delete."""

    code: ClassVar[str] = "0507"
    kopf: Kopf


Message = (
    Anbieteverzeichnis0501
    | Bewertungsverzeichnis0502
    | Aussonderung0503
    | AnbietungEmpfang0504
    | BewertungEmpfang0505
    | AussonderungImport0506
    | AussonderungEmpfang0507
)


def kopf_of(profile: Profile, code: str, prozess_id: UUID, erstellt: datetime, nachricht: UUID | None = None) -> Kopf:
    """A header from the city to the archive; the message UUID of 4.0.0 follows from process and type if not given."""
    return Kopf(
        prozess_id=prozess_id,
        erstellt=erstellt,
        absender=profile.absender,
        empfaenger=profile.empfaenger,
        produkt=profile.produkt,
        hersteller=profile.hersteller,
        produktversion=profile.produktversion,
        nachricht=nachricht or uuid5(prozess_id, code),
    )


@collector_waits()
def aussonderung(
    akte: Akte, profile: Profile, *, prozess_id: UUID, erstellt: datetime, nachricht: UUID | None = None
) -> Aussonderung0503:
    """The Akte with its files as a message 0503; the same arguments give the same value."""
    kopf = replace(
        kopf_of(profile, "0503", prozess_id, erstellt, nachricht),
        empfangsbestaetigung=profile.empfangsbestaetigung,
        rueckmeldung_archivkennung=True,  # the search index needs the archive's own name
    )
    return Aussonderung0503(kopf, (akte_object(akte, profile),))


@collector_waits()
def anbieteverzeichnis(
    akten: Iterable[Akte], profile: Profile, *, prozess_id: UUID, erstellt: datetime, nachricht: UUID | None = None
) -> Anbieteverzeichnis0501:
    """The Akten without their files as an offer 0501.

    No verb sends one yet: with `bewertung_empfangen` and `write_zip` it is the writing side of the exchange with the
    archive (offer 0501, appraisal 0502, answers 0504 to 0506), whose reading side `archiv xdomea pruefe` judges today.
    """
    kopf = replace(
        kopf_of(profile, "0501", prozess_id, erstellt, nachricht), empfangsbestaetigung=profile.empfangsbestaetigung
    )
    return Anbieteverzeichnis0501(kopf, tuple(akte_object(akte, profile, with_files=False) for akte in akten))


def bewertung_empfangen(
    antwort_auf: Bewertungsverzeichnis0502, profile: Profile, *, erstellt: datetime, nachricht: UUID | None = None
) -> BewertungEmpfang0505:
    """The receipt 0505 for an appraisal; it names the message answered and repeats its number (4.0.0).

    No verb sends one yet (see `anbieteverzeichnis`).
    """
    gefragt = antwort_auf.kopf
    kopf = kopf_of(profile, "0505", gefragt.prozess_id, erstellt, nachricht)
    return BewertungEmpfang0505(replace(kopf, ursprung=gefragt.nachricht, lfd_nr=gefragt.lfd_nr, gesamt=gefragt.gesamt))
