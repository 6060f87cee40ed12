"""The files of a bag as flat tables: a million of them cost about a hundred bytes each, names included."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence


class Inventory(Mapping[str, int]):
    """Regular files by path, in order of their paths; each has a number, under which other tables tell more of it.

    A dictionary per manifest would hold every name and checksum as an object of its own; here names stand once, sizes
    and `marks` (what the source must remember: a place in a tar, a time of change) are machine numbers. Filled by
    `add`, then `settle` puts it in order; only then may anything be looked up. `data` are the numbers below data/.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.sizes = array("q")
        self.marks = array("q")
        self.data = range(0)
        self._next = 0  # manifests mostly go in the order of their files: the next name is looked at first

    def add(self, path: str, size: int, mark: int = 0) -> None:
        """Takes in one file; paths must differ."""
        self.paths.append(path)
        self.sizes.append(size)
        self.marks.append(mark)

    def settle(self) -> None:
        """Puts the tables in the order of the paths."""
        paths = self.paths
        if any(map(str.__gt__, paths, paths[1:])):
            order = sorted(range(len(paths)), key=paths.__getitem__)
            self.paths = [paths[number] for number in order]
            self.sizes = array("q", map(self.sizes.__getitem__, order))
            self.marks = array("q", map(self.marks.__getitem__, order))
        self.data = range(bisect_left(self.paths, "data/"), bisect_left(self.paths, "data0"))

    def find(self, path: str) -> int:
        """The number of a path, or -1."""
        paths, number = self.paths, self._next
        if number >= len(paths) or paths[number] != path:
            number = bisect_left(paths, path)
            if number >= len(paths) or paths[number] != path:
                return -1
        self._next = number + 1
        return number

    def run(self, paths: list[str]) -> range | None:
        """The numbers of these payload files when they are neighbours in this order, else None."""
        first = self.find(paths[0]) if paths else -1
        run = range(first, first + len(paths))
        if first not in self.data or self.paths[first : run.stop] != paths:
            return None
        self._next = run.stop
        return run if run[-1] in self.data else None

    def payload(self) -> tuple[int, int]:
        """Bytes and number of the files below data/."""
        return sum(self.sizes[self.data.start : self.data.stop]), len(self.data)

    def tag_numbers(self) -> Sequence[int]:
        """The numbers of all files that are not below data/."""
        return (*range(self.data.start), *range(self.data.stop, len(self.paths)))

    def tag_paths(self) -> Iterator[str]:
        """The paths of all files that are not below data/."""
        return (self.paths[number] for number in self.tag_numbers())

    def __getitem__(self, path: str) -> int:
        """The size of a file in bytes."""
        if (number := self.find(path)) < 0:
            raise KeyError(path)
        return self.sizes[number]

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self.find(path) >= 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)
