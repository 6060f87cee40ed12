"""Root touches no archive of another account: what it made there the service could not use afterwards."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from flows.archivemark import NAME
from flows.ownaccount import require_own_account
from flows.settings import read_settings
from tests.app.desk import Desk
from tests.app.desk import desk as desk

WORDS = [("doctor",), ("annahme",), ("dienst",), ("akte", "liste"), ("fixity", "pruefe", "--alle")]


@pytest.fixture
def mark(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The mark of an archive that is here, and we are root."""
    desk.daten.mkdir()
    known = {"katalog/archiv.sqlite": {"seit": "2026-11-01T08:00:00+00:00", "erste_zeile": "ab"}}
    (desk.daten / NAME).write_text(json.dumps({"kataloge": known}))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return desk.daten / NAME


def _owned(monkeypatch: pytest.MonkeyPatch, mark: Path, owner: int) -> None:
    """Lets the mark belong to this account, whoever runs the tests."""
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        return os.stat_result((*found[:4], owner, *found[5:10])) if path == mark else found

    monkeypatch.setattr(Path, "stat", stat)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_root_is_told_whose_archive_it_is_and_nothing_is_touched(
    desk: Desk, mark: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    account = next(entry for entry in pwd.getpwall() if entry.pw_uid not in (0, 65534))
    _owned(monkeypatch, mark, account.pw_uid)
    ran = desk(*words, "--json")
    assert (ran.code, ran.json["error"]) == (7, "Misconfigured")
    assert f"gehört dem Konto „{account.pw_name}“" in ran.json["text"]
    assert f"sudo -u {account.pw_name} archiv" in ran.json["text"]
    assert [entry.name for entry in desk.daten.iterdir()] == [NAME]


@pytest.mark.parametrize("owner", [0, 65534, 987_654_321])
def test_what_is_roots_own_or_nobodys_here_is_used_as_ever(
    mark: Path, monkeypatch: pytest.MonkeyPatch, owner: int
) -> None:
    _owned(monkeypatch, mark, owner)
    require_own_account(read_settings(daten=mark.parent))


def test_who_is_not_root_is_not_asked(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _owned(monkeypatch, mark, 1)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    require_own_account(read_settings(daten=mark.parent))


def test_a_folder_of_another_account_without_an_archive_may_become_roots(
    mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark.unlink()
    require_own_account(read_settings(daten=mark.parent))
