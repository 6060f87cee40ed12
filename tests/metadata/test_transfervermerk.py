"""A Transfervermerk has the six fields of the TR, says what is missing, and cannot be moved to another scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.findings import Severity, Verdict
from metadata.transfervermerk import (
    ERKLAERUNG,
    RULES,
    Ersteller,
    Qualitaet,
    Scanprodukt,
    Transfervermerk,
    Umgebung,
    Zeiten,
    check_note,
    write_note,
)
from tests.metadata.notereader import read_note

T0 = datetime(2026, 11, 23, 8, tzinfo=UTC)
PRODUCT = Scanprodukt(UUID(int=3), "a" * 128)


def good() -> Transfervermerk:
    return Transfervermerk(
        UUID(int=1),
        UUID(int=2),
        (PRODUCT,),
        Ersteller("B-07", "Bedienerverzeichnis des Scandienstes", "Stadt Neuss"),
        Umgebung("DR-G2140", "300-grau", "Platz 2", "VD 1.4", (("aktenarchiv", "0.1.0"),)),
        (),
        Zeiten(T0, T0 + timedelta(minutes=1), T0 + timedelta(minutes=2), T0 + timedelta(minutes=3)),
        Qualitaet(Verdict.OK, "Stichprobe", "P-02", Verdict.OK, 3, 5, 1),
        ERKLAERUNG,
    )


def with_(part: str, **changes: object) -> Callable[[Transfervermerk], Transfervermerk]:
    return lambda note: replace(note, **{part: replace(getattr(note, part), **changes)})


BROKEN: list[tuple[str, Callable[[Transfervermerk], Transfervermerk]]] = [
    ("TV-02", with_("ersteller", pseudonym="")),
    ("TV-03", with_("ersteller", aufloesung=" ")),
    ("TV-04", with_("ersteller", pseudonym="stadt neuss")),
    ("TV-05", with_("umgebung", geraet="")),
    ("TV-05", with_("umgebung", software=())),
    ("TV-06", lambda note: replace(note, auffaelligkeiten=None)),
    ("TV-07", with_("zeiten", erfassung=None)),
    ("TV-08", with_("zeiten", versiegelung=None)),
    ("TV-09", with_("zeiten", metadaten=T0 - timedelta(seconds=1))),
    ("TV-09", with_("zeiten", versiegelung=T0 + timedelta(seconds=61))),
    ("TV-09", with_("zeiten", erfassung=date(2026, 11, 24))),
    ("TV-10", with_("qualitaet", ergebnis=Verdict.NOT_CHECKED)),
    ("TV-11", with_("qualitaet", seiten=None)),
    ("TV-12", with_("qualitaet", leerseiten=6)),
    ("TV-12", with_("qualitaet", blaetter=2)),
    ("TV-12", with_("qualitaet", blaetter=6)),
    ("TV-13", lambda note: replace(note, erklaerung="")),
    ("TV-14", lambda note: replace(note, produkte=())),
    ("TV-15", lambda note: replace(note, produkte=(PRODUCT, PRODUCT))),
    ("TV-15", lambda note: replace(note, produkte=(Scanprodukt(UUID(int=3), "b" * 128),))),
    ("TV-15", lambda note: replace(note, produkte=(Scanprodukt(UUID(int=4), "a" * 128),))),
    ("TV-16", with_("qualitaet", pruefer="b-07")),
    ("TV-17", with_("qualitaet", ergebnis=Verdict.FAILED)),
]


def test_a_whole_note_has_no_findings() -> None:
    assert check_note(good(), {PRODUCT.uuid: PRODUCT.sha512}) == ()


@pytest.mark.parametrize(("code", "spoil"), BROKEN)
def test_each_lack_is_named_and_nothing_else(code: str, spoil: Callable[[Transfervermerk], Transfervermerk]) -> None:
    assert [f.code for f in check_note(spoil(good()), {PRODUCT.uuid: PRODUCT.sha512})] == [code]


def test_a_day_is_one_of_berlin_where_midnight_comes_before_that_of_utc() -> None:
    """Scanned on the 24th by the slip, read at 0:20 of the 24th: in UTC that is still the 23rd."""
    night = datetime(2026, 11, 23, 23, 20, tzinfo=UTC)
    zeiten = Zeiten(date(2026, 11, 24), night, night, night)
    assert check_note(replace(good(), zeiten=zeiten), {PRODUCT.uuid: PRODUCT.sha512}) == ()


@pytest.mark.parametrize(("second", "wrong"), [(0, False), (41, True), (42, False)])
def test_of_a_check_without_seconds_only_the_minute_is_known(second: int, wrong: bool) -> None:
    scanned = datetime(2026, 11, 20, 9, 15, 42, tzinfo=UTC)
    zeiten = replace(good().zeiten, erfassung=scanned, qualitaetspruefung=scanned.replace(second=second))
    found = check_note(replace(good(), zeiten=zeiten), {PRODUCT.uuid: PRODUCT.sha512})
    assert [f.code for f in found] == (["TV-09"] if wrong else [])


def test_every_rule_has_a_broken_note() -> None:
    assert {code for code, _ in BROKEN} == set(RULES)


def test_what_nobody_said_warns_and_does_not_stop() -> None:
    findings = check_note(Transfervermerk(UUID(int=1), UUID(int=2), (PRODUCT,)))
    assert {f.severity for f in findings} == {Severity.WARNING}
    assert len(findings) == 8


def test_the_bytes_are_canonical() -> None:
    data = write_note(good())
    assert data == write_note(good())
    assert data.startswith(b'{"auffaelligkeiten":[],"dokument":"00000000-')
    assert "bildlich und inhaltlich überein.".encode() in data


def test_a_day_and_an_instant_come_back_as_they_were() -> None:
    note = with_("zeiten", erfassung=date(2026, 11, 23))(good())
    assert read_note(write_note(note)) == note


_text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=10)
_times = st.one_of(st.none(), st.dates(), st.datetimes(timezones=st.just(UTC)))
_counts = st.one_of(st.none(), st.integers(0, 10**6))
_notes = st.builds(
    Transfervermerk, st.uuids(), st.uuids(),
    st.lists(st.builds(Scanprodukt, st.uuids(), st.just("0" * 128)), max_size=2).map(tuple),
    st.builds(Ersteller, _text, _text, _text),
    st.builds(Umgebung, _text, _text, _text, _text, st.lists(st.tuples(_text, _text), max_size=2).map(tuple)),
    st.one_of(st.none(), st.lists(_text, max_size=2).map(tuple)), st.builds(Zeiten, _times, _times, _times, _times),
    st.builds(Qualitaet, st.sampled_from(Verdict), _text, _text, st.sampled_from(Verdict), _counts, _counts, _counts,
              st.lists(_text, max_size=2).map(tuple)), _text,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(_notes)
def test_any_note_survives_writing_and_reading(note: Transfervermerk) -> None:
    assert read_note(write_note(note)) == note
