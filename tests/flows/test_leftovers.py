"""A round whose last run was killed before it began, together with the Prefect server, has its place again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Unavailable
from flows.leftovers import end_never_begun, end_own_leftovers
from flows.prefectapi import api_url, call, healthy
from flows.roundnames import FIXITY, INTAKE
from flows.settings import Settings, child_environment, read_settings
from tests.flows.waiting import a_free_port, wait_until

pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]


@contextmanager
def a_server(settings: Settings, log: Path) -> Iterator[str]:
    """The local Prefect server of a data folder, until it is killed with all that it had in memory."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    command += ["--port", str(settings.rounds.port)]
    url = api_url(settings)
    (settings.daten / "prefect").mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        server = subprocess.Popen(
            command, env=child_environment(settings), stdout=out, stderr=out, start_new_session=True
        )
    try:
        wait_until(lambda: healthy(url), 180, "Prefect server ready", log.read_text)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def posted(url: str, body: dict[str, object]) -> Any:
    """The answer of the server; one that has only just started may find its SQLite busy and say 503."""
    end = time.monotonic() + 60
    while True:
        try:
            return call(url, body)
        except Unavailable:
            if time.monotonic() > end:
                raise
        time.sleep(1)


def a_round(url: str, name: str) -> str:
    flow = posted(f"{url}/flows/", {"name": name})["id"]
    once = {"concurrency_limit": 1, "concurrency_options": {"collision_strategy": "CANCEL_NEW"}}
    return str(posted(f"{url}/deployments/", {"name": name, "flow_id": flow, **once})["id"])


def taken(url: str, round_: str) -> bool:
    """One more run of the round is asked for and taken by a worker: whether Prefect lets it."""
    run = posted(f"{url}/deployments/{round_}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"]
    return bool(posted(f"{url}/flow_runs/{run}/set_state", {"state": {"type": "PENDING"}})["status"] == "ACCEPT")


def test_a_run_that_was_killed_before_it_began_does_not_keep_its_round_out_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIV_ROUNDS__PORT", str(a_free_port()))
    settings = read_settings(daten=tmp_path / "daten")
    log = tmp_path / "server.log"
    with a_server(settings, log) as url:
        intake, fixity = a_round(url, INTAKE), a_round(url, FIXITY)
        assert taken(url, intake)
        assert taken(url, fixity)
    with a_server(settings, log) as url:  # what was in its memory is gone
        assert not taken(url, intake)
        assert end_never_begun(url, settings) == 0  # just taken: it may be about to begin
        machine = {"pool": "archiv", "machine": "eins"}
        pooled = settings.model_copy(update={"prefect_api": url, "rounds": settings.rounds.model_copy(update=machine)})
        assert end_own_leftovers(url, pooled) == 0  # neither the intake of another machine nor a common round
        assert end_own_leftovers(url, settings.model_copy(update={"prefect_api": url})) == 0
        assert end_own_leftovers(url, settings) == 2
        assert taken(url, intake)
        assert taken(url, fixity)
        later = datetime.now(UTC) + timedelta(minutes=6)
        assert end_never_begun(url, pooled, now=later) == 1  # the common round, whoever had taken it
        assert taken(url, fixity)
        assert not taken(url, intake)
        assert end_never_begun(url, settings, now=later) == 2
