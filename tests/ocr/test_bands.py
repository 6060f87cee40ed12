"""A large colour TIFF is coded strip by strip: the same pixels as a whole decode, gray as Pillow makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.bands import stored_in_bands
from ocr.imagestrips import decode_in_parts
from ocr.pageimage import load, open_page
from tests.ocr.oddtiffs import ycbcr


def colourful(size: tuple[int, int] = (301, 217)) -> Image.Image:
    random = np.random.default_rng(3)
    return Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_the_pixels_are_those_of_the_file(tmp_path: Path, compression: str) -> None:
    image = colourful()
    path = tmp_path / "scan.tif"
    image.save(path, compression=compression, tiffinfo={278: 20}, dpi=(300, 300))
    made = stored_in_bands(open_page(path, 1, 10**9), from_pixels=1)
    assert made is not None
    with pikepdf.new() as pdf:
        copy = pdf.copy_foreign(made.stored)
        assert pikepdf.PdfImage(copy).as_pil_image().tobytes() == image.tobytes()
    assert made.gray.tobytes() == image.convert("L").tobytes()


@pytest.mark.parametrize("kind", [{}, {"across": 2, "down": 2}, {"video": True}], ids=str)
def test_strips_of_ycbcr_have_the_colours_of_the_whole(tmp_path: Path, kind: dict[str, Any]) -> None:
    path = tmp_path / "scan.tif"
    path.write_bytes(ycbcr(**kind, rows=100))
    whole = open_page(path, 1, 10**9)
    load(whole)
    made = stored_in_bands(open_page(path, 1, 10**9), from_pixels=1)
    assert made is not None
    with pikepdf.new() as pdf:
        copy = pdf.copy_foreign(made.stored)
        assert pikepdf.PdfImage(copy).as_pil_image().tobytes() == whole.image.tobytes()
    parts: list[Image.Image] = []
    assert decode_in_parts(open_page(path, 1, 10**9).image, path, parts.append)
    assert sum(part.height for part in parts) == whole.height


def test_small_gray_and_single_strip_images_go_the_usual_way(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    colourful().save(path, tiffinfo={278: 20})
    assert stored_in_bands(open_page(path, 1, 10**9)) is None
    colourful().convert("L").save(path, tiffinfo={278: 20})
    assert stored_in_bands(open_page(path, 1, 10**9), from_pixels=1) is None


def test_a_truncated_strip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    colourful().save(path, compression="raw", tiffinfo={278: 20})
    opened = open_page(path, 1, 10**9)
    offsets = opened.image.tag_v2[273]  # type: ignore[attr-defined]
    if offsets[0] < 1000:
        path.write_bytes(path.read_bytes()[: offsets[-1] + 10])
    with pytest.raises(OSError, match="truncated"):
        stored_in_bands(opened, from_pixels=1)
