"""What an Akte says has its place in the message: an element where XDOMEA has one, else an extra field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.files import digest_bytes
from akten.model import Akte, Aktenart, Aufbewahrung, Aussonderungsart, Datei, Laufzeit
from metadata.checks import Purpose, check_message
from metadata.from_akte import OHNE_LAUFZEIT, akte_object
from metadata.messages import aussonderung
from metadata.profile import Profile
from metadata.schemas import Schemas
from metadata.xdomea import write_message
from tests.metadata.xdomea_builders import NOW, PROZESS, an_akte, an_id


def bare(**more: object) -> Akte:
    """An Akte that says as little as it can."""
    plain = replace(
        an_akte(), aktenzeichen=Aktenzeichen("63-1", "63-1"), aufbewahrung=None, felder=(), band=1, aktenplaneinheit=""
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def fields(akte: Akte, version: str = "3.0.0") -> list[tuple[str, str]]:
    return [(f.name, f.wert) for e in akte_object(akte, Profile(version=version)).erweiterungen for f in e.felder]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, []),
        ({"band": 2}, [("Band", "2")]),
        ({"felder": (("Flurstück", "12/345"), ("leer", ""))}, [("Flurstück", "12/345"), ("leer", "")]),
        ({"aktenzeichen": Aktenzeichen("63-1", " 63-1 ")}, []),
        ({"aktenzeichen": Aktenzeichen("63-1", "Az.: 63/1")}, [("Aktenzeichen auf dem Laufzettel", "Az.: 63/1")]),
        ({"aktenzeichen": Aktenzeichen("63-1", "")}, []),
        ({"aufbewahrung": Aufbewahrung("k", 10, None)}, [("Aufbewahrungsklasse", "k")]),
        (
            {"aufbewahrung": Aufbewahrung("k", 10, None, rechtsgrundlage="§ 1")},
            [("Aufbewahrungsklasse", "k"), ("Rechtsgrundlage der Aufbewahrung", "§ 1")],
        ),
    ],
)
def test_what_xdomea_has_no_element_for_is_an_extra_field_and_nothing_else_is(
    more: dict[str, object], told: list[tuple[str, str]]
) -> None:
    assert fields(bare(**more)) == told


@pytest.mark.parametrize("family", list(Aktenart))
def test_the_level_of_data_protection_is_a_field_until_4_0_0_has_an_element(family: Aktenart) -> None:
    akte = bare(aktenart=family)
    level = Profile().datenschutzstufe(family)
    assert fields(akte) == ([("Datenschutzstufe", level)] if level else [])
    assert fields(akte, "4.0.0") == []
    assert akte_object(akte, Profile(version="4.0.0")).metadaten.datenschutzstufe == level


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("", "", ""),
        ("63-12 Baugenehmigungen", "63-12", "Baugenehmigungen"),
        ("63.10.05  Anbau und  Umbau", "63.10.05", "Anbau und  Umbau"),
        ("63-12", "63-12", "Bauakte"),
        ("Bauakten", "Bauakten", "Bauakte"),
    ],
)
def test_a_place_in_the_file_plan_has_a_code_and_words(written: str, code: str, words: str) -> None:
    said = akte_object(bare(aktenplaneinheit=written), Profile()).metadaten
    assert (said.plan_kennzeichen, said.plan_inhalt, said.plan_betreff) == (code, words, words)


@pytest.mark.parametrize(
    ("zeichen", "typ", "told"), [("", "", ("63-1/1", "Vorgang")), ("G 7", "Genehmigung", ("G 7", "Genehmigung"))]
)
def test_a_vorgang_has_a_sign_and_a_kind_also_where_the_slip_names_none(
    zeichen: str, typ: str, told: tuple[str, str]
) -> None:
    (vorgang,) = bare().vorgaenge
    said = akte_object(bare(vorgaenge=(replace(vorgang, zeichen=zeichen, typ=typ),)), Profile()).vorgaenge[0]
    assert (said.metadaten.kennzeichen, said.typ) == told


def test_a_file_beyond_the_list_bears_its_name_or_its_type_and_others_bear_none() -> None:
    (vorgang,) = bare().vorgaenge
    kinds = [("100", "JPEG 2000"), ("100", ""), ("023", "Bild")]
    dateien = tuple(
        Datei(an_id(f"d{n}"), "x", "image/jp2", digest_bytes(b"x"), code, format_name=name)
        for n, (code, name) in enumerate(kinds)
    )
    dokument = replace(vorgang.dokumente[0], dateien=dateien)
    akte = bare(vorgaenge=(replace(vorgang, dokumente=(dokument,)),))
    (version,) = akte_object(akte, Profile()).vorgaenge[0].dokumente[0].versionen
    assert [datei.format_name for datei in version.dateien] == ["JPEG 2000", "image/jp2", ""]


HOSTILE = (
    "\x00\x07Neubau\x9f \ud83d \ufffe]]> <![CDATA[x]]> &amp; &#0; <b>",
    "\u05e9\u05dc\u05d5\u05dd \u202e \u05dc\u05d1\u05e0\u05d4",  # right to left, and turned round
    "a\u0301" * 1000,
    " \t rand \n ",
)


@pytest.mark.parametrize("version", ["3.0.0", "3.1.0", "4.0.0"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_and_dates_at_the_ends_of_the_calendar_give_a_valid_message(
    text: str, version: str, xdomea_folder: Path
) -> None:
    """The slip lets none of these in; the message has a wall of its own, since catalogs live long."""
    (vorgang,) = an_akte().vorgaenge
    dokumente = tuple(replace(each, betreff=text, typ=text, datum=date(1904, 2, 29)) for each in vorgang.dokumente)
    span = Laufzeit(date(1, 1, 1), date(9999, 12, 31))
    many = tuple(
        replace(vorgang, uuid=an_id(f"v{n}"), betreff=text, zeichen=text, typ=text, laufzeit=span, dokumente=())
        for n in range(300)
    )
    akte = replace(
        an_akte(art=Aussonderungsart.BEWERTEN), betreff=text, felder=((text, text),), federfuehrung=text,
        aktenplaneinheit=text, laufzeit=Laufzeit(None, date(2100, 2, 28)),
        vorgaenge=(replace(vorgang, dokumente=dokumente), *many),
    )  # fmt: skip
    profile = Profile(version=version)
    files = {datei.dateiname: datei.digests for each in akte.dokumente for datei in each.dateien}
    xml = write_message(aussonderung(akte, profile, prozess_id=PROZESS, erstellt=NOW), profile)
    report = check_message(xml, Schemas(xdomea_folder), files=files, purpose=Purpose.AT_REST, profile=profile)
    assert report.findings == ()
    assert OHNE_LAUFZEIT.encode() not in xml
