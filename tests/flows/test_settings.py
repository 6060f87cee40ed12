"""Settings: a misspelt or unreadable one stops the program with a sentence, and no secret is quoted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Misconfigured
from catalog.actor import Actor
from flows.batch import claim_paths
from flows.craft_options import xdomea_profile
from flows.settings import effective, read_settings
from flows.steps import Stopwatch
from flows.walks import archive_delivery
from flows.wiring import open_services
from tests.builders import a_delivery


def test_an_unknown_variable_is_an_error_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIV_OCR__WORKER", "2")
    with pytest.raises(Misconfigured, match="ARCHIV_OCR__WORKERS"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("ARCHIV_STORES", "geheim-quatsch"), ("ARCHIV_OCR__WORKERS", "viele"), ("ARCHIV_OCR__WORKERS", "-1")],
)
def test_an_unreadable_value_is_misconfigured_and_never_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        read_settings()
    assert "geheim" not in caught.value.text


def test_the_values_in_force_are_shown_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIV_DATABASE", "postgresql+psycopg://archiv:geheim@localhost/archiv")
    assert "geheim" not in str(effective(read_settings()))


def test_a_home_that_is_not_there_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIV_DATEN", "~niemand-dieses-namens/archiv")
    with pytest.raises(Misconfigured, match="ARCHIV_DATEN"):
        read_settings()
    monkeypatch.delenv("ARCHIV_DATEN")

    def homeless() -> None:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    with pytest.raises(Misconfigured, match="ARCHIV_DATEN setzen"):
        read_settings()


def test_an_empty_data_folder_is_refused_and_not_the_folder_we_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIV_DATEN", "")
    with pytest.raises(Misconfigured, match="leer"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ARCHIV_SETTLE_SECONDS", "bald", "eine Zahl wird erwartet"),
        ("ARCHIV_ARCHIVE_UNCHECKED", "vielleicht", "true oder false"),
        ("ARCHIV_ROUNDS__PORT", "80", "mindestens 1024"),
        ("ARCHIV_ROUNDS__PORT", "70000", "höchstens 65535"),
    ],
)
def test_a_bad_value_is_told_in_german(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=told):
        read_settings()


def _store(**changed: Any) -> dict[str, Any]:
    keys = {"access_key": "a", "secret_key": "geheim"}
    return {"name": "nord", "endpoint": "https://nord.example", "ingest": keys, "auditor": keys} | changed


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"endpoint": "https://sued.example"}, "zwei Speicher „nord“"),
        ({"name": "sued", "endpoint": "https://NORD.example/"}, "derselbe Ort"),
    ],
    ids=["one name", "one place"],
)
def test_one_store_given_twice_is_refused_before_both_copies_lie_in_one_place(
    monkeypatch: pytest.MonkeyPatch, other: dict[str, Any], told: str
) -> None:
    monkeypatch.setenv("ARCHIV_STORES", json.dumps([_store(), _store(**other)]))
    with pytest.raises(Misconfigured, match=told) as caught:
        read_settings()
    assert "geheim" not in caught.value.text


def test_two_buckets_or_two_addresses_are_two_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [_store(), _store(name="sued", endpoint="https://sued.example"), _store(name="dritt", bucket="anderer")]
    monkeypatch.setenv("ARCHIV_STORES", json.dumps(two))
    assert [store.name for store in read_settings().stores] == ["nord", "sued", "dritt"]


@pytest.mark.parametrize("medium", ["001", "002"])
def test_whether_the_paper_is_kept_is_said_in_every_message(medium: str, tmp_path: Path) -> None:
    assert xdomea_profile(read_settings(daten=tmp_path, recipient={"medium": medium})).medium == medium


@pytest.mark.parametrize("wrong", [{"medium": "009"}, {"xdomea_version": "9.9.9"}])
def test_a_recipient_that_is_set_wrongly_is_told_before_any_file_is_opened(
    wrong: dict[str, str], tmp_path: Path
) -> None:
    """Else every delivery is read in full, and comes to nothing, until somebody looks at the settings."""
    watch = Stopwatch()
    with open_services(read_settings(daten=tmp_path / "daten", recipient=wrong)) as services:
        (claimed,) = claim_paths(services, [a_delivery(tmp_path / "l")])
        with pytest.raises(Misconfigured, match=r"XDOMEA|Medium"):
            archive_delivery(services, claimed, Actor("s17"), watch=watch)
    assert set(watch.seconds) == {"lesen", "warten"}


def test_a_folder_whose_name_is_no_text_is_told_and_is_no_bug(tmp_path: Path) -> None:
    """Old drives have names in Latin-1; a process that was told to read names as ASCII sees every „ß“ so."""
    with pytest.raises(Misconfigured, match="UTF-8"):
        read_settings(daten=tmp_path / os.fsdecode(b"Neu\xdf"))
    assert read_settings(daten=tmp_path / "Neuß").daten == tmp_path / "Neuß"


@pytest.mark.parametrize("name", ["STORES", "SHARED_ACCOUNTS", "ROUNDS"])
def test_a_value_that_is_no_json_is_told_in_german_with_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ARCHIV_{name}", "geheim")
    with pytest.raises(Misconfigured) as caught:
        read_settings()
    assert caught.value.text == f"ARCHIV_{name} ist kein JSON; wie es aussieht, steht in docs/settings.md."


@pytest.mark.parametrize(
    "cron",
    [
        "nachts",
        "",
        "2:00",
        "0 2 * *",
        "0 2 * * * *",
        "0 25 * * *",
        "60 2 * * *",
        "0 2 32 * *",
        "0 2 * 13 *",
        "0 2 * * 8",
    ],
)
def test_a_time_of_a_round_that_is_none_is_told_at_once(cron: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service said that it runs, and began its rounds again and again."""
    monkeypatch.setenv("ARCHIV_ROUNDS__DUE_CRON", cron)
    with pytest.raises(Misconfigured, match="ARCHIV_ROUNDS__DUE_CRON: fünf Teile werden erwartet"):
        read_settings()
    monkeypatch.setenv("ARCHIV_ROUNDS__DUE_CRON", "*/15 1-5 * jan,feb mon#1")
    assert read_settings().rounds.due_cron == "*/15 1-5 * jan,feb mon#1"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("prefect:4200/api", "keine Adresse"),
        ("http://prefect:viele/api", "keine Adresse"),
        ("ftp://prefect/api", "keine Adresse"),
        ("http://archiv:geheim@prefect:4200/api", "ARCHIV_PREFECT_AUTH"),
    ],
)
def test_an_address_of_prefect_that_is_none_or_holds_a_login_is_refused_unquoted(address: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=told) as refused:
        read_settings(prefect_api=address)
    assert "geheim" not in refused.value.text
