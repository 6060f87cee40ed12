"""The page pool: a dead or hanging worker costs one page, threads share it, nothing of it outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Misconfigured, Unavailable
from ocr.jobs import AssemblyJob, PageOutcome
from ocr.options import Limits, OcrOptions
from ocr.pages import PagePool, WorkerDied
from ocr.pageworker import PageWorker
from ocr.worker import keep_ids
from tests.conftest import lacking
from tests.ocr.sheets import job, sheet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pool() -> Iterator[PagePool]:
    with PagePool(2, OcrOptions()) as pool:
        yield pool


@pytest.fixture
def small(tmp_path: Path) -> Path:
    sheet().save(tmp_path / "scan.png", dpi=(200, 200))
    return tmp_path / "scan.png"


def folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def gone(pids: tuple[int, ...], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_pages_come_back_read(pool: PagePool, small: Path, tmp_path: Path) -> None:
    outcome = pool.submit(job(small, folder(tmp_path, "a"))).result(60)
    assert "Oberbürgermeister" in outcome.text
    assert outcome.engine[0] in ("tesserocr", "pytesseract")
    assert pool.peak_bytes < 500_000_000
    assert 0 < pool.engine_seconds <= pool.cpu_seconds


def test_a_killed_worker_costs_one_page(pool: PagePool, small: Path, samples: Path, tmp_path: Path) -> None:
    long = pool.submit(job(samples / "typed" / "EHRI-ET-JMP020_01.jpg", folder(tmp_path, "long"), dpi=300.0))
    others = [pool.submit(job(small, folder(tmp_path, str(number)))) for number in range(4)]
    assert all("Genehmigung" in other.result(60).text for other in others)
    time.sleep(0.2)
    assert not long.done()
    (victim,) = [pid for pid in pool.worker_ids if _is_busy(pid)][:1] or pool.worker_ids[:1]
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        long.result(60)
    assert "Genehmigung" in pool.submit(job(small, folder(tmp_path, "after"))).result(60).text


def _is_busy(pid: int) -> bool:
    def ticks() -> int:
        values = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return int(values[11]) + int(values[12])

    before = ticks()
    time.sleep(0.3)
    return ticks() - before > 3


def test_a_worker_killed_while_idle_costs_nothing(pool: PagePool, small: Path, tmp_path: Path) -> None:
    pool.submit(job(small, folder(tmp_path, "a"))).result(60)
    for pid in pool.worker_ids:
        os.kill(pid, signal.SIGKILL)
    outcomes = [pool.submit(job(small, folder(tmp_path, f"b{number}"))) for number in range(3)]
    assert all("Genehmigung" in outcome.result(60).text for outcome in outcomes)


def limited(**values: float) -> OcrOptions:
    return OcrOptions(workers=1, page_limits=Limits(**{"memory_bytes": 2 << 30, **values}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "read", "reason"),
    [
        (limited(cpu_seconds=1), True, "Rechenzeit"),
        (limited(wall_seconds=1.5), True, "Zeit"),
        (limited(memory_bytes=170_000_000), True, "Der Speicher|Der Arbeitsprozess"),
        (limited(file_bytes=100_000), False, "größer als erlaubt"),
    ],
    ids=["cpu", "wall", "memory", "file"],
)
def test_each_limit_ends_the_page_and_not_the_pool(
    options: OcrOptions, read: bool, reason: str, small: Path, samples: Path, tmp_path: Path
) -> None:
    with PagePool(1, options) as pool:
        heavy = job(samples / "typed" / "EHRI-ET-JMP020_01.jpg", folder(tmp_path, "heavy"), dpi=300.0, read=read)
        with pytest.raises(WorkerDied, match=reason):
            pool.submit(heavy).result(60)
        kept = job(small, folder(tmp_path, "light"), read=False)
        assert pool.submit(kept).result(60).error is None


def test_many_threads_share_one_pool(pool: PagePool, small: Path, tmp_path: Path) -> None:
    outcomes: list[PageOutcome] = []

    def akte(name: str) -> None:
        futures = [pool.submit(job(small, folder(tmp_path, f"{name}{number}"), read=False)) for number in range(6)]
        outcomes.extend(future.result(60) for future in futures)

    threads = [threading.Thread(target=akte, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 24
    assert all(outcome.error is None for outcome in outcomes)


def test_a_worker_is_replaced_after_its_share_of_pages(small: Path, tmp_path: Path) -> None:
    with PagePool(1, OcrOptions(tasks_per_worker=2)) as pool:
        seen = set()
        for number in range(4):
            future = pool.submit(job(small, folder(tmp_path, str(number)), read=False))
            seen.update(pool.worker_ids)
            future.result(60)
            seen.update(pool.worker_ids)
        assert len(seen) >= 2


def test_missing_models_are_told_as_misconfigured(small: Path, tmp_path: Path) -> None:
    with PagePool(1, OcrOptions(tessdata=tmp_path)) as pool, pytest.raises(Misconfigured, match="deu"):
        pool.submit(job(small, folder(tmp_path, "a"))).result(60)


def test_a_full_disk_or_missing_folder_is_told_as_passing(pool: PagePool, small: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"verweigert \(gibt es nicht\)"):
        pool.submit(job(small, tmp_path / "nowhere", read=False)).result(60)


def test_closing_ends_workers_and_waiting_jobs(small: Path, samples: Path, tmp_path: Path) -> None:
    pool = PagePool(1, OcrOptions())
    jobs: list[Future[PageOutcome]] = [
        pool.submit(job(samples / "typed" / "EHRI-ET-JMP020_01.jpg", folder(tmp_path, str(number)), dpi=300.0))
        for number in range(3)
    ]
    time.sleep(1.0)
    pids = pool.worker_ids
    pool.close()
    assert gone(pids)
    for waiting in jobs:
        with pytest.raises(Unavailable):
            waiting.result(5)
    with pytest.raises(Unavailable):
        pool.submit(job(small, tmp_path))


def test_an_account_that_may_open_few_files_only_has_its_pages_read(small: Path, tmp_path: Path) -> None:
    code = f"""
        import resource, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from ocr.options import OcrOptions
        from ocr.pages import PagePool
        from tests.ocr.sheets import job
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        with PagePool(1, OcrOptions()) as pool:
            print("Genehmigung" in pool.submit(job(Path({str(small)!r}), Path({str(tmp_path)!r}))).result(60).text)
    """
    told = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert told.stdout == "True\n", told.stderr


def test_no_worker_outlives_a_killed_parent(samples: Path, tmp_path: Path) -> None:
    code = f"""
        import sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from ocr.options import OcrOptions
        from ocr.pages import PagePool
        from tests.ocr.sheets import job
        pool = PagePool(2, OcrOptions())
        for number in range(2):
            folder = Path({str(tmp_path)!r}) / str(number)
            folder.mkdir()
            pool.submit(job(Path({str(samples)!r}) / "typed" / "EHRI-ET-JMP020_01.jpg", folder, dpi=300.0))
        while len(pool.worker_ids) < 2:
            time.sleep(0.05)
        time.sleep(1.0)
        print(*pool.worker_ids, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = tuple(int(word) for word in parent.stdout.readline().split())
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pids)


def test_a_worker_has_no_network_where_the_system_allows_it(pool: PagePool, small: Path, tmp_path: Path) -> None:
    pool.submit(job(small, folder(tmp_path, "a"), read=False)).result(60)
    if os.geteuid() != 0:
        lacking("root, to be sure that a network namespace may be made")
    for pid in pool.worker_ids:
        devices = Path(f"/proc/{pid}/net/dev").read_text(encoding="ascii").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in devices] == ["lo"]
        assert len(Path(f"/proc/{pid}/net/route").read_text(encoding="ascii").splitlines()) <= 1


def test_a_namespace_whose_map_the_system_refuses_ends_no_worker(tmp_path: Path) -> None:
    """Ubuntu's AppArmor lets a process unshare and then denies uid_map: the network is gone, and pages are read."""
    keep_ids(tmp_path / "refused", 1000, 1000)
    keep_ids(tmp_path, 1000, 1001)
    assert (tmp_path / "uid_map").read_text(encoding="ascii") == "1000 1000 1"
    assert (tmp_path / "gid_map").read_text(encoding="ascii") == "1001 1001 1"


def test_joining_nothing_readable_is_told(pool: PagePool, tmp_path: Path) -> None:
    (tmp_path / "page.pdf").write_bytes(b"no page")
    page_, draft, target = (str(tmp_path / name) for name in ("page.pdf", "draft.pdf", "out.pdf"))
    job_ = AssemblyJob((page_,), draft, target, "Titel", "2026-01-01T00:00:00+00:00")
    assert pool.assemble(job_).result(60).denied
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize(("deaths", "works"), [(3, True), (4, False)])
def test_the_last_allowed_start_still_counts(
    deaths: int, works: bool, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []
    greet = PageWorker.greet

    def late(worker: PageWorker) -> None:
        starts.append(worker)
        if len(starts) <= deaths:
            worker.kill()
        greet(worker)

    monkeypatch.setattr(PageWorker, "greet", late)
    with PagePool(1, OcrOptions()) as pool:
        future = pool.submit(job(small, folder(tmp_path, "a")))
        if works:
            assert "Genehmigung" in future.result(60).text
        else:
            with pytest.raises(Unavailable, match="startet nicht"):
                future.result(60)
    assert len(starts) == 4  # one before anybody asked


@pytest.mark.parametrize(
    "reply",
    [
        {"outcome": PageOutcome(words=float("inf")).as_json()},  # type: ignore[arg-type]
        {"outcome": PageOutcome(seconds_engine="lang").as_json()},  # type: ignore[arg-type]
        {"outcome": PageOutcome().as_json(), "rss": float("inf")},
        {"outcome": PageOutcome().as_json(), "cpu": None},
    ],
)
def test_an_answer_without_sense_costs_its_page_alone(
    reply: dict[str, Any], small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that was taken over may say anything, in any type."""
    monkeypatch.setattr(PageWorker, "ask", lambda _worker, _task: reply)
    with PagePool(1, OcrOptions()) as pool, pytest.raises(WorkerDied, match="unverständlich"):
        pool.submit(job(small, folder(tmp_path, "a"))).result(60)


def test_the_last_words_of_a_worker_that_told_endlessly_cost_no_memory(tmp_path: Path) -> None:
    worker = PageWorker(OcrOptions(), tmp_path, 1)
    try:
        (errors,) = tmp_path.rglob("stderr")
        with errors.open("ab") as told:
            told.truncate(64 << 20)
            told.seek(0, os.SEEK_END)
            told.write("\nSchlimm: ä\n".encode())
        tracemalloc.start()
        words = worker.last_words()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        worker.close()
    assert words == "Schlimm: ä"
    assert peak < 1 << 20
