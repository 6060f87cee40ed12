"""The command line speaks German: each sentence of click is provoked, and no English comes back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.german import SENTENCES, speak_german
from app.root import archiv
from tests.conftest import ROOT

ENGLISH = re.compile(
    r"\b(Usage|Options|Arguments|Commands?|COMMAND|ARGS|OPTIONS|Error|Show|Try|Missing|Invalid|No such|Did you|Got|"
    r"default|required|INTEGER|RANGE|PATH|DIRECTORY|FILE|FLOAT|BOOLEAN|the|and|with|value|argument|does|exist|not|"
    r"exit|help|message|requires|takes|unexpected|Choose|format|valid|range)\b"
)
# Our own English words that stand in commands and settings.
OURS = re.compile(r"archiv \S+|--[a-z-]+|--help|XDOMEA|BagIt|Prefect")


@pytest.fixture(scope="module", autouse=True)
def german() -> None:
    speak_german()


def english_in(text: str) -> list[str]:
    return ENGLISH.findall(OURS.sub("", text))


def leaves(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """Every command of the tree, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, *names, name)
        else:
            yield (*names, name)


COMMANDS = sorted(leaves(archiv))
GROUPS = sorted({words[:-1] for words in COMMANDS})


@pytest.mark.parametrize("words", [*GROUPS, *COMMANDS], ids=" ".join)
def test_help_is_german_and_every_option_is_explained(words: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(archiv, [*words, "--help"], prog_name="archiv")
    assert ran.exit_code == 0
    assert "Aufruf: archiv" in ran.output
    assert "Zeigt diese Hilfe." in ran.output
    assert english_in(ran.output) == []


@pytest.mark.parametrize("words", GROUPS, ids=" ".join)
def test_a_list_of_words_tells_each_in_a_whole_sentence(words: tuple[str, ...]) -> None:
    assert "..." not in CliRunner().invoke(archiv, [*words, "--help"], prog_name="archiv").output.split("Befehle:")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "Befehle:"),
        ("akte", "Befehle:"),
        ("--version", "Aktenarchiv 0"),
        ("gibtsnicht", "Den Befehl 'gibtsnicht' gibt es nicht."),
        ("such", "Meinten Sie 'suche'?"),
        ("akte i", "Den Befehl 'i' gibt es nicht."),
        ("suche", "Es fehlt die Angabe 'TEXT'."),
        ("akte hole 63-1-20", "Es fehlt die Option '--ziel'."),
        ("suche x y", "Zu viele Angaben: y"),
        ("suche x y z", "Zu viele Angaben: y z"),
        ("suche x --quatsch", "Die Option '--quatsch' gibt es nicht."),
        ("suche x --volltex", "Meinten Sie '--volltext'?"),
        ("suche x --a 3", "Meinten Sie: "),
        ("suche x --volltext=1", "Die Option '--volltext' nimmt keinen Wert."),
        ("akte hole x --ziel", "Die Option '--ziel' braucht einen Wert."),
        ("suche x --von gestern", "'gestern' ist kein Tag; bitte so: 31.12.2025"),
        ("suche x --anzahl 0", "0 liegt nicht im Bereich 1 bis 1000."),
        ("suche x --ab -1", "-1 liegt nicht im Bereich ab 0."),
        ("suche x --anzahl viele", "'viele' ist keine ganze Zahl."),
        ("klaerung zeige abc", "Ungültiger Wert für 'NR': 'abc' ist keine ganze Zahl."),
        ("suche x --aktenart Kochbuch", "'Kochbuch' steht nicht zur Wahl; möglich sind "),
        ("sichtung loese 1", "Zur Wahl stehen:"),
        ("sichtung loese 1 schön", "'schön' steht nicht zur Wahl"),
        ("bag pruefe gibtsnicht", "'gibtsnicht' gibt es nicht."),
        ("klaerung loese 1 --laufzettel .", "'.' ist ein Ordner."),
        ("klaerung loese 1 --dateien Makefile", "'Makefile' ist eine Datei."),
        ("--daten Makefile akte liste", "'Makefile' ist eine Datei."),
        ("klaerung loese 1", "Bitte genau eines"),
        ("klaerung loese 1 --annehmen", "nur mit einer Begründung"),
        ("fixity pruefe", "Bitte genau eines"),
        ("protokoll zeige", "Bitte ein Aktenzeichen"),
        ("muster app", "ist nicht leer"),
    ],
)
def test_every_wrong_call_is_told_in_german(arguments: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = CliRunner().invoke(archiv, arguments.split(), prog_name="archiv")
    assert ran.exit_code == (0 if arguments == "--version" else 2)
    assert told in ran.output
    assert english_in(ran.output) == []


@pytest.mark.parametrize("words", [("--daten", "app", "akte", "liste"), ("akte", "liste", "--daten", "app")])
def test_a_data_folder_of_another_account_is_told_in_german(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed to the account that calls: „Directory 'app' ist nicht lesbar.“"""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("os.access", lambda *_: False)
    ran = CliRunner().invoke(archiv, words, prog_name="archiv")
    assert (ran.exit_code, "'--daten': Ordner 'app' ist nicht lesbar." in ran.output) == (2, True)


def test_every_sentence_of_click_has_a_german_one() -> None:
    """A new release of click that says something new shows up here, not at a clerk's desk."""
    folder = Path(str(click.__file__)).parent
    modules = ("core", "decorators", "exceptions", "formatting", "parser", "types")
    said = {
        part.value
        for module in modules
        for call in ast.walk(ast.parse((folder / f"{module}.py").read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "ngettext")
        for part in call.args
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    # What only a programmer can cause while declaring commands is no sentence for people.
    declaring = re.compile(r"decls?|defined twice|No options defined|declaration")
    assert {text for text in said - set(SENTENCES) if not declaring.search(text)} == set()
    for english, german in SENTENCES.items():
        assert set(re.findall(r"{(\w+)", german)) <= set(re.findall(r"{(\w+)", english)), english


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_stands_in_the_documents_for_its_users(words: tuple[str, ...]) -> None:
    text = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("handbuch.md", "operations.md"))
    *front, last = words
    together = rf"archiv (?:\w+\|)*{' '.join(front)}(?:\|\w+)* {last}\b" if front else rf"archiv {last}\b"
    assert re.search(together, text), f"archiv {' '.join(words)} is not documented"
