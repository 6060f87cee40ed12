"""Every PR rule has a record that breaks exactly this one thing; what was not looked at is never called valid."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from lxml import etree

from akten.findings import Judgement, Severity, Verdict
from metadata import premis
from metadata.premis_terms import EVENT_TYPES
from metadata.premis_time import read_span
from tests.metadata.premis_broken import (
    AGENT_LINK,
    BASE64,
    LOC,
    RELATED_EVENT,
    RELATED_OBJECT,
    SCAN,
    T0,
    TERM,
    XSI,
    Node,
    P,
    a_file,
    append_event,
    attribute,
    belonging_told_by_an_event,
    circle,
    clone,
    digest_of_nothing,
    elsewhere,
    empty_outcome,
    environment,
    event,
    extension_with_ids,
    find,
    fixity,
    foreign_list,
    good,
    ingestion_of_nothing,
    link,
    made_of_one_another,
    no_derivation_event,
    no_fixity,
    no_outcome,
    put,
    relation,
    remove,
    rights_over_nothing,
    second_fixity,
    set_time,
    source_of,
    twice_xml_id,
    unknown_type_of_the_list,
    wrong_address,
    wrong_derivation_event,
    wrong_kind_of_xml_id,
)

# code, severity that decides, what is broken
BROKEN: list[tuple[str, str, Callable[[Node], object]]] = [
    ("PR-03", "a file without characteristics", lambda r: remove(a_file(r).find(P + "objectCharacteristics"))),
    ("PR-03", "no version", lambda r: r.attrib.pop("version", "")),
    ("PR-03", "agents before events", lambda r: r.insert(1, r.find(P + "agent"))),
    ("PR-10", "an object twice", lambda r: clone(r, "object")),
    ("PR-11", "an event twice", lambda r: clone(r, "event")),
    ("PR-12", "an agent twice", lambda r: clone(r, "agent")),
    ("PR-12", "a rights statement twice", lambda r: clone(r, "rights")),
    ("PR-13", "an empty identifier", lambda r: put(r, "agent/agentIdentifier/agentIdentifierValue", " ")),
    ("PR-14", "an xmlID twice", twice_xml_id),
    ("PR-20", "an unknown agent", lambda r: put(r, AGENT_LINK + "/linkingAgentIdentifierValue", "x")),
    ("PR-20", "an agent under another type", lambda r: put(r, AGENT_LINK + "/linkingAgentIdentifierType", "x")),
    ("PR-20", "a missing agent", lambda r: remove(r.find(P + "agent"))),
    ("PR-21", "an unknown object", lambda r: put(r, "event/linkingObjectIdentifier/linkingObjectIdentifierValue", "x")),
    ("PR-22", "an unknown event at an object", lambda r: link(a_file(r), "linkingEvent")),
    ("PR-22", "an unknown event at an agent", lambda r: link(find(r, "agent"), "linkingEvent")),
    ("PR-23", "a simpleLink into the record that leads nowhere", lambda r: elsewhere(r, "#nirgends")),
    ("PR-23", "an unknown related object", lambda r: put(r, RELATED_OBJECT, "x")),
    ("PR-24", "an unknown related event", lambda r: put(r, RELATED_EVENT, "x")),
    ("PR-25", "unknown rights", lambda r: link(a_file(r), "linkingRightsStatement")),
    ("PR-26", "an IDREF to nothing", lambda r: attribute(r, AGENT_LINK, "LinkAgentXmlID", "a9")),
    ("PR-26", "an IDREF to another kind", wrong_kind_of_xml_id),
    ("PR-26", "a derivation by an IDREF to no event", lambda r: relation(r, "Event").set("RelEventXmlID", "e9")),
    ("PR-26", "a relation by an IDREF to no object", lambda r: relation(r, "Object").set("RelObjectXmlID", "o9")),
    ("PR-26", "an environment that is an event", lambda r: environment(r, "event")),
    ("PR-27", "rights over an unknown object", rights_over_nothing),
    ("PR-30", "an unknown event type", lambda r: put(event(r, "capture"), "eventType", "scannen")),
    ("PR-30", "an empty event type", lambda r: put(event(r, "capture"), "eventType", "")),
    ("PR-31", "a type of another list", foreign_list),
    ("PR-31", "a type of another list by its address", lambda r: foreign_list(r, "valueURI", "urn:haus:eventType:1")),
    ("PR-32", "type and address differ", wrong_address),
    ("PR-32", "type and https address differ", lambda r: wrong_address(r, LOC.replace("http:", "https:"))),
    ("PR-30", "an unknown type under the name of the list", unknown_type_of_the_list),
    ("PR-33", "a line end inside", lambda r: put(event(r, "fixity check"), "eventType", "fixity\n    check")),
    ("PR-33", "a capital letter", lambda r: put(event(r, "capture"), "eventType", "Capture")),
    ("PR-40", "no time", lambda r: set_time(r, "capture", "gestern")),
    ("PR-40", "31 February", lambda r: set_time(r, "capture", "2026-02-31T10:00:00Z")),
    ("PR-40", "hour 25", lambda r: set_time(r, "capture", "2026-02-03T25:00:00Z")),
    ("PR-41", "no zone", lambda r: set_time(r, "capture", "2026-11-22T08:00:00")),
    ("PR-42", "a day only", lambda r: set_time(r, "capture", "2026-11-22")),
    ("PR-43", "recognised before it was scanned", lambda r: set_time(r, "metadata extraction", "2026-11-20T08:00:00Z")),
    ("PR-43", "validated before it was made", lambda r: set_time(r, "validation", "2026-11-23T08:00:00Z")),
    ("PR-43", "scanned after everything", lambda r: set_time(r, "capture", "2026-11-24T08:00:00Z")),
    ("PR-43", "an hour early by its zone", lambda r: set_time(r, "validation", "2026-11-23T10:30:00+01:00")),
    ("PR-44", "ingestion ends first", lambda r: set_time(r, "ingestion end", "2026-11-22T08:00:00Z")),
    ("PR-44", "ingestion of no object ends first", ingestion_of_nothing),
    ("PR-45", "checked after deletion", lambda r: append_event(r, "deletion", "2026-11-23T13:00:00Z", SCAN)),
    ("PR-46", "checked before digested", lambda r: set_time(r, "fixity check", "2026-11-23T08:30:00Z")),
    ("PR-47", "closure ends before it starts", lambda r: put(r, TERM + "/endDate", "2020-01-01")),
    ("PR-50", "a digest with other letters", lambda r: fixity(r, "messageDigest", "z" * 64)),
    ("PR-50", "an empty digest", lambda r: fixity(r, "messageDigest", "")),
    ("PR-50", "Base64 of another length", lambda r: fixity(r, "messageDigest", BASE64[4:])),
    ("PR-50", "an empty digest of an unknown algorithm", digest_of_nothing),
    ("PR-51", "a short digest", lambda r: fixity(r, "messageDigest", "0" * 63)),
    ("PR-51", "MD5 of 64 digits", lambda r: fixity(r, "messageDigestAlgorithm", "MD5")),
    ("PR-52", "an unknown algorithm", lambda r: fixity(r, "messageDigestAlgorithm", "ROT13")),
    ("PR-53", "two digests of one algorithm", second_fixity),
    ("PR-54", "a file without digest", no_fixity),
    ("PR-55", "a negative size", lambda r: put(a_file(r), "objectCharacteristics/size", "-1")),
    ("PR-56", "a digest in Base64", lambda r: fixity(r, "messageDigest", BASE64)),
    ("PR-60", "a validation without outcome", no_outcome("validation")),
    ("PR-60", "a fixity check without outcome", no_outcome("fixity check")),
    ("PR-60", "a virus check with an empty outcome", empty_outcome),
    ("PR-70", "a derivation without event", no_derivation_event),
    ("PR-71", "derived from itself", circle),
    ("PR-72", "derived by a check", wrong_derivation_event),
    ("PR-73", "an unknown relation", lambda r: put(r, "object/relationship/relationshipType", "verwandt")),
    ("PR-80", "a basis without its part", lambda r: put(r, "rights/rightsStatement/rightsBasis", "license")),
]  # fmt: skip


def test_the_record_that_the_builders_break_is_valid(premis_xsd: Path) -> None:
    assert premis.check_record(etree.tostring(good()), premis_xsd).findings == ()


@pytest.mark.parametrize(("code", "what", "spoil"), BROKEN, ids=[f"{c} {w}" for c, w, _ in BROKEN])
def test_each_fault_is_found_and_named(code: str, what: str, spoil: Callable[[Node], object], premis_xsd: Path) -> None:
    root = good()
    spoil(root)
    report = premis.check_record(etree.tostring(root), premis_xsd)
    found = {finding.code: finding for finding in report.findings}
    assert code in found, sorted(found)
    expected = {
        Severity.ERROR: Judgement.INVALID, Severity.WARNING: Judgement.VALID_WITH_WARNING,
        Severity.INFO: Judgement.VALID
    }[found[code].severity]  # fmt: skip
    if {f.severity for f in found.values()} == {found[code].severity}:
        assert report.judgement is expected
    assert (report.schema_verdict is Verdict.FAILED) == ("PR-03" in found)


@pytest.mark.parametrize(
    "vary",
    [
        source_of,
        lambda r: source_of(r, "isSourceOf"),
        lambda r: source_of(r, "verwandt durch Ableitung"),
        belonging_told_by_an_event,
        no_outcome("capture"),
        no_outcome("normalization"),
        lambda r: environment(r, "object"),
        extension_with_ids,
        elsewhere,
        made_of_one_another,
        lambda r: find(event(r, "capture"), "eventType").set("valueURI", LOC.replace("http:", "https:") + "/cap"),
        lambda r: put(event(r, "capture"), "eventType", LOC.replace("http:", "https:") + "/cap"),
    ],
    ids=[
        "source of",
        "source of in one word",
        "a derivation whose direction is not told",
        "structural with event",
        "capture without outcome",
        "normalization without outcome",
        "an environment by the attribute that the schema has for it",
        "ids of its own in an extension",
        "an object elsewhere",
        "a creation that does not tell what was made of what",
        "an address as browsers give it",
        "a type by such an address",
    ],
)
def test_what_is_said_otherwise_and_well_is_no_fault(vary: Callable[[Node], object], premis_xsd: Path) -> None:
    root = good()
    vary(root)
    assert premis.check_record(etree.tostring(root), premis_xsd).findings == ()


@pytest.mark.parametrize(("hours", "future"), [(24, False), (25, True)])
def test_an_event_may_lie_a_day_ahead_for_clocks_differ(hours: int, future: bool, premis_xsd: Path) -> None:
    last = T0 + timedelta(hours=7)  # the last event of the record
    report = premis.check_record(etree.tostring(good()), premis_xsd, now=last - timedelta(hours=hours))
    assert ("PR-48" in {finding.code for finding in report.findings}) == future


def test_every_rule_has_a_broken_record() -> None:
    elsewhere = {"PR-01", "PR-02", "PR-04", "PR-48", "PR-49", "PR-99"}
    assert {code for code, _, _ in BROKEN} | elsewhere == set(premis.RULES)


def test_the_table_of_event_types_is_the_published_list(shared: Path) -> None:
    published = json.loads((shared / "schemas" / "premis" / "event-types.json").read_text())["terms"]
    assert published == EVENT_TYPES


def test_a_code_or_address_names_an_event_type_too(premis_xsd: Path) -> None:
    root = good()
    for kind, text in (("capture", "cap"), ("validation", LOC + "/val")):
        put(event(root, kind), "eventType", text)
    assert premis.check_record(etree.tostring(root), premis_xsd).findings == ()


def test_without_schema_a_good_record_is_unchecked_and_a_bad_one_invalid(tmp_path: Path) -> None:
    root = good()
    assert premis.check_record(etree.tostring(root), None).judgement is Judgement.UNCHECKED
    assert premis.check_record(etree.tostring(root), tmp_path / "absent.xsd").judgement is Judgement.UNCHECKED
    (tmp_path / "broken.xsd").write_text("<schema/>")
    assert premis.check_record(etree.tostring(root), tmp_path / "broken.xsd").judgement is Judgement.UNCHECKED
    put(event(root, "capture"), "eventType", "scannen")
    assert premis.check_record(etree.tostring(root), None).judgement is Judgement.INVALID


@pytest.mark.parametrize(("value", "broken"), [("1", True), ("9", False)], ids=["a file", "the Akte itself"])
def test_of_a_deleted_file_nothing_is_used_and_of_a_deleted_rendition_the_akte_lives_on(
    value: str, broken: bool, premis_xsd: Path
) -> None:
    root = good()
    for kind, hour in (("dissemination", 15), ("deletion", 14)):
        append_event(root, kind, f"2026-11-23T{hour}:00:00Z", str(UUID(int=int(value))))
    report = premis.check_record(etree.tostring(root), premis_xsd)
    assert ("PR-45" in {finding.code for finding in report.findings}) == broken
    assert (report.judgement is Judgement.INVALID) == broken


def test_a_lone_event_is_judged_without_its_links(premis_xsd: Path) -> None:
    report = premis.check_record(etree.tostring(event(good(), "capture")), premis_xsd)
    assert report.judgement is Judgement.VALID


def test_an_event_of_the_future_is_a_warning() -> None:
    report = premis.check_record(etree.tostring(good()), None, now=T0 - timedelta(days=30))
    assert {finding.code for finding in report.findings} == {"PR-04", "PR-48"}


def test_another_version_is_unchecked_and_another_language_invalid() -> None:
    old = premis.check_record(b'<premis xmlns="info:lc/xmlns/premis-v2" version="2.3"/>', None)
    assert (old.judgement, old.version) == (Judgement.UNCHECKED, "2")
    assert premis.check_record(b"<mets xmlns='http://www.loc.gov/METS/'/>", None).judgement is Judgement.INVALID


def test_a_record_inside_mets_is_not_looked_at_and_not_called_bad(premis_xsd: Path) -> None:
    mets = etree.Element("{http://www.loc.gov/METS/}mets")
    etree.SubElement(mets, "{http://www.loc.gov/METS/}xmlData").append(good())
    report = premis.check_record(etree.tostring(mets), premis_xsd)
    assert (report.judgement, report.schema_verdict) == (Judgement.UNCHECKED, Verdict.NOT_CHECKED)
    assert [(finding.code, finding.severity) for finding in report.findings] == [("PR-02", Severity.WARNING)]


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"kein XML",
        b"\xff\xfe\x00",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><premis xmlns="http://www.loc.gov/premis/v3">&e;</premis>',
        b'<!DOCTYPE premis SYSTEM "http://127.0.0.1:9/x.dtd"><premis xmlns="http://www.loc.gov/premis/v3"/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY e "x">]><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        b"<a>" * 300 + b"</a>" * 300,
    ],
    ids=[
        "empty",
        "text",
        "bom",
        "entity",
        "external DTD",
        "utf-16 DTD",
        "wrong encoding",
        "deep",
    ],
)
def test_hostile_bytes_are_refused(xml: bytes, premis_xsd: Path) -> None:
    report = premis.check_record(xml, premis_xsd)
    assert report.judgement is Judgement.INVALID
    assert {finding.code for finding in report.findings} <= {"PR-01", "PR-02"}


def test_a_schema_hint_in_the_record_is_not_followed(premis_xsd: Path, tmp_path: Path) -> None:
    """By the schema that the record names it would be wrong; ours lets any extension pass."""
    hinted = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:other">'
    (tmp_path / "x.xsd").write_text(f'{hinted}<xs:element name="a" type="xs:int"/></xs:schema>')
    root = good()
    extension = etree.SubElement(find(a_file(root), "objectCharacteristics"), P + "objectCharacteristicsExtension")
    etree.SubElement(extension, "{urn:other}a").text = "keine Zahl"
    assert not etree.XMLSchema(file=str(tmp_path / "x.xsd")).validate(extension[0])
    root.set(
        XSI + "schemaLocation",
        f"urn:other file://{tmp_path}/x.xsd http://www.loc.gov/premis/v3 http://127.0.0.1:9/p",
    )
    assert premis.check_record(etree.tostring(root), premis_xsd).judgement is Judgement.VALID


def test_a_record_in_utf16_is_read(premis_xsd: Path) -> None:
    xml = etree.tostring(good(), encoding="UTF-16")
    assert premis.check_record(xml, premis_xsd).judgement is Judgement.VALID


def test_findings_hold_nothing_of_the_content(premis_xsd: Path) -> None:
    root = good()
    for node in root.iter(etree.Element):
        if node.text and node.text.strip():
            node.text = "Erika Mustermann"
    report = premis.check_record(etree.tostring(root), premis_xsd)
    assert report.judgement is Judgement.INVALID
    assert "Mustermann" not in repr(report)


def test_a_flood_of_findings_is_cut(premis_xsd: Path) -> None:
    root = good()
    node = event(root, "capture")
    for number in range(3000):
        link(node, "linkingObject", f"x{number}")
    report = premis.check_record(etree.tostring(root), premis_xsd)
    assert report.findings[-1].code == "PR-99"
    assert len(report.findings) < 1100


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("2026-11-23T08:00:00Z", True), ("2026-11-23T08:00:00.123+01:00", True), ("20261123T080000+0100", True),
        ("2026-11-23T24:00:00Z", True), ("2026-11", True), ("2026", True), ("2026~", True),
        ("2026-11-23/2026-11-24", True), ("2026-11-23/..", True), ("2026-11-24/2020-01-01", False), ("26-11-23", False),
        ("2026-13-01", False), ("2026-11-23T08:61:00Z", False), ("0000", False), ("", False),
        ("0001-01-01T00:00:00+14:00", False), ("2026-11-23/2026-11-23", True), ("gestern/2026", False),
        ("2026/morgen", False), ("2026-11-23T24:00:01Z", False), ("2026-11-23T24:01:00Z", False),
        ("199X", True), ("19XX", True), ("00XX", True), ("199u", True), ("1999-XX", True), ("1999-04-XX", True),
        ("1999-XX-XX", True), ("199X-XX", True), ("1999-21", True), ("1999-21-XX", True), ("199X?", True),
        ("1999/open", True), ("unknown/1999", True), ("1999-13-XX", False), ("1999-XX-04", False), ("X999", False),
        ("199X-04", False), ("1999-21-04", False), ("1999-50", False), ("XXXX", False),
        ("2026-06-30T23:59:60Z", True), ("2026-06-30T23:59:61Z", False), ("2026-06-30T23:60:00Z", False),
    ],
)  # fmt: skip
def test_times_are_read_as_spans(text: str, readable: bool) -> None:
    assert (read_span(text) is not None) == readable


@pytest.mark.parametrize(
    ("vague", "plain"),
    [
        ("199X", "1990/1999"), ("1999-04-uu", "1999-04"), ("1999-XX", "1999"), ("1999-22", "1999"),
        ("1999/unknown", "1999/.."),
    ],
)  # fmt: skip
def test_a_vague_time_means_as_much_as_its_two_ends(vague: str, plain: str) -> None:
    assert read_span(vague) == read_span(plain)
