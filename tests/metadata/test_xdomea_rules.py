"""Every rule XD-nn has messages that break just it; the good messages break none."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from akten.files import Digests, digest_bytes
from akten.findings import Judgement, Severity, Verdict
from akten.model import Aussonderungsart, Datei, Laufzeit
from metadata.checks import Purpose, XdomeaReport, check_message
from metadata.from_akte import OHNE_LAUFZEIT
from metadata.messages import Aussonderung0503, aussonderung
from metadata.objects import AkteSGO
from metadata.profile import Profile
from metadata.rules import RULES, weight
from metadata.schemas import Schemas
from metadata.xdomea import read_message, write_message
from tests.metadata.xdomea_builders import (
    CODES,
    NOW,
    PROZESS,
    VERSIONS,
    Break,
    a_profile,
    an_akte,
    an_id,
    an_xml,
    drop,
    files_of,
    put,
    swap,
)
from tests.metadata.xdomea_cases import CASES, CHANGES_FILES, FOREIGN, PDFA, SENDING, Case
from tests.metadata.xdomea_legacy import a_legacy_xml


@pytest.fixture(scope="session")
def schemas(xdomea_folder: Path) -> Schemas:
    return Schemas(xdomea_folder)


def _digests(code: str) -> dict[str, Digests]:
    return {name: digest_bytes(content) for name, content in files_of().items()} if code == "0503" else {}


def _report(xml: bytes, case: Case, schemas: Schemas) -> XdomeaReport:
    return check_message(xml, schemas, files=_digests(case.code), purpose=case.purpose)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_is_found_by_the_message_that_breaks_just_it(case: Case, schemas: Schemas) -> None:
    report = _report(case.broken(an_xml(case.code, case.version)), case, schemas)
    found = {finding.code: finding.severity for finding in report.findings}
    assert case.rule in found, report
    assert found[case.rule] is case.severity
    allowed = {case.rule, "XD-11", *case.also} | ({"XD-98", "XD-99"} if case.rule in CHANGES_FILES else set())
    assert set(found) <= allowed, report.findings
    if case.severity is Severity.ERROR:
        assert report.judgement is Judgement.INVALID


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", CODES)
def test_good_messages_break_no_rule_for_any_purpose(
    code: str, version: str, purpose: Purpose, schemas: Schemas
) -> None:
    profile = a_profile(version)
    report = check_message(an_xml(code, version), schemas, files=_digests(code), purpose=purpose, profile=profile)
    assert report.findings == ()
    assert (report.version, report.message) == (version, code)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID)


@pytest.mark.parametrize("version", ["2.3.0", "2.4.0"])
@pytest.mark.parametrize("code", CODES[:-1])
def test_good_messages_of_2_x_are_valid(code: str, version: str, schemas: Schemas) -> None:
    report = check_message(a_legacy_xml(code, version), schemas, purpose=FOREIGN)
    assert [finding for finding in report.findings if finding.severity is not Severity.INFO] == []
    assert (report.version, report.message, report.schema_verdict) == (version, code, Verdict.OK)


def test_at_rest_an_open_akte_without_appraisal_is_good(schemas: Schemas) -> None:
    akte = replace(an_akte(art=Aussonderungsart.BEWERTEN), zda_datum=None)
    xml = write_message(aussonderung(akte, a_profile(), prozess_id=PROZESS, erstellt=NOW), a_profile())
    assert check_message(xml, schemas, files=_digests("0503")).findings == ()
    assert check_message(xml, schemas, files=_digests("0503"), purpose=SENDING).judgement is Judgement.INVALID


def test_without_schemas_nothing_is_called_valid_and_the_finding_says_where_to_get_them() -> None:
    report = check_message(an_xml(), None, files=_digests("0503"))
    assert (report.schema_verdict, report.judgement) == (Verdict.NOT_CHECKED, Judgement.UNCHECKED)
    assert [(f.code, f.severity) for f in report.findings] == [("XD-12", Severity.INFO)]
    assert "XRepository" in report.findings[0].text


@pytest.mark.parametrize(("version", "judged"), [("2.0", Judgement.VALID), ("7.7", Judgement.UNCHECKED)])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_code_whose_list_is_not_here_is_not_called_valid(
    purpose: Purpose, version: str, judged: Judgement, schemas: Schemas
) -> None:
    xml = swap('dateiformat" listVersionID="1.0"', f'dateiformat" listVersionID="{version}"')(an_xml())
    assert check_message(xml, schemas, files=_digests("0503"), purpose=purpose).judgement is judged


def test_without_schemas_our_own_rules_still_find_what_is_wrong() -> None:
    report = check_message(swap(str(an_id("dokument 2")), str(an_id("dokument 1")))(an_xml()), None)
    assert report.judgement is Judgement.INVALID


def test_a_package_beyond_the_recipients_limit_is_found(schemas: Schemas) -> None:
    xml, files = an_xml(), _digests("0503")
    assert files is not None
    count = xml.count(b"<xdomea:ID>")
    size = len(xml) + sum(digests.size for digests in files.values())

    def codes(profile: Profile) -> list[str]:
        return [f.code for f in check_message(xml, schemas, files=files, purpose=SENDING, profile=profile).findings]

    assert codes(Profile(max_objects=count, max_bytes=size)) == []
    assert codes(Profile(max_objects=count - 1, max_bytes=size)) == ["XD-82"]
    assert codes(Profile(max_objects=count, max_bytes=size - 1)) == ["XD-82"]


ENDS = "<xdomea:Aufbewahrungsende>"
YESTERDAY = NOW.date() - timedelta(days=1)  # the last day of a period that is over when the message is made


def _teilvorgaenge(number: int) -> Break:
    inner = "".join(
        f"<xdomea:Teilvorgang><xdomea:Identifikation><xdomea:ID>{an_id(f'tv {n}')}</xdomea:ID></xdomea:Identifikation>"
        for n in range(number)
    )
    return put("Vorgang", inner + "</xdomea:Teilvorgang>" * number)


def _numbered(number: int, total: int) -> Break:
    said = "<xdomea:LfdNrNachrichtProTyp>{}</xdomea:LfdNrNachrichtProTyp>"
    first = swap(said.format(1), said.format(number))
    said_all = "<xdomea:GesamtanzahlNachrichtenProTyp>{}</xdomea:GesamtanzahlNachrichtenProTyp>"
    return lambda xml: swap(said_all.format(1), said_all.format(total))(first(xml))


@pytest.mark.parametrize(
    ("code", "spoil", "broken", "version"),
    [
        ("XD-24", _numbered(2, 2), False, "4.0.0"),
        ("XD-24", _numbered(3, 2), True, "4.0.0"),
        ("XD-24", _numbered(0, 2), True, "4.0.0"),
        ("XD-45", swap("<xdomea:Ende>1999-07-31", "<xdomea:Ende>1998-03-01"), False, "3.0.0"),
        ("XD-45", swap("<xdomea:Ende>1999-07-31", "<xdomea:Ende>1998-02-28"), True, "3.0.0"),
        (
            "XD-49",
            swap(f"{ENDS}2019-12-31", f"{ENDS}{YESTERDAY}"),
            False,
            "3.0.0",
        ),
        (
            "XD-49",
            swap(f"{ENDS}2019-12-31", f"{ENDS}{NOW.date()}"),
            True,
            "3.0.0",
        ),
        ("XD-80", _teilvorgaenge(3), False, "3.0.0"),
        ("XD-80", _teilvorgaenge(4), True, "3.0.0"),
    ],
)
def test_each_limit_lies_where_it_is_said(
    code: str, spoil: Break, broken: bool, version: str, schemas: Schemas
) -> None:
    report = check_message(spoil(an_xml("0503", version)), schemas, purpose=FOREIGN)
    assert (code in {finding.code for finding in report.findings}) == broken


def test_of_two_pdfa_files_either_may_stand_first(schemas: Schemas) -> None:
    akte = an_akte()
    vorgang, *others = akte.vorgaenge
    dokument, *more = vorgang.dokumente
    second = Datei(an_id("zweite"), "pdf", "application/pdf", digest_bytes(b"2"), "044", "2b")
    dokument = replace(dokument, dateien=(dokument.dateien[0], second))
    akte = replace(akte, vorgaenge=(replace(vorgang, dokumente=(dokument, *more)), *others))
    xml = write_message(aussonderung(akte, a_profile(), prozess_id=PROZESS, erstellt=NOW), a_profile())
    assert "XD-69" not in {finding.code for finding in check_message(xml, schemas, purpose=SENDING).findings}


def test_a_recorded_reason_stands_for_a_period_and_no_other_remark_does(schemas: Schemas) -> None:
    akte = an_akte()
    vorgaenge = tuple(replace(vorgang, laufzeit=Laufzeit()) for vorgang in akte.vorgaenge)
    akte = replace(akte, laufzeit=Laufzeit(), vorgaenge=vorgaenge)
    xml = write_message(aussonderung(akte, a_profile(), prozess_id=PROZESS, erstellt=NOW), a_profile())
    assert check_message(xml, schemas, files=_digests("0503"), purpose=SENDING).findings == ()
    other = xml.replace(OHNE_LAUFZEIT.encode(), b"Umschlag verblichen")
    report = check_message(other, schemas, files=_digests("0503"), purpose=SENDING)
    assert [finding.code for finding in report.findings] == ["XD-44", "XD-44"]


@pytest.mark.parametrize(
    ("day", "known"), [("0000-03-01", False), ("0001-01-01", True), ("9999-12-31", True), ("10000-01-01", False)]
)
def test_a_date_beyond_the_calendar_has_no_meaning(day: str, known: bool, schemas: Schemas) -> None:
    xml = swap("<xdomea:ZdADatum>1999-08-01", f"<xdomea:ZdADatum>{day}")(an_xml())
    report = check_message(xml, schemas, files=_digests("0503"), purpose=FOREIGN)
    assert ("XD-16" in {finding.code for finding in report.findings}) == (not known)


def test_a_format_beyond_the_list_with_its_name_is_good(schemas: Schemas) -> None:
    """Code 100 wants SonstigerName, and only it may have one."""
    akte = an_akte()
    vorgang, *others = akte.vorgaenge
    dokument, *more = vorgang.dokumente
    jp2 = Datei(an_id("jp2"), "jp2", "image/jp2", digest_bytes(b"jp2"), "100", format_name="JPEG 2000")
    dokument = replace(dokument, dateien=(*dokument.dateien, jp2))
    akte = replace(akte, vorgaenge=(replace(vorgang, dokumente=(dokument, *more)), *others))
    files = {datei.dateiname: datei.digests for each in akte.dokumente for datei in each.dateien}
    xml = write_message(aussonderung(akte, a_profile(), prozess_id=PROZESS, erstellt=NOW), a_profile())
    assert check_message(xml, schemas, files=files, purpose=SENDING).findings == ()
    assert b">JPEG 2000<" in xml


def test_a_missing_file_is_named_by_its_uuid_and_nothing_else_of_its_name(schemas: Schemas) -> None:
    """The rest of a name may be personal data."""
    name = f"{an_id('pdfa 1')}_Mueller.pdf"
    report = check_message(swap(PDFA, name)(an_xml()), schemas, files=_digests("0503"), purpose=FOREIGN)
    told = {finding.code: finding.where for finding in report.findings}
    assert (told["XD-98"], told["XD-99"]) == (str(an_id("pdfa 1")), str(an_id("pdfa 1")))
    odd = check_message(swap(PDFA, "Mueller.pdf")(an_xml()), schemas, files=_digests("0503"), purpose=FOREIGN)
    assert "*.pdf" in {finding.where for finding in odd.findings if finding.code == "XD-98"}


def test_many_findings_of_one_rule_are_counted_not_listed(schemas: Schemas) -> None:
    message = aussonderung(an_akte(28), a_profile(), prozess_id=PROZESS, erstellt=NOW)
    broken = drop("Betreff", every=True)(write_message(message, a_profile()))
    report = check_message(broken, schemas, purpose=FOREIGN)
    titles = [finding for finding in report.findings if finding.code == "XD-40"]
    assert len(titles) == 26
    assert "5 weiteren" in titles[-1].text


def test_findings_do_not_repeat_what_the_message_says(schemas: Schemas) -> None:
    secret = "Erika Mustermann"
    for broken in (
        swap("<xdomea:Beginn>1998-03-01", f"<xdomea:Beginn>{secret}"),
        swap(PDFA, f"{an_id('pdfa 1')}_{secret}/x.pdf"),
        swap("Garage", f"{secret}<"),
        swap("<code>044</code>", f"<code>{secret}</code>"),
    ):
        report = check_message(broken(an_xml()), schemas, purpose=FOREIGN, files={})
        assert report.findings
        assert secret not in repr(report), report


WRITING_AND_READING = {"XD-14", "XD-15"}  # test_xdomea_roundtrip, test_xdomea_reading
PACKAGES = {f"XD-{number}" for number in (85, 86, *range(90, 100))}  # test_xdomea_container
ELSEWHERE = {"XD-12", "XD-82"}  # above


def test_every_rule_has_a_case_and_a_source() -> None:
    covered = {case.rule for case in CASES} | WRITING_AND_READING | PACKAGES | ELSEWHERE
    assert set(RULES) == covered
    assert all(rule and source for rule, source in RULES.values())
    assert all(weight(code, purpose) is not Severity.INFO for code in ("XD-31", "XD-98") for purpose in Purpose)


def renamed(code: str, new: str, name: str, version: str) -> bytes:
    """A message of another type of group 05, made from one with the same build."""
    old = {"0504": "AnbietungEmpfangBestaetigen", "0502": "Bewertungsverzeichnis"}[code]
    xml = an_xml(code, version).decode()
    return xml.replace(f"{old}.{code}", f"{name}.{new}").replace(f"<code>{code}<", f"<code>{new}<").encode()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_messages_on_file_plans_are_judged_too(version: str, schemas: Schemas) -> None:
    last = "BewertungskatalogEmpfangBestaetigen" if version == "4.0.0" else "BewerteterAktenplanEmpfangBestaetigen"
    receipts = {"0512": "AktenplanZurBewertungEmpfangBestaetigen", "0515": last}
    for code, name in receipts.items():
        report = check_message(renamed("0504", code, name, version), schemas, purpose=FOREIGN)
        assert (report.message, report.findings, report.judgement) == (code, (), Judgement.VALID)
    catalogue = renamed("0502", "0513", "Bewertungskatalog", version)
    for old in (b"BewertetesObjekt", b"BewertetesSGO"):
        catalogue = catalogue.replace(old, b"BewerteteAktenplaneinheit")
    report = check_message(catalogue, schemas, purpose=FOREIGN)
    assert (report.message, report.findings, report.schema_verdict) == ("0513", (), Verdict.OK)


def test_a_letter_may_bring_its_file_in_an_offer(schemas: Schemas) -> None:
    letter = f"""<xdomea:Anschreiben><xdomea:Identifikation><xdomea:ID>{an_id("Brief")}</xdomea:ID>
    </xdomea:Identifikation><xdomea:Version><xdomea:Nummer>1</xdomea:Nummer><xdomea:Format><xdomea:Name
    listVersionID="1.0"><code>044</code></xdomea:Name><xdomea:Version>2b</xdomea:Version><xdomea:Primaerdokument>
    <xdomea:Dateiname>{an_id("Briefdatei")}.pdf</xdomea:Dateiname></xdomea:Primaerdokument></xdomea:Format>
    </xdomea:Version></xdomea:Anschreiben>"""
    root = "Aussonderung.Anbieteverzeichnis.0501"
    xml = put(root, letter, where=1)(an_xml("0501"))
    held = {f"{an_id('Briefdatei')}.pdf": digest_bytes(b"x")}
    assert check_message(xml, schemas, purpose=FOREIGN, files=held).findings == ()
    assert {f.code for f in check_message(xml, schemas, purpose=FOREIGN, files={}).findings} == {"XD-98"}


def test_paper_needs_no_file(schemas: Schemas) -> None:
    xml = swap('medium" listVersionID="1.0"><code>001', 'medium" listVersionID="1.0"><code>003', 9)(an_xml())
    report = check_message(drop("Version", every=True)(xml), None, purpose=FOREIGN)
    assert "XD-51" not in {finding.code for finding in report.findings}


def test_a_large_message_is_validated_as_a_stream_with_the_same_verdict(schemas: Schemas) -> None:
    line = (
        b"<xdomea:HistorienProtokollInformation><xdomea:Akteur>a</xdomea:Akteur>"
        b"<xdomea:DatumUhrzeit>%s</xdomea:DatumUhrzeit><xdomea:Aktion>x</xdomea:Aktion></xdomea:HistorienProtokollInformation>"
    )
    fixed = swap("<xdomea:Importbestaetigung>1", "<xdomea:Importbestaetigung> true ")(an_xml())
    for content, verdict in ((b"2026-01-01T00:00:00Z", Verdict.OK), (b"gestern", Verdict.FAILED)):
        xml = fixed.replace(b"<xdomea:Akteninhalt>", line % content * 15_000 + b"<xdomea:Akteninhalt>", 1)
        report = check_message(xml, schemas, purpose=FOREIGN)
        assert report.schema_verdict is verdict
        assert len(report.findings) < 60
    one = fixed.replace(b"<xdomea:Akteninhalt>", line % b"2026-01-01T00:00:00Z" * 15_000 + b"<xdomea:Akteninhalt>", 1)
    report = check_message(one.replace(b"<xdomea:ZdA>1<", b"<xdomea:ZdA>ja<"), schemas, purpose=FOREIGN)
    assert "Der Wert von „ZdA“ hat nicht die verlangte Form." in {finding.text for finding in report.findings}


def a_course(number: int, version: str) -> str:
    """An InternerGeschaeftsgang, the same one wherever it is told."""
    four = version.startswith("4.")
    key, name = ("xdomeaUUID", "NameInstitution") if four else ("ID", "Institution")
    contact = f"<xdomea:{name}><xdomea:Name>Bauamt</xdomea:Name></xdomea:{name}>"
    course = an_id(f"Geschäftsgang {number}")
    return f"""<xdomea:InternerGeschaeftsgang><xdomea:Identifikation><xdomea:{key}>{course}</xdomea:{key}>
    </xdomea:Identifikation><xdomea:Beteiligungsschritt><xdomea:Nummer>1</xdomea:Nummer>
    <xdomea:Status listURI="urn:xoev-de:xdomea:codeliste:beteiligungsstatus" listVersionID="1.1"><code>003</code>
    </xdomea:Status><xdomea:Verfuegung><xdomea:Ersteller>{contact}</xdomea:Ersteller><xdomea:Adressat>{contact}
    </xdomea:Adressat><xdomea:Erstellungsdatum>1998-03-01</xdomea:Erstellungsdatum></xdomea:Verfuegung>
    </xdomea:Beteiligungsschritt></xdomea:InternerGeschaeftsgang>"""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_course_of_business_may_be_told_with_every_object_that_it_dealt_with(version: str, schemas: Schemas) -> None:
    course = a_course(1, version).encode()
    xml = an_xml("0503", version)
    xml = xml.replace(b"<xdomea:Akteninhalt>", course + b"<xdomea:Akteninhalt>", 1)
    xml = re.sub(  # behind the last line of the history of every Dokument
        rb"(</xdomea:HistorienProtokollInformation>)(?=\s*<xdomea:(?:Version|AnwendungsspezifischeErweiterung)>)",
        lambda found: found[1] + course,
        xml,
    )
    assert xml.count(b"<xdomea:InternerGeschaeftsgang>") > 1
    report = check_message(xml, schemas, files=_digests("0503"), purpose=FOREIGN)
    assert (report.findings, report.judgement) == ((), Judgement.VALID)
    crooked = xml.replace(str(an_id("Geschäftsgang 1")).encode(), str(an_id("Geschäftsgang 1")).encode()[:-1] + b"|")
    assert "XD-30" in {finding.code for finding in check_message(crooked, schemas, purpose=FOREIGN).findings}


@pytest.mark.parametrize("version", ["2.3.0", "2.4.0"])
def test_an_empty_yes_or_no_of_2_x_has_the_value_of_the_schema(version: str, schemas: Schemas) -> None:
    for code, name in (("0506", "Erfolgreich"), *((("0501", "Empfangsbestaetigung"),) if version == "2.4.0" else ())):
        xml = a_legacy_xml(code, version).replace(
            f"<xdomea:{name}>1</xdomea:{name}>".encode(), f"<xdomea:{name}/>".encode()
        )
        report = check_message(xml, schemas, purpose=FOREIGN)
        assert (report.judgement, report.schema_verdict) == (Judgement.VALID, Verdict.OK), report.findings
        read = read_message(xml)
        assert getattr(read, "erfolgreich", read.kopf.empfangsbestaetigung) is (name == "Erfolgreich")
    three = an_xml("0501").replace(b"<xdomea:Empfangsbestaetigung>1", b"<xdomea:Empfangsbestaetigung>")
    assert three != an_xml("0501")
    assert "XD-16" in {finding.code for finding in check_message(three, schemas, purpose=FOREIGN).findings}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_element_with_a_fixed_value_says_that_value(version: str, schemas: Schemas) -> None:
    xml = an_xml("0503", version)
    xml = re.sub(rb"<xdomea:Importbestaetigung>1</xdomea:Importbestaetigung>", b"<xdomea:Importbestaetigung/>", xml)
    xml = re.sub(rb"<xdomea:AnzahlJahre>\d+</xdomea:AnzahlJahre>", b"<xdomea:Unbefristet/>", xml)
    xml = re.sub(rb"\s*<xdomea:Aufbewahrungsende>[^<]*</xdomea:Aufbewahrungsende>", b"", xml)
    report = check_message(xml, schemas, files=_digests("0503"), purpose=FOREIGN)
    assert {finding.code for finding in report.findings} == {"XD-13"}
    assert (report.judgement, report.schema_verdict) == (Judgement.VALID_WITH_WARNING, Verdict.OK)
    message = read_message(xml)
    assert isinstance(message, Aussonderung0503)
    (akte,) = message.objekte
    assert isinstance(akte, AkteSGO)
    assert akte.aussonderung.unbefristet
