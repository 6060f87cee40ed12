"""A corrected Aktenzeichen survives kills and lost catalogs: one version, one number, and the former one beside it."""

from __future__ import annotations

import pytest

from akten.findings import Severity
from akten.lifecycle import Stage
from akten.model import Akte
from archive.store import ObjectStore
from catalog.search import Why
from flows.correction import waiting, withdraw
from tests.catalog.build import AN_ERROR, receive
from tests.flows.correctionworld import ANNA, BERND, World, agree, an_akte, ask
from tests.flows.correctionworld import world as world
from tests.flows.reentryworld import told
from tests.flows.test_correction_broken_off import kill_catalog, stored_once
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore, KilledHere

OLD, NEW = "63-00001-2020", "63-00011-2020"
ASKED = {"aktenzeichen": "63/11/20"}


def renumbered(world: World, akte: Akte) -> None:
    """NEW is the number of the Akte and of nobody else, OLD its former one."""
    row = world.catalog.akte(akte.uuid)
    assert row is not None
    assert (row.aktenzeichen, row.former, row.version) == (NEW, (OLD,), 2)
    assert world.catalog.akten().total == len(world.made)
    assert [(hit.akte.uuid, hit.why) for hit in world.catalog.find(OLD).hits] == [(akte.uuid, Why.FRUEHER)]
    numbers = [world.catalog.akte_snapshot(akte.uuid, version) for version in (1, 2)]
    assert [each.aktenzeichen.kanonisch for each in numbers if each is not None] == [OLD, NEW]


def test_killed_at_every_transaction_it_goes_on_and_the_number_is_given_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    died = 0
    while world.catalog.corrections.open(akte.uuid):
        row = world.catalog.akte(akte.uuid)
        assert row is not None
        assert (row.aktenzeichen, row.version) in ((OLD, 1), (NEW, 2))  # never half of it
        with monkeypatch.context() as patched:
            kill_catalog(world, Countdown(died % 3), patched)
            try:
                agree(world, akte)
            except KilledHere:
                died += 1
        assert died < 30
    assert died > 3
    stored_once(world, akte)
    renumbered(world, akte)


def test_killed_at_every_word_to_a_store_it_goes_on_and_the_number_is_given_once(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    stores: list[ObjectStore] = list(world.stores)
    calls = 0
    while True:
        countdown = Countdown(calls)
        world.stores = [DyingStore(each, countdown, before=bool(calls % 2)) for each in stores]  # type: ignore[misc]
        try:
            agree(world, akte)
        except KilledHere:
            calls += 3
        else:
            break
        finally:
            world.stores = stores
    assert calls > 20
    stored_once(world, akte)
    renumbered(world, akte)


# --- a catalog put back -----------------------------------------------------------------------------------------------


def test_a_catalog_that_forgot_the_correction_gets_both_numbers_and_both_persons_back(world: World) -> None:
    akte = an_akte(world)
    world.save()
    ask(world, akte, **ASKED, betreff="Anbau Wintergarten")
    agree(world, akte)
    before = world.catalog.akte_snapshot(akte.uuid)
    world.put_back()
    assert [row.uuid for row in world.catalog.akte_by_aktenzeichen(OLD)] == [akte.uuid]
    summary = world.enter()
    assert [one.id.version for one in summary.entered] == [2]
    assert not [finding for finding in summary.findings if finding.severity is Severity.ERROR]
    assert world.catalog.akte_snapshot(akte.uuid) == before
    renumbered(world, akte)
    (slip,) = (row.slip for row in world.catalog.deliveries(open_only=False) if "berichtigung" in row.slip)
    said = slip["berichtigung"]
    assert (said["vorgeschlagen"]["von"], said["freigegeben"]["von"]) == ("anna.meier", "b.schulz")
    head = world.catalog.head()
    assert head is not None
    assert world.catalog.verify_trail([head]).findings == ()


def test_from_the_stores_alone_akten_come_back_in_the_order_in_which_they_bore_the_number(world: World) -> None:
    """The second Akte bears the former number of the first: entered before it, it would keep it out."""
    for store in world.stores:
        assert isinstance(store, MemoryStore)
        store.clock = world.now
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    agree(world, akte)
    other, _ = world.archive(name="zwei", slip={"aktenzeichen": "63-1-20", "betreff": "Garage"})
    world.put_back()  # the empty one of the beginning
    summary = world.enter()
    assert not [finding for finding in told(summary) if finding[1] == "error"]
    assert [(one.id.akte, one.id.version) for one in summary.entered] == [
        (akte.uuid, 1),
        (akte.uuid, 2),
        (other.uuid, 1),
    ]
    rows = {row.uuid: (row.aktenzeichen, row.former) for row in world.catalog.akten().rows}
    assert rows == {akte.uuid: (NEW, (OLD,)), other.uuid: (OLD, ())}
    assert {each.stage for each in world.catalog.deliveries(open_only=False)} == {Stage.ARCHIVED}
    assert world.enter().entered == []


def test_what_was_opened_under_the_new_number_since_makes_way_and_its_delivery_joins(world: World) -> None:
    akte = an_akte(world)
    world.save()
    ask(world, akte, **ASKED)
    agree(world, akte)
    world.put_back()
    row = receive(world.catalog, "nach", number=NEW)
    assert row.akte not in (None, akte.uuid)
    assert [one.id.version for one in world.enter().entered] == [2]
    renumbered(world, akte)
    joined = world.catalog.delivery(row.uuid)
    assert joined is not None
    assert (joined.akte, joined.stage) == (akte.uuid, Stage.RECEIVED)


def test_a_delivery_that_the_backup_has_under_way_under_the_former_number_is_asked_about(world: World) -> None:
    akte = an_akte(world)
    row = receive(world.catalog, "nach", number=OLD)
    assert row.akte == akte.uuid
    world.save()
    world.catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=world.now())
    world.catalog.resolve(1, "return", "falsch", by=ANNA, now=world.now())
    ask(world, akte, **ASKED)
    agree(world, akte)
    world.put_back()
    assert [one.id.version for one in world.enter().entered] == [2]
    renumbered(world, akte)
    again = receive(world.catalog, "nach", number=OLD)
    assert (again.akte, again.version, again.aktenzeichen) == (None, None, OLD)


def test_an_akte_that_was_archived_under_the_number_since_keeps_the_correction_out(world: World) -> None:
    akte = an_akte(world)
    world.save()
    ask(world, akte, **ASKED)
    agree(world, akte)
    world.put_back()
    other, _ = world.archive(name="zwei", slip={"aktenzeichen": "63-11-20", "betreff": "Garage"})
    summary = world.enter()
    assert summary.entered == []
    assert ("WE-03", "error") in told(summary)
    assert [row.uuid for row in world.catalog.akte_by_aktenzeichen(NEW)] == [other.uuid]
    assert [row.uuid for row in world.catalog.akte_by_aktenzeichen(OLD)] == [akte.uuid]
    (why,) = [finding for finding in summary.findings if finding.code == "WE-03"]
    assert "Bekommt jene ein anderes Aktenzeichen (archiv akte berichtige)" in why.text
    ask(world, other, aktenzeichen="63-12-20")
    agree(world, other)
    assert [one.id.akte for one in world.enter().entered] == [akte.uuid]
    assert [row.uuid for row in world.catalog.akte_by_aktenzeichen(NEW)] == [akte.uuid]


def test_a_proposal_of_the_backup_is_given_up_once_the_package_is_back(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    world.save()
    agree(world, akte)
    world.put_back()
    world.enter()
    withdraw(world.services, waiting(world.services, akte.uuid), "ist ausgeführt", BERND)
    renumbered(world, akte)
