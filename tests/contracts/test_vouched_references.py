"""Persons, parcels and slips that were taken out of the register are missed (TR-17), on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from akten.findings import Verdict
from catalog.catalog import Catalog
from catalog.references import parcels, person
from catalog.values import Resolution
from tests.catalog.build import AN_ERROR, NOON, STAGES, a_package, an_akte, archive, later, receive
from tests.catalog.meddling import meddle
from tests.contracts.telling import ANNA, BERND, TODAY, hold, intact, known, on_person, one

FELDER = (("Personalnummer", "4711-08"), ("Flurstück", "345/2"), ("Flur", "12"), ("Gemarkung", "Neuss"))


def noted(catalog: Catalog) -> None:
    """An Akte that names a person and a parcel, and two more that somebody noted; another person was forgotten."""
    akte = one(catalog, felder=FELDER)
    given = [*parcels("Gemarkung Norf, Flur 3, 17/1"), person("Meier, Anna", "Nachbarin")]
    catalog.note_references(akte, [each for each in given if each is not None], by=ANNA, now=NOON)
    one(catalog, "63-00002-2019", felder=(("Personalnummer", "4711-09"),))
    catalog.forget_person("4711-09", "Art. 17 DSGVO", TODAY, by=ANNA, now=later(1))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM akte_references WHERE value = '4711-08'",
        "DELETE FROM akte_references WHERE kind = 'parcel' AND delivery IS NOT NULL",
        "DELETE FROM akte_references WHERE value = 'Meier, Anna'",
        "UPDATE akte_references SET match_key = '471109' WHERE value = '4711-08'",
        "UPDATE akte_references SET match_place = 'grevenbroich' WHERE kind = 'parcel' AND delivery IS NOT NULL",
        "UPDATE akte_references SET match_key = 'anna maier' WHERE value = 'Meier, Anna'",
        "UPDATE akte_references SET value = 'Maier, Anna', match_key = 'anna maier' WHERE value = 'Meier, Anna'",
        "UPDATE akte_references SET akte = (SELECT uuid FROM akten WHERE nr = 2) WHERE value = '4711-08'",
    ],
)
def test_a_person_or_parcel_that_was_taken_out_of_the_register_is_missed(
    url: str, catalog: Catalog, statement: str
) -> None:
    """A hold on it would no longer cover the Akte, and nothing else would say so."""
    noted(catalog)
    assert intact(catalog)
    anchor = catalog.head()
    assert anchor is not None
    meddle(url, statement)
    report = catalog.verify_trail([anchor])
    assert report.verdict is Verdict.FAILED
    assert {(each.code, each.where.split(" Nr. ")[0]) for each in report.findings} == {
        ("TR-17", "Person oder Flurstück")
    }


def test_what_was_deleted_lawfully_is_not_missed_even_where_somebody_noted_it_too(catalog: Catalog) -> None:
    akte = one(catalog, felder=FELDER)
    catalog.note_references(akte, parcels("Flur 3, 17/1"), by=ANNA, now=NOON)
    anna = person("4711-08", "von Hand")
    assert anna is not None
    catalog.note_references(akte, [anna], by=ANNA, now=NOON)
    assert catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=BERND, now=later(1)) == 2
    assert intact(catalog)


def test_whom_an_older_version_names_stays_when_a_slip_is_put_right(catalog: Catalog) -> None:
    """The version came of no slip, as corrections do: of it only the package tells, and the newest names nobody."""
    waiting = receive(catalog, "wartet")
    assert waiting.akte is not None
    plan = an_akte(waiting.akte, waiting.uuid, felder=FELDER)
    catalog.plan(waiting.uuid, plan, by=ANNA, now=NOON)
    for version, felder in enumerate((FELDER, ()), 2):
        row = receive(catalog, version)
        for stage in STAGES:
            catalog.move(row.uuid, stage, by=ANNA, now=later(version))
        akte = an_akte(waiting.akte, row.uuid, felder=felder)
        package = a_package(akte.uuid, version)
        catalog.record_stored(row.uuid, akte, package, {}, by=ANNA, now=later(version))
    catalog.plan(waiting.uuid, replace(plan, felder=()), by=ANNA, now=later(9))
    hold(catalog, on_person("4711-08"))
    assert known(catalog, waiting.akte).holds
    assert intact(catalog)


@pytest.mark.parametrize("stage", ["received", "duplicate"])
def test_a_delivery_that_was_taken_out_of_the_register_is_missed(url: str, catalog: Catalog, stage: str) -> None:
    """Its files would lie about unasked for; and what the slip of a linked one told counts for the periods."""
    akte, _ = archive(catalog, 1)
    row = receive(catalog, 2, number="63-00001-2020")
    if stage == "duplicate":
        catalog.mark_duplicate(row.uuid, akte.uuid, by=ANNA, now=later(1))
    anchor = catalog.head()
    assert anchor is not None
    assert intact(catalog)
    meddle(
        url,
        "DELETE FROM scans WHERE delivery IN (SELECT uuid FROM deliveries WHERE nr = 2)",
        "DELETE FROM deliveries WHERE nr = 2",
    )
    (finding,) = catalog.verify_trail([anchor]).findings
    assert (finding.code, finding.where) == ("TR-17", f"Laufzettel der Lieferung {row.uuid}")


@pytest.mark.parametrize("stage", ["returned", "duplicate", "archived"])
def test_a_delivery_that_was_ended_by_hand_in_the_register_is_seen(url: str, catalog: Catalog, stage: str) -> None:
    """It would never be archived, and no list of what waits would name it."""
    row = receive(catalog, 1)
    returned = receive(catalog, 2)
    case = catalog.to_clearing(returned.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=NOON)
    catalog.resolve(case.number, Resolution.RETURN, "gehört woanders hin", by=ANNA, now=later(1))
    anchor = catalog.head()
    assert anchor is not None
    assert intact(catalog)
    meddle(url, f"UPDATE deliveries SET stage = '{stage}' WHERE nr = {row.nr}")  # noqa: S608 - ours
    (finding,) = catalog.verify_trail([anchor]).findings
    assert (finding.code, finding.where.split(",")[0]) == ("TR-17", "Laufzettel der Lieferung Nr. 1")
