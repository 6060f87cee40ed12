"""Lays the words read on a picture invisibly over the page image, each word as wide as it was printed.

The line's baseline gives place and direction, each word is stretched (Tz) to its box, the pen moved over the gap (TJ),
so that selecting and searching hit what one sees on turned and skewed pages too (ISO 32000-1 §9.3, rendering mode 3).
Of a leaning line each word stands straight in the middle of its place: readers built on poppler cut a word in pieces
where its letters rise by half a point, and then nobody finds it. Only words that would leave their place lean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ocr.engine import Box, Line, Reading, Word
from ocr.geometry import Affine, turning
from ocr.glyphless import ADVANCE, ASCENT, DESCENT
from ocr.ownwords import OwnLine

_LEAST_EXTENT = 0.1  # points; below it a word has no place
_LEAST_GAP = 0.15  # em; between two words of a line
_RISE = 0.4  # points between the first and the last letter of a word, from which it may be cut in pieces
_OUT_OF_PLACE = 0.8  # of the size of the letters: so far may the ends of a word that stands straight lie off its line


def text_operators(reading: Reading, picture_to_page: Affine, font: str) -> bytes:
    """The content stream part (BT … ET) for all lines; `picture_to_page` maps the picture read to PDF points."""
    parts: list[str] = []
    for line in reading.lines:
        parts.extend(_line(line, picture_to_page))
    return _in_text_object(parts, font)


def own_operators(lines: Sequence[OwnLine], size: tuple[int, int], to_page: Affine, font: str) -> bytes:
    """The same for words that a page had itself, in pixels of a picture of this size; each line runs as it ran."""
    parts: list[str] = []
    for own in lines:
        upright = turning(round(own.angle / 90) % 4 * 90, False, *size)  # noqa: FBT003 - not mirrored
        words = tuple(Word(word.text, 100.0, _boxed(word.box, upright)) for word in own.words)
        left, top, right, bottom = zip(*(word.box for word in words), strict=True)
        box = (min(left), min(top), max(right), max(bottom))
        foot = box[3] + (box[3] - box[1]) * DESCENT / (ASCENT - DESCENT)
        parts.extend(_line(Line(words, box, (box[0], foot, box[2], foot)), upright.inverse().then(to_page)))
    return _in_text_object(parts, font)


def _boxed(box: Box, place: Affine) -> Box:
    (x0, y0), (x1, y1) = place(*box[:2]), place(*box[2:])
    return (round(min(x0, x1)), round(min(y0, y1)), round(max(x0, x1)), round(max(y0, y1)))


def _in_text_object(parts: list[str], font: str) -> bytes:
    return "\n".join(["BT", "3 Tr", *_with_font(parts, font), "ET"]).encode("ascii") if parts else b""


def _with_font(parts: list[str], font: str) -> list[str]:
    return [part.replace("/F ", f"{font} ") for part in parts]


def _line(line: Line, to_page: Affine) -> list[str]:
    x0, y0, x1, y1 = line.baseline
    if x1 <= x0:
        x0, y0, x1, y1 = line.box[0], line.box[3], line.box[2], line.box[3]
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    slope = max(-0.3, min(0.3, slope))
    # Tesseract's line box spans from the tallest letter to the deepest; the font has ASCENT above its baseline.
    height = max(line.box[3] - line.box[1] - abs(slope) * (line.box[2] - line.box[0]), 1.0)
    size_px = height * 1000 / (ASCENT - DESCENT)

    def on_baseline(x: float) -> tuple[float, float]:
        return to_page(x, y0 + slope * (x - x0))

    first = line.words[0].box[0]
    start, end = on_baseline(first), on_baseline(first + 1)
    one = (end[0] - start[0], end[1] - start[1])  # one pixel along the line, in points
    pixel = math.hypot(*one)
    if pixel <= 0 or not math.isfinite(pixel):
        return []
    up = to_page(first, y0 + slope * (first - x0) - 1)
    rise = math.hypot(up[0] - start[0], up[1] - start[1])
    size = size_px * rise
    cos, sin = one[0] / pixel, one[1] / pixel
    if size < _LEAST_EXTENT:
        return []
    if not (words := [word for word in line.words if _codes(word.text)]):
        return []
    lean = min(abs(cos), abs(sin))  # against the nearer edge of the page
    longest = max(word.box[2] - word.box[0] for word in words) * pixel
    out = [f"/F {_number(size)} Tf"]
    if longest * lean < _RISE:
        return [*out, _placed(cos, sin, *start), *_in_a_row(words, pixel, size)]
    straight = (math.copysign(1, cos), 0.0) if abs(cos) > abs(sin) else (0.0, math.copysign(1, sin))
    for word, step in _steps(words):
        width = (word.box[2] - word.box[0]) * pixel
        x, y = on_baseline((word.box[0] + word.box[2]) / 2)
        along = straight if width * lean < _OUT_OF_PLACE * size else (cos, sin)
        out.append(_placed(*along, x - along[0] * width / 2, y - along[1] * width / 2))
        out.append(_shown(_codes(word.text), width, step and step * pixel, size))
    return out


def _placed(cos: float, sin: float, x: float, y: float) -> str:
    """Sets the pen to a place, to write in a direction."""
    return " ".join(_number(value) for value in (cos, sin, -sin, cos, x, y)) + " Tm"


def _in_a_row(words: Sequence[Word], pixel: float, size: float) -> list[str]:
    """Words one after the other, each step as long as the one between their boxes."""
    return [
        _shown(_codes(word.text), (word.box[2] - word.box[0]) * pixel, step and step * pixel, size)
        for word, step in _steps(words)
    ]


def _steps(words: Sequence[Word]) -> Iterator[tuple[Word, float | None]]:
    """Every word with the pixels from its beginning to that of the next; None for the last."""
    for word, after in pairwise([*words, None]):
        if word is not None:
            yield word, None if after is None else after.box[0] - word.box[0]


def _shown(codes: str, width: float, step: float | None, size: float) -> str:
    """The word as wide as told, in points; with a step a blank, and the pen goes to where the next word begins.

    Word and blank are shown by one operator: pdfium takes a short word or a blank alone for a line of its own where the
    page is turned by a quarter.
    """
    if step is not None and step > 2 * _LEAST_GAP * size:  # readers that go by places join words that touch
        width = min(width, step - _LEAST_GAP * size)
    natural = len(codes) / 4 * ADVANCE / 1000 * size
    percent = max(0.5, min(20_000.0, 100 * max(width, 0.01) / natural))
    if step is None:
        return f"{_number(percent)} Tz <{codes}> Tj"
    # TJ counts thousandths of an em backwards, and Tz stretches them
    back = (len(codes) / 4 + 1) * ADVANCE - 1000 * step / (size * percent / 100)
    return f"{_number(percent)} Tz [<{codes}0020> {_number(back)}] TJ"


def _codes(text: str) -> str:
    """UTF-16 codes in hex; U+FFFD stands for what lies outside the basic plane, control characters go."""
    out = []
    for letter in text:
        code = ord(letter)
        if code > 0xFFFF:
            code = 0xFFFD
        if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in (0xFEFF, 0xFFFE, 0xFFFF):
            continue
        out.append(f"{code:04X}")
    return "".join(out)


def _number(value: float) -> str:
    """A PDF number without exponent (ISO 32000-1 §7.3.3), stable to four digits."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
