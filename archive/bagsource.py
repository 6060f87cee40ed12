"""What the judge needs of a bag, wherever it lies: names and sizes, tag files to read, checksums to be computed."""

from __future__ import annotations

from collections.abc import Callable
from io import BufferedReader
from typing import Protocol

from archive.baghash import Hashing

Wanted = Callable[[str], tuple[str, ...]]


class BagSource(Protocol):
    """A bag to judge. `odd` are paths that exist but are no regular files; all paths are relative to the bag's root."""

    files: dict[str, int]
    folders: set[str]
    odd: set[str]

    def open(self, path: str) -> BufferedReader:
        """A tag file, for one reading. Raises Unreadable."""
        ...

    def digests(self, wanted: Wanted) -> Hashing:
        """The checksums of every file of which any are wanted, each read once; begins at once where threads help."""
        ...
