"""How one gray page is read: way up, skew, layout, one second try; gives the words and where they lie on the page.

The order follows measurements (shared design notes, ocr.md §2–3): a page that reads well as it lies is upright, so the
orientation model is only asked when the first reading is poor or the lines run down the page. Its answer is taken
with a low threshold and confirmed by what can be read. How the page is shown to the engine is tried on a band first
(`looks`); where the band is nonsense the model is asked before the page is read on its head. Where one column was torn
into several, the page is read once more as one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageChops

from ocr.blank import PREVIEW_DPI
from ocr.engine import Layout, OcrEngine, Raster, Reading, Upright
from ocr.geometry import Affine, leaning, scaling, turning
from ocr.looks import Look, Trial, can_be_coarse, other_look, show, tried, weight, worth_a_trial
from ocr.options import OcrOptions
from ocr.pageimage import Held, packed, raster_of, reduced
from ocr.skew import ink_of, lines_run_down, skew_of
from ocr.source import turned

_OSD_DPI = 150
_LOW_DPI = 150.0  # coarser scans are enlarged before reading
_ENLARGE = 1.5
_MOST_PIXELS = 150_000_000  # beyond this a picture is halved, so that a worker stays below 500 MB
_MOST_PREVIEW = 4_000_000  # pixels from which the lean is measured
_LEAST_SKEW = 0.3  # degrees; tesseract copes with less
_SURE_CONFIDENCE, _SURE_WORDS = 70.0, 8
_LEAST_OSD = 2.0  # tesseract's own default of 14 leaves upside-down typescript as it is
_FEW_WORDS = 3
_NONSENSE = 1 / 3  # of the words read well: below this share it may be no text that stands upright
_SAMPLE = 20_000  # pixels looked at to tell gray from two levels
_DARK, _MOSTLY = 128, 0.6  # a page is dark when so large a share of it lies below this level
_INK_LEVEL = 160  # a reduced bilevel pixel darker than this stays ink, so that thin lines survive
_POOR = 75.0  # below this mean confidence the other look gets its chance, whatever the band told
_CHEAP_WORDS = 100  # a page of fewer words is read again at little cost
_TORN = 0.05  # share of lines
_BLANK = 1.5  # line heights between two words of one line; columns stand further apart
_AS_MUCH = 0.85


@dataclass(frozen=True, slots=True)
class PageReading:
    """The chosen reading. `turn` is clockwise against the given picture; `to_given` maps read pixels back to it.

    `sure` is the share (0..100) of its words that were read well: how sure the way up is.
    """

    reading: Reading
    turn: int
    sure: float | None
    skew: float
    retried: bool
    to_given: Affine


def read_page(held: Held, dpi: tuple[float, float], engine: OcrEngine, options: OcrOptions) -> PageReading:
    """Reads a picture (mode L or 1) that lies as a viewer would show it, and lets it go. Deterministic."""
    scaled, to_scaled, scaled_dpi = _scaled(held.take(), dpi, options)
    small = Held(scaled)
    del scaled
    sheet = _Sheet(small)
    way = _way_up(sheet, scaled_dpi, engine, options.retry_confidence)
    retried = False
    if sheet.dark:
        # a negative or a blueprint; or a small sheet on a dark ground, so what reads more decides
        negative = _Sheet(Held(ImageChops.invert(sheet.picture())))
        other = _way_up(negative, scaled_dpi, engine, options.retry_confidence)
        if weight(other.reading) > weight(way.reading):
            sheet, way, retried = negative, other, True
    for second in _seconds(sheet, way, scaled_dpi, engine, options):
        retried = True
        if _better(second, way):
            way = second
    best = way.reading
    sure = 100 * best.good / best.count if best.count else None
    back = way.to_scaled.then(to_scaled.inverse())
    return PageReading(best, way.turn, sure, way.skew, retried, back)


def _seconds(sheet: _Sheet, first: _Way, dpi: float, engine: OcrEngine, options: OcrOptions) -> Iterator[_Way]:
    """Another reading, where there is reason for one: nothing found, read badly, or a column torn apart."""
    confidence = first.reading.confidence
    if confidence is None or first.reading.count < _FEW_WORDS:
        # the layout is to blame, or a sheet's edge that passed for a line: as it lies, by tesseract's own choice
        auto = _again(sheet, first.turn, 0.0, dpi, engine, Layout.AUTO, Look.PLAIN)
        yield auto
        if auto.reading.count < _FEW_WORDS and can_be_coarse(sheet.size, dpi, two_level=sheet.two_level):
            # a dark rim around the sheet makes all of it a picture; a threshold around each pixel does away with it
            yield _again(sheet, first.turn, first.skew, dpi, engine, Layout.COLUMN, other_look(first.look))
    elif torn(first.reading) > _TORN:
        yield _again(sheet, first.turn, first.skew, dpi, engine, Layout.BLOCK, first.look)
    elif confidence < options.retry_confidence and can_be_coarse(sheet.size, dpi, two_level=sheet.two_level):
        cheap = first.reading.count < _CHEAP_WORDS
        if confidence < _POOR or cheap or not first.told:
            yield _again(sheet, first.turn, first.skew, dpi, engine, Layout.COLUMN, other_look(first.look))


def _better(second: _Way, first: _Way) -> bool:
    """Whether the second reading replaces the first: more was read, or as much and not torn."""
    if torn(first.reading) > _TORN:
        whole = torn(second.reading) < torn(first.reading) / 2
        return whole and weight(second.reading) > _AS_MUCH * weight(first.reading)
    return weight(second.reading) > weight(first.reading)


def torn(reading: Reading) -> float:
    """The share of lines that go on to the right in a line of another place: a column that was torn apart.

    Two lines at the same height with no more than a blank between them are one line.
    """
    lines = sorted((line for line in reading.lines if len(line.words) > 1), key=lambda line: line.box[1])
    found = 0
    for place, line in enumerate(lines):
        _, top, right, bottom = line.box
        for other in lines[place + 1 :]:
            if other.box[1] >= bottom:
                break
            height = min(bottom - top, other.box[3] - other.box[1])
            beside = min(bottom, other.box[3]) - other.box[1] > 0.6 * height
            gap = max(other.box[0] - right, line.box[0] - other.box[2])
            if beside and -0.5 * height < gap < _BLANK * height:
                found += 1
                break
    return found / len(lines) if lines else 0.0


@dataclass(slots=True)
class _Way:
    """One try: turn, how it was shown, what was read, and the map from read pixels to scaled ones.

    `told` is true where both ways to show it were compared on a band.
    """

    turn: int
    skew: float
    look: Look
    told: bool
    reading: Reading
    to_scaled: Affine

    @property
    def certain(self) -> bool:
        confidence = self.reading.confidence
        return confidence is not None and confidence >= _SURE_CONFIDENCE and self.reading.good >= _SURE_WORDS


def _scaled(picture: Image.Image, dpi: tuple[float, float], options: OcrOptions) -> tuple[Image.Image, Affine, float]:
    """The picture at reading resolution with square pixels."""
    width, height = picture.size
    millimetres = max(width / dpi[0], height / dpi[1]) * 25.4
    finest = max(dpi)
    wanted = finest
    if millimetres <= options.large_format_mm:
        wanted = min(finest, float(options.reading_dpi)) if finest > 1.15 * options.reading_dpi else finest
    if finest < _LOW_DPI:
        wanted = finest * _ENLARGE
    pixels = width * height * (wanted / dpi[0]) * (wanted / dpi[1])
    if pixels > _MOST_PIXELS or max(width * wanted / dpi[0], height * wanted / dpi[1]) > 32_000:
        wanted /= 2
    x, y = wanted / dpi[0], wanted / dpi[1]
    if abs(x - 1) < 0.02 and abs(y - 1) < 0.02:
        return picture, Affine(), finest
    if abs(x - y) < 0.01 * x and x < 0.6 and abs(1 / x - round(1 / x)) < 0.02:
        factor = round(1 / x)
        small = reduced(picture, factor)
        if picture.mode == "1" and small.width * small.height > _MOST_PIXELS // 4:
            # bilevel again: an eighth of the memory inside the engine
            small = small.point([255 * (value > _INK_LEVEL) for value in range(256)], "1")
        return small, scaling(small.width / width, small.height / height), finest / factor
    size = (max(1, round(width * x)), max(1, round(height * y)))
    filter_ = Image.Resampling.BICUBIC if x > 1 else Image.Resampling.BOX
    gray = picture if picture.mode == "L" else picture.convert("L")
    return gray.resize(size, filter_), scaling(size[0] / width, size[1] / height), wanted


class _Sheet:
    """The scaled picture between two tries; a large bilevel one is kept with 8 pixels per byte (Pillow takes 8).

    `two_level`: black and white at heart, bilevel or gray without anything between. `dark`: more black than white.
    """

    def __init__(self, held: Held) -> None:
        image = held.take()
        self.size = image.size
        self._mode = image.mode
        levels = _levels(image)
        self.two_level = image.mode == "1" or sum(levels[33:224]) < 0.02 * sum(levels)
        self.dark = sum(levels[:_DARK]) > _MOSTLY * sum(levels)
        large = image.mode == "1" and image.width * image.height > _MOST_PIXELS // 4
        self._packed = packed(image) if large else b""
        self._image = None if large else image

    def picture(self) -> Image.Image:
        """The picture, unpacked if need be."""
        return self._image or Image.frombytes(self._mode, self.size, self._packed)


def _way_up(sheet: _Sheet, dpi: float, engine: OcrEngine, good: float) -> _Way:
    factor = max(1, round(dpi / PREVIEW_DPI))
    while sheet.size[0] * sheet.size[1] > factor * factor * _MOST_PREVIEW:
        factor += 1
    preview = reduced(sheet.picture(), factor)
    tries: list[_Way] = []
    ink = ink_of(preview)

    @cache
    def asked() -> Upright | None:
        return engine.upright(_for_osd(sheet.picture(), dpi))

    def stand(turn: int) -> _Stand:
        angle = skew_of(ink if turn == 0 else ink_of(turned(preview, turn)))
        return _stand(sheet, turn, angle, dpi, engine, good)

    if not lines_run_down(ink):
        lying = stand(0)
        if lying.trial.nonsense and (found := asked()) and found.turn and found.confidence >= _LEAST_OSD:
            tries.append(_read(stand(found.turn), dpi, engine))
            if tries[0].certain:
                return tries[0]
        tries.insert(0, _read(lying, dpi, engine))
        if tries[0].certain:
            return tries[0]
    for turn in _candidates(asked(), tries):
        if turn in [way.turn for way in tries]:
            continue
        tries.append(_read(stand(turn), dpi, engine))
        if tries[-1].certain:
            break
    best = max(tries, key=lambda way: way.reading.good)  # the first of equals
    as_it_lies = next((way for way in tries if way.turn == 0), best)
    # What speckles spell on a sheet of stamps or lines is no reason to turn it.
    return best if best.reading.good >= _FEW_WORDS else as_it_lies


def _candidates(found: Upright | None, tries: list[_Way]) -> list[int]:
    """Which turns are worth a reading after what is known, best first."""
    if not tries:  # lines run down
        first = found.turn if found and found.turn in (90, 270) else 90
        return [first, 360 - first, 0]
    lying = tries[0].reading
    poor = lying.count >= _FEW_WORDS and (lying.confidence or 0.0) < _SURE_CONFIDENCE
    if found is None or found.confidence < _LEAST_OSD:
        return [180] if poor else []
    told = [found.turn] if found.turn else []
    if poor and found.turn != 180 and lying.good < _NONSENSE * lying.count:
        told.append(180)  # on small sheets the model errs though it is this sure; words on their head read as nonsense
    return told


@dataclass(frozen=True, slots=True)
class _Stand:
    """The picture turned and levelled, ready to be read once, and what a band of it told."""

    turn: int
    skew: float
    held: Held
    to_scaled: Affine
    two_level: bool
    trial: Trial


def _stand(
    sheet: _Sheet, turn: int, angle: float, dpi: float, engine: OcrEngine, good: float, look: Look | None = None
) -> _Stand:
    """One way up; without a look the better one is found on a band, where a confidence of `good` is enough."""
    width, height = sheet.size
    to_scaled = turning(turn, False, width, height).inverse()  # noqa: FBT003 - never mirrored here
    image = turned(sheet.picture(), turn)
    if abs(angle) >= _LEAST_SKEW:
        image, lean = _levelled(image, angle)
        to_scaled = lean.inverse().then(to_scaled)
    trial = Trial(look or Look.PLAIN)
    if look is None and worth_a_trial(sheet.size, dpi, two_level=sheet.two_level):
        trial = tried(image, dpi, engine, good, two_level=sheet.two_level)
    return _Stand(turn, angle, Held(image), to_scaled, sheet.two_level, trial)


def _read(stand: _Stand, dpi: float, engine: OcrEngine, layout: Layout = Layout.COLUMN) -> _Way:
    """One reading; the picture is let go."""
    look = stand.trial.look
    raster, threshold, to_image = show(stand.held.take(), dpi, look, two_level=stand.two_level)
    reading = engine.read(raster, layout, threshold)
    return _Way(stand.turn, stand.skew, look, stand.trial.told, reading, to_image.then(stand.to_scaled))


def _again(sheet: _Sheet, turn: int, angle: float, dpi: float, engine: OcrEngine, layout: Layout, look: Look) -> _Way:
    """Another reading in a look that is known."""
    return _read(_stand(sheet, turn, angle, dpi, engine, 0.0, look), dpi, engine, layout)


def _levelled(image: Image.Image, angle: float) -> tuple[Image.Image, Affine]:
    """The picture turned clockwise by a small angle, white around it, and the map to the new pixels."""
    lean, width, height = leaning(angle, image.width, image.height)
    back = lean.inverse()
    how = Image.Resampling.BILINEAR
    if image.mode == "1":
        if image.width * image.height > _MOST_PIXELS // 4:
            how = Image.Resampling.NEAREST
        else:
            image = image.convert("L")
    new = image.transform(
        (width, height),
        Image.Transform.AFFINE,
        (back.a, back.c, back.e, back.b, back.d, back.f),
        resample=how,
        fillcolor=255,
    )
    return new, lean


def _for_osd(picture: Image.Image, dpi: float) -> Raster:
    factor = max(1, round(dpi / _OSD_DPI))
    small = reduced(picture, factor)
    return raster_of(small, dpi / factor)


def _levels(image: Image.Image) -> list[int]:
    """How many of some pixels from everywhere have each of the 256 levels."""
    scale = max(1.0, (image.width * image.height / _SAMPLE) ** 0.5)
    size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
    return image.resize(size, Image.Resampling.NEAREST).histogram()
