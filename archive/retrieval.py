"""Reads packages out of one store, with or without the catalog: commit, single members by range, the whole unpacked."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from akten.diskwords import in_german
from akten.errors import ArchivError, FixityError, Forbidden, Unavailable
from akten.files import Digests, digest_bytes, digest_stream
from akten.findings import Judgement
from akten.package import PackageId, StoredCopy
from archive.bag import sync_folder
from archive.bagcheck import check_tar
from archive.bagpaths import encode_path, escapes
from archive.commit import Commit, read_commit
from archive.resume import Patience, PatientStream
from archive.store import Absent, ObjectStore, ObjectVersion
from archive.tarball import read_tar
from archive.tarread import EntryKind

_BLOCK = 1 << 20
_PATIENCE = 2.0  # seconds: the other copy is there for what this store does not give
MOST_COMMIT = 64 << 20  # bytes; the commit of 1,000 pages holds about 0.3 MB


class Occupied(Forbidden):
    """Something lies already where a package was to be unpacked: the call named a place that is taken."""

    exit_code = 2


class NoPlace(Unavailable):
    """The folder to unpack into takes nothing more; no store has anything to do with it."""


@dataclass(frozen=True, slots=True)
class FoundCommit:
    """A commit object as it lies in one store, and under which version the tar lies there.

    That is the one it names, unless the tar was put there anew when the first was damaged or lost, or put into a store
    that came later and that it does not name (archive/restore.py).
    """

    store: str
    version_id: str
    commit: Commit
    data: bytes
    bag_version_id: str | None

    @property
    def sha256(self) -> str:
        """SHA-256 of its bytes: the link of the chain of versions."""
        return digest_bytes(self.data).sha256


def key_versions(store: ObjectStore, key: str) -> tuple[ObjectVersion, ...]:
    """All versions of exactly this key, oldest first, without delete markers."""
    found = [each for each in store.versions(key) if each.key == key and not each.delete_marker]
    return tuple(reversed(found))


def find_commit(store: ObjectStore, id: PackageId) -> FoundCommit | None:  # noqa: A002  # the word of akten/package.py
    """The commit of one package version, or None; of several versions of the object the oldest that is whole.

    A later one lies there when the first was damaged and put there anew. Raises FixityError when none is whole.
    """
    listed = [each for each in store.versions(id.prefix) if not each.delete_marker]
    failures: list[ArchivError] = []
    for each in reversed([each for each in listed if each.key == id.commit_key]):
        try:
            data = read_bytes(store, id.commit_key, each.version_id)
            commit = read_commit(data, id)
        except (FixityError, Unavailable) as error:
            failures.append(error)
            continue
        bags = [each for each in listed if each.key == id.bag_key]
        return FoundCommit(store.name, each.version_id, commit, data, _where_tar_lies(store, commit, bags))
    if failures:
        raise failures[0]
    return None


def _where_tar_lies(store: ObjectStore, commit: Commit, versions: Sequence[ObjectVersion]) -> str | None:
    """The named version, or the newest that the store says to be of the same bytes; whoever reads it compares.

    None where neither is: a store that the commit does not name, and that has no tar of these bytes.
    """
    named = commit.copies.get(store.name)
    for each in versions:
        if each.version_id == named:
            break
        if each.size == commit.bag.size:
            found = store.head(each.key, each.version_id)
            if found is not None and found.sha256 == commit.bag.sha256:
                return each.version_id
    return named


def read_bytes(store: ObjectStore, key: str, version_id: str) -> bytes:
    """A small object whole. Raises Absent when it is not there, FixityError when it is absurdly large."""
    with store.get(key, version_id) as stream:
        if stream.size > MOST_COMMIT:
            raise FixityError(f"Speicher „{store.name}“: {key} ist mit {stream.size} Bytes zu groß.")
        blocks = []
        while block := stream.read(_BLOCK):
            blocks.append(block)
        return b"".join(blocks)


def require_same_bytes(store: ObjectStore, key: str, version_id: str, wanted: Digests) -> None:
    """Reads one version whole and compares size, SHA-256 and SHA-512. Raises FixityError when they differ."""
    with store.get(key, version_id) as stream:
        found = None if stream.size != wanted.size else digest_stream(cast(BinaryIO, stream))
    if found != wanted:
        raise FixityError(
            f"Speicher „{store.name}“: {key} wurde mit anderen Bytes zurückgelesen, als geschrieben waren."
        )


def read_member(store: ObjectStore, found: FoundCommit, name: str) -> bytes:
    """One file of the package by range, verified against the manifest, and that against the commit.

    `name` is the path inside the bag (`data/…`). Raises FixityError when anything does not match.
    """
    commit = found.commit
    version_id = found.bag_version_id
    if version_id is None:
        raise Absent(f"Zum Commit-Objekt von {commit.id} liegt im Speicher „{store.name}“ kein Paket.")

    def take(path: str) -> bytes:
        member = commit.member(path)
        return store.get_range(commit.id.bag_key, version_id, member.offset, member.size)

    tag_manifest = take("tagmanifest-sha512.txt")
    if digest_bytes(tag_manifest).sha512 != commit.tag_manifests.get("tagmanifest-sha512.txt"):
        raise FixityError(f"Speicher „{store.name}“: Das Tag-Manifest von {commit.id} ist beschädigt.")
    manifest_name = "manifest-sha512.txt" if name.startswith("data/") else "tagmanifest-sha512.txt"
    manifest = take(manifest_name) if manifest_name.startswith("manifest") else tag_manifest
    if manifest is not tag_manifest and digest_bytes(manifest).sha512 != _listed(tag_manifest, manifest_name):
        raise FixityError(f"Speicher „{store.name}“: Das Manifest von {commit.id} ist beschädigt.")
    data = tag_manifest if name == "tagmanifest-sha512.txt" else take(name)
    if data is not tag_manifest and digest_bytes(data).sha512 != _listed(manifest, name):
        raise FixityError(f"Speicher „{store.name}“: {name} in {commit.id} ist beschädigt.")
    return data


def _listed(manifest: bytes, path: str) -> str:
    """The checksum of `path` in a manifest of ours, or an empty text."""
    wanted = encode_path(path).encode()
    for line in manifest.split(b"\n"):
        digest, _, listed = line.partition(b"  ")
        if listed == wanted:
            return digest.decode("ascii", "replace")
    return ""


def read_package(id: PackageId, copy: StoredCopy, store: ObjectStore, target: Path) -> Path:  # noqa: A002
    """The package unpacked below `target`: tar compared with its recorded checksums, bag judged valid, then unpacked.

    Returns the folder of the bag; nothing half is left under its name. Raises FixityError when the copy is damaged
    (also when a store that is well does not give its bytes), Occupied when something of that name lies there,
    NoPlace when the target takes nothing more, Unavailable when the store is away.
    """
    with _unpacking_into(target):
        target.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".holen.", dir=target))
        try:
            tar = aside / "bag.tar"
            download(store, id.bag_key, copy, tar)
            report = check_tar(tar)
            if report.judgement not in (Judgement.VALID, Judgement.VALID_WITH_WARNING):
                codes = ", ".join(sorted({finding.code for finding in report.findings}))
                raise FixityError(f"Das Paket {id} ist kein gültiges Bag ({codes}).")
            root = _unpack(tar, aside / "inhalt")
            final = target / root.name
            if final.exists():
                raise Occupied(f"Unter {final} liegt schon etwas.")
            root.rename(final)
            sync_folder(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return final


@contextmanager
def _unpacking_into(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        if fault.errno in (errno.ENOTEMPTY, errno.EEXIST):  # somebody else unpacked the same meanwhile
            raise Occupied(f"Unter {target} liegt schon etwas.") from fault
        raise NoPlace(f"In den Ordner „{target}“ lässt sich nicht auspacken: {in_german(fault.errno)}.") from fault


def download(store: ObjectStore, key: str, copy: StoredCopy, target: Path) -> None:
    """The tar of a copy as a new file, compared with its recorded checksums. Raises FixityError when it is damaged."""
    opened = PatientStream(store, key, copy.bag_version_id, lambda _: None, patience=Patience(_PATIENCE))
    with opened as stream, target.open("xb") as sink:
        if stream.size != copy.digests.size:
            raise FixityError(f"Speicher „{store.name}“: {key} hat nicht die verzeichnete Größe.")
        while block := stream.read(_BLOCK):
            sink.write(block)
    with target.open("rb", buffering=0) as written:
        if digest_stream(written) != copy.digests:
            raise FixityError(f"Speicher „{store.name}“: {key} stimmt nicht mit den verzeichneten Prüfsummen überein.")


def _unpack(tar: Path, folder: Path) -> Path:
    """Writes the regular files of a tar that was judged valid; refuses everything else once more."""
    folder.mkdir()
    with tar.open("rb", buffering=1 << 18) as stream:
        for entry in read_tar(stream):
            if entry.kind is EntryKind.FOLDER:
                continue
            if entry.kind is not EntryKind.FILE or escapes(entry.name):
                raise FixityError(f"Das Tar enthält {entry.name}, das nicht ausgepackt werden darf.")
            path = folder / PurePosixPath(entry.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as sink:
                while block := entry.read():
                    sink.write(block)
                sink.flush()
                os.fsync(sink.fileno())
    (root,) = folder.iterdir()
    return root
