"""`archiv akte berichtige` to `gib-frei` as two persons call them: words, JSON, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from akten.errors import Unavailable
from akten.package import Lock
from catalog.actor import Actor
from catalog.catalog import open_catalog
from flows import correction
from flows.settings import read_settings
from flows.wiring import Services
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.asked import asked
from tests.catalog.meddling import meddle
from tests.flows.correctionworld import World, an_akte
from tests.flows.packingworld import NOW
from tests.memory_store import MemoryStore

AKTE = "63-1-20"
RIGHT = ("--betreff", "Anbau Wintergarten")
WHY = ("--grund", "Tippfehler")
SEEN = ("--grund", "verglichen")


@pytest.fixture(autouse=True)
def world(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """One archived Akte with a mistyped Betreff, in two stores in memory."""
    stores = [MemoryStore(name, clock=lambda: NOW) for name in ("a", "b")]
    monkeypatch.setattr(Services, "stores", property(lambda _: tuple(stores)))
    monkeypatch.setattr(Services, "stores_to_read", lambda _: (tuple(stores), {}))
    world = World(tmp_path / "welt", stores)
    with open_catalog(catalog_url(desk.daten)) as catalog:
        world.catalog = catalog
        world.settings = read_settings(daten=desk.daten)
        an_akte(world)
    return world


@pytest.fixture
def akte(world: World) -> str:
    """The UUID of that Akte."""
    (uuid,) = world.made
    return str(uuid)


def test_one_short_call_and_a_second_person_put_a_betreff_right(desk: Desk, akte: str) -> None:
    ran = desk("akte", "berichtige", AKTE, *RIGHT, *WHY)
    assert ran.code == 0
    assert "Betreff: Anbau Wintergraten → Anbau Wintergarten" in ran.out
    assert "akte gib-frei 63-00001-2020 --band 1 --grund" in " ".join(ran.out.split())
    ran = desk("akte", "berichtigungen")
    assert (ran.code, "Wintergraten → " in ran.out, "wartet" in ran.out, "Tippfehler" in ran.out) == (
        0, True, True, True,
    )  # fmt: skip
    assert desk("akte", "gib-frei", AKTE, *SEEN).code == 4
    ran = desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz")
    assert (ran.code, "berichtigt als Version 2" in ran.out, "2 Kopien" in ran.out) == (0, True, True)
    assert desk("akte", "berichtigungen", "--json").json == []
    again = desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz")
    assert (again.code, "ist ausgeführt: Version 2" in again.err) == (4, True)
    assert [hit["betreff"] for hit in desk("suche", "Wintergarten", "--json").json] == ["Anbau Wintergarten"]
    assert desk("suche", "Wintergraten", "--json").json == []


def test_what_is_not_locked_since_its_period_is_over_is_not_called_locked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, *WHY)
    monkeypatch.setattr(correction, "first_lock", lambda *_: Lock(None))
    monkeypatch.setattr(correction, "follow_at_intake", lambda *_: ())
    text = " ".join(desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz").out.split())
    assert "2 Kopien abgelegt, nicht gesperrt (archiv frist zeige) und ganz zurückgelesen." in text


def test_versions_are_shown_with_what_they_brought(desk: Desk, akte: str) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, *WHY)
    desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz")
    shown = desk("akte", "zeige", AKTE, "--json").json
    first, second = (package["correction"] for package in shown["packages"])
    assert first is None
    assert (second["of"], second["reason"], second["release_reason"]) == (1, "Tippfehler", "verglichen")
    assert (second["proposed_by"], second["released_by"]) == ("anna.meier", "b.schulz")
    assert next((c["part"], c["field"], c["before"], c["after"]) for c in second["changes"]) == (
        "akte", "betreff", "Anbau Wintergraten", "Anbau Wintergarten",
    )  # fmt: skip
    text = " ".join(desk("akte", "zeige", AKTE).out.split())
    assert "Berichtigung von Version 1: Tippfehler" in text
    assert "vorgeschlagen von anna.meier" in text
    assert "freigegeben von b.schulz" in text


def test_the_trail_tells_it_in_words(desk: Desk, akte: str) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, "--zda-datum", "4.3.2020", *WHY)
    desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz")
    text = " ".join(desk("protokoll", "zeige", AKTE).out.split())
    for words in ("Berichtigung vorgeschlagen", "Berichtigung freigegeben", "Berichtigung beendet"):
        assert words in text
    assert "04.03.2021 → 04.03.2020" in text
    assert "Berichtigung begonnen" in text
    assert desk("protokoll", "pruefe", "--json").json["verdict"] != "failed"


def test_the_answers_have_the_promised_fields(desk: Desk, akte: str) -> None:
    ran = desk("akte", "berichtige", AKTE, "--dokument", "1", "--betreff", "Bauantrag", *WHY, "--json")
    assert ran.code == 0
    assert (ran.json["akte"], ran.json["version"], ran.json["released_by"]) == (akte, 1, None)
    (change,) = ran.json["changes"]
    assert change.keys() == {"part", "uuid", "name", "field", "before", "after"}
    assert (change["part"], change["field"], change["after"]) == ("dokument", "betreff", "Bauantrag")
    assert desk("akte", "berichtigungen", "--json").json == [ran.json]
    done = desk("akte", "gib-frei", AKTE, *SEEN, "--json", login="b.schulz").json
    assert done.keys() == {
        "akte", "aktenzeichen", "name", "version", "changes", "retention_ends", "copies", "findings", "not_checked",
    }  # fmt: skip
    assert (done["version"], done["changes"]) == (2, [change])
    assert [(copy["store"], copy["verified"], bool(copy["version_id"])) for copy in done["copies"]] == [
        ("a", True, True),
        ("b", True, True),
    ]


def test_a_file_corrects_many_values_and_a_fault_in_it_is_told_with_its_line(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "berichtigung.yaml"
    file.write_text("betreff: Anbau Wintergarten\nzda_datum: 1.1.2099\n", encoding="utf-8")
    ran = desk("akte", "berichtige", AKTE, "--datei", file, *WHY, "--json")
    assert (ran.code, [f["code"] for f in ran.json["findings"]]) == (3, ["IN-22"])
    assert ran.json["findings"][0]["where"] == "berichtigung.yaml, Zeile 2, zda_datum"
    file.write_text("betreff: Anbau Wintergarten\nfelder:\n  Flurstück: 12/346\n", encoding="utf-8")
    ran = desk("akte", "berichtige", AKTE, "--datei", file, *WHY, "--json")
    assert (ran.code, [change["field"] for change in ran.json["changes"]]) == (
        0, ["betreff", "felder.Flurstück", "betreff"],
    )  # fmt: skip


def test_days_at_odds_and_the_period_are_told_to_both_persons_and_on_the_receipt(desk: Desk) -> None:
    file = desk.daten.parent / "berichtigung.yaml"
    file.write_text("laufzeit: {beginn: 1.1.2020, ende: 1.6.2020}\nzda_datum: 2.2.2020\n", encoding="utf-8")
    proposed = desk("akte", "berichtige", AKTE, "--datei", file, *WHY)
    listed = desk("akte", "berichtigungen")
    done = desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz")
    for ran in (proposed, listed, done):
        text = " ".join(ran.out.split())
        assert "Bitte ansehen: Das z.d.A.-Datum (02.02.2020) liegt vor dem Ende der Laufzeit (01.06.2020)." in text
        assert "Aufzubewahren bis: offen oder dauernd (archiv frist zeige), unverändert" in text
    ran = desk("akte", "berichtige", AKTE, "--zda-datum", "3.3.2020", *WHY, "--json")
    assert ran.json["retention_ends"] == {"before": None, "after": None}
    assert [finding["code"] for finding in ran.json["findings"]] == ["WF-53"]


def test_type_days_and_number_of_every_part_are_shown_as_corrections_take_them(desk: Desk) -> None:
    file = desk.daten.parent / "berichtigung.yaml"
    file.write_text(
        "vorgaenge: [{vorgang: 1, typ: Verfahren, laufzeit: {beginn: 2.1.2020}}]\n"
        "dokumente: [{dokument: 1, posteingang: 5.3.2020}]\n",
        encoding="utf-8",
    )
    assert desk("akte", "berichtige", AKTE, "--datei", file, *WHY).code == 0
    assert desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz").code == 0
    ran = desk("akte", "berichtige", AKTE, "--dokument", "1", "--posteingang", "6.3.2020", *WHY)
    assert "Tag des Posteingangs: 05.03.2020 → 06.03.2020" in ran.out
    text = desk("akte", "zeige", AKTE).out
    assert "Vorgang 1: " in text
    assert "(Typ Verfahren, ab 02.01.2020)" in text
    assert "Posteingang" in text
    assert "05.03.2020" in text
    shown = desk("akte", "zeige", AKTE, "--json").json
    assert [(v["typ"], v["laufzeit"]) for v in shown["vorgaenge"]] == [("Verfahren", ["2020-01-02", None])]
    assert [d["posteingang"] for d in shown["documents"]] == ["2020-03-05"]


def test_what_was_killed_after_its_release_is_ended_by_the_next_intake_and_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, *WHY)

    def stops(*_: object, **__: object) -> None:
        raise Unavailable("Speicher „b“ antwortet nicht.")

    with monkeypatch.context() as patched:
        patched.setattr(correction, "store_package", stops)
        assert desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz").code == 6
        ran = desk("annahme")
        assert (ran.code, "kommt noch nicht zu Ende: Speicher „b“ antwortet nicht." in ran.err) == (6, True)
    ran = desk("annahme", "--json", login="c.vogt")
    assert (ran.code, ran.json) == (0, [])
    assert "Berichtigung von Bauakte 63-00001-2020 war abgebrochen; jetzt ist sie Version 2." in ran.err
    assert desk("akte", "berichtigungen", "--json").json == []


def test_the_list_of_many_comes_in_pages_and_each_page_asks_no_more_than_one_of_a_single(
    desk: Desk, world: World
) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, *WHY)
    with asked() as one:
        desk("akte", "berichtigungen")
    with open_catalog(catalog_url(desk.daten)) as catalog:
        world.catalog = catalog
        for number in range(2, 8):
            an_akte(world, str(number), aktenzeichen=f"63-{number}-20")
    for number in range(2, 8):
        desk("akte", "berichtige", f"63-{number}-20", *RIGHT, *WHY)
    with asked() as many:
        everything = desk("akte", "berichtigungen")
    assert len(many) == len(one)
    assert everything.out.count("\n  Betreff: Anbau Wintergraten → ") == 7
    assert "7 von 7" in everything.out
    first = desk("akte", "berichtigungen", "--anzahl", "2", "--ab", "1", "--json")
    assert [each["aktenzeichen"] for each in first.json] == ["63-00002-2020", "63-00003-2020"]
    assert "2 von 7; weiter mit --ab 3" in first.err
    assert {each["retention_ends"] is None for each in first.json} == {False}
    beyond = desk("akte", "berichtigungen", "--ab", "7")
    assert ("0 von 7" in beyond.out, "Keine" in beyond.out) == (True, False)


def test_one_of_which_nobody_can_read_what_was_told_keeps_no_other_from_being_listed(desk: Desk, world: World) -> None:
    with open_catalog(catalog_url(desk.daten)) as catalog:
        world.catalog = catalog
        an_akte(world, "zwei", aktenzeichen="63-2-20")
    for number in (1, 2):
        desk("akte", "berichtige", f"63-{number}-20", *RIGHT, *WHY)
    meddle(desk.url, "UPDATE deliveries SET slip = '{' WHERE aktenzeichen = '63-00002-2020'")
    ran = desk("akte", "berichtigungen", "--json")
    assert (ran.code, [each["retention_ends"] is None for each in ran.json]) == (0, [False, True])


def test_given_up_by_either_it_is_gone(desk: Desk) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, *WHY)
    ran = desk("akte", "verwirf", AKTE, "--grund", "doch richtig")
    assert (ran.code, "Verworfen: Bauakte 63-00001-2020" in ran.out) == (0, True)
    assert desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz").code == 4


@pytest.mark.parametrize("released", [False, True])
def test_a_proposal_that_a_new_version_overtook_is_listed_as_such(desk: Desk, world: World, released: bool) -> None:
    desk("akte", "berichtige", AKTE, *RIGHT, *WHY)
    with open_catalog(catalog_url(desk.daten)) as catalog:
        world.catalog = catalog
        (waits,) = catalog.corrections.open()
        if released:  # and a Nachscan was faster
            about = waits.proposal.akte, waits.proposal.number, 1, "verglichen"
            catalog.corrections.release(*about, by=Actor("b.schulz"), now=world.now())
        world.archive(version=2, slip={"aktenzeichen": AKTE, "betreff": "Anbau Wintergraten"})
    ran = desk("akte", "berichtigungen")
    assert ("überholt" in ran.out, "wartet" in ran.out) == (True, False)
    assert desk("akte", "gib-frei", AKTE, *SEEN, login="b.schulz").code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("berichtige", AKTE, *WHY), 2, "was anders werden soll"),
        (("berichtige", AKTE, *RIGHT), 2, "--grund"),
        (("berichtige", AKTE, "--betreff", "", *WHY), 2, "leer"),
        (("berichtige", AKTE, "--feld", "Flurstück", *WHY), 2, "NAME=WERT"),
        (("berichtige", AKTE, "--feld", "A=1", "--feld", "A=2", *WHY), 2, "zweimal"),
        (("berichtige", AKTE, "--vorgang", "1", "--dokument", "1", *RIGHT, *WHY), 2, "entweder"),
        (("berichtige", AKTE, "--dokument", "7", *RIGHT, *WHY), 2, "gibt es in dieser Akte nicht"),
        (("berichtige", "63-9-20", *RIGHT, *WHY), 2, "keine Akte"),
        (("berichtige", AKTE, "--betreff", "Anbau Wintergraten", *WHY), 3, "steht schon so"),
        (("berichtige", AKTE, "--zda-datum", "1.1.2099", *WHY), 3, "Zukunft"),
        (("berichtige", AKTE, "--laufzeit-beginn", "2.1.2020", "--laufzeit-ende", "1.1.2020", *WHY), 3, "vor ihrem"),
        (("berichtige", AKTE, "--aktenzeichen", "63-2", *WHY), 3, "kein Aktenzeichen der Aktenart Bauakte"),
        (("berichtige", AKTE, "--vorgang", "1", "--zda-datum", "1.1.2020", *WHY), 3, "gibt es hier nicht"),
        (("berichtige", AKTE, "--datum", "1.1.2020", *WHY), 3, "gehört zu einem Dokument (--dokument"),
        (("berichtige", AKTE, "--zeichen", "Z", *WHY), 3, "gehört zu einem Vorgang (--vorgang"),
        (("berichtige", AKTE, "--dokument", "1", "--federfuehrung", "Z", *WHY), 3, "gehört zur Akte selbst"),
        (("gib-frei", AKTE, *SEEN), 4, "kein Vorschlag"),
        (("verwirf", AKTE, *SEEN), 4, "kein Vorschlag"),
    ],
)
def test_what_cannot_be_is_said_with_its_code(desk: Desk, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = desk("akte", *arguments)
    assert (ran.code, words in " ".join(ran.err.split())) == (code, True), ran.err
