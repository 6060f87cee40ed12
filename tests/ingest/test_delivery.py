"""A delivery is read as it is: types by content, natural order, links refused; and the plan keeps every page."""

from __future__ import annotations

import os
import random
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.errors import Rejected, Unavailable
from akten.files import PageRef, digest_file
from ingest.claimed import ClaimedDelivery
from ingest.delivery import changed_files, plan_akte, read_delivery
from ingest.inbox import claim
from ingest.options import IntakeOptions
from ingest.pageranges import as_ranges
from ingest.scans import content_type, natural_key, readable_name
from ingest.slipdoc import SlipDokument, SlipVorgang
from tests.ingest.builders import GOOD, TIFF, a_delivery, a_scan, a_slip, fill, some_facts

NewId = Callable[[], UUID]
AKTE = UUID(int=99)


def test_two_spellings_of_one_name_are_a_finding_and_one_scan(inbox: Path, work: Path, new_id: NewId) -> None:
    """ä, and a with dots: the file system keeps both, and what stands in the register is told apart by name."""
    folder = fill(inbox / "a")
    for form in ("NFC", "NFD"):
        (folder / unicodedata.normalize(form, "Übersicht.tif")).write_bytes(TIFF)
    delivery = read_delivery(claim(folder, work, new_id))
    assert "IN-08" in {finding.code for finding in delivery.findings}
    assert len({scan.uuid for scan in delivery.scans}) == len(delivery.scans)


def test_what_became_of_a_file_since_it_was_read_is_told_in_words(inbox: Path, work: Path, new_id: NewId) -> None:
    folder = fill(inbox / "a")
    (folder / "zwei.tif").write_bytes(TIFF)
    delivery = read_delivery(claim(folder, work, new_id))
    assert changed_files(delivery) == ""
    path = next(scan.path for scan in delivery.scans if scan.name == "zwei.tif")
    for change, word in (
        (lambda: path.write_bytes(TIFF + b"x"), "größer geworden"),
        (lambda: path.write_bytes(TIFF[:-1]), "kleiner geworden"),
        (lambda: path.write_bytes(TIFF[:-1] + bytes([TIFF[-1] ^ 1])), "ihr Inhalt ist ein anderer"),
        (path.unlink, "nicht mehr da"),
    ):
        change()
        assert "„zwei.tif“" in changed_files(delivery)
        assert word in changed_files(delivery)
    for scan in delivery.scans:
        scan.path.unlink(missing_ok=True)
    assert "Ebenso 2 weitere Dateien." in changed_files(delivery)


def test_a_slip_that_was_written_into_since_it_was_read_is_told_like_a_scan(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    folder = fill(inbox / "a")
    with (folder / "laufzettel.json").open("a", encoding="utf-8") as still_open:
        delivery = read_delivery(claim(folder, work, new_id))
        still_open.write(" ")
    assert "„laufzettel.json“ hat sich geändert" in changed_files(delivery)
    assert "größer geworden" in changed_files(delivery)


def test_the_natural_order_of_names_is_the_order_of_pages() -> None:
    names = ["scan1.tif", "Scan2.tif", "scan02b.tif", "scan10.tif", "scan100.tif", "unter/scan1.tif", "unter/scan9.tif"]
    mixed = names.copy()
    random.Random(1).shuffle(mixed)
    assert sorted(mixed, key=lambda name: (natural_key(name), name)) == names


@pytest.mark.parametrize(
    "names",
    [
        ["Scan.jpg", "Scan (2).jpg", "Scan (3).jpg", "Scan (10).jpg"],  # Windows
        ["Scan.jpeg", "Scan 1.jpeg", "Scan 2.jpeg"],  # a Mac
        ["scan.tif", "scan-1.tif", "scan-2.tif"],
        ["scan.tif", "scan0001.tif", "scan0002.tif"],
        ["v1.scan.tif", "v1.scan.2.tif", "v1.scan.10.tif"],
    ],
)
def test_the_file_without_a_number_is_the_first_page(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == names


@given(st.lists(st.text(max_size=8)))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    assert sorted(names, key=natural_key) is not None


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"II*\x00rest", "image/tiff"),
        (b"MM\x00+rest", "image/tiff"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ", "image/jp2"),
        (b"\xff\x4f\xff\x51\x00", "image/jp2"),
        (b"\n\n%PDF-1.4", "application/pdf"),
        (b"hallo welt", "text/plain"),
        (b"<!DOCTYPE html><html><body>", "text/html"),
    ],
)
def test_the_type_comes_from_the_content(head: bytes, mime: str) -> None:
    assert content_type(head) == mime


def test_two_files_of_one_name_are_named_and_only_one_is_a_scan(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", GOOD, {"\u00fc.tif": TIFF, "u\u0308.tif": TIFF + b"2", "z.tif": TIFF})
    delivery = read_delivery(claim(inbox / "a", work, new_id))
    assert [(finding.code, finding.where) for finding in delivery.findings] == [("IN-08", "\u00fc.tif")]
    assert sorted(scan.name for scan in delivery.scans) == ["z.tif", "\u00fc.tif"]
    assert len({scan.uuid for scan in delivery.scans}) == len(delivery.scans)


def test_every_file_becomes_a_scan_with_both_digests_and_a_stable_uuid(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", files={"scan10.tif": TIFF, "scan2.jpg": TIFF + b"x", "unter/b.pdf": b"%PDF-1.4"})
    claimed = claim(inbox / "a", work, new_id)
    first, second = read_delivery(claimed), read_delivery(claimed)
    assert first == second
    assert [(scan.name, scan.mime) for scan in first.scans] == [
        ("scan2.jpg", "image/tiff"),
        ("scan10.tif", "image/tiff"),
        ("unter/b.pdf", "application/pdf"),
    ]
    assert all(scan.digests == digest_file(scan.path) for scan in first.scans)
    assert len({scan.uuid for scan in first.scans}) == 3
    assert first.findings == ()


def test_every_folder_of_a_delivery_is_forced_to_the_disk(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that holds folders only: without its name all below it is gone after a power cut."""
    outer = inbox / "gepackt"
    outer.mkdir()
    fill(outer / "a", files={"Band 1/Scans/scan1.tif": TIFF, "scan2.tif": TIFF + b"2"})
    claimed = claim(outer, work, new_id)
    forced: set[Path] = set()
    real = os.fsync

    def noted(handle: int) -> None:
        forced.add(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr("os.fsync", noted)
    delivery = read_delivery(claimed)
    root = delivery.slip_file.path.parent
    assert {claimed.lieferung, root, root / "Band 1", root / "Band 1" / "Scans"} <= forced


def test_what_belongs_to_no_akte_is_left_out_and_named(inbox: Path, work: Path, new_id: NewId) -> None:
    names = (
        "Thumbs.db",
        ".DS_Store",
        "._scan1.tif",
        "~$brief.docx",
        ".versteckt.tif",
        "__MACOSX/x",
        "@eaDir/y",
        "fertig",
    )
    fill(inbox / "a", files={"scan1.tif": TIFF, **dict.fromkeys(names, b"x")})
    delivery = read_delivery(claim(inbox / "a", work, new_id))
    assert [scan.name for scan in delivery.scans] == ["scan1.tif"]
    assert [finding.code for finding in delivery.findings] == ["IN-05"] * 7
    assert [f.where for f in delivery.findings if f.severity == "warning"] == [".versteckt.tif"]


def test_a_scan_that_is_called_like_a_marker_is_not_swallowed(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", files={"fertig": TIFF + bytes(2000)})
    assert [scan.name for scan in read_delivery(claim(inbox / "a", work, new_id)).scans] == ["fertig"]


def test_links_pipes_and_empty_files_are_findings_and_never_opened(inbox: Path, work: Path, new_id: NewId) -> None:
    folder = fill(inbox / "a", files={"scan1.tif": TIFF, "leer.tif": b""})
    (folder / "link.tif").symlink_to("/dev/zero")
    (folder / "ordner").symlink_to("/etc")
    (folder / "dangling").symlink_to("nirgends")
    os.mkfifo(folder / "rohr.tif")
    delivery = read_delivery(claim(folder, work, new_id))
    assert [scan.name for scan in delivery.scans] == ["scan1.tif"]
    assert sorted((finding.code, finding.where) for finding in delivery.findings) == [
        ("IN-04", "dangling"),
        ("IN-04", "link.tif"),
        ("IN-04", "ordner"),
        ("IN-04", "rohr.tif"),
        ("IN-08", "leer.tif"),
    ]


def test_two_names_that_look_the_same_are_a_finding(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", files={"\u00e4.tif": TIFF, "a\u0308.tif": TIFF + b"2"})
    assert [finding.code for finding in read_delivery(claim(inbox / "a", work, new_id)).findings] == ["IN-08"]


def test_an_empty_and_a_too_deep_delivery_are_findings(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", files={})
    assert [finding.code for finding in read_delivery(claim(inbox / "a", work, new_id)).findings] == ["IN-07"]
    fill(inbox / "b", files={"scan1.tif": TIFF, "/".join("x" * 12) + "/a.tif": TIFF})
    assert [finding.code for finding in read_delivery(claim(inbox / "b", work, new_id)).findings] == ["IN-07"]


def test_a_second_slip_below_is_told(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", files={"scan1.tif": TIFF, "akte 2/laufzettel.json": b"{}"})
    assert [finding.code for finding in read_delivery(claim(inbox / "a", work, new_id)).findings] == ["IN-02"]


def test_a_folder_called_like_the_slip_is_refused_and_not_tried_again(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a", files={"scan1.tif": TIFF, "laufzettel.yaml/x.txt": b"x"})
    (inbox / "a" / "laufzettel.json").unlink()
    with pytest.raises(Rejected) as refused:
        read_delivery(claim(inbox / "a", work, new_id))
    assert [finding.code for finding in refused.value.findings] == ["IN-04"]


def test_the_slip_names_what_is_not_archived(inbox: Path, work: Path, new_id: NewId) -> None:
    slip = {**GOOD, "nicht_archivieren": ["Protokoll.txt", "fehlt.txt"]}
    fill(inbox / "a", slip, {"scan1.tif": TIFF, "protokoll.txt": b"text"})
    delivery = read_delivery(claim(inbox / "a", work, new_id))
    assert [scan.name for scan in delivery.scans] == ["scan1.tif"]
    assert [(finding.code, finding.severity) for finding in delivery.findings] == [
        ("IN-42", "info"),
        ("IN-30", "error"),
    ]


def test_of_many_names_not_to_be_archived_that_no_file_has_the_rest_is_counted(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    slip = {**GOOD, "nicht_archivieren": [f"fehlt{number}.txt" for number in range(30)]}
    fill(inbox / "a", slip, {"scan1.tif": TIFF})
    found = read_delivery(claim(inbox / "a", work, new_id)).findings
    assert [(finding.code, finding.severity) for finding in found] == [("IN-30", "error")] * 11
    assert "20 weitere Dateien" in found[-1].text


def test_a_file_that_differs_from_a_named_one_in_upper_and_lower_case_only_is_not_left_out(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    """A scanner that counts in letters writes both; to leave out the other one too would lose it."""
    slip = {**GOOD, "nicht_archivieren": ["scan_a.tif", "SCAN_B.TIF"]}
    files = {"scan_a.tif": TIFF, "scan_A.tif": TIFF + b"1", "scan_b.tif": TIFF + b"2", "scan_B.tif": TIFF + b"3"}
    fill(inbox / "a", slip, files)
    delivery = read_delivery(claim(inbox / "a", work, new_id))
    assert {scan.name for scan in delivery.scans} == {"scan_A.tif", "scan_B.tif", "scan_b.tif"}
    assert [(finding.code, finding.where) for finding in delivery.findings] == [
        ("IN-42", "scan_a.tif"),
        ("IN-30", "SCAN_B.TIF"),
    ]


def test_a_file_with_two_blanks_in_its_name_is_found_by_it(inbox: Path, work: Path, new_id: NewId) -> None:
    """It was looked for with one, and the clerk was asked whether the name was meant that stood on the slip."""
    slip = {**GOOD, "nicht_archivieren": ["Scan  1.txt", "Scan 2.txt", "b  1.txt"]}
    files = dict.fromkeys(["Scan  1.txt", "Scan  2.txt", "b 1.txt", "b  1.txt"], b"text")
    fill(inbox / "a", slip, {"scan1.tif": TIFF, **files})
    delivery = read_delivery(claim(inbox / "a", work, new_id))
    assert [scan.name for scan in delivery.scans] == ["b 1.txt", "scan1.tif"]
    assert {finding.code for finding in delivery.findings} == {"IN-42"}


def test_a_bad_slip_and_bad_files_are_told_together(inbox: Path, work: Path, new_id: NewId) -> None:
    folder = fill(inbox / "a", {**GOOD, "band": "x"})
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(Rejected) as caught:
        read_delivery(claim(folder, work, new_id))
    assert sorted(finding.code for finding in caught.value.findings) == ["IN-04", "IN-14"]


def test_a_claim_that_is_not_whole_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        read_delivery(ClaimedDelivery(UUID(int=1), tmp_path))


# --- the plan ---------------------------------------------------------------------------------------------------------
def test_without_vorgaenge_every_file_is_a_dokument() -> None:
    delivery = a_delivery()
    planned = plan_akte(delivery, some_facts(delivery, {"scan1.tif": 3}), IntakeOptions(), AKTE)
    assert planned.akte.aktenzeichen.kanonisch == "63-01234-2019"
    assert planned.akte.aktenzeichen.schreibweise == "63-1234-19"
    assert [(d.betreff, d.seiten) for d in planned.akte.dokumente] == [("scan1", 3), ("scan2", 1)]
    first = planned.akte.dokumente[0]
    assert planned.pages[first.uuid] == tuple(PageRef(delivery.scans[0].uuid, page) for page in (1, 2, 3))


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"Lageplan \xdcbersicht \x96 Stra\xdfe.tif", "Lageplan Übersicht – Straße"),
        ("Übersicht.tif".encode(), "Übersicht"),
        (b"b\xf6se\x81.tif", "b\\xf6se\\x81"),  # no letter there
        (b"\xfc\n.tif", "\\xfc\\n"),
    ],
)
def test_a_name_that_is_no_utf8_gives_a_title_that_people_can_read_and_stays_exact_itself(
    inbox: Path, work: Path, new_id: NewId, raw: bytes, title: str
) -> None:
    """An old scanner writes umlauts as Windows does; the Dokumente of its Akte were called by escapes for ever."""
    folder = fill(inbox / "a", files={})
    (folder / os.fsdecode(raw)).write_bytes(TIFF)
    delivery = read_delivery(claim(folder, work, new_id))
    planned = plan_akte(delivery, some_facts(delivery), IntakeOptions(), AKTE)
    assert [dokument.betreff for dokument in planned.akte.dokumente] == [title]
    assert [os.fsencode(scan.path.name) for scan in delivery.scans] == [raw]
    assert delivery.scans[0].name == readable_name(os.fsdecode(raw))


def test_page_ranges_run_over_all_files_in_the_order_written() -> None:
    vorgang = SlipVorgang(
        "v", dokumente=(SlipDokument("a", seiten=((3, 3), (1, 1))), SlipDokument("b", seiten=((2, 2),)))
    )
    delivery = a_delivery(a_slip(vorgaenge=(vorgang,), blattzahl=3))
    planned = plan_akte(delivery, some_facts(delivery, {"scan1.tif": 2}), IntakeOptions(), AKTE)
    one, two = (scan.uuid for scan in delivery.scans)
    assert [planned.pages[d.uuid] for d in planned.akte.dokumente] == [
        (PageRef(two, 1), PageRef(one, 1)),
        (PageRef(one, 2),),
    ]


def test_a_repeated_plan_gives_the_same_uuids_and_another_delivery_others() -> None:
    delivery = a_delivery()
    facts = some_facts(delivery)
    options = IntakeOptions()
    assert plan_akte(delivery, facts, options, AKTE) == plan_akte(delivery, facts, options, AKTE)
    other = replace(delivery, uuid=uuid4())
    assert not set(plan_akte(other, facts, options, AKTE).pages) & set(plan_akte(delivery, facts, options, AKTE).pages)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.data())
def test_every_page_received_is_in_the_plan(counts: list[int], data: st.DataObject) -> None:
    """Whatever subset the slip assigns, accepted or not, no page is lost and none appears from nowhere."""
    total = sum(counts)
    first = data.draw(st.sets(st.integers(1, total), min_size=1))
    second = data.draw(st.sets(st.integers(1, total + 3), min_size=1))
    vorgang = SlipVorgang(
        "v", dokumente=(SlipDokument("a", seiten=as_ranges(first)), SlipDokument("b", seiten=as_ranges(second)))
    )
    scans = tuple(a_scan(f"s{number}") for number in range(len(counts)))
    delivery = a_delivery(a_slip(vorgaenge=(vorgang,)), *scans)
    facts = some_facts(delivery, {scan.name: count for scan, count in zip(scans, counts, strict=True)})
    planned = plan_akte(delivery, facts, IntakeOptions(), AKTE)
    everything = {
        PageRef(scan.uuid, page) for scan, count in zip(scans, counts, strict=True) for page in range(1, count + 1)
    }
    assert {ref for refs in planned.pages.values() for ref in refs} == everything
    assert set(planned.pages) == {dokument.uuid for dokument in planned.akte.dokumente}
    assert all(dokument.seiten == len(planned.pages[dokument.uuid]) for dokument in planned.akte.dokumente)


def test_an_uncertain_aktenzeichen_is_never_planned() -> None:
    delivery = a_delivery(a_slip(aktenzeichen="Unfug"))
    with pytest.raises(Rejected) as caught:
        plan_akte(delivery, some_facts(delivery), IntakeOptions(), AKTE)
    assert [finding.code for finding in caught.value.findings] == ["IN-20"]
