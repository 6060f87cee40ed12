"""Values of the engine port, and tesseract's own hOCR read into them."""

from __future__ import annotations

import pytest

from ocr.engine import Line, Raster, Reading, Word
from ocr.tesseract import HocrReader

PICTURE = Raster(100, 50, b"\xff" * 5000, 200.0)
HOCR = """<div class='ocr_page' title='bbox 0 0 100 50'><div class='ocr_carea' title='bbox 1 1 99 40'>
<p class='ocr_par'><span class='ocr_line' title="bbox 1 2 99 20; baseline 0.01 -3; x_size 18">
<span class='ocrx_word' title='bbox 1 2 30 20; x_wconf 91'>A &amp; B</span>
<span class='ocrx_word' title='bbox 35 2 150 20; x_wconf 7'><strong>Grün</strong></span>
<span class='ocrx_word' title='bbox 40 2 60 20; x_wconf 95'> </span></span></p></div>
<div class='ocr_carea' title='x'><p><span class='ocr_line' title="bbox 1 25 99 40; baseline 0 0">
<span class='ocrx_word' title='bbox 1 25 20 40; x_wconf 80'>zdA</span></span></p></div></div>"""


def test_hocr_becomes_lines_words_and_baselines() -> None:
    reader = HocrReader(PICTURE)
    reader.feed(HOCR)
    lines = reader.finish()
    assert [line.text for line in lines] == ["A & B Grün", "zdA"]
    assert [line.block for line in lines] == [0, 1]
    assert lines[0].baseline == pytest.approx((1, 17, 99, 17.98))
    assert lines[0].words[1].box == (35, 2, 100, 20)
    assert lines[0].words[1].confidence == 7


def test_a_reading_counts_and_joins() -> None:
    words = tuple(Word(text, confidence, (0, 0, 1, 1)) for text, confidence in (("ja", 90), ("nein", 50), ("--", 99)))
    line = Line(words, (0, 0, 1, 1), (0, 1, 1, 1))
    other = Line(words[:1], (0, 0, 1, 1), (0, 1, 1, 1), block=1)
    reading = Reading((line, other))
    assert reading.count == 4
    assert reading.good == 2
    assert reading.confidence == pytest.approx(82.25)
    assert reading.text == "ja nein --\n\nja"
    assert Reading().confidence is None


def test_a_raster_refuses_data_of_another_size() -> None:
    with pytest.raises(ValueError, match="size"):
        Raster(10, 10, b"\x00" * 99, 300.0)
    assert Raster(9, 2, b"\x00" * 4, 300.0, bits=1).row_bytes == 2
