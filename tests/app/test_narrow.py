"""On a narrow terminal the Aktenzeichen stays whole: a clerk reads it off and types it again."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from app.show import number_column

NUMBER = "34-002207-2012"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_aktenzeichen_is_never_cut(width: int) -> None:
    table = Table(number_column(), "Aktenart", "Es fehlt", "Seit", "Zu fragen", box=None)
    table.add_row(NUMBER, "Ausländerakte", "Übernahme in die Ausländerdatei B", "02.10.2012", "Ausländerbehörde " * 3)
    shown = io.StringIO()
    Console(file=shown, width=width).print(table)
    assert NUMBER in shown.getvalue()
