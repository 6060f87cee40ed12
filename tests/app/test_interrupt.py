"""Ctrl-C ends a command in one German sentence whenever it comes, also while its modules are still being loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.interrupt import AS_JSON, CODE, TEXT
from app.output import error_json
from flows.settings import CHECKOUT

# Presses Ctrl-C when the named module is imported for the first time, then calls the command.
PRESS = """
import builtins, os, signal, sys
signal.signal(signal.SIGINT, getattr(signal, sys.argv[1]))
wanted, imported = sys.argv[2], builtins.__import__
def press(name, *more, **options):
    if name == wanted:
        builtins.__import__ = imported
        os.kill(os.getpid(), signal.SIGINT)
    return imported(name, *more, **options)
builtins.__import__ = press
sys.argv[:] = ["archiv", *sys.argv[3:]]
from app.cli import main
main()
"""


def pressed(where: str, *words: str, start: str = "default_int_handler") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRESS, start, where, *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("where", ["app.root", "click", "app.german", "pydantic_settings", "app.one_akte"])
def test_ctrl_c_while_loading_shows_one_sentence_and_no_trace(where: str, tmp_path: Path) -> None:
    ran = pressed(where, "suche", "x", "--daten", str(tmp_path))
    assert (ran.returncode, ran.stdout, ran.stderr) == (CODE, "", f"{TEXT}\n")
    assert list(tmp_path.iterdir()) == []


def test_with_json_there_is_still_one_json_value_of_the_usual_form(tmp_path: Path) -> None:
    ran = pressed("click", "suche", "x", "--json", "--daten", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (CODE, AS_JSON)
    assert json.dumps(error_json("Abort", CODE, TEXT), ensure_ascii=False, indent=2) + "\n" == AS_JSON


def test_later_it_is_an_exception_that_ends_in_the_same_words(tmp_path: Path) -> None:
    ran = pressed("alembic", "annahme", "--daten", str(tmp_path / "neu"))  # a command that has begun its work
    assert (ran.returncode, ran.stdout) == (CODE, "")
    assert ran.stderr.endswith(f"{TEXT}\n")
    assert "Traceback" not in ran.stderr


def test_a_command_started_in_the_background_goes_on_ignoring_it(tmp_path: Path) -> None:
    ran = pressed("click", "einstellungen", "--daten", str(tmp_path), start="SIG_IGN")
    assert (ran.returncode, ran.stderr) == (0, "")
