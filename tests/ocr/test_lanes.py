"""Pages wait in a short line for any worker, joins for the first one, before its next page."""

from __future__ import annotations

import threading

import pytest

from akten.errors import Unavailable
from ocr.lanes import Lanes
from ocr.options import Limits
from ocr.pageworker import Task


def a_task(name: str) -> Task:
    return Task(name, {}, Limits(), lambda values: values)


def test_a_join_goes_before_pages_but_only_to_whom_joins_are_meant() -> None:
    lanes = Lanes(most_pages=4)
    page, join = a_task("page"), a_task("assembly")
    lanes.put_page(page)
    lanes.put_join(join)
    assert lanes.take(joins=False, seconds=0) is page
    lanes.put_page(page)
    assert lanes.take(joins=True, seconds=0) is join
    assert lanes.take(joins=True, seconds=0) is page
    assert lanes.take(joins=True, seconds=0.01) is None


def test_who_does_not_join_never_gets_a_join() -> None:
    lanes = Lanes(most_pages=1)
    lanes.put_join(a_task("assembly"))
    assert lanes.take(joins=False, seconds=0.01) is None


def test_a_full_line_holds_up_who_hands_in_pages_until_one_is_taken() -> None:
    lanes = Lanes(most_pages=1)
    lanes.put_page(a_task("first"))
    second = threading.Thread(target=lanes.put_page, args=(a_task("second"),))
    second.start()
    second.join(0.05)
    assert second.is_alive()
    first = lanes.take(joins=False, seconds=0)
    second.join(5)
    assert not second.is_alive()
    assert first is not None
    assert first.kind == "first"


def test_closing_gives_back_what_nobody_took_and_wakes_who_waits() -> None:
    lanes = Lanes(most_pages=1)
    page, join = a_task("page"), a_task("assembly")
    lanes.put_page(page)
    lanes.put_join(join)
    refused: list[Unavailable] = []

    def hand_in() -> None:
        try:
            lanes.put_page(a_task("late"))
        except Unavailable as error:
            refused.append(error)

    waiting = threading.Thread(target=hand_in)
    waiting.start()
    assert lanes.close() == [join, page]
    waiting.join(5)
    assert len(refused) == 1
    with pytest.raises(Unavailable):
        lanes.put_join(join)
    assert lanes.take(joins=True, seconds=5) is None
