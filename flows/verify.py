"""Looks at what is archived: every copy of every package, and catalog against stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from akten.errors import Forbidden, Misconfigured, Unavailable
from akten.findings import Finding, Severity, Verdict
from akten.lifecycle import Stage
from akten.package import CopyReport, FixityReport, PackageId, StoredPackage
from archive.listing import FIRST_BYTES, REST, SpooledListing, spooled, uuids_of
from archive.reconcile import LACKS_COPIES, Slice, lacking, lacks_copies, reconcile
from archive.resume import Patience
from catalog.actor import Actor
from catalog.catalog import Catalog
from flows.lost import lost_deliveries, surely_lost
from flows.receipt import finding_json
from flows.walks import verify_package
from flows.wiring import Services

_MOST = 1000  # copies that are named where not all are wanted; the counts go on
HALF_DONE = timedelta(hours=6)  # a bag without commit may belong to a run that is under way


@dataclass(slots=True)
class FixitySummary:
    """What a look at several packages found; counts are copies, bytes are bytes read.

    `lacking` counts per store the versions that have no copy there, for it was named in the settings after them.
    `copies` are all of them, or, where not all are `wanted`, the first ones with something to tell: a round over the
    whole holdings would else keep a kilobyte for each.
    """

    wanted: bool = True
    checked: int = 0
    damaged: int = 0
    unchecked: int = 0
    bytes: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    copies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Failed when a copy is damaged, not checked when one could not be read, is not there yet, or none was."""
        if self.damaged:
            return Verdict.FAILED
        return Verdict.NOT_CHECKED if self.unchecked or self.lacking or not self.checked else Verdict.OK

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is so of a whole store and of no single copy."""
        return tuple(lacks_copies(store, count) for store, count in sorted(self.lacking.items()))

    def add(self, report: FixityReport) -> None:
        """Counts one package's copies."""
        for copy in report.copies:
            self.checked += copy.verdict is Verdict.OK
            self.damaged += copy.verdict is Verdict.FAILED
            self.unchecked += copy.verdict is Verdict.NOT_CHECKED
            self.bytes += copy.bytes_read
            if not self.wanted and (len(self.copies) >= _MOST or not _tells(copy)):
                continue
            self.copies.append(
                {
                    "akte": str(report.id.akte),
                    "version": report.id.version,
                    "store": copy.store,
                    "version_id": copy.version_id,
                    "verdict": copy.verdict.value,
                    "bytes": copy.bytes_read,
                    "findings": [finding_json(f) for f in copy.findings],
                }
            )


def _tells(copy: CopyReport) -> bool:
    """True for a copy that is not well, and for one with a finding that weighs."""
    return copy.verdict is not Verdict.OK or any(f.severity is not Severity.INFO for f in copy.findings)


def verify_packages(
    services: Services,
    packages: Iterable[StoredPackage],
    by: Actor,
    told: Callable[[int], None] = lambda _: None,
    *,
    every_copy: bool = True,
) -> FixitySummary:
    """Reads the copies of these packages one after the other; a damaged one never stops the round."""
    summary, patience = FixitySummary(wanted=every_copy), Patience()
    for number, package in enumerate(packages, 1):
        summary.add(verify_package(services, package, by, patience))
        stores, away = services.stores_to_read()
        summary.lacking.update(lacking(package, (*(store.name for store in stores), *away)))
        told(number)
    return summary


def verify_all(
    services: Services, by: Actor, told: Callable[[int], None] = lambda _: None, *, every_copy: bool = True
) -> FixitySummary:
    """Every package, the longest unchecked first."""
    packages = services.catalog.all_packages(checked_before=services.now())
    return verify_packages(services, packages, by, told, every_copy=every_copy)


def compare_stores(services: Services) -> tuple[Finding, ...]:
    """What the stores hold against what the catalog says (RC-nn); nothing is repaired or deleted.

    A store that is away is one finding more; the others are compared all the same.
    """
    with look_at_stores(services) as seen:
        found = reconcile(seen.slices(), services.now(), HALF_DONE, seen.under_way)
    return (*found, *seen.unread, *lost_deliveries(services))


@dataclass(frozen=True, slots=True)
class Seen:
    """What every store lists, the stores that could not be listed (RC-11), and the catalog to compare with."""

    listings: tuple[SpooledListing, ...]
    unread: tuple[Finding, ...]
    under_way: Mapping[PackageId, datetime]
    catalog: Catalog

    def slices(self) -> Iterator[Slice]:
        """All of it, one slice after the other; what the catalog says of a slice is read when it comes."""
        for number in FIRST_BYTES:
            known = tuple(self.catalog.packages_between(*uuids_of(number)))
            yield Slice(known, tuple(listing.slice(number) for listing in self.listings))
        yield Slice((), tuple(listing.slice(REST) for listing in self.listings))


@contextmanager
def look_at_stores(services: Services) -> Iterator[Seen]:
    """Lists the stores, then reads the catalog: what was archived before is so in both.

    Under way are deliveries that are packed, since then: before that nothing of them can be committed, so nobody is
    about to enter a package whose delivery stands elsewhere, or was packed (anew) after it had been committed, or has
    lost its files. The listings wait on the disk, in the data folder, until the end of the block.
    """
    catalog = services.catalog  # first: without it no store need be woken
    stores, away = services.stores_to_read()
    unread = [Finding("RC-11", Severity.WARNING, name, reason) for name, reason in away.items()]
    with ExitStack() as kept:
        listings = []
        for store in stores:
            try:
                listings.append(kept.enter_context(spooled(store, services.settings.daten, services.now())))
            except (Unavailable, Forbidden, Misconfigured) as error:
                unread.append(Finding("RC-11", Severity.WARNING, store.name, error.text))
        gone = surely_lost(services)
        under_way = {
            PackageId(row.akte, row.version): row.changed_at
            for row in catalog.deliveries()
            if row.akte is not None and row.version is not None and row.stage is Stage.PACKED and row.uuid not in gone
        }
        yield Seen(tuple(listings), tuple(unread), under_way, catalog)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """What a comparison came to: a store that was not listed is not checked, whatever the others say.

    Nor are files that this machine does not have and another one may (WF-13 as a warning), nor a package that could not
    be read whole to be entered again (WE-02 as a warning), nor copies that were not put into a store yet (RC-13).
    """
    found = tuple(findings)
    if any(finding.severity is Severity.ERROR for finding in found):
        return Verdict.FAILED
    unseen = ("RC-11", LACKS_COPIES, "WF-13", "WE-02")
    return Verdict.NOT_CHECKED if any(finding.code in unseen for finding in found) else Verdict.OK
