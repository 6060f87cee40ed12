"""A bag inside a tar, judged where it lies: names and kinds of its members, then their bytes; nothing is unpacked."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from akten.errors import Rejected
from archive.bagalgorithms import HASHES, Trouble, Unreadable
from archive.baghash import BATCH, CHUNK, Hashed, Hashing, Task, tasks
from archive.bagnotes import Notes
from archive.bagpaths import escapes, is_crooked, straightened
from archive.bagrules import Limits
from archive.bagsource import Wanted
from archive.tarread import EntryKind, TarEntry, TarReader

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_NOT_COMPUTED = Trouble("BG-66", "Die Prüfsumme dieses Verfahrens wurde beim einmaligen Lesen nicht gerechnet.")
_CUT = Trouble("BG-63", "Das Tar hat sich geändert, während es geprüft wurde.")
_NEAR = 4 * BATCH  # bytes of neighbouring members that are read in one piece
_BEFORE_ANY_MANIFEST = ("sha256", "sha512", "sha1", "md5")


class _Members:
    """The members of a tar as files of one bag; takes the name of the one root folder away."""

    def __init__(self, notes: Notes, limits: Limits) -> None:
        self.files: dict[str, int] = {}
        self.folders: set[str] = set()
        self.odd: set[str] = set()
        self._notes = notes
        self._limits = limits
        self._root: str | None = None
        self.broken = False  # the container is such that nothing can be said of the bag

    def take(self, entry: TarEntry) -> str | None:
        """The path of a regular file inside the bag; None for all else, which is sorted in or noted."""
        notes = self._notes
        if len(entry.name) > self._limits.path_characters or entry.name.count("/") > self._limits.depth:
            raise Unreadable(Trouble("BG-64", "Ein Name im Tar ist zu lang oder zu tief."))
        if any(escapes(name) for name in entry.names):
            notes.error("BG-74", entry.name, "Ein Name im Tar ist absolut oder enthält „..“.")
            return None
        name = entry.name.rstrip("/") if entry.kind is EntryKind.FOLDER else entry.name
        if is_crooked(name):
            if not notes.has("BG-83"):
                notes.strict("BG-83", name, "Namen im Tar enthalten leere Teile oder „.“.")
            name = straightened(name)
        path = self._below_root(name, entry)
        if not path:
            return None
        if entry.kind is EntryKind.FOLDER:
            self.folders.add(path)
            return None
        if path in self.files or path in self.odd:
            notes.error("BG-71", path, "Der Name steht im Tar zweimal.")
            return None
        if entry.kind is not EntryKind.FILE:
            self._refuse(path, entry.kind)
            return None
        return path

    def _below_root(self, name: str, entry: TarEntry) -> str:
        """The path inside the bag, or "" for the root folder itself and for what lies beside it."""
        root, _, path = name.partition("/")
        if not path and entry.kind is not EntryKind.FOLDER:  # a file without any folder around it
            if self._root is None:
                self._root = ""
            if not self._notes.has("BG-75"):
                self._notes.error("BG-75", name, "Eine Datei liegt im Tar außerhalb eines Wurzelordners.")
            return name if self._root == "" else ""
        if self._root == "":
            return name
        if self._root is None and root:
            self._root = root
        if root != self._root and root and not self._notes.has("BG-75"):
            self._notes.error("BG-75", name, "Das Tar hat mehr als einen Wurzelordner.")
        return path if root == self._root else ""

    def _refuse(self, path: str, kind: EntryKind) -> None:
        self.odd.add(path)
        if kind in (EntryKind.SYMLINK, EntryKind.HARDLINK):
            self._notes.error("BG-72", path, "Das Tar enthält einen Verweis.")
        elif kind in (EntryKind.DEVICE, EntryKind.FIFO):
            self._notes.error("BG-73", path, "Das Tar enthält ein Gerät oder einen FIFO.")
        else:
            self._notes.error("BG-81", path, "Das Tar enthält einen Eintrag unbekannter Art.")

    def add(self, path: str, size: int) -> None:
        """Takes a file in and the folders above it. Raises Unreadable when there are too many."""
        self.files[path] = size
        folder = path.rpartition("/")[0]
        while folder and folder not in self.folders:
            self.folders.add(folder)
            folder = folder.rpartition("/")[0]
        if len(self.files) > self._limits.entries:
            raise Unreadable(Trouble("BG-64", f"Das Tar hat mehr als {self._limits.entries} Dateien."))

    def finish(self, reader: TarReader) -> None:
        """Notes the faults of the container and of names that only show at the end."""
        for finding in reader.findings:
            self._notes.add(finding.code, finding.severity, finding.where, finding.text)
        for path in sorted((self.files.keys() | self.odd) & self.folders):
            self._notes.error("BG-82", path, "Ein Eintrag im Tar ist zugleich Datei und Ordner.")
        self.broken = reader.broken
        if not reader.findings and self._root is None:
            self.broken = True
            self._notes.error("BG-75", "", "Das Tar hat keinen Wurzelordner.")


class TarBag(_Members):
    """A tar that can be read twice: first the headers, then the bytes of all members in their order.

    With `handle`, the descriptor of a real file, members are read at their place by several threads.
    """

    def __init__(self, stream: BinaryIO, notes: Notes, limits: Limits, handle: int | None = None) -> None:
        super().__init__(notes, limits)
        self._stream = stream
        self._handle = handle
        self._workers = limits.workers if handle is not None else 1
        self._base = stream.tell()
        self._places: dict[str, int] = {}
        reader = TarReader(stream, skip_by_seek=True, header_bytes=limits.header_bytes)
        for entry in reader:
            if path := self.take(entry):
                self.add(path, entry.size)
                self._places[path] = entry.offset
        self.finish(reader)

    def open(self, path: str) -> io.BufferedReader:
        """A tag file, for one reading."""
        window = _Window(self._stream, self._base + self._places[path], self.files[path])
        return io.BufferedReader(window, 1 << 16)

    def digests(self, wanted: Wanted) -> Hashing:
        """The checksums of every file of which any are wanted, in the order of the tar."""
        return Hashing(tasks(self.files, wanted), self._hash_batch, self._workers)

    def _hash_batch(self, batch: list[Task]) -> list[Hashed]:
        """Neighbours are read in one piece: small members cost no call of their own."""
        start = self._places[batch[0].path]
        end = self._places[batch[-1].path] + batch[-1].size
        near = b""
        if 0 <= end - start <= _NEAR:
            near = self._read_at(start, end - start)
        return [Hashed(*task, self._hash(task, start, memoryview(near))) for task in batch]

    def _hash(self, task: Task, start: int, near: memoryview) -> Sequence[bytes] | Trouble:
        place, left = self._places[task.path], task.size
        hashes = [HASHES[name]() for name in task.algorithms]
        try:
            while left:
                block = near[place - start : place - start + left] if near else self._read_at(place, min(left, CHUNK))
                if not block:
                    return _CUT
                for each in hashes:
                    each.update(block)
                place += len(block)
                left -= len(block)
        except OSError as why:
            return Trouble("BG-62", f"Das Tar ist nicht lesbar: {os.strerror(why.errno or 0)}.")
        return [each.digest() for each in hashes]

    def _read_at(self, offset: int, size: int) -> bytes:
        """Bytes at an offset of the tar, fewer only at its end."""
        if self._handle is not None:
            return os.pread(self._handle, size, self._base + offset)
        self._stream.seek(self._base + offset)
        return self._stream.read(size)


class StreamBag(_Members):
    """A tar that passes by once: tag files are held in memory up to a budget, checksums are taken as members pass.

    Which algorithms the payload needs is known when its manifests come first, as in our tars; else the usual four are
    computed, and a manifest of a fifth that comes late stays unchecked.
    """

    def __init__(self, stream: BinaryIO, notes: Notes, limits: Limits) -> None:
        super().__init__(notes, limits)
        self._held: dict[str, bytes] = {}
        self._taken: dict[str, dict[str, bytes]] = {}
        self._budget = limits.held_bytes
        payload: set[str] = set()
        reader = TarReader(stream, header_bytes=limits.header_bytes)
        try:
            for entry in reader:
                if not (path := self.take(entry)):
                    continue
                self.add(path, entry.size)
                if path.startswith("data/"):
                    self._hash(path, entry, tuple(payload) or _BEFORE_ANY_MANIFEST, hold=False)
                    continue
                self._hash(
                    path,
                    entry,
                    (*_BEFORE_ANY_MANIFEST, *(payload - set(_BEFORE_ANY_MANIFEST))),
                    hold=self._budget >= entry.size,
                )
                if path.startswith("manifest-"):
                    payload |= {path[9:-4].replace("-", "").replace("_", "").lower()} & HASHES.keys()
        except Rejected as why:  # broken off inside a member
            reader.broken = True
            reader.findings.extend(why.findings)
        self.finish(reader)

    def _hash(self, path: str, entry: TarEntry, algorithms: tuple[str, ...], *, hold: bool) -> None:
        hashes = {name: HASHES[name]() for name in algorithms}
        blocks: list[bytes] = []
        while block := entry.read(CHUNK):
            for each in hashes.values():
                each.update(block)
            if hold:
                blocks.append(block)
        self._taken[path] = {name: each.digest() for name, each in hashes.items()}
        if hold:
            self._held[path] = b"".join(blocks)
            self._budget -= entry.size

    def open(self, path: str) -> io.BufferedReader:
        """A tag file, for one reading. Raises Unreadable when it was too large to be held."""
        if path not in self._held:
            raise Unreadable(Trouble("BG-30", "Die Datei ist zu groß für das einmalige Lesen eines Stroms."))
        return io.BufferedReader(io.BytesIO(self._held[path]))

    def digests(self, wanted: Wanted) -> Hashing:
        """The checksums as they were taken while the tar passed."""
        return Hashing(tasks(self.files, wanted), self._look_up, 1)

    def _look_up(self, batch: list[Task]) -> list[Hashed]:
        found = []
        for task in batch:
            taken = self._taken[task.path]
            computed = all(name in taken for name in task.algorithms)
            digests = [taken[name] for name in task.algorithms] if computed else _NOT_COMPUTED
            found.append(Hashed(*task, digests))
        return found


class _Window(io.RawIOBase):
    """A part of a seekable stream as a stream of its own."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream = stream
        self._position = start
        self._end = start + size

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        """Next bytes of the part."""
        view = memoryview(target).cast("B")
        self._stream.seek(self._position)
        data = self._stream.read(min(len(view), self._end - self._position))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
