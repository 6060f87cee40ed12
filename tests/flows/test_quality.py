"""The Transfervermerk claims no more than was checked: an accepted gap stays a gap, and odd words are no praise."""

from __future__ import annotations

import pytest

from akten.findings import Finding, Severity, Verdict
from flows.quality import passed, quality_of
from ingest.slipdoc import Qualitaetspruefung
from tests.catalog.build import a_page, a_pdfa, an_id

PDFA = a_pdfa(an_id(1), [a_page(1, "Text")])


def checked(ergebnis: str) -> Qualitaetspruefung:
    return Qualitaetspruefung("S18", "vollständig", ergebnis)


@pytest.mark.parametrize(
    "ergebnis",
    [
        "ohne Beanstandung",
        "Ohne  Mängel.",
        "keine Auffälligkeiten",
        "in Ordnung",
        "i.O.",
        "OK",
        "alles o.k.",
        "einwandfrei",
        "Geprüft, ohne Beanstandung",
        "in Ordnung, keine Mängel",
        "bestanden und fehlerfrei!",
    ],
)
def test_words_that_say_that_nothing_was_wrong_pass(ergebnis: str) -> None:
    assert passed(checked(ergebnis))


@pytest.mark.parametrize(
    "ergebnis",
    [
        "Scan der Wohneinheit 3 fehlt",  # has "ohne" inside a word
        "ohne Seite 3",
        "ohne Beanstandung bis auf Seite 3",
        "nicht ohne Beanstandung",
        "nicht bestanden",
        "nicht ok",
        "in Ordnung, aber Seite 3 fehlt",
        "nicht fehlerfrei",
        "geprüft",
        "okkupiert",
    ],
)
def test_words_that_say_anything_else_do_not_pass(ergebnis: str) -> None:
    assert not passed(checked(ergebnis))
    assert quality_of(checked(ergebnis), (), PDFA).ergebnis is Verdict.FAILED


def test_a_balance_that_a_person_accepted_is_told_as_not_kept() -> None:
    finding = Finding("IN-50", Severity.WARNING, "laufzettel.json", "Laut Laufzettel 3 Blatt, empfangen 1 Seite.")
    quality = quality_of(checked("ohne Beanstandung"), (finding,), PDFA)
    assert (quality.ergebnis, quality.vollstaendigkeit) == (Verdict.OK, Verdict.FAILED)
    assert quality.bemerkungen == ("ohne Beanstandung", f"IN-50: {finding.text}")


def test_without_any_number_on_the_slip_completeness_was_not_checked() -> None:
    finding = Finding("IN-51", Severity.WARNING, "laufzettel.json", "Der Laufzettel nennt keine Blattzahl.")
    assert quality_of(None, (finding,), PDFA).vollstaendigkeit is Verdict.NOT_CHECKED


def test_a_balance_that_adds_up_is_complete() -> None:
    quality = quality_of(None, (), PDFA)
    assert (quality.ergebnis, quality.vollstaendigkeit) == (Verdict.NOT_CHECKED, Verdict.OK)
