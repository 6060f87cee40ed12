"""PatientStream: one object version from start to end, taken up again by range where the stream breaks off."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from akten.errors import FixityError, Unavailable
from archive.store import ByteStream, ObjectStore

_RANGE = 1 << 20
_PAUSE = 1.0
_BLOCK = 1 << 20
_MISSES = 3  # copies in a row that a store was away for; after them it is asked only now and then
_REST = 300.0


@dataclass(slots=True)
class _Absence:
    misses: int = 0
    reason: str = ""
    until: float = 0.0


class Unreadable(FixityError):
    """The store is well and knows the object, but does not give its bytes."""


@dataclass(slots=True)
class Patience:
    """How long a store that is well is asked again for the bytes of an object; shared by all looks of one round.

    To wait is for what passes by itself. A store that gave nothing for all that time has lost more than one object
    (a whole volume), and to wait as long for each of its thousands would take days: the next ones get `later`.
    One that is away is asked for a few copies and then only every five minutes: the silence of one that takes calls
    and never answers costs minutes for each, and the copies in the other stores would wait behind it.
    """

    seconds: float = 10.0
    later: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _used_up: set[str] = field(default_factory=set)
    _absent: dict[str, _Absence] = field(default_factory=dict)

    def left(self, store: str) -> float:
        """Seconds for the next object of that store."""
        return min(self.later, self.seconds) if store in self._used_up else self.seconds

    def use_up(self, store: str) -> None:
        """Notes that the store gave nothing in the time it had."""
        self._used_up.add(store)

    def resting(self, store: str) -> str:
        """Why this store is not asked for the next copy: what it was away for again and again; "" for one to ask."""
        absence = self._absent.get(store)
        return absence.reason if absence is not None and self.clock() < absence.until else ""

    def met(self, store: str, away: str) -> None:
        """Notes how a look at a copy ended: why the store was away, "" where it was there."""
        if not away:
            self._absent.pop(store, None)
            return
        absence = self._absent.setdefault(store, _Absence())
        absence.misses, absence.reason = absence.misses + 1, away
        if absence.misses >= _MISSES:
            absence.until = self.clock() + _REST


class PatientStream:
    """Reads one version. After a break the rest comes by range, so every byte is read once and in order.

    A damaged object looks like an outage: SeaweedFS breaks the stream off (or answers 500, after 13 s) at the first
    block of 4 MiB whose checksum is wrong, and gives parts of that block by range, or does not. What it gives is
    fetched as it is, in ranges that never cover a whole block, and the caller's checksum decides. `read` raises
    Unavailable when the store is away, and Unreadable when for as long as `patience` lasts it answers other questions
    but not this one.
    """

    def __init__(
        self,
        store: ObjectStore,
        key: str,
        version_id: str,
        progress: Callable[[int], None],
        *,
        patience: Patience,
    ) -> None:
        self._store = store
        self._key = key
        self._version = version_id
        self._progress = progress
        self._patience = patience
        self._stack = ExitStack()
        self._stream: ByteStream | None = None
        self._spare = b""
        self._position = 0
        self.size = 0

    def __enter__(self) -> PatientStream:
        info = self._store.head(self._key, self._version)
        if info is not None:
            self.size = info.size
        try:
            self._stream = self._stack.enter_context(self._store.get(self._key, self._version))
            if info is not None and self._stream.size != info.size:
                self._stream = None  # an error page under the name of the object: what is true is asked by range
            else:
                self.size = self._stream.size
        except Unavailable:
            if info is None:
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, most: int = -1, /) -> bytes:
        """At most `most` next bytes; empty at the end."""
        wish = most if most >= 0 else self.size
        data = self._next(wish) if wish and self._position < self.size else b""
        self._position += len(data)
        self._progress(len(data))
        return data

    def _next(self, wish: int) -> bytes:
        if self._stream is not None:
            try:
                if data := self._stream.read(min(wish, _BLOCK)):
                    return data
            except Unavailable:
                pass
            self._stream = None  # broken off, or shorter than announced
        if not self._spare:
            self._spare = self._by_range(min(_RANGE, -(-(self.size - self._position) // 2)))
        data, self._spare = self._spare[:wish], self._spare[wish:]
        return data

    def _by_range(self, size: int) -> bytes:
        patience = self._patience.left(self._store.name)
        give_up = time.monotonic() + patience
        while True:
            try:
                return self._store.get_range(self._key, self._version, self._position, size)
            except Unavailable as error:
                self._store.ping()  # raises Unavailable when it is the store that is away
                if time.monotonic() >= give_up:
                    self._patience.use_up(self._store.name)
                    text = f"antwortet, gibt das Objekt aber ab Byte {self._position} nicht heraus."
                    raise Unreadable(f"Der Speicher „{self._store.name}“ {text}") from error
            time.sleep(min(_PAUSE, patience))
