"""Packages: what is in the ZIP, what it is called, and what must never be inflated."""

from __future__ import annotations

import errno
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from akten.findings import Judgement, Severity, Verdict
from akten.zipdirectory import directory_bytes
from metadata.checks import Purpose
from metadata.container import ZipLimits, judge_path, write_zip
from metadata.schemas import Schemas
from tests.metadata.xdomea_builders import (
    PDF,
    PROZESS,
    VERSIONS,
    a_message,
    a_profile,
    a_zip,
    an_id,
    an_xml,
    files_of,
    swap,
)
from tests.metadata.xdomea_legacy import FILES, a_legacy_xml

STEM = f"{PROZESS}_Aussonderung.Aussonderung.0503"
PDFA = f"{an_id('pdfa 1')}.pdf"


@pytest.fixture(scope="session")
def schemas(xdomea_folder: Path) -> Schemas:
    return Schemas(xdomea_folder)


def found(path: Path, schemas: Schemas | None, **more: object) -> dict[str, Severity]:
    report = judge_path(path, schemas, **more)  # type: ignore[arg-type]
    return {finding.code: finding.severity for finding in report.findings}


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_package_is_valid(version: str, purpose: Purpose, tmp_path: Path, schemas: Schemas) -> None:
    report = judge_path(a_zip(tmp_path, version=version), schemas, purpose=purpose)
    assert report.findings == ()
    assert (report.version, report.message, report.judgement) == (version, "0503", Judgement.VALID)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", ["0501", "0502", "0504", "0505", "0506", "0507"])
def test_a_package_of_any_other_message_holds_only_the_message(
    code: str, version: str, tmp_path: Path, schemas: Schemas
) -> None:
    assert judge_path(a_zip(tmp_path, code=code, version=version), schemas).findings == ()
    crowded = a_zip(tmp_path, code=code, version=version, files={PDFA: PDF})
    assert found(crowded, schemas) == {"XD-99": Severity.ERROR}


def test_a_package_of_2_4_is_valid(tmp_path: Path, schemas: Schemas) -> None:
    report = judge_path(a_zip(tmp_path, a_legacy_xml(), FILES), schemas)
    assert (report.findings, report.version, report.judgement) == ((), "2.4.0", Judgement.VALID)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_we_write_is_valid_and_always_the_same_bytes(version: str, tmp_path: Path, schemas: Schemas) -> None:
    sources = {}
    for name, content in files_of().items():
        sources[name] = tmp_path / name
        sources[name].write_bytes(content)
    one, two = tmp_path / "eins", tmp_path / "zwei"
    for folder in (one, two):
        folder.mkdir()
        path = write_zip(a_message("0503", version), a_profile(version), sources, folder)
        assert [entry.name for entry in folder.iterdir()] == [path.name]
    assert (one / path.name).read_bytes() == (two / path.name).read_bytes()
    report = judge_path(one / path.name, schemas, purpose=Purpose.SENDING)
    assert (report.findings, report.judgement) == ((), Judgement.VALID)


def test_the_ending_xdomea_is_as_good_as_zip(tmp_path: Path, schemas: Schemas) -> None:
    assert judge_path(a_zip(tmp_path, name=f"{STEM}.xdomea"), schemas).findings == ()


def entries(path: Path, change: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "a") as package:
        change(package)
    return path


def test_missing_and_surplus_files_are_errors(tmp_path: Path, schemas: Schemas) -> None:
    files = files_of()
    del files[PDFA]
    assert found(a_zip(tmp_path, files=files), schemas) == {"XD-98": Severity.ERROR}
    assert found(a_zip(tmp_path, files=files_of() | {"Thumbs.db": b"x"}), schemas) == {"XD-99": Severity.ERROR}
    renamed = {name.upper(): content for name, content in files_of().items()}
    assert found(a_zip(tmp_path, files=renamed), schemas) == {"XD-98": Severity.ERROR, "XD-99": Severity.ERROR}


def test_an_empty_file_is_an_error(tmp_path: Path, schemas: Schemas) -> None:
    assert found(a_zip(tmp_path, files=files_of() | {PDFA: b""}), schemas) == {"XD-85": Severity.ERROR}


def test_folders_and_paths_are_errors(tmp_path: Path, schemas: Schemas) -> None:
    assert found(entries(a_zip(tmp_path), lambda z: z.mkdir("dateien")), schemas) == {"XD-91": Severity.ERROR}
    for name in ("../x.pdf", "/etc/x.pdf", "a/b.pdf", "c:x.pdf", "a\\b.pdf", "a\x1bb.pdf"):
        path = entries(a_zip(tmp_path), lambda z, name=name: z.writestr(name, b"x"))  # type: ignore[misc]
        assert found(path, schemas) == {"XD-91": Severity.ERROR}, name


def test_links_and_devices_are_errors(tmp_path: Path, schemas: Schemas) -> None:
    def link(package: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("verweis.pdf")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        package.writestr(info, "/etc/passwd")

    assert found(entries(a_zip(tmp_path), link), schemas) == {"XD-91": Severity.ERROR}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_entries_are_errors_and_twins_in_case_are_named(tmp_path: Path, schemas: Schemas) -> None:
    doubled = entries(a_zip(tmp_path), lambda z: z.writestr(PDFA, b"other"))
    assert found(doubled, schemas) == {"XD-92": Severity.ERROR}
    twins = entries(a_zip(tmp_path), lambda z: z.writestr(PDFA.upper(), b"other"))
    assert found(twins, schemas) == {"XD-92": Severity.WARNING, "XD-99": Severity.ERROR}


def test_names_follow_the_scheme_of_the_version(tmp_path: Path, schemas: Schemas) -> None:
    warned, wrong = Severity.WARNING, Severity.ERROR
    other = str(an_id("anderer Prozess"))
    assert found(a_zip(tmp_path, name="lieferung.zip"), schemas) == {"XD-95": warned}
    assert found(a_zip(tmp_path, name="lieferung.zip"), schemas, purpose=Purpose.SENDING) == {"XD-95": wrong}
    short = a_zip(tmp_path, name=f"{PROZESS}_0503.zip", inside=f"{PROZESS}_0503.xml")
    assert found(short, schemas) == {"XD-95": warned}
    numbered = a_zip(tmp_path, name=f"{PROZESS}_0503_1.zip", inside=f"{PROZESS}_0503_1.xml")
    assert found(numbered, schemas) == {"XD-95": warned}  # the form of 4.0.0 around a 3.0.0 message
    assert found(a_zip(tmp_path, name=f"{other}_Aussonderung.Aussonderung.0503.zip"), schemas) == {
        "XD-96": wrong,
        "XD-97": wrong,
    }
    assert found(a_zip(tmp_path, inside=f"{STEM.upper()}.xml"), schemas) == {"XD-96": wrong}
    assert found(a_zip(tmp_path, inside="nachricht.xml"), schemas) == {"XD-96": wrong}
    wrong_type = STEM.replace("Aussonderung.0503", "Anbieteverzeichnis.0501")
    assert found(a_zip(tmp_path, name=f"{wrong_type}.zip", inside=f"{wrong_type}.xml"), schemas) == {"XD-97": wrong}
    mixed = STEM.replace("Aussonderung.0503", "Anbieteverzeichnis.0503")
    assert found(a_zip(tmp_path, name=f"{mixed}.zip", inside=f"{mixed}.xml"), schemas) == {"XD-97": wrong}
    second = f"{PROZESS}_0503_2"
    path = a_zip(tmp_path, version="4.0.0", name=f"{second}.zip", inside=f"{second}.xml")
    assert found(path, schemas) == {"XD-97": wrong}


def test_an_upper_case_process_in_the_name_is_the_same_process(tmp_path: Path, schemas: Schemas) -> None:
    stem = f"{str(PROZESS).upper()}_Aussonderung.Aussonderung.0503"
    assert found(a_zip(tmp_path, name=f"{stem}.zip", inside=f"{stem}.xml"), schemas) == {}


def test_there_is_exactly_one_message(tmp_path: Path, schemas: Schemas) -> None:
    none = a_zip(tmp_path, xml=b"x", inside="leer.txt")
    assert found(none, schemas) == {"XD-94": Severity.ERROR}
    two = a_zip(tmp_path, files=files_of() | {"zweite.xml": an_xml("0502")})
    assert set(found(two, schemas)) == {"XD-99"}  # named by the ZIP: the other is surplus
    unnamed = a_zip(tmp_path, name="x.zip", inside="a.xml", files=files_of() | {"b.xml": an_xml("0502")})
    assert "XD-94" in found(unnamed, schemas)


def test_of_a_message_that_cannot_be_seen_it_is_not_said_that_there_is_none(tmp_path: Path, schemas: Schemas) -> None:
    path = tmp_path / f"{STEM}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as package:
        package.writestr(f"{STEM}.xml", an_xml())
    texts = {finding.code: finding.text for finding in judge_path(path, schemas).findings}
    assert texts["XD-94"] == "Ob das ZIP eine XDOMEA-Nachricht enthält, lässt sich nicht sehen."


def test_an_xml_that_is_a_primary_file_is_no_second_message(tmp_path: Path, schemas: Schemas) -> None:
    name = f"{an_id('pdfa 1')}.xml"
    xml = swap("<code>044", "<code>030")(swap(PDFA, name)(an_xml()))
    files = files_of() | {name: b"<a/>"}
    del files[PDFA]
    assert found(a_zip(tmp_path, xml, files), schemas) == {}


def test_names_that_are_not_flagged_as_utf8_are_named_and_still_found(tmp_path: Path, schemas: Schemas) -> None:
    name = f"{an_id('pdfa 1')}_Größe.pdf"
    xml = swap(PDFA, name)(an_xml())
    files = files_of() | {name: PDF}
    del files[PDFA]
    flagged = a_zip(tmp_path, xml, files)
    assert found(flagged, schemas) == {"XD-36": Severity.WARNING}
    data = bytearray(flagged.read_bytes())
    place = data.find(name.encode())
    while place >= 0:  # clears bit 11 in the local and in the central header of that entry
        header = data.rfind(b"PK", 0, place)
        data[header + (7 if data[header + 2] == 3 else 9)] &= ~0x08
        place = data.find(name.encode(), place + 1)
    flagged.write_bytes(bytes(data))
    assert found(flagged, schemas) == {"XD-36": Severity.WARNING, "XD-86": Severity.WARNING}


def test_cp437_names_are_read_as_such(tmp_path: Path, schemas: Schemas) -> None:
    name = f"{an_id('pdfa 1')}_Gr\u00f6\u00dfe.pdf"
    stand_in = f"{an_id('pdfa 1')}_Gr@@e.pdf"
    files = files_of() | {stand_in: PDF}
    del files[PDFA]
    path = a_zip(tmp_path, swap(PDFA, name)(an_xml()), files)
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name.encode("cp437")))
    assert found(path, schemas) == {"XD-36": Severity.WARNING, "XD-86": Severity.WARNING}


@pytest.mark.parametrize("cut", [1, 10, 100, 1000])
def test_a_truncated_zip_is_an_error(cut: int, tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert found(path, schemas) == {"XD-90": Severity.ERROR}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", ["file", "message"])
def test_a_damaged_entry_is_an_error_and_nothing_is_said_of_what_nobody_could_read(
    what: str, version: str, tmp_path: Path, schemas: Schemas
) -> None:
    path = a_zip(tmp_path, version=version)
    name = PDFA if what == "file" else f"{path.stem}.xml"
    with zipfile.ZipFile(path) as package:
        info = package.getinfo(name)
    data = bytearray(path.read_bytes())
    data[info.header_offset + 30 + len(name) + 2] ^= 0xFF
    path.write_bytes(bytes(data))
    assert found(path, schemas) == {"XD-90": Severity.ERROR}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_encrypted_entry_is_an_error(version: str, tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path, version=version)
    data = bytearray(path.read_bytes())
    place = data.rfind(PDFA.encode())
    data[data.rfind(b"PK\x01\x02", 0, place) + 8] |= 1
    path.write_bytes(bytes(data))
    assert found(path, schemas) == {"XD-90": Severity.ERROR}


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"GIF89a", bytes(range(200, 256))]
)
def test_what_is_no_zip_is_an_error_and_never_a_traceback(content: bytes, tmp_path: Path, schemas: Schemas) -> None:
    path = tmp_path / f"{STEM}.zip"
    path.write_bytes(content)
    report = judge_path(path, schemas)
    assert report.judgement is Judgement.INVALID
    assert report.schema_verdict is Verdict.NOT_CHECKED


def test_files_that_are_none_are_refused_without_reading(tmp_path: Path, schemas: Schemas) -> None:
    pipe = tmp_path / "rohr.xml"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        assert found(path, schemas) == {"XD-01": Severity.ERROR}


def test_what_cannot_be_read_is_unchecked_and_not_invalid(tmp_path: Path, schemas: Schemas) -> None:
    """A missing file, a name no system can hold, and a file that gives an error when it is read."""
    (tmp_path / "kreis.xml").symlink_to("kreis.xml")
    for path in (tmp_path / "nirgends.xml", tmp_path / "kreis.xml", tmp_path / ("x" * 5000), tmp_path / "a\0b"):
        report = judge_path(path, schemas)
        assert report.judgement is Judgement.UNCHECKED
        assert [(f.code, f.severity) for f in report.findings] == [("XD-01", Severity.WARNING)]


def test_bytes_behind_the_end_are_named(tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    path.write_bytes(path.read_bytes() + b"PK und mehr")
    assert found(path, schemas) == {"XD-90": Severity.WARNING}


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [(20, 2_000_000_000, "XD-93"), (24, 1_000_000, "XD-90"), (8, 0x40, "XD-90"), (8, 0x2000, "XD-90")],
    ids=["reaches beyond the end", "claims more than there is", "strongly encrypted", "encrypted directory"],
)
def test_lies_of_the_directory_are_errors(place: int, value: int, code: str, tmp_path: Path, schemas: Schemas) -> None:
    """Fields of the last entry in the central directory (APPNOTE 4.3.12)."""
    path = a_zip(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02") + place
    data[at : at + (2 if place == 8 else 4)] = value.to_bytes(2 if place == 8 else 4, "little")
    path.write_bytes(data)
    assert found(path, schemas)[code] is Severity.ERROR


def test_a_bomb_is_not_inflated(tmp_path: Path, schemas: Schemas) -> None:
    path = tmp_path / f"{STEM}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package, package.open("bombe.pdf", "w") as entry:
        for _ in range(80):
            entry.write(bytes(1 << 20))
    began = time.process_time()
    assert found(path, schemas) == {"XD-93": Severity.ERROR}
    assert time.process_time() - began < 2


def test_overlapping_entries_are_not_inflated(tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    with zipfile.ZipFile(path) as package:
        first = package.infolist()[0].header_offset
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 42 : place + 46] = struct.pack("<L", first + 4)
    path.write_bytes(bytes(data))
    assert "XD-93" in found(path, schemas)


def test_a_long_record_where_nobody_looks_does_not_hide_what_the_short_one_claims(tmp_path: Path) -> None:
    """Python 3.11 looks right before the locator, and then loads four gigabytes of a file that is large enough."""
    long = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 0, 0, 10, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0xFFFFFFFF, 0, 0)
    (tmp_path / "x.zip").write_bytes(long + b"dazwischen" + locator + short)
    assert directory_bytes(tmp_path / "x.zip") == 0xFFFFFFFF
    (tmp_path / "y.zip").write_bytes(long + locator + short)
    assert directory_bytes(tmp_path / "y.zip") == 10


def test_limits_of_number_and_directory_hold(tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    assert found(path, schemas, zip_limits=ZipLimits(max_entries=2)) == {"XD-93": Severity.ERROR}
    assert found(path, schemas, zip_limits=ZipLimits(max_directory=100)) == {"XD-93": Severity.ERROR}
    assert found(path, schemas, zip_limits=ZipLimits(max_bytes=100)) == {"XD-93": Severity.ERROR}


def test_a_huge_message_inside_is_not_inflated(tmp_path: Path, schemas: Schemas) -> None:
    path = tmp_path / f"{STEM}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package, package.open(f"{STEM}.xml", "w") as entry:
        noise = os.urandom(1 << 14) * 64
        for _ in range(260):
            entry.write(noise)
    assert found(path, schemas) == {"XD-01": Severity.WARNING}
    assert judge_path(path, schemas).judgement is Judgement.UNCHECKED


def test_every_flipped_byte_ends_in_a_report(tmp_path: Path, schemas: Schemas) -> None:
    good = a_zip(tmp_path).read_bytes()
    path = tmp_path / f"{STEM}.zip"
    steps = max(1, len(good) // 150)
    for place in range(0, len(good), steps):
        data = bytearray(good)
        data[place] ^= 0x55
        path.write_bytes(bytes(data))
        report = judge_path(path, schemas)
        assert isinstance(report.judgement, Judgement)


def test_an_xml_file_is_compared_with_its_name(tmp_path: Path, schemas: Schemas) -> None:
    named = tmp_path / f"{PROZESS}_Aussonderung.Bewertungsverzeichnis.0502.xml"
    named.write_bytes(an_xml("0502"))
    assert found(named, schemas) == {}
    lying = tmp_path / f"{an_id('x')}_Aussonderung.Bewertungsverzeichnis.0502.xml"
    lying.write_bytes(an_xml("0502"))
    assert found(lying, schemas) == {"XD-97": Severity.ERROR}
    free = tmp_path / "nachricht.xml"
    free.write_bytes(an_xml("0503"))
    report = judge_path(free, schemas)
    assert report.judgement is Judgement.VALID
    assert [(f.code, f.severity) for f in report.findings] == [("XD-98", Severity.INFO)]


def test_nothing_is_written_while_judging(tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    before = sorted(entry.name for entry in tmp_path.iterdir())
    judge_path(path, schemas)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == before


def test_bytes_before_the_first_entry_are_named(tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    path.write_bytes(b"MZ hidden" + path.read_bytes())
    assert found(path, schemas) == {"XD-90": Severity.WARNING}


@pytest.mark.parametrize(("number", "judgement"), [(errno.EIO, Judgement.UNCHECKED), (errno.EINVAL, Judgement.INVALID)])
@pytest.mark.parametrize("name", ["__init__", "open"])
def test_a_failing_disk_makes_no_message_invalid_and_an_impossible_place_in_the_zip_does(
    tmp_path: Path, schemas: Schemas, monkeypatch: pytest.MonkeyPatch, name: str, number: int, judgement: Judgement
) -> None:
    package = a_zip(tmp_path)

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, "says nothing")

    monkeypatch.setattr(zipfile.ZipFile, name, fails)
    assert judge_path(package, schemas).judgement is judgement
