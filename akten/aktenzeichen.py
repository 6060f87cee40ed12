"""Aktenzeichen: many spellings in, one canonical form out, by one configured pattern per family.

A pattern is a template such as `63-{nr:5}-{jahr}`: fixed text, `{name:N}` a number padded to N digits, `{jahr}` a year
of two or four digits, `{name:a}` one to four letters. Between the parts any of blank, dash, slash, dot and the like may
stand on paper; a prefix such as "Az.:" or the name of the Aktenart is skipped. A year of two digits is taken as the one
year inside the family's window (`jahr_von` … `jahr_bis`); where the window holds two such years the spelling is
ambiguous and the person is asked (both candidates are returned), never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SEPARATORS = r"[\s./_\\\u2010-\u2015\u2212-]*"
_SEPARATORS_NEEDED = r"[\s./_\\\u2010-\u2015\u2212-]+"
_FIELD = re.compile(r"\{(?P<name>[a-z]+)(?::(?P<width>\d+|a))?\}")
_WIDEST = 20
_EARLIEST_YEAR = 1500  # no file of a city is older: „0019“ was typed by mistake, and would be an Akte that nobody finds
_PREFIX = re.compile(
    r"\A\s*(?:(?:unser|ihr|mein)\s+zeichen|aktenzeichen|akten-?nr\.?|akten?-?nummer|akte|az\.?"
    r"|gesch(?:ä|ae)ftszeichen|gesch\.?-?\s?z\.?|gz\.?|[a-zäöüß]+akte)?"
    r"\s*(?:nr\.?)?\s*:?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class Aktenzeichen:
    """A case number in its canonical form; `schreibweise` keeps the spelling that was handed in."""

    kanonisch: str
    schreibweise: str = ""

    def __post_init__(self) -> None:
        if not self.kanonisch or self.kanonisch != self.kanonisch.strip():
            raise ValueError("Aktenzeichen ohne Inhalt")

    def __str__(self) -> str:
        return self.kanonisch


@dataclass(frozen=True, slots=True)
class Muster:
    """The pattern of one family: template and the window of years for years of two digits."""

    aktenart: str
    vorlage: str
    jahr_von: int = 1946
    jahr_bis: int = 2045

    def __post_init__(self) -> None:
        if self.jahr_bis < self.jahr_von:
            raise ValueError(f"Muster {self.aktenart}: jahr_bis liegt vor jahr_von")
        fields = [(field["name"], field["width"]) for field in _FIELD.finditer(self.vorlage)]
        if not fields:
            raise ValueError(f"Muster {self.aktenart}: die Vorlage {self.vorlage!r} hat kein Feld")
        if re.search(r"[{}]", _FIELD.sub("", self.vorlage)) or len({name for name, _ in fields}) < len(fields):
            raise ValueError(
                f"Muster {self.aktenart}: die Felder der Vorlage {self.vorlage!r} sind nicht lesbar oder doppelt"
            )
        for name, width in fields:
            if (name == "jahr") == bool(width):
                raise ValueError(
                    f"Muster {self.aktenart}: „{{jahr}}“ steht ohne, jedes andere Feld mit Stellenzahl ({{nr:5}})"
                )
            if width and width != "a" and not 1 <= int(width) <= _WIDEST:
                raise ValueError(f"Muster {self.aktenart}: eine Nummer hat 1 bis {_WIDEST} Stellen")


# The city's own plan replaces these by setting; the window of 100 years makes every year of two digits unique.
MUSTER: tuple[Muster, ...] = (
    Muster("Bauakte", "63-{nr:5}-{jahr}"),
    Muster("Steuerakte", "90-{nr:6}-{jahr}"),
    Muster("Personalakte", "11-{nr:6}"),
    Muster("Einwohnermeldeakte", "33-{nr:7}-{jahr}"),
    Muster("Ausländerakte", "34-{nr:6}-{jahr}"),
    Muster("Gewerbeakte", "32-{nr:6}-{jahr}"),
    Muster("Friedhofsakte", "67-{feld:a}-{reihe:3}-{grab:4}"),
)


def _pieces(muster: Muster) -> list[tuple[str, str]]:
    """(kind, value) in order: ("text", "63"), ("nr", "5"), ("jahr", ""), ("feld", "a")."""
    pieces: list[tuple[str, str]] = []
    position = 0
    for field in _FIELD.finditer(muster.vorlage):
        pieces.extend(("text", word) for word in re.findall(r"[A-Za-z0-9]+", muster.vorlage[position : field.start()]))
        pieces.append((field["name"], field["width"] or ""))
        position = field.end()
    pieces.extend(("text", word) for word in re.findall(r"[A-Za-z0-9]+", muster.vorlage[position:]))
    return pieces


def _expression(muster: Muster, *, need_separators: bool) -> re.Pattern[str]:
    parts = []
    for kind, value in _pieces(muster):
        if kind == "text":
            parts.append(re.escape(value))
        elif kind == "jahr":
            parts.append(r"(?P<jahr>[0-9]{4}|[0-9]{2})")
        elif value == "a":
            parts.append(rf"(?P<{kind}>[A-Za-zÄÖÜäöü]{{1,4}})")
        elif need_separators:
            parts.append(rf"(?P<{kind}>[0-9]{{1,{max(int(value), 1)}}})")
        else:  # written without separators only the full width can be told apart
            parts.append(rf"(?P<{kind}>[0-9]{{{value}}})")
    between = _SEPARATORS_NEEDED if need_separators else _SEPARATORS
    return re.compile(r"\A\s*" + between.join(parts) + r"\s*\Z", re.IGNORECASE)


def _years(text: str, muster: Muster) -> tuple[int, ...]:
    """The years that `text` can mean, oldest first; a year of four digits means itself, if there can be such Akten."""
    if len(text) == 4:
        return (int(text),) if int(text) >= _EARLIEST_YEAR else ()
    two = int(text)
    return tuple(year for year in range(muster.jahr_von, muster.jahr_bis + 1) if year % 100 == two)


def _canonical(muster: Muster, values: Mapping[str, str], jahr: int | None) -> str:
    def fill(field: re.Match[str]) -> str:
        name, width = field["name"], field["width"]
        if name == "jahr":
            return f"{jahr:04d}"
        if width == "a":
            return values[name].upper()
        return values[name].lstrip("0").rjust(int(width or 1), "0")

    return _FIELD.sub(fill, muster.vorlage)


def candidates(text: str, muster: Muster) -> tuple[str, ...]:
    """Every canonical form that `text` can mean in this family: none, one, or several (ambiguous)."""
    plain = unicodedata.normalize("NFKC", text)
    stripped = _PREFIX.sub("", plain, count=1)
    for spelling in dict.fromkeys((plain, stripped)):
        for need_separators in (True, False):
            if match := _expression(muster, need_separators=need_separators).match(spelling):
                values = match.groupdict()
                if "jahr" in values:
                    return tuple(_canonical(muster, values, year) for year in _years(values["jahr"], muster))
                return (_canonical(muster, values, None),)
    return ()


def recognise(text: str, muster: Iterable[Muster] = MUSTER, aktenart: str | None = None) -> tuple[Aktenzeichen, ...]:
    """All readings of a spelling, in one family or over all; exactly one reading means that it is certain."""
    readings: dict[str, None] = {}
    for pattern in muster:
        if aktenart is None or pattern.aktenart == aktenart:
            readings.update(dict.fromkeys(candidates(text, pattern)))
    return tuple(Aktenzeichen(reading, text) for reading in readings)


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers that count on in one place: `head`, so many digits (`width`), `tail`. 63-…-2019 is one of them."""

    head: str
    width: int
    tail: str

    def place(self, number: str) -> int:
        """The counted number of a canonical Aktenzeichen of this series. Raises ValueError for any other."""
        return int(number[len(self.head) : len(self.head) + self.width])


def series_of(kanonisch: str, muster: Muster) -> Series | None:
    """The series of a canonical Aktenzeichen of this family: it counts in its last number that is no year."""
    expression, position, counted = "", 0, ""
    for field in _FIELD.finditer(muster.vorlage):
        name, width = field["name"], field["width"]
        digits = "4" if name == "jahr" else width
        sign = "[A-ZÄÖÜ]{1,4}" if width == "a" else f"[0-9]{{{digits}}}"
        expression += re.escape(muster.vorlage[position : field.start()]) + f"(?P<{name}>{sign})"
        position = field.end()
        if name != "jahr" and width != "a":
            counted = name
    match = re.fullmatch(expression + re.escape(muster.vorlage[position:]), kanonisch)
    if match is None or not counted:
        return None
    start, end = match.span(counted)
    return Series(kanonisch[:start], end - start, kanonisch[end:])
