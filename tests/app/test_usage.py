"""Wrong words, wrong settings and a wrong place end with one sentence and the right code, without any archive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from app.root import archiv as archiv_group
from catalog.catalog import open_catalog
from flows.settings import CHECKOUT
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.app.processes import archiv
from tests.catalog.build import archive

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


@pytest.mark.parametrize("words", [("--daten", ""), ("--als", ""), ("--als", " ")])
def test_an_empty_name_is_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    assert archiv("akte", "liste", *words, daten=tmp_path).code == 2


def test_wherever_one_akte_is_named_its_band_can_be_named_too() -> None:
    """Of a number with several Bände each of these verbs says: „Bitte mit --band wählen.“"""

    def deaf(command: click.Command, name: str) -> list[str]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            inner = {word: command.get_command(context, word) for word in command.list_commands(context)}
            return [each for word, verb in inner.items() if verb for each in deaf(verb, f"{name} {word}")]
        named = {param.name for param in command.params}
        return [name] if "aktenzeichen" in named and "band" not in named else []

    assert deaf(archiv_group, "archiv") == []


@pytest.mark.parametrize(
    "words",
    [
        ("klaerung", "zeige", "NR"),
        ("sichtung", "loese", "NR", "lesbar"),
        ("sperre", "hebe-auf", "NR", "--grund", "x"),
        ("frist", "freigabe", "NR", "--grund", "x"),
        ("frist", "katalog", "--nr", "NR"),
        ("suche", "x", "--ab", "NR"),
        ("akte", "zeige", "63-1-20", "--band", "NR"),
    ],
)
def test_a_number_that_no_database_holds_is_wrong_usage(words: tuple[str, ...], desk: Desk) -> None:
    ran = desk(*("99999999999999999999" if word == "NR" else word for word in words), "--json")
    assert ran.code == 2
    assert "die Zahl ist zu groß" in ran.err


def test_a_superscript_is_no_number(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number="63-01234-2019")
    assert desk("sperre", "zeige", "²").code == 2
    told = ("ereignis", "melde", "63-1234-19", "structure_demolished", "1.1.2020", "--beleg", "b", "--ersetzt", "²")
    assert desk(*told).code == 2


@pytest.mark.parametrize("verb", ["annahme", "muster"])
def test_a_variable_that_is_not_set_is_not_the_folder_we_are_in(
    verb: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "hier"
    here.mkdir()
    monkeypatch.chdir(here)
    ran = desk(verb, "", "--json")
    assert ran.code == 2
    assert "der Name ist leer" in ran.err
    assert list(here.iterdir()) == []
    assert here.is_dir()


@pytest.mark.parametrize("words", [("--help",), ("akte", "--help"), ("--version",)])
def test_a_help_text_on_a_full_disk_is_no_bug(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli", *words], cwd=CHECKOUT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ran.returncode == 6, ran.stderr
    assert b"Programmfehler" not in ran.stderr


@pytest.mark.parametrize("words", [("einstellungen",), ("einstellungen", "--json")])
def test_a_terminal_that_is_gone_changes_no_exit_code(words: tuple[str, ...], tmp_path: Path) -> None:
    """The service whose terminal was closed ended in order, and with 6 for its last word."""
    terminal, there = os.openpty()
    os.close(terminal)
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        cwd=CHECKOUT,
        env={**os.environ, "ARCHIV_DATEN": str(tmp_path / "nirgends")},
        stdout=there,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    os.close(there)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize(("words", "code"), [(("quatsch",), 2), (("suche", "a"), 7)])
@pytest.mark.parametrize("where", [">/dev/full", "2>/dev/full", ">/dev/full 2>&1", "2>&1 | true"])
def test_what_went_wrong_is_no_bug_because_nobody_can_be_told(
    words: tuple[str, ...], code: int, where: str, tmp_path: Path
) -> None:
    """On a full disk or a closed pipe a mistyped word was a bug of ours with its trace, and an error of ours, too."""
    line = f'"$@" --json {where}; exit ${{PIPESTATUS[0]}}'
    ran = subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "app.cli", *words],
        cwd=CHECKOUT,
        env={**os.environ, "ARCHIV_DATEN": str(tmp_path / "nirgends")},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert (json.loads(ran.stdout)["exit_code"] == code) if where == "2>/dev/full" else not ran.stdout


def test_started_without_any_stream_no_file_gets_the_number_of_one(tmp_path: Path) -> None:
    """The scratch folder had number 2, and what children and libraries say on standard error would have gone there."""
    script = (
        "from app.root import _open_streams; _open_streams(); import os, sys; from pathlib import Path;"
        "handle = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT); print('x'); print('x', file=sys.stderr);"
        "os.write(2, b'x'); os.write(handle, f'{handle > 2} {[os.get_inheritable(n) for n in range(3)]}'.encode())"
    )
    said = tmp_path / "gesagt"
    subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", script, str(said)],
        cwd=CHECKOUT,
        timeout=120,
        check=True,
    )
    assert said.read_text() == "True [True, True, True]"


def test_wrong_usage_with_json_is_still_one_json_value() -> None:
    ran = archiv("suche", "--quatsch", "--json")
    assert (ran.code, ran.json["exit_code"]) == (2, 2)
    assert "Die Option '--quatsch' gibt es nicht." in ran.err


@pytest.mark.parametrize(
    ("variable", "value"), [("ARCHIV_DATNE", "x"), ("ARCHIV_OCR__WORKERS", "viele"), ("ARCHIV_DATABASE", "quatsch")]
)
def test_wrong_settings_end_with_7(variable: str, value: str, tmp_path: Path) -> None:
    ran = archiv("akte", "liste", "--json", daten=tmp_path, **{variable: value})
    assert (ran.code, ran.json["error"]) == (7, "Misconfigured")
    assert variable in ran.json["text"]


def test_a_data_folder_that_cannot_be_one_is_told_in_a_sentence() -> None:
    ran = archiv("akte", "liste", "--daten", CHECKOUT / "Makefile" / "x", "--json")
    assert ran.code == 7
    assert "kein Ordner" in ran.json["text"]
