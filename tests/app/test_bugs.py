"""A bug ends with its trace in a file below the data folder; what a person did wrong leaves none."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from akten.errors import Forbidden
from app.command import Call, verb
from flows.bugs import BUGS


@click.command()
@click.argument("kind")
@verb
def probe(call: Call, kind: str) -> None:
    del call
    if kind == "usage":
        raise click.UsageError("so nicht")
    if kind == "forbidden":
        raise Forbidden("nein")
    if kind == "disk":
        raise OSError(errno.EIO, "Input/output error")
    if kind == "odd":
        raise OSError(errno.ENXIO, "a fault that no sentence is for")
    if kind == "here":
        Path("relative").absolute()
    raise ZeroDivisionError("the bug")


@pytest.mark.parametrize(("kind", "words"), [("bug", "ZeroDivisionError: the bug"), ("odd", "no sentence is for")])
def test_a_bug_leaves_its_trace_in_the_data_folder(kind: str, words: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(probe, [kind, "--daten", str(tmp_path)])
    assert ran.exit_code == 1
    log = tmp_path / BUGS
    assert words in log.read_text(encoding="utf-8")
    assert log.stat().st_mode & 0o077 == 0


def test_an_ill_disk_is_no_bug_and_leaves_its_trace_all_the_same(tmp_path: Path) -> None:
    ran = CliRunner().invoke(probe, ["disk", "--daten", str(tmp_path)])
    assert (ran.exit_code, "der Datenträger meldet einen Fehler" in ran.stderr) == (6, True)
    assert "Input/output error" in (tmp_path / BUGS).read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "code"), [("usage", 2), ("forbidden", 4)])
def test_what_is_no_bug_leaves_none(kind: str, code: int, tmp_path: Path) -> None:
    ran = CliRunner().invoke(probe, [kind, "--daten", str(tmp_path)])
    assert ran.exit_code == code
    assert not (tmp_path / BUGS).exists()


def test_without_a_data_folder_none_is_made(tmp_path: Path) -> None:
    CliRunner().invoke(probe, ["bug", "--daten", str(tmp_path / "nirgends")])
    assert not (tmp_path / "nirgends").exists()


@pytest.mark.parametrize("daten", ["absolute", "relative"])
def test_a_current_folder_that_was_deleted_is_told_and_no_bug(
    daten: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ran = CliRunner().invoke(probe, ["here", "--daten", str(tmp_path) if daten == "absolute" else daten])
    assert (ran.exit_code, "gibt es nicht mehr" in ran.stderr) == (2, True)
    assert not (tmp_path / BUGS).exists()
