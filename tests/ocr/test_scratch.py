"""Scratch of a killed process is removed by the next one; that of a living one never is."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ocr import scratch
from ocr.scratch import PREFIX, ScratchFolder, sweep
from tests.conftest import ROOT

OWNER = """
import sys
from ocr.scratch import ScratchFolder
folder = ScratchFolder("ocr")
(folder.path / "seite.txt").write_text("Personalakte")
(folder.path / "tiefer").mkdir(mode=0o500)
print(folder.path, flush=True)
sys.stdin.read()
"""
POOL = """
import sys
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.warm import WarmSandbox
from ocr.walls import sandbox_kind
pool, warm = PagePool(1, OcrOptions()), WarmSandbox(OcrOptions(), 1)
warm.prepare("ocr.sandbox")
print("da", flush=True)
sys.stdin.read()
"""
Start = Callable[[str], tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an owner whose temporary folder is `tmp_path`; gives it and the line that it said."""
    running: list[subprocess.Popen[str]] = []

    def call(code: str) -> tuple[subprocess.Popen[str], str]:
        one = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(one)
        assert one.stdout is not None
        return one, one.stdout.readline().strip()

    yield call
    for one in running:
        one.kill()
        one.communicate()


def killed(one: subprocess.Popen[str]) -> None:
    one.send_signal(signal.SIGKILL)
    one.wait()


def test_the_folder_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(start: Start, tmp_path: Path) -> None:
    dead, left = start(OWNER)
    living, kept = start(OWNER)
    killed(dead)
    assert Path(left, "seite.txt").is_file()  # a kill leaves it
    assert sweep(tmp_path) == 1
    assert not Path(left).exists()
    assert Path(kept, "seite.txt").read_text() == "Personalakte"
    killed(living)
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_next_start_of_a_process_that_makes_such_folders_sweeps(start: Start, tmp_path: Path) -> None:
    dead, left = start(OWNER)
    killed(dead)
    _, own = start(OWNER)
    assert [str(path) for path in tmp_path.iterdir()] == [own]
    assert own != left


def test_page_workers_and_sandboxes_of_a_killed_process_leave_nothing_for_ever(start: Start, tmp_path: Path) -> None:
    dead, said = start(POOL)
    assert said == "da"
    kinds = {path.name.split("-")[1] for path in tmp_path.iterdir()}
    assert kinds == {"ocr", "warm"}
    killed(dead)
    assert sweep(tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_as_it_should_leaves_nothing(start: Start, tmp_path: Path) -> None:
    one, _ = start(OWNER)
    one.communicate("")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "archiv-warm-abc").mkdir()  # an older version may be running
    (tmp_path / f"{PREFIX}datei").write_text("")
    elsewhere = tmp_path / "woanders"
    elsewhere.mkdir()
    (tmp_path / f"{PREFIX}verweis").symlink_to(elsewhere)
    (tmp_path / f"{PREFIX}ocr-fremd").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert sweep(tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == before
    assert sweep(tmp_path / "nirgends") == 0


def test_without_locks_a_folder_is_made_and_none_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", none)
    with ScratchFolder("ocr") as folder:
        assert folder.is_dir()
        assert sweep(tmp_path) == 0
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_that_a_sweep_met_before_it_was_held_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, real = [], fcntl.flock

    def meanwhile(handle: int, how: int) -> None:
        if not held:
            held.append(handle)
            raise BlockingIOError
        real(handle, how)

    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    scratch._sweep_once(tmp_path)
    monkeypatch.setattr(fcntl, "flock", meanwhile)
    with ScratchFolder("ocr") as folder:
        assert len(list(tmp_path.iterdir())) == 2  # the other is the sweep's to remove
        assert sweep(tmp_path) == 1
        assert folder.is_dir()


def test_a_fork_removes_nothing_of_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    with ScratchFolder("ocr") as folder:
        if (child := os.fork()) == 0:
            scratch._remove(folder, None, os.getppid())
            os._exit(0)
        os.waitpid(child, 0)
        assert folder.is_dir()
