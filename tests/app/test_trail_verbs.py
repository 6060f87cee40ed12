"""`archiv protokoll zeige` and `akte hole`: spans, names and numbers at the edge of what can be asked."""

from __future__ import annotations

import pytest

from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import NOON, archive

NUMBER = "63-01234-2019"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number=NUMBER)
    return desk


def test_the_last_day_belongs_to_the_span(filled: Desk) -> None:
    day = f"{NOON:%d.%m.%Y}"
    assert filled("protokoll", "zeige", "--von", day, "--bis", day, "--json").json != []
    assert filled("protokoll", "zeige", "--bis", "01.01.2000", "--json").json == []


@pytest.mark.parametrize("span", [("--von", "01.01.0001", "--bis", "31.12.9999"), ("--von", "0001-01-01")])
def test_the_ends_of_the_calendar_are_days_too(span: tuple[str, ...], filled: Desk) -> None:
    assert filled("protokoll", "zeige", *span, "--json").json != []
    assert filled("protokoll", "zeige", "--von", "31.12.9999", "--json").json == []
    assert filled("protokoll", "zeige", "--bis", "01.01.0001", "--json").json == []


def test_an_empty_number_is_unknown_and_not_the_whole_trail(filled: Desk) -> None:
    ran = filled("protokoll", "zeige", "", "--json")
    assert (ran.code, ran.json["error"]) == (2, "Unknown")


def test_an_account_whose_name_is_no_text_did_nothing(filled: Desk) -> None:
    assert filled("protokoll", "zeige", "--benutzer", "anna\udcff", "--json").json == []


def test_a_version_that_is_not_there_is_told_by_its_number(filled: Desk) -> None:
    ran = filled("akte", "hole", NUMBER, "--ziel", "heraus", "--version", "0", "--zweck", "x")
    assert (ran.code, "Version 0 nicht" in ran.err) == (2, True)
