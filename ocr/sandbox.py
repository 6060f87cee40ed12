"""A child process with limits, without network and with a read-only root, for one decoder or one of our functions.

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
from dataclasses import replace
from pathlib import Path
from typing import Any

from akten.diskwords import in_german
from akten.errors import Misconfigured, Unavailable
from ocr.child import READY
from ocr.diskwatch import LOOK_SECONDS, DiskWatch
from ocr.ends import Outcome, SandboxDied, answer_of, death_of, not_started, settled
from ocr.options import Limits, OcrOptions
from ocr.walls import SandboxKind, environment, limiting, sandbox_kind, walls

__all__ = [
    "Limits",
    "SandboxKind",
    "call_each",
    "call_limited",
    "run_limited",
    "sandbox_kind",
]

_KEPT_BYTES = 1 << 20  # of each of stdout and stderr
_FLOOD_BYTES = 64 << 20  # more than this on both together is not output but an attack
_BLOCK = 1 << 16
_ANSWER_BYTES = 256 << 20  # facts of 20,000 pages are 10 MB
_CHILD = Path(__file__).with_name("child.py")


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
                disk = DiskWatch(place, limits.disk_bytes)
                stdout, stderr, timed_out, flooded = _watch(process, limits.wall_seconds, disk)
            finally:
                _end_group(process)
    code = process.returncode
    if kind is not SandboxKind.RLIMIT and code > 128:  # bubblewrap tells a signal as a shell does
        code = 128 - code
    return Outcome(code, stdout, stderr, timed_out, -code if code < 0 else None, disk.over, flooded)


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


def _watch(process: subprocess.Popen[bytes], seconds: float, disk: DiskWatch) -> tuple[bytes, bytes, bool, bool]:
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
                if timed_out or (looked + LOOK_SECONDS <= time.monotonic() and disk.check()):
                    break
                if looked + LOOK_SECONDS <= time.monotonic():
                    looked = time.monotonic()
                ready = {key.fd for key, _ in selector.select(min(left, LOOK_SECONDS))}
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
