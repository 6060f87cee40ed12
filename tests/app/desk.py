"""A data folder with a filled catalog and no stores, and `archiv` called in this process under any account."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import app.command
import app.hold_verbs
from app.root import archiv
from flows.locks import DueSummary
from flows.settings import read_settings


@dataclass(frozen=True, slots=True)
class Ran:
    """One call that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """Calls `archiv` on one data folder."""

    daten: Path
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str | Path, login: str = "anna.meier") -> Ran:
        """Calls as this account of the operating system."""
        self.monkeypatch.setattr(app.command, "account", lambda: login)
        # Nothing lies in a store here; that holds reach the stores is shown in tests/flows.
        self.monkeypatch.setattr(app.hold_verbs, "follow_hold", lambda services, number: DueSummary())
        ran = CliRunner().invoke(archiv, [*map(str, arguments), "--daten", str(self.daten)])
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    @property
    def url(self) -> str:
        """Address of the catalog."""
        return catalog_url(self.daten)

    def filled_from(self, daten: Path) -> Desk:
        """The same desk with a copy of another data folder."""
        shutil.copytree(daten, self.daten)
        return self


def catalog_url(daten: Path) -> str:
    """Address of the catalog in a data folder."""
    return read_settings(daten=daten).database_url


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("ARCHIV_STORE_GRACE_SECONDS", "5")  # nobody comes back to a data folder after its test
    return Desk(tmp_path / "archiv", monkeypatch)
