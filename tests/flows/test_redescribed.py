"""What a Nachscan changes in the description of its Akte is said on the receipt; what it adds is no change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from unittest.mock import Mock
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.model import Akte, Aktenart, Laufzeit
from catalog.keeping import KeepingRow, KnownEvent
from catalog.values import DeliveryRow
from flows.redescribed import other_days, redescribed

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


EARLY, LATE = date(2020, 12, 1), date(2020, 12, 15)


def told_days(known: list[KnownEvent], *slip: tuple[str, date]) -> list[str]:
    """The texts of EV-10 for a slip with these events, while the register knows `known`."""
    row = Mock(DeliveryRow, slip={"datei": "laufzettel.json", "ereignisse": [[e, d.isoformat()] for e, d in slip]})
    found = other_days(Mock(KeepingRow, events=tuple(known)), row)
    assert all((f.code, f.severity, f.where) == ("EV-10", "warning", "laufzettel.json, ereignisse") for f in found)
    return [finding.text for finding in found]


def test_another_day_for_the_event_of_a_slip_is_said_with_its_source() -> None:
    first = KnownEvent("file_closed", EARLY, "Laufzettel der Lieferung 3")
    own = KnownEvent("file_closed", LATE, "Laufzettel der Lieferung 4")
    (text,) = told_days([first, own, KnownEvent("death", LATE, "U", 2)], ("file_closed", LATE), ("death", LATE))
    assert "den 15.12.2020; im Register steht dafür auch: 01.12.2020 (Laufzettel der Lieferung 3)" in text
    (text,) = told_days([KnownEvent("file_closed", EARLY, "Verfügung", 7), own], ("file_closed", LATE))
    assert "01.12.2020 (Meldung Nr. 7)" in text


def test_the_same_day_again_or_one_that_was_put_right_is_not_said() -> None:
    own = KnownEvent("file_closed", LATE, "Laufzettel der Lieferung 4")
    assert told_days([own], ("file_closed", LATE)) == []
    assert told_days([own, KnownEvent("death", EARLY, "U")], ("file_closed", LATE)) == []
    assert told_days([KnownEvent("file_closed", EARLY, "Verfügung", 7)], ("file_closed", LATE)) == []
    assert other_days(None, Mock(DeliveryRow, slip={})) == ()
