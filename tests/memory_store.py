"""MemoryStore: the port ObjectStore in a dictionary, for tests; it passes the same contract suite as the real server.

Features: versions, delete markers, governance and compliance locks against an own clock, legal hold, rights per role,
staging without versions. Faults are added by wrapping, not by flags.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from akten.errors import FixityError, Forbidden, Misconfigured
from akten.files import Digests, digest_bytes
from akten.package import Lock
from archive.s3settings import LAST_SAFE_DATE
from archive.store import (
    STAGING,
    Absent,
    LockMode,
    LockState,
    ObjectInfo,
    ObjectVersion,
    OpenUpload,
    check_key,
    storable,
    storable_lock,
)


@dataclass
class _Entry:
    version_id: str
    data: bytes
    sha256: str
    modified: datetime
    marker: bool = False
    state: LockState = field(default_factory=LockState)


class _Stream(io.BytesIO):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.size = len(data)


class MemoryStore:
    """One store in memory. `role` is what its holder may do; `as_role` gives the same objects to another role."""

    def __init__(
        self,
        name: str = "a",
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        role: str = "ingest",
        keys: dict[str, list[_Entry]] | None = None,
        open_uploads: list[OpenUpload] | None = None,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self.name = name
        self.lock_mode = LockMode.GOVERNANCE
        self.retain_cap = LAST_SAFE_DATE
        self.retain_days: int | None = None
        self.clock = clock
        self.role = role
        self.keys: dict[str, list[_Entry]] = {} if keys is None else keys
        self.open_uploads: list[OpenUpload] = [] if open_uploads is None else open_uploads
        self.numbers = itertools.count(1) if numbers is None else numbers
        self.synced = 0

    def as_role(self, role: str) -> MemoryStore:
        return MemoryStore(
            self.name,
            clock=self.clock,
            role=role,
            keys=self.keys,
            open_uploads=self.open_uploads,
            numbers=self.numbers,
        )

    # --- the port --------------------------------------------------------------------------------------------------

    def put(self, key: str, source: Path | bytes, digests: Digests, *, if_absent: bool = True) -> str:
        check_key(key)
        self._require("ingest", "deletion")
        data = source if isinstance(source, bytes) else source.read_bytes()
        if digest_bytes(data) != digests:
            raise FixityError(f"Die Quelle für {key} hat sich geändert.")
        current = self._current(key)
        if if_absent and current is not None:
            if current.data == data:
                return current.version_id
            raise FixityError(f"Unter {key} liegen schon andere Bytes.")
        staged = key.startswith(STAGING)
        version = "null" if staged else f"{next(self.numbers):08d}"
        entry = _Entry(version, data, digests.sha256, self.clock())
        self.keys[key] = [entry] if staged else [entry, *self.keys.get(key, [])]
        return version

    @contextmanager
    def get(self, key: str, version_id: str | None) -> Iterator[_Stream]:
        yield _Stream(self._entry(key, version_id).data)

    def get_range(self, key: str, version_id: str, offset: int, size: int) -> bytes:
        data = self._entry(key, version_id).data[offset : offset + size]
        if len(data) != size:
            raise FixityError(f"{key} ist kürzer als verzeichnet.")
        return data

    def head(self, key: str, version_id: str | None = None) -> ObjectInfo | None:
        try:
            entry = self._entry(key, version_id)
        except Absent:
            return None
        return ObjectInfo(key, entry.version_id, len(entry.data), entry.sha256, entry.modified)

    def lock(self, key: str, version_id: str, lock: Lock) -> None:
        self._require("ingest", "deletion")
        entry, wanted = self._entry(key, version_id), storable_lock(lock, self.retain_cap)
        state = entry.state
        until, mode = state.retain_until, state.mode
        if wanted.retain_until is not None:
            if until is not None and until > self.clock() and wanted.retain_until < until:
                raise Forbidden(f"{key}: Die Sperre lässt sich nicht verkürzen.")
            until, mode = wanted.retain_until, self.lock_mode
        entry.state = LockState(until, state.legal_hold or wanted.legal_hold, mode)

    def release_hold(self, key: str, version_id: str) -> None:
        self._require("ingest", "deletion")  # in S3 one right sets and lifts
        entry = self._entry(key, version_id)
        entry.state = replace(entry.state, legal_hold=False)

    def shorten(self, key: str, version_id: str, until: datetime) -> None:
        self._require("deletion")
        entry = self._entry(key, version_id)
        if entry.state.mode is LockMode.COMPLIANCE:
            raise Forbidden(f"{key}: COMPLIANCE lässt sich nicht kürzen.")
        if until <= self.clock():
            raise Misconfigured(f"{key}: Eine Sperre braucht einen Tag, der noch kommt.")
        entry.state = replace(entry.state, retain_until=storable(until, self.retain_cap), mode=LockMode.GOVERNANCE)

    def read_lock(self, key: str, version_id: str) -> LockState:
        return self._entry(key, version_id).state

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        for key in sorted(self.keys):
            if key.startswith(prefix):
                for number, each in enumerate(self.keys[key]):
                    yield ObjectVersion(
                        key, each.version_id, len(each.data), each.modified, number == 0, delete_marker=each.marker
                    )

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for key in sorted(self.keys):
            if key.startswith(prefix) and (entry := self._current(key)):
                yield ObjectInfo(key, "", len(entry.data), None, entry.modified)

    def delete_version(self, key: str, version_id: str, *, bypass_governance: bool = False) -> None:
        if not key.startswith(STAGING):
            self._require("deletion")
        kept = []
        for entry in self.keys.get(key, []):
            if entry.version_id != version_id:
                kept.append(entry)
                continue
            state = entry.state
            running = state.retain_until is not None and state.retain_until > self.clock()
            if state.legal_hold or (running and not (bypass_governance and state.mode is LockMode.GOVERNANCE)):
                raise Forbidden(f"{key} ist gesperrt.")
        self.keys[key] = kept
        if not kept:
            del self.keys[key]

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        yield from (each for each in self.open_uploads if each.key.startswith(prefix))

    def sync(self) -> None:
        self.synced += 1

    def ping(self) -> None:
        """Always there."""

    # --- for tests -------------------------------------------------------------------------------------------------

    def spoil(self, key: str, data: bytes) -> None:
        """Replaces the bytes of the newest version without a trace: bit rot."""
        self.keys[key][0].data = data

    def mark_deleted(self, key: str) -> None:
        """Puts a delete marker on top, as an unversioned DELETE does."""
        self.keys[key].insert(0, _Entry(f"{next(self.numbers):08d}", b"", "", self.clock(), marker=True))

    def _require(self, *roles: str) -> None:
        if self.role not in roles:
            raise Forbidden(f"Die Rolle {self.role} darf das nicht.")

    def _current(self, key: str) -> _Entry | None:
        entries = self.keys.get(key, [])
        return entries[0] if entries and not entries[0].marker else None

    def _entry(self, key: str, version_id: str | None) -> _Entry:
        entries = self.keys.get(key, [])
        entries = entries[:1] if version_id is None else [entry for entry in entries if entry.version_id == version_id]
        if not entries or entries[0].marker:
            raise Absent(f"{key} ist nicht vorhanden.")
        return entries[0]
