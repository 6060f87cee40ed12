"""Two ways to show an upright page to the engine, and which one suits it: tried on a band before the whole is read.

Measured on the pages with known text (docs/decisions/0008-two-looks.md): clean print reads best as it is. Typescript
reads best coarser: gray at 200 dpi with a threshold around each pixel (faded ribbons), a bilevel scan as gray of half
its resolution, where the mean of four pixels closes broken letters. To read a band both ways costs a third of a page;
to read a page the wrong way costs words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image, ImageFilter

from ocr.blank import PREVIEW_DPI
from ocr.engine import Layout, OcrEngine, Raster, Reading, Threshold
from ocr.geometry import Affine, scaling
from ocr.pageimage import raster_of, reduced
from ocr.skew import ink_of

_COARSE_GRAY, _COARSE_BILEVEL = 200.0, 150.0  # dpi
_FINE = 240.0  # dpi from which a page can be made coarser
_SOFTENED = 0.7  # pixels; closes the letters of a bilevel scan of about 200 dpi
_MOST_PIXELS = 37_500_000  # A3 at 400 dpi; beyond are plans, which lose small text when they are made coarser
_BAND = 6  # a sixth of the page is tried
_LEAST_BAND = 300  # pixels
_CLEARLY = 1.06  # a band is a small sample: clean print wins or loses a word by chance
_BAND_LEEWAY = 3.0  # by which a band may stay below the confidence asked of a page
_FEW_IN_BAND = 6  # words; with fewer the band tells nothing
_NONSENSE = 50.0  # confidence; bands of pages that lie upside down stay below 38, those of upright ones above 63


class Look(StrEnum):
    """How the page is shown."""

    PLAIN = "plain"
    COARSE = "coarse"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a band told: the better look, whether clearly, and whether it reads as nonsense either way."""

    look: Look = Look.PLAIN
    told: bool = False
    nonsense: bool = False


def other_look(look: Look) -> Look:
    """The one that was not taken."""
    return Look.COARSE if look is Look.PLAIN else Look.PLAIN


def can_be_coarse(size: tuple[int, int], dpi: float, *, two_level: bool) -> bool:
    """True where the second look differs from the first and may be better."""
    return size[0] * size[1] <= _MOST_PIXELS and (not two_level or dpi >= _FINE)


def worth_a_trial(size: tuple[int, int], dpi: float, *, two_level: bool) -> bool:
    """True where the looks differ in their resolution too; else a band costs more than it saves."""
    return can_be_coarse(size, dpi, two_level=two_level) and (two_level or dpi >= _COARSE_GRAY)


def show(image: Image.Image, dpi: float, look: Look, *, two_level: bool) -> tuple[Raster, Threshold, Affine]:
    """What the engine is shown, how it shall part ink from paper, and the map from shown pixels to those of `image`."""
    if look is Look.PLAIN:
        if two_level and dpi < _FINE and image.width * image.height <= _MOST_PIXELS:
            image = image.convert("L").filter(ImageFilter.GaussianBlur(_SOFTENED))
        return raster_of(image, dpi), Threshold.OTSU, Affine()
    wanted = min(dpi, _COARSE_BILEVEL if two_level else _COARSE_GRAY)
    small = _at(image, wanted / dpi)
    back = scaling(image.width / small.width, image.height / small.height)
    return raster_of(small, wanted), Threshold.OTSU if two_level else Threshold.SAUVOLA, back


def _at(image: Image.Image, scale: float) -> Image.Image:
    whole = round(1 / scale)
    if abs(scale * whole - 1) < 0.02:
        return reduced(image, whole)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return (image if image.mode == "L" else image.convert("L")).resize(size, Image.Resampling.BOX)


def tried(image: Image.Image, dpi: float, engine: OcrEngine, good: float, *, two_level: bool) -> Trial:
    """What the band with most ink tells, read as it is and, where that does not reach `good`, in the other look."""
    band = _band(image, dpi)
    raster, threshold, _ = show(band, dpi, Look.PLAIN, two_level=two_level)
    plain = engine.read(raster, Layout.COLUMN, threshold)
    if plain.count >= _FEW_IN_BAND and (plain.confidence or 0.0) >= good - _BAND_LEEWAY:
        return Trial()
    raster, threshold, _ = show(band, dpi, Look.COARSE, two_level=two_level)
    coarse = engine.read(raster, Layout.COLUMN, threshold)
    if min(plain.count, coarse.count) < _FEW_IN_BAND:  # a dark rim can hide all text from one of the two
        return Trial(Look.COARSE if coarse.good > plain.count else Look.PLAIN)
    one, other = weight(plain), weight(coarse)
    nonsense = max(plain.confidence or 0.0, coarse.confidence or 0.0) < _NONSENSE
    return Trial(
        Look.COARSE if other > _CLEARLY * one else Look.PLAIN, max(one, other) > _CLEARLY * min(one, other), nonsense
    )


def weight(reading: Reading) -> float:
    """How much was read and how well: well-read words times mean confidence. Compares readings of one picture only."""
    return reading.good * (reading.confidence or 0.0)


def _band(image: Image.Image, dpi: float) -> Image.Image:
    """The horizontal band with most ink that looks like text."""
    factor = max(1, round(dpi / PREVIEW_DPI))
    ink = ink_of(reduced(image, factor))
    height = max(image.height // _BAND, _LEAST_BAND)
    if height >= image.height or ink.shape[0] < 2:
        return image
    rows = np.minimum(ink.mean(axis=1), 0.2)
    window = max(1, min(len(rows), round(height / image.height * len(rows))))
    sums = np.convolve(rows, np.ones(window), "valid")
    top = round(int(np.argmax(sums)) / len(rows) * image.height)
    top = max(0, min(top, image.height - height))
    return image.crop((0, top, image.width, top + height))
