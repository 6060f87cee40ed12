"""Reads a tar (POSIX ustar and pax, GNU long names) member by member from any stream; unpacks nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, NoReturn
from zlib import adler32

from akten.errors import Rejected
from akten.findings import Finding, Severity
from archive.bagrules import error

_BLOCK = 512
_NUL_BLOCK = bytes(_BLOCK)
_CHUNK = 1 << 20
_AHEAD = 1 << 16
_SMALL = 1 << 12  # a member up to this size is read over: fewer calls
_HEADER_BYTES = 1 << 20  # the most that one extended header may hold
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*\Z")  # nothing after a NUL: some readers end there
_GNU_TIME = re.compile(rb"[0-7]{11}[ \0]|\x80\0{3}|\xff{4}")
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"\x5d\x00\x00", "lzma"),
    (b"LZIP", "lzip"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
)


class EntryKind(StrEnum):
    """What a member of a tar is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    DEVICE = "device"
    FIFO = "fifo"
    SPARSE = "sparse"
    OTHER = "other"


_KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"1": EntryKind.HARDLINK,
    b"2": EntryKind.SYMLINK,
    b"3": EntryKind.DEVICE,
    b"4": EntryKind.DEVICE,
    b"5": EntryKind.FOLDER,
    b"6": EntryKind.FIFO,
    b"S": EntryKind.SPARSE,
}
_WITHOUT_BYTES = (EntryKind.SYMLINK, EntryKind.HARDLINK, EntryKind.FOLDER, EntryKind.DEVICE, EntryKind.FIFO)
_EXTENDED = b"xgXLKA"


@dataclass(slots=True)
class TarEntry:
    """One member: name as it applies (pax before ustar), all names its headers bear, kind, place and size of its bytes.

    `read` gives the bytes in pieces, once, and only until the next member is taken from the reader.
    """

    name: str
    names: tuple[str, ...]
    kind: EntryKind
    offset: int
    size: int
    link: str
    _reader: TarReader = field(repr=False)

    def read(self, most: int = _CHUNK) -> bytes:
        """At most `most` next bytes of this member; empty at its end. Raises Rejected when the tar breaks off."""
        return self._reader.read_data(most)


def read_tar(stream: BinaryIO) -> Iterator[TarEntry]:
    """The members of a tar in order, from a stream that need not be seekable; memory is flat.

    Raises Rejected (BG-7x, BG-80) at the first fault of the container. Names and kinds are not judged here: who
    unpacks must refuse what `check_tar` refuses.
    """
    reader = TarReader(stream)
    yield from reader
    if reader.findings:
        raise Rejected(tuple(reader.findings))


class TarReader:
    """Walks over a tar once; faults of the container stand in `findings` afterwards, `broken` tells it ended early."""

    def __init__(self, stream: BinaryIO, *, skip_by_seek: bool = False, header_bytes: int = _HEADER_BYTES) -> None:
        self._stream = stream
        self._end = _length_left(stream) if skip_by_seek else None
        self._base = stream.tell() if skip_by_seek else 0
        self._ahead = b""  # what was read at `_ahead_at`, when the stream can seek
        self._ahead_at = 0
        self._small = False  # the last member was small, and the next header is near
        self._header_bytes = header_bytes
        self._position = 0
        self._left = 0  # bytes of the current member not yet read
        self._padding = 0
        self.findings: list[Finding] = []
        self.broken = False

    def __iter__(self) -> Iterator[TarEntry]:
        try:
            while (entry := self._next()) is not None:
                yield entry
            self._check_rest()
        except Rejected as why:
            self.broken = True
            self.findings.extend(why.findings)

    def read_data(self, most: int) -> bytes:
        """Next bytes of the current member. Raises Rejected when the tar breaks off inside."""
        count = min(most, self._left)
        if not count:
            return b""
        if self._end is not None:
            self._stream.seek(self._base + self._position)
        data = self._stream.read(count)
        if not data:
            self._fail("BG-77", "Das Tar bricht mitten in einer Datei ab.")
        self._left -= len(data)
        self._position += len(data)
        return data

    def _fail(self, code: str, text: str) -> NoReturn:
        raise Rejected((error(code, f"Byte {self._position}", text),))

    def _take(self, count: int) -> bytes:
        """Exactly `count` bytes, fewer only at the end of the stream."""
        if self._end is not None:
            return self._take_ahead(count)
        data = self._read_fully(count)
        self._position += len(data)
        return data

    def _take_ahead(self, count: int) -> bytes:
        """The same where the stream can seek: after a small member its neighbours' headers are read along."""
        place = self._position - self._ahead_at
        if not 0 <= place <= len(self._ahead) - count:
            self._stream.seek(self._base + self._position)
            self._ahead = self._read_fully(max(count, _AHEAD if self._small else 0))
            self._ahead_at, place = self._position, 0
        data = self._ahead[place : place + count]
        self._position += len(data)
        return data

    def _read_fully(self, count: int) -> bytes:
        data = self._stream.read(count)
        while len(data) < count and (more := self._stream.read(count - len(data))):
            data += more
        return data

    def _skip(self) -> None:
        """Moves to the header after the current member."""
        count, self._left, self._padding = self._left + self._padding, 0, 0
        if self._end is not None and count:
            if self._position + count > self._end:
                self._fail("BG-77", "Das Tar bricht mitten in einer Datei ab.")
            self._position += count
            self._small = count <= _SMALL
            return
        while count:
            data = self._stream.read(min(count, _CHUNK))
            if not data:
                self._fail("BG-77", "Das Tar bricht mitten in einer Datei ab.")
            count -= len(data)
            self._position += len(data)

    def _header(self) -> bytes | None:
        """The next header block, or None at the end mark (two blocks of NUL)."""
        start = self._position
        block = self._take(_BLOCK)
        if start == 0:
            self._check_start(block)
        if not block:
            self._fail("BG-77", "Das Tar endet ohne seine beiden Endblöcke.")
        if len(block) < _BLOCK:
            self._fail("BG-77", "Das Tar bricht mitten in einem Kopf ab.")
        if block == _NUL_BLOCK:
            second = self._take(_BLOCK)
            if len(second) < _BLOCK:
                self._fail("BG-77", "Dem Tar fehlt der zweite Endblock.")
            if second != _NUL_BLOCK:
                self._fail("BG-76", "Nach einem Endblock stehen weitere Daten.")
            return None
        return block

    def _check_start(self, block: bytes) -> None:
        if not block:
            self._fail("BG-70", "Die Datei ist leer.")
        for magic, name in _PACKED:
            if block.startswith(magic) and not (len(block) == _BLOCK and _checksum_fits(block)):
                text = f"Das Paket ist komprimiert oder verpackt ({name}); geprüft werden nur einfache Tars."
                raise Rejected((Finding("BG-70", Severity.WARNING, "", text),))  # what is inside may well be good
        if len(block) < _BLOCK or (block != _NUL_BLOCK and not _checksum_fits(block)):
            self._fail("BG-70", "Die Datei ist kein Tar.")

    def _check_rest(self) -> None:
        if self._end is not None:
            self._stream.seek(self._base + self._position)
        while data := self._stream.read(_CHUNK):
            if data.count(0) != len(data):
                self._fail("BG-76", "Nach dem Ende des Tars stehen weitere Daten.")
            self._position += len(data)

    def _next(self) -> TarEntry | None:
        self._skip()
        pax: dict[str, str] = {}
        long_name: str | None = None
        long_link: str | None = None
        seen: set[bytes] = set()
        while True:
            block = self._header()
            if block is None:
                if seen:
                    self._fail("BG-79", "Ein erweiterter Kopf am Ende gehört zu keiner Datei.")
                return None
            if not _checksum_fits(block):
                self._fail("BG-79", "Die Prüfsumme eines Kopfes stimmt nicht.")
            sort = block[156:157]
            if sort not in _EXTENDED:
                return self._entry(block, sort, pax, long_name, long_link)
            if sort in seen and sort != b"g":
                self._fail("BG-80", "Zwei erweiterte Köpfe derselben Art gehören zu derselben Datei.")
            if sort != b"g":
                seen.add(sort)
            body = self._extended_body(block)
            if sort == b"L":
                long_name = self._long(body)
            elif sort == b"K":
                long_link = self._long(body)
            elif sort == b"x":
                pax = self._pax(body)
            elif sort == b"g":
                self._check_globals(self._pax(body))
            else:
                self._fail("BG-80", "Ein erweiterter Kopf von Solaris wird nicht gelesen.")

    def _check_globals(self, records: dict[str, str]) -> None:
        if bad := records.keys() & {"path", "linkpath", "size"}:
            self._fail("BG-80", f"Ein globaler pax-Kopf setzt „{sorted(bad)[0]}“ für alle Dateien.")

    def _extended_body(self, block: bytes) -> bytes:
        size = self._number(block[124:136])
        if size > self._header_bytes:
            self._fail("BG-80", f"Ein erweiterter Kopf ist größer als {self._header_bytes} Bytes.")
        body = self._take(size)
        padding = -size % _BLOCK
        if len(body) < size or len(self._take(padding)) < padding:
            self._fail("BG-77", "Das Tar bricht mitten in einem erweiterten Kopf ab.")
        return body

    def _long(self, body: bytes) -> str:
        """The name in a GNU long-name header: up to its one closing NUL."""
        name, _, rest = body.partition(b"\0")
        if rest.strip(b"\0") or not name:
            self._fail("BG-80", "Ein GNU-Kopf enthält einen leeren Namen oder einen Namen mit NUL.")
        return _text(name)

    def _pax(self, body: bytes) -> dict[str, str]:
        """Records `<length> key=value\\n` of a pax header; a key that comes twice is refused: readers differ on it."""
        records: dict[str, str] = {}
        position = 0
        while position < len(body):
            blank = body.find(b" ", position, position + 21)
            digits = body[position:blank] if blank > position else b""
            if not digits.isdigit() or digits.startswith(b"0"):
                self._fail("BG-80", "Ein pax-Kopf ist nicht wohlgeformt.")
            end = position + int(digits)
            key, equals, value = body[blank + 1 : end - 1].partition(b"=")
            if end > len(body) or end <= blank + 2 or body[end - 1 : end] != b"\n" or not equals or not key:
                self._fail("BG-80", "Ein pax-Kopf ist nicht wohlgeformt.")
            name = _text(key)
            if name.startswith("GNU.sparse.") or name == "SCHILY.realsize":
                self._fail("BG-78", "Das Tar enthält eine Datei mit Lücken (sparse).")
            if name in records:
                self._fail("BG-80", "Ein pax-Kopf nennt dieselbe Angabe zweimal.")
            if name in ("path", "linkpath") and (b"\0" in value or not value):
                self._fail("BG-80", "Ein pax-Kopf enthält einen leeren Namen oder einen Namen mit NUL.")
            records[name] = _text(value)
            position = end
        if records.get("hdrcharset", "ISO-IR 10646 2000 UTF-8") not in ("ISO-IR 10646 2000 UTF-8", "BINARY"):
            self._fail("BG-80", "Ein pax-Kopf nennt eine unbekannte Zeichenkodierung.")
        return records

    def _entry(
        self, block: bytes, sort: bytes, pax: dict[str, str], long_name: str | None, long_link: str | None
    ) -> TarEntry:
        plain = _text(block[:100].partition(b"\0")[0])
        if block[345] and (prefix := block[345:500].partition(b"\0")[0]):
            if block[257:263] == b"ustar\0":
                plain = f"{_text(prefix)}/{plain}"
            elif not _GNU_TIME.match(block[345:357]):  # some readers take anything there for a name
                self._fail("BG-79", "Ein Kopf enthält einen Vorsatz zum Namen, den nicht jeder Leser beachtet.")
        kind = _KINDS.get(sort, EntryKind.OTHER)
        if kind is EntryKind.SPARSE:
            self._fail("BG-78", "Das Tar enthält eine Datei mit Lücken (sparse).")
        if pax and (
            (long_name is not None and pax.get("path", long_name) != long_name)
            or (long_link is not None and pax.get("linkpath", long_link) != long_link)
        ):  # readers differ on which of the two holds
            self._fail("BG-80", "Ein pax-Kopf und ein GNU-Kopf geben derselben Datei verschiedene Namen.")
        size = self._number(block[124:136])
        if (wanted := pax.get("size")) is not None:
            if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 20):
                self._fail("BG-80", "Ein pax-Kopf nennt eine Größe, die keine Zahl ist.")
            plain_size, size = size, int(wanted)
            if plain_size not in (0, size) and size < 8 << 30:
                self._fail("BG-80", "Ein pax-Kopf nennt eine andere Größe als der Kopf der Datei.")
        name = pax.get("path", long_name if long_name is not None else plain)
        if kind is EntryKind.FILE and sort != b"7" and name.endswith("/"):
            kind = EntryKind.FOLDER  # the way of tars older than POSIX to say folder
        if (
            size and kind in _WITHOUT_BYTES
        ):  # some readers skip so many bytes, others none: they would see other members
            self._fail("BG-79", "Ein Eintrag ohne Inhalt nennt eine Größe.")
        link = pax.get("linkpath", long_link if long_link is not None else _text(block[157:257].partition(b"\0")[0]))
        # a long name stands cut in the plain header, and the cut may fall behind two dots of `..name`
        cut = b"\0" not in block[:100] and name.startswith(plain)
        names = (name,) if name == plain or cut else (name, plain)
        self._left, self._padding = size, -size % _BLOCK
        return TarEntry(name, names, kind, self._position, size, link, self)

    def _number(self, octal: bytes) -> int:
        """A number field: octal digits, or base 256 as GNU writes numbers that do not fit."""
        if octal[0] & 0x80:
            if octal[0] != 0x80:
                self._fail("BG-79", "Ein Kopf nennt eine unmögliche Zahl.")
            number = int.from_bytes(octal[1:], "big")
            if number >= 1 << 63:
                self._fail("BG-79", "Ein Kopf nennt eine unmögliche Zahl.")
            return number
        if not (found := _OCTAL.match(octal)):
            self._fail("BG-79", "Ein Kopf nennt eine Zahl, die keine ist.")
        return int(found[1] or b"0", 8)


def _length_left(stream: BinaryIO) -> int:
    """Bytes from here to the end of a seekable stream."""
    here = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(here)
    return end - here


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _checksum_fits(block: bytes) -> bool:
    """True when the checksum field is right, counted without sign as POSIX says or with sign as old tars did."""
    if not (found := _OCTAL.match(block[148:156])) or not found[1]:
        return False
    wanted = int(found[1], 8)
    field_bytes = block[148:156]
    total = _sum(block) - sum(field_bytes) + 8 * 0x20  # the field itself counts as blanks
    if wanted == total:
        return True
    high = sum(byte > 127 for byte in block) - sum(byte > 127 for byte in field_bytes)
    return wanted == total - 256 * high


def _sum(block: bytes) -> int:
    """The sum of the bytes of a block: the lower half of Adler-32, which 256 bytes cannot make overflow."""
    return (adler32(block[:256]) & 0xFFFF) + (adler32(block[256:]) & 0xFFFF) - 2
