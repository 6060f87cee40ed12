"""Days on the command line as instants: a span holds both its days, as Berlin counts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from akten.localtime import BERLIN

_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def midnight(day: datetime, *, days: int = 0) -> datetime:
    """The first instant of a day in Berlin; at the ends of the calendar the nearest instant that there is."""
    try:
        return (day + timedelta(days=days)).replace(tzinfo=BERLIN).astimezone(UTC)
    except OverflowError:
        return _FIRST if day.year == 1 else _LAST
