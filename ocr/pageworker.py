"""One child process of the page pool with its pipes: started, asked, watched by the clock, ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocr.jobs import plain_options
from ocr.options import Limits, OcrOptions
from ocr.walls import HEAP

_ROOT = Path(__file__).resolve().parent.parent
_LONGEST_REPLY = 64 << 20
_START_SECONDS = 120.0
_TAKE_SECONDS = 60.0
_ERRORS_KEPT = 4000


class WorkerDied(Exception):
    """The job took its worker with it; `reason` is German. `again` is False where a second try would end the same."""

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


class NotTaken(Exception):
    """The worker was gone before it took the job, so the job is not to blame and goes to another worker."""


@dataclass(slots=True)
class Task:
    """One job on its way to a worker; `read` turns the plain outcome into a value."""

    kind: str
    values: dict[str, Any]
    limits: Limits
    read: Callable[[dict[str, Any]], Any]
    future: Future[Any] = field(default_factory=Future)


class PageWorker:
    """One running child with its pipes."""

    def __init__(self, options: OcrOptions, folder: Path, number: int) -> None:
        self.jobs = 0
        self._folder = Path(tempfile.mkdtemp(prefix=f"{number}-", dir=folder))
        self._errors = self._folder / "stderr"
        self._rest = b""
        code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from ocr.worker import main; main()"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self._folder,
                env=_environment(self._folder),
                start_new_session=True,
                close_fds=True,
            )
        settings = {
            "parent": os.getpid(),
            "nice": options.nice,
            "open_files": options.page_limits.open_files,
            "options": plain_options(options),
        }
        self._write(settings)

    def greet(self) -> None:
        """Waits until the worker is ready. Raises WorkerDied."""
        self._read(time.monotonic() + _START_SECONDS)

    def ask(self, task: Task) -> dict[str, Any]:
        """Sends a job and waits for its outcome. Raises NotTaken, or WorkerDied when child or time come to an end."""
        limits = task.limits
        self._write(
            {
                "kind": task.kind,
                "values": task.values,
                "cpu_seconds": limits.cpu_seconds,
                "memory_bytes": limits.memory_bytes,
                "file_bytes": limits.file_bytes,
            }
        )
        try:
            self._read(time.monotonic() + _TAKE_SECONDS)
        except WorkerDied as error:
            raise NotTaken(error.reason) from error
        return self._read(time.monotonic() + limits.wall_seconds)

    def _write(self, values: Mapping[str, Any]) -> None:
        pipe = self.process.stdin
        assert pipe is not None  # noqa: S101 - told to the type checker
        with contextlib.suppress(BrokenPipeError):  # reading tells how the child ended
            pipe.write(json.dumps(values).encode("utf-8") + b"\n")
            pipe.flush()

    def _read(self, until: float) -> dict[str, Any]:
        pipe = self.process.stdout
        assert pipe is not None  # noqa: S101 - told to the type checker
        parts = [self._rest]
        size = len(self._rest)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while b"\n" not in parts[-1]:
                left = until - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self.kill()
                    raise WorkerDied("Die Zeit für diese Seite ist abgelaufen.", again=False)
                block = os.read(pipe.fileno(), 1 << 16)
                if not block:
                    code = self.process.wait()
                    raise WorkerDied(_ended(code, self.last_words()), again=code != -signal.SIGXCPU)
                size += len(block)
                if size > _LONGEST_REPLY:
                    self.kill()
                    raise WorkerDied("Der Arbeitsprozess antwortet ohne Ende.")
                parts.append(block)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError) as error:
            self.kill()
            raise WorkerDied("Der Arbeitsprozess hat unverständlich geantwortet.") from error
        return reply if isinstance(reply, dict) else {}

    def last_words(self) -> str:
        """The end of what the child wrote to standard error, one line."""
        try:
            with self._errors.open("rb") as told:  # a decoder may have written gigabytes
                told.seek(max(0, told.seek(0, os.SEEK_END) - _ERRORS_KEPT))
                text = told.read(_ERRORS_KEPT).decode("utf-8", "replace").strip()
        except OSError:
            return ""
        return text.splitlines()[-1] if text else ""

    def kill(self) -> None:
        """Ends the child and what it started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the child and removes its folder."""
        self.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    """A small environment of our own making: one thread per worker, no proxies, its own temporary folder."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **HEAP,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }


def _ended(returncode: int, last_words: str) -> str:
    if returncode >= 0:
        kind = last_words.partition(":")[0][:80]  # the class of the error only: its text may quote the page
        return f"Der Arbeitsprozess hat sich mit Code {returncode} beendet ({kind or 'ohne Meldung'})."
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = str(-returncode)
    if name == "SIGXCPU":
        return "Die Rechenzeit für diese Seite ist verbraucht."
    return f"Der Arbeitsprozess wurde von {name} beendet."
