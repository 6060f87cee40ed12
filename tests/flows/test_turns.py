"""Deliveries of one Akte are walked in the order of the call; nobody waits for another Akte, or for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.turns import Turns

LONG = 20.0


def nothing() -> None:
    """Nobody asks to stop."""


def walked(turns: Turns, delivery: UUID, key: str, work: Callable[[], None]) -> None:
    with turns.taking(delivery) as turn:
        turn(key, nothing)
        work()


@settings(max_examples=25, deadline=None)
@given(keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=14), at_once=st.integers(1, 5))
def test_each_akte_meets_its_deliveries_one_by_one_and_in_order(keys: list[str], at_once: int) -> None:
    order = [uuid4() for _ in keys]
    turns, done, under_way = Turns(order), [], set[str]()

    def work(place: int) -> None:
        key = keys[place]
        assert key not in under_way
        under_way.add(key)
        time.sleep(0.001 * (len(keys) - place))  # the first last longest
        under_way.remove(key)
        done.append((key, place))

    with ThreadPoolExecutor(at_once) as threads:
        running = [
            threads.submit(walked, turns, one, keys[place], lambda place=place: work(place))  # type: ignore[misc]
            for place, one in enumerate(order)
        ]
        for each in running:
            each.result(timeout=LONG)
    assert sorted(done) == sorted(zip(keys, range(len(keys)), strict=True))
    for key in set(keys):
        own = [place for each, place in done if each == key]
        assert own == sorted(own)


def test_another_akte_goes_on_while_one_is_read_for_hours() -> None:
    order = [uuid4(), uuid4()]
    turns, second_done, waited = Turns(order), threading.Event(), list[bool]()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(walked, turns, order[0], "a", lambda: waited.append(second_done.wait(LONG)))
        threads.submit(walked, turns, order[1], "b", second_done.set).result(timeout=LONG)
        first.result(timeout=LONG)
    assert waited == [True]


def test_what_is_stopped_or_never_begun_keeps_nobody_waiting() -> None:
    refused, never, last = uuid4(), uuid4(), uuid4()
    turns = Turns([refused, never, last])
    with pytest.raises(ValueError, match="slip"), turns.taking(refused):
        raise ValueError("the slip cannot be read")
    went_on = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(walked, turns, last, "a", went_on.set)
        assert not went_on.wait(0.3)
        turns.end(never)
        waiting.result(timeout=LONG)
    assert went_on.is_set()


def test_who_waits_listens_whether_to_stop() -> None:
    first, second = uuid4(), uuid4()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Turns([first, second]).taking(second) as turn:
        turn("a", stop)


def test_a_second_try_waits_for_nobody() -> None:
    first, second = uuid4(), uuid4()
    turns = Turns([first, second])
    walked(turns, first, "a", nothing)
    walked(turns, second, "a", nothing)
    walked(turns, first, "a", nothing)


def test_ten_thousand_deliveries_cost_no_more_than_they_are() -> None:
    order = [uuid4() for _ in range(10_000)]
    turns, began = Turns(order), time.process_time()
    for one in order:
        walked(turns, one, "a", nothing)
    assert time.process_time() - began < 5, "what looks through all that are over takes minutes"
