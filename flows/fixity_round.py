"""The fixity round as a Prefect flow: every copy of every package is read whole, the longest unchecked first."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from akten.findings import Verdict
from catalog.actor import Actor, ActorKind
from flows.anchors import exit_of, try_to_publish
from flows.parent import end_with_parent
from flows.roundend import ended
from flows.settings import read_settings
from flows.verify import verify_all
from flows.wiring import open_services

SERVICE = Actor("dienst", ActorKind.SYSTEM)


@flow(name="pruefung", flow_run_name="pruefung", persist_result=False)
def fixity_round() -> State[Any]:
    """Checks all packages and anchors the head of the trail in the stores; ends with the counts."""
    end_with_parent()
    with open_services(read_settings()) as services:
        summary = verify_all(services, SERVICE, every_copy=False)
        counts = {
            "checked": summary.checked,
            "damaged": summary.damaged,
            "unchecked": summary.unchecked,
            "lacking": summary.lacking.total(),
            "anchored": not (told := try_to_publish(services)),
        }
    return ended(Verdict.FAILED if exit_of(told) else summary.verdict, counts)
