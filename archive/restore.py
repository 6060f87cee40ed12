"""Puts a damaged or lost copy there anew from a copy that is whole; only the manifests and the commit decide what is.

The same for a copy that never was: of a version that was archived before the store came.

What is damaged stays where it lies, under its version id, locked as it was: nothing is overwritten and nobody reads it
again. The good copy is read and judged whole before, the new one after. Every step looks first, so that it may be
killed anywhere and repeated. That two persons agreed is the caller's to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.findings import Judgement
from akten.package import CopyReport, Lock, StoredCopy, StoredPackage
from archive.bagcheck import check_tar
from archive.commit import read_commit
from archive.locks import keep_lock, objects_of
from archive.placing import as_one, clear_staging, whole_version, write_object
from archive.retrieval import download, key_versions, read_bytes
from archive.store import ObjectStore, ObjectVersion

# Findings of a look that say that bytes of a copy are gone or other ones; locks and newer versions are no damage.
OF_BYTES = frozenset({"FX-01", "FX-02", "FX-03", "FX-04", "FX-05", "FX-06", "FX-13"})


def wants_restoring(copy: CopyReport) -> bool:
    """True for a copy of which a look found that bytes are gone or other ones."""
    return any(finding.code in OF_BYTES for finding in copy.findings)


def restore_copy(
    package: StoredPackage,
    damaged: str,
    stores: Mapping[str, ObjectStore],
    lock: Lock,
    now: Callable[[], datetime],
    work: Path,
) -> StoredCopy:
    """The copy in the store `damaged` after it was put there where it was not whole or not at all; locked, read back.

    `lock` is what the new objects get. `work` holds the tar meanwhile. Raises FixityError when no other copy is whole,
    or the store does not give back what was written; Unavailable, Forbidden, or Misconfigured as the stores do.
    """
    if damaged not in stores:
        raise Misconfigured(f"Der Speicher „{damaged}“ ist nicht eingerichtet; dort ist nichts abzulegen.")
    recorded = next((copy for copy in package.copies if copy.store == damaged), None)
    before = recorded or replace(package.copies[0], bag_version_id="", commit_version_id="", set_aside=())
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{package.id.akte}-v{package.id.version}.ersatz.tar"
    store = stores[damaged]
    try:
        commit = _fetch_whole(package, damaged, stores, path)
        key = package.id.bag_key
        there = _usable(store, key, before.bag_version_id)
        bag_version = whole_version(store, there, before.digests)
        if bag_version is None:
            bag_version = write_object(store, key, path, before.digests, if_absent=False)
    finally:
        path.unlink(missing_ok=True)
    store.sync()  # as when it was stored first: no commit is on the disk before what it vouches for
    commit_version = _place_commit(store, package.id.commit_key, before.commit_version_id, commit)
    after = (bag_version, commit_version)
    new = objects_of(package.id, StoredCopy(damaged, *after, before.digests, lock, now()))
    states = [keep_lock(store, key, version, lock, now()) for key, version in new]
    store.sync()
    clear_staging(store, package.id)
    old = (before.bag_version_id, before.commit_version_id)
    aside = [was for was, is_now in zip(old, after, strict=True) if was and was != is_now]
    return StoredCopy(damaged, *after, before.digests, as_one(states), now(), (*before.set_aside, *aside))


def _fetch_whole(package: StoredPackage, damaged: str, stores: Mapping[str, ObjectStore], path: Path) -> bytes:
    """The tar of the first other copy that is whole, as a file, and the bytes of its commit object."""
    failures: list[ArchivError] = []
    for copy in package.copies:
        if copy.store == damaged:
            continue
        store = stores.get(copy.store)
        if store is None:
            failures.append(Unavailable(f"Der Speicher „{copy.store}“ ist jetzt nicht zu haben."))
            continue
        try:
            path.unlink(missing_ok=True)
            download(store, package.id.bag_key, copy, path)
            commit = read_bytes(store, package.id.commit_key, copy.commit_version_id)
            _require_valid(package, copy, path, commit)
        except ArchivError as error:
            failures.append(error)
            continue
        return commit
    if not failures:
        raise FixityError(f"Von {package.id} gibt es keine zweite Kopie.")
    away = next((error for error in failures if error.retried), None)
    if away is not None:
        raise away
    raise FixityError(f"Keine andere Kopie von {package.id} ist unversehrt: {failures[0].text}")


def _require_valid(package: StoredPackage, copy: StoredCopy, path: Path, commit: bytes) -> None:
    if check_tar(path).judgement not in (Judgement.VALID, Judgement.VALID_WITH_WARNING):
        raise FixityError(f"Speicher „{copy.store}“: Das Paket {package.id} ist kein gültiges Bag.")
    if digest_bytes(commit).sha256 != package.commit_sha256 or read_commit(commit, package.id).bag != copy.digests:
        raise FixityError(f"Speicher „{copy.store}“: Das Commit-Objekt von {package.id} ist nicht das verzeichnete.")


def _usable(store: ObjectStore, key: str, recorded: str) -> list[ObjectVersion]:
    """The recorded version, if only the other object was damaged, and what an earlier try put on top."""
    return [each for each in key_versions(store, key) if each.is_latest or each.version_id == recorded]


def _place_commit(store: ObjectStore, key: str, recorded: str, data: bytes) -> str:
    digests = digest_bytes(data)
    if kept := whole_version(store, _usable(store, key, recorded), digests):
        return kept
    version = store.put(key, data, digests, if_absent=False)
    if read_bytes(store, key, version) != data:
        raise FixityError(f"Speicher „{store.name}“: {key} wurde mit anderen Bytes zurückgelesen.")
    return version
