"""A bag as a folder on disk: one walk without following anything, then each file read once; nothing is ever written."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from archive.bagalgorithms import HASHES, Trouble, Unreadable
from archive.baghash import CHUNK, Hashed, Hashing, Task, tasks
from archive.bagnotes import Notes
from archive.bagrules import Limits
from archive.bagsource import Wanted

# A FIFO or a link put there after the walk must neither hang the judge nor lead it away.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHANGED = Trouble("BG-63", "Die Datei hat sich geändert, während sie geprüft wurde.")
_SMALL = 1 << 16  # bytes below which a file is read with one call
_Identity = tuple[int, int, int, int]


class FolderBag:
    """The files below a folder; `notes` receives what the walk met: links, devices, unreadable folders, budgets."""

    def __init__(self, root: Path, notes: Notes, limits: Limits) -> None:
        self.files: dict[str, int] = {}
        self.folders: set[str] = set()
        self.odd: set[str] = set()
        self.broken = False  # the walk did not come to its end, so nothing can be said of the bag
        self._prefix = f"{os.fspath(root)}/"
        self._read: dict[str, _Identity] = {}  # tag files as they were at first sight
        self._workers = limits.workers
        self._walk(notes, limits)

    def _walk(self, notes: Notes, limits: Limits) -> None:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._prefix + folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as why:
                notes.unchecked("BG-62", folder, f"Der Ordner ist nicht lesbar: {os.strerror(why.errno or 0)}.")
                self.odd.add(folder)
                self.broken = self.broken or not folder
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if self._take(path, entry, notes):
                    waiting.append(path)
            if len(self.files) + len(self.folders) > limits.entries or folder.count("/") > limits.depth:
                notes.unchecked("BG-64", folder, "Das Paket ist zu groß oder zu tief; hier wurde die Suche beendet.")
                self.broken = True
                return

    def _take(self, path: str, entry: os.DirEntry[str], notes: Notes) -> bool:
        """Sorts one entry in; true for a folder that is to be walked."""
        try:
            if entry.is_dir(follow_symlinks=False):
                self.folders.add(path)
                return True
            status = entry.stat(follow_symlinks=False)
        except OSError as why:
            notes.unchecked("BG-62", path, f"Die Datei ist nicht lesbar: {os.strerror(why.errno or 0)}.")
            self.odd.add(path)
            return False
        if stat.S_ISREG(status.st_mode):
            self.files[path] = status.st_size
            return False
        self.odd.add(path)
        if path == "data":
            notes.error("BG-09", path, "data ist kein wirklicher Ordner; einem Verweis wird nicht gefolgt.")
        elif stat.S_ISLNK(status.st_mode):
            notes.error("BG-60", path, "Das Paket enthält einen symbolischen Verweis; ihm wurde nicht gefolgt.")
        else:
            notes.error("BG-61", path, "Das Paket enthält ein Gerät, einen FIFO oder einen Socket; nicht geöffnet.")
        return False

    def open(self, path: str) -> io.BufferedReader:
        """A tag file, for one reading. Raises Unreadable."""
        handle, status = self._handle(path)
        if self._read.setdefault(path, _identity(status)) != _identity(status):
            os.close(handle)
            raise Unreadable(_CHANGED)
        return os.fdopen(handle, "rb")

    def digests(self, wanted: Wanted) -> Hashing:
        """The checksums of every file of which any are wanted, in the order of the walk."""
        return Hashing(tasks(self.files, wanted), self._hash_batch, self._workers)

    def _hash_batch(self, batch: list[Task]) -> list[Hashed]:
        buffer = bytearray(CHUNK if any(task.size >= _SMALL for task in batch) else 0)
        return [Hashed(path, size, names, self._hash(path, size, names, buffer)) for path, size, names in batch]

    def _handle(self, path: str) -> tuple[int, os.stat_result]:
        try:
            handle = os.open(self._prefix + path, _FLAGS)
        except FileNotFoundError as gone:
            raise Unreadable(_CHANGED) from gone
        except OSError as why:
            raise Unreadable(_unreadable(why)) from why
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise Unreadable(_CHANGED)
        return handle, status

    def _hash(self, path: str, size: int, algorithms: tuple[str, ...], buffer: bytearray) -> list[bytes] | Trouble:
        try:
            handle, before = self._handle(path)
        except Unreadable as why:
            return why.trouble
        try:
            if before.st_size != size:
                return _CHANGED
            if not path.startswith("data/") and self._read.setdefault(path, _identity(before)) != _identity(before):
                return _CHANGED
            if size < _SMALL:  # one read tells all: asked for a byte more than there should be
                block = os.read(handle, size + 1)
                length = len(block)
                digests = [HASHES[name](block).digest() for name in algorithms]
            else:
                length, digests = _read_through(handle, size, buffer, algorithms)
            after = os.fstat(handle)
            if length != size or after.st_mtime_ns != before.st_mtime_ns or after.st_size != size:
                return _CHANGED
            return digests
        except OSError as why:
            return _unreadable(why)
        finally:
            os.close(handle)


def _read_through(handle: int, size: int, buffer: bytearray, algorithms: tuple[str, ...]) -> tuple[int, list[bytes]]:
    """Length and checksums of a file; stops soon after `size`, so a growing file ends too."""
    hashes = [HASHES[name]() for name in algorithms]
    length = 0
    view = memoryview(buffer)
    while length <= size and (count := os.readv(handle, [buffer])):
        length += count
        for each in hashes:
            each.update(view[:count])
    return length, [each.digest() for each in hashes]


def _identity(status: os.stat_result) -> _Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unreadable(why: OSError) -> Trouble:
    return Trouble("BG-62", f"Die Datei ist nicht lesbar: {os.strerror(why.errno or 0)}.")
