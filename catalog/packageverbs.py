"""`PackageVerbs`: the verbs of the catalog for archived versions, their copies and what a look at these found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from akten.package import FixityReport, StoredPackage
from catalog import packages
from catalog.actor import Actor
from catalog.periods import Periods
from catalog.values import PackageRow


class PackageVerbs(Periods):
    """The part of the catalog that knows what lies in the stores; `Catalog` adds the rest."""

    def packages(self, akte: UUID) -> tuple[PackageRow, ...]:
        """All archived versions of an Akte, first one first."""
        with self._database.read() as connection:
            return packages.of_akte(connection, akte)

    def package(self, akte: UUID, version: int) -> PackageRow | None:
        """One archived version, or None."""
        with self._database.read() as connection:
            return packages.one(connection, akte, version)

    def newest_package(self) -> PackageRow | None:
        """What was archived last, or None."""
        with self._database.read() as connection:
            return packages.newest(connection)

    def package_count(self) -> int:
        """How many versions are archived, of all Akten."""
        with self._database.read() as connection:
            return packages.count(connection)

    def copies_by_store(self) -> dict[str, tuple[int, int]]:
        """Per store how many copies the catalog has there, and how many of them the last look found damaged or gone."""
        with self._database.read() as connection:
            return packages.by_store(connection)

    def all_packages(self, *, checked_before: datetime) -> Iterator[StoredPackage]:
        """Every package that nobody looked at since, the longest unchecked first; reports may come in meanwhile."""
        return packages.longest_unchecked_first(self._database, checked_before)

    def packages_between(self, first: UUID, last: UUID) -> Iterator[StoredPackage]:
        """Every package of the Akten with a UUID from `first` to `last`, in their order."""
        return packages.between(self._database, first, last)

    def record_fixity(self, report: FixityReport, *, by: Actor, now: datetime) -> None:
        """Keeps what a look at all copies of a package found."""
        with self._change(by, now) as change:
            packages.record_fixity(change, report)
