"""A delivery that no run can take out of the inbox does not set off a run every half minute for ever."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from flows.asked import Asked

HERE, THERE = Path("eingang/hier"), Path("eingang/dort")


def asked(changed: dict[Path, float]) -> Asked:
    return Asked(changed.get)


def test_what_a_run_left_lying_is_asked_for_again_ever_more_seldom_and_others_at_once() -> None:
    made = asked({HERE: 1.0, THERE: 1.0})
    now, asked_at = 0.0, []
    for number in range(8):
        while not made.due([HERE], now):
            now += 1.0
        asked_at.append(now)
        assert made.due([HERE, THERE], now) == (HERE, THERE)
        made.add(f"lauf{number}", [HERE])
        now += 5.0
        assert made.over(f"lauf{number}", now, looked=True) == 1
        assert made.due([HERE, THERE], now) == (THERE,)
    pauses = [later - before for before, later in pairwise(asked_at)]
    assert pauses == [65.0, 125.0, 245.0, 485.0, 605.0, 605.0, 605.0]


def test_what_was_changed_is_asked_for_at_once() -> None:
    changed = {HERE: 1.0}
    made = asked(changed)
    made.add("lauf", [HERE])
    made.over("lauf", 0.0, looked=True)
    changed[HERE] = 2.0  # its rights were put right
    assert made.due([HERE], 1.0) == (HERE,)


def test_a_run_that_was_killed_or_kept_out_says_nothing_of_what_lies_there() -> None:
    made = asked({HERE: 1.0})
    made.add("lauf", [HERE])
    assert made.over("lauf", 0.0, looked=False) == 0
    assert made.due([HERE], 1.0) == (HERE,)


def test_what_was_taken_is_none_that_was_left() -> None:
    changed = {HERE: 1.0}
    made = asked(changed)
    made.add("lauf", [HERE])
    del changed[HERE]
    assert made.over("lauf", 0.0, looked=True) == 0


def test_runs_that_nobody_hears_of_again_are_forgotten() -> None:
    made = asked({HERE: 1.0})
    for number in range(150):
        made.add(str(number), [HERE])
    assert made.over("0", 0.0, looked=True) == 0
    assert made.over("149", 0.0, looked=True) == 1
