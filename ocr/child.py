"""The other end of a call in the sandbox: started as a file by an isolated interpreter, never imported by our own.

Reads the question, calls the function on each payload and writes one line of JSON per answer. CPU seconds and wall
clock are measured per payload by the kernel (RLIMIT_CPU, ITIMER_REAL), so that a decoder deep in C is ended too. The
forks of the warm sandbox (`warmchild`) answer by the same two functions.
"""

from __future__ import annotations

import errno
import importlib
import json
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

FULL = "full"  # the disk of the machine took nothing more: no fault of a payload either
READY = '{"ready": true}'  # the first line: what fails before it is no fault of a payload


def main(question_path: str) -> int:
    """Answers all payloads of the question in a file. Returns the exit code."""
    question = json.loads(Path(question_path).read_bytes())
    function = _function(question["call"])
    with Path(question["answer"]).open("w", encoding="utf-8") as answer:
        answer.write(READY + "\n")
        answer.flush()
        for payload in question["payloads"]:
            allow(question["cpu_seconds"], question["wall_seconds"])
            answer.write(json.dumps(answer_to(function, payload)) + "\n")
            answer.flush()
    return 0


def _function(module_function: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    module, name = module_function.split(":")
    found: Callable[[dict[str, Any]], dict[str, Any]] = getattr(importlib.import_module(module), name)
    return found


def allow(cpu_seconds: int, wall_seconds: float) -> None:
    """Gives the next payload its own share of CPU and wall clock; the default of both signals is death."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime) + cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


def answer_to(function: Callable[[dict[str, Any]], dict[str, Any]], payload: dict[str, Any]) -> dict[str, Any]:
    """What the function says of one payload, or why it says nothing."""
    try:
        return {"ok": function(payload)}
    except MemoryError:
        return {"reason": "memory", "detail": "MemoryError"}
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return {"reason": FULL}
        return _crash(error)
    except Exception as error:  # noqa: BLE001 - a decoder can raise anything; the class name and place are the reason
        return _crash(error)


def _crash(error: Exception) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"reason": "crash", "detail": f"{type(error).__name__}{place}"}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.exit(main(sys.argv[1]))
