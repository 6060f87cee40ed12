"""Image files of every kind that scanners and programs leave behind: name → bytes, and what must become of them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageChops

from ocr.jpegdata import NEXT
from tests.ocr.oddtiffs import (
    SIZE,
    Page,
    backwards,
    deep_planes,
    packed,
    rows_of,
    strip_of,
    strips_of,
    tiff,
    tiles_of,
    truth,
    ycbcr,
)

Build = Callable[[], bytes]
WIDTH, HEIGHT = SIZE
_NORMAL, _WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 1, 0, 2, 3, 5, 6, 8


def array(mode: str = "RGB") -> np.ndarray[Any, Any]:
    return np.asarray(truth(mode).convert("L") if mode == "1" else truth(mode))


def saved(image: Image.Image, form: str, **how: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **({} if form in ("JPEG2000", "GIF", "WEBP", "BMP") else {"dpi": (72, 72)}) | how)
    return target.getvalue()


# --- TIFF -------------------------------------------------------------------------------------------------------------


def fax(compression: str, *, fill: int = 1, **info: int) -> bytes:
    strip, tags = strip_of(compression, info={int(tag[1:]): value for tag, value in info.items()})
    return tiff(Page([backwards(strip) if fill == 2 else strip], {**tags, 266: fill}))


def gray(bits: int, *, white_is_zero: bool = False) -> bytes:
    values = array("L") >> (8 - bits)
    if white_is_zero:
        values = (1 << bits) - 1 - values
    return tiff(Page([packed(values, bits)], {258: bits, 262: 0 if white_is_zero else 1}))


def sixteen(order: str, channels: int = 1) -> bytes:
    values = array("L" if channels == 1 else "RGB").astype(np.uint16) * 257
    data = values.astype(order + "u2").tobytes()
    tags = {258: [16] * channels, 262: _NORMAL if channels == 1 else _RGB, 277: channels}
    return tiff(Page([data], tags), order=order)


def numbers(kind: str, form: int, scale: float = 1.0) -> bytes:
    values = (array("L").astype(np.float64) * scale).astype("<" + kind)
    return tiff(Page([values.tobytes()], {258: values.itemsize * 8, 339: form}))


def colour(*, order: str = "<", big: bool = False, **tags: Any) -> bytes:
    own = {int(tag[1:]): value for tag, value in tags.items()}
    strips = strips_of(rows_of("RGB"), WIDTH * 3, 100)
    return tiff(Page(strips, {258: [8] * 3, 262: _RGB, 277: 3, 278: 100, **own}), order=order, big=big)


def planar(*, compressed: bool = False) -> bytes:
    planes = [array()[:, :, channel].tobytes() for channel in range(3)]
    if compressed:
        planes = [zlib.compress(plane) for plane in planes]
    return tiff(Page(planes, {258: [8] * 3, 259: 8 if compressed else 1, 262: _RGB, 277: 3, 278: HEIGHT, 284: 2}))


def with_predictor(kind: int, mode: str = "RGB") -> bytes:
    values = array(mode).astype(np.int16)
    flat = values.reshape(HEIGHT, WIDTH, -1)
    moved = np.concatenate([flat[:, :1], np.diff(flat, axis=1)], axis=1).astype(np.uint8).tobytes()
    channels = flat.shape[2]
    tags = {258: [8] * channels, 259: kind, 262: _RGB if channels == 3 else 1, 277: channels, 317: 2}
    return tiff(Page([zlib.compress(moved)], tags))


def tiled(*, compressed: bool = False, mode: str = "RGB") -> bytes:
    tiles = tiles_of(array(mode))
    if compressed:
        tiles = [zlib.compress(tile) for tile in tiles]
    channels = 3 if mode == "RGB" else 1
    tags = {258: [8] * channels, 259: 8 if compressed else 1, 262: _RGB if channels == 3 else 1, 277: channels}
    return tiff(Page(tiles, {**tags, 322: 128, 323: 128}, tiled=True))


def palette(bits: int, *, step: int = 257) -> bytes:
    image = truth().quantize(min(1 << bits, 16) if bits > 1 else 2)
    colours = (image.getpalette() or [])[: 3 << bits]
    colours += [0] * ((3 << bits) - len(colours))
    table = [value * step for channel in range(3) for value in colours[channel::3]]
    return tiff(Page([packed(np.asarray(image), bits)], {258: bits, 262: _PALETTE, 320: table}))


def cmyk() -> bytes:
    image = truth().convert("CMYK")
    return tiff(Page([image.tobytes()], {258: [8] * 4, 262: _CMYK, 277: 4, 332: 1}))


def alpha(sort: int) -> bytes:
    """RGBA whose hidden colours are black: who drops the alpha channel sees a black page."""
    pixels = array()
    seen = np.where((pixels < 250).any(axis=2), 255, 0).astype(np.uint8)
    hidden = np.where(seen[:, :, None] > 0, pixels, 0).astype(np.uint8)
    return tiff(Page([np.dstack([hidden, seen]).tobytes()], {258: [8] * 4, 262: _RGB, 277: 4, 338: sort}))


def old_jpeg(kind: int = _YCBCR) -> bytes:
    page = truth() if kind == _YCBCR else truth("L").point(lambda value: value if kind else 255 - value)
    data = saved(page, "JPEG", quality=95, **({"subsampling": 0} if kind == _YCBCR else {}))
    told = {258: [8] * 3, 277: 3, 530: [1, 1]} if kind == _YCBCR else {}
    return tiff(Page([data], {**told, 259: 6, 262: kind, 513: 8, 514: len(data)}))


def new_jpeg() -> bytes:
    data = saved(truth(), "JPEG", subsampling=0, quality=95)
    return tiff(Page([data], {258: [8] * 3, 259: 7, 262: _YCBCR, 277: 3, 530: [1, 1]}))


def turned(orientation: int, mode: str = "RGB") -> bytes:
    """Pixels stored such that the orientation tag makes the page upright; one plain gray strip is mapped by Pillow."""
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = truth(mode) if undo is None else truth(mode).transpose(Image.Transpose(undo))
    kind = {258: [8] * 3, 262: _RGB, 277: 3} if mode == "RGB" else {}
    return tiff(Page([image.tobytes()], {**kind, 274: orientation}, size=image.size))


def mixed_pages() -> bytes:
    small = truth("L", (300, 210))
    strip, tags = strip_of("group4")
    return tiff(
        Page([rows_of("RGB")], {258: [8] * 3, 262: _RGB, 277: 3}),
        Page([small.tobytes()], {}, size=small.size),
        Page([strip], {**tags, 266: 1}),
    )


def lying_counts(value: int | None) -> bytes:
    strip, tags = strip_of("group4")
    return tiff(Page([strip], {**tags, 266: 1, 279: value}))


TIFFS: dict[str, tuple[Build, str]] = {  # name → (bytes, "" good, or the code of the finding)
    "g3-1d.tif": (lambda: fax("group3"), ""),
    "g3-2d.tif": (lambda: fax("group3", t292=1), ""),
    "g3-fill2.tif": (lambda: fax("group3", fill=2), ""),
    "g4.tif": (lambda: fax("group4"), ""),
    "g4-fill2.tif": (lambda: fax("group4", fill=2), ""),
    "rle.tif": (lambda: fax("tiff_ccitt"), ""),
    "raw1-fill2.tif": (lambda: tiff(Page([backwards(rows_of("1"))], {258: 1, 266: 2})), ""),
    "raw1-min-is-white.tif": (lambda: tiff(Page([bytes(~b & 255 for b in rows_of("1"))], {258: 1, 262: 0})), ""),
    "gray-min-is-white.tif": (lambda: gray(8, white_is_zero=True), ""),
    "gray2.tif": (lambda: gray(2), ""),
    "gray4.tif": (lambda: gray(4), ""),
    "gray2-min-is-white.tif": (lambda: gray(2, white_is_zero=True), ""),
    "gray4-min-is-white.tif": (lambda: gray(4, white_is_zero=True), ""),
    "gray16.tif": (lambda: sixteen("<"), ""),
    "gray16-motorola.tif": (lambda: sixteen(">"), ""),
    "rgb16.tif": (lambda: sixteen("<", 3), ""),
    "float32.tif": (lambda: numbers("f4", 3), ""),
    "float32-unit.tif": (lambda: numbers("f4", 3, 1 / 255), ""),
    "float16.tif": (lambda: numbers("f2", 3), "EX-04"),
    "float64.tif": (lambda: numbers("f8", 3), "EX-04"),
    "integer32-large.tif": (lambda: numbers("u4", 1, 2**24), "EX-30"),
    "palette-of-8-bits.tif": (lambda: palette(8, step=1), "EX-30"),
    "integer32.tif": (lambda: numbers("u4", 1), ""),
    "signed16.tif": (lambda: numbers("i2", 2, 257 / 2), "dark"),
    "rgb.tif": (colour, ""),
    "rgb-motorola.tif": (lambda: colour(order=">"), ""),
    "bigtiff.tif": (lambda: colour(big=True), ""),
    "bigtiff-motorola.tif": (lambda: colour(order=">", big=True), "EX-04"),
    "planar.tif": (planar, ""),
    "planar16.tif": (lambda: deep_planes("<"), ""),
    "planar16-motorola.tif": (lambda: deep_planes(">"), ""),
    "ycbcr.tif": (lambda: ycbcr(1, 1), ""),
    "ycbcr-2x1.tif": (lambda: ycbcr(2, 1), ""),
    "ycbcr-2x2.tif": (lambda: ycbcr(2, 2), ""),
    "ycbcr-video.tif": (lambda: ycbcr(1, 1, video=True), ""),
    "planar-deflate.tif": (lambda: planar(compressed=True), ""),
    "deflate-predictor.tif": (lambda: with_predictor(8), ""),
    "deflate-old-predictor-gray.tif": (lambda: with_predictor(32946, "L"), ""),
    "lzw-predictor.tif": (lambda: saved(truth(), "TIFF", compression="tiff_lzw", tiffinfo={317: 2}), ""),
    "packbits.tif": (lambda: saved(truth("L"), "TIFF", compression="packbits"), ""),
    "tiled.tif": (tiled, ""),
    "tiled-gray.tif": (lambda: tiled(mode="L"), ""),
    "tiled-deflate.tif": (lambda: tiled(compressed=True), ""),
    "palette8.tif": (lambda: palette(8), ""),
    "palette4.tif": (lambda: palette(4), ""),
    "palette1.tif": (lambda: palette(1), ""),
    "cmyk.tif": (cmyk, ""),
    "lab.tif": (lambda: saved(_lab(), "TIFF"), ""),
    "alpha-associated.tif": (lambda: alpha(1), ""),
    "alpha-unassociated.tif": (lambda: alpha(2), ""),
    "old-jpeg.tif": (old_jpeg, ""),
    **{f"old-jpeg-gray{kind}.tif": ((lambda kind=kind: old_jpeg(kind)), "") for kind in (0, 1)},  # type: ignore[misc]
    "new-jpeg.tif": (new_jpeg, ""),
    "mixed-pages.tif": (mixed_pages, ""),
    "strip-count-0.tif": (lambda: lying_counts(0), ""),
    "strip-count-absent.tif": (lambda: lying_counts(None), ""),
    "strip-count-too-large.tif": (lambda: lying_counts(10_000_000), "EX-05"),
    "unknown-compression.tif": (lambda: colour(t259=34925), "EX-05"),
    "jpeg2000-inside.tif": (lambda: colour(t259=34712), "EX-04"),
    **{f"orientation{n}.tif": ((lambda n=n: turned(n)), "") for n in range(1, 9)},  # type: ignore[misc]
    **{f"orientation{n}-gray.tif": ((lambda n=n: turned(n, "L")), "") for n in range(1, 9)},  # type: ignore[misc]
}


def _lab() -> Image.Image:
    from PIL import ImageCms

    return ImageCms.profileToProfile(  # type: ignore[return-value]
        truth(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )


# --- JPEG, PNG, JPEG 2000 ---------------------------------------------------------------------------------------------


def exif(orientation: int, form: str) -> bytes:
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = truth() if undo is None else truth().transpose(Image.Transpose(undo))
    facts = Image.Exif()
    facts[0x0112] = orientation
    return saved(image, form, exif=facts)


def jpeg_segment(data: bytes, marker: int) -> int:
    """Where the segment with this marker begins."""
    place = 2
    while data[place + 1] != marker:
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return place


def without_jfif(data: bytes, marker: int = 0xE0) -> bytes:
    """Without the segment that says YCbCr, so that the one of Adobe alone tells the colours; or without another one."""
    place = jpeg_segment(data, marker)
    length = 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return data[:place] + data[place + length :]


def height_later(data: bytes) -> bytes:
    """The height stands behind the picture, where a scanner tells it that draws the sheet in (DNL, T.81 §B.2.5)."""
    place = next(jpeg_segment(data, kind) for kind in (0xC0, 0xC2) if bytes([0xFF, kind]) in data[:700])
    height = data[place + 5 : place + 7]
    data = data[: place + 5] + b"\0\0" + data[place + 7 :]
    start = jpeg_segment(data, 0xDA)
    end = NEXT.search(data, start + 2 + int.from_bytes(data[start + 2 : start + 4]))
    assert end
    return data[: end.start()] + b"\xff\xdc\0\4" + height + data[end.start() :]


def frame(data: bytes, marker: int) -> bytes:
    """A JPEG whose frame claims another process than it has."""
    place = jpeg_segment(data, 0xC0)
    return data[: place + 1] + bytes([marker]) + data[place + 2 :]


def png(mode: str, bits: int, colour_type: int, *, interlaced: bool = False, more: bytes = b"") -> bytes:
    """A PNG written by hand (ISO 15948), also interlaced, which Pillow never writes."""
    pixels = array(mode)
    if bits < 8:
        pixels = pixels >> (8 - bits)
    if bits == 16:
        pixels = (pixels.astype(np.uint16) * 257).astype(">u2")
    steps = [(0, 0, 1, 1)]
    if interlaced:
        steps = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = []
    for left, top, across, down in steps:
        rows += [
            b"\0" + (packed(row[None, :], bits) if bits < 8 else row.tobytes())
            for row in pixels[top::down, left::across]
        ]
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, colour_type, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, data) for kind, data in [(b"IHDR", head), (b"pHYs", struct.pack(">IIB", 2835, 2835, 1))]
    ) + more + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")  # fmt: skip


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def transparent(form: str = "PNG") -> bytes:
    """RGBA with black hidden under everything that is white in truth."""
    pixels = array()
    seen = np.where((pixels < 250).any(axis=2), 255, 0).astype(np.uint8)
    hidden = np.where(seen[:, :, None] > 0, pixels, 0).astype(np.uint8)
    return saved(Image.fromarray(np.dstack([hidden, seen])), form, **({"irreversible": False} if form != "PNG" else {}))


def white_ink() -> bytes:
    """All of it white, and what is written only less transparent than the rest."""
    ink = truth("L").point(lambda value: 255 - value)
    return saved(Image.merge("LA", [Image.new("L", ink.size, 255), ink]), "PNG")


def hidden_ink(mode: str) -> bytes:
    """White paper, and all that is written is of the one colour that is not shown."""
    page = truth("L").point(lambda value: 255 if value > 127 else 0).convert(mode, colors=2)
    dark = min(page.getcolors() or [], key=lambda counted: counted[0])[1]  # there is less ink than paper
    return saved(page, "PNG", transparency=dark)


def transparent_palette() -> bytes:
    image = truth().quantize(16)
    white = int(np.asarray(image)[0, 0])
    colours = image.getpalette() or []
    colours[3 * white : 3 * white + 3] = [0, 0, 0]
    image.putpalette(colours)
    return saved(image, "PNG", transparency=white)


def one_broken_bit() -> bytes:
    data = bytearray(saved(truth(), "PNG"))
    data[len(data) // 2] ^= 4
    return bytes(data)


OTHERS: dict[str, tuple[Build, str]] = {
    "gray.jpg": (lambda: saved(truth("L"), "JPEG"), ""),
    "rgb.jpg": (lambda: saved(truth(), "JPEG"), ""),
    "progressive.jpg": (lambda: saved(truth(), "JPEG", progressive=True), ""),
    "restarts.jpg": (lambda: saved(truth(), "JPEG", restart_marker_rows=2), ""),
    "rgb-stored.jpg": (lambda: without_jfif(saved(truth(), "JPEG", keep_rgb=True, subsampling=0)), ""),
    "cmyk-adobe-inverted.jpg": (lambda: saved(truth().convert("CMYK"), "JPEG"), ""),
    "cmyk-without-adobe.jpg": (
        lambda: without_jfif(saved(ImageChops.invert(truth().convert("CMYK")), "JPEG"), 0xEE),
        "",
    ),
    "junk-after.jpg": (lambda: saved(truth(), "JPEG") + b"\0" * 3000, ""),
    "without-end.jpg": (lambda: saved(truth(), "JPEG")[:-2], ""),
    "height-later.jpg": (lambda: height_later(saved(truth(), "JPEG")), ""),
    "height-later-gray.jpg": (lambda: height_later(saved(truth("L"), "JPEG")), ""),
    "truncated.jpg": (lambda: saved(truth(), "JPEG")[:-3000], "EX-05"),
    "lossless.jpg": (lambda: frame(saved(truth("L"), "JPEG"), 0xC3), "EX-05"),
    **{f"exif{n}.jpg": ((lambda n=n: exif(n, "JPEG")), "") for n in range(1, 9)},  # type: ignore[misc]
    "gray.png": (lambda: saved(truth("L"), "PNG"), ""),
    "bilevel.png": (lambda: saved(truth("1"), "PNG"), ""),
    "gray2.png": (lambda: png("L", 2, 0), ""),
    "gray4.png": (lambda: png("L", 4, 0), ""),
    "gray16.png": (lambda: png("L", 16, 0), ""),
    "rgb16.png": (lambda: png("RGB", 16, 2), ""),
    "interlaced.png": (lambda: png("RGB", 8, 2, interlaced=True), ""),
    "interlaced-gray4.png": (lambda: png("L", 4, 0, interlaced=True), ""),
    "alpha.png": (transparent, ""),
    "white-ink.png": (white_ink, "EX-30"),
    **{f"hidden-{mode}.png": ((lambda mode=mode: hidden_ink(mode)), "EX-30") for mode in ("1", "L", "P", "RGB")},  # type: ignore[misc]
    "palette.png": (lambda: saved(truth().quantize(16), "PNG"), ""),
    "palette-transparent.png": (transparent_palette, ""),
    "gray-key.png": (lambda: png("L", 8, 0, more=chunk(b"tRNS", b"\0\xff")), ""),
    "exif6.png": (lambda: exif(6, "PNG"), ""),
    "exif3.png": (lambda: exif(3, "PNG"), ""),
    "broken.png": (one_broken_bit, "EX-05"),
    "animated.png": (lambda: saved(truth("L"), "PNG", save_all=True, append_images=[truth("L").rotate(180)]), ""),
    "gray.jp2": (lambda: saved(truth("L"), "JPEG2000"), ""),
    "rgb.jp2": (lambda: saved(truth(), "JPEG2000"), ""),
    "lossy.jp2": (lambda: saved(truth(), "JPEG2000", irreversible=True, quality_layers=[30]), ""),
    "tiled.jp2": (lambda: saved(truth(), "JPEG2000", tile_size=(128, 128)), ""),
    "sixteen.jp2": (lambda: saved(_sixteen(), "JPEG2000"), ""),
    "alpha.jp2": (lambda: transparent("JPEG2000"), ""),
    "codestream.j2k": (lambda: saved(truth(), "JPEG2000", no_jp2=True), ""),
    "codestream-gray.j2k": (lambda: saved(truth("L"), "JPEG2000", no_jp2=True), ""),
    "truncated.jp2": (lambda: saved(truth(), "JPEG2000")[:-4000], "EX-05"),
    "jpeg-called.tif": (lambda: saved(truth(), "JPEG"), ""),
    "tiff-called.jpg": (colour, ""),
    "png-called.pdf": (lambda: saved(truth(), "PNG"), ""),
    "still.gif": (lambda: saved(truth().quantize(16), "GIF"), "EX-02"),
    "animated.gif": (lambda: saved(truth("L"), "GIF", save_all=True, append_images=[truth("1")]), "EX-02"),
    "bild.webp": (lambda: saved(truth(), "WEBP"), "EX-02"),
    "bild.bmp": (lambda: saved(truth(), "BMP"), "EX-02"),
    "bild.heic": (lambda: b"\0\0\0\x18ftypheix\0\0\0\0mif1heic" + b"\0" * 200, "EX-02"),
    "bild.avif": (lambda: saved(truth(), "AVIF"), "EX-02"),
    "gif-called.tif": (lambda: saved(truth().quantize(16), "GIF"), "EX-02"),
}


def _sixteen() -> Image.Image:
    return Image.fromarray(array("L").astype(np.uint16) * 257)


EVERY: dict[str, tuple[Build, str]] = TIFFS | OTHERS
