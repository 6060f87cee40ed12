"""Computes the checksums of many files on few threads, ahead of the reader by a bounded number of batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import NamedTuple

from archive.bagalgorithms import Trouble

CHUNK = 1 << 20
BATCH = 4 << 20  # bytes that a thread takes at a time: handing over one small file costs as much as hashing it
_OVERHEAD = 4 << 10  # what opening a file costs, as bytes hashed
_AHEAD = 8  # batches per thread that may be under way or wait to be compared


class Task(NamedTuple):
    """One file to hash: path, size in bytes, algorithms."""

    path: str
    size: int
    algorithms: tuple[str, ...]


class Hashed(NamedTuple):
    """One file hashed: its checksums in the order of the task's algorithms, or why there are none."""

    path: str
    size: int
    algorithms: tuple[str, ...]
    digests: Sequence[bytes] | Trouble


Work = Callable[[list[Task]], list[Hashed]]


def tasks(files: Mapping[str, int], wanted: Callable[[str], tuple[str, ...]]) -> Iterator[Task]:
    """One task per file of which any checksum is wanted, in order."""
    for path, size in files.items():
        if algorithms := wanted(path):
            yield Task(path, size, algorithms)


def _batches(tasks: Iterator[Task]) -> Iterator[list[Task]]:
    batch: list[Task] = []
    weight = 0
    for task in tasks:
        batch.append(task)
        weight += task.size + _OVERHEAD
        if weight >= BATCH:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


class Hashing:
    """Results in the order of the tasks; with two threads or more and enough to do, work begins at once.

    Must be closed: what has not begun is dropped then.
    """

    def __init__(self, tasks: Iterator[Task], work: Work, workers: int) -> None:
        self._work = work
        self._batches: Iterator[list[Task]] = _batches(tasks)
        self._waiting: deque[Future[list[Hashed]]] = deque()
        self._pool: ThreadPoolExecutor | None = None
        first = list(islice(self._batches, 2))
        if workers > 1 and len(first) == 2:  # less is done before a thread has started
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="bag")
        self._batches = chain(first, self._batches)
        self._hand_over(_AHEAD * workers)

    def _hand_over(self, number: int) -> None:
        if self._pool:
            for batch in islice(self._batches, number):
                self._waiting.append(self._pool.submit(self._work, batch))

    def __iter__(self) -> Iterator[Hashed]:
        while self._waiting:
            yield from self._waiting.popleft().result()
            self._hand_over(1)
        for batch in self._batches:
            yield from self._work(batch)

    def close(self) -> None:
        """Ends the threads."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
