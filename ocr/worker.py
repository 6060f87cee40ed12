"""The child process of the page pool: limits itself, then does one job after the other until its parent is gone.

Started by `ocr.pageworker` as a plain child (never by fork), so it is safe inside threaded programs. One JSON line per
job on standard input; on standard output one line when it is taken and one with its outcome. Whatever decoders print
goes to standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def main() -> None:
    """Reads settings from the first line, limits itself, serves until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not look like a reply
    settings = json.loads(sys.stdin.readline())
    network = _leave_network()
    _die_with(int(settings["parent"]))  # afterwards: a change of credentials would clear it
    _limit(settings)
    gc.disable()
    from ocr.desk import Desk

    desk = Desk(settings)
    gc.freeze()  # libraries stay: they are never searched for garbage
    gc.enable()
    _reply(replies, {"ready": True, "network": network})
    for line in sys.stdin:
        job = json.loads(line)
        _reply(replies, {"taken": True})  # from here on the job may be to blame for what happens
        _task_limits(job)
        outcome = desk.do(job["kind"], job["values"])
        usage = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = usage.ru_utime + usage.ru_stime + children.ru_utime + children.ru_stime
        _reply(replies, {"outcome": outcome, "rss": _resident(), "peak": _peak(), "cpu": cpu})


def _peak() -> int:
    """Highest resident memory of this program in bytes; `ru_maxrss` would also tell of whoever started it."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123 - every page asks
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _reply(replies: TextIO, values: dict[str, Any]) -> None:
    replies.write(json.dumps(values) + "\n")
    replies.flush()


def _die_with(parent: int) -> None:
    """Asks the kernel to end this process with its parent (prctl(2)); a parent already gone ends it at once."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _leave_network() -> str:
    """Moves into a network namespace of its own, without any interface up: as root, or by a user namespace.

    Where the system allows neither, the worker shares the network and still opens no connection of its own accord.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.unshare(_CLONE_NEWNET) == 0:
        return "none"
    user, group = os.geteuid(), os.getegid()
    if user != 0 and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        keep_ids(Path("/proc/self"), user, group)
        return "none"
    return "shared"


def keep_ids(process: Path, user: int, group: int) -> None:
    """Has the same user and group inside a user namespace as outside (user_namespaces(7)), where the system lets us.

    Ubuntu's AppArmor gives the namespace and refuses its map. Then this process sees every account as nobody; for the
    kernel it is still who it was, and its files keep their owner.
    """
    with contextlib.suppress(OSError):
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            (process / name).write_text(text, encoding="ascii")


def _limit(settings: dict[str, Any]) -> None:
    os.nice(int(settings["nice"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = int(settings["open_files"])
    files = files if hard == resource.RLIM_INFINITY else min(files, hard)  # nobody raises what the system allows
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business


def _task_limits(job: dict[str, Any]) -> None:
    """Soft limits for one job: CPU counts from now; memory and file size as the job says."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime) + 1
    _soft(resource.RLIMIT_CPU, spent + int(job["cpu_seconds"]))
    _soft(resource.RLIMIT_AS, int(job["memory_bytes"]))
    _soft(resource.RLIMIT_FSIZE, int(job["file_bytes"]))


def _soft(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _resident() -> int:
    """Resident memory now, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def cpu_seconds() -> float:
    """CPU seconds of this process and of its ended children (the engine may be a command)."""
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + now.ru_utime + now.ru_stime


if __name__ == "__main__":
    main()
