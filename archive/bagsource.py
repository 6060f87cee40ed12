"""What the judge needs of a bag, wherever it lies: names and sizes, tag files to read, checksums to be computed."""

from __future__ import annotations

from collections.abc import Sequence
from io import BufferedReader
from typing import Protocol

from archive.baghash import Batch, Hashed
from archive.baginventory import Inventory


class BagSource(Protocol):
    """A bag to judge. `odd` are paths that exist but are no regular files; all paths are relative to the bag's root."""

    files: Inventory
    folders: set[str]
    odd: set[str]
    workers: int

    def open(self, path: str) -> BufferedReader:
        """A tag file, for one reading. Raises Unreadable."""
        ...

    def payload_order(self) -> Sequence[int]:
        """The numbers of the payload files, in the order in which they are best read."""
        ...

    def hash_batch(self, batch: Batch) -> Hashed:
        """The checksums of some files, each read once; may run in a child."""
        ...
