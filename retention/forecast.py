"""What will become free when: Akten counted by year and group, beside those that are free, held, open or permanent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from retention.case import Outcome, State

# Beside the years: free already, free after the last year shown, blocked by a hold without end, without a known end.
FREE, LATER, HELD, OPEN, PERMANENT = "free", "later", "held", "open", "permanent"
UNKNOWN = "unknown"  # the rules could not be asked for this Akte
APART = (LATER, HELD, OPEN, PERMANENT, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Counts per column (`free`, each year, then `later`, `held`, `open`, `permanent`, `unknown`) and group."""

    as_of: date
    years: tuple[int, ...]
    groups: tuple[str, ...]
    counts: dict[tuple[str, str], int]  # (group, column); columns without Akten are not there

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in the order of a table."""
        return (FREE, *(str(year) for year in self.years), *APART)

    def count(self, column: str, group: str | None = None) -> int:
        """How many Akten stand in a column, of one group or of all."""
        groups = self.groups if group is None else (group,)
        return sum(self.counts.get((each, column), 0) for each in groups)

    @property
    def total(self) -> int:
        """All Akten that were counted, each once."""
        return sum(self.counts.values())


def forecast(outcomes: Iterable[tuple[str, Outcome | None]], as_of: date, years: int = 10) -> Forecast:
    """Counts outcomes by group; None stands for an Akte that could not be judged. The years begin with `as_of`'s."""
    last = as_of.year + years - 1
    counts: dict[tuple[str, str], int] = defaultdict(int)
    groups: dict[str, None] = {}
    for group, outcome in outcomes:
        groups.setdefault(group)
        counts[group, _column(outcome, as_of, last)] += 1
    return Forecast(as_of, tuple(range(as_of.year, last + 1)), tuple(sorted(groups)), dict(counts))


def _column(outcome: Outcome | None, as_of: date, last: int) -> str:
    if outcome is None:
        return UNKNOWN
    if outcome.state is State.PERMANENT:
        return PERMANENT
    if outcome.disposal_from is None:
        return HELD if outcome.blocking else OPEN
    if outcome.disposal_from <= as_of:
        return FREE
    return str(outcome.disposal_from.year) if outcome.disposal_from.year <= last else LATER
