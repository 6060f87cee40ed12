"""Fixtures that give a fresh catalog on SQLite and on a real PostgreSQL, one after the other."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.catalog import Catalog, open_catalog
from tests.conftest import lacking
from tests.pgfixture import Postgres, running_postgres

NewUrl = Callable[[], str]
Build = Callable[[Catalog], None]
Copied = Callable[[Build], str]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("vorlagen"))


class Templates:
    """Databases that are made once and copied for every test: migrated, and filled where a test wants it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, Build], str] = {}
        self._numbers = itertools.count(1)

    def copy(self, kind: str, build: Build, place: Path) -> str:
        """The address of a new copy; on SQLite it lies at `place`."""
        if (kind, build) not in self._made:
            url = (
                f"sqlite:///{self._folder / str(next(self._numbers))}.sqlite"
                if kind == "sqlite"
                else _server().database()
            )
            with open_catalog(url) as catalog:
                build(catalog)
            self._made[kind, build] = url
        url = self._made[kind, build]
        if kind != "sqlite":
            return _server().database(url.split("/")[3].split("?")[0])
        place.parent.mkdir(parents=True)
        shutil.copy(url.removeprefix("sqlite:///"), place)
        return f"sqlite:///{place}"


def _server() -> Postgres:
    server = running_postgres()
    if server is None:
        lacking("PostgreSQL (apt install postgresql)")
    assert isinstance(server, Postgres)
    return server


def nothing(_catalog: Catalog) -> None:
    """What a fresh database is filled with."""


@pytest.fixture(params=["sqlite", "postgresql"])
def copied(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Copied:
    """Gives the address of another database at every call, as the function given has filled it."""
    numbers = itertools.count(1)
    return lambda build: templates.copy(request.param, build, tmp_path / str(next(numbers)) / "archiv.sqlite")


@pytest.fixture
def new_url(copied: Copied) -> NewUrl:
    """Gives the address of another fresh database at every call."""
    return lambda: copied(nothing)


@pytest.fixture
def url(new_url: NewUrl) -> str:
    return new_url()


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    with open_catalog(url) as opened:
        yield opened
