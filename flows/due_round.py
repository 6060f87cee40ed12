"""The due round as a Prefect flow: periods are computed anew, locks and holds follow, what is wrong is counted."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from catalog.actor import Actor, ActorKind
from flows.locks import due_round as walk
from flows.parent import end_with_parent
from flows.roundend import ended
from flows.settings import read_settings
from flows.wiring import open_services

SERVICE = Actor("dienst", ActorKind.SYSTEM)


@flow(name="fristen", flow_run_name="fristen", persist_result=False)
def due_round() -> State[Any]:
    """Does one round and ends with counts only: which Akten are meant is no matter for Prefect's database."""
    end_with_parent()
    with open_services(read_settings()) as services:
        summary = walk(services, SERVICE)
    counts = {
        "akten": summary.akten,
        "ends_changed": summary.ends_changed,
        "extended": summary.extended,
        "holds_set": summary.holds_set,
        "holds_lifted": summary.holds_lifted,
        "not_checked": summary.not_checked,
        **summary.codes,
    }
    return ended(summary.verdict, counts)
