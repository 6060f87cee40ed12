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

from flows.roundend import UNCHECKED

NAME = "aktenarchiv-lauf-ohne-lebenszeichen"
_SILENCE = timedelta(seconds=90)
# Events are called by the names of states, so that each end of a round has to be among them (flows/roundend.py).
_SIGNS = ("heartbeat", "Completed", UNCHECKED, "Failed", "Cancelled", "Crashed", "Suspended")
_EXPECTED = frozenset(f"prefect.flow-run.{sign}" for sign in _SIGNS)


def ensure_automation() -> None:
    """Makes the automation at the server that this process talks to, unless it is there; one that expects other signs,
    as an earlier release made it, gives way.

    Machines that start at once each make one: of these the first by its id stays, whoever looks last.
    """
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(name=NAME)
        outdated = [each for each in there if getattr(each.trigger, "expect", None) != _EXPECTED]
        for each in outdated:
            client.delete_automation(each.id)
        if len(outdated) == len(there):
            _automation().create()
        there = sorted(client.read_automations_by_name(name=NAME), key=lambda each: str(each.id))
        for twin in there[1:]:
            client.delete_automation(twin.id)


def _automation() -> Automation:
    return Automation(
        name=NAME,
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect=set(_EXPECTED),
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="kein Lebenszeichen seit 90 s")],
    )
