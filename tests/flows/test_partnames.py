"""What a clerk calls a Vorgang or Dokument means one of them, or the answer says what there is."""

from __future__ import annotations

from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.errors import Unknown
from akten.model import Akte, Aktenart, Dokument, Vorgang
from flows.partnames import dokument_named, vorgang_named

AKTE = Akte(
    UUID(int=1),
    Aktenart.BAUAKTE,
    Aktenzeichen("63-00001-2020"),
    "Anbau",
    vorgaenge=(
        Vorgang(
            UUID(int=2), "Genehmigung", dokumente=(Dokument(UUID(int=3), "Bauantrag"), Dokument(UUID(int=4), "Plan"))
        ),
        Vorgang(UUID(int=5), "Nachtrag", dokumente=(Dokument(UUID(int=6), "Plan"),)),
    ),
)


@pytest.mark.parametrize(("said", "number"), [("1", 3), ("3", 6), ("BAUANTRAG", 3), (str(UUID(int=4)), 4)])
def test_a_dokument_is_meant_by_number_uuid_or_betreff_however_spelled(said: str, number: int) -> None:
    assert dokument_named(AKTE, said).uuid == UUID(int=number)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Plan", "Dokumente dieses Betreffs gibt es 2: Nr. 2 „Plan“, Nr. 3 „Plan“"),
        ("Bauantra", "sondern Nr. 1 „Bauantrag“."),
        ("Nachtrag", "so heißt ein Vorgang: --vorgang"),
        ("7", "sondern Nr. 1 „Bauantrag“, Nr. 2 „Plan“, Nr. 3 „Plan“."),
    ],
)
def test_what_means_none_or_several_is_answered_with_what_there_is(said: str, words: str) -> None:
    with pytest.raises(Unknown) as caught:
        dokument_named(AKTE, said)
    assert words in caught.value.text


def test_a_vorgang_by_the_name_of_a_dokument_is_told_to_be_one() -> None:
    assert vorgang_named(AKTE, "2").uuid == UUID(int=5)
    with pytest.raises(Unknown, match="so heißt ein Dokument: --dokument"):
        vorgang_named(AKTE, "Bauantrag")
