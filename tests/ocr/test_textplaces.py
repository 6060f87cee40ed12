"""Where the invisible words of a line are laid: in the direction of the line, and whole."""

from __future__ import annotations

import math
import re

import pytest

from ocr.engine import Line, Reading, Word
from ocr.geometry import Affine, turning
from ocr.textlayer import text_operators

PLACE = re.compile(rb"(\S+) (\S+) \S+ \S+ (\S+) (\S+) Tm\n")
SIZE = (1654, 2339)  # A4 at 200 dpi
POINT = 72 / 200


def to_points(turn: int) -> Affine:
    """From pixels to points of a page that shows the picture turned."""
    return turning(turn, mirrored=False, width=SIZE[0], height=SIZE[1]).then(Affine(POINT, 0, 0, -POINT, 0, 842))


def line(slope: float, *widths: int) -> Line:
    """A line that begins in the left upper part of the page, and sinks by `slope`; a word of each width."""
    words, x, height = [], 200, 40
    for number, width in enumerate(widths):
        drop = round(slope * (x - 200))
        words.append(Word(f"Wort{number}", 90.0, (x, 500 + drop, x + width, 500 + height + drop)))
        x += width + 15
    bottom = 540 + round(slope * (x - 200))
    box = (200, min(500, bottom - height), x, max(540, bottom))
    return Line(tuple(words), box, (200, 540, x, 540 + slope * (x - 200)))


def laid(read: Line, turn: int = 0) -> list[tuple[float, float, float, float]]:
    """Direction and start of everything that is placed, on a page that shows the picture turned."""
    content = text_operators(Reading((read,)), to_points(turn), "/T")
    return [tuple(map(float, place)) for place in PLACE.findall(content)]  # type: ignore[misc]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("slope", [0.02, -0.05, 0.09])
def test_on_a_skewed_sheet_every_word_stays_whole_and_in_its_place(slope: float, turn: int) -> None:
    """Poppler cuts a word whose letters rise by half a point: „Genehmi“ and „gung“ were found, the word was not."""
    read = line(slope, 120, 300, 60)
    placed = laid(read, turn)
    to_page = to_points(turn)
    assert len(placed) == 3
    for word, (cos, sin, x, y) in zip(read.words, placed, strict=True):
        assert sorted((abs(cos), abs(sin))) == [0, 1]
        middle = (word.box[0] + word.box[2]) / 2
        half = (word.box[2] - word.box[0]) / 2 * POINT * math.hypot(1, slope)
        found = (x + cos * half, y + sin * half)
        assert found == pytest.approx(to_page(middle, 540 + slope * (middle - 200)), abs=0.5)


def test_a_level_line_is_placed_once() -> None:
    assert len(laid(line(0.0, 120, 300, 60))) == 1
    assert len(laid(line(0.003, 120, 200, 60))) == 1


def test_a_word_that_would_leave_its_line_leans_with_it() -> None:
    (_, short, *_), (_, long, *_) = laid(line(0.25, 60, 900))
    assert short == 0
    assert long == pytest.approx(-math.sin(math.atan(0.25)), abs=0.001)
