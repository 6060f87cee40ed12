"""Who proposes or releases a correction is told what comes of it: a period that moves, days that are at odds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from akten.model import Akte
from flows.consequences import consequences
from flows.correction import waiting
from tests.flows.correctionworld import World, an_akte, ask
from tests.flows.correctionworld import world as world

DAYS = {
    "zda_datum": "2021-03-04",
    "vorgaenge": [
        {
            "betreff": "Neubau",
            "dokumente": [
                {"betreff": "Antrag", "seiten": "1", "datum": "2020-01-02"},
                {"betreff": "Bescheid", "seiten": "1", "datum": "2020-05-05"},
            ],
        }
    ],
}


def told(world: World, akte: Akte, **fields: object) -> list[str]:
    ask(world, akte, **fields)
    coming = consequences(world.services, waiting(world.services, akte.uuid))
    assert {finding.code for finding in coming.findings} <= {"WF-53"}
    return [finding.text for finding in coming.findings]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"zda_datum": "4.3.2020"},
            [
                "z.d.A.-Datum (04.03.2020) liegt vor dem Ende der Laufzeit (05.05.2020)",
                "z.d.A.-Datum (04.03.2020) liegt vor dem Tag des Dokuments „Bescheid“ (05.05.2020)",
            ],
        ),
        ({"zda_datum": "5.5.2020"}, []),
        ({"betreff": "Anbau Wintergarten"}, []),
        (
            {"dokumente": [{"dokument": "Bescheid", "datum": "4.5.2020"}]},
            [
                "Laufzeit der Akte bleibt 02.01.2020 bis 05.05.2020; ihren letzten Tag hat kein Dokument mehr (dazu: "
                "--laufzeit-ende)",
                "Laufzeit des Vorgangs „Neubau“ bleibt 02.01.2020 bis 05.05.2020; ihren letzten Tag hat kein Dokument "
                "mehr (dazu: --vorgang 1 --laufzeit-ende)",
            ],
        ),
        (
            {
                "dokumente": [{"dokument": "Bescheid", "datum": "4.5.2020"}],
                "laufzeit": {"ende": "4.5.2020"},
                "vorgaenge": [{"vorgang": "1", "laufzeit": {"ende": "4.5.2020"}}],
            },
            [],
        ),
        (
            {"laufzeit": {"beginn": "3.1.2020"}},
            ["Tag des Dokuments „Antrag“ (02.01.2020) liegt außerhalb der Laufzeit der Akte (03.01.2020 bis"],
        ),
        ({"dokumente": [{"dokument": "1", "posteingang": "1.1.2020"}]}, ["Posteingang des Dokuments „Antrag“"]),
    ],
)
def test_days_that_do_not_go_together_any_more_are_told(
    world: World, fields: dict[str, object], words: list[str]
) -> None:
    akte = an_akte(world, **DAYS)
    found = told(world, akte, **fields)
    assert len(found) == len(words), found
    assert all(word in text for word, text in zip(words, found, strict=True))


def test_what_was_at_odds_before_is_not_told_of_another_correction(world: World) -> None:
    akte = an_akte(world, **{**DAYS, "zda_datum": "2020-02-02"})
    assert told(world, akte, dokumente=[{"dokument": "Bescheid", "betreff": "Genehmigung"}]) == []


def test_the_period_before_and_after_is_told(world: World) -> None:
    akte = an_akte(world, aktenart="Steuerakte", aktenzeichen="90-12345-07", zda_datum="2019-03-04")
    ask(world, akte, zda_datum="4.3.2025")
    coming = consequences(world.services, waiting(world.services, akte.uuid))
    assert (coming.before, coming.after, coming.computed) == (date(2029, 12, 31), date(2035, 12, 31), True)


def test_a_period_that_the_rules_cannot_say_is_not_called_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    monkeypatch.setattr(world, "katalog", replace(world.katalog, classes={}, defaults={}))
    coming = consequences(world.services, waiting(world.services, akte.uuid))
    assert (coming.before, coming.after, coming.computed) == (None, None, False)
