"""The Akte is joined with its finished files; dates are taken from documents and never invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.files import digest_bytes
from akten.model import Akte, Datei, HistorienEintrag, Laufzeit
from metadata.describe import describe
from tests.metadata.xdomea_builders import NOW, an_akte, an_id


def open_akte(laufzeit: Laufzeit = Laufzeit(), days: tuple[date | None, ...] = ()) -> Akte:  # noqa: B008 frozen
    akte = an_akte(max(len(days), 1))
    vorgang = akte.vorgaenge[0]
    dokumente = tuple(
        replace(dokument, datum=day, posteingang=None, dateien=(), seiten=0)
        for dokument, day in zip(vorgang.dokumente, days or (None,), strict=False)
    )
    return replace(akte, laufzeit=laufzeit, vorgaenge=(replace(vorgang, laufzeit=laufzeit, dokumente=dokumente),))


def test_files_pages_and_history_reach_their_dokument() -> None:
    datei = Datei(an_id("neu"), "pdf", "application/pdf", digest_bytes(b"x"), "044", "2u")
    later, sooner = HistorienEintrag(NOW + timedelta(1), "b", "y"), HistorienEintrag(NOW, "a", "x")
    uuid = an_id("dokument 1")
    done = describe(open_akte(), {uuid: (datei,)}, {uuid: 7}, {uuid: (later, sooner), an_id("akte"): (later,)})
    dokument = done.dokumente[0]
    assert (dokument.dateien, dokument.seiten) == ((datei,), 7)
    assert dokument.historie.index(sooner) < dokument.historie.index(later)
    assert later in done.historie
    assert describe(done, {uuid: (datei,)}, {uuid: 7}, {uuid: (later, sooner)}) == done, "once is enough"


def test_a_missing_laufzeit_comes_from_the_dates_of_the_documents() -> None:
    done = describe(open_akte(days=(date(2001, 5, 6), None, date(1999, 1, 2))), {}, {})
    assert done.vorgaenge[0].laufzeit == done.laufzeit == Laufzeit(date(1999, 1, 2), date(2001, 5, 6))


def test_without_dates_the_laufzeit_stays_open() -> None:
    assert describe(open_akte(days=(None, None)), {}, {}).laufzeit == Laufzeit()


def test_what_the_slip_says_stays() -> None:
    said = Laufzeit(date(1998, 1, 1), date(1998, 12, 31))
    assert describe(open_akte(said, (date(2005, 1, 1),)), {}, {}).laufzeit == said


@given(
    st.lists(st.none() | st.dates(), max_size=4).map(tuple),
    st.none() | st.dates(),
    st.booleans(),
)
def test_no_date_is_ever_invented(days: tuple[date | None, ...], known: date | None, begins: bool) -> None:
    said = Laufzeit(known, None) if begins else Laufzeit(None, known)
    laufzeit = describe(open_akte(said, days), {}, {}).laufzeit
    assert {laufzeit.beginn, laufzeit.ende} <= {*days, known, None}
    assert (laufzeit.beginn if begins else laufzeit.ende) == known or known is None


D = date  # short, for the table


@pytest.mark.parametrize(
    ("said", "days", "told"),
    [
        (Laufzeit(None, D(1999, 12, 31)), (D(1998, 2, 1),), Laufzeit(D(1998, 2, 1), D(1999, 12, 31))),
        (Laufzeit(None, D(1999, 12, 31)), (D(1999, 12, 31),), Laufzeit(D(1999, 12, 31), D(1999, 12, 31))),
        (Laufzeit(None, D(1999, 12, 31)), (D(2000, 1, 1),), Laufzeit(None, D(1999, 12, 31))),
        (Laufzeit(D(1998, 1, 1), None), (D(2000, 2, 29),), Laufzeit(D(1998, 1, 1), D(2000, 2, 29))),
        (Laufzeit(D(1998, 1, 1), None), (D(1998, 1, 1),), Laufzeit(D(1998, 1, 1), D(1998, 1, 1))),
        (Laufzeit(D(1998, 1, 1), None), (D(1997, 12, 31),), Laufzeit(D(1998, 1, 1), None)),
        (Laufzeit(), (D(1850, 1, 1),), Laufzeit(D(1850, 1, 1), D(1850, 1, 1))),
    ],
)
def test_one_end_that_the_slip_names_is_joined_by_the_dates_that_do_not_contradict_it(
    said: Laufzeit, days: tuple[date | None, ...], told: Laufzeit
) -> None:
    assert describe(open_akte(said, days), {}, {}).laufzeit == told


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ((Laufzeit(D(1998, 1, 1), None),), Laufzeit(D(1998, 1, 1), None)),
        ((Laufzeit(None, D(1999, 1, 1)),), Laufzeit(None, D(1999, 1, 1))),
        ((Laufzeit(D(1998, 1, 1), D(1999, 1, 1)), Laufzeit(D(2005, 1, 1), None)), Laufzeit(D(1998, 1, 1), None)),
        ((Laufzeit(D(1998, 1, 1), D(1999, 1, 1)), Laufzeit()), Laufzeit(D(1998, 1, 1), D(1999, 1, 1))),
    ],
)
def test_the_beginning_of_a_vorgang_is_no_end_of_its_akte(inner: tuple[Laufzeit, ...], told: Laufzeit) -> None:
    """An Akte whose last Vorgang runs on ended on no day that we know."""
    akte = open_akte()
    (vorgang,) = akte.vorgaenge
    vorgaenge = tuple(replace(vorgang, uuid=an_id(f"v{n}"), laufzeit=each) for n, each in enumerate(inner))
    assert describe(replace(akte, vorgaenge=vorgaenge), {}, {}).laufzeit == told


def test_of_a_letter_without_a_date_the_day_of_its_receipt_counts() -> None:
    akte = open_akte(days=(None,))
    (vorgang,) = akte.vorgaenge
    letter = replace(vorgang.dokumente[0], datum=None, posteingang=date(2001, 3, 1))
    akte = replace(akte, vorgaenge=(replace(vorgang, dokumente=(letter,)),))
    assert describe(akte, {}, {}).laufzeit == Laufzeit(date(2001, 3, 1), date(2001, 3, 1))
