"""How the rounds are called at the Prefect server, and how this machine is called among several."""

from __future__ import annotations

import socket

from flows.settings import Settings

INTAKE = "eingang"
COMMON_ROUNDS = FIXITY, DUE, RECONCILE = ("pruefung", "fristen", "abgleich")
COMMON_QUEUE = "default"


def machine_name(settings: Settings) -> str:
    """The name of this machine in the work pool."""
    return settings.rounds.machine or socket.gethostname()


def intake_deployment(settings: Settings) -> str:
    """The intake round of this machine: its inbox is its own, so in a pool no other machine can do its work."""
    return f"{INTAKE}-{machine_name(settings)}" if settings.rounds.pool else INTAKE
