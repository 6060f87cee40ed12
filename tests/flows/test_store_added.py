"""A store that is named later lacks the older versions: told once, and filled by the two persons who replace copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from akten.errors import FixityError, Forbidden, Unavailable
from akten.files import digest_bytes
from akten.findings import Verdict
from akten.model import Akte
from akten.package import Lock
from archive.locks import objects_of
from archive.reconcile import Slice, reconcile
from archive.restore import restore_copy
from catalog.actor import Actor
from catalog.catalog import open_catalog
from catalog.trail import Verb
from flows.agreement import is_behind
from flows.anchors import PREFIX
from flows.restoring import Release, proposal_for, propose, release, wanting_akten, withdraw
from flows.verify import HALF_DONE, FixitySummary, verdict_of, verify_all
from tests.flows.dueworld import ENDS_2030, SERVICE, WithHolds, World, a_hold, days
from tests.flows.packingworld import NOW, Came
from tests.flows.reentryworld import ARCHIVIST, UNTIL, Restored
from tests.listings import take_listing
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore, KilledHere

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")
CAUSE = "Speicher c im neuen Rechenzentrum"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        stores = [MemoryStore(name) for name in ("a", "b")]
        yield World(WithHolds(catalog), stores, {s.name: s.as_role("deletion") for s in stores}, tmp_path / "work")


def archived(world: World, number: str = "1-1", name: object = 1, zda: date = date(2020, 3, 4)) -> Akte:
    return world.archive(number, "tax.assessment-file", zda=zda, name=name)[0]


def add_store(world: World, name: str = "c") -> MemoryStore:
    new = MemoryStore(name)
    world.stores = [*world.stores, new]
    world.freeing = {**world.freeing, name: new.as_role("deletion")}
    return new


def filled(world: World, akte: Akte, store: str = "c") -> Release:
    if proposal_for(world.services, akte.uuid, store) is None:
        propose(world.services, akte.uuid, store, CAUSE, ANNA)
    proposal = proposal_for(world.services, akte.uuid, store)
    assert proposal is not None
    return release(world.services, proposal, "geprüft", BERND)


def looked(world: World) -> FixitySummary:
    return verify_all(world.services, SERVICE)


def compared(world: World) -> list[tuple[str, str]]:
    whole = Slice(
        tuple(world.catalog.all_packages(checked_before=datetime.max.replace(tzinfo=UTC))),
        [take_listing(each) for each in world.stores],
    )
    found = reconcile([whole], world.now(), HALF_DONE)
    assert verdict_of(found) is (Verdict.NOT_CHECKED if found else Verdict.OK)
    return [(finding.code, finding.where) for finding in found]


def stores_of(world: World, akte: Akte) -> list[list[str]]:
    return [[copy.store for copy in row.package.copies] for row in world.catalog.packages(akte.uuid)]


def require_all_well(world: World) -> None:
    summary = looked(world)
    assert (summary.verdict, summary.lacking.total()) == (Verdict.OK, 0)
    assert {len(copy["findings"]) for copy in summary.copies} == {0}
    assert compared(world) == []
    assert world.round().codes == {}
    assert world.catalog.verify_trail([]).verdict is not Verdict.FAILED
    assert not [f for f in world.catalog.verify_trail([]).findings if f.code == "TR-07"]


def test_what_lacks_is_told_once_for_a_store_and_is_neither_damage_nor_well(world: World) -> None:
    for number in ("1-1", "2-2", "3-3"):
        archived(world, number)
    assert looked(world).verdict is Verdict.OK
    add_store(world)
    summary = looked(world)
    assert (summary.verdict, summary.damaged, summary.unchecked) == (Verdict.NOT_CHECKED, 0, 0)
    assert [(f.code, f.where) for f in summary.findings] == [("RC-13", "c:aip/")]
    assert "Anzahl: 3" in summary.findings[0].text
    assert "archiv fixity ersetze --alle --speicher c" in summary.findings[0].text
    assert compared(world) == [("RC-13", "c:aip/")]


def test_two_persons_put_every_version_there_and_all_is_well_then(world: World) -> None:
    akte = archived(world)
    archived(world, name=2)
    new = add_store(world)
    assert wanting_akten(world.services, "c") == (akte.uuid,)
    asked = propose(world.services, akte.uuid, "c", CAUSE, ANNA)
    assert [(each.package.id.version, each.copy) for each in asked.wanted] == [(1, None), (2, None)]
    assert wanting_akten(world.services, "c") == ()
    assert new.keys == {}
    proposal = proposal_for(world.services, akte.uuid, "c")
    assert proposal is not None
    with pytest.raises(Forbidden):
        release(world.services, proposal, "geprüft", ANNA)
    found = filled(world, akte)
    assert (found.done, [each.before for each in found.restored]) == (True, [None, None])
    assert stores_of(world, akte) == [["a", "b", "c"]] * 2
    assert set(world.locks(akte.uuid).values()) == {(ENDS_2030, False)}
    assert {copy.set_aside for row in world.catalog.packages(akte.uuid) for copy in row.package.copies} == {()}
    events = [e for e in world.catalog.events_of(akte=akte.uuid) if e.verb == Verb.COPY_RESTORED.value]
    assert [(e.by, e.data["store"], e.data["replaced"]) for e in events] == [(BERND, "c", {})] * 2
    require_all_well(world)
    with pytest.raises(Forbidden, match="nichts zu ersetzen"):
        propose(world.services, akte.uuid, "c", CAUSE, ANNA)


def test_a_nachscan_goes_on_before_and_after_the_older_versions_are_there(world: World) -> None:
    """Else no Akte from before could be added to: the version before had to lie in every store of today."""
    akte = archived(world)
    add_store(world)
    archived(world, name=2)
    assert stores_of(world, akte) == [["a", "b"], ["a", "b", "c"]]
    assert compared(world) == [("RC-13", "c:aip/")]
    assert [each.id.version for each in filled(world, akte).restored] == [1]
    archived(world, name=3)
    assert stores_of(world, akte) == [["a", "b", "c"]] * 3
    require_all_well(world)


def test_a_held_akte_is_held_there_too(world: World) -> None:
    akte = archived(world)
    world.hold(akte.uuid, a_hold())
    world.round()
    add_store(world)
    filled(world, akte)
    assert set(world.locks(akte.uuid).values()) == {(ENDS_2030, True)}
    require_all_well(world)


def test_a_hold_that_nobody_knows_the_reason_of_is_kept_on_the_new_copy(world: World) -> None:
    akte = archived(world)
    (row,) = world.catalog.packages(akte.uuid)
    for store, copy in zip(world.stores, row.package.copies, strict=True):
        for key, version in objects_of(row.package.id, copy):
            store.lock(key, version, Lock(None, legal_hold=True))
    looked(world)
    add_store(world)
    filled(world, akte)
    assert {hold for _, hold in world.locks(akte.uuid).values()} == {True}
    assert world.round().codes["LK-07"] == 3


def test_a_lock_that_is_too_long_elsewhere_is_not_made_so_here(world: World) -> None:
    akte = archived(world)
    (row,) = world.catalog.packages(akte.uuid)
    for key, version in objects_of(row.package.id, row.package.copies[0]):
        world.stores[0].lock(key, version, Lock(ENDS_2030 + days(800)))
    looked(world)
    add_store(world)
    filled(world, akte)
    assert world.catalog.packages(akte.uuid)[0].package.copies[2].lock == Lock(ENDS_2030)


def test_an_akte_whose_period_is_over_is_put_there_without_a_lock(world: World) -> None:
    world.clock = lambda: datetime(2019, 1, 1, tzinfo=UTC)
    akte = archived(world, zda=date(2001, 3, 4))
    world.clock = lambda: datetime.now(UTC)
    add_store(world)
    assert filled(world, akte).done
    locks = {lock for (_, store, _), lock in world.locks(akte.uuid).items() if store == "c"}
    assert locks == {(None, False)}
    require_all_well(world)


def test_a_new_store_that_is_away_is_filled_later_by_the_same_call(world: World) -> None:
    akte = archived(world)
    new = add_store(world)
    propose(world.services, akte.uuid, "c", CAUSE, ANNA)
    world.stores = world.stores[:2]
    world.away["c"] = Unavailable("Speicher „c“ antwortet nicht.")
    summary = looked(world)
    assert (summary.verdict, dict(summary.lacking)) == (Verdict.NOT_CHECKED, {"c": 1})
    world.stores, world.away = [*world.stores, new], {}
    assert filled(world, akte).done
    require_all_well(world)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_anywhere_the_same_call_goes_on(world: World, before: bool) -> None:
    akte = archived(world)
    archived(world, name=2)
    new = add_store(world)
    stores = list(world.stores)
    calls = 0
    while True:
        countdown = Countdown(calls)
        world.stores = [DyingStore(each, countdown, before=before) for each in stores]  # type: ignore[misc]
        try:
            assert filled(world, akte).done
        except KilledHere:
            calls += 1
            world.stores = stores
            assert {code for code, _ in compared(world)} <= {"RC-13"}  # half done it is no alarm
        else:
            break
    world.stores = stores
    assert calls > 5
    for row in world.catalog.packages(akte.uuid):
        assert [len(new.keys[key]) for key in (row.package.id.bag_key, row.package.id.commit_key)] == [1, 1]
    require_all_well(world)


def test_where_no_copy_is_whole_the_first_person_hears_it_and_nothing_is_proposed(world: World) -> None:
    """As of a damaged copy: a second person would else agree to what cannot be done."""
    akte = archived(world)
    archived(world, name=2)
    add_store(world)

    def spoil(version: int) -> None:
        key = world.catalog.packages(akte.uuid)[version - 1].package.id.bag_key
        for store in world.stores[:2]:
            assert isinstance(store, MemoryStore)
            store.spoil(key, store.keys[key][0].data[:-600])

    spoil(1)
    asked = propose(world.services, akte.uuid, "c", CAUSE, ANNA)
    assert ([each.package.id.version for each in asked.wanted], [one.version for one in asked.lost]) == ([2], [1])
    proposal = proposal_for(world.services, akte.uuid, "c")
    assert proposal is not None
    withdraw(world.services, proposal, "noch einmal", ANNA)
    spoil(2)
    with pytest.raises(FixityError, match="Von Version 1 und Version 2 ist in keinem anderen Speicher"):
        propose(world.services, akte.uuid, "c", CAUSE, ANNA)
    assert proposal_for(world.services, akte.uuid, "c") is None


def test_a_whole_copy_is_looked_for_only_until_one_is_found(world: World) -> None:
    akte = archived(world)
    add_store(world)
    propose(world.services, akte.uuid, "c", CAUSE, ANNA)
    (seen,) = [e for e in world.catalog.events_of(akte=akte.uuid) if e.verb == Verb.FIXITY_CHECKED.value]
    assert seen.data["copies"] == {"a": "ok"}


def test_damage_there_is_replaced_afterwards_like_any_other(world: World) -> None:
    akte = archived(world)
    new = add_store(world)
    filled(world, akte)
    (row,) = world.catalog.packages(akte.uuid)
    key, lost = row.package.id.bag_key, row.package.copies[2].bag_version_id
    new.spoil(key, new.keys[key][0].data[:-600])
    assert looked(world).verdict is Verdict.FAILED
    assert wanting_akten(world.services, "c") == (akte.uuid,)
    (restored,) = filled(world, akte).restored
    assert restored.after.set_aside == (lost,)
    require_all_well(world)


def test_a_store_that_is_given_up_lacks_nothing_and_is_not_checked(world: World) -> None:
    akte = archived(world)
    add_store(world)
    filled(world, akte)
    world.stores = [world.stores[0], world.stores[2]]
    summary = looked(world)
    assert (summary.verdict, summary.unchecked, dict(summary.lacking)) == (Verdict.NOT_CHECKED, 1, {})
    assert compared(world) == [("RC-11", "b:aip/")]
    archived(world, name=2)
    assert stores_of(world, akte) == [["a", "b", "c"], ["a", "c"]]


def test_an_archive_that_got_a_third_store_comes_back_with_what_lies_there(tmp_path: Path) -> None:
    """At once where every version was put there, else with the first stores alone first; what lacks is told then."""
    world = Restored(tmp_path, [MemoryStore(name, clock=lambda: NOW) for name in ("a", "b")])
    akte, first = world.archive()
    world.stores = [MemoryStore("c", clock=lambda: NOW), *world.stores]  # named before the others
    world.archive({"nachtrag.tif": Came()}, version=2, slip={"aktenzeichen": "63-1-20"})
    for store in world.stores:
        store.put(f"{PREFIX}{999:012d}-{'f' * 64}.json", b"{}", digest_bytes(b"{}"))
    everywhere, before = world.stores, world.stores[1:]
    world.put_back()
    assert [f.code for f in world.enter().findings if f.code.startswith("WE")] == ["WE-01", "WE-03"]
    world.stores = before
    assert [one.id.version for one in world.enter().entered] == [1]
    world.stores = everywhere
    summary = world.enter()
    assert [one.id.version for one in summary.entered] == [2]
    assert [f.code for f in summary.findings] == ["RC-13"]
    assert not is_behind(world.services, world.stores)  # all is entered: what lacks is not lost

    restore_copy(first, "c", {store.name: store for store in everywhere}, Lock(UNTIL), world.now, world.folder / "tar")
    world.put_back()
    summary = world.enter()
    assert ([one.id.version for one in summary.entered], [f.code for f in summary.findings]) == ([1, 2], [])
    stores = [[copy.store for copy in row.package.copies] for row in world.catalog.packages(akte.uuid)]
    assert stores == [["a", "b", "c"]] * 2
    assert verify_all(world.services, ARCHIVIST).verdict is Verdict.OK
