"""A mistyped place makes no archive by being asked, and where one begins a line on standard error says so."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from akten.files import digest_bytes
from archive.embedded import EmbeddedServer, open_embedded
from archive.identities import Role
from archive.s3 import S3Store
from catalog.catalog import open_catalog
from catalog.schema import has_begun
from flows.anchors import PREFIX
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.app.processes import archiv
from tests.builders import a_delivery
from tests.catalog.build import CLERK, NOON, archive
from tests.pgfixture import Postgres
from tests.pgfixture import postgres as postgres
from tests.storefixtures import a_store
from tests.storefixtures import s3_pair as s3_pair

NEW = "Neues, leeres Archiv angelegt in"
LOOKS = [
    ("suche", "Hafenstr"),
    ("akte", "liste"),
    ("akte", "zeige", "63-1-20"),
    ("akte", "hole", "63-1-20", "--ziel", "heraus", "--zweck", "x"),
    ("protokoll", "pruefe"),
    ("protokoll", "zeige", "63-1-20"),
    ("fixity", "pruefe", "--alle"),
    ("abgleich",),
    ("klaerung", "liste"),
    ("klaerung", "zeige", "1"),
    ("klaerung", "loese", "1", "--annehmen", "--grund", "x"),
    ("sichtung", "liste"),
    ("sperre", "liste"),
    ("sperre", "hebe-auf", "1", "--grund", "x"),
    ("ereignis", "liste", "63-1-20"),
    ("frist", "zeige", "63-1-20"),
    ("frist", "faellig", "--bis", "2030"),
    ("frist", "vorschau"),
    ("frist", "offen"),
    ("frist", "runde"),
    ("frist", "sperren", "zeige", "63-1-20"),
    ("frist", "freigabe", "1", "--grund", "x"),
    ("frist", "vergleich", "--nr", "1"),
    ("frist", "vergleich", "--neu", "retention/katalog/neuss.yaml", "--nur-vergleichen"),
    ("sperre", "setze", "63-1-20", "--art", "litigation", "--grund", "Klage", "--bezug", "4 K 12/26"),
    ("katalog", "index"),
]


def test_rules_that_cannot_be_read_begin_no_archive(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "neu.yaml").write_text("classes: [")
    assert desk("frist", "vergleich", "--neu", tmp_path / "neu.yaml").code == 3
    assert not desk.daten.exists()


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
@pytest.mark.parametrize("there", [False, True])
def test_asking_where_no_archive_is_makes_none_and_says_what_to_do(
    desk: Desk, words: tuple[str, ...], *, there: bool
) -> None:
    if there:  # an empty folder is no archive either
        desk.daten.mkdir()
    ran = desk(*words, "--json")
    assert (ran.code, ran.json["error"], ran.json["exit_code"]) == (7, "Misconfigured", 7)
    assert f"In „{desk.daten}“ liegt kein Archiv, und es wurde keines angelegt." in ran.json["text"]
    assert "--daten" in ran.json["text"]
    assert "archiv annahme" in ran.json["text"]
    assert NEW not in ran.err
    assert list(desk.daten.iterdir()) == [] if there else not desk.daten.exists()


def test_the_first_intake_begins_an_archive_and_says_so_once_beside_its_one_json_value(desk: Desk) -> None:
    first = desk("annahme", "--json")
    assert (first.code, first.json) == (0, [])
    assert f"{NEW} {desk.daten}" in first.err
    again = desk("annahme", "--json")
    assert (again.code, again.json, NEW in again.err) == (0, [], False)
    assert desk("akte", "liste", "--json").json == []


def test_an_archive_that_is_there_is_opened_without_a_word(desk: Desk) -> None:
    with open_catalog(catalog_url(desk.daten)) as catalog:
        archive(catalog, 1)
    ran = desk("akte", "liste", "--json")
    assert (ran.code, len(ran.json), ran.err) == (0, 1, "")


def test_what_needs_no_archive_makes_none(desk: Desk) -> None:
    for words in (("einstellungen",), ("frist", "katalog", "--klassen")):
        ran = desk(*words, "--json")
        assert (ran.code, NEW in ran.err) == (0, False), words
    assert not desk.daten.exists()


def test_a_hold_may_stand_before_the_first_delivery_and_the_new_archive_is_said(desk: Desk) -> None:
    words = ("--person", "4711-08", "--art", "litigation", "--grund", "Klage", "--bezug", "4 K 12/26")
    ran = desk("sperre", "setze", *words, "--json")
    assert (ran.code, NEW in ran.err) == (0, True)


def test_doctor_says_that_it_began_an_archive(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.tryouts.try_validators", lambda _: ())
    ran = desk("doctor", "--ohne-speicher", "--json")
    assert ran.json["parts"]
    assert f"{NEW} {desk.daten}" in ran.err
    again = desk("doctor", "--ohne-speicher", "--json")
    assert NEW not in again.err
    assert "Nicht geprüft sind die Speicher" in again.err, "no part of the answer tells of them, and it is: ok"


def test_a_place_that_cannot_be_a_folder_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "datei").touch()
    ran = Desk(tmp_path / "datei" / "x", monkeypatch)("akte", "liste", "--json")
    assert ran.code == 7
    assert "kein Ordner" in ran.json["text"]


@pytest.mark.real
def test_no_archive_begins_on_stores_that_hold_the_trail_of_another_one(
    tmp_path: Path, s3_pair: tuple[EmbeddedServer, EmbeddedServer]
) -> None:
    head = b"{}"
    S3Store(s3_pair[1].settings(Role.INGEST)).put(f"{PREFIX}{1:012d}-{uuid4().hex[:16]}.json", head, digest_bytes(head))
    daten, delivery = tmp_path / "neu", a_delivery(tmp_path / "stapel")
    stores = json.dumps([a_store(each) for each in s3_pair])
    ran = archiv("annahme", delivery, daten=daten, ARCHIV_STORES=stores)  # ARCHIV_DATABASE was forgotten
    assert ran.code == 7, ran.err
    assert "liegt schon ein Archiv" in ran.err
    assert delivery.is_dir()
    assert not list(daten.rglob("*.sqlite"))
    ran = archiv("doctor", "--ohne-speicher", daten=daten, ARCHIV_STORES=stores)  # nor may it open the way for annahme
    assert (ran.code, "liegt schon ein Archiv" in ran.err) == (7, True)
    assert not list(daten.rglob("*.sqlite"))


@pytest.mark.real
def test_no_archive_begins_in_an_empty_database_on_the_stores_of_another_one(
    tmp_path: Path, postgres: Postgres, s3_pair: tuple[EmbeddedServer, EmbeddedServer]
) -> None:
    """A machine that is new to its archive, with the name of the wrong database; with the right one it is let in."""
    head = b"{}"
    S3Store(s3_pair[1].settings(Role.INGEST)).put(f"{PREFIX}{1:012d}-{uuid4().hex[:16]}.json", head, digest_bytes(head))
    stores = json.dumps([a_store(each) for each in s3_pair])
    empty, delivery = postgres.database(), a_delivery(tmp_path / "stapel")
    for words in (("annahme", delivery), ("doctor", "--ohne-speicher")):
        ran = archiv(*words, daten=tmp_path / "neu", ARCHIV_STORES=stores, ARCHIV_DATABASE=empty)
        assert (ran.code, "ist es die richtige?" in ran.err) == (7, True), ran.err
    assert delivery.is_dir()
    assert not has_begun(empty)
    right = postgres.database()
    with open_catalog(right) as catalog:
        catalog.record_event("begun", by=CLERK, now=NOON)
    ran = archiv("annahme", daten=tmp_path / "neu", ARCHIV_STORES=stores, ARCHIV_DATABASE=right)
    assert ran.code == 0, ran.err


@pytest.mark.real
def test_no_archive_begins_in_a_folder_whose_catalog_and_mark_are_gone(tmp_path: Path) -> None:
    """The packages of an embedded store would become foreign to the new catalog, and its trail another one's."""
    daten = tmp_path / "archiv"
    with open_embedded(daten / "speicher" / "b", name="b", keys=daten / "schluessel" / "b", volume_mb=64) as server:
        S3Store(server.settings(Role.INGEST)).put(f"aip/{UUID(int=1)}/v1/commit.json", b"{}", digest_bytes(b"{}"))
    for words, seconds in ((("doctor", "--ohne-speicher"), "20"), (("annahme",), "0")):
        ran = archiv(*words, daten=daten, ARCHIV_STORE_GRACE_SECONDS=seconds)
        assert ran.code == 7, ran.err
        assert "Im Speicher „b“ liegt schon ein Archiv" in ran.err
        assert not list(daten.rglob("*.sqlite"))
