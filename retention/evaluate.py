"""The one computation: events, facts, holds and the archive's word → dates and state. No words here, for speed.

The rules are the comments of the catalogue (`date_rules`): of several duties to keep the last end wins; an earlier duty
to delete is a conflict, never a silent deletion; a condition that may still hold has no end; what nobody told (a fact)
is taken so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from akten.errors import Rejected
from akten.findings import Finding, Severity
from retention.case import NO_END, BasisResult, Case, Decision, Hold, Outcome, State, Status
from retention.catalogue import Basis, Fristenkatalog, HoldMode, RecordClass
from retention.holds import is_active, mode_of, moved_end, restarted
from retention.periods import age_of_event, completed_age, from_first_day, last_day, next_day

_DAY = timedelta(days=1)
# The events that tell when a file came into being: for a file the year of its closing (city archives compute so).
_CLOSED = ("file_closed", "case_closed")
_CREATED = ("created", "creation", "file_created")
_BIRTH = ("birth", "born", "date_of_birth")
_NO_HOLDS: tuple[tuple[Hold, HoldMode], ...] = ()


def evaluate(case: Case, katalog: Fristenkatalog) -> Outcome:
    """Dates and state of a case. Raises Rejected (RT-30) for a class that the catalogue does not have."""
    holds = tuple((hold, mode_of(hold, katalog.holds)) for hold in case.holds) if case.holds else _NO_HOLDS
    results: list[BasisResult] = []
    for key in case.classes:
        record_class = katalog.classes.get(key)
        if record_class is None:
            raise Rejected((Finding("RT-30", Severity.ERROR, "", f"Die Klasse „{key}“ gibt es im Katalog nicht."),))
        for basis in record_class.bases:
            results.append(_basis(record_class, basis, case, holds))  # noqa: PERF401 - the plain loop is the faster one
    ends, permanent, decisive = _retention_end(results)
    known_end = None if ends == NO_END else ends
    disposal_from, blocking = _disposal(case, known_end, holds)
    offer_by = _offer_by(case, katalog, results)
    return Outcome(
        case,
        results,
        known_end,
        disposal_from,
        _state(case, ends, blocking, permanent=permanent),
        offer_by,
        offer_by is not None and case.as_of > offer_by and not _answered(case),
        _appraisal_due(case, katalog),
        _delete_by(results),
        blocking,
        _conflicts(results),
        decisive,
    )


# -- one basis ---------------------------------------------------------------------------------------------------------


def _basis(
    record_class: RecordClass, basis: Basis, case: Case, holds: tuple[tuple[Hold, HoldMode], ...]
) -> BasisResult:
    assumed = ""
    if basis.applies_if:
        applies = case.facts.get(basis.applies_if)
        if applies is None:
            applies = _by_opposite(basis.applies_if, case.facts)
        if applies is None:
            assumed = basis.applies_if
        elif not applies:
            return BasisResult(record_class, basis, Status.NOT_APPLICABLE)
    if not basis.phases:
        status = Status.PERMANENT if basis.permanent else Status.FOLLOWS
        return BasisResult(record_class, basis, status, assumed=assumed)
    name, event, doubt = _trigger(basis, case)
    result = BasisResult(record_class, basis, Status.OPEN, name, event, assumed=assumed or doubt)
    if basis.while_fact and case.facts.get(basis.while_fact):
        result.by_condition = True
        return result
    if event is None:
        return result
    if basis.plain_years and not holds:
        year = event.year + basis.plain_years
        result.nominal = result.ends = date(year, 12, 31) if year <= 9999 else NO_END
        result.status = Status.DATED
        return result
    moving = [
        hold
        for hold, mode in holds
        if mode is HoldMode.EXTENDS or (mode is HoldMode.FINAL and record_class.extend_until_final)
    ]
    days = sorted(
        hold.on or hold.start or NO_END for hold, mode in holds if mode is HoldMode.RESTARTS and not hold.unfounded
    )
    start = event
    if days:
        # A period that a hold keeps from ending still runs, and can be interrupted.
        start, result.restarted = restarted(
            event, days, lambda day: moved_end(_ends(basis, day, case.as_of)[-1], moving)[0]
        )
    result.phase_ends = _ends(basis, start, case.as_of)
    result.nominal = result.phase_ends[-1]
    result.former_law = basis.before is not None and result.nominal == last_day(start, basis.start_rule, basis.before)
    result.ends, result.moved_by = moved_end(result.nominal, moving) if moving else (result.nominal, ())
    result.status = Status.DATED
    return result


def _by_opposite(fact: str, facts: Mapping[str, bool]) -> bool | None:
    """What the opposite says of a fact that nobody told: `no_x` is false where `x` is true, and the other way round."""
    told = facts.get(fact.removeprefix("no_") if fact.startswith("no_") else f"no_{fact}")
    return None if told is None else not told


def _trigger(basis: Basis, case: Case) -> tuple[str, date | None, str]:
    """Name and day of the event that starts the period, and a fact that nobody told though it matters.

    Of several days of one event the latest counts, unless `select` says earliest; of several variants the latest.
    """
    day = _day(basis.trigger, case, earliest=basis.earliest)
    if not basis.variants:
        return basis.trigger, day, ""
    name, doubt = basis.trigger, ""
    for variant in basis.variants:
        own, own_name = _day(variant.event, case, earliest=variant.earliest), variant.event
        if own is None:
            if variant.all_of and variant.event in case.pending:
                return variant.event, None, ""
            continue
        if variant.unless:
            told = case.facts.get(variant.unless)
            if told:
                continue
            doubt = variant.unless if told is None else doubt
        if variant.or_later:
            if variant.or_later in case.pending:
                return variant.or_later, None, ""
            later = _day(variant.or_later, case, earliest=False)
            if later is not None and later > own:
                own, own_name = later, variant.or_later
        if day is None or own > day:
            name, day = own_name, own
    return name, day, doubt


def _day(name: str, case: Case, *, earliest: bool) -> date | None:
    events = case.events
    days = events.get(name)
    if days:
        if case.pending and name in case.pending and not earliest:
            return None  # the latest of them has not happened yet
        if len(days) == 1:
            return days[0]
        return min(days) if earliest else max(days)
    years = age_of_event(name) if name.startswith("age_") else None
    if years is not None:
        births = [day for birth in _BIRTH for day in events.get(birth, ())]
        if births:
            reached = completed_age(max(births), years)
            # An age that lies ahead may never be reached, and one after the death never was.
            if reached <= min([case.as_of, *events.get("death", ())]):
                return reached
    return None


def _ends(basis: Basis, start: date, as_of: date) -> tuple[date, ...]:
    """The last day of each phase of a basis that starts with an event on `start`."""
    rule = basis.start_rule
    end = last_day(start, rule, basis.phases[0].period)
    if basis.before is not None and basis.valid_from is not None:
        # Art. 97 § 19a EGAO: the new length is for what had not run out under the old one. What the old law still
        # required up to the day of the change was required.
        former = last_day(start, rule, basis.before)
        if as_of < basis.valid_from or former < basis.valid_from:
            return (former,)
        return (max(end, basis.valid_from - _DAY),)
    ends = [end]
    for phase in basis.phases[1:]:
        first = next_day(ends[-1])
        ends.append(NO_END if first is None else from_first_day(first, phase.period))
    return tuple(ends)


# -- the whole record --------------------------------------------------------------------------------------------------


def _retention_end(results: list[BasisResult]) -> tuple[date | None, bool, BasisResult | None]:
    """(end, permanent, decisive basis): None while open, NO_END when a hold keeps it from ending.

    Duties to keep decide; where there is only a duty to delete, its day is the last day to keep.
    """
    best: BasisResult | None = None
    last_delete: BasisResult | None = None
    waiting: BasisResult | None = None
    open_delete: BasisResult | None = None
    for result in results:
        status = result.status
        if status is Status.DATED and result.ends is not None:
            if result.basis.keeps:
                if best is None or best.ends is None or result.ends > best.ends:
                    best = result
            elif last_delete is None or last_delete.ends is None or result.ends > last_delete.ends:
                last_delete = result
        elif status is Status.PERMANENT and result.basis.keeps:
            return None, True, result
        elif status is Status.OPEN:
            if result.basis.keeps:
                waiting = waiting or result
            else:
                open_delete = open_delete or result
    if waiting is not None:
        # A permanent basis may still follow in the list: it wins over one that only waits.
        for result in results:
            if result.status is Status.PERMANENT and result.basis.keeps:
                return None, True, result
        return None, False, waiting
    decisive = best or last_delete or open_delete
    return (decisive.ends if decisive is not None else None), False, decisive


def _disposal(
    case: Case, ends: date | None, holds: tuple[tuple[Hold, HoldMode], ...]
) -> tuple[date | None, tuple[Hold, ...]]:
    """(first day free, holds that block on the day of the question)."""
    answered = case.archive.decision is not None or case.archive.waived
    stopping = [
        hold
        for hold, mode in holds
        if mode in (HoldMode.BLOCKS, HoldMode.EXTENDS, HoldMode.FINAL) or (mode is HoldMode.ARCHIVE and not answered)
    ]
    blocking = tuple(hold for hold in stopping if is_active(hold, case.as_of)) if stopping else ()
    if ends is None:
        return None, blocking
    last = ends
    for hold in stopping:
        if hold.end is None:
            return None, blocking
        last = max(last, hold.end)
    return next_day(last), blocking


def _state(case: Case, ends: date | None, blocking: tuple[Hold, ...], *, permanent: bool) -> State:
    if permanent:
        return State.PERMANENT
    if ends is None:
        return State.OPEN
    if case.as_of <= ends:
        return State.RETAINED
    if blocking:
        return State.HELD
    if case.archive.decision is Decision.ARCHIVWUERDIG:
        return State.TRANSFER
    if case.archive.decision is Decision.NICHT_ARCHIVWUERDIG or case.archive.waived:
        return State.DESTROY
    return State.OFFER


def _answered(case: Case) -> bool:
    archive = case.archive
    return archive.offered or archive.offered_on is not None or archive.decision is not None or archive.waived


def _offer_by(case: Case, katalog: Fristenkatalog, results: list[BasisResult]) -> date | None:
    """The last day for offering: 30 years after creation, or later where a law (not a proposal) wants longer keeping.

    None when the creation is unknown, or when such a law names no end.
    """
    created = None
    for names in (_CLOSED, _CREATED):
        days = [day for name in names if name in case.events for day in case.events[name]]
        if days:
            created = max(days)
            break
    if created is None:
        return None
    law = katalog.archive
    latest = last_day(created, law.offer_start, law.offer_latest)
    for result in results:
        basis = result.basis
        if basis.keeps and basis.by_law and result.status is not Status.NOT_APPLICABLE and not result.assumed:
            if result.ends is None or result.ends == NO_END:
                if result.status is not Status.FOLLOWS:
                    return None
            elif result.ends > latest:
                latest = result.ends
    return latest


def _appraisal_due(case: Case, katalog: Fristenkatalog) -> date | None:
    """The day by which the archive's answer is expected; silence never destroys."""
    archive = case.archive
    if archive.offered_on is None or archive.decision is not None or archive.waived:
        return None
    return last_day(archive.offered_on, katalog.archive.appraisal_start, katalog.archive.appraisal)


def _delete_by(results: list[BasisResult]) -> date | None:
    """The earliest known duty to delete; a basis that only applies by assumption founds none."""
    days = [r.ends for r in results if r.basis.deletes and r.status is Status.DATED and not r.assumed and r.ends]
    return min((day for day in days if day != NO_END), default=None)


def _conflicts(results: list[BasisResult]) -> tuple[BasisResult, ...]:
    """Duties to delete that fall before the end to which another basis keeps the record."""
    if len(results) < 2:
        return ()
    counted = [r for r in results if r.status not in (Status.NOT_APPLICABLE, Status.FOLLOWS)]
    keeping = [r for r in counted if r.basis.keeps] or [r for r in counted if r.status is Status.DATED]
    return tuple(
        result
        for result in counted
        if result.basis.deletes
        and result.status is Status.DATED
        and not result.assumed
        and any(_outlasts(other, result) for other in keeping)
    )


def _outlasts(other: BasisResult, result: BasisResult) -> bool:
    """True when `other` keeps the record longer than `result` allows.

    Several `exact` bases of one class are one rule for several situations (five years, six where a payment rests on
    it): the later end is meant, and that is no conflict.
    """
    if other is result or (result.basis.keeps and other.record_class is result.record_class):
        return False
    end = other.ends if other.status is Status.DATED else NO_END
    return result.ends is not None and end is not None and result.ends < end
