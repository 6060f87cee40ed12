"""A corrected Aktenzeichen as people meet it: every verb finds the Akte by its former one and says what holds today."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.catalog import open_catalog
from catalog.values import Resolution
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.app.test_correction_verbs import world as world
from tests.catalog.build import AN_ERROR, CLERK, NOON, receive
from tests.flows.correctionworld import World

OLD, NEW = "63-00001-2020", "63-00011-2020"
SAID = f"{OLD} wurde berichtigt: Die Akte heißt heute Bauakte {NEW}."
TOLD = {"asked": OLD, "today": NEW}


def renumber(desk: Desk, old: str = "63-1-20", new: str = "63/11/20") -> None:
    assert desk("akte", "berichtige", old, "--aktenzeichen", new, "--grund", "Zahlendreher").code == 0
    assert desk("akte", "gib-frei", old, "--grund", "verglichen", login="b.schulz").code == 0


def archived(desk: Desk, world: World, number: str, band: int = 1) -> None:
    with open_catalog(catalog_url(desk.daten)) as catalog:
        world.catalog = catalog
        world.archive(name="zwei", slip={"aktenzeichen": number, "band": band})


def test_proposal_and_release_show_both_numbers_and_how_it_is_found(desk: Desk) -> None:
    ran = desk("akte", "berichtige", "63-1-20", "--aktenzeichen", "63/11/20", "--grund", "Zahlendreher")
    assert (ran.code, f"Aktenzeichen: {OLD} → {NEW}" in ran.out) == (0, True)
    assert f"Aktenzeichen: {OLD} → {NEW}" in desk("akte", "berichtigungen").out
    ran = desk("akte", "gib-frei", "63-1-20", "--grund", "verglichen", login="b.schulz")
    assert f"Bauakte {NEW}: berichtigt als Version 2; Version 1 bleibt, wie sie war." in ran.out
    assert f"Auch unter {OLD} wird sie gefunden; eine Lieferung darunter kommt in die Klärung" in ran.out


def test_the_answer_of_the_release_names_the_number_of_today(desk: Desk) -> None:
    desk("akte", "berichtige", "63-1-20", "--aktenzeichen", "63/11/20", "--grund", "Zahlendreher")
    done = desk("akte", "gib-frei", "63-1-20", "--grund", "verglichen", "--json", login="b.schulz").json
    assert (done["aktenzeichen"], done["name"], "former_number" in done) == (NEW, f"Bauakte {NEW}", False)
    again = desk("akte", "gib-frei", "63-1-20", "--grund", "noch einmal", "--json", login="b.schulz")
    assert (again.code, SAID in again.err, "ist ausgeführt: Version 2" in again.err) == (4, True, True)


@pytest.mark.parametrize(
    "verb",
    [
        ("akte", "zeige", "63-1-20"),
        ("frist", "zeige", "63-1-20"),
        ("ereignis", "liste", "63/1/2020"),
        ("fixity", "pruefe", "--akte", OLD),
        ("akte", "verweis", "63-1-20"),
        ("ereignis", "melde", "63-1-20", "file_closed", "1.2.2021", "--beleg", "Verfügung"),
    ],
)
def test_every_verb_finds_it_by_its_former_number_and_says_so(desk: Desk, verb: tuple[str, ...]) -> None:
    renumber(desk)
    ran = desk(*verb, "--json")
    assert (ran.code, SAID in ran.err) == (0, True), ran.err
    assert ran.json["former_number"] == TOLD
    assert desk(*(NEW if part in ("63-1-20", "63/1/2020", OLD) else part for part in verb), "--json").err == ""


def test_a_package_and_the_trail_are_got_by_the_former_number(desk: Desk, tmp_path: Path) -> None:
    renumber(desk)
    got = desk("akte", "hole", "63-1-20", "--ziel", tmp_path / "heraus", "--version", "1", "--json")
    assert (got.code, got.json["version"], got.json["former_number"]) == (0, 1, TOLD)
    shown = desk("protokoll", "zeige", OLD)
    assert (shown.code, SAID in shown.err, "Berichtigung beendet" in shown.out) == (0, True, True)
    held = desk("sperre", "setze", OLD, "--art", "litigation", "--grund", "Klage", "--bezug", "VG 4 K 12/26", "--json")
    assert (held.code, held.json["former_number"]) == (0, TOLD)


def test_lists_and_searches_tell_the_former_number(desk: Desk) -> None:
    renumber(desk)
    (hit,) = desk("suche", "63-1-20", "--json").json
    assert (hit["aktenzeichen"], hit["former_numbers"], hit["why"]) == (NEW, [OLD], "frueher")
    assert f"früheres Aktenzeichen: {OLD}" in desk("suche", "63-1-20").out
    assert "früheres" not in desk("suche", "63-11-20").out
    (row,) = desk("akte", "liste", "--json").json
    assert row["former_numbers"] == [OLD]
    shown = desk("akte", "zeige", NEW)
    assert (f"früheres Aktenzeichen: {OLD}" in shown.out, shown.err) == (True, "")


def test_of_several_that_bore_it_the_one_is_named_by_what_it_is_called_today(desk: Desk, world: World) -> None:
    """Its former number is written whole already, and no Band tells them apart."""
    archived(desk, world, "63-7-20")
    renumber(desk)
    renumber(desk, "63-7-20", "63-1-20")
    renumber(desk, "63-1-20", "63-12-20")
    ran = desk("akte", "zeige", OLD)
    told = f"mehrdeutig: Bauakte {NEW} Band 1, Bauakte 63-00012-2020 Band 1. Bitte das heutige Zeichen nennen."
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_a_band_that_the_former_number_never_had_is_not_called_unknown(desk: Desk) -> None:
    renumber(desk)
    ran = desk("akte", "zeige", OLD, "--band", "3")
    told = f"„{OLD}“ wurde berichtigt, und einen Band 3 gab es darunter nicht; heute: Bauakte {NEW}."
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_several_former_numbers_and_a_lone_second_volume_are_named_rightly(desk: Desk, world: World) -> None:
    archived(desk, world, "63-1-20", band=2)
    renumber(desk, "63-1-20 Band 1")
    renumber(desk, NEW, "63-12-20")
    assert f"  frühere Aktenzeichen: {OLD}, {NEW}" in desk("akte", "zeige", "63-12-20").out
    assert f"Bauakte {OLD}  Band 2" in desk("suche", OLD).out  # the first one is called otherwise today


def test_an_event_of_a_list_is_not_told_to_an_akte_that_bore_its_number_once(desk: Desk, tmp_path: Path) -> None:
    """The list may well mean the Akte that truly bears it; a day that moves a period is not guessed."""
    renumber(desk)
    file = tmp_path / "liste.csv"
    file.write_text(f"Aktenzeichen;Ereignis;Datum;Beleg\n{OLD};file_closed;01.02.2021;Verfügung\n", encoding="utf-8")
    ran = desk("ereignis", "import", file, "--json")
    text = " ".join((ran.out + ran.err).split())
    assert "EV-06" in text
    assert f"Dieses Aktenzeichen wurde berichtigt, heute: Bauakte {NEW} Band 1." in text


def test_what_was_opened_under_the_former_number_and_given_back_does_not_hide_it(desk: Desk) -> None:
    renumber(desk)
    with open_catalog(catalog_url(desk.daten)) as catalog:
        row = receive(catalog, "alt", number=OLD)
        own = catalog.open_anew(row.uuid, by=CLERK, now=NOON)
        assert desk("akte", "zeige", OLD, "--json").json["uuid"] == str(own.akte)
        case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
        catalog.resolve(case.number, Resolution.RETURN, "doch falsch", by=CLERK, now=NOON)
    assert desk("akte", "zeige", OLD, "--json").json["aktenzeichen"] == NEW
    assert desk("akte", "zeige", str(own.akte), "--json").json["state"] == "returned"
