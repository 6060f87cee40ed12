"""The tar of a bag: same bag, same bytes; its index is true; other readers agree; damage anywhere is found."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tracemalloc
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.errors import FixityError, Rejected, Unavailable
from akten.files import Digests, digest_bytes, digest_file
from akten.package import PackageId
from archive.bag import Part, make_bag
from archive.bagcheck import check_tar
from archive.tarball import _header, read_tar, write_tar
from archive.tarread import EntryKind
from tests.bagfolder import write_bag
from tests.bagtars import TARS_THAT_BREAK_OFF, good_tars
from tests.packages import a_bag, a_part

ID = PackageId(UUID(int=1), 1)
LONG = "representations/" + "d" * 120 + "/" + "f" * 120 + ".tif"


def test_the_same_bag_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_tar(a_bag(ID, more=[a_part(LONG, b"x")]), tmp_path / "1.tar")
    second = write_tar(a_bag(ID, more=[a_part(LONG, b"x")]), tmp_path / "2.tar")
    assert first == second
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.tar", "2.tar"]


def test_a_golden_digest_holds_the_format_for_ever(tmp_path: Path) -> None:
    """Stored tars are compared by digest when they are made again, so the format may never drift."""
    digests, _ = write_tar(a_bag(ID, more=[a_part(LONG, b"x")]), tmp_path / "x.tar")
    assert digests.sha256 == "d683d9f32802a6a645eee61d5e2bf3e19d07539e76a62464ef7c4721f1523d26"


def test_digests_and_index_are_true(tmp_path: Path) -> None:
    source = tmp_path / "scan"
    source.write_bytes(bytes(range(256)) * 20_000)
    bag = a_bag(ID, source, more=[a_part(LONG, b"x"), a_part("schemas/empty", b"")])
    digests, members = write_tar(bag, tmp_path / "x.tar")
    assert digests == digest_file(tmp_path / "x.tar")
    raw = (tmp_path / "x.tar").read_bytes()
    wanted = {f"{bag.root_name}/{name}": digest_bytes(data) for name, data in bag.tag_files}
    wanted |= {f"{bag.root_name}/data/{part.path}": part.digests for part in bag.parts}
    assert [member.name for member in members] == list(wanted)
    for member in members:
        assert digest_bytes(raw[member.offset : member.offset + member.size]) == wanted[member.name]


def test_other_readers_see_the_same_files(tmp_path: Path) -> None:
    bag = a_bag(ID, more=[a_part(LONG, b"x")])
    write_tar(bag, tmp_path / "x.tar")
    folder = write_bag(bag, tmp_path)
    (tmp_path / "python").mkdir()
    (tmp_path / "gnu").mkdir()
    with tarfile.open(tmp_path / "x.tar") as tar:
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Debian 12 lacks it
        tar.extractall(tmp_path / "python", **safely)  # type: ignore[arg-type]  # noqa: S202 - our own tar
    subprocess.run(["tar", "-xf", tmp_path / "x.tar", "-C", tmp_path / "gnu"], check=True)
    wanted = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for reader in ("python", "gnu"):
        root = tmp_path / reader / bag.root_name
        assert wanted == {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with (tmp_path / "x.tar").open("rb") as stream:
        ours = {entry.name: b"".join(iter(entry.read, b"")) for entry in read_tar(stream)}
    assert ours == {f"{bag.root_name}/{path}": data for path, data in wanted.items()}


@pytest.mark.parametrize("size", [8**11 - 1, 8 << 30, 10**13])
def test_sizes_of_8_gib_and_more_are_read_alike_by_others(size: int) -> None:
    raw = _header("bag/data/huge", size)
    assert tarfile.TarFile.open(fileobj=io.BytesIO(raw + bytes(1024)), ignore_zeros=False).next().size == size
    (entry,) = _first(raw)
    assert (entry.name, entry.size) == ("bag/data/huge", size)


def _first(raw: bytes) -> list:
    for entry in read_tar(io.BytesIO(raw + bytes(1024))):
        return [entry]
    return []


@given(st.lists(st.text("abc.-_", min_size=1, max_size=130), min_size=1, max_size=5))
def test_any_length_of_name_is_read_alike_by_others(parts: list[str]) -> None:
    name = "/".join(part.strip(".") or "x" for part in parts)
    raw = _header(name, 0)
    assert tarfile.TarFile.open(fileobj=io.BytesIO(raw + bytes(1024))).next().name == name
    assert _first(raw)[0].name == name


def test_a_source_that_changed_leaves_no_tar(tmp_path: Path) -> None:
    source = tmp_path / "scan"
    source.write_bytes(b"before")
    bag = a_bag(ID, source)
    for data in (b"after!", b"before and more", b"bef"):
        source.write_bytes(data)
        with pytest.raises(FixityError):
            write_tar(bag, tmp_path / "x.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["scan"]
    with pytest.raises(Unavailable):
        write_tar(bag, tmp_path / "none" / "x.tar")


def test_memory_is_flat_for_a_large_part(tmp_path: Path) -> None:
    source = tmp_path / "scan"
    with source.open("wb") as stream:
        stream.truncate(100 << 20)
    bag = a_bag(ID, source)
    tracemalloc.start()
    write_tar(bag, tmp_path / "x.tar")
    assert check_tar(tmp_path / "x.tar").judgement == "valid"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 << 20


def _read_all(raw: bytes) -> None:
    for entry in read_tar(io.BytesIO(raw)):
        entry.read()


@pytest.mark.parametrize("name", TARS_THAT_BREAK_OFF)
def test_reading_a_broken_tar_raises_rejected(name: str) -> None:
    with pytest.raises(Rejected):
        _read_all(TARS_THAT_BREAK_OFF[name])


def _seen_by_python(raw: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_cut_or_a_flipped_bit_is_found_unless_no_file_changed(data: st.DataObject) -> None:
    """What only fills up a block or comments may change unseen: Python then reads the same files as before.

    Hexadecimal digits mean the same in capitals (RFC 8493 §2.1.3), and nothing lists a tag manifest.
    """
    good = data.draw(st.sampled_from(sorted(good_tars().items())), label="tar")[1]
    last = len(good.rstrip(b"\0"))
    if data.draw(st.booleans(), label="cut"):
        broken = good[: data.draw(st.integers(0, last), label="length")]
    else:
        bit = data.draw(st.integers(0, 8 * last - 1), label="bit")
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        broken = bytes(changed)
    if check_tar(io.BytesIO(broken)).judgement != "invalid":
        assert _meant(_seen_by_python(broken)) == _meant(_seen_by_python(good))


# Of a header: name, size, sort, link, magic, prefix. Python takes a time that GNU keeps in the prefix for a name.
FIELDS = [range(100), range(124, 136), range(156, 157), range(157, 257), range(257, 265), range(345, 500)]
READ_ALIKE = {name: raw for name, raw in good_tars().items() if not name.startswith("times_of_gnu")}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_header_that_lies_under_a_right_checksum_is_refused_or_read_as_python_reads_it(data: st.DataObject) -> None:
    raw = bytearray(READ_ALIKE[data.draw(st.sampled_from(sorted(READ_ALIKE)), label="tar")])
    start = data.draw(st.sampled_from([entry.offset - 512 for entry in read_tar(io.BytesIO(raw))]), label="header")
    for field in data.draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3), label="fields"):
        byte = data.draw(st.sampled_from(b"\0\1 ./0157LxgS\x80\xff") | st.integers(0, 255), label="byte")
        raw[start + data.draw(st.sampled_from(field), label="place")] = byte
    raw[start + 148 : start + 156] = b" " * 8
    raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    if check_tar(io.BytesIO(raw)).judgement != "invalid":
        ours = {e.name: b"".join(iter(e.read, b"")) for e in read_tar(io.BytesIO(raw)) if e.kind is EntryKind.FILE}
        theirs = {name: data for name, data in _seen_by_python(bytes(raw)).items() if not name.endswith("/")}
        assert ours == theirs  # a file whose name ends in a slash, and that is empty, is a folder to most readers


def _meant(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data.lower() if "/tagmanifest-" in name else data for name, data in files.items()}


def test_digests_of_parts_may_be_for_bytes_in_memory_or_on_disk(tmp_path: Path) -> None:
    wrong = Part("schemas/x", b"y", Digests("0" * 64, "0" * 128, 1))
    needed = [a_part("metadata/preservation/premis.xml", b""), a_part("metadata/descriptive/x", b"")]
    info = [
        (line.split(": ", 1)[0], line.split(": ", 1)[1])
        for line in dict(a_bag(ID).tag_files)["bag-info.txt"].decode().splitlines()
    ]
    with pytest.raises(FixityError):
        write_tar(make_bag("r", [wrong, *needed], info), tmp_path / "x.tar")
