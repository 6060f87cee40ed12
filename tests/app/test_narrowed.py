"""What a call says of nothing found is true under what it was narrowed to, and what narrows nothing is wrong usage."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from uuid import UUID

import pytest

from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import AN_ERROR, CLERK, NOON, a_page, a_pdfa, archive, receive

NUMBER = "63-01234-2019"
ID = UUID("00000000-0000-0000-0000-00000000d0c1")
HOLD = ("--art", "litigation", "--grund", "Klage", "--bezug", "VG 4 K 12/26")


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """Two Bände of a Bauakte that wait for an event, one of them held, and a page to look at."""
    with open_catalog(desk.url) as catalog:
        first = archive(catalog, 1, number=NUMBER)[0]
        archive(catalog, 2, number=NUMBER, band=2)
        catalog.classify(first.uuid, ("building.permit-file",), "Aufbau", by=CLERK, now=NOON)
        dokument, read = first.dokumente[0].uuid, receive(catalog, 3)
        pages = [a_page(1, "shclecht", 41.0)]
        catalog.record_recognised(read.uuid, {dokument: a_pdfa(dokument, pages)}, by=CLERK, now=NOON)
        (desk.daten / read.folder / "lieferung").mkdir(parents=True)
        catalog.to_clearing(read.uuid, [AN_ERROR], owner="Scanstelle", next_step="y", by=CLERK, now=NOON)
    assert desk("sperre", "setze", NUMBER, "--band", "2", *HOLD).code == 0
    return desk


NARROWED = "so, wie hier eingegrenzt ist."


@pytest.mark.parametrize(
    ("words", "untrue", "told"),
    [
        (("sichtung", "liste", "--ab", "7"), "Keine Seite wartet", "0 von 1"),
        (("frist", "offen", "--bis", "1990"), "auf ein Ereignis", f"Keine Akte wartet {NARROWED}"),
        (("frist", "faellig", "--bis", "2030", "--aktenart", "Steuerakte"), "Bis Ende 2030", "Keine Frist endet so"),
        (("akte", "liste", "--aktenart", "Steuerakte"), "Keine Akten", f"Keine Akte ist {NARROWED}"),
        (("klaerung", "liste", "--aktenart", "Steuerakte"), "leer", f"Kein Fall ist {NARROWED}"),
        (("sperre", "liste", "--text", "Hafen"), "Keine Sperren", f"Keine Sperre ist {NARROWED}"),
        (("sperre", "liste", "--art", "archive_offer"), "Keine Sperren", f"Keine Sperre ist {NARROWED}"),
        (("protokoll", "stichprobe", "--anzahl", "1", "--aktenart", "Steuerakte"), "keine Akte", "keine Steuerakte"),
    ],
)
def test_nothing_found_under_a_filter_is_not_nothing_there(
    filled: Desk, words: tuple[str, ...], untrue: str, told: str
) -> None:
    ran = filled(*words)
    assert ran.code == 0
    assert untrue not in ran.out
    assert told in ran.out


@pytest.mark.parametrize(
    "words",
    [
        ("suche", " "),
        ("suche", "\u00ad\u200b\ufe0f"),
        ("protokoll", "zeige", "--benutzer", ""),
        ("klaerung", "liste", "--wer", ""),
        ("sperre", "liste", "--art", ""),
        ("frist", "offen", "--ereignis", ""),
        ("frist", "faellig", "--bis", "2030", "--klasse", ""),
        ("akte", "hole", NUMBER, "--band", "1", "--ziel", "x", "--zweck", " "),
        ("akte", "vergiss", "--person", "", "--grund", "x"),
        ("akte", "verweis", NUMBER, "--band", "1", "--person", ""),
        ("fixity", "ersetze", "--alle", "--speicher", "b", "--ursache", ""),
        ("sperre", "setze", "--person", "x", "--art", "litigation", "--grund", "", "--bezug", "y"),
    ],
)
def test_a_text_of_blanks_is_wrong_usage(filled: Desk, words: tuple[str, ...]) -> None:
    """A variable that is not set would ask for everything, or give no reason."""
    ran = filled(*words)
    assert (ran.code, "der Text ist leer" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("frist", "faellig", "--bis", "2030", "--von", "2031"), "--bis liegt vor --von"),
        (("frist", "katalog", "--pruefe", __file__, "--nr", "1"), "--pruefe prüft nur eine Datei"),
        (("frist", "vergleich", "--nr", "1", "--grund", "x"), "--grund steht bei einem neuen Vorschlag"),
        (("protokoll", "auszug", "--benutzer", "x", "--ziel", "x", "--csv", "./x"), "nennen dieselbe Datei"),
        (("protokoll", "zeige", "--benutzer", "x", "--band", "2"), "hier ist keines genannt"),
        (("fixity", "pruefe", "--alle", "--band", "2"), "hier ist keines genannt"),
        (
            ("fixity", "ersetze", "--alle", "--band", "2", "--speicher", "b", "--ursache", "x"),
            "hier ist keines genannt",
        ),
        (("sperre", "setze", "--person", "x", "--band", "2", *HOLD), "hier ist keines genannt"),
        (("akte", "verweis", NUMBER, "--band", "2", "--als-feld", "Steuernummer"), "beide fehlen"),
        (("sperre", "liste", "--art", "klage"), "Bekannt sind: ablaufhemmung_ao147"),
        (("sperre", "setze", "--flurstueck", "irgendwo", *HOLD), "ist nicht genau ein Flurstück"),
        (("sperre", "setze", "--abfrage", "foo=bar", *HOLD), "ist keine Bedingung"),
        (("sperre", "setze", "--abfrage", "von=heute", *HOLD), "ist kein Tag"),
        (("frist", "vorschau", "--bild", "x.gif"), "Bilder gibt es als .png und .svg."),
        (("frist", "faellig", "--bis", "2030", "--csv", ""), "der Name ist leer"),
        (("frist", "vorschau", "--csv", ""), "der Name ist leer"),
        (("frist", "katalog", "--ausgabe", ""), "der Name ist leer"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(filled: Desk, words: tuple[str, ...], told: str) -> None:
    ran = filled(*words)
    assert (ran.code, told in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("verb", ["ersetze", "gib-frei", "verwirf"])
def test_a_store_that_is_not_there_is_not_called_whole(filled: Desk, verb: str) -> None:
    why = "--ursache" if verb == "ersetze" else "--grund"
    ran = filled("fixity", verb, "--alle", "--speicher", "c", why, "x")
    assert (ran.code, "Der Speicher „c“ ist nicht eingerichtet; es gibt: a, b." in ran.err) == (2, True)


@pytest.mark.parametrize("typed", [unicodedata.normalize("NFD", "Ausländerakte"), "auslaenderakte", "BAUAKTE"])
def test_an_aktenart_is_known_as_the_laufzettel_knows_it(filled: Desk, typed: str) -> None:
    ran = filled("akte", "liste", "--aktenart", typed, "--json")
    assert (ran.code, len(ran.json)) == (0, 2 if typed == "BAUAKTE" else 0)


def test_a_file_that_cannot_be_written_is_told_by_its_folder(filled: Desk, tmp_path: Path) -> None:
    """Nobody knows the name of the half file that is written first."""
    nowhere = tmp_path / "fehlt"
    ran = filled("frist", "faellig", "--bis", "2030", "--csv", nowhere / "liste.csv")
    assert (ran.code, f"„{nowhere}“: gibt es nicht." in ran.err) == (7, True), ran.err


def test_an_empty_list_that_was_written_is_told_as_written(filled: Desk, tmp_path: Path) -> None:
    file = tmp_path / "liste.csv"
    ran = filled("frist", "faellig", "--bis", "2030", "--csv", file)
    assert (ran.code, "0 Zeilen geschrieben" in ran.out, file.exists()) == (0, True, True)


@pytest.mark.parametrize(
    "words",
    [
        ("suche", NUMBER),
        ("akte", "liste"),
        ("sichtung", "liste"),
        ("frist", "offen"),
        ("sperre", "liste"),
    ],
)
def test_a_page_of_a_list_says_in_json_too_that_more_follows(filled: Desk, words: tuple[str, ...]) -> None:
    """The value has no place for it: a program, or who reads its output, took twenty hits for all of them."""
    with open_catalog(filled.url) as catalog:
        third = receive(catalog, 4)
        catalog.record_recognised(third.uuid, {ID: a_pdfa(ID, [a_page(1, "x", 40.0)])}, by=CLERK, now=NOON)
    assert filled("sperre", "setze", NUMBER, "--band", "1", *HOLD).code == 0
    first = filled(*words, "--anzahl", "1", "--json")
    assert (first.code, len(first.json)) == (0, 1)
    assert "--ab 1" in first.err
    rest = filled(*words, "--ab", "1", "--json")
    assert rest.json
    assert "--ab" not in rest.err


def test_how_a_search_was_shortened_is_said_in_json_with_hits_too(filled: Desk) -> None:
    ran = filled("suche", f"{NUMBER} {'63 ' * 1000}", "--json")
    assert "nur mit den ersten 2000 Zeichen" in ran.err
