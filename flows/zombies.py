"""Runs that a power cut left "Running" are ended by the Prefect server: an automation on missing heartbeats.

Our own restart safety does not need it (the next run continues from catalog and store), but a run that seems to be
alive would keep the one place that its round has. `Suspended` is expected, too: a run that waits sends no heartbeat.
"""

from __future__ import annotations

from datetime import timedelta

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

NAME = "aktenarchiv-lauf-ohne-lebenszeichen"
_SILENCE = timedelta(seconds=90)
_SIGNS = ("heartbeat", "Completed", "Failed", "Cancelled", "Crashed", "Suspended")


def ensure_automation() -> None:
    """Makes the automation at the server that this process talks to, unless it is there.

    Machines that start at once each make one: of these the first by its id stays, whoever looks last.
    """
    with get_client(sync_client=True) as client:
        if not client.read_automations_by_name(name=NAME):
            _automation().create()
        there = sorted(client.read_automations_by_name(name=NAME), key=lambda each: str(each.id))
        for twin in there[1:]:
            client.delete_automation(twin.id)


def _automation() -> Automation:
    return Automation(
        name=NAME,
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={f"prefect.flow-run.{sign}" for sign in _SIGNS},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="kein Lebenszeichen seit 90 s")],
    )
