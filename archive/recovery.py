"""What a lost row of the catalog is made anew from: the commit objects of one package in all stores, and its files.

Only manifests decide. Nothing is repaired and nothing outvoted: a package of which one copy is missing, damaged or
another one is not given out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from akten.errors import FixityError, Misconfigured
from akten.files import Digests
from akten.package import Lock, PackageId, StoredCopy, StoredPackage
from archive.bagpaths import decode_path
from archive.commit import Commit
from archive.retrieval import FoundCommit, find_commit, read_member
from archive.store import ObjectStore

_MANIFESTS = ("manifest-sha256.txt", "manifest-sha512.txt")
_PAYLOAD = "data/"


@dataclass(frozen=True, slots=True)
class Committed:
    """A package as all stores say that it is; whether its bytes are so, `archive.fixity.check_package` tells."""

    package: StoredPackage
    commit: Commit
    found: FoundCommit


def committed_everywhere(
    id: PackageId,  # noqa: A002  # the word of akten/package.py
    stores: Sequence[ObjectStore],
    now: datetime,
) -> Committed:
    """The package whose commit object is the same in every store, with its copy in each of them; without locks.

    A store that the commit does not name came later, and the copy was put there since (archive/restore.py). Raises
    FixityError where it is missing, damaged or another one in a store, Misconfigured when it was committed for a store
    that is none of these, or lies in those only that it was committed for.
    """
    found = {store.name: find_commit(store, id) for store in stores}
    there = [each for each in found.values() if each is not None]
    lacking = sorted(name for name, each in found.items() if each is None)
    if len({each.data for each in there}) > 1:
        raise FixityError("Die Commit-Objekte in den Speichern stimmen nicht überein.")
    named = set(there[0].commit.copies) if there else set()
    if not named or named & set(lacking):
        raise FixityError(f"Das Commit-Objekt fehlt im Speicher {', '.join(lacking)}; es liegt nicht in jedem.")
    if lacking or not named <= found.keys():
        text = f"Festgeschrieben wurde für die Speicher {', '.join(sorted(named))}"
        text += f", eingerichtet sind {', '.join(sorted(found))}. Erst mit genau jenen in ARCHIV_STORES aufnehmen"
        raise Misconfigured(f"{text}: docs/operations.md, Abschnitt „Carrying it on“.")
    first = there[0]
    commit = first.commit
    copies = [_copy(each, now) for each in there]
    tag_manifest = commit.tag_manifests.get("tagmanifest-sha512.txt", "")
    package = StoredPackage(id, tuple(sorted(copies, key=lambda c: c.store)), first.sha256, tag_manifest)
    return Committed(package, commit, first)


def _copy(found: FoundCommit, now: datetime) -> StoredCopy:
    named, lies = found.commit.copies.get(found.store), found.bag_version_id
    if lies is None:
        raise FixityError(f"Das Commit-Objekt liegt im Speicher {found.store}, das Paket fehlt.")
    set_aside = () if named in (None, lies) else (named,)
    return StoredCopy(found.store, lies, found.version_id, found.commit.bag, Lock(None), now, set_aside)


def with_locks(package: StoredPackage, stores: Mapping[str, ObjectStore]) -> StoredPackage:
    """The package with the locks that its tars bear now. Raises what the stores raise."""
    return replace(
        package,
        copies=tuple(
            replace(copy, lock=stores[copy.store].read_lock(package.id.bag_key, copy.bag_version_id).lock)
            for copy in package.copies
        ),
    )


def payload_of(store: ObjectStore, committed: Committed) -> dict[str, Digests]:
    """Path below data/ → checksums and size of every payload file, as manifests and commit say.

    Raises ValueError where these do not agree on which files there are, or are not written as ours.
    """
    short, long = (_read_manifest(read_member(store, committed.found, name)) for name in _MANIFESTS)
    sizes = {member.name.partition("/")[2]: member.size for member in committed.commit.members}
    try:
        return {path.removeprefix(_PAYLOAD): Digests(digest, long[path], sizes[path]) for path, digest in short.items()}
    except LookupError as error:
        raise ValueError("manifests and commit do not name the same files") from error


def _read_manifest(data: bytes) -> dict[str, str]:
    """Path → checksum of a manifest of ours that was judged valid before."""
    lines = (line.partition("  ") for line in data.decode("utf-8").split("\n") if line)
    return {decode_path(path, percent=True): digest for digest, _, path in lines}
