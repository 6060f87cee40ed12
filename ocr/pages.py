"""The pool of page workers: pages of all Akten in one queue; a worker that dies or hangs costs one page, not the pool.

Workers are plain children (`ocr.worker`), each looked after by one thread that starts it, hands it job after job,
watches the clock and replaces it. Nothing is forked, so the pool may live inside threaded programs. Images never
pass through here: jobs name files, outcomes are small.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from akten.diskwords import in_german
from akten.errors import Misconfigured, Unavailable
from ocr.jobs import AssemblyJob, AssemblyOutcome, PageJob, PageOutcome
from ocr.lanes import Lanes
from ocr.options import OcrOptions
from ocr.pageworker import NotTaken, PageWorker, Task, WorkerDied
from ocr.scratch import ScratchFolder

__all__ = ["PagePool", "WorkerDied"]

_START_TRIES = 3


class PagePool:
    """Workers for pages; usable from many threads at once. Close it, or use it as a context manager."""

    def __init__(self, workers: int, options: OcrOptions) -> None:
        self._options = options
        # A short line: who hands in a thousand pages waits here, and pages of other Akten come in between.
        self.lanes = Lanes(most_pages=4 * workers)
        self._scratch = ScratchFolder("ocr")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._peak = 0
        self._engine = 0.0
        self._cpu: dict[int, float] = {}
        self._keepers = [_Keeper(self, number) for number in range(workers)]
        for keeper in self._keepers:
            keeper.start()

    def submit(self, job: PageJob) -> Future[PageOutcome]:
        """Queues a page; waits while the queue is full. The future raises WorkerDied if the page kills its worker."""
        task = Task("page", asdict(job), self._options.page_limits, PageOutcome.from_json)
        self.lanes.put_page(task)
        return task.future

    def assemble(self, job: AssemblyJob) -> Future[AssemblyOutcome]:
        """Queues the joining of page files, within the limits of a whole file."""
        task = Task("assembly", asdict(job), self._options.file_limits, AssemblyOutcome.from_json)
        self.lanes.put_join(task)
        return task.future

    @property
    def worker_ids(self) -> tuple[int, ...]:
        """Process ids of the workers that run now."""
        return tuple(pid for keeper in self._keepers if (pid := keeper.pid) is not None)

    @property
    def peak_bytes(self) -> int:
        """Largest resident memory any worker has had."""
        return self._peak

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all workers so far."""
        with self._lock:
            return sum(self._cpu.values())

    @property
    def engine_seconds(self) -> float:
        """CPU seconds spent inside the text recogniser so far."""
        return self._engine

    def note(self, pid: int, peak: int, cpu: float, engine: float) -> None:
        """Keeps what a worker said of itself."""
        with self._lock:
            self._peak = max(self._peak, peak)
            self._cpu[pid] = cpu
            self._engine += engine

    def close(self) -> None:
        """Ends all workers at once; jobs that wait or run fail with Unavailable."""
        if self._closing.is_set():
            return
        self._closing.set()
        for task in self.lanes.close():
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(Unavailable("Die Seitenverarbeitung wurde beendet."))
        for keeper in self._keepers:
            keeper.stop()
        for keeper in self._keepers:
            keeper.join()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Keeper(threading.Thread):
    """One thread per worker. It starts the worker itself: the kernel ends a child with the *thread* that made it."""

    def __init__(self, pool: PagePool, number: int) -> None:
        super().__init__(name=f"page-worker-{number}", daemon=True)
        self._pool = pool
        self._number = number
        self._worker: PageWorker | None = None
        self._guard = threading.Lock()

    @property
    def pid(self) -> int | None:
        worker = self._worker
        return worker.process.pid if worker is not None and worker.process.poll() is None else None

    def stop(self) -> None:
        """Ends the worker, which wakes the thread."""
        with self._guard:
            if self._worker is not None:
                self._worker.kill()

    def run(self) -> None:
        pool = self._pool
        if self._number == 0:  # a pool is opened for pages that are about to come
            with contextlib.suppress(Unavailable, OSError):  # the first page hears why, if it is still so
                self._ready(tries=1)
        while not pool._closing.is_set():
            task = pool.lanes.take(joins=self._number == 0, seconds=0.2)
            if task is None or not task.future.set_running_or_notify_cancel():
                continue
            try:
                outcome = self._do(task)
            except OSError as error:  # no process, no memory, no file left for another worker
                why = in_german(error.errno)
                task.future.set_exception(Unavailable(f"Ein Arbeitsprozess für Seiten startet nicht ({why})."))
            except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits for the page must hear of it
                task.future.set_exception(error)
            else:
                task.future.set_result(outcome)
        self._end()

    def _do(self, task: Task) -> Any:
        try:
            worker, reply = self._asked(task)
        except WorkerDied:
            self._end()
            if self._pool._closing.is_set():
                raise Unavailable("Die Seitenverarbeitung wurde beendet.") from None
            raise
        outcome = reply.get("outcome")
        try:
            spent = float(outcome.get("seconds_engine", 0.0)) if isinstance(outcome, dict) else 0.0
            self._pool.note(worker.process.pid, int(reply.get("peak", 0)), float(reply.get("cpu", 0.0)), spent)
            resident = int(reply.get("rss", 0))
        except (ValueError, TypeError, OverflowError) as error:
            self._end()
            raise WorkerDied("Der Arbeitsprozess hat unverständlich geantwortet.") from error
        worker.jobs += 1
        options = self._pool._options
        if worker.jobs >= options.tasks_per_worker or resident > options.worker_memory_bytes:
            self._end()
        if not isinstance(outcome, dict):
            raise WorkerDied("Der Arbeitsprozess hat unverständlich geantwortet.")
        if text := outcome.get("limit"):
            self._end()
            raise WorkerDied(str(text), again=False)
        if text := outcome.get("misconfigured"):
            raise Misconfigured(str(text))
        if text := outcome.get("system"):
            raise Unavailable(f"Das System hat einen Schritt verweigert ({text}).")
        try:
            return task.read(outcome)
        except ValueError as error:
            raise WorkerDied("Der Arbeitsprozess hat unverständlich geantwortet.") from error

    def _asked(self, task: Task) -> tuple[PageWorker, dict[str, Any]]:
        for _ in range(_START_TRIES):
            worker = self._ready()
            try:
                return worker, worker.ask(task)
            except NotTaken:  # killed from outside while it waited: that costs nothing
                self._end()
        raise Unavailable("Arbeitsprozesse für Seiten enden immer wieder, bevor sie arbeiten.")

    def _ready(self, tries: int = _START_TRIES) -> PageWorker:
        if self._worker is not None and self._worker.process.poll() is not None:
            self._end()  # killed from outside between two jobs: that costs nothing
        if self._worker is not None:
            return self._worker
        for attempt in range(1, tries + 1):
            with self._guard:
                if self._pool._closing.is_set():
                    raise Unavailable("Die Seitenverarbeitung wird gerade beendet.")
                worker = self._worker = PageWorker(self._pool._options, self._pool._scratch.path, self._number)
            try:
                worker.greet()
            except WorkerDied as error:
                said = worker.last_words()
                self._end()
                if self._pool._closing.is_set() or attempt == tries:
                    raise Unavailable(f"Ein Arbeitsprozess für Seiten startet nicht: {error.reason} {said}") from error
            else:
                return worker
        raise Unavailable("Ein Arbeitsprozess für Seiten startet nicht.")

    def _end(self) -> None:
        with self._guard:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
