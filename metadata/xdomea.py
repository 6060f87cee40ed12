"""The door to XDOMEA messages: write and read 0501 to 0507, picked by version (3.0.0, 3.1.0, 4.0.0; 2.x is read)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import cast

from lxml import etree

from akten.collector import collector_waits
from akten.errors import Rejected
from akten.findings import Finding, Severity, has_errors
from metadata import v2, v3, v4
from metadata.binding import PREFIX, Shape, Uncarriable, Unreadable, Writing, quote
from metadata.codelists import names
from metadata.messages import Message
from metadata.parse import LIMITS, ParseLimits, parse_xml
from metadata.profile import READ_VERSIONS, Profile
from metadata.rules import path_of
from metadata.schemas import ENTRY

_NAMESPACE = re.compile(r"urn:xoev-de:xdomea:schema:(\d+\.\d+\.\d+)\Z")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DEEPEST = 64  # levels of XML that are read into values; the packaging rules allow five levels of objects


def namespace(version: str) -> str:
    """The namespace of a version; detection goes by it alone."""
    return f"urn:xoev-de:xdomea:schema:{version}"


def tables(version: str) -> Mapping[str, Shape]:
    """The tables of a version by message code."""
    if version.startswith("2."):
        return v2.MESSAGES
    return v4.MESSAGES if version.startswith("4.") else v3.MESSAGES


@cache
def _roots(version: str) -> Mapping[str, str]:
    return {f"{name}.{code}": code for code, name in names(version).items()}


def kind_of(root: etree._Element) -> tuple[str | None, str | None]:
    """Version by namespace and code by root name, each None when there is no such thing."""
    name = etree.QName(root)
    match = _NAMESPACE.match(name.namespace or "")
    if not match:
        return None, None
    version = match[1]
    return version, _roots(version).get(name.localname) if version in READ_VERSIONS else None


def root_name(version: str, code: str) -> str:
    """Local name of the root element."""
    return f"{names(version)[code]}.{code}"


@collector_waits()
def write_message(message: Message, profile: Profile) -> bytes:
    """The message as XML in the version of the profile; the same message and profile give the same bytes.

    What a version has no place for and loses nothing by (hash, message number …) is left out, see `carried`.
    Raises Rejected (XD-14) where something of weight would be lost, such as a Dokument at the root of a 4.0.0 message.
    """
    shape = tables(profile.version)[message.code]
    name = f"{PREFIX}:{root_name(profile.version, message.code)}"
    space = namespace(profile.version)
    extra = v4.root_attributes(message.kopf) if profile.version.startswith("4.") else ""
    to = Writing(profile.dateiformat_list_version)
    to.out.append('<?xml version="1.0" encoding="UTF-8"?>')
    to.out.append(
        f'<{name} xmlns:{PREFIX}="{space}" xmlns:xsi="{_XSI}" xsi:schemaLocation="{quote(space)} {ENTRY}"{extra}>'
    )
    try:
        shape.write(message, to, " ")
    except Uncarriable as problem:
        text = f"XDOMEA {profile.version} kann das nicht tragen: {problem}"
        raise Rejected((Finding("XD-14", Severity.ERROR, message.code, text),)) from problem
    to.out.append(f"</{name}>")
    to.out.append("")
    return "\n".join(to.out).encode("utf-8")


def carried(message: Message, version: str) -> Message:
    """The message as this version carries it: `read_message(write_message(m, p)) == carried(m, p.version)`.

    For 4.0.0 that is the message itself when it has a message UUID. 3.x drops `nachricht`, `ursprung`, `lfd_nr`,
    `gesamt`, `hersteller`, `kontext`, `sha256`, `geaendert`, `datenschutzstufe`, `begruendung`, `transferfristende`
    and the result of an import as a whole.
    """
    return cast(Message, tables(version)[message.code].carried(message))


@collector_waits()
def read_message(xml: bytes, *, limits: ParseLimits = LIMITS) -> Message:
    """The message that the XML holds; lenient where something is omitted, strict where a value has no meaning.

    Raises Rejected with XD findings: hostile or broken XML, unknown version or message, unreadable values.
    """
    parsed = parse_xml(xml, limits=limits)
    if parsed.tree is None or has_errors(parsed.findings):
        raise Rejected(parsed.findings)
    root = parsed.tree.getroot()
    version, code = kind_of(root)
    if version not in READ_VERSIONS:
        text = f"Unbekannte XDOMEA-Version; gelesen werden {', '.join(READ_VERSIONS)}."
        raise Rejected((Finding("XD-07", Severity.ERROR, "/", text),))
    if code is None:
        text = f"Das Wurzelelement ist keine Nachricht der Gruppe 05 von XDOMEA {version}."
        raise Rejected((Finding("XD-08", Severity.ERROR, "/", text),))
    shape = tables(version).get(code)
    if shape is None:
        text = f"Nachrichten {code} werden geprüft, aber nicht eingelesen."
        raise Rejected((Finding("XD-15", Severity.ERROR, "/", text),))
    if _too_deep(root):
        raise Rejected((Finding("XD-80", Severity.ERROR, "/", "Die Schriftgutobjekte sind zu tief geschachtelt."),))
    return _read(shape, root)


def _too_deep(root: etree._Element) -> bool:
    """True when an element lies deeper than the reader follows; asked of the recursive elements only."""
    space = etree.QName(root).namespace
    recursive = [f"{{{space}}}{name}" for name in ("Teilakte", "Teilvorgang", "Anlage", "Schriftstueck")]
    return any(sum(1 for _ in element.iterancestors()) > _DEEPEST for element in root.iter(*recursive))


def _read(shape: Shape, root: etree._Element) -> Message:
    try:
        return cast(Message, shape.read(root))
    except Unreadable as problem:
        raise Rejected((Finding("XD-16", Severity.ERROR, path_of(problem.element), problem.text),)) from problem
