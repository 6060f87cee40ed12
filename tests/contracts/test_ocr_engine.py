"""The contract of `OcrEngine`, held by tesseract in process and as a command, and by the tests' fake."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from PIL import Image

from akten.errors import Misconfigured
from ocr.engine import Layout, Line, OcrEngine, Raster, Reading, Threshold, TimedEngine, Upright, Word
from ocr.models import find_tessdata, model_digests
from ocr.options import OcrOptions
from ocr.pageimage import raster_of
from ocr.source import turned
from ocr.tesseract import open_engine
from tests.conftest import lacking
from tests.ocr.sheets import LINES, sheet


class FakeEngine:
    """Reads the darkness of each tenth of the picture as one word; always upright."""

    name = "fake"
    version = "1"

    def read(self, picture: Raster, layout: Layout = Layout.COLUMN, threshold: Threshold = Threshold.OTSU) -> Reading:
        if picture.bits == 8 and min(picture.data) > 200:
            return Reading()
        lines = []
        for place in range(10):
            top, bottom = picture.height * place // 10, picture.height * (place + 1) // 10
            box = (0, top, picture.width, max(bottom, top + 1))
            word = Word(LINES[place % len(LINES)].split()[0], 90.0, box)
            lines.append(Line((word,), box, (0.0, float(bottom), float(picture.width), float(bottom))))
        return Reading(tuple(lines))

    def upright(self, picture: Raster) -> Upright | None:
        return None if picture.bits == 8 and min(picture.data) > 200 else Upright(0, 15.0)

    def close(self) -> None:
        return None


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As in a worker: tesseract's own threads only get into each other's way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_THREAD_LIMIT", "1")
        yield


def opened(name: str) -> OcrEngine:
    if name == "fake":
        return FakeEngine()
    if name == "pytesseract" and shutil.which("tesseract") is None:
        lacking("the command tesseract")
    try:
        return open_engine(OcrOptions(engine=name))
    except Misconfigured as error:
        lacking(error.text)
        raise


@pytest.fixture(scope="module", params=["fake", "tesserocr", "pytesseract"])
def engine(request: pytest.FixtureRequest) -> Iterator[OcrEngine]:
    engine = opened(request.param)
    yield engine
    engine.close()


@pytest.fixture(scope="module", params=["tesserocr", "pytesseract"])
def tesseract(request: pytest.FixtureRequest) -> Iterator[OcrEngine]:
    engine = opened(request.param)
    yield engine
    engine.close()


def white(width: int = 600, height: int = 400) -> Raster:
    return Raster(width, height, b"\xff" * (width * height), 200.0)


def test_says_who_it_is(engine: OcrEngine) -> None:
    assert engine.name
    assert engine.version


def test_an_empty_picture_is_no_error(engine: OcrEngine) -> None:
    assert engine.read(white()) == Reading()
    assert engine.upright(white()) is None


def test_words_lie_inside_the_picture_with_confidences_of_0_to_100(engine: OcrEngine) -> None:
    picture = raster_of(sheet(), 200.0)
    reading = engine.read(picture)
    assert reading.count > 5
    for word in reading.words:
        left, top, right, bottom = word.box
        assert 0 <= left < right <= picture.width
        assert 0 <= top < bottom <= picture.height
        assert 0 <= word.confidence <= 100
        assert word.text == word.text.strip() != ""


def test_the_same_picture_gives_the_same_reading_whatever_was_read_between(engine: OcrEngine) -> None:
    picture = raster_of(sheet(), 200.0)
    first = engine.read(picture)
    engine.read(raster_of(sheet(LINES[::-1]), 200.0), Layout.BLOCK, Threshold.SAUVOLA)
    assert engine.read(picture) == first


def test_an_upright_picture_needs_no_turn(engine: OcrEngine) -> None:
    found = engine.upright(raster_of(sheet(), 200.0))
    assert found is not None
    assert found.turn == 0


@pytest.mark.parametrize("layout", list(Layout))
def test_german_print_is_read_in_order(tesseract: OcrEngine, layout: Layout) -> None:
    text = tesseract.read(raster_of(sheet(), 200.0), layout).text
    places = [text.find(word) for word in ("Oberbürgermeister", "Garage", "Genehmigung", "Grüßen")]
    assert -1 not in places
    assert places == sorted(places)


def test_one_bit_per_pixel_is_read_like_gray(tesseract: OcrEngine) -> None:
    bilevel = sheet().point([255 * (value > 128) for value in range(256)], "1")
    assert "Oberbürgermeister" in tesseract.read(raster_of(bilevel, 200.0)).text


def test_baselines_run_below_their_words(tesseract: OcrEngine) -> None:
    for line in tesseract.read(raster_of(sheet(), 200.0)).lines:
        x0, y0, x1, y1 = line.baseline
        assert x0 < x1
        assert line.box[1] < (y0 + y1) / 2 <= line.box[3] + 3


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_upright_says_how_to_turn_back(tesseract: OcrEngine, turn: int) -> None:
    lines = tuple(line for line in LINES for _ in range(3))
    page = sheet(lines, dpi=150, size_mm=(148, 260))
    found = tesseract.upright(raster_of(turned(page, turn), 150.0))
    assert found is not None
    assert (found.turn + turn) % 360 == 0


def test_both_ways_to_tesseract_agree_on_clean_print() -> None:
    engines = [opened("tesserocr"), opened("pytesseract")]
    texts = [engine.read(raster_of(sheet(), 200.0)).text.split() for engine in engines]
    assert texts[0] == texts[1]
    for engine in engines:
        engine.close()


def test_a_counting_engine_passes_everything_on() -> None:
    ticks = iter(range(100))
    timed = TimedEngine(FakeEngine(), lambda: float(next(ticks)))
    picture = raster_of(Image.new("L", (40, 40), 0), 200.0)
    assert timed.read(picture) == FakeEngine().read(picture)
    assert timed.upright(picture) == FakeEngine().upright(picture)
    assert timed.seconds == 2.0


def test_missing_models_are_told_with_what_to_install() -> None:
    with pytest.raises(Misconfigured, match="tesseract-ocr"):
        open_engine(OcrOptions(languages="xyz"))


def test_the_models_are_named_by_digest() -> None:
    options = OcrOptions()
    find_tessdata(options)
    (name, digest), *_ = model_digests(options).items()
    assert name == "deu.traineddata"
    assert len(digest) == 32
