"""Aktenzeichen: every spelling a clerk writes leads to one canonical form, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.aktenzeichen import MUSTER, Aktenzeichen, Muster, recognise, series_of

SPELLINGS = {
    "63-01234-2019": [
        "63-1234-19",
        "63/01234/2019",
        "63 1234 19",
        "63.1234.19",
        "Az.: 63-01234-2019",
        "AZ 63/1234/19",
        "Bauakte 63-01234/19",
        "Aktennummer 63-01234/19",
        "Akten-Nr. 63-01234/19",
        "Aktenzeichen: 63–1234–2019",
        "Unser Zeichen: 63-1234-2019",
        "Gz.: 63-1234-19",
        "Gesch.-Z. 63/1234/19",
        "63012342019",
        "  63-1234-19  ",
        "63 / 1234 / 2019",
        "63_1234_2019",
        "６３-1234-19",
    ],
    "11-004711": ["11/4711", "Personalakte 11-4711", "11-004711", "11004711"],
    "67-HF-012-0345": ["67 HF 12 345", "67/hf/012/0345", "Friedhofsakte 67-HF-12-345"],
    "90-012345-2007": ["90-12345-07", "90/012345/2007", "Steuerakte 90 12345 07"],
}


@pytest.mark.parametrize(("canonical", "spelling"), [(c, s) for c, spellings in SPELLINGS.items() for s in spellings])
def test_a_spelling_leads_to_its_one_canonical_form(canonical: str, spelling: str) -> None:
    assert recognise(spelling) == (Aktenzeichen(canonical, spelling),)


def test_what_the_pattern_has_after_its_last_field_belongs_to_every_spelling() -> None:
    pattern = (Muster("Bauakte", "63-{nr:5}-{jahr}-A"),)
    assert recognise("63/1234/19 a", pattern) == (Aktenzeichen("63-01234-2019-A", "63/1234/19 a"),)
    assert recognise("63/1234/19", pattern) == ()


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "63", "63-1234", "64-1234-19", "63-123456-2019", "abc", "6301234219", "63-1234-19-7"),
        # digits of other scripts would make an Aktenzeichen that nobody can type and that is not 63-01234-2019
        *("63-\u0661\u0662\u0663\u0664-19", "63-1234-\u0661\u0669"),
    ],
)
def test_what_fits_no_pattern_has_no_reading(text: str) -> None:
    assert recognise(text) == ()


@pytest.mark.parametrize(("year", "known"), [("0019", False), ("1019", False), ("1702", True), ("1938", True)])
def test_a_year_that_no_akte_can_have_is_no_reading(year: str, known: bool) -> None:
    """„0019“ for 2019 would be an Akte of its own, that nobody finds under the number on its cover."""
    assert bool(recognise(f"63-1234-{year}", MUSTER, "Bauakte")) is known


def test_a_year_with_two_meanings_has_two_readings() -> None:
    """A window of more than a hundred years makes 19 both 1919 and 2019: the person is asked."""
    wide = Muster("Bauakte", "63-{nr:5}-{jahr}", jahr_von=1900, jahr_bis=2030)
    readings = recognise("63-1234-19", [wide])
    assert [reading.kanonisch for reading in readings] == ["63-01234-1919", "63-01234-2019"]


@pytest.mark.parametrize(
    "vorlage",
    [
        "63-{nr}-{jahr}",
        "63-{nr:0}",
        "63-{nr:21}",
        "{nr:5}-{nr:3}",
        "{jahr}-{jahr}",
        "{Nr:5}-{jahr}",
        "63-{jahr:2}",
        "63",
    ],
)
def test_a_pattern_that_cannot_be_read_by_is_refused_when_it_is_set(vorlage: str) -> None:
    """And not with the first delivery, as a bug of the program."""
    with pytest.raises(ValueError, match="Muster Bauakte"):
        Muster("Bauakte", vorlage)


def test_the_family_narrows_the_reading() -> None:
    assert recognise("63-1234-19", MUSTER, "Steuerakte") == ()


@given(st.integers(0, 99999), st.integers(1946, 2045), st.sampled_from("-/. _"), st.booleans(), st.booleans())
def test_any_number_and_year_is_found_again(number: int, year: int, separator: str, padded: bool, short: bool) -> None:
    digits = f"{number:05d}" if padded else str(number)
    text = separator.join(["63", digits, f"{year % 100:02d}" if short else str(year)])
    assert [r.kanonisch for r in recognise(text, MUSTER, "Bauakte")] == [f"63-{number:05d}-{year}"]


@given(st.text(max_size=60))
def test_no_text_breaks_recognition_and_canonical_forms_are_stable(text: str) -> None:
    for reading in recognise(text):
        assert [again.kanonisch for again in recognise(reading.kanonisch)] == [reading.kanonisch]


@pytest.mark.parametrize(
    ("text", "head", "tail", "place"),
    [
        ("63-1234-19", "63-", "-2019", 1234),
        ("90-4711-2018", "90-", "-2018", 4711),
        ("11-004711", "11-", "", 4711),
        ("67-HF-12-345", "67-HF-012-", "", 345),
    ],
)
def test_a_number_belongs_to_the_series_in_which_it_is_counted(text: str, head: str, tail: str, place: int) -> None:
    (reading,) = recognise(text)
    (series,) = [found for muster in MUSTER if (found := series_of(reading.kanonisch, muster))]
    assert (series.head, series.tail, series.place(reading.kanonisch)) == (head, tail, place)


def test_what_is_no_number_of_the_family_or_counts_nothing_has_no_series() -> None:
    assert series_of("63-1234-19", MUSTER[0]) is None
    assert series_of("HF-2019", Muster("Friedhofsakte", "{feld:a}-{jahr}")) is None


@given(st.sampled_from(MUSTER), st.integers(0, 10**12))
def test_every_reading_of_a_number_has_its_series(muster: Muster, number: int) -> None:
    for reading in recognise(str(number), (muster,)):
        series = series_of(reading.kanonisch, muster)
        assert series is not None
        digits = f"{series.place(reading.kanonisch):0{series.width}d}"
        assert series.head + digits + series.tail == reading.kanonisch
