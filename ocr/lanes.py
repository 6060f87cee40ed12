"""Where jobs wait for workers: pages in a short line for all of them, joins in a line for the first one.

Joining pages needs libraries that take half a second to load; so one worker does all of it, before its next page.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from akten.errors import Unavailable
from ocr.pageworker import Task


class Lanes:
    """Two lines of jobs. Thread-safe; who puts a page while its line is full waits. Once closed it takes no more."""

    def __init__(self, most_pages: int) -> None:
        self._most = most_pages
        self._changed = threading.Condition()
        self._pages: deque[Task] = deque()
        self._joins: deque[Task] = deque()
        self._closed = False

    def put_page(self, task: Task) -> None:
        """Puts a page in line; waits while the line is full. Raises Unavailable once closed."""
        with self._changed:
            while len(self._pages) >= self._most and not self._closed:
                self._changed.wait()
            self._put(self._pages, task)

    def put_join(self, task: Task) -> None:
        """Puts a join in line; never waits, for whoever asks for it has handed in all its pages. Raises Unavailable."""
        with self._changed:
            self._put(self._joins, task)

    def _put(self, lane: deque[Task], task: Task) -> None:
        if self._closed:
            raise Unavailable("Die Seitenverarbeitung wird gerade beendet.")
        lane.append(task)
        self._changed.notify_all()

    def take(self, *, joins: bool, seconds: float) -> Task | None:
        """The next job, a join first for whom they are meant; None when there was none for so long, or closed."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._closed:
                lane = self._joins if joins and self._joins else self._pages
                if lane:
                    self._changed.notify_all()  # a place is free
                    return lane.popleft()
                if (left := until - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
        return None

    def close(self) -> list[Task]:
        """Takes no more, wakes all who wait, and gives back what nobody took."""
        with self._changed:
            self._closed = True
            left = [*self._joins, *self._pages]
            self._joins.clear()
            self._pages.clear()
            self._changed.notify_all()
        return left
