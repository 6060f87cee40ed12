"""Checksums are the same by children and alone; a child that is killed costs nothing, a judge that dies leaves none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from archive.bagcheck import Limits, check_bag, check_tar
from archive.baginventory import Inventory
from tests.bagbuilder import BagBuilder, swap, tar_of
from tests.conftest import ROOT

BIG = {f"data/{folder}/{n:02d}": bytes([n]) * 3_000_000 for folder in "ab" for n in range(4)}
# a judge that is forked only when it has one thread needs a process without the threads of a test run
JUDGE = """
import os, signal, sys
from pathlib import Path
from archive import baghash, bagcheck
forked = []
fork = os.fork
allowed = {"none": 0, "one": 1}.get(sys.argv[2], 9)
def counted():
    if len(forked) == allowed:
        raise BlockingIOError(11, "no more processes")
    child = fork()
    forked.append(child)
    return child
os.fork = counted
if sys.argv[2] == "kill":
    work = baghash.Hashing._serve
    def serve(self, *how):
        if len(forked) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        work(self, *how)
    baghash.Hashing._serve = serve
report = bagcheck.judge_path(Path(sys.argv[1]))
print(report.judgement, len(forked), *sorted((f.code, f.where) for f in report.findings))
try:
    os.waitpid(-1, os.WNOHANG)
    print("left")
except ChildProcessError:
    pass
"""


def judged(path: Path, how: str = "") -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", JUDGE, path, how], env=env, capture_output=True, text=True, check=True
    )
    assert found.stderr == ""
    return found.stdout.strip()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return BagBuilder(payload=BIG).folder(tmp_path / "good")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """One bit is wrong in the last file."""
    return BagBuilder(payload=BIG, late={"data/b/03": swap(b"\3\3", b"\3\2")}).folder(tmp_path / "bad")


def test_two_children_find_what_one_reader_finds(good: Path, bad: Path, tmp_path: Path) -> None:
    assert judged(good) == "valid 2"
    assert judged(bad) == "invalid 2 ('BG-20', 'data/b/03') ('BG-20', 'data/b/03')"
    for root in (good, bad):
        files = {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        (tmp_path / f"{root.name}.tar").write_bytes(tar_of(files))
    assert judged(tmp_path / "good.tar") == "valid 2"
    assert judged(tmp_path / "bad.tar") == "invalid 2 ('BG-20', 'data/b/03') ('BG-20', 'data/b/03')"


def test_a_killed_child_costs_nothing(good: Path, bad: Path) -> None:
    assert judged(good, "kill") == "valid 2"
    assert judged(bad, "kill").startswith("invalid 2 ('BG-20'")


def test_where_no_process_is_to_be_had_the_judge_hashes_by_itself(good: Path, bad: Path) -> None:
    for how, forked in (("none", 0), ("one", 1)):
        assert judged(good, how) == f"valid {forked}"
        assert judged(bad, how).startswith(f"invalid {forked} ('BG-20'")


def test_a_process_with_threads_is_not_forked(good: Path, bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise AssertionError

    monkeypatch.setattr(os, "fork", refuse)
    gate = threading.Event()
    waiting = threading.Thread(target=gate.wait)
    waiting.start()
    try:
        assert check_bag(good).judgement == "valid"
        assert check_bag(bad).judgement == "invalid"
    finally:
        gate.set()
        waiting.join()


LATE = """
import time; from archive import baghash
tie = baghash._die_with
baghash._die_with = lambda *parent: (time.sleep(1), tie(*parent))
"""


@pytest.mark.parametrize("before", ["", LATE], ids=["reading", "starting"])
def test_a_judge_that_is_killed_leaves_no_child_reading(before: str, tmp_path: Path) -> None:
    """A sparse file of many gigabytes keeps the children busy; after the parent they end at once, begun or not."""
    root = BagBuilder(payload={"data/a": b"x", "data/b": b"y"}).folder(tmp_path / "bag")
    for name in "ab":
        os.truncate(root / "data" / name, 200 << 30)
    code = (
        f"{before}\n"
        "import sys; from pathlib import Path; from archive.bagcheck import judge_path; judge_path(Path(sys.argv[1]))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    judge = subprocess.Popen([sys.executable, "-c", code, root], env=env)
    children: list[int] = []
    until = time.monotonic() + 60
    while len(children) < 2 and time.monotonic() < until:
        time.sleep(0.05)
        children = _children(judge.pid)
    assert len(children) == 2
    judge.send_signal(signal.SIGKILL)
    judge.wait()
    while any(map(_runs, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_runs, children))


def _children(parent: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(tmp_path: Path) -> None:
    """Not only the last part of a path is refused to be a link."""
    root = BagBuilder(payload=BIG).folder(tmp_path / "bag")

    def meddle(done: int, total: int) -> None:
        if not (root / "data" / "b").is_symlink():
            (root / "data" / "b").rename(tmp_path / "elsewhere")
            (root / "data" / "b").symlink_to(tmp_path / "elsewhere")

    report = check_bag(root, progress=meddle, limits=Limits(workers=1))
    assert report.judgement == "unchecked"
    assert {finding.code for finding in report.findings} <= {"BG-62", "BG-63"}


def test_a_folder_that_vanishes_meanwhile_is_the_trouble_of_its_own_files_alone(tmp_path: Path) -> None:
    """The way to it breaks off half way, and there is not where the files of the root are sought next."""
    root = BagBuilder(extra={"a/b/x.txt": b"x"}).folder(tmp_path / "bag")

    def meddle(done: int, total: int) -> None:
        shutil.rmtree(root / "a" / "b", ignore_errors=True)

    report = check_bag(root, progress=meddle, limits=Limits(workers=1))
    assert report.judgement == "unchecked", report.findings
    assert {(finding.code, finding.where) for finding in report.findings} == {("BG-63", "a/b/x.txt")}


def test_a_root_that_vanishes_meanwhile_is_unchecked(tmp_path: Path) -> None:
    root = BagBuilder(payload=BIG).folder(tmp_path / "bag")

    def meddle(done: int, total: int) -> None:
        if root.exists():
            root.rename(tmp_path / "elsewhere")

    report = check_bag(root, progress=meddle, limits=Limits(workers=1))
    assert report.judgement == "unchecked", report.findings
    assert {finding.code for finding in report.findings} <= {"BG-62", "BG-63"}


def test_a_seekable_tar_that_shrinks_meanwhile_is_unchecked(tmp_path: Path) -> None:
    path = tmp_path / "bag.tar"
    path.write_bytes(tar_of(BagBuilder(payload=BIG).files()))

    def meddle(done: int, total: int) -> None:
        os.truncate(path, 9_000_000)

    report = check_tar(path, progress=meddle, limits=Limits(workers=1))
    assert report.judgement == "unchecked", report.findings
    assert {finding.code for finding in report.findings} == {"BG-63"}


def test_an_inventory_finds_every_path_whatever_the_order() -> None:
    paths = ["data/b", "data0", "bagit.txt", "data/a/x", "data/a-b", "data", "zz", "data/ä", "data/\udce4"]
    files = Inventory()
    for number, path in enumerate(paths):
        files.add(path, number, number)
    files.settle()
    assert list(files) == sorted(paths)
    assert [files[path] for path in paths] == list(range(len(paths)))
    assert {files.paths[number] for number in files.data} == {path for path in paths if path.startswith("data/")}
    assert set(files.tag_paths()) == {path for path in paths if not path.startswith("data/")}
    assert all(near not in files for near in ("", "data/", "data/c", "zzz", "a"))


def test_fifty_thousand_entries_cost_a_few_hundred_bytes_each(tmp_path: Path) -> None:
    """Names, sizes and two checksums of every file; a dictionary for each manifest took three times as much."""
    payload = {f"data/r{n // 1000:04d}/{n:07d}.tif": b"" for n in range(50_000)}
    (tmp_path / "bag.tar").write_bytes(tar_of(BagBuilder(payload=payload).files()))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom archive.bagcheck import judge_path\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = used()\nassert judge_path(Path(sys.argv[1])).judgement == 'valid'\nprint((used() - before) * 1024)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "bag.tar"], env=env, capture_output=True, text=True, check=True
    )
    assert int(found.stdout) < 500 * len(payload)
