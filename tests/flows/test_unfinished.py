"""A released correction that was broken off is brought to its end by the next intake; nobody has to say it again."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest

from akten.errors import ArchivError, FixityError, Unavailable
from akten.findings import Finding, Severity
from akten.model import Akte
from catalog.actor import ActorKind
from flows import correction, doctor, intake_round
from flows.batch import FromInbox
from flows.bugs import BUGS
from flows.correction import delivery_of, folder_of, waiting, withdraw
from flows.health import Health
from flows.receipt import Outcome, Receipt, exit_code_of_json
from flows.unfinished import GoneOn, begun_corrections, go_on_with_corrections
from ingest.claimed import ClaimedDelivery, held
from tests.asked import asked
from tests.flows.correctionworld import BERND, World, agree, an_akte, ask, is_content
from tests.flows.correctionworld import world as world
from tests.packages import KilledHere


def released(world: World, number: int) -> Akte:
    """An Akte whose correction was released, and nothing of it begun."""
    akte = an_akte(world, str(number), aktenzeichen=f"63-{number}-20")
    asked_for = ask(world, akte, betreff="Anbau Wintergarten").proposal.number
    world.catalog.corrections.release(akte.uuid, asked_for, 1, "verglichen", by=BERND, now=world.now())
    return akte


def test_which_are_begun_is_asked_as_often_of_many_as_of_one(world: World) -> None:
    first = released(world, 1)
    with asked() as one:
        assert [akte.uuid for akte, _ in begun_corrections(world.services)] == [first.uuid]
    others = [released(world, number).uuid for number in range(2, 5)]
    with asked() as many:
        assert [akte.uuid for akte, _ in begun_corrections(world.services)] == [first.uuid, *others]
    assert len(many) == len(one)


def broken_off(world: World, at: str = "make_bag", why: BaseException | None = None) -> Akte:
    """An Akte whose correction was released and killed on the way."""

    def dies(*_: Any, **__: Any) -> None:
        raise why or KilledHere

    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(correction, at, dies)
        with pytest.raises(type(why) if why else KilledHere):
            agree(world, akte)
    return akte


@pytest.mark.parametrize("at", ["carry_out", "make_bag", "store_package", "follow_at_intake", "try_to_publish"])
def test_what_was_released_and_killed_is_brought_to_its_end(world: World, at: str) -> None:
    akte = broken_off(world, at)
    (done,) = go_on_with_corrections(world.services)
    assert (done.akte and done.akte.uuid, done.version, done.exit_code) == (akte.uuid, 2, 0)
    row = world.catalog.akte(akte.uuid)
    assert row is not None
    assert (row.betreff, row.version) == ("Anbau Wintergarten", 2)
    assert world.catalog.corrections.open() == ()
    ended = world.catalog.events_of(akte=akte.uuid, verb="correction.ended")
    assert [event.by.kind for event in ended] == [ActorKind.SYSTEM]
    assert go_on_with_corrections(world.services) == ()
    is_content(world)


def test_what_nobody_released_or_could_not_be_packed_is_left_to_persons(world: World) -> None:
    akte = broken_off(world, why=Unavailable("Speicher „a“ antwortet nicht."))
    assert go_on_with_corrections(world.services) == ()
    assert waiting(world.services, akte.uuid).proposal.released_by == BERND
    other, _ = world.archive(name="zwei", slip={"aktenzeichen": "63-2-20"})
    ask(world, other, betreff="Anbau")
    assert go_on_with_corrections(world.services) == ()
    assert world.catalog.akte_snapshot(other.uuid, 2) is None


def test_what_was_released_only_is_left_to_persons_once_it_cannot_be_begun(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, aktenzeichen="63-2-20")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(correction, "carry_out", lambda *_: (_ for _ in ()).throw(KilledHere()))
        with pytest.raises(KilledHere):
            agree(world, akte)
    world.archive(name="zwei", slip={"aktenzeichen": "63-2-20"})  # somebody else got the number
    assert go_on_with_corrections(world.services) == ()
    assert waiting(world.services, akte.uuid).proposal.released_by == BERND
    world.archive(version=2, slip={"aktenzeichen": "63-1-20"})  # and it keeps nobody waiting
    assert go_on_with_corrections(world.services) == ()
    assert world.catalog.akte_snapshot(akte.uuid, 3) is None


def test_one_that_still_cannot_be_stored_is_told_and_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_off(world, "store_package")

    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("Speicher „b“ antwortet nicht.")

    with monkeypatch.context() as patched:
        patched.setattr(correction, "store_package", away)
        (told,) = go_on_with_corrections(world.services)
    assert (told.version, told.why, told.exit_code) == (None, "Speicher „b“ antwortet nicht.", 6)
    (done,) = go_on_with_corrections(world.services)
    assert done.version == 2
    is_content(world)


def test_one_in_other_hands_or_begun_on_another_machine_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = broken_off(world)
    proposed = waiting(world.services, akte.uuid)
    folder = folder_of(world.services, proposed)
    with held(ClaimedDelivery(delivery_of(proposed), folder)):
        assert go_on_with_corrections(world.services) == ()
    monkeypatch.setattr("flows.unfinished.may_lie_elsewhere", lambda _: True)
    folder.rename(folder.with_name("woanders"))
    assert go_on_with_corrections(world.services) == ()
    folder.with_name("woanders").rename(folder)
    assert [one.version for one in go_on_with_corrections(world.services)] == [2]


def test_one_that_lacks_only_the_last_word_is_ended_by_any_machine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    with monkeypatch.context() as patched:
        patched.setattr(type(world.catalog.corrections), "end", lambda *_, **__: (_ for _ in ()).throw(KilledHere()))
        with pytest.raises(KilledHere):
            agree(world, akte)
    assert not folder_of(world.services, waiting(world.services, akte.uuid)).exists()
    monkeypatch.setattr("flows.unfinished.may_lie_elsewhere", lambda _: True)
    assert [one.version for one in go_on_with_corrections(world.services)] == [2]
    assert world.catalog.corrections.open() == ()


def test_what_is_withdrawn_leaves_no_files_behind(world: World) -> None:
    akte = broken_off(world, why=Unavailable("Speicher „a“ antwortet nicht."))
    proposed = waiting(world.services, akte.uuid)
    assert list(folder_of(world.services, proposed).glob("vorher/*"))
    withdraw(world.services, proposed, "doch nicht", BERND)
    assert not folder_of(world.services, proposed).exists()


def test_a_nachscan_that_waits_is_told_the_whole_command(world: World) -> None:
    broken_off(world)
    with pytest.raises(Unavailable, match="archiv akte gib-frei 63-00001-2020 --band 1 --grund"):
        world.archive(version=3, slip={"aktenzeichen": "63-1-20"})


def test_a_correction_that_a_nachscan_overtakes_is_not_told_to_be_next(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(world.catalog), "record_stored", lambda *_, **__: (_ for _ in ()).throw(KilledHere()))
        with pytest.raises(KilledHere):
            world.archive(version=2, slip={"aktenzeichen": "63-1-20"})
    with pytest.raises(Unavailable, match="gilt dieser Vorschlag nicht mehr") as caught:
        agree(world, akte)
    assert "an der Reihe" not in caught.value.text


def test_doctor_names_the_command_for_what_is_not_at_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.tryouts.open_services", lambda _: nullcontext(world.services))
    assert list(doctor._unfinished(world.settings)) == []
    broken_off(world)
    (part,) = doctor._unfinished(world.settings)
    assert (part.part, part.health) == ("Ende der Berichtigung von 63-00001-2020 Band 1", Health.ABSENT)
    assert not part.needed
    assert "archiv akte gib-frei 63-00001-2020 --band 1 --grund" in part.advice


def test_the_intake_round_goes_on_with_it_before_anything_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    akte = broken_off(world)
    seen: list[int] = []

    def claims(services: Any) -> FromInbox:
        row = services.catalog.akte(akte.uuid)
        seen.append(row.version)
        return FromInbox(())

    _as_round(world, monkeypatch)
    monkeypatch.setattr(intake_round, "claim_inbox", claims)
    assert intake_round._round(None, BERND) == []
    assert seen == [2]
    fault = GoneOn(world.catalog.akte(akte.uuid), None, why="passt nicht", exit_code=5)
    monkeypatch.setattr(intake_round, "go_on_with_corrections", lambda _: (fault,))
    with pytest.raises(ArchivError, match="passt nicht"):
        intake_round._round(None, BERND)
    assert len(seen) == 2


def _as_round(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_round, "end_with_parent", lambda: None)
    monkeypatch.setattr(intake_round, "read_settings", lambda: world.settings)
    monkeypatch.setattr(intake_round, "open_services", lambda _: nullcontext(world.services))


def test_an_alarm_about_the_head_of_the_trail_is_one_also_behind_a_correction(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = broken_off(world)
    monkeypatch.setattr("flows.anchors.publish_head", Mock(side_effect=FixityError("Speicher „b“ hat andere Bytes.")))
    _as_round(world, monkeypatch)
    monkeypatch.setattr(intake_round, "claim_inbox", lambda _: FromInbox(()))
    with pytest.raises(ArchivError, match="andere Bytes"):
        intake_round._round(None, BERND)
    assert world.catalog.corrections.open() == ()  # at its end all the same
    ask(world, akte, betreff="Anbau Garage")
    assert (agree(world, akte).exit_code, world.catalog.corrections.open()) == (5, ())


def test_the_intake_round_of_the_service_ends_badly_with_an_alarm_and_a_call_has_its_receipts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = Finding("WF-22", Severity.ERROR, "", "Speicher „b“ hat andere Bytes.")
    receipt = Receipt(uuid4(), Outcome.ARCHIVED, findings=(alarm,))
    _as_round(world, monkeypatch)
    monkeypatch.setattr(intake_round, "claim_inbox", lambda _: FromInbox(()))
    monkeypatch.setattr(intake_round, "_archive", lambda *_: [receipt])
    monkeypatch.setattr(intake_round, "_publish", lambda _: None)
    monkeypatch.setattr(intake_round, "anchored", lambda _, receipts: tuple(receipts))
    with pytest.raises(FixityError, match="andere Bytes"):
        intake_round._round(None, BERND)
    assert exit_code_of_json(intake_round._round([], BERND)) == 5


def test_neither_a_bug_nor_an_unreadable_proposal_keeps_the_deliveries_from_their_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(world, "store_package")

    def odd(*_: Any, **__: Any) -> None:
        raise KeyError("x")

    with monkeypatch.context() as patched:
        patched.setattr(correction, "store_package", odd)
        (told,) = go_on_with_corrections(world.services)
    assert (told.version, told.why, told.exit_code) == (None, "Programmfehler (KeyError). Bitte melden.", 1)
    assert "KeyError" in (world.settings.daten / BUGS).read_text(encoding="utf-8")

    def unreadable(*_: Any) -> None:
        raise FixityError("nicht mehr lesbar")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.catalog.corrections), "open", unreadable)
        (told,) = go_on_with_corrections(world.services)
    assert (told.akte, told.why, told.exit_code) == (None, "nicht mehr lesbar", 5)
    (done,) = go_on_with_corrections(world.services)
    assert done.version == 2
