"""Bags as tars: good ones, and those that break exactly one thing, named by the code they must earn."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.bagbuilder import BagBuilder, append, gone, swap, tar_of
from tests.bagcases import INVALID, UNCHECKED, Case

FILES = BagBuilder().files()
END = bytes(1024)
_NO_FIELDS: Mapping[int, bytes] = {}


def tar(name: str, data: bytes | Callable[[], bytes], *, verdict: str = INVALID, also: str = "") -> Case:
    def make(folder: Path) -> Path:
        path = folder / "bag.tar"
        path.write_bytes(data if isinstance(data, bytes) else data())
        return path

    return Case(name, make, verdict, frozenset(also.split()))


def body() -> bytes:
    """A good tar without its end blocks."""
    data = tar_of(FILES)
    while data.endswith(bytes(512)):
        data = data[:-512]
    return data


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "", form: int = tarfile.PAX_FORMAT
) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info.tobuf(form) + data + bytes(-len(data) % 512)


def header(
    name: bytes,
    size: bytes,
    kind: bytes,
    data: bytes = b"",
    prefix: bytes = b"",
    *,
    fields: Mapping[int, bytes] = _NO_FIELDS,
    signed: bool = False,
) -> bytes:
    """A header made field by field, with a right checksum, so that any field may lie; `fields` are bytes by place."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:124] = b"0000644\0" + b"0000000\0" * 2
    block[124 : 124 + len(size)] = size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[345 : 345 + len(prefix)] = prefix
    for place, value in fields.items():
        block[place : place + len(value)] = value
    block[148:156] = b"        "
    total = sum(block) - (256 * sum(byte > 127 for byte in block) if signed else 0)
    block[148:156] = b"%06o\0 " % total
    return bytes(block) + data + bytes(-len(data) % 512)


def octal(size: int) -> bytes:
    return b"%011o\0" % size


def pax(*records: bytes, kind: bytes = b"x") -> bytes:
    text = b""
    for record in records:
        length = len(record) + 2
        while len(str(length)) + len(record) + 2 != length:
            length = len(str(length)) + len(record) + 2
        text += b"%d %s\n" % (length, record)
    return header(b"PaxHeader", octal(len(text)), kind, text)


def plain(name: bytes, data: bytes = b"x", prefix: bytes = b"") -> bytes:
    return header(name, octal(len(data)), b"0", data, prefix)


def more(*blocks: bytes) -> bytes:
    return body() + b"".join(blocks) + END


def tars() -> Iterator[Case]:
    """All broken tars."""
    yield from _containers()
    yield from _members()
    yield from _headers()
    yield from _bags()


def _containers() -> Iterator[Case]:
    whole = tar_of(FILES)
    yield tar("BG-70_gzip", gzip.compress(whole), verdict=UNCHECKED)
    yield tar("BG-70_bzip2", bz2.compress(whole), verdict=UNCHECKED)
    yield tar("BG-70_xz", lzma.compress(whole), verdict=UNCHECKED)
    yield tar("BG-70_lzma", lzma.compress(whole, format=lzma.FORMAT_ALONE), verdict=UNCHECKED)
    for name, magic in {
        "zstd": b"\x28\xb5\x2f\xfd",
        "lz4": b"\x04\x22\x4d\x18",
        "compress": b"\x1f\x9d\x90",
        "lzip": b"LZIP\x01",
        "7z": b"7z\xbc\xaf\x27\x1c",
        "rar": b"Rar!\x1a\x07\x01\x00",
    }.items():
        yield tar(f"BG-70_{name}", magic + bytes(1000), verdict=UNCHECKED)
    for name, magic in {
        "cpio": b"070707000000",
        "ar": b"!<arch>\n",
    }.items():
        yield tar(f"BG-70_{name}", magic + bytes(1000))
    yield tar("BG-70_gzip_of_nothing", gzip.compress(b""), verdict=UNCHECKED)
    yield tar("BG-70_zip_of_nothing", b"PK\x05\x06" + bytes(18), verdict=UNCHECKED)
    yield tar("BG-70_tag_file", FILES["bagit.txt"])
    yield tar("BG-70_zip", _zip, verdict=UNCHECKED)
    yield tar("BG-70_pdf", b"%PDF-1.7\n" + bytes(1000))
    yield tar("BG-70_empty", b"")
    yield tar("BG-70_short", b"bag/bagit.txt")
    yield tar("BG-70_noise", bytes(range(256)) * 8)
    yield tar("BG-75_only_end", END)
    yield tar("BG-75_two_roots", more(member("other/x", b"x")))
    yield tar("BG-75_file_beside", more(member("readme.txt", b"x")))
    yield tar("BG-75_file_first", member("readme.txt", b"x") + whole)
    yield tar("BG-75_apple_double_first", member("._bag", b"x") + whole)
    yield tar("BG-75_only_a_file", member("bagit.txt", FILES["bagit.txt"]) + END, also="BG-08 BG-10")
    yield tar("BG-75_other_root_first", member("other/x", b"x") + whole)
    yield tar("BG-75_folder_beside", more(member("other/", kind=tarfile.DIRTYPE)))
    yield tar("BG-75_other_case", more(member("Bag/data/a.txt", b"x")))
    yield tar("BG-75_apple_double", more(member("._bag", b"x")))
    yield tar("BG-75_no_root", tar_of(FILES, root=""))
    yield tar("BG-75_dot_root", tar_of(FILES, root="./"))
    yield tar("BG-75_prefix_of_root", more(member("bag-evil/data/a.txt", b"x")))
    yield tar("BG-76_garbage", whole + b"x")
    yield tar("BG-76_second_archive", whole + whole)
    yield tar("BG-76_data_after_one_nul_block", body() + bytes(512) + member("bag/data/c.txt", b"x") + END)
    yield tar("BG-76_gzip_behind", whole + gzip.compress(whole))
    yield tar("BG-76_far_behind", whole + bytes(3 << 20) + b"x")
    yield tar("BG-77_in_data", body()[:-505])
    yield tar("BG-77_in_padding", body()[:-100])
    yield tar("BG-77_after_first_header", whole[:512])
    yield tar("BG-77_in_header", body() + member("bag/x", b"")[:200])
    yield tar("BG-77_no_end", body())
    yield tar("BG-77_one_end_block", body() + bytes(512))
    yield tar("BG-77_in_extended_header", body() + pax(b"path=bag/x")[:520])
    yield tar("BG-77_size_beyond_end", body() + header(b"bag/data/c", octal(10**9), b"0", b"x") + END)


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in FILES.items():
            archive.writestr(f"bag/{path}", data)
    return target.getvalue()


def _members() -> Iterator[Case]:
    again = member("bag/data/a.txt", FILES["data/a.txt"])
    yield tar("BG-71_same_again", more(again))
    yield tar("BG-71_other_bytes", more(member("bag/data/a.txt", b"evil")))
    yield tar("BG-71_crooked", more(member("bag/./data//a.txt", b"evil")))
    yield tar("BG-71_tag_file", more(member("bag/bagit.txt", FILES["bagit.txt"])))
    yield tar("BG-71_pax_name", more(pax(b"path=bag/data/a.txt"), plain(b"bag/data/z")))
    yield tar(
        "BG-71_long_name", more(header(b"././@LongLink", octal(15), b"L", b"bag/data/a.txt\0"), plain(b"bag/data/z"))
    )
    yield tar("BG-72_symlink", more(member("bag/data/l", kind=tarfile.SYMTYPE, link="a.txt")))
    yield tar("BG-72_symlink_out", more(member("bag/data/l", kind=tarfile.SYMTYPE, link="/etc/passwd")))
    yield tar("BG-72_hard_link", more(member("bag/data/l", kind=tarfile.LNKTYPE, link="bag/data/a.txt")))
    yield tar(
        "BG-72_in_the_place_of_a_file",
        lambda: _without("data/a.txt", member("bag/data/a.txt", kind=tarfile.SYMTYPE, link="sub/b.txt")),
    )
    out = header(b"bag/data/l", octal(0), b"2")
    yield tar("BG-72_pax_linkpath", more(pax(b"linkpath=/etc/passwd"), out))
    yield tar("BG-72_pax_linkpath_of_hard_link", more(pax(b"linkpath=../x"), header(b"bag/data/l", octal(0), b"1")))
    yield tar("BG-72_long_link", more(header(b"././@LongLink", octal(7), b"K", b"/etc/x\0"), out))
    yield tar("BG-72_tag_file", more(member("bag/notes.txt", kind=tarfile.SYMTYPE, link="bagit.txt")))
    yield tar("BG-72_folder", more(member("bag/data/l", kind=tarfile.SYMTYPE, link="..")))
    yield tar("BG-72_root", member("bag", kind=tarfile.SYMTYPE, link="/etc") + tar_of(FILES))
    yield tar(
        "BG-72_below_link",
        more(member("bag/data/l", kind=tarfile.SYMTYPE, link="/etc"), plain(b"bag/data/l/c")),
        also="BG-82 BG-18 BG-53",
    )
    yield tar("BG-73_fifo", more(member("bag/data/f", kind=tarfile.FIFOTYPE)))
    yield tar("BG-73_character_device", more(member("bag/data/f", kind=tarfile.CHRTYPE)))
    yield tar("BG-73_block_device", more(member("bag/data/f", kind=tarfile.BLKTYPE)))
    yield tar("BG-73_root", member("bag", kind=tarfile.FIFOTYPE) + tar_of(FILES))
    yield tar("BG-74_dot_dot", more(member("bag/../x", b"x")))
    yield tar("BG-74_absolute", more(plain(b"/bag/data/c")))
    yield tar("BG-74_pax_absolute", more(pax(b"path=/etc/x"), plain(b"bag/data/c")))
    yield tar("BG-74_pax_dot_dot", more(pax(b"path=bag/data/../../x"), plain(b"bag/data/c")))
    yield tar("BG-74_hidden_below_pax", more(pax(b"path=bag/data/c"), plain(b"../../c")))
    yield tar("BG-74_gnu_long", more(header(b"x", octal(7), b"L", b"/etc/x\0"), plain(b"bag/data/c")))
    yield tar("BG-74_prefix", more(plain(b"c", prefix=b"bag/..")))
    yield tar("BG-74_backslash", more(plain(b"bag/..\\..\\c")))
    yield tar("BG-74_drive", more(plain(b"C:/bag/c")))
    yield tar("BG-81_volume", more(header(b"bag/v", octal(0), b"V")))
    yield tar("BG-81_old_long_name", more(header(b"bag/data/v", octal(1), b"N", b"x")))
    yield tar("BG-81_dump_folder", more(header(b"bag/data/v", octal(1), b"D", b"\0")))
    yield tar("BG-81_multi_volume", more(header(b"bag/data/v", octal(1), b"M", b"x")))
    yield tar("BG-81_unknown", more(header(b"bag/v", octal(1), b"Z", b"x")))
    yield tar("BG-82_below_a_file", more(plain(b"bag/data/a.txt/c")), also="BG-18 BG-53")
    yield tar("BG-82_file_is_folder", more(header(b"bag/data/a.txt", octal(0), b"5")))


def _without(path: str, instead: bytes) -> bytes:
    data = tar_of({name: data for name, data in FILES.items() if name != path})
    return data.rstrip(b"\0") + bytes(-len(data.rstrip(b"\0")) % 512) + instead + END


def _headers() -> Iterator[Case]:
    yield tar("BG-78_gnu", more(header(b"bag/data/s", octal(0), b"S")))
    yield tar(
        "BG-78_pax", more(pax(b"GNU.sparse.major=1", b"GNU.sparse.minor=0", b"GNU.sparse.name=bag/x"), plain(b"bag/y"))
    )
    spans = (b"GNU.sparse.offset=0", b"GNU.sparse.numbytes=1", b"GNU.sparse.offset=9", b"GNU.sparse.numbytes=1")
    yield tar("BG-78_pax_0.0", more(pax(b"GNU.sparse.size=10", *spans), plain(b"bag/data/c")))
    yield tar("BG-78_pax_0.1", more(pax(b"GNU.sparse.size=10", b"GNU.sparse.map=0,1,9,1"), plain(b"bag/data/c")))
    yield tar("BG-78_for_all", more(pax(b"GNU.sparse.size=10", kind=b"g"), plain(b"bag/data/c")))
    yield tar("BG-78_star", more(pax(b"SCHILY.realsize=10"), plain(b"bag/data/c")))
    wrong = bytearray(plain(b"bag/data/c"))
    wrong[0] ^= 1
    yield tar("BG-79_checksum", more(bytes(wrong)))
    yield tar("BG-79_no_checksum", more(plain(b"bag/data/c")[:148] + b" " * 8 + plain(b"bag/data/c")[156:]))
    gnu, old = {257: b"ustar  \0"}, {257: bytes(8)}
    yield tar("BG-79_prefix_of_gnu", more(header(b"c", octal(1), b"0", b"x", b"bag/data", fields=gnu)))
    yield tar("BG-79_prefix_older_than_posix", more(header(b"c", octal(1), b"0", b"x", b"bag/data", fields=old)))
    yield tar("BG-79_slash_with_bytes", more(plain(b"bag/data/c/")))
    yield tar("BG-79_pax_slash_with_bytes", more(pax(b"path=bag/data/c/"), plain(b"bag/data/c")))
    yield tar("BG-79_size_not_a_number", more(header(b"bag/data/c", b"zzz", b"0")))
    yield tar("BG-79_size_after_nul", more(header(b"bag/data/c", b"\0" + octal(1)[1:], b"0", b"x")))
    yield tar("BG-79_negative_size", more(header(b"bag/data/c", b"\xff" * 12, b"0")))
    yield tar("BG-79_endless_size", more(header(b"bag/data/c", b"\x80" + b"\xff" * 11, b"0")))
    yield tar("BG-79_folder_with_bytes", more(header(b"bag/data/d/", octal(5), b"5", b"xxxxx")))
    yield tar("BG-79_link_with_bytes", more(header(b"bag/data/l", octal(5), b"1", b"xxxxx")))
    yield tar("BG-79_extended_header_for_nothing", more(pax(b"path=bag/x")))
    yield tar("BG-80_huge", more(pax(b"comment=" + b"x" * (2 << 20)), plain(b"bag/data/c")))
    yield tar("BG-80_says_huge", more(header(b"x", octal(8**11 - 1), b"x"), plain(b"bag/data/c")))
    yield tar("BG-80_huge_long_name", more(header(b"x", octal(2 << 20), b"L", bytes(2 << 20)), plain(b"bag/data/c")))
    for name, text in {
        "no_length": b"path=x\n",
        "wrong_length": b"99 path=x\n",
        "short_length": b"3 path=x\n",
        "no_equals": b"7 path\n",
        "zero": b"0 path=x\n",
        "negative": b"-9 path=x\n",
        "endless_length": b"9" * 30 + b" path=x\n",
    }.items():
        yield tar(f"BG-80_pax_{name}", more(header(b"x", octal(len(text)), b"x", text), plain(b"bag/data/c")))
    yield tar("BG-80_key_twice", more(pax(b"path=bag/x", b"path=bag/y"), plain(b"bag/data/c")))
    yield tar("BG-80_two_headers", more(pax(b"path=bag/x"), pax(b"path=bag/y"), plain(b"bag/data/c")))
    yield tar("BG-80_solaris", more(pax(b"path=bag/x", kind=b"X"), plain(b"bag/data/c")))
    long = header(b"././@LongLink", octal(6), b"L", b"bag/y\0")
    yield tar("BG-80_two_long_names", more(long, long, plain(b"bag/data/c")))
    yield tar("BG-80_long_name_against_pax", more(long, pax(b"path=bag/x"), plain(b"bag/data/c")))
    yield tar("BG-80_pax_against_long_name", more(pax(b"path=bag/x"), long, plain(b"bag/data/c")))
    link = header(b"././@LongLink", octal(6), b"K", b"bag/y\0"), pax(b"linkpath=bag/x")
    yield tar("BG-80_long_link_against_pax", more(*link, header(b"bag/data/l", octal(0), b"2")))
    yield tar("BG-80_global_size", more(pax(b"size=0", kind=b"g"), plain(b"bag/data/c")))
    yield tar("BG-80_global_linkpath", more(pax(b"linkpath=x", kind=b"g"), plain(b"bag/data/c")))
    yield tar("BG-80_size_negative", more(pax(b"size=-1"), plain(b"bag/data/c")))
    yield tar("BG-80_size_endless", more(pax(b"size=" + b"9" * 30), plain(b"bag/data/c")))
    yield tar("BG-80_global_path", more(pax(b"path=bag/x", kind=b"g"), plain(b"bag/data/c")))
    yield tar("BG-80_size_word", more(pax(b"size=many"), plain(b"bag/data/c")))
    yield tar("BG-80_size_differs", more(pax(b"size=0"), plain(b"bag/data/c")))
    yield tar("BG-80_nul_in_path", more(pax(b"path=bag/x\0y"), plain(b"bag/data/c")))
    yield tar("BG-80_empty_path", more(pax(b"path="), plain(b"bag/data/c")))
    yield tar("BG-80_charset", more(pax(b"hdrcharset=KLINGON"), plain(b"bag/data/c")))
    yield tar("BG-80_nul_in_long_name", more(header(b"x", octal(6), b"L", b"a\0b/c\0"), plain(b"bag/data/c")))


def _bags() -> Iterator[Case]:
    def case(name: str, also: str = "", **steps: object) -> Case:
        return tar(name, tar_of(BagBuilder(**steps).files()), also=also)  # type: ignore[arg-type]

    yield tar("BG-01_only_a_root", member("bag/", kind=tarfile.DIRTYPE) + END)
    yield tar("BG-01_root_in_root", tar_of(FILES, root="bag/bag/"))
    yield case("BG-01_tar", edits={"bagit.txt": gone})
    yield case("BG-08_tar", payload={})
    yield case("BG-17_tar", late={"data/a.txt": gone}, info=None)
    yield case("BG-18_tar", late={"data/c": append("x")}, info=None)
    yield case("BG-20_tar", late={"data/a.txt": swap("E", "D")})
    yield case("BG-21_tar", late={"bag-info.txt": swap("S", "D")})
    yield tar("BG-38_tar", more(plain(b"bag/data/\xe4")), also="BG-18 BG-53")


def good_tars() -> dict[str, bytes]:
    """Tars that must pass, whoever made them."""
    last = {path: FILES[path] for path in sorted(FILES, key=lambda path: "manifest" in path)}
    long = BagBuilder(payload={"data/" + "d" * 120 + "/" + "f" * 120: b"x", "data/ä": b"y"}).files()
    dots = BagBuilder(payload={"data/" + "d" * 88 + "/..f": b"x"}).files()  # byte 100 falls behind the dots
    folders = member("bag/", kind=tarfile.DIRTYPE) + member("bag/data/", kind=tarfile.DIRTYPE)
    return {
        "pax": tar_of(FILES),
        "gnu": tar_of(FILES, kind=tarfile.GNU_FORMAT),
        "ustar": tar_of(FILES, kind=tarfile.USTAR_FORMAT),
        "manifests_last": tar_of(last),
        "long_names_pax": tar_of(long),
        "long_names_gnu": tar_of(long, kind=tarfile.GNU_FORMAT),
        "cut_behind_dots_pax": tar_of(dots),
        "cut_behind_dots_gnu": tar_of(dots, kind=tarfile.GNU_FORMAT),
        "folders_as_members": folders + tar_of(FILES),
        "many_nul_at_end": tar_of(FILES) + bytes(100_000),
        "shortest_end": body() + END,
        "global_header": pax(b"comment=x", kind=b"g") + tar_of(FILES),
        "folders_twice": folders + folders + tar_of(FILES),
        "base_256_size": _with_first(fields={124: b"\x80" + len(FILES["data/a.txt"]).to_bytes(11, "big")}),
        "base_256_owner_and_time": _with_first(fields={108: b"\x80" + b"\1" * 7, 136: b"\xff" * 12}),
        "blanks_in_size": _with_first(fields={124: b"         14 "}),
        "size_without_end": _with_first(fields={124: b"%012o" % len(FILES["data/a.txt"])}),
        "older_than_posix": _with_first(fields={156: b"\0", 257: bytes(8)}),
        "folder_by_its_slash": header(b"bag/data/sub/", octal(0), b"\0", fields={257: bytes(8)}) + tar_of(FILES),
        "contiguous": _with_first(fields={156: b"7"}),
        "signed_checksum": _with_first(fields={265: "Müller".encode("latin-1")}, signed=True),
        "times_of_gnu": _with_first(fields={257: b"ustar  \0", 345: octal(1) + octal(2)}),
        "times_of_gnu_base_256": _with_first(fields={257: b"ustar  \0", 345: b"\x80" + bytes(10) + b"\1"}),
        "size_in_pax_alone": pax(b"size=12") + _with_first(fields={124: octal(0)}),
        "pax_size_again": pax(b"size=12") + _with_first(),
        "pax_of_other_tools": pax(b"SCHILY.xattr.user.x=\0\n=", b"LIBARCHIVE.creationtime=1.5", b"mtime=1.25")
        + _with_first(),
        "global_headers_between": plain(b"bag/data/a.txt", FILES["data/a.txt"])
        + pax(b"comment=x", kind=b"g")
        + pax(b"charset=BINARY", kind=b"g")
        + _without_first(),
        "long_name_and_pax_agree": header(b"././@LongLink", octal(15), b"L", b"bag/data/a.txt\0")
        + pax(b"path=bag/data/a.txt")
        + _with_first(),
        "empty_payload": folders + tar_of(BagBuilder(payload={}).files()),
        "only_empty_files": tar_of(BagBuilder(payload={f"data/{n}": b"" for n in range(9)}).files()),
        "utf_16": tar_of(BagBuilder(payload={"data/ä": b"x"}, encoding="UTF-16").files()),
        "md5": tar_of(BagBuilder(algorithms=("md5", "sha512")).files()),
    }


def _with_first(*, fields: Mapping[int, bytes] = _NO_FIELDS, signed: bool = False) -> bytes:
    """A good tar whose first member has an odd header."""
    data = FILES["data/a.txt"]
    first = header(b"bag/data/a.txt", octal(len(data)), b"0", data, fields=fields, signed=signed)
    return first + _without_first()


def _without_first() -> bytes:
    return tar_of({path: data for path, data in FILES.items() if path != "data/a.txt"})


def one_way(data: bytes) -> io.RawIOBase:
    """The bytes as a stream that can be read once and not sought: a pipe's reading side in memory."""

    class OneWay(io.RawIOBase):
        def __init__(self) -> None:
            self._rest = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, target: object) -> int:
            view = memoryview(target).cast("B")  # type: ignore[arg-type]
            chunk = self._rest.read(min(len(view), 1000))
            view[: len(chunk)] = chunk
            return len(chunk)

    return OneWay()


TARS_THAT_BREAK_OFF = {
    "in data": body()[:-100],
    "without end": body(),
    "noise": bytes(range(256)) * 8,
    "empty": b"",
    "garbage at the end": tar_of(FILES) + b"x",
}
