"""On a narrow terminal the Aktenzeichen stays whole: a clerk reads it off and types it again."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from app.show import Listing, number_column

NUMBER = "34-002207-2012"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_aktenzeichen_is_never_cut(width: int) -> None:
    table = Table(number_column(), "Aktenart", "Es fehlt", "Seit", "Zu fragen", box=None)
    table.add_row(NUMBER, "Ausländerakte", "Übernahme in die Ausländerdatei B", "02.10.2012", "Ausländerbehörde " * 3)
    shown = io.StringIO()
    Console(file=shown, width=width).print(table)
    assert NUMBER in shown.getvalue()


def test_what_is_too_long_for_its_column_is_folded_and_not_cut() -> None:
    """Of „31.12.2…“ nobody knows the year, and of „aufgeho…“ nobody the end."""
    cells = (
        "aufgehoben",
        "31.12.2028",
        "Rechtsstreit, Widerspruch, Petition oder Akteneinsicht",
        "VG Düsseldorf 4 K 12/26",
    )
    table = Listing("Stand", "Bis", "Art", "Bezug", number_column(), box=None)
    table.add_row(*cells, NUMBER)
    shown = io.StringIO()
    Console(file=shown, width=40).print(table)
    assert "…" not in shown.getvalue()
    letters = sorted(shown.getvalue().replace("\n", "").replace(" ", ""))
    assert letters == sorted("".join(("StandBisArtBezugAktenzeichen", *cells, NUMBER)).replace(" ", ""))
