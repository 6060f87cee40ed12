"""Records as others write them: what we do not read is unchecked and never called broken; faults are told in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
from lxml import etree

from akten.findings import Judgement, Severity, Verdict
from metadata import premis
from metadata.premis_check import check_record
from metadata.premis_time import is_time, read_span
from metadata.schemawords import sentence
from tests.metadata.premis_broken import event, good

XMLNS = "http://www.loc.gov/premis/v3"
LONG = b"x" * (11 << 20)


def recorded(time: str) -> bytes:
    """A good record with one event more, at this time and about nothing."""
    root = good()
    one = event(root, "capture")
    for name in ("linkingObjectIdentifier", "linkingAgentIdentifier"):
        for link in one.findall(f"{{{XMLNS}}}{name}"):
            one.remove(link)
    when = one.find(f"{{{XMLNS}}}eventDateTime")
    assert when is not None
    when.text = time
    return etree.tostring(root)


UNREAD = {
    "comment": lambda xml: xml.replace(b"</", b"<!--" + LONG + b"--></", 1),
    "text": lambda xml: re.sub(rb"(<[\w:]*eventType[^>]*>)", rb"\1" + LONG, xml, count=1),
    "cdata": lambda xml: re.sub(rb"(<[\w:]*eventType[^>]*>)", rb"\1<![CDATA[" + LONG + b"]]>", xml, count=1),
    "attribute": lambda xml: xml.replace(b'version="3.0"', b'version="3.0' + LONG + b'"', 1),
    "prologue": lambda xml: b"<!--" + LONG[: 2 << 20] + b"-->" + xml,
    "encoding": lambda xml: b'<?xml version="1.0" encoding="Shift_JIS"?>' + xml,
    "no encoding": lambda xml: b'<?xml version="1.0" encoding="gibt-es-nicht"?>' + xml,
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_beyond_our_reading_is_unchecked(name: str, premis_xsd: Path) -> None:
    report = check_record(UNREAD[name](etree.tostring(good())), premis_xsd)
    assert (report.judgement, report.schema_verdict) == (Judgement.UNCHECKED, Verdict.NOT_CHECKED)
    assert [(finding.code, finding.severity) for finding in report.findings] == [("PR-01", Severity.WARNING)]
    assert "wohlgeformt" not in report.findings[0].text


@pytest.mark.parametrize("encoding", ["utf8", "UTF-8", "ISO-8859-15", "windows-1252", "us-ascii"])
def test_a_usual_encoding_is_read(encoding: str, premis_xsd: Path) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + etree.tostring(good())
    assert check_record(xml, premis_xsd).judgement is Judgement.VALID


TIMES = (
    "[2024-01-01..2024-02] {1960,1961-12} [..1984] 2004-06~-11 ?2004-06-~11 156X-12-25 15XX-12-25 XXXX-12-XX 1XXX-12 "
    "Y170000002 Y-17E7 1950S2 -1985 2019/XXXX 2004-06-~01/2004-06-~20 1984?~ uuuu unknown open .. "
    "2024-W05-2 2024-032 2024-01-01Z 2024-01-01+01:00"
)
NO_TIMES = (
    "gestern 2024-13-01 2024-02-30 01.02.2024 26-11-23 [] {} [,] - -- 20240 2024-1-1 2024-01-01T25:00:00Z 1999-13-XX "
    "1999-50 2024-W60 2024-000 Y [2024 2024] morgen/2020 ? X 2020-01-01/2019-01-01 1999-XX-4X"
)


@pytest.mark.parametrize("time", TIMES.split())
def test_a_time_without_ends_is_no_fault(time: str, premis_xsd: Path) -> None:
    assert is_time(time)
    assert read_span(time) is None
    report = check_record(recorded(time), premis_xsd)
    assert report.judgement is Judgement.VALID_WITH_WARNING
    assert [finding.code for finding in report.findings] == ["PR-42"]


@pytest.mark.parametrize("time", [*NO_TIMES.split(), "", "[" + "1999," * 60_000 + "1999]"])
def test_what_is_no_time_stays_a_fault(time: str) -> None:
    assert not is_time(time)


def test_small_letters_in_a_time_mean_the_same() -> None:
    assert read_span("2024-01-01t10:00:00z") == read_span("2024-01-01T10:00:00Z")


def test_a_result_that_only_a_note_tells_is_a_warning(premis_xsd: Path) -> None:
    root = good()
    outcomes = event(root, "virus check").find(f"{{{XMLNS}}}eventOutcomeInformation")
    assert outcomes is not None
    outcomes.clear()
    detail = etree.SubElement(outcomes, f"{{{XMLNS}}}eventOutcomeDetail")
    note = etree.SubElement(detail, f"{{{XMLNS}}}eventOutcomeDetailNote")
    for said, severity in (("kein Fund", Severity.WARNING), (" ", Severity.ERROR)):
        note.text = said
        report = check_record(etree.tostring(root), premis_xsd)
        assert report.schema_verdict is Verdict.OK
        assert [(finding.code, finding.severity) for finding in report.findings] == [("PR-60", severity)]


def test_an_algorithm_may_be_named_by_its_address(premis_xsd: Path) -> None:
    root = good()
    for scheme in ("http", "https"):
        for named in root.iter(f"{{{XMLNS}}}messageDigestAlgorithm"):
            tail = (named.text or "").rpartition("/")[2].replace("-", "").lower()
            named.text = f"{scheme}://id.loc.gov/vocabulary/preservation/cryptographicHashFunctions/{tail}"
        assert check_record(etree.tostring(root), premis_xsd).judgement is Judgement.VALID


class Said:
    """An entry of libxml2's log."""

    def __init__(self, message: str) -> None:
        self.message = message


WORDS = {
    "Element '{urn:a}size': This element is not expected. Expected is one of ( {urn:a}b, ##other{urn:a}* ).": "b",
    "Element '{urn:a}object': The type definition is abstract.": "xsi:type",
    "Element '{urn:a}object': The attribute 'version' is required but missing.": "version",
    "Element 'a', attribute '{urn:b}x': 'Mustermann' is not a valid value of the atomic type 'xs:int'.": "Attribut „x“",
    "Element 'a': Element content is not allowed, because the type definition is simple.": "Elemente",
    "Element 'a': Character content other than whitespace is not allowed because the content type is 'empty'.": "Text",
    "Element 'a': [facet 'pattern'] The value 'x. Expected is ( Mustermann )' is not accepted.": "verlangte Form",
    "Element 'a': 'The attribute 'Mustermann' is required' is not a valid value.": "verlangte Form",
    "Mustermann": "Schema",
}


@pytest.mark.parametrize("message", WORDS)
def test_a_fault_of_the_schema_is_told_in_german_and_without_the_value(message: str) -> None:
    words = sentence(cast("Any", Said(message)))
    assert WORDS[message] in words
    assert "Mustermann" not in words


def test_a_fault_of_the_schema_names_line_and_element(premis_xsd: Path) -> None:
    xml = etree.tostring(good()).replace(b"eventDateTime>", b"eventTime>")
    found = {
        (f.code, f.where.partition(" ")[0]) for f in premis.check_record(xml, premis_xsd).findings if "Time“" in f.text
    }
    assert found == {("PR-03", "Zeile")}
