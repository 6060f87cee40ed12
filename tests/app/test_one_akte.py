"""Which Akte a call means: by spelling, volume or UUID, and a sentence that helps where there is none or several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from akten.files import digest_bytes
from akten.model import Akte, Anlage, Datei
from catalog.catalog import open_catalog
from catalog.values import Resolution
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog import build
from tests.catalog.build import AN_ERROR, CLERK, NOON, a_page, a_pdfa, an_akte, an_id, archive, receive

NUMBER = "63-01234-2019"


@pytest.fixture
def volumes(desk: Desk) -> tuple[Akte, Akte]:
    with open_catalog(desk.url) as catalog:
        return archive(catalog, 1, number=NUMBER)[0], archive(catalog, 2, number=NUMBER, band=2)[0]


def test_what_a_finding_names_by_uuid_is_found_by_it(desk: Desk, volumes: tuple[Akte, Akte]) -> None:
    """IN-37 names the other Akte by its UUID alone; who is asked to decide must be able to look at it."""
    ran = desk("akte", "zeige", str(volumes[1].uuid), "--json")
    assert (ran.code, ran.json["band"]) == (0, 2)
    assert desk("akte", "zeige", "00000000-0000-0000-0000-00000000dead").code == 2


@pytest.mark.usefixtures("volumes")
def test_one_of_several_volumes_is_chosen_in_fixity_too(desk: Desk) -> None:
    several = desk("fixity", "pruefe", "--akte", NUMBER)
    assert several.code == 2
    assert "--band" in several.err
    none = desk("fixity", "pruefe", "--akte", NUMBER, "--band", "7")
    assert none.code == 2
    assert f"Von „{NUMBER}“ gibt es keinen Band 7; es gibt Band 1, 2." in none.err


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("typed", ["63-01234-2019 Band 2", "63/1234/19, Bd. 2", "Bauakte 63-1234-19 band 2"])
def test_a_volume_named_as_lists_and_receipts_name_it_is_that_volume(desk: Desk, typed: str) -> None:
    ran = desk("akte", "zeige", typed, "--json")
    assert (ran.code, ran.json["band"]) == (0, 2)
    assert [hit["band"] for hit in desk("suche", typed, "--json").json] == [1, 2]


@pytest.mark.usefixtures("volumes")
def test_a_search_for_a_volume_that_is_not_there_says_so(desk: Desk) -> None:
    """Band 1 was shown without a word to whoever had asked for Band 7."""
    told = "Von „63-1234-19“ steht hier kein Band 7, sondern Band 1, 2."
    assert told in desk("suche", "63-1234-19 Band 7").out
    assert told in desk("suche", "63-1234-19 Band 7", "--json").err
    assert "kein Band" not in desk("suche", "63-1234-19 Band 2").out


@pytest.mark.usefixtures("volumes")
def test_two_volumes_in_one_call_are_asked_about_and_words_stay_words(desk: Desk) -> None:
    assert desk("akte", "zeige", "63-1234-19 Band 2", "--band", "2", "--json").json["band"] == 2
    both = desk("akte", "zeige", "63-1234-19 Band 2", "--band", "1")
    assert (both.code, "Band 2“ und --band 1 widersprechen sich" in both.err) == (2, True)
    assert "keinen Band 7" in desk("akte", "zeige", "63-1234-19 Band 7").err
    assert "Müller Band 2" in desk("akte", "zeige", "Müller Band 2").err


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("words", [("suche", "Müller"), ("protokoll", "zeige"), ("protokoll", "zeige", NUMBER)])
def test_days_in_the_wrong_order_are_no_empty_answer(desk: Desk, words: tuple[str, ...]) -> None:
    ran = desk(*words, "--von", "01.01.2020", "--bis", "31.12.2019")
    assert ran.code == 2
    assert "--bis liegt vor --von" in ran.err


@pytest.mark.usefixtures("volumes")
def test_half_a_number_is_told_which_akten_begin_so(desk: Desk) -> None:
    told = desk("akte", "zeige", "63-012").err
    assert "gibt es keine Akte. So fängt an: Bauakte 63-01234-2019. Suchen" in told
    for other in ("Müller", "64-1", ""):  # words of a Betreff are for the search alone
        assert "So fängt an" not in desk("akte", "zeige", other).err


@pytest.mark.usefixtures("volumes")
def test_hits_tell_their_volume_where_there_are_several(desk: Desk) -> None:
    """Two lines that look the same are no answer to which of them is meant."""
    told = desk("suche", NUMBER).out.splitlines()
    assert [("Band 1" in line, "Band 2" in line) for line in told] == [(True, False), (False, True)]


def test_an_akte_on_the_screen_says_what_waits_for_a_person(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        dokument = archive(catalog, 1)[0].dokumente[0].uuid
        read, stopped = receive(catalog, 2), receive(catalog, 3)
        pages = [a_page(1, "shclecht", 41.0)]
        catalog.record_recognised(read.uuid, {dokument: a_pdfa(dokument, pages)}, by=CLERK, now=NOON)
        case = catalog.to_clearing(stopped.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    told = desk("akte", "zeige", NUMBER).out
    assert f"In der Klärung: archiv --daten {desk.daten} klaerung zeige {case.number}" in told.replace("\n", "")
    assert "1 Seite wartet auf Sichtung" in told
    with open_catalog(desk.url) as catalog:
        catalog.resolve(case.number, Resolution.RETURN, "falsch", by=CLERK, now=NOON)
        catalog.resolve_review(catalog.reviews().rows[0].number, "lesbar", by=CLERK, now=NOON)
    told = desk("akte", "zeige", NUMBER).out
    assert "In der Klärung" not in told
    assert "Sichtung" not in told


def test_what_was_given_back_can_be_listed_by_itself(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1)
        gone = receive(catalog, 2, number="63-00002-2020")
        case = catalog.to_clearing(gone.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
        catalog.resolve(case.number, Resolution.RETURN, "falsch", by=CLERK, now=NOON)
    listed = [desk("akte", "liste", "--stand", stand, "--json").json for stand in ("archiviert", "zurückgegeben")]
    assert [[row["state"] for row in rows] for rows in listed] == [["archived"], ["returned"]]


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("version", ["9", "0", "-1"])
def test_a_version_that_is_not_there_is_told_as_not_there(version: str, desk: Desk) -> None:
    ran = desk("akte", "hole", NUMBER, "--band", "1", "--version", version, "--ziel", "ziel", "--json")
    assert ran.code == 2
    assert ran.json["text"].endswith(f"ist die Version {version} nicht archiviert; es gibt 1.")


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("place", [".", "arbeit/heraus", "heraus/../speicher"])
def test_no_package_is_unpacked_into_the_folder_of_the_archive_itself(place: str, desk: Desk) -> None:
    ran = desk("akte", "hole", NUMBER, "--band", "1", "--ziel", desk.daten / place)
    assert (ran.code, "liegt im Datenordner des Archivs" in ran.err) == (2, True)


@pytest.mark.usefixtures("volumes")
def test_an_empty_page_of_a_search_says_why_it_is_empty(desk: Desk) -> None:
    """Behind the last hit "Kein Treffer" would be untrue, and what holds no word was not looked for at all."""
    behind = desk("suche", "Müller", "--ab", "20")
    assert (behind.code, behind.out.splitlines()[0]) == (0, "Ab Treffer 20 kommt nichts mehr.")
    assert "Kein Treffer." in desk("suche", "Meier").out
    for typed in ("*", '"', "…", "§ –"):
        ran = desk("suche", "--volltext", typed)
        assert ran.code == 0
        assert f"In „{typed}“ ist kein Wort, kein Zeichen und kein Tag, wonach sich suchen lässt." in ran.out


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize(
    ("narrowed", "told"),
    [
        (
            ("--aktenart", "Steuerakte", "--aktenart", "personalakte"),
            "unter den Akten der Aktenart Steuerakte oder Personalakte",
        ),
        (("--von", "1.1.2030"), "unter den Akten mit einem Datum ab 01.01.2030"),
        (
            ("--aktenart", "Bauakte", "--von", "1.1.1980", "--bis", "31.12.1981"),
            "unter den Akten der Aktenart Bauakte mit einem Datum ab 01.01.1980 bis 31.12.1981",
        ),
    ],
)
def test_a_narrowed_search_without_a_hit_says_where_it_looked(desk: Desk, narrowed: tuple[str, ...], told: str) -> None:
    """The Akte is there: "Kein Treffer" alone would say that it is not."""
    assert desk("suche", NUMBER, *narrowed).out.startswith(f"Kein Treffer {told}.")
    assert f"Gesucht nur {told}" in desk("suche", NUMBER, *narrowed, "--json").err
    assert "unter den Akten" not in desk("suche", "Meier").out


def test_a_place_in_the_text_names_its_dokument(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, {0: ["Antrag"], 1: ["Statik"]}, titles=("Bauantrag", "Prüfbericht"))
    assert "Prüfbericht, S. 1: Statik" in desk("suche", "--volltext", "Statik").out
    (hit,) = desk("suche", "--volltext", "Statik", "--json").json
    assert [(s["betreff"], s["page"]) for s in hit["snippets"]] == [("Prüfbericht", 1)]


def test_an_akte_on_the_screen_names_its_vorgang(desk: Desk) -> None:
    """The handbook promises it; without it nobody sees to which Vorgang a Dokument belongs."""
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1)
    told = desk("akte", "zeige", NUMBER)
    assert "Vorgang 1: B-17 Neubau Doppelgarage" in told.out
    (value,) = desk("akte", "liste", "--json").json
    assert {"federfuehrung", "aktenplaneinheit"} <= value.keys()


def test_two_vorgaenge_that_are_called_alike_stay_two_on_the_screen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alike(*said: Any, **more: Any) -> Akte:
        akte = an_akte(*said, **more)
        (vorgang,) = akte.vorgaenge
        each = enumerate(vorgang.dokumente)
        return replace(
            akte, vorgaenge=tuple(replace(vorgang, uuid=an_id("vorgang", n), dokumente=(d,)) for n, d in each)
        )

    monkeypatch.setattr(build, "an_akte", alike)
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, titles=("Bauantrag", "Nachtrag"))
    told = desk("akte", "zeige", NUMBER).out
    assert "Vorgang 1: B-17 Neubau Doppelgarage (1)\n  Vorgang 2: B-17 Neubau Doppelgarage (2)\n" in told
    rows = {line.split()[1]: line for line in told.splitlines() if line.strip().startswith(("1 ", "2 "))}
    assert ("(1)" in rows["Bauantrag"], "(2)" in rows["Nachtrag"]) == (True, True)


def test_the_clearing_desk_names_the_volume(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        for band in (1, 2):
            stopped = receive(catalog, band, band=band)
            (desk.daten / stopped.folder / "lieferung").mkdir(parents=True)
            catalog.to_clearing(stopped.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    listed = desk("klaerung", "liste").out
    assert listed.count(f"Bauakte {NUMBER}") == 2
    assert listed.count(f"Bauakte {NUMBER} Band 2") == 1
    assert f"Bauakte {NUMBER} Band 2" in desk("klaerung", "zeige", "2").out
    assert [case["band"] for case in desk("klaerung", "liste", "--json").json] == [1, 2]


def test_an_akte_whose_documents_are_still_to_come_shows_no_empty_list_of_them(desk: Desk) -> None:
    with open_catalog(desk.url) as catalog:
        receive(catalog, "first")
        waiting = desk("akte", "zeige", NUMBER).out
        archive(catalog, "second")
    assert ("Dokument" in waiting, "Dokument" in desk("akte", "zeige", NUMBER).out) == (False, True)


def test_what_was_embedded_in_a_dokument_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing in a PDF of a mail is kept by itself; who looks at the Akte must know that it is there."""

    def holding(*said: Any, **more: Any) -> Akte:
        akte = an_akte(*said, **more)
        (vorgang,) = akte.vorgaenge
        inner = [
            Anlage(
                Datei(an_id("inner", n), "csv", "text/csv", digest_bytes(b"1;2"), "100"), f"liste{n}.csv", an_id("a")
            )
            for n in range(12)
        ]
        return replace(
            akte, vorgaenge=(replace(vorgang, dokumente=(replace(vorgang.dokumente[0], anlagen=(*inner,)),)),)
        )

    monkeypatch.setattr(build, "an_akte", holding)
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, titles=("Bauantrag",))
    told = desk("akte", "zeige", NUMBER).out
    assert "In „Bauantrag“ steckten, einzeln bewahrt: „liste0.csv“, „liste1.csv“" in told
    assert "„liste9.csv“ und 2 weitere." in told
    (document,) = desk("akte", "zeige", NUMBER, "--json").json["documents"]
    assert [each["name"] for each in document["attachments"]] == [f"liste{n}.csv" for n in range(12)]
    assert document["attachments"][0] == {
        "name": "liste0.csv", "mime": "text/csv", "bytes": 3, "file": str(an_id("inner", 0)),
    }  # fmt: skip
