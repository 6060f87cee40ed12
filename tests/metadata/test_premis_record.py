"""A PREMIS record of a package: written deterministically, read back without loss, valid by schema and rules."""

from __future__ import annotations

import os
import resource
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.errors import Rejected
from akten.files import Digests, PageRef, PageResult, PdfA, Rendition, Scan, ValidatorReport, digest_bytes
from akten.findings import Judgement, Verdict
from akten.package import PackageId
from metadata import premis
from metadata.premis_terms import EVENT_TYPES

AKTE = UUID("0b9d5f5c-1a67-4d59-93a1-3f9a3c6a0001")
T0 = datetime(2026, 11, 23, 8, 0, tzinfo=timezone(timedelta(hours=1)))


def a_scan(number: int, name: str = "scan.tif", mime: str = "image/tiff") -> Scan:
    return Scan(uuid5(AKTE, f"scan{number}"), Path("scan.tif"), name, mime, digest_bytes(f"scan {number}".encode()))


def a_pdfa(number: int, scans: tuple[Scan, ...], rendition: Rendition = Rendition.SCANNED) -> PdfA:
    pages = tuple(
        PageResult(i, PageRef(s.uuid, 1), 210, 297, words=100, confidence=90.0) for i, s in enumerate(scans, 1)
    )
    reports = (
        ValidatorReport("veraPDF", "1.26.2", Verdict.OK, "2b"),
        ValidatorReport("pikepdf.pdfa", "10.1", Verdict.NOT_CHECKED, why="nicht eingerichtet"),
    )
    return PdfA(
        uuid5(AKTE, f"pdfa{number}"), Path("x.pdf"), digest_bytes(f"pdf {number}".encode()), "2b", rendition, pages,
        tuple(s.uuid for s in scans), Path("x.hocr"), digest_bytes(f"hocr {number}".encode()),
        (("tesseract", "5.3.0"), ("tessdata deu", "4.1"), ("pikepdf", "10.1")), reports=reports, verdict=Verdict.OK,
    )  # fmt: skip


def a_record(documents: int = 2, capture: premis.Capture | None = None) -> premis.PremisRecord:
    scans = tuple(a_scan(i) for i in range(documents * 2))
    pdfas = tuple(a_pdfa(i, scans[2 * i : 2 * i + 2]) for i in range(documents))
    return premis.build_record(
        package=PackageId(AKTE, 1), scans=scans, pdfas=pdfas, software=("aktenarchiv", "0.1.0"),
        capture=capture or premis.Capture("B-07", "DR-G2140", "300-grau", "Platz 2", T0 - timedelta(hours=1)),
        identifier=("libmagic", "5.44"), received=T0, recognised=T0 + timedelta(minutes=5),
        now=T0 + timedelta(minutes=6),
    )  # fmt: skip


def test_the_record_of_a_package_is_valid_by_schema_and_rules(premis_xsd: Path) -> None:
    report = premis.check_record(premis.write_record(a_record()), premis_xsd)
    assert report == premis.PremisReport(Judgement.VALID, Verdict.OK, (), "3.0", 1 + 2 + 4 + 2 + 2, 9, 8)


def test_every_rendition_gives_a_valid_record(premis_xsd: Path) -> None:
    scans = tuple(a_scan(i) for i in range(4))
    pdfas = tuple(a_pdfa(i, (scans[i],), rendition) for i, rendition in enumerate(Rendition))
    record = premis.build_record(
        package=PackageId(AKTE, 2), scans=scans, pdfas=pdfas, capture=premis.Capture(), software=("a", "1"),
        identifier=None, received=T0, recognised=T0, now=T0,
    )  # fmt: skip
    assert premis.check_record(premis.write_record(record), premis_xsd).judgement is Judgement.VALID
    assert {e.type for e in record.events} >= {"replication", "normalization"}


def test_an_unknown_time_of_scanning_is_left_out_not_invented() -> None:
    record = a_record(capture=premis.Capture(operator="B-07", device="Scanner"))
    assert "capture" not in {event.type for event in record.events}


def test_a_scan_day_without_clock_is_kept_as_a_day(premis_xsd: Path) -> None:
    record = a_record(capture=premis.Capture(time=date(2026, 11, 20)))
    report = premis.check_record(premis.write_record(record), premis_xsd)
    assert (report.judgement, [f.code for f in report.findings]) == (Judgement.VALID_WITH_WARNING, ["PR-42"])


def test_pages_cost_no_events() -> None:
    assert len(a_record(2).events) == len(a_record(8).events) - 6  # one validation more per file, nothing else


def test_the_operator_is_a_number_and_no_person_is_named() -> None:
    people = [agent for agent in a_record().agents if agent.type is premis.AgentType.PERSON]
    assert [agent.name for agent in people] == ["Scan-Bedienung B-07"]


def test_a_failed_and_a_missing_validation_are_told_apart() -> None:
    notes = next(event for event in a_record().events if event.type == "validation").notes
    assert notes == ("veraPDF 1.26.2: pass", "pikepdf.pdfa 10.1: not checked (nicht eingerichtet)")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert premis.write_record(a_record()) == premis.write_record(a_record())


def test_a_name_with_control_characters_is_written_without_them(premis_xsd: Path) -> None:
    scan = a_scan(1, name="Fläche\x00\x0b \ud800<&>\n.tif")
    record = premis.build_record(
        package=PackageId(AKTE, 1), scans=(scan,), pdfas=(), capture=premis.Capture(), software=("a", "1"),
        identifier=None, received=T0, recognised=T0, now=T0,
    )  # fmt: skip
    assert premis.check_record(premis.write_record(record), premis_xsd).judgement is Judgement.VALID
    assert record.objects[-1].original_name == "Fläche <&> .tif"


def test_a_record_read_back_is_the_same() -> None:
    closed = premis.closure(PackageId(AKTE, 1), "ArchivG NRW § 7", date(2026, 1, 1), date(2087, 12, 31))
    record = premis.PremisRecord(a_record().objects, a_record().events, a_record().agents, (closed,))
    assert premis.read_record(premis.write_record(record)) == record


def test_closure_is_valid_by_schema_and_rules(premis_xsd: Path) -> None:
    closed = premis.closure(PackageId(AKTE, 1), "ArchivG NRW § 7", date(2026, 1, 1), None)
    record = premis.PremisRecord(a_record().objects, a_record().events, a_record().agents, (closed,))
    assert premis.check_record(premis.write_record(record), premis_xsd).judgement is Judgement.VALID


def test_reading_refuses_what_it_would_lose() -> None:
    xml = premis.write_record(a_record()).replace(b"<premis:size>", b"<premis:preservationLevel/><premis:size>")
    with pytest.raises(Rejected):
        premis.read_record(xml)


_text = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=12)
_word = _text.map(str.strip).filter(bool)
_id = st.builds(premis.Identifier, _word, _word)
_times = st.one_of(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=3, minutes=30))])
    ),
    st.dates(),
)
_events = st.builds(
    premis.PremisEvent, _id, st.sampled_from(sorted(EVENT_TYPES)), _times, st.lists(_word, max_size=2).map(tuple),
    _text,
    st.lists(_word, max_size=2).map(tuple),
    st.lists(st.builds(premis.AgentLink, _id, st.lists(_word, max_size=2).map(tuple)), max_size=2).map(tuple),
    st.lists(st.builds(premis.ObjectLink, _id, st.lists(_word, max_size=2).map(tuple)), max_size=2).map(tuple),
)  # fmt: skip
_relationships = st.builds(
    premis.Relationship, _word, _word, st.lists(_id, min_size=1, max_size=2).map(tuple),
    st.lists(_id, min_size=1, max_size=2).map(tuple),
)  # fmt: skip
_files = st.builds(
    premis.PremisObject, st.just(premis.Category.FILE), st.lists(_id, min_size=1, max_size=2).map(tuple),
    st.lists(st.tuples(_word, _text), max_size=2).map(tuple),
    st.lists(st.builds(premis.Fixity, _word, _word, _text), max_size=2).map(tuple),
    st.one_of(st.none(), st.integers(0, 2**62)), st.builds(premis.Format, _word, _text, _text, _text), _text,
    st.lists(_relationships, max_size=2).map(tuple), st.lists(_id, max_size=2).map(tuple),
)  # fmt: skip
_agents = st.builds(
    premis.PremisAgent, _id, _word, st.sampled_from(premis.AgentType), _text, st.lists(_word, max_size=2).map(tuple)
)
_records = st.builds(
    premis.PremisRecord, st.lists(_files, min_size=1, max_size=2).map(tuple), st.lists(_events, max_size=2).map(tuple),
    st.lists(_agents, max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_records)
def test_any_record_survives_writing_and_reading(record: premis.PremisRecord) -> None:
    assert premis.read_record(premis.write_record(record)) == record


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 5000))
def test_no_bytes_make_the_judge_raise(noise: bytes, where: int) -> None:
    good = premis.write_record(a_record(1))
    broken = good[:where] + noise + good[where + len(noise) :]
    assert premis.check_record(broken, None).judgement in (Judgement.INVALID, Judgement.UNCHECKED)
    assert premis.check_record(noise, None).judgement is Judgement.INVALID


def test_a_record_of_2000_files_is_judged_fast(premis_xsd: Path) -> None:
    """A delivery of 1,000 Dokumente: every rule looks at each part a bounded number of times."""
    digests = Digests("0" * 64, "0" * 128, 1)
    scans = [Scan(UUID(int=i), Path("x"), "s.tif", "image/tiff", digests) for i in range(1, 1001)]
    pdfas = [
        PdfA(UUID(int=10**6 + i), Path("x"), digests, "2b", Rendition.SCANNED, (), (s.uuid,), verdict=Verdict.OK)
        for i, s in enumerate(scans)
    ]
    record = premis.build_record(
        package=PackageId(AKTE, 1), scans=scans, pdfas=pdfas, capture=premis.Capture(time=T0), software=("a", "1"),
        identifier=("m", "1"), received=T0, recognised=T0, now=T0,
    )  # fmt: skip
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert premis.check_record(premis.write_record(record), premis_xsd).judgement is Judgement.VALID
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - begin < 5


def test_a_missing_file_is_unchecked_and_a_folder_or_a_pipe_is_no_record(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert premis.judge_path(tmp_path / "absent.xml", None).judgement is Judgement.UNCHECKED
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        report = premis.judge_path(path, None)
        assert (report.judgement, [finding.code for finding in report.findings]) == (Judgement.INVALID, ["PR-01"])
