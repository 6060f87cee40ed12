"""Typed reading of slip nodes that collects every fault, so that the clerk mends the slip once and not ten times."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType

from akten.findings import Finding
from akten.localtime import BERLIN
from akten.model import Laufzeit, shows_nothing
from ingest.rules import error
from ingest.slip_nodes import Kind, Node

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_GERMAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?:\s*(Z|[+-]\d{2}:?\d{2}))?(?:\s*Uhr)?", re.ASCII)
_TRUE, _FALSE = {"true", "ja", "yes", "wahr", "on"}, {"false", "nein", "no", "falsch", "off"}
_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "-": "_", " ": "_"})
# Signs that change the direction of reading or cannot be seen: a title with them shows something else than it says.
_TRICKS = re.compile("[\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

_NOWHERE: Mapping[str, str] = MappingProxyType({})

EARLIEST = date(1500, 1, 1)
MOST_FAULTS = 60


class TooManyFaults(Exception):
    """So much is wrong that reading on helps nobody; inside this room only."""


def fold(name: str) -> str:
    """Field names and closed words in one spelling: lower case, ae for ä, underscore for blank and dash."""
    return unicodedata.normalize("NFKC", name).strip().casefold().translate(_FOLD)


def parse_date(text: str) -> date:
    """A day written `2019-03-05` or `5.3.2019`. Raises ValueError."""
    if match := _ISO.fullmatch(text.strip()):
        day = date(int(match[1]), int(match[2]), int(match[3]))
    elif match := _GERMAN.fullmatch(text.strip()):
        day = date(int(match[3]), int(match[2]), int(match[1]))
    else:
        raise ValueError("no date")
    if day < EARLIEST:
        raise ValueError("too early")
    return day


def parse_instant(text: str) -> datetime:
    """A day with a time, in local time of Europe/Berlin unless it names a zone. Raises ValueError."""
    match = re.fullmatch(r"\s*([\d.\- ]+?)(?:[T,]\s*|\s+(?:um\s+)?)(\d{1,2}:.+?)\s*", text)
    if match is None or (clock := _CLOCK.fullmatch(match[2])) is None:
        raise ValueError("no instant")
    zone = clock[4]
    day = parse_date(match[1])
    plain = datetime(day.year, day.month, day.day, int(clock[1]), int(clock[2]), int(clock[3] or 0), tzinfo=BERLIN)
    if zone is None:
        return plain
    offset = "+00:00" if zone == "Z" else zone
    told = datetime.strptime(f"{plain:%Y-%m-%dT%H:%M:%S}{offset}", "%Y-%m-%dT%H:%M:%S%z")
    try:
        told.astimezone(BERLIN)
    except OverflowError as error:
        raise ValueError("on no day of our calendar") from error
    return told


def nearest(word: str, known: Iterable[str]) -> str:
    """„ Meinten Sie …?“ or nothing."""
    near = difflib.get_close_matches(fold(word[:40]), list(known), n=1, cutoff=0.6)
    return f" Meinten Sie „{near[0]}“?" if near else ""


def belonging(own: Iterable[str], others: Iterable[tuple[Iterable[str], str]]) -> dict[str, str]:
    """Field → „ Es gehört zu …“ for those that other parts have (fields and words of each) and `own` does not."""
    found: dict[str, list[str]] = {}
    for fields, words in others:
        for field in fields:
            found.setdefault(field, []).append(words)
    return {field: f" Es gehört {' oder '.join(words)}." for field, words in found.items() if field not in set(own)}


def shown(word: str) -> str:
    """A short form of what was written, safe to print."""
    clean = "".join(c if c.isprintable() else "�" for c in word)
    return clean if len(clean) <= 40 else clean[:39] + "…"


class Part:
    """One mapping of the slip with its known fields; every fault goes to the shared list `faults`.

    `elsewhere` says of fields that other parts have where they belong: a name that is spelled rightly and stands in the
    wrong place is not mistyped.
    """

    def __init__(
        self,
        node: Node,
        path: str,
        name: str,
        faults: list[Finding],
        known: Iterable[str],
        aliases: Mapping[str, str],
        elsewhere: Mapping[str, str] = _NOWHERE,
    ) -> None:
        self._path, self._name, self._faults, self.line = path, name, faults, node.line
        self._nodes: dict[str, Node] = {}
        known = tuple(known)
        if node.kind is not Kind.MAPPING:
            if not node.is_null:
                self.fault("IN-14", node.line, path, f"Hier stehen Felder der Form „feld: wert“: {', '.join(known)}.")
            return
        for key, line, value in node.entries:
            field = aliases.get(fold(key), fold(key))
            if field not in known:
                hint = elsewhere.get(field) or nearest(key, known) or f" Bekannt sind: {', '.join(known)}."
                text = f"Das Feld „{shown(key)}“ gibt es hier nicht.{hint}"
                self.fault("IN-12", line, self.at(shown(key)), text)
            elif field in self._nodes:
                self.fault("IN-11", line, self.at(field), f"Das Feld „{field}“ steht hier mehr als einmal.")
            elif not value.is_null:
                self._nodes[field] = value

    def at(self, field: str) -> str:
        """Path of a field of this part."""
        return f"{self._path}.{field}" if self._path else field

    def fault(self, code: str, line: int, path: str, text: str) -> None:
        """Adds one fault with line and path."""
        where = f"{self._name}, Zeile {line}"
        self._faults.append(error(code, f"{where}, {path}" if path else where, text))
        if len(self._faults) >= MOST_FAULTS:
            raise TooManyFaults

    def wrong(self, field: str, text: str, code: str = "IN-14") -> None:
        """Adds a fault at a field of this part."""
        node = self._nodes.get(field)
        self.fault(code, node.line if node else self.line, self.at(field), text)

    def has(self, field: str) -> bool:
        """True when the field is there and not null."""
        return field in self._nodes

    @property
    def faults(self) -> int:
        """How many faults the slip has so far."""
        return len(self._faults)

    def missing(self, field: str, what: str) -> None:
        """Adds the fault that a required field is missing."""
        self.fault("IN-13", self.line, self.at(field), f"Das Pflichtfeld „{field}“ fehlt oder ist leer: {what}.")

    # --- values -------------------------------------------------------------------------------------------------------
    def scalar(self, node: Node, path: str, longest: int = 200, *, lines: bool = False, blanks: bool = False) -> str:
        """The clean text of a simple value; empty when it shows nothing, and when it is none, with a fault.

        `lines` and `blanks` are kept.
        """
        if node.kind in (Kind.MAPPING, Kind.LIST):
            self.fault("IN-14", node.line, path, "Hier steht ein einfacher Text, keine Liste und keine Felder.")
            return ""
        text = unicodedata.normalize("NFC", node.text).strip().replace("\r\n", "\n")
        if _TRICKS.search(text) or any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
            self.fault("IN-14", node.line, path, "Der Text enthält unsichtbare Steuerzeichen; bitte neu eintippen.")
            return ""
        if shows_nothing(text):
            return ""
        if not (lines or blanks):
            text = " ".join(text.split())
        if len(text) > longest:
            self.fault("IN-14", node.line, path, f"Der Text ist länger als {longest} Zeichen.")
            return ""
        return text

    def text(self, field: str, longest: int = 200, *, lines: bool = False) -> str:
        """The text of a field, empty when absent."""
        return self.scalar(self._nodes[field], self.at(field), longest, lines=lines) if field in self._nodes else ""

    def required(self, field: str, what: str, longest: int = 200) -> str:
        """The text of a field that must be filled."""
        faults = self.faults
        text = self.text(field, longest)
        if not text and self.faults == faults:
            self.missing(field, what)
        return text

    def number(self, field: str, lowest: int, highest: int) -> int | None:
        """A whole number of a field, None when absent or wrong."""
        if not (text := self.text(field)):
            return None
        if re.fullmatch(r"\d{1,9}", text, re.ASCII) and lowest <= int(text) <= highest:
            return int(text)
        self.wrong(field, f"„{field}“ ist eine ganze Zahl von {lowest} bis {highest}.")
        return None

    def flag(self, field: str) -> bool | None:
        """Yes or no, None when absent or wrong."""
        if not (text := self.text(field)):
            return None
        if text.casefold() in _TRUE | _FALSE:
            return text.casefold() in _TRUE
        self.wrong(field, f"„{field}“ ist true (ja) oder false (nein).")
        return None

    def day(self, field: str) -> date | None:
        """A date of a field, None when absent or wrong."""
        if not (text := self.text(field)):
            return None
        try:
            return parse_date(text)
        except ValueError:
            text = "Ein Datum hat die Form 2019-03-05 oder 05.03.2019, steht im Kalender und liegt nicht vor {}."
            self.wrong(field, text.format(EARLIEST.year))
            return None

    def instant(self, field: str) -> datetime | None:
        """Date and time of a field, None when absent or wrong."""
        if not (text := self.text(field)):
            return None
        try:
            return parse_instant(text)
        except ValueError:
            self.wrong(field, "Ein Zeitpunkt hat die Form 2026-11-23T09:15 oder 23.11.2026 09:15.")
            return None

    def laufzeit(self) -> Laufzeit:
        """First and last day of the field `laufzeit` {beginn, ende}."""
        part = self.part("laufzeit", ("beginn", "ende"), {"von": "beginn", "bis": "ende"})
        beginn, ende = part.day("beginn"), part.day("ende")
        if beginn and ende and ende < beginn:
            self.wrong("laufzeit", "Das Ende der Laufzeit liegt vor ihrem Beginn.")
            return Laufzeit()
        return Laufzeit(beginn, ende)

    # --- structure ----------------------------------------------------------------------------------------------------
    def part(self, field: str, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> Part:
        """The mapping of a field, empty when absent."""
        node = self._nodes.get(field, Node(Kind.MAPPING, self.line))
        return Part(node, self.at(field), self._name, self._faults, known, aliases or {})

    def nodes(self, field: str) -> tuple[Node, ...]:
        """The items of a list field; a single simple value counts as a list of one."""
        node = self._nodes.get(field)
        if node is None:
            return ()
        if node.kind is Kind.MAPPING:
            self.wrong(field, f"„{field}“ ist eine Liste: in YAML mit „- “ vor jedem Eintrag, in JSON in [ ].")
            return ()
        return node.items if node.kind is Kind.LIST else (node,)

    def parts(
        self,
        field: str,
        known: Iterable[str],
        aliases: Mapping[str, str] | None = None,
        elsewhere: Mapping[str, str] = _NOWHERE,
    ) -> tuple[Part, ...]:
        """The mappings of a list field; places count from 1."""
        return tuple(
            Part(node, f"{self.at(field)}[{place}]", self._name, self._faults, known, aliases or {}, elsewhere)
            for place, node in enumerate(self.nodes(field), 1)
        )

    def texts(self, field: str, *, blanks: bool = False) -> tuple[tuple[str, int, str], ...]:
        """The texts of a list field as (path, line, text); with `blanks` two of them stay two, as in a file name."""
        found = []
        for place, node in enumerate(self.nodes(field), 1):
            path = f"{self.at(field)}[{place}]"
            if text := self.scalar(node, path, 400, blanks=blanks):
                found.append((path, node.line, text))
        return tuple(found)

    def keys(self, field: str) -> tuple[str, ...]:
        """The names in a mapping field, with and without a value."""
        node = self._nodes.get(field)
        entries = node.entries if node is not None else ()
        return tuple(self._key(key, line, f"{self.at(field)}.{shown(key)}") for key, line, _ in entries)

    def _key(self, key: str, line: int, path: str) -> str:
        """The clean text of a free name."""
        return self.scalar(Node(Kind.TEXT, line, key), path, 80)

    def pairs(self, field: str) -> tuple[tuple[str, Node, str], ...]:
        """Free names of a mapping field as (name, node, path); every name once."""
        node = self._nodes.get(field)
        if node is None:
            return ()
        if node.kind is not Kind.MAPPING:
            self.wrong(field, f"„{field}“ enthält Paare der Form „Name: Wert“.")
            return ()
        found: dict[str, tuple[str, Node, str]] = {}
        for key, line, value in node.entries:
            path = f"{self.at(field)}.{shown(key)}"
            name = self._key(key, line, path)
            if name in found:
                self.fault("IN-11", line, path, f"„{shown(key)}“ steht hier mehr als einmal.")
            elif name and not value.is_null:
                found[name] = (name, value, path)
        return tuple(found.values())
