"""A run of one command: its own Prefect server lives as long as the command, and what it says is no result."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akten.errors import Unavailable
from flows.onerun import run_batch_in_prefect, server_of_one_run
from flows.prefectapi import api_at, healthy
from flows.settings import Settings, read_settings

_HOLDS = """
import sys, time
from pathlib import Path
from flows.onerun import server_of_one_run
from flows.settings import read_settings
with server_of_one_run(read_settings(daten=Path(sys.argv[1]))) as environment:
    print(environment["PREFECT_API_URL"], flush=True)
    time.sleep(600)
"""


def port_of(address: str) -> int:
    return int(address.removesuffix("/api").rpartition(":")[2])


def test_the_server_of_one_run_ends_with_the_command_also_when_that_is_killed(tmp_path: Path) -> None:
    """Prefect's own temporary server stayed for ever, with its database open."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        address = api_at(read_settings(daten=tmp_path), port_of(holder.stdout.readline().strip()))
        assert healthy(address)
    finally:
        holder.kill()
        holder.wait()
    end = time.monotonic() + 20
    while healthy(address) and time.monotonic() < end:
        time.sleep(0.1)
    assert not healthy(address)


def test_the_server_of_one_run_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings(daten=tmp_path)
    with server_of_one_run(settings) as environment:
        address = api_at(settings, port_of(environment["PREFECT_API_URL"]))
        assert healthy(address)
    assert not healthy(address)
    monkeypatch.setattr("flows.onerun.tied", lambda _command: ["false"])
    with pytest.raises(Unavailable, match="beim Start ausgestiegen"), server_of_one_run(settings):
        pass


def test_what_a_run_says_on_its_standard_output_is_no_result_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """With `--json` exactly one value stands there; a library that greets would stand beside it."""

    @contextmanager
    def no_server(_settings: Settings) -> Iterator[dict[str, str]]:
        yield dict(os.environ)

    monkeypatch.setattr("flows.onerun.server_of_one_run", no_server)
    monkeypatch.setattr(
        "flows.onerun.tied", lambda command: ["sh", "-c", 'echo Guten Tag; echo "[]" > "$0"', command[3]]
    )
    run_batch_in_prefect(read_settings(daten=tmp_path), [], "anna", tmp_path / "quittungen")
    assert capfd.readouterr() == ("", "Guten Tag\n")
