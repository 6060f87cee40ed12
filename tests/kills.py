"""Kills for tests of restart: finds the processes of one archive, kills some, and counts what is left afterwards.

Only processes of the given data folder are ever looked at: by `ARCHIV_DATEN` in their environment, by the folder in
their command line, or as descendants of the command (JVM, page workers and sandboxes have an environment of their own).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.settings import read_settings
from flows.wiring import open_services
from flows.workmark import NAME as MARK
from tests.builders import a_delivery
from tests.conftest import ROOT

TARGETS = ("alone", "group", "all", "keeper", "weed", "java", "worker")


def environment(daten: Path) -> dict[str, str]:
    return {**os.environ, "ARCHIV_DATEN": str(daten)}


def start(daten: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """`archiv …` as a process of its own session, as a terminal or a service would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *map(str, arguments), "--json"],
        cwd=ROOT,
        env=environment(daten),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def call(daten: Path, *arguments: str | Path, seconds: float = 240) -> tuple[int, Any, str]:
    """Exit code, the JSON value and the error stream of a call that nobody disturbs."""
    process = start(daten, *arguments)
    out, err = process.communicate(timeout=seconds)
    return process.returncode, json.loads(out) if out else None, err.decode()


def processes(daten: Path) -> dict[int, str]:
    """Process id → command line of everything that works on this data folder."""
    found: dict[int, str] = {}
    mark = str(daten).encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if mark in command or b"ARCHIV_DATEN=" + mark + b"\0" in (entry / "environ").read_bytes():
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def descendants(leader: int) -> dict[int, str]:
    """Process id → command line of everything that this process and its children have started and that still runs."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                stat = (entry / "stat").read_text(errors="replace")
                parents[int(entry.name)] = int(stat[stat.rindex(")") + 2 :].split()[1])
    found: dict[int, str] = {}
    reached = {leader}
    while born := {pid for pid, parent in parents.items() if parent in reached} - reached:
        reached |= born
        for pid in born:
            with suppress(OSError):
                found[pid] = (Path(f"/proc/{pid}/cmdline").read_bytes()).replace(b"\0", b" ").decode(errors="replace")
    return found


def _is(target: str, pid: int, command: str, leader: int) -> bool:
    if target == "alone":
        return pid == leader
    if target == "group":
        with suppress(ProcessLookupError):
            return os.getpgid(pid) == leader
        return False
    if target == "worker":
        return "ocr.worker" in command or "warmchild" in command
    word = {"keeper": "archive.keeper", "weed": "/weed ", "java": "java "}.get(target)
    return word is None or (word in command and "bwrap " not in command)


def kill_some(daten: Path, leader: int, target: str, chance: random.Random) -> list[str]:
    """SIGKILL to all (alone, group, all) or to one (keeper, weed, java, worker) of the processes; what was hit."""
    running = processes(daten) | descendants(leader)
    there = {pid: c for pid, c in running.items() if _is(target, pid, c, leader)}
    if target not in ("alone", "group", "all") and there:
        one = chance.choice(sorted(there))
        there = {one: there[one]}
    hit = []
    for pid, command in there.items():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            hit.append(command[:80])
    return hit


def still(daten: Path) -> list[str]:
    return list(processes(daten).values())


@dataclass(slots=True)
class Tally:
    """What many rounds came to."""

    rounds: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.delivered} deliveries, hits {dict(self.hits)}, "
            f"{len(self.faults)} faults {self.faults[:5]}"
        )


class Ordeal:
    """One archive that is killed again and again while deliveries come in."""

    def __init__(self, place: Path, seed: int, *, longest: float = 9.0) -> None:
        self.place, self.daten = place, place / "archiv"
        self.chance = random.Random(seed)
        self.longest = longest
        self.tally = Tally()
        self.made: dict[str, int] = {}  # Aktenzeichen → deliveries
        self._number = 0

    def deliver(self) -> Path:
        """A new one-page delivery in the inbox folder beside the archive; every fourth belongs to an earlier Akte."""
        self._number += 1
        again = self.made and self.chance.random() < 0.25
        name = self.chance.choice(sorted(self.made)) if again else f"63-{self._number:05d}-2020"
        self.made[name] = self.made.get(name, 0) + 1
        self.tally.delivered += 1
        place = self.place / "eingang" / f"stapel {self._number}"
        return a_delivery(place, aktenzeichen=name, seed=f"{name} {self._number}", betreff=f"Stapel {self._number}")

    def round(self, target: str, *, deliveries: int = 2) -> None:
        """Deliveries come, the command is killed somewhere, perhaps its successor too; then it is left in peace."""
        paths = [self.deliver() for _ in range(deliveries)]
        self.tally.rounds += 1
        for attempt in range(self.chance.choice((1, 1, 2))):
            process = start(self.daten, "annahme", *(paths if attempt == 0 else ()))
            delay = self.chance.uniform(0.05, self.longest)
            with suppress(subprocess.TimeoutExpired):
                process.wait(delay)
            hit = kill_some(self.daten, process.pid, target, self.chance)
            self.tally.hits[target if hit else f"{target} (none)"] += 1
            try:
                out, err = process.communicate(timeout=180)
            except subprocess.TimeoutExpired:
                self.fault(f"{target} after {delay:.2f} s: hangs; {hit}")
                process.kill()
                out, err = process.communicate()
            if process.returncode not in (0, 3, 5, 6, 7, 8, -signal.SIGKILL):
                self.fault(f"{target} after {delay:.2f} s: exit {process.returncode} {err.decode()[-1500:]}")
            elif process.returncode == 5:
                self.fault(f"{target} after {delay:.2f} s: false alarm {out.decode()[-600:]} {err.decode()[-600:]}")
        self.recover()

    def recover(self) -> None:
        """What whoever comes next does: the paths still lying there, then everything begun."""
        inbox = self.place / "eingang"
        for _ in range(3):
            left = sorted(entry for entry in inbox.iterdir() if not entry.name.startswith("."))
            code, value, err = call(self.daten, "annahme", *left)
            code2, value2, err2 = call(self.daten, "annahme") if left else (code, value, err)
            if code in (0, 8) and code2 in (0, 8):
                return
            time.sleep(1)
        self.fault(f"does not recover: {code} {code2} {value} {value2} {err[-800:]} {err2[-800:]}")

    def fault(self, text: str) -> None:
        self.tally.faults.append(text)

    def judge(self) -> None:
        """Nothing lost, nothing doubled, every object once, trail whole, catalog and stores agree, all bytes read."""

        with open_services(read_settings(daten=self.daten)) as services:
            catalog = services.catalog
            for name, count in self.made.items():
                rows = catalog.akte_by_aktenzeichen(name)
                versions = [p.package.id.version for row in rows for p in catalog.packages(row.uuid)]
                if len(rows) != 1 or sorted(versions) != list(range(1, count + 1)):
                    self.fault(f"{name}: {count} deliveries, {len(rows)} Akten, versions {versions}")
            packages = list(catalog.all_packages(checked_before=services.now()))
            wanted = sorted(key for p in packages for key in (p.id.bag_key, p.id.commit_key))
            for store in services.stores:
                there = sorted(v.key for v in store.versions("aip/"))
                if there != wanted:
                    extra = Counter(there) - Counter(wanted)
                    self.fault(f"store {store.name}: too many {extra}, too few {Counter(wanted) - Counter(there)}")
                if left := [v.key for v in store.versions("staging/") if v.key.startswith("staging/aip/")]:
                    self.fault(f"store {store.name}: staging {left}")
        work = self.daten / "arbeit"
        left = [e.name for e in work.iterdir() if not e.name.startswith(".sperre") and e.name not in (".pruefer", MARK)]
        if left:
            self.fault(f"work folder still holds {left}")
        for verb, arguments in (("protokoll", ("pruefe",)), ("abgleich", ()), ("fixity", ("pruefe", "--alle"))):
            code, value, err = call(self.daten, verb, *arguments)
            if code != 0 or (verb == "abgleich" and value["findings"]):
                self.fault(f"{verb}: {code} {json.dumps(value)[:1500]} {err[-500:]}")
