"""An Akte comes back out of the message in its package: written again, it is the same message."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akten.aktenzeichen import Aktenzeichen
from akten.files import Digests, digest_bytes
from akten.model import Akte, Aktenart, Anlage, Aufbewahrung, Aussonderungsart, Datei, Dokument, Laufzeit, Vorgang
from metadata.from_akte import akte_object
from metadata.messages import Message, aussonderung
from metadata.ownfields import OWN
from metadata.to_akte import akte_of
from metadata.xdomea import read_message, write_message
from tests.metadata.xdomea_builders import NOW, PROZESS, VERSIONS, a_dokument, a_message, a_profile, an_akte, an_id

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
TITLE = st.text("abcÄß \t&<", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
WORD = st.text("abz-/19", min_size=1, max_size=6)
OWN_NAMES = st.sampled_from(["Band", "Aufbewahrungsklasse", "Flurstück", "Rechtsgrundlage der Aufbewahrung"])
VORGANG = st.builds(Vorgang, st.uuids(), TITLE, WORD | st.just(""), TITLE | st.just(""))
AKTE = st.builds(
    Akte,
    st.uuids(),
    st.sampled_from(Aktenart),
    st.builds(Aktenzeichen, WORD, WORD | st.just("")),
    TITLE,
    st.sampled_from(["", "63-12 Baugenehmigungen", "63-12", "63"]),
    TITLE | st.just(""),
    st.integers(1, 40),
    st.just(Laufzeit()),
    st.none() | st.dates(),
    st.none()
    | st.builds(
        Aufbewahrung,
        WORD,
        st.none() | st.integers(0, 99),
        st.none() | st.dates(),
        st.sampled_from(Aussonderungsart),
        WORD | st.just(""),
    ),
    st.lists(st.tuples(OWN_NAMES | WORD, TEXT), max_size=3).map(tuple),
    st.lists(VORGANG, max_size=2).map(tuple),
)


def sent(akte: Akte, version: str) -> Message:
    """The message that this Akte becomes, as it is read again."""
    profile = a_profile(version)
    message = aussonderung(akte, profile, prozess_id=PROZESS, erstellt=NOW, nachricht=an_id("nachricht"))
    return read_message(write_message(message, profile))


def files_of(akte: Akte) -> dict[str, Digests]:
    dateien = [datei for dokument in akte.dokumente for datei in dokument.dateien]
    dateien += [anlage.datei for dokument in akte.dokumente for anlage in dokument.anlagen]
    return {datei.dateiname: datei.digests for datei in dateien}


def types_of(akte: Akte) -> dict[UUID, str]:
    dateien = [datei for dokument in akte.dokumente for datei in dokument.dateien]
    dateien += [anlage.datei for dokument in akte.dokumente for anlage in dokument.anlagen]
    return {datei.uuid: datei.mime for datei in dateien}


def back(akte: Akte, version: str = "3.0.0") -> Akte:
    return akte_of(sent(akte, version), files_of(akte), types_of(akte))


@pytest.mark.parametrize("version", VERSIONS)
@given(akte=AKTE)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_akte_read_back_and_written_again_is_the_same_message(version: str, akte: Akte) -> None:
    """Whatever fields a slip has, also such as we write ourselves."""
    assert akte_object(back(akte, version), a_profile(version)) == akte_object(akte, a_profile(version))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [*OWN, f"{OWN[0]} (laut Laufzettel)", "Flurstück (laut Laufzettel)"])
def test_a_field_of_the_slip_is_never_taken_for_one_of_ours(version: str, name: str) -> None:
    """A last field "Band: 3" made Band 3 of an Akte without one, and who receives a message read two of one name."""
    akte = replace(an_akte(), band=1, aufbewahrung=None, felder=(("Flur", "1"), (name, "3")))
    akte = replace(akte, aktenzeichen=Aktenzeichen(akte.aktenzeichen.kanonisch, akte.aktenzeichen.kanonisch))
    akte = replace(akte, vorgaenge=())
    assert back(akte, version) == akte
    held = replace(akte, band=2, aufbewahrung=Aufbewahrung("k", 10, None, rechtsgrundlage="§ 1"))
    (erweiterung,) = akte_object(held, a_profile(version)).erweiterungen
    names = [feld.name for feld in erweiterung.felder]
    assert sorted(set(names)) == sorted(names)


def test_a_message_of_before_with_two_fields_of_one_name_is_read_as_it_was_meant() -> None:
    akte = replace(an_akte(), band=2, felder=(("Band", "der blaue"),), vorgaenge=())
    message = sent(akte, "3.0.0")
    (sgo,) = message.objekte  # type: ignore[union-attr]
    (erweiterung,) = sgo.erweiterungen  # type: ignore[union-attr]
    as_before = tuple(replace(feld, name=feld.name.removesuffix(" (laut Laufzettel)")) for feld in erweiterung.felder)
    assert [feld.name for feld in as_before].count("Band") == 2
    old = replace(message, objekte=(replace(sgo, erweiterungen=(replace(erweiterung, felder=as_before),)),))  # type: ignore[type-var]
    found = akte_of(old, {}, {})
    assert (found.band, found.felder) == (2, (("Band", "der blaue"),))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_akte_with_files_and_attachments_comes_back_as_it_was(version: str) -> None:
    first = a_dokument(1)
    holder = first.dateien[0]
    plain = Datei(an_id("anlage"), "txt", "text/plain", digest_bytes(b"x"), "100", format_name="text/plain")
    jp2 = Datei(an_id("jp2"), "jp2", "image/jp2", digest_bytes(b"y"), "100", "", "JPEG 2000", "Scan.jp2", signiert=True)
    dokument = replace(first, anlagen=(Anlage(plain, "liste.txt", holder.uuid),))
    other = Dokument(an_id("dokument 2"), "Plan", dateien=(jp2,))
    akte = replace(
        an_akte(),
        band=3,
        vorgaenge=(replace(an_akte().vorgaenge[0], zeichen="B-17", dokumente=(dokument, other)),),
        aktenplaneinheit="63",
    )
    found = back(akte, version)
    pdfa_first = replace(dokument, dateien=tuple(reversed(dokument.dateien)))  # as every message has them
    assert found == replace(akte, vorgaenge=(replace(akte.vorgaenge[0], dokumente=(pdfa_first, other)),))


@pytest.mark.parametrize("plan", ["", "63-12", "63-12 Baugenehmigungen", "63-12 Bauakte", "Bauakten"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_place_in_the_file_plan_comes_back_as_it_was_written(plan: str, version: str) -> None:
    assert back(replace(an_akte(), aktenplaneinheit=plan), version).aktenplaneinheit == plan


def test_a_vorgang_whose_sign_and_kind_we_made_up_has_none() -> None:
    vorgang = replace(an_akte().vorgaenge[0], zeichen="", typ="")
    assert back(replace(an_akte(), vorgaenge=(vorgang,))).vorgaenge[0].zeichen == ""
    assert back(replace(an_akte(), vorgaenge=(vorgang,))).vorgaenge[0].typ == ""


@pytest.mark.parametrize("code", ["0501", "0502", "0504", "0506"])
def test_another_message_is_no_description_of_a_package(code: str) -> None:
    with pytest.raises(ValueError, match="0503"):
        akte_of(a_message(code), {}, {})


def test_a_message_that_names_a_file_which_is_not_there_is_refused() -> None:
    akte = an_akte()
    with pytest.raises(ValueError, match="not in the package"):
        akte_of(sent(akte, "3.0.0"), {}, {})


def test_a_foreign_kind_of_akte_is_refused() -> None:
    message = sent(an_akte(), "3.0.0")
    (akte,) = message.objekte  # type: ignore[union-attr]
    foreign = replace(message, objekte=(replace(akte, typ="Fremdakte"),))  # type: ignore[type-var]
    with pytest.raises(ValueError, match="Fremdakte"):
        akte_of(foreign, files_of(an_akte()), {})
