"""Deliveries of one call for one Akte take their turns, in the order of the call: the original is there before what
replaces it, and which of two becomes version 1 is no chance.

Only its slip tells which Akte a delivery is for, so each is read first, and waits then for those before it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from uuid import UUID

Turn = Callable[[Hashable, Callable[[], None]], None]

_LISTEN_SECONDS = 0.2


def unordered(key: Hashable, waiting: Callable[[], None]) -> None:
    """The turn of a delivery that has none to wait for."""
    del key, waiting


class Turns:
    """The turns of these deliveries. They must be begun in this order, some at a time."""

    def __init__(self, order: Sequence[UUID]) -> None:
        self._open: dict[UUID, Hashable | None] = dict.fromkeys(order)  # with its key once that is known
        self._changed = threading.Condition()

    @contextmanager
    def taking(self, delivery: UUID) -> Iterator[Turn]:
        """Around the trip of one: what it calls as soon as its key is known. However the trip ends, others go on."""
        try:
            yield lambda key, waiting: self._wait(delivery, key, waiting)
        finally:
            self.end(delivery)

    def end(self, delivery: UUID) -> None:
        """Nobody waits for this one any more."""
        with self._changed:
            self._open.pop(delivery, None)
            self._changed.notify_all()

    def _wait(self, delivery: UUID, key: Hashable, waiting: Callable[[], None]) -> None:
        """Returns once none before it is open that has this key, or may have it; `waiting` may raise to end that."""
        with self._changed:
            if delivery in self._open:
                self._open[delivery] = key
            self._changed.notify_all()
            while not self._is_free(delivery, key):
                if not self._changed.wait(_LISTEN_SECONDS):
                    waiting()

    def _is_free(self, delivery: UUID, key: Hashable) -> bool:
        before = takewhile(lambda one: one[0] != delivery, self._open.items())
        return delivery not in self._open or all(other is not None and other != key for _, other in before)
