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
    file.write_text(f"Aktenzeichen;Ereignis;Datum;Beleg\n{rows}", encoding="utf-8")
    told = filled("ereignis", "import", file, "--probe", "--json").json["rows"]
    assert [[finding["code"] for finding in row["findings"]] for row in told] == [["EV-02"]] * 40
    assert "„Wegzugsmeldung“" in told[-1]["findings"][0]["text"]
    assert len(asked) == len(set(asked)) > 0
