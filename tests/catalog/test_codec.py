"""A snapshot of an Akte gives back the very value, whatever an office typed."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.aktenzeichen import Aktenzeichen
from akten.files import Digests
from akten.findings import Finding, Severity
from akten.model import (
    Akte,
    Aktenart,
    Anlage,
    Aufbewahrung,
    Aussonderungsart,
    Datei,
    Dokument,
    Ersetztes,
    HistorienEintrag,
    Laufzeit,
    Vorgang,
)
from catalog.codec import akte_from_json, akte_to_json, canonical, findings_from_json, findings_to_json

TEXT = st.text(st.characters(), max_size=20)  # NUL, surrogates and all
TITLE = TEXT.filter(lambda text: bool(text.strip()))
DAY = st.none() | st.dates()
ZONE = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANT = st.datetimes(datetime(1900, 1, 2), datetime(2900, 1, 1), timezones=ZONE)  # noqa: DTZ001


@st.composite
def laufzeiten(draw: st.DrawFn) -> Laufzeit:
    first, last = draw(DAY), draw(DAY)
    return Laufzeit(first, last) if not (first and last and last < first) else Laufzeit(last, first)


HEX = "0123456789abcdef"
DIGESTS = st.builds(
    Digests,
    st.text(HEX, min_size=64, max_size=64),
    st.text(HEX, min_size=128, max_size=128),
    st.integers(0, 2**60),
)
HISTORIE = st.lists(st.builds(HistorienEintrag, INSTANT, TEXT, TEXT, TEXT), max_size=2).map(tuple)
DATEI = st.builds(
    Datei, st.uuids(), TEXT, TEXT, DIGESTS, TEXT, TEXT, TEXT, TEXT, erstellt=st.none() | INSTANT, signiert=st.booleans()
)
DOKUMENT = st.builds(
    Dokument,
    st.uuids(),
    TITLE,
    TEXT,
    DAY,
    DAY,
    st.integers(0, 10**6),
    st.lists(DATEI, max_size=2).map(tuple),
    HISTORIE,
    ersetzt=st.lists(st.builds(Ersetztes, st.uuids(), st.integers(1, 99)), max_size=2).map(tuple),
)
VORGANG = st.builds(Vorgang, st.uuids(), TITLE, TEXT, TEXT, laufzeiten(), st.lists(DOKUMENT, max_size=2).map(tuple))
NUMBER = TEXT.map(str.strip).filter(bool)
AUFBEWAHRUNG = st.builds(
    Aufbewahrung, TEXT, st.none() | st.integers(0, 300), DAY, st.sampled_from(Aussonderungsart), TEXT
)
AKTE = st.builds(
    Akte,
    st.uuids(),
    st.sampled_from(Aktenart),
    st.builds(Aktenzeichen, NUMBER, TEXT),
    TITLE,
    TEXT,
    TEXT,
    st.integers(1, 999),
    laufzeiten(),
    DAY,
    st.none() | AUFBEWAHRUNG,
    st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    st.lists(VORGANG, max_size=2).map(tuple),
    HISTORIE,
)


@given(AKTE)
def test_an_akte_comes_back_as_it_was(akte: Akte) -> None:
    text = akte_to_json(akte)
    assert akte_from_json(text) == akte
    assert text.isascii()
    assert "\0" not in text
    assert akte_to_json(akte_from_json(text)) == text


@given(st.lists(st.builds(Finding, TEXT, st.sampled_from(Severity), TEXT, TEXT), max_size=3).map(tuple))
def test_findings_come_back_as_they_were(findings: tuple[Finding, ...]) -> None:
    assert findings_from_json(findings_to_json(findings)) == findings


def test_a_slip_with_dates_and_uuids_has_one_text() -> None:
    slip = {"b": date(2026, 1, 2), "a": UUID(int=1), "c": (1, "ä")}
    assert canonical(slip) == ('{"a":"00000000-0000-0000-0000-000000000001","b":"2026-01-02","c":[1,"\\u00e4"]}')
    with pytest.raises(TypeError):
        canonical({"x": object()})


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 99}', "null"])
def test_a_foreign_snapshot_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        akte_from_json(text)


@given(st.lists(st.builds(Anlage, DATEI, TEXT, st.uuids()), max_size=2).map(tuple))
def test_attachments_come_back_and_older_snapshots_have_none(anlagen: tuple[Anlage, ...]) -> None:
    dokument = Dokument(UUID(int=1), "Antrag", anlagen=anlagen)
    vorgang = Vorgang(UUID(int=2), "Vorgang", dokumente=(dokument,))
    akte = Akte(UUID(int=3), Aktenart.BAUAKTE, Aktenzeichen("63-1-20", ""), "Akte", vorgaenge=(vorgang,))
    text = akte_to_json(akte)
    assert akte_from_json(text) == akte
    older = json.loads(text)
    del older["vorgaenge"][0]["dokumente"][0]["anlagen"]
    assert akte_from_json(json.dumps(older)).dokumente[0].anlagen == ()


def test_a_file_without_a_signature_is_written_as_it_was_before_signatures_were_told() -> None:
    """Older descriptions keep their text, and with it the digest that the trail holds of them."""
    datei = Datei(UUID(int=1), "pdf", "application/pdf", Digests("0" * 64, "0" * 128, 1), "018")
    dokument = Dokument(UUID(int=2), "Brief", dateien=(datei,))
    akte = Akte(
        UUID(int=3),
        Aktenart.BAUAKTE,
        Aktenzeichen("1", "1"),
        "B",
        vorgaenge=(Vorgang(UUID(int=4), "V", dokumente=(dokument,)),),
    )
    assert "signiert" not in akte_to_json(akte)
    assert "ersetzt" not in akte_to_json(akte), "nor did anything replace another then"
