"""Fixtures that give a fresh catalog on SQLite and on a real PostgreSQL, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.catalog import Catalog, open_catalog
from tests.conftest import lacking
from tests.pgfixture import Postgres, running_postgres

NewUrl = Callable[[], str]


@pytest.fixture(scope="session")
def template() -> str | None:
    """A migrated database that PostgreSQL copies for every test; None without PostgreSQL."""
    server = running_postgres()
    if server is None:
        return None
    url = server.database()
    open_catalog(url).close()
    return url.split("/")[3].split("?")[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Gives the address of another fresh database at every call."""
    numbers = itertools.count(1)
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / str(next(numbers)) / 'archiv.sqlite'}"
    server = running_postgres()
    if server is None:
        lacking("PostgreSQL (apt install postgresql)")
    assert isinstance(server, Postgres)
    name = request.getfixturevalue("template")
    return lambda: server.database(name)


@pytest.fixture
def url(new_url: NewUrl) -> str:
    return new_url()


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    with open_catalog(url) as opened:
        yield opened
