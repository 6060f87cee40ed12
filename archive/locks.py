"""The lock of stored objects follows the terms of the rules: judged, extended, holds set and lifted, shortened.

Every act looks first, does only what is missing and reads back, so that it may be cut off anywhere and repeated. It is
done for both objects of a copy (tar and commit), each by its VersionId. Lifting and shortening want a store opened with
the deletion identity; extending and holding are intake's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from akten.errors import Forbidden, Misconfigured
from akten.localtime import BERLIN
from akten.package import Lock, LockTerms, PackageId, StoredCopy
from archive.store import LockMode, LockState, ObjectStore, storable, storable_lock

_A_DAY = timedelta(hours=25)  # in Berlin, at its longest


class Act(StrEnum):
    """What was done to the lock of a copy."""

    EXTENDED = "extended"
    HOLD_SET = "hold_set"
    HOLD_LIFTED = "hold_lifted"
    SHORTENED = "shortened"


@dataclass(frozen=True, slots=True)
class Followed:
    """One copy after its lock was made to follow: what was done, and the lock of its two objects (`seen_as_one`)."""

    store: str
    acts: tuple[Act, ...]
    lock: Lock


def instant(moment: datetime | None) -> str:
    """A date of a lock in German words, to the second and in Berlin: „31.12.2041 24:00“ is easier to read than UTC."""
    if moment is None:
        return "–"
    local = moment.astimezone(BERLIN)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%d.%m.%Y} 24:00"
    return f"{local:%d.%m.%Y %H:%M:%S}"


def objects_of(id: PackageId, copy: StoredCopy) -> tuple[tuple[str, str], tuple[str, str]]:  # noqa: A002
    """Key and version of both objects of a copy."""
    return (id.bag_key, copy.bag_version_id), (id.commit_key, copy.commit_version_id)


def enough_until(terms: LockTerms, store: ObjectStore) -> datetime | None:
    """The date that a lock in this store must reach at least; None when none is wanted.

    Where a provider takes only so many days, half of them are enough: else every look would extend.
    """
    if terms.least is None:
        return None
    if store.retain_days is not None:
        soon = terms.moment + timedelta(days=store.retain_days) / 2
        return storable(min(terms.least, soon), store.retain_cap)
    return storable(terms.least, store.retain_cap)


def falls_short(lock: Lock, terms: LockTerms, store: ObjectStore) -> bool:
    """True when a lock with this date ends too early; the mode is not looked at."""
    enough = enough_until(terms, store)
    return enough is not None and (lock.retain_until is None or lock.retain_until < enough)


def hold_differs(lock: Lock, terms: LockTerms) -> bool:
    """True when a hold is to be set, or to be lifted."""
    return lock.legal_hold != terms.legal_hold and (terms.legal_hold or terms.lifts)


def outlasts(lock: Lock, bound: datetime | None, moment: datetime) -> bool:
    """True when a lock that still runs goes beyond a day; one that is over holds nothing.

    Nor is one too long that ends with this day: where the period is over, that is as short as two persons can make it.
    """
    until = lock.retain_until
    return bound is not None and until is not None and until > moment + _A_DAY and until > storable(bound, until)


def strong_enough(state: LockState, store: ObjectStore) -> bool:
    """True when a lock has the mode that is set in this store, or compliance, which is stronger."""
    return state.mode in (store.lock_mode, LockMode.COMPLIANCE)


def seen_as_one(states: Sequence[LockState], terms: LockTerms, store: ObjectStore) -> Lock:
    """One lock for both objects, the one that asks for an act: too short a date if one is, too long a one if one is.

    Where neither is, the earlier date counts: until then both hold. They differ where a provider counts days from the
    second in which it was asked, and where an act was cut off between the two. A hold counts when it stands as wanted
    on all of them.
    """
    bound = terms.too_long_after
    short = [state.retain_until for state in states if falls_short(state.lock, terms, store)]
    long = [state.retain_until for state in states if outlasts(state.lock, bound, terms.moment)]
    until = _shortest(short or [state.retain_until for state in states])
    if long and not short:
        until = max(day for day in long if day is not None)
    holds = [state.legal_hold for state in states]
    return Lock(until, all(holds) if terms.legal_hold else any(holds))


def _shortest(dates: Sequence[datetime | None]) -> datetime | None:
    """The earliest date; no date at all is earlier than any."""
    known = [day for day in dates if day is not None]
    return min(known) if known and len(known) == len(dates) else None


def keep_lock(store: ObjectStore, key: str, version: str, lock: Lock, moment: datetime) -> LockState:
    """Sets retention and hold unless they hold already, and reads back what the store keeps.

    A longer retention stays (governance cannot be shortened with these rights, nor should it). Raises Misconfigured
    when the store takes the lock and does not keep it.
    """
    wanted = storable_lock(lock, store.retain_cap)
    if wanted.retain_until is not None and wanted.retain_until <= moment:
        wanted = replace(wanted, retain_until=None)  # the period is over: there is nothing left to lock
    state = store.read_lock(key, version)
    if not _keeps(state, wanted, store):
        store.lock(key, version, _lacking(state, wanted, store))
        state = store.read_lock(key, version)
        if not _keeps(state, wanted, store):
            raise Misconfigured(f"Speicher „{store.name}“ nimmt die Sperre von {key} an, hält sie aber nicht.")
    return state


def _keeps(state: LockState, wanted: Lock, store: ObjectStore) -> bool:
    return (state.legal_hold or not wanted.legal_hold) and _retains(state, wanted, store)


def _retains(state: LockState, wanted: Lock, store: ObjectStore) -> bool:
    if wanted.retain_until is None:
        return True
    long_enough = state.retain_until is not None and state.retain_until >= wanted.retain_until
    return long_enough and strong_enough(state, store)


def _lacking(state: LockState, wanted: Lock, store: ObjectStore) -> Lock:
    """What has to be set: a store refuses a date before the one that is there, even when only a hold was to be set."""
    if wanted.retain_until is None or _retains(state, wanted, store):
        return replace(wanted, retain_until=None)
    return replace(wanted, retain_until=max(wanted.retain_until, state.retain_until or wanted.retain_until))


def follow_copy(
    id: PackageId,  # noqa: A002
    copy: StoredCopy,
    store: ObjectStore,
    freeing: ObjectStore | None,
    terms: LockTerms,
) -> Followed:
    """Extends the lock, sets or lifts the hold on both objects of a copy, and reads back; never shortens.

    `freeing` is the same store with the deletion identity. Raises Absent when an object is not there, Misconfigured
    when the store does not keep a lock or the deletion identity is missing, Forbidden, Unavailable.
    """
    acts: set[Act] = set()
    states: list[LockState] = []
    for key, version in objects_of(id, copy):
        state = store.read_lock(key, version)
        done = _strengthen(store, key, version, state, terms)
        if not terms.legal_hold and terms.lifts and state.legal_hold:
            if freeing is None:
                raise Misconfigured(
                    f"Speicher „{store.name}“: Ohne Löschkennung lässt sich keine Löschsperre aufheben."
                )
            freeing.release_hold(key, version)
            done.add(Act.HOLD_LIFTED)
        if done:
            state = store.read_lock(key, version)
            weak = Act.EXTENDED in done and not strong_enough(state, store)
            if weak or falls_short(state.lock, terms, store) or hold_differs(state.lock, terms):
                raise Misconfigured(f"Speicher „{store.name}“ nimmt die Sperre von {key} an, hält sie aber nicht.")
        acts |= done
        states.append(state)
    if acts:
        store.sync()
    return Followed(store.name, tuple(sorted(acts)), seen_as_one(states, terms, store))


def _strengthen(store: ObjectStore, key: str, version: str, state: LockState, terms: LockTerms) -> set[Act]:
    """The hold first: it protects at once, whatever the date."""
    done: set[Act] = set()
    if terms.legal_hold and not state.legal_hold:
        store.lock(key, version, Lock(None, legal_hold=True))
        done.add(Act.HOLD_SET)
    weak = terms.least is not None and not strong_enough(state, store)
    if terms.until is not None and (weak or falls_short(state.lock, terms, store)):
        until = storable(terms.until, store.retain_cap)
        if state.retain_until is not None and state.retain_until > until:
            until = state.retain_until  # only the mode is wrong: the date stays
        store.lock(key, version, Lock(until))
        done.add(Act.EXTENDED)
    return done


def shorten_copy(
    id: PackageId,  # noqa: A002
    copy: StoredCopy,
    freeing: ObjectStore,
    until: datetime,
    terms: LockTerms,
) -> Followed:
    """Brings locks that reach beyond `until` back to it, on both objects, with the deletion identity; reads back.

    The caller answers for the release by two persons. Raises Forbidden under a hold and for compliance locks.
    """
    target = storable(until, freeing.retain_cap)
    found = [(key, version, freeing.read_lock(key, version)) for key, version in objects_of(id, copy)]
    if terms.legal_hold or any(state.legal_hold for *_, state in found):
        raise Forbidden(f"Speicher „{freeing.name}“: Unter einer Löschsperre wird nichts gekürzt.")
    acts: set[Act] = set()
    states: list[LockState] = []
    for key, version, before in found:
        state = before
        if state.retain_until is not None and state.retain_until > target:
            freeing.shorten(key, version, target)
            acts.add(Act.SHORTENED)
            state = freeing.read_lock(key, version)
            if state.retain_until != target:
                raise Misconfigured(
                    f"Speicher „{freeing.name}“ nimmt die Kürzung von {key} an, behält aber die Sperre."
                )
        states.append(state)
    if acts:
        freeing.sync()
    return Followed(freeing.name, tuple(sorted(acts)), seen_as_one(states, terms, freeing))
