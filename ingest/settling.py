"""Waits for a delivery that somebody named while it is still being written: two looks at every size, a moment apart.

The watch on the inbox waits for quiet anyhow (`lookout`). Who names a path waits for nothing when it has been quiet for
a while; a younger one is looked at twice, and only one that changed between the looks is waited for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_MOMENT = 0.3  # seconds between the two looks
_PATIENCE = 600.0  # a delivery that grows longer than this is left where it is
_MOST = 50_000  # files and folders; who names his home by mistake does not wait until all of it was looked at

State = Mapping[str, tuple[int, int, int]]  # size, time of content and time of the inode, by path


@dataclass(frozen=True, slots=True)
class FirstLook:
    """How the young ones among some paths were at `at`."""

    at: float
    young: Mapping[Path, State]


def first_look(paths: Sequence[Path], now: float, quiet_seconds: float) -> FirstLook:
    """The first of the two looks, so that other work can be done before the second; old deliveries need none."""
    seen = {path: _state(path) for path in paths}
    return FirstLook(now, {path: state for path, state in seen.items() if now - _youngest(state) < quiet_seconds})


def still_written(
    first: FirstLook,
    *,
    quiet_seconds: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
    say: Callable[[Path], None],
) -> frozenset[Path]:
    """Returns when nothing changes any more at the paths; those that changed for ten minutes are returned.

    `say` is told once of each path that is waited for: such a one must be quiet as long as one in the inbox.
    """
    if not first.young:
        return frozenset()
    sleep(max(0.0, first.at + _MOMENT - now()))
    states = {path: _state(path) for path in first.young}
    growing = {path: now() for path, before in first.young.items() if states[path] and states[path] != before}
    for path in growing:
        say(path)
    until = now() + _PATIENCE
    while growing and now() < until:
        sleep(min(1.0, max(_MOMENT, quiet_seconds)))
        for path in list(growing):
            state = _state(path)
            if state != states[path]:
                states[path], growing[path] = state, now()
            if not state or now() - growing[path] >= quiet_seconds:  # quiet, or taken by another process
                del growing[path]
    return frozenset(growing)


def _state(path: Path) -> State:
    return dict(islice(_entries(path), _MOST))


def _entries(path: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Everything in a delivery, links as what they are; what cannot be looked at is for the claim to tell."""
    waiting = [os.fspath(path)]
    while waiting:
        place = waiting.pop()
        try:
            facts = os.lstat(place)
            yield place, (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
            if stat.S_ISDIR(facts.st_mode):
                with os.scandir(place) as inner:
                    waiting.extend(entry.path for entry in inner)
        except OSError:
            continue


def _youngest(state: State) -> float:
    """The youngest change, as the inodes tell it: times of content are set back by whoever copies."""
    return max((changed for _, _, changed in state.values()), default=0) / 1e9
