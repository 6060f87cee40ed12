"""Fixtures of the intake tests: an inbox, a work folder and numbered UUIDs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest


@pytest.fixture
def new_id() -> Callable[[], UUID]:
    numbers = itertools.count(1)
    return lambda: UUID(int=next(numbers))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (folder := tmp_path / "eingang").mkdir()
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (folder := tmp_path / "arbeit").mkdir()
    return folder
