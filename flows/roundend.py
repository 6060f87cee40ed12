"""How a round over the holdings ends at the Prefect server: what it found shows in its state, as counts.

A nightly round that found a damaged copy and ended "Completed" would look like all the others, to a person and to an
automation that is to send a mail. Case numbers stay out of it: which Akten are meant says the same check by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from akten.findings import Verdict

UNCHECKED = "NotChecked"


def ended(verdict: Verdict, counts: Mapping[str, Any]) -> State[Any]:
    """The last state of a round: failed with findings, completed under a name of its own where not all was seen."""
    told = ", ".join(f"{name}: {number}" for name, number in counts.items())
    if verdict is Verdict.FAILED:
        return Failed(message=told)
    if verdict is Verdict.NOT_CHECKED:
        return Completed(name=UNCHECKED, message=told)
    return Completed(message=told)
