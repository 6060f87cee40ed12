"""The words that a PDF page has itself, line by line, with the place of each, so that nobody has to read them.

pdfium finds words and lines; the text that is told of the page is made of the same words. For the sandbox, where the
words come from a textpage of pypdfium2, and for outside of it, where they come back as plain values, page by page.
"""

from __future__ import annotations

import ctypes
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akten.model import clean_text
from ocr.engine import Box
from ocr.geometry import Affine, turning

Rect = tuple[float, float, float, float]  # left, bottom, right, top in units of the page

OWN_DPI = 300  # of the pixels that words of a page without a picture are placed in: that of a usual scan
MOST_CHARS = 200_000  # on one page; one with more is told as text without places
MOST_WORDS = 10_000_000  # in one file; pages behind them are told as text without places
_MOST_LINE = 64 << 20  # bytes of one page in the file of words
_MOST_UNITS = 1e6  # of a page's edge; what is longer is no page
_HYPHEN = "\x02"  # what pdfium tells of a hyphen at the end of a line, and it tells no end of the line then
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class OwnWord:
    """One word and its box in pixels."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class OwnLine:
    """Words of one line; `angle` is how far they are turned on the page, in degrees counter-clockwise."""

    words: tuple[OwnWord, ...]
    angle: int = 0

    @property
    def box(self) -> Box:
        """What holds all words."""
        left, top, right, bottom = zip(*(word.box for word in self.words), strict=True)
        return (min(left), min(top), max(right), max(bottom))


@dataclass(frozen=True, slots=True)
class OwnPage:
    """The own words of a page, in pixels at `OWN_DPI` of the page as it is before /Rotate, which `turned` tells."""

    size: tuple[int, int]
    turned: int
    lines: tuple[OwnLine, ...]

    @property
    def count(self) -> int:
        """Number of words."""
        return sum(len(line.words) for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the pipe."""
        lines = [[line.angle, [[word.text, *word.box] for word in line.words]] for line in self.lines]
        return {"size": self.size, "turned": self.turned, "lines": lines}

    @staticmethod
    def from_json(values: Any) -> OwnPage:
        """Back from plain values. Raises ValueError when they are not whole: the child may have been taken over."""
        try:
            width, height = (int(edge) for edge in values["size"])
            lines = tuple(
                OwnLine(tuple(_word(*word) for word in words), int(angle) % 360)
                for angle, words in values["lines"]
                if words
            )
            return OwnPage((width, height), int(values["turned"]) % 360, lines)
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"not the words of a page ({type(error).__name__})") from error


def _word(text: str, left: int, top: int, right: int, bottom: int) -> OwnWord:
    return OwnWord(str(text), (int(left), int(top), int(right), int(bottom)))


@dataclass(frozen=True, slots=True)
class FoundLine:
    """Words of one line as pdfium found them, in units of the page."""

    words: tuple[tuple[str, Rect], ...]
    angle: int


def own_page(
    page: Any, unit: float, *, as_seen: bool, typed: Sequence[tuple[str, Rect]] = ()
) -> tuple[str, OwnPage | None]:
    """The text of a page of pypdfium2 and its words; no words where there are more letters than anybody writes.

    `unit` is its /UserUnit, which pdfium does not tell. `as_seen` places the words on the page after /Rotate. `typed`
    are the words of notes that show them, which are no text of the page, with the place of each note.
    """
    left, bottom, right, top = shown = page.get_bbox()
    textpage = page.get_textpage()
    try:
        text, found = found_lines(textpage, shown)
    finally:
        textpage.close()
    more = tuple(_typed_lines(typed, shown))
    text = "\n".join(part for part in (text, *(" ".join(word for word, _ in line.words) for line in more)) if part)
    found = None if found is None else (*found, *more)
    if found is None or not (0 < right - left < _MOST_UNITS and 0 < top - bottom < _MOST_UNITS):
        return text, None
    scale = OWN_DPI / 72 * unit
    size = (max(1, round((right - left) * scale)), max(1, round((top - bottom) * scale)))
    to_pixels = Affine(scale, 0, 0, -scale, -left * scale, top * scale)
    turned = page.get_rotation()
    if not as_seen:
        return text, OwnPage(size, turned, placed(found, to_pixels, size))
    to_seen = to_pixels.then(turning(turned, False, *size))  # noqa: FBT003 - not mirrored
    seen = size if turned % 180 == 0 else (size[1], size[0])
    return text, OwnPage(seen, 0, placed(found, to_seen, seen, -turned))


def _typed_lines(typed: Sequence[tuple[str, Rect]], shown: Rect) -> Iterator[FoundLine]:
    """The lines of notes as far as they can be seen; each word has the place of its note."""
    for said, (left, bottom, right, top) in typed:
        seen = (max(left, shown[0]), max(bottom, shown[1]), min(right, shown[2]), min(top, shown[3]))
        if seen[0] >= seen[2] or seen[1] >= seen[3]:
            continue
        for line in said.replace("\r", "\n").split("\n"):
            if words := clean_text(line).split():
                yield FoundLine(tuple((word, seen) for word in words), 0)


def placed(
    found: tuple[FoundLine, ...], to_pixels: Affine, size: tuple[int, int], turn: int = 0
) -> tuple[OwnLine, ...]:
    """The lines with whole pixels as places, on a picture of this size that is turned counter-clockwise by `turn`."""

    def words(line: FoundLine) -> tuple[OwnWord, ...]:
        return tuple(OwnWord(text, _box(rect, to_pixels, size)) for text, rect in line.words)

    return tuple(OwnLine(words(line), (line.angle + turn) % 360) for line in found)


def _box(rect: Rect, to_pixels: Affine, size: tuple[int, int]) -> Box:
    (x0, y0), (x1, y1) = to_pixels(rect[0], rect[1]), to_pixels(rect[2], rect[3])
    return (
        max(0, min(size[0] - 1, math.floor(min(x0, x1)))),
        max(0, min(size[1] - 1, math.floor(min(y0, y1)))),
        min(size[0], math.ceil(max(x0, x1))),
        min(size[1], math.ceil(max(y0, y1))),
    )


def found_lines(textpage: Any, shown: Rect) -> tuple[str, tuple[FoundLine, ...] | None]:
    """The text of what can be seen within `shown`, and its words; no words where there are more than `MOST_CHARS`.

    A word that is folded at the end of a line is one word of the text, and two where it stands, with its hyphen.
    """
    if textpage.count_chars() > MOST_CHARS:
        return textpage.get_text_bounded(), None
    letters = _letters(textpage)
    rects = _Rects(textpage, shown)
    text: list[str] = []
    lines: list[FoundLine] = []
    line: list[tuple[str, Rect]] = []
    angle, end, gap = 0, 0, ""
    for token in _WORD.finditer(letters):
        start, between = token.start(), letters[end : token.start()]
        end = token.end()
        gap = "\n" if gap == "\n" or "\n" in between or "\r" in between else " "
        *folded, last = token.group().split(_HYPHEN)
        for part, hyphen in (*((part, "-") for part in folded), (last, "")):
            if gap == "\n" and line:
                lines.append(FoundLine(tuple(line), angle))
                line = []
            word = clean_text(_paired(part))
            rect = rects.of(start, len(part) + len(hyphen)) if word or hyphen else None
            if rect is not None:
                angle = angle if line else rects.angle(start)
                line.append((word + hyphen, rect))
                text += (gap if text else "", word or hyphen)
                gap = ""
            if hyphen and line:
                lines.append(FoundLine(tuple(line), angle))
                line = []
            start += len(part) + 1
    if line:
        lines.append(FoundLine(tuple(line), angle))
    return "".join(text), tuple(lines)


def _paired(letters: str) -> str:
    """The letters where two halves of one outside of Unicode's first plane are one: pdfium counts the halves."""
    return letters if letters.isascii() else letters.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _letters(textpage: Any) -> str:
    """All letters of the page in pdfium's order, one for each of its letters, so that places can be asked by number.

    Asked one by one, because pdfium's answer for many at once leaves letters out and puts others in.
    """
    import pypdfium2.raw as pdfium

    raw, letter = textpage.raw, pdfium.FPDFText_GetUnicode
    codes = [letter(raw, place) for place in range(textpage.count_chars())]
    letters = "".join([chr(code) if code < 0x110000 else "\ufffd" for code in codes])
    if _HYPHEN not in letters:
        return letters
    return "".join(
        "\0" if found == _HYPHEN and pdfium.FPDFText_IsHyphen(raw, place) != 1 else found
        for place, found in enumerate(letters)
    )


class _Rects:
    """Asks pdfium for places, in calls as few and as cheap as it has; a page has thousands of words."""

    def __init__(self, textpage: Any, shown: Rect) -> None:
        import pypdfium2.raw as pdfium

        self._raw, self._shown = textpage.raw, shown
        self._count, self._get = pdfium.FPDFText_CountRects, pdfium.FPDFText_GetRect
        self._matrix_of, self._matrix = pdfium.FPDFText_GetMatrix, pdfium.FS_MATRIX()
        self._edges = tuple(ctypes.c_double() for _ in range(4))

    def of(self, start: int, count: int) -> Rect | None:
        """What holds the letters, as far as it can be seen; nothing for letters that are not on the page."""
        a, b, c, d = self._edges
        rects = self._count(self._raw, start, count)
        if rects < 1:
            return None
        self._get(self._raw, 0, a, b, c, d)
        left, top, right, bottom = a.value, b.value, c.value, d.value
        for number in range(1, rects):  # a word may be written in pieces
            self._get(self._raw, number, a, b, c, d)
            left, bottom = min(left, a.value), min(bottom, d.value)
            right, top = max(right, c.value), max(top, b.value)
        left, bottom = max(left, self._shown[0]), max(bottom, self._shown[1])
        right, top = min(right, self._shown[2]), min(top, self._shown[3])
        return (left, bottom, right, top) if left < right and bottom < top else None

    def angle(self, place: int) -> int:
        """Degrees counter-clockwise by which the line of a letter runs; slanted letters run straight ahead."""
        if not self._matrix_of(self._raw, place, self._matrix):
            return 0
        return round(math.degrees(math.atan2(self._matrix.b, self._matrix.a))) % 360


def own_pages(path: Path | None) -> Iterator[OwnPage | None]:
    """The pages of a file of words in their order, None for one without places; ends where the file is not ours."""
    if path is None or not path.is_file() or path.is_symlink():
        return
    with path.open("rb") as stream:
        while line := stream.readline(_MOST_LINE):
            try:
                values = json.loads(line)
                page = None if values is None else OwnPage.from_json(values)
            except (ValueError, RecursionError):
                return
            yield page


class WordsFile:
    """Writes the words of page after page to a file, as many as may be in all. For the sandbox."""

    def __init__(self, path: str) -> None:
        self._stream = Path(path).open("w", encoding="ascii")  # noqa: SIM115 - closed by `close`
        self._left = MOST_WORDS

    def add(self, page: OwnPage | None) -> None:
        """The next page."""
        self._left -= page.count if page is not None else 0
        told = page.as_json() if page is not None and self._left >= 0 else None
        self._stream.write(json.dumps(told) + "\n")

    def close(self) -> None:
        """Ends the file."""
        self._stream.close()
