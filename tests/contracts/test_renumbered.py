"""What every database must do for Aktenzeichen that were corrected: found by both, given to one, asked of the old."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from akten.aktenzeichen import Aktenzeichen
from akten.correction import Change, Teil, corrected
from akten.errors import Forbidden, Unavailable
from akten.lifecycle import Stage
from akten.model import Akte
from catalog.actor import Actor
from catalog.arrival import Arrival
from catalog.catalog import Catalog, open_catalog
from catalog.search import Why
from catalog.values import AkteRow
from tests.catalog.build import CLERK, NOON, STAGES, a_package, an_akte, an_id, archive, later, receive
from tests.catalog.meddling import meddle, unguarded

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")
OLD, NEW = "63-01234-2019", "63-01243-2019"


def begin(catalog: Catalog, akte: Akte, number: str = NEW) -> Akte:
    """Both persons agreed, and the new version is being packed; returns the Akte as it will be."""
    changes = (Change(Teil.AKTE, akte.uuid, "aktenzeichen", akte.aktenzeichen.kanonisch, number),)
    row = catalog.akte(akte.uuid)
    assert row is not None
    catalog.corrections.propose(akte.uuid, row.version, changes, "Zahlendreher", by=ANNA, now=NOON)
    (found,) = catalog.corrections.open(akte.uuid)
    catalog.corrections.release(akte.uuid, found.proposal.number, row.version, "gesehen", by=BERND, now=later(5))
    (found,) = catalog.corrections.open(akte.uuid)
    arrival = Arrival(
        an_id("berichtigung", akte.uuid, row.version),
        akte.uuid,
        akte.aktenart.value,
        Aktenzeichen(number),
        akte.band,
        akte.betreff,
        found.agreed.to_json(),
        (),
        "arbeit/.berichtigung",
    )
    catalog.corrections.begin(arrival, found.proposal.number, row.version, by=BERND, now=later(6))
    catalog.move(arrival.delivery, Stage.PACKED, by=BERND, now=later(7))
    return corrected(akte, changes)


def renumber(catalog: Catalog, akte: Akte, number: str = NEW) -> Akte:
    """The whole way of a corrected number."""
    after = begin(catalog, akte, number)
    row = catalog.akte(akte.uuid)
    (found,) = catalog.corrections.open(akte.uuid)
    assert row is not None
    delivery = an_id("berichtigung", akte.uuid, row.version)
    stored = a_package(akte.uuid, row.version + 1, content=number)
    catalog.corrections.record(delivery, after, stored, by=BERND, now=later(8))
    catalog.corrections.end(akte.uuid, found.proposal.number, version=row.version + 1, by=BERND, now=later(9))
    return after


def trusted(catalog: Catalog) -> None:
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).findings == ()
    assert catalog.index_lag() == 0


def the(rows: tuple[AkteRow, ...]) -> AkteRow:
    (row,) = rows
    return row


def test_it_is_found_by_the_new_number_and_formerly_by_the_old_one(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1, {0: ["Der Deich ist zu hoch"]}, number=OLD)
    renumber(catalog, akte)
    row = the(catalog.akte_by_aktenzeichen("63/1243/19"))
    assert (row.uuid, row.aktenzeichen, row.former, row.versions) == (akte.uuid, NEW, (OLD,), (1, 2))
    assert catalog.akte_by_aktenzeichen(OLD) == ()
    assert the(catalog.akten_formerly("63-1234-19")) == the(catalog.akten_formerly(OLD)) == row
    assert catalog.akten_formerly(NEW) == ()
    for typed, why in ((NEW, Why.AKTENZEICHEN), ("63-1243-19", Why.AKTENZEICHEN), (OLD, Why.FRUEHER)):
        assert [(hit.akte, hit.why) for hit in catalog.find(typed).hits] == [(row, why)]
    for typed, whys in (("63-1234", [Why.FRUEHER]), ("63-01243", [Why.ANFANG]), ("63-01235", [])):
        assert [hit.why for hit in catalog.find(typed).hits] == whys
    assert [hit.akte.uuid for hit in catalog.find("Deich hoch", volltext=True).hits] == [akte.uuid]
    assert the(catalog.akten().rows) == the(catalog.akten_formerly(OLD))
    assert catalog.akte_snapshot(akte.uuid, 1) == akte
    trusted(catalog)


def test_who_bears_the_number_today_stands_before_who_bore_it_once(catalog: Catalog) -> None:
    first, _ = archive(catalog, 1, number=OLD)
    renumber(catalog, first)
    row = receive(catalog, 2, number=OLD, now=later(15))
    assert row.akte is None
    own = catalog.open_anew(row.uuid, by=CLERK, now=later(20))
    assert own.akte is not None
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=later(21))
    second = an_akte(own.akte, row.uuid, number=OLD)
    catalog.record_stored(row.uuid, second, a_package(own.akte, 1), {}, by=CLERK, now=later(22))
    assert the(catalog.akte_by_aktenzeichen(OLD)).uuid == own.akte
    found = [(hit.akte.uuid, hit.why) for hit in catalog.find(OLD).hits]
    assert found == [(own.akte, Why.AKTENZEICHEN), (first.uuid, Why.FRUEHER)]
    assert [hit.akte.uuid for hit in catalog.find(OLD, limit=1).hits] == [own.akte]
    assert receive(catalog, 3, number=OLD, now=later(23)).akte == own.akte
    trusted(catalog)


def test_a_nachscan_under_the_new_number_is_the_next_version(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1, number=OLD)
    after = renumber(catalog, akte)
    row = receive(catalog, 2, number=NEW, now=later(20))
    assert row.akte == akte.uuid
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=later(21))
    settled = catalog.delivery(row.uuid)
    assert settled is not None
    catalog.record_stored(
        row.uuid, replace(after, zda_datum=None), a_package(akte.uuid, 3), {}, by=CLERK, now=later(22)
    )
    assert the(catalog.akte_by_aktenzeichen(NEW)).versions == (1, 2, 3)
    trusted(catalog)


def test_two_corrections_do_not_give_the_same_number(catalog: Catalog) -> None:
    one, _ = archive(catalog, 1, number=OLD)
    two, _ = archive(catalog, 2, number="63-09999-2019")
    begin(catalog, one)
    for number in (OLD, NEW):
        with pytest.raises(Unavailable, match="archiv akte gib-frei"):
            begin(catalog, two, number)
        with pytest.raises(Unavailable, match="archiv akte gib-frei"):
            receive(catalog, 3, number=number)
    assert receive(catalog, 4, number=NEW, band=2).akte is not None


def test_a_number_that_is_another_akte_is_refused(catalog: Catalog) -> None:
    one, _ = archive(catalog, 1, number=OLD)
    archive(catalog, 2, number=NEW)
    with pytest.raises(Forbidden, match=f"{NEW} gibt es schon"):
        begin(catalog, one)
    assert catalog.corrections.open() == ()


def test_two_numbers_that_were_exchanged_are_put_right_over_a_third(catalog: Catalog) -> None:
    one, _ = archive(catalog, 1, number=OLD)
    two, _ = archive(catalog, 2, number=NEW)
    away = renumber(catalog, one, "63-99999-2019")
    renumber(catalog, two, OLD)
    renumber(catalog, away, NEW)
    assert (the(catalog.akte_by_aktenzeichen(OLD)).uuid, the(catalog.akte_by_aktenzeichen(NEW)).uuid) == (
        two.uuid,
        one.uuid,
    )
    assert the(catalog.akte_by_aktenzeichen(NEW)).former == (OLD, "63-99999-2019")
    assert (receive(catalog, 3, number=OLD).akte, receive(catalog, 4, number=NEW).akte) == (two.uuid, one.uuid)
    assert receive(catalog, 5, number="63-99999-2019").akte is None


def test_a_delivery_whose_akte_was_renumbered_meanwhile_is_not_packed_into_it(url: str, catalog: Catalog) -> None:
    """A package that was entered again may do that; nobody else can."""
    akte, _ = archive(catalog, 1, number=OLD)
    row = receive(catalog, 2, number=OLD)
    assert row.akte == akte.uuid
    meddle(url, "UPDATE akten SET aktenzeichen = '63-01243-2019'")
    for stage in (Stage.EXAMINED, Stage.RECOGNISED):
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    with pytest.raises(Unavailable, match="wurde inzwischen berichtigt"):
        catalog.settle_version(row.uuid, by=CLERK, now=NOON)


def test_what_somebody_changed_in_a_number_afterwards_is_seen(url: str, catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1, number=OLD)
    renumber(catalog, akte)
    head = catalog.head()
    assert head is not None
    meddle(url, "UPDATE deliveries SET aktenzeichen = '63-00007-2019' WHERE version = 1")
    (finding,) = catalog.verify_trail([head]).findings
    assert (finding.code, "das Aktenzeichen von damals" in finding.text) == ("TR-15", True)


def test_an_archive_of_before_is_brought_up_to_it(url: str, catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1, number=OLD)
    catalog.close()
    meddle(url, "DROP INDEX ix_deliveries_aktenzeichen")
    meddle(url, "UPDATE alembic_version SET version_num = '0006'")
    with open_catalog(url) as again:
        renumber(again, akte)
        assert the(again.akten_formerly(OLD)).aktenzeichen == NEW
        trusted(again)


def test_a_number_is_promised_as_long_as_a_proposal_that_can_be_read_waits(catalog: Catalog, url: str) -> None:
    akte, _ = archive(catalog, "eins", number=OLD)
    row = catalog.akte(akte.uuid)
    assert row is not None
    changes = (Change(Teil.AKTE, akte.uuid, "aktenzeichen", OLD, NEW),)
    catalog.corrections.propose(akte.uuid, row.version, changes, "Zahlendreher", by=ANNA, now=NOON)
    assert [each.uuid for each in catalog.who_gets("Bauakte", NEW, 1)] == [akte.uuid]
    meddle(url, "UPDATE trail_notes SET note = 'fort'")
    assert catalog.who_gets("Bauakte", NEW, 1) == ()
    assert receive(catalog, "nach", number=NEW).akte is not None


def test_what_ended_is_not_read_again_for_every_delivery_that_comes(catalog: Catalog, url: str) -> None:
    done, waits, given_up = (archive(catalog, n, number=f"63-0000{n}-2019")[0] for n in (1, 2, 3))
    renumber(catalog, done, "63-00011-2019")
    for akte, number in ((given_up, "63-00033-2019"), (waits, NEW)):
        changes = (Change(Teil.AKTE, akte.uuid, "aktenzeichen", akte.aktenzeichen.kanonisch, number),)
        catalog.corrections.propose(akte.uuid, 1, changes, "Zahlendreher", by=ANNA, now=later(20))
    (_, other) = sorted(catalog.corrections.open(), key=lambda each: each.proposal.akte == given_up.uuid)
    catalog.corrections.withdraw(other, an_id("nie"), "doch nicht", by=ANNA, now=later(21))
    # Rows of ended proposals that nobody could read: who reads them at all raises.
    broken = 'UPDATE trail SET body = replace(body, \'"at":"\', \'"at":"x\') WHERE seq IN '
    ended = (
        f"(SELECT seq FROM trail WHERE verb = 'correction.released' OR akte = '{given_up.uuid}' AND verb LIKE 'corr%')"  # noqa: S608 - ours
    )
    meddle(url, *unguarded(url), broken + ended)
    assert [each.uuid for each in catalog.who_gets("Bauakte", NEW, 1)] == [waits.uuid]
    assert catalog.who_gets("Bauakte", "63-00033-2019", 1) == ()
    assert [each.proposal.akte for each in catalog.corrections.open()] == [waits.uuid]
    assert receive(catalog, "neu", number="63-00044-2019").akte is not None


def test_where_nobody_waits_for_a_number_no_list_of_nobody_is_asked_for(catalog: Catalog) -> None:
    """Every intake of a new number asks this, and for an empty list SQLite read each Akte of the family."""
    archive(catalog, 1, number=OLD)
    asked: list[str] = []
    event.listen(Engine, "before_cursor_execute", note := lambda *told: asked.append(told[2]))
    try:
        assert catalog.who_gets("Bauakte", "63-00033-2019", 1) == ()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert sum("FROM akten" in statement for statement in asked) == 1
