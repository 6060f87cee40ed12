"""The slip of a Nachscan names what is new: where it is silent, what was known of the Akte stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from akten.files import digest_bytes
from akten.model import Akte, Aufbewahrung, Dokument, Laufzeit, Vorgang
from flows.keeping import with_retention
from flows.packing import with_version
from flows.settings import read_settings
from flows.wiring import Services, open_services
from ingest.delivery import Delivery
from ingest.slip import SlipFile, parse_slip
from tests.builders import a_slip
from tests.catalog.build import CLERK, NOON, an_akte, an_id

OLD = Dokument(an_id("alt"), "Bauantrag", datum=date(2019, 3, 1))
NEW = Dokument(an_id("neu"), "Nachtrag", datum=date(2021, 6, 30))
SILENT = Laufzeit()
SPAN = Laufzeit(date(2019, 3, 1), date(2020, 11, 30))


def an_akte_of(*dokumente: Dokument, laufzeit: Laufzeit = SILENT, typ: str = "", **more: Any) -> Akte:
    vorgang = Vorgang(an_id("vorgang"), "Neubau", typ=typ, laufzeit=laufzeit, dokumente=dokumente)
    return replace(an_akte(an_id("akte"), an_id("lieferung")), laufzeit=laufzeit, vorgaenge=(vorgang,), **more)


EARLIER = an_akte_of(OLD, laufzeit=SPAN, typ="Verfahren", federfuehrung="Bauaufsicht", aktenplaneinheit="63.10.05")


def test_office_and_place_in_the_file_plan_stay_where_the_new_slip_is_silent() -> None:
    whole = with_version(an_akte_of(NEW, federfuehrung="", aktenplaneinheit=""), EARLIER)
    assert (whole.federfuehrung, whole.aktenplaneinheit) == ("Bauaufsicht", "63.10.05")
    assert [d.uuid for d in whole.dokumente] == [OLD.uuid, NEW.uuid]
    moved = with_version(an_akte_of(NEW, federfuehrung="Hochbau", aktenplaneinheit="65.01"), EARLIER)
    assert (moved.federfuehrung, moved.aktenplaneinheit) == ("Hochbau", "65.01")


@pytest.mark.parametrize(
    ("said", "span"),
    [
        (SILENT, Laufzeit(date(2019, 3, 1), date(2021, 6, 30))),
        (Laufzeit(date(2018, 1, 1)), Laufzeit(date(2018, 1, 1), date(2021, 6, 30))),
        (Laufzeit(None, date(2021, 12, 31)), Laufzeit(date(2019, 3, 1), date(2021, 12, 31))),
        (Laufzeit(None, date(2017, 1, 1)), Laufzeit(None, date(2017, 1, 1))),  # of the two words the newer one counts
    ],
)
def test_the_laufzeit_of_akte_and_joined_vorgang_reaches_to_the_new_papers(said: Laufzeit, span: Laufzeit) -> None:
    whole = with_version(an_akte_of(NEW, laufzeit=said), EARLIER)
    assert (whole.laufzeit, whole.vorgaenge[0].laufzeit) == (span, span)
    assert whole.vorgaenge[0].typ == "Verfahren"


def test_two_vorgaenge_of_one_title_stay_two_in_the_next_version() -> None:
    """The first of the slip goes on with the first that is there, the second with the second, a third is new."""
    old, new = ([Dokument(an_id(when, n), f"{when} {n}") for n in range(4)] for when in ("alt", "neu"))

    def an_akte_with(dokumente: list[Dokument]) -> Akte:
        alike = (Vorgang(an_id(d.uuid, "vorgang"), "Anbau", dokumente=(d,)) for d in dokumente)
        return replace(EARLIER, vorgaenge=tuple(alike))

    whole = with_version(an_akte_with(new[:3]), an_akte_with(old[:2]))
    told = [[d.betreff for d in vorgang.dokumente] for vorgang in whole.vorgaenge]
    assert told == [["alt 0", "neu 0"], ["alt 1", "neu 1"], ["neu 2"]]
    assert [v.uuid for v in whole.vorgaenge[:2]] == [v.uuid for v in an_akte_with(old[:2]).vorgaenge]


@pytest.mark.parametrize(
    ("slip", "known", "kept"),
    [
        ({}, "building.enforcement", "building.enforcement"),
        ({"fristklasse": "building.monument-file"}, "building.enforcement", "building.monument-file"),
        ({}, "", "building.permit-file"),
        ({}, "gibt.es.nicht.mehr", "building.permit-file"),
    ],
)
def test_the_class_of_an_archived_akte_stays_unless_the_new_slip_names_another(
    tmp_path: Path, slip: dict[str, Any], known: str, kept: str
) -> None:
    """A minimal slip would else give it the default of its family, and another period."""
    assert kept_as(tmp_path, an_akte_of(NEW), known, slip).record_class == kept


def test_the_end_is_computed_from_the_closing_that_an_earlier_slip_named(tmp_path: Path) -> None:
    closed = an_akte_of(NEW, zda_datum=date(2020, 12, 15))
    assert kept_as(tmp_path, closed, "tax.enforcement-file", {"zda_datum": None}).ende is not None
    silent = an_akte_of(NEW, zda_datum=None)
    assert kept_as(tmp_path, silent, "tax.enforcement-file", {"zda_datum": None}).ende is None


def kept_as(tmp_path: Path, akte: Akte, known: str, slip: dict[str, Any]) -> Aufbewahrung:
    """What the delivery of such a slip says of the keeping of an Akte whose class was `known`."""
    data = json.dumps(a_slip(**slip)).encode()
    slip_file = SlipFile(tmp_path / "laufzettel.json", digest_bytes(data))
    delivery = Delivery(an_id("lieferung"), tmp_path, parse_slip(data, "laufzettel.json"), slip_file, ())
    with open_services(read_settings(daten=tmp_path / "daten")) as services:
        enter(services, "lieferung", [])
        found = with_retention(services, delivery, akte, known).aufbewahrung
    assert found is not None
    return found


def enter(services: Services, name: str, ereignisse: list[tuple[str, str]]) -> None:
    """A delivery of the Akte comes, whose slip tells these events."""
    services.catalog.receive(
        an_id(name),
        aktenart=EARLIER.aktenart,
        aktenzeichen=EARLIER.aktenzeichen,
        band=1,
        betreff=EARLIER.betreff,
        slip={"ereignisse": [list(each) for each in ereignisse]},
        scans=(),
        folder="arbeit",
        akte=EARLIER.uuid,
        by=CLERK,
        now=NOON,
    )


def test_the_end_is_computed_from_all_that_is_known_and_not_from_the_last_line_of_the_slip(tmp_path: Path) -> None:
    """It goes into the message of the package and stays there for ever."""
    data = json.dumps(a_slip()).encode()
    slip_file = SlipFile(tmp_path / "laufzettel.json", digest_bytes(data))
    delivery = Delivery(an_id("neu"), tmp_path, parse_slip(data, "laufzettel.json"), slip_file, ())

    def said() -> tuple[str, date | None]:
        found = with_retention(services, delivery, an_akte_of(NEW), "building.permit-file").aufbewahrung
        assert found is not None
        return found.record_class, found.ende

    with open_services(read_settings(daten=tmp_path / "daten")) as services:
        enter(services, "alt", [("structure_demolished", "2020-02-03"), ("structure_demolished", "2015-02-03")])
        assert said() == ("building.permit-file", date(2030, 12, 31))
        tell = {"evidence": "Abbruchanzeige", "by": CLERK, "now": NOON}
        services.catalog.report_event(EARLIER.uuid, "structure_demolished", date(2021, 5, 1), **tell)
        assert said() == ("building.permit-file", date(2031, 12, 31))
        services.catalog.classify(EARLIER.uuid, ("building.application-rejected",), "Prüfung", by=CLERK, now=NOON)
        services.catalog.report_event(EARLIER.uuid, "file_closed", date(2022, 1, 1), **tell)
        assert said() == ("building.application-rejected", date(2032, 12, 31))
        services.catalog.classify(EARLIER.uuid, ("gibt.es.nicht.mehr",), "alt", by=CLERK, now=NOON)
        assert said()[0] == "building.permit-file"
