"""Date arithmetic of periods: §§ 187, 188 BGB and the start rules of the Fristenkatalog; local days, no shifting.

§ 193 BGB (Saturday, Sunday, holiday) is about declarations and performances, not about keeping: nothing moves.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_ISO = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?\Z")
_DAY = timedelta(days=1)
_AGE = re.compile(r"age_(\d{1,3})_completed\Z")
MAX_YEARS = 1000


class StartRule(StrEnum):
    """From which day a period runs."""

    EVENT_DATE = "event_date"
    END_OF_CALENDAR_YEAR = "end_of_calendar_year"
    NEXT_JANUARY_FIRST = "next_january_first"
    END_OF_QUARTER = "end_of_quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in calendar years, months and days, as in ISO 8601 (`P10Y`, `P6M`, `P30D`)."""

    years: int = 0
    months: int = 0
    days: int = 0

    @property
    def text(self) -> str:
        """German words: „10 Jahre“, „6 Monate“, „30 Tage“, „sofort“ for nothing."""
        parts = ((self.years, "Jahr", "Jahre"), (self.months, "Monat", "Monate"), (self.days, "Tag", "Tage"))
        return " und ".join(f"{n} {one if n == 1 else many}" for n, one, many in parts if n) or "sofort"

    @property
    def whole_years(self) -> int:
        """Years, rounded up, at least 1: what a field for years can hold."""
        return max(1, self.years + -(-self.months // 12) + (1 if self.days else 0))


def parse_period(text: str) -> Period:
    """The period that ISO 8601 text means. Raises ValueError for anything else, fractions included."""
    match = _ISO.match(text)
    if match is None or text == "P":
        raise ValueError(f"{text!r} is no ISO 8601 period of years, months, weeks and days")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    period = Period(years, months, weeks * 7 + days)
    if period.whole_years > MAX_YEARS:
        raise ValueError(f"{text!r} is longer than {MAX_YEARS} years")
    return period


def add(day: date, period: Period) -> date:
    """The day with the same number years and months later, the last day of the month if there is none, then days on.

    § 188 (2), (3) BGB. Beyond the calendar it is the last day there is.
    """
    months = day.month - 1 + period.months
    year = day.year + period.years + months // 12
    if year > date.max.year:
        return date.max
    month = months % 12 + 1
    number = day.day
    if number > 28:
        number = min(number, monthrange(year, month)[1])
    moved = date(year, month, number)
    if not period.days:
        return moved
    return moved + timedelta(days=period.days) if period.days <= (date.max - moved).days else date.max


def last_day(event: date, rule: StartRule, period: Period) -> date:
    """The last day of a period that an event starts.

    `event_date`: the day of the event is not counted (§ 187 (1) BGB). Otherwise the period begins with the day after
    the end of year or quarter, and that day counts (§ 187 (2) BGB).
    """
    if rule is StartRule.EVENT_DATE:
        return add(event, period)
    if rule is not StartRule.END_OF_QUARTER:
        if not period.months and not period.days:  # nearly every rule there is
            year = event.year + period.years
            return date(year, 12, 31) if year <= date.max.year else date.max
        return from_first_day(date(min(event.year + 1, date.max.year), 1, 1), period)
    return from_first_day(next_day(quarter_end(event)) or date.max, period)


def from_first_day(first: date, period: Period) -> date:
    """The last day of a period whose first day counts (§§ 187 (2), 188 (2), (3) BGB): the day before the one with its
    number, and where the last month has no such day its last one. From 29 February a year runs to 28 February.
    """
    end = add(first, period)
    is_cut = add(first, Period(period.years, period.months)).day < first.day
    return end if end == date.max or is_cut else end - _DAY


def start_day(event: date, rule: StartRule) -> date:
    """The day with whose end the period begins to run; for the derivation in words."""
    if rule is StartRule.EVENT_DATE:
        return event
    return quarter_end(event) if rule is StartRule.END_OF_QUARTER else date(event.year, 12, 31)


def quarter_end(day: date) -> date:
    """31 March, 30 June, 30 September or 31 December."""
    month = (day.month + 2) // 3 * 3
    return date(day.year, month, 30 if month in (6, 9) else 31)


def next_day(day: date) -> date | None:
    """The day after, None after the last day of the calendar."""
    return day + _DAY if day < date.max else None


def completed_age(birth: date, years: int) -> date:
    """The day with whose end a year of life is completed: the day of birth counts (§ 187 (2) sentence 2 BGB).

    Whoever is born on 1 January completes it on 31 December of the year before; born on 29 February, on 28 February.
    """
    if birth.year + years > date.max.year:
        return date.max
    try:
        birthday = birth.replace(year=birth.year + years)
    except ValueError:  # 29 February in a common year: the day before 29 February is 28 February in every year
        return date(birth.year + years, 2, 28)
    return birthday - _DAY if birthday > date.min else birthday


def age_of_event(name: str) -> int | None:
    """N when the event is called `age_N_completed`."""
    match = _AGE.match(name)
    return int(match[1]) if match else None


def local_day(moment: date | datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in the zone; a day stays itself. Raises ValueError without a zone."""
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("an instant wants a time zone")
    return moment.astimezone(zone).date()
