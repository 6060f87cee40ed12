"""A delivery that is named while it is still being written is taken whole; one that is quiet costs no waiting."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.settling import first_look, still_written
from tests.ingest.builders import fill

QUIET = 5.0


class Desk:
    """A clock that runs only while somebody sleeps, and what the copying program does at each second of it."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.acts = list(acts)
        self.slept = 0.0
        self.said: list[Path] = []
        self.began = time.time()

    def now(self) -> float:
        return self.began + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        if self.acts:
            self.acts.pop(0)()

    def wait(self, *paths: Path) -> frozenset[Path]:
        first = first_look(paths, self.now(), QUIET)
        return still_written(first, quiet_seconds=QUIET, now=self.now, sleep=self.sleep, say=self.said.append)


def grow(path: Path) -> Callable[[], object]:
    def act() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    return act


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    return fill(tmp_path / "lieferung")


def test_a_fresh_delivery_that_is_whole_waits_a_moment_and_says_nothing(delivery: Path) -> None:
    desk = Desk()
    assert desk.wait(delivery, delivery.with_name("fehlt")) == frozenset()
    assert (desk.said, 0.0 < desk.slept < 0.5) == ([], True)


def test_one_that_has_been_quiet_waits_for_nothing(delivery: Path) -> None:
    desk = Desk()
    desk.began += QUIET + 1
    assert (desk.wait(delivery), desk.slept) == (frozenset(), 0.0)


def test_other_work_between_the_looks_takes_the_place_of_waiting(delivery: Path) -> None:
    desk = Desk()
    first = first_look([delivery], desk.now(), QUIET)
    desk.slept = 2.0
    still_written(first, quiet_seconds=QUIET, now=desk.now, sleep=desk.sleep, say=desk.said.append)
    assert desk.slept == 2.0


def test_a_file_that_grows_is_waited_for_until_it_is_quiet_as_in_the_inbox(delivery: Path) -> None:
    scan = delivery / "scan2.tif"
    desk = Desk(*[grow(scan)] * 4)
    assert desk.wait(delivery) == frozenset()
    assert desk.said == [delivery]
    assert 3 + QUIET <= desk.slept < 6 + QUIET


@pytest.mark.parametrize("change", ["new file", "file gone", "time set back", "deep file"])
def test_every_change_counts(delivery: Path, change: str) -> None:
    scan = fill(delivery / "unter" / "ordner") / "scan1.tif"
    acts: dict[str, Callable[[], object]] = {
        "new file": lambda: (delivery / "scan3.tif").write_bytes(b"x"),
        "file gone": (delivery / "scan1.tif").unlink,
        "time set back": lambda: os.utime(scan, (1, 1)),
        "deep file": grow(scan),
    }
    desk = Desk(acts[change])
    assert (desk.wait(delivery), desk.said) == (frozenset(), [delivery])


def test_what_never_gets_quiet_is_named_and_does_not_keep_the_others(delivery: Path, tmp_path: Path) -> None:
    other = fill(tmp_path / "andere")
    desk = Desk(*[grow(delivery / "protokoll.log")] * 1000)
    assert desk.wait(delivery, other) == frozenset({delivery})
    assert (desk.said, 590 < desk.slept < 620) == ([delivery], True)


def test_what_another_process_took_meanwhile_is_not_waited_for(delivery: Path) -> None:
    desk = Desk(lambda: shutil.rmtree(delivery))
    assert (desk.wait(delivery), desk.said) == (frozenset(), [])


def test_a_link_is_not_followed_and_a_huge_folder_named_by_mistake_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kreis").symlink_to(tmp_path)
    monkeypatch.setattr("ingest.settling._MOST", 3)
    for number in range(9):
        (tmp_path / f"{number}").mkdir()
    ((_, state),) = first_look([tmp_path], time.time(), QUIET).young.items()
    assert len(state) == 3
