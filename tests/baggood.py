"""Odd bags that break no rule: the judge must pass them, with a warning where one is named."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bagbuilder import PAYLOAD, BagBuilder, append, checksum, gone, swap
from tests.bagcases import NFC, NFD, SHA256, SHA512

ODD_NAMES = {
    "percent": "100%.txt",
    "percent_code": "a%0Ab",
    "percent_25": "a%25b",
    "line_feed": "a\nb",
    "carriage_return": "a\rb",
    "crlf": "a\r\nb",
    "many_line_feeds": "a\nb\nc\nd\ne",
    "trailing_blank": "a ",
    "leading_blank": " a",
    "two_blanks": "a  b",
    "only_blank": " ",
    "nbsp": "a\u00a0",
    "line_separator": "a\u2028b",
    "paragraph_separator": "\u2029",
    "next_line": "a\u0085",
    "form_feed": "a\fb",
    "vertical_tab": "a\vb",
    "file_separator": "a\x1cb",
    "tab": "a\tb",
    "bom": "\ufeffa",
    "right_to_left": "a\u202eb",
    "emoji": "😀.txt",
    "star": "*a",
    "hash": "#a",
    "tilde": "~a",
    "quotes": "a\"b'c",
    "device": "CON",
    "device_suffix": "nul.txt",
    "trailing_dot": "a.",
    "dots": "...",
    "backslash": "a\\b",
    "colon": "a:b",
    "like_manifest": "manifest-sha256.txt",
    "long": "x" * 250,
}


@dataclass(frozen=True, slots=True)
class Good:
    """One bag that must pass; `code` is the warning it earns, "" for none."""

    name: str
    make: Callable[[Path], Path]
    code: str = ""


def good(name: str, code: str = "", *, then: Callable[[Path], object] | None = None, **steps: Any) -> Good:
    def make(folder: Path) -> Path:
        root = BagBuilder(**steps).folder(folder / "bag")
        moved = then(root) if then else None
        return moved if isinstance(moved, Path) else root

    return Good(name, make, code)


def bags() -> Iterator[Good]:
    """All good bags."""
    yield from _names()
    yield from _text()
    yield from _manifests()
    yield from _tags()


def _names() -> Iterator[Good]:
    for name, spelled in ODD_NAMES.items():
        code = "" if name in _TAME else "BG-33" if name in _WINDOWS else "*"
        yield good(f"name_{name}", code, payload={f"data/{spelled}": name.encode(), "data/x": b""})
    listed = {m: append(f"{checksum(m[9:-4], b'x')}  data/{DEEP}/f\n") for m in (SHA256, SHA512)}
    yield good("name_longer_than_any_system_call_takes", edits=listed, info=None, then=_write_deep)
    yield good("name_deep", payload={"data/" + "d/" * 100 + "f": b"x"})
    yield good("forms_twins_both_listed", "BG-36", payload={NFC: b"1", NFD: b"2"})
    yield good("case_twins_both_listed", "BG-36", payload={"data/A": b"1", "data/a": b"2"})
    other = {"spell": lambda path: unicodedata.normalize("NFC", path)}
    yield good("manifest_in_other_form", "BG-35", payload={NFD: b"x"}, **other)
    both = {m: append(f"{checksum(m[9:-4], b'x')}  {NFD}\n") for m in (SHA256, SHA512)}
    yield good("both_forms_listed_one_file_097", "BG-35", payload={NFC: b"x"}, version="0.97", edits=both)
    lower = {"spell": lambda path: path.replace("%", "%25").replace("\n", "%0a").replace("\r", "%0d")}
    yield good("lower_case_percent", "BG-39", payload={"data/a\nb\nc%0d\r": b"x"}, **lower)
    yield good("percent_097_literal", payload={"data/100%25.txt": b"x"}, spell=lambda path: path, version="0.97")
    every = {f"data/{name}": b"" for name in ODD_NAMES.values() if "%" not in name}
    ends = {"spell": lambda path: path.replace("\n", "%0A").replace("\r", "%0D")}
    yield good("names_097", "*", payload=every, version="0.97", **ends)
    hidden = (".DS_Store", "._a", ".git/config", "Thumbs.db", "desktop.ini", "~$a.doc", "a.txt~")
    yield good("names_of_systems", payload={f"data/{name}": name.encode() for name in hidden})
    plain = {"spell": lambda path: path}
    yield good("percent_097_code_literal", "BG-28", payload={"data/a%0Ab": b"x"}, version="0.97", **plain)


DEEP = "/".join(["d" * 50] * 100)


def _write_deep(root: Path) -> None:
    """A file that only goes to the disk folder by folder."""
    here = os.open(root / "data", os.O_RDONLY)
    for part in DEEP.split("/"):
        os.mkdir(part, dir_fd=here)
        above, here = here, os.open(part, os.O_RDONLY, dir_fd=here)
        os.close(above)
    with os.fdopen(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as stream:
        stream.write(b"x")
    os.close(here)


_WINDOWS = frozenset(
    ["trailing_blank", "only_blank", "star", "quotes", "device", "device_suffix", "trailing_dot", "dots", "colon"]
)
_TAME = frozenset(
    [
        "percent",
        "percent_code",
        "percent_25",
        "two_blanks",
        "leading_blank",
        "emoji",
        "hash",
        "tilde",
        "like_manifest",
        "long",
    ]
)


def _text() -> Iterator[Good]:
    yield good("plain")
    yield good("plain_097", version="0.97")
    yield good("crlf", end="\r\n")
    yield good("cr", end="\r")
    yield good("cr_097", end="\r", version="0.97")
    yield good("no_last_line_end", edits={SHA256: lambda data: data[:-1], "bagit.txt": lambda data: data[:-1]})
    yield good("mixed_line_ends", edits={SHA256: lambda data: data.replace(b"\n", b"\r", 1)})
    yield good("utf_16", encoding="UTF-16", payload={"data/ä": b"x"})
    yield good("utf_16_be_without_bom", encoding="UTF-16", codec="utf-16-be", payload={"data/ä": b"x"})
    yield good("utf_16_le_without_bom", encoding="UTF-16", codec="utf-16-le", payload={"data/ä": b"x"})
    yield good("utf_16_odd_cr_bytes", encoding="UTF-16", payload={"data/\u0d0a\u0a0d": b"x"})
    yield good("utf_16_097", encoding="UTF-16", payload={"data/ä": b"x"}, version="0.97")
    yield good("utf_16_crlf", encoding="UTF-16", payload={"data/ä": b"x"}, end="\r\n")
    yield good("utf_16_cr", encoding="UTF-16LE", payload={"data/ä": b"x"}, end="\r")
    yield good("utf_32", encoding="UTF-32", payload={"data/ä": b"x"})
    yield good("iso_8859_1", encoding="ISO-8859-1", payload={"data/ä": b"x"})
    yield good("windows_1252", encoding="windows-1252", payload={"data/€": b"x"})
    yield good("lower_case_encoding", encoding="utf-8")
    yield good("utf8_without_dash", "BG-05", encoding="utf8")
    yield good("bom_in_info", "BG-29", info="\ufeffPayload-Oxum: {oxum}\n")
    yield good("bom_in_manifest", "BG-29", edits={SHA256: lambda data: b"\xef\xbb\xbf" + data})
    yield good("blank_line_in_manifest", "BG-13", edits={SHA256: append("\n")})


def _manifests() -> Iterator[Good]:
    one = {"algorithms": ("sha256",)}
    yield good("one_blank", edits={SHA256: lambda data: data.replace(b"  ", b" ")})
    yield good("tab", edits={SHA256: lambda data: data.replace(b"  ", b"\t")})
    yield good("many_blanks", edits={SHA256: lambda data: data.replace(b"  ", b" \t  ")})
    upper = checksum("sha256", PAYLOAD["data/a.txt"])
    yield good("upper_case_digits", edits={SHA256: swap(upper, upper.upper())})
    yield good("md5", "BG-65", algorithms=("md5",))
    yield good("sha1", "BG-65", algorithms=("sha1", "md5"))
    yield good("md5_beside_sha512", algorithms=("md5", "sha512"))
    yield good("sha224_sha384", algorithms=("sha224", "sha384"))
    yield good("sha3_256", algorithms=("sha3256",))
    yield good("blake2b", algorithms=("blake2b512",))
    yield good("five", algorithms=("md5", "sha1", "sha256", "sha384", "sha512"))
    yield good("md5sum_star", "BG-37", spell=lambda path: path, edits={SHA256: _starred})
    yield good("dot_slash", "BG-37", edits={SHA256: lambda d: d.replace(b"  data", b"  ./data")}, version="0.97")
    dots = {m: lambda d: d.replace(b"  data", b"  ./data") for m in (SHA256, SHA512)}
    yield good("dot_slash_everywhere", "BG-37", edits=dots, late={"tagmanifest-sha256.txt": _dotted})
    yield good("star_in_tag_manifest", "BG-37", late={"tagmanifest-sha256.txt": lambda d: d.replace(b"  b", b" *b")})
    yield good("crooked", "BG-37", edits={SHA256: lambda d: d.replace(b"/b.txt", b"/./b.txt")})
    yield good("empty_file", payload={"data/empty": b""})
    yield good("only_empty_files", payload={f"data/{number}": b"" for number in range(9)})
    yield good("empty_payload", payload={})
    yield good("empty_payload_097", payload={}, version="0.97", info="Payload-Oxum: 0.0\n")
    yield good("empty_folder", then=lambda root: (root / "data" / "c" / "d").mkdir(parents=True))
    yield good("one_file_twice", info=None, then=lambda root: os.link(root / "data/a.txt", root / "data/b.txt"), **_b())
    yield good("in_one_of_two_097", version="0.97", edits={SHA512: lambda data: data[: data.index(b"\n") + 1]})
    row = f"{upper}  data/a.txt\n"
    yield good("same_line_twice_097", "BG-16", version="0.97", edits={SHA256: append(row)})
    yield good("bag_in_a_bag", payload={f"data/{path}": data for path, data in BagBuilder(**one).files().items()})
    yield good("capital_manifest_097", "BG-11", version="0.97", tag_algorithms=(), **_renamed())
    yield good("fetch_all_there", "BG-40", extra={"fetch.txt": b"https://example.org/a 12 data/a.txt\n"})
    yield good("empty_fetch", "BG-40", extra={"fetch.txt": b""})
    for version in ("0.93", "0.94", "0.95", "0.96"):
        yield good(f"version_{version}", "BG-06", version=version)
    package_info = {"package-info.txt": b"Payload-Oxum: 25.2\nA: b\n"}
    yield good("package_info", "BG-06", version="0.94", info=None, extra=package_info)


def _dotted(data: bytes) -> bytes:
    return data.replace(b"  ", b"  ./")


def _starred(data: bytes) -> bytes:
    return data.replace(b"  data", b" *data")


def _b() -> dict[str, Any]:
    row = {m: append(f"{checksum(m[9:-4], PAYLOAD['data/a.txt'])}  data/b.txt\n") for m in (SHA256, SHA512)}
    return {"edits": row}


def _renamed() -> dict[str, Any]:
    return {"edits": {SHA256: gone}, "extra": {"manifest-SHA256.txt": BagBuilder().files()[SHA256]}}


def _tags() -> Iterator[Good]:
    yield good("no_tag_manifest", tag_algorithms=())
    yield good("one_tag_manifest", tag_algorithms=("sha512",))
    yield good("tag_manifest_of_another_algorithm", tag_algorithms=("sha384",))
    yield good("no_info", info=None)
    yield good("empty_info", info="")
    yield good("folded_info", info="External-Description: one\n two\n\tthree\nA: b\n")
    yield good("folded_oxum", info="Payload-Oxum: \n {oxum}\n")
    yield good("repeated_label", info="A: b\nA: c\n")
    yield good("tab_after_colon", info="A:\tb\n")
    yield good("oxum_other_case", info="payload-OXUM: {oxum}\n")
    yield good("free_separators_097", info="A : b\nC:d\nE\t:\tf\nPayload-Oxum : {oxum}\n", version="0.97")
    yield good("blank_line_in_info", "BG-50", info="A: b\n\nC: d\n")
    yield good("odd_value", info="A: b: c\u2028d\x0be\n")
    yield good("nested_tag_files", extra={"notes/x.txt": b"x", "notes/deep/y.bin": b"\xff\x00"})
    like = {"notes/tagmanifest-sha256.txt": b"x", "notes/manifest-md5.txt": b"y", "manifest-md5.txt.bak": b"z"}
    yield good("tag_files_named_like_manifests", extra=like)
    yield good("payload_named_like_tags", payload={f"data/{name}": b"x" for name in (*like, "bagit.txt", "fetch.txt")})
    yield good("unlisted_tag_file", "BG-27", late={"notes.txt": append("x")})
    tag = {"tagmanifest-sha512.txt": lambda data: data.split(b"\n", 1)[1]}
    yield good("tag_manifests_differ", "BG-26", late=tag)
    lost = {"tagmanifest-sha256.txt": _without_manifests}
    one = {"version": "0.97", "algorithms": ("sha256",), "late": lost}
    yield good("tag_manifest_without_manifest_097", "BG-23", **one)
    for name in ("tagmanifest-", "x-tagmanifest-sha256.txt-x"):
        yield Good(f"below_{name}", lambda folder, name=name: BagBuilder().folder(folder / name / "bag"))
    yield good("named_tagmanifest", then=lambda root: root.rename(root.parent / "tagmanifest-sha256.txt"))


def _without_manifests(data: bytes) -> bytes:
    return b"".join(row for row in data.splitlines(keepends=True) if b"manifest-" not in row)
