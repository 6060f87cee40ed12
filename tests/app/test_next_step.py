"""What a receipt or list tells to type next reaches the archive that it speaks of."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from rich.console import Console

from akten.errors import Rejected
from akten.findings import Finding, Severity
from app import demo
from app.intake_verbs import refused_json
from app.show import receipts
from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import CLERK, NOON, archive

NUMBER = "63-01234-2019"


def test_a_receipt_names_the_clearing_case_with_the_way_to_this_archive() -> None:
    error = Rejected((Finding("T-1", Severity.ERROR, "", "Etwas fehlt."),))
    value = refused_json(Path("lieferung"), error) | {"state": "clearing", "clearing_case": 7}
    console = Console(width=120)
    with console.capture() as shown:
        receipts(console, [value], "archiv --daten 'Mein Archiv'")
    assert "Nächster Schritt: archiv --daten 'Mein Archiv' klaerung zeige 7" in shown.get()


def test_the_demo_tells_its_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARCHIV_DATEN", str(tmp_path / "mit Leer zeichen"))
    told = demo._command(demo.demo_settings())
    assert shlex.split(told) == [f"ARCHIV_DATEN={tmp_path / 'mit Leer zeichen'}", ".venv/bin/archiv"]


@pytest.fixture
def volumes(desk: Desk) -> Desk:
    """Two Bände of one Akte."""
    with open_catalog(desk.url) as catalog:
        for band in (1, 2):
            akte, _ = archive(catalog, band, number=NUMBER, band=band)
            catalog.classify(akte.uuid, ("building.permit-file",), "Aufbau", by=CLERK, now=NOON)
    return desk


@pytest.mark.parametrize("band", ["1", "2"])
@pytest.mark.parametrize(
    "told",
    [
        ("ereignis", "melde", NUMBER, "death", "3.2.2020", "--beleg", "Urkunde"),
        ("ereignis", "archivantwort", NUMBER, "archivwuerdig", "--beleg", "Schreiben"),
    ],
)
def test_what_to_type_next_means_the_same_volume(volumes: Desk, told: tuple[str, ...], band: str) -> None:
    """The number alone would be ambiguous, and without the data folder it would be another archive."""
    (way,) = [line for line in volumes(*told, "--band", band).out.splitlines() if "archiv --daten" in line]
    typed = shlex.split(way.split(": ", 1)[1])
    assert typed == ["archiv", "--daten", str(volumes.daten), "frist", "zeige", NUMBER, "--band", band]
    assert volumes(*typed[3:]).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("ereignis", "melde", NUMBER, "death", "3.2.2020", "--beleg", "Urkunde"),
        ("ereignis", "tatsache", NUMBER, "structure_exists", "nein", "--beleg", "Ortsbesichtigung"),
        ("ereignis", "klasse", NUMBER, "building.enforcement", "--grund", "Ordnungsverfahren"),
        ("ereignis", "liste", NUMBER),
        ("akte", "verweis", NUMBER, "--person", "4711-08"),
        ("frist", "zeige", NUMBER),
        ("sperre", "zeige", NUMBER),
    ],
)
def test_an_answer_names_the_volume_that_it_is_about(volumes: Desk, words: tuple[str, ...]) -> None:
    assert f"Bauakte {NUMBER} Band 2" in volumes(*words, "--band", "2").out
    assert f"Bauakte {NUMBER} Band" not in volumes(*words, "--band", "1").out


def test_a_hold_on_a_volume_names_it(volumes: Desk) -> None:
    how = ("--band", "2", "--art", "litigation", "--grund", "Klage", "--bezug", "4 K 12/26")
    assert volumes("sperre", "setze", NUMBER, *how).code == 0
    assert f"Akte Bauakte {NUMBER} Band 2" in volumes("sperre", "zeige", "1").out
    assert volumes("sperre", "liste", "--json").json[0]["aktenzeichen"] == f"Bauakte {NUMBER} Band 2"


def test_a_hold_on_a_query_that_fits_nothing_tells_where_its_words_are_looked_up(volumes: Desk) -> None:
    how = ("--art", "litigation", "--grund", "Klage", "--bezug", "4 K 12/26")
    told = " ".join(volumes("sperre", "setze", "--abfrage", "betreff=Nirgendwo", *how).out.split())
    assert "bitte die Schreibweise prüfen" in told
    assert "akte liste" in told
    assert "akte verweis" not in told
