"""What tests of the embedded server share: its folder, its state, and objects put and read back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from akten.errors import Unavailable
from akten.files import digest_bytes
from akten.package import Lock
from archive.embedded import EmbeddedServer, stop_embedded
from archive.identities import Role
from archive.s3 import S3Store
from archive.serverfolder import ServerFolder, ServerState, lives


def wait_for(condition: Callable[[], bool], seconds: float = 25.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def state_of(folder: Path) -> ServerState:
    state = ServerFolder(folder).read_state()
    assert state is not None
    return state


def both_gone(state: ServerState) -> bool:
    return not lives(state.keeper, state.keeper_started) and not lives(state.server, state.server_started)


def put(server: EmbeddedServer, data: bytes) -> tuple[str, str]:
    key = f"aip/{uuid.uuid4()}/v1/bag.tar"
    store = S3Store(server.settings(Role.INGEST))
    version = store.put(key, data, digest_bytes(data))
    store.lock(key, version, Lock(datetime.now(UTC) + timedelta(hours=1)))
    store.sync()
    return key, version


def read(server: EmbeddedServer, where: tuple[str, str]) -> bytes:
    store = S3Store(server.settings(Role.AUDITOR))
    assert store.read_lock(*where).retain_until is not None
    with store.get(*where) as stream:
        return stream.read()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "a"
    with suppress(Unavailable):
        stop_embedded(tmp_path / "a")
