"""Locks follow the terms on every object by VersionId, in memory and on the real server, and look before they act."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from akten.errors import FixityError, Forbidden, Misconfigured
from akten.findings import Verdict
from akten.package import Lock, LockTerms, PackageId, StoredPackage
from archive.embedded import EmbeddedServer
from archive.fixity import check_package
from archive.identities import Role
from archive.locks import Act, enough_until, follow_copy, instant, objects_of, shorten_copy
from archive.package import store_package
from archive.s3 import S3Store
from archive.store import LockMode, ObjectStore
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, Countdown, DyingStore, KilledHere, a_bag, an_exact


@dataclass(frozen=True)
class Rights:
    ingest: ObjectStore
    deletion: ObjectStore
    auditor: ObjectStore


@pytest.fixture(params=["memory", "s3"], scope="module")
def rights(request: pytest.FixtureRequest) -> Rights:
    if request.param == "memory":
        store = MemoryStore()
        return Rights(store, store.as_role("deletion"), store.as_role("auditor"))
    server: EmbeddedServer = request.getfixturevalue("s3_server")
    return Rights(*(S3Store(server.settings(role)) for role in (Role.INGEST, Role.DELETION, Role.AUDITOR)))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def in_days(days: float) -> datetime:
    return now() + timedelta(days=days)


def terms(until: datetime | None, *, hold: bool = False, **more: Any) -> LockTerms:
    return replace(an_exact(Lock(until, hold), now()), **more)


@pytest.fixture
def package(rights: Rights, tmp_path: Path) -> StoredPackage:
    id_ = PackageId(uuid.uuid4(), 1)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
    return store_package(a_bag(id_), id_, [rights.ingest], Lock(in_days(100)), clock, tmp_path, EXTRA)


def follow(rights: Rights, package: StoredPackage, wanted: LockTerms) -> Any:
    return follow_copy(package.id, package.copies[0], rights.ingest, rights.deletion, wanted)


def states(rights: Rights, package: StoredPackage) -> set[tuple[datetime | None, bool]]:
    found = [rights.auditor.read_lock(*each) for each in objects_of(package.id, package.copies[0])]
    return {(state.retain_until.astimezone(UTC) if state.retain_until else None, state.legal_hold) for state in found}


def findings(rights: Rights, package: StoredPackage, wanted: LockTerms) -> list[tuple[str, str]]:
    (copy,) = check_package(package, {"a": rights.auditor}, wanted=wanted).copies
    return sorted((finding.code, finding.where.split("/")[-1]) for finding in copy.findings)


def where(package: StoredPackage) -> tuple[str, str]:
    copy = package.copies[0]
    return f"bag.tar (Version {copy.bag_version_id})", f"commit.json (Version {copy.commit_version_id})"


def test_a_lock_is_extended_on_tar_and_commit_and_the_second_time_nothing_is_done(
    rights: Rights, package: StoredPackage
) -> None:
    wanted = terms(in_days(400))
    done = follow(rights, package, wanted)
    assert done.acts == (Act.EXTENDED,)
    assert done.lock == Lock(wanted.until)
    assert states(rights, package) == {(wanted.until, False)}
    assert follow(rights, package, wanted).acts == ()


def test_a_longer_lock_is_left_alone(rights: Rights, package: StoredPackage) -> None:
    before = states(rights, package)
    assert follow(rights, package, terms(in_days(5))).acts == ()
    assert states(rights, package) == before


def test_a_hold_is_set_and_lifted_on_both_objects_and_the_date_stays(rights: Rights, package: StoredPackage) -> None:
    (until,) = {state[0] for state in states(rights, package)}
    assert follow(rights, package, terms(until, hold=True)).acts == (Act.HOLD_SET,)
    assert states(rights, package) == {(until, True)}
    assert follow(rights, package, terms(until, hold=True, lifts=False)).acts == ()
    assert follow(rights, package, terms(until, lifts=False)).acts == ()
    assert states(rights, package) == {(until, True)}
    assert follow(rights, package, terms(until)).acts == (Act.HOLD_LIFTED,)
    assert states(rights, package) == {(until, False)}


def test_without_the_deletion_identity_no_hold_is_lifted(rights: Rights, package: StoredPackage) -> None:
    follow(rights, package, terms(None, hold=True))
    with pytest.raises(Misconfigured):
        follow_copy(package.id, package.copies[0], rights.ingest, None, terms(None))
    assert {held for _, held in states(rights, package)} == {True}


def test_a_period_that_is_over_sets_no_retention(rights: Rights, tmp_path: Path) -> None:
    id_ = PackageId(uuid.uuid4(), 1)
    bare = store_package(a_bag(id_), id_, [rights.ingest], Lock(None), lambda: datetime.now(UTC), tmp_path, EXTRA)
    over = terms(None, most=in_days(-3), hold=True)
    assert follow(rights, bare, over).acts == (Act.HOLD_SET,)
    assert states(rights, bare) == {(None, True)}


def test_an_end_beyond_the_cap_is_the_cap_and_is_found_good(rights: Rights, package: StoredPackage) -> None:
    far = terms(datetime(2140, 1, 1, tzinfo=UTC))
    assert follow(rights, package, far).acts == (Act.EXTENDED,)
    assert states(rights, package) == {(rights.ingest.retain_cap, False)}
    assert findings(rights, package, far) == []
    assert follow(rights, package, far).acts == ()


def test_an_object_that_is_gone_is_damage_and_no_success(rights: Rights, package: StoredPackage) -> None:
    commit = package.copies[0].commit_version_id
    rights.deletion.delete_version(package.id.commit_key, commit, bypass_governance=True)
    with pytest.raises(FixityError):
        follow(rights, package, terms(in_days(400)))


def test_locks_are_shortened_with_the_deletion_identity_only_and_never_under_a_hold(
    rights: Rights, package: StoredPackage
) -> None:
    before = states(rights, package)
    target = in_days(10)
    with pytest.raises(Forbidden):
        shorten_copy(package.id, package.copies[0], rights.ingest, target, terms(target))
    assert states(rights, package) == before
    rights.ingest.lock(package.id.commit_key, package.copies[0].commit_version_id, Lock(None, legal_hold=True))
    with pytest.raises(Forbidden):
        shorten_copy(package.id, package.copies[0], rights.deletion, target, terms(target))
    assert {until for until, _ in states(rights, package)} == {until for until, _ in before}
    rights.deletion.release_hold(package.id.commit_key, package.copies[0].commit_version_id)
    done = shorten_copy(package.id, package.copies[0], rights.deletion, target, terms(target))
    assert (done.acts, done.lock) == ((Act.SHORTENED,), Lock(target))
    assert states(rights, package) == {(target, False)}
    assert shorten_copy(package.id, package.copies[0], rights.deletion, target, terms(target)).acts == ()


# --- what the fixity round says of locks that somebody changed by hand ------------------------------------------------


def test_a_lock_that_fits_is_no_finding(rights: Rights, package: StoredPackage) -> None:
    (until,) = {state[0] for state in states(rights, package)}
    report = check_package(package, {"a": rights.auditor}, wanted=terms(until))
    assert report.verdict is Verdict.OK
    assert report.copies[0].findings == ()
    assert report.copies[0].lock == Lock(until)


def test_each_wrong_lock_is_named_for_the_very_object_that_bears_it(rights: Rights, package: StoredPackage) -> None:
    (until,) = {state[0] for state in states(rights, package)}
    bag, commit = where(package)
    copy = package.copies[0]
    assert until is not None

    rights.deletion.shorten(package.id.commit_key, copy.commit_version_id, in_days(3))
    assert findings(rights, package, terms(until)) == [("FX-08", commit)]
    short = check_package(package, {"a": rights.auditor}, wanted=terms(until))
    assert short.verdict is Verdict.FAILED
    assert instant(until) in short.copies[0].findings[0].text
    assert short.copies[0].lock is not None
    assert (
        short.copies[0].lock.retain_until
        == rights.auditor.read_lock(package.id.commit_key, copy.commit_version_id).retain_until
    )

    rights.ingest.lock(package.id.commit_key, copy.commit_version_id, Lock(until))
    rights.ingest.lock(package.id.bag_key, copy.bag_version_id, Lock(until + timedelta(days=700)))
    assert findings(rights, package, terms(until)) == [("FX-09", bag)]
    assert findings(rights, package, terms(until, delete_by=until)) == [("FX-14", bag)]
    assert findings(rights, package, terms(until, delete_by=in_days(20))) == [("FX-14", bag), ("FX-14", commit)]
    long = check_package(package, {"a": rights.auditor}, wanted=terms(until))
    assert (long.verdict, long.copies[0].lock) == (Verdict.OK, Lock(until + timedelta(days=700)))
    rolling = terms(in_days(700), least=in_days(50), most=None)
    assert findings(rights, package, rolling) == []

    rights.ingest.lock(package.id.commit_key, copy.commit_version_id, Lock(None, legal_hold=True))
    assert findings(rights, package, terms(until, hold=True)) == [("FX-09", bag), ("FX-10", bag)]
    assert findings(rights, package, terms(until)) == [("FX-09", bag), ("FX-10", commit)]
    assert findings(rights, package, terms(until, lifts=False)) == [("FX-09", bag)]
    held = check_package(package, {"a": rights.auditor}, wanted=terms(until, hold=True))
    assert (held.verdict, held.copies[0].lock) == (
        Verdict.FAILED,
        Lock(until + timedelta(days=700), legal_hold=False),
    )


def test_a_lock_that_is_over_is_not_too_long(rights: Rights, package: StoredPackage) -> None:
    """The period ended long ago, the lock some time after it: it holds nothing any more."""
    over = replace(terms(None, most=in_days(-400)), moment=in_days(500))
    assert findings(rights, package, over) == []
    assert {code for code, _ in findings(rights, package, replace(over, moment=now()))} == {"FX-09"}


# --- in memory only ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> tuple[MemoryStore, StoredPackage]:
    store, id_ = MemoryStore(), PackageId(uuid.uuid4(), 1)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
    return store, store_package(a_bag(id_), id_, [store], Lock(in_days(100)), clock, tmp_path, EXTRA)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("hold", [True, False], ids=["setting", "lifting"])
def test_killed_at_every_call_it_is_done_by_doing_it_again(
    stored: tuple[MemoryStore, StoredPackage], *, before: bool, hold: bool
) -> None:
    store, package = stored
    wanted = terms(in_days(200), hold=hold)
    copy = package.copies[0]
    original = {key: [replace(e) for e in entries] for key, entries in store.keys.items()}
    for calls in itertools.count():
        store.keys.clear()
        store.keys.update({key: [replace(e) for e in entries] for key, entries in original.items()})
        if not hold:
            follow_copy(package.id, copy, store, None, terms(None, hold=True))
        countdown = Countdown(calls)
        dying = DyingStore(store, countdown, before=before)
        freeing = DyingStore(store.as_role("deletion"), countdown, before=before)
        try:
            follow_copy(package.id, copy, dying, freeing, wanted)  # type: ignore[arg-type]
        except KilledHere:
            follow_copy(package.id, copy, store, store.as_role("deletion"), wanted)
        else:
            break
        for key, version in objects_of(package.id, copy):
            assert store.read_lock(key, version).lock == Lock(wanted.until, hold)
    assert calls > 5


def test_a_store_that_keeps_no_lock_is_misconfigured(stored: tuple[MemoryStore, StoredPackage]) -> None:
    store, package = stored
    store.lock = lambda *_: None  # type: ignore[method-assign,assignment]
    with pytest.raises(Misconfigured):
        follow_copy(package.id, package.copies[0], store, None, terms(in_days(200)))


def test_where_a_provider_takes_a_year_the_lock_rolls_by_half_years(stored: tuple[MemoryStore, StoredPackage]) -> None:
    store, package = stored
    store.retain_days, store.retain_cap = 365, in_days(365)
    wanted = terms(in_days(5000))
    assert follow_copy(package.id, package.copies[0], store, None, wanted).acts == (Act.EXTENDED,)
    assert follow_copy(package.id, package.copies[0], store, None, wanted).acts == ()
    later = replace(wanted, moment=in_days(200))
    store.retain_cap = in_days(565)
    enough = enough_until(later, store)
    assert enough is not None
    assert in_days(365) < enough < in_days(400)
    assert follow_copy(package.id, package.copies[0], store, None, later).acts == (Act.EXTENDED,)


class _CountsDays(MemoryStore):
    """A provider that takes 365 days from the second in which it is asked; each question takes a second."""

    def __init__(self) -> None:
        self.began, self.questions = now(), itertools.count()
        super().__init__(clock=lambda: self.began + timedelta(seconds=next(self.questions)))
        self.retain_days = 365

    def __getattribute__(self, name: str) -> Any:
        if name == "retain_cap":
            return self.clock() + timedelta(days=365)
        return super().__getattribute__(name)


def test_where_a_provider_counts_days_the_objects_of_a_copy_end_seconds_apart_and_none_is_called_short(
    tmp_path: Path,
) -> None:
    store, id_ = _CountsDays(), PackageId(uuid.uuid4(), 1)
    package = store_package(a_bag(id_), id_, [store], Lock(in_days(5000)), lambda: store.began, tmp_path, EXTRA)
    bag, commit = (store.read_lock(*each).retain_until for each in objects_of(id_, package.copies[0]))
    assert bag is not None
    assert commit is not None
    assert bag < commit
    for _ in range(2):  # what a look saw is what the register holds at the next one
        report = check_package(package, {"a": store}, wanted=terms(in_days(5000), most=None))
        assert (report.verdict, report.copies[0].findings) == (Verdict.OK, ())
        assert report.copies[0].lock == Lock(bag)
        package = replace(package, copies=(replace(package.copies[0], lock=report.copies[0].lock),))


def test_a_lock_that_is_longer_than_wanted_on_one_object_does_not_call_the_other_short(
    stored: tuple[MemoryStore, StoredPackage],
) -> None:
    """A first try was cut off between tar and commit, and meanwhile the period became shorter."""
    store, package = stored
    copy = package.copies[0]
    store.lock(package.id.bag_key, copy.bag_version_id, Lock(in_days(900)))
    wanted = terms(copy.lock.retain_until)
    for _ in range(2):
        report = check_package(package, {"a": store}, wanted=wanted)
        assert (report.verdict, [f.code for f in report.copies[0].findings]) == (Verdict.OK, ["FX-09"])
        assert report.copies[0].lock is not None
        package = replace(package, copies=(replace(copy, lock=report.copies[0].lock),))


def test_a_lock_that_somebody_took_away_is_told_at_every_look(stored: tuple[MemoryStore, StoredPackage]) -> None:
    store, package = stored
    entry = store.keys[package.id.commit_key][0]
    entry.state = replace(entry.state, retain_until=None, mode=None)
    report = check_package(package, {"a": store}, wanted=LockTerms(now(), None, None))
    assert (report.verdict, report.copies[0].lock) == (Verdict.FAILED, None)  # the register keeps what it knows


def test_a_store_that_keeps_another_mode_than_it_took_is_misconfigured(
    stored: tuple[MemoryStore, StoredPackage],
) -> None:
    store, package = stored
    keep = store.lock
    store.lock_mode = LockMode.COMPLIANCE

    def weaker(key: str, version: str, lock: Lock) -> None:
        keep(key, version, lock)
        store.keys[key][0].state = replace(store.keys[key][0].state, mode=LockMode.GOVERNANCE)

    store.lock = weaker  # type: ignore[method-assign]
    with pytest.raises(Misconfigured):
        follow_copy(package.id, package.copies[0], store, None, terms(in_days(200)))


def test_a_compliance_lock_is_stronger_than_the_governance_that_is_wanted(
    stored: tuple[MemoryStore, StoredPackage], tmp_path: Path
) -> None:
    store, package = stored
    for entries in store.keys.values():
        for entry in entries:
            entry.state = replace(entry.state, mode=LockMode.COMPLIANCE)
    until = package.copies[0].lock.retain_until
    report = check_package(package, {"a": store}, wanted=terms(until))
    assert (report.verdict, report.copies[0].findings) == (Verdict.OK, ())
    store.lock = None  # type: ignore[method-assign,assignment]  # nothing is to be set
    again = store_package(
        a_bag(package.id), package.id, [store], Lock(until), lambda: datetime.now(UTC), tmp_path, EXTRA
    )
    assert again.copies[0].lock == Lock(until)


def test_a_compliance_lock_is_stronger_and_cannot_be_shortened(stored: tuple[MemoryStore, StoredPackage]) -> None:
    store, package = stored
    for entries in store.keys.values():
        for entry in entries:
            entry.state = replace(entry.state, mode=LockMode.COMPLIANCE)
    assert follow_copy(package.id, package.copies[0], store, None, terms(in_days(50))).acts == ()
    with pytest.raises(Forbidden):
        shorten_copy(package.id, package.copies[0], store.as_role("deletion"), in_days(5), terms(in_days(5)))


def test_an_instant_is_told_in_the_time_of_berlin() -> None:
    assert instant(datetime(2041, 12, 31, 23, 0, tzinfo=UTC)) == "31.12.2041 24:00"
    assert instant(datetime(2026, 7, 1, 10, 0, 5, tzinfo=UTC)) == "01.07.2026 12:00:05"
