"""The engine of a run does not outlive who started it; any other process is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.settings import _STARTER
from tests.conftest import ROOT

ENGINE = """
import sys, time, types
sys.modules["__main__"].__spec__ = {spec}
from flows.parent import end_with_parent
end_with_parent()
print("watching", flush=True)
time.sleep(60)
"""
STARTER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {engine!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("spec", "ends"), [('types.SimpleNamespace(name="prefect.engine")', True), ("None", False)])
def test_an_engine_ends_when_its_parent_is_killed(spec: str, ends: bool) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER.format(engine=ENGINE.format(spec=spec))], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    engine = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    end = time.monotonic() + (10 if ends else 3)
    while is_alive(engine) and time.monotonic() < end:
        time.sleep(0.1)
    alive = is_alive(engine)
    if alive:
        os.kill(engine, signal.SIGKILL)
    assert alive is not ends


@pytest.mark.parametrize("gone", [True, False])
def test_an_engine_whose_starter_was_gone_before_it_ran_ends_at_once(gone: bool) -> None:
    """Its parent by then is whoever took it over, which will never go."""
    starter = subprocess.Popen(["sleep", "60"])
    if gone:
        starter.kill()
        starter.wait()
    spec = 'types.SimpleNamespace(name="prefect.engine")'
    code = ENGINE.format(spec=spec).replace("sleep(60)", "sleep(0)")
    env = {**os.environ, _STARTER: str(starter.pid)}
    engine = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, timeout=30)
    starter.kill()
    starter.wait()
    assert (engine.returncode, engine.stdout) == ((1, b"") if gone else (0, b"watching\n"))
