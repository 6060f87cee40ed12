"""XML text ↔ Python values as XDOMEA needs them (XML Schema 1.0 part 2), and the leaves that the tables are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from lxml import etree

from akten.model import Aussonderungsart, clean_text
from metadata.binding import PREFIX, Leaf, Values, Writing, escape, quote
from metadata.codelists import listed
from metadata.messages import Fehlercode

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:Z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(Z|([+-])(\d{2}):(\d{2}))?\Z", re.ASCII
)
_INTEGER = re.compile(r"[+-]?\d{1,18}\Z", re.ASCII)


def is_uuid(text: str) -> bool:
    """True for a UUID with dashes and nothing else; the pattern of 3.x would even let `|` pass."""
    return _UUID.match(text) is not None


def parse_uuid(text: str) -> UUID:
    """The UUID. Raises ValueError for anything but the strict form."""
    if not is_uuid(text.strip()):
        raise ValueError("no UUID")
    return UUID(text.strip())


def parse_date(text: str) -> date:
    """xs:date; a zone is accepted and dropped. Raises ValueError."""
    if not (match := _DATE.match(text.strip())):
        raise ValueError("no date")
    return date(int(match[1]), int(match[2]), int(match[3]))


def parse_year_end(text: str) -> date:
    """xs:gYear of 2.x as the last day of that year. Raises ValueError."""
    if not (match := _YEAR.match(text.strip())):
        raise ValueError("no year")
    return date(int(match[1]), 12, 31)


def parse_instant(text: str) -> datetime:
    """xs:dateTime in UTC, or without a zone when the sender wrote none; 24:00:00 is the next day. Raises ValueError."""
    if not (match := _INSTANT.match(text.strip())):
        raise ValueError("no dateTime")
    year, month, day, hour, minute, second = (int(match[index]) for index in range(1, 7))
    micro = int((match[7] or "").ljust(6, "0")[:6])
    over = timedelta(days=1) if (hour, minute, second, micro) == (24, 0, 0, 0) else timedelta()
    zone: timezone | None = None
    if match[8] == "Z":
        zone = UTC
    elif match[8]:
        offset = timedelta(hours=int(match[10]), minutes=int(match[11]))
        zone = timezone(-offset if match[9] == "-" else offset)
    try:
        moment = datetime(year, month, day, 0 if over else hour, minute, second, micro, zone) + over
        return moment.astimezone(UTC) if zone else moment
    except OverflowError as error:
        raise ValueError("dateTime out of range") from error


def show_instant(moment: datetime) -> str:
    """xs:dateTime with milliseconds, in UTC with "Z" (a duty documented in 4.0.0)."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}


def parse_bool(text: str) -> bool:
    """xs:boolean. Raises ValueError."""
    value = _BOOLEANS.get(text.strip())
    if value is None:
        raise ValueError("no boolean")
    return value


def show_bool(value: bool) -> str:
    """1 or 0: libxml2 compares fixed booleans as text, so nothing else is safe."""
    return "1" if value else "0"


def parse_int(text: str) -> int:
    """xs:integer of at most 18 digits. Raises ValueError."""
    if not _INTEGER.match(text.strip()):
        raise ValueError("no integer")
    return int(text)


def text(name: str, field: str, **more: Any) -> Leaf:
    """An element with text."""
    return Leaf(name, field, str, clean_text, **more)


def day(name: str, field: str, **more: Any) -> Leaf:
    """An element with a date, written without a zone."""
    return Leaf(name, field, date.isoformat, parse_date, **more)


def moment(name: str, field: str, **more: Any) -> Leaf:
    """An element with an instant."""
    return Leaf(name, field, show_instant, parse_instant, **more)


def number(name: str, field: str, **more: Any) -> Leaf:
    """An element with an integer."""
    return Leaf(name, field, str, parse_int, **more)


def flag(name: str, field: str, **more: Any) -> Leaf:
    """An element with a boolean."""
    return Leaf(name, field, show_bool, parse_bool, **more)


def prefilled(name: str, field: str, *, value: bool, **more: Any) -> Leaf:
    """An element with a boolean that an empty one has by the schema (`default` or `fixed`, XML Schema 1.0 part 1)."""
    return Leaf(name, field, show_bool, lambda text: parse_bool(text) if text else value, **more)


def uuid(name: str, field: str = "uuid", **more: Any) -> Leaf:
    """A required element with a UUID, written in lower case."""
    more.setdefault("required", True)
    return Leaf(name, field, str, parse_uuid, **more)


def code(name: str, field: str, liste: str, version: str = "", **more: Any) -> Leaf:
    """An element with a code; without `version` the recipient's profile gives it."""
    attributes = listed(liste, version) if version else listed(liste, "").partition(" listVersionID")[0]
    return Leaf(name, field, str, _token, attributes=attributes, wrap="code", list_version=not version, **more)


def coded(name: str, field: str, liste: str, version: str) -> Leaf:
    """An element with a code of the list aussonderungsart or of a part of it."""
    return Leaf(name, field, str, _aussonderungsart, attributes=listed(liste, version), wrap="code")


def _token(text: str) -> str:
    return " ".join(text.split())


def _aussonderungsart(text: str) -> Aussonderungsart:
    return Aussonderungsart(_token(text))


@dataclass(frozen=True, slots=True)
class Fehlercodes:
    """Coded reasons of failure; each names its list itself (SonstigeFehlermeldungCodeType)."""

    name: str
    field: str

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends one element per code."""
        for item in getattr(value, self.field):
            attributes = f'listURI="{quote(item.liste)}" listVersionID="{quote(item.listenversion)}"'
            start = f"{indent}<{PREFIX}:{self.name} {attributes}>"
            to.out.append(f"{start}<code>{escape(item.code)}</code></{PREFIX}:{self.name}>")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads all elements of that name."""
        del parent
        into[self.field] = tuple(
            Fehlercode(
                _token(element.findtext("code") or ""),
                _token(element.get("listURI") or ""),
                _token(element.get("listVersionID") or ""),
            )
            for element in children.get(self.name, ())
        )

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the codes."""
        into[self.field] = getattr(value, self.field)
