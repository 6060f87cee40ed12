"""The other end of a warm sandbox: loads our readers once, then answers each call in a fork of its own.

Started as a file by an isolated interpreter inside the walls, never imported by our own. This process itself never
touches a delivered file, so that every call begins in a clean memory; what a file does to its reader dies with the
fork. One line of JSON per request on standard input; on standard output one line when a call begins, one per answer and
one for the end of each call. Whatever libraries print goes to standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_WORDS = 4000  # bytes of a fork's last words that are told


def main() -> int:
    """Serves until standard input ends. Returns the exit code."""
    from ocr.child import READY, allow, answer_to

    replies = os.dup(1)
    os.dup2(2, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.getpid()
    gc.disable()  # loading makes no garbage worth a search; the forks search again
    for line in sys.stdin.buffer:
        request = json.loads(line)
        for module in request.get("load", ()):
            importlib.import_module(module)
        if "call" not in request:
            continue
        module, name = request["call"].split(":")
        function: Callable[[dict[str, Any]], dict[str, Any]] = getattr(importlib.import_module(module), name)
        gc.freeze()  # what is loaded is never searched, so that a fork shares its memory instead of copying it
        with tempfile.TemporaryFile() as words:
            pid = os.fork()
            if pid == 0:
                libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                if os.getppid() != own:
                    os._exit(0)
                _become(request, words.fileno())
                _write(replies, READY)
                for payload in request["payloads"]:
                    allow(request["cpu_seconds"], request["wall_seconds"])
                    _write(replies, json.dumps(answer_to(function, payload)))
                os._exit(0)
            _, status = os.waitpid(pid, 0)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # what it may have left behind
            words.seek(max(0, words.seek(0, os.SEEK_END) - _WORDS))
            told = words.read().decode("utf-8", "replace")
        _write(replies, json.dumps({"end": os.waitstatus_to_exitcode(status), "words": told}))
    return 0


def _become(request: dict[str, Any], words: int) -> None:
    """In the fork: its own group, nothing to read, its limits."""
    gc.enable()
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(words, 1)
    os.dup2(words, 2)
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, request["memory_bytes"]),
        (resource.RLIMIT_FSIZE, request["file_bytes"]),
        (resource.RLIMIT_NOFILE, request["open_files"]),
    ):
        hard = resource.getrlimit(what)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (bound, bound))


def _write(replies: int, line: str) -> None:
    data = line.encode("ascii") + b"\n"
    while data:
        data = data[os.write(replies, data) :]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os._exit(main())  # nothing is buffered; to take all libraries down one by one costs a tenth of a second
