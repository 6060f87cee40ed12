"""The text of a page comes back out of the hOCR that we write, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.engine import Line, Reading, Word
from ocr.hocr import own_fragment, page_fragment, text_fragment, write_hocr
from ocr.hocrtext import page_texts
from ocr.ownwords import OwnLine, OwnPage, OwnWord

WORD = st.text("aÄß<>&\"'/-€", min_size=1, max_size=8)
LINES = st.lists(st.lists(WORD, min_size=1, max_size=4), max_size=4)


def a_line(words: list[str], block: int) -> Line:
    box = (0, 0, 10, 10)
    return Line(tuple(Word(word, 90.0, box) for word in words), box, (0, 10, 10, 10), block)


def as_stored(x: float, y: float) -> tuple[float, float]:
    return x, y


@given(LINES, LINES)
def test_words_come_back_with_their_lines(
    tmp_path_factory: pytest.TempPathFactory, own: list[list[str]], read: list[list[str]]
) -> None:
    reading = Reading(tuple(a_line(words, number) for number, words in enumerate(read)))
    owns = [OwnLine(tuple(OwnWord(word, (0, 0, 9, 9)) for word in words)) for words in own]
    target = tmp_path_factory.mktemp("h") / "x.hocr"
    write_hocr(
        target,
        "<T>",
        "s",
        [
            page_fragment(1, reading, as_stored, (100, 100), 0, (300, 300), owns),
            own_fragment(3, OwnPage((100, 100), 0, tuple(owns))),
        ],
    )
    lines = [" ".join(words) for words in (*own, *read)]
    assert page_texts(target.read_bytes()) == {
        1: "\n".join(lines),
        3: "\n".join(" ".join(words) for words in own),
    }


@given(st.lists(st.text('aß <&p/">', max_size=8).map(str.strip), max_size=4))
def test_a_page_whose_text_has_no_places_comes_back_too(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    text = "\n".join(lines)
    target = tmp_path_factory.mktemp("h") / "x.hocr"
    write_hocr(target, "T", "s", [text_fragment(7, text), text_fragment(8, "danach")])
    assert page_texts(target.read_bytes()) == {7: "\n".join(text.splitlines()), 8: "danach"}


def test_a_page_without_words_has_an_empty_text(tmp_path: Path) -> None:
    target = tmp_path / "x.hocr"
    write_hocr(target, "T", "s", [text_fragment(1, ""), page_fragment(2, Reading(), as_stored, (9, 9), 0, (300, 300))])
    assert page_texts(target.read_bytes()) == {1: "", 2: ""}


def test_other_bytes_have_no_pages() -> None:
    assert page_texts(b"hocr \xc3\xa4") == {}
    with pytest.raises(ValueError, match="utf-8"):
        page_texts(b"\xff\xfe")


def test_a_page_tells_the_resolution_of_its_rows_and_of_its_columns() -> None:
    """A fax has half as many rows as columns to the inch: places in it would else be told at twice their height."""
    assert "scan_res 204 98;" in page_fragment(1, Reading(), as_stored, (1728, 1145), 0, (204.0, 98.0))
