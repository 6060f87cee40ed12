"""A machine without memory or threads is told as such, with exit 6: it is no bug, and the next call may go well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from akten.exhausted import exhausted
from app.command import Call, verb


@pytest.mark.parametrize(
    ("fault", "word"),
    [(MemoryError(), "Arbeitsspeicher"), (RuntimeError("can't start new thread"), "Thread")],
)
def test_a_verb_that_gets_no_memory_or_thread_ends_as_unavailable(fault: Exception, word: str, tmp_path: Path) -> None:
    @click.command()
    @verb
    def greedy(_call: Call) -> None:
        raise fault

    ran = CliRunner().invoke(greedy, ["--json", "--daten", str(tmp_path)])
    assert ran.exit_code == 6
    told = json.loads(ran.stdout)
    assert word in json.dumps(told, ensure_ascii=False)
    assert "Programmfehler" not in ran.output


@pytest.mark.parametrize("bug", [RuntimeError("no running event loop"), ValueError("can't start new thread")])
def test_any_other_fault_stays_a_bug(bug: Exception) -> None:
    assert exhausted(bug) is None


def test_a_real_refusal_of_a_thread_is_told_from_a_bug() -> None:
    """Held against Python itself: should it change its words, this fails."""

    code = (
        "import resource, threading, sys\n"
        "from akten.exhausted import exhausted\n"
        "held = threading.Event()\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "threading.stack_size(64 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (32 << 20), -1))\n"
        "try:\n"
        "    threading.Thread(target=held.wait, daemon=True).start()\n"
        "except Exception as fault:\n"
        "    sys.exit(0 if exhausted(fault) else 1)\n"
        "sys.exit(2)\n"
    )
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
