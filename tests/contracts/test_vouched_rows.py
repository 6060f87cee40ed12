"""Persons and parcels, and rows that are gone as a whole, stand in the register as the trail knows them."""

from __future__ import annotations

import pytest

from akten.findings import Verdict
from akten.lifecycle import Stage
from catalog.catalog import Catalog
from catalog.references import parcels, references_of
from tests.catalog.build import AN_ERROR, CLERK, an_akte, archive, later, receive
from tests.catalog.meddling import meddle
from tests.contracts.telling import ANNA, TODAY, one

PARCEL = (("Flur", "12"), ("Gemarkung", "Neuss"), ("Flurstück", "345/2"))


def judged(catalog: Catalog) -> list[tuple[str, str]]:
    """What the check says; the heads in the stores are those of before."""
    anchor = catalog.head()
    assert anchor is not None
    report = catalog.verify_trail([anchor])
    assert (report.verdict is Verdict.OK) == (not report.findings)
    return [(finding.code, finding.text) for finding in report.findings]


def named(catalog: Catalog) -> None:
    """A parcel that takes Flur and place from beside it, a person from a slip, and both from a person."""
    akte = one(catalog, felder=PARCEL)
    one(catalog, "63-00002-2019", felder=(("Personalnummer", "4711-08"),))
    catalog.note_references(akte, parcels("Gemarkung Neuss, Flur 3, 77"), by=ANNA, now=later(1))


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE akte_references SET match_key = '12-346/2' WHERE match_key = '12-345/2'", "geändert"),
        ("UPDATE akte_references SET match_place = 'koeln' WHERE match_key = '3-77'", "geändert"),
        ("UPDATE akte_references SET match_key = 'x' WHERE kind = 'person'", "geändert"),
        ("UPDATE akte_references SET value = 'x', match_key = 'x' WHERE kind = 'person'", "geändert"),
        ("UPDATE akte_references SET kind = 'person' WHERE match_key = '3-77'", "geändert"),
        ("UPDATE akte_references SET delivery = NULL WHERE kind = 'person'", "geändert"),
        ("DELETE FROM akte_references WHERE kind = 'person'", "fehlt"),
        ("DELETE FROM akte_references WHERE match_key = '3-77'", "fehlt"),
        ("DELETE FROM akte_references WHERE match_key = '12-345/2'", "fehlt"),
        (
            "INSERT INTO akte_references (nr, akte, kind, label, value, match_key, match_place, salt, digest, at) "
            "SELECT 99, akte, kind, 'x', value, match_key, match_place, salt, 'x', at FROM akte_references "
            "WHERE kind = 'person'",
            "nicht aber im Protokoll",
        ),
    ],
)
def test_a_person_or_parcel_that_was_changed_behind_our_back_is_told(
    url: str, catalog: Catalog, statement: str, word: str
) -> None:
    """A hold on it would no longer cover the Akte, and nobody would hear of it."""
    named(catalog)
    assert judged(catalog) == []
    meddle(url, statement)
    ((code, text),) = judged(catalog)
    assert (code, word in text) == ("TR-17", True)


def test_persons_of_two_akten_that_were_exchanged_are_told(url: str, catalog: Catalog) -> None:
    named(catalog)
    meddle(url, "UPDATE akte_references SET akte = (SELECT uuid FROM akten WHERE nr = 1) WHERE kind = 'person'")
    assert {code for code, _ in judged(catalog)} == {"TR-17"}


def test_what_was_deleted_lawfully_or_put_right_on_the_slip_is_no_finding(catalog: Catalog) -> None:
    named(catalog)
    catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=later(2))
    row = receive(catalog, 5)
    assert row.akte is not None
    for minute, felder in enumerate((PARCEL, (("Bauherr", "Meier"),), PARCEL), 3):
        catalog.plan(row.uuid, an_akte(row.akte, row.uuid, felder=felder), by=CLERK, now=later(minute))
    assert [r.match_key for r in references_of(PARCEL)] == ["12-345/2"]
    assert judged(catalog) == []


def test_a_parcel_of_a_slip_that_is_being_put_right_is_no_finding(catalog: Catalog) -> None:
    """Its plan is gone until it is read anew; the row from before stays, and no description names its Flur."""
    akte = one(catalog)
    row = receive(catalog, 5)
    assert row.akte == akte
    catalog.plan(row.uuid, an_akte(akte, row.uuid, felder=PARCEL), by=CLERK, now=later(1))
    receive(catalog, 5, scans=())
    assert judged(catalog) == []


@pytest.mark.parametrize(
    ("statements", "code", "word"),
    [
        (["DELETE FROM akten WHERE nr = 1"], "TR-15", "die Akte fehlt"),
        (["DELETE FROM deliveries WHERE nr = 1"], "TR-15", "die Lieferung fehlt"),
        (["DELETE FROM deliveries WHERE nr = 2"], "TR-17", "fehlt im Register"),
        (["UPDATE akten SET version = 1 WHERE nr = 2"], "TR-15", "ein Paket hat sie dort nicht"),
        (["UPDATE deliveries SET stage = 'archived' WHERE nr = 2"], "TR-17", "geändert"),
        (["UPDATE clearing SET delivery = (SELECT uuid FROM akten WHERE nr = 1)"], "TR-17", "nicht aber im Protokoll"),
    ],
)
def test_a_row_that_is_gone_or_counts_as_archived_by_hand_is_told(
    url: str, catalog: Catalog, statements: list[str], code: str, word: str
) -> None:
    """An administrator can do what foreign keys forbid."""
    archive(catalog, 1, felder=())
    row = receive(catalog, 2, number="63-00002-2019")
    assert row.stage is Stage.RECEIVED
    catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=later(1))
    assert judged(catalog) == []
    free = "PRAGMA foreign_keys = OFF" if url.startswith("sqlite") else "SET session_replication_role = replica"
    meddle(url, free, *statements)
    assert (code, True) in {(each, word in text) for each, text in judged(catalog)}
