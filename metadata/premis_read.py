"""XML → PREMIS record: reads what `write_record` writes, and refuses what its values cannot hold."""

from __future__ import annotations

from datetime import date, datetime

from lxml import etree

from akten.errors import Rejected
from akten.findings import Finding, Severity
from metadata.premis_model import (
    NAMESPACE,
    AgentLink,
    AgentType,
    Category,
    Fixity,
    Format,
    Identifier,
    ObjectLink,
    PremisAgent,
    PremisEvent,
    PremisObject,
    PremisRecord,
    PremisRights,
    Relationship,
)
from metadata.premis_parse import Refused, parse

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def read_record(xml: bytes) -> PremisRecord:
    """The record that was written. Raises Rejected (PR-01, PR-02) for anything that would be lost by reading."""
    try:
        root = parse(xml).getroot()
    except Refused as error:
        raise _rejected("PR-01", "", error.reason) from error
    if root.tag != f"{{{NAMESPACE}}}premis":
        raise _rejected("PR-02", "", "Keine PREMIS-3-Aufzeichnung.")
    readers = {"object": _object, "event": _event, "agent": _agent, "rights": _rights}
    found: dict[str, list[object]] = {name: [] for name in readers}
    for node in root:
        name = _name(node)
        if name not in readers:
            raise _rejected("PR-02", name, "Unbekanntes Element.")
        try:
            found[name].append(readers[name](node))
        except ValueError as error:
            raise _rejected("PR-02", f"{name} in Zeile {node.sourceline}", "Der Inhalt ist nicht lesbar.") from error
    return PremisRecord(
        objects=tuple(x for x in found["object"] if isinstance(x, PremisObject)),
        events=tuple(x for x in found["event"] if isinstance(x, PremisEvent)),
        agents=tuple(x for x in found["agent"] if isinstance(x, PremisAgent)),
        rights=tuple(x for x in found["rights"] if isinstance(x, PremisRights)),
    )


def _rejected(code: str, where: str, text: str) -> Rejected:
    return Rejected((Finding(code, Severity.ERROR, where, text),))


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname


def _text(node: etree._Element, path: str) -> str:
    """Text of one descendant, "" when absent."""
    found = node.find("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))
    return (found.text or "") if found is not None else ""


def _all(node: etree._Element, path: str) -> list[etree._Element]:
    return node.findall("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))


def _texts(node: etree._Element, path: str) -> tuple[str, ...]:
    return tuple(found.text or "" for found in _all(node, path))


def _only(node: etree._Element, allowed: str) -> None:
    """Raises ValueError when a child is not among the allowed names: nothing may be lost silently."""
    names = frozenset(allowed.split())
    for child in node:
        if _name(child) not in names:
            raise ValueError(f"element {_name(child)} cannot be kept")


def _identifiers(node: etree._Element, name: str) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(_text(found, f"{name}IdentifierType"), _text(found, f"{name}IdentifierValue"))
        for found in _all(node, f"{name}Identifier")
    )


def _identifier(node: etree._Element, name: str) -> Identifier:
    (identifier,) = _identifiers(node, name)
    return identifier


def _object(node: etree._Element) -> PremisObject:
    _only(
        node,
        "objectIdentifier significantProperties objectCharacteristics originalName relationship linkingEventIdentifier",
    )
    fixity: tuple[Fixity, ...] = ()
    size: int | None = None
    form: Format | None = None
    for facts in _all(node, "objectCharacteristics"):
        if form is not None:
            raise ValueError("more than one objectCharacteristics")
        _only(facts, "compositionLevel fixity size format")
        fixity = tuple(
            Fixity(_text(x, "messageDigestAlgorithm"), _text(x, "messageDigest"), _text(x, "messageDigestOriginator"))
            for x in _all(facts, "fixity")
        )
        size = int(_text(facts, "size")) if _all(facts, "size") else None
        (format_node,) = _all(facts, "format")
        form = Format(
            _text(format_node, "formatDesignation/formatName"),
            _text(format_node, "formatDesignation/formatVersion"),
            _text(format_node, "formatRegistry/formatRegistryKey"),
            _text(format_node, "formatNote"),
        )
    return PremisObject(
        category=Category(str(node.get(_XSI_TYPE, "")).rpartition(":")[2]),
        identifiers=_identifiers(node, "object"),
        properties=tuple(
            (_text(x, "significantPropertiesType"), _text(x, "significantPropertiesValue"))
            for x in _all(node, "significantProperties")
        ),
        fixity=fixity,
        size=size,
        format=form,
        original_name=_text(node, "originalName"),
        relationships=tuple(_relationship(x) for x in _all(node, "relationship")),
        events=_identifiers(node, "linkingEvent"),
    )


def _relationship(node: etree._Element) -> Relationship:
    _only(node, "relationshipType relationshipSubType relatedObjectIdentifier relatedEventIdentifier")
    return Relationship(
        _text(node, "relationshipType"),
        _text(node, "relationshipSubType"),
        _identifiers(node, "relatedObject"),
        _identifiers(node, "relatedEvent"),
    )


def _time(text: str) -> datetime | date:
    return date.fromisoformat(text) if len(text) == len("2026-11-23") else datetime.fromisoformat(text)


def _event(node: etree._Element) -> PremisEvent:
    _only(
        node,
        "eventIdentifier eventType eventDateTime eventDetailInformation eventOutcomeInformation"
        " linkingAgentIdentifier linkingObjectIdentifier",
    )
    return PremisEvent(
        identifier=_identifier(node, "event"),
        type=_text(node, "eventType"),
        time=_time(_text(node, "eventDateTime")),
        details=_texts(node, "eventDetailInformation/eventDetail"),
        outcome=_text(node, "eventOutcomeInformation/eventOutcome"),
        notes=_texts(node, "eventOutcomeInformation/eventOutcomeDetail/eventOutcomeDetailNote"),
        agents=tuple(
            AgentLink(
                Identifier(_text(x, "linkingAgentIdentifierType"), _text(x, "linkingAgentIdentifierValue")),
                _texts(x, "linkingAgentRole"),
            )
            for x in _all(node, "linkingAgentIdentifier")
        ),
        objects=tuple(
            ObjectLink(
                Identifier(_text(x, "linkingObjectIdentifierType"), _text(x, "linkingObjectIdentifierValue")),
                _texts(x, "linkingObjectRole"),
            )
            for x in _all(node, "linkingObjectIdentifier")
        ),
    )


def _agent(node: etree._Element) -> PremisAgent:
    _only(node, "agentIdentifier agentName agentType agentVersion agentNote")
    return PremisAgent(
        identifier=_identifier(node, "agent"),
        name=_text(node, "agentName"),
        type=AgentType(_text(node, "agentType")),
        version=_text(node, "agentVersion"),
        notes=_texts(node, "agentNote"),
    )


def _rights(node: etree._Element) -> PremisRights:
    (statement,) = _all(node, "rightsStatement")
    _only(statement, "rightsStatementIdentifier rightsBasis statuteInformation rightsGranted linkingObjectIdentifier")
    end = _text(statement, "rightsGranted/termOfRestriction/endDate")
    return PremisRights(
        identifier=_identifier(statement, "rightsStatement"),
        jurisdiction=_text(statement, "statuteInformation/statuteJurisdiction"),
        citation=_text(statement, "statuteInformation/statuteCitation"),
        act=_text(statement, "rightsGranted/act"),
        restriction=_text(statement, "rightsGranted/restriction"),
        start=date.fromisoformat(_text(statement, "rightsGranted/termOfRestriction/startDate")),
        end=date.fromisoformat(end) if end else None,
        objects=_identifiers(statement, "linkingObject"),
    )
