"""`archiv` called as a process of its own, and an archive that was filled by such calls."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.settings import CHECKOUT, read_settings
from tests.app.desk import Ran
from tests.builders import a_delivery
from tests.conftest import lacking

ODD = "Anbau [bold]Süd[/nix] „Ä“ $(id) <b> %s {0}"
GOOD, BAD, ODD_ONE = "63-1-20", "63-2-20", "63-3-20"
PAGE_OF_PEOPLE = re.compile(r"Traceback|File \"")


def archiv(*arguments: str | Path, daten: Path | None = None, **environment: str) -> Ran:
    """Calls `archiv` as a process. No trace may ever reach a person: that is checked for every call."""
    given = {**os.environ, **environment}
    if daten is not None:
        given["ARCHIV_DATEN"] = str(daten)
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", *map(str, arguments)],
        cwd=CHECKOUT,
        env=given,
        capture_output=True,
        timeout=300,
        check=False,
    )
    out, err = ran.stdout.decode("utf-8"), ran.stderr.decode("utf-8")
    assert ran.returncode != 1, err
    assert not PAGE_OF_PEOPLE.search(out + err), err
    return Ran(ran.returncode, out, err)


@dataclass(frozen=True, slots=True)
class Archive:
    """A data folder with one good Akte, one case at the clearing desk and one Akte with odd letters."""

    daten: Path
    receipts: list[dict[str, Any]]
    call: Callable[..., Ran]
    package: Path

    @property
    def message(self) -> Path:
        return next((self.package / "data/metadata/descriptive").iterdir())

    @property
    def pdfa(self) -> Path:
        return next((self.package / "data/representations/access/data").iterdir())


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    if not read_settings().verapdf_jars.is_dir():
        lacking("veraPDF (tools/install.sh)")
    place = tmp_path_factory.mktemp("cli")
    daten = place / "archiv"

    def call(*arguments: str | Path, **environment: str) -> Ran:
        return archiv(*arguments, daten=daten, **environment)

    deliveries = (
        a_delivery(place / "gut", aktenzeichen=GOOD),
        a_delivery(place / "falsch gezählt", aktenzeichen=BAD, blattzahl=3),
        a_delivery(place / "„ä“ [rot] 'x' $(id)\nzwei", aktenzeichen=ODD_ONE, betreff=ODD, seed="odd"),
    )
    missing = place / os.fsdecode(b"gibt-es-nicht-\xff")
    ran = call("annahme", *deliveries, missing, "--json", "--als", "Frau Größer")
    assert ran.code == 3, ran.err
    fetched = call("akte", "hole", "63/00001/2020", "--ziel", place / "heraus", "--json")
    assert fetched.code == 0, fetched.err
    assert fetched.json["verdict"] == "ok"
    return Archive(daten, ran.json, call, Path(fetched.json["folder"]))
