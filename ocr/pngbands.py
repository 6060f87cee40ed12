"""The pixels of a large PNG a few rows at a time (RFC 2083 §6): a filter needs no more than the row above.

Pillow decodes whole files only, so every band is handed to it as a small PNG that begins with the last row of the band
before. Filters work byte by byte, so sixteen bits a colour are two such pictures side by side. In the sandbox only.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

_BAND_BYTES = 4 << 20
_MODES = {2: "RGB", 4: "LA", 6: "RGBA"}  # the sorts of colour of which something can be hidden in more than one channel


class Bands:
    """Takes the unpacked bytes of a PNG, filters and all, and shows what they are to `see`, band after band."""

    def __init__(self, width: int, bits: int, colour: int, see: Callable[[Image.Image], None]) -> None:
        self._mode = _MODES[colour]
        self._size = len(self._mode)  # bytes of a pixel in one of the pictures
        self._lanes = bits // 8
        self._width, self._colour, self._see = width, colour, see
        self._row = 1 + width * self._size * self._lanes
        self._rows = max(1, _BAND_BYTES // self._row)
        self._data = bytearray()
        self._above = np.zeros((self._lanes, width * self._size), np.uint8)

    @staticmethod
    def can(bits: int, colour: int) -> bool:
        """True for what can be shown in bands."""
        return bits in (8, 16) and colour in _MODES

    def take(self, data: bytes) -> None:
        """More bytes; whole bands are shown at once."""
        self._data += data
        while len(self._data) >= self._rows * self._row:
            self._show(self._rows)

    def end(self) -> None:
        """Shows what is left."""
        if rows := len(self._data) // self._row:
            self._show(rows)

    def _show(self, rows: int) -> None:
        filtered = np.frombuffer(bytes(self._data[: rows * self._row]), np.uint8).reshape(rows, self._row)
        del self._data[: rows * self._row]
        kinds, values = filtered[:, :1], filtered[:, 1:].reshape(rows, self._width, self._lanes, self._size)
        lanes = []
        for lane in range(self._lanes):
            own = values[:, :, lane].reshape(rows, -1)
            plain = self._unfiltered(np.hstack((kinds, own)), self._above[lane])
            self._above[lane] = plain[-1]
            lanes.append(plain.reshape(rows, self._width, 1, self._size))
        pixels = np.concatenate(lanes, axis=2).reshape(rows, self._width, self._size, self._lanes)
        self._see(Image.fromarray(np.ascontiguousarray(pixels[:, :, :, 0])))  # of sixteen bits the upper eight

    def _unfiltered(self, rows: np.ndarray, above: np.ndarray) -> np.ndarray:
        """The plain bytes of the rows, which Pillow finds out as the pixels of a small PNG."""
        head = struct.pack(">IIBBBBB", self._width, len(rows) + 1, 8, self._colour, 0, 0, 0)
        data = zlib.compress(b"\0" + above.tobytes() + rows.tobytes(), 0)
        file = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
        with Image.open(io.BytesIO(file), formats=("PNG",)) as image:
            image.load()
            return np.asarray(image).reshape(len(rows) + 1, -1)[1:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
