"""The lock that follows from the rules: until when an Akte's objects are locked, whether a hold stops them, and why.

Decided in docs/decisions/0010-locks-follow.md: a known end is the lock; without one the lock rolls on; a period that
is over sets nothing more; a duty to delete that may begin any day bounds the rolling lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from akten.localtime import BERLIN, berlin_day
from akten.package import LockTerms
from retention.case import Hold, Outcome, State, Status
from retention.periods import Period, add, from_first_day, last_day, next_day

REVIEW_YEARS = 2  # a lock without known end is set so far ahead, and again when half of it is over (s3.md §7.5)
_LAST_YEAR = 9990  # what lies beyond is no date to compute with


def end_of(day: date) -> datetime:
    """The instant at which a day ends in Berlin, in UTC: arithmetic within one zone ignores the change of the hour."""
    night = day + timedelta(days=1)
    return datetime(night.year, night.month, night.day, tzinfo=BERLIN).astimezone(UTC)


def lock_terms(outcome: Outcome, now: datetime) -> LockTerms:
    """The lock wanted for an Akte with these dates, and the reasons in German."""
    now = now.astimezone(UTC)
    hold = bool(outcome.blocking)
    ends = outcome.retention_ends
    delete_by = outcome.delete_by
    duty = end_of(delete_by) if delete_by is not None and delete_by.year < _LAST_YEAR else None
    if ends is not None and ends.year < _LAST_YEAR:
        night = end_of(ends)
        until = night if night > now else None
        return LockTerms(now, until, until, night, duty, hold, reasons=tuple(_dated(outcome, ends, running=until)))
    until, why = _rolling(outcome, now)
    least = _halfway(now, until)
    return LockTerms(now, least, until, None, duty, hold, reasons=(*why, *_held(outcome.blocking)))


def unknown_terms(held: bool, now: datetime, why: str, recorded: date | None = None) -> LockTerms:
    """The lock for an Akte whose period cannot be computed: nothing runs out and no hold is lifted meanwhile.

    The end that was `recorded` last stays the end; without one the lock rolls on.
    """
    now = now.astimezone(UTC)
    text = f"Die Frist ist nicht zu berechnen ({why})"
    if recorded is not None and recorded.year < _LAST_YEAR:
        night = end_of(recorded)
        ahead = night if night > now else None
        reason = f"{text}; es bleibt beim zuletzt berechneten Ende {recorded:%d.%m.%Y}."
        return LockTerms(now, ahead, ahead, legal_hold=held, lifts=False, reasons=(reason,))
    until = end_of(add(berlin_day(now), Period(years=REVIEW_YEARS)))
    reason = f"{text}; die Sperre wird fortgeschrieben."
    return LockTerms(now, _halfway(now, until), until, legal_hold=held, lifts=False, reasons=(reason,))


def _halfway(now: datetime, until: datetime) -> datetime:
    return now + (until - now) / 2


def _rolling(outcome: Outcome, now: datetime) -> tuple[datetime, tuple[str, ...]]:
    """The next date of a lock without known end; never beyond a duty to delete that could begin today."""
    today = berlin_day(now)
    review = add(today, Period(years=REVIEW_YEARS))
    permanent = outcome.state is State.PERMANENT
    text = "Die Akte ist dauernd aufzubewahren" if permanent else "Das Ende der Frist ist noch nicht bekannt"
    soonest = min(_possible_duties(outcome, today), default=None)
    if soonest is not None and soonest < review and not permanent:
        why = f"{text}; die Sperre reicht nur bis {soonest:%d.%m.%Y}, weil bis dahin eine Löschpflicht entstehen kann."
        return end_of(soonest), (why,)
    return end_of(review), (f"{text}; die Sperre wird alle {REVIEW_YEARS} Jahre fortgeschrieben.",)


def _possible_duties(outcome: Outcome, today: date) -> Iterator[date]:
    """When the duties to delete that still wait for their event would be due, were it to happen today."""
    for result in outcome.results:
        basis = result.basis
        if result.status is Status.OPEN and basis.deletes and basis.phases and not result.assumed:
            end = last_day(today, basis.start_rule, basis.phases[0].period)
            for phase in basis.phases[1:]:
                first = next_day(end)
                end = end if first is None else from_first_day(first, phase.period)
            yield end


def _dated(outcome: Outcome, ends: date, *, running: datetime | None) -> Iterator[str]:
    if running is not None:
        yield f"Aufzubewahren bis {ends:%d.%m.%Y}; die Sperre reicht bis zum Ende dieses Tages in Berlin."
    else:
        yield f"Die Frist ist seit {ends:%d.%m.%Y} um; eine neue Sperre wird nicht gesetzt."
    if outcome.delete_by is not None and outcome.delete_by < ends:
        yield f"Eine Löschpflicht zum {outcome.delete_by:%d.%m.%Y} widerspricht; das ist von Hand zu entscheiden."
    yield from _held(outcome.blocking)


def _held(blocking: Sequence[Hold]) -> Iterator[str]:
    if blocking:  # not how many: that alone would tell of a secret one
        yield "Die Akte ist gesperrt; die Löschsperre in den Speichern ist gesetzt."
