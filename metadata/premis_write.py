"""PREMIS record → XML: deterministic bytes in the order that the schema fixes (PREMIS 3.0 XSD)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from lxml import etree

from metadata.premis_model import (
    NAMESPACE,
    VERSION,
    Category,
    Fixity,
    Format,
    Identifier,
    PremisAgent,
    PremisEvent,
    PremisObject,
    PremisRecord,
    PremisRights,
    Relationship,
)
from metadata.premis_terms import EVENT_TYPE_URI

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NSMAP = {"premis": NAMESPACE, "xsi": _XSI}


def write_record(record: PremisRecord) -> bytes:
    """The record as UTF-8 XML with declaration; the same record gives the same bytes."""
    root = etree.Element(f"{{{NAMESPACE}}}premis", nsmap=_NSMAP)
    root.set("version", VERSION)
    for thing in record.objects:
        _write_object(root, thing)
    for event in record.events:
        _write_event(root, event)
    for agent in record.agents:
        _write_agent(root, agent)
    for rights in record.rights:
        _write_rights(root, rights)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def time_text(time: datetime | date) -> str:
    """ISO 8601: a day, or an instant with its zone."""
    return time.isoformat()


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text is not None:
        child.text = text
    return child


def _add_identifier(parent: etree._Element, name: str, identifier: Identifier) -> etree._Element:
    """`name` without "Identifier": object, event, linkingAgent …"""
    outer = _add(parent, f"{name}Identifier")
    _add(outer, f"{name}IdentifierType", identifier.type)
    _add(outer, f"{name}IdentifierValue", identifier.value)
    return outer


def _write_object(root: etree._Element, thing: PremisObject) -> None:
    node = _add(root, "object")
    node.set(f"{{{_XSI}}}type", f"premis:{thing.category.value}")
    for identifier in thing.identifiers:
        _add_identifier(node, "object", identifier)
    for name, value in thing.properties:
        property_node = _add(node, "significantProperties")
        _add(property_node, "significantPropertiesType", name)
        _add(property_node, "significantPropertiesValue", value)
    if thing.category is Category.FILE and thing.format is not None:
        _write_characteristics(node, thing.fixity, thing.size, thing.format)
    if thing.original_name:
        _add(node, "originalName", thing.original_name)
    for relationship in thing.relationships:
        _write_relationship(node, relationship)
    for event in thing.events:
        _add_identifier(node, "linkingEvent", event)


def _write_characteristics(node: etree._Element, fixity: Sequence[Fixity], size: int | None, form: Format) -> None:
    facts = _add(node, "objectCharacteristics")
    _add(facts, "compositionLevel", "0")
    for entry in fixity:
        fixity_node = _add(facts, "fixity")
        _add(fixity_node, "messageDigestAlgorithm", entry.algorithm)
        _add(fixity_node, "messageDigest", entry.digest)
        if entry.originator:
            _add(fixity_node, "messageDigestOriginator", entry.originator)
    if size is not None:
        _add(facts, "size", str(size))
    format_node = _add(facts, "format")
    designation = _add(format_node, "formatDesignation")
    _add(designation, "formatName", form.name)
    if form.version:
        _add(designation, "formatVersion", form.version)
    if form.pronom:
        registry = _add(format_node, "formatRegistry")
        _add(registry, "formatRegistryName", "PRONOM")
        _add(registry, "formatRegistryKey", form.pronom)
    if form.note:
        _add(format_node, "formatNote", form.note)


def _write_relationship(node: etree._Element, relationship: Relationship) -> None:
    outer = _add(node, "relationship")
    _add(outer, "relationshipType", relationship.type)
    _add(outer, "relationshipSubType", relationship.subtype)
    for identifier in relationship.objects:
        _add_identifier(outer, "relatedObject", identifier)
    for identifier in relationship.events:
        _add_identifier(outer, "relatedEvent", identifier)


def _write_event(root: etree._Element, event: PremisEvent) -> None:
    node = _add(root, "event")
    _add_identifier(node, "event", event.identifier)
    kind = _add(node, "eventType", event.type)
    kind.set("authority", "eventType")
    kind.set("authorityURI", EVENT_TYPE_URI)
    kind.set("valueURI", f"{EVENT_TYPE_URI}/{event.code}")
    _add(node, "eventDateTime", time_text(event.time))
    for detail in event.details:
        _add(_add(node, "eventDetailInformation"), "eventDetail", detail)
    if event.outcome or event.notes:
        outcome = _add(node, "eventOutcomeInformation")
        if event.outcome:
            _add(outcome, "eventOutcome", event.outcome)
        for note in event.notes:
            _add(_add(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", note)
    for agent in event.agents:
        link = _add_identifier(node, "linkingAgent", agent.agent)
        for role in agent.roles:
            _add(link, "linkingAgentRole", role)
    for thing in event.objects:
        link = _add_identifier(node, "linkingObject", thing.object)
        for role in thing.roles:
            _add(link, "linkingObjectRole", role)


def _write_agent(root: etree._Element, agent: PremisAgent) -> None:
    node = _add(root, "agent")
    _add_identifier(node, "agent", agent.identifier)
    _add(node, "agentName", agent.name)
    _add(node, "agentType", agent.type.value)
    if agent.version:
        _add(node, "agentVersion", agent.version)
    for note in agent.notes:
        _add(node, "agentNote", note)


def _write_rights(root: etree._Element, rights: PremisRights) -> None:
    statement = _add(_add(root, "rights"), "rightsStatement")
    _add_identifier(statement, "rightsStatement", rights.identifier)
    _add(statement, "rightsBasis", "statute")
    statute = _add(statement, "statuteInformation")
    _add(statute, "statuteJurisdiction", rights.jurisdiction)
    _add(statute, "statuteCitation", rights.citation)
    granted = _add(statement, "rightsGranted")
    _add(granted, "act", rights.act)
    _add(granted, "restriction", rights.restriction)
    term = _add(granted, "termOfRestriction")
    _add(term, "startDate", rights.start.isoformat())
    if rights.end is not None:
        _add(term, "endDate", rights.end.isoformat())
    for identifier in rights.objects:
        _add_identifier(statement, "linkingObject", identifier)
