"""Are all pieces there that the header of an image promises? Pillow leaves out what is missing and says nothing.

A PNG may hold fewer rows than it has lines (ISO 15948 §8), a TIFF fewer strips or tiles than its size needs (TIFF 6.0
§8, §15), and a strip packed with Deflate may be damaged where only its end tells it (RFC 1950): libtiff stops once
it has enough. Runs in the sandbox only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, TiffImagePlugin

from ocr.pageimage import tiff_tag

_BLOCK = 1 << 20
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # PNG's colour types
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_DEFLATE = (8, 32946)
_SEPARATE = (2,)  # PlanarConfiguration: each colour has strips of its own


def missing_part(image: Image.Image, path: Path) -> str:
    """In a German word or two what is missing of this page; empty when nothing is. For pages that Pillow has read."""
    if image.format == "PNG":
        return _of_png(path)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _of_tiff(image, path)
    return ""


def _of_png(path: Path) -> str:
    """Of two checksums one must hold: that of every chunk, which Pillow asks of none with rows, or that of all rows."""
    unpack, found, expected, sure = zlib.decompressobj(), 0, 0, True
    try:
        for kind, data, sound in _chunks(path):
            if kind == b"IHDR":
                expected = _png_bytes(data)
                continue
            sure = sure and (sound or found >= expected)  # what follows the last row does not matter
            while data and not unpack.eof and (found < expected or (not sure and found <= expected + _BLOCK)):
                found += len(unpack.decompress(data, _BLOCK))
                data = unpack.unconsumed_tail
        if found < expected:
            found += len(unpack.flush())
    except (zlib.error, struct.error):
        return "gepackte Daten beschädigt"
    if not sure and not unpack.eof:
        return "gepackte Daten beschädigt"
    return "Bildzeilen fehlen" if found < expected else ""


def _png_bytes(header: bytes) -> int:
    """The bytes that the rows must have, each with the byte of its filter before it."""
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header[:13])
    pixel = bits * _CHANNELS.get(colour, 1)
    total = 0
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = max(0, -(-(width - left) // across)), max(0, -(-(height - top) // down))
        total += rows * (1 + (columns * pixel + 7) // 8) if columns else 0
    return total


def _chunks(path: Path) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind and data of the chunks of the picture, and whether their checksum holds."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"IEND":
                return
            if kind in (b"IHDR", b"IDAT"):
                data = file.read(length)
                yield kind, data, file.read(4) == zlib.crc32(kind + data).to_bytes(4)
            else:
                file.seek(length + 4, 1)


def _of_tiff(image: TiffImagePlugin.TiffImageFile, path: Path) -> str:
    tiled = bool(tiff_tag(image, 324))
    offsets, counts = tiff_tag(image, 324 if tiled else 273), tiff_tag(image, 325 if tiled else 279)
    wanted = _pieces(image, tiled=tiled)
    if len(offsets) < wanted:
        return "Bildstreifen fehlen"
    known = bool(counts) and any(counts)  # else their length is told from the context
    if (
        known
        and len(offsets) > 1
        and any(not place or not count for place, count in zip(offsets, counts, strict=False))
    ):
        return "Bildstreifen fehlen"
    if known and wanted and tiff_tag(image, 259)[:1] in [(kind,) for kind in _DEFLATE]:
        most = _piece_bytes(image, tiled=tiled)
        with path.open("rb") as file:
            for place, count in zip(offsets, counts, strict=False):
                file.seek(place)
                if not _sound(file.read(count), most):
                    return "gepackte Daten beschädigt"
    return ""


def _pieces(image: TiffImagePlugin.TiffImageFile, *, tiled: bool) -> int:
    """How many strips or tiles the size of the page needs; 0 when that cannot be told."""
    width, height = tiff_tag(image, 256), tiff_tag(image, 257)  # before the page is turned
    across, down = (tiff_tag(image, 322), tiff_tag(image, 323)) if tiled else (width, tiff_tag(image, 278) or height)
    if not (width and height and across and down and across[0] > 0 and down[0] > 0):
        return 0
    planes = (tiff_tag(image, 277) or (1,))[0] if tiff_tag(image, 284) == _SEPARATE else 1
    return -(-width[0] // across[0]) * -(-height[0] // down[0]) * planes


def _piece_bytes(image: TiffImagePlugin.TiffImageFile, *, tiled: bool) -> int:
    """The most bytes that one strip or tile can have unpacked."""
    width, height = tiff_tag(image, 256)[0], tiff_tag(image, 257)[0]
    across, down = (
        (tiff_tag(image, 322)[0], tiff_tag(image, 323)[0])
        if tiled
        else (width, min(height, *tiff_tag(image, 278)[:1] or (height,)))
    )
    bits = max(tiff_tag(image, 258) or (1,)) * (tiff_tag(image, 277) or (1,))[0]
    return (across * bits + 7) // 8 * down


def _sound(data: bytes, most: int) -> bool:
    """False when packed data contradict their checksum, or give more than there is room for and do not end.

    Data that only lack their end were judged by what they gave.
    """
    unpack, found = zlib.decompressobj(), 0
    try:
        while data and not unpack.eof and found <= most:
            found += len(unpack.decompress(data, _BLOCK))
            data = unpack.unconsumed_tail
        found += len(unpack.flush()) if found <= most else 0
    except zlib.error:
        return False
    return unpack.eof or found <= most
