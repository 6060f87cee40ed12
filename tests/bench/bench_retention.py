"""Speed of deadlines: 100,000 Akten of all classes recomputed in one process, scaled to a million.

Run: `python -m tests.bench.bench_retention [NUMBER]`. Goal: below 60 s for 1,000,000 Akten per core, constant memory.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta

from retention.case import ArchiveAnswer, Case, Hold
from retention.catalogue import Fristenkatalog
from retention.deadline import compute
from retention.evaluate import evaluate
from retention.schedule import builtin_schedule


def akten(katalog: Fristenkatalog, number: int, seed: int = 7) -> Iterator[Case]:
    """Cases of all classes with their events, a hold on every tenth and an answer of the archive on every fifth."""
    chance = random.Random(seed)
    classes = list(katalog.classes.values())
    first = date(1950, 1, 1)
    for n in range(number):
        entry = classes[n % len(classes)]
        names = {name for b in entry.bases for name in (b.trigger, *(v.event for v in b.variants)) if name}
        events = {name: (first + timedelta(days=chance.randrange(27_000)),) for name in names}
        events["file_closed"] = (first + timedelta(days=chance.randrange(27_000)),)
        facts = {b.while_fact: False for b in entry.bases if b.while_fact}
        holds = (Hold("litigation", date(2020, 1, 1), None),) if n % 10 == 0 else ()
        yield Case((entry.key,), events, date(2026, 11, 23), facts, holds, ArchiveAnswer(waived=n % 5 == 0))


def measure(number: int = 100_000) -> dict[str, float]:
    """Seconds of CPU for a million Akten, dates only and with the derivation, and the peak memory in MB."""
    katalog = builtin_schedule()
    block = list(akten(katalog, min(number, 20_000)))
    rounds = max(1, number // len(block))
    states: dict[str, int] = {}
    begin = time.process_time()
    for _ in range(rounds):
        for case in block:
            state = evaluate(case, katalog).state
            states[state] = states.get(state, 0) + 1
    dates = (time.process_time() - begin) / (rounds * len(block)) * 1_000_000
    begin = time.process_time()
    for case in block[:5000]:
        compute(case, katalog)
    words = (time.process_time() - begin) / len(block[:5000]) * 1_000_000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"dates_s_per_million": round(dates, 1), "with_derivation_s_per_million": round(words, 1),
            "goal_s_per_million": 60.0, "peak_mb": round(peak, 1)}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), indent=2))
