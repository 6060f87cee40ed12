"""Settings: a misspelt or unreadable one stops the program with a sentence, and no secret is quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from akten.errors import Misconfigured
from flows.settings import effective, read_settings


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
