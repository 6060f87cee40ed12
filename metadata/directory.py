"""The directory of a ZIP before it is loaded: its size, and what lies behind it (APPNOTE 6.3.x, 4.3.14–4.3.16)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = (1 << 16) - 1


def directory_bytes(path: Path) -> int | None:
    """Bytes of the central directory as the end records claim, the largest of all claims; None without a record."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = max(0, size - _END.size - _LONGEST_COMMENT)
        stream.seek(start)
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            return None
        claims: list[int] = [_END.unpack_from(tail, at)[5]]
        offset = start + at - _LOCATOR.size
        if offset >= 0:
            stream.seek(offset)
            signature, _, where, _ = _LOCATOR.unpack(stream.read(_LOCATOR.size))
            if signature == b"PK\x06\x07":
                # Versions of `zipfile` differ in where they look; who finds no record there believes the short one.
                told, before = (_claim64(stream, place, size) for place in (where, offset - _END64.size))
                claims = (before or claims) + told
    return max(claims)


def bytes_behind(path: Path) -> int:
    """Bytes behind the end record and its comment: they belong to no entry, and a second ZIP may hide in them."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _END.size - _LONGEST_COMMENT))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return 0
    comment: int = _END.unpack_from(tail, at)[-1]
    return max(0, len(tail) - at - _END.size - comment)


def _claim64(stream: IO[bytes], place: int, size: int) -> list[int]:
    """What the ZIP64 end record at this place claims, as a list of one; nothing where there is none."""
    if not 0 <= place < size:
        return []
    stream.seek(place)
    record = stream.read(_END64.size)
    if len(record) < _END64.size:
        return []
    fields = _END64.unpack(record)
    return [fields[8]] if fields[0] == b"PK\x06\x06" else []
