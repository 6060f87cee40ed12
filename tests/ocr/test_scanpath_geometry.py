"""Places survive the way from the stored image over the picture read to the PDF page and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr.geometry import Affine, leaning, pixels_to_unit, standing, turning
from ocr.source import turned

numbers = st.floats(-50, 50, allow_nan=False)


@given(numbers, numbers, numbers, numbers, numbers, numbers, st.floats(0, 3000), st.floats(0, 3000))
def test_inverse_leads_back(a: float, b: float, c: float, d: float, e: float, f: float, x: float, y: float) -> None:
    affine = Affine(a, b, c, d, e, f)
    if abs(affine.determinant) < 1e-2:
        return
    back = affine.inverse()(*affine(x, y))
    assert back == pytest.approx((x, y), rel=1e-4, abs=1e-2)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turning_says_where_pillow_puts_a_pixel(turn: int, mirrored: bool) -> None:
    image = Image.new("L", (7, 5), 0)
    image.putpixel((5, 1), 255)
    moved = turned(image, turn, mirrored=mirrored)
    x, y = turning(turn, mirrored, 7, 5)(5.5, 1.5)
    assert moved.getpixel((math.floor(x), math.floor(y))) == 255


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_standing_turns_the_stored_image_as_the_viewer_shows_it(rotate: int, mirrored: bool) -> None:
    matrix = Affine(-100, 0, 0, 50, 100, 0) if mirrored else Affine(100, 0, 0, 50)
    assert standing(matrix, rotate) == (rotate, mirrored)


def test_standing_knows_images_turned_by_their_matrix() -> None:
    quarter_left = Affine(0, 100, -50, 0, 50, 0)  # the x axis of the image points upwards on the page
    assert standing(quarter_left, 0) == (270, False)
    assert standing(quarter_left, 90) == (0, False)


@given(st.floats(-5, 5), st.integers(10, 4000), st.integers(10, 4000))
def test_a_levelled_picture_holds_all_corners(angle: float, width: int, height: int) -> None:
    lean, new_width, new_height = leaning(angle, width, height)
    for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
        new_x, new_y = lean(x, y)
        assert -1e-6 <= new_x <= new_width + 1e-6
        assert -1e-6 <= new_y <= new_height + 1e-6


def test_first_pixel_row_lies_on_top_of_the_unit_square() -> None:
    assert pixels_to_unit(200, 100)(0, 0) == pytest.approx((0, 1))
    assert pixels_to_unit(200, 100)(200, 100) == pytest.approx((1, 0))
