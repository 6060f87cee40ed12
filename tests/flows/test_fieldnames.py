"""A field of a family is one field, however its name is spelled; what looks mistyped is asked."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.correction import FELD, Teil
from akten.errors import Rejected, Unknown
from akten.findings import Severity
from akten.model import Akte, Aktenart
from flows.correction import changes_of
from flows.fieldnames import as_named_before
from ingest.correction import Wish

BEFORE = Akte(
    UUID(int=1),
    Aktenart.BAUAKTE,
    Aktenzeichen("63-00001-2020"),
    "Anbau",
    felder=(("Flurstück", "12/345"), ("Bauherr", "A")),
)


def wished(name: str, value: str, *, new_fields: bool = False) -> tuple[str, str, str]:
    (change,) = changes_of(BEFORE, [Wish(Teil.AKTE, "", FELD + name, value, "")], new_fields=new_fields)
    return change.name[len(FELD) :], change.alt, change.neu


def test_a_slip_that_spells_a_field_otherwise_means_the_same_field() -> None:
    said = replace(BEFORE, felder=(("FLURSTUECK", "12/346"), ("Gemarkung", "Neuss")))
    named, (finding,) = as_named_before(said, BEFORE, "laufzettel.json")
    assert named.felder == (("Flurstück", "12/346"), ("Gemarkung", "Neuss"))
    assert (finding.code, finding.severity, finding.where) == ("WF-54", Severity.WARNING, "laufzettel.json")
    assert "„FLURSTUECK“ ist das Feld „Flurstück“" in finding.text
    assert "12/346" not in finding.text


@pytest.mark.parametrize(
    "felder",
    [
        (("Flurstück", "12/346"),),
        (("Flurstücke", "12/346"),),
        (("Flurstück", "1"), ("Flurstueck", "2")),
        (("flurstück", "1"), ("Flurstueck", "2")),
        (),
    ],
)
def test_what_is_spelled_so_is_another_field_or_is_told_apart_stays(felder: tuple[tuple[str, str], ...]) -> None:
    said = replace(BEFORE, felder=felder)
    assert as_named_before(said, BEFORE, "laufzettel.json") == (said, ())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Flurstük", "Meinten Sie „Flurstück“?"),
        ("Bauher", "Meinten Sie „Bauherr“?"),
        ("betreff", "die Angabe „betreff“ (--betreff)?"),
        ("z.d.A.-Datum", "die Angabe „zda_datum“ (--zda-datum)?"),
    ],
)
def test_a_field_that_looks_mistyped_is_asked_and_added_only_when_that_is_said(name: str, words: str) -> None:
    with pytest.raises(Unknown) as caught:
        wished(name, "1")
    assert words in caught.value.text
    assert "--neue-felder" in caught.value.text
    assert wished(name, "1", new_fields=True) == (name, "", "1")


def test_another_new_field_is_added_and_a_known_one_found_in_any_spelling() -> None:
    assert wished("Gemarkung", "Neuss") == ("Gemarkung", "", "Neuss")
    assert wished("flurstueck", "12/346") == ("Flurstück", "12/345", "12/346")


def test_what_is_to_go_and_is_not_there_is_answered_with_the_fields_that_are() -> None:
    with pytest.raises(Rejected) as caught:
        wished("Eigentümer", "")
    assert "Eigene Felder der Akte: Flurstück, Bauherr." in caught.value.findings[0].text
