"""Serves all rounds as Prefect deployments with their cron schedules; `archiv dienst` runs this as a child.

Entry points are module paths: a flow loaded by file path would put `flows/` first on the import path.
"""

from __future__ import annotations

from typing import Any

from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.due_round import due_round
from flows.fixity_round import fixity_round
from flows.intake_round import intake_round
from flows.reconcile_round import reconcile_round
from flows.settings import read_settings

ZONE = "Europe/Berlin"


def _served(round_: Flow[..., Any], name: str, cron: str) -> RunnerDeployment:
    deployment = round_.to_deployment(
        name,
        schedule=Cron(cron, timezone=ZONE),
        # One run of each round at a time: a second one is given up, since the first takes all that is there.
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    if not isinstance(deployment, RunnerDeployment):
        raise TypeError("served rounds are made outside of an event loop")
    return deployment


def main() -> None:
    """Serves until asked to stop."""
    rounds = read_settings().rounds
    serve(
        _served(intake_round, "eingang", rounds.intake_cron),
        _served(fixity_round, "pruefung", rounds.fixity_cron),
        _served(due_round, "fristen", rounds.due_cron),
        _served(reconcile_round, "abgleich", rounds.reconcile_cron),
        limit=4,
        print_starting_message=False,
    )


if __name__ == "__main__":
    main()
