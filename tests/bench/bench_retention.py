"""Speed of deadlines: 100,000 Akten of all classes recomputed in one process, scaled to a million; and from a register.

Run: `python -m tests.bench.bench_retention [NUMBER]`. Goals: below 60 s for 1,000,000 Akten per core, constant memory;
a rule change over 100,000 Akten of the register below 60 s of CPU; a page of the due list below 200 ms.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from catalog.actor import Actor
from catalog.tables import akten as akten_table
from catalog.tables import deliveries
from flows.due_list import due_filter, due_page
from flows.inforce import Rules
from flows.rule_change import compared
from flows.settings import read_settings
from flows.wiring import Services, open_services
from retention.case import ArchiveAnswer, Case, Hold
from retention.catalogue import Fristenkatalog
from retention.deadline import compute
from retention.evaluate import evaluate
from retention.schedule import builtin_bytes, read_schedule
from tests.shipped import builtin_schedule


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


FAMILIES = (
    ("Bauakte", "building.application-rejected", "file_closed"),
    ("Steuerakte", "tax.assessment-file", "file_closed"),
    ("Personalakte", "personnel.employee-core", "birth"),
    ("Gewerbeakte", "trade.notification", "trade_deregistered"),
)
ROOT_USER = Actor("bench")


def fill(services: Services, number: int) -> None:
    """A register of archived Akten whose slips told one event each, written past the walks."""
    now = datetime(2026, 11, 25, tzinfo=UTC)
    rows: list[dict[str, Any]] = []
    slips: list[dict[str, Any]] = []
    for n in range(number):
        aktenart, record_class, event = FAMILIES[n % len(FAMILIES)]
        zeichen, day = f"63-{n:06}-2019", date(1980 + n % 45, 1 + n % 12, 3)
        same = {"aktenart": aktenart, "aktenzeichen": zeichen, "band": 1, "betreff": "Akte", "salt": "0" * 64}
        rows.append({**same, "uuid": UUID(int=n + 1), "schreibweise": zeichen, "betreff_folded": "akte",
                     "record_class": record_class, "state": "archived", "version": 1, "created_at": now,
                     "changed_at": now, "retention_ends": date(day.year + 10, 12, 31)})  # fmt: skip
        slip = json.dumps({"ereignisse": [[event, day.isoformat()]], "merkmale": []})
        slips.append({**same, "uuid": UUID(int=number + n + 1), "akte": UUID(int=n + 1), "version": 1, "folder": "x",
                      "stage": "stored", "slip": slip, "digest": "0" * 64, "by_name": "x", "by_kind": "login",
                      "received_at": now, "changed_at": now})  # fmt: skip
    with services.catalog._database.write() as connection:
        connection.execute(insert(akten_table), rows)
        connection.execute(insert(deliveries), slips)


def measure_register(number: int = 20_000) -> dict[str, float]:
    """CPU for a rule change, scaled to 100,000 Akten, and the median time of a page of the due list in ms of CPU."""
    head, tail = builtin_bytes().decode().split("key: tax.assessment-file", 1)
    text = f"{head}key: tax.assessment-file{tail.replace('P10Y', 'P8Y', 1)}"
    new = Rules(read_schedule(text.encode(), "neu.yaml"), text)
    with tempfile.TemporaryDirectory() as folder, open_services(read_settings(daten=Path(folder))) as services:
        fill(services, number)
        begin = time.process_time()
        found = compared(services, new, ROOT_USER)
        change = (time.process_time() - begin) / number * 100_000
        assert len(found.vergleich.moves) == number // len(FAMILIES)
        wanted = due_filter(services.katalog, date(2030, 12, 31))
        pages = []
        for offset in range(0, 1000, 50):
            begin = time.process_time()
            due_page(services, wanted, ROOT_USER, limit=50, offset=offset)
            pages.append(time.process_time() - begin)
    return {"rule_change_s_per_100k": round(change, 1), "rule_change_goal_s": 60.0,
            "due_page_ms": round(statistics.median(pages) * 1000, 1), "due_page_goal_ms": 200.0}  # fmt: skip


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(json.dumps(measure(size) | measure_register(), indent=2))
