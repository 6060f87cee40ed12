"""A field that stands in the wrong place is told where it belongs, and not taken for a misspelled one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from akten.errors import Rejected
from ingest.correction import read_wishes
from ingest.slip import parse_slip
from tests.flows.correctionworld import TODAY
from tests.ingest.test_slip import parsed

PAGE = {"betreff": "Plan", "seiten": "1"}


def told(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(Rejected) as caught:
        parsed(**changes)
    return [(finding.code, finding.text) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ersetzt": "Plan"}, "zu einem Dokument (unter „dokumente“ eines Vorgangs)"),
        ({"zeichen": "B 1"}, "zu einem Vorgang (unter „vorgaenge“)"),
        ({"typ": "Plan"}, "zu einem Vorgang (unter „vorgaenge“) oder zu einem Dokument"),
        ({"vorgaenge": [{"betreff": "x", "dokumente": [PAGE], "ersetzt": "Plan"}]}, "zu einem Dokument"),
        ({"vorgaenge": [{"betreff": "x", "dokumente": [{**PAGE, "zeichen": "B 1"}]}]}, "zu einem Vorgang"),
        ({"vorgaenge": [{"betreff": "x", "dokumente": [{**PAGE, "operator": "k"}]}]}, "ganz oben auf den Laufzettel"),
    ],
)
def test_a_field_of_another_part_is_told_where_it_belongs(changes: dict[str, Any], words: str) -> None:
    ((code, text),) = told(**changes)
    assert code == "IN-12"
    assert f"Es gehört {words}" in text
    assert "Meinten Sie" not in text


def test_a_misspelled_field_still_has_the_near_one() -> None:
    ((code, text),) = told(ersezt="Plan", betref="x")[:1]
    assert (code, "gibt es hier nicht" in text) == ("IN-12", True)
    assert [text for _, text in told(operatr="x") if "„operator“" in text]


@pytest.mark.parametrize("empty", ["", "  ", "\u2003"])
def test_an_empty_word_for_what_is_replaced_is_a_fault_since_the_akte_would_have_both(empty: str) -> None:
    ((code, text),) = told(vorgaenge=[{"betreff": "x", "dokumente": [{**PAGE, "ersetzt": empty}]}])
    assert (code, "das Feld weglassen" in text) == ("IN-14", True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.yaml", "betreff: a\nbetreff: b\n"),
        ("b.yaml", "betreff: Haus: Garten\n"),
        ("b.yaml", ""),
        ("b.yaml", "a: &x 1\nb: *x\n"),
        ("b.json", '{"betreff": "x"'),
        ("b.json", '{"betreff": "x"} // neu'),
    ],
)
def test_a_file_of_corrections_is_not_called_a_slip(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Rejected) as caught:
        read_wishes(tmp_path / name, TODAY)
    assert "Laufzettel" not in str(caught.value)


@pytest.mark.parametrize("marks", [0, 1, 2])
def test_however_many_marks_of_their_order_the_bytes_begin_with_no_word_is_swallowed(marks: int) -> None:
    """Behind a second one libyaml counted all places wrong, and „Haus #5“ was archived as „Haus“."""
    text = "aktenart: Bauakte\naktenzeichen: 63-1-20\nbetreff: Haus #5\noperator: k\nblattzahl: 1\n"
    with pytest.raises(Rejected) as caught:
        parse_slip(("\ufeff" * marks + text).encode(), "laufzettel.yaml")
    assert [(f.code, f.where) for f in caught.value.findings] == [("IN-10", "laufzettel.yaml, Zeile 3")]


def test_an_instant_that_has_no_day_in_berlin_is_told_and_ends_no_later_step() -> None:
    """A person may accept a day to come (IN-22); of this one nobody could have said which it is."""
    ((code, _),) = told(gescannt_am="9999-12-31T23:59-14:00")
    assert code == "IN-14"


def test_a_day_before_all_files_is_not_called_ill_written() -> None:
    """3.4.1499 has the form that was asked for and stands in the calendar: the clerk was told that it has not."""
    assert told(zda_datum="3.4.1499") == [
        ("IN-14", "Ein Datum hat die Form 2019-03-05 oder 05.03.2019, steht im Kalender und liegt nicht vor 1500.")
    ]
