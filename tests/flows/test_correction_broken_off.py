"""A correction that is broken off anywhere goes on with the same call; a catalog that forgot it gets it back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from akten.errors import FixityError, Forbidden, Unavailable
from akten.findings import Verdict
from akten.lifecycle import Stage
from akten.model import Akte
from archive.store import ObjectStore
from catalog.trail import Verb
from flows import correction
from flows.correction import delivery_of, waiting, withdraw
from flows.lost import declare_lost, lost_deliveries
from flows.packed import NAME
from ingest.claimed import ClaimedDelivery, held
from tests.flows.correctionworld import ANNA, BERND, World, agree, an_akte, ask, files_of, is_content
from tests.flows.correctionworld import world as world
from tests.packages import Countdown, DyingStore, KilledHere


def kill_catalog(world: World, countdown: Countdown, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the process dies after the n-th transaction, before the caller hears of it."""
    real = world.catalog._change

    @contextmanager
    def dying(*args: Any) -> Iterator[Any]:
        with real(*args) as change:
            yield change
        countdown.tick()

    monkeypatch.setattr(world.catalog, "_change", dying)


def stored_once(world: World, akte: Akte) -> None:
    """Version 2 is there once: one package, one event of each sort, one object in each store."""
    assert [row.package.id.version for row in world.catalog.packages(akte.uuid)] == [1, 2]
    verbs = [event.verb for event in world.catalog.events_of(akte=akte.uuid, limit=None)]
    assert verbs.count(Verb.PACKAGE_STORED.value) == 2
    assert [verbs.count(f"correction.{step}") for step in ("proposed", "released", "ended")] == [1, 1, 1]
    for store in world.stores:
        keys = store.keys  # type: ignore[attr-defined]
        assert [len(versions) for key, versions in keys.items() if "/v2/" in key and "staging" not in key] == [1, 1]
    is_content(world)


def test_killed_at_every_transaction_it_goes_on_and_makes_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    died = 0
    while world.catalog.corrections.open(akte.uuid):
        with monkeypatch.context() as patched:
            kill_catalog(world, Countdown(died % 3), patched)
            try:
                agree(world, akte)
            except KilledHere:
                died += 1
        assert died < 30
    assert died > 3
    stored_once(world, akte)


def test_killed_at_every_word_to_a_store_it_goes_on_and_makes_nothing_twice(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
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


def test_what_was_packed_is_stored_with_the_same_bytes_even_when_its_folder_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine, say: the place in the stores is taken by half of it, and other bytes would be an alarm."""
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    with monkeypatch.context() as patched:
        patched.setattr(type(world.catalog.corrections), "record", lambda *_, **__: (_ for _ in ()).throw(KilledHere()))
        with pytest.raises(KilledHere):
            agree(world, akte)
    (folder,) = world.settings.work.glob(".berichtigung-*")
    assert (folder / NAME).exists()
    assert lost_deliveries(world.services) == ()
    shutil.rmtree(folder)
    assert lost_deliveries(world.services) == ()  # nothing was delivered that could be lost
    proposed = waiting(world.services, akte.uuid)
    with pytest.raises(Forbidden, match="keine Lieferung"):  # else it were a case, and ended with it for good
        declare_lost(world.services, delivery_of(proposed), ANNA)
    agree(world, akte)
    stored_once(world, akte)


def test_a_store_that_is_away_stops_it_until_the_same_call_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")

    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("Speicher „b“ antwortet nicht.")

    with monkeypatch.context() as patched:
        patched.setattr(correction, "store_package", away)
        with pytest.raises(Unavailable):
            agree(world, akte)
    with pytest.raises(Forbidden, match="schon begonnen"):
        withdraw(world.services, waiting(world.services, akte.uuid), "doch nicht", ANNA)
    agree(world, akte)
    stored_once(world, akte)


def test_two_calls_at_once_do_not_both_carry_it_out(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    delivery = delivery_of(waiting(world.services, akte.uuid))
    folder = world.settings.work.resolve() / f".berichtigung-{delivery}"
    folder.mkdir(parents=True)
    with held(ClaimedDelivery(delivery, folder)), pytest.raises(Unavailable, match="anderen Vorgang"):
        agree(world, akte)
    agree(world, akte)
    stored_once(world, akte)


def test_while_a_delivery_of_the_akte_is_being_packed_it_waits(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(world.catalog), "record_stored", lambda *_, **__: (_ for _ in ()).throw(KilledHere()))
        with pytest.raises(KilledHere):
            world.archive(version=2, slip={"aktenzeichen": "63-1-20"})
    with pytest.raises(Unavailable, match="wird gerade abgelegt"):
        agree(world, akte)
    assert world.catalog.delivery(delivery_of(waiting(world.services, akte.uuid))) is None


def test_what_is_given_up_in_between_is_not_carried_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    real = correction.require_work_folder

    def meanwhile(services: Any) -> None:
        withdraw(services, waiting(services, akte.uuid), "doch nicht", ANNA)
        real(services)

    monkeypatch.setattr(correction, "require_work_folder", meanwhile)
    with pytest.raises(Forbidden, match="gibt es nicht mehr"):
        agree(world, akte)
    assert [row.package.id.version for row in world.catalog.packages(akte.uuid)] == [1]


# --- a catalog put back -----------------------------------------------------------------------------------------------


def test_a_catalog_that_forgot_a_correction_gets_it_back_with_persons_and_reason(world: World) -> None:
    akte = an_akte(world)
    world.save()
    ask(world, akte, betreff="Anbau Wintergarten", zda_datum="4.3.2020", entfernen=["Flurstück"])
    agree(world, akte)
    before, slip = world.catalog.akte_snapshot(akte.uuid), _slip(world, akte)
    texts = world.texts()
    world.put_back()
    summary = world.enter()
    assert [(one.id.version, one.pages) for one in summary.entered] == [(2, 0)]
    assert not [f for f in summary.findings if f.severity.value == "error"]
    after = world.catalog.akte_snapshot(akte.uuid)
    assert after is not None
    assert after == before
    assert _slip(world, akte) == slip
    assert world.texts() == texts
    assert not world.catalog.find("Wintergraten", volltext=True).hits
    assert world.catalog.verify_trail([]).verdict is not Verdict.FAILED


def test_a_proposal_that_the_backup_still_has_open_is_given_up_once_the_package_is_back(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    world.save()
    agree(world, akte)
    world.put_back()
    with pytest.raises(FixityError):  # what lies in the stores is not what would be made now
        agree(world, akte)
    world.put_back()
    world.enter()
    with pytest.raises(Forbidden, match="neue Version bekommen"):
        agree(world, akte)
    withdraw(world.services, waiting(world.services, akte.uuid), "ist ausgeführt", BERND)
    assert world.catalog.corrections.open() == ()
    row = world.catalog.akte(akte.uuid)
    assert row is not None
    assert (row.betreff, row.version) == ("Anbau Wintergarten", 2)


def test_without_any_catalog_both_versions_come_back_each_as_it_was(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    agree(world, akte)
    files = files_of(world, akte, 2)
    world.put_back()  # the empty one of the beginning
    summary = world.enter()
    assert sorted(one.id.version for one in summary.entered) == [1, 2]
    old, new = (world.catalog.akte_snapshot(akte.uuid, version) for version in (1, 2))
    assert old is not None
    assert new is not None
    assert (old.betreff, new.betreff) == ("Anbau Wintergraten", "Anbau Wintergarten")
    assert files_of(world, akte, 2) == files
    assert {d.stage for d in world.catalog.deliveries(open_only=False)} == {Stage.ARCHIVED}


def _slip(world: World, akte: Akte) -> Any:
    (found,) = (
        dict(row.slip)
        for row in world.catalog.deliveries(open_only=False)
        if row.akte == akte.uuid and "berichtigung" in row.slip
    )
    return json.loads(json.dumps(found))
