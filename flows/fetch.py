"""Gets a package out of the archive: from the first store that gives it whole, unpacked and verified."""

from __future__ import annotations

from pathlib import Path

from akten.errors import ArchivError, Misconfigured, Unavailable
from akten.findings import Finding, Severity
from akten.package import StoredPackage
from archive.package import read_package
from archive.retrieval import NoPlace, Occupied
from catalog.actor import Actor
from flows.carry import together, unusable
from flows.targets import try_out
from flows.wiring import Services


def fetch_package(
    services: Services, package: StoredPackage, target: Path, purpose: str, by: Actor
) -> tuple[Path, tuple[Finding, ...]]:
    """The folder of the unpacked bag, and findings for copies that could not be used on the way.

    Writes down who read it before anything is handed out. Raises Occupied when something lies there already,
    Misconfigured or Unavailable for a target that takes nothing. When no copy is to be had, raises FixityError where
    one is damaged, Unavailable where one was away, Misconfigured where the stores only refused.
    """
    try_out(target)
    services.catalog.read_access(package.id.akte, purpose, by=by, now=services.now())
    readable, away = services.stores_to_read()
    stores = {store.name: store for store in readable}
    findings: list[Finding] = []
    failures: list[ArchivError] = []
    for copy in package.copies:
        store = stores.get(copy.store)
        if store is None:
            reason = away.get(copy.store, f"Der Speicher „{copy.store}“ ist nicht eingerichtet.")
            findings.append(Finding("WF-30", Severity.WARNING, f"Speicher {copy.store}", reason))
            failures.append((Unavailable if copy.store in away else Misconfigured)(reason))
            continue
        try:
            return read_package(package.id, copy, store, target), tuple(findings)
        except (Occupied, NoPlace):  # of the folder: no store has anything to do with it
            raise
        except ArchivError as error:  # damaged, away, or refused by this store: the other copy is there for that
            failures.append(error)
            findings.append(unusable(copy.store, error))
    raise together(failures, "Keine Kopie ist zu bekommen: ")
