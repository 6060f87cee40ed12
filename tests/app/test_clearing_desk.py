"""The clearing desk and the review list as a clerk meets them: what is offered can be done, what is listed is found."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from akten.findings import Finding, Severity
from catalog.catalog import open_catalog
from catalog.values import Resolution
from flows.arrival import registered
from flows.outcomes import to_clearing
from flows.settings import read_settings
from flows.wiring import open_services
from ingest.claimed import ClaimedDelivery
from ingest.delivery import read_delivery
from ingest.inbox import claim, held
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import AN_ERROR, CLERK, NOON, a_page, a_pdfa, archive, receive
from tests.ingest.builders import fill


def a_case(desk: Desk, folder: Path, *codes: str, read: bool = True) -> int:
    """The number of a new case with errors of these codes; `read` is False for a slip that could not be read."""
    with open_services(read_settings(daten=desk.daten)) as services:
        delivery = claim(fill(folder), services.settings.work, services.new_id)
        if read:
            registered(services, read_delivery(delivery), CLERK)
        findings = tuple(Finding(code, Severity.ERROR, "", "Etwas stimmt nicht.") for code in codes)
        return to_clearing(services, delivery, findings, CLERK).case or 0


def test_what_nobody_may_accept_is_not_accepted_and_the_case_stays_open(desk: Desk, tmp_path: Path) -> None:
    """The case was closed as „angenommen“ and the same delivery stood there again under the next number."""
    number = a_case(desk, tmp_path / "l", "IN-50", "IN-34")
    assert "--annehmen" not in desk("klaerung", "zeige", number).out
    ran = desk("klaerung", "loese", number, "--annehmen", "--grund", "egal", "--json")
    assert ran.code == 4
    assert "IN-34" in ran.json["text"]
    assert "IN-50" not in ran.json["text"]
    (case,) = desk("klaerung", "liste", "--json").json
    assert (case["number"], case["state"], case["resolution"]) == (number, "open", None)


def test_what_may_be_accepted_is_offered_with_the_way_to_this_archive(desk: Desk, tmp_path: Path) -> None:
    number = a_case(desk, tmp_path / "l", "IN-50")
    assert f"archiv --daten {desk.daten} klaerung loese {number} --annehmen" in desk("klaerung", "zeige", number).out


def test_a_corrected_slip_of_another_kind_is_wrong_usage_and_nothing_is_changed(desk: Desk, tmp_path: Path) -> None:
    number = a_case(desk, tmp_path / "l", "IN-50")
    (tmp_path / "neu.json.txt").write_text("{}", encoding="utf-8")
    ran = desk("klaerung", "loese", number, "--neu-einreichen", "--laufzettel", tmp_path / "neu.json.txt")
    assert ran.code == 2
    assert "endet auf .json, .yaml oder .yml" in ran.err
    assert desk("klaerung", "liste", "--json").json[0]["state"] == "open"


def test_a_case_is_not_closed_as_given_back_when_the_folder_takes_nothing(desk: Desk, tmp_path: Path) -> None:
    number = a_case(desk, tmp_path / "l", "IN-50")
    (tmp_path / "datei").write_bytes(b"x")
    ran = desk("klaerung", "loese", number, "--zurueck", tmp_path / "datei" / "x", "--grund", "falsch")
    assert ran.code == 7
    assert "lässt sich nichts schreiben" in ran.err
    assert desk("klaerung", "liste", "--json").json[0]["state"] == "open"


def test_nothing_is_given_back_into_the_work_folder_that_the_case_names(desk: Desk, tmp_path: Path) -> None:
    """It lay there and was told as given back, and the next moment the work folder was removed with all scans in it."""
    number = a_case(desk, tmp_path / "l", "IN-50")
    (case,) = desk("klaerung", "liste", "--json").json
    (tmp_path / "verweis").symlink_to(case["folder"])
    for target in (case["folder"], f"{case['folder']}/neu", desk.daten / "arbeit", tmp_path / "verweis"):
        ran = desk("klaerung", "loese", number, "--zurueck", target, "--grund", "falsch")
        assert ran.code == 7
        assert "bitte einen anderen Ordner nennen" in ran.err
    assert desk("klaerung", "liste", "--json").json[0]["state"] == "open"
    assert (Path(case["folder"]) / "lieferung" / "laufzettel.json").is_file()
    assert desk("klaerung", "loese", number, "--zurueck", desk.daten / "zurück", "--grund", "falsch").code == 0


@pytest.mark.parametrize("place", [".", "zurück"])
def test_nothing_is_given_back_into_the_inbox_where_it_would_be_taken_again(
    desk: Desk, tmp_path: Path, place: str
) -> None:
    """The next round took it in, and it was the next case."""
    number = a_case(desk, tmp_path / "l", "IN-50")
    inbox = desk.daten / "eingang"
    inbox.mkdir(exist_ok=True)
    (tmp_path / "verweis").symlink_to(inbox)
    for target in (inbox / place, tmp_path / "verweis" / place):
        ran = desk("klaerung", "loese", number, "--zurueck", target, "--grund", "falsch")
        assert ran.code == 7
        assert "liegt im Eingang" in ran.err
        assert "--neu-einreichen" in ran.err
    assert desk("klaerung", "liste", "--json").json[0]["state"] == "open"
    assert list(inbox.iterdir()) == []


def test_of_a_return_that_was_cut_off_it_is_said_that_the_files_are_still_here(desk: Desk, tmp_path: Path) -> None:
    number = a_case(desk, tmp_path / "l", "IN-50")
    with open_services(read_settings(daten=desk.daten)) as services:
        services.catalog.resolve(number, Resolution.RETURN, "falsch", by=CLERK, now=services.now())  # killed here
    assert "liegen noch im Arbeitsordner" in desk("klaerung", "zeige", number).out
    refused = desk("klaerung", "loese", number, "--neu-einreichen")
    assert refused.code == 4
    assert "--zurueck" in refused.err
    assert desk("klaerung", "loese", number, "--zurueck", tmp_path / "z", "--grund", "falsch").code == 0
    assert "liegen noch" not in desk("klaerung", "zeige", number).out


def test_of_a_solved_case_it_is_said_where_the_delivery_stands_now(desk: Desk, tmp_path: Path) -> None:
    """It stood there under the next number, and the clerk was sent to an intake that had nothing to go on with."""
    number = a_case(desk, tmp_path / "l", "IN-50")
    with open_services(read_settings(daten=desk.daten)) as services:
        delivery = services.catalog.clearing(number).delivery
        services.catalog.resolve(number, Resolution.RESUBMIT, "", by=CLERK, now=services.now())
    assert f"{desk.daten} annahme" in desk("klaerung", "zeige", number).out  # killed here: begun and not at its end
    with open_services(read_settings(daten=desk.daten)) as services:
        again = (Finding("IN-50", Severity.ERROR, "", "Etwas stimmt nicht."),)
        claimed = ClaimedDelivery(delivery, services.settings.work / str(delivery))
        newer = to_clearing(services, claimed, again, CLERK).case
    refused = desk("klaerung", "loese", number, "--neu-einreichen")
    assert refused.code == 4
    assert "annahme" not in refused.err
    for said in (refused.err, desk("klaerung", "zeige", number).out):
        assert f"klaerung zeige {newer}" in said
    assert desk("klaerung", "loese", newer or 0, "--zurueck", tmp_path / "z", "--grund", "falsch").code == 0
    shown = desk("klaerung", "zeige", number).out
    assert f"zurückgegeben (Fall {newer})" in shown
    assert "im Arbeitsordner" not in shown


@pytest.mark.parametrize("way", ["--neu-einreichen", "--annehmen", "--zurueck"])
def test_while_one_decides_nobody_else_puts_files_in_or_decides(desk: Desk, tmp_path: Path, way: str) -> None:
    """Of two corrected slips the later one was archived by the decision of the earlier, whose clerk was told of his."""
    number = a_case(desk, tmp_path / "l", "IN-50")
    (tmp_path / "laufzettel.json").write_text("{}", encoding="utf-8")
    (folder,) = (desk.daten / "arbeit").glob("*-*")
    claimed = ClaimedDelivery(UUID(folder.name), folder)
    before = (claimed.lieferung / "laufzettel.json").read_bytes()
    more = (tmp_path / "z",) if way == "--zurueck" else ("--laufzettel", tmp_path / "laufzettel.json")
    with held(claimed) as mine:
        assert mine
        ran = desk("klaerung", "loese", number, way, *more, "--grund", "so", "--json")
    assert (ran.code, ran.json["error"]) == (6, "Unavailable")
    assert (claimed.lieferung / "laufzettel.json").read_bytes() == before
    assert desk("klaerung", "liste", "--json").json[0]["state"] == "open"


def test_every_end_of_a_case_has_the_same_fields(desk: Desk, tmp_path: Path) -> None:
    """A list of receipts for one that was decided, an object of three fields for one that went back."""
    slip = tmp_path / "laufzettel.json"
    slip.write_text("{", encoding="utf-8")
    numbers = [a_case(desk, tmp_path / f"l{n}", "IN-50") for n in range(3)]
    stays = desk("klaerung", "loese", numbers[0], "--annehmen", "--grund", "x", "--laufzettel", slip, "--json")
    back = desk("klaerung", "loese", numbers[1], "--zurueck", tmp_path / "z", "--grund", "falsch", "--json")
    case = desk("klaerung", "zeige", numbers[2], "--json").json
    shutil.rmtree(case["folder"])
    gone = desk("klaerung", "loese", numbers[2], "--zurueck", tmp_path / "z", "--grund", "weg", "--json")
    assert [(ran.code, ran.json["number"], ran.json["state"], ran.json["folder"]) for ran in (stays, back, gone)] == [
        (3, numbers[0], "clearing", None),
        (0, numbers[1], "returned", str(tmp_path / "z" / "l1")),
        (0, numbers[2], "returned", None),
    ]
    assert stays.json.keys() == back.json.keys() == gone.json.keys()
    assert back.json["name"] == "l1"
    assert {f["code"] for f in back.json["findings"]} == {"IN-50"}
    assert (gone.json["delivery"], gone.json["aktenzeichen"]) == (case["delivery"], case["aktenzeichen"])


def test_cases_of_one_owner_are_found_in_any_spelling_and_an_empty_answer_claims_no_empty_desk(
    desk: Desk, tmp_path: Path
) -> None:
    a_case(desk, tmp_path / "l", "IN-50")
    assert len(desk("klaerung", "liste", "--wer", " scanstelle", "--json").json) == 1
    other = desk("klaerung", "liste", "--wer", "Archiv").out
    assert "leer" not in other
    assert "Fälle hat: Scanstelle" in other


def test_a_long_list_of_cases_comes_in_pages_that_say_how_many_there_are(desk: Desk) -> None:
    """All of it was printed, however many cases there were, and each looked up one by one."""
    with open_catalog(desk.url) as catalog:
        for number, owner in enumerate(("Scanstelle", "Fachamt", "Scanstelle"), 1):
            stopped = receive(catalog, number, band=number)
            (desk.daten / stopped.folder / "lieferung").mkdir(parents=True)
            catalog.to_clearing(stopped.uuid, [AN_ERROR], owner=owner, next_step="y", by=CLERK, now=NOON)
    shown = desk("klaerung", "liste", "--anzahl", "2").out
    assert "2 von 3; weiter mit --ab 2" in shown
    assert ("Band 2" in shown, "Band 3" in shown) == (True, False)
    assert "1 von 3" in desk("klaerung", "liste", "--ab", "2").out
    assert "0 von 3" in desk("klaerung", "liste", "--ab", "7").out
    first = desk("klaerung", "liste", "--anzahl", "2", "--json")
    assert ([case["number"] for case in first.json], "--ab 2" in first.err) == ([1, 2], True)
    rest = desk("klaerung", "liste", "--ab", "2", "--json")
    assert ([case["number"] for case in rest.json], rest.err) == ([3], "")
    own = desk("klaerung", "liste", "--wer", "scanstelle", "--sortiert", "neueste", "--anzahl", "1", "--json")
    assert ([case["number"] for case in own.json], "1 von 2" in own.err) == ([3], True)


def test_a_full_desk_is_listed_page_by_page_and_says_how_many_there_are(desk: Desk) -> None:
    """Some hundred cases came all at once, each with two questions to the catalog for the Band of its Akte."""
    with open_catalog(desk.url) as catalog:
        for number in range(1, 121):
            row = receive(catalog, number, number=f"63-{number:05}-2019", band=2)
            (desk.daten / "arbeit" / str(row.uuid) / "lieferung").mkdir(parents=True)
            catalog.to_clearing(row.uuid, [AN_ERROR], owner="Scanstelle", next_step="zählen", by=CLERK, now=NOON)
    asked: list[str] = []
    event.listen(Engine, "before_cursor_execute", count := lambda *told: asked.append(told[2]))
    try:
        first = desk("klaerung", "liste")
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert sum(statement.startswith("SELECT") for statement in asked) < 20
    assert first.out.count("64 Blatt erwartet") == 50
    assert "50 von 120; weiter mit --ab 50" in first.out
    last = desk("klaerung", "liste", "--ab", "100", "--anzahl", "7", "--json")
    assert [case["number"] for case in last.json] == list(range(101, 108))
    assert {case["band"] for case in last.json} == {2}
    assert "7 von 120; weiter mit --ab 107" in last.err
    assert "20 von 120" in desk("klaerung", "liste", "--ab", "100").out


def test_a_delivery_without_a_readable_slip_is_listed_under_the_name_it_came_with(desk: Desk, tmp_path: Path) -> None:
    number = a_case(desk, tmp_path / "Stapel 17", "IN-10", read=False)
    assert "(unbekannt) „Stapel 17“" in desk("klaerung", "liste").out
    assert f"Fall {number}  (unbekannt)" in desk("klaerung", "zeige", number).out


def test_the_list_says_of_which_file_a_reason_speaks(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        stopped = receive(catalog, 1)
        (desk.daten / stopped.folder / "lieferung").mkdir(parents=True)
        wrong = Finding("IN-50", Severity.ERROR, "scan2.tif", "Die Datei gehört zu keinem Dokument des Laufzettels.")
        told = (Finding("IN-10", Severity.INFO, "Thumbs.db", "Nicht übernommen."), wrong)
        catalog.to_clearing(stopped.uuid, told, owner="Scanstelle", next_step="y", by=CLERK, now=NOON)
    assert f"scan2.tif: {wrong.text}" in desk("klaerung", "liste").out


def test_where_a_delivery_lies_is_told_while_it_lies_there(desk: Desk, tmp_path: Path) -> None:
    """Of one that was given back long ago the work folder was named, and who had to look at it until when."""
    number = a_case(desk, tmp_path / "l", "IN-50")
    shown = desk("klaerung", "zeige", number).out
    assert f"Liegt im Arbeitsordner: {desk.daten / 'arbeit'}" in shown
    assert desk("klaerung", "loese", number, "--zurueck", tmp_path / "z", "--grund", "falsch").code == 0
    assert "in: " not in desk("klaerung", "zeige", number).out
    lost = a_case(desk, tmp_path / "l2", "IN-50")
    shutil.rmtree(desk("klaerung", "zeige", lost, "--json").json["folder"])
    assert f"Lag im Arbeitsordner: {desk.daten / 'arbeit'}" in desk("klaerung", "zeige", lost).out


@pytest.fixture
def doubtful(desk: Desk) -> None:
    """One doubtful page in the second volume of an Akte."""
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1)
        akte = archive(catalog, 2, titles=("Bauantrag", "Statik"), band=2)[0]
        row = receive(catalog, 3, band=2)
        dokument = akte.dokumente[1].uuid
        pages = [*(a_page(number, "gut gelesen") for number in (1, 2, 3)), a_page(4, "shclecht", 41.0)]
        catalog.record_recognised(row.uuid, {dokument: a_pdfa(dokument, pages)}, by=CLERK, now=NOON)


@pytest.mark.usefixtures("doubtful")
def test_a_page_to_look_at_is_named_so_that_a_person_finds_it(desk: Desk) -> None:
    (listed,) = desk("sichtung", "liste", "--json").json
    assert (listed["band"], listed["betreff"], listed["page"]) == (2, "Statik", 4)
    assert "Statik" in desk("sichtung", "liste").out
    told = desk("sichtung", "loese", listed["number"], "lesbar").out
    assert f"Sichtung {listed['number']} (63-01234-2019, Statik, Seite 4): lesbar." in told


def test_a_named_delivery_that_still_grows_is_taken_when_it_is_whole(desk: Desk, tmp_path: Path) -> None:
    desk.monkeypatch.setenv("ARCHIV_SETTLE_SECONDS", "1")
    folder = fill(tmp_path / "lieferung", slip={})
    scan, written = folder / "scan2.tif", threading.Event()

    def copying() -> None:
        for _ in range(12):
            with scan.open("ab") as file:
                file.write(bytes(1000))
            time.sleep(0.1)
        written.set()

    copier = threading.Thread(target=copying)
    copier.start()
    ran = desk("annahme", folder, "--json")
    assert written.is_set()
    copier.join()
    assert "wird noch geschrieben; die Annahme wartet" in ran.err
    (receipt,) = ran.json
    assert (receipt["state"], ran.code) == ("clearing", 3)
    (taken,) = (desk.daten / "arbeit").glob("*/lieferung/scan2.tif")
    assert taken.stat().st_size > 12_000


def test_a_folder_that_is_closed_to_us_does_not_stop_the_others_of_the_call(desk: Desk, tmp_path: Path) -> None:
    """The whole call ended as wrong usage, and what was named beside it was not taken either."""
    closed, good = tmp_path / "zu", fill(tmp_path / "gut", slip={})
    closed.mkdir()
    asked = os.access
    desk.monkeypatch.setattr(os, "access", lambda path, mode: os.fspath(path) != str(closed) and asked(path, mode))
    states = {receipt["name"]: receipt["state"] for receipt in desk("annahme", closed, good, "--json").json}
    assert states == {"zu": "refused", "gut": "clearing"}
