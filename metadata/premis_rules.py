"""What the PREMIS schema cannot say: ids, links, event types, times, digests, outcomes and derivations (PR-nn).

PREMIS Data Dictionary 3.0. Positions name the place; identifiers and names never stand in a finding.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from lxml import etree

from akten.findings import Finding, Severity
from metadata.premis_links import (
    NS,
    Index,
    Key,
    check_ids,
    check_links,
    check_xml_ids,
    error,
    gather,
    keys_of,
    places,
    text_of,
    warning,
)
from metadata.premis_terms import (
    CHECKS,
    FROM_SOURCE,
    IS_SOURCE,
    RELATIONSHIP_TYPES,
    RIGHTS_PARTS,
    digest_length,
    event_term,
    is_event_address,
)
from metadata.premis_time import Span, TimedEvent, check_ingestion, check_order, is_birth, is_time, read_span

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_OUTCOME_NOTE = f"{NS}eventOutcomeInformation/{NS}eventOutcomeDetail/{NS}eventOutcomeDetailNote"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")
_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_NO_LETTER = re.compile(r"[^a-z]")
_MOST_PAIRS = 1_000_000  # of an object and an event that made something of it; a real record has a few per page
# Terms that make something new of something old when it is named as their outcome.
_MAKERS = frozenset(
    {
        "compiling",
        "compression",
        "decompression",
        "decryption",
        "encryption",
        "extraction",
        "metadata extraction",
        "migration",
        "normalization",
        "redaction",
        "unpacking",
    }
)


def check_rules(root: etree._Element, *, now: datetime | None = None) -> Iterator[Finding]:
    """All findings of a record whose root is `premis`, or a lone object, event, agent or rights.

    A lone part names things outside itself, so its links are not judged.
    """
    whole = root.tag == f"{NS}premis"
    index = gather(root, whole=whole)
    yield from check_ids(index)
    yield from check_xml_ids(root)
    if whole:
        yield from check_links(index)
    yield from _check_events(index, now)
    yield from _check_objects(index)
    yield from _check_derivations(index)
    yield from _check_times(index)
    yield from _check_rights(index)


# -- events ------------------------------------------------------------------------------------------------------------


def _check_events(index: Index, now: datetime | None) -> Iterator[Finding]:
    for where, node in places(index, "event"):
        yield from _check_type(where, node)
        yield from _check_time(where, text_of(node, "eventDateTime"), now)
        term = event_term(text_of(node, "eventType"))
        outcomes = [text_of(found, "eventOutcome") for found in node.findall(f"{NS}eventOutcomeInformation")]
        if term in CHECKS and not any(outcomes):
            if any((note.text or "").strip() for note in node.iterfind(_OUTCOME_NOTE)):
                yield warning("PR-60", where, f"Die Prüfung „{term}“ sagt ihr Ergebnis nur in einer Anmerkung.")
            else:
                yield error("PR-60", where, f"Die Prüfung „{term}“ nennt kein Ergebnis.")


def _check_type(where: str, node: etree._Element) -> Iterator[Finding]:
    kind = node.find(f"{NS}eventType")
    text = (kind.text or "").strip() if kind is not None else ""
    term = event_term(text)
    uri = str(kind.get("valueURI", "")) if kind is not None else ""
    authority = f"{kind.get('authority', '')} {kind.get('authorityURI', '')}".casefold() if kind is not None else ""
    if term is None:
        other = authority.strip() and "eventtype" not in authority and "id.loc.gov" not in authority
        if not authority.strip():  # the address of the term may be all that names its list
            other = uri.strip() and "id.loc.gov" not in uri.casefold()
        if text and other:
            yield warning("PR-31", where, "Die Art des Ereignisses stammt aus einer anderen Liste als der der LoC.")
        else:
            yield error("PR-30", where, "Die Art des Ereignisses steht nicht in der Liste der Library of Congress.")
        return
    if is_event_address(uri) and event_term(uri) != term:
        yield error("PR-32", where, f"Art „{term}“ und Adresse (valueURI) widersprechen einander.")
    if text != term and " ".join(text.casefold().split()) == term:
        yield Finding("PR-33", Severity.INFO, where, f"Die Liste schreibt „{term}“ klein.")


def _check_time(where: str, text: str, now: datetime | None) -> Iterator[Finding]:
    span = read_span(text)
    if span is None:
        if is_time(text):
            yield warning("PR-42", where, "Die Zeit des Ereignisses ist zu ungenau, um ihre Reihenfolge zu prüfen.")
        else:
            yield error("PR-40", where, "Die Zeit des Ereignisses ist nicht nach ISO 8601/EDTF lesbar.")
        return
    if span.clock and not span.zoned:
        yield error("PR-41", where, "Die Zeit des Ereignisses hat keine Zeitzone.")
    elif not span.clock:
        yield warning("PR-42", where, "Vom Ereignis ist nur der Tag oder ein Zeitraum bekannt, keine Uhrzeit.")
    if now is not None and span.earliest > now + timedelta(days=1):
        yield warning("PR-48", where, "Das Ereignis liegt in der Zukunft.")


def _check_times(index: Index) -> Iterator[Finding]:
    """Order of times, object by object. An object may have many identifiers: what is linked stands under its first."""
    first = _first_keys(index)
    by_id: dict[Key, TimedEvent] = {}
    linked: dict[Key, dict[str, TimedEvent]] = defaultdict(dict)
    births: dict[Key, dict[str, TimedEvent]] = defaultdict(dict)
    unlinked: list[TimedEvent] = []
    for where, node in places(index, "event"):
        span: Span | None = read_span(text_of(node, "eventDateTime"))
        if span is None:
            continue
        event = TimedEvent(where, event_term(text_of(node, "eventType")), span)
        by_id.update(dict.fromkeys(keys_of(node, "event"), event))
        links = node.findall(f"{NS}linkingObjectIdentifier")
        if not links:
            unlinked.append(event)
        # of several objects without a role any may be what another was made from
        told = len(links) == 1 or node.find(f"{NS}linkingObjectIdentifier/{NS}linkingObjectRole") is not None
        for link in links:
            key = (text_of(link, "linkingObjectIdentifierType"), text_of(link, "linkingObjectIdentifierValue"))
            key = first.get(key, key)
            roles = {(role.text or "").strip().casefold() for role in link.findall(f"{NS}linkingObjectRole")}
            linked[key][where] = event
            born = told and "source" not in roles and is_birth(event.term)
            if born or ("outcome" in roles and event.term in _MAKERS):
                births[key][where] = event
    pairs = 0
    objects = [(node, first[own[0]]) for node in index.nodes["object"] if (own := keys_of(node, "object"))]
    for node, key in objects:
        for event_key in keys_of(node, "linkingEvent"):
            if (found := by_id.get(event_key)) is not None:
                linked[key].setdefault(found.where, found)
        for relationship in node.findall(f"{NS}relationship"):
            if not _is_derived(relationship):
                continue
            makers = {made.where: made for k in keys_of(relationship, "relatedEvent") if (made := by_id.get(k))}
            births[key].update(makers)
            related = {first.get(k, k) for k in keys_of(relationship, "relatedObject")}
            pairs += len(makers) * len(related)
            if pairs > _MOST_PAIRS:
                yield warning("PR-49", "", "Zu viele Ableitungen: die Reihenfolge der Zeiten ist nicht geprüft.")
                return
            for other in related:
                linked[other].update(makers)
    seen: set[Finding] = set(check_ingestion(unlinked))
    for node, key in objects:
        events, makers = linked.get(key, {}), births.get(key, {})
        abstract = str(node.get(_XSI_TYPE, "")).rpartition(":")[2] == "intellectualEntity"
        seen.update(check_order(list(events.values()), list(makers.values()), copies_may_follow=abstract))
        seen.update(check_ingestion(list(events.values())))
    yield from sorted(seen)


def _first_keys(index: Index) -> dict[Key, Key]:
    """Any identifier of an object → its first one."""
    first: dict[Key, Key] = {}
    for node in index.nodes["object"]:
        own = keys_of(node, "object")
        first.update((key, own[0]) for key in own)
    return first


# -- objects -----------------------------------------------------------------------------------------------------------


def _check_objects(index: Index) -> Iterator[Finding]:
    for where, node in places(index, "object"):
        kind = str(node.get(_XSI_TYPE, "")).rpartition(":")[2]
        fixities = 0
        for facts in node.findall(f"{NS}objectCharacteristics"):
            found = facts.findall(f"{NS}fixity")
            fixities += len(found)
            yield from _check_fixities(where, found)
            size = text_of(facts, "size")
            if size and not re.fullmatch(r"\+?\d{1,19}", size):
                yield error("PR-55", where, "Die Größe ist keine Zahl von Bytes ab 0.")
        if kind == "file" and not fixities:
            yield warning("PR-54", where, "Die Datei hat keine Prüfsumme.")
        for relationship in node.findall(f"{NS}relationship"):
            name = relationship.find(f"{NS}relationshipType")
            text = text_of(relationship, "relationshipType").casefold()
            if text not in RELATIONSHIP_TYPES and (name is None or not name.attrib):
                yield warning("PR-73", where, "Die Art der Beziehung steht nicht in der Liste der LoC.")


def _check_fixities(where: str, fixities: Iterable[etree._Element]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for fixity in fixities:
        algorithm, digest = text_of(fixity, "messageDigestAlgorithm"), text_of(fixity, "messageDigest")
        length = digest_length(algorithm)
        if length is None:
            yield warning("PR-52", where, "Das Verfahren der Prüfsumme ist unbekannt; sie wurde nicht beurteilt.")
            if not digest:
                yield error("PR-50", where, "Die Prüfsumme ist leer.")
        elif not _HEX.match(digest):
            if _BASE64.match(digest) and len(digest) == 4 * -(-length // 6):
                yield warning("PR-56", where, "Die Prüfsumme steht in Base64 statt hexadezimal.")
            else:
                yield error("PR-50", where, "Die Prüfsumme ist nicht hexadezimal geschrieben.")
        elif len(digest) != length:
            yield error("PR-51", where, f"Die Prüfsumme hat {len(digest)} statt {length} Stellen.")
        plain = re.sub(r"[-_ /]", "", algorithm).upper()
        if seen.setdefault(plain, digest.casefold()) != digest.casefold():
            yield error("PR-53", where, "Zwei verschiedene Prüfsummen desselben Verfahrens.")


def _is_derived(relationship: etree._Element) -> bool | None:
    """True when the object that holds this relationship was made from the related one, False when the related one was
    made from it, None when the record does not say which: to guess would turn causes into effects."""
    if text_of(relationship, "relationshipType").casefold() != "derivation":
        return None
    subtype = _NO_LETTER.sub("", text_of(relationship, "relationshipSubType").casefold())
    return True if subtype in FROM_SOURCE else False if subtype in IS_SOURCE else None


def _check_derivations(index: Index) -> Iterator[Finding]:
    """Every derivation names an event that can make something, and nothing derives from itself."""
    terms: dict[Key, str | None] = {}
    for node in index.nodes["event"]:
        terms.update(dict.fromkeys(keys_of(node, "event"), event_term(text_of(node, "eventType"))))
    first = _first_keys(index)
    sources: dict[Key, set[Key]] = defaultdict(set)
    place: dict[Key, str] = {}
    for where, node in places(index, "object"):
        own = keys_of(node, "object")
        for relationship in node.findall(f"{NS}relationship"):
            if text_of(relationship, "relationshipType").casefold() != "derivation":
                continue
            events = keys_of(relationship, "relatedEvent")
            if not events:
                yield error("PR-70", where, "Die Ableitung nennt kein Ereignis, durch das sie entstand.")
            elif all(terms.get(key) in CHECKS for key in events):
                yield warning("PR-72", where, "Als Ereignis der Ableitung ist eine Prüfung genannt.")
            if own:
                place[first[own[0]]] = where
                related = {first.get(key, key) for key in keys_of(relationship, "relatedObject")}
                derived = _is_derived(relationship)
                if derived:
                    sources[first[own[0]]] |= related
                elif derived is False:
                    for key in related:
                        sources[key].add(first[own[0]])
    yield from (
        error("PR-71", place.get(key, "object"), "Das Objekt ist (über andere) aus sich selbst abgeleitet.")
        for key in _in_circles(sources)
    )


def _in_circles(sources: dict[Key, set[Key]]) -> list[Key]:
    """What is left when objects without open sources are taken away again and again."""
    open_sources = {key: {source for source in wanted if source in sources} for key, wanted in sources.items()}
    users: dict[Key, list[Key]] = defaultdict(list)
    for key, wanted in open_sources.items():
        for source in wanted:
            users[source].append(key)
    free = [key for key, wanted in open_sources.items() if not wanted]
    done = set(free)
    while free:
        source = free.pop()
        for user in users[source]:
            left = open_sources[user]
            left.discard(source)
            if not left and user not in done:
                done.add(user)
                free.append(user)
    return [key for key in open_sources if key not in done]


# -- rights ------------------------------------------------------------------------------------------------------------


def _check_rights(index: Index) -> Iterator[Finding]:
    for where, node in places(index, "rights"):
        for statement in node.findall(f"{NS}rightsStatement"):
            part = RIGHTS_PARTS.get(text_of(statement, "rightsBasis").casefold())
            if part is not None and statement.find(f"{NS}{part}") is None:
                yield warning("PR-80", where, f"Zur Rechtegrundlage fehlt der Teil „{part}“.")
            for term in statement.iter(etree.Element):
                start, end = text_of(term, "startDate"), text_of(term, "endDate")
                if not start or not end:
                    continue
                first, last = read_span(start), read_span(end)
                if first is not None and last is not None and last.latest <= first.earliest:
                    yield error("PR-47", where, "Das Ende des Zeitraums liegt vor seinem Beginn.")
