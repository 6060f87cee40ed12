"""The sandbox: each limit works, nothing of a child is left, and one bad payload costs itself only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from akten.errors import Misconfigured
from ocr.ends import SandboxDied
from ocr.options import OcrOptions
from ocr.sandbox import Limits, SandboxKind, call_each, call_limited, run_limited, sandbox_kind
from ocr.walls import walls
from tests.conftest import lacking

LIMITS = Limits(cpu_seconds=20, wall_seconds=20, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=64)
PYTHON = [sys.executable, "-I", "-S", "-c"]
CALLS = "tests.ocr.sandboxed"


def kinds() -> list[str]:
    return ["auto", "rlimit"]


@pytest.fixture(params=kinds())
def options(request: pytest.FixtureRequest) -> OcrOptions:
    return OcrOptions(sandbox=request.param)


def processes_named(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if mark.encode() in command and state != "Z":
                found.append(int(entry.name))
    return found


def gone(mark: str, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not processes_named(mark):
            return True
        time.sleep(0.02)
    return False


def test_output_exit_code_and_input_come_back(tmp_path: Path, options: OcrOptions) -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('e', file=sys.stderr); sys.exit(3)"
    outcome = run_limited([*PYTHON, code], limits=LIMITS, folder=tmp_path, stdin=b"abc", options=options)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (3, b"ABC\n", b"e\n")
    assert not outcome.timed_out
    assert outcome.killed_by is None


def test_a_child_sees_no_environment_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    outcome = run_limited([*PYTHON, "import os; print(dict(os.environ))"], limits=LIMITS, folder=tmp_path)
    assert b"proxy" not in outcome.stdout.lower()
    assert b"secret" not in outcome.stdout.lower()
    assert b"'OMP_THREAD_LIMIT': '1'" in outcome.stdout
    assert str(tmp_path).encode() in outcome.stdout


def test_time_limit_kills_the_whole_family(tmp_path: Path, options: OcrOptions) -> None:
    mark = f"waiting-{os.getpid()}-{options.sandbox}"
    child = f"[sys.executable,'-c','import time; time.sleep(60)','{mark}']"
    code = f"import subprocess,sys,time; subprocess.Popen({child}); time.sleep(60)"
    limits = Limits(cpu_seconds=20, wall_seconds=1.0, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=64)
    started = time.monotonic()
    outcome = run_limited([*PYTHON, code, mark], limits=limits, folder=tmp_path, options=options)
    assert outcome.timed_out
    assert time.monotonic() - started < 10
    assert gone(mark)


def test_what_a_child_left_behind_is_ended_with_it(tmp_path: Path, options: OcrOptions) -> None:
    mark = f"left-{os.getpid()}-{options.sandbox}"
    code = f"import subprocess,sys; subprocess.Popen([sys.executable,'-c','import time; time.sleep(60)','{mark}'])"
    started = time.monotonic()
    outcome = run_limited([*PYTHON, code], limits=LIMITS, folder=tmp_path, options=options)
    assert outcome.returncode == 0
    assert time.monotonic() - started < 10
    assert gone(mark)


def test_cpu_limit(tmp_path: Path, options: OcrOptions) -> None:
    limits = Limits(cpu_seconds=1, wall_seconds=30, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=64)
    outcome = run_limited([*PYTHON, "while True: pass"], limits=limits, folder=tmp_path, options=options)
    assert outcome.killed_by in (signal.SIGXCPU, signal.SIGKILL)
    assert not outcome.timed_out


def test_memory_and_file_limit(tmp_path: Path, options: OcrOptions) -> None:
    outcome = run_limited([*PYTHON, "x = bytearray(3 << 30)"], limits=LIMITS, folder=tmp_path, options=options)
    assert outcome.returncode == 1
    assert b"MemoryError" in outcome.stderr
    code = "f = open('big', 'wb')\nfor _ in range(64): f.write(b'x' * (1 << 16)); f.flush()"
    outcome = run_limited([*PYTHON, code], limits=LIMITS, folder=tmp_path, options=options)
    assert outcome.returncode != 0
    assert (tmp_path / "big").stat().st_size <= LIMITS.file_bytes


def test_a_flood_of_output_neither_fills_our_memory_nor_lasts(tmp_path: Path) -> None:
    code = "import os\nblock = b'x' * (1 << 20)\nwhile True: os.write(1, block)"
    started = time.monotonic()
    outcome = run_limited([*PYTHON, code], limits=LIMITS, folder=tmp_path)
    assert len(outcome.stdout) <= 1 << 20
    assert outcome.killed_by == signal.SIGKILL
    assert time.monotonic() - started < 10


def test_who_is_killed_from_outside_is_asked_once_more(tmp_path: Path, options: OcrOptions) -> None:
    mark = str(tmp_path / "killed")
    ways = [{"way": "live"}, {"way": "killed once", "mark": mark}, {"way": "live"}, {"way": "killed"}, {"way": "live"}]
    answers = call_each(f"{CALLS}:die", ways, limits=LIMITS, folder=tmp_path, options=options)
    assert answers[:3] == [{}, {}, {}]
    assert isinstance(answers[3], SandboxDied)
    assert answers[3].reason == "killed"
    assert "zweimal von außen beendet" in answers[3].text
    assert answers[4] == {}


@pytest.mark.parametrize("way", ["time", "disk", "flood"])
def test_what_our_own_limits_end_was_not_killed_from_outside(tmp_path: Path, way: str) -> None:
    code = {
        "time": "import time; time.sleep(60)",
        "disk": "import time\nfor n in range(400): open(str(n), 'wb').write(b'x' * (1 << 19)); time.sleep(0.01)",
        "flood": "import os\nblock = b'x' * (1 << 20)\nwhile True: os.write(1, block)",
    }[way]
    limits = Limits(20, 2.0 if way == "time" else 30.0, 1 << 30, 1 << 20, 64, disk_bytes=8 << 20)
    outcome = run_limited([*PYTHON, code], limits=limits, folder=tmp_path)
    assert outcome.killed_by == signal.SIGKILL
    assert not outcome.killed_from_outside


def test_no_network_and_a_read_only_root(tmp_path: Path) -> None:
    """What the strongest kind promises is tried out from inside."""
    if sandbox_kind() is SandboxKind.RLIMIT:
        lacking("a system that allows namespaces")
    code = "import socket; s = socket.socket(); s.settimeout(2); s.connect(('127.0.0.1', 22))"
    listener = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import socket,time; s=socket.create_server(('127.0.0.1',0));"
            "print(s.getsockname()[1],flush=True); time.sleep(30)",
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert listener.stdout is not None
        port = listener.stdout.readline().strip().decode()
        outcome = run_limited([*PYTHON, code.replace("22", port)], limits=LIMITS, folder=tmp_path)
    finally:
        listener.kill()
        listener.wait()
    assert outcome.returncode != 0
    if sandbox_kind() is SandboxKind.BUBBLEWRAP:
        inside, outside = tmp_path / "inside", tmp_path / "outside"
        inside.mkdir()
        code = f"open('ok', 'w'); open({str(outside)!r}, 'w')"
        outcome = run_limited([*PYTHON, code], limits=LIMITS, folder=inside)
        assert b"Read-only" in outcome.stderr
        assert (inside / "ok").exists()
        assert not outside.exists()


def test_behind_every_wall_signals_end_a_child(tmp_path: Path) -> None:
    """Also where bubblewrap is not allowed and `unshare` takes its place."""
    for kind in SandboxKind:
        wall = walls(kind, tmp_path)
        if wall and subprocess.run([*wall, "true"], check=False).returncode:
            continue  # not allowed here, as inside a container
        code = "import signal,time; signal.setitimer(signal.ITIMER_REAL, 0.2); time.sleep(20)"
        done = subprocess.run([*wall, *PYTHON, code], check=False, timeout=10)
        assert done.returncode in (128 + signal.SIGALRM, -signal.SIGALRM), kind


def test_a_missing_program_is_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        run_limited(["no-such-program-anywhere"], limits=LIMITS, folder=tmp_path)


def test_no_child_outlives_us_when_we_are_killed(tmp_path: Path, options: OcrOptions) -> None:
    """kill -9 of our own process takes the children with it."""
    mark = f"orphan-{os.getpid()}-{options.sandbox}"
    code = textwrap.dedent(f"""
        from pathlib import Path
        from ocr.options import OcrOptions
        from ocr.sandbox import Limits, run_limited
        run_limited([{sys.executable!r}, "-I", "-S", "-c", "import time; time.sleep(60)", {mark!r}],
            limits=Limits(), folder=Path({str(tmp_path)!r}), options=OcrOptions(sandbox={options.sandbox!r}))
    """)
    us = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        end = time.monotonic() + 20
        while not [p for p in processes_named(mark) if p != us.pid] and time.monotonic() < end:
            time.sleep(0.05)
        assert [p for p in processes_named(mark) if p != us.pid]
    finally:
        us.kill()
        us.wait()
    assert gone(mark)


def test_a_call_answers_in_json(tmp_path: Path, options: OcrOptions) -> None:
    answer = call_limited(f"{CALLS}:double", {"number": 21}, limits=LIMITS, folder=tmp_path, options=options)
    assert answer == {"number": 42}
    assert list(tmp_path.iterdir()) == []


def test_each_death_has_its_reason_and_costs_itself_only(tmp_path: Path) -> None:
    limits = Limits(cpu_seconds=1, wall_seconds=9.0, memory_bytes=1 << 30, file_bytes=1 << 20, open_files=64)
    ways = ["nothing", "spin", "sleep", "eat", "raise", "segfault", "exit", "nothing"]
    answers = call_each(f"{CALLS}:die", [{"way": way} for way in ways], limits=limits, folder=tmp_path)
    reasons = [answer.reason if isinstance(answer, SandboxDied) else answer for answer in answers]
    assert reasons == [{}, "cpu", "time", "memory", "crash", "signal", "crash", {}]
    assert all(answer.text for answer in answers if isinstance(answer, SandboxDied))
