"""The command line speaks German from its first call on, as `main` sees to (click keeps what it said once), and the
archive on which real processes are called."""

from __future__ import annotations

import pytest

from app.german import speak_german
from tests.app.processes import archive

__all__ = ["archive"]


@pytest.fixture(autouse=True, scope="session")
def german() -> None:
    speak_german()
