"""One real archive for all walks: SQLite, two embedded S3 servers, tesseract, veraPDF; every test uses its own Akte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from catalog.actor import Actor
from flows.settings import read_settings
from flows.wiring import Services, open_services
from tests.conftest import ROOT, lacking

_numbers = count(1)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    settings = read_settings(daten=tmp_path_factory.mktemp("archiv"), store_grace_seconds=0.0)
    if not settings.verapdf_jars.is_dir():
        lacking("veraPDF (tools/install.sh)")
    with open_services(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def clerk() -> Actor:
    return Actor("s17")


@pytest.fixture
def aktenzeichen() -> str:
    """An Aktenzeichen that no other test uses."""
    return f"63-{next(_numbers):05d}-2020"


@pytest.fixture(scope="session")
def checkout() -> Path:
    return ROOT
