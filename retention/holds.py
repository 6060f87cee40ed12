"""What holds do to an end: those that move it, those that restart it, those that only block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from retention.case import NO_END, Hold
from retention.catalogue import HoldMode, HoldRule

# The mark that stands in place of secret holds for those who may not see them: it blocks, and says nothing else.
MASKED = "gesperrt"


def mode_of(hold: Hold, rules: Mapping[str, HoldRule]) -> HoldMode:
    """What the catalogue says of a hold. One that it does not know, or a founded interruption without a day, blocks."""
    rule = rules.get(hold.key)
    if rule is None:
        return HoldMode.BLOCKS
    if rule.mode is HoldMode.RESTARTS and not hold.unfounded and (hold.on or hold.start) is None:
        return HoldMode.BLOCKS
    return rule.mode


def moved_end(end: date, holds: Sequence[Hold]) -> tuple[date, tuple[Hold, ...]]:
    """The end of a period that cannot end while one of these holds lasts, and the holds that moved it.

    A hold that starts after the end finds nothing left to move. NO_END when one of them has no end. The order of the
    holds does not matter: the end moves until no hold covers it any more.
    """
    moved: list[Hold] = []
    while end != NO_END:
        covering = [
            hold for hold in holds if (hold.start is None or hold.start <= end) and (hold.end is None or hold.end > end)
        ]
        if not covering:
            break
        longest = max(covering, key=lambda hold: (hold.end or NO_END, hold.key, hold.start or NO_END))
        end = longest.end or NO_END
        moved.append(longest)
    return end, tuple(moved)


def restarted(event: date, days: Sequence[date], ends: Callable[[date], date]) -> tuple[date, tuple[date, ...]]:
    """The day from which a period really runs, and the interruptions that count; `days` are in ascending order.

    Only a running period can be interrupted: a day up to the event, or after the end, changes nothing.
    """
    start, counted = event, []
    for day in days:
        if start < day <= ends(start):
            start = day
            counted.append(day)
    return start, tuple(counted)


def is_active(hold: Hold, day: date) -> bool:
    """True while a hold is not over. One that starts later counts, too: nothing may be lost in between."""
    return hold.end is None or hold.end >= day
