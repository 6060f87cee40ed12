"""The traps of the standard, one test each: what the schema lets pass or what other tools stumble over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from lxml import etree

from akten.errors import Misconfigured
from akten.findings import Judgement, Verdict
from akten.model import Aktenart, Aussonderungsart, Laufzeit
from metadata.checks import Purpose, check_message
from metadata.from_akte import OHNE_LAUFZEIT
from metadata.messages import Aussonderung0503, aussonderung
from metadata.objects import AkteSGO, Metadaten
from metadata.profile import Kontakt, Profile
from metadata.schemas import Schemas
from metadata.xdomea import namespace, read_message, write_message
from tests.metadata.xdomea_builders import (
    CODES,
    NOW,
    PROZESS,
    VERSIONS,
    a_message,
    a_profile,
    an_akte,
    an_id,
    an_xml,
    put,
    swap,
)


@pytest.fixture(scope="session")
def schemas(xdomea_folder: Path) -> Schemas:
    return Schemas(xdomea_folder)


def names_below(xml: bytes, name: str, version: str = "3.0.0") -> list[str]:
    element = next(etree.fromstring(xml).iter(f"{{{namespace(version)}}}{name}"))
    return [etree.QName(child).localname for child in element]


def written(akte_changes: dict[str, object] | None = None, version: str = "3.0.0") -> bytes:
    akte = replace(an_akte(), **(akte_changes or {}))  # type: ignore[arg-type]
    profile = a_profile(version)
    return write_message(aussonderung(akte, profile, prozess_id=PROZESS, erstellt=NOW), profile)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", CODES)
def test_01_booleans_are_written_as_digits(code: str, version: str) -> None:
    xml = an_xml(code, version)
    assert b">true<" not in xml
    assert b">false<" not in xml


def test_01_a_true_of_others_is_judged_like_a_1(schemas: Schemas) -> None:
    xml = swap("<xdomea:Importbestaetigung>1", "<xdomea:Importbestaetigung>true")(an_xml())
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID_WITH_WARNING)
    assert read_message(xml) == read_message(an_xml())


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_foreign_extension_calls_an_id_is_its_own_business(version: str, schemas: Schemas) -> None:
    """Elements of another namespace in the header may bear any name; the standard validates them laxly."""
    foreign = "<ID xmlns='urn:fach'>4711</ID><ProzessID xmlns='urn:fach'>x</ProzessID>"
    head, where = ("nachrichtenkopf", 4) if version.startswith("4.") else ("Kopf", 6)
    wrapped = f"<xdomea:AnwendungsspezifischeErweiterungXML>{foreign}</xdomea:AnwendungsspezifischeErweiterungXML>"
    xml = put(head, wrapped, version, where=where)(an_xml(version=version))
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID), report.findings


@pytest.mark.parametrize("streamed", ["", "<!-- so geprüft, wie er kommt -->"])
def test_a_schema_that_a_message_names_is_not_followed(streamed: str, schemas: Schemas, tmp_path: Path) -> None:
    """By it the extension would be wrong; the official one lets any pass."""
    hinted = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:fach">'
    (tmp_path / "x.xsd").write_text(f'{hinted}<xs:element name="a" type="xs:int"/></xs:schema>')
    hint = f"xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:schemaLocation='urn:fach {tmp_path}/x.xsd'"
    foreign = f"<a xmlns='urn:fach' {hint}>keine Zahl{streamed}</a>"
    wrapped = f"<xdomea:AnwendungsspezifischeErweiterungXML>{foreign}</xdomea:AnwendungsspezifischeErweiterungXML>"
    report = check_message(put("Akte", wrapped)(an_xml()), schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID), report.findings


def test_02_the_order_of_elements_is_that_of_the_schema() -> None:
    xml = written()
    assert names_below(xml, "Akte")[-5:] == [
        "HistorienProtokollInformation", "Akteninhalt", "ZdA", "ZdADatum", "AnwendungsspezifischeErweiterung",
    ]  # fmt: skip
    vorgang = names_below(xml, "Vorgang")
    assert vorgang.index("ZdA") < vorgang.index("ZdADatum") < vorgang.index("Laufzeit") < vorgang.index("Dokument")


def test_03_versions_end_a_dokument_in_4_0_0_and_do_not_in_3_x() -> None:
    assert names_below(written(version="4.0.0"), "Dokument", "4.0.0")[-1] == "Version"
    three = names_below(written(), "Dokument")
    assert three.index("Version") < three.index("AnwendungsspezifischeErweiterung")


def test_04_namespaces_of_the_4_0_0_header_are_mixed() -> None:
    root = etree.fromstring(an_xml("0503", "4.0.0"))
    ident = next(root.iter(f"{{{namespace('4.0.0')}}}identifikation.nachricht"))
    assert [child.tag for child in ident] == ["nachrichtenUUID", "nachrichtentyp", "erstellungszeitpunkt"]
    kennung = next(root.iter(f"{{{namespace('4.0.0')}}}kennung"))
    assert kennung.text == "ags:05162024"
    assert all(code.tag == "code" for code in root.iter("code"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", CODES)
def test_05_the_prefix_is_bound_at_the_start_and_the_schema_is_named(code: str, version: str) -> None:
    xml = an_xml(code, version)
    start = xml[:320].decode()
    assert start.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<xdomea:Aussonderung.')
    assert f'xmlns:xdomea="{namespace(version)}"' in start
    assert f'{namespace(version)} xdomea-Nachrichten-AussonderungDurchfuehren.xsd"' in start
    assert b" xmlns=" not in xml


def test_06_uuids_stand_alone_in_lower_case() -> None:
    for name in ("ProzessID", "ID"):
        for element in etree.fromstring(an_xml()).iter(f"{{{namespace('3.0.0')}}}{name}"):
            assert element.text is not None
            assert element.text == element.text.strip().lower()
            assert len(element.text) == 36


@pytest.mark.parametrize("odd", ["{%s}", "urn:uuid:%s", " %s", "\n%s\n", "%.35s|"])
def test_06_odd_uuids_are_errors_even_where_the_schema_lets_them_pass(odd: str, schemas: Schemas) -> None:
    xml = swap(str(PROZESS), odd % PROZESS)(an_xml())
    assert "XD-30" in {finding.code for finding in check_message(xml, schemas, purpose=Purpose.FOREIGN).findings}


def test_07_what_the_schema_cannot_say_is_found_although_it_is_valid(schemas: Schemas) -> None:
    xml = swap(str(an_id("dokument 2")), str(an_id("dokument 1")))(an_xml())
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.INVALID)


def test_08_an_unknown_laufzeit_is_left_out_with_a_remark() -> None:
    xml = written({"laufzeit": Laufzeit()})
    assert "Laufzeit" not in names_below(xml, "Akte")
    assert OHNE_LAUFZEIT.encode() in xml


def test_08_a_date_with_a_zone_is_read_and_written_without() -> None:
    xml = swap("<xdomea:Beginn>1998-03-01<", "<xdomea:Beginn>1998-03-01+02:00<")(an_xml())
    message = read_message(xml)
    assert isinstance(message, Aussonderung0503)
    akte = message.objekte[0]
    assert isinstance(akte, AkteSGO)
    assert akte.laufzeit.beginn == date(1998, 3, 1)
    assert b"+02:00" not in write_message(message, a_profile())


@pytest.mark.parametrize("version", VERSIONS)
def test_09_titles_from_ocr_are_cleaned(version: str, schemas: Schemas) -> None:
    xml = written({"betreff": "Bau\x00akte\x07 mit\x85 Mu\u0308ll \ud800\ufffe & <Tag> "}, version)
    assert "<xdomea:Betreff>Bauakte mit Müll  &amp; &lt;Tag&gt;</xdomea:Betreff>".encode() in xml
    assert check_message(xml, schemas).schema_verdict is Verdict.OK


def test_09_a_product_name_that_4_0_0_cannot_carry_is_refused() -> None:
    for name in ("", "Archiv 🗄", 'A"B', "A\nB"):
        with pytest.raises(Misconfigured):
            Profile(version="4.0.0", produkt=name)


def test_10_the_aussonderungsart_is_wrapped_in_its_own_name() -> None:
    root = etree.fromstring(an_xml())
    inner = root.findall(".//{*}Aussonderungsart/{*}Aussonderungsart/code")
    assert {code.text for code in inner} == {"A"}


def test_11_4_0_0_uses_its_own_names() -> None:
    four = an_xml("0503", "4.0.0").decode()
    for old, new in (
        ("Kopf>", "nachrichtenkopf>"), ("Absender>", "autor>"), ("Empfaenger>", "leser>"), (":ID>", ":xdomeaUUID>"),
        ("ArchivspezifischeMetadaten>", "Aussonderungsmetadaten>"), ("Vertraulichkeitsstufe ", "Geheimhaltungsgrad "),
        ("Institution>", "NameInstitution>"), ("Organisationseinheit>", "NameOrganisationseinheit>"),
    ):  # fmt: skip
        assert f"xdomea:{old}" not in four
        assert new in four
    assert b"BewertetesSGO" in an_xml("0502", "4.0.0")
    assert b"BewertetesObjekt" in an_xml("0502", "3.1.0")


def test_12_pdfa_comes_first_of_several_formats() -> None:
    codes = [code.text for code in etree.fromstring(an_xml()).findall(".//{*}Format/{*}Name/code")]
    assert codes == ["044", "023", "044", "023"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", CODES)
def test_13_the_same_message_gives_the_same_bytes(code: str, version: str) -> None:
    assert an_xml(code, version) == an_xml(code, version)
    shifted = replace(a_message(code, version).kopf, erstellt=NOW.astimezone(timezone(timedelta(hours=2))))
    again = replace(a_message(code, version), kopf=shifted)
    assert write_message(again, a_profile(version)) == an_xml(code, version)


def test_instants_are_written_with_milliseconds_and_zone() -> None:
    message = replace(
        a_message("0504"), kopf=replace(a_message("0504").kopf, erstellt=datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert b">2026-01-01T00:00:00.000Z<" in write_message(message, a_profile())


def test_tax_secrecy_is_data_protection_and_no_secrecy_level() -> None:
    changes = {"aktenart": Aktenart.STEUERAKTE}
    assert b"<xdomea:Wert>Steuergeheimnis" in written(changes)
    four = written(changes, "4.0.0")
    assert b"<xdomea:Datenschutzstufe>Steuergeheimnis" in four
    assert b'vertraulichkeitsstufe" listVersionID="1.0"><code>003' in four


def test_unlimited_retention_is_said_so_and_an_open_appraisal_has_no_proposal(schemas: Schemas) -> None:
    aufbewahrung = replace(
        an_akte().aufbewahrung,
        jahre=None,
        ende=None,
        aussonderungsart=Aussonderungsart.BEWERTEN,  # type: ignore[type-var]
    )
    xml = written({"aufbewahrung": aufbewahrung})
    assert b"<xdomea:Unbefristet>1</xdomea:Unbefristet>" in xml
    assert b"Bewertungsvorschlag" not in xml
    assert check_message(xml, schemas).judgement is Judgement.VALID


def test_extra_fields_and_the_spelling_on_the_slip_are_carried() -> None:
    xml = written().decode()
    for name, value in (("Flurstück", "12/345"), ("Aktenzeichen auf dem Laufzettel", "63/1234/98"), ("Seiten", "2")):
        assert f"<xdomea:Name>{name}</xdomea:Name>" in xml
        assert f"<xdomea:Wert>{value}</xdomea:Wert>" in xml


def test_the_plan_unit_fills_both_texts() -> None:
    assert names_below(written(), "Aktenplaneinheit") == ["Kennzeichen", "Inhaltsangabe", "BetreffKurz"]


def test_a_profile_without_contacts_or_with_an_unwritten_version_is_refused() -> None:
    for bad in (
        {"version": "2.4.0"},
        {"absender": Kontakt()},
        {"medium": "9"},
        {"absender": Kontakt("A", praefix="x")},
    ):
        with pytest.raises(Misconfigured):
            Profile(**bad)  # type: ignore[arg-type]


def test_texts_are_normalised_when_a_value_is_made() -> None:
    assert Metadaten(betreff=" a\x07u\u0308\r\n").betreff == "aü"
