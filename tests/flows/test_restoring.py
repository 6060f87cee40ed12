"""A damaged copy is put there anew only by two persons, with the cause, from a copy that is whole, and told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from akten.errors import FixityError, Forbidden, Unavailable
from akten.findings import Verdict
from akten.model import Akte
from akten.package import LockTerms, StoredCopy
from archive.locks import objects_of
from archive.restore import restore_copy
from catalog.actor import Actor, ActorKind
from catalog.catalog import open_catalog
from catalog.trail import Verb
from flows import restoring
from flows.restoring import proposal_for, propose, release, wanting_akten, withdraw
from flows.walks import verify_package
from tests.flows.dueworld import ENDS_2030, SERVICE, WithHolds, World, a_hold
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore, KilledHere

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")
CAUSE = "Platte im Schrank 3 ausgefallen"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        stores = [MemoryStore(name) for name in ("a", "b")]
        yield World(WithHolds(catalog), stores, {s.name: s.as_role("deletion") for s in stores}, tmp_path / "work")


def an_akte_of_two_versions(world: World, number: str = "1-1") -> Akte:
    akte, _ = world.archive(number, "tax.assessment-file", zda=date(2020, 3, 4))
    world.archive(number, "tax.assessment-file", zda=date(2020, 3, 4), name=2)
    return akte


def spoil(world: World, akte: Akte, *, store: int = 1, versions: tuple[int, ...] = (1, 2)) -> None:
    for row in world.catalog.packages(akte.uuid):
        if row.package.id.version in versions:
            key, one = row.package.id.bag_key, world.stores[store]
            assert isinstance(one, MemoryStore)
            one.spoil(key, one.keys[key][0].data[:-600])


def verdicts(world: World, akte: Akte) -> list[Verdict]:
    found = []
    for row in world.catalog.packages(akte.uuid):
        report = verify_package(world.services, row.package, SERVICE)
        found += [copy.verdict for copy in report.copies]
    return found


def told(world: World, akte: Akte) -> list[str]:
    verbs = {verb.value for verb in Verb if "RESTOR" in verb.name}
    return [event.verb for event in world.catalog.events_of(akte=akte.uuid, limit=None) if event.verb in verbs]


def released(world: World, akte: Akte, by: Actor = BERND) -> object:
    proposal = proposal_for(world.services, akte.uuid, "b")
    assert proposal is not None
    return release(world.services, proposal, "geprüft", by)


def test_two_persons_put_every_damaged_version_there_anew(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    spoil(world, akte)
    before = {row.package.id.version: row.package.copies[1] for row in world.catalog.packages(akte.uuid)}
    asked = propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    assert ([each.package.id.version for each in asked.wanted], asked.lost) == ([1, 2], ())
    assert verdicts(world, akte) == [Verdict.OK, Verdict.FAILED, Verdict.OK, Verdict.FAILED]
    done = released(world, akte)
    assert done.done  # type: ignore[attr-defined]
    assert verdicts(world, akte) == [Verdict.OK] * 4
    for row in world.catalog.packages(akte.uuid):
        old, new = before[row.package.id.version], row.package.copies[1]
        assert new.bag_version_id != old.bag_version_id
        assert new.commit_version_id == old.commit_version_id  # that one was whole
        assert new.set_aside == (old.bag_version_id,)
        assert row.package.copies[0].set_aside == ()
    assert set(world.locks(akte.uuid).values()) == {(ENDS_2030, False)}
    assert told(world, akte) == [
        "restoration.proposed",
        "restoration.released",
        "copy.restored",
        "copy.restored",
        "restoration.ended",
    ]
    restored = [e for e in world.catalog.events_of(akte=akte.uuid) if e.verb == Verb.COPY_RESTORED.value]
    assert {event.by for event in restored} == {BERND}
    assert {event.data["replaced"]["bag"] for event in restored} == {each.bag_version_id for each in before.values()}
    assert world.catalog.verify_trail([]).verdict is not Verdict.FAILED
    assert world.round().codes == {}
    with pytest.raises(Forbidden, match="nichts zu ersetzen"):
        propose(world.services, akte.uuid, "b", CAUSE, ANNA)


@pytest.mark.parametrize(
    "second",
    [ANNA, Actor("NEUSS\\Anna.Meier"), Actor("b.schulz", ActorKind.ALS, "anna.meier"), SERVICE],
    ids=str,
)
def test_the_same_person_in_any_spelling_or_a_service_releases_nothing(world: World, second: Actor) -> None:
    akte = an_akte_of_two_versions(world)
    spoil(world, akte)
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    with pytest.raises(Forbidden):
        released(world, akte, second)
    assert told(world, akte) == ["restoration.proposed"]
    assert Verdict.FAILED in verdicts(world, akte)


def test_without_cause_damage_or_reason_nothing_is_proposed_or_released(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    with pytest.raises(Forbidden, match="nichts zu ersetzen"):
        propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    spoil(world, akte)
    with pytest.raises(Forbidden, match="Ohne Ursache"):
        propose(world.services, akte.uuid, "b", " ", ANNA)
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    with pytest.raises(Forbidden, match="schon ein Vorschlag"):
        propose(world.services, akte.uuid, "b", CAUSE, BERND)
    proposal = proposal_for(world.services, akte.uuid, "b")
    assert proposal is not None
    with pytest.raises(Forbidden, match="Ohne Grund"):
        release(world.services, proposal, "", BERND)
    withdraw(world.services, proposal, "doch aus der Sicherung", ANNA)
    assert proposal_for(world.services, akte.uuid, "b") is None
    assert told(world, akte) == ["restoration.proposed", "restoration.ended"]


def test_the_cause_stands_beside_the_chain_and_not_in_it(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    spoil(world, akte)
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    (event,) = [e for e in world.catalog.events_of(akte=akte.uuid) if e.verb == Verb.RESTORATION_PROPOSED.value]
    assert event.note == CAUSE
    assert event.data == {"store": "b"}


def test_what_no_other_copy_has_stays_open_and_the_rest_is_done(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    spoil(world, akte)
    spoil(world, akte, store=0, versions=(1,))
    asked = propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    assert [each.package.id.version for each in asked.wanted] == [2]
    assert [each.version for each in asked.lost] == [1]
    found = released(world, akte)
    assert not found.done  # type: ignore[attr-defined]
    assert [type(error) for error in found.failed] == [FixityError]  # type: ignore[attr-defined]
    assert verdicts(world, akte) == [Verdict.FAILED, Verdict.FAILED, Verdict.OK, Verdict.OK]
    proposal = proposal_for(world.services, akte.uuid, "b")
    assert proposal is not None
    assert proposal.released_by == BERND


def test_where_no_copy_is_whole_nothing_is_proposed(world: World) -> None:
    """The first person hears it, and not only the second one."""
    akte = an_akte_of_two_versions(world)
    spoil(world, akte, versions=(1,))
    spoil(world, akte, store=0, versions=(1,))
    with pytest.raises(FixityError, match="Von Version 1 ist in keinem anderen Speicher eine unversehrte Kopie"):
        propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    assert told(world, akte) == []


def test_a_held_akte_gets_its_hold_on_the_new_objects(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    world.catalog.holds[akte.uuid] = (a_hold(),)
    world.round()
    spoil(world, akte)
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    released(world, akte)
    for row in world.catalog.packages(akte.uuid):
        copy = row.package.copies[1]
        assert copy.lock.legal_hold
        for key, version in objects_of(row.package.id, copy):
            assert world.stores[1].read_lock(key, version).legal_hold


def test_a_store_away_is_no_damage(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    world.away["b"] = Unavailable("nicht da")
    with pytest.raises(Unavailable, match="nicht da"):
        propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    assert told(world, akte) == []


def test_what_could_not_be_looked_at_afterwards_is_not_called_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = an_akte_of_two_versions(world)
    spoil(world, akte)
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)

    def restored_and_gone(*arguments: Any) -> StoredCopy:
        copy = restore_copy(*arguments)
        world.away["b"] = Unavailable("nicht da")
        return copy

    monkeypatch.setattr(restoring, "restore_copy", restored_and_gone)
    assert not released(world, akte).done  # type: ignore[attr-defined]
    world.away.clear()
    assert released(world, akte).done  # type: ignore[attr-defined]
    assert told(world, akte).count("copy.restored") == 2


def test_akten_that_a_look_found_damaged_are_listed_until_somebody_asks(world: World) -> None:
    first, second = an_akte_of_two_versions(world), an_akte_of_two_versions(world, "2-2")
    spoil(world, first)
    assert wanting_akten(world.services, "b") == ()
    verdicts(world, first)
    verdicts(world, second)
    assert wanting_akten(world.services, "b") == (first.uuid,)
    propose(world.services, first.uuid, "b", CAUSE, ANNA)
    assert wanting_akten(world.services, "b") == ()
    released(world, first)
    assert wanting_akten(world.services, "b") == ()


def test_killed_anywhere_the_same_call_does_the_rest(world: World) -> None:
    akte = an_akte_of_two_versions(world)
    stores = list(world.stores)
    spoil(world, akte)
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    calls = 0
    while True:
        countdown = Countdown(calls)
        world.stores = [DyingStore(each, countdown, before=False) for each in stores]  # type: ignore[misc]
        try:
            released(world, akte)
        except KilledHere:
            calls += 3
        else:
            break
    world.stores = stores
    assert verdicts(world, akte) == [Verdict.OK] * 4
    for row in world.catalog.packages(akte.uuid):
        assert isinstance(stores[1], MemoryStore)
        assert len(stores[1].keys[row.package.id.bag_key]) == 2
    assert told(world, akte)[-1] == "restoration.ended"
    assert told(world, akte).count("copy.restored") == 2


def test_terms_of_a_longer_recorded_lock_are_kept(world: World) -> None:
    """A lock that was longer once does not get shorter by way of a new object."""
    akte = an_akte_of_two_versions(world)
    longer = ENDS_2030.replace(year=2041)
    for row in world.catalog.packages(akte.uuid):
        copy = row.package.copies[1]
        for key, version in objects_of(row.package.id, copy):
            world.stores[1].lock(key, version, LockTerms(world.now(), longer, longer).lock)
    verdicts(world, akte)
    spoil(world, akte, versions=(1,))
    propose(world.services, akte.uuid, "b", CAUSE, ANNA)
    released(world, akte)
    assert world.catalog.packages(akte.uuid)[0].package.copies[1].lock.retain_until == longer
