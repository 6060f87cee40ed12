"""Puts one object into one store: what is there is looked at first, what is written is read back by version id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from akten.errors import FixityError, Forbidden, Unavailable
from akten.files import Digests, digest_stream
from akten.package import Lock, PackageId
from archive.resume import Patience, PatientStream
from archive.retrieval import key_versions, require_same_bytes
from archive.store import STAGING, LockState, ObjectStore, ObjectVersion

_PATIENCE = 2.0  # seconds for what an earlier try left: it can be written again


def whole_version(store: ObjectStore, versions: Iterable[ObjectVersion], wanted: Digests) -> str | None:
    """The first of these versions that the store gives back as it should be, or None. Raises Unavailable."""
    for each in versions:
        found = store.head(each.key, each.version_id) if each.size == wanted.size else None
        if found and found.sha256 == wanted.sha256 and _is_whole(store, each, wanted):
            return each.version_id
    return None


def _is_whole(store: ObjectStore, version: ObjectVersion, wanted: Digests) -> bool:
    try:
        opened = PatientStream(store, version.key, version.version_id, lambda _: None, patience=Patience(_PATIENCE))
        with opened as stream:
            return stream.size == wanted.size and digest_stream(cast(BinaryIO, stream)) == wanted
    except FixityError:
        return False


def write_object(store: ObjectStore, key: str, path: Path, digests: Digests, *, if_absent: bool) -> str:
    """Version id of a tar: written to staging, read back, then to its key, read back from there.

    Raises FixityError when other bytes come back.
    """
    staging = STAGING + key
    require_same_bytes(store, staging, store.put(staging, path, digests, if_absent=False), digests)
    version = store.put(key, path, digests, if_absent=if_absent)
    require_same_bytes(store, key, version, digests)
    return version


def clear_staging(store: ObjectStore, id: PackageId) -> None:  # noqa: A002
    """Removes the staged tar; what cannot be removed now is named by the reconciler, and keeps nothing from being
    archived: all is committed by now.
    """
    key = STAGING + id.bag_key
    with suppress(Forbidden, Unavailable):
        for each in key_versions(store, key):
            store.delete_version(key, each.version_id)


def as_one(states: Sequence[LockState]) -> Lock:
    """One lock for tar and commit: until the earlier date both hold."""
    dates = [state.retain_until for state in states]
    known = [date for date in dates if date is not None]
    return Lock(min(known) if len(known) == len(dates) else None, all(state.legal_hold for state in states))
