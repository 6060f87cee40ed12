"""The command line speaks German from its first call on, as `main` sees to; click keeps what it said once."""

from __future__ import annotations

import pytest

from app.german import speak_german


@pytest.fixture(autouse=True, scope="session")
def german() -> None:
    speak_german()
