"""A sandbox that is kept warm: readers are loaded once and every call runs in a fork, so that a call costs no start.

An interpreter with Pillow, pikepdf and pdfium takes most of a CPU second to start, as much as half a page takes to
read. The child behind the walls loads them once; it never opens a delivered file itself, but forks for each call. Who
asks while all children are busy gets another one, up to a bound, and then waits.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from akten.errors import Unavailable
from ocr.child import READY
from ocr.diskwatch import LOOK_SECONDS, DiskWatch
from ocr.ends import Outcome, SandboxDied, answer_of, death_of, settled
from ocr.helper import Helper, HelperEnded, HelperLate
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_each
from ocr.scratch import ScratchFolder
from ocr.walls import environment, limiting_long, sandbox_kind, walls

__all__ = ["CallEach", "WarmSandbox"]

_CHILD = Path(__file__).with_name("warmchild.py")
_START_SECONDS = 60.0  # for its libraries, on a busy machine
_GRACE = 10.0


class CallEach(Protocol):
    """How a function of ours is called in the sandbox on many payloads: `ocr.sandbox.call_each`, or a warm one."""

    def __call__(
        self,
        module_function: str,
        payloads: Sequence[Mapping[str, Any]],
        /,
        *,
        limits: Limits,
        folder: Path,
        options: OcrOptions | None = None,
    ) -> list[dict[str, Any] | SandboxDied]:
        """The answers in order; a payload without answer gets a SandboxDied."""
        ...


class WarmSandbox:
    """Warm children of the sandbox. Thread-safe; started at first use; to be closed.

    Functions called write nothing, or only into `place`, which is then the temp folder, home and cwd of the children.
    """

    def __init__(self, options: OcrOptions, most: int = 2, place: Path | None = None) -> None:
        self._options = options
        self._most = most
        self._place = place
        self._changed = threading.Condition()
        self._idle: list[_Warm] = []
        self._all: set[_Warm] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, *modules: str) -> None:
        """Starts a child and lets it load modules while other work goes on; waits for nothing.

        Where all are at work or none can be started nothing is done: who asks hears what is wrong.
        """
        with contextlib.suppress(HelperEnded):
            with self._changed:
                warm = self._free()
            if warm is not None:
                self._loaded(warm, modules)

    def _loaded(self, warm: _Warm, modules: Sequence[str]) -> None:
        try:
            warm.load(modules)
        except HelperEnded:
            self._drop(warm)
        else:
            self._give(warm)

    def call_each(
        self,
        module_function: str,
        payloads: Sequence[Mapping[str, Any]],
        /,
        *,
        limits: Limits,
        folder: Path,
        options: OcrOptions | None = None,
    ) -> list[dict[str, Any] | SandboxDied]:
        """As `ocr.sandbox.call_each`, but `folder` is written to only where no warm child can be had."""
        answers: list[dict[str, Any] | SandboxDied] = []
        pardoned: set[int] = set()
        while len(answers) < len(payloads):
            rest = payloads[len(answers) :]
            try:
                warm = self._take()
            except HelperEnded:  # no process to be had: by a child of its own, which says what is wrong
                return [*answers, *call_each(module_function, rest, limits=limits, folder=folder, options=options)]
            try:
                given, whole = warm.ask(module_function, rest, limits)
            except _NotStarted:
                self._drop(warm)
                return [*answers, *call_each(module_function, rest, limits=limits, folder=folder, options=options)]
            if whole:
                self._give(warm)
            else:
                self._drop(warm)
            answers.extend(settled(given, answers, pardoned))  # may raise: the child has its place again by now
        return answers

    def close(self) -> None:
        """Ends all children; may be called twice. Who still asks gets Unavailable."""
        with self._changed:
            self._closed = True
            ended, self._all, self._idle = self._all, set(), []
            self._changed.notify_all()
        for warm in ended:
            warm.end()

    def _take(self) -> _Warm:
        with self._changed:
            while (warm := self._free()) is None:
                self._changed.wait()
            return warm

    def _free(self) -> _Warm | None:
        """An idle child or a new one, None while all that may be are at work; the caller holds the condition."""
        if self._closed:
            raise Unavailable("Die Prüfung wird gerade beendet.")
        if self._idle:
            return self._idle.pop()
        if len(self._all) >= self._most:
            return None
        warm = _Warm(self._options, self._place)
        self._all.add(warm)
        return warm

    def _give(self, warm: _Warm) -> None:
        with self._changed:
            if warm in self._all:
                self._idle.append(warm)
                self._changed.notify()

    def _drop(self, warm: _Warm) -> None:
        with self._changed:
            self._all.discard(warm)
            self._changed.notify()
        warm.end()


class _NotStarted(Exception):
    """The child ended before it came to a payload: no payload is to blame."""


class _Warm:
    """One warm child and the folder that it may write to: `place`, or one of its own.

    Raises HelperEnded when it cannot be started.
    """

    def __init__(self, options: OcrOptions, place: Path | None) -> None:
        self._scratch = contextlib.ExitStack()
        self._place = (place or self._scratch.enter_context(ScratchFolder("warm"))).resolve()
        command = [sys.executable, "-I", str(_CHILD)]
        try:
            kind = sandbox_kind(options)
            whole = [*walls(kind, self._place), *limiting_long(), *command]
            self._helper = Helper(whole, self._place, environment(self._place))
        except HelperEnded:
            self._scratch.close()
            raise
        self._fresh = True

    def load(self, modules: Sequence[str]) -> None:
        """Lets the child import modules; there is no answer."""
        self._helper.tell(json.dumps({"load": list(modules)}).encode("ascii"))

    def ask(
        self, module_function: str, payloads: Sequence[Mapping[str, Any]], limits: Limits
    ) -> tuple[list[dict[str, Any] | SandboxDied], bool]:
        """Answers to the first payloads, at least one, the last perhaps a death; and whether the child lives on.

        Raises _NotStarted.
        """
        question = {
            "call": module_function,
            "payloads": list(payloads),
            "cpu_seconds": limits.cpu_seconds,
            "wall_seconds": limits.wall_seconds,
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
            "open_files": limits.open_files,
        }
        answers: list[dict[str, Any] | SandboxDied] = []
        patience = limits.wall_seconds + _GRACE + (_START_SECONDS if self._fresh else 0.0)
        self._fresh = False
        disk = DiskWatch(self._place, limits.disk_bytes)
        try:
            self._helper.tell(json.dumps(question).encode("ascii"))
            if self._helper.hear(patience) != READY.encode("ascii"):
                raise _NotStarted
        except (HelperEnded, HelperLate) as gone:
            raise _NotStarted from gone
        try:
            while True:
                line = self._hear(patience, disk)
                patience = limits.wall_seconds + _GRACE
                if (ended := _end_of(line)) is not None:
                    if len(answers) < len(payloads):
                        answers.append(death_of(ended))
                    return answers, True
                answer = answer_of(line)
                if answer is None or len(answers) == len(payloads):
                    return [*answers[: len(payloads) - 1], SandboxDied("crash", "no answer")], False
                answers.append(answer)
        except HelperLate:
            return [*answers, SandboxDied("disk" if disk.over else "time")][: len(payloads)], False
        except HelperEnded as gone:
            return [*answers, _death_of_child(gone.returncode)][: len(payloads)], False

    def _hear(self, patience: float, disk: DiskWatch) -> bytes:
        """One line. Raises HelperEnded, and HelperLate when none comes in time or the disk is over."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return self._helper.hear(max(0.0, min(deadline - time.monotonic(), LOOK_SECONDS)))
            except HelperLate:
                if disk.check() or time.monotonic() >= deadline:
                    raise

    def end(self) -> None:
        """Ends the child and removes the folder of its own."""
        self._helper.stop(patience=0.5)
        self._scratch.close()


def _death_of_child(code: int | None) -> SandboxDied:
    """Why the warm child itself is gone; bubblewrap tells a signal as a shell does, by 128 and its number."""
    if code is None:
        return SandboxDied("crash", "exit unknown")
    number = -code if code < 0 else code - 128 if code > 128 else None
    return death_of(Outcome(code, b"", b"", killed_by=number))


def _end_of(line: bytes) -> Outcome | None:
    """How a call ended; None when the line is an answer."""
    if not line.startswith(b'{"end": '):
        return None
    told = json.loads(line)
    code = int(told["end"])
    return Outcome(code, b"", str(told["words"]).encode(), killed_by=-code if code < 0 else None)
