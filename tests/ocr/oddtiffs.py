"""A TIFF writer that writes what no sane program would: any tags and strips, both byte orders, BigTIFF (TIFF 6.0)."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

DPI = 72
SIZE = (420, 594)  # not a multiple of 16, as real scans are not
_CODES = {"B": 1, "H": 3, "I": 4, "R": 5, "Q": 16}
_SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 16: 8}
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def truth(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """A page that tells every turn, mirroring, negative and lost channel: bars, a corner mark, coloured fields."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    width, height = size
    for place in range(7):
        top = height * (place + 3) // 12
        draw.rectangle((width // 10, top, width * (4 + place % 3) // 8, top + height // 40), fill=(25, 25, 25))
    draw.rectangle((width // 20, height // 20, width // 4, height // 8), fill=(10, 10, 10))
    if mode not in ("1", "L"):
        draw.rectangle((width // 2, height // 20, width * 3 // 4, height // 6), fill=(200, 40, 40))
        draw.rectangle((width * 3 // 4, height // 20, width * 19 // 20, height // 6), fill=(40, 60, 190))
    else:
        draw.rectangle((width // 2, height // 20, width * 19 // 20, height // 6), fill=(110, 110, 110))
    draw.polygon([(width // 10, height * 19 // 20), (width // 2, height * 19 // 20), (width // 10, height * 7 // 8)], 0)
    gray = image.convert("L") if mode in ("1", "L") else image
    return gray.point(lambda value: 255 * (value > 127)).convert("1") if mode == "1" else gray


@dataclass(frozen=True, slots=True)
class Page:
    """One directory: tag → values, and the pieces of the image in order. A tag given here wins over the right one."""

    strips: Sequence[bytes]
    tags: Mapping[int, Any] = field(default_factory=dict)
    size: tuple[int, int] = SIZE
    tiled: bool = False


def _kind(tag: int, value: Any) -> tuple[str, list[Any]]:
    if isinstance(value, bytes):
        return "B", list(value)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(item, (float, Fraction)) for item in values):
        return "R", [Fraction(item).limit_denominator(10_000) for item in values]
    return ("I" if tag in (256, 257, 273, 278, 279, 324, 325, 513, 514) else "H"), values


def tiff(*pages: Page, order: str = "<", big: bool = False) -> bytes:
    """The bytes of a TIFF with these pages."""
    mark, one = (b"II" if order == "<" else b"MM"), "Q" if big else "I"
    head = mark + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HHQ", 8, 0, 0) if big else struct.pack(order + "I", 0)
    out = bytearray(head)
    link_at = 8 if big else 4
    for page in pages:
        offsets = []
        for piece in page.strips:
            offsets.append(len(out))
            out += piece + b"\0" * (len(piece) % 2)
        place, counts = (324, 325) if page.tiled else (273, 279)
        tags: dict[int, Any] = {
            256: page.size[0], 257: page.size[1], 258: 8, 259: 1, 262: 1, 277: 1,
            282: Fraction(DPI), 283: Fraction(DPI), 296: 2,
            place: offsets, counts: [len(piece) for piece in page.strips],
        }  # fmt: skip
        if not page.tiled:
            tags[278] = -(-page.size[1] // max(1, len(page.strips)))
        tags |= page.tags
        entries = []
        for tag, value in sorted((tag, value) for tag, value in tags.items() if value is not None):
            kind, values = _kind(tag, value)
            if kind == "R":
                data = b"".join(struct.pack(order + "II", v.numerator, v.denominator) for v in values)
            else:
                data = struct.pack(f"{order}{len(values)}{kind}", *values)
            room = 8 if big else 4
            if len(data) > room:
                where = len(out)
                out += data + b"\0" * (len(data) % 2)
                data = struct.pack(order + one, where)
            entry = struct.pack(order + "HH" + one, tag, _CODES[kind], len(values))
            entries.append(entry + data.ljust(room, b"\0"))
        out[link_at : link_at + struct.calcsize(one)] = struct.pack(order + one, len(out))
        out += struct.pack(order + ("Q" if big else "H"), len(entries)) + b"".join(entries)
        link_at = len(out)
        out += struct.pack(order + one, 0)
    return bytes(out)


def packed(values: np.ndarray[Any, Any], bits: int) -> bytes:
    """Rows of small values, `bits` each, the first in the high bits, every row filled up to a byte."""
    rows = []
    for row in values:
        flags = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :].ravel()
        rows.append(np.packbits(flags).tobytes())
    return b"".join(rows)


def rows_of(mode: str) -> bytes:
    """The pixels of the truth, row by row."""
    return truth(mode).tobytes()


def backwards(data: bytes) -> bytes:
    """Every byte with its bits in reverse (FillOrder 2)."""
    return data.translate(_REVERSED)


def strip_of(compression: str, mode: str = "1", **tags: Any) -> tuple[bytes, dict[int, Any]]:
    """One strip as libtiff codes it, and the tags that tell of its coding."""
    target = io.BytesIO()
    image = truth(mode)
    image.save(target, "TIFF", compression=compression, tiffinfo={278: image.height, **tags.get("info", {})})
    data = target.getvalue()
    with Image.open(io.BytesIO(data)) as made:
        found = made.tag_v2  # type: ignore[attr-defined]
        strip = data[found[273][0] : found[273][0] + found[279][0]]
        keep = {tag: found[tag] for tag in (258, 259, 262, 277, 284, 292, 293, 317, 347, 530, 532) if tag in found}
    return strip, keep


def strips_of(data: bytes, row: int, rows: int) -> list[bytes]:
    """Raw rows cut into strips of `rows` rows."""
    return [data[start : start + row * rows] for start in range(0, len(data), row * rows)]


def tiles_of(pixels: np.ndarray[Any, Any], edge: int = 128) -> list[bytes]:
    """Raw tiles, filled up with white at the rims."""
    height, width = pixels.shape[:2]
    full = np.full((-(-height // edge) * edge, -(-width // edge) * edge, *pixels.shape[2:]), 255, np.uint8)
    full[:height, :width] = pixels
    return [
        full[top : top + edge, left : left + edge].tobytes()
        for top in range(0, full.shape[0], edge)
        for left in range(0, full.shape[1], edge)
    ]


def deep_planes(order: str) -> bytes:
    """Sixteen bits, one plane after the other, uncompressed and in strips."""
    planes = [
        (np.asarray(truth())[:, :, channel].astype(np.uint16) * 257).astype(order + "u2").tobytes()
        for channel in range(3)
    ]
    strips = [strip for plane in planes for strip in strips_of(plane, SIZE[0] * 2, 100)]
    return tiff(Page(strips, {258: [16] * 3, 262: 2, 277: 3, 278: 100, 284: 2}), order=order)


def ycbcr(across: int = 1, down: int = 1, *, video: bool = False, rows: int = SIZE[1]) -> bytes:
    """Uncompressed, several pixels with one colour, as TIFF 6.0 §21 packs them; with `video` 16 is black."""
    pixels = np.asarray(truth().convert("YCbCr")).astype(float)
    if video:
        pixels = np.dstack([16 + pixels[:, :, 0] * 219 / 255, 128 + (pixels[:, :, 1:] - 128) * 224 / 255])
    pixels = np.pad(pixels, ((0, -SIZE[1] % down), (0, -SIZE[0] % across), (0, 0)), mode="edge")
    blocks = pixels.reshape(pixels.shape[0] // down, down, -1, across, 3).transpose(0, 2, 1, 3, 4)
    light = blocks[..., 0].reshape(*blocks.shape[:2], -1)
    data = np.concatenate([light, blocks[..., 1:].mean(axis=(2, 3))], axis=2).round().clip(0, 255).astype(np.uint8)
    strips = [data[top : top + rows // down].tobytes() for top in range(0, len(data), rows // down)]
    told = {532: [Fraction(value) for value in (16, 235, 128, 240, 128, 240)]} if video else {}
    return tiff(Page(strips, {258: [8] * 3, 262: 6, 277: 3, 530: [across, down], 278: rows, **told}))
