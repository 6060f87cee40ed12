"""What the comparison of catalog and stores makes of an archive that is written to meanwhile, and of a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from akten.findings import Verdict
from akten.package import Lock, StoredPackage
from archive.package import store_package
from archive.store import ObjectVersion
from flows.verify import compare_stores, verdict_of
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, NOON, a_bag, an_id

ID = an_id()


class World:
    """Two stores, a catalog of packages, and a clock that goes on with every look at it."""

    def __init__(self, folder: Path, stores: tuple[MemoryStore, ...]) -> None:
        self.folder = folder
        self.stores = stores
        self.packages: list[StoredPackage] = []
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return NOON + timedelta(seconds=self.looks)

    def archive(self) -> None:
        work = self.folder / "arbeit"
        self.packages.append(store_package(a_bag(ID), ID, self.stores, Lock(None), self.now, work, EXTRA))

    def between(self, first: UUID, last: UUID) -> Iterator[StoredPackage]:
        return (package for package in self.packages if first <= package.id.akte <= last)

    @property
    def services(self) -> Any:
        return SimpleNamespace(
            stores_to_read=lambda: (self.stores, {}),
            settings=SimpleNamespace(work=Path("/nirgends"), daten=self.folder, catalog_file=None),
            catalog=SimpleNamespace(packages_between=self.between, deliveries=lambda: ()),
            now=self.now,
        )


def test_what_is_archived_while_the_stores_are_listed_is_no_finding_and_compared_the_next_time(tmp_path: Path) -> None:
    class Slow(MemoryStore):
        """Has answered with what it held when somebody archives."""

        def versions(self, prefix: str) -> Iterator[ObjectVersion]:
            yield from tuple(super().versions(prefix))
            if not world.packages and prefix == "staging/":
                world.archive()

    world = World(tmp_path, (MemoryStore("a", clock=lambda: NOON), Slow("b", clock=lambda: NOON)))
    assert compare_stores(world.services) == ()
    assert [package.id for package in world.packages] == [ID]
    assert compare_stores(world.services) == ()
    del world.stores[0].keys[ID.commit_key]
    assert [finding.code for finding in compare_stores(world.services)] == ["RC-04"]


def test_a_disk_that_does_not_take_the_listings_leaves_the_stores_unchecked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def file(**_: object) -> Any:
        return Path("/dev/full").open("r+b", buffering=0)

    world = World(tmp_path, tuple(MemoryStore(name, clock=lambda: datetime.now(UTC)) for name in "ab"))
    world.archive()
    monkeypatch.setattr("tempfile.TemporaryFile", file)
    findings = compare_stores(world.services)
    assert {(f.code, f.where) for f in findings} == {("RC-11", where) for where in ("a", "b", "a:aip/", "b:aip/")}
    assert "der Datenträger ist voll" in next(f.text for f in findings if f.where == "a")
    assert verdict_of(findings) is Verdict.NOT_CHECKED
