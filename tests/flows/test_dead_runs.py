"""A run that is "Running" at the server and nowhere else does not stay so, and one that runs is left alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flows import leftovers
from flows.leftovers import end_own_dead
from flows.settings import Settings, read_settings


def a_dead_process() -> int:
    gone = subprocess.Popen(["true"])
    gone.wait()
    return gone.pid


def a_machine(folder: Path, pool: str = "archiv") -> Settings:
    settings = read_settings(daten=folder, prefect_api="http://prefect:4200/api")
    return settings.model_copy(update={"rounds": settings.rounds.model_copy(update={"pool": pool, "machine": "eins"})})


class Server:
    """Answers as Prefect's server does; each look at the runs takes the next of `answers`."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self._answers = list(answers)
        self.ended: list[str] = []

    def call(self, url: str, body: dict[str, Any]) -> Any:
        if url.endswith("/flow_runs/filter"):
            assert body["deployments"]["name"]["any_"] == ["eingang-eins"]
            assert body["flow_runs"]["state"]["type"]["any_"] == ["RUNNING"]
            return self._answers.pop(0)
        assert body["state"]["type"] == "CRASHED"
        self.ended.append(url.split("/")[-2])
        return {}


def test_a_run_whose_process_is_gone_is_ended_and_one_that_runs_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker could not tell, since the server had no database just then, and its first heartbeat was lost."""
    runs = [
        {"id": "tot", "infrastructure_pid": str(a_dead_process())},
        {"id": "lebt", "infrastructure_pid": str(os.getpid())},
        {"id": "unbekannt", "infrastructure_pid": None},
        {"id": "anderswo", "infrastructure_pid": "rechner:12"},
    ]
    server = Server(runs, runs)
    monkeypatch.setattr(leftovers, "call", server.call)
    assert end_own_dead("http://prefect", a_machine(tmp_path)) == 1
    assert server.ended == ["tot"]


def test_a_run_that_ended_well_while_it_was_looked_at_stays_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server([{"id": "fertig", "infrastructure_pid": str(a_dead_process())}], [])
    monkeypatch.setattr(leftovers, "call", server.call)
    assert end_own_dead("http://prefect", a_machine(tmp_path)) == 0
    assert server.ended == []


def test_without_a_pool_nobody_tells_which_process_runs_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "call", Server().call)
    assert end_own_dead("http://prefect", a_machine(tmp_path, pool="")) == 0
