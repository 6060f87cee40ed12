"""The Akte is joined with its finished files; dates are taken from documents and never invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

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
