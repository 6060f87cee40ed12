"""Claims about pictures as bytes: bilevel rows are packed as Pillow packs them, whatever the width and height."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.pageimage import packed, raster_of, to_gray


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
