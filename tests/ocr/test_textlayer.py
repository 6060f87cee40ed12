"""The invisible text: every viewer finds lines and words where they are printed, however the page is turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name

from ocr.engine import Line, Reading, Word
from ocr.geometry import Affine, scaling, turning
from ocr.glyphless import add_font
from ocr.textlayer import text_operators

SIZE = (1000, 700)  # pixels of the upright picture; a pixel is a point
Printed = tuple[tuple[tuple[str, int, int], ...], int]
LINES: tuple[Printed, ...] = (
    # left, right of every word; words that touch, overlap, stand far apart, and one of one letter
    ((("Dies", 100, 180), ("ist", 190, 240), ("a", 250, 262), ("Probe", 275, 400)), 100),
    ((("Betrag:", 100, 230), ("1.200", 600, 690), ("DM", 705, 750)), 160),
    ((("eng", 100, 160), ("an", 160, 200), ("eng", 196, 260)), 220),
)


def full_page() -> tuple[Printed, ...]:
    """Lines over the whole page, one below the other: from these pdfium guesses which way a page is written."""
    spelled = [
        "Das",
        "ist",
        "a",
        "Probe",
        "in",
        "12",
        "Punkt",
        "und",
        "sie",
        "soll",
        "auf",
        "jeder",
        "Seite",
        "so",
        "stehen",
        "wie",
        "gedruckt",
    ]
    lines = []
    for number in range(20):
        left, words = 60, []
        for word in spelled:
            words.append((word, left, left + 9 * len(word)))
            left += 9 * len(word) + 6 + number % 3
        lines.append((tuple(words), 60 + 32 * number))
    return tuple(lines)


def reading(printed: Sequence[Printed]) -> Reading:
    """The lines as an engine gives them."""
    lines = []
    for words, bottom in printed:
        made = tuple(Word(text, 90.0, (left, bottom - 30, right, bottom)) for text, left, right in words)
        box = (words[0][1], bottom - 30, words[-1][2], bottom)
        lines.append(Line(made, box, (box[0], bottom, box[2], bottom)))
    return Reading(tuple(lines))


def page_turned(path: Path, turn: int, printed: Sequence[Printed] = LINES) -> Affine:
    """A page that was scanned lying and is shown upright by /Rotate; returns the way from the picture to its points."""
    width, height = SIZE if turn % 180 == 0 else SIZE[::-1]
    to_page = turning(turn, False, width, height).inverse().then(Affine(1, 0, 0, -1, 0, height))  # noqa: FBT003
    with pikepdf.new() as pdf:
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, width, height]),
            Resources=Dictionary(Font=Dictionary(F0=add_font(pdf))),
            Contents=pdf.make_stream(text_operators(reading(printed), to_page, "/F0")),
            Rotate=turn,
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
        pdf.save(path)
    return to_page


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_lines_stay_lines_and_words_lie_on_their_ink(tmp_path: Path, turn: int) -> None:
    to_page = page_turned(tmp_path / "a.pdf", turn)
    page = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0]
    text = page.get_textpage()
    shown = text.get_text_range()
    wanted = [" ".join(word for word, _, _ in words) for words, _ in LINES]
    assert shown.replace("\r\n", "\n").strip().split("\n") == wanted
    place = 0
    for words, bottom in LINES:
        for word, left, right in words:
            place = shown.index(word, place)
            boxes = [text.get_charbox(place + letter, loose=True) for letter in range(len(word))]
            found = [
                min(b[0] for b in boxes),
                min(b[1] for b in boxes),
                max(b[2] for b in boxes),
                max(b[3] for b in boxes),
            ]
            corners = [to_page(x, y) for x, y in ((left, bottom - 30), (right, bottom))]
            xs, ys = sorted(x for x, _ in corners), sorted(y for _, y in corners)
            assert found == pytest.approx([xs[0], ys[0], xs[1], ys[1]], abs=10), word
            place += len(word)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_full_page_is_no_list_of_single_words(tmp_path: Path, turn: int) -> None:
    page_turned(tmp_path / "a.pdf", turn, full_page())
    text = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].get_textpage().get_text_range()
    assert text.replace("\r\n", "\n").split("\n") == [
        " ".join(word for word, _, _ in words) for words, _ in full_page()
    ]


def test_a_word_without_width_does_not_move_the_next(tmp_path: Path) -> None:
    """Tz has a least value; what it adds is taken back by the way to the next word."""
    line = Line(
        (Word("....", 90.0, (100, 70, 100, 100)), Word("Ende", 90.0, (300, 70, 380, 100))),
        (100, 70, 380, 100),
        (100, 100, 380, 100),
    )
    operators = text_operators(Reading((line,)), scaling(1, 1), "/F0")
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=SIZE)
        pdf.pages[0].Resources = Dictionary(Font=Dictionary(F0=add_font(pdf)))
        pdf.pages[0].Contents = pdf.make_stream(operators)
        pdf.save(tmp_path / "a.pdf")
    text = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].get_textpage()
    assert text.get_charbox(text.get_text_range().index("Ende"), loose=True)[0] == pytest.approx(300, abs=0.1)
