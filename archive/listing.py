"""What a store lists, kept on the disk while it is compared, in slices that any memory holds.

A city's holdings have millions of object versions: as Python objects some gigabytes. Each listing is read once, page by
page, and laid into a file without a name, by the first byte of the Akte's UUID (`FIRST_BYTES`; they are random, so the
parts are of a size, and all versions of an Akte are in one). What belongs to no package is the slice `REST`.
"""

from __future__ import annotations

import errno
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from akten.diskwords import as_ours
from akten.package import PackageId
from archive.store import STAGING, ObjectStore, ObjectVersion, OpenUpload

ARCHIVED = "aip/"
FIRST_BYTES = range(256)
REST = len(FIRST_BYTES)
_BLOCK = 8 << 10  # bytes of one slice that wait for being written together
_KEY = re.compile(r"aip/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/v([1-9][0-9]{0,5})/(bag\.tar|commit\.json)\Z")


@dataclass(frozen=True, slots=True)
class StoreListing:
    """What one store holds, as listed, or a slice of it: versions below aip/ and staging/, and open uploads.

    What was stored after the listing `began` may be in it or not.
    """

    store: str
    versions: tuple[ObjectVersion, ...]
    uploads: tuple[OpenUpload, ...] = ()
    began: datetime | None = None


def package_of(key: str) -> tuple[PackageId, bool] | None:
    """The package that an object belongs to, and whether it is its tar (else its commit); None for any other key."""
    match = _KEY.match(key)
    return (PackageId(UUID(match[1]), int(match[2])), match[3] == "bag.tar") if match else None


def uuids_of(first_byte: int) -> tuple[UUID, UUID]:
    """The first and the last UUID of a slice."""
    start = first_byte << 120
    return UUID(int=start), UUID(int=start + (1 << 120) - 1)


class SpooledListing:
    """One store's listing on the disk; only its open uploads are kept in memory."""

    def __init__(self, store: str, file: IO[bytes], folder: Path, began: datetime) -> None:
        self.store = store
        self._began = began
        self._file = file
        self._folder = folder
        self._end = 0
        self._blocks: list[list[tuple[int, int]]] = [[] for _ in range(REST + 1)]
        self._waiting = [bytearray() for _ in range(REST + 1)]
        self._uploads: list[OpenUpload] = []

    def slice(self, number: int) -> StoreListing:
        """One slice, in the order of the listing; the open uploads are in the rest. Raises Unavailable."""
        uploads = tuple(self._uploads) if number == REST else ()
        return StoreListing(self.store, tuple(self._read(number)), uploads, self._began)

    def take(self, store: ObjectStore) -> None:
        """Lists the store. Raises Unavailable, Forbidden or Misconfigured where it, or our disk, does not let us."""
        for prefix in (ARCHIVED, STAGING):
            for each in store.versions(prefix):
                self._add(each)
        for prefix in (ARCHIVED, STAGING):
            self._uploads.extend(store.uploads(prefix))
        for number in range(REST + 1):
            self._write(number)

    def _add(self, each: ObjectVersion) -> None:
        found = package_of(each.key)
        number = found[0].akte.bytes[0] if found else REST
        marks = (each.is_latest, each.delete_marker)
        row = json.dumps([each.key, each.version_id, each.size, each.modified.isoformat(), *marks])
        self._waiting[number] += row.encode("ascii") + b"\n"
        if len(self._waiting[number]) >= _BLOCK:
            self._write(number)

    def _write(self, number: int) -> None:
        block = bytes(self._waiting[number])
        if not block:
            return
        rest = block
        try:
            while rest:  # a disk that is nearly full takes a part
                rest = rest[self._file.write(rest) :]
        except OSError as fault:
            raise _of_disk(fault, self.store, self._folder) from fault
        self._blocks[number].append((self._end, len(block)))
        self._end += len(block)
        self._waiting[number] = bytearray()

    def _read(self, number: int) -> Iterator[ObjectVersion]:
        for place, size in self._blocks[number]:
            try:
                self._file.seek(place)
                block = self._file.read(size)
                if len(block) < size:
                    raise OSError(errno.EIO, "cut short")
            except OSError as fault:
                raise _of_disk(fault, self.store, self._folder) from fault
            for line in block.splitlines():
                key, version_id, length, modified, latest, marker = json.loads(line)
                yield ObjectVersion(key, version_id, length, datetime.fromisoformat(modified), latest, marker)


@contextmanager
def spooled(store: ObjectStore, folder: Path, now: datetime) -> Iterator[SpooledListing]:
    """What a store holds now, kept below `folder` until the end of the block.

    The file has no name: no other account opens it, and however this process ends, nothing of it is left. Raises
    Unavailable, Forbidden or Misconfigured when the store does not tell, or the disk does not take it.
    """
    try:
        file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115  # closed below, whatever comes
    except OSError as fault:
        raise _of_disk(fault, store.name, folder) from fault
    with file:
        listing = SpooledListing(store.name, file, folder, now)
        listing.take(store)
        yield listing


def _of_disk(fault: OSError, store: str, folder: Path) -> Exception:
    return as_ours(fault, f"Die Liste des Speichers „{store}“ lässt sich nicht zwischenlegen ({folder})")
