"""Identifiers and links inside a PREMIS record: one walk gathers the parts, then ids and links are held together.

PREMIS Data Dictionary 3.0, 1.4 identifiers and linking; libxml2's schema validation does not do this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from akten.findings import Finding, Severity
from metadata.premis_model import NAMESPACE

NS = f"{{{NAMESPACE}}}"
_KINDS = ("object", "event", "agent", "rights")

Key = tuple[str, str]


@dataclass(slots=True)
class Index:
    """What stands in one record, found in one walk."""

    nodes: dict[str, list[etree._Element]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    ids: dict[str, set[Key]] = field(default_factory=lambda: {kind: set() for kind in _KINDS})


def gather(root: etree._Element, *, whole: bool) -> Index:
    """The parts of a record, or of a lone part."""
    index = Index()
    for node in root if whole else [root]:
        if isinstance(node.tag, str) and (kind := node.tag.removeprefix(NS)) in index.nodes:
            index.nodes[kind].append(node)
    return index


def places(index: Index, kind: str) -> Iterator[tuple[str, etree._Element]]:
    """(where, node) of every part of a kind, counted from 1."""
    for number, node in enumerate(index.nodes[kind], 1):
        yield f"{kind}[{number}]", node


def text_of(node: etree._Element, name: str) -> str:
    """Text of a child, blanks at its ends removed; "" when absent."""
    return (node.findtext(f"{NS}{name}") or "").strip()


def keys_of(node: etree._Element, name: str, *, inside: bool = False) -> list[Key]:
    """(type, value) of every `<name>Identifier` below a node, in order; `inside` leaves out what a simpleLink says to
    lie elsewhere."""
    return [
        (text_of(found, f"{name}IdentifierType"), text_of(found, f"{name}IdentifierValue"))
        for found in node.findall(f"{NS}{name}Identifier")
        if not inside or str(found.get("simpleLink", "#")).strip().startswith("#")
    ]


def __own_keys(kind: str, node: etree._Element) -> list[Key]:
    if kind == "rights":
        return [
            key for statement in node.findall(f"{NS}rightsStatement") for key in keys_of(statement, "rightsStatement")
        ]
    return keys_of(node, kind)


def error(code: str, where: str, text: str) -> Finding:
    """A finding that makes the record invalid."""
    return Finding(code, Severity.ERROR, where, text)


def warning(code: str, where: str, text: str) -> Finding:
    """A finding that leaves the record valid."""
    return Finding(code, Severity.WARNING, where, text)


# -- identifiers and links ---------------------------------------------------------------------------------------------

_DOUBLED = {"object": "PR-10", "event": "PR-11", "agent": "PR-12", "rights": "PR-12"}


def check_ids(index: Index) -> Iterator[Finding]:
    """Doubled and empty identifiers; fills `index.ids`."""
    for kind in _KINDS:
        for where, node in places(index, kind):
            own = __own_keys(kind, node)
            for key in dict.fromkeys(own):
                if not all(key):
                    yield error("PR-13", where, "Die Kennung oder ihre Art ist leer.")
                elif key in index.ids[kind]:
                    yield error(_DOUBLED[kind], where, "Die Kennung ist schon vergeben.")
            index.ids[kind].update(own)


def check_xml_ids(root: etree._Element) -> Iterator[Finding]:
    """libxml2's schema validation does not hold xs:ID and xs:IDREF together, so it is done here."""
    kinds: dict[str, str] = {}
    references: list[tuple[str, str, str]] = []
    wanted = {
        "LinkAgentXmlID": "agent",
        "LinkEventXmlID": "event",
        "LinkObjectXmlID": "object",
        "LinkPermissionStatementXmlID": "rights",
        "RelEventXmlID": "event",
        "RelObjectXmlID": "object",
    }
    for node in root.iter(etree.Element):
        if not node.attrib or not node.tag.startswith(NS):  # what an extension calls so is its own business
            continue
        where = f"{etree.QName(node).localname} in Zeile {node.sourceline}"
        for name, value in node.attrib.items():
            if name == "xmlID":
                if str(value) in kinds:
                    yield error("PR-14", where, "Die xmlID ist doppelt.")
                kinds[str(value)] = etree.QName(node).localname
            elif name in wanted:
                # the schema gives the link to an environment, which is an object, the name of that to an event
                environment = node.tag == f"{NS}linkingEnvironmentIdentifier"
                references.append((where, str(value), "object" if environment else wanted[str(name)]))
    for where, value, kind in references:
        found = kinds.get(value)
        if found is None or (kind != found and not (kind == "rights" and found.startswith("rights"))):
            yield error("PR-26", where, "Der Verweis auf eine xmlID führt ins Leere oder auf etwas anderes.")


# (kind of the node, path to the node that holds links, name of the link, kind it must lead to, code)
_LINKS = (
    ("event", "", "linkingAgent", "agent", "PR-20"),
    ("event", "", "linkingObject", "object", "PR-21"),
    ("object", "", "linkingEvent", "event", "PR-22"),
    ("agent", "", "linkingEvent", "event", "PR-22"),
    ("object", "relationship", "relatedObject", "object", "PR-23"),
    ("object", "relationship", "relatedEvent", "event", "PR-24"),
    ("object", "", "linkingRightsStatement", "rights", "PR-25"),
    ("agent", "", "linkingRightsStatement", "rights", "PR-25"),
    ("agent", "", "linkingEnvironment", "object", "PR-21"),
    ("rights", "rightsStatement", "linkingObject", "object", "PR-27"),
    ("rights", "rightsStatement", "linkingAgent", "agent", "PR-27"),
)
_LEADS_NOWHERE = {
    "agent": "Verweis auf einen Handelnden (agent), der in der Aufzeichnung nicht steht.",
    "object": "Verweis auf ein Objekt, das in der Aufzeichnung nicht steht.",
    "event": "Verweis auf ein Ereignis, das in der Aufzeichnung nicht steht.",
    "rights": "Verweis auf eine Rechtegrundlage, die in der Aufzeichnung nicht steht.",
}


def check_links(index: Index) -> Iterator[Finding]:
    """Links that lead nowhere."""
    for kind, path, link, target, code in _LINKS:
        for where, node in places(index, kind):
            holders = node.findall(f"{NS}{path}") if path else [node]
            for holder in holders:
                for key in keys_of(holder, link, inside=True):
                    if key not in index.ids[target]:
                        place = f"{where}/{path}/{link}Identifier" if path else f"{where}/{link}Identifier"
                        yield error(code, place, _LEADS_NOWHERE[target])
