"""Which deliveries of the inbox a run was asked for and left lying: they are not asked for again every few seconds.

A folder of another account, say, may be read and not be moved. Each run costs seconds of the processor, and one every
half minute, day and night, would change nothing: it is tried again after a minute, then after two, at most every ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 600.0
_MOST_RUNS = 100  # as many as are followed


@dataclass(frozen=True, slots=True)
class _Left:
    """One delivery that a run left lying: as it was then, how often, and when it may be asked for again."""

    changed: float
    times: int
    again_at: float


class Asked:
    """What was asked for, by the run that was to take it. `changed` tells the youngest change of a delivery."""

    def __init__(self, changed: Callable[[Path], float | None]) -> None:
        self._changed = changed
        self._runs: dict[str, dict[Path, float | None]] = {}
        self._left: dict[Path, _Left] = {}

    def add(self, run: str, there: Iterable[Path]) -> None:
        """Notes what lay there when a run was asked for."""
        if run:
            self._runs[run] = {entry: self._changed(entry) for entry in there}
        while len(self._runs) > _MOST_RUNS:
            del self._runs[next(iter(self._runs))]

    def over(self, run: str, now: float, *, looked: bool) -> int:
        """How many of them lie there still, unchanged, after a run that `looked` at the inbox."""
        found = 0
        for entry, before in self._runs.pop(run, {}).items():
            changed = self._changed(entry)
            if not looked or changed is None or changed != before:
                self._left.pop(entry, None)
                continue
            times = self._left[entry].times + 1 if entry in self._left else 1
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (times - 1))
            self._left[entry] = _Left(changed, times, now + pause)
            found += 1
        return found

    def due(self, there: Iterable[Path], now: float) -> tuple[Path, ...]:
        """Those that a run should be asked for: new ones, changed ones, and those whose pause is over."""
        lying = tuple(there)
        self._left = {entry: left for entry, left in self._left.items() if entry in lying}
        return tuple(entry for entry in lying if self._is_due(entry, now))

    def _is_due(self, entry: Path, now: float) -> bool:
        left = self._left.get(entry)
        return left is None or now >= left.again_at or self._changed(entry) != left.changed
