"""A receipt of a Nachscan adds up, and of scans that were there already it claims nothing that was not done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from rich.console import Console

from akten.errors import Unavailable, Unknown
from akten.findings import Finding, Severity
from app.intake_verbs import refused_json
from app.show import TO_REVIEW, receipts
from flows.receipt import Outcome, Receipt, gravest, receipt_json
from tests.catalog.build import a_package

LINKED = Finding("IN-36", Severity.INFO, "s1.tif", "Dieser Scan liegt schon in dieser Akte (Version 1).")
RECEIPT = Receipt(UUID(int=1), Outcome.ARCHIVED, sheets=2, pages=1, copies=a_package(UUID(int=2), 1).copies)


def shown(receipt: Receipt) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        receipts(console, [receipt_json(receipt)])
    return captured.get()


def test_a_page_that_was_there_already_is_told_beside_the_pages_that_came() -> None:
    assert "schon in dieser Akte" not in shown(RECEIPT)
    told = shown(replace(RECEIPT, findings=(LINKED, LINKED)))
    assert "2 Blatt, 1 Seite" in told
    assert "2 Scans lagen schon in dieser Akte (IN-36)" in told
    assert "2 Kopien zurückgelesen: a geprüft, b geprüft" in told


def test_of_many_pages_that_were_there_the_rest_is_counted() -> None:
    rest = replace(LINKED, where="", text="… und 7 weitere Scans liegen schon in dieser Akte.")
    told = shown(replace(RECEIPT, findings=(LINKED, LINKED, rest)))
    assert "2 Scans lagen schon in dieser Akte (IN-36) … und 7 weitere Scans liegen" in told


def test_an_open_case_with_the_same_scans_is_told() -> None:
    one = Finding("WF-16", Severity.INFO, "Fall 7", "Scans dieser Lieferung gehören auch zu Fall 7.")
    assert "gehören auch zu Fall 7. (WF-16)" in shown(replace(RECEIPT, findings=(one,)))


def test_what_was_replaced_by_what_is_told_and_many_are_counted() -> None:
    one = Finding("IN-48", Severity.INFO, "", "„Plan“ (1 Seite) ersetzt „Plan“ (1 Seite; 12) der Version 1.")
    assert "„Plan“ (1 Seite) ersetzt „Plan“ (1 Seite; 12) der Version 1 (IN-48)." in shown(
        replace(RECEIPT, findings=(one,))
    )
    many = shown(replace(RECEIPT, findings=(one,) * 12))
    assert (many.count("IN-48"), "und 2 weitere: archiv akte zeige" in many) == (10, True)
    assert "weitere" not in shown(replace(RECEIPT, findings=(one,) * 10))


def test_a_delivery_that_was_there_already_tells_of_what_lies_there_and_reads_nothing_back() -> None:
    told = shown(replace(RECEIPT, state=Outcome.DUPLICATE, sheets=1, pages=5, blank_pages=1))
    assert "1 Blatt" not in told
    assert "Schon in der Akte: 5 Seiten, davon 1 Leerseite; nichts kam hinzu" in told
    assert "2 Kopien beim Ablegen zurückgelesen" in told


def test_a_damaged_copy_is_told_with_a_call_that_works() -> None:
    value = receipt_json(replace(RECEIPT, state=Outcome.DUPLICATE))
    value["copies"][1]["verified"] = False
    console = Console(width=120)
    with console.capture() as captured:
        receipts(console, [value], "archiv --daten d")
    assert "nichts vernichten und den Betrieb rufen: archiv --daten d fixity pruefe --alle" in captured.get()
    assert "nichts vernichten" not in shown(RECEIPT)


def test_a_receipt_of_a_later_volume_names_it() -> None:
    volume = replace(RECEIPT, aktenart="Bauakte", aktenzeichen="63-01234-2019", band=2)
    assert "Bauakte 63-01234-2019 Band 2" in shown(volume)
    assert "Band" not in shown(replace(volume, band=1))


def test_a_receipt_leads_to_the_pages_that_a_person_should_look_at() -> None:
    """A page without a word is no warning and stands on the review list all the same."""
    way = "Seiten, deren Text anzusehen ist, nennt: archiv sichtung liste"
    for code in TO_REVIEW:
        page = Finding(code, Severity.INFO, "s1.tif, Seite 1", "Auf der Seite wurde kein Text gefunden.")
        assert way in shown(replace(RECEIPT, findings=(page,)))
        assert way not in shown(replace(RECEIPT, state=Outcome.CLEARING, findings=(page,)))
    assert way not in shown(RECEIPT)


def test_files_that_are_left_out_stand_on_the_receipt() -> None:
    """What a slip calls no part of the Akte is lost with the delivery: who mistyped a name must see it."""
    left = (
        Finding("IN-05", Severity.INFO, "Thumbs.db", "Datei des Betriebssystems, nicht übernommen."),
        Finding("IN-42", Severity.INFO, "log.txt", "Laut Laufzettel nicht zu archivieren."),
    )
    assert "Nicht übernommen (IN-05, IN-42): Thumbs.db, log.txt" in shown(replace(RECEIPT, findings=left))
    assert "Nicht übernommen" not in shown(RECEIPT)
    many = [replace(left[1], where=f"{n}.log") for n in range(10)]
    rest = replace(left[1], where="", text="… und 7 weitere Dateien mit demselben Befund.")
    assert "demselben Befund" in shown(replace(RECEIPT, findings=(*many, rest)))


def test_the_receipt_of_a_path_that_was_not_taken_has_the_fields_of_every_other(tmp_path: Path) -> None:
    assert set(receipt_json(RECEIPT)) <= set(refused_json(tmp_path, Unknown("Das gibt es nicht.")))


def test_of_a_path_that_is_not_there_nobody_claims_that_it_lies_there_still(tmp_path: Path) -> None:
    def told(path: Path) -> str:
        console = Console(width=120)
        with console.capture() as captured:
            receipts(console, [refused_json(path, Unknown("Das gibt es nicht."))])
        return captured.get()

    assert "liegt noch an ihrem Ort" in told(tmp_path)
    assert "liegt noch" not in told(tmp_path / "fehlt")


def test_a_delivery_that_waits_for_another_one_is_not_said_to_wait_for_the_machine() -> None:
    text = "Eine andere Lieferung derselben Akte wird gerade abgelegt; danach ist diese an der Reihe."
    finding = Finding("WF-09", Severity.WARNING, "", Unavailable(text).text)
    told = shown(replace(RECEIPT, state=Outcome.UNAVAILABLE, findings=(finding,)))
    assert "wartet" in told
    assert "nicht erreichbar" not in told


def test_one_exit_code_speaks_for_all_deliveries_and_it_is_the_gravest() -> None:
    assert gravest([]) == 0
    assert gravest([0, 8]) == 8
    assert gravest([2, 3, 8]) == 3  # a path that is not there hides no case at the clearing desk
    assert gravest([3, 7, 5, 1]) == 5


def test_a_delivery_whose_steps_took_no_time_tells_no_list_of_steps() -> None:
    told = shown(replace(RECEIPT, seconds=0.1, steps={"lesen": 0.01}))
    assert "0,1 s gesamt" in told
    assert "gesamt:" not in told
