"""Stores a bag in every store and reads it back; the commit object comes last, and only then is anything "archived".

The steps of packaging.md §3: tar built and judged locally → per store: staging, read back, final key (no retention
yet), read back by version id, retention and hold on that version, read back too → all stores forced to the disk →
commit object, store after store → forced to the disk. Every step looks first, so the whole may be killed anywhere and
repeated: same bytes there are done, other bytes are an alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from akten.errors import ArchivError, FixityError, Misconfigured, Rejected
from akten.files import Digests, digest_bytes
from akten.findings import Judgement
from akten.package import Lock, PackageId, StoredCopy, StoredPackage
from archive.bag import Bag
from archive.bagcheck import check_tar
from archive.commit import Commit, read_commit, tag_manifests_of, write_commit
from archive.locks import keep_lock
from archive.placing import as_one, clear_staging, whole_version, write_object
from archive.retrieval import (
    FoundCommit,
    find_commit,
    key_versions,
    read_bytes,
    read_member,
    read_package,
    require_same_bytes,
)
from archive.store import LockState, ObjectStore
from archive.tarball import Member, write_tar

__all__ = ["FoundCommit", "find_commit", "read_member", "read_package", "store_package"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Packed:
    """The tar on the local disk and everything a commit says of it."""

    id: PackageId
    path: Path
    digests: Digests
    members: tuple[Member, ...]
    tag_manifests: Mapping[str, str]


def store_package(
    bag: Bag,
    id: PackageId,  # noqa: A002  # the word of akten/package.py
    stores: Sequence[ObjectStore],
    lock: Lock,
    now: Callable[[], datetime],
    work: Path,
    commit_extra: Mapping[str, str],
) -> StoredPackage:
    """Stores one version in all stores; returns only when every copy was read back, matched and is committed.

    Safe to repeat after a kill at any moment with the same bag: nothing is doubled and the result is the same. A tar
    with other bytes at the key is an alarm (FixityError) when it is committed; one that never was is superseded by a
    newer object version (the reconciler names it). A `lock` whose date has passed sets no retention. `work` holds the
    tar meanwhile. No two callers may store one id with different bags.

    Raises Rejected when the bag is invalid, FixityError, Unavailable, Forbidden, or Misconfigured when a store does not
    keep locks or the version was committed with other stores.
    """
    ordered = sorted(stores, key=lambda store: store.name)
    names = [store.name for store in ordered]
    if not names or len(set(names)) != len(names):
        raise Misconfigured("Für das Ablegen braucht es mindestens einen Speicher, jeden mit eigenem Namen.")
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{id.akte}-v{id.version}.tar"
    digests, members = write_tar(bag, path)
    try:
        packed = _Packed(id, path, digests, members, tag_manifests_of(bag))
        _require_valid(packed)
        committed = _agreed(id, _in_all(ordered, lambda store: find_commit(store, id)))
        previous = _previous(bag, id, ordered)
        if committed is not None:
            _require_ours(packed, committed, names, previous)
        known = committed.commit.copies if committed else {}
        versions = _in_all(
            ordered,
            lambda store: _place_bag(store, packed, known.get(store.name)),
        )
        copies = dict(zip(names, versions, strict=True))
        locks = _in_all(ordered, lambda store: keep_lock(store, id.bag_key, copies[store.name], lock, now()))
        _in_all(ordered, lambda store: store.sync())
        if committed is None:
            commit = Commit(
                id, digests, copies, packed.tag_manifests, members, previous, now(), dict(sorted(commit_extra.items()))
            )
            data = write_commit(commit)
        else:
            data = committed.data
        commits: dict[str, str] = {}
        kept: dict[str, Lock] = {}
        for store, state in zip(ordered, locks, strict=True):  # in turn: the first decides which of two racing commits
            data, commits[store.name], own = _place_commit(store, packed, data, lock, now())
            kept[store.name] = as_one((state, own))
        _in_all(ordered, lambda store: store.sync())
        _in_all(ordered, lambda store: clear_staging(store, id))
    finally:
        path.unlink(missing_ok=True)
    moment = now()
    return StoredPackage(
        id=id,
        copies=tuple(StoredCopy(name, copies[name], commits[name], digests, kept[name], moment) for name in names),
        commit_sha256=digest_bytes(data).sha256,
        tag_manifest_sha512=packed.tag_manifests["tagmanifest-sha512.txt"],
    )


def _require_valid(packed: _Packed) -> None:
    report = check_tar(packed.path)
    if report.judgement not in (Judgement.VALID, Judgement.VALID_WITH_WARNING):
        raise Rejected(report.findings)


def _agreed(id: PackageId, found: Sequence[FoundCommit | None]) -> FoundCommit | None:  # noqa: A002
    """The one commit that the stores hold, if any. Raises FixityError when they hold different ones."""
    there = [each for each in found if each is not None]
    if len({each.data for each in there}) > 1:
        names = " und ".join(each.store for each in there)
        raise FixityError(f"Die Commit-Objekte von {id} in den Speichern {names} stimmen nicht überein.")
    return there[0] if there else None


def _previous(bag: Bag, id: PackageId, stores: Sequence[ObjectStore]) -> str | None:  # noqa: A002
    """SHA-256 of the commit that this version follows, or None where it is the first that was ever committed.

    Numbers are left out where a package was given up before it was committed: its number is not given again. The
    version before must be there in every store that it was committed for (one that came later may lack it), and be
    the one that the bag names. Raises FixityError else.
    """
    for number in range(id.version - 1, 0, -1):
        before = PackageId(id.akte, number)
        found = _in_all(stores, partial(find_commit, id=before))
        agreed = _agreed(before, found)
        if agreed is None:
            continue
        copies = agreed.commit.copies
        if any(each is None and store.name in copies for store, each in zip(stores, found, strict=True)):
            raise FixityError(f"Die Version davor ({before}) ist nicht in allen Speichern festgeschrieben.")
        if agreed.commit.tag_manifests.get("tagmanifest-sha512.txt") != bag.supersedes:
            raise FixityError(f"{id} folgt nicht auf {before}, die jüngste festgeschriebene Version.")
        return agreed.sha256
    if bag.supersedes:
        raise FixityError(f"Die Version, auf die {id} folgt, ist in keinem Speicher festgeschrieben.")
    return None


def _require_ours(packed: _Packed, found: FoundCommit, names: Sequence[str], previous: str | None) -> None:
    """Raises FixityError when what is committed already is not this very bag, Misconfigured for other stores."""
    commit = found.commit
    if sorted(commit.copies) != list(names):
        text = f"{packed.id} wurde mit den Speichern {', '.join(sorted(commit.copies))} festgeschrieben"
        raise Misconfigured(f"{text}, eingerichtet sind {', '.join(names)}.")
    ours = replace(
        commit, bag=packed.digests, tag_manifests=packed.tag_manifests, members=packed.members, previous=previous
    )
    if not commit.same_content(ours):
        raise FixityError(f"{packed.id} ist schon festgeschrieben, aber mit anderem Inhalt.")


def _place_bag(store: ObjectStore, packed: _Packed, known: str | None) -> str:
    """Version id of the tar in this store after it was read back from there; written only when it is not there.

    What an earlier try left and the store does not give back as it was written is superseded: it was told then, and
    nothing may rest on it. Of a committed version the same is an alarm.
    """
    key = packed.id.bag_key
    if known is not None:
        require_same_bytes(store, key, known, packed.digests)
        return known
    there = key_versions(store, key)
    kept = whole_version(store, there, packed.digests)
    return kept or write_object(store, key, packed.path, packed.digests, if_absent=not there)


def _place_commit(
    store: ObjectStore, packed: _Packed, data: bytes, lock: Lock, moment: datetime
) -> tuple[bytes, str, LockState]:
    """The commit as it lies in this store after reading back, its version id and lock; who came first holds."""
    key = packed.id.commit_key
    found = find_commit(store, packed.id)
    if found is None:
        try:
            version = store.put(key, data, digest_bytes(data))
        except FixityError:  # another writer was faster by a breath
            found = find_commit(store, packed.id)
            if found is None:
                raise
    if found is not None:
        if not found.commit.same_content(read_commit(data, packed.id)):
            raise FixityError(f"Speicher „{store.name}“: {packed.id} ist mit anderem Inhalt festgeschrieben.")
        version, data = found.version_id, found.data
    if read_bytes(store, key, version) != data:
        raise FixityError(f"Speicher „{store.name}“: {key} wurde mit anderen Bytes zurückgelesen.")
    return data, version, keep_lock(store, key, version, lock, moment)


def _in_all(stores: Sequence[ObjectStore], act: Callable[[ObjectStore], T]) -> list[T]:
    """One act in all stores at once, results in their order; of several errors the gravest is raised."""
    with ThreadPoolExecutor(max_workers=len(stores)) as pool:
        futures = [pool.submit(act, store) for store in stores]
    errors = [error for future in futures if (error := future.exception()) is not None]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, ArchivError) + getattr(error, "retried", False))
    return [future.result() for future in futures]
