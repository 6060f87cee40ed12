"""`archiv sperre`, `archiv akte verweis|vergiss`: set, shown, lifted by a second person; secret holds stay secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.catalog import open_catalog
from flows.locks import DueSummary, StoreTally
from flows.wiring import Services
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.catalog.build import CLERK, NOON, archive

NUMBER = "63-01234-2019"
WHY = ("--grund", "Klage gegen Bescheid", "--bezug", "VG Düsseldorf 4 K 12/26")
ON_AKTE = ("sperre", "setze", NUMBER, "--art", "litigation", *WHY)
SECRET = ("sperre", "setze", "--abfrage", "betreff=Hafenstraße", "--art", "litigation", "--grund", "Verdacht Ostwall")
SECRET += ("--bezug", "12 Js 34/26", "--stelle", "Korruptionsstelle", "--bis", "31.12.2131", "--geheim")
UUIDS = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
WORDS = ("litigation", "Rechtsstreit", "Ostwall", "12 Js", "Korruption", "2131", "Hafenstraße", "hafenstrasse", "query")


def stands_in(told: str, word: str) -> bool:
    """A year by itself: any four digits stand in a digest, a UUID or a longer number some day."""
    if not word.isdigit():
        return word in told
    return re.search(rf"(?<![0-9a-f]){word}(?![0-9a-f])", UUIDS.sub("", told)) is not None


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that is copied for every test."""
    daten = tmp_path_factory.mktemp("register")
    with open_catalog(catalog_url(daten)) as catalog:
        felder = (("Personalnummer", "4711-08"),)
        akte, _ = archive(catalog, 1, number=NUMBER, betreff="Bauantrag Hafenstr. 5", felder=felder)
        catalog.classify(akte.uuid, ("building.permit-file",), "Aufbau", by=CLERK, now=NOON)
        archive(catalog, 2, number="63-00002-2020", betreff="Anbau", felder=(("Flur", "12"), ("Flurstück", "345/2")))
    return daten


@pytest.fixture
def filled(desk: Desk, register: Path) -> Desk:
    return desk.filled_from(register)


def test_a_hold_is_set_shown_and_lifted_by_a_second_person(filled: Desk) -> None:
    made = filled(*ON_AKTE, "--json")
    assert (made.code, made.json["number"], made.json["state"], made.json["akten"]) == (0, 1, "active", 1)
    assert "Gesperrt durch Nr. 1" in filled("akte", "zeige", NUMBER).out
    assert filled("akte", "zeige", NUMBER, "--json").json["holds"][0]["reference"] == "VG Düsseldorf 4 K 12/26"
    assert [h["number"] for h in filled("sperre", "zeige", NUMBER, "--json").json["holds"]] == [1]
    lift = ("sperre", "hebe-auf", "1", "--grund", "Urteil")
    for login, als in (("anna.meier", ()), ("NEUSS\\Anna.Meier", ()), ("anna.meier", ("--als", "leitung"))):
        assert filled(*lift, *als, login=login).code == 4
    assert filled(*lift, "--als", "Meier, Anna", login="bernd.schulz").code == 4
    lifted = filled(*lift, "--json", login="bernd.schulz")
    assert (lifted.code, lifted.json["state"], lifted.json["lifted_by"]) == (0, "lifted", "bernd.schulz")
    assert filled("sperre", "zeige", NUMBER, "--json").json["holds"] == []
    assert filled("sperre", "liste", "--json").json == []
    (told,) = filled("sperre", "liste", "--alle", "--json").json
    assert told["lifted_reason"] == "Urteil"
    assert "Urteil" in filled("sperre", "zeige", "1").out
    assert filled(*lift, login="bernd.schulz").code == 4


def test_days_of_a_hold_are_told_as_a_clerk_writes_them_and_as_the_calendar_in_berlin_shows_them(
    filled: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    monkeypatch.setattr(Services, "now", lambda _: night)
    filled(*ON_AKTE, "--von", "2026-11-01", "--bis", "31.12.2028")
    filled("sperre", "verlaengere", "1", "--grund", "Berufung", "--bis", "31.12.2030")
    told = filled("sperre", "zeige", "1").out
    for line in (
        "von: 01.11.2026",
        "bis: 31.12.2030",
        "gesetzt: anna.meier, 24.11.2026",
        "24.11.2026 anna.meier: Ende",
    ):
        assert line in told
    assert "31.12.2030" in filled("sperre", "liste").out


@pytest.mark.parametrize(("number", "exit_code"), [(5, 5), (6, 8)])
def test_a_copy_that_a_hold_found_gone_is_told_as_json_and_as_damage(
    filled: Desk, monkeypatch: pytest.MonkeyPatch, number: int, exit_code: int
) -> None:
    code = f"LK-{number:02}"  # that one of these arises at all is shown in tests/flows
    summary = DueSummary(stores={"a": StoreTally(copies=1, not_checked=1)})
    summary.finding(code, "Bauakte 63-01234-2019 v1, Speicher a", "Die Kopie ist nicht mehr da.")
    monkeypatch.setattr("tests.app.desk.DueSummary", lambda: summary)
    made = filled(*ON_AKTE, "--json")
    assert (made.code, [finding["code"] for finding in made.json["stores"]["findings"]]) == (exit_code, [code])


def test_a_hold_is_extended_by_one_and_shortened_by_two(filled: Desk) -> None:
    filled(*ON_AKTE, "--bis", "31.12.2028")
    more = ("sperre", "verlaengere", "1", "--grund", "Berufung")
    extended = filled(*more, "--bis", "31.12.2030", "--json").json
    assert extended["until"] == "2030-12-31"
    # One that was over holds again: the stores follow at once, as when it was set.
    assert extended["stores"] == {"set": 0, "lifted": 0, "not_checked": 0, "findings": []}
    assert filled(*more, "--bis", "31.12.2029").code == 4
    assert filled(*more, "--bis", "31.12.2029", login="bernd.schulz").code == 0
    assert filled(*more, "--offen", "--json").json["until"] is None
    assert filled(*more).code == 2
    assert filled(*more, "--offen", "--bis", "31.12.2030").code == 2
    assert "31.12.2028 → 31.12.2030" in filled("sperre", "zeige", "1").out


@pytest.mark.parametrize(
    "scope",
    [
        (),
        (NUMBER, "--person", "4711"),
        ("--abfrage", "farbe=rot"),
        ("--abfrage", "aktenart=Kochbuch"),
        ("--abfrage", "klasse=nichts"),
        ("--abfrage", "aktenzeichen=?"),
        ("--abfrage", "betreff=§"),
        ("--abfrage", "betreff=-"),
        ("--abfrage", "von=01.01.2020", "--abfrage", "bis=31.12.2010"),
        ("--flurstueck", "345/2"),
        ("--flurstueck", "Flur 1, 2 und 3"),
        ("--person", "-"),
        ("99-1",),
    ],
)
def test_a_scope_that_is_none_is_refused(filled: Desk, scope: tuple[str, ...]) -> None:
    assert filled("sperre", "setze", *scope, "--art", "litigation", *WHY).code in (2, 3, 4)
    assert filled("sperre", "liste", "--json").json == []


def test_an_unknown_key_is_refused_with_the_list(filled: Desk) -> None:
    ran = filled("sperre", "setze", NUMBER, "--art", "streit", *WHY)
    assert ran.code == 2
    assert "litigation" in ran.err
    assert "unterbrechung" in ran.err


def test_a_secret_hold_that_would_move_dates_is_refused(filled: Desk) -> None:
    ran = filled("sperre", "setze", NUMBER, "--art", "ablaufhemmung_ao147", *WHY, "--geheim")
    assert ran.code == 4
    assert "am Datum verraten" in ran.err


@pytest.mark.parametrize(
    "scope",
    [
        ("--person", "471108"),
        ("--flurstueck", "Flur 3, 7"),
        ("--abfrage", "aktenzeichen=63-9"),
        ("--abfrage", "aktenart=bauakte"),
    ],
)
def test_what_is_archived_later_is_held_at_once(filled: Desk, scope: tuple[str, ...]) -> None:
    filled("sperre", "setze", *scope, "--art", "litigation", *WHY)
    with open_catalog(filled.url) as catalog:
        felder = (("Personalnummer", "4711 08"), ("Flur", "3"), ("Flurstück", "7"))
        archive(catalog, 3, number="63-00900-2026", felder=felder)
        archive(catalog, 4, number="63-90000-2026", felder=felder)
    assert filled("akte", "zeige", "63-90000-2026", "--json").json["holds"][0]["number"] == 1


def test_a_query_is_shown_as_it_was_typed(filled: Desk) -> None:
    """`aktenarten: ['Bauakte']` is no German."""
    parts = ("aktenart=Bauakte", "betreff=Hafenstraße", "von=1.2.2019")
    wanted = [word for part in parts for word in ("--abfrage", part)]
    filled("sperre", "setze", *wanted, "--art", "litigation", *WHY)
    shown = "Abfrage aktenart=Bauakte, betreff=Hafenstraße, von=01.02.2019"
    assert shown in filled("sperre", "zeige", "1").out
    assert "aktenart=Bauakte" in filled("sperre", "liste").out


def test_nothing_of_a_secret_hold_reaches_others(filled: Desk) -> None:
    assert filled(*SECRET, "--leser", "bernd.schulz", login="rechtsamt").code == 0
    assert filled(*SECRET, login="rechtsamt").code == 0
    looks = [
        ("sperre", "liste"),
        ("sperre", "liste", "--alle"),
        ("sperre", "liste", "--art", "litigation"),
        ("sperre", "liste", "--text", "Ostwall"),
        ("sperre", "zeige", "1"),
        ("sperre", "zeige", NUMBER),
        ("sperre", "hebe-auf", "1", "--grund", "neugierig"),
        ("sperre", "verlaengere", "1", "--offen", "--grund", "neugierig"),
        ("akte", "zeige", NUMBER),
        ("akte", "liste"),
        ("akte", "liste", "--sortiert", "frist"),
        ("akte", "verweis", NUMBER),
        ("akte", "vergiss", "--person", "4711-08", "--grund", "Art. 17 DSGVO"),
        ("ereignis", "liste", NUMBER),
        ("frist", "zeige", NUMBER),
        ("frist", "zeige", NUMBER, "--am", "01.01.2040"),
        ("frist", "offen"),
        ("suche", NUMBER),
        ("suche", "Ostwall"),
        ("protokoll", "zeige", NUMBER),
        ("protokoll", "zeige", "--von", "01.01.2020"),
        ("protokoll", "zeige", "--benutzer", "rechtsamt"),
    ]
    mine = ("Hafenstr. 5", "Ostwall“", "Bauantrag Hafenstr")  # what the Akte is called, and what was just asked
    for look in looks:
        for how in ((), ("--json",), ("--als", "rechtsamt"), ("--als", "bernd.schulz")):
            ran = filled(*look, *how, login="neugierig")
            told = ran.out + ran.err
            for known in mine:
                told = told.replace(known, "")
            if look[1:] == ("zeige", NUMBER, "--am", "01.01.2040"):
                told = told.replace("2040", "")
            leaked = [word for word in WORDS if stands_in(told, word) and word not in look]
            assert leaked == [], (look, how, told)
    held = filled("sperre", "zeige", NUMBER, "--json", login="neugierig").json["holds"]
    assert held == [{"number": None, "state": "gesperrt"}]
    assert filled("sperre", "zeige", "1", "--json", login="neugierig").json == {"number": 1, "state": "gesperrt"}
    assert filled("sperre", "liste", "--text", "Ostwall", "--json", login="neugierig").json == []
    assert "Sperre: gesperrt." in filled("frist", "zeige", NUMBER, login="neugierig").out
    assert filled("akte", "vergiss", "--person", "4711-08", "--grund", "Art. 17", login="neugierig").code == 4
    seen = filled("sperre", "zeige", NUMBER, "--json", login="bernd.schulz").json["holds"]
    assert [hold["number"] for hold in seen] == [1, None]
    assert filled("sperre", "hebe-auf", "1", "--grund", "eingestellt", login="bernd.schulz").code == 0


def test_a_person_is_noted_and_forgotten(filled: Desk) -> None:
    noted = filled("akte", "verweis", NUMBER, "--person", "Meier, Anna", "--json")
    assert [r["value"] for r in noted.json["references"]] == ["4711-08", "Meier, Anna"]
    assert filled("akte", "verweis", NUMBER, "--flurstueck", "irgendwo").code == 2
    gone = filled("akte", "vergiss", "--person", "anna meier", "--grund", "Art. 17 DSGVO", "--json")
    assert gone.json == {"deleted": 1}
    assert [r["value"] for r in filled("akte", "verweis", NUMBER, "--json").json["references"]] == ["4711-08"]
    with open_catalog(filled.url) as catalog:
        anchor = catalog.head()
        assert anchor is not None
        assert catalog.verify_trail([anchor]).findings == ()


def test_a_hold_that_holds_nothing_says_so(filled: Desk) -> None:
    how = ("--art", "litigation", "--grund", "Klage", "--bezug", "4 K 12/26")
    over = filled("sperre", "setze", NUMBER, *how, "--bis", "31.12.2020")
    assert (over.code, "ihr Ende ist vorbei, sie sperrt nichts" in over.out) == (0, True)
    nobody = filled("sperre", "setze", "--person", "Nie Dagewesen", *how)
    assert (nobody.code, "bitte die Schreibweise prüfen" in " ".join(nobody.out.split())) == (0, True)
