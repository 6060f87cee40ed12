"""What stands around and within a text changes no verdict: blanks, comments, CDATA, and texts longer than are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from akten.findings import Judgement, Verdict
from metadata.checks import Purpose, check_message
from metadata.schemas import Schemas
from metadata.xdomea import read_message
from tests.metadata.xdomea_builders import PROZESS, an_xml, swap

LONG = "x" * (11 << 20)
MARKS = {"comment": "<!-- k -->", "instruction": "<?k v?>", "cdata": "<![CDATA[]]>"}


@pytest.fixture(scope="session")
def schemas(xdomea_folder: Path) -> Schemas:
    return Schemas(xdomea_folder)


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_a_blank_before_a_comment_in_a_text_is_a_part_of_the_text(mark: str, schemas: Schemas) -> None:
    xml = swap(f"<xdomea:ProzessID>{PROZESS}", f"<xdomea:ProzessID>\n {mark}{PROZESS}")(an_xml())
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.FAILED, Judgement.INVALID)
    (finding,) = (finding for finding in report.findings if finding.code == "XD-11")
    assert finding.where.startswith("/Aussonderung.Aussonderung.0503/Kopf/ProzessID (Zeile ")
    assert "„ProzessID“" in finding.text


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_comments_between_elements_and_in_a_text_change_nothing(mark: str, schemas: Schemas) -> None:
    xml = an_xml().replace(b">\n", f">\n {mark if mark[2] != '[' else ''}\n".encode())
    half = str(PROZESS)[:8]
    xml = swap(f"<xdomea:ProzessID>{half}", f"<xdomea:ProzessID>{half}{mark}")(xml)
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, {f.code for f in report.findings}) == (Verdict.OK, {"XD-98"})
    assert read_message(xml) == read_message(an_xml())


@pytest.mark.parametrize("mark", ["", MARKS["comment"]])
@pytest.mark.parametrize("tag", ["xdomea:Importbestaetigung", "xdomea:Importbestaetigung\t"])
def test_a_true_is_judged_like_a_1_beside_a_comment_too(tag: str, mark: str, schemas: Schemas) -> None:
    xml = swap("<xdomea:Importbestaetigung>1", f"{mark}<{tag}>true")(an_xml())
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID_WITH_WARNING)


@pytest.mark.parametrize("times", [1, 15_000], ids=["tree", "stream"])
def test_blanks_around_dates_are_those_of_the_schema_and_are_told(times: int, schemas: Schemas) -> None:
    line = (
        "<xdomea:HistorienProtokollInformation><xdomea:Akteur>a</xdomea:Akteur><xdomea:DatumUhrzeit>\n "
        "2026-01-01T00:00:00Z\n </xdomea:DatumUhrzeit><xdomea:Aktion>x</xdomea:Aktion>"
        "</xdomea:HistorienProtokollInformation>"
    )
    xml = swap("<xdomea:Akteninhalt>", line * times + "<xdomea:Akteninhalt>")(an_xml())
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID_WITH_WARNING)
    assert {finding.code for finding in report.findings} == {"XD-17", "XD-98"}
    wrong = xml.replace(b"2026-01-01T", b"2026-13-01T")
    assert check_message(wrong, schemas, purpose=Purpose.FOREIGN).schema_verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "text",
    [LONG, f"<![CDATA[{LONG}]]>", f"<!--{LONG}-->", f"<?k {LONG}?>", f"<{LONG[:60_000]}/>", " " * len(LONG)],
    ids=["text", "cdata", "comment", "instruction", "name", "blanks"],
)
def test_what_is_longer_than_is_read_is_unchecked_and_never_called_broken(text: str, schemas: Schemas) -> None:
    xml = swap("<xdomea:Kopf>", f"<xdomea:Kopf>{text}")(an_xml())
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.NOT_CHECKED, Judgement.UNCHECKED)
    (finding,) = report.findings
    assert finding.code == "XD-01"
    assert finding.where.startswith("Zeile ")


@pytest.mark.parametrize("name", ["huge", "depth", "XML_PARSE_HUGE", "toolong"])
def test_broken_xml_is_broken_whatever_its_elements_are_called(name: str, schemas: Schemas) -> None:
    for xml in (f"<{name}></a>", f"<{name}>", f"<a>&{name};</a>", f"<a><?{name} "):
        report = check_message(xml.encode(), schemas, purpose=Purpose.FOREIGN)
        assert (report.judgement, [finding.code for finding in report.findings]) == (Judgement.INVALID, ["XD-02"])
