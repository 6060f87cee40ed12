"""Fields of our own among those of the slip: each name stands once, so that a receiver knows whose it is.

An Akte has room for one extension only. A field of the slip that is called like one of ours says so in its name.
"""

from __future__ import annotations

import re

# What stands behind the fields of the slip, in this order.
OWN = (
    "Band",
    "Aktenzeichen auf dem Laufzettel",
    "Aufbewahrungsklasse",
    "Rechtsgrundlage der Aufbewahrung",
    "Datenschutzstufe",
)
ERSETZT = "Ersetzt Dokument"  # of a Dokument, whose extension holds fields of ours only
_SAID = " (laut Laufzettel)"
_TAKEN = re.compile(rf"(?:{'|'.join(map(re.escape, OWN))})(?:{re.escape(_SAID)})*")


def told_name(name: str) -> str:
    """The name of a field of the slip in the message: its own, unless it could be taken for one of ours."""
    return name + _SAID if _TAKEN.fullmatch(name) else name


def slip_name(told: str) -> str:
    """The name on the slip of a field of the message: undoes `told_name`, and leaves what older messages have."""
    return told.removesuffix(_SAID) if _TAKEN.fullmatch(told) else told
