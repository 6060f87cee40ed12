"""A bag as a folder on disk: one walk without following anything, then each file read once; nothing is ever written."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from akten.diskwords import in_german
from archive.bagalgorithms import Trouble, Unreadable
from archive.baghash import CHUNK, Batch, Digesting, Hashed
from archive.baginventory import Inventory
from archive.bagnotes import Notes
from archive.bagrules import Limits

# A FIFO or a link put there after the walk must neither hang the judge nor lead it away.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_CHANGED = Trouble("BG-63", "Die Datei hat sich geändert, während sie geprüft wurde.")
_SMALL = 1 << 16  # bytes below which a file is read with one call
_Identity = tuple[int, int, int, int]


class FolderBag:
    """The files below a folder; `notes` receives what the walk met: links, devices, unreadable folders, budgets."""

    def __init__(self, root: Path, notes: Notes, limits: Limits) -> None:
        self.files = Inventory()  # marked with the time of their last change
        self.folders: set[str] = set()
        self.odd: set[str] = set()
        self.broken = False  # the walk did not come to its end, so nothing can be said of the bag
        self.workers = limits.workers
        self._prefix = f"{os.fspath(root)}/"
        self._tags: dict[str, _Identity] = {}  # tag files as they were at first sight
        self._walk(notes, limits)
        self.files.settle()

    def _walk(self, notes: Notes, limits: Limits) -> None:
        try:
            folders = _Folders(self._prefix)
        except OSError as why:
            notes.unchecked("BG-62", "", f"Der Ordner ist nicht lesbar: {in_german(why.errno)}.")
            self.broken = True
            return
        with folders:
            waiting = [""]
            while waiting:
                folder = waiting.pop()
                waiting += self._look_into(folder, folders, notes)
                if "bagit.txt" not in self._tags and "bagit.txt" not in self.odd:
                    return  # no bag: whoever names a home folder by mistake need not wait for a walk through it
                if len(self.files) + len(self.folders) > limits.entries or folder.count("/") > limits.depth:
                    notes.unchecked(
                        "BG-64", folder, "Das Paket ist zu groß oder zu tief; hier wurde die Suche beendet."
                    )
                    self.broken = True
                    return

    def _look_into(self, folder: str, folders: _Folders, notes: Notes) -> list[str]:
        """Sorts the entries of a folder in; returns the folders among them."""
        try:
            with os.scandir(folders.enter(folder)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as why:
            notes.unchecked("BG-62", folder, f"Der Ordner ist nicht lesbar: {in_german(why.errno)}.")
            self.odd.add(folder)
            self.broken = self.broken or not folder
            return []
        start = f"{folder}/" if folder else ""
        return [path for entry in entries if self._take(path := start + entry.name, entry, notes)]

    def _take(self, path: str, entry: os.DirEntry[str], notes: Notes) -> bool:
        """Sorts one entry in; true for a folder that is to be walked."""
        try:
            if entry.is_dir(follow_symlinks=False):
                self.folders.add(path)
                return True
            status = entry.stat(follow_symlinks=False)
        except OSError as why:
            notes.unchecked("BG-62", path, f"Die Datei ist nicht lesbar: {in_german(why.errno)}.")
            self.odd.add(path)
            return False
        if stat.S_ISREG(status.st_mode):
            self.files.add(path, status.st_size, status.st_mtime_ns)
            if not path.startswith("data/"):
                self._tags[path] = _identity(status)
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
        try:
            handle = os.open(self._prefix + path, _FLAGS)
        except FileNotFoundError as gone:
            raise Unreadable(_CHANGED) from gone
        except OSError as why:
            raise Unreadable(_unreadable(why)) from why
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or self._tags.get(path) != _identity(status):
            os.close(handle)
            raise Unreadable(_CHANGED)
        return os.fdopen(handle, "rb")

    def payload_order(self) -> Sequence[int]:
        """The numbers of the payload files, folder by folder."""
        return self.files.data

    def hash_batch(self, batch: Batch) -> Hashed:
        """The checksums of some files, each read once."""
        digesting = Digesting(batch.algorithms)
        try:
            folders = _Folders(self._prefix)
        except OSError as why:
            for _ in batch.numbers:
                digesting.trouble(_unreadable(why))
            return digesting.done()
        with folders:
            for number in batch.numbers:
                if (trouble := self._hash(number, digesting, folders)) is not None:
                    digesting.trouble(trouble)
        return digesting.done()

    def _hash(self, number: int, digesting: Digesting, folders: _Folders) -> Trouble | None:
        """Hashes one file, or says why not. Whatever stands at its name now, nothing is followed and nothing waits:
        a FIFO has no bytes to give, and what was read must be as long and as old as the walk saw it."""
        path, size = self.files.paths[number], self.files.sizes[number]
        try:
            handle = folders.open(path)
        except FileNotFoundError:
            return _CHANGED
        except OSError as why:
            return _unreadable(why)
        try:
            if size < _SMALL:  # one read tells all: asked for a byte more than there should be
                block = os.read(handle, size + 1)
                length = len(block)
                status = os.fstat(handle)
                if not self._is_same(number, length, status):
                    return _CHANGED
                digesting.whole(block)
                return None
            if not self._is_same(number, size, os.fstat(handle)):
                return _CHANGED
            reading = _Reading(handle, size)
            digesting.pieces(iter(reading))
            if not self._is_same(number, reading.length, os.fstat(handle)):
                digesting.undo()
                return _CHANGED
        except OSError as why:
            return _unreadable(why)
        finally:
            os.close(handle)
        return None

    def _is_same(self, number: int, length: int, status: os.stat_result) -> bool:
        files = self.files
        if not files.sizes[number] == length == status.st_size or files.marks[number] != status.st_mtime_ns:
            return False
        tag = self._tags.get(files.paths[number]) if number not in files.data else None
        return stat.S_ISREG(status.st_mode) and (tag is None or tag == _identity(status))


class _Folders:
    """Opens files below a folder by way of the folders between, none of which may have become a link meanwhile.

    The last folder stays open: its neighbours need no second way from the root.
    """

    def __init__(self, root: str) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._folder, self._handle = "", self._root

    def open(self, path: str) -> int:
        """A descriptor for a file. Raises OSError."""
        folder, _, name = path.rpartition("/")
        return os.open(name, _FLAGS, dir_fd=self.enter(folder))

    def enter(self, folder: str) -> int:
        """A descriptor for a folder, good until the next is entered. Raises OSError."""
        if folder != self._folder:
            self._leave()
            try:
                for part in folder.split("/") if folder else ():
                    above, self._handle = self._handle, os.open(part, _FOLDER, dir_fd=self._handle)
                    if above != self._root:
                        os.close(above)
            except OSError:
                self._leave()  # else files of the root would be sought where the way broke off
                raise
            self._folder = folder
        return self._handle

    def _leave(self) -> None:
        """Back to the root, also from half way."""
        if self._handle != self._root:
            os.close(self._handle)
        self._folder, self._handle = "", self._root

    def __enter__(self) -> _Folders:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        os.close(self._root)


class _Reading:
    """The blocks of a file; stops soon after `size`, so a growing file ends too."""

    def __init__(self, handle: int, size: int) -> None:
        self._handle = handle
        self._size = size
        self.length = 0

    def __iter__(self) -> Iterator[memoryview]:
        buffer = bytearray(min(CHUNK, self._size + 1))
        view = memoryview(buffer)
        while self.length <= self._size and (count := os.readv(self._handle, [buffer])):
            self.length += count
            yield view[:count]


def _identity(status: os.stat_result) -> _Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unreadable(why: OSError) -> Trouble:
    return Trouble("BG-62", f"Die Datei ist nicht lesbar: {in_german(why.errno)}.")
