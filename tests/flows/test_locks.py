"""The due round: locks and holds follow what is known, once; what is wrong is told; nothing stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from akten.findings import Verdict
from akten.package import Lock
from archive.locks import objects_of
from catalog.keeping import KeepingRow
from catalog.trail import Verb
from flows.locks import follow_akten, follow_at_intake
from flows.walks import verify_package
from retention.locking import end_of
from tests.flows.dueworld import CLERK, ENDS_2030, NOW, ROLLING, SERVICE, Clock, World, a_hold, days, events, quiet
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore


def test_what_fits_is_left_alone_and_costs_no_request(world: World) -> None:
    world.archive("1-1", "tax.assessment-file", zda=date(2020, 3, 4))
    first = world.round()
    assert first.ends_changed == 1  # the register learns the computed end
    asked = Countdown(10**6)
    world.stores = [DyingStore(store, asked, before=True) for store in world.stores]  # type: ignore[misc]
    before = quiet(world)
    second = world.round()
    assert (second.akten, second.packages, second.verdict) == (1, 1, Verdict.OK)
    assert (second.ends_changed, second.extended, second.holds_set, second.holds_lifted) == (0, 0, 0, 0)
    assert {name: tally.kept for name, tally in second.stores.items()} == {"a": 1, "b": 1}
    assert asked.counted == 0
    assert quiet(world) == before


def test_an_event_that_becomes_known_is_followed_on_every_copy_and_version(world: World) -> None:
    akte, _ = world.archive("2-1", "tax.assessment-file")
    world.archive("2-1", "tax.assessment-file", name=2)
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {ROLLING}
    world.tell(akte, "2-1", file_closed=date(2020, 5, 5))
    summary = world.round()
    assert (summary.ends_changed, summary.extended) == (1, 4)
    locks = world.locks(akte.uuid)
    assert len(locks) == 8
    assert set(locks.values()) == {(ENDS_2030, False)}
    assert world.registered(akte.uuid) == {(ENDS_2030, False)}
    (told,) = events(world, Verb.RETENTION_COMPUTED)
    assert told.data["ends"] == "2030-12-31"
    assert told.data["katalog"] == f"{world.katalog.name} {world.katalog.version}"
    changed = events(world, Verb.LOCK_CHANGED)
    assert [(event.akte, event.data["version"]) for event in changed] == [(akte.uuid, 1), (akte.uuid, 2)]
    assert changed[0].data["copies"]["b"]["acts"] == ["extended"]


def test_a_rolling_lock_is_extended_when_half_of_it_is_over(world: World, clock: Clock) -> None:
    akte, _ = world.archive("3-1", "building.monument-file")
    clock.at = NOW + days(300)
    assert world.round().extended == 0
    clock.at = NOW + days(370)
    assert world.round().extended == 2
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {end_of(date(2029, 11, 30))}


def test_holds_come_and_go_on_every_object(world: World) -> None:
    akte, _ = world.archive("4-1", "tax.assessment-file", zda=date(2020, 3, 4))
    world.archive("4-1", "tax.assessment-file", zda=date(2020, 3, 4), name=2)
    world.hold(akte.uuid, a_hold(secret=True), a_hold("festsetzungsfrist", number=2))
    summary = world.round()
    assert (summary.holds_set, summary.holds_lifted) == (4, 0)
    assert {held for _, held in world.locks(akte.uuid).values()} == {True}
    assert world.round().holds_set == 0
    world.hold(akte.uuid, a_hold(end=date(2026, 11, 1)), a_hold("festsetzungsfrist", number=2))
    assert world.round().holds_lifted == 0  # one is left
    world.hold(akte.uuid)
    assert world.round().holds_lifted == 4
    assert {held for _, held in world.locks(akte.uuid).values()} == {False}
    assert {held for _, held in world.registered(akte.uuid)} == {False}
    assert [e.data["copies"]["a"]["acts"] for e in events(world, Verb.LOCK_CHANGED)] == [
        ["hold_set"], ["hold_set"], ["hold_lifted"], ["hold_lifted"],
    ]  # fmt: skip


@pytest.mark.parametrize("thorough", [True, False])
def test_a_hold_whose_reason_the_catalog_never_knew_is_told_by_every_round_and_lifted_by_none(
    world: World, *, thorough: bool
) -> None:
    """It was set before the catalog was put back from a backup: nobody lifted it, and whoever could is forgotten."""
    akte, package = world.archive("4-4", "tax.assessment-file", zda=date(2020, 3, 4))
    for store, copy in zip(world.stores, package.copies, strict=True):
        for key, version in objects_of(package.id, copy):
            store.lock(key, version, Lock(None, legal_hold=True))
    verify_package(world.services, package, SERVICE)  # from now on the register knows that it stands
    for _ in range(2):
        summary = world.round(thorough=thorough)
        assert (summary.holds_lifted, summary.codes, summary.verdict) == (0, {"LK-07": 2}, Verdict.FAILED)
    world.hold(akte.uuid, a_hold())
    assert world.round(thorough=thorough).codes == {}
    assert {held for _, held in world.locks(akte.uuid).values()} == {True}
    world.hold(akte.uuid, a_hold(end=date(2026, 11, 1)))  # lifted by two
    assert world.round().holds_lifted == 2


def test_a_hold_that_is_set_while_the_round_is_on_its_way_is_not_lifted_by_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round reads a stretch of Akten first; until it comes to one, minutes may go by."""
    akte, _ = world.archive("4-2", "tax.assessment-file", zda=date(2020, 3, 4))
    world.hold(akte.uuid, a_hold())
    world.round()
    world.hold(akte.uuid)
    read = list(world.catalog.all_keeping())

    def stretch(after: int = 0) -> Iterator[KeepingRow]:
        del after
        yield from read
        world.hold(akte.uuid, a_hold(number=2))  # and its own verb finds the objects held, as they should be

    monkeypatch.setattr(world.catalog, "all_keeping", stretch)
    assert world.round().holds_lifted == 0
    assert {held for _, held in world.locks(akte.uuid).values()} == {True}
    assert {held for _, held in world.registered(akte.uuid)} == {True}


def test_a_hold_that_is_set_in_the_second_in_which_another_is_lifted_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its verb finds the objects still held and does nothing; then they are freed for the older one's sake."""
    akte, _ = world.archive("4-3", "tax.assessment-file", zda=date(2020, 3, 4))
    world.hold(akte.uuid, a_hold())
    world.round()
    world.hold(akte.uuid)
    for store in world.freeing.values():
        free = store.release_hold

        def freeing(key: str, version: str, free: Callable[[str, str], None] = free) -> None:
            world.hold(akte.uuid, a_hold(number=2))
            free(key, version)

        monkeypatch.setattr(store, "release_hold", freeing)
    world.round()
    assert {held for _, held in world.locks(akte.uuid).values()} == {True}
    assert {held for _, held in world.registered(akte.uuid)} == {True}


def test_a_hold_that_cannot_be_lifted_is_told_and_stays(world: World) -> None:
    akte, _ = world.archive("5-1", "tax.assessment-file", zda=date(2020, 3, 4))
    world.hold(akte.uuid, a_hold())
    world.round()
    world.hold(akte.uuid)
    world.freeing = {}
    summary = world.round()
    assert summary.codes == {"LK-06": 2}
    assert {held for _, held in world.locks(akte.uuid).values()} == {True}


def test_a_period_that_is_over_is_not_locked_again_but_held(world: World) -> None:
    akte, _ = world.archive("6-1", "tax.enforcement-file", zda=date(2010, 1, 1))
    assert set(world.locks(akte.uuid).values()) == {(None, False)}
    world.hold(akte.uuid, a_hold())
    assert world.round().holds_set == 2
    assert set(world.locks(akte.uuid).values()) == {(None, True)}


def test_an_end_beyond_the_cap_is_locked_to_the_cap_once(world: World) -> None:
    akte, _ = world.archive("7-1", "tax.assessment-file", zda=date(2099, 1, 1))
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {world.stores[0].retain_cap}
    assert world.round().extended == 0
    (row,) = [row for row in world.catalog.all_keeping() if row.akte == akte.uuid]
    assert row.retention_ends == date(2109, 12, 31)


def test_one_bad_akte_stops_nothing_keeps_its_hold_and_is_told_with_a_code(world: World, clock: Clock) -> None:
    bad, _ = world.archive("8-1", "tax.assessment-file", zda=date(2020, 3, 4))
    good, _ = world.archive("8-2", "tax.assessment-file")
    world.hold(bad.uuid, a_hold())
    world.round()
    world.hold(bad.uuid)
    kept = {key: value for key, value in world.katalog.classes.items() if key != "tax.assessment-file"}
    lost = replace(world.katalog, classes=kept)
    world.tell(good, "8-2", file_closed=date(2024, 5, 5))
    katalog, world.katalog = world.katalog, lost
    clock.at = NOW + days(900)
    summary = world.round()
    assert summary.codes == {"LK-01": 2}
    assert "tax.assessment-file" in summary.findings[0].text
    assert summary.verdict is Verdict.FAILED
    assert set(world.locks(bad.uuid).values()) == {(ENDS_2030, True)}
    assert all(lock is not None and lock > clock.at + days(300) for lock, _ in world.locks(good.uuid).values())
    world.katalog = katalog
    assert world.round().codes == {}
    assert {held for _, held in world.locks(bad.uuid).values()} == {False}


def test_a_period_that_became_shorter_is_a_finding_and_no_lock_is_shortened(world: World) -> None:
    akte, _ = world.archive("9-1", "tax.assessment-file", zda=date(2020, 3, 4))
    basis = replace(world.katalog.classes["tax.assessment-file"].bases[0])
    shorter = world.katalog.classes["tax.enforcement-file"].bases[0]
    entry = replace(world.katalog.classes["tax.assessment-file"], bases=(shorter,))
    assert basis != shorter
    world.katalog = replace(world.katalog, classes={**world.katalog.classes, "tax.assessment-file": entry})
    summary = world.round()
    assert summary.codes == {"LK-02": 1}
    assert "31.12.2030" in summary.findings[0].text
    assert "31.12.2025" in summary.findings[0].text
    assert set(world.locks(akte.uuid).values()) == {(ENDS_2030, False)}
    assert world.round().codes == {"LK-02": 1}


def test_a_lock_beyond_a_duty_to_delete_has_its_own_code(world: World) -> None:
    akte, _ = world.archive("10-1", "personnel.warning-employee", events={"entry_made": date(2026, 6, 1)})
    for row in world.catalog.packages(akte.uuid):
        for copy in row.package.copies:
            store = next(s for s in world.stores if s.name == copy.store)
            store.lock(row.package.id.bag_key, copy.bag_version_id, Lock(ENDS_2030 + days(4000)))
            store.lock(row.package.id.commit_key, copy.commit_version_id, Lock(ENDS_2030 + days(4000)))
    assert world.round().codes == {}  # the register does not know yet
    assert world.round(thorough=True).codes == {"LK-03": 1}
    assert world.round().codes == {"LK-03": 1}


def test_conflicting_duties_are_told(world: World) -> None:
    pair = world.katalog.classes["personnel.warning-employee"], world.katalog.classes["tax.assessment-file"]
    both = replace(pair[1], bases=(*pair[0].bases, *pair[1].bases))
    world.katalog = replace(world.katalog, classes={**world.katalog.classes, "tax.assessment-file": both})
    akte, _ = world.archive(
        "11-1", "tax.assessment-file", zda=date(2026, 1, 1), events={"entry_made": date(2026, 1, 1)}
    )
    assert world.round().codes == {"RT-40": 1, "LK-03": 1}
    assert {lock for lock, _ in world.locks(akte.uuid).values()} == {end_of(date(2036, 12, 31))}


# --- at intake, and for one Akte --------------------------------------------------------------------------------------


def test_a_nachscan_brings_the_older_version_to_the_same_end_without_lifting(world: World) -> None:
    akte, _ = world.archive("20-1", "tax.assessment-file")
    world.hold(akte.uuid, a_hold())
    world.round()
    world.hold(akte.uuid)
    world.archive("20-1", "tax.assessment-file", zda=date(2020, 3, 4), name=2)
    locks = world.locks(akte.uuid)
    assert {lock for (version, *_), lock in locks.items() if version == 2} == {(ENDS_2030, False)}
    assert follow_at_intake(world.services, akte.uuid, CLERK) == ()
    locks = world.locks(akte.uuid)
    assert {lock for (version, *_), lock in locks.items() if version == 1} == {(ENDS_2030, True)}
    assert world.round().holds_lifted == 2


def test_a_hold_that_exists_is_on_the_new_package_before_its_commit(world: World) -> None:
    akte, _ = world.archive("21-1", "tax.assessment-file", zda=date(2020, 3, 4))
    world.hold(akte.uuid, a_hold())
    seen: list[bool] = []

    class Watched(MemoryStore):
        def put(self, key: str, source: Any, digests: Any, *, if_absent: bool = True) -> str:
            if key.endswith("commit.json"):
                bag = key.replace("commit.json", "bag.tar")
                seen.append(all(entry.state.legal_hold for entry in self.keys[bag]))
            return super().put(key, source, digests, if_absent=if_absent)

    for store in world.stores:
        store.__class__ = Watched
    world.archive("21-1", "tax.assessment-file", zda=date(2020, 3, 4), name=2)
    assert seen == [True, True]
    locks = world.locks(akte.uuid)
    assert {held for (version, *_), (_, held) in locks.items() if version == 2} == {True}


def test_some_akten_can_be_followed_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read together: for a hold that covers thousands, all holds would else be read as many times."""
    one, _ = world.archive("22-1", "tax.assessment-file", zda=date(2020, 3, 4))
    two, _ = world.archive("22-2", "tax.assessment-file", zda=date(2020, 3, 4))
    for akte in (one, two):
        world.hold(akte.uuid, a_hold())
    monkeypatch.setattr(world.catalog, "keeping", None)
    summary = follow_akten(world.services, [one.uuid], SERVICE)
    assert (summary.akten, summary.holds_set) == (1, 2)
    assert {held for _, held in world.locks(two.uuid).values()} == {False}


def test_on_the_real_servers_locks_and_holds_follow_and_the_second_round_writes_nothing(real: World) -> None:
    akte, _ = real.archive("30-1", "tax.assessment-file")
    real.archive("30-1", "tax.assessment-file", name=2)
    far, _ = real.archive("30-2", "tax.assessment-file", zda=date(2099, 1, 1))
    over, _ = real.archive("30-3", "tax.enforcement-file", zda=date(2010, 1, 1))
    kept, _ = real.archive("30-4", "building.monument-file")
    real.tell(akte, "30-1", file_closed=date(2035, 5, 5))
    for held in (akte, over):
        real.hold(held.uuid, a_hold())
    summary = real.round()
    assert (summary.extended, summary.holds_set, dict(summary.codes)) == (4, 6, {})
    assert set(real.locks(akte.uuid).values()) == {(end_of(date(2045, 12, 31)), True)}
    assert set(real.locks(over.uuid).values()) == {(None, True)}
    assert {lock for lock, _ in real.locks(far.uuid).values()} == {real.stores[0].retain_cap}
    assert len({lock for lock, _ in real.locks(kept.uuid).values()}) == 1
    for held in (akte, over):
        real.hold(held.uuid)
    summary = real.round()
    assert (summary.extended, summary.holds_lifted, dict(summary.codes)) == (0, 6, {})
    assert set(real.locks(akte.uuid).values()) == {(end_of(date(2045, 12, 31)), False)}
    before = quiet(real)
    assert real.round(thorough=True).verdict is Verdict.OK
    assert quiet(real) == before


@pytest.mark.parametrize("which", ["world", "real"])
def test_what_somebody_did_behind_our_back_is_named_by_the_fixity_round_and_mended_by_the_due_round(
    request: pytest.FixtureRequest, which: str
) -> None:
    """Four wrong locks, each on another object: older version and newer, tar and commit, both stores."""
    here: World = request.getfixturevalue(which)
    akte, _ = here.archive("40-1", "tax.assessment-file", zda=date(2020, 3, 4))
    here.archive("40-1", "tax.assessment-file", zda=date(2020, 3, 4), name=2)
    here.hold(akte.uuid, a_hold())
    here.round()
    one, two = (row.package for row in here.catalog.packages(akte.uuid))
    a = here.stores[0]
    here.freeing["a"].release_hold(one.id.bag_key, one.copies[0].bag_version_id)
    here.freeing["b"].release_hold(one.id.commit_key, one.copies[1].commit_version_id)
    here.freeing["b"].shorten(two.id.commit_key, two.copies[1].commit_version_id, here.now() + days(2))
    a.lock(two.id.bag_key, two.copies[0].bag_version_id, Lock(ENDS_2030 + days(3000)))
    assert here.round().holds_set == 0  # the register does not know yet

    found = {
        (report.id.version, copy.store, finding.code, finding.where.split("/")[-1].split(" ")[0])
        for package in (one, two)
        for report in [verify_package(here.services, package, SERVICE)]
        for copy in report.copies
        for finding in copy.findings
    }
    assert found == {
        (1, "a", "FX-10", "bag.tar"),
        (1, "b", "FX-10", "commit.json"),
        (2, "b", "FX-08", "commit.json"),
        (2, "a", "FX-09", "bag.tar"),
    }
    looks = here.catalog.locks.last_looks(akte.uuid)
    assert {key: [finding.code for finding in findings] for key, findings in looks.items()} == {
        (1, "a"): ["FX-10"], (1, "b"): ["FX-10"], (2, "a"): ["FX-09"], (2, "b"): ["FX-08"],
    }  # fmt: skip
    summary = here.round()
    assert (summary.holds_set, summary.extended) == (2, 1)
    assert {held for _, held in here.locks(akte.uuid).values()} == {True}
    assert {until for until, _ in here.locks(akte.uuid).values()} == {ENDS_2030, ENDS_2030 + days(3000)}
    codes = [f.code for p in (one, two) for c in verify_package(here.services, p, SERVICE).copies for f in c.findings]
    assert codes == ["FX-09"]
    assert here.round().codes == {"LK-02": 1}
