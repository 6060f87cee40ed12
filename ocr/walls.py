"""How a child process is shut in: which prefix of bubblewrap, unshare and prlimit a command gets, and its environment.

The strongest kind that works is found by trying it once per process (nested containers often forbid namespaces).
"""

from __future__ import annotations

import functools
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from akten.errors import Misconfigured
from ocr.options import Limits, OcrOptions
from ocr.scratch import ScratchFolder

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HEAP = {  # to glibc (mallopt(3)). A page's pictures come and go by the megabyte: given back each time, the system has
    # to clear as many pages of memory anew (18 pages: 529,000 faults and 1.1 s of the system; kept 37,000 and 0.3 s).
    # What is larger still goes back at once.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}
_PROBE_SECONDS = 10.0


class SandboxKind(StrEnum):
    """How a child is shut in."""

    BUBBLEWRAP = "bubblewrap"  # no network, read-only root, own processes
    NAMESPACE = "namespace"  # no network, own processes
    RLIMIT = "rlimit"  # limits only


def sandbox_kind(options: OcrOptions | None = None) -> SandboxKind:
    """The strongest kind that works here and now and that the settings allow; tried out once per process."""
    return _probe((options or OcrOptions()).sandbox)


@functools.cache
def _probe(wanted: str) -> SandboxKind:
    if wanted == "rlimit":
        return SandboxKind.RLIMIT
    with ScratchFolder("probe") as folder:
        for kind in (SandboxKind.BUBBLEWRAP, SandboxKind.NAMESPACE):
            if _works(kind, folder):
                return kind
    if wanted == "bubblewrap":
        raise Misconfigured(
            "Die Abschottung mit bubblewrap ist verlangt, geht hier aber nicht: Debian-Paket bubblewrap einrichten "
            "oder ARCHIV_OCR__SANDBOX=auto setzen."
        )
    return SandboxKind.RLIMIT


def _works(kind: SandboxKind, folder: Path) -> bool:
    """True when a child in such a sandbox can start, write into its folder and is parted from the network."""
    prefix = walls(kind, folder)
    if not prefix:
        return False
    mark = folder / kind.value
    inside = ["/bin/sh", "-c", 'echo ok > "$1"; readlink /proc/self/ns/net', "sh", str(mark)]
    try:
        done = subprocess.run(  # the probe's own command, nothing foreign
            [*prefix, *inside], capture_output=True, timeout=_PROBE_SECONDS, env={"PATH": SEARCH_PATH}, check=False
        )
        own = os.readlink("/proc/self/ns/net")  # noqa: PTH115 - not a path but a name of a namespace
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and mark.is_file() and done.stdout.decode("ascii", "replace").strip() not in ("", own)


def walls(kind: SandboxKind, folder: Path) -> list[str]:
    """The command prefix that shuts a child in; empty when the tool for it is not there."""
    if kind is SandboxKind.BUBBLEWRAP and (bwrap := shutil.which("bwrap", path=SEARCH_PATH)):
        place = str(folder)
        mounts = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", place, place]
        return [bwrap, *mounts, "--unshare-all", "--die-with-parent", "--new-session", "--chdir", place, "--"]
    if kind is SandboxKind.NAMESPACE and (unshare := shutil.which("unshare", path=SEARCH_PATH)):
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        parted = ["--net", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        # Process 1 of a namespace ignores signals such as SIGXCPU and SIGALRM, so a shell takes that place.
        return [*bound(), unshare, *as_root, *parted, "/bin/sh", "-c", '"$@"; exit $?', "sh"]
    if kind is SandboxKind.RLIMIT:
        return bound()
    return []


def bound() -> list[str]:
    """The prefix that lets a child die with the thread that started it (PR_SET_PDEATHSIG)."""
    setpriv = shutil.which("setpriv", path=SEARCH_PATH)
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def limiting(limits: Limits) -> list[str]:
    """The prefix that sets the limits of a command. Raises Misconfigured when prlimit is missing."""
    prlimit = shutil.which("prlimit", path=SEARCH_PATH)
    if prlimit is None:
        raise Misconfigured("Das Programm prlimit fehlt; Debian-Paket util-linux einrichten.")
    return [
        prlimit,
        # SIGXCPU first, SIGKILL five seconds later
        f"--cpu={_within(resource.RLIMIT_CPU, limits.cpu_seconds)}:"
        f"{_within(resource.RLIMIT_CPU, limits.cpu_seconds + 5)}",
        f"--as={_within(resource.RLIMIT_AS, limits.memory_bytes)}",
        f"--fsize={_within(resource.RLIMIT_FSIZE, limits.file_bytes)}",
        f"--nofile={_within(resource.RLIMIT_NOFILE, limits.open_files)}",
        "--core=0",
        "--",
    ]


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """All that a child gets to see of an environment: no proxies, no secrets, one thread, its own home."""
    place = str(folder)
    return {
        "PATH": f"{Path(sys.executable).parent}:{SEARCH_PATH}",
        "HOME": place,
        "TMPDIR": place,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **HEAP,
        "PYTHONDONTWRITEBYTECODE": "1",
        **(more or {}),
    }


def limiting_long() -> list[str]:
    """The prefix of a helper that lives long and bounds its own memory: no core, no giant files, few open files."""
    prlimit = shutil.which("prlimit", path=SEARCH_PATH)
    if prlimit is None:
        return []
    fsize, files = _within(resource.RLIMIT_FSIZE, 1 << 30), _within(resource.RLIMIT_NOFILE, 1024)
    return [prlimit, "--core=0", f"--fsize={fsize}", f"--nofile={files}", "--"]


def _within(what: int, wished: int) -> int:
    """A limit that may be set: not above the hard one of this account, where prlimit would fail and start nothing."""
    hard = resource.getrlimit(what)[1]
    return wished if hard == resource.RLIM_INFINITY else min(wished, hard)
