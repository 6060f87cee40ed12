"""What one manifest lists: a checksum per file, as flat tables beside the inventory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from archive.bagalgorithms import DIGEST_SIZES
from archive.baginventory import Inventory

_LISTED, _SPOILT = 1, 2
_UNKNOWN_WIDTH = 32  # of an unknown algorithm a SHA-256 of its checksum is kept: enough to tell whether two are equal
_MISSING_CHARACTERS = 64 << 20  # names of files that are not there; a million of them is a bag that is mostly to fetch


class Manifest:
    """One manifest: file name, algorithm (key of HASHES, or "" when unknown), and a checksum per listed file.

    Checksums of the payload lie end to end, by the number of the file, those of the few tag files in a dictionary;
    `missing` are by path the files that are not there. `whole` is false when reading it ended early; then nothing may
    be concluded from what it does not list.
    """

    def __init__(self, files: Inventory, file: str, algorithm: str, *, tag: bool) -> None:
        self.file = file
        self.algorithm = algorithm
        self.tag = tag
        self.whole = True
        self.width = DIGEST_SIZES.get(algorithm, _UNKNOWN_WIDTH)
        self.missing: dict[str, bytes] = {}
        self._missing_characters = 0
        self._files = files
        self._first = files.data.start
        payload = 0 if tag else len(files.data)
        self._listed = bytearray(payload)  # 0 no, _LISTED with a checksum, _SPOILT with one that is none
        self._digests = bytearray(payload * self.width)
        self._tags: dict[int, bytes] = {}

    def lists(self, path: str) -> bool:
        """True when this path is named, whether the file is there or not."""
        number = self._files.find(path)
        return self.get(number) is not None if number >= 0 else path in self.missing

    def lists_all_payload(self) -> bool:
        """True when every payload file is named."""
        return 0 not in self._listed

    def is_free(self, run: range) -> bool:
        """True when none of these neighbours was named yet."""
        return self._listed.count(0, run.start - self._first, run.stop - self._first) == len(run)

    def get(self, number: int) -> bytes | None:
        """The checksum of a file; empty when what stands there is none; None when the file is not listed."""
        if self.tag:
            return self._tags.get(number)
        place = number - self._first
        if self._listed[place] != _LISTED:
            return b"" if self._listed[place] else None
        return bytes(self._digests[place * self.width : (place + 1) * self.width])

    def put(self, number: int, digest: bytes) -> None:
        """Lists a file."""
        digest = self.comparable(digest)
        if self.tag:
            self._tags[number] = digest
            return
        place = number - self._first
        self._listed[place] = _LISTED if digest else _SPOILT
        self._digests[place * self.width : (place + 1) * self.width] = digest or bytes(self.width)

    def put_run(self, run: range, digests: bytes) -> None:
        """Lists payload files that are neighbours; their checksums lie end to end."""
        first, last = run.start - self._first, run.stop - self._first
        self._listed[first:last] = bytes([_LISTED]) * len(run)
        self._digests[first * self.width : last * self.width] = digests

    def miss(self, path: str, digest: bytes) -> bool:
        """Lists a file that is not there; false when there are too many to remember."""
        self._missing_characters += len(path)
        self.missing[path] = self.comparable(digest)
        return self._missing_characters <= _MISSING_CHARACTERS

    def comparable(self, digest: bytes) -> bytes:
        """The checksum itself; of an unknown algorithm, whose width is anything, something of one width."""
        return digest if self.algorithm or not digest else hashlib.sha256(digest).digest()

    def matches(self, numbers: Sequence[int], digests: bytes | bytearray) -> bool:
        """True when these are payload files, neighbours, all listed, and with just these checksums, end to end."""
        if self.tag or not isinstance(numbers, range):
            return False
        first, last = numbers.start - self._first, numbers.stop - self._first
        if self._listed.count(_LISTED, first, last) != last - first:
            return False
        return self._digests[first * self.width : last * self.width] == digests
