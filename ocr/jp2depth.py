"""How many bits the colours of a JPEG 2000 have (ISO 15444-1 §A.5.1): where Pillow is known to read them wrongly.

Fewer than eight are handed on without being stretched, so that white comes out gray; of more than eight in colour the
brightest are rounded up to nothing, so that white comes out black (Pillow 13.0). Gray of up to 16 bits is right.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_START = b"\xff\x4f\xff\x51"  # SOC and SIZ, with which every codestream begins


def depths_of(data: bytes | mmap.mmap) -> tuple[int, ...]:
    """The bits of each colour; empty when they cannot be told."""
    place = data.find(_START)
    head = data[place + 2 : place + 2 + 40] if place >= 0 else b""
    if len(head) < 40:
        return ()
    (colours,) = struct.unpack(">H", head[38:40])
    return tuple((value & 0x7F) + 1 for value in data[place + 42 : place + 42 + 3 * colours : 3])


def misread_bits(path: Path) -> int:
    """The bits of each colour of a file where Pillow reads them wrongly, else 0."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        depths = depths_of(data)
    if min(depths, default=8) < 8:
        return min(depths)
    return max(depths) if len(depths) > 1 and max(depths) > 8 else 0
