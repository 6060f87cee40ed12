"""`DeskVerbs`: the verbs of the catalog that ask what cases of the clearing desk have to do with other deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from akten.findings import Finding
from catalog import cameagain, clearing
from catalog.packageverbs import PackageVerbs
from catalog.values import CameAgain


class DeskVerbs(PackageVerbs):
    """The part of the catalog that holds cases against what came since; `Catalog` opens, lists and solves them."""

    def came_again(self, deliveries: Iterable[UUID]) -> dict[UUID, tuple[CameAgain, ...]]:
        """Where scans of these deliveries lie that came once more later, by delivery; see `cameagain.came_again`."""
        with self._database.read() as connection:
            return cameagain.came_again(connection, deliveries)

    def open_cases_sharing(self, delivery: UUID, most: int) -> tuple[tuple[int, UUID], ...]:
        """Number and delivery of open cases in which scans of this delivery lie, too, the oldest first."""
        with self._database.read() as connection:
            return cameagain.open_cases_sharing(connection, delivery, most)

    def accepted_findings(self, delivery: UUID) -> tuple[Finding, ...]:
        """What a person accepted for this delivery as it is registered now, as it was told then."""
        with self._database.read() as connection:
            return clearing.accepted_findings(connection, delivery)
