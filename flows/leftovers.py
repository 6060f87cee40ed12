"""Runs that nobody runs any more are ended at the Prefect server, so that their round has its one place again.

Each round runs once at a time. Prefect counts that place in its database, but keeps the lease that would give it back
in memory: a run that was killed before its first heartbeat, or a server that was killed with it, would keep the place
for good, and the inbox would fill while every new run is cancelled ("concurrency limit reached"). The automation of
`flows/zombies.py` sees only runs that once gave a sign of life, and one whose first sign met a server without its
database gave none.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.prefectapi import call
from flows.roundnames import COMMON_ROUNDS, INTAKE, intake_deployment
from flows.settings import Settings

# From being taken to running a run needs the seconds of a Python start; this is beyond any load.
_BEGINS_WITHIN = timedelta(minutes=5)
_UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")


def end_own_leftovers(url: str, settings: Settings) -> int:
    """Ends all runs that only this service could be running, and returns how many; called while it runs none.

    With a server of our own that is every round, in a pool the intake of this machine. Raises Unavailable.
    """
    if settings.prefect_api and not settings.rounds.pool:
        return 0  # another service without a pool may serve the same rounds at this server
    names = [intake_deployment(settings), *(() if settings.prefect_api else COMMON_ROUNDS)]
    return _end(url, _runs(url, names, _UNDER_WAY))


def end_never_begun(url: str, settings: Settings, *, now: datetime | None = None) -> int:
    """Ends the runs of our rounds that were taken long ago and never began; returns how many. Raises Unavailable."""
    latest = (now or datetime.now(UTC)) - _BEGINS_WITHIN
    runs = _runs(url, [intake_deployment(settings), *COMMON_ROUNDS], ("PENDING",))
    return _end(url, (run for run in runs if datetime.fromisoformat(str(run["state"]["timestamp"])) < latest))


def end_own_dead(url: str, settings: Settings) -> int:
    """Ends the intake runs of this machine that are "Running" and whose process is gone; returns how many.

    Only a worker of a pool tells the server which process runs what. Raises Unavailable.
    """
    if not settings.rounds.pool:
        return 0
    names = [intake_deployment(settings)]
    if not (dead := {run["id"] for run in _runs(url, names, ("RUNNING",)) if _is_gone(run)}):
        return 0
    # Asked again: one that ended well between the answer and the look at its process is not running any more.
    return _end(url, [run for run in _runs(url, names, ("RUNNING",)) if run["id"] in dead])


def _is_gone(run: Mapping[str, Any]) -> bool:
    """True when the run names a process of this machine and there is none of that number."""
    number = str(run.get("infrastructure_pid") or "")
    if not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another account's: the number was given anew, and which run it was is not known
        return False
    return False


def _runs(url: str, deployments: Iterable[str], states: Iterable[str]) -> list[dict[str, Any]]:
    found = call(
        f"{url}/flow_runs/filter",
        {
            "flows": {"name": {"any_": [INTAKE, *COMMON_ROUNDS]}},
            "deployments": {"name": {"any_": list(deployments)}},
            "flow_runs": {"state": {"type": {"any_": list(states)}}},
        },
    )
    return found if isinstance(found, list) else []


def _end(url: str, runs: Iterable[dict[str, Any]]) -> int:
    ended = 0
    for run in runs:
        state = {"type": "CRASHED", "name": "Crashed", "message": "von niemandem mehr ausgeführt"}
        call(f"{url}/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
        ended += 1
    return ended
