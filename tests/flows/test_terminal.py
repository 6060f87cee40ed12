"""What people read on the terminal: foreign names are shown and neither obeyed nor read as markup."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.table import Table
from rich.text import Text

from app.output import Output, open_output
from flows.progress import progress_display
from flows.terminal import Terminal
from ingest.claimed import ClaimedDelivery, Origin, write_origin

HOSTILE = "a\x1b[31m\x1b]0;Titel\x07\x9b2J\u202efdp.exe"


def shown(*what: Any) -> str:
    out = io.StringIO()
    console = Terminal(file=out, width=100, highlight=False, markup=False, force_terminal=True, color_system="standard")
    for each in what:
        console.print(each, soft_wrap=True)
    return out.getvalue()


def test_what_a_terminal_would_obey_is_shown_as_a_sign() -> None:
    table = Table("Stelle")
    table.add_row(HOSTILE)
    for each in (Text(HOSTILE.replace("\x07", "")), table):
        said = shown(each)
        assert "\x1b]0" not in said
        assert "\x9b" not in said
        assert "\u202e" not in said
        assert "a␛[31m␛]0;Titel" in said
    assert "\x1b[31mFehler:\x1b[0m x\ny" in shown(Text.assemble(("Fehler:", "red"), " x\ny"))


def test_the_consoles_of_a_command_are_such(capsys: pytest.CaptureFixture[str]) -> None:
    output = open_output(as_json=False)
    output.out.print(HOSTILE)
    output.say(HOSTILE)
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert "fdp.exe" in told.out
    assert "fdp.exe" in told.err


@pytest.mark.parametrize("name", ["[red]Akte", "a\x1b[31m"])
def test_any_name_of_a_delivery_can_be_told_while_it_is_in_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    claimed = ClaimedDelivery(uuid4(), tmp_path)
    write_origin(tmp_path, Origin(tmp_path / name, is_zip=False))
    with progress_display() as show:
        show(claimed)("Lesen", 1, 2)
    assert name.replace("\x1b", "␛") in capsys.readouterr().err


def test_signs_are_counted_when_columns_are_laid_out() -> None:
    table = Table("Stelle", "Text", box=None)
    table.add_row("a\x1bb", "eins")
    table.add_row("axb", "zwei")
    first, second = (line for line in shown(table).splitlines() if "eins" in line or "zwei" in line)
    assert first.index("eins") == second.index("zwei")


@pytest.mark.parametrize(
    ("as_json", "terminal", "told"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_who_waits_at_a_terminal_sees_that_something_is_done(as_json: bool, terminal: bool, told: bool) -> None:
    out, err = io.StringIO(), io.StringIO()
    consoles = (Terminal(file=each, width=100, force_terminal=terminal) for each in (out, err))
    with Output(as_json, *consoles).working("Die ganze Kette wird gelesen"):
        pass
    assert (out.getvalue(), "Die ganze Kette wird gelesen" in err.getvalue()) == ("", told)
