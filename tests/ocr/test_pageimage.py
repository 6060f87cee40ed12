"""Claims about pictures as bytes: bilevel rows are packed as Pillow packs them, whatever the width and height."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.options import OcrOptions
from ocr.pageimage import packed, raster_of, to_gray
from ocr.source import from_image, size_mm
from tests.ocr.examined import examine
from tests.ocr.oddimages import chunk
from tests.ocr.papers import scan_of


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(1, 40), st.randoms(use_true_random=False))
def test_bilevel_rows_are_packed_as_pillow_packs_them(width: int, height: int, chance) -> None:
    image = Image.new("1", (width, height))
    image.putdata([255 * chance.randint(0, 1) for _ in range(width * height)])
    assert packed(image) == image.tobytes()


def test_a_picture_higher_than_one_run_of_rows_is_packed_whole() -> None:
    image = Image.effect_noise((13, 3000), 80).point(lambda value: 255 * (value > 128), "1")
    assert packed(image) == image.tobytes()


def test_a_raster_of_a_bilevel_picture_has_one_bit_per_pixel() -> None:
    image = Image.new("1", (9, 2), 255)
    image.putpixel((8, 1), 0)
    raster = raster_of(image, 300.0)
    assert (raster.bits, raster.row_bytes, raster.data) == (1, 2, b"\xff\x80\xff\x00")


@pytest.mark.parametrize("white", [1.0, 255.0])
def test_numbers_with_a_point_keep_their_brightness(white: float) -> None:
    """They were stretched from the darkest to the lightest: pale writing came out black, and gray paper white."""
    image = Image.new("F", (3, 1), 0.9 * white)
    image.putpixel((1, 0), 0.5 * white)
    image.putpixel((2, 0), 0.4 * white)
    assert [to_gray(image).getpixel((place, 0)) for place in range(3)] == [230, 128, 102]


def test_numbers_that_cannot_be_gray_levels_are_stretched() -> None:
    image = Image.new("F", (2, 1), -7.0)
    image.putpixel((1, 0), 1000.0)
    assert [to_gray(image).getpixel((place, 0)) for place in range(2)] == [0, 255]


def fax_told_by_shape(path: Path) -> Path:
    """A page of 100 × 75 pixels, each twice as high as wide; how long an inch is nobody says."""
    image = Image.new("L", (100, 75), 255)
    match path.name:
        case "fax.tif":
            image.save(path, tiffinfo={282: 204.0, 283: 102.0, 296: 1})
        case "lying.tif":
            image.transpose(Image.Transpose.ROTATE_90).save(path, tiffinfo={274: 6, 282: 102.0, 283: 204.0, 296: 1})
        case "fax.png":
            image.save(path)
            data = path.read_bytes()
            path.write_bytes(data[:33] + chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0)) + data[33:])  # behind IHDR
        case _:
            image.save(path)
            data = path.read_bytes()
            place = data.index(b"JFIF\0") + 7
            path.write_bytes(data[:place] + struct.pack(">BHH", 0, 2, 1) + data[place + 5 :])
    return path


@pytest.mark.parametrize("name", ["fax.tif", "lying.tif", "fax.png", "fax.jpg"])
def test_a_page_that_tells_only_the_shape_of_its_pixels_is_not_pressed_flat(tmp_path: Path, name: str) -> None:
    path = fax_told_by_shape(tmp_path / name)
    made = from_image(path, 1, dpi=None, profile_dpi=300, max_pixels=10**6, max_mm=1000.0, read=False)
    assert (made.width, made.height) == pytest.approx((24, 36))
    assert made.dpi == pytest.approx((300, 150))


def test_a_shape_that_no_pixel_has_is_not_believed(tmp_path: Path) -> None:
    Image.new("L", (100, 75), 255).save(tmp_path / "a.tif", tiffinfo={282: 300.0, 283: 1.0, 296: 1})
    made = from_image(tmp_path / "a.tif", 1, dpi=None, profile_dpi=300, max_pixels=10**6, max_mm=1000.0, read=False)
    assert made.dpi == pytest.approx((300, 300))


def test_a_long_strip_of_paper_of_100_dpi_keeps_its_size(tmp_path: Path) -> None:
    """What the examination believes must not be put right here: the comparison would call the page too small."""
    path = tmp_path / "bon.tif"
    Image.new("1", (300, 7000), 1).save(path, dpi=(100, 100), compression="group4")
    (found,) = examine(scan_of(path), OcrOptions(), tmp_path).pages
    assert found.dpi == 100
    made = from_image(path, 1, dpi=found.dpi, profile_dpi=300, max_pixels=10**8, max_mm=3000.0, read=False)
    assert size_mm(made) == pytest.approx((found.width_mm, found.height_mm), abs=0.1)
