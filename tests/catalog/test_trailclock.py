"""Times that run backwards in the trail are remarked on; what clocks and waiting do every day is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from akten.findings import Finding, Severity, Verdict
from catalog.catalog import Catalog, open_catalog
from catalog.trailclock import TrailClock
from tests.catalog.build import CLERK, NOON, receive

MINUTE = timedelta(minutes=1)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return open_catalog(f"sqlite:///{tmp_path / 'katalog.sqlite'}")


def written(catalog: Catalog, *minutes: float) -> tuple[Verdict, list[Finding]]:
    """Events at these minutes after noon, in the order of writing, and what the judge of the chain says of them."""
    for number, minute in enumerate(minutes):
        catalog.record_event(f"event-{number}", by=CLERK, now=NOON + minute * MINUTE)
    head = catalog.head()
    assert head is not None
    report = catalog.verify_trail([head])
    return report.verdict, list(report.findings)


def test_a_clock_that_was_set_back_is_remarked_on_at_the_first_row_and_breaks_nothing(catalog: Catalog) -> None:
    verdict, (finding,) = written(catalog, 0, 60, 61, 5, 6, 7)
    assert verdict is Verdict.OK
    assert (finding.code, finding.severity, finding.where) == ("TR-16", Severity.WARNING, "Zeile 4")
    assert "Zeile 3 ist von 23.11.2026 13:01:00 UTC" in finding.text
    assert "Zeile 4 danach von 23.11.2026 12:05:00 UTC" in finding.text
    assert "Insgesamt" not in finding.text


def test_several_falls_are_one_finding_with_their_number(catalog: Catalog) -> None:
    _, (finding,) = written(catalog, 60, 0, 60, 0, 60, 0)
    assert finding.where == "Zeile 2"
    assert "Insgesamt 3 solche Stellen" in finding.text


@pytest.mark.parametrize("minutes", [(0, 1, 2, 2, 3), (10, 3, 11, 0.5, 12), (15, 0), (0, 1000, 10_000)])
def test_what_clocks_of_several_workers_and_waiting_do_is_not_remarked_on(
    catalog: Catalog, minutes: tuple[float, ...]
) -> None:
    assert written(catalog, *minutes) == (Verdict.OK, [])


def test_many_small_steps_back_add_up(catalog: Catalog) -> None:
    _, (finding,) = written(catalog, 20, 12, 8, 4.5)
    assert finding.where == "Zeile 4"


def test_the_end_of_summer_time_is_no_fall(catalog: Catalog) -> None:
    """Half past two comes twice in Berlin; the trail counts in UTC."""
    summer, winter = timezone(2 * 60 * MINUTE), timezone(60 * MINUTE)
    for zone in (summer, winter):
        catalog.record_event("event", by=CLERK, now=datetime(2026, 10, 25, 2, 30, tzinfo=zone))
    assert written(catalog) == (Verdict.OK, [])


def test_rows_that_bear_an_akte_or_words_are_read_as_well(catalog: Catalog) -> None:
    receive(catalog, 1)
    verdict, (finding,) = written(catalog, -60)
    assert (verdict, finding.code) == (Verdict.OK, "TR-16")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b"",
        lambda body: b"\xff\xfe",
        lambda body: body.replace(b'"at"', b'"ta"'),
        lambda body: body.replace(b"Z", b"z"),
        lambda body: body.replace(b"2026-", b"9999-99"),
        lambda body: body.replace(b"T12:00:00.000000Z", b"T12:00:00.000000\xff"),
    ],
)
def test_a_row_without_a_readable_time_is_skipped_and_hides_no_fall(spoil: Callable[[bytes], bytes]) -> None:
    def row(seq: int, minute: int) -> tuple[int, bytes, bytes, bytes]:
        at = f"{(NOON + minute * MINUTE).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
        return seq, b"", b"", json.dumps({"at": at, "seq": seq}, separators=(",", ":")).encode()

    seq, prev, digest, body = row(2, 0)
    clock = TrailClock()
    clock.read([row(1, 60), (seq, prev, digest, spoil(body)), row(3, 61), row(4, 0)])
    assert [finding.where for finding in clock.findings()] == ["Zeile 4"]
