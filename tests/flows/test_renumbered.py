"""A wrong Aktenzeichen is corrected by two persons; the Akte is found by both, and every version keeps its own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from akten.aktenzeichen import Muster
from akten.errors import Forbidden, Rejected, Unavailable
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from akten.model import Akte
from catalog.holds import HoldOrder, HoldQuery, HoldTarget, Scope
from catalog.search import Why
from catalog.values import Resolution
from flows import correction
from flows.correction import delivery_of, propose, waiting, withdraw
from ingest.correction import read_wishes
from ingest.options import IntakeOptions
from tests.catalog.build import AN_ERROR, receive
from tests.contracts.telling import KEYS, hold, on_akte
from tests.flows.correctionworld import ANNA, BERND, TODAY, World, agree, an_akte, ask, files_of, is_content, read
from tests.flows.correctionworld import world as world

OLD, NEW = "63-00001-2020", "63-00011-2020"
ASKED = {"aktenzeichen": "63/11/20"}


def renumbered(world: World) -> Akte:
    """An Akte that was archived as OLD and is NEW since its second version."""
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    agree(world, akte)
    return akte


def test_an_akte_is_found_by_its_new_number_and_by_its_former_one(world: World) -> None:
    akte = an_akte(world)
    before = files_of(world, akte, 1)
    (change,) = ask(world, akte, **ASKED).changes
    assert (change.name, change.alt, change.neu, change.words) == ("aktenzeichen", OLD, NEW, "Aktenzeichen")
    assert agree(world, akte).id.version == 2
    (row,) = world.catalog.akte_by_aktenzeichen("63-11-20")
    assert (row.uuid, row.aktenzeichen, row.schreibweise, row.former) == (akte.uuid, NEW, NEW, (OLD,))
    assert world.catalog.akte(akte.uuid) == row
    assert world.catalog.akte_by_aktenzeichen("63-1-20") == ()
    assert world.catalog.akten_formerly("63 1 2020") == (row,)
    assert next((hit.akte, hit.why) for hit in world.catalog.find("63-11-20").hits) == (row, Why.AKTENZEICHEN)
    for spelled in ("63-1-20", OLD):
        assert [(hit.akte, hit.why) for hit in world.catalog.find(spelled).hits] == [(row, Why.FRUEHER)]
    assert files_of(world, akte, 1) == before
    is_content(world)


def test_each_version_says_the_number_that_it_was_stored_under(world: World) -> None:
    akte = renumbered(world)
    said = []
    for version in (1, 2):
        (message,) = (read(world, akte, version) / "metadata/descriptive").iterdir()
        text = message.read_text(encoding="utf-8")
        described = world.catalog.akte_snapshot(akte.uuid, version)
        assert described is not None
        said.append((OLD in text, NEW in text, described.aktenzeichen.kanonisch))
    assert said == [(True, False, OLD), (False, True, NEW)]
    root = read(world, akte, 2)
    told = json.loads((root / "documentation/berichtigung.json").read_bytes())["berichtigung"]
    assert [(c["feld"], c["alt"], c["neu"]) for c in told["aenderungen"]] == [("aktenzeichen", OLD, NEW)]
    premis = (root / "metadata/preservation/premis.xml").read_text(encoding="utf-8")
    assert "berichtigt: Aktenzeichen" in premis


def test_it_goes_together_with_other_fields_and_back_again(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED, betreff="Anbau Wintergarten")
    agree(world, akte)
    ask(world, akte, BERND, aktenzeichen="63-1-20")
    agree(world, akte, ANNA)
    row = world.catalog.akte(akte.uuid)
    assert row is not None
    assert (row.aktenzeichen, row.former, row.betreff, row.version) == (OLD, (NEW,), "Anbau Wintergarten", 3)
    is_content(world)


def test_it_may_stand_in_a_file_with_the_rest(world: World) -> None:
    akte = an_akte(world)
    file = world.folder / "berichtigung.yaml"
    file.write_text("az: 63-11-20\nbetreff: Anbau Wintergarten\n", encoding="utf-8")
    proposed = propose(world.services, akte.uuid, read_wishes(file, TODAY), "verwechselt", ANNA)
    assert [(c.name, c.neu) for c in proposed.changes][:2] == [
        ("aktenzeichen", NEW),
        ("betreff", "Anbau Wintergarten"),
    ]


def test_a_number_with_two_readings_is_asked_about_and_none_is_guessed(world: World) -> None:
    akte = an_akte(world)
    world.intake = IntakeOptions(muster=(Muster("Bauakte", "63-{nr:5}-{jahr}", 1900, 2045),))
    with pytest.raises(Rejected, match=r"63-00011-1920.*oder.*63-00011-2020.*Bitte ganz ausschreiben"):
        ask(world, akte, **ASKED)
    ask(world, akte, aktenzeichen="63-11-2020")


def test_the_chain_tells_neither_number(world: World) -> None:
    renumbered(world)
    chained = json.dumps([dict(event.data) for event in world.catalog.events_of(limit=None)])
    assert "63-0" not in chained


def test_a_number_of_another_akte_is_refused_and_one_that_got_free_is_given(world: World) -> None:
    akte = an_akte(world)
    other, _ = world.archive(name="zwei", slip={"aktenzeichen": "63-11-20", "betreff": "Garage"})
    with pytest.raises(Forbidden, match=f"{NEW} gibt es schon.*zuerst zu berichtigen"):
        ask(world, akte, **ASKED)
    ask(world, other, aktenzeichen="63-12-20")
    agree(world, other)
    ask(world, akte, **ASKED)
    agree(world, akte)
    assert [row.uuid for row in world.catalog.akte_by_aktenzeichen(NEW)] == [akte.uuid]
    assert [row.uuid for row in world.catalog.akten_formerly(NEW)] == [other.uuid]
    assert [(hit.akte.uuid, hit.why) for hit in world.catalog.find(NEW).hits] == [
        (akte.uuid, Why.AKTENZEICHEN),
        (other.uuid, Why.FRUEHER),
    ]
    is_content(world)


def test_another_band_of_the_number_is_no_obstacle(world: World) -> None:
    akte = an_akte(world)
    world.archive(name="zwei", slip={"aktenzeichen": "63-11-20", "band": 2, "betreff": "Garage"})
    ask(world, akte, **ASKED)
    agree(world, akte)
    assert [row.band for row in world.catalog.akte_by_aktenzeichen(NEW)] == [1, 2]


def test_what_was_archived_under_it_since_the_proposal_stops_the_release(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    world.archive(name="zwei", slip={"aktenzeichen": "63-11-20", "betreff": "Garage"})
    with pytest.raises(Forbidden, match="gibt es schon"):
        agree(world, akte)
    assert waiting(world.services, akte.uuid).proposal.released_at is None
    withdraw(world.services, waiting(world.services, akte.uuid), "anders", ANNA)
    is_content(world)


# --- deliveries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "whose"), [(OLD, "zu dieser Akte"), (NEW, f"unter {NEW}")])
def test_while_a_delivery_for_either_number_is_under_way_nothing_is_proposed_and_nothing_released(
    world: World, number: str, whose: str
) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    row = receive(world.catalog, "nach", number=number, now=world.now())
    world.catalog.open_anew(row.uuid, by=ANNA, now=world.now())  # a person said that it is an Akte of its own
    with pytest.raises(Forbidden, match=f"Lieferung {whose} ist noch unterwegs"):
        agree(world, akte)
    world.catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=world.now())
    with pytest.raises(Forbidden, match=f"Lieferung {whose} wartet im Klärungskorb .Fall 1.*klaerung zeige 1"):
        agree(world, akte)
    withdraw(world.services, waiting(world.services, akte.uuid), "erst die Lieferung", ANNA)
    with pytest.raises(Forbidden, match="wartet im Klärungskorb"):
        ask(world, akte, **ASKED)
    ask(world, akte, betreff="Anbau Wintergarten")  # the rest of the description is nobody else's business
    world.catalog.resolve(1, Resolution.RETURN, "falsch", by=ANNA, now=world.now())
    agree(world, akte)
    ask(world, akte, **ASKED)
    agree(world, akte)
    assert [each.uuid for each in world.catalog.akte_by_aktenzeichen(NEW)] == [akte.uuid]
    returned = world.catalog.delivery(row.uuid)
    assert returned is not None
    assert (returned.akte, returned.stage) == (akte.uuid, Stage.RETURNED)  # an Akte opened for it has made way
    is_content(world)


def test_an_akte_that_was_opened_in_vain_stays_when_something_is_told_of_it(world: World) -> None:
    akte = an_akte(world)
    row = receive(world.catalog, "nach", number=NEW, now=world.now())
    assert row.akte is not None
    hold(world.catalog, on_akte(row.akte))
    world.catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=world.now())
    world.catalog.resolve(1, Resolution.RETURN, "falsch", by=ANNA, now=world.now())
    ask(world, akte, **ASKED)
    with pytest.raises(Forbidden, match=f"Unter Bauakte {NEW} ist schon etwas vermerkt"):
        agree(world, akte)
    assert [each.uuid for each in world.catalog.akte_by_aktenzeichen(NEW)] == [row.akte]


@pytest.mark.parametrize("number", [OLD, NEW])
def test_between_release_and_entry_nobody_else_gets_either_number(
    world: World, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    akte = an_akte(world)
    other, _ = world.archive(name="zwei", slip={"aktenzeichen": "63-12-20", "betreff": "Garage"})
    ask(world, akte, **ASKED)

    def away(*_: object, **__: object) -> None:
        raise Unavailable("Speicher „b“ antwortet nicht.")

    with monkeypatch.context() as patched:
        patched.setattr(correction, "store_package", away)
        with pytest.raises(Unavailable):
            agree(world, akte)
    with pytest.raises(Unavailable, match="archiv akte gib-frei"):
        receive(world.catalog, "nach", number=number)
    with pytest.raises(Unavailable, match="archiv akte gib-frei"):
        ask(world, other, aktenzeichen=number)
    agree(world, akte)
    is_content(world)
    row = receive(world.catalog, "nach", number=number)
    assert row.akte == (akte.uuid if number == NEW else None)


def test_a_correction_that_could_not_be_packed_keeps_nobody_from_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    with monkeypatch.context() as patched:
        patched.setattr(correction, "carry_over", lambda *_: (_ for _ in ()).throw(Unavailable("fort")))
        with pytest.raises(Unavailable, match="fort"):
            agree(world, akte)
    row = world.catalog.delivery(delivery_of(waiting(world.services, akte.uuid)))
    assert row is not None
    assert row.stage is Stage.RECEIVED
    other, _ = world.archive(name="zwei", slip={"aktenzeichen": "63-11-20", "betreff": "Garage"})
    with pytest.raises(Forbidden, match="gibt es schon"):
        agree(world, akte)
    withdraw(world.services, waiting(world.services, akte.uuid), "anders", ANNA)
    assert [each.uuid for each in world.catalog.akte_by_aktenzeichen(NEW)] == [other.uuid]


def test_a_number_that_was_once_borne_opens_no_akte_until_a_person_says_so(world: World) -> None:
    akte = renumbered(world)
    row = receive(world.catalog, "alt", number=OLD, now=world.now())
    assert (row.akte, row.version, row.aktenzeichen) == (None, None, OLD)
    assert [each.uuid for each in world.catalog.who_bore("Bauakte", OLD, 1)] == [akte.uuid]
    assert receive(world.catalog, "alt", number=OLD, now=world.now()).akte is None
    own = world.catalog.open_anew(row.uuid, by=ANNA, now=world.now())
    assert own.akte not in (None, akte.uuid)
    assert world.catalog.open_anew(row.uuid, by=ANNA, now=world.now()) == own
    assert [each.uuid for each in world.catalog.akte_by_aktenzeichen(OLD)] == [own.akte]
    assert receive(world.catalog, "noch eine", number=OLD, now=world.now()).akte == own.akte
    assert world.catalog.who_bore("Bauakte", OLD, 1) == ()


def test_a_number_that_is_proposed_opens_no_akte_and_its_deliveries_join_once_it_is_given(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    row = receive(world.catalog, "nach", number=NEW, now=world.now())
    assert (row.akte, row.aktenzeichen) == (None, NEW)
    assert [each.uuid for each in world.catalog.who_gets("Bauakte", NEW, 1)] == [akte.uuid]
    for kind, number, band in (("Bauakte", NEW, 2), ("Steuerakte", NEW, 1), ("Bauakte", OLD, 1), ("Bauakte", "", 1)):
        assert world.catalog.who_gets(kind, number, band) == ()
    world.catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=world.now())
    agree(world, akte)
    joined = receive(world.catalog, "nach", number=NEW, now=world.now())
    assert (joined.akte, joined.version) == (akte.uuid, 3)


def test_what_waits_for_a_proposed_number_is_no_akte_of_its_own_once_it_is_given(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    row = receive(world.catalog, "nach", number=NEW, now=world.now())
    asked = Finding("IN-28", Severity.ERROR, "laufzettel.json, aktenzeichen", "Wessen?")
    case = world.catalog.to_clearing(row.uuid, [asked], owner="x", next_step="y", by=ANNA, now=world.now())
    agree(world, akte)
    with pytest.raises(Forbidden, match=f"gibt es inzwischen.*loese {case.number} --neu-einreichen"):
        world.catalog.resolve(case.number, Resolution.ACCEPT, "eine andere", by=ANNA, now=world.now())
    world.catalog.resolve(case.number, Resolution.RESUBMIT, "", by=ANNA, now=world.now())
    assert receive(world.catalog, "nach", number=NEW, now=world.now()).akte == akte.uuid


def test_a_number_whose_proposal_is_withdrawn_is_free_again(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, **ASKED)
    assert receive(world.catalog, "nach", number=NEW).akte is None
    withdraw(world.services, waiting(world.services, akte.uuid), "doch nicht", ANNA)
    assert receive(world.catalog, "nach", number=NEW).akte not in (None, akte.uuid)


def test_another_band_of_a_former_number_is_asked_about_as_long_as_none_is_left(world: World) -> None:
    akte = renumbered(world)
    assert receive(world.catalog, "alt", number=OLD, band=2).akte is None
    assert [each.uuid for each in world.catalog.who_bore("Bauakte", OLD, 2)] == [akte.uuid]
    receive(world.catalog, "fremd", number="90-1-2020")  # another family or number is nobody's business
    world.catalog.open_anew(receive(world.catalog, "alt", number=OLD, band=2).uuid, by=ANNA, now=world.now())
    assert receive(world.catalog, "drei", number=OLD, band=3).akte is not None
    assert receive(world.catalog, "eins", number=OLD, band=1).akte is None


# --- what looks at versions -------------------------------------------------------------------------------------------


def test_a_hold_that_goes_by_the_former_number_still_covers_it(world: World) -> None:
    akte = an_akte(world)
    target = HoldTarget(Scope.QUERY, query=HoldQuery(anfaenge=(OLD,)))
    order = HoldOrder(target, "litigation", "Ermittlung", "12 Js 34/26")
    ahead = replace(order, target=replace(target, query=HoldQuery(anfaenge=(NEW,))))
    coming = world.catalog.set_hold(ahead, KEYS, by=ANNA, now=world.now())
    assert world.catalog.held_akten(coming.number) == ()
    before = world.catalog.set_hold(order, KEYS, by=ANNA, now=world.now())
    ask(world, akte, **ASKED)
    done = agree(world, akte)
    assert [copy.lock.legal_hold for copy in done.copies] == [True, True]
    assert world.catalog.held_akten(coming.number) == (akte.uuid,)
    assert world.catalog.held_akten(before.number) == (akte.uuid,)
    later = world.catalog.set_hold(order, KEYS, by=ANNA, now=world.now())
    assert world.catalog.held_akten(later.number) == ()
