"""Reads what a correction of an archived Akte wishes for: fields named and judged as those of a slip, parts by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from unicodedata import normalize

from akten.correction import FELD, NUMBER, Teil
from akten.errors import Rejected
from akten.findings import Finding
from akten.model import clean_text
from ingest.naming import future_year, read_number
from ingest.options import IntakeLimits, IntakeOptions
from ingest.rules import error
from ingest.slip_fields import Part, TooManyFaults, belonging, fold, shown
from ingest.slip_nodes import Kind, Node, SlipUnreadable, decode, parse_json, parse_yaml

CALL = "Aufruf"  # the name of what was typed and lies in no file
IDENTITY = ("band", "aktenart")
_TEXTS: Mapping[str, int] = {
    NUMBER: 100,
    "betreff": 500,
    "federfuehrung": 200,
    "aktenplaneinheit": 100,
    "zeichen": 100,
    "typ": 100,
}
_DAYS = ("zda_datum", "datum", "posteingang")
_AKTE = (NUMBER, "betreff", "federfuehrung", "aktenplaneinheit", "laufzeit", "zda_datum", "felder")
_VORGANG = ("betreff", "zeichen", "typ", "laufzeit")
_DOKUMENT = ("betreff", "typ", "datum", "posteingang")
_REMOVED: Mapping[Teil, tuple[str, ...]] = {
    Teil.AKTE: ("federfuehrung", "aktenplaneinheit", "laufzeit.beginn", "laufzeit.ende", "zda_datum"),
    Teil.VORGANG: ("zeichen", "typ", "laufzeit.beginn", "laufzeit.ende"),
    Teil.DOKUMENT: ("typ", "datum", "posteingang"),
}
# Whose each value is, for those who name it at another part; the call comes first, since most come from there.
_OWNERS = (
    (_AKTE, "zur Akte selbst (ohne --vorgang und --dokument; in einer Datei ganz oben)"),
    (_VORGANG, "zu einem Vorgang (--vorgang; in einer Datei unter „vorgaenge“)"),
    (_DOKUMENT, "zu einem Dokument (--dokument; in einer Datei unter „dokumente“)"),
)
_SPAN = ("beginn", "ende")
BACKWARDS = "Das Ende der Laufzeit liegt vor ihrem Beginn."  # as of a slip
_NEW = "der neue Wert (soll keiner mehr da stehen: „entfernen“)"


@dataclass(frozen=True, slots=True)
class Wish:
    """One value that shall be another: of the Akte, or of the part that `wo` names; "" for none. `where` is its place
    in the file, for findings.
    """

    teil: Teil
    wo: str
    name: str
    neu: str
    where: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that a correction wishes for; `identity` names what would make another Akte of it."""

    wishes: tuple[Wish, ...]
    identity: tuple[str, ...] = ()


def read_wishes(file: Path, today: date) -> Wishes:
    """The wishes in a file of JSON or YAML, by the ending of its name. Raises Rejected with every fault found."""
    limits, name = IntakeLimits(), file.name
    with file.open("rb") as stream:
        data = stream.read(limits.slip_bytes + 1)
    if len(data) > limits.slip_bytes:
        raise Rejected((error("IN-10", name, f"Die Datei ist größer als {limits.slip_bytes // 1024} KiB."),))
    try:
        text = decode(data)
        root = (parse_json if name.casefold().endswith(".json") else parse_yaml)(text, limits)
    except SlipUnreadable as fault:
        raise Rejected((fault.finding(name),)) from fault
    return _whole(root, name, today)


def typed_wishes(fields: Mapping[str, object], today: date) -> Wishes:
    """The same for what was typed: field → text, or mapping or list of those, as a file would hold it."""
    try:
        _require_clean(fields)
        return _whole(_node(fields), CALL, today)
    except Rejected as rejected:
        shorter = tuple(replace(f, where=f.where.removeprefix(f"{CALL}, Zeile 1, ")) for f in rejected.findings)
        raise Rejected(shorter) from rejected


def _require_clean(value: object, where: str = "") -> None:
    """Raises Rejected for signs that no message can carry; in a file the reader of slips looks for them."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _require_clean(str(key), where)
            _require_clean(inner, where or str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _require_clean(inner, where)
    elif clean_text(text := str(value)) != normalize("NFC", text).strip():
        raise Rejected((error("IN-14", where, "Der Text enthält unsichtbare Steuerzeichen; bitte neu eintippen."),))


def _node(value: object) -> Node:
    if isinstance(value, Mapping):
        return Node(Kind.MAPPING, 1, entries=tuple((str(key), 1, _node(inner)) for key, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return Node(Kind.LIST, 1, items=tuple(map(_node, value)))
    return Node(Kind.TEXT, 1, str(value))


def _whole(root: Node, name: str, today: date) -> Wishes:
    faults: list[Finding] = []
    known = (*_AKTE, "vorgaenge", "dokumente", "entfernen", *IDENTITY)
    try:
        part = Part(root, "", name, faults, known, {"titel": "betreff", "az": NUMBER}, belonging(known, _OWNERS))
        wishes = [*_of(part, Teil.AKTE, "", today)]
        for field, word, names, teil in (
            ("vorgaenge", "vorgang", _VORGANG, Teil.VORGANG),
            ("dokumente", "dokument", _DOKUMENT, Teil.DOKUMENT),
        ):
            hints = belonging(names, _OWNERS)
            for each in part.parts(field, (word, *names, "entfernen"), {"titel": "betreff"}, hints):
                which = each.required(word, "welcher es ist: UUID, Nummer oder jetziger Betreff", 500)
                wishes += _of(each, teil, which, today)
        identity = tuple(field for field in IDENTITY if part.has(field))
    except TooManyFaults as fault:
        text = f"Es sind mehr als {len(faults)} Fehler; weiter wurde nicht gelesen."
        raise Rejected((*faults, error("IN-10", name, text))) from fault
    if faults:
        raise Rejected(tuple(faults))
    return Wishes(tuple(wishes), identity)


def _of(part: Part, teil: Teil, wo: str, today: date) -> Iterator[Wish]:
    """The wishes of one part; faults are added to it."""
    for name, longest in _TEXTS.items():
        if part.has(name) and (text := part.required(name, _NEW, longest)):
            yield Wish(teil, wo, name, text, part.at(name))
    for name in _DAYS:
        if (day := _day(part, name, today)) is not None:
            yield Wish(teil, wo, name, day.isoformat(), part.at(name))
    span = part.part("laufzeit", _SPAN, {"von": "beginn", "bis": "ende"})
    days = {name: _day(span, name, today) for name in _SPAN}
    if days["beginn"] and days["ende"] and days["ende"] < days["beginn"]:
        part.wrong("laufzeit", BACKWARDS)
    for name, day in days.items():
        if day is not None:
            yield Wish(teil, wo, f"laufzeit.{name}", day.isoformat(), span.at(name))
    for name, node, path in part.pairs("felder"):
        if text := part.scalar(node, path, 500):
            yield Wish(teil, wo, f"{FELD}{name}", text, path)
        else:
            part.fault("IN-13", node.line, path, f"Das Feld „{shown(name)}“ hat keinen Wert: {_NEW}.")
    for path, line, name in part.texts("entfernen"):
        gone = next((known for known in _REMOVED[teil] if fold(known) == fold(name)), "")
        own = teil is Teil.AKTE and fold(name) not in _AKTE  # a field of the family, which the Akte has to know
        if gone or own:
            yield Wish(teil, wo, gone or FELD + name.removeprefix(FELD), "", path)
        else:
            known = ", ".join(_REMOVED[teil]) + (" und eigene Felder" if teil is Teil.AKTE else "")
            part.fault("IN-14", line, path, f"„{shown(name)}“ lässt sich hier nicht entfernen, nur: {known}.")


def with_number_read(wishes: Sequence[Wish], aktenart: str, options: IntakeOptions, today: date) -> tuple[Wish, ...]:
    """The wishes with a new Aktenzeichen as the register writes it, read as that of a slip.

    Raises Rejected for one that is none of the family (IN-20), means several (IN-21) or lies in the future (IN-22).
    """
    return tuple(_number_read(w, aktenart, options, today) if w.name == NUMBER else w for w in wishes)


def _number_read(wish: Wish, aktenart: str, options: IntakeOptions, today: date) -> Wish:
    reading = read_number(wish.neu, aktenart, options, wish.where)
    if isinstance(reading, Finding):
        raise Rejected((reading,))
    if (future := future_year(reading, aktenart, options, wish.where, today.year)) is not None:
        raise Rejected((future,))
    return replace(wish, neu=reading.kanonisch)


def _day(part: Part, name: str, today: date) -> date | None:
    """The day of a field, None when it is not there or cannot be, with a fault."""
    faults, day = part.faults, part.day(name)
    if day is not None and day > today:
        part.wrong(name, "Das Datum liegt in der Zukunft; bitte prüfen.", "IN-22")
        return None
    if day is None and part.has(name) and part.faults == faults:
        part.missing(name, _NEW)
    return day
