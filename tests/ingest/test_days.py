"""A time on the slip lies on the day that the calendar in Berlin shows, whatever zone the scanner wrote."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.checks import check_delivery
from ingest.options import IntakeOptions
from ingest.slip_fields import parse_instant
from ingest.slipdoc import Qualitaetspruefung
from tests.ingest.builders import a_delivery, a_slip, some_facts


@pytest.mark.parametrize(
    ("said", "ahead"),
    [
        ("2026-11-23T22:30Z", False),
        ("2026-11-23T23:30Z", True),  # half past midnight of the next day
        ("2026-11-24T03:00+09:00", False),  # the evening before
        ("2026-11-23T23:59", False),
    ],
)
def test_a_time_in_another_zone_lies_ahead_by_the_calendar_in_berlin(said: str, ahead: bool) -> None:
    moment = parse_instant(said)
    delivery = a_delivery(a_slip(gescannt_am=moment, qualitaetspruefung=Qualitaetspruefung("S1", "", "ok", moment)))
    found = check_delivery(
        delivery, some_facts(delivery), {}, IntakeOptions(), accepted=frozenset(), today=date(2026, 11, 23)
    )
    assert [finding.code for finding in found] == ["IN-22", "IN-22"] * ahead
