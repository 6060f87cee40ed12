"""German words become comparable, and what a person typed is taken apart without surprises."""

from __future__ import annotations

import itertools
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.aktenzeichen import MUSTER
from catalog.fold import beginning, fold, places, stem, tokens
from catalog.index import vector
from catalog.matching import fts5, tsquery
from catalog.passages import GAP, MAX_SAME, MAX_WORDS, Heading, register_passages, text_passages
from catalog.query import MAX_TERMS, Term, exact_numbers, number_beginnings, parse_day, parse_terms
from catalog.snippets import snippet


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Müller", "mueller"),
        ("MÜLLER", "mueller"),
        ("Mu\u0308ller", "mueller"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("Çelik", "celik"),
        ("İstanbul", "istanbul"),
        ("Yıldız", "yildiz"),
        ("Łódź", "lodz"),
        ("Søren Æ", "soeren ae"),
        ("ﬁnanz", "finanz"),
        ("Ｎｅｕｓｓ", "neuss"),
    ],
)
def test_folding(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_words_are_letters_and_digits_and_lie_in_the_text_in_order(text: str) -> None:
    last = 0
    for token, (start, end) in zip(tokens(text), places(text), strict=True):
        assert token.isalnum()
        assert 0 < len(token) <= 60
        assert tokens(text[start:end]) == [token]
        assert last <= start < end <= len(text)
        last = end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bauge-\nnehmigung", ["baugenehmigung"]),
        ("Bauge- \r\n  nehmigung", ["baugenehmigung"]),
        ("Bauge\u00adnehmigung", ["baugenehmigung"]),
        ("Bauge¬\nnehmigung", ["baugenehmigung"]),
        ("Grund-\nstücks-\nfläche", ["grundstuecksflaeche"]),
        ("Ein-\nund Ausgang", ["ein", "und", "ausgang"]),
        ("Müller-\nLüdenscheidt", ["mueller", "luedenscheidt"]),
        ("63-\n00123", ["63", "00123"]),
        ("Haus-\n\nnummer", ["haus", "nummer"]),
        ("Hafenstr. 5", ["hafenstrasse", "5"]),
        ("Str.", ["strasse"]),
    ],
)
def test_hyphens_at_line_ends_are_joined_and_streets_written_out(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_forms_of_one_word_have_one_stem_and_numbers_keep_theirs() -> None:
    assert len({stem(fold(form)) for form in ("Genehmigung", "Genehmigungen", "GENEHMIGUNG")}) == 1
    assert len({stem(fold(form)) for form in ("Haus", "Häuser", "Hauses")}) == 1
    assert stem("00123a") == "00123a"
    assert beginning("am Hafenstr") == "hafenstr"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Müller AND Hafenstraße", True), ("Müller ODER Celik", True), ("NOT Müller", True), ("-Müller", True),
        ("Garage +Zaun", True), ("*ller", True), ("M?ller", True), ("M%ller", True),
        ("Müller und Hafenstraße", False), ("ANBAU UND GARAGE", False), ("Müller-Lüdenscheidt", False),
        ("Anbau - Garage", False), ("Doppelg*", False), ("63-1234-19", False), ("-5 Grad", False),
        ("50 % Anteil", False),
    ],
)  # fmt: skip
def test_orders_of_other_searches_are_words_here_and_that_is_told(typed: str, told: bool) -> None:
    terms, notes = parse_terms(typed)
    assert terms
    assert [note for note in notes if "keine Bedeutung" in note] == list(notes)
    assert bool(notes) == told


def test_terms_are_words_phrases_and_beginnings() -> None:
    terms, notes = parse_terms('Müller "Am Weißen Berg" Doppelg* 63-00123/2019 „Alte Halle“ … a* Müller')
    assert terms == (
        Term(("mueller",)),
        Term(("am", "weissen", "berg")),
        Term(("doppelg",), prefix=True),
        Term(("63", "00123", "2019")),
        Term(("alte", "halle")),
        Term(("a",)),
    )
    assert len(notes) == 1


@given(st.text(max_size=400))
def test_any_text_makes_an_expression_of_our_own_words_only(text: str) -> None:
    terms, _ = parse_terms(text)
    if not terms:
        return
    assert set("".join(fts5(terms).split('"')[1::2]).replace(" ", "")) <= set(filter(str.isalnum, fts5(terms)))
    assert tsquery(terms).count("'") % 2 == 0


def test_too_many_words_are_left_out_and_told() -> None:
    terms, notes = parse_terms(" ".join(f"w{n}" for n in range(100)))
    assert len(terms) == MAX_TERMS
    assert notes


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("12.03.2019", date(2019, 3, 12)),
        (" 1. 2. 1950", date(1950, 2, 1)),
        ("2019-03-12", date(2019, 3, 12)),
        ("31.02.2019", None),
        ("0.0.0000", None),
        ("12.03", None),
    ],
)
def test_a_day_is_a_day(typed: str, day: date | None) -> None:
    assert parse_day(typed) == day


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("63-1234-", "63-01234-"),
        ("63/1234", "63-01234-"),
        ("63 01234 20", "63-01234-20"),
        ("Az. 63", "63-"),
        ("11-77", "11-000077"),
        ("67-ab-3-", "67-AB-003-"),
    ],
)
def test_a_beginning_of_a_number_is_filled_up_by_its_pattern(typed: str, expected: str) -> None:
    assert expected in number_beginnings(typed, MUSTER)


def test_words_are_no_numbers() -> None:
    assert number_beginnings("Müller", MUSTER) == ()
    assert exact_numbers("Müller", MUSTER) == ()
    assert exact_numbers("63/1234/19", MUSTER) == ("63-01234-2019", "63/1234/19")


def test_long_dokumente_are_cut_into_passages_that_both_databases_hold() -> None:
    heading = Heading("63-00001-2019", "63/1/19", "Müller")
    pages = [(number, f"der Bauherr {number} " * 150) for number in range(1, 41)]
    made = text_passages(heading, ("Vorgang",), UUID(int=1), pages)
    assert len(made) > 1
    assert all(len(passage.words) <= MAX_WORDS + 50 for passage in made)
    assert all(max(passage.words.count(word) for word in set(passage.words) - {GAP}) <= MAX_SAME for passage in made)
    assert (made[0].page_from, made[-1].page_to) == (1, 40)
    assert all(one.page_to in (two.page_from, two.page_from - 1) for one, two in itertools.pairwise(made))
    assert sum(passage.words.count("bauherr") for passage in made) == 40 * 150
    assert all("mueller" in passage.words for passage in made)
    assert len(register_passages(heading, (f"Dokument {n}" for n in range(3000)))) > 1


def test_a_vector_has_every_word_and_its_stem_at_its_place() -> None:
    assert vector(["haeuser", GAP, "am", "haeuser"]) == "'haeuser':1,4 '~haus':1,4 'am':3 '~am':3"


def test_a_snippet_shows_the_original_and_is_cut_between_words() -> None:
    text = "Vorspann " * 40 + "Die Bauge-\nnehmigung für Müllers Häuser " + "Nachspann " * 40
    found = snippet(UUID(int=1), 7, text, parse_terms("Baugenehmigung Haus")[0])
    assert found is not None
    assert (found.page, found.terms) == (7, 2)
    assert [found.text[start:end] for start, end in found.marks] == ["Bauge- nehmigung", "Häuser"]
    assert found.text.startswith("Vorspann ")
    assert found.text.endswith("Nachspann")
    assert len(found.text) < 250
    assert snippet(UUID(int=1), 7, "nichts davon", parse_terms("Haus")[0]) is None


@given(st.text(max_size=500), st.text(max_size=20))
def test_marks_lie_inside_the_snippet(text: str, typed: str) -> None:
    found = snippet(UUID(int=1), 1, text, parse_terms(typed)[0])
    if found is not None:
        assert all(0 <= start < end <= len(found.text) for start, end in found.marks)
