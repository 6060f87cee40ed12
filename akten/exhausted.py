"""Tells a machine that has nothing left to give from a bug: its memory or its processes are used up, which may pass."""

from __future__ import annotations

from akten.errors import Unavailable

_NO_THREAD = "can't start new thread"  # what Python says, as a RuntimeError, when the system refuses one
_TEXT = (
    "Der Rechner gibt {} mehr her. Später noch einmal versuchen; kommt es wieder, Grenzen des Kontos oder Containers "
    "(ulimit) und die Zahl der Arbeitsprozesse prüfen."
)


def exhausted(error: BaseException) -> Unavailable | None:
    """Our error for memory or a thread that the system refused; None for everything else."""
    if isinstance(error, MemoryError):
        return Unavailable(_TEXT.format("keinen Arbeitsspeicher"))
    if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        return Unavailable(_TEXT.format("keinen Prozess oder Thread"))
    return None
