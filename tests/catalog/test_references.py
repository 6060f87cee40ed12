"""Persons and parcels are read out of fields and compared whatever the spelling; older catalogs get them, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert

from catalog.catalog import open_catalog
from catalog.codec import akte_to_json
from catalog.engine import Database, parse_url
from catalog.references import (
    ReferenceKind,
    covered_keys,
    parcels,
    person,
    plain_person,
    references_of,
    same_place,
)
from catalog.schema import MIGRATIONS
from catalog.tables import akten
from tests.asked import asked
from tests.catalog.build import NOON, an_akte, an_id

PARCELS = [
    ("Gemarkung Neuss, Flur 12, Flurstück 345", [("12-345", "neuss")]),
    ("Gemarkung Neuss, Flur 12, Flurstücke 345/2 und 346", [("12-345/2", "neuss"), ("12-346", "neuss")]),
    ("Flur 012, 345 / 2", [("12-345/2", "")]),
    ("12-345/2", [("12-345/2", "")]),
    ("Neuss 12-345/2", [("12-345/2", "neuss")]),
    ("345/2", [("345/2", "")]),
    ("Gemarkung Neuss Flur 12 Flurstück 345/2", [("12-345/2", "neuss")]),
    ("Gem. Neuss, Fl. 12, Flurst. 345/2 (Teilfläche)", [("12-345/2", "neuss")]),
    ("345/2 (teilweise)", [("345/2", "")]),
    ("Flurstück Nr. 345/2, Flur Nr. 12", [("12-345/2", "")]),
    ("unbekannt", []),
    # without a Flur, or with several, none is guessed: the first parcel was taken for the Flur of the others, and lost
    ("345/2 und 346", [("345/2", ""), ("346", "")]),
    ("Flurstücke 345, 346/1; 347", [("345", ""), ("346/1", ""), ("347", "")]),
    ("12-345/2, 346 und 13 – 7", [("12-345/2", ""), ("12-346", ""), ("13-7", "")]),
    ("345/2, 12-346", [("345/2", ""), ("12-346", "")]),
    ("Flur 12, 345/2; Flur 13, 346", [("345/2", ""), ("346", "")]),
    ("Flur 12, 345/2; Flur 012, 346", [("12-345/2", ""), ("12-346", "")]),
    ("Flur 12, Flurstücke 345-347", [("12-345", ""), ("12-347", "")]),
    ("Fl.-Nr. 345/2", [("345/2", "")]),
]


@pytest.mark.parametrize(("text", "found"), PARCELS)
def test_parcels_in_every_spelling(text: str, found: list[tuple[str, str]]) -> None:
    assert [(r.match_key, r.match_place) for r in parcels(text)] == found


def test_of_several_flure_in_a_field_none_is_taken_for_all_parcels() -> None:
    assert [r.match_key for r in references_of([("Flur", "12 und 13"), ("Flurstück", "345/2, 346")])] == [
        "345/2",
        "346",
    ]
    assert [r.match_key for r in references_of([("Flur", "Flur 12"), ("Flurstück", "345/2")])] == ["12-345/2"]


def test_digits_without_end_are_no_crash() -> None:
    many = "9" * 5000
    assert [r.match_key for r in parcels(f"Flur 12, 34/{many}")] == [f"12-34/{many}"]
    assert [r.match_key for r in parcels(f"Flur {many}, 34")] == [f"{many}-34"]


@pytest.mark.parametrize(
    ("one", "other"), [("4711-08", "4711 08"), ("122/5678/1234", "12256781234"), ("Meier, Anna", "anna MEIER")]
)
def test_persons_by_number_or_name(one: str, other: str) -> None:
    first, second = person(one), person(other)
    assert first is not None
    assert second is not None
    assert first.match_key == second.match_key


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        ("004711", "4711"),
        ("personalnummer004711", "4711"),
        ("000", "0"),
        ("4700", "4700"),
        ("0a00", "0a00"),
        ("x007", "x007"),
    ],
)
def test_a_number_that_is_filled_up_with_zeros_is_the_same_number(key: str, plain: str) -> None:
    assert plain_person(key) == plain


def test_nothing_is_no_person() -> None:
    assert person(" - ") is None


def test_fields_tell_persons_and_parcels_and_nothing_else() -> None:
    felder = [
        ("Gemarkung", "Neuss"),
        ("Flur", "12"),
        ("Flurstück", "345"),
        ("Steuer-ID", "12"),
        ("Grabart", "Wahlgrab 7"),
    ]
    found = [(r.kind, r.match_key, r.match_place) for r in references_of(felder)]
    assert found == [(ReferenceKind.PARCEL, "12-345", "neuss"), (ReferenceKind.PERSON, "12", "")]


def test_a_parcel_covers_itself_and_itself_without_its_flur() -> None:
    assert covered_keys("12-345/2") == ("12-345/2", "345/2")
    assert covered_keys("345/2") == ("345/2",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("neuss", "neuss", True),
        ("neuss", "", True),
        ("neuss", "norf", False),
        ("neuss flur", "neuss", True),  # as older versions of the program noted it
        ("neuss", "teilweise", True),
        ("neuss norf", "norf", True),
    ],
)
def test_a_place_is_another_only_when_no_word_of_it_is_the_same(one: str, other: str, same: bool) -> None:
    assert (same_place(one, other), same_place(other, one)) == (same, same)


def test_an_older_catalog_gets_the_references_of_its_akten_and_reads_them_part_by_part(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'archiv.sqlite'}"
    database = Database(parse_url(url))
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        values = {"aktenart": "Personalakte", "schreibweise": "", "band": 1, "betreff": "", "betreff_folded": ""}
        values |= {"state": "archived", "salt": "0" * 64, "created_at": NOON, "changed_at": NOON}
        for number in range(600):  # more than are read at once
            uuid = an_id("old", number)
            snapshot = akte_to_json(an_akte(uuid, an_id("delivery"), felder=(("Personalnummer", "4711-08"),)))
            row = {**values, "uuid": uuid, "aktenzeichen": f"11-{number:06}", "snapshot": snapshot}
            connection.execute(insert(akten).values(row))
    database.close()
    with asked() as told, open_catalog(url) as catalog:
        assert all(catalog.references(an_id("old", number)) for number in range(600))
        (row,) = catalog.references(an_id("old", 599))
    assert all("LIMIT" in each for each in told if each.startswith("SELECT") and "akten.snapshot" in each)
    assert (row.kind, row.label, row.value) == (ReferenceKind.PERSON, "Personalnummer", "4711-08")
