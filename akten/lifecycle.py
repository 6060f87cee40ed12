"""Stages of a delivery and of an Akte version, and the one table of allowed moves. Nothing else may decide a move."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

from akten.errors import Forbidden


class Stage(StrEnum):
    """Where a delivery stands on its way into the archive."""

    RECEIVED = "received"  # originals safe, first event written
    EXAMINED = "examined"  # opened in the sandbox, rules passed
    RECOGNISED = "recognised"  # PDF/A made and judged
    DESCRIBED = "described"  # XDOMEA, PREMIS, Transfervermerk written and checked
    PACKED = "packed"  # bag written and checked
    ARCHIVED = "archived"  # every configured copy read back and matched
    CLEARING = "clearing"  # waits for a person
    RETURNED = "returned"  # given back by a person, with reason
    DUPLICATE = "duplicate"  # everything was already archived; linked


_FORWARD = (Stage.RECEIVED, Stage.EXAMINED, Stage.RECOGNISED, Stage.DESCRIBED, Stage.PACKED, Stage.ARCHIVED)

MOVES: dict[Stage, frozenset[Stage]] = {
    # A repeated run starts again at the beginning, since every step is safe to repeat: moving back to RECEIVED is
    # allowed until the Akte is archived.
    **{here: frozenset({there, Stage.RECEIVED, Stage.CLEARING, Stage.DUPLICATE}) for here, there in pairwise(_FORWARD)},
    Stage.ARCHIVED: frozenset(),
    Stage.CLEARING: frozenset({Stage.RECEIVED, Stage.RETURNED}),
    Stage.RETURNED: frozenset(),
    Stage.DUPLICATE: frozenset(),
}


def require_move(here: Stage, there: Stage) -> None:
    """Lets an allowed move pass. Raises Forbidden for any other."""
    if there not in MOVES[here]:
        raise Forbidden(f"Der Schritt von „{here}“ nach „{there}“ ist nicht erlaubt.")
