"""Every rule of both catalogues against a second, naive reckoning that shares no code with the engine.

The oracle reads the raw YAML and only knows single events of one name: the plain meaning of each start rule.
"""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from retention.cases import answer, read_cases
from retention.schedule import read_schedule

OURS = Path(__file__).parents[2] / "retention" / "katalog" / "neuss.yaml"
EDGES = [
    date(1999, 12, 31), date(2000, 2, 29), date(2015, 1, 1), date(2016, 2, 29), date(2016, 3, 31), date(2016, 12, 31),
    date(2024, 8, 31), date(2096, 2, 29), date(2189, 12, 31), date(2290, 10, 1),
]  # fmt: skip


def later(day: date, period: str) -> date:
    """A day so much later, counted the way a clerk does on paper."""
    number, unit = int(period[1:-1]), period[-1]
    if unit == "D":
        return date.fromordinal(day.toordinal() + number)
    months = day.year * 12 + day.month - 1 + (number * 12 if unit == "Y" else number)
    for number_of_day in (day.day, 30, 29, 28):
        try:
            return date(months // 12, months % 12 + 1, min(day.day, number_of_day))
        except ValueError:
            continue
    raise AssertionError


def last_day(event: date, rule: str, periods: list[str]) -> date:
    """The end of one or several stretches."""
    end = {
        "event_date": event,
        "end_of_calendar_year": date(event.year, 12, 31),
        "next_january_first": date(event.year, 12, 31),
        "end_of_quarter": date(event.year, *((3, 31), (6, 30), (9, 30), (12, 31))[(event.month - 1) // 3]),
    }[rule]
    for period in periods:
        end = later(end, period)
    return end


def reckoned(entry: dict[str, Any], event: date, as_of: date) -> tuple[str, str | None]:
    """(kind of answer, end) of a class whose events all fall on one day and whose facts are all true but `while`."""
    ends, dates = [], []
    for basis in entry["bases"]:
        if basis.get("permanent"):
            return "permanent", None
        if basis.get("follows"):
            continue
        periods = [basis["period"]] if "period" in basis else [phase["period"] for phase in basis["phases"]]
        end = last_day(event, basis["start_rule"], periods)
        if "before" in basis:
            former, changed = last_day(event, basis["start_rule"], [basis["before"]]), basis["valid_from"]
            kept_before = date.fromordinal(changed.toordinal() - 1)
            end = former if as_of < changed or former < changed else max(end, kept_before)
        (dates if basis["kind"] == "delete_at_latest" else ends).append(end)
    found = max(ends or dates, default=None)
    if found is None:
        return "open", None
    return ("retained" if as_of <= found else "offer"), found.isoformat()


def asked(entry: dict[str, Any], event: date, as_of: date, number: int) -> dict[str, Any]:
    """The question in the form of a case file."""
    names = {basis.get("trigger") for basis in entry["bases"]} - {None}
    names |= {variant["event"] for variant in entry.get("trigger_variants", ())}
    facts = {basis["applies_if"]: True for basis in entry["bases"] if "applies_if" in basis}
    facts |= {basis["while"]: False for basis in entry["bases"] if "while" in basis}
    events = [{"event": name, "date": event.isoformat()} for name in sorted(names)]
    return {"id": f"{entry['key']} {number}", "class": entry["key"], "facts": facts, "events": events, "as_of": as_of}


def compared(path: Path) -> int:
    chance = random.Random(20261125)
    katalog = read_schedule(path.read_bytes(), path.name)
    questions, wanted = [], []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["classes"]:
        days = [*EDGES, *(date.fromordinal(chance.randint(693_596, 803_170)) for _ in range(15))]  # 1900 to 2200
        for number, event in enumerate(days):
            as_of = date.fromordinal(event.toordinal() + chance.randint(0, 60_000))
            questions.append(asked(entry, event, as_of, number))
            wanted.append(reckoned(entry, event, as_of))
    entries = read_cases(yaml.safe_dump({"cases": questions}).encode(), katalog)
    for case, (state, end) in zip(entries, wanted, strict=True):
        computed = answer(case, katalog)["computed"]
        assert computed is not None, case
        assert (computed["state"], computed["retention_ends"]) == (state, end), case
    return len(entries)


def test_every_rule_of_the_shipped_catalogue() -> None:
    assert compared(OURS) >= 57 * 25


def test_every_rule_of_the_shared_catalogue(shared: Path) -> None:
    assert compared(shared / "retention" / "record-classes.yaml") == 57 * 25


@pytest.mark.parametrize(
    ("day", "period", "end"),
    [
        (date(2024, 2, 29), "P1Y", date(2025, 2, 28)),
        (date(2026, 8, 31), "P6M", date(2027, 2, 28)),
        (date(2026, 12, 31), "P30D", date(2027, 1, 30)),
    ],
)
def test_the_oracle_counts_as_a_clerk_does(day: date, period: str, end: date) -> None:
    assert later(day, period) == end
