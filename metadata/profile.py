"""The recipient's profile: XDOMEA version, who sends to whom, code list versions and limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from akten.errors import Misconfigured
from akten.model import clean_text

WRITTEN_VERSIONS = ("3.0.0", "3.1.0", "4.0.0")
READ_VERSIONS = ("2.3.0", "2.4.0", *WRITTEN_VERSIONS)

# The part of DIN 91379 datatype C that a product name needs; header attributes of 4.0.0 allow no more than the norm.
_PRODUCT = re.compile(r"[0-9A-Za-zÄÖÜäöüß][0-9A-Za-zÄÖÜäöüß .,:;()/+_-]*\Z")
_KEY_PART = re.compile(r"[0-9A-Za-z._-]*\Z")


@dataclass(frozen=True, slots=True)
class Kontakt:
    """An office as sender or recipient; key and prefix are what the archive has configured for it.

    4.0.0 carries both in one word, `<praefix>:<behoerdenschluessel>`; a key of ours holds no colon itself.
    """

    institution: str = ""
    kurzbezeichnung: str = ""
    organisationseinheit: str = ""
    behoerdenschluessel: str = ""
    praefix: str = ""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, clean_text(getattr(self, name)))


# What the law protects beside VS classification; 4.0.0 has an element for it, 3.x gets it as an extra field.
DATENSCHUTZSTUFEN: tuple[tuple[str, str], ...] = (
    ("Steuerakte", "Steuergeheimnis (§ 30 AO)"),
    ("Personalakte", "Personalaktendaten (§ 50 BeamtStG)"),
    ("Einwohnermeldeakte", "Meldegeheimnis (§ 7 BMG)"),
    ("Ausländerakte", "personenbezogene Daten (§ 86 AufenthG)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one recipient wants; the version is agreed with the archive, never hard-coded.

    `medium` is 001 after substitution scanning and 002 when the paper is kept (code list medium 1.0).
    `max_objects` and `max_bytes` bound one message; larger transfers are split by the caller.

    Raises Misconfigured for a version that is not written or a product name outside DIN 91379 datatype C.
    """

    version: str = "3.0.0"
    produkt: str = "Aktenarchiv"
    hersteller: str = "Aktenarchiv"
    produktversion: str = "0.1.0"
    absender: Kontakt = Kontakt(institution="Stadt Neuss")
    empfaenger: Kontakt = Kontakt(institution="Stadtarchiv Neuss")
    dateiformat_list_version: str = "1.0"
    medium: str = "001"
    vertraulichkeitsstufe: str = "003"
    erweiterung_kennung: str = "aktenarchiv"
    datenschutzstufen: tuple[tuple[str, str], ...] = DATENSCHUTZSTUFEN
    empfangsbestaetigung: bool = True
    max_objects: int = 50_000
    max_bytes: int = 64 << 30

    def __post_init__(self) -> None:
        if self.version not in WRITTEN_VERSIONS:
            raise Misconfigured(
                f"XDOMEA {self.version} wird nicht geschrieben; möglich sind {', '.join(WRITTEN_VERSIONS)}."
            )
        for name in ("produkt", "hersteller", "produktversion"):
            if not _PRODUCT.match(getattr(self, name)):
                raise Misconfigured(f"Die Angabe „{name}“ im Empfängerprofil ist leer oder enthält Sonderzeichen.")
        if self.medium not in ("001", "002", "003"):
            raise Misconfigured("Das Medium im Empfängerprofil ist 001 (elektronisch), 002 (hybrid) oder 003 (Papier).")
        for rolle, kontakt in (("Absender", self.absender), ("Empfänger", self.empfaenger)):
            if kontakt == Kontakt():
                raise Misconfigured(f"Im Empfängerprofil ist der {rolle} leer.")
            if not _KEY_PART.match(kontakt.behoerdenschluessel) or not _KEY_PART.match(kontakt.praefix):
                raise Misconfigured(
                    f"Behördenschlüssel und Präfix ({rolle}) bestehen aus Buchstaben, Ziffern, Punkt und Strichen."
                )
            if kontakt.praefix and not kontakt.behoerdenschluessel:
                raise Misconfigured(f"Ein Präfix ohne Behördenschlüssel ({rolle}) bezeichnet keine Behörde.")

    def datenschutzstufe(self, aktenart: str) -> str:
        """The level of data protection agreed for a family of files, "" when none is."""
        return dict(self.datenschutzstufen).get(aktenart, "")
