"""Kills while a person decides at the clearing desk: each delivery ends once, as decided, whatever is killed.

Every case is solved by a command that is killed somewhere, now and then by two of them at once, and beside them the
comparison of catalog and stores or an intake runs. Then the same command is given again until it is done.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders import a_delivery, a_slip
from tests.kills import Ordeal, call, kill_some, start

WAYS = ("slip", "accept", "return")
HITS = ("alone", "group", "all", "nobody")


@dataclass(frozen=True, slots=True)
class Case:
    """One delivery that waits for a person: what was delivered, and the command that ends it."""

    name: str
    number: int
    delivered: Path
    content: dict[str, bytes]
    way: str
    words: tuple[str | Path, ...]


class DeskOrdeal(Ordeal):
    """One archive whose clearing desk is killed again and again; `back` is where deliveries are given back to."""

    def __init__(self, place: Path, seed: int, back: Path) -> None:
        super().__init__(place, seed, longest=6.0)
        self._back = back
        self._cases = 0

    def desk_round(self) -> None:
        """Two deliveries with a wrong count of sheets come in and are decided, killed on the way."""
        self.tally.rounds += 1
        for case in self._stopped(2):
            self._decide(case)
            self._finish(case)
            self._judge_case(case)

    def _stopped(self, many: int) -> list[Case]:
        folders: dict[str, Path] = {}
        for _ in range(many):
            self._cases += 1
            name = f"63-{self._cases:05d}-2020"
            place = self.place / "eingang" / f"stapel {self._cases}"
            folders[name] = a_delivery(place, aktenzeichen=name, seed=f"{name} am Tisch", blattzahl=3)
            self.tally.delivered += 1
        content = {name: _content(folder) for name, folder in folders.items()}
        code, value, err = call(self.daten, "annahme", *folders.values())
        if code != 3:
            self.fault(f"not stopped: {code} {value} {err[-500:]}")
            return []
        numbers = {receipt["aktenzeichen"]: receipt["clearing_case"] for receipt in value}
        return [self._case(name, numbers[name], folder, content[name]) for name, folder in folders.items()]

    def _case(self, name: str, number: int, delivered: Path, content: dict[str, bytes]) -> Case:
        slip = self.place / f"fall-{number}" / "laufzettel.json"
        slip.parent.mkdir()
        slip.write_text(json.dumps(a_slip(aktenzeichen=name, blattzahl=1)), encoding="utf-8")
        words: dict[str, tuple[str | Path, ...]] = {
            "slip": ("--neu-einreichen", "--laufzettel", slip),
            "accept": ("--annehmen", "--grund", "gezählt"),
            "return": ("--zurueck", self._back, "--grund", "falsch"),
        }
        way = self.chance.choice(WAYS)
        return Case(name, number, delivered, content, way, ("klaerung", "loese", str(number), *words[way]))

    def _decide(self, case: Case) -> None:
        begun = [start(self.daten, *case.words)]
        if self.chance.random() < 0.4:  # somebody else decides the same
            time.sleep(self.chance.uniform(0, 0.5))
            begun.append(start(self.daten, *case.words))
        if self.chance.random() < 0.3:
            begun.append(start(self.daten, self.chance.choice(("abgleich", "annahme"))))
        delay, target = self.chance.uniform(0.3, self.longest), self.chance.choice(HITS)
        with suppress(subprocess.TimeoutExpired):
            begun[0].wait(delay)
        hit = kill_some(self.daten, begun[0].pid, target, self.chance) if target != "nobody" else []
        self.tally.hits[f"{case.way}: {target if hit else 'none'}"] += 1
        for process in begun:
            try:
                _, err = process.communicate(timeout=180)
            except subprocess.TimeoutExpired:
                self.fault(f"{case.way}, {target} after {delay:.2f} s: hangs")
                process.kill()
                _, err = process.communicate()
            if process.returncode not in (0, 3, 4, 6, 8, -9) or b"Traceback" in err:
                self.fault(f"{case.way}, {target} after {delay:.2f} s: {process.returncode} {err.decode()[-1500:]}")

    def _finish(self, case: Case) -> None:
        """What the person does who saw the command end too early."""
        for _ in range(4):
            call(self.daten, "annahme")
            known: dict[str, Any] = call(self.daten, "klaerung", "zeige", str(case.number))[1]
            still_here = (self.daten / "arbeit" / known["delivery"]).exists()
            if known["resolution"] is not None and not (known["resolution"] == "return" and still_here):
                return
            code, value, err = call(self.daten, *case.words)
            if code not in (0, 8):
                self.fault(f"{case.way} again: {code} {value} {err[-500:]}")
        self.fault(f"{case.way}: case {case.number} does not come to its end")

    def _judge_case(self, case: Case) -> None:
        if case.way != "return":
            self.made[case.name] = 1
            return
        name = case.delivered.name
        there = [place for place in self._back.iterdir() if place.name == name or place.name.startswith(f"{name} (")]
        if len(there) != 1 or _content(there[0]) != case.content:
            self.fault(f"case {case.number} was given back as {[place.name for place in there]}")
        if hidden := [place.name for place in self._back.iterdir() if place.name.startswith(".")]:
            self.fault(f"left beside it: {hidden}")


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
