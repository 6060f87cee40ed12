"""Slip text as a tree of nodes with line numbers, the same for JSON (RFC 8259) and YAML 1.1.

Both parsers are kept deliberately small: no aliases, no tags, no second document, bounded depth and number of values;
scalars stay the text that was written, so that `63-1234-19`, `0123` and `2019-03-05` mean what the clerk sees.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

import yaml

from akten.findings import Finding
from ingest.options import IntakeLimits
from ingest.rules import error

# The parser of libyaml where the wheel has it: the pure one needs seconds for a megabyte.
LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A YAML comment glued to its sign: „Haus #5“ was meant as text, and would be archived as „Haus“.
_SWALLOWED = re.compile(r"[ \t]+#\w")
SWALLOWED = (
    "Was in YAML nach „ #“ steht, gilt als Bemerkung und würde nicht gelesen. Gehört es zum Text, den ganzen Text in "
    "Anführungszeichen setzen; ist es eine Bemerkung, nach dem „#“ ein Leerzeichen lassen."
)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class Kind(StrEnum):
    """What a node is; a `PLAIN` scalar was written without quotes (numbers, true, null, bare YAML words)."""

    MAPPING = "mapping"
    LIST = "list"
    TEXT = "text"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the slip and the line (from 1) on which it begins."""

    kind: Kind
    line: int
    text: str = ""
    items: tuple[Node, ...] = ()
    entries: tuple[tuple[str, int, Node], ...] = ()  # key, line of the key, value

    @property
    def is_null(self) -> bool:
        """True for null, ~ and nothing at all."""
        return self.kind is Kind.PLAIN and self.text in ("", "~", "null", "Null", "NULL")


class SlipUnreadable(Exception):
    """The text is no slip at all; inside this room only, `finding` says why and where."""

    def __init__(self, line: int | None, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text

    def finding(self, name: str) -> Finding:
        """The finding IN-10 for the clerk."""
        return error("IN-10", name if self.line is None else f"{name}, Zeile {self.line}", self.text)


def decode(data: bytes) -> str:
    """The text of a slip in UTF-8, with or without BOM. Raises SlipUnreadable."""
    for mark, encoding in ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32")):
        if data.startswith(mark):
            raise SlipUnreadable(None, f"Die Datei ist in {encoding} gespeichert; bitte in UTF-8 speichern.")
    try:
        text = data.decode("utf-8").lstrip("\ufeff")  # also two of them: libyaml counts places without any
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise SlipUnreadable(
            line,
            "Die Datei ist nicht in UTF-8 gespeichert (vielleicht in Windows-1252); bitte in UTF-8 speichern.",
        ) from fault
    if bad := _FORBIDDEN.search(text):
        code = f"U+{ord(bad[0]):04X}"
        hint = " Vielleicht ist sie in UTF-16 gespeichert; bitte in UTF-8 speichern." if bad[0] == "\x00" else ""
        raise SlipUnreadable(text.count("\n", 0, bad.start()) + 1, f"Unerlaubtes Steuerzeichen {code}.{hint}")
    return text


class _Meter:
    """Counts depth and values while a tree grows."""

    def __init__(self, limits: IntakeLimits) -> None:
        self._limits = limits
        self._values = 0

    def value(self, line: int) -> None:
        self._values += 1
        if self._values > self._limits.slip_values:
            raise SlipUnreadable(line, f"Die Datei enthält mehr als {self._limits.slip_values} Werte.")

    def depth(self, depth: int, line: int) -> None:
        if depth > self._limits.slip_depth:
            raise SlipUnreadable(line, f"Die Datei ist tiefer als {self._limits.slip_depth} Ebenen geschachtelt.")


# --- JSON -------------------------------------------------------------------------------------------------------------
_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:(?P<mark>[{}\[\],:])
    |(?P<string>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")
    |(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<word>[A-Za-z]+)
    |(?P<end>\Z))""",
    re.VERBOSE | re.ASCII,
)


# What people write that is no JSON, by how it begins, and what to do about it.
_JSON_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"#|/[/*]"),
        " Bemerkungen kennt JSON nicht; bitte entfernen (oder die Datei als YAML schreiben).",
    ),
    (re.compile("['‘’‚‛“”„‟«»]"), ' Anführungszeichen sind in JSON gerade und doppelt: "so".'),
    (re.compile(r"[}\]]"), " Davor steht wohl ein Komma zu viel, oder ein Wert fehlt."),
    (re.compile(r"-?\d"), " Was keine einfache Zahl ist (Aktenzeichen, Datum), gehört in Anführungszeichen."),
    (
        re.compile(r'"[^"\\\r\n]*(?:\\["\\/bfnrtu][^"\\\r\n]*)*\\'),
        " Ein „\\“ steht in JSON doppelt; in Dateinamen besser „/“ schreiben.",
    ),
    (re.compile('"'), " Ein Text beginnt und endet in derselben Zeile mit Anführungszeichen."),
)


class _Json:
    """A reader of one JSON text; recursion is bounded by the depth limit."""

    def __init__(self, text: str, limits: IntakeLimits) -> None:
        self._text = text
        self._position = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._meter = _Meter(limits)

    def _line(self, position: int) -> int:
        return bisect_right(self._starts, position)

    def _next(self) -> tuple[str, str, int]:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            gap = re.compile(r"[ \t\r\n]*").match(self._text, self._position)
            position = gap.end() if gap else self._position
            raise self._fault(self._line(position), position)
        kind = str(match.lastgroup)
        self._position = match.end()
        return kind, match[kind], self._line(match.start(kind))

    def _fault(self, line: int, position: int, text: str = "") -> SlipUnreadable:
        column = position - self._starts[line - 1] + 1
        why = next((why for mark, why in _JSON_SLIPS if mark.match(self._text, position)), "")
        return SlipUnreadable(line, text or f"Die Datei ist kein gültiges JSON (Spalte {column}).{why}")

    def whole(self) -> Node:
        node = self._value(*self._next(), depth=1)
        kind, _, line = self._next()
        if kind != "end":
            raise self._fault(line, self._position, "Nach dem Ende des Inhalts steht noch etwas.")
        return node

    def _value(self, kind: str, text: str, line: int, *, depth: int) -> Node:
        self._meter.value(line)
        if kind == "string":
            return Node(Kind.TEXT, line, json.loads(text))
        if kind == "number" or (kind == "word" and text in ("true", "false", "null")):
            return Node(Kind.PLAIN, line, text)
        if kind == "word":
            raise self._fault(
                line, self._position, f"„{text[:20]}“ ist in JSON kein Wert (Text gehört in Anführungszeichen)."
            )
        if text in ("{", "["):
            self._meter.depth(depth, line)
            return self._mapping(line, depth) if text == "{" else self._list(line, depth)
        if kind == "end":
            raise self._fault(line, self._position, "Die Datei endet mitten im Inhalt.")
        raise self._fault(line, self._position - 1)

    def _separator(self, close: str) -> bool:
        kind, text, line = self._next()
        if text not in (",", close) or kind != "mark":
            raise self._fault(line, self._position, f"Hier fehlt ein Komma oder „{close}“.")
        return text == close

    def _list(self, line: int, depth: int) -> Node:
        items: list[Node] = []
        token = self._next()
        if token[1] == "]" and token[0] == "mark":
            return Node(Kind.LIST, line)
        while True:
            items.append(self._value(*token, depth=depth + 1))
            if self._separator("]"):
                return Node(Kind.LIST, line, items=tuple(items))
            token = self._next()

    def _mapping(self, line: int, depth: int) -> Node:
        entries: list[tuple[str, int, Node]] = []
        kind, text, key_line = self._next()
        if text == "}" and kind == "mark":
            return Node(Kind.MAPPING, line)
        while True:
            if kind != "string":
                raise self._fault(
                    key_line,
                    self._position,
                    "Hier fehlt ein Feldname in Anführungszeichen, oder davor steht ein Komma zu viel.",
                )
            mark = self._next()
            if mark[:2] != ("mark", ":"):
                raise self._fault(mark[2], self._position, "Nach dem Feldnamen fehlt ein Doppelpunkt.")
            entries.append((json.loads(text), key_line, self._value(*self._next(), depth=depth + 1)))
            if self._separator("}"):
                return Node(Kind.MAPPING, line, entries=tuple(entries))
            kind, text, key_line = self._next()


def parse_json(text: str, limits: IntakeLimits) -> Node:
    """The tree of a JSON text. Raises SlipUnreadable."""
    return _Json(text, limits).whole()


# --- YAML -------------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Open:
    """A collection that is still being filled."""

    kind: Kind
    line: int
    nodes: list[Node]

    def close(self) -> Node:
        if self.kind is Kind.LIST:
            return Node(Kind.LIST, self.line, items=tuple(self.nodes))
        keys, values = self.nodes[0::2], self.nodes[1::2]
        for key in keys:
            if key.kind in (Kind.MAPPING, Kind.LIST):
                raise SlipUnreadable(key.line, "Ein Feldname ist ein einfacher Text.")
        return Node(
            Kind.MAPPING,
            self.line,
            entries=tuple((key.text, key.line, value) for key, value in zip(keys, values, strict=True)),
        )


def parse_yaml(text: str, limits: IntakeLimits) -> Node:
    """The tree of a YAML text from its events: aliases and tags never get the chance to grow. Raises SlipUnreadable."""
    meter, stack, roots = _Meter(limits), [_Open(Kind.LIST, 1, [])], 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise SlipUnreadable(line, "Verweise (& und *) sind hier nicht erlaubt; bitte ausschreiben.")
            if getattr(event, "tag", None) not in (None, "!"):
                raise SlipUnreadable(line, "Typangaben (!…) sind hier nicht erlaubt.")
            if isinstance(event, yaml.DocumentStartEvent):
                roots += 1
                if roots > 1:
                    raise SlipUnreadable(line, "Die Datei enthält mehr als ein YAML-Dokument.")
            elif isinstance(event, yaml.ScalarEvent):
                meter.value(line)
                block = event.style in ("|", ">")  # ends at the beginning of a later line
                if event.end_mark and not block and _SWALLOWED.match(text, event.end_mark.index):
                    raise SlipUnreadable(event.end_mark.line + 1, SWALLOWED)
                plain = not event.style  # None from the pure parser, an empty text from that of libyaml
                stack[-1].nodes.append(Node(Kind.PLAIN if plain else Kind.TEXT, line, event.value))
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                meter.value(line)
                meter.depth(len(stack), line)
                kind = Kind.MAPPING if isinstance(event, yaml.MappingStartEvent) else Kind.LIST
                stack.append(_Open(kind, line, []))
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                node = stack.pop().close()
                stack[-1].nodes.append(node)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        place = f" (Spalte {mark.column + 1})" if mark else ""
        raise SlipUnreadable(
            mark.line + 1 if mark else None,
            f"Die Datei ist kein gültiges YAML{place}; häufig fehlen Anführungszeichen um einen Text mit „:“ oder "
            "die Einrückung stimmt nicht (Tabulatoren sind nicht erlaubt).",
        ) from fault
    except yaml.YAMLError as fault:
        raise SlipUnreadable(None, "Die Datei ist kein gültiges YAML.") from fault
    if not stack[0].nodes:
        raise SlipUnreadable(None, "Die Datei ist leer.")
    return stack[0].nodes[0]
