"""The lock that follows from the rules: exact for a known end, rolling without one, nothing once the period is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.localtime import BERLIN, berlin_day
from akten.package import LockTerms
from retention.case import Case, Hold, State
from retention.catalogue import Fristenkatalog
from retention.evaluate import evaluate
from retention.locking import end_of, lock_terms, unknown_terms
from tests.retention.test_properties import cases
from tests.shipped import builtin_schedule

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)


@cache
def katalog() -> Fristenkatalog:
    return builtin_schedule()


def terms(key: str, events: dict[str, date], *holds: Hold, now: datetime = NOW, **facts: bool) -> LockTerms:
    today = berlin_day(now)
    case = Case((key,), {name: (day,) for name, day in events.items()}, today, facts, holds)
    return lock_terms(evaluate(case, katalog()), now)


def test_a_known_end_is_the_lock_to_the_end_of_that_day_in_berlin() -> None:
    found = terms("tax.assessment-file", {"file_closed": date(2020, 3, 4)})
    night = datetime(2030, 12, 31, 23, 0, tzinfo=UTC)  # 1 January 2031, 0 o'clock in Berlin
    assert (found.least, found.until, found.most, found.legal_hold) == (night, night, night, False)
    assert "31.12.2030" in " ".join(found.reasons)


def test_a_day_in_summer_ends_an_hour_earlier_in_utc() -> None:
    assert end_of(date(2026, 7, 1)) == datetime(2026, 7, 1, 22, 0, tzinfo=UTC)
    assert end_of(date(2026, 10, 25)) - end_of(date(2026, 10, 24)) == timedelta(hours=25)


@pytest.mark.parametrize(
    ("key", "events"),
    [
        ("building.monument-file", {}),
        ("building.permit-file", {}),
        ("tax.assessment-file", {}),
    ],
    ids=["permanent", "structure stands", "event unknown"],
)
def test_without_a_known_end_the_lock_rolls_and_is_extended_only_when_half_is_over(
    key: str, events: dict[str, date]
) -> None:
    first = terms(key, events)
    assert first.until == end_of(date(2028, 11, 25))
    assert first.most is None
    assert first.least is not None
    soon, late = NOW + timedelta(days=30), NOW + timedelta(days=400)
    assert (terms(key, events, now=soon).least or NOW) < first.until
    assert (terms(key, events, now=late).least or NOW) > first.until


def test_a_rolling_lock_never_outlasts_a_duty_to_delete_that_could_begin_today() -> None:
    """Rejected applications go six months after the refusal; nobody told of it yet."""
    found = terms("personnel.application-rejected", {})
    assert found.until is not None
    assert found.until < end_of(date(2028, 11, 25))
    duty = terms("personnel.application-rejected", {"rejection_received": TODAY})
    assert duty.most is not None
    assert found.until <= duty.most
    assert "Löschpflicht" in " ".join(found.reasons)


def test_a_period_that_is_over_sets_nothing_more_and_a_hold_still_holds() -> None:
    found = terms("tax.enforcement-file", {"file_closed": date(2010, 1, 1)})
    assert (found.least, found.until, found.legal_hold) == (None, None, False)
    assert found.most == end_of(date(2015, 12, 31))
    held = terms("tax.enforcement-file", {"file_closed": date(2010, 1, 1)}, Hold("litigation", date(2026, 1, 1)))
    assert (held.least, held.until, held.legal_hold) == (None, None, True)


def test_on_the_last_day_the_lock_still_runs_and_on_the_next_it_does_not() -> None:
    closed = {"file_closed": date(2021, 5, 1)}
    before = terms("tax.enforcement-file", closed, now=datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC))
    after = terms("tax.enforcement-file", closed, now=datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC))
    assert before.until == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    assert after.until is None


@pytest.mark.parametrize(
    ("hold", "held"),
    [
        (Hold("litigation"), True),
        (Hold("restriction_art18", date(2026, 1, 1)), True),
        (Hold("festsetzungsfrist", date(2026, 1, 1)), True),
        (Hold("proceedings_final"), True),
        (Hold("archive_offer"), True),
        (Hold("gibt_es_nicht"), True),
        (Hold("litigation", end=TODAY), True),
        (Hold("litigation", start=date(2027, 1, 1)), True),
        (Hold("litigation", end=TODAY - timedelta(days=1)), False),
        (Hold("erasure_request_art17"), False),
        (Hold("unterbrechung", on=date(2026, 1, 1)), False),
    ],
    ids=lambda value: str(value) if isinstance(value, bool) else f"{value.key} {value.start or ''}-{value.end or ''}",
)
def test_the_legal_hold_stands_while_a_hold_blocks_or_moves_an_end(hold: Hold, held: bool) -> None:
    assert terms("tax.assessment-file", {"file_closed": date(2020, 3, 4)}, hold).legal_hold is held


def test_a_duty_to_delete_is_named_and_an_end_that_is_one_as_well() -> None:
    found = terms("personnel.complaint-unfavourable", {"entry_made": date(2026, 1, 15)})
    assert found.delete_by == found.most
    assert terms("tax.assessment-file", {"file_closed": date(2020, 3, 4)}).delete_by is None


def test_of_two_duties_the_later_end_is_the_lock_and_the_conflict_is_told() -> None:
    case = Case(
        ("personnel.complaint-unfavourable", "tax.assessment-file"),
        {"entry_made": (date(2026, 1, 15),), "file_closed": (date(2026, 1, 15),)},
        TODAY,
    )
    found = lock_terms(evaluate(case, katalog()), NOW)
    assert found.until == end_of(date(2036, 12, 31))
    assert found.delete_by is not None
    assert found.delete_by < found.until
    assert found.too_long_after == found.delete_by
    assert "Löschpflicht" in " ".join(found.reasons)


@pytest.mark.parametrize("held", [True, False])
def test_where_the_rules_cannot_be_asked_nothing_runs_out_and_no_hold_is_lifted(held: bool) -> None:
    found = unknown_terms(held, NOW, "Die Klasse gibt es nicht")
    assert found.until == end_of(date(2028, 11, 25))
    assert (found.lifts, found.most, found.legal_hold) == (False, None, held)
    known = unknown_terms(held, NOW, "Die Klasse gibt es nicht", date(2030, 12, 31))
    assert (known.least, known.until, known.lifts) == (end_of(date(2030, 12, 31)), end_of(date(2030, 12, 31)), False)
    assert unknown_terms(held, NOW, "Die Klasse gibt es nicht", date(2020, 12, 31)).until is None


@settings(max_examples=150, deadline=None)
@given(case=cases(), hour=st.integers(0, 23))
def test_no_lock_is_shorter_than_its_period_nor_longer_and_no_hold_leaks(case: Case, hour: int) -> None:
    now = datetime(case.as_of.year, case.as_of.month, case.as_of.day, hour, 30, tzinfo=BERLIN)
    outcome = evaluate(case, katalog())
    found = lock_terms(outcome, now)
    assert found.legal_hold is bool(outcome.blocking)
    if outcome.state is State.HELD:
        assert found.legal_hold
    if outcome.retention_ends is None:
        assert found.until is not None
        assert found.least is not None
        assert now < found.least <= found.until
    elif case.as_of <= outcome.retention_ends:
        assert found.least == found.until == found.most == end_of(outcome.retention_ends)
        assert found.until is not None
        assert found.until > now
    else:
        assert found.until is None
    assert found.reasons
