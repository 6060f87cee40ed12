"""What an archive did depends on how it was set: every change of a setting stands in the trail, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from akten.errors import Misconfigured
from catalog.values import TrailEvent
from flows.settings import read_settings
from flows.settingslog import CODE, note_settings
from flows.wiring import open_services
from tests.catalog.build import CLERK

STORE = {
    "name": "nord", "endpoint": "https://nord.example", "bucket": "archiv",
    "ingest": {"access_key": "K1", "secret_key": "geheim-1"}, "auditor": {"access_key": "K2", "secret_key": "geheim-2"},
}  # fmt: skip
Note = Callable[..., tuple[str, ...]]


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Note:
    """Notes the settings of one data folder under these variables."""

    def noted(**variables: str) -> tuple[str, ...]:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(f"ARCHIV_{name}", value)
            with open_services(read_settings(daten=tmp_path / "archiv")) as services:
                return note_settings(services, CLERK)

    return noted


def told(tmp_path: Path) -> list[TrailEvent]:
    with open_services(read_settings(daten=tmp_path / "archiv")) as services:
        return [event for event in services.catalog.events_of(limit=None) if event.data.get("code") == CODE]


def test_an_archive_without_configuration_has_nothing_to_tell(note: Note, tmp_path: Path) -> None:
    assert (note(), note(), told(tmp_path)) == ((), (), [])


def test_a_change_is_told_once_with_old_and_new_value(note: Note, tmp_path: Path) -> None:
    note()
    assert note(ARCHIVE_UNCHECKED="true") == ("archive_unchecked: false → true",)
    assert note(ARCHIVE_UNCHECKED="true") == ()
    assert note() == ("archive_unchecked: true → false",)
    assert [event.data["changed"] for event in told(tmp_path)] == [
        ["archive_unchecked: false → true"],
        ["archive_unchecked: true → false"],
    ]
    assert {event.by for event in told(tmp_path)} == {CLERK}


def test_what_differs_from_the_defaults_is_told_the_first_time(note: Note) -> None:
    assert note(OCR__REVIEW_CONFIDENCE="55") == ("ocr.review_confidence: 70.0 → 55.0",)


def test_texts_and_secrets_stand_neither_in_the_trail_nor_in_the_file(note: Note, tmp_path: Path) -> None:
    changed = note(
        STORES=json.dumps([STORE]),
        SHARED_ACCOUNTS='["lieselotte.m"]',
        PREFECT_AUTH="wir:kennwort",
        OCR__LANGUAGES="deu+eng",
    )
    assert changed == ("ocr.languages", "prefect_auth", "shared_accounts", "stores")
    rows = str([dict(event.data) for event in told(tmp_path)])
    assert not any(word in rows for word in ("lieselotte", "nord", "eng", "K1"))
    kept = (tmp_path / "archiv" / "protokoll" / "einstellungen.json").read_text(encoding="utf-8")
    assert not any(word in kept for word in ("geheim", "kennwort"))


def test_other_rules_in_the_same_file_are_a_change(note: Note, tmp_path: Path) -> None:
    rules = tmp_path / "annahme.yaml"
    rules.write_text("{}")
    assert note(INTAKE=str(rules)) == ("intake", "intake.sha256")
    rules.write_text("{profile: {}}")
    assert note(INTAKE=str(rules)) == ("intake.sha256",)


@pytest.mark.parametrize("left", ["", "{", "[]", "kein JSON", "\x00\xff"])
def test_a_broken_memory_tells_everything_anew(left: str, note: Note, tmp_path: Path) -> None:
    note(ARCHIVE_UNCHECKED="true")
    (tmp_path / "archiv" / "protokoll" / "einstellungen.json").write_bytes(left.encode("latin-1"))
    assert note(ARCHIVE_UNCHECKED="true") == ("archive_unchecked: false → true",)


def test_where_nothing_can_be_remembered_the_folder_is_to_be_put_right(note: Note, tmp_path: Path) -> None:
    note()
    (tmp_path / "archiv" / "protokoll" / "einstellungen.json").unlink()
    (tmp_path / "archiv" / "protokoll" / "einstellungen.json").mkdir()
    with pytest.raises(Misconfigured, match=r"einstellungen\.json"):
        note()
