"""The port `OcrEngine`: what a text recogniser gets and gives, in pixels of the picture it was shown.

The contract in words: a reading lists lines in reading order, words from left to right; boxes lie inside the picture;
confidences are 0..100; an empty picture gives a reading without lines and is no error; the same picture gives the same
reading; nothing is kept from one call to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

GOOD_WORD = 80.0  # confidence from which a word counts as read


class Layout(StrEnum):
    """How the page is cut into lines: tesseract's page segmentation modes 3, 4 and 6."""

    AUTO = "auto"
    COLUMN = "column"
    BLOCK = "block"


class Threshold(StrEnum):
    """How gray becomes black and white: Otsu over the page, or Sauvola around each pixel (faded, stained paper)."""

    OTSU = "otsu"
    SAUVOLA = "sauvola"


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture to be read: rows from the top, 8 bits (0 black) or 1 bit per pixel (packed, 1 white), and its dpi."""

    width: int
    height: int
    data: bytes
    dpi: float
    bits: int = 8

    def __post_init__(self) -> None:
        wanted = self.width * self.height if self.bits == 8 else (self.width + 7) // 8 * self.height
        if self.bits not in (1, 8) or len(self.data) != wanted or self.width < 1:
            raise ValueError("Raster: data and size do not match")

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.width if self.bits == 8 else (self.width + 7) // 8


Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its confidence and its box."""

    text: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """One line of words; `baseline` is x0, y0, x1, y1 of the line the letters stand on; `block` counts text blocks."""

    words: tuple[Word, ...]
    box: Box
    baseline: tuple[float, float, float, float]
    block: int = 0

    @property
    def text(self) -> str:
        """The words with one blank between."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read on one picture."""

    lines: tuple[Line, ...] = ()

    @property
    def words(self) -> Iterator[Word]:
        """All words in reading order."""
        return (word for line in self.lines for word in line.words)

    @property
    def count(self) -> int:
        """Number of words."""
        return sum(len(line.words) for line in self.lines)

    @property
    def confidence(self) -> float | None:
        """Mean word confidence 0..100; None without words."""
        count = self.count
        return sum(word.confidence for word in self.words) / count if count else None

    @property
    def good(self) -> int:
        """Number of words read with a confidence of at least 80 that hold a letter or digit."""
        return sum(word.confidence >= GOOD_WORD and any(c.isalnum() for c in word.text) for word in self.words)

    @property
    def text(self) -> str:
        """Lines below each other, blocks parted by an empty line."""
        parts: list[str] = []
        block = None
        for line in self.lines:
            if block is not None and line.block != block:
                parts.append("")
            block = line.block
            parts.append(line.text)
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Upright:
    """How the picture must be turned (degrees clockwise: 0, 90, 180, 270) to stand upright, and tesseract's confidence.

    Confidence is tesseract's own measure (about 0..30, 15 is sure), not a percentage.
    """

    turn: int
    confidence: float


class OcrEngine(Protocol):
    """A text recogniser in this process or behind a command."""

    name: str
    version: str

    def read(self, picture: Raster, layout: Layout = Layout.COLUMN, threshold: Threshold = Threshold.OTSU) -> Reading:
        """Reads the whole picture."""
        ...

    def upright(self, picture: Raster) -> Upright | None:
        """Says how the picture must be turned; None when there is too little text to tell."""
        ...

    def close(self) -> None:
        """Gives back what the engine holds."""
        ...


class TimedEngine:
    """An engine that counts the CPU seconds spent inside it, so that the share of recognition can be told."""

    def __init__(self, engine: OcrEngine, cpu: Callable[[], float]) -> None:
        self._engine = engine
        self._cpu = cpu
        self.name = engine.name
        self.version = engine.version
        self.seconds = 0.0

    def read(self, picture: Raster, layout: Layout = Layout.COLUMN, threshold: Threshold = Threshold.OTSU) -> Reading:
        """Passes on, counting."""
        started = self._cpu()
        try:
            return self._engine.read(picture, layout, threshold)
        finally:
            self.seconds += self._cpu() - started

    def upright(self, picture: Raster) -> Upright | None:
        """Passes on, counting."""
        started = self._cpu()
        try:
            return self._engine.upright(picture)
        finally:
            self.seconds += self._cpu() - started

    def close(self) -> None:
        """Passes on."""
        self._engine.close()
