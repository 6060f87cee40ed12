"""The port ObjectStore: the few verbs an S3 store with object lock must know, and which errors may pass through it.

Every verb either does what it says or raises one of our own errors: Unavailable (may pass, so it may be retried),
Forbidden (refused by lock or rights), FixityError (other bytes than announced), Misconfigured (key, bucket or setting
is wrong). An object that is not there is a value (None, or an empty listing), never an error, except in `get` and
`get_range`, which raise `Absent`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from akten.errors import FixityError, Misconfigured
from akten.files import Digests
from akten.package import Lock

STAGING = "staging/"  # keys below this prefix lie in the unlocked bucket, where ingest may delete
READY_KEY = STAGING + "bereit"  # what an embedded server must take and give back before it counts as ready
_PART = re.compile(r"[A-Za-z0-9._=-]{1,200}\Z")


class Absent(FixityError):
    """An object version that was recorded is not in the store."""


class LockMode(StrEnum):
    """Object lock modes of S3. Governance can be lifted by the deletion identity, compliance by nobody."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


@dataclass(frozen=True, slots=True)
class LockState:
    """The object lock of one version as the store reports it; `mode` is None when no retention is set."""

    retain_until: datetime | None = None
    legal_hold: bool = False
    mode: LockMode | None = None

    @property
    def lock(self) -> Lock:
        """The same as the word of akten/package.py."""
        return Lock(self.retain_until, self.legal_hold)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What HEAD says of one object version: no proof of its bytes. `sha256` is what the writer left in the metadata."""

    key: str
    version_id: str
    size: int
    sha256: str | None
    modified: datetime


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One entry of a listing of versions; newest first per key. A delete marker has size 0."""

    key: str
    version_id: str
    size: int
    modified: datetime
    is_latest: bool
    delete_marker: bool = False


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    started: datetime


class ByteStream(Protocol):
    """What `get` hands out: blocks until empty. A stream that breaks off raises Unavailable, it never just ends."""

    size: int

    def read(self, most: int = -1, /) -> bytes:
        """At most `most` next bytes; empty only at the announced end."""
        ...


class ObjectStore(Protocol):
    """One store: two S3 buckets (locked archive, unlocked staging) behind one name, reached with one set of rights."""

    @property
    def name(self) -> str:
        """Short name used in commit objects and catalog ("a", "b")."""
        ...

    @property
    def lock_mode(self) -> LockMode:
        """The mode in which `lock` sets retention."""
        ...

    @property
    def retain_cap(self) -> datetime:
        """No retention is set beyond this instant (servers wrap in 2106, some providers take only so many days)."""
        ...

    @property
    def retain_days(self) -> int | None:
        """So many days ahead the provider takes a retention; then `retain_cap` moves with the clock. None: any."""
        ...

    def put(self, key: str, source: Path | bytes, digests: Digests, *, if_absent: bool = True) -> str:
        """Writes one object and returns its version id. Safe to repeat with `if_absent`: same bytes there is done.

        The source is re-hashed while it is sent. Raises FixityError when the source is not what `digests` says or when
        other bytes lie at the key (`if_absent`); memory is flat at any size.
        """
        ...

    def get(self, key: str, version_id: str | None) -> AbstractContextManager[ByteStream]:
        """Opens one version for streaming. Raises Absent when it is not there."""
        ...

    def get_range(self, key: str, version_id: str, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`. Raises Absent when it is not there, FixityError when the object is shorter."""
        ...

    def head(self, key: str, version_id: str | None = None) -> ObjectInfo | None:
        """What the store says of a version (or the current one); None when absent or hidden by a delete marker."""
        ...

    def lock(self, key: str, version_id: str, lock: Lock) -> None:
        """Sets retention (in `lock_mode`, whole seconds rounded up, capped) and legal hold; does not read back."""
        ...

    def release_hold(self, key: str, version_id: str) -> None:
        """Lifts the legal hold of one version; the retention date stays. Raises Forbidden without the right."""
        ...

    def shorten(self, key: str, version_id: str, until: datetime) -> None:
        """Sets a governance retention to an earlier date, which must lie ahead. Raises Forbidden for compliance locks
        and for everybody but the deletion identity.
        """
        ...

    def read_lock(self, key: str, version_id: str) -> LockState:
        """The lock as stored now; a lock never set is an empty LockState."""
        ...

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """All versions and delete markers below a prefix, newest first per key; order of keys is the server's."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Current objects below a prefix (without `sha256`); order is the server's."""
        ...

    def delete_version(self, key: str, version_id: str, *, bypass_governance: bool = False) -> None:
        """Removes one version for ever. Raises Forbidden when lock or rights refuse; an absent one is done."""
        ...

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        """Multipart uploads still open below a prefix."""
        ...

    def sync(self) -> None:
        """Forces what was written to the disk where that is ours to do; a remote store does so itself."""
        ...

    def ping(self) -> None:
        """Raises Unavailable when the store does not answer, Misconfigured when bucket or keys are wrong."""
        ...


def check_key(key: str) -> str:
    """A key that every server stores as it is. Raises Misconfigured for others (trailing slash, `//`, odd letters)."""
    if len(key) > 1000 or not all(_PART.match(part) and part not in (".", "..") for part in key.split("/")):
        raise Misconfigured(f"Der Schlüssel „{key[:80]}“ ist für Objektspeicher nicht sicher.")
    return key


def storable(moment: datetime, cap: datetime) -> datetime:
    """A retention date as stores keep it: UTC, whole seconds rounded up, not beyond `cap`."""
    exact = moment.astimezone(UTC)
    whole = exact.replace(microsecond=0)
    if whole < exact:
        whole += timedelta(seconds=1)
    return min(whole, cap)


def storable_lock(lock: Lock, cap: datetime) -> Lock:
    """The lock with its date as stores keep it."""
    until = None if lock.retain_until is None else storable(lock.retain_until, cap)
    return Lock(until, lock.legal_hold)
