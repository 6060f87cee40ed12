"""The names of a ZIP as its maker meant them: by flag or extra field (APPNOTE 4.4.4, 4.6.9), else a guess that is told.

Without the flag for UTF-8 the standard has code page 437. Windows' own packer writes the one of its console (850 in
Germany), other programs what Windows calls ANSI (1252), and a Mac UTF-8 without saying so. German umlauts are the same
in 437 and 850. A ZIP is the work of one program, so one code page is guessed for all of its names: the one in which
they are made of letters rather than of frames and Greek. Where several serve alike, the standard's comes first.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from akten.findings import Finding
from akten.plural import plural
from ingest.rules import info as told
from ingest.slip_fields import shown

_UTF8 = 0x800  # general purpose bit 11
_UNICODE_PATH = 0x7075
_CODE_PAGES = {
    "cp437": "der Norm (Codepage 437)",
    "cp850": "der Windows-Eingabeaufforderung (Codepage 850)",
    "cp1252": "von Windows (Codepage 1252)",
}
_GERMAN = frozenset("äöüÄÖÜß§")
_SIGNS = frozenset("°²³€–—„“”‚‘’´`")
_LAST_LETTER = "\u024f"  # of Latin, with all that Europe writes


@dataclass(frozen=True, slots=True)
class ZipNames:
    """A name for each member, in the order of the directory, and those that were guessed."""

    names: tuple[str, ...]
    guessed: tuple[str, ...] = ()
    code_page: str = ""

    def findings(self, box: str) -> tuple[Finding, ...]:
        """What there is to say of guessed names: the clerk should look whether they are right."""
        if not self.guessed:
            return ()
        text = (
            f"Das ZIP sagt nicht, in welchem Zeichensatz seine Namen stehen. Im Zeichensatz "
            f"{_CODE_PAGES[self.code_page]} gelesen: {plural(len(self.guessed), 'Name', 'Namen')} mit Umlauten oder "
            "anderen Zeichen, zum Beispiel "
            f"„{shown(self.guessed[0])}“. Bitte ansehen."
        )
        return (told("IN-09", box, text),)


def read_names(members: Sequence[zipfile.ZipInfo]) -> ZipNames:
    """The names of all members, with `/` between folders and composed letters (NFC)."""
    known = [_known(member) for member in members]
    raws = [_raw(member) for member, name in zip(members, known, strict=True) if name is None]
    page = _best_page(raws) if raws else ""
    names = tuple(
        _tidy(_read(_raw(member), page) if name is None else name) for member, name in zip(members, known, strict=True)
    )
    guessed = tuple(name for name, sure in zip(names, known, strict=True) if sure is None)
    return ZipNames(names, guessed, page)


def _known(member: zipfile.ZipInfo) -> str | None:
    """The name where it is certain; None where it has to be guessed."""
    if member.flag_bits & _UTF8:
        return member.orig_filename
    raw = _raw(member)
    if (beside := _unicode_path(member.extra, raw)) is not None:
        return beside
    try:
        return raw.decode("utf-8")  # plain letters, or a Mac; nothing else happens to be valid UTF-8
    except UnicodeDecodeError:
        return None


def _raw(member: zipfile.ZipInfo) -> bytes:
    """The bytes of a name without the flag, which `zipfile` read as 437."""
    return member.orig_filename.encode("cp437", "replace")


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name that some programs write in UTF-8 beside the other one; only while it belongs to that one."""
    place = 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, place)
        body = extra[place + 4 : place + 4 + size]
        place += 4 + size
        if kind == _UNICODE_PATH and len(body) > 5 and body[0] == 1:
            if struct.unpack_from("<L", body, 1)[0] != zlib.crc32(raw):
                return None
            try:
                return body[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _best_page(raws: Sequence[bytes]) -> str:
    return max(_CODE_PAGES, key=lambda page: sum(_likeness(_read(raw, page)) for raw in raws))


def _read(raw: bytes, page: str) -> str:
    return raw.decode(page, "replace")


def _likeness(name: str) -> int:
    """How much the foreign letters of a name look like those of a German name."""
    total = 0
    for before, letter in zip(f" {name}", name, strict=False):
        if letter.isascii():
            continue
        if letter in _GERMAN:
            total += 2
        elif letter.isalpha() and letter <= _LAST_LETTER:
            total += 1
        elif letter not in _SIGNS:
            total -= 3
        if letter.isupper() and before.islower():
            total -= 1
    return total


def _tidy(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/"))
