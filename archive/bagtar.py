"""A bag inside a tar, judged where it lies: names and kinds of its members, then their bytes; nothing is unpacked."""

from __future__ import annotations

import io
import os
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from akten.diskwords import in_german
from akten.errors import Rejected
from akten.findings import Severity
from archive.bagalgorithms import DIGEST_SIZES, HASHES, Trouble, Unreadable
from archive.baghash import BATCH, CHUNK, Batch, Digesting, Hashed
from archive.baginventory import Inventory
from archive.bagnotes import Notes
from archive.bagpaths import escapes, is_crooked, straightened
from archive.bagrules import Limits
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
        self.files = Inventory()  # marked with the place of their bytes, or with the order of their coming
        self.folders: set[str] = set()
        self.odd: set[str] = set()
        self._seen: set[str] = set()  # only while the tar is read: then `files` can be asked
        self._notes = notes
        self._limits = limits
        self._root: str | None = None
        self.broken = False  # the container is such that nothing can be said of the bag

    def take(self, entry: TarEntry) -> str | None:
        """The path of a regular file inside the bag; None for all else, which is sorted in or noted."""
        notes = self._notes
        if len(entry.name) > self._limits.path_characters or entry.name.count("/") > self._limits.depth:
            raise Unreadable(Trouble("BG-64", "Ein Name im Tar ist zu lang oder zu tief."))
        for name in entry.names:
            if escapes(name):
                notes.error("BG-74", entry.name, "Ein Name im Tar ist absolut oder enthält „..“.")
                return None
        name = entry.name.rstrip("/") if entry.kind is EntryKind.FOLDER else entry.name
        if name == "." or is_crooked(name):  # `tar -cf x.tar .` begins with the folder around the root folder
            if not notes.has("BG-83"):
                notes.strict("BG-83", name, "Namen im Tar enthalten leere Teile oder „.“.")
            name = straightened(name)
        path = self._below_root(name, entry)
        if not path:
            return None
        if entry.kind is EntryKind.FOLDER:
            self.folders.add(path)
            return None
        if path in self._seen:
            notes.error("BG-71", path, "Der Name steht im Tar zweimal.")
            return None
        self._seen.add(path)
        if entry.kind is not EntryKind.FILE:
            self._refuse(path, entry.kind)
            return None
        return path

    def _below_root(self, name: str, entry: TarEntry) -> str:
        """The path inside the bag, or "" for the root folder itself and for what lies beside it."""
        root, _, path = name.partition("/")
        if not path and entry.kind is not EntryKind.FOLDER:
            return self._without_folder(name, entry.kind)
        if self._root == "":
            return name
        if self._root is None and root:
            self._root = root
        if root != self._root and root and not self._notes.has("BG-75"):
            self._notes.error("BG-75", name, "Das Tar hat mehr als einen Wurzelordner.")
        return path if root == self._root else ""

    def _without_folder(self, name: str, kind: EntryKind) -> str:
        """The same for what has no folder around it: it lies beside the root folder, or there is none."""
        if kind is not EntryKind.FILE and self._root != "":
            self._refuse(name, kind)  # also in the place of the root folder itself
            return ""
        if self._root is None:
            self._root = ""
        if not self._notes.has("BG-75"):
            self._notes.error("BG-75", name, "Eine Datei liegt im Tar außerhalb eines Wurzelordners.")
        return name if self._root == "" else ""

    def _refuse(self, path: str, kind: EntryKind) -> None:
        self.odd.add(path)
        if kind in (EntryKind.SYMLINK, EntryKind.HARDLINK):
            self._notes.error("BG-72", path, "Das Tar enthält einen Verweis.")
        elif kind in (EntryKind.DEVICE, EntryKind.FIFO):
            self._notes.error("BG-73", path, "Das Tar enthält ein Gerät oder einen FIFO.")
        else:
            self._notes.error("BG-81", path, "Das Tar enthält einen Eintrag unbekannter Art.")

    def add(self, path: str, size: int, mark: int) -> None:
        """Takes a file in and the folders above it. Raises Unreadable when there are too many."""
        self.files.add(path, size, mark)
        folder = path.rpartition("/")[0]
        while folder not in self.folders and folder:
            self.folders.add(folder)
            folder = folder.rpartition("/")[0]
        if len(self.files) > self._limits.entries:
            raise Unreadable(Trouble("BG-64", f"Das Tar hat mehr als {self._limits.entries} Dateien."))

    def finish(self, reader: TarReader) -> None:
        """Notes the faults of the container and of names that only show at the end."""
        self._seen = set()
        self.files.settle()
        for finding in reader.findings:
            unseen = finding.severity is Severity.WARNING and not self._notes.intake
            note = self._notes.unchecked if unseen else self._notes.error
            note(finding.code, finding.where, finding.text)
        both = {folder for folder in self.folders if folder in self.files or folder in self.odd}
        for path in sorted(both):
            self._notes.error("BG-82", path, "Ein Eintrag im Tar ist zugleich Datei und Ordner.")
        self.broken = reader.broken
        if not reader.findings and self._root is None:
            self.broken = True
            self._notes.error("BG-75", "", "Das Tar hat keinen Wurzelordner.")
        if self._notes.has("BG-75") and "bagit.txt" not in self.files and "bagit.txt" not in self.odd:
            self.broken = True  # which of the roots was meant is not for us to guess: a stray file may come first


class TarBag(_Members):
    """A tar that can be read twice: first the headers, then the bytes of all members in their order.

    With `handle`, the descriptor of a real file, members are read at their place by several workers.
    """

    def __init__(self, stream: BinaryIO, notes: Notes, limits: Limits, handle: int | None = None) -> None:
        super().__init__(notes, limits)
        self.workers = limits.workers if handle is not None else 1
        self._stream = stream
        self._handle = handle
        self._base = stream.tell()
        reader = TarReader(stream, skip_by_seek=True, header_bytes=limits.header_bytes)
        for entry in reader:
            if path := self.take(entry):
                self.add(path, entry.size, entry.offset)
        self.finish(reader)

    def open(self, path: str) -> io.BufferedReader:
        """A tag file, for one reading."""
        number = self.files.find(path)
        window = _Window(self._stream, self._base + self.files.marks[number], self.files.sizes[number])
        return io.BufferedReader(window, 1 << 16)

    def payload_order(self) -> Sequence[int]:
        """The numbers of the payload files as they lie in the tar."""
        data, places = self.files.data, self.files.marks
        if all(map(int.__lt__, places[data.start : data.stop], places[data.start + 1 : data.stop])):
            return data
        return array("q", sorted(data, key=places.__getitem__))

    def hash_batch(self, batch: Batch) -> Hashed:
        """The checksums of some files; neighbours are read in one piece: small members cost no call of their own."""
        places, sizes = self.files.marks, self.files.sizes
        digesting = Digesting(batch.algorithms)
        start = places[batch.numbers[0]]
        length = places[batch.numbers[-1]] + sizes[batch.numbers[-1]] - start
        near = memoryview(b"")
        try:
            if 0 <= length <= _NEAR:
                near = memoryview(self._read_at(start, length))
            for number in batch.numbers:
                place, size = places[number], sizes[number]
                if 0 <= place - start <= len(near) - size:
                    digesting.whole(near[place - start : place - start + size])
                elif not self._hash_far(place, size, digesting):
                    digesting.trouble(_CUT)
        except OSError as why:
            trouble = Trouble("BG-62", f"Das Tar ist nicht lesbar: {in_german(why.errno)}.")
            for _ in range(digesting.count, len(batch.numbers)):
                digesting.trouble(trouble)
        return digesting.done()

    def _hash_far(self, place: int, size: int, digesting: Digesting) -> bool:
        """Hashes a file that was not read with its neighbours; false when the tar has become too short."""
        left = size

        def blocks() -> Iterator[bytes]:
            nonlocal left
            while left and (block := self._read_at(place + size - left, min(left, CHUNK))):
                left -= len(block)
                yield block

        digesting.pieces(blocks())
        if left:
            digesting.undo()
        return not left

    def _read_at(self, offset: int, size: int) -> bytes:
        """Bytes at an offset of the tar, fewer only at its end."""
        if self._handle is not None:
            return os.pread(self._handle, size, self._base + offset)
        self._stream.seek(self._base + offset)
        return self._stream.read(size)


class _Taken:
    """The checksums of one algorithm in the order in which files passed by; not every file needs to have one."""

    def __init__(self, algorithm: str) -> None:
        self._width = DIGEST_SIZES[algorithm]
        self._digests = bytearray()
        self._known = bytearray()

    def put(self, place: int, digest: bytes) -> None:
        """The checksum of the file that came at this place."""
        self._digests += bytes(place * self._width - len(self._digests)) + digest
        self._known += bytes(place - len(self._known)) + b"\1"

    def get(self, place: int) -> bytes | None:
        """The checksum, or None when it was not computed."""
        if place >= len(self._known) or not self._known[place]:
            return None
        return bytes(self._digests[place * self._width : (place + 1) * self._width])


class StreamBag(_Members):
    """A tar that passes by once: tag files are held in memory up to a budget, checksums are taken as members pass.

    Which algorithms the payload needs is known when its manifests come first, as in our tars; else the usual four are
    computed, and a manifest of a fifth that comes late stays unchecked.
    """

    workers = 1

    def __init__(self, stream: BinaryIO, notes: Notes, limits: Limits) -> None:
        super().__init__(notes, limits)
        self._held: dict[str, bytes] = {}
        self._taken = {name: _Taken(name) for name in HASHES}
        self._budget = limits.held_bytes
        payload: set[str] = set()
        reader = TarReader(stream, header_bytes=limits.header_bytes)
        try:
            for entry in reader:
                if not (path := self.take(entry)):
                    continue
                self.add(path, entry.size, len(self.files))
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
        for name, each in hashes.items():
            self._taken[name].put(len(self.files) - 1, each.digest())
        if hold:
            self._held[path] = b"".join(blocks)
            self._budget -= entry.size

    def open(self, path: str) -> io.BufferedReader:
        """A tag file, for one reading. Raises Unreadable when it was too large to be held."""
        if path not in self._held:
            raise Unreadable(Trouble("BG-30", "Die Datei ist zu groß für das einmalige Lesen eines Stroms."))
        return io.BufferedReader(io.BytesIO(self._held[path]))

    def payload_order(self) -> Sequence[int]:
        """The numbers of the payload files, as good in one order as in another."""
        return self.files.data

    def hash_batch(self, batch: Batch) -> Hashed:
        """The checksums as they were taken while the tar passed."""
        digesting = Digesting(batch.algorithms)
        tables = [self._taken[name] for name in batch.algorithms]
        for number in batch.numbers:
            digests = [table.get(self.files.marks[number]) for table in tables]
            if None in digests:
                digesting.trouble(_NOT_COMPUTED)
            else:
                digesting.known([digest for digest in digests if digest is not None])
        return digesting.done()


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
