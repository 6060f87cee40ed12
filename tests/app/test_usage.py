"""Wrong words, wrong settings and a wrong place end with one sentence and the right code, without any archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.settings import CHECKOUT
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.app.processes import archiv

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


@pytest.mark.parametrize("words", [("--daten", ""), ("--als", ""), ("--als", " ")])
def test_an_empty_name_is_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    assert archiv("akte", "liste", *words, daten=tmp_path).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("klaerung", "zeige", "NR"),
        ("sichtung", "loese", "NR", "lesbar"),
        ("sperre", "hebe-auf", "NR", "--grund", "x"),
        ("frist", "freigabe", "NR", "--grund", "x"),
        ("frist", "katalog", "--nr", "NR"),
        ("suche", "x", "--ab", "NR"),
        ("akte", "zeige", "63-1-20", "--band", "NR"),
    ],
)
def test_a_number_that_no_database_holds_is_wrong_usage(words: tuple[str, ...], desk: Desk) -> None:
    ran = desk(*("99999999999999999999" if word == "NR" else word for word in words), "--json")
    assert ran.code == 2
    assert "die Zahl ist zu groß" in ran.err


def test_wrong_usage_with_json_is_still_one_json_value() -> None:
    ran = archiv("suche", "--quatsch", "--json")
    assert (ran.code, ran.json["exit_code"]) == (2, 2)
    assert "Die Option '--quatsch' gibt es nicht." in ran.err


@pytest.mark.parametrize(
    ("variable", "value"), [("ARCHIV_DATNE", "x"), ("ARCHIV_OCR__WORKERS", "viele"), ("ARCHIV_DATABASE", "quatsch")]
)
def test_wrong_settings_end_with_7(variable: str, value: str, tmp_path: Path) -> None:
    ran = archiv("akte", "liste", "--json", daten=tmp_path, **{variable: value})
    assert (ran.code, ran.json["error"]) == (7, "Misconfigured")
    assert variable in ran.json["text"]


def test_a_data_folder_that_cannot_be_one_is_told_in_a_sentence() -> None:
    ran = archiv("akte", "liste", "--daten", CHECKOUT / "Makefile" / "x", "--json")
    assert ran.code == 7
    assert "kein Ordner" in ran.json["text"]
