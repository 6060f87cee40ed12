"""The rounds as Prefect deployments with their cron schedules; `archiv dienst` runs this as a child.

On one machine this process serves them. With a work pool (`ARCHIV_ROUNDS__POOL`) several machines share the work: each
registers its own intake (its inbox and its work folder are its own) in a queue of its own, the rounds over the whole
holdings lie in the common queue, and a Prefect worker takes from both.

Entry points are module paths: a flow loaded by file path would put `flows/` first on the import path.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect import Flow, serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.due_round import due_round
from flows.fixity_round import fixity_round
from flows.intake_round import intake_round
from flows.reconcile_round import reconcile_round
from flows.roundnames import COMMON_QUEUE, DUE, FIXITY, RECONCILE, intake_deployment, machine_name
from flows.settings import Settings, read_settings, start_runs_from_here
from flows.zombies import ensure_automation

ZONE = "Europe/Berlin"


def _deployment(round_: Flow[..., Any], name: str, cron: str, pool: str | None, queue: str | None) -> RunnerDeployment:
    deployment = round_.to_deployment(
        name,
        schedule=Cron(cron, timezone=ZONE),
        # One run of each round at a time: a second one is given up, since the first takes all that is there.
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=pool,
        work_queue_name=queue,
    )
    if not isinstance(deployment, RunnerDeployment):
        raise TypeError("served rounds are made outside of an event loop")
    return deployment


def _deployments(settings: Settings) -> list[RunnerDeployment]:
    rounds = settings.rounds
    pool = rounds.pool or None
    own, common = (machine_name(settings), COMMON_QUEUE) if pool else (None, None)
    return [
        _deployment(intake_round, intake_deployment(settings), rounds.intake_cron, pool, own),
        _deployment(fixity_round, FIXITY, rounds.fixity_cron, pool, common),
        _deployment(due_round, DUE, rounds.due_cron, pool, common),
        _deployment(reconcile_round, RECONCILE, rounds.reconcile_cron, pool, common),
    ]


def _work_in_pool(settings: Settings) -> None:
    """Registers the rounds in the pool, which is made when it is missing, and becomes its worker."""
    pool, machine = settings.rounds.pool, machine_name(settings)
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):  # another machine was here first
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    for deployment in _deployments(settings):
        deployment.apply()
    command = ["prefect", "worker", "start", "--type", "process", "--pool", pool, "--name", machine]
    command += ["--limit", str(settings.rounds.runs_at_once), "--work-queue", machine, "--work-queue", COMMON_QUEUE]
    # In this process, which the service stops, and which knows where the runner's files belong.
    sys.argv = command
    runpy.run_module("prefect", run_name="__main__")


def keep_runner_files(folder: Path) -> None:
    """What Prefect's runner keeps lies below `folder`, not at the one place in the system's temporary folder.

    `/tmp/runner_storage` belongs to whoever served first on this machine: the service of any other account would end at
    its start, again and again. Only this process looks here; the runs that it starts have the system's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)


def main() -> None:
    """Serves until asked to stop."""
    settings = read_settings()
    keep_runner_files(settings.daten / "prefect" / "laeufe")
    start_runs_from_here()
    ensure_automation()
    if settings.rounds.pool:
        _work_in_pool(settings)
    serve(*_deployments(settings), limit=settings.rounds.runs_at_once, print_starting_message=False)


if __name__ == "__main__":
    main()
