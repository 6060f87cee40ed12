"""How a call in the sandbox ends: with an answer, or with a death and its reason."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from akten.diskwords import DISK_FULL
from akten.errors import Misconfigured, Unavailable
from ocr.child import FULL

_LOG = logging.getLogger(__name__)
_PASSING = ("temporarily unavailable", "Cannot allocate memory", "No space left", "MemoryError", "Too many open files")


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
    def unseen(self) -> bool:
        """True when the child did not get at a file that we can read ourselves: the place is closed to the sandbox."""
        return self.reason == "crash" and self.detail.startswith(("FileNotFoundError", "PermissionError"))

    @property
    def text(self) -> str:
        """The reason as a German clause; which class and line it was is for the log."""
        return {
            "memory": "der Speicher reichte nicht",
            "cpu": "die Rechenzeit war verbraucht",
            "time": "die Zeit war verbraucht",
            "disk": "der Plattenplatz für Zwischendateien war verbraucht",
            "killed": "das Leseprogramm wurde zweimal von außen beendet; vielleicht fehlt der Maschine Speicher",
            "signal": f"das Leseprogramm ist abgestürzt ({self.detail})",
        }.get(self.reason, "das Leseprogramm kam damit nicht zurecht")


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
    died = SandboxDied(str(value.get("reason", "crash")), str(value.get("detail", ""))[:200])
    _LOG.warning("a child of the sandbox gave no answer: %s", died)  # the class of an error and its line
    return died


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
    # Of its last words the log gets the first only: what a library says of a page may quote it.
    _LOG.warning("a child of the sandbox ended with %d: %s", outcome.returncode, last.partition(":")[0][:80])
    return SandboxDied("memory" if "MemoryError" in last else "crash", last or f"exit {outcome.returncode}")


def settled(
    given: list[dict[str, Any] | SandboxDied], before: Sequence[object], pardoned: set[int]
) -> list[dict[str, Any] | SandboxDied]:
    """What was `given` after the answers `before`, without a last one that died by a kill from outside: ask it again.

    Each payload is pardoned once; `pardoned` holds their numbers. Raises Unavailable where one found the disk full:
    that says nothing of it.
    """
    if any(isinstance(each, SandboxDied) and each.reason == FULL for each in given):
        raise Unavailable(DISK_FULL)
    number = len(before) + len(given) - 1
    last = given[-1] if given else None
    if isinstance(last, SandboxDied) and last.reason == "killed" and number not in pardoned:
        pardoned.add(number)
        return given[:-1]
    return given
