"""Ctrl-C and SIGTERM end a command in one German sentence, also while its modules are still being loaded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.interrupt import AS_JSON, CODE, TERMINATED, TERMINATED_AS_JSON, TERMINATED_TEXT, TEXT
from app.output import error_json
from flows.settings import CHECKOUT

# Presses Ctrl-C, or sends another signal, when the named module is imported for the first time, then calls the command.
PRESS = """
import builtins, os, signal, sys
number = getattr(signal, sys.argv[3])
signal.signal(number, getattr(signal, sys.argv[1]))
wanted, imported = sys.argv[2], builtins.__import__
def press(name, *more, **options):
    if name == wanted:
        builtins.__import__ = imported
        os.kill(os.getpid(), number)
    return imported(name, *more, **options)
builtins.__import__ = press
sys.argv[:] = ["archiv", *sys.argv[4:]]
from app.cli import main
main()
"""


def pressed(
    where: str, *words: str, start: str = "default_int_handler", number: str = "SIGINT"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRESS, start, where, number, *words],
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


@pytest.mark.parametrize("where", ["app.root", "click", "alembic"])
def test_sigterm_ends_it_with_143_and_one_json_value_whenever_it_comes(where: str, tmp_path: Path) -> None:
    """Standard output was empty: whoever reads it could not tell an end from outside from a fault."""
    told = {"start": "SIG_DFL", "number": "SIGTERM"}
    ran = pressed(where, "annahme", "--json", "--daten", str(tmp_path / "neu"), **told)
    assert (ran.returncode, ran.stdout) == (TERMINATED, TERMINATED_AS_JSON)
    value = error_json("Terminated", TERMINATED, TERMINATED_TEXT)
    assert json.dumps(value, ensure_ascii=False, indent=2) + "\n" == TERMINATED_AS_JSON
    ran = pressed(where, "annahme", "--daten", str(tmp_path / "neu"), **told)
    assert (ran.returncode, ran.stdout) == (TERMINATED, "")
    assert ran.stderr.endswith(f"{TERMINATED_TEXT}\n")


# Writes a result that no pipe holds, once the signal may come; and forks a child that gets the signal, too.
WRITE = """
import os, sys
sys.argv.append("--json")
from app.interrupt import end_at_once
end_at_once()
from app.output import write_json
if child := os.fork():
    print(child, file=sys.stderr, flush=True)
    write_json(["x" * 4_000_000])
else:
    import time
    time.sleep(60)
"""


def test_a_result_that_is_being_written_goes_out_whole_and_a_child_says_nothing() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        child = int(ran.stderr.readline())
        first = ran.stdout.read(1)
        os.kill(child, signal.SIGTERM)
        ran.send_signal(signal.SIGTERM)
        assert len(json.loads(first + ran.stdout.read())[0]) == 4_000_000
        assert ran.stderr.read() == b""
    assert ran.returncode == 0


def test_what_goes_on_is_the_same_command_and_not_only_an_intake() -> None:
    """Of a rebuilt index or a copy put there anew, `archiv annahme` continues nothing."""
    for told in (TEXT, TERMINATED_TEXT):
        assert "setzt derselbe Befehl fort" in told
