"""What lies in the stores, how it is, how it must be locked, and by which name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from akten.files import Digests
from akten.findings import Finding, Verdict, worst


@dataclass(frozen=True, slots=True, order=True)
class PackageId:
    """One version of one Akte in the stores; versions count from 1 and are never touched again."""

    akte: UUID
    version: int

    def __post_init__(self) -> None:
        if self.version < 1:
            raise ValueError("versions count from 1")

    @property
    def prefix(self) -> str:
        """Key prefix, ending in a slash, without any personal or tax number."""
        return f"aip/{self.akte}/v{self.version}/"

    @property
    def bag_key(self) -> str:
        """Key of the tar with the bag."""
        return self.prefix + "bag.tar"

    @property
    def commit_key(self) -> str:
        """Key of the commit object; its presence is the version."""
        return self.prefix + "commit.json"

    def __str__(self) -> str:
        return f"{self.akte}/v{self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """Object lock as wanted or as read back: UTC instant in whole seconds, and the legal hold flag."""

    retain_until: datetime | None
    legal_hold: bool = False


@dataclass(frozen=True, slots=True)
class LockTerms:
    """What the rules want of the lock on an Akte's objects, as known at `moment`; stores cap the dates.

    A lock that ends before `least` is too short and is then set to `until`; the two are one for a known end, and apart
    for a rolling lock, so that not every look extends it. A running lock beyond `most` is longer than the period,
    beyond `delete_by` longer than a duty to delete; None means that no such day is known. `lifts` is False when the
    rules could not be asked: then no hold is lifted.
    """

    moment: datetime
    least: datetime | None
    until: datetime | None
    most: datetime | None = None
    delete_by: datetime | None = None
    legal_hold: bool = False
    lifts: bool = True
    reasons: tuple[str, ...] = ()

    @property
    def lock(self) -> Lock:
        """The lock for an object that has none yet."""
        return Lock(self.until, self.legal_hold)

    @property
    def too_long_after(self) -> datetime | None:
        """The first bound that a lock should not outlast."""
        return min((day for day in (self.most, self.delete_by) if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """One copy of one package in one store, as read back: version ids of both objects, digests of the tar, lock.

    `set_aside` are version ids of damaged or lost objects that these were put in the place of: nobody reads them again.
    """

    store: str
    bag_version_id: str
    commit_version_id: str
    digests: Digests
    lock: Lock
    verified_at: datetime
    set_aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPackage:
    """A package that every configured store has read back and matched; only then may anyone say "archived"."""

    id: PackageId
    copies: tuple[StoredCopy, ...]
    commit_sha256: str
    tag_manifest_sha512: str


@dataclass(frozen=True, slots=True)
class CopyReport:
    """How one copy is now: ok, failed (damaged) or not_checked with the reason in the findings."""

    store: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    bytes_read: int = 0
    version_id: str = ""
    lock: Lock | None = None  # of tar and commit as read back, too short if one is; None: not looked at


@dataclass(frozen=True, slots=True)
class FixityReport:
    """How all copies of one package are now."""

    id: PackageId
    copies: tuple[CopyReport, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst copy decides."""
        return worst(copy.verdict for copy in self.copies)
