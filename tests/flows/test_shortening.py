"""A lock gets shorter only by two persons, with the deletion identity, under no hold, and as the rules say today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.localtime import berlin_day
from akten.model import Akte
from akten.package import Lock
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.locks import objects_of
from archive.s3 import S3Store
from catalog.actor import Actor, ActorKind
from catalog.catalog import open_catalog
from catalog.trail import Verb
from flows.shortening import propose, release, see_locks, withdraw
from retention.locking import end_of
from tests.flows.dueworld import SERVICE, WithHolds, World, a_hold
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore, KilledHere

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")
WHY = "Ereignis berichtigt"
LONG = end_of(date(2060, 12, 31))
ENDS = end_of(date(2030, 12, 31))


@pytest.fixture(params=["memory", "s3"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        if request.param == "memory":
            stores = [MemoryStore(name) for name in ("a", "b")]
            freeing = {store.name: store.as_role("deletion") for store in stores}
            yield World(WithHolds(catalog), stores, freeing, tmp_path / "work")
            return
        servers: tuple[EmbeddedServer, ...] = request.getfixturevalue("s3_pair")
        yield World(
            WithHolds(catalog),
            [S3Store(server.settings(Role.INGEST)) for server in servers],
            {server.name: S3Store(server.settings(Role.DELETION)) for server in servers},
            tmp_path / "work",
        )


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[World]:
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        stores = [MemoryStore(name) for name in ("a", "b")]
        yield World(WithHolds(catalog), stores, {s.name: s.as_role("deletion") for s in stores}, tmp_path / "work")


def an_overlong(world: World, number: str = "1-1") -> Akte:
    """An Akte with two versions that ends in 2030 and is locked to 2060 everywhere."""
    akte, _ = world.archive(number, "tax.assessment-file", zda=date(2020, 3, 4))
    world.archive(number, "tax.assessment-file", zda=date(2020, 3, 4), name=2)
    for row in world.catalog.packages(akte.uuid):
        for copy in row.package.copies:
            store = next(each for each in world.stores if each.name == copy.store)
            for key, version in objects_of(row.package.id, copy):
                store.lock(key, version, Lock(LONG))
    world.round(thorough=True)
    return akte


def told(world: World, akte: Akte) -> list[str]:
    verbs = {verb.value for verb in Verb if verb.name.startswith("SHORTENING")}
    return [event.verb for event in world.catalog.events_of(akte=akte.uuid, limit=None) if event.verb in verbs]


def test_two_persons_shorten_every_copy_and_version_to_the_end_of_the_period(world: World) -> None:
    akte = an_overlong(world)
    seen = see_locks(world.services, akte.uuid)
    assert (len(seen.locks), len(seen.too_long), seen.proposal) == (8, 8, None)
    proposed = propose(world.services, akte.uuid, WHY, ANNA)
    assert proposed.proposal is not None
    assert (proposed.proposal.proposed_by, proposed.proposal.reason) == (ANNA, WHY)
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {LONG}
    done = release(world.services, akte.uuid, "geprüft", BERND)
    assert (done.too_long, done.proposal) == ((), None)
    assert set(world.locks(akte.uuid).values()) == {(ENDS, False)}
    assert world.registered(akte.uuid) == {(ENDS, False)}
    assert told(world, akte) == ["shortening.proposed", "shortening.released", "shortening.ended"]
    changed = [e for e in world.catalog.events_of(akte=akte.uuid) if e.verb == Verb.LOCK_CHANGED.value]
    shortened = [e for e in changed if any("shortened" in copy["acts"] for copy in e.data["copies"].values())]
    assert {event.by for event in shortened} == {BERND}
    assert len(shortened) == 4
    assert world.round().codes == {}
    with pytest.raises(Forbidden):
        propose(world.services, akte.uuid, WHY, ANNA)


@pytest.mark.parametrize(
    "second",
    [
        ANNA,
        Actor("ANNA.MEIER"),
        Actor("NEUSS\\anna.meier"),
        Actor("Meier, Anna", ActorKind.ALS, "b.schulz"),
        Actor("b.schulz", ActorKind.ALS, "anna.meier"),
        SERVICE,
    ],
    ids=str,
)
def test_the_same_person_in_any_spelling_or_a_service_releases_nothing(memory: World, second: Actor) -> None:
    akte = an_overlong(memory)
    propose(memory.services, akte.uuid, WHY, ANNA)
    with pytest.raises(Forbidden):
        release(memory.services, akte.uuid, WHY, second)
    assert {lock for lock, _ in memory.locks(akte.uuid).values()} == {LONG}
    assert told(memory, akte) == ["shortening.proposed"]


def test_without_a_proposal_or_a_reason_nothing_is_shortened(memory: World) -> None:
    akte = an_overlong(memory)
    for act in (
        lambda: release(memory.services, akte.uuid, WHY, BERND),
        lambda: propose(memory.services, akte.uuid, " ", ANNA),
    ):
        with pytest.raises(Forbidden):
            act()
    assert told(memory, akte) == []


def test_under_a_hold_nothing_is_proposed_and_nothing_released(world: World) -> None:
    akte = an_overlong(world)
    world.hold(akte.uuid, a_hold(secret=True))
    with pytest.raises(Forbidden, match="gesperrt"):
        propose(world.services, akte.uuid, WHY, ANNA)
    world.hold(akte.uuid)
    propose(world.services, akte.uuid, WHY, ANNA)
    world.hold(akte.uuid, a_hold())
    with pytest.raises(Forbidden, match="gesperrt"):
        release(world.services, akte.uuid, WHY, BERND)
    world.hold(akte.uuid)
    copy = world.catalog.packages(akte.uuid)[1].package
    world.stores[1].lock(copy.id.commit_key, copy.copies[1].commit_version_id, Lock(None, legal_hold=True))
    with pytest.raises(Forbidden, match="gesperrt"):
        release(world.services, akte.uuid, WHY, BERND)
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {LONG}


@pytest.mark.parametrize("record_class", ["building.monument-file", "building.permit-file"])
def test_without_a_known_end_there_is_nothing_to_shorten(memory: World, record_class: str) -> None:
    akte, _ = memory.archive("2-1", record_class)
    with pytest.raises(Forbidden, match="Nichts zu kürzen"):
        propose(memory.services, akte.uuid, WHY, ANNA)


def test_what_has_changed_since_the_proposal_is_not_done(memory: World) -> None:
    akte = an_overlong(memory)
    propose(memory.services, akte.uuid, WHY, ANNA)
    memory.tell(akte, "1-1", file_closed=date(2023, 1, 1))
    with pytest.raises(Forbidden, match=r"31\.12\.2033"):
        release(memory.services, akte.uuid, WHY, BERND)
    withdraw(memory.services, akte.uuid, "überholt", BERND)
    propose(memory.services, akte.uuid, WHY, ANNA)
    memory.katalog = replace(memory.katalog, version="andere")
    with pytest.raises(Forbidden, match="andere"):
        release(memory.services, akte.uuid, WHY, BERND)
    assert {lock for lock, _ in memory.locks(akte.uuid).values()} == {LONG}


def test_a_lock_that_ends_too_early_is_seen_and_the_cap_of_a_store_is_not_too_early(memory: World) -> None:
    akte, package = memory.archive("4-1", "tax.assessment-file", zda=date(2020, 3, 4))
    far, _ = memory.archive("4-2", "tax.assessment-file", zda=date(2099, 1, 1))
    tonight = end_of(berlin_day(datetime.now(UTC)))
    memory.freeing["b"].shorten(package.id.bag_key, package.copies[1].bag_version_id, tonight)
    short = [(each.store, each.key) for each in see_locks(memory.services, akte.uuid).locks if each.short]
    assert short == [("b", package.id.bag_key)]
    assert not any(each.short for each in see_locks(memory.services, far.uuid).locks)


def test_an_object_that_is_gone_is_damage_and_one_that_is_away_is_not_checked(memory: World) -> None:
    akte = an_overlong(memory)
    row = memory.catalog.packages(akte.uuid)[0]
    memory.stores[1].keys[row.package.id.bag_key].clear()
    lost = [each for each in see_locks(memory.services, akte.uuid).locks if each.gone]
    assert [(each.store, each.key, each.state) for each in lost] == [("b", row.package.id.bag_key, None)]
    with pytest.raises(FixityError):
        propose(memory.services, akte.uuid, WHY, ANNA)
    memory.away["b"] = Unavailable("weg")
    assert {each.gone for each in see_locks(memory.services, akte.uuid).locks if each.state is None} == {False}
    with pytest.raises(Unavailable):
        propose(memory.services, akte.uuid, WHY, ANNA)


def test_one_proposal_at_a_time_and_a_withdrawn_one_is_gone(memory: World) -> None:
    akte = an_overlong(memory)
    propose(memory.services, akte.uuid, WHY, ANNA)
    with pytest.raises(Forbidden):
        propose(memory.services, akte.uuid, WHY, BERND)
    withdraw(memory.services, akte.uuid, "doch nicht", ANNA)
    with pytest.raises(Forbidden):
        release(memory.services, akte.uuid, WHY, BERND)
    with pytest.raises(Forbidden):
        withdraw(memory.services, akte.uuid, "noch einmal", ANNA)
    assert told(memory, akte) == ["shortening.proposed", "shortening.ended"]


def test_a_period_that_is_over_is_shortened_to_the_end_of_today(world: World) -> None:
    akte, _ = world.archive("3-1", "tax.enforcement-file")
    world.tell(akte, "3-1", file_closed=date(2010, 1, 1))
    assert world.round().codes == {"LK-02": 1}
    propose(world.services, akte.uuid, WHY, ANNA)
    shortened = release(world.services, akte.uuid, WHY, BERND)
    tonight = end_of(berlin_day(datetime.now(UTC)))
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {tonight}
    # That is as short as a lock can be made: nobody is told to shorten it once more.
    assert (shortened.too_long, world.round().codes, world.round(thorough=True).codes) == ((), {}, {})
    with pytest.raises(Forbidden, match="nichts zu kürzen"):
        propose(world.services, akte.uuid, WHY, ANNA)


@pytest.mark.parametrize("lack", ["away", "no deletion identity"])
def test_what_cannot_be_done_now_stays_open_and_is_done_by_the_same_call(memory: World, lack: str) -> None:
    akte = an_overlong(memory)
    propose(memory.services, akte.uuid, WHY, ANNA)
    freeing = memory.freeing
    error: type[ArchivError] = Unavailable if lack == "away" else Misconfigured
    if lack == "away":
        memory.away["b"] = Unavailable("weg")
    else:
        memory.freeing = {"a": freeing["a"]}
    with pytest.raises(error):
        release(memory.services, akte.uuid, WHY, BERND)
    locks = memory.locks(akte.uuid)
    assert {lock for (_, store, _), (lock, _) in locks.items() if store == "a"} == {ENDS}
    assert {lock for (_, store, _), (lock, _) in locks.items() if store == "b"} == {LONG}
    memory.away.clear()
    memory.freeing = freeing
    release(memory.services, akte.uuid, WHY, BERND)
    assert {lock for lock, _ in memory.locks(akte.uuid).values()} == {ENDS}
    assert told(memory, akte) == ["shortening.proposed", "shortening.released", "shortening.ended"]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_every_call_the_same_command_ends_it(memory: World, *, before: bool) -> None:
    akte = an_overlong(memory)
    propose(memory.services, akte.uuid, WHY, ANNA)
    freeing, killed = memory.freeing, 0
    for calls in range(200):
        countdown = Countdown(calls)
        memory.freeing = {name: DyingStore(store, countdown, before=before) for name, store in freeing.items()}  # type: ignore[misc]
        try:
            release(memory.services, akte.uuid, WHY, BERND)
            break
        except KilledHere:
            killed += 1
    assert killed > 5
    assert set(memory.locks(akte.uuid).values()) == {(ENDS, False)}
    assert memory.registered(akte.uuid) == {(ENDS, False)}
    assert told(memory, akte) == ["shortening.proposed", "shortening.released", "shortening.ended"]
    assert memory.round().codes == {}
