"""Nothing that was typed, or stands in a record, steers the terminal of whoever reads it."""

from __future__ import annotations

import io

import pytest
from rich.table import Table

from catalog.catalog import open_catalog
from flows.terminal import Terminal, visible
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.app.processes import archiv
from tests.catalog.build import archive

STEERS = "\x1b[2J\x9b31m\u202e"


def test_what_steers_a_terminal_becomes_a_sign_and_letters_stay() -> None:
    assert visible(f"Müßig{STEERS}x\ty\n\x7f") == "Müßig␛[2J\ufffd31m\ufffdx\ty\n␡"
    assert visible("Straße „ﬃ“ – אב ‎") == "Straße „ﬃ“ – אב ‎"


def test_the_colours_of_the_program_itself_stay() -> None:
    file = io.StringIO()
    console = Terminal(file=file, force_terminal=True, color_system="standard", width=60)
    table = Table("Betreff", box=None)
    table.add_row(f"[red]{STEERS}", style="red")
    console.print(table)
    assert "\x1b[31m" in file.getvalue()
    assert "\x1b[2J" not in file.getvalue()
    assert "\x9b" not in file.getvalue()


@pytest.mark.parametrize("words", [("akte", "zeige", STEERS), ("frist", "zeige", STEERS), ("sperre", "zeige", STEERS)])
def test_what_was_typed_is_told_again_without_obeying_it(desk: Desk, words: tuple[str, ...]) -> None:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1)
    ran = desk(*words)
    assert "␛" in ran.out + ran.err
    assert not set("\x1b\x9b\u202e") & set(ran.out + ran.err)


@pytest.mark.real
def test_a_word_too_many_is_told_again_without_obeying_it() -> None:
    ran = archiv("akte", "zeige", "63-1-20", "zu viel\x1b[2J")
    assert ran.code == 2
    assert "Zu viele Angaben: zu viel␛[2J" in ran.err
