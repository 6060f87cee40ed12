"""What a Nachscan changes in the description of its Akte is said on the receipt; what it adds is no change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.model import Akte, Aktenart, Laufzeit
from flows.redescribed import redescribed

BEFORE = Akte(
    UUID(int=1),
    Aktenart.BAUAKTE,
    Aktenzeichen("63-01234-2019"),
    "Anbau",
    federfuehrung="Bauamt",
    laufzeit=Laufzeit(date(2001, 1, 1), date(2010, 12, 31)),
    zda_datum=date(2011, 1, 3),
    felder=(("Flurstück", "Flur 12, 345"),),
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"laufzeit": Laufzeit(date(2002, 1, 1), date(2012, 1, 1))}, "Laufzeit"),
        ({"laufzeit": Laufzeit(None, date(2009, 1, 1))}, "Laufzeit"),
        ({"zda_datum": date(2012, 1, 3)}, "z.d.A.-Datum"),
        ({"felder": (("Flurstück", "Flur 12, 346"),)}, "Feld „Flurstück“"),
        ({"federfuehrung": "Grünflächenamt"}, "Federführung"),
    ],
)
def test_what_the_new_slip_names_otherwise_is_said_and_not_quoted(said: dict[str, object], told: str) -> None:
    """A parcel mistyped on the slip of a later page took the place of the right one, and nobody was told."""
    (finding,) = redescribed(BEFORE, replace(BEFORE, **said), "laufzettel.json")  # type: ignore[arg-type]
    assert (finding.code, finding.where, told in finding.text) == ("WF-07", "laufzettel.json", True)
    assert "346" not in finding.text


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"federfuehrung": "", "zda_datum": None, "felder": (), "laufzeit": Laufzeit()},
        {"laufzeit": Laufzeit(date(2000, 1, 1), date(2012, 1, 1))},
        {"federfuehrung": "BAUAMT"},
        {"felder": (("Flurstück", "FLUR 12,  345"), ("Bauherr", "B."))},
    ],
)
def test_what_is_silent_wider_or_new_is_no_change(said: dict[str, object]) -> None:
    assert redescribed(BEFORE, replace(BEFORE, **said), "laufzettel.json") == ()  # type: ignore[arg-type]
