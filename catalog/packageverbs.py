"""`PackageVerbs`: the verbs of the catalog for archived versions, their copies and what a look at these found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from akten.package import FixityReport, StoredPackage
from catalog import cameagain, packages
from catalog.actor import Actor
from catalog.periods import Periods
from catalog.values import CameAgain, PackageRow


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

    def copies_by_store(self) -> dict[str, tuple[int, int]]:
        """Per store how many copies the catalog has there, and how many of them the last look found damaged or gone."""
        with self._database.read() as connection:
            return packages.by_store(connection)

    def came_again(self, deliveries: Iterable[UUID]) -> dict[UUID, tuple[CameAgain, ...]]:
        """Where scans of these deliveries lie that came once more later, by delivery; see `cameagain.came_again`."""
        with self._database.read() as connection:
            return cameagain.came_again(connection, deliveries)

    def open_cases_sharing(self, delivery: UUID, most: int) -> tuple[tuple[int, UUID], ...]:
        """Number and delivery of open cases of the clearing desk in which scans of this delivery lie, too."""
        with self._database.read() as connection:
            return cameagain.open_cases_sharing(connection, delivery, most)

    def all_packages(self, *, checked_before: datetime | None = None) -> Iterator[StoredPackage]:
        """Every package, the longest unchecked first; reports may come in meanwhile when `checked_before` is given."""
        return packages.longest_unchecked_first(self._database, checked_before)

    def packages_between(self, first: UUID, last: UUID) -> Iterator[StoredPackage]:
        """Every package of the Akten with a UUID from `first` to `last`, in their order."""
        return packages.between(self._database, first, last)

    def record_fixity(self, report: FixityReport, *, by: Actor, now: datetime) -> None:
        """Keeps what a look at all copies of a package found."""
        with self._change(by, now) as change:
            packages.record_fixity(change, report)
