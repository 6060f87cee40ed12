"""Names of events and facts: what a slip may name can be told at the desk as well, and the other way round."""

from __future__ import annotations

from datetime import date

import pytest

from akten.findings import Finding
from flows.telling import class_named, day_of, event_named, fact_named
from retention.names import Names
from retention.schedule import BUILTIN, builtin_bytes, read_schedule

KATALOG = read_schedule(builtin_bytes(), BUILTIN)
TODAY = date(2026, 11, 29)


def test_every_event_and_fact_that_a_slip_may_name_can_be_told_later() -> None:
    """The day of birth that was forgotten on the slip was refused at the desk as an unknown event."""
    names = Names(KATALOG)
    assert {name for name in (*names.events, "age_67_completed") if event_named(name, KATALOG) != name} == set()
    facts = {*names.facts, *(f"no_{name}" for name in names.facts)}
    assert {name for name in facts if fact_named(name, KATALOG) != name} == set()


@pytest.mark.parametrize("name", ["date_of_brith", "age_many_completed", ""])
def test_a_name_that_neither_knows_is_a_finding_with_the_nearest(name: str) -> None:
    found = event_named(name, KATALOG)
    assert isinstance(found, Finding)
    assert (found.code, Names(KATALOG).event_fault(name) != "") == ("EV-02", True)


def test_an_age_is_known_before_it_is_reached_and_a_birth_is_not() -> None:
    ahead = "01.05.2031"
    assert day_of(ahead, TODAY, "age_67_completed") == date(2031, 5, 1)
    assert isinstance(day_of(ahead, TODAY, "birth"), Finding)


def test_the_nearest_names_are_told_with_the_titles_that_a_clerk_knows() -> None:
    event, record_class = event_named("Abruch der baulichen Anlage", KATALOG), class_named("building.permit", KATALOG)
    assert isinstance(event, Finding)
    assert isinstance(record_class, Finding)
    assert "structure_demolished („Abbruch der baulichen Anlage“)" in event.text
    assert f"building.permit-file („{KATALOG.classes['building.permit-file'].title}“)" in record_class.text


def test_to_nothing_nothing_is_near() -> None:
    """An empty cell was answered with three events that begin with other letters."""
    found = event_named(" ", KATALOG)
    assert isinstance(found, Finding)
    assert (found.code, found.text) == ("EV-02", "Das Ereignis ist nicht genannt.")
