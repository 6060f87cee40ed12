"""Reads very large images piece by piece, so that an A0 plan in colour never lies in memory as a whole.

A TIFF is read strip by strip or tile by tile (TIFF 6.0 §15), each as a small TIFF of its own; a PNG row by row
(RFC 2083 §2.3); a JPEG 2000 at a lower resolution. Runs in the sandbox only.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, TiffImagePlugin

from ocr.pageimage import read_rows
from ocr.pngbands import Bands

See = Callable[[Image.Image], None]
_BLOCK = 1 << 20
_COPIED = (258, 259, 262, 266, 277, 284, 292, 293, 317, 338, 339, 347, 320, 529, 530, 531, 532)
_WIDTH, _LENGTH, _OFFSETS, _PER_STRIP, _COUNTS = 256, 257, 273, 278, 279
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def decode_in_parts(image: Image.Image, path: Path, see: See | None = None) -> bool:
    """Decodes all of a page in parts. Returns False when it cannot be taken apart; raises what the decoder raises.

    Every part is shown to `see`, but for planes of a TIFF, which are no picture, and what JPEG 2000 gives: that is an
    eighth, on which thin ink is gone.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _tiff(image, path, see)
    if image.format == "PNG":
        return _png(path, see)
    if image.format == "JPEG2000":
        image.reduce = 3  # type: ignore[method-assign,assignment]  # a property for this format
        image.load()
        return True
    return False


def _numbers(image: TiffImagePlugin.TiffImageFile, tag: int) -> tuple[int, ...]:
    value = image.tag_v2.get(tag, ())
    items = value if isinstance(value, tuple) else (value,)
    return tuple(int(item) for item in items)


def _tiff(image: TiffImagePlugin.TiffImageFile, path: Path, see: See | None) -> bool:
    tiled = bool(_numbers(image, _TILE_OFFSETS))
    offsets = _numbers(image, _TILE_OFFSETS if tiled else _OFFSETS)
    counts = _numbers(image, _TILE_COUNTS if tiled else _COUNTS)
    (width,), (height,) = _numbers(image, _WIDTH), _numbers(image, _LENGTH)
    if tiled:
        (part_width,), (rows,) = _numbers(image, _TILE_WIDTH), _numbers(image, _TILE_LENGTH)
    else:
        part_width, rows = width, (_numbers(image, _PER_STRIP) or (height,))[0]
    if len(offsets) != len(counts) or len(offsets) < 2 or rows < 1 or part_width < 1:
        return False
    across = -(-width // part_width)
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        for position, (offset, count) in enumerate(zip(offsets, counts, strict=True)):
            if offset + count > size or count < 1:
                raise OSError("image file is truncated")
            down = position // across if tiled else position
            part_rows = rows if tiled else max(1, min(rows, height - down % -(-height // rows) * rows))
            file.seek(offset)
            part = _decode_part(image, file.read(count), part_width, part_rows)
            if see is not None and part.mode == image.mode:  # what fills up the last tiles is nothing of the page
                left = position % across * part_width if tiled else 0
                top = position // across * rows if tiled else 0
                see(part.crop((0, 0, min(part.width, width - left), min(part.height, height - top))))
    return True


def tiff_strips(image: Image.Image, path: Path) -> Iterator[Image.Image] | None:
    """The strips of a page from the top, each decoded on its own; None for tiles, planes, and a single strip."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or _numbers(image, _TILE_OFFSETS):
        return None
    offsets, counts = _numbers(image, _OFFSETS), _numbers(image, _COUNTS)
    (height,), per_strip = _numbers(image, _LENGTH), _numbers(image, _PER_STRIP)
    whole = len(per_strip) == 1 and per_strip[0] > 0 and len(offsets) == len(counts) == -(-height // per_strip[0])
    if not whole or len(offsets) < 2 or _numbers(image, 284) not in ((), (1,)):
        return None
    return _strips(image, path, offsets, counts, per_strip[0])


def _strips(
    image: TiffImagePlugin.TiffImageFile, path: Path, offsets: tuple[int, ...], counts: tuple[int, ...], rows: int
) -> Iterator[Image.Image]:
    width, height = image.size
    with path.open("rb") as file:
        for position, (offset, count) in enumerate(zip(offsets, counts, strict=True)):
            file.seek(offset)
            data = file.read(count)
            if len(data) != count or count < 1:
                raise OSError("image file is truncated")
            part = _decode_part(image, data, width, min(rows, height - position * rows))
            if part.mode != image.mode:
                raise ValueError("a strip has another colour than its page")
            yield part


def _decode_part(image: TiffImagePlugin.TiffImageFile, data: bytes, width: int, rows: int) -> Image.Image:
    """One strip or tile as a TIFF of one strip, with the coding of the whole; decoded."""
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=image.tag_v2.prefix)
    for tag in _COPIED:
        if tag in image.tag_v2:
            tags.tagtype[tag] = image.tag_v2.tagtype[tag]
            tags[tag] = image.tag_v2[tag]
    if _numbers(image, 284) == (2,):  # each plane on its own: a part holds one plane
        tags[277], tags[262], tags[284] = 1, 1, 1
        tags[258] = _numbers(image, 258)[:1]
        tags.pop(338, None)
    tags[_WIDTH], tags[_LENGTH], tags[_PER_STRIP] = width, rows, rows
    tags[_OFFSETS], tags[_COUNTS] = 0, len(data)  # Pillow adds its own end to the offset when it writes
    head = struct.pack("<2sHL" if tags._endian == "<" else ">2sHL", image.tag_v2.prefix, 42, 8)
    whole = head + tags.tobytes(8) + data
    with Image.open(io.BytesIO(whole), formats=("TIFF",)) as part:
        read_rows(part)
        part.load()
        return part


def _png(path: Path, see: See | None) -> bool:
    """Unpacks all rows of a PNG without keeping them; checks the checksum of every chunk and the number of bytes."""
    unpack = zlib.decompressobj()
    expected, found = -1, 0
    bands: Bands | None = None
    for kind, data in _chunks(path):
        if kind == b"IHDR":
            width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[:13])
            if interlaced:
                return False
            if see is not None and Bands.can(bits, colour):
                bands = Bands(width, bits, colour, see)
            expected = ((width * _CHANNELS.get(colour, 1) * bits + 7) // 8 + 1) * height
        elif kind == b"IDAT":
            while data:
                rows = unpack.decompress(data, _BLOCK)
                found += len(rows)
                data = unpack.unconsumed_tail
                if found > expected:
                    raise OSError("too much image data")
                if bands is not None:
                    bands.take(rows)
    if found != expected:
        raise OSError("image file is truncated")
    if bands is not None:
        bands.end()
    return True


def _chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    with path.open("rb") as file:
        file.seek(8)
        while head := file.read(8):
            length, kind = struct.unpack(">I4s", head)
            if length > 1 << 28:
                raise OSError("image chunk is too large")
            data, end = file.read(length), file.read(4)
            if len(data) != length or len(end) != 4 or zlib.crc32(kind + data) != struct.unpack(">I", end)[0]:
                raise OSError("image chunk is damaged")
            yield kind, data
            if kind == b"IEND":
                return
