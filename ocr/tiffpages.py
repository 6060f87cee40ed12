"""Where the pages of a TIFF begin (TIFF 6.0 §2, BigTIFF): found by their chain alone, without reading their tags.

Pillow reads every directory on the way to a page, which in a file of a thousand pages costs more than the page. So it
is shown the file with the wanted page in front.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import BinaryIO, Self


def page_offsets(path: Path, most: int) -> list[int]:
    """Offsets of the first `most` directories; fewer when the chain ends, breaks off or runs in a circle."""
    return _chain(path, most)[0]


def circle(path: Path, most: int) -> tuple[int, int] | None:
    """The page (from 1) that names an earlier one as the next, and that one; None when the chain runs in no circle."""
    offsets, then = _chain(path, most)
    return (len(offsets), offsets.index(then) + 1) if then in offsets else None


def _chain(path: Path, most: int) -> tuple[list[int], int]:
    """Offsets of the first directories, and where the last of them points to."""
    offsets: list[int] = []
    with path.open("rb") as stream:
        head = stream.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 16:
            return offsets, 0
        (kind,) = struct.unpack(order + "H", head[2:4])
        if kind == 42:
            count_format, entry_size, link_format = order + "H", 12, order + "I"
            (offset,) = struct.unpack(link_format, head[4:8])
        elif kind == 43:
            count_format, entry_size, link_format = order + "Q", 20, order + "Q"
            (offset,) = struct.unpack(link_format, head[8:16])
        else:
            return offsets, 0
        seen: set[int] = set()
        size = path.stat().st_size
        while 0 < offset < size and offset not in seen and len(offsets) < most:
            seen.add(offset)
            offsets.append(offset)
            stream.seek(offset)
            count = stream.read(struct.calcsize(count_format))
            if len(count) < struct.calcsize(count_format):
                return offsets[:-1], 0
            link_at = offset + len(count) + struct.unpack(count_format, count)[0] * entry_size
            if link_at >= size:
                return offsets, 0
            stream.seek(link_at)
            link = stream.read(struct.calcsize(link_format))
            if len(link) < struct.calcsize(link_format):
                return offsets, 0
            (offset,) = struct.unpack(link_format, link)
    return offsets, offset


class PageView:
    """A TIFF as a file whose header points to one page; all other bytes, and the descriptor, are the file's own."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        self._head = head

    @classmethod
    def of(cls, path: Path, page: int) -> Self | None:
        """The view of page `page` (from 1); None if the file is no TIFF. Raises EOFError if it has no such page."""
        with path.open("rb") as stream:
            head = bytearray(stream.read(16))
        if bytes(head[:4]) not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return None
        offsets = page_offsets(path, page)
        if len(offsets) < page:
            raise EOFError("no such page")
        order = "<" if head[:2] == b"II" else ">"
        if 43 in head[2:4]:
            head[8:16] = struct.pack(order + "Q", offsets[-1])
        else:
            head[4:8] = struct.pack(order + "I", offsets[-1])
        return cls(path.open("rb"), bytes(head))

    def read(self, size: int = -1) -> bytes:
        """As a file; the header is the changed one."""
        start = self._stream.tell()
        data = self._stream.read(size)
        if start < len(self._head) and data:
            changed = self._head[start : start + len(data)]
            data = changed + data[len(changed) :]
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As a file."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As a file."""
        return self._stream.tell()

    def fileno(self) -> int:
        """The file's own descriptor; who reads by it names the directory by offset."""
        return self._stream.fileno()

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()
