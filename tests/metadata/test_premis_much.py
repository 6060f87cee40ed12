"""Records with much in them: no finding hides another, and time grows with the record."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from akten.findings import Judgement, Severity
from metadata import premis
from metadata.premis_parse import MAX_BYTES

HEAD = (
    '<premis xmlns="http://www.loc.gov/premis/v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0">'
)
AT = "2026-11-23T08:00:00Z"


def _id(name: str, value: str) -> str:
    tag = f"{name}Identifier"
    return f"<{tag}><{tag}Type>x</{tag}Type><{tag}Value>{value}</{tag}Value></{tag}>"


def _object(*values: str, more: str = "", digest: str = "0" * 64, size: str = "1") -> str:
    facts = (
        f"<fixity><messageDigestAlgorithm>SHA-256</messageDigestAlgorithm><messageDigest>{digest}</messageDigest></fixity>"
        f"<size>{size}</size><format><formatDesignation><formatName>TIFF</formatName></formatDesignation></format>"
    )
    ids = "".join(_id("object", value) for value in values)
    return f'<object xsi:type="file">{ids}<objectCharacteristics>{facts}</objectCharacteristics>{more}</object>'


def _event(value: str, kind: str = "capture", when: str = AT, more: str = "") -> str:
    outcome = "<eventOutcomeInformation><eventOutcome>pass</eventOutcome></eventOutcomeInformation>"
    return (
        f"<event>{_id('event', value)}<eventType>{kind}</eventType><eventDateTime>{when}</eventDateTime>"
        f"{outcome}{more}</event>"
    )


def _derived(sources: int, events: int) -> str:
    kind = "<relationshipType>derivation</relationshipType><relationshipSubType>has source</relationshipSubType>"
    objects = "".join(_id("relatedObject", f"o{number}") for number in range(1, sources + 1))
    makers = "".join(_id("relatedEvent", f"e{number}") for number in range(events))
    return f"<relationship>{kind}{objects}{makers}</relationship>"


def _record(*parts: str) -> bytes:
    return f"{HEAD}{''.join(parts)}</premis>".encode()


def _lost_and_found(number: int) -> str:
    kind = ("deletion", "recovery", "fixity check")[number % 3]
    when = f"{(2026, 2025, 2027)[number % 3]}-01-01T00:00:00Z"
    return _event(f"e{number}", kind, when, _id("linkingObject", "o0"))


def test_many_findings_of_one_rule_hide_no_error_of_another(premis_xsd: Path) -> None:
    days = (_event(f"e{number}", when="2026-11-23") for number in range(1500))
    report = premis.check_record(_record(_object("o0", digest="0" * 63), *days), premis_xsd)
    assert report.judgement is Judgement.INVALID
    assert "PR-51" in {finding.code for finding in report.findings}
    assert [f.text for f in report.findings if f.code == "PR-99"] == [
        "Zu PR-42 gibt es 1400 weitere Befunde dieser Art."
    ]


MUCH = {
    "identifiers of one object": lambda: _record(_object(*(f"o{number}" for number in range(30_000)))),
    "deletions and recoveries": lambda: _record(_object("o0"), *map(_lost_and_found, range(2000))),
    "faults of one kind": lambda: _record(*(_object(f"o{number}", size="x") for number in range(32_000))),
}


@pytest.mark.parametrize("much", list(MUCH))
def test_time_grows_with_the_record(much: str, premis_xsd: Path) -> None:
    xml = MUCH[much]()
    began = time.process_time()
    premis.check_record(xml, premis_xsd)
    assert time.process_time() - began < 15


def test_faults_without_number_are_told_by_their_kinds(premis_xsd: Path) -> None:
    report = premis.check_record(_record(*(_object(f"o{number}", size="x") for number in range(2000))), premis_xsd)
    told = [finding for finding in report.findings if finding.code == "PR-03"]
    assert {(finding.where, finding.severity) for finding in told} == {("", Severity.ERROR)}
    assert 1 < len(told) < 10
    assert report.judgement is Judgement.INVALID


def test_a_few_faults_of_a_large_record_are_told_by_their_lines(premis_xsd: Path) -> None:
    objects = [_object(f"o{number}") for number in range(2000)]
    xml = _record("\n".join((*objects[:1500], _object("x", size="x"), *objects[1500:])))
    report = premis.check_record(xml, premis_xsd)
    assert {finding.where for finding in report.findings if finding.code == "PR-03"} == {"Zeile 1501"}


def test_more_pairs_of_source_and_event_than_are_looked_at_are_not_checked(premis_xsd: Path) -> None:
    count = 1100
    objects = (_object(f"o{number}") for number in range(1, count + 1))
    events = (_event(f"e{number}") for number in range(count))
    xml = _record(_object("o0", more=_derived(count, count)), *objects, *events)
    began = time.process_time()
    report = premis.check_record(xml, premis_xsd)
    assert time.process_time() - began < 10
    assert report.judgement is Judgement.UNCHECKED
    assert [finding.code for finding in report.findings] == ["PR-49"]


def test_an_object_of_two_names_is_one_object(premis_xsd: Path) -> None:
    made = _event("e0", "creation", AT, _id("linkingObject", "other name"))
    early = _event("e1", "validation", "2020-01-01T00:00:00Z", _id("linkingObject", "o0"))
    report = premis.check_record(_record(_object("o0", "other name"), made, early), premis_xsd)
    assert [(finding.code, finding.where) for finding in report.findings] == [("PR-43", "event[2]")]


def test_more_than_is_read_is_not_checked_instead_of_invalid(premis_xsd: Path, tmp_path: Path) -> None:
    big = tmp_path / "premis.xml"
    with big.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for report in (premis.check_record(b"<a>" * 10_000_000, premis_xsd), premis.judge_path(big, premis_xsd)):
        assert report.judgement is Judgement.UNCHECKED
        assert [(finding.code, finding.severity) for finding in report.findings] == [("PR-01", Severity.WARNING)]
