"""The values of a PREMIS 3.0 record: objects, events, agents and rights, frozen, refusing bad content when made.

PREMIS Data Dictionary 3.0; only the units that this archive writes. A person is never an agent by name: only a role
number stands in a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from metadata.premis_terms import EVENT_TYPES

NAMESPACE = "http://www.loc.gov/premis/v3"
VERSION = "3.0"


def _require_text(text: str, what: str, *, empty: bool = True) -> None:
    """Lets only text pass that XML 1.0 carries unchanged, and identifiers without blanks at their ends."""
    if not empty and (not text or text != text.strip()):
        raise ValueError(f"{what} is empty or has blanks at its ends")
    for c in text:
        if (c < " " and c not in "\t\n") or "\x7f" <= c < "\xa0" or "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff":
            raise ValueError(f"{what} has a character that XML does not carry")


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """Type and value that name one object, event, agent or rights statement."""

    type: str
    value: str

    def __post_init__(self) -> None:
        _require_text(self.type, "identifier type", empty=False)
        _require_text(self.value, "identifier value", empty=False)


class Category(StrEnum):
    """The categories of objects, as written in xsi:type."""

    INTELLECTUAL_ENTITY = "intellectualEntity"
    REPRESENTATION = "representation"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Fixity:
    """One message digest with its algorithm ("SHA-256", "SHA-512"), lower-case hex."""

    algorithm: str
    digest: str
    originator: str = ""

    def __post_init__(self) -> None:
        _require_text(self.algorithm, "algorithm", empty=False)
        _require_text(self.digest, "digest", empty=False)
        _require_text(self.originator, "originator")


@dataclass(frozen=True, slots=True)
class Format:
    """Format by name and version, and by its PRONOM key where that is certain."""

    name: str
    version: str = ""
    pronom: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        _require_text(self.name, "format name", empty=False)
        for text in (self.version, self.pronom, self.note):
            _require_text(text, "format")


@dataclass(frozen=True, slots=True)
class Relationship:
    """How an object stands to others; a derivation names the event that made it."""

    type: str
    subtype: str
    objects: tuple[Identifier, ...]
    events: tuple[Identifier, ...] = ()

    def __post_init__(self) -> None:
        _require_text(self.type, "relationship type", empty=False)
        _require_text(self.subtype, "relationship subtype", empty=False)
        if not self.objects:
            raise ValueError("relationship without an object")
        if self.type == "derivation" and not self.events:
            raise ValueError("derivation without the event that made it")


@dataclass(frozen=True, slots=True)
class PremisObject:
    """One object. Digests, size (bytes) and format belong to files only, and a file has a format."""

    category: Category
    identifiers: tuple[Identifier, ...]
    properties: tuple[tuple[str, str], ...] = ()
    fixity: tuple[Fixity, ...] = ()
    size: int | None = None
    format: Format | None = None
    original_name: str = ""
    relationships: tuple[Relationship, ...] = ()
    events: tuple[Identifier, ...] = ()

    def __post_init__(self) -> None:
        if not self.identifiers:
            raise ValueError("object without identifier")
        if self.category is Category.FILE and self.format is None:
            raise ValueError("file without format")
        if self.category is not Category.FILE and (self.fixity or self.size is not None or self.format):
            raise ValueError("only a file has digests, size and format")
        if self.size is not None and self.size < 0:
            raise ValueError("size below zero")
        _require_text(self.original_name, "original name")
        for name, value in self.properties:
            _require_text(name, "property", empty=False)
            _require_text(value, "property")


@dataclass(frozen=True, slots=True)
class AgentLink:
    """An agent and the roles it had in an event."""

    agent: Identifier
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for role in self.roles:
            _require_text(role, "agent role", empty=False)


@dataclass(frozen=True, slots=True)
class ObjectLink:
    """An object and its roles in an event: "source" for what went in, "outcome" for what came out."""

    object: Identifier
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for role in self.roles:
            _require_text(role, "object role", empty=False)


@dataclass(frozen=True, slots=True)
class PremisEvent:
    """One event: its type is a term of the Library of Congress list, its time an instant with zone, or a mere day."""

    identifier: Identifier
    type: str
    time: datetime | date
    details: tuple[str, ...] = ()
    outcome: str = ""
    notes: tuple[str, ...] = ()
    agents: tuple[AgentLink, ...] = ()
    objects: tuple[ObjectLink, ...] = ()

    def __post_init__(self) -> None:
        if self.type not in EVENT_TYPES:
            raise ValueError(f"unknown event type {self.type!r}")
        if isinstance(self.time, datetime) and self.time.tzinfo is None:
            raise ValueError("event wants an instant with a time zone")
        _require_text(self.outcome, "outcome")
        for text in (*self.details, *self.notes):
            _require_text(text, "event text", empty=False)

    @property
    def code(self) -> str:
        """Code of the type at id.loc.gov."""
        return EVENT_TYPES[self.type]


class AgentType(StrEnum):
    """LoC vocabulary agentType."""

    HARDWARE = "hardware"
    ORGANIZATION = "organization"
    PERSON = "person"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class PremisAgent:
    """Who or what acted: software with version, a device, or a person by role number only."""

    identifier: Identifier
    name: str
    type: AgentType
    version: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_text(self.name, "agent name", empty=False)
        _require_text(self.version, "agent version")
        for note in self.notes:
            _require_text(note, "agent note", empty=False)


@dataclass(frozen=True, slots=True)
class PremisRights:
    """A restriction by law: statute, act (e.g. "disseminate"), restriction (e.g. "closed") and its term in days."""

    identifier: Identifier
    jurisdiction: str
    citation: str
    act: str
    restriction: str
    start: date
    end: date | None
    objects: tuple[Identifier, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.jurisdiction, self.citation, self.act, self.restriction):
            _require_text(text, "rights", empty=False)
        if self.end is not None and self.end < self.start:
            raise ValueError("rights: the term ends before it starts")


@dataclass(frozen=True, slots=True)
class PremisRecord:
    """One record in the order of PREMIS: objects, events, agents, rights; at least one object."""

    objects: tuple[PremisObject, ...]
    events: tuple[PremisEvent, ...] = ()
    agents: tuple[PremisAgent, ...] = ()
    rights: tuple[PremisRights, ...] = ()

    def __post_init__(self) -> None:
        if not self.objects:
            raise ValueError("PREMIS record without object")
