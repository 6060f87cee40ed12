"""What must hold for every date, event and hold: nothing leaks, nothing is shortened, order does not matter."""

from __future__ import annotations

import random
from calendar import isleap
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.case import ArchiveAnswer, Case, Decision, Hold, State, Status
from retention.catalogue import Fristenkatalog, Kind
from retention.deadline import compute
from retention.decision import decide
from retention.evaluate import evaluate
from retention.periods import (
    Period,
    StartRule,
    add,
    completed_age,
    from_first_day,
    last_day,
    local_day,
    next_day,
    parse_period,
    quarter_end,
)
from tests.shipped import builtin_schedule

BERLIN = ZoneInfo("Europe/Berlin")


@cache
def katalog() -> Fristenkatalog:
    return builtin_schedule()


def triggers(key: str) -> list[str]:
    names = set()
    for basis in katalog().classes[key].bases:
        names |= {basis.trigger, *(v.event for v in basis.variants), *(v.or_later for v in basis.variants)}
    return sorted(names - {""})


KEYS = sorted(katalog().classes)
FACTS = sorted({f for c in katalog().classes.values() for b in c.bases for f in (b.while_fact, b.applies_if) if f})
DAYS = st.dates(date(1900, 1, 1), date(2300, 12, 31))
BLOCKING = ["litigation", "restriction_art18", "ablaufhemmung_ao147", "festsetzungsfrist", "zahlungsverjaehrung",
            "other_disciplinary_measure", "proceedings_final", "unbekannt"]  # fmt: skip


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    start, end = draw(st.one_of(st.none(), DAYS)), draw(st.one_of(st.none(), DAYS))
    if start is not None and end is not None and end < start:
        start, end = end, start
    key = draw(st.sampled_from([*katalog().holds, "unbekannt"]))
    return Hold(key, start, end, draw(st.one_of(st.none(), DAYS)), draw(st.booleans()))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    names = sorted({name for key in keys for name in triggers(key)} | {"file_closed", "birth"})
    chosen = draw(st.lists(st.sampled_from(names), max_size=6))
    events = {name: tuple(draw(st.lists(DAYS, min_size=1, max_size=3))) for name in chosen}
    facts = draw(st.dictionaries(st.sampled_from(FACTS), st.booleans()))
    archive = draw(
        st.builds(
            ArchiveAnswer, st.booleans(), st.none(), st.one_of(st.none(), st.sampled_from(Decision)), st.booleans()
        )
    )
    pending = frozenset(draw(st.lists(st.sampled_from(names), max_size=2)))
    chosen_holds = tuple(draw(st.lists(holds(), max_size=3)))
    return Case(tuple(keys), events, draw(DAYS), facts, chosen_holds, archive, pending=pending)


def changed(case: Case, **parts: object) -> Case:
    whole = {name: getattr(case, name) for name in Case.__slots__}
    return Case(**{**whole, **parts})


RUNS = settings(max_examples=60, deadline=None)


@RUNS
@given(cases(), st.sampled_from(BLOCKING), st.one_of(st.none(), DAYS))
def test_an_active_hold_never_yields_destroy(case: Case, key: str, start: date | None) -> None:
    held = changed(case, holds=(*case.holds, Hold(key, start, None)))
    outcome = evaluate(held, katalog())
    assert outcome.state not in (State.DESTROY, State.TRANSFER, State.OFFER)
    assert outcome.disposal_from is None


@RUNS
@given(cases())
def test_an_open_appraisal_never_yields_destroy(case: Case) -> None:
    asked = changed(case, archive=ArchiveAnswer(offered=True, offered_on=case.as_of))
    assert evaluate(asked, katalog()).state is not State.DESTROY


@RUNS
@given(cases())
def test_an_unconfirmed_class_may_never_be_destroyed(case: Case) -> None:
    deadline = compute(case, katalog())
    assert not deadline.may_destroy
    assert deadline.reasons


@RUNS
@given(cases())
def test_destroy_means_that_everything_is_over(case: Case) -> None:
    outcome = evaluate(case, katalog())
    if outcome.state in (State.DESTROY, State.TRANSFER, State.OFFER):
        assert outcome.disposal_from is not None
        assert outcome.retention_ends is not None
        assert outcome.retention_ends < outcome.disposal_from <= case.as_of
    if outcome.state in (State.RETAINED, State.OPEN, State.PERMANENT):
        assert outcome.disposal_from is None or case.as_of < outcome.disposal_from


@RUNS
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_events_holds_and_facts_does_not_matter(case: Case, chance: random.Random) -> None:
    def shuffled(values: list[object]) -> list[object]:
        chance.shuffle(values)
        return values

    other = changed(
        case,
        events={name: tuple(shuffled(list(days))) for name, days in shuffled(list(case.events.items()))},
        facts=dict(shuffled(list(case.facts.items()))),
        holds=tuple(shuffled(list(case.holds))),
    )
    assert compute(other, katalog()).derivation == compute(case, katalog()).derivation
    first, second = evaluate(case, katalog()), evaluate(other, katalog())
    assert (first.retention_ends, first.disposal_from, first.state) == (
        second.retention_ends, second.disposal_from, second.state,
    )  # fmt: skip


@RUNS
@given(cases(), st.integers(0, 40_000), st.data())
def test_a_later_event_never_shortens_a_duty_to_keep(case: Case, later: int, data: st.DataObject) -> None:
    """For classes that only keep: one more event, later than those of its name, never moves the end back."""
    kinds = {basis.kind for key in case.classes for basis in katalog().classes[key].bases}
    names = sorted({name for key in case.classes for name in triggers(key)} & set(case.events))
    if Kind.DELETE_AT_LATEST in kinds or not names:
        return
    name = data.draw(st.sampled_from(names))
    last = max(case.events[name])
    new = min(last + timedelta(days=later), date(2300, 12, 31))
    before = evaluate(case, katalog())
    after = evaluate(changed(case, events={**case.events, name: (*case.events[name], max(last, new))}), katalog())
    if before.retention_ends is None:
        assert after.retention_ends is None
    else:
        assert after.retention_ends is None or after.retention_ends >= before.retention_ends


@RUNS
@given(cases(), holds())
def test_one_more_hold_never_frees_earlier(case: Case, hold: Hold) -> None:
    before = evaluate(case, katalog()).disposal_from
    after = evaluate(changed(case, holds=(*case.holds, hold)), katalog()).disposal_from
    assert after is None or (before is not None and after >= before)


@RUNS
@given(DAYS, st.sampled_from(StartRule), st.integers(0, 200), st.integers(0, 30), st.integers(0, 400))
def test_a_period_ends_after_it_begins_and_grows_with_its_event(
    event: date, rule: StartRule, years: int, months: int, days: int
) -> None:
    period = Period(years, months, days)
    end = last_day(event, rule, period)
    assert end >= event
    later = next_day(event)
    assert later is not None
    assert last_day(later, rule, period) >= end


@RUNS
@given(DAYS, st.integers(1, 120))
def test_whole_years_keep_day_and_month_but_for_the_leap_day(event: date, years: int) -> None:
    end = last_day(event, StartRule.EVENT_DATE, Period(years))
    assert end.year == event.year + years
    assert (end.month, end.day) == (event.month, event.day) or (event.month, event.day, end.day) == (2, 29, 28)
    assert last_day(event, StartRule.END_OF_CALENDAR_YEAR, Period(years)) == date(event.year + years, 12, 31)


@pytest.mark.parametrize(
    ("first", "period", "last"),
    [
        (date(2024, 2, 29), Period(1), date(2025, 2, 28)),
        (date(2024, 2, 29), Period(4), date(2028, 2, 28)),
        (date(2025, 1, 31), Period(0, 1), date(2025, 2, 28)),
        (date(2024, 1, 30), Period(0, 1), date(2024, 2, 29)),
        (date(2025, 5, 31), Period(0, 1), date(2025, 6, 30)),
        (date(2025, 5, 31), Period(0, 1, 1), date(2025, 7, 1)),
        (date(2025, 3, 1), Period(0, 11), date(2026, 1, 31)),
        (date(2025, 3, 1), Period(1), date(2026, 2, 28)),
        (date(2025, 3, 15), Period(0, 0, 10), date(2025, 3, 24)),
    ],
)
def test_a_period_whose_first_day_counts_has_no_day_too_few_where_the_last_month_is_short(
    first: date, period: Period, last: date
) -> None:
    """§ 188 (2), (3) BGB: it ends the day before the one with the number of the first, or with the last of the month.

    So begins the second phase of a period; a lock would end, and data become free, a day too early.
    """
    assert from_first_day(first, period) == last


@RUNS
@given(DAYS, st.integers(0, 60))
def test_months_end_in_the_right_month(event: date, months: int) -> None:
    end = add(event, Period(0, months))
    assert (end.year * 12 + end.month) - (event.year * 12 + event.month) == months
    assert end.day == event.day or (end.day < event.day and (end + timedelta(days=1)).day == 1)


@RUNS
@given(st.dates(date(1880, 1, 1), date(2150, 12, 31)), st.integers(1, 150))
def test_an_age_is_completed_the_day_before_the_birthday(birth: date, years: int) -> None:
    day = completed_age(birth, years)
    following = day + timedelta(days=1)
    leap = (birth.month, birth.day) == (2, 29)
    assert (following.month, following.day) == (birth.month, birth.day) or (leap and (day.month, day.day) == (2, 28))
    if (birth.month, birth.day) == (1, 1):
        assert day == date(birth.year + years - 1, 12, 31)


def test_periods_from_a_quarter_end_with_a_quarter() -> None:
    """30 June and three months end on 30 September, 30 September and three months on 31 December."""
    assert last_day(date(2026, 5, 1), StartRule.END_OF_QUARTER, Period(0, 3)) == date(2026, 9, 30)
    assert last_day(date(2026, 8, 1), StartRule.END_OF_QUARTER, Period(0, 3)) == date(2026, 12, 31)
    assert last_day(date(2026, 8, 1), StartRule.END_OF_CALENDAR_YEAR, Period(0, 6)) == date(2027, 6, 30)
    assert [quarter_end(date(2026, m, 1)).isoformat()[5:] for m in (1, 4, 9, 12)] == [
        "03-31",
        "06-30",
        "09-30",
        "12-31",
    ]


def test_the_calendar_has_an_end_and_nothing_breaks_there() -> None:
    assert last_day(date(9990, 5, 5), StartRule.END_OF_CALENDAR_YEAR, Period(10)) == date.max
    assert last_day(date(9990, 5, 5), StartRule.EVENT_DATE, Period(9, 11, 400)) == date.max
    assert last_day(date(9999, 12, 31), StartRule.END_OF_QUARTER, Period(0, 0, 1)) == date.max
    assert next_day(date.max) is None


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 6, 30, 22, 0, 0, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=5))), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2026, 12, 31)),
    ],
)  # fmt: skip
def test_instants_are_days_in_berlin(moment: date, day: date) -> None:
    assert local_day(moment, BERLIN) == day


@pytest.mark.parametrize("text", ["", "P", "P1", "10Y", "PT5H", "P1.5Y", "P-1Y", "p1y", "P1M1Y", "P1001Y", "P1Y "])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_period(text)


def test_periods_are_told_in_words() -> None:
    words = [parse_period(text).text for text in ("P1Y", "P10Y", "P6M", "P30D", "P2W", "P0D", "P1Y1M1D")]
    assert words == ["1 Jahr", "10 Jahre", "6 Monate", "30 Tage", "14 Tage", "sofort", "1 Jahr und 1 Monat und 1 Tag"]


@cache
def confirmed() -> Fristenkatalog:
    """The shipped catalogue as if an office had confirmed every class of it."""
    classes = {key: replace(entry, confirmed_by="Fachamt") for key, entry in katalog().classes.items()}
    return replace(katalog(), classes=classes)


@RUNS
@given(cases())
def test_what_may_be_destroyed_is_over_free_of_holds_and_answered(case: Case) -> None:
    outcome, disposal = evaluate(case, confirmed()), decide(evaluate(case, confirmed()))
    if disposal.may_destroy:
        assert outcome.state is State.DESTROY
        assert not outcome.blocking
        assert not outcome.conflicts
        assert outcome.disposal_from is not None
        assert outcome.disposal_from <= case.as_of
        assert case.archive.waived or case.archive.decision is Decision.NICHT_ARCHIVWUERDIG
        assert case.archive.decision is not Decision.ARCHIVWUERDIG
    else:
        assert disposal.reasons


@RUNS
@given(cases(), st.data())
def test_an_event_that_is_still_to_come_never_frees_earlier(case: Case, data: st.DataObject) -> None:
    names = sorted(set(case.events)) or ["file_closed"]
    waiting = changed(case, pending=case.pending | {data.draw(st.sampled_from(names))})
    kinds = {basis.kind for key in case.classes for basis in katalog().classes[key].bases}
    before, after = evaluate(case, katalog()), evaluate(waiting, katalog())
    if Kind.DELETE_AT_LATEST not in kinds:
        assert after.disposal_from is None or after.disposal_from == before.disposal_from
    assert after.state is not State.DESTROY or before.state is State.DESTROY


@RUNS
@given(cases(), st.sampled_from(KEYS))
def test_one_more_class_that_keeps_never_frees_earlier(case: Case, key: str) -> None:
    """Where both only keep: a record under one more class is kept at least as long."""
    kinds = {basis.kind for each in (*case.classes, key) for basis in katalog().classes[each].bases}
    follows = any(b.follows for each in (*case.classes, key) for b in katalog().classes[each].bases)
    if Kind.DELETE_AT_LATEST in kinds or follows or all(
        r.status is Status.NOT_APPLICABLE for r in evaluate(case, katalog()).results
    ):  # fmt: skip
        return
    before = evaluate(case, katalog()).disposal_from
    after = evaluate(changed(case, classes=tuple(dict.fromkeys((*case.classes, key)))), katalog()).disposal_from
    assert after is None or (before is not None and after >= before)


@RUNS
@given(cases(), st.data())
def test_a_fact_that_becomes_known_never_lets_destroy_what_it_forbids(case: Case, data: st.DataObject) -> None:
    """Whatever is answered about a fact: without the answer the record is kept at least as long."""
    fact = data.draw(
        st.sampled_from(sorted({b.applies_if for c in katalog().classes.values() for b in c.bases} - {""}))
    )
    opposite = fact.removeprefix("no_") if fact.startswith("no_") else f"no_{fact}"
    silent = changed(case, facts={name: told for name, told in case.facts.items() if name not in (fact, opposite)})
    kinds = {basis.kind for key in case.classes for basis in katalog().classes[key].bases}
    if Kind.DELETE_AT_LATEST in kinds:
        return
    unknown = evaluate(silent, katalog()).disposal_from
    for told in (True, False):
        known = evaluate(changed(silent, facts={**silent.facts, fact: told}), katalog())
        if unknown is not None and known.disposal_from is not None:
            assert unknown >= known.disposal_from


def test_every_single_day_to_the_year_2300() -> None:
    """Ten years from each day since 1900, by each start rule, against dates put together by hand."""
    ten, day, end = Period(10), date(1900, 1, 1), date(2300, 12, 31)
    while day <= end:
        later, leap = day.year + 10, (day.month, day.day) == (2, 29)
        same = date(later, 2, 28) if leap and not isleap(later) else date(later, day.month, day.day)
        month = (day.month - 1) // 3 * 3 + 3
        assert last_day(day, StartRule.EVENT_DATE, ten) == same
        assert last_day(day, StartRule.END_OF_CALENDAR_YEAR, ten) == date(later, 12, 31)
        assert last_day(day, StartRule.NEXT_JANUARY_FIRST, ten) == date(later, 12, 31)
        assert last_day(day, StartRule.END_OF_QUARTER, ten) == date(later, month, 31 if month in (3, 12) else 30)
        day += timedelta(days=1)
