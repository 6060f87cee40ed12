"""What two persons corrected is not undone by a slip that still has the old value; anything else a slip says counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.correction import Change, Correction, Teil
from akten.model import Akte, Aktenart, Dokument, Ersetztes, Laufzeit, Vorgang
from flows.outlasting import corrections_of, is_corrected_away, outlasting
from flows.wiring import Services

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
VORGANG = UUID(int=7)
NOW = Akte(
    UUID(int=1),
    Aktenart.BAUAKTE,
    Aktenzeichen("63-01234-2019"),
    "Anbau Wintergarten",
    vorgaenge=(Vorgang(VORGANG, "Baugenehmigung", dokumente=(Dokument(UUID(int=8), "Antrag"),), zeichen="G 2"),),
    federfuehrung="Bauamt",
    laufzeit=Laufzeit(date(2001, 1, 1), date(2010, 12, 31)),
    zda_datum=date(2011, 1, 3),
    felder=(("Flurstück", "Flur 12, 354"),),
)


def a_correction(*changes: tuple[Teil, UUID, str, str, str], version: int = 1) -> Correction:
    return Correction(version, tuple(Change(*each) for each in changes), "Irrtum", "a", AT, "b", AT, "geprüft")


def of_akte(name: str, alt: str, neu: str) -> tuple[Teil, UUID, str, str, str]:
    return (Teil.AKTE, NOW.uuid, name, alt, neu)


AGREED = a_correction(
    of_akte("betreff", "Anbau Wintergraten", "Anbau Wintergarten"),
    of_akte("felder.Flurstück", "Flur 12, 345", "Flur 12, 354"),
    of_akte("zda_datum", "2021-01-03", "2011-01-03"),
    of_akte("laufzeit.ende", "2000-12-31", "2010-12-31"),
    (Teil.VORGANG, VORGANG, "betreff", "Bauvoranfrage", "Baugenehmigung"),
)


def said(**values: object) -> Akte:
    """What a slip says that has today's Betreff and is silent else."""
    return replace(
        Akte(
            NOW.uuid,
            NOW.aktenart,
            NOW.aktenzeichen,
            NOW.betreff,
            vorgaenge=(Vorgang(UUID(int=20), "Nachtrag", dokumente=(Dokument(UUID(int=21), "Plan"),)),),
        ),
        **values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ({"betreff": "anbau  WINTERGRATEN"}, "Betreff"),
        ({"felder": (("Flurstück", "Flur 12, 345"),)}, "Feld „Flurstück“"),
        ({"zda_datum": date(2021, 1, 3)}, "z.d.A.-Datum"),
        ({"laufzeit": Laufzeit(None, date(2000, 12, 31))}, "Ende der Laufzeit"),
    ],
)
def test_of_what_was_corrected_away_the_slip_counts_as_if_it_named_what_holds(
    old: dict[str, object], told: str
) -> None:
    kept, (finding,) = outlasting(said(**old), NOW, [AGREED], "laufzettel.json")
    (name,) = old
    assert getattr(kept, name) == (Laufzeit(None, date(2010, 12, 31)) if name == "laufzeit" else getattr(NOW, name))
    assert (finding.code, finding.where) == ("WF-52", "laufzettel.json")
    assert told in finding.text
    assert "345" not in finding.text
    assert "graten" not in finding.text.casefold()


def test_a_vorgang_under_its_name_of_before_is_the_one_that_was_corrected() -> None:
    slip = said(
        vorgaenge=(Vorgang(UUID(int=20), "Bauvoranfrage", dokumente=(Dokument(UUID(int=21), "Plan"),), zeichen="G 2"),)
    )
    kept, findings = outlasting(slip, NOW, [AGREED], "laufzettel.json")
    assert [(vorgang.uuid, vorgang.betreff) for vorgang in kept.vorgaenge] == [(UUID(int=20), "Baugenehmigung")]
    assert [finding.code for finding in findings] == ["WF-52"]
    assert "Betreff eines Vorgangs" in findings[0].text


def test_a_name_that_went_through_two_corrections_is_known_by_each_of_them() -> None:
    first = a_correction((Teil.VORGANG, VORGANG, "betreff", "Voranfrage", "Bauvoranfrage"))
    for name in ("Voranfrage", "Bauvoranfrage"):
        slip = said(
            vorgaenge=(Vorgang(UUID(int=20), name, dokumente=(Dokument(UUID(int=21), "Plan"),), zeichen="G 2"),)
        )
        kept, _ = outlasting(slip, NOW, [first, AGREED], "laufzettel.json")
        assert kept.vorgaenge[0].betreff == "Baugenehmigung"


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"betreff": "Abbruch der Garage"},
        {"felder": (("Flurstück", "Flur 9, 1"),)},
        {"zda_datum": date(2012, 1, 3)},
        {"vorgaenge": (Vorgang(UUID(int=20), "Bauvoranfrage", zeichen="anderes"),)},
    ],
)
def test_what_nobody_corrected_counts_as_the_slip_says_it(other: dict[str, object]) -> None:
    slip = said(**other)
    assert outlasting(slip, NOW, [AGREED], "laufzettel.json") == (slip, ())


def test_a_value_that_holds_again_was_not_corrected_away() -> None:
    back = a_correction(of_akte("betreff", "Anbau Wintergarten", "Anbau Wintergraten"), version=2)
    assert is_corrected_away([AGREED], "betreff", "Anbau Wintergraten", "Anbau Wintergarten")
    assert not is_corrected_away([AGREED, back], "betreff", "Anbau Wintergraten", "Anbau Wintergraten")
    assert not is_corrected_away([AGREED], "betreff", "", "Anbau Wintergarten")


def test_days_that_do_not_go_together_are_those_of_the_correction() -> None:
    slip = said(laufzeit=Laufzeit(date(1999, 1, 1), date(2000, 12, 31)))
    agreed = a_correction(of_akte("laufzeit.beginn", "1999-01-01", "2001-01-01"))
    kept, (finding,) = outlasting(slip, NOW, [agreed], "laufzettel.json")
    assert kept.laufzeit == Laufzeit()  # silent: what the Akte has stays
    assert finding.code == "WF-52"


@pytest.mark.parametrize(("alt", "neu"), [("Anbau Mueller", "Anbau Müller"), ("346/1", "346-1"), ("haus", "Haus")])
def test_a_correction_of_spelling_alone_outlasts_a_slip_of_before(alt: str, neu: str) -> None:
    now = replace(NOW, betreff=neu, felder=(("Flurstück", neu),))
    agreed = a_correction(of_akte("betreff", alt, neu), of_akte("felder.Flurstück", alt, neu))
    kept, (finding,) = outlasting(said(betreff=alt, felder=(("Flurstück", alt),)), now, [agreed], "laufzettel.json")
    assert (kept.betreff, dict(kept.felder)) == (neu, {"Flurstück": neu})
    assert "Betreff, Feld „Flurstück“" in finding.text
    back = a_correction(of_akte("betreff", neu, alt), version=2)
    assert not is_corrected_away([agreed, back], "betreff", alt, alt)


def test_a_corrected_field_is_known_under_its_name_in_another_spelling() -> None:
    kept, (finding,) = outlasting(said(felder=(("flurstueck", "Flur 12, 345"),)), NOW, [AGREED], "laufzettel.json")
    assert kept.felder == (("Flurstück", "Flur 12, 354"),)
    assert "Feld „Flurstück“" in finding.text
    other = said(felder=(("Flurstücke", "Flur 12, 345"),))
    assert outlasting(other, NOW, [AGREED], "laufzettel.json") == (other, ())


def test_a_spelling_that_may_mean_either_of_two_corrected_fields_is_left_as_it_is_written() -> None:
    twice = a_correction(of_akte("felder.Flurstück", "1", "2"), of_akte("felder.Flurstueck", "3", "4"))
    slip = said(felder=(("FLURSTUECK", "1"),))
    assert outlasting(slip, NOW, [twice], "laufzettel.json") == (slip, ())


def test_a_type_that_was_taken_from_a_vorgang_does_not_come_back() -> None:
    agreed = a_correction((Teil.VORGANG, VORGANG, "typ", "Prüfung", ""))
    old = Vorgang(UUID(int=20), "Baugenehmigung", typ="Prüfung", zeichen="G 2")
    kept, (finding,) = outlasting(said(vorgaenge=(old,)), NOW, [agreed], "laufzettel.json")
    assert (kept.vorgaenge[0].typ, "Typ eines Vorgangs" in finding.text) == ("", True)


def test_a_vorgang_keeps_its_corrected_days_and_is_found_under_its_old_name_however_spelled() -> None:
    agreed = a_correction(
        (Teil.VORGANG, VORGANG, "betreff", "Bauvoranfrage", "Baugenehmigung"),
        (Teil.VORGANG, VORGANG, "laufzeit.beginn", "1999-01-01", "2001-01-01"),
    )
    for name in ("BAUVORANFRAGE", "Baugenehmigung"):
        old = Vorgang(UUID(int=20), name, zeichen="G 2", laufzeit=Laufzeit(date(1999, 1, 1)))
        now = replace(NOW, vorgaenge=(replace(NOW.vorgaenge[0], laufzeit=Laufzeit(date(2001, 1, 1))),))
        kept, (finding,) = outlasting(said(vorgaenge=(old,)), now, [agreed], "laufzettel.json")
        assert (kept.vorgaenge[0].betreff, kept.vorgaenge[0].laufzeit) == ("Baugenehmigung", Laufzeit(date(2001, 1, 1)))
        assert "Beginn der Laufzeit eines Vorgangs" in finding.text
        ended = replace(old, laufzeit=Laufzeit(date(1999, 1, 1), date(2000, 1, 1)))  # and these do not go together
        kept, _ = outlasting(said(vorgaenge=(ended,)), now, [agreed], "laufzettel.json")
        assert kept.vorgaenge[0].laufzeit == Laufzeit()


def test_a_rescan_under_the_old_name_of_its_dokument_bears_the_corrected_one() -> None:
    agreed = a_correction((Teil.DOKUMENT, UUID(int=8), "betreff", "Antarg", "Antrag"))
    slip = said(vorgaenge=(Vorgang(UUID(int=20), "Nachtrag", dokumente=(Dokument(UUID(int=21), "Antarg"),)),))
    kept, (finding,) = outlasting(slip, NOW, [agreed], "laufzettel.json", {UUID(int=21): UUID(int=8)})
    assert [dokument.betreff for dokument in kept.dokumente] == ["Antrag"]
    assert "Betreff eines Dokuments" in finding.text
    assert outlasting(slip, NOW, [agreed], "laufzettel.json") == (slip, ())  # later papers may be called as they like


def test_what_was_corrected_of_a_dokument_outlasts_every_rescan_of_it() -> None:
    def akte(uuid: int, *gone: int) -> Akte:
        dokument = Dokument(UUID(int=uuid), "Antrag", ersetzt=tuple(Ersetztes(UUID(int=each), 1) for each in gone))
        return replace(NOW, vorgaenge=(replace(NOW.vorgaenge[0], dokumente=(dokument,)),))

    versions = {1: akte(8), 2: akte(8), 3: akte(21, 8), 4: akte(22, 21)}
    agreed = a_correction((Teil.DOKUMENT, UUID(int=8), "betreff", "Antarg", "Antrag"))
    packages = [SimpleNamespace(delivery=n, package=SimpleNamespace(id=SimpleNamespace(version=n))) for n in versions]
    catalog = SimpleNamespace(
        packages=lambda _: packages,
        delivery=lambda n: SimpleNamespace(slip=agreed.to_json() if n == 2 else {}),
        akte_snapshot=lambda _, n: versions[n],
    )
    found = corrections_of(cast(Services, SimpleNamespace(catalog=catalog)), NOW.uuid)
    assert [change.uuid for each in found for change in each.changes] == [UUID(int=22)]
    slip = said(vorgaenge=(Vorgang(UUID(int=20), "Nachtrag", dokumente=(Dokument(UUID(int=23), "Antarg"),)),))
    kept, _ = outlasting(slip, versions[4], found, "laufzettel.json", {UUID(int=23): UUID(int=22)})
    assert [dokument.betreff for dokument in kept.dokumente] == ["Antrag"]
