"""Fixtures of the room flows: archives for the due round, with stores in memory or on the session's real S3 servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.s3 import S3Store
from catalog.catalog import open_catalog
from tests.flows.dueworld import NOW, Clock, WithHolds, World
from tests.memory_store import MemoryStore


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[World]:
    stores = [MemoryStore(name, clock=clock) for name in ("a", "b")]
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        freeing = {store.name: store.as_role("deletion") for store in stores}
        yield World(WithHolds(catalog), stores, freeing, tmp_path / "work", clock=clock)


@pytest.fixture
def real(tmp_path: Path, s3_pair: tuple[EmbeddedServer, EmbeddedServer]) -> Iterator[World]:
    stores = [S3Store(server.settings(Role.INGEST)) for server in s3_pair]
    freeing = {server.name: S3Store(server.settings(Role.DELETION)) for server in s3_pair}
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        yield World(WithHolds(catalog), stores, freeing, tmp_path / "work")
