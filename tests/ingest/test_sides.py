"""A back that the alphabet puts before its front is asked about; names that only look alike are left alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from akten.findings import Finding, Severity
from ingest.checks import check_delivery
from ingest.options import IntakeOptions
from ingest.scans import natural_key
from ingest.slipdoc import Slip, SlipDokument, SlipVorgang
from tests.ingest.builders import a_delivery, a_scan, a_slip, some_facts


def told(
    *names: str, slip: Slip | None = None, accepted: frozenset[str] = frozenset(), pages: int = 1
) -> list[Finding]:
    """The findings about a delivery with these files, in the order in which a delivery has them."""
    named = sorted(names, key=natural_key)
    scans = [replace(a_scan(name), uuid=UUID(int=number)) for number, name in enumerate(named)]
    delivery = a_delivery(slip or a_slip(blattzahl=len(names)), *scans)
    return list(
        check_delivery(
            delivery, some_facts(delivery, dict.fromkeys(names, pages)), {}, IntakeOptions(), accepted=accepted
        )
    )


def of_one_dokument(**how: object) -> Slip:
    return a_slip(vorgaenge=(SlipVorgang("v", dokumente=(SlipDokument("d", **how),)),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("Blatt 1 Vorderseite.jpg", "Blatt 1 Rückseite.jpg"),
        ("blatt1_vorderseite.tif", "Blatt1_Rueckseite.jpg"),
        ("0001_V.tif", "0001_R.tif"),
        ("0001V.tif", "0001R.tif"),
        ("scan-7-front.png", "scan-7-back.png"),
        ("Scan 7 (F).png", "Scan 7 (B).png"),
        ("Blatt 3 vorne.jpg", "Blatt 3 hinten.jpg"),
        ("Vorderseiten/Scan 1903.jpg", "Rückseiten/Scan 1903.jpg"),
    ],
)
def test_a_back_before_its_front_is_asked_about_with_both_names(front: str, back: str) -> None:
    (finding,) = told(front, back)
    assert (finding.code, finding.severity) == ("IN-47", Severity.ERROR)
    assert finding.text.index("ckseite" if "ckseite" in back else back) < finding.text.index(front)
    assert "„dateien“" in finding.text


@pytest.mark.parametrize(
    "names",
    [
        ("Blatt 1 recto.jpg", "Blatt 1 verso.jpg"),  # here the alphabet is right
        ("Blatt 1.jpg", "Blatt 1 Rückseite.jpg"),
        ("0001 Vorderseite.jpg", "0002 Rückseite.jpg"),  # the numbers tell the order
        ("fol. 12r.tif", "fol. 12v.tif"),  # leaves as archives count them: recto, verso
        ("Plan A.tif", "Plan R.tif", "Plan V.tif"),
        ("Rückbau.jpg", "Vorderhaus.jpg"),
        ("Backofen 1.jpg", "Frontofen 1.jpg"),
        ("Blatt 1 Rückseite.jpg", "Blatt 2 Vorderseite.jpg"),
        ("Vertrag.jpg", "Rechnung.jpg"),
    ],
)
def test_names_in_good_order_or_that_only_hold_such_letters_are_left_alone(names: tuple[str, ...]) -> None:
    assert told(*names) == []


@pytest.mark.parametrize(
    ("names", "first", "last"),
    [
        (("recto_001.tif", "recto_002.tif", "verso_001.tif", "verso_002.tif"), "recto_001", "verso_001"),
        (("front 1.tif", "front 2.tif", "front 3.tif", "Rückseite 1.tif", "Rückseite 2.tif"), "front 1", "seite 1"),
        (("1_Vorderseiten/1.tif", "1_Vorderseiten/2.tif", "2_Rückseiten/1.tif", "2_Rückseiten/2.tif"), "1_V", "2_R"),
        (("0001 vorn.tif", "0002 vorn.tif", "0003 hinten.tif", "0004 hinten.tif"), "0001", "0003"),
    ],
)
def test_all_fronts_before_all_backs_are_asked_about(names: tuple[str, ...], first: str, last: str) -> None:
    (finding,) = told(*names)
    assert (finding.code, finding.severity) == ("IN-47", Severity.ERROR)
    assert "erst mehrere Vorderseiten und dann ihre Rückseiten" in finding.text
    assert finding.text.index(first) < finding.text.index(last)
    assert told(*names, slip=of_one_dokument(dateien=names)) == []


@pytest.mark.parametrize(
    "names",
    [
        ("1 recto.tif", "1 verso.tif", "2 recto.tif", "2 verso.tif"),
        ("Front.jpg", "Rückseite.jpg"),
        ("Ansicht vorne.tif", "Grundriss vorne.tif", "Schnitt hinten.tif"),
        ("Vorderseite 1.tif", "Vorderseite 2.tif", "Vorderseite 3.tif"),
        ("Vorder- und Rückseite 1.tif", "Vorder- und Rückseite 2.tif"),
    ],
)
def test_backs_that_follow_their_fronts_or_are_not_as_many_are_left_alone(names: tuple[str, ...]) -> None:
    assert told(*names) == []


def test_two_files_of_many_pages_are_all_fronts_before_all_backs() -> None:
    assert [finding.code for finding in told("recto.tif", "verso.tif", pages=3)] == ["IN-47"]
    assert told("Band 1 recto.tif", "Band 2 verso.tif", pages=3) == []


def test_an_order_of_files_on_the_slip_is_the_word_of_a_person() -> None:
    """Of pages it is one only when they turn the order of the names: counted they are in that order."""
    names = ("Blatt 1 Rückseite.jpg", "Blatt 1 Vorderseite.jpg")
    assert told(*names, slip=of_one_dokument(dateien=(names[1], names[0]))) == []
    assert told(*names, slip=of_one_dokument(dateien=names)) == []
    assert told(*names, slip=of_one_dokument(seiten=((2, 2), (1, 1)))) == []
    assert [finding.code for finding in told(*names, slip=of_one_dokument(seiten=((1, 2),)))] == ["IN-47"]


def test_many_pairs_are_one_question_that_a_person_may_answer() -> None:
    names = [f"Blatt {number}_{side}.tif" for number in range(1, 6) for side in "VR"]
    (finding,) = told(*names)
    assert "„Blatt 1_R.tif“ vor „Blatt 1_V.tif“" in finding.text
    assert "und so 2 weitere Paare" in finding.text
    (finding,) = told(*names, accepted=frozenset({"IN-47"}))
    assert finding.severity is Severity.WARNING
