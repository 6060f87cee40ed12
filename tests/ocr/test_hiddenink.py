"""Ink that transparency hides is found on pages too large to lie in memory, where they are read in parts."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr import examine_image, pngbands
from ocr.imagestrips import decode_in_parts
from ocr.options import OcrOptions
from ocr.pngbands import Bands

SIZE = (310, 420)


def page(mode: str, *, ink: int, ground_alpha: int = 0) -> Image.Image:
    """White ground, transparent or not, and letters of this ink that are not transparent."""
    gray, alpha = Image.new("L", SIZE, 255), Image.new("L", SIZE, ground_alpha)
    for image, fill in ((gray, ink), (alpha, 255)):
        draw = ImageDraw.Draw(image)
        for top in range(40, 400, 40):
            draw.line((30, top, 280, top), fill=fill, width=2)
    return Image.merge("LA", (gray, alpha)) if mode == "LA" else Image.merge("RGBA", (gray, gray, gray, alpha))


def codes(path: Path, tmp_path: Path) -> set[str]:
    options = OcrOptions()
    payload: dict[str, Any] = {
        "path": str(path),
        "mime": "",
        "max_pixels": options.max_pixels,
        "max_pages": options.max_pages,
        "max_page_mm": options.max_page_mm,
        "scratch": str(tmp_path),
    }
    return {finding["code"] for finding in examine_image.examine_image(payload)["findings"]} - {"EX-19"}


WAYS = {
    "stripes.tif": {"compression": "tiff_lzw", "tiffinfo": {278: 16}},
    "scan.png": {},
}


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("whole", [True, False])
def test_white_ink_on_transparent_ground_is_found_in_parts_as_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mode: str, *, whole: bool
) -> None:
    """A plan of an A0 sheet came out blank: above 50 megapixels nobody looked."""
    if not whole:
        monkeypatch.setattr(examine_image, "_WHOLE_BYTES", 1)
        monkeypatch.setattr(pngbands, "_BAND_BYTES", 9000)
    path = tmp_path / name
    for ink, ground, found in ((255, 0, {"EX-30"}), (0, 0, set()), (0, 255, set()), (255, 255, set())):
        page(mode, ink=ink, ground_alpha=ground).save(path, **WAYS[name])
        assert codes(path, tmp_path) == found, (ink, ground)


def test_ink_of_the_colour_that_is_not_shown_is_found_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine_image, "_WHOLE_BYTES", 1)
    path = tmp_path / "scan.png"
    image = page("RGBA", ink=20, ground_alpha=255).convert("RGB")
    image.save(path)
    assert codes(path, tmp_path) == set()
    image.save(path, transparency=(20, 20, 20))
    assert codes(path, tmp_path) == {"EX-30"}


def test_what_fills_up_the_last_tile_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tiles.tif"
    size = (SIZE[0] + 512 - SIZE[0], SIZE[1])
    path.write_bytes(_tiled(Image.new("RGBA", SIZE, "white"), size[0]))
    seen: list[Image.Image] = []
    with Image.open(path) as image:
        assert image.size == SIZE
        assert decode_in_parts(image, path, seen.append)
    assert {part.getchannel("A").getextrema() for part in seen} == {(255, 255)}
    assert sum(part.width * part.height for part in seen) == SIZE[0] * SIZE[1]


def _tiled(image: Image.Image, edge: int) -> bytes:
    """A TIFF of two rows of tiles, filled up with nothing."""
    half = edge // 2
    tiles = []
    for top in range(0, image.height, half):
        for left in range(0, image.width, half):
            tile = Image.new("RGBA", (half, half), (0, 0, 0, 0))
            tile.paste(image.crop((left, top, min(left + half, image.width), min(top + half, image.height))), (0, 0))
            tiles.append(tile.tobytes())
    counts = [len(tile) for tile in tiles]
    values: dict[int, tuple[int, ...]] = {
        256: (image.width,), 257: (image.height,), 258: (8, 8, 8, 8), 259: (1,), 262: (2,), 277: (4,),
        322: (half,), 323: (half,), 325: tuple(counts), 338: (2,),
    }  # fmt: skip
    data_at = 2000
    values[324] = tuple(data_at + sum(counts[:place]) for place in range(len(tiles)))
    out, extra, extra_at = b"", b"", 8 + 2 + 12 * len(values) + 4
    for tag, numbers in sorted(values.items()):
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(packed) > 4:
            place, extra = extra_at + len(extra), extra + packed
            packed = struct.pack("<I", place)
        out += struct.pack("<HHI", tag, 4, len(numbers)) + packed
    head = b"II*\0" + struct.pack("<IH", 8, len(values)) + out + bytes(4) + extra
    return head.ljust(data_at, b"\0") + b"".join(tiles)


@pytest.mark.parametrize(
    ("bits", "colour", "channels"), [(8, 2, 3), (8, 4, 2), (8, 6, 4), (16, 2, 3), (16, 4, 2), (16, 6, 4)]
)
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_bands_are_what_the_whole_is_with_every_filter(
    monkeypatch: pytest.MonkeyPatch, bits: int, colour: int, channels: int, rows: int
) -> None:
    width, height, size = 23, 40, channels * bits // 8
    monkeypatch.setattr(pngbands, "_BAND_BYTES", rows * (1 + width * size))
    noise = np.random.default_rng(colour * bits)
    filtered = noise.integers(0, 256, (height, 1 + width * size), dtype=np.uint8)
    filtered[:, 0] = np.arange(height) % 5
    data = filtered.tobytes()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    file = b"\x89PNG\r\n\x1a\n" + b"".join(pngbands._chunk(*chunk) for chunk in chunks)
    seen: list[np.ndarray[Any, Any]] = []
    bands = Bands(width, bits, colour, lambda part: seen.append(np.asarray(part)))
    for start in range(0, len(data), 777):
        bands.take(data[start : start + 777])
    bands.end()
    with Image.open(io.BytesIO(file)) as image:
        whole = image.convert({2: "RGB", 4: "LA", 6: "RGBA"}[colour])  # Pillow opens gray of 16 bits as RGBA
        assert (np.vstack(seen) == np.asarray(whole)).all()
