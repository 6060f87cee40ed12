"""A child process with limits, without network and with a read-only root: the only place that starts decoders.

Three doors: `run_limited` for a command, `call_limited` for one of our own functions in a fresh interpreter, and
`call_each` for one function on many payloads, where a payload that kills the child costs itself only.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from akten.diskwords import in_german
from akten.errors import Misconfigured, Unavailable
from ocr.child import READY
from ocr.options import Limits, OcrOptions
from ocr.walls import SandboxKind, environment, limiting, sandbox_kind, walls

__all__ = [
    "Limits",
    "Outcome",
    "SandboxDied",
    "SandboxKind",
    "call_each",
    "call_limited",
    "run_limited",
    "sandbox_kind",
]

_KEPT_BYTES = 1 << 20  # of each of stdout and stderr
_FLOOD_BYTES = 64 << 20  # more than this on both together is not output but an attack
_BLOCK = 1 << 16
_LOOK_SECONDS = 1.0  # between two looks at the disk
_ANSWER_BYTES = 256 << 20  # facts of 20,000 pages are 10 MB
_PASSING = ("temporarily unavailable", "Cannot allocate memory", "No space left", "MemoryError", "Too many open files")
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended. `killed_by` is the signal number when one ended it; output is cut after 1 MiB each."""

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    killed_by: int | None = None
    over_disk: bool = False
    flooded: bool = False

    @property
    def killed_from_outside(self) -> bool:
        """True when neither a limit of ours nor the child itself ended it: that says nothing of what it was doing."""
        return self.killed_by == signal.SIGKILL and not (self.timed_out or self.over_disk or self.flooded)


class SandboxDied(Exception):
    """A call in the sandbox gave no answer. `reason` is memory, cpu, time, disk, killed, signal or crash.

    `killed` is a kill -9 from outside (an operator, or a kernel short of memory), met twice by the same call.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    @property
    def by_the_file(self) -> bool:
        """True when the same file would end its reader the same way again, whatever the machine does meanwhile."""
        return (
            self.reason in ("memory", "cpu")
            or (self.reason == "signal" and self.detail in ("SIGSEGV", "SIGABRT"))
            or (self.reason == "crash" and self.detail.startswith(("PdfError", "PdfiumError")))
        )

    @property
    def text(self) -> str:
        """The reason as a German clause."""
        return {
            "memory": "der Speicher reichte nicht",
            "cpu": "die Rechenzeit war verbraucht",
            "time": "die Zeit war verbraucht",
            "disk": "der Plattenplatz für Zwischendateien war verbraucht",
            "killed": "das Leseprogramm wurde zweimal von außen beendet; vielleicht fehlt der Maschine Speicher",
            "signal": f"das Leseprogramm ist abgestürzt ({self.detail})",
        }.get(self.reason, f"das Leseprogramm ist gescheitert ({self.detail})")


def run_limited(
    command: Sequence[str],
    *,
    limits: Limits,
    folder: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    options: OcrOptions | None = None,
) -> Outcome:
    """Runs a command in the sandbox; it may write to `folder` only, which is also its temp folder, home and cwd.

    The whole process group is killed at the time limit, and after its end nothing of it is left. Raises Misconfigured
    when the command or the sandbox is not there.
    """
    place = folder.resolve(strict=True)
    kind = sandbox_kind(options)
    surroundings = environment(place, env)
    program = shutil.which(command[0], path=surroundings["PATH"])
    if program is None:
        raise Misconfigured(f"Das Programm {command[0]} fehlt.")
    whole = [*walls(kind, place), *limiting(limits), program, *command[1:]]
    with _input(stdin) as source:
        try:
            process = subprocess.Popen(
                whole,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=place,
                env=surroundings,
                start_new_session=True,
                close_fds=True,
            )
        except BlockingIOError as error:
            raise Unavailable("Das System lässt gerade keine weiteren Prozesse zu.") from error
        except OSError as error:
            raise Misconfigured(
                f"Das Programm {command[0]} lässt sich nicht starten ({in_german(error.errno)})."
            ) from error
        with process:
            try:
                disk = _Disk(place, limits.disk_bytes)
                stdout, stderr, timed_out, flooded = _watch(process, limits.wall_seconds, disk)
            finally:
                _end_group(process)
    code = process.returncode
    if kind is not SandboxKind.RLIMIT and code > 128:  # bubblewrap tells a signal as a shell does
        code = 128 - code
    return Outcome(code, stdout, stderr, timed_out, -code if code < 0 else None, disk.over, flooded)


class _Disk:
    """How much the folder of a child has grown since its start, looked at once a second at most."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._before = _used(folder)
        self.over = False

    def check(self) -> bool:
        """True when the child has written more than it may."""
        self.over = self.over or _used(self._folder) - self._before > self._most
        return self.over


def _used(folder: Path) -> int:
    """Bytes of all files below a folder that somebody is writing to; what vanishes meanwhile counts nothing."""
    total, places = 0, [os.fspath(folder)]
    while places:
        try:
            with os.scandir(places.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        places.append(entry.path)
                    else:
                        with contextlib.suppress(OSError):
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total


@contextlib.contextmanager
def _input(data: bytes) -> Iterator[int]:
    if not data:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        file.seek(0)
        yield file.fileno()


def _watch(process: subprocess.Popen[bytes], seconds: float, disk: _Disk) -> tuple[bytes, bytes, bool, bool]:
    """Reads both outputs until the child ends, is too late, or floods us; then ends it and what it left behind.

    Returns them, whether it was too late and whether it flooded us.
    """
    pipes = [pipe.fileno() for pipe in (process.stdout, process.stderr) if pipe is not None]
    kept = [bytearray() for _ in pipes]
    deadline = time.monotonic() + seconds
    total, timed_out, looked = 0, False, time.monotonic()
    ended = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            for pipe in pipes:
                os.set_blocking(pipe, False)
                selector.register(pipe, selectors.EVENT_READ)
            while total <= _FLOOD_BYTES:
                left = deadline - time.monotonic()
                timed_out = left <= 0
                if timed_out or (looked + _LOOK_SECONDS <= time.monotonic() and disk.check()):
                    break
                if looked + _LOOK_SECONDS <= time.monotonic():
                    looked = time.monotonic()
                ready = {key.fd for key, _ in selector.select(min(left, _LOOK_SECONDS))}
                for pipe, data in zip(pipes, kept, strict=True):
                    if pipe in ready:
                        count = _take(pipe, data)
                        total += count
                        if not count:
                            selector.unregister(pipe)
                if ended in ready:
                    break
    finally:
        os.close(ended)
    _end_group(process)
    for pipe, data in zip(pipes, kept, strict=True):
        while total <= _FLOOD_BYTES and (count := _take(pipe, data)):
            total += count
    return bytes(kept[0]), bytes(kept[1]), timed_out, total > _FLOOD_BYTES


def _take(pipe: int, data: bytearray) -> int:
    """Takes what is there now and keeps it up to the bound; returns the number of bytes, 0 when there is nothing."""
    try:
        block = os.read(pipe, _BLOCK)
    except BlockingIOError:
        return 0
    data += block[: max(0, _KEPT_BYTES - len(data))]
    return len(block)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills what is left of a child and its group and takes its exit code; harmless when nothing is left."""
    if process.returncode is None:  # not yet reaped, so its number cannot belong to another process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def call_limited(
    module_function: str,
    payload: Mapping[str, Any],
    *,
    limits: Limits,
    folder: Path,
    options: OcrOptions | None = None,
) -> dict[str, Any]:
    """Calls `module:function(payload)` of ours in a fresh interpreter in the sandbox; JSON in, JSON out.

    The function may write to `folder` only. Raises SandboxDied when there is no answer.
    """
    answer = call_each(module_function, [payload], limits=limits, folder=folder, options=options)[0]
    if isinstance(answer, SandboxDied):
        raise answer
    return answer


def call_each(
    module_function: str,
    payloads: Sequence[Mapping[str, Any]],
    *,
    limits: Limits,
    folder: Path,
    options: OcrOptions | None = None,
) -> list[dict[str, Any] | SandboxDied]:
    """Calls one function on many payloads, all in one interpreter as long as it lives; the limits are for each one.

    A payload that kills the interpreter gets a SandboxDied, and the rest goes on in a new one. One at which somebody
    else killed the interpreter is asked once more. Raises Unavailable or Misconfigured when the interpreter does not
    start at all.
    """
    answers: list[dict[str, Any] | SandboxDied] = []
    pardoned: set[int] = set()
    with tempfile.TemporaryDirectory(prefix="call-", dir=folder, ignore_cleanup_errors=True) as name:
        place = Path(name)
        while len(answers) < len(payloads):
            rest = payloads[len(answers) :]
            answers.extend(settled(_round(module_function, rest, limits, folder, place, options), answers, pardoned))
    return answers


def settled(
    given: list[dict[str, Any] | SandboxDied], before: Sequence[object], pardoned: set[int]
) -> list[dict[str, Any] | SandboxDied]:
    """What was `given` after the answers `before`, without a last one that died by a kill from outside: ask it again.

    Each payload is pardoned once; `pardoned` holds their numbers.
    """
    number = len(before) + len(given) - 1
    last = given[-1] if given else None
    if isinstance(last, SandboxDied) and last.reason == "killed" and number not in pardoned:
        pardoned.add(number)
        return given[:-1]
    return given


def _round(
    module_function: str,
    payloads: Sequence[Mapping[str, Any]],
    limits: Limits,
    folder: Path,
    place: Path,
    options: OcrOptions | None,
) -> list[dict[str, Any] | SandboxDied]:
    """One interpreter on all payloads: the answers it gave, and last why it died if it did; never empty."""
    question, answer = place / "question.json", place / "answer.jsonl"
    answer.unlink(missing_ok=True)
    question.write_text(
        json.dumps(
            {
                "call": module_function,
                "payloads": list(payloads),
                "cpu_seconds": limits.cpu_seconds,
                "wall_seconds": limits.wall_seconds,
                "answer": str(answer),
            }
        )
    )
    count = len(payloads)
    whole = replace(  # each payload has its own share, which the child sets; these are the outer bounds
        limits, cpu_seconds=limits.cpu_seconds * count, wall_seconds=limits.wall_seconds * count + 10
    )
    command = [sys.executable, "-I", str(_CHILD), str(question)]
    env = {"TMPDIR": str(place.resolve())}
    outcome = run_limited(command, limits=whole, folder=folder, env=env, options=options)
    lines = _lines(answer, count + 1)
    if next(lines, b"").strip() != READY.encode("ascii"):
        raise not_started(outcome)
    answers: list[dict[str, Any] | SandboxDied] = list(_answers(lines))
    if len(answers) < count and not (answers and isinstance(answers[-1], SandboxDied)):
        answers.append(death_of(outcome))
    return answers


def _lines(path: Path, count: int) -> Iterator[bytes]:
    """What the child wrote, line by line; nothing when it is no file of ours."""
    if not path.is_file() or path.is_symlink() or path.stat().st_size > _ANSWER_BYTES:
        return
    with path.open("rb") as file:
        yield from itertools.islice(file, count)


def _answers(lines: Iterator[bytes]) -> Iterator[dict[str, Any] | SandboxDied]:
    """The answers; a line that is not whole or not ours ends them."""
    for line in lines:
        if (answer := answer_of(line)) is None:
            return
        yield answer


def not_started(outcome: Outcome) -> Unavailable | Misconfigured:
    """Why a child never came to its first payload: a fault of this machine, whatever the files are."""
    last = outcome.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:120]
    said = "Die Leseprogramme ließen sich in der Abschottung nicht starten"
    if outcome.timed_out or outcome.over_disk or outcome.killed_by is not None or any(w in last for w in _PASSING):
        return Unavailable(f"{said} ({last or 'abgebrochen'}). An den Scans liegt es nicht; später noch einmal.")
    return Misconfigured(f"{said} ({last or outcome.returncode}). An den Scans liegt es nicht; archiv doctor hilft.")


def answer_of(line: bytes) -> dict[str, Any] | SandboxDied | None:
    """One line of a child as its answer or as why there is none; None when the line is not whole or not ours."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("ok"), dict):
        answer: dict[str, Any] = value["ok"]
        return answer
    return SandboxDied(str(value.get("reason", "crash")), str(value.get("detail", ""))[:200])


def death_of(outcome: Outcome) -> SandboxDied:
    """Why a child that ended so gave no answer."""
    last = outcome.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:200]
    if outcome.timed_out or outcome.killed_by == signal.SIGALRM:
        return SandboxDied("time")
    if outcome.over_disk:
        return SandboxDied("disk")
    if outcome.killed_by == signal.SIGXCPU:
        return SandboxDied("cpu")
    if outcome.killed_from_outside:
        return SandboxDied("killed")
    if outcome.killed_by is not None:
        if "bad_alloc" in last or "memory" in last.lower():
            return SandboxDied("memory", last)
        try:
            return SandboxDied("signal", signal.Signals(outcome.killed_by).name)
        except ValueError:
            return SandboxDied("signal", str(outcome.killed_by))
    return SandboxDied("memory" if "MemoryError" in last else "crash", last or f"exit {outcome.returncode}")
