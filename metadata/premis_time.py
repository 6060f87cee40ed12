"""When a PREMIS event happened: reads EDTF/ISO 8601 times as spans of instants and judges their order.

PREMIS Data Dictionary 3.0, 2.4 eventDateTime; EDTF levels 0 and 1 as far as they give two ends. A time that is only
roughly known gives a wide span; an order is broken only when it is broken for every instant of both spans. What else
EDTF, ISO 8601 and XML Schema write down as a time is known for one, and gives no span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from akten.findings import Finding, Severity
from metadata.premis_terms import BIRTHS, USES

_CLOCK = r"[Tt ](?P<H>\d\d)(?::?(?P<M>\d\d)(?::?(?P<S>\d\d)(?:[.,](?P<f>\d+))?)?)?(?P<z>[Zz]|[+-]\d\d(?::?\d\d)?)?"
_TIME = re.compile(rf"(?P<y>\d{{4}})(?:-?(?P<m>\d\d)(?:-?(?P<d>\d\d)(?:{_CLOCK})?)?)?[?~%]?\Z")
_UNSPECIFIED = re.compile(  # EDTF level 1: 199X, 1999-XX, 2001-21 for a spring; `u` is how PREMIS 3.0 wrote the X
    r"(?P<y>\d{2}(?:\d\d|\d[Xu]|[Xu]{2}))(?:-(?P<m>\d\d|[Xu]{2})(?:-(?P<d>\d\d|[Xu]{2}))?)?[?~%]?\Z"
)
# EDTF level 2 and what was before it: signs at each part, open digits anywhere, years of many digits. Weeks and days of
# a year are ISO 8601, a day with a zone is xs:date. Of plain numbers it takes none: those are read above.
_SIGN = "[?~%]"
_MONTH = rf"-{_SIGN}?(?:0[\dXu]|1[0-2Xu]|2[1-9Xu]|3[\dXu]|4[01]|[Xu][\dXu]){_SIGN}{{0,2}}"
_DAY = rf"-{_SIGN}?(?:[0-2Xu][\dXu]|3[01Xu]){_SIGN}{{0,2}}"
_OTHER = re.compile(
    rf"(?:{_SIGN}?-?[\dXu]{{4}}{_SIGN}{{0,2}}(?:{_MONTH}(?:{_DAY})?)?"
    r"|[Yy]-?\d{1,12}(?:[Ee]\d{1,3})?(?:S\d{1,12})?|-?\d{4}S\d{1,3}"
    r"|\d{4}-?W[0-5]\d(?:-?[1-7])?|\d{4}-(?!000)[0-3]\d\d|\d{4}-[01]\d-[0-3]\d(?:Z|[+-]\d\d:\d\d))\Z"
)
_PLAIN = re.compile(r"\d[\d-]*\d\Z")
_ORDINAL = re.compile(r"\d{4}-\d{3}\Z")
_LONGEST = 200  # characters of a time; a set of days has no end
_SEASONS = range(21, 42)
_OPEN = frozenset({"", "..", "open", "unknown"})
_WIDEST_ZONE = timedelta(hours=14)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """First and last instant (UTC) that a time can mean; `clock` when it has hours, `zoned` when it has a zone."""

    earliest: datetime
    latest: datetime
    clock: bool
    zoned: bool


def read_span(text: str) -> Span | None:
    """What a time means, None when it is not readable. An open end of an interval reaches as far as time does."""
    plain = text.strip()
    if "/" in plain:
        first, _, last = plain.partition("/")
        begin = _moment(first) if first not in _OPEN else Span(_EARLIEST, _EARLIEST, clock=False, zoned=True)
        end = _moment(last) if last not in _OPEN else Span(_LATEST, _LATEST, clock=False, zoned=True)
        if begin is None or end is None or end.latest < begin.earliest:
            return None
        return Span(begin.earliest, end.latest, clock=begin.clock or end.clock, zoned=begin.zoned and end.zoned)
    return _moment(plain)


def is_time(text: str) -> bool:
    """True for what EDTF, ISO 8601 or XML Schema write down as a time, although `read_span` may not tell its ends."""
    plain = text.strip()
    if read_span(plain) is not None or plain in _OPEN - {""}:
        return True
    if len(plain) > _LONGEST:
        return False
    if plain[:1] + plain[-1:] in ("[]", "{}"):
        members = re.split(r", ?|(?<=[^.,])\.\.(?=[^.,])", plain[1:-1].strip("."))
        return all(map(_is_day, members))
    first, slash, last = plain.partition("/")
    if slash:
        return all(end in _OPEN or _is_day(end) for end in (first, last)) and not (_moment(first) and _moment(last))
    return _is_day(plain)


def _is_day(text: str) -> bool:
    """True for one time that is no interval."""
    if _moment(text) is not None:
        return True
    return _OTHER.match(text) is not None and (not _PLAIN.match(text) or _ORDINAL.match(text) is not None)


def _vague(text: str) -> Span | None:
    """The span of a time of which some digits are left open, or that is a season of a year."""
    match = _UNSPECIFIED.match(text)
    if match is None:
        return None
    year, month, day = match["y"], match["m"] or "XX", match["d"] or "XX"
    if not year.isdigit():
        first, last = (_moment(re.sub("[Xu]", digit, year)) for digit in "09")
        known = all(part in ("XX", "uu") for part in (month, day))
        if not known or last is None:
            return None
        begin = first.earliest if first is not None else _EARLIEST
        return Span(begin, last.latest, clock=False, zoned=False)
    if month.isdigit() and int(month) not in _SEASONS:
        return _moment(f"{year}-{month}") if not day.isdigit() else None
    return _moment(year) if not day.isdigit() else None


def _moment(text: str) -> Span | None:
    match = _TIME.match(text)
    if match is None or (match["m"] and not match["d"] and int(match["m"]) in _SEASONS):
        return _vague(text)
    part = {name: int(value) if value else None for name, value in match.groupdict().items() if name not in "zf"}
    year, month, day, hour = part["y"], part["m"], part["d"], part["H"]
    try:
        if not year:
            return None
        if month is None:
            begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, tzinfo=UTC) + timedelta(days=1)
        elif day is None:
            begin = datetime(year, month, 1, tzinfo=UTC)
            end = (begin + timedelta(days=31)).replace(day=1)
        elif hour is None:
            begin = datetime(year, month, day, tzinfo=UTC)
            end = begin + timedelta(days=1)
        else:
            return _instant(datetime(year, month, day, tzinfo=UTC), part, match["z"])
        return Span(begin - _WIDEST_ZONE, end + _WIDEST_ZONE, clock=False, zoned=False)
    except (ValueError, OverflowError):
        return None


def _instant(day: datetime, part: dict[str, int | None], zone: str | None) -> Span | None:
    hour, minute, second = part["H"] or 0, part["M"] or 0, part["S"] or 0
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        return None
    local = day + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
    width = timedelta(seconds=1) if part["S"] is not None else timedelta(minutes=1)
    if zone is None:
        return Span(local - _WIDEST_ZONE, local + _WIDEST_ZONE, clock=True, zoned=False)
    if zone not in ("Z", "z"):
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        local = local.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset)).astimezone(UTC)
    return Span(local, local + width, clock=True, zoned=True)


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """One event of a record with what the order of times depends on. `where` is its place in the record."""

    where: str
    term: str | None
    span: Span


# What may rightly be decided about a file before it exists.
_EARLY = frozenset({"accession", "appraisal", "policy assignment", "transfer"})


def check_order(
    linked: Sequence[TimedEvent], births: Sequence[TimedEvent], *, copies_may_follow: bool
) -> Iterable[Finding]:
    """What is wrong with the times of one object: `linked` are all its events, `births` those that made it."""
    if births:
        born = min(event.span.earliest for event in births)
        makers = {event.where for event in births}
        for event in linked:
            if event.span.latest <= born and event.term not in _EARLY and event.where not in makers:
                text = "Das Ereignis liegt vor der Entstehung des Objekts, mit dem es verknüpft ist."
                yield Finding("PR-43", Severity.ERROR, event.where, text)
    gone = min((event.span.latest for event in linked if event.term == "deletion"), default=None)
    if gone is not None and not copies_may_follow:
        recovered = any(event.term == "recovery" and gone <= event.span.latest for event in linked)
        for event in linked:
            if event.term in USES and gone <= event.span.earliest and not recovered:
                text = "Das Ereignis liegt nach der Löschung des Objekts, dessen Bits es braucht."
                yield Finding("PR-45", Severity.ERROR, event.where, text)
    digest = min((event.span.earliest for event in linked if event.term == "message digest calculation"), default=None)
    for event in linked:
        if digest is not None and event.term == "fixity check" and event.span.latest <= digest:
            text = "Die Prüfung der Unversehrtheit liegt vor der ersten Berechnung einer Prüfsumme."
            yield Finding("PR-46", Severity.WARNING, event.where, text)


def check_ingestion(linked: Sequence[TimedEvent]) -> Iterable[Finding]:
    """An ingestion that ends before it starts, among the events of one object (or of none)."""
    start = min((event.span.earliest for event in linked if event.term == "ingestion start"), default=None)
    for event in linked:
        if event.term == "ingestion end" and start is not None and event.span.latest <= start:
            yield Finding("PR-44", Severity.ERROR, event.where, "Das Ende der Übernahme liegt vor ihrem Beginn.")


def is_birth(term: str | None) -> bool:
    """True for events that bring a file into being whatever its role."""
    return term in BIRTHS
