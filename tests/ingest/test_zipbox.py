"""ZIP deliveries: umlauts arrive, and no hostile archive writes outside, grows without bound or breaks the intake."""

from __future__ import annotations

import errno
import io
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akten.errors import Rejected
from ingest.delivery import read_delivery
from ingest.inbox import claim
from ingest.options import IntakeLimits
from ingest.slip_fields import shown
from ingest.zipbox import unpack
from tests.ingest.builders import GOOD, TIFF, zipped

LIMITS = replace(IntakeLimits(), zip_ratio_from=1 << 16)


def built(members: list[tuple[zipfile.ZipInfo | str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in members:
            box.writestr(name, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    return info


def encrypted() -> bytes:
    data = bytearray(built([("a.tif", TIFF)]))
    data[6] |= 1  # general purpose flag of the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and of the directory
    return bytes(data)


def lying_size() -> bytes:
    data = bytearray(built([("a.tif", TIFF * 100)]))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 10)
    return bytes(data)


def overlapping() -> bytes:
    data = bytearray(built([("a.tif", bytes(range(256)) * 40), ("b.tif", TIFF)]))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<L", data, second + 20, 1 << 20)
    return bytes(data)


def flipped() -> bytes:
    data = bytearray(built([("a.tif", bytes(range(256)) * 40)]))
    for place in range(60, 120):
        data[place] ^= 0xFF
    return bytes(data)


def damaged_bzip2() -> bytes:
    """Its decoder tells of damage by an OSError, as if the disk had failed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as box:
        box.writestr("a.tif", bytes(range(256)) * 40)
    data = bytearray(buffer.getvalue())
    data[35:60] = bytes(25)
    return bytes(data)


def far_directory(offset: int) -> bytes:
    """A ZIP64 whose directory is said to lie where no file system has bytes: the disk is not what is at fault."""
    data = bytearray(built([("a.tif", TIFF)]))
    struct.pack_into("<L", data, len(data) - 22 + 12, 0xFFFFFFFF)
    return bytes(data[:-22]) + b"PK\x06\x07" + struct.pack("<LQL", 0, offset, 1) + bytes(data[-22:])


HOSTILE: dict[str, bytes] = {
    "no zip": b"PK\x03\x04 nothing",
    "empty file": b"",
    "up": built([("../a.tif", TIFF)]),
    "up in the middle": built([("x/../../a.tif", TIFF)]),
    "absolute": built([("/tmp/a.tif", TIFF)]),
    "backslash": built([("..\\a.tif", TIFF)]),
    "drive": built([("C:\\a.tif", TIFF)]),
    "control": built([("a\nb.tif", TIFF)]),
    "long name": built([("a" * 300 + ".tif", TIFF)]),
    "link": built([(link(), b"/etc/passwd")]),
    "encrypted": encrypted(),
    "twins": built([("A.tif", TIFF), ("a.TIF", TIFF)]),
    "file and folder": built([("a", TIFF), ("a/b.tif", TIFF)]),
    "file and empty folder": built([("a", TIFF), ("a/", b"")]),
    "folder with content": built([("a\\", TIFF)]),
    "deep": built([("/".join("x" * 12) + "/a.tif", TIFF)]),
    "grows": built([("a.tif", bytes(100 << 20))]),
    "lies about its size": lying_size(),
    "overlaps": overlapping(),
    "directory beyond any disk": far_directory(1 << 50),
    "directory beyond any number": far_directory((1 << 64) - 1),
    "broken data": flipped(),
    "broken bzip2": damaged_bzip2(),
    "directory cut": built([("a.tif", TIFF)])[:-50] + built([("a.tif", TIFF)])[-22:],
}


@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_a_hostile_zip_is_refused_with_a_finding_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    (tmp_path / "lieferung.zip").write_bytes(HOSTILE[case])
    findings = unpack(tmp_path / "lieferung.zip", tmp_path / "lieferung", LIMITS)
    assert {finding.code for finding in findings} == {"IN-06"}
    assert list((tmp_path / "lieferung").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lieferung", "lieferung.zip"]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"7z\xbc\xaf\x27\x1c" + bytes(90), "sondern ein 7-Zip-Archiv"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(90), "sondern ein RAR-Archiv"),
        (b"\x1f\x8b\x08" + bytes(90), "sondern ein GZIP-Archiv"),
        (b"", "leer (0 Byte)"),
        (b"PK\x03\x04" + bytes(90), "beschädigt oder unvollständig"),
    ],
)
def test_what_is_no_zip_is_called_what_it_is(head: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "akte.zip").write_bytes(head)
    (finding,) = unpack(tmp_path / "akte.zip", tmp_path / "ziel", LIMITS)
    assert finding.code == "IN-06"
    assert told in finding.text
    assert not list((tmp_path / "ziel").iterdir())


def test_the_last_part_of_a_split_zip_is_called_that_and_no_bomb(tmp_path: Path) -> None:
    """Nothing of it was dangerous: the parts before it were not there."""
    whole = built([("a.tif", TIFF * 50), ("b.tif", TIFF * 50)])
    (tmp_path / "akte.zip").write_bytes(whole[40:])
    (finding,) = unpack(tmp_path / "akte.zip", tmp_path / "ziel", LIMITS)
    assert "in mehrere Dateien geteilt" in finding.text


@pytest.mark.parametrize("name", ["Scans Müller.zip", "M\udce4rz.zip"])
def test_what_is_wrong_with_a_zip_is_told_under_the_name_it_came_with(name: str, tmp_path: Path) -> None:
    """`lieferung.zip` is what we call it; who packed twenty does not know which that is."""
    (tmp_path / "lieferung.zip").write_bytes(built([("../a.tif", TIFF)]))
    (finding,) = unpack(tmp_path / "lieferung.zip", tmp_path / "ziel", LIMITS, name)
    assert finding.where == f"{shown(name)}: ../a.tif"
    assert finding.where.isprintable()


def test_too_many_members_and_too_many_bytes_are_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip")
    for number, limits in enumerate((replace(LIMITS, files=2), replace(LIMITS, zip_bytes=50))):
        assert [f.code for f in unpack(tmp_path / "a.zip", tmp_path / str(number), limits)] == ["IN-06"]


def with_zip64(size: int, short: int, *, gap: bytes = b"", away: bool = False) -> bytes:
    """A ZIP of one file whose directory, of `size` bytes by a ZIP64 record, has `short` ones by the old record."""
    data = built([("a.tif", TIFF)])
    true, offset = struct.unpack_from("<2L", data, len(data) - 22 + 12)
    record = b"PK\x06\x06" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, 1, 1, size or true, offset)
    place = len(data) - 22
    box = bytearray(data[:-22] + record + gap + b"PK\x06\x07" + struct.pack("<LQL", 0, place, 1) + data[-22:])
    if away:
        struct.pack_into("<Q", box, len(box) - 22 - 20 + 8, 0)
    struct.pack_into("<L", box, len(box) - 22 + 12, short)
    return bytes(box)


def marked_inside() -> bytes:
    """The place of the directory, which `zipfile` finds without it, reads like the mark of another end record."""
    data = bytearray(built([("a.tif", TIFF)]))
    struct.pack_into("<L", data, len(data) - 22 + 12, 1 << 30)
    data[-6:-2] = b"PK\x05\x06"
    return bytes(data)


@pytest.mark.parametrize(
    "box",
    [
        with_zip64(1 << 30, 60),
        with_zip64(1 << 30, 60, away=True),
        with_zip64(1 << 30, 60, gap=b"extensible"),
        with_zip64(60, 1 << 30, gap=b"extensible"),
        marked_inside(),
    ],
    ids=["beside a short one", "right before the locator", "where the locator says", "short one", "mark inside"],
)
def test_a_directory_too_large_for_memory_is_never_loaded(
    box: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version of `zipfile` believes another of several claims, and reads so much before anybody counts entries."""
    monkeypatch.setattr("ingest.zipbox.zipfile.ZipFile", None)
    (tmp_path / "a.zip").write_bytes(box)
    assert [f.text for f in unpack(tmp_path / "a.zip", tmp_path / "a", LIMITS)] == [
        "Das Verzeichnis des ZIP ist zu groß."
    ]


def test_a_true_zip64_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(with_zip64(0, 0xFFFFFFFF))
    assert unpack(tmp_path / "a.zip", tmp_path / "a", LIMITS) == ()
    assert (tmp_path / "a" / "a.tif").read_bytes() == TIFF


def test_names_arrive_as_meant(tmp_path: Path) -> None:
    """Windows packs CP437 or UTF-8 with a flag, a Mac UTF-8 without one; folders may be written with backslashes."""
    members = [("Größe.tif", TIFF), ("unter\\Öl.tif", TIFF)]
    plain = zipfile.ZipInfo("Gr\u2524\u255d\u251c\u0192e.tif")  # the bytes of UTF-8, read as CP437
    plain.filename = plain.orig_filename = "M\u251c\u2563ll.tif"
    (tmp_path / "a.zip").write_bytes(built(members))
    assert unpack(tmp_path / "a.zip", tmp_path / "a", LIMITS) == ()
    assert sorted(str(p.relative_to(tmp_path / "a")) for p in (tmp_path / "a").rglob("*.tif")) == [
        "Größe.tif",
        "unter/Öl.tif",
    ]
    for raw in ("Größe.tif".encode("cp437"), "Größe.tif".encode()):
        data = built([("X" * len(raw), TIFF)]).replace(b"X" * len(raw), raw)
        (tmp_path / "b.zip").write_bytes(data)
        target = tmp_path / raw.hex()
        told = unpack(tmp_path / "b.zip", target, LIMITS)
        assert [finding.code for finding in told] == (["IN-09"] if raw == "Größe.tif".encode("cp437") else [])
        assert [path.name for path in target.iterdir()] == ["Größe.tif"]


def test_two_names_that_differ_in_ss_and_sz_are_two_files(tmp_path: Path) -> None:
    """They were refused as one name, told apart by nothing but upper and lower case."""
    (tmp_path / "a.zip").write_bytes(built([("Straße.tif", TIFF), ("Strasse.tif", TIFF + b"2")]))
    assert unpack(tmp_path / "a.zip", tmp_path / "a", LIMITS) == ()
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"Straße.tif", "Strasse.tif"}


def test_a_zip_in_the_zip_stays_a_file_and_is_no_scan(inbox: Path, work: Path, new_id: Callable[[], UUID]) -> None:
    import json

    zipped(inbox / "a.zip", {"laufzettel.json": json.dumps(GOOD).encode(), "inner.zip": built([("../x.tif", TIFF)])})
    delivery = read_delivery(claim(inbox / "a.zip", work, new_id))
    assert [(scan.name, scan.mime) for scan in delivery.scans] == [("inner.zip", "application/zip")]


def test_a_packed_folder_is_read_like_its_content(inbox: Path, work: Path, new_id: Callable[[], UUID]) -> None:
    import json

    zipped(
        inbox / "a.zip",
        {"Akte 1/laufzettel.json": json.dumps(GOOD).encode(), "Akte 1/s.tif": TIFF, "__MACOSX/._s": b"x"},
    )
    claimed = claim(inbox / "a.zip", work, new_id)
    assert [scan.name for scan in read_delivery(claimed).scans] == ["s.tif"]
    assert claimed.zip_file is not None


def test_folders_with_backslashes_are_folders(tmp_path: Path) -> None:
    """Taken for an empty file, such an entry kept the files in it from being unpacked, and the ZIP at every round."""
    (tmp_path / "a.zip").write_bytes(built([("leer\\", b""), ("unter\\", b""), ("unter\\scan1.tif", TIFF)]))
    assert unpack(tmp_path / "a.zip", tmp_path / "a", LIMITS) == ()
    assert sorted(str(p.relative_to(tmp_path / "a")) for p in (tmp_path / "a").rglob("*")) == [
        "leer",
        "unter",
        "unter/scan1.tif",
    ]


def test_a_name_that_the_file_system_does_not_take_is_a_finding_and_no_endless_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encrypted and foreign file systems take shorter names than ours: that passes by no waiting."""
    real = Path.open

    def short(path: Path, *args: Any, **kwargs: Any) -> Any:
        if len(path.name) > 20:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return real(path, *args, **kwargs)

    (tmp_path / "a.zip").write_bytes(built([("a.tif", TIFF), ("x" * 30, TIFF)]))
    monkeypatch.setattr(Path, "open", short)
    (finding,) = unpack(tmp_path / "a.zip", tmp_path / "a", LIMITS)
    assert finding.code == "IN-06"
    assert "der Name ist zu lang" in finding.text
    assert list((tmp_path / "a").iterdir()) == []


def test_a_hostile_zip_is_claimed_and_told_when_read(inbox: Path, work: Path, new_id: Callable[[], UUID]) -> None:
    (inbox / "a.zip").write_bytes(HOSTILE["up"])
    claimed = claim(inbox / "a.zip", work, new_id)
    with pytest.raises(Rejected) as caught:
        read_delivery(claimed)
    assert [finding.code for finding in caught.value.findings] == ["IN-06"]


def test_a_zip_whose_directory_is_said_to_be_empty_is_damaged_and_not_without_files(tmp_path: Path) -> None:
    data = bytearray(_WHOLE)
    struct.pack_into("<L", data, data.rindex(b"PK\x05\x06") + 12, 0)
    for name, whole, codes in (("a.zip", bytes(data), ["IN-06"]), ("leer.zip", built([]), [])):
        (tmp_path / name).write_bytes(whole)
        found = unpack(tmp_path / name, tmp_path / f"ziel-{name}", LIMITS)
        assert [finding.code for finding in found] == codes


_WHOLE = built([("laufzettel.json", b"{}"), ("scan1.tif", TIFF * 3), ("unter/scan2.tif", TIFF)])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_any_damaged_byte_or_cut_ends_in_files_or_findings(tmp_path: Path, place: int, value: int, cut: bool) -> None:
    damaged = _WHOLE[:place] if cut else _WHOLE[:place] + bytes([value]) + _WHOLE[place + 1 :]
    (tmp_path / "a.zip").write_bytes(damaged)
    target = tmp_path / "ziel"
    findings = unpack(tmp_path / "a.zip", target, LIMITS)
    assert bool(findings) != bool(list(target.iterdir()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "ziel"]
    for path in sorted(target.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    target.rmdir()
