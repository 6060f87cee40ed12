"""Computes the checksums of many files: batch by batch, where it pays in forked children, and told in order."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import pickle
import signal
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, cast

from archive.bagalgorithms import HASHES, Trouble
from archive.baginventory import Inventory

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CHUNK = 1 << 20
BATCH = 4 << 20  # bytes of one batch: handing over one small file would cost as much as hashing it
_OVERHEAD = 4 << 10  # what opening a file costs, as bytes hashed
_PIPE_BYTES = 1 << 20  # so many checksums may wait for the reader, who is still at the manifests
_F_SETPIPE_SZ = 1031
_PR_SET_PDEATHSIG = 1


class Batch(NamedTuple):
    """Files to hash: their numbers in the inventory, and the algorithms."""

    numbers: Sequence[int]
    algorithms: tuple[str, ...]


class Hashed(NamedTuple):
    """A batch hashed: per algorithm the checksums of its files, end to end; by position what could not be computed."""

    digests: Sequence[bytes | bytearray]
    troubles: Mapping[int, Trouble]


class Digesting:
    """Collects the checksums of one batch; a file that has none leaves a gap of zeros and its trouble."""

    def __init__(self, algorithms: tuple[str, ...]) -> None:
        self._news = [HASHES[name] for name in algorithms]
        self._digests = [bytearray() for _ in algorithms]
        self._troubles: dict[int, Trouble] = {}
        self._gaps = [bytes(len(new().digest())) for new in self._news]
        self.count = 0
        self._pairs = list(zip(self._digests, self._news, strict=True))

    def whole(self, data: bytes | memoryview) -> None:
        """The next file, all of it."""
        for digests, new in self._pairs:
            digests += new(data).digest()
        self.count += 1

    def pieces(self, blocks: Iterator[bytes | memoryview]) -> None:
        """The next file, piece by piece."""
        hashes = [new() for new in self._news]
        for block in blocks:
            for each in hashes:
                each.update(block)
        for digests, each in zip(self._digests, hashes, strict=True):
            digests += each.digest()
        self.count += 1

    def known(self, digests: Sequence[bytes]) -> None:
        """The next file, whose checksums were taken before."""
        for all_digests, digest in zip(self._digests, digests, strict=True):
            all_digests += digest
        self.count += 1

    def trouble(self, trouble: Trouble) -> None:
        """The next file has no checksums."""
        self._troubles[self.count] = trouble
        for digests, gap in zip(self._digests, self._gaps, strict=True):
            digests += gap
        self.count += 1

    def undo(self) -> None:
        """Takes the last file back."""
        self.count -= 1
        for digests, gap in zip(self._digests, self._gaps, strict=True):
            del digests[-len(gap) :]

    def done(self) -> Hashed:
        """All of the batch."""
        return Hashed(self._digests, self._troubles)


Work = Callable[[Batch], Hashed]


class Batches(Sequence[Batch]):
    """All batches of a bag: payload in the order given, then tag files; where no algorithm is wanted there are none."""

    def __init__(
        self, files: Inventory, payload: Sequence[int], payload_names: tuple[str, ...], tag_names: tuple[str, ...]
    ) -> None:
        runs = ((payload, payload_names), (files.tag_numbers(), tag_names))
        self._runs = [(Batch(numbers, names), _cuts(files.sizes, numbers)) for numbers, names in runs if names]
        self._first = [0]  # the number of each run's first batch
        for _, cuts in self._runs:
            self._first.append(self._first[-1] + len(cuts) - 1)

    def __len__(self) -> int:
        return self._first[-1]

    def __getitem__(self, number: int) -> Batch:  # type: ignore[override]  # slices are of no use here
        if not 0 <= number < len(self):
            raise IndexError(number)
        run = bisect_right(self._first, number) - 1
        whole, cuts = self._runs[run]
        place = number - self._first[run]
        return Batch(whole.numbers[cuts[place] : cuts[place + 1]], whole.algorithms)


def _cuts(sizes: Sequence[int], numbers: Sequence[int]) -> array[int]:
    """The positions at which batches of about equal weight begin and end."""
    cuts, weight = array("q", [0]), 0
    for position, number in enumerate(numbers, 1):
        weight += sizes[number] + _OVERHEAD
        if weight >= BATCH:
            cuts.append(position)
            weight = 0
    if weight:
        cuts.append(len(numbers))
    return cuts


class Hashing:
    """Batches with their checksums, in order. With two workers or more and enough to do, work begins at once.

    Workers are forked children and not threads: of small files Python spends more time on handing over the
    interpreter than on hashing. A process that has other threads is not forked, since a child would inherit their
    locks; it hashes by itself. So does one whose children are killed: what they had in hand is done here.
    Must be closed: children end then.
    """

    def __init__(self, batches: Batches, work: Work, workers: int) -> None:
        self._batches = batches
        self._work = work
        self._children: dict[Connection, int] = {}
        if workers > 1 and len(batches) > 2 and _alone():  # less is done before a child has started
            with suppress(OSError):  # no more processes or files are to be had: those that there are do it, or we
                self._fork(min(workers, len(batches)))
        self._open_ends = list(self._children)

    def _fork(self, workers: int) -> None:
        """Starts the children. They draw batches by one counter: the place in a file whose descriptor they share,
        which the kernel moves for one at a time (lseek(2)); nobody waits for a slower one."""
        from multiprocessing.connection import Pipe  # only where it pays: most bags are small

        own = os.getpid()  # a child that asks for its parent may find it gone already
        counter = os.memfd_create("bag")
        try:
            for _ in range(workers):
                reader, writer = Pipe(duplex=False)
                try:
                    child = os.fork()
                except OSError:
                    reader.close()
                    writer.close()
                    raise
                if not child:
                    for other in (reader, *self._children):  # else a pipe would never tell that its reader is gone
                        other.close()
                    self._serve(own, counter, writer)
                writer.close()
                self._children[reader] = child
                _widen(reader)
        finally:
            os.close(counter)

    def _serve(self, parent: int, counter: int, writer: Connection) -> None:
        """The life of a child; it never returns, and leaves what it inherited alone."""
        done = False
        try:
            gc.disable()
            _die_with(parent)
            while (number := os.lseek(counter, 1, os.SEEK_CUR) - 1) < len(self._batches):
                writer.send_bytes(pickle.dumps((number, self._work(self._batches[number]))))
            done = True
        finally:
            os._exit(0 if done else 1)

    def __iter__(self) -> Iterator[tuple[Batch, Hashed]]:
        early: dict[int, Hashed] = {}
        for wanted, batch in enumerate(self._batches):
            while wanted not in early and self._open_ends:
                early.update(self._received())
            yield batch, early.pop(wanted) if wanted in early else self._work(batch)

    def _received(self) -> Iterator[tuple[int, Hashed]]:
        """What children have sent by now; waits until there is something."""
        from multiprocessing.connection import wait

        for end in cast("list[Connection]", wait(self._open_ends)):
            try:
                yield pickle.loads(end.recv_bytes())  # noqa: S301  # from our own child
            except (EOFError, OSError):
                self._open_ends.remove(end)

    def close(self) -> None:
        """Ends the children."""
        for reader, child in self._children.items():
            reader.close()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self._children = {}


def _alone() -> bool:
    """True when this process has one thread, counted by the kernel."""
    try:
        with os.scandir("/proc/self/task") as threads:
            return sum(1 for _ in threads) == 1
    except OSError:
        return False


def _widen(pipe: Connection) -> None:
    try:
        fcntl.fcntl(pipe.fileno(), _F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:  # beyond what this user may have: children wait a little more
        return


def _die_with(parent: int) -> None:
    """A judge that is killed leaves nobody behind who reads on (prctl(2)); one already gone ends its child at once."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
