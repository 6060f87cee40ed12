"""The due round when a store is away, a copy is gone or the process is killed: the next round does the rest, once."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from akten.errors import Forbidden, Misconfigured, Unavailable
from akten.findings import Verdict
from catalog.trail import Verb
from tests.flows.dueworld import ENDS_2030, ROLLING, World, a_hold, events, quiet
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore, KilledHere

# --- stores that are away ---------------------------------------------------------------------------------------------


def test_a_store_that_is_away_is_not_checked_and_the_next_round_catches_up(world: World) -> None:
    akte, _ = world.archive("12-1", "tax.assessment-file")
    world.tell(akte, "12-1", file_closed=date(2020, 5, 5))
    world.hold(akte.uuid, a_hold())
    world.away["b"] = Unavailable("Der Speicher „b“ antwortet nicht.")
    summary = world.round()
    assert summary.verdict is Verdict.NOT_CHECKED
    assert (summary.stores["a"].not_checked, summary.stores["b"].not_checked) == (0, 1)
    assert summary.codes == {"LK-04": 1}
    assert not summary.away
    locks = world.locks(akte.uuid)
    assert {lock for (_, store, _), lock in locks.items() if store == "a"} == {(ENDS_2030, True)}
    assert {lock for (_, store, _), lock in locks.items() if store == "b"} == {(ROLLING, False)}
    del world.away["b"]
    summary = world.round()
    assert (summary.verdict, summary.extended, summary.holds_set) == (Verdict.OK, 1, 1)
    assert set(world.locks(akte.uuid).values()) == {(ENDS_2030, True)}


def test_a_store_that_goes_away_in_the_middle_is_asked_only_once(world: World) -> None:
    first, _ = world.archive("13-1", "tax.assessment-file")
    second, _ = world.archive("13-2", "tax.assessment-file")
    for akte, number in ((first, "13-1"), (second, "13-2")):
        world.tell(akte, number, file_closed=date(2020, 5, 5))
    calls: list[str] = []

    class Away(MemoryStore):
        def read_lock(self, key: str, version_id: str) -> Any:
            calls.append(key)
            raise Unavailable("weg")

    a, b = world.stores
    world.stores = [a, Away("b")]
    summary = world.round()
    assert len(calls) == 1
    assert summary.stores["b"].not_checked == 2
    assert (summary.extended, summary.codes) == (2, {"LK-04": 1})
    world.stores = [a, b]
    assert world.round().extended == 2


def test_all_stores_away_still_keeps_the_register_right(world: World) -> None:
    akte, _ = world.archive("14-1", "tax.assessment-file", zda=date(2020, 3, 4))
    for name in ("a", "b"):
        world.away[name] = Unavailable("weg")
    summary = world.round()
    assert summary.away
    assert summary.ends_changed == 1
    assert akte.uuid in {event.akte for event in events(world, Verb.RETENTION_COMPUTED)}


def test_a_store_that_is_not_set_up_any_more_is_told(world: World) -> None:
    world.archive("15-1", "tax.assessment-file", zda=date(2020, 3, 4))
    world.stores = world.stores[:1]
    summary = world.round()
    assert summary.stores["b"].not_checked == 1
    assert summary.codes == {"LK-04": 1}


@pytest.mark.parametrize(("error", "code"), [(Forbidden("nein"), "LK-06"), (Misconfigured("hält nicht"), "LK-06")])
def test_a_refusal_is_a_finding_for_that_copy(world: World, error: Exception, code: str) -> None:
    akte, _ = world.archive("16-1", "tax.assessment-file")
    world.tell(akte, "16-1", file_closed=date(2020, 5, 5))

    def refuse(*_: Any) -> None:
        raise error

    world.stores[1].lock = refuse  # type: ignore[method-assign]
    summary = world.round()
    assert summary.codes == {code: 1}
    assert summary.extended == 1


def test_a_copy_that_is_gone_is_damage_and_the_other_follows(world: World) -> None:
    akte, package = world.archive("17-1", "tax.assessment-file")
    world.tell(akte, "17-1", file_closed=date(2020, 5, 5))
    store = world.stores[1]
    assert isinstance(store, MemoryStore)
    del store.keys[package.id.commit_key]
    summary = world.round()
    assert summary.codes == {"LK-05": 1}
    assert summary.extended == 1


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_every_call_to_a_store_the_next_round_does_the_rest(world: World, *, before: bool) -> None:
    """Two Akten with two versions; one is to be extended and held, the other's hold is to be lifted."""
    one, _ = world.archive("18-1", "tax.assessment-file")
    world.archive("18-1", "tax.assessment-file", name=2)
    two, _ = world.archive("18-2", "tax.assessment-file", zda=date(2020, 3, 4))
    world.hold(two.uuid, a_hold())
    world.round()
    world.tell(one, "18-1", file_closed=date(2020, 5, 5))
    world.hold(one.uuid, a_hold())
    world.hold(two.uuid)
    plain, freeing = world.stores, world.freeing
    killed = 0
    for calls in itertools.count():
        countdown = Countdown(calls)
        world.stores = [DyingStore(store, countdown, before=before) for store in plain]  # type: ignore[misc]
        world.freeing = {name: DyingStore(store, countdown, before=before) for name, store in freeing.items()}  # type: ignore[misc]
        try:
            world.round()
            break
        except KilledHere:
            killed += 1
    world.stores, world.freeing = plain, freeing
    assert killed >= 10
    assert set(world.locks(one.uuid).values()) == {(ENDS_2030, True)}
    assert set(world.locks(two.uuid).values()) == {(ENDS_2030, False)}
    assert world.registered(one.uuid) == {(ENDS_2030, True)}
    assert world.registered(two.uuid) == {(ENDS_2030, False)}
    assert world.catalog.verify_trail().verdict is not Verdict.FAILED
    before_events = quiet(world)
    assert world.round().verdict is Verdict.OK
    assert quiet(world) == before_events


def test_killed_before_the_register_is_written_the_next_round_only_writes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.lockbook import LockBook

    akte, _ = world.archive("19-1", "tax.assessment-file")
    world.tell(akte, "19-1", file_closed=date(2020, 5, 5))

    def killed(*_: Any, **__: Any) -> None:
        raise KilledHere

    with monkeypatch.context() as patched:
        patched.setattr(LockBook, "record_locks", killed)
        with pytest.raises(KilledHere):
            world.round()
    assert set(world.locks(akte.uuid).values()) == {(ENDS_2030, False)}
    assert world.registered(akte.uuid) == {(ROLLING, False)}
    summary = world.round()
    assert summary.extended == 0
    assert world.registered(akte.uuid) == {(ENDS_2030, False)}
    assert events(world, Verb.LOCK_CHANGED)[0].data["copies"]["a"]["until"] == ENDS_2030.isoformat()
