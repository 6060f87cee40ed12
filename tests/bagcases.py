"""Bags as folders that break exactly one thing; the name of a case begins with the code it must earn."""

from __future__ import annotations

import os
import socket
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bagbuilder import PAYLOAD, BagBuilder, append, checksum, gone, swap

INVALID, UNCHECKED = "invalid", "unchecked"
SHA256, SHA512 = "manifest-sha256.txt", "manifest-sha512.txt"
NFC = "data/" + unicodedata.normalize("NFC", "Núñez")
NFD = "data/" + unicodedata.normalize("NFD", "Núñez")


@dataclass(frozen=True, slots=True)
class Case:
    """One broken bag: what it is, how it is made, what else may rightly be said of it."""

    name: str
    make: Callable[[Path], Path]
    verdict: str = INVALID
    also: frozenset[str] = frozenset()

    @property
    def code(self) -> str:
        return self.name[:5]


def bag(
    name: str, *, verdict: str = INVALID, also: str = "", then: Callable[[Path], object] | None = None, **steps: Any
) -> Case:
    def make(folder: Path) -> Path:
        root = BagBuilder(**steps).folder(folder / "bag")
        if then:
            then(root)
        return root

    return Case(name, make, verdict, frozenset(also.split()))


def edit(name: str, path: str, how: Callable[[bytes], bytes | None], **more: Any) -> Case:
    """A tag file is changed and the tag manifests are right about it."""
    return bag(name, edits={path: how}, **more)


def late(name: str, path: str, how: Callable[[bytes], bytes | None], **more: Any) -> Case:
    """A file is changed after all manifests were made."""
    return bag(name, late={path: how}, **more)


def line(path: str, algorithm: str = "sha256", data: bytes = b"x") -> str:
    return f"{checksum(algorithm, data)}  {path}\n"


def in_both(extra: Callable[[str], str], **names: Any) -> Mapping[str, Callable[[bytes], bytes | None]]:
    return {SHA256: append(extra("sha256")), SHA512: append(extra("sha512"))}


def with_link(path: str, target: str) -> Callable[[Path], object]:
    def then(root: Path) -> None:
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to(target)

    return then


def with_socket(root: Path) -> None:
    with chdir(root / "data"), socket.socket(socket.AF_UNIX) as listener:  # a long path would not fit into its address
        listener.bind("s")


def data_is_link(root: Path) -> None:
    (root / "data").rename(root.parent / "bag-other")
    (root / "data").symlink_to("../bag-other")


def empty_data_gone(root: Path) -> None:
    (root / "data").rmdir()


def empty_data_is(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def then(root: Path) -> None:
        empty_data_gone(root)
        make(root)

    return then


def escape(name: str, path: str) -> Case:
    return bag(f"BG-31_{name}", edits=in_both(lambda algorithm: line(path, algorithm)))


def fetch(name: str, text: str, **more: Any) -> Case:
    return bag(name, extra={"fetch.txt": text.encode()}, **more)


def declared(name: str, text: str | bytes, **more: Any) -> Case:
    return edit(name, "bagit.txt", lambda _: text.encode() if isinstance(text, str) else text, **more)


def info(name: str, text: str, **more: Any) -> Case:
    return bag(name, info=text, **more)


_V, _E = "BagIt-Version: 1.0\n", "Tag-File-Character-Encoding: UTF-8\n"


def folders() -> Iterator[Case]:
    """All broken folders."""
    yield from _declarations()
    yield from _manifests()
    yield from _tag_manifests()
    yield from _paths()
    yield from _fetch_and_info()
    yield from _odd_files()


def _declarations() -> Iterator[Case]:
    yield bag("BG-01_missing", edits={"bagit.txt": gone})
    yield bag("BG-01_other_case", edits={"bagit.txt": gone}, extra={"BagIt.txt": (_V + _E).encode()})
    yield bag("BG-01_folder", edits={"bagit.txt": gone}, then=lambda root: (root / "bagit.txt").mkdir())
    yield declared("BG-02_swapped", _E + _V)
    yield declared("BG-02_three_lines", _V + _E + "More: x\n")
    yield declared("BG-02_blank_third_line", _V + _E + "\n")
    yield declared("BG-02_blank_before_colon", "BagIt-Version : 1.0\n" + _E)
    yield declared("BG-02_two_blanks", "BagIt-Version:  1.0\n" + _E)
    yield declared("BG-02_no_blank", "BagIt-Version:1.0\n" + _E)
    yield declared("BG-02_trailing_blank", "BagIt-Version: 1.0 \n" + _E)
    yield declared("BG-02_leading_blank", " " + _V + _E)
    yield declared("BG-02_one_line", _V)
    yield declared("BG-02_empty", "")
    yield declared("BG-02_other_label", _V + "Tag-File-Encoding: UTF-8\n")
    yield declared("BG-02_label_case", "bagit-version: 1.0\n" + _E)
    yield declared("BG-02_not_text", b"\xff\x00\x80")
    yield declared("BG-02_0.97_swapped", _E + "BagIt-Version: 0.97\n")
    yield declared("BG-02_blank_line_between", _V + "\n" + _E)
    yield declared("BG-02_line_separator", _V[:-1] + "\u2028" + _E)
    yield declared("BG-02_utf_16_be", (_V + _E).encode("utf-16-be"))
    yield declared("BG-03_bom", b"\xef\xbb\xbf" + (_V + _E).encode())
    yield declared("BG-03_utf_16", (_V + _E).encode("utf-16"))
    yield declared("BG-04_two", "BagIt-Version: 2.0\n" + _E)
    yield declared("BG-04_1.1", "BagIt-Version: 1.1\n" + _E)
    yield declared("BG-04_0.98", "BagIt-Version: 0.98\n" + _E)
    yield declared("BG-04_1.00", "BagIt-Version: 1.00\n" + _E)
    yield declared("BG-05_unknown", _V + "Tag-File-Character-Encoding: KLINGON-8\n")
    yield declared("BG-05_python_codec", _V + "Tag-File-Character-Encoding: rot13\n")
    yield declared("BG-05_utf_7", _V + "Tag-File-Character-Encoding: UTF-7\n")
    yield declared("BG-07_huge", _V + _E + " " * 2000)


def _manifests() -> Iterator[Case]:
    yield bag("BG-08_no_data", payload={}, then=empty_data_gone)
    yield bag("BG-08_other_case", payload={}, then=empty_data_is(lambda root: (root / "Data").mkdir()))
    yield bag("BG-09_data_file", payload={}, then=empty_data_is(lambda root: (root / "data").touch()))
    yield bag("BG-09_data_link", then=data_is_link)
    yield bag("BG-09_data_fifo", payload={}, then=empty_data_is(lambda root: os.mkfifo(root / "data")))
    yield bag("BG-10_none", algorithms=(), tag_algorithms=("sha256",))
    yield bag("BG-10_only_capital", algorithms=(), tag_algorithms=(), extra={"manifest.txt": b""})
    yield bag("BG-10_folder", algorithms=(), tag_algorithms=(), then=lambda root: (root / SHA256).mkdir())
    yield bag("BG-11_capitals", edits={SHA256: gone}, extra=_renamed("manifest-SHA256.txt"))
    yield bag("BG-11_capital_letter", edits={SHA256: gone}, extra=_renamed("Manifest-sha256.txt"))
    yield bag("BG-11_dash", edits={SHA256: gone}, extra=_renamed("manifest-sha-256.txt"))
    yield bag("BG-11_twice", extra=_renamed("manifest-sha_256.txt"))
    yield bag(
        "BG-12_beside",
        extra={"manifest-crc32.txt": b"00000000 data/a.txt\n00000000 data/sub/b.txt\n"},
        verdict=UNCHECKED,
    )
    only = {"manifest-whirlpool.txt": b"aa data/a.txt\naa data/sub/b.txt\n"}
    yield bag("BG-12_alone", algorithms=(), extra=only, verdict=UNCHECKED)
    yield bag("BG-12_tag", late={"tagmanifest-xyz.txt": lambda _: _tag_text()}, verdict=UNCHECKED)
    yield edit("BG-13_no_path", SHA256, append("ab" * 32 + "\n"))
    yield edit("BG-13_blank_path", SHA256, append("ab" * 32 + "  \n"))
    yield edit("BG-13_leading_blank", SHA256, append(" " + line("data/a.txt")))
    yield edit("BG-13_comment", SHA256, append("#comment\n"))
    yield edit("BG-13_nul", SHA256, append("ab" * 32 + "  data/\0\n"))
    plain = {"spell": lambda path: path, "also": "BG-17 BG-18"}
    yield bag("BG-13_raw_line_feed", payload={"data/a\nb": b"x"}, **plain)
    yield bag("BG-13_raw_carriage_return", payload={"data/a\rb": b"x"}, **plain)
    yield edit("BG-13_no_break_space", SHA256, swap("  data/a.txt", "\u00a0data/a.txt"), also="BG-19")
    yield edit("BG-14_short", SHA256, swap(checksum("sha256", PAYLOAD["data/a.txt"]), "ab" * 31))
    yield edit("BG-14_long", SHA256, swap(checksum("sha256", PAYLOAD["data/a.txt"]), "ab" * 33))
    yield edit("BG-14_odd", SHA256, swap(checksum("sha256", PAYLOAD["data/a.txt"]), "a" * 63))
    yield edit("BG-14_not_hex", SHA256, swap(checksum("sha256", PAYLOAD["data/a.txt"]), "zz" * 32))
    yield edit(
        "BG-14_blank_inside", SHA256, swap(checksum("sha256", PAYLOAD["data/a.txt"]), "\u00a0".join(["ab" * 16] * 2))
    )
    yield edit(
        "BG-14_other_algorithm", SHA512, swap(*(checksum(a, PAYLOAD["data/a.txt"]) for a in ("sha512", "sha256")))
    )
    yield edit("BG-15_tag_file", SHA256, append(line("bagit.txt")))
    yield edit("BG-15_sibling", SHA256, append(line("data2/a.txt")))
    yield edit("BG-15_backslash", SHA256, append(line("data\\a.txt")))
    yield edit("BG-15_capitals", SHA256, append(line("Data/a.txt")))
    first = line("data/a.txt", data=PAYLOAD["data/a.txt"])
    yield edit("BG-16_twice", SHA256, append(first))
    yield edit("BG-16_twice_crooked", SHA256, append(first.replace("data/", "data//")))
    both = {m: append(line("data/a%0ab", m[9:-4])) for m in (SHA256, SHA512)}
    yield bag("BG-16_two_spellings", payload={"data/a\nb": b"x"}, edits=both)
    yield edit("BG-16_conflict", SHA256, append(line("data/a.txt")))
    yield edit("BG-16_conflict_097", SHA256, append(line("data/a.txt")), version="0.97")
    yield edit("BG-16_wrong_first", SHA256, lambda data: line("data/a.txt").encode() + data, also="BG-20")
    yield late("BG-17_missing", "data/a.txt", gone, info=None)
    yield late("BG-17_missing_097", "data/a.txt", gone, info=None, version="0.97")
    yield edit("BG-17_one_manifest_dangles", SHA512, append(line("data/none.txt", "sha512")))
    yield late("BG-17_other_letter_case", "data/a.txt", gone, payload={**PAYLOAD, "data/b": b""}, info=None)
    yield bag("BG-17_without_its_blank", payload={"data/a ": b"x"}, spell=str.rstrip, also="BG-18")
    yield bag("BG-17_both_forms_one_file", payload={NFC: b"x", NFD: b"x"}, late={NFD: gone}, info=None)
    yield bag("BG-18_unlisted", late={"data/c.txt": append("x")}, info=None)
    yield bag("BG-18_unlisted_097", late={"data/c.txt": append("x")}, info=None, version="0.97")
    yield bag("BG-18_hidden", late={"data/.DS_Store": append("x")}, info=None)
    yield bag("BG-18_unlisted_twin", payload={NFC: b"x"}, late={NFD: append("y")}, info=None)
    yield bag("BG-18_unlisted_case_twin", late={"data/A.txt": append("y")}, info=None)
    alone = {"data/c.txt": append("x"), "tagmanifest-sha256.txt": append(line("data/c.txt"))}
    yield bag("BG-18_only_in_tag_manifest", late=alone, info=None, also="BG-25")
    yield edit("BG-19_in_one", SHA512, _without_first)
    yield edit("BG-19_empty_manifest", SHA512, lambda data: b"")
    yield late("BG-20_flipped", "data/a.txt", swap("E", "D"))
    yield late("BG-20_exchanged", "data/a.txt", lambda _: PAYLOAD["data/sub/b.txt"], info=None)
    yield late("BG-20_emptied", "data/a.txt", lambda _: b"", info=None)
    yield late("BG-20_filled", "data/empty", append("x"), payload={"data/empty": b""}, info=None)
    yield late("BG-20_097", "data/a.txt", swap("E", "D"), version="0.97")
    yield late("BG-20_md5", "data/a.txt", swap("E", "D"), algorithms=("md5",))
    yield edit("BG-20_only_sha512_wrong", SHA512, swap(checksum("sha512", PAYLOAD["data/a.txt"]), "ab" * 64))
    yield bag("BG-20_corrupt_nfc_twin", payload={NFC: b"x", NFD: b"x"}, late={NFC: lambda _: b"y"})
    yield bag("BG-20_corrupt_nfd_twin", payload={NFC: b"x", NFD: b"x"}, late={NFD: lambda _: b"y"})


def _without_first(data: bytes) -> bytes:
    return data.split(b"\n", 1)[1]


def _renamed(name: str) -> Mapping[str, bytes]:
    return {name: BagBuilder().files()[SHA256]}


def _tag_text() -> bytes:
    return "".join(f"ab {name}\n" for name in ("bagit.txt", "bag-info.txt", SHA256, SHA512)).encode()


def _tag_manifests() -> Iterator[Case]:
    tag = "tagmanifest-sha256.txt"
    yield late("BG-21_bag_info", "bag-info.txt", swap("Stadt", "Staat"))
    yield late("BG-21_declaration", "bagit.txt", lambda data: data.replace(b"\n", b"\r\n"))
    yield late(
        "BG-21_manifest",
        SHA256,
        lambda data: data.upper().replace(b"DATA/A.TXT", b"data/a.txt").replace(b"DATA/SUB/B.TXT", b"data/sub/b.txt"),
    )
    yield late("BG-21_nested", "notes/x.txt", append("y"), extra={"notes/x.txt": b"x"})
    yield late("BG-21_one_algorithm", tag, swap(checksum("sha256", BagBuilder().files()["bagit.txt"]), "ab" * 32))
    yield late("BG-22_missing", "notes.txt", gone, extra={"notes.txt": b"x"})
    yield late("BG-22_missing_097", "notes.txt", gone, extra={"notes.txt": b"x"}, version="0.97")
    yield late("BG-22_dangles", tag, append(line("notes/none.txt")))
    yield late("BG-23_one_manifest", tag, _without(SHA512))
    yield late("BG-23_both_manifests", tag, lambda data: _without(SHA256)(_without(SHA512)(data)))
    yield late("BG-23_empty", tag, lambda data: b"")
    yield late("BG-24_itself", tag, append(line(tag)))
    yield late("BG-24_other", tag, append(line("tagmanifest-sha512.txt")))
    yield late("BG-25_payload", tag, append(line("data/a.txt", data=PAYLOAD["data/a.txt"])))
    yield late("BG-25_only_here", tag, append(line("data/c.txt")), payload={**PAYLOAD})
    yield late("BG-16_tag_twice", tag, append(line("bagit.txt", data=BagBuilder().files()["bagit.txt"])))


def _without(name: str) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(
        row for row in data.splitlines(keepends=True) if not row.endswith(f" {name}\n".encode())
    )


def _paths() -> Iterator[Case]:
    plain = {"spell": lambda path: path}
    yield bag("BG-28_bare_percent", payload={"data/100%.txt": b"x"}, **plain)
    yield bag("BG-28_other_code", payload={"data/a%41.txt": b"x"}, **plain)
    blank = {"spell": lambda path: path.replace(" ", "%20")}
    yield bag("BG-28_percent_20", payload={"data/a b": b"x"}, also="BG-17 BG-18", **blank)
    yield bag(
        "BG-17_097_decodes_line_feed", payload={"data/a\nb": b"x"}, late={"data/a\nb": gone}, version="0.97", info=None
    )
    twice = {"spell": lambda path: path.replace("%", "%2525")}
    yield bag("BG-17_encoded_twice", payload={"data/a%b": b"x"}, also="BG-18", **twice)
    yield edit("BG-29_latin1_in_utf8", SHA256, append(line("data/")[:-1].encode() + b"\xe4\n"))
    yield bag("BG-29_utf8_called_ascii", payload={"data/ä": b"x"}, encoding="US-ASCII", codec="utf-8")
    yield edit("BG-29_info", "bag-info.txt", append(b"Contact-Name: \xe4\n"))
    yield edit("BG-29_utf16_called_utf8", SHA256, lambda data: data.decode().encode("utf-16"))
    yield edit("BG-29_surrogate", SHA256, append(line("data/")[:-1].encode() + b"\xed\xa0\x80\n"))
    yield edit("BG-30_long_line", SHA256, append(line("data/" + "x" * 70_000)), verdict=UNCHECKED)
    yield escape("dot_dot", "data/../../etc/passwd")
    yield escape("dot_dot_inside", "data/sub/../a.txt")
    yield escape("sibling", "../bag-evil/x")
    yield escape("dot_dot_crooked", "data/.//./../../x")
    yield escape("absolute", "/etc/passwd")
    yield escape("absolute_twice", "//etc/passwd")
    yield escape("home", "~/x")
    yield escape("home_of", "~root/x")
    yield escape("drive", "C:/x")
    yield escape("drive_backslash", "C:\\x")
    yield escape("backslash_dots", "data/..\\..\\x")
    yield escape("unc", "\\\\server\\x")
    yield late("BG-31_in_tag_manifest", "tagmanifest-sha256.txt", append(line("../x")))
    yield bag(
        "BG-31_encoded_is_not_decoded_twice", edits=in_both(lambda a: line("data/..%252f../x/../y", a)), also="BG-28"
    )
    yield edit("BG-34_folder", SHA256, append(line("data/sub")))
    yield edit("BG-34_folder_slash", SHA256, append(line("data/sub/")))
    yield edit("BG-34_no_such_folder", SHA256, append(line("data/none/")))
    yield bag("BG-38_latin1_name", late={"data/\udce4.txt": append("x")}, info=None, also="BG-18")
    yield bag("BG-38_latin1_folder", late={"data/\udce4/x": append("x")}, info=None, also="BG-18")


def _fetch_and_info() -> Iterator[Case]:
    there = "https://example.org/a 12 data/a.txt\n"
    yield fetch("BG-41_missing", there, late={"data/a.txt": gone}, info=None)
    yield fetch("BG-41_length_unknown", there.replace("12", "-"), late={"data/a.txt": gone}, info=None)
    yield fetch("BG-41_097", there, late={"data/a.txt": gone}, info=None, version="0.97")
    yield fetch("BG-42_no_path", "https://example.org/a 12\n")
    yield fetch("BG-42_blank_in_url", "https://example.org/a b 12 data/a.txt\n")
    yield fetch("BG-42_no_host", "https:///a 12 data/a.txt\n")
    yield fetch("BG-42_host_unreadable", "https://[1/a 12 data/a.txt\n")
    yield fetch("BG-42_no_length", "https://example.org/a x data/a.txt\n")
    yield fetch("BG-42_no_url", "a 12 data/a.txt\n")
    yield fetch("BG-42_twice", there * 2)
    yield fetch("BG-43_dot_dot", "https://example.org/a 12 data/../../x\n")
    yield fetch("BG-43_absolute", "https://example.org/a 12 /etc/x\n")
    yield fetch("BG-43_tag_file", "https://example.org/a 12 bagit.txt\n")
    yield fetch("BG-43_home", "https://example.org/a 12 ~/x\n")
    yield fetch("BG-43_drive", "https://example.org/a 12 C:\\x\n")
    yield fetch("BG-43_unc", "https://example.org/a 12 \\\\server\\x\n")
    yield fetch("BG-43_backslash_dots", "https://example.org/a 12 data\\..\\..\\x\n")
    yield fetch("BG-43_backslash_dots_below", "https://example.org/a 12 data/..\\..\\x\n")
    for name, host in {
        "localhost": "localhost",
        "localhost_dot": "LOCALHOST.:8080",
        "loopback": "127.0.0.1",
        "loopback_short": "127.1",
        "loopback_number": "2130706433",
        "loopback_hex": "0x7f.0.0.1",
        "loopback_v6": "[::1]:80",
        "loopback_mapped": "[::ffff:127.0.0.1]",
        "behind_a_name": "example.org@127.0.0.1",
        "this_host": "0.0.0.0",  # noqa: S104 - nothing listens here, a bag names it
        "metadata_service": "169.254.169.254",
        "link_local_v6": "[fe80::1]",
    }.items():
        yield fetch(f"BG-44_{name}", f"http://{host}/a 12 data/a.txt\n")
    yield fetch("BG-44_file", "file:///etc/passwd 12 data/a.txt\n")
    yield fetch("BG-44_capitals", "FILE:///etc/passwd 12 data/a.txt\n")
    yield fetch("BG-44_gopher", "gopher://127.0.0.1/x 12 data/a.txt\n")
    yield fetch("BG-45_not_listed", "https://example.org/a 12 data/none.txt\n")
    yield fetch("BG-45_in_one_of_two", there, edits={SHA512: _without_first}, also="BG-19")
    yield fetch("BG-28_fetch", "https://example.org/a 12 data/100%\n", also="BG-45")
    yield info("BG-50_no_colon", "Source-Organization\n")
    yield info("BG-50_no_label", ": x\n")
    yield info("BG-50_indented_first", " x\nA: b\n")
    yield info("BG-50_no_blank", "A:b\n")
    yield info("BG-51_twice", "Payload-Oxum: {oxum}\nPayload-Oxum: {oxum}\n")
    yield info("BG-51_other_case", "Payload-Oxum: {oxum}\npayload-oxum: 1.1\n")
    yield info("BG-51_097", "Payload-Oxum: {oxum}\nPayload-Oxum: {oxum}\n", version="0.97")
    yield info("BG-52_no_dot", "Payload-Oxum: 25\n")
    yield info("BG-52_other_digits", "Payload-Oxum: ٢٥.٢\n")
    yield info("BG-52_two_dots", "Payload-Oxum: 25.2.0\n")
    yield info("BG-52_word", "Payload-Oxum: many.2\n")
    yield info("BG-52_negative", "Payload-Oxum: -25.2\n")
    yield info("BG-52_empty", "Payload-Oxum: \n")
    yield info("BG-52_endless", "Payload-Oxum: " + "9" * 5000 + ".2\n")
    yield info("BG-53_bytes", "Payload-Oxum: 24.2\n")
    yield info("BG-53_count", "Payload-Oxum: 25.3\n")
    yield info("BG-53_other_case", "PAYLOAD-OXUM: 25.3\n")
    yield info("BG-53_097", "Payload-Oxum:25.3\n", version="0.97")
    yield info("BG-54_blank_before_colon", "A : b\n")
    yield info("BG-54_no_break_space", "A\u00a0: b\n")


def _odd_files() -> Iterator[Case]:
    yield bag("BG-60_to_sibling", then=with_link("data/a.txt", "sub/b.txt"), info=None)
    yield bag("BG-60_outside", then=with_link("data/a.txt", "/etc/passwd"), info=None)
    yield bag("BG-60_dangling", then=with_link("data/c.txt", "nowhere"))
    yield bag("BG-60_to_itself", then=with_link("data/c.txt", "c.txt"))
    yield bag("BG-60_folder", then=with_link("data/c", ".."))
    yield bag("BG-60_tag_file", then=with_link("bag-info.txt", "bagit.txt"))
    yield bag("BG-60_declaration", then=with_link("bagit.txt", "bag-info.txt"))
    yield bag("BG-60_manifest", then=with_link(SHA256, SHA512), also="BG-23")
    yield bag("BG-61_fifo", then=lambda root: os.mkfifo(root / "data" / "c"))
    yield bag("BG-61_fifo_beside_tags", then=lambda root: os.mkfifo(root / "notes.txt"))
    yield bag("BG-61_fifo_as_manifest", then=lambda root: os.mkfifo(root / "manifest-md5.txt"))
    yield bag("BG-61_fifo_as_fetch", then=lambda root: os.mkfifo(root / "fetch.txt"))
    yield late("BG-61_fifo_as_declaration", "bagit.txt", gone, then=lambda root: os.mkfifo(root / "bagit.txt"))
    yield bag("BG-61_socket", then=with_socket)
