"""`archiv ereignis import` on lists of many rows: what is looked for once is not looked for with every row."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest

from catalog.catalog import open_catalog
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.catalog.build import receive

HEAD = "Aktenzeichen;Ereignis;Datum;Beleg\n"


def test_what_is_near_to_an_unknown_event_is_looked_for_once_and_told_of_each_row(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took 5 ms each time: eight minutes for the longest list with a word of its own for one event."""
    with open_catalog(catalog_url(tmp_path / "register")) as catalog:
        receive(catalog, "a", number="63-00009-2020")
    filled = desk.filled_from(tmp_path / "register")
    asked: list[str] = []
    nearest = difflib.get_close_matches

    def counted(word: str, *others: Any, **more: Any) -> list[str]:
        asked.append(word)
        return nearest(word, *others, **more)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    rows = "".join(f"63-00009-2020;{word};17.5.2020;Urkunde\n" for word in ("Sterbemeldung", "Wegzugsmeldung") * 20)
    file = tmp_path / "liste.csv"
    file.write_text(f"{HEAD}{rows}", encoding="utf-8")
    told = filled("ereignis", "import", file, "--probe", "--json").json["rows"]
    assert [[finding["code"] for finding in row["findings"]] for row in told] == [["EV-02"]] * 40
    assert "„Wegzugsmeldung“" in told[-1]["findings"][0]["text"]
    assert len(asked) == len(set(asked)) > 0


def test_of_a_long_list_the_wrong_row_is_shown_and_then_what_is_to_be_looked_at(desk: Desk, tmp_path: Path) -> None:
    """Known rows stood before it and filled the screen; that a row names another day was not told at all."""
    with open_catalog(catalog_url(tmp_path / "register")) as catalog:
        receive(catalog, "a", number="63-00009-2020")
    filled = desk.filled_from(tmp_path / "register")
    file, known = tmp_path / "liste.csv", "63-00009-2020;death;17.5.2020;Urkunde\n" * 150
    wrong = "63-00009-2020;death;17.5.2020;\n"
    file.write_text(f"{HEAD}{known}63-00009-2020;death;18.5.2020;Auszug\n{wrong}", encoding="utf-8")
    ran = filled("ereignis", "import", file, "--probe")
    assert ran.code == 3
    places = [ran.out.index(words) for words in ("\n 153 ", "\n 152 ", "\n 3 ")]
    assert places == sorted(places)
    assert "EV-08" in ran.out
    assert "EV-10" in ran.out
