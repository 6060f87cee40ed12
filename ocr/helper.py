"""A helper process that lives long and is asked line by line; it dies with us, whatever kills us.

The thread that reads its lines also starts it and outlives it, because the kernel ends a bound child as soon as the
*thread* that made it ends (PR_SET_PDEATHSIG), and the thread that asks first may be gone soon.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_LINE_BYTES = 256 << 20


class HelperEnded(Exception):
    """The helper is gone; `returncode` as Popen tells it, None when it could not even be started."""

    def __init__(self, returncode: int | None) -> None:
        super().__init__(f"exit {returncode}")
        self.returncode = returncode


class HelperLate(Exception):
    """The helper did not answer in time; it is still running and must be stopped."""


class Helper:
    """One running helper. Not thread-safe: its owner asks one thing at a time."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(command, folder, env, started), name="helper", daemon=True).start()
        process = started.get()
        if isinstance(process, OSError):
            raise HelperEnded(None) from process
        self._process = process
        self.asked = 0

    def _run(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError],
    ) -> None:
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=dict(env),
                start_new_session=True,
            )
        except OSError as error:
            started.put(error)
            return
        started.put(process)
        if process.stdout is not None:
            with contextlib.suppress(ValueError, OSError), process.stdout as output:
                while line := output.readline(_LINE_BYTES):
                    self._lines.put(line.strip())
        self._lines.put(None)
        process.wait()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, line: bytes, seconds: float) -> bytes:
        """Writes one line and waits for the answer. Raises HelperEnded or HelperLate."""
        self.tell(line)
        return self.hear(seconds)

    def tell(self, line: bytes) -> None:
        """Writes one line. Raises HelperEnded."""
        self.asked += 1
        if self._process.stdin is None:
            raise HelperEnded(None)
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise HelperEnded(self._code()) from error

    def hear(self, seconds: float) -> bytes:
        """Waits for one line. Raises HelperEnded or HelperLate."""
        deadline = time.monotonic() + seconds
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty as error:
            raise HelperLate from error
        if line is None:
            raise HelperEnded(self._code())
        return line

    def _code(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(1.0)
        return None

    def stop(self, *, patience: float) -> None:
        """Ends the helper: by closing its input, after `patience` seconds by force."""
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
