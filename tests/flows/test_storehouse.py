"""Stores are opened ahead of need: nobody waits, what fails is heard by whoever asks, nothing is left open."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from akten.errors import Unavailable
from flows.storehouse import Storehouse


def storehouse(stack: ExitStack) -> Storehouse:
    settings: Any = None  # no store is reached here
    return Storehouse(settings, stack, lambda: datetime.now(UTC), uuid4)


def test_nobody_waits_for_stores_that_open_ahead_and_the_end_of_the_call_closes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_open = threading.Event()
    seen: list[str] = []

    def slow(self: Storehouse) -> None:
        may_open.wait(30)
        self._stack.callback(seen.append, "closed")
        seen.append("opened")

    monkeypatch.setattr(Storehouse, "to_store", slow)
    with ExitStack() as stack:
        house = storehouse(stack)
        house.open_ahead()
        house.open_ahead()
        assert seen == []
        may_open.set()
    assert seen == ["opened", "closed"]


def test_what_fails_ahead_of_need_is_heard_by_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def away(_: Storehouse) -> None:
        tried.set()
        raise Unavailable("Der Speicher „a“ ist zurzeit nicht erreichbar.")

    monkeypatch.setattr(Storehouse, "to_store", away)
    with ExitStack() as stack:
        house = storehouse(stack)
        house.open_ahead()
        assert tried.wait(30)
        with pytest.raises(Unavailable, match="nicht erreichbar"):
            house.to_store()
