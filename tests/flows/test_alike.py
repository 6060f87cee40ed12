"""A Vorgang that is nearly one of the Akte is asked about; one to the letter, or plainly another, is not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from akten.findings import Finding, Severity
from akten.model import Akte, Dokument, Vorgang
from flows.alike import asked_of_vorgaenge, nearly_alike
from flows.replacing import Replacement, Wanted
from flows.wiring import Services
from ingest.delivery import PlannedAkte
from ingest.rules import FEW
from tests.catalog.build import an_akte, an_id

Name = tuple[str, str]
GENEHMIGUNG: Name = ("Baugenehmigung", "63-07001-2019-1")
GARAGE: Name = ("Baugenehmigung Garage", "")


def akte(*names: Name) -> Akte:
    vorgaenge = tuple(
        Vorgang(
            an_id("v", place, *name), name[0], zeichen=name[1], dokumente=(Dokument(an_id("d", place, *name), "A"),)
        )
        for place, name in enumerate(names, 1)
    )
    return replace(an_akte(an_id("akte"), an_id("lieferung")), vorgaenge=vorgaenge)


def asked(said: Name, *there: Name) -> list[str]:
    found = nearly_alike(akte(said), akte(*there), {})
    assert all((f.code, f.severity) == ("IN-55", Severity.ERROR) for f in found)
    return [f.text for f in found]


@pytest.mark.parametrize(
    ("said", "there"),
    [
        (("Baugenehmigung", ""), GENEHMIGUNG),
        (("Baugenehmigung", "63-7001-19-1"), GENEHMIGUNG),
        (("BAUGENEHMIGUNG", "Az. 63/07001/2019/1"), GENEHMIGUNG),
        (("Nachtrag zur Baugenehmigung", "63-7001-2019-1"), GENEHMIGUNG),
        (("Baugenehmigung Garage", "63-1"), GARAGE),
        (("baugenehmigung garage", ""), GARAGE),
        (("Baugenehmigung-Garage.", ""), GARAGE),
        (("Baugenehmigung Garage", "–"), GARAGE),
        (("Anbau Hafenstr. 5", ""), ("Anbau Hafenstraße 5", "")),
    ],
)
def test_one_that_is_nearly_so_called_is_asked_about_and_told_to_the_letter(said: Name, there: Name) -> None:
    (text,) = asked(said, ("Abbruch", "A 1"), there)
    assert f"„{there[0]}“ ({f'Zeichen {there[1]}' if there[1] else 'ohne Zeichen'})" in text
    assert "Abbruch" not in text


@pytest.mark.parametrize(
    ("said", "there"),
    [
        (GENEHMIGUNG, [GENEHMIGUNG]),
        (GENEHMIGUNG, [GENEHMIGUNG, ("Baugenehmigung", "")]),  # two that the Akte has beside each other
        (("Baugenehmigung", ""), [GENEHMIGUNG, ("Baugenehmigung", "")]),
        (("Baugenehmigung", "63-07001-2019-2"), [GENEHMIGUNG]),  # told apart by its Zeichen
        (("Abbruch", ""), [GENEHMIGUNG, GARAGE]),
        (("Baugenehmigung Garage 2", ""), [GARAGE]),
        (("Abbruch", "B 7"), [("Neubau", "B 7"), ("Anbau", "B 7")]),  # a Zeichen that several bear
        (("Abbruch", "63-1234-19"), [("Neubau", "63-01234-2019")]),  # that of the Akte
    ],
)
def test_one_to_the_letter_or_plainly_another_is_not(said: Name, there: list[Name]) -> None:
    assert asked(said, *there) == []


def test_a_zeichen_that_the_slip_itself_gives_to_several_names_tells_none_apart() -> None:
    assert nearly_alike(akte(GENEHMIGUNG, ("Abnahme", GENEHMIGUNG[1])), akte(GENEHMIGUNG), {}) == ()


def test_of_many_the_first_are_told_and_the_rest_is_counted() -> None:
    names = [(f"Anbau {number}", "") for number in range(FEW + 3)]
    found = nearly_alike(akte(*((name.upper(), "") for name, _ in names)), akte(*names), {})
    assert (len(found), {f.severity for f in found}) == (FEW + 1, {Severity.ERROR})
    assert found[-1].text.startswith("… und 3 weitere Vorgänge")


def of_a_delivery(
    said: Akte, now: Akte | None, wanted: Wanted, accepted: tuple[Finding, ...] = ()
) -> tuple[Finding, ...]:
    package = SimpleNamespace(package=SimpleNamespace(id=SimpleNamespace(version=1)), delivery=an_id("lieferung"))
    catalog = SimpleNamespace(
        packages=lambda _: [package] if now else [],
        akte_snapshot=lambda _, version=None: now or said,  # before the first version, the plan
        delivery=lambda _: None,
        accepted_findings=lambda _: accepted,
    )
    slip = SimpleNamespace(datei="laufzettel.yaml", vorgaenge=said.vorgaenge)
    planned = PlannedAkte(said, {}, frozenset())
    services, delivery = (
        cast(Services, SimpleNamespace(catalog=catalog)),
        cast(Any, SimpleNamespace(slip=slip, uuid=an_id("lieferung"))),
    )
    codes = frozenset(finding.code for finding in accepted)
    return asked_of_vorgaenge(services, delivery, planned, planned, wanted, codes)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (GARAGE, ("baugenehmigung  Garage.", "")),
        (GARAGE, ("Baugenehmigung-Garage", "B 7")),
        (("Baugenehmigung-Garage", "B 7"), GARAGE),
        (GENEHMIGUNG, ("Baugenehmigung", "63-7001-19-1")),
        (GENEHMIGUNG, ("BAUGENEHMIGUNG", "63-7001-19-1")),
    ],
)
def test_one_that_its_own_slip_has_in_another_spelling_is_asked_about_also_in_a_first_delivery(
    first: Name, second: Name
) -> None:
    """Both became Vorgänge of the Akte without a word, and two can never be merged."""
    for now in (None, akte(("Abbruch", ""))):
        (told,) = of_a_delivery(akte(first, ("Abbruch", ""), second), now, Wanted())
        assert (told.code, told.severity, told.where) == ("IN-55", Severity.ERROR, "laufzettel.yaml, vorgaenge[3]")
        assert f"„{first[0]}“ ({f'Zeichen {first[1]}' if first[1] else 'ohne Zeichen'})" in told.text
        assert "Auf dem Laufzettel steht schon" in told.text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (GARAGE, GARAGE),
        (GARAGE, ("garage", "")),
        (GENEHMIGUNG, ("Baugenehmigung", "")),  # beside each other, the slip tells them apart
        (("Baugenehmigung", ""), GENEHMIGUNG),
        (GENEHMIGUNG, ("Baugenehmigung", "63-07001-2019-2")),
        (GENEHMIGUNG, ("Abnahme", "63-7001-19-1")),
    ],
)
def test_what_a_slip_itself_tells_apart_is_not(first: Name, second: Name) -> None:
    assert of_a_delivery(akte(first, second), None, Wanted()) == ()
    assert of_a_delivery(akte(first, second), akte(first, second), Wanted()) == ()


def test_one_that_is_asked_about_is_asked_about_once_and_all_are_counted_together() -> None:
    names = [(f"Anbau {number}", "") for number in range(FEW)]
    said = akte(*((name.upper(), "") for name, _ in names), ("Neubau", ""), ("NEUBAU", ""), ("anbau 1", ""))
    found = nearly_alike(said, akte(*names), {})
    assert len(found) == FEW + 1
    assert found[-1].text.startswith("… und 2 weitere Vorgänge")


def test_what_was_accepted_lets_through_what_was_told_then_and_nothing_else() -> None:
    """A Vorgang that somebody archived meanwhile, in a spelling that nobody saw, got its second without a word."""
    said = akte(("Baugenehmigung", ""), ("Garage", ""))
    (first,) = of_a_delivery(said, akte(GENEHMIGUNG), Wanted())
    told = (replace(first, text=f"{first.text} Im Fall 1 wurde das angenommen, aber …"),)
    later = of_a_delivery(said, akte(GENEHMIGUNG, ("garage", "")), Wanted(), told)
    assert [(f.where, f.severity) for f in later] == [
        ("laufzettel.yaml, vorgaenge[1]", Severity.WARNING),
        ("laufzettel.yaml, vorgaenge[2]", Severity.ERROR),
    ]


def test_it_is_told_where_it_stands_and_a_person_may_answer_for_it() -> None:
    said, now = akte(("Abbruch", ""), ("Baugenehmigung", "")), akte(GENEHMIGUNG)
    (told,) = of_a_delivery(said, now, Wanted())
    assert (told.severity, told.where) == (Severity.ERROR, "laufzettel.yaml, vorgaenge[2]")
    (known,) = of_a_delivery(said, now, Wanted(), (told,))
    assert known.severity is Severity.WARNING
    assert known.text.endswith("(Mit Begründung angenommen.)")


def test_what_replaces_another_makes_no_vorgang_and_is_not_asked_about() -> None:
    said, now = akte(("garage", "")), akte(("Garage", ""))
    place = SimpleNamespace(dokument=now.dokumente[0].uuid, version=1)
    one = Replacement(said.dokumente[0].uuid, (cast(Any, place),), 1, 1)
    assert of_a_delivery(said, now, Wanted((one,))) == ()
    assert len(of_a_delivery(said, now, Wanted())) == 1


def test_a_slip_that_names_no_vorgang_is_told_that_its_betreff_is_meant() -> None:
    said, now = akte(("ANBAU, Hafenstr. 5", "")), akte(("Anbau Hafenstraße 5", ""))
    (told,) = nearly_alike(said, now, {}, by_betreff=True)
    assert "bitte „betreff“ genau so schreiben" in told.text
    (told,) = nearly_alike(said, now, {})
    assert "bitte ihn unter „vorgaenge“ genau so schreiben" in told.text
