"""What every database must do for corrections of what archived Akten are described as."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from akten.correction import Change, Correction, Teil, corrected
from akten.errors import FixityError, Forbidden, Unavailable
from akten.lifecycle import Stage
from akten.model import Akte
from catalog.actor import Actor
from catalog.arrival import Arrival
from catalog.catalog import Catalog
from catalog.corrections import Proposed
from catalog.trail import Verb
from tests.asked import asked
from tests.catalog.build import NOON, STAGES, a_package, an_id, archive, later, receive
from tests.catalog.meddling import meddle

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")
OTHER = an_id("berichtigung")


def changes(akte: Akte) -> tuple[Change, ...]:
    dokument = akte.dokumente[0]
    return (
        Change(Teil.AKTE, akte.uuid, "betreff", akte.betreff, "Wintergarten am Deich"),
        Change(Teil.DOKUMENT, dokument.uuid, "betreff", dokument.betreff, "Lageplan"),
    )


def proposed(catalog: Catalog, akte: Akte) -> Proposed:
    catalog.corrections.propose(akte.uuid, 1, changes(akte), "Tippfehler", by=ANNA, now=NOON)
    (found,) = catalog.corrections.open(akte.uuid)
    return found


def arrival(akte: Akte, agreed: Correction, delivery: UUID = OTHER) -> Arrival:
    return Arrival(
        delivery,
        akte.uuid,
        akte.aktenart.value,
        akte.aktenzeichen,
        akte.band,
        "Wintergarten am Deich",
        agreed.to_json(),
        (),
        "arbeit/.berichtigung",
    )


def released(catalog: Catalog, akte: Akte) -> Proposed:
    number = proposed(catalog, akte).proposal.number
    catalog.corrections.release(akte.uuid, number, 1, "verglichen", by=BERND, now=later(5))
    (found,) = catalog.corrections.open(akte.uuid)
    return found


def test_a_proposal_tells_values_persons_and_reasons_and_the_chain_none_of_them(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    found = released(catalog, akte)
    assert (found.version, found.changes, found.reason) == (1, changes(akte), "Tippfehler")
    agreed = found.agreed
    assert (agreed.von, agreed.am, agreed.frei_von, agreed.frei_am) == ("anna.meier", NOON, "b.schulz", later(5))
    assert Correction.from_json(agreed.to_json()) == agreed
    event = catalog.events_of(akte=akte.uuid, verb=Verb.CORRECTION_PROPOSED.value)[0]
    assert dict(event.data) == {"version": 1, "changes": 2}


def test_it_is_entered_as_a_version_and_found_by_its_new_words_alone(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1, {0: ["Der Deich ist zu hoch"]})
    found = released(catalog, akte)
    for _ in range(2):
        row = catalog.corrections.begin(arrival(akte, found.agreed), found.proposal.number, 1, by=BERND, now=later(6))
        assert (row.stage, row.version) == (Stage.DESCRIBED, 2)
    catalog.move(OTHER, Stage.PACKED, by=BERND, now=later(7))
    after = corrected(akte, found.changes)
    for _ in range(2):
        catalog.corrections.record(OTHER, after, a_package(akte.uuid, 2, content="zwei"), by=BERND, now=later(8))
    catalog.corrections.end(akte.uuid, found.proposal.number, version=2, by=BERND, now=later(9))
    assert catalog.corrections.open() == ()
    assert catalog.akte_snapshot(akte.uuid) == after
    assert catalog.akte_snapshot(akte.uuid, 1) == akte
    assert [hit.akte.version for hit in catalog.find("Wintergarten Deich", volltext=True).hits] == [2]
    assert [hit.akte.version for hit in catalog.find("Lageplan hoch", volltext=True).hits] == [2]
    assert not catalog.find(akte.betreff.split()[-1]).hits
    assert catalog.index_lag() == 0
    details = catalog.akte_details(akte.uuid)
    assert details is not None
    assert {d.verdict.value for d in details.dokumente} == {"ok"}
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).findings == ()


def test_what_somebody_changed_in_it_afterwards_is_seen(url: str, catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    found = released(catalog, akte)
    catalog.corrections.begin(arrival(akte, found.agreed), found.proposal.number, 1, by=BERND, now=later(6))
    catalog.move(OTHER, Stage.PACKED, by=BERND, now=later(7))
    after = corrected(akte, found.changes)
    catalog.corrections.record(OTHER, after, a_package(akte.uuid, 2, content="zwei"), by=BERND, now=later(8))
    head = catalog.head()
    assert head is not None
    meddle(url, "UPDATE akten SET betreff = 'Falsch'")
    meddle(url, "UPDATE deliveries SET slip = replace(slip, 'Tippfehler', 'Anweisung')")
    assert {finding.code for finding in catalog.verify_trail([head]).findings} == {"TR-15", "TR-17"}


def test_while_another_version_is_made_or_was_made_it_does_not_begin(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    found = released(catalog, akte)
    number = found.proposal.number
    row = receive(catalog, 2)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=ANNA, now=NOON)
    with pytest.raises(Unavailable):
        catalog.corrections.begin(arrival(akte, found.agreed), number, 1, by=BERND, now=later(6))
    catalog.record_stored(
        row.uuid, replace(akte, zda_datum=None), a_package(akte.uuid, 2, content="x"), {}, by=ANNA, now=NOON
    )
    for act in (
        lambda: catalog.corrections.begin(arrival(akte, found.agreed), number, 1, by=BERND, now=later(6)),
        lambda: catalog.corrections.release(akte.uuid, number, 1, "noch einmal", by=BERND, now=later(6)),
        lambda: catalog.corrections.propose(an_id("fremd"), 1, (), "x", by=ANNA, now=NOON),
    ):
        with pytest.raises(Forbidden):
            act()
    assert catalog.delivery(OTHER) is None


def test_a_delivery_that_waits_for_a_correction_is_told_who_brings_that_to_its_end(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    found = released(catalog, akte)
    catalog.corrections.begin(arrival(akte, found.agreed), found.proposal.number, 1, by=BERND, now=later(6))
    row = receive(catalog, 2)
    for stage in (Stage.EXAMINED, Stage.RECOGNISED):
        catalog.move(row.uuid, stage, by=ANNA, now=later(7))
    with pytest.raises(Unavailable, match=r"Berichtigung derselben Akte .* archiv akte gib-frei"):
        catalog.settle_version(row.uuid, by=ANNA, now=later(8))


def many(catalog: Catalog, first: int, end: int) -> list[UUID]:
    """Akten each with a proposal that waits; every third is released."""
    made = []
    for place in range(first, end):
        akte, _ = archive(catalog, place, number=f"63-{place:05}-2019")
        catalog.corrections.propose(akte.uuid, 1, changes(akte), f"Grund {place}", by=ANNA, now=later(place))
        if place % 3 == 0:
            number = catalog.corrections.open(akte.uuid)[0].proposal.number
            catalog.corrections.release(akte.uuid, number, 1, f"verglichen {place}", by=BERND, now=later(place + 1))
        made.append(akte.uuid)
    return made


def test_however_many_wait_as_many_questions_answer_for_all_and_for_a_page(catalog: Catalog) -> None:
    """Each cost eight of its own, and `archiv doctor`, every intake and the list read all of them."""
    made = many(catalog, 1, 4)
    with asked() as few:
        assert [each.proposal.akte for each in catalog.corrections.open()] == made
    made += many(catalog, 4, 10)
    with asked() as more:
        found = catalog.corrections.open()
    assert len(more) == len(few) < 8
    assert [each.proposal.akte for each in found] == made
    assert found == tuple(catalog.corrections.open(akte)[0] for akte in made)
    assert [each.reason for each in found] == [f"Grund {place}" for place in range(1, 10)]
    agreed = [each.agreed for each in found if each.proposal.released_by]
    assert [(each.frei_am, each.frei_grund) for each in agreed] == [
        (later(place + 1), f"verglichen {place}") for place in (3, 6, 9)
    ]
    page = catalog.corrections.page(limit=3, offset=7)
    assert (page.rows, page.total) == (found[7:], 9)
    with asked() as all_of:
        assert list(catalog.some_akten([*made, an_id("fremd")])) == made
        assert catalog.corrections.described(found).keys() == {(akte, 1) for akte in made}
    assert len(all_of) <= 3


def test_a_proposal_whose_words_are_gone_is_no_proposal(url: str, catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    proposed(catalog, akte)
    meddle(url, "DELETE FROM trail_notes")
    with pytest.raises(FixityError, match="nicht mehr lesbar"):
        catalog.corrections.open(akte.uuid)
