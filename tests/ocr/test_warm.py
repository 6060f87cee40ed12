"""The warm sandbox: each payload has its answer or its death, the child lives on, and nothing outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from akten.errors import Misconfigured, Unavailable
from ocr.ends import Outcome, SandboxDied, not_started
from ocr.examine import examine_each
from ocr.helper import HelperEnded
from ocr.judging import READERS
from ocr.options import Limits, OcrOptions
from ocr.probefile import tiny_valid_pdfa
from ocr.sandbox import call_each
from ocr.warm import WarmSandbox
from tests.conftest import ROOT
from tests.kills import descendants
from tests.ocr.papers import scan_of

CALLS = "tests.ocr.sandboxed"
LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=64)


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmSandbox]:
    with WarmSandbox(OcrOptions(), 2) as sandbox:
        yield sandbox


def test_every_payload_gets_its_answer_and_nobody_is_told_of_a_death(
    warm: WarmSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for call in (warm.call_each, call_each):
        answers = call(f"{CALLS}:double", [{"number": n} for n in range(5)], limits=LIMITS, folder=tmp_path)
        assert answers == [{"number": 2 * n} for n in range(5)]
    assert not caplog.records


def test_a_primed_child_has_loaded_what_judging_needs(tmp_path: Path) -> None:
    Image.new("L", (600, 600), 255).save(tmp_path / "scan.tif")
    asked = {"path": str(tiny_valid_pdfa(tmp_path / "made.pdf")), "scan": str(tmp_path / "scan.tif"), "flavour": "2b"}
    with WarmSandbox(OcrOptions(), 1) as primed:
        primed.prepare(*READERS)
        answers = primed.call_each(f"{CALLS}:judge_and_look", [asked], limits=LIMITS, folder=tmp_path)
    assert answers == [{"findings": [], "verdicts": ["ok", "ok"], "loaded": []}]


def test_a_full_disk_is_no_fault_of_a_file_and_costs_no_child_its_place(tmp_path: Path) -> None:
    with WarmSandbox(OcrOptions(), 1) as one:
        for call in (one.call_each, call_each):
            with pytest.raises(Unavailable, match="Datenträger ist voll"):
                call(f"{CALLS}:die", [{"way": "live"}, {"way": "full"}], limits=LIMITS, folder=tmp_path)
        assert one.call_each(f"{CALLS}:die", [{"way": "live"}], limits=LIMITS, folder=tmp_path) == [{}]


@pytest.mark.parametrize(
    ("way", "reason"), [("raise", "crash"), ("segfault", "signal"), ("exit", "crash"), ("eat", "memory")]
)
def test_a_payload_that_kills_its_reader_costs_itself_only(
    warm: WarmSandbox, tmp_path: Path, way: str, reason: str
) -> None:
    answers = warm.call_each(
        f"{CALLS}:die", [{"way": "live"}, {"way": way}, {"way": "live"}], limits=LIMITS, folder=tmp_path
    )
    assert answers[0] == answers[2] == {}
    assert isinstance(answers[1], SandboxDied)
    assert answers[1].reason == reason


@pytest.mark.parametrize("who", ["the fork", "the child"])
def test_a_kill_from_outside_costs_no_payload(warm: WarmSandbox, tmp_path: Path, who: str) -> None:
    """An operator or a kernel short of memory may hit a reader; that is no reason to refuse what it was reading."""
    assert warm.call_each(f"{CALLS}:die", [{"way": "live"}], limits=LIMITS, folder=tmp_path) == [{}]
    hit: list[int] = []

    def kill() -> None:
        readers: list[int] = []
        while len(readers) < 2:  # the child, and its fork once it works
            readers = sorted(pid for pid, told in descendants(os.getpid()).items() if _is_reader(told))
        os.kill(readers[-1] if who == "the fork" else readers[0], signal.SIGKILL)
        hit.append(1)

    killer = threading.Thread(target=kill)
    killer.start()
    ways = [{"way": "nap"}, {"way": "live"}]
    answers = warm.call_each(f"{CALLS}:die", ways, limits=LIMITS, folder=tmp_path)
    killer.join(timeout=10)
    assert hit
    assert answers == [{}, {}]


def test_who_is_killed_whenever_it_is_asked_is_given_up(warm: WarmSandbox, tmp_path: Path) -> None:
    ways = [{"way": "killed"}, {"way": "live"}]
    answers = warm.call_each(f"{CALLS}:die", ways, limits=LIMITS, folder=tmp_path)
    assert isinstance(answers[0], SandboxDied)
    assert answers[0].reason == "killed"
    assert answers[1] == {}


def _is_reader(command: str) -> bool:
    return "warmchild" in command and "bwrap " not in command


def test_who_spins_or_sleeps_is_ended(warm: WarmSandbox, tmp_path: Path) -> None:
    short = Limits(cpu_seconds=1, wall_seconds=4.0, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=64)
    answers = warm.call_each(f"{CALLS}:die", [{"way": "sleep"}, {"way": "spin"}], limits=short, folder=tmp_path)
    assert all(isinstance(answer, SandboxDied) and answer.reason in ("time", "cpu") for answer in answers)


def test_threads_do_not_mix_their_answers(warm: WarmSandbox, tmp_path: Path) -> None:
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = warm.call_each(f"{CALLS}:double", [{"number": number}], limits=LIMITS, folder=tmp_path)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [{"number": 2 * number}] for number in range(6)}


def test_to_prepare_waits_for_nobody_and_fails_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with WarmSandbox(OcrOptions(), 1) as sandbox:
        at_work = sandbox._take()
        preparing = threading.Thread(target=sandbox.prepare, args=("json",), daemon=True)
        preparing.start()
        preparing.join(timeout=20)
        assert not preparing.is_alive()
        sandbox._give(at_work)

    def none_to_be_had(*_: object) -> None:
        raise HelperEnded(None)

    monkeypatch.setattr("ocr.warm.Helper", none_to_be_had)
    with WarmSandbox(OcrOptions(), 1) as sandbox:
        sandbox.prepare("json")
        answers = sandbox.call_each(f"{CALLS}:double", [{"number": 1}], limits=LIMITS, folder=tmp_path)
    assert answers == [{"number": 2}]


def test_a_closed_sandbox_says_so(tmp_path: Path) -> None:
    sandbox = WarmSandbox(OcrOptions())
    sandbox.prepare("json")
    sandbox.close()
    with pytest.raises(Unavailable):
        sandbox.call_each(f"{CALLS}:double", [{"number": 1}], limits=LIMITS, folder=tmp_path)


UNDER_A_LOW_LIMIT = f"""
import resource
from pathlib import Path
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_limited
from ocr.warm import WarmSandbox
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
limits = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=256)
asked = {{"number": 2}}
with WarmSandbox(OcrOptions(), 1) as sandbox:
    print(sandbox.call_each("{CALLS}:double", [asked], limits=limits, folder=Path(".")))
print(call_limited("{CALLS}:double", asked, limits=limits, folder=Path(".")))
"""


def test_an_account_that_may_open_few_files_only_does_not_make_every_file_unreadable(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", UNDER_A_LOW_LIMIT]
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert told.stdout.splitlines() == ["[{'number': 4}]", "{'number': 4}"], told.stderr


def test_what_cannot_even_start_is_a_fault_of_the_machine_and_of_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (60, 60), 255).save(tmp_path / "scan.tif")
    with WarmSandbox(OcrOptions(), 1) as sandbox:
        for call in (sandbox.call_each, call_each):
            with pytest.raises(Misconfigured, match="An den Scans liegt es nicht"):
                call("ocr.gibt_es_nicht:lies", [{}], limits=LIMITS, folder=tmp_path)
        assert sandbox.call_each(f"{CALLS}:double", [{"number": 1}], limits=LIMITS, folder=tmp_path) == [{"number": 2}]
    monkeypatch.setattr("ocr.sandbox.walls", lambda kind, folder: ["/bin/false"])
    monkeypatch.setattr("ocr.warm.walls", lambda kind, folder: ["/bin/false"])
    with WarmSandbox(OcrOptions(), 1) as sandbox, pytest.raises(Misconfigured):
        examine_each([scan_of(tmp_path / "scan.tif")], OcrOptions(), tmp_path, sandbox.call_each)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (b"bwrap: Creating new namespace failed: Resource temporarily unavailable", Unavailable),
        (b"OSError: [Errno 28] No space left on device", Unavailable),
        (b"ModuleNotFoundError: No module named 'pikepdf'", Misconfigured),
        (b"", Misconfigured),
    ],
)
def test_only_what_may_pass_is_tried_again(words: bytes, why: type[Exception]) -> None:
    assert isinstance(not_started(Outcome(1, b"", words)), why)
    assert isinstance(not_started(Outcome(-9, b"", words, killed_by=9)), Unavailable)
    assert isinstance(not_started(Outcome(-9, b"", words, timed_out=True)), Unavailable)
