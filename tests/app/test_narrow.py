"""On a narrow terminal the Aktenzeichen stays whole: a clerk reads it off and types it again."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console
from rich.table import Table

from akten.model import Aktenart
from app.find_verbs import akten_table
from app.show import Listing, number_column
from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import archive

NUMBER = "34-002207-2012"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_aktenzeichen_is_never_cut(width: int) -> None:
    table = Table(number_column(), "Aktenart", "Es fehlt", "Seit", "Zu fragen", box=None)
    table.add_row(NUMBER, "Ausländerakte", "Übernahme in die Ausländerdatei B", "02.10.2012", "Ausländerbehörde " * 3)
    shown = io.StringIO()
    Console(file=shown, width=width).print(table)
    assert NUMBER in shown.getvalue()


def test_what_is_too_long_for_its_column_is_folded_and_not_cut() -> None:
    """Of „31.12.2…“ nobody knows the year, and of „aufgeho…“ nobody the end."""
    cells = (
        "aufgehoben",
        "31.12.2028",
        "Rechtsstreit, Widerspruch, Petition oder Akteneinsicht",
        "VG Düsseldorf 4 K 12/26",
    )
    table = Listing("Stand", "Bis", "Art", "Bezug", number_column(), box=None)
    table.add_row(*cells, NUMBER)
    shown = io.StringIO()
    Console(file=shown, width=40).print(table)
    assert "…" not in shown.getvalue()
    letters = sorted(shown.getvalue().replace("\n", "").replace(" ", ""))
    assert letters == sorted("".join(("StandBisArtBezugAktenzeichen", *cells, NUMBER)).replace(" ", ""))


@pytest.mark.parametrize("head", ["Datum", "Posteingang", "Tag", "Seit", "Bis", "bis", "Frist bis"])
def test_a_day_stays_in_one_line(head: str) -> None:
    """Beside eight other columns the list of documents said „28.03.201“, and below it „9“."""
    table = Listing("Nr", "Dokument", head, "Seiten", "PDF/A", "Prüfung", "Textgüte", "Version", "Vorgang", box=None)
    table.add_row("1", "Bauantrag", "28.03.2019", "1", "2u", "in Ordnung", "94 %", "3", "Genehmigungsverfahren")
    shown = io.StringIO()
    Console(file=shown, width=80).print(table)
    assert "28.03.2019" in shown.getvalue()


def listed(desk: Desk, width: int, *, band: int) -> str:
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1, number="90-004711-2018", aktenart=Aktenart.STEUERAKTE, band=band)
        rows = [replace(row, retention_ends=date(2032, 12, 31)) for row in catalog.akten().rows]
    shown = io.StringIO()
    Console(file=shown, width=width).print(akten_table(rows))
    return shown.getvalue()


def test_the_list_of_akten_reads_well_in_eighty_columns(desk: Desk) -> None:
    """Of eight columns each word was broken: „archivie/rt“, „Steuerak/te“, „31.12.20/32“."""
    shown = listed(desk, 80, band=1)
    assert [whole in shown for whole in ("90-004711-2018 ", "Steuerakte", "archiviert", "31.12.2032")] == [True] * 4


def test_the_list_of_akten_names_a_band_as_every_answer_does(desk: Desk) -> None:
    shown = listed(desk, 80, band=2)
    assert [whole in shown for whole in ("90-004711-2018 Band 2", "31.12.2032")] == [True] * 2
