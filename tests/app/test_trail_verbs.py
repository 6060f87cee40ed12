"""`protokoll zeige` and `akte hole`: forged rows bear a mark, spans hold both their days, odd names and numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import app.trail_verbs
from akten.errors import FixityError
from akten.model import Aktenart
from catalog import audit as catalog_audit
from catalog.catalog import open_catalog
from catalog.locks import EndChange
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import AN_ERROR, CLERK, NOON, archive, receive
from tests.catalog.meddling import guarded, meddle, unguarded

NUMBER = "63-01234-2019"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number=NUMBER)
    return desk


def test_the_last_day_belongs_to_the_span(filled: Desk) -> None:
    day = f"{NOON:%d.%m.%Y}"
    assert filled("protokoll", "zeige", "--von", day, "--bis", day, "--json").json != []
    assert filled("protokoll", "zeige", "--bis", "01.01.2000", "--json").json == []


@pytest.mark.parametrize("span", [("--von", "01.01.0001", "--bis", "31.12.9999"), ("--von", "0001-01-01")])
def test_the_ends_of_the_calendar_are_days_too(span: tuple[str, ...], filled: Desk) -> None:
    assert filled("protokoll", "zeige", *span, "--json").json != []
    assert filled("protokoll", "zeige", "--von", "31.12.9999", "--json").json == []
    assert filled("protokoll", "zeige", "--bis", "01.01.0001", "--json").json == []


def test_a_changed_setting_stands_in_the_trail_from_the_next_intake_on(filled: Desk) -> None:
    filled("annahme")
    filled.monkeypatch.setenv("ARCHIV_ARCHIVE_UNCHECKED", "true")
    filled("annahme")
    shown = filled("protokoll", "zeige", "--benutzer", "anna.meier")
    assert "archive_unchecked: false → true" in " ".join(shown.out.split())


def test_other_spellings_of_an_account_are_named(filled: Desk, tmp_path: Path) -> None:
    """Else the answer to one spelling would be taken for all that a person did."""
    filled("akte", "zeige", NUMBER, login="a.meier")
    filled("akte", "zeige", NUMBER, "--als", "Meier, Anna", login="kasse")
    shown = filled("protokoll", "zeige", "--benutzer", "ANNA.MEIER", "--json")
    assert (shown.json, "auch so im Protokoll stehen: Meier, Anna, a.meier" in shown.err) == ([], True)
    taken = filled("protokoll", "auszug", "--benutzer", "a.meier", "--ziel", tmp_path / "a.json", "--json")
    assert "Meier, Anna" in taken.err
    assert "auch so" not in filled("protokoll", "zeige", "--benutzer", "kasse", "--json").err


def test_who_was_shown_what_pages_say_has_read_them(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, {0: ["Herr Müller beantragt eine Garage"]}, number=NUMBER)
        archive(catalog, 2, {0: ["Ohne das Wort"]}, number="63-00002-2019")

    def readings(number: str) -> list[str]:
        return [e["note"] for e in desk("protokoll", "zeige", number, "--json").json if e["verb"] == "akte.read"]

    assert desk("suche", "--volltext", "Garage", "--json").json[0]["snippets"]
    assert (readings(NUMBER), readings("63-00002-2019")) == (["suche --volltext"], [])
    desk("suche", NUMBER)
    desk("suche", "Bauantrag")
    assert readings(NUMBER) == ["suche --volltext"]


def test_who_was_shown_when_a_period_ends_and_why_has_read_the_akte(desk: Desk, tmp_path: Path) -> None:
    """Lists of the register tell number and Betreff; these tell events, evidence and holds."""
    with open_catalog(desk.url) as catalog:
        due, _ = archive(catalog, 1, number="90-000001-2019", aktenart=Aktenart.STEUERAKTE)
        catalog.report_event(due.uuid, "file_closed", date(2015, 3, 1), "Bl. 7", by=CLERK, now=NOON)
        archive(catalog, 2, number=NUMBER)
    meddle(desk.url, "UPDATE akten SET retention_ends = '2025-12-31' WHERE aktenart = 'Steuerakte'")

    def readings(number: str) -> list[str]:
        return [e["note"] for e in desk("protokoll", "zeige", number, "--json").json if e["verb"] == "akte.read"]

    assert desk("frist", "faellig", "--bis", "2030", "--json").json["total"] == 1
    assert (readings("90-000001-2019"), readings(NUMBER)) == (["frist faellig"], [])
    desk("frist", "faellig", "--bis", "2030", "--ab", "1", "--csv", tmp_path / "liste.csv")
    assert readings("90-000001-2019") == ["frist faellig", "frist faellig --csv"]
    assert [one["aktenzeichen"] for one in desk("frist", "offen", "--aktenart", "Bauakte", "--json").json] == [NUMBER]
    assert desk("frist", "offen", "--ab", "2", "--json").json == []
    assert (len(readings("90-000001-2019")), readings(NUMBER)) == (2, ["frist offen"])


def test_who_was_shown_why_an_akte_is_held_has_read_it_and_of_a_secret_hold_that_tells_nothing(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number=NUMBER)
    common = ("--art", "litigation", "--grund", "Klage", "--bezug", "4 K 12/26", "--json")
    number = desk("sperre", "setze", NUMBER, *common).json["number"]
    secret = desk("sperre", "setze", NUMBER, *common, "--geheim").json["number"]

    def readings() -> list[str]:
        return [e["note"] for e in desk("protokoll", "zeige", NUMBER, "--json").json if e["verb"] == "akte.read"]

    before = readings()
    assert desk("sperre", "zeige", str(secret), "--json").json["reason"] == "Klage"
    assert readings() == before
    assert desk("sperre", "zeige", str(number), "--json").json["reason"] == "Klage"
    assert len(desk("sperre", "liste", "--json").json) == 2
    assert readings() == [*before, "sperre zeige", "sperre liste"]


def test_a_row_shows_the_decision_beside_the_words_for_it(desk: Desk) -> None:
    """Of a case that was solved an auditor saw the reason, and not whether the delivery was let in or given back."""
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number=NUMBER)
        row = receive(catalog, 2, number=NUMBER)
        case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
        catalog.resolve(case.number, "return", "falsche Akte", by=CLERK, now=NOON)
        event = catalog.report_event(row.akte, "structure_demolished", NOON.date(), "Anzeige", by=CLERK, now=NOON)
        catalog.report_event(row.akte, event.ereignis, None, "Irrtum", supersedes=event.number, by=CLERK, now=NOON)
        catalog.record_event("due.round", akten=1, codes={"LK-01": 2}, holds_set=3, by=CLERK, now=NOON)
        ends = EndChange(row.akte, date(2052, 12, 31), "retained", "Katalog 1", NOON.date())
        catalog.locks.record_ends([ends], by=CLERK, now=NOON)
        until = datetime(2051, 12, 31, 23, tzinfo=UTC)
        catalog.locks.propose_shortening(row.akte, until, "Katalog 1", "berichtigt", by=CLERK, now=NOON)
    shown = desk("protokoll", "zeige", NUMBER).out
    assert "von 31.12.2051, Ende 31.12.2052, Katalog Katalog 1" in shown
    assert "bis 31.12.2051 24:00, Katalog Katalog 1 – berichtigt" in shown
    assert "Fall 1, Entscheidung zurückgegeben – falsche Akte" in shown
    assert "Ereignis structure_demolished, ersetzt Nr. 1, geschehen nein" in shown
    round_ = " ".join(desk("protokoll", "zeige", "--benutzer", CLERK.name).out.split())
    assert "Codes LK-01: 2" in round_
    assert "Löschsperren gesetzt 3" in round_


def test_who_asks_what_an_account_read_is_told_which_akten(filled: Desk) -> None:
    filled("akte", "zeige", NUMBER, login="a.meier")
    shown = filled("protokoll", "zeige", "--benutzer", "a.meier").out
    assert f"Bauakte {NUMBER}" in shown
    assert f"Bauakte {NUMBER}" not in filled("protokoll", "zeige", NUMBER).out  # it is asked for


def test_an_empty_number_is_wrong_usage_and_not_the_whole_trail(filled: Desk) -> None:
    ran = filled("protokoll", "zeige", "")
    assert (ran.code, "der Text ist leer" in ran.err) == (2, True)


def test_an_account_whose_name_is_no_text_did_nothing(filled: Desk) -> None:
    assert filled("protokoll", "zeige", "--benutzer", "anna\udcff", "--json").json == []


def test_a_version_that_is_not_there_is_told_by_its_number(filled: Desk) -> None:
    ran = filled("akte", "hole", NUMBER, "--ziel", "heraus", "--version", "0", "--zweck", "x")
    assert (ran.code, "Version 0 nicht" in ran.err) == (2, True)


def test_a_trail_that_is_not_shown_to_its_end_says_so(filled: Desk) -> None:
    events = filled("protokoll", "zeige", NUMBER, "--json")
    assert "ältesten" not in events.err
    all_of_it = filled("protokoll", "zeige", NUMBER, "--anzahl", str(len(events.json)), "--json")
    assert (all_of_it.json, "ältesten" in all_of_it.err) == (events.json, False)
    some = filled("protokoll", "zeige", NUMBER, "--anzahl", "3", "--json")
    assert (some.code, some.json) == (0, events.json[:3])
    assert "Das sind nur die ältesten 3" in some.err


@pytest.mark.parametrize(
    ("statements", "code", "seq"),
    [
        (["UPDATE trail SET body = replace(body, 'm.schmitz', 'x.xxxxxxx') WHERE seq = 3"], "TR-01", 3),
        (["UPDATE trail SET hash = 'x' || substr(hash, 2) WHERE seq = 3"], "TR-01", 3),
        (["DELETE FROM trail WHERE seq = 3"], "TR-02", 4),
        (["UPDATE trail SET prev = hash WHERE seq = 4"], "TR-03", 3),
        (['UPDATE trail_notes SET note = \'{"salt": "00", "text": "nie gesagt"}\''], "TR-09", 9),
    ],
)
def test_a_forged_row_is_shown_with_a_mark_and_as_damage(
    filled: Desk, statements: list[str], code: str, seq: int
) -> None:
    """Who reads what an Akte met must not take a forged line for a true one because nobody ran the check first."""
    with open_catalog(filled.url) as catalog:
        akte = catalog.akte_by_aktenzeichen(NUMBER)[0].uuid
        catalog.read_access(akte, "Einsicht", by=CLERK, now=NOON)
    good = filled("protokoll", "zeige", NUMBER, "--json")
    assert (good.code, {event["broken"] for event in good.json}) == (0, {""})
    noted = next(event["seq"] for event in good.json if event["note"] == "Einsicht")
    meddle(filled.url, *unguarded(filled.url), *statements, *guarded(filled.url))
    bad = filled("protokoll", "zeige", NUMBER, "--json")
    assert bad.code == 5
    assert (noted if code == "TR-09" else seq, code) in {(event["seq"], event["broken"]) for event in bad.json}
    shown = filled("protokoll", "zeige", NUMBER)
    assert (shown.code, f"({code})" in shown.out) == (5, True)
    assert "archiv protokoll pruefe" in shown.err


@pytest.mark.parametrize("day", ["2026-99-99", "9999-12-31T23:30:00+00:00", "2026-11-23T25:61:00Z"])
def test_a_forged_row_with_a_day_that_is_none_is_shown_like_any_other(filled: Desk, day: str) -> None:
    forge = f"""UPDATE trail SET body = replace(body, '"examined"', '"{day}"')"""  # noqa: S608 - our own
    meddle(filled.url, *unguarded(filled.url), forge, *guarded(filled.url))
    shown = filled("protokoll", "zeige", NUMBER)
    assert (shown.code, f"nach {day}" in " ".join(shown.out.split()), "(TR-01)" in shown.out) == (5, True, True)


@pytest.mark.parametrize(
    "body", ["kein JSON", "{}", "[]", '{"at": "gestern", "by": "x", "kind": "login", "verb": "v"}']
)
def test_a_row_that_cannot_be_read_any_more_is_damage_and_no_bug(filled: Desk, body: str) -> None:
    meddle(filled.url, *unguarded(filled.url), f"UPDATE trail SET body = '{body}' WHERE seq = 3")  # noqa: S608 - our own
    with open_catalog(filled.url) as catalog, pytest.raises(FixityError, match="Zeile 3 des Protokolls ist unlesbar"):
        catalog.events_of(limit=None)


@pytest.mark.parametrize(
    "body", ["kein JSON", "[]", '{"data": 5}', '{"data": {"content": 1, "commit": []}}', "[" * 9000]
)
def test_the_check_of_the_trail_survives_any_body_of_a_stored_package(filled: Desk, body: str) -> None:
    forge = f"UPDATE trail SET body = '{body}' WHERE verb = 'package.stored'"  # noqa: S608 - our own
    meddle(filled.url, *unguarded(filled.url), forge, *guarded(filled.url))
    ran = filled("protokoll", "pruefe", "--json")
    assert (ran.code, ran.json["verdict"]) == (5, "failed")
    assert "TR-01" in {finding["code"] for finding in ran.json["findings"]}


def test_over_a_hash_that_is_none_no_seal_is_made_and_that_is_damage(filled: Desk, tmp_path: Path) -> None:
    forge = "UPDATE trail SET hash = 'x' || substr(hash, 2) WHERE seq = 3"
    meddle(filled.url, *unguarded(filled.url), forge, *guarded(filled.url))
    ran = filled("protokoll", "auszug", NUMBER, "--ziel", tmp_path / "a.json")
    assert (ran.code, "Zeile 3 des Protokolls wurde nachträglich geändert" in ran.err) == (5, True)
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize(("most", "cut"), [(2, True), (3, False)])
def test_a_list_of_findings_that_was_cut_off_is_not_taken_for_all_of_them(desk: Desk, most: int, cut: bool) -> None:
    """A hundred changed Akten of many thousands were named as if they were all, and nothing else was looked at."""
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number=NUMBER)
        archive(catalog, 2, number="63-01235-2019")
    meddle(desk.url, "UPDATE akten SET betreff = 'anders'")
    desk.monkeypatch.setattr(app.trail_verbs, "published_heads", lambda services: ((), ()))
    desk.monkeypatch.setattr(catalog_audit, "_MAX_FINDINGS", most)
    told = desk("protokoll", "pruefe", "--json")
    assert (told.code, told.json["cut"]) == (5, cut)
    assert [each["severity"] for each in told.json["findings"]].count("error") == 2
    assert ("nicht alle Befunde" in desk("protokoll", "pruefe").out) is cut
