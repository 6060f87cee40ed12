"""The directory of a ZIP before it is loaded: its size as claimed, and what it does not name (APPNOTE 4.3.6–4.3.16).

`zipfile` loads all of the directory at once, whatever its size; who opens a foreign ZIP asks here first.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO

_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR_BYTES, _END64_BYTES = 20, 56  # of ZIP64
_LOCAL_BYTES = 30  # of the header before an entry, without name and extra field
_HAS_DESCRIPTOR, _DESCRIPTOR_BYTES = 0x8, 24  # checksum and sizes behind the entry: 12 to 24 bytes
_TAIL = 65_558  # end record and the longest comment, and a byte that `zipfile` looks at, too


def ends_like_a_zip(path: Path) -> bool:
    """True when the end record of a ZIP stands at the end of the file, as it does once the copying is done."""
    with path.open("rb") as stream:
        return _END in _tail(stream, 0)[1]


def directory_bytes(path: Path) -> int | None:
    """The largest size in bytes that an end record claims for the central directory; None without such a record."""
    with path.open("rb") as stream:
        start, tail = _tail(stream, _LOCATOR_BYTES)
        size = start + len(tail)
        places = {tail.rfind(_END), len(tail) - _END_BYTES}  # its own fields may look like the mark of another
        whole = [place for place in places if place >= 0 and tail.startswith(_END, place)]
        fit = [place for place in whole if place + _END_BYTES <= len(tail)]
        return max((claim for place in fit for claim in _claims(stream, start + place, size)), default=None)


def bytes_behind(path: Path) -> int:
    """Bytes behind the end record and its comment: they belong to no entry, and a second ZIP may hide in them."""
    with path.open("rb") as stream:
        _, tail = _tail(stream, 0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        return 0
    comment: int = struct.unpack_from("<H", tail, at + 20)[0]
    return max(0, len(tail) - at - _END_BYTES - comment)


def bytes_between(path: Path, entries: Iterable[tuple[int, int, int]], directory: int) -> int:
    """Bytes between the entries, and before the directory that begins at `directory`, which belong to none of them: who
    reads a ZIP from its start may find an entry in them that the directory does not name.

    Each entry is its place, its compressed size and its flags.
    """
    between = 0
    with path.open("rb") as stream:
        ordered = sorted(entries)
        for (place, size, flags), (after, *_) in pairwise([*ordered, (directory, 0, 0)]):
            stream.seek(place)
            header = stream.read(_LOCAL_BYTES)
            if len(header) < _LOCAL_BYTES:
                return between
            gap = after - place - _LOCAL_BYTES - sum(struct.unpack_from("<HH", header, 26)) - size
            if gap > (_DESCRIPTOR_BYTES if flags & _HAS_DESCRIPTOR else 0):
                between += gap
    return between


def _tail(stream: IO[bytes], more: int) -> tuple[int, bytes]:
    """Where the last bytes of the file begin, in which its end record must lie, and these bytes."""
    start = max(0, stream.seek(0, os.SEEK_END) - _TAIL - more)
    stream.seek(start)
    return start, stream.read()


def _claims(stream: IO[bytes], place: int, size: int) -> Iterator[int]:
    """The sizes that the end record at `place` claims, of which each version of `zipfile` believes one.

    A ZIP64 record counts also beside a short one that claims little, where its locator says that it lies or right
    before that; who finds no record there believes the short one.
    """
    stream.seek(max(0, place - _LOCATOR_BYTES))
    locator = stream.read(min(place, _LOCATOR_BYTES))
    short: int = struct.unpack_from("<L", stream.read(_END_BYTES), 12)[0]
    if not locator.startswith(b"PK\x06\x07") or len(locator) < _LOCATOR_BYTES:
        yield short
        return
    before = _claimed64(stream, place - _LOCATOR_BYTES - _END64_BYTES, size)
    told = _claimed64(stream, struct.unpack_from("<Q", locator, 8)[0], size)
    yield short if before is None else before
    if told is not None:
        yield told


def _claimed64(stream: IO[bytes], offset: int, size: int) -> int | None:
    """What the ZIP64 end record at this offset claims; None where there is none."""
    if not 0 <= offset <= size:  # seeking there would fail as the disk does; `zipfile` says what it is
        return None
    stream.seek(offset)
    record = stream.read(_END64_BYTES)
    if len(record) < _END64_BYTES or not record.startswith(b"PK\x06\x06"):
        return None
    claimed: int = struct.unpack_from("<Q", record, 40)[0]
    return claimed
