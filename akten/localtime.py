"""The city's own days: instants are kept in UTC, but a day begins and ends in Berlin, an hour or two before UTC's."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def berlin_day(moment: datetime) -> date:
    """The day that the calendar on the wall shows at an instant with a time zone."""
    return moment.astimezone(BERLIN).date()
