"""An archive of packages in which descriptions are corrected: stores in memory, official schemas, a running clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from akten.files import digest_file
from akten.findings import Verdict
from akten.localtime import berlin_day
from akten.model import Akte
from archive.package import read_package
from catalog.actor import Actor
from flows.correction import Corrected, propose, release, waiting
from flows.lost import lost_deliveries
from flows.verify import compare_stores
from ingest.correction import typed_wishes
from ingest.options import IntakeOptions
from metadata.profile import Profile
from metadata.schemas import Schemas
from tests.flows.packingworld import NOW
from tests.flows.reentryworld import Restored
from tests.memory_store import MemoryStore

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")
TODAY = date(2026, 11, 25)


class World(Restored):
    """The archive of the re-entry with what describing wants; its clock runs by a minute with every question."""

    profile = Profile()
    intake = IntakeOptions()
    schemas = Schemas(None)

    def now(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    def today(self) -> date:
        return berlin_day(self.at)


@pytest.fixture
def world(tmp_path: Path, xdomea_folder: Path, premis_xsd: Path) -> World:
    made = World(tmp_path, [MemoryStore(name, clock=lambda: NOW) for name in ("a", "b")])
    made.schemas = Schemas(xdomea_folder)
    made.settings = made.settings.model_copy(update={"premis_schema": premis_xsd})
    return made


def an_akte(world: World, name: str = "eins", **slip: Any) -> Akte:
    """An archived Bauakte whose Betreff was mistyped; with another `name` another one."""
    akte, _ = world.archive(name=name, slip={"aktenzeichen": "63-1-20", "betreff": "Anbau Wintergraten", **slip})
    return akte


def ask(world: World, akte: Akte, by: Actor = ANNA, **fields: Any) -> Any:
    """The first person proposes."""
    return propose(world.services, akte.uuid, typed_wishes(fields, TODAY), "Tippfehler auf dem Laufzettel", by)


def agree(world: World, akte: Akte, by: Actor = BERND) -> Corrected:
    """The second person releases."""
    return release(world.services, waiting(world.services, akte.uuid), "mit der Akte verglichen", by)


def read(world: World, akte: Akte, version: int, store: int = 0) -> Path:
    """The folder data/ of a version, read back out of a store and verified."""
    row = world.catalog.package(akte.uuid, version)
    assert row is not None
    one = world.stores[store]
    folder = world.folder / f"gelesen-{version}-{one.name}-{world.now():%H%M}"
    copy = next(copy for copy in row.package.copies if copy.store == one.name)
    return read_package(row.package.id, copy, one, folder) / "data"


def files_of(world: World, akte: Akte, version: int, store: int = 0) -> dict[str, str]:
    """Path → SHA-512 of everything that lies in a version."""
    root = read(world, akte, version, store)
    return {path.relative_to(root).as_posix(): digest_file(path).sha512 for path in root.rglob("*") if path.is_file()}


def is_content(world: World) -> None:
    """Trail, register, stores and work folder agree."""
    head = world.catalog.head()
    assert head is not None
    report = world.catalog.verify_trail([head])
    assert (report.verdict, report.findings) == (Verdict.OK, ())
    assert compare_stores(world.services) == ()
    assert lost_deliveries(world.services) == ()
    assert world.catalog.index_lag() == 0
    assert not [entry.name for entry in world.settings.work.iterdir() if entry.name.startswith(".berichtigung")]
