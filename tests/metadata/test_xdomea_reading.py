"""The reader: lenient where others omit, strict where a value has no meaning, and safe from everything hostile."""

from __future__ import annotations

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from akten.errors import Rejected
from akten.findings import Finding, Judgement
from akten.model import Aussonderungsart
from metadata.checks import Purpose, check_message
from metadata.messages import (
    AussonderungImport0506,
    Bewertungsverzeichnis0502,
    bewertung_empfangen,
)
from metadata.objects import AkteSGO
from metadata.parse import ParseLimits
from metadata.schemas import Schemas
from metadata.xdomea import read_message
from tests.metadata.xdomea_builders import (
    CODES,
    NOW,
    PROZESS,
    VERSIONS,
    Break,
    a_profile,
    an_id,
    an_xml,
    drop,
    edit,
    put,
    swap,
)
from tests.metadata.xdomea_legacy import PRIMARY, a_legacy_xml


@pytest.fixture(scope="session")
def schemas(xdomea_folder: Path) -> Schemas:
    return Schemas(xdomea_folder)


def refused(xml: bytes) -> tuple[Finding, ...]:
    with pytest.raises(Rejected) as error:
        read_message(xml)
    assert error.value.findings
    return error.value.findings


def first_akte(xml: bytes) -> AkteSGO:
    message = read_message(xml)
    akte = message.objekte[0]  # type: ignore[union-attr]
    assert isinstance(akte, AkteSGO)
    return akte


@pytest.mark.parametrize("version", ["2.3.0", "2.4.0"])
def test_2_x_is_read_into_the_same_values(version: str) -> None:
    akte = first_akte(a_legacy_xml("0503", version))
    assert akte.uuid == an_id("akte")
    assert (akte.aussonderung.jahre, akte.aussonderung.aussonderungsart) == (10, Aussonderungsart.ARCHIVWUERDIG)
    assert str(akte.aussonderung.aufbewahrungsende) == "2015-12-31"
    datei = akte.vorgaenge[0].dokumente[0].versionen[0].dateien[0]
    assert (datei.dateiname, datei.format_code, datei.format_version) == (PRIMARY, "044", "1b")
    kopf = read_message(a_legacy_xml("0504", version)).kopf
    assert (kopf.absender.behoerdenschluessel, kopf.erstellt) == ("0516", datetime(2019, 7, 24, 15, 25, 39, tzinfo=UTC))


def test_results_and_appraisals_of_2_x_are_read() -> None:
    imported = read_message(a_legacy_xml("0506"))
    assert isinstance(imported, AussonderungImport0506)
    assert imported.erfolg
    assert [(e.uuid, e.archivkennung) for e in imported.ergebnisse] == [(an_id("akte"), "NE 7")]
    appraisal = read_message(a_legacy_xml("0502"))
    assert isinstance(appraisal, Bewertungsverzeichnis0502)
    assert appraisal.bewertungen[0].art is Aussonderungsart.ARCHIVWUERDIG


CREATED = "2026-05-04T09:30:15.250Z</xdomea:Erst"
LENIENT: tuple[tuple[str, Break], ...] = (
    ("no titles", drop("AllgemeineMetadaten", every=True)),
    ("no retention", drop("ArchivspezifischeMetadaten", every=True)),
    ("no history", drop("HistorienProtokollInformation", every=True)),
    ("no system", drop("SendendesSystem")),
    ("no versions", drop("Akteninhalt")),
    ("dead schema address", swap("xdomea-Nachrichten-AussonderungDurchfuehren.xsd", "/dev/null")),
    ("other order", edit(lambda root, first: first("Kopf").append(first("ProzessID")))),
    ("upper case", swap(str(an_id("akte")), str(an_id("akte")).upper())),
    ("comments", swap("<xdomea:Kopf>", "<!-- <!DOCTYPE x> --><xdomea:Kopf><?pi x?>")),
    ("text in CDATA", swap("<xdomea:Betreff>Neubau", "<xdomea:Betreff><![CDATA[<!ENTITY]]>Neubau")),
    ("empty number of a version", swap("<xdomea:Nummer>1</xdomea:Nummer>", "<xdomea:Nummer/>")),
    ("no zone", swap(CREATED, "2026-05-04T09:30:15</xdomea:Erst")),
    ("foreign XML", put("Akte", "<xdomea:AnwendungsspezifischeErweiterungXML><a xmlns='urn:x'/>"
                        "</xdomea:AnwendungsspezifischeErweiterungXML>")),
)  # fmt: skip


@pytest.mark.parametrize(("name", "change"), LENIENT, ids=[name for name, _ in LENIENT])
def test_the_reader_is_lenient_where_others_omit(name: str, change: Break) -> None:
    assert first_akte(change(an_xml())).uuid == an_id("akte")


STRICT: tuple[tuple[str, str, Break], ...] = (
    ("XD-16", "no id", drop("ID")),
    ("XD-16", "no head", drop("Kopf")),
    ("XD-16", "pipe in id", swap(str(an_id("akte")), "|" + str(an_id("akte"))[1:])),
    ("XD-16", "date that is none", swap("<xdomea:Beginn>1998-03-01", "<xdomea:Beginn>1998-02-30")),
    ("XD-16", "year beyond", swap("<xdomea:Beginn>1998-03-01", "<xdomea:Beginn>12025-03-01")),
    ("XD-16", "unknown decision", swap("<code>A</code>", "<code>X</code>")),
    ("XD-16", "ends before it begins", swap("<xdomea:Ende>1999", "<xdomea:Ende>1909")),
    ("XD-16", "no file name", drop("Dateiname")),
    ("XD-16", "too many years", swap("<xdomea:AnzahlJahre>20", "<xdomea:AnzahlJahre>99999")),
    ("XD-16", "time beyond", swap(CREATED, "2026-05-04T25:30:15Z</xdomea:Erst")),
    ("XD-16", "zone beyond", swap(CREATED, "2026-05-04T09:30:15+99:00</xdomea:Erst")),
    (
        "XD-16",
        "before all time",
        swap(CREATED, "0001-01-01T00:00:00+02:00</xdomea:Erst"),
    ),
    ("XD-07", "unknown version", swap("schema:3.0.0", "schema:3.2.0", 9)),
    ("XD-08", "other group", swap("Aussonderung.Aussonderung.0503", "Abgabe.Abgabe.0401", 9)),
    ("XD-15", "not read", swap("Aussonderung.Aussonderung.0503", "Aussonderung.AktenplanZurBewertung.0511", 9)),
)


@pytest.mark.parametrize(("code", "name", "change"), STRICT, ids=[name for _, name, _ in STRICT])
def test_the_reader_is_strict_where_meaning_is_at_stake(code: str, name: str, change: Break) -> None:
    assert [finding.code for finding in refused(change(an_xml()))] == [code]


@pytest.mark.parametrize(("code", "name", "change"), STRICT, ids=[name for _, name, _ in STRICT])
def test_the_judge_looks_at_what_the_reader_refuses(code: str, name: str, change: Break, schemas: Schemas) -> None:
    report = check_message(change(an_xml()), schemas, purpose=Purpose.FOREIGN)
    beyond_our_knowledge = code in ("XD-07", "XD-08")
    assert report.judgement is (Judgement.UNCHECKED if beyond_our_knowledge else Judgement.INVALID)


def nested(name: str, depth: int) -> str:
    ident = "<xdomea:Identifikation><xdomea:ID>{}</xdomea:ID></xdomea:Identifikation>"
    return "".join(f"<xdomea:{name}>{ident.format(an_id(str(n)))}" for n in range(depth)) + f"</xdomea:{name}>" * depth


def test_objects_nested_without_end_are_refused_not_followed(schemas: Schemas) -> None:
    xml = put("Vorgang", nested("Teilvorgang", 200))(an_xml())
    assert [finding.code for finding in refused(xml)] == ["XD-80"]
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert "XD-80" in {finding.code for finding in report.findings}
    assert len(report.findings) < 250
    read_message(put("Vorgang", nested("Teilvorgang", 30))(an_xml()))


def test_a_receipt_answers_the_message_it_is_for() -> None:
    asked = read_message(an_xml("0502", "4.0.0"))
    assert isinstance(asked, Bewertungsverzeichnis0502)
    receipt = bewertung_empfangen(asked, a_profile("4.0.0"), erstellt=NOW)
    assert receipt.kopf.prozess_id == PROZESS
    assert receipt.kopf.ursprung == asked.kopf.nachricht
    assert receipt.kopf.nachricht != asked.kopf.nachricht


# --- hostile ----------------------------------------------------------------------------------------------------------

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
HOSTILE = {
    "billion laughs": HEAD + b'<!DOCTYPE a [<!ENTITY l0 "ha">' + LAUGHS + b"]><a>&l11;</a>",
    "quadratic blowup": HEAD + b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 50_000 + b"</a>",
    "external entity": HEAD + b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external dtd": HEAD + b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "parameter entity": HEAD + b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><a/>',
    "doctype after comments": HEAD + b"<!-- x --><?pi y?> <!DOCTYPE a><a/>",
    "doctype after a bom": b"\xef\xbb\xbf" + HEAD + b"<!DOCTYPE a><a/>",
    "doctype in utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-',
    "doctype in utf-16": '<?xml version="1.0"?><!DOCTYPE a><a/>'.encode("utf-16"),
    "doctype in ebcdic": '<?xml version="1.0" encoding="cp037"?><!DOCTYPE a><a/>'.encode("cp037"),
    "undeclared entity": HEAD + b"<a>&nbsp;</a>",
    "deep nesting": b"<a>" * 1_000_000,
    "deep and closed": b"<a>" * 100_000 + b"</a>" * 100_000,
    "a huge text": b"<a>" + b"x" * 12_000_000 + b"</a>",
    "a huge attribute": b'<a b="' + b"x" * 12_000_000 + b'"/>',
    "a huge name": b"<" + b"x" * 12_000_000 + b"/>",
    "many elements": b"<a>" + b"<b/>" * 4_000_000 + b"</a>",
    "many attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(1_600_000)) + b"/>",
    "unending comment": b"<!--" + b"x" * 1_000_000,
    "unending declaration": b"<?xml " + b" " * 5_000_000,
    "declaration too long to be read": b'<?xml version="1.0"' + b" " * 400 + b'encoding="UTF-7"?><a/>',
    "utf-8 that calls itself utf-16": b'<?xml version="1.0" encoding="UTF-16"?><a/>',
    "latin-1 that calls itself utf-8": HEAD + b"<a>\xe4</a>",
    "utf-16": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "utf-16 without bom": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16-be"),
    "null bytes": b"<a>\0</a>",
    "only blanks": b" \n\t" * 1000,
    "only a bom": b"\xef\xbb\xbf",
    "overlong utf-8": HEAD + b"<a>\xc0\xbc</a>",
    "surrogates": HEAD + b"<a>\xed\xa0\x80</a>",
    "two roots": HEAD + b"<a/><a/>",
    "pdf": b"%PDF-1.7\n",
    "namespace without version": b'<xdomea:A xmlns:xdomea="urn:xoev-de:xdomea:schema:"/>',
    "version with a path": b'<x xmlns="urn:xoev-de:xdomea:schema:../../etc"/>',
    "version in other digits": '<x xmlns="urn:xoev-de:xdomea:schema:٣.0.0"/>'.encode(),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_xml_is_refused_cheaply_and_offline(
    name: str, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*args: object) -> None:
        raise AssertionError("the judge went to the network")

    monkeypatch.setattr(socket, "socket", no_network)
    began = time.process_time()
    report = check_message(HOSTILE[name], schemas, purpose=Purpose.FOREIGN)
    refused(HOSTILE[name])
    unread = name.startswith(("many ", "a huge "))  # more than is read is not read, and nobody can say more
    assert report.judgement is (Judgement.UNCHECKED if unread else Judgement.INVALID)
    assert report.findings
    assert time.process_time() - began < 8


def test_a_gigabyte_is_refused_by_its_size_alone(schemas: Schemas) -> None:
    small = ParseLimits(max_bytes=1000)
    assert [f.code for f in check_message(an_xml(), schemas, limits=small).findings] == ["XD-01"]
    foreign = check_message(an_xml(), schemas, limits=small, purpose=Purpose.FOREIGN)
    assert (foreign.judgement, [f.code for f in foreign.findings]) == (Judgement.UNCHECKED, ["XD-01"])


def _identified(number: int) -> str:
    uuid = f"{number:08x}-0000-4000-8000-000000000000"
    return f"<xdomea:Identifikation><xdomea:ID>{uuid}</xdomea:ID></xdomea:Identifikation>"


def _paper(number: int) -> str:
    return f"<xdomea:Dokument>{_identified(number)}</xdomea:Dokument>"


START_OF_CONTENT = "<xdomea:Akteninhalt>"
MUCH = {
    "Dokumente without a file": START_OF_CONTENT + "".join(map(_paper, range(20_000))),
    "faults of one kind": "<xdomea:HistorienProtokollInformation/>" * 60_000 + START_OF_CONTENT,
    "an object identified again and again": "".join(map(_identified, range(20_000))) + START_OF_CONTENT,
}


@pytest.mark.parametrize("much", list(MUCH))
def test_an_akte_with_much_in_it_takes_time_that_grows_with_it(much: str, schemas: Schemas) -> None:
    xml = swap(START_OF_CONTENT, MUCH[much])(an_xml())
    began = time.process_time()
    report = check_message(xml, schemas, purpose=Purpose.FOREIGN)
    assert time.process_time() - began < 12, "what is looked up once per neighbour takes 15 s and more"
    assert report.findings


def test_a_few_faults_of_a_large_message_are_told_with_their_places(schemas: Schemas) -> None:
    papers = [*map(_paper, range(1, 3000)), _paper(3000).replace("00000bb8-", "x")]
    xml = swap(START_OF_CONTENT, START_OF_CONTENT + "".join(papers))(an_xml())
    faults = [f for f in check_message(xml, schemas, purpose=Purpose.FOREIGN).findings if f.code == "XD-11"]
    assert faults
    assert all("/Akteninhalt/Dokument[3000]/" in fault.where for fault in faults)


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.booleans())
def test_any_altered_message_ends_in_a_report(code: str, place: int, byte: int, cut: bool) -> None:
    data = bytearray(an_xml(code, VERSIONS[place % 3]))
    at = place % len(data)
    if cut:
        del data[at:]
    else:
        data[at] = byte
    assert isinstance(check_message(bytes(data), None, purpose=Purpose.FOREIGN).judgement, Judgement)
    with contextlib.suppress(Rejected):
        read_message(bytes(data))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9), version=st.sampled_from(VERSIONS))
def test_any_dropped_moved_or_emptied_element_ends_in_a_report(seed: int, version: str) -> None:
    root = etree.fromstring(an_xml("0503", version))
    elements = list(root.iter())[1:]
    victim, place = elements[seed % len(elements)], elements[seed // 7 % len(elements)]
    match seed % 4:
        case 0:
            victim.getparent().remove(victim)  # type: ignore[union-attr]
        case 1:
            victim.text = None
            del victim[:]
        case 2:
            if victim not in place.iterancestors() and victim is not place:
                place.append(victim)
        case _:
            victim.tag = "{urn:x}unbekannt"
    data = etree.tostring(root)
    assert isinstance(check_message(data, None, purpose=Purpose.FOREIGN).judgement, Judgement)
    with contextlib.suppress(Rejected):
        read_message(data)


def test_schemas_in_a_wrong_or_broken_folder_are_not_checked(tmp_path: Path) -> None:
    for version in ("3.0.0", "../x"):
        folder = tmp_path / version.strip("./")
        folder.mkdir()
        (folder / "xdomea-Nachrichten-AussonderungDurchfuehren.xsd").write_text("<broken")
    schemas = Schemas(tmp_path)
    assert not schemas.available("3.0.0")
    assert not schemas.available("../x")
    report = check_message(an_xml(), schemas)
    assert report.judgement is Judgement.UNCHECKED


def test_one_schema_serves_many_threads_without_mixing_their_errors(schemas: Schemas) -> None:
    good, bad = an_xml(), swap("<xdomea:Beginn>1998-03-01", "<xdomea:Beginn>nie")(an_xml())

    def judge(number: int) -> bool:
        report = check_message(bad if number % 2 else good, schemas)
        return ("XD-11" in {finding.code for finding in report.findings}) is bool(number % 2)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(judge, range(200)))


def test_undefined_years_of_2_x_are_not_read_as_years() -> None:
    xml = a_legacy_xml().replace(b"<xdomea:Aufbewahrungsdauer>10", b"<xdomea:Aufbewahrungsdauer>-1")
    assert first_akte(xml).aussonderung.jahre is None
