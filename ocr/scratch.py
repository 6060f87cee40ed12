"""Folders for scratch in the system's temporary folder, which whoever comes later removes when their owner was killed.

They hold pages of personal files. A clean end removes them; after a `kill -9` nobody did. So every owner holds an
advisory lock (flock) on its folder, which the kernel drops with the process however it ended, in any namespace; the
first folder that a process makes is the occasion to remove those of the same account that nobody holds. What cannot be
locked or belongs to another account is left alone, as are folders of other names.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType

PREFIX = "aktenarchiv-"
_TRIES = 10


class ScratchFolder:
    """One folder of its own and the hold on it; gone with `cleanup`, the end of the block, or of the process."""

    def __init__(self, kind: str) -> None:
        place = Path(tempfile.gettempdir())
        _sweep_once(place)
        self.path, hold = _made(place, kind)
        self._end = weakref.finalize(self, _remove, self.path, hold, os.getpid())

    def cleanup(self) -> None:
        """Removes the folder and lets go; may be called twice."""
        self._end()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cleanup()


def sweep(place: Path) -> int:
    """Removes folders of ours in `place` whose owners are dead; returns how many."""
    removed = 0
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if not entry.name.startswith(PREFIX):
                continue
            try:
                hold = _hold(Path(entry.path))
            except BlockingIOError:  # its owner lives
                continue
            if hold is None:
                continue
            try:
                shutil.rmtree(entry.path, ignore_errors=True)
            finally:
                os.close(hold)
            removed += not os.path.lexists(entry.path)
    return removed


@cache
def _sweep_once(place: Path) -> None:
    sweep(place)


def _made(place: Path, kind: str) -> tuple[Path, int | None]:
    """A new folder that we hold, or one without a hold where the file system has no locks: then nobody sweeps it.

    One that a sweep of another process met before we held it is given up.
    """
    for _ in range(_TRIES):
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-", dir=place))
        with suppress(BlockingIOError):  # a sweep was here before us and removes it
            hold = _hold(path)
            if path.is_dir():
                return path, hold
            if hold is not None:
                os.close(hold)
    raise FileExistsError(f"no folder stays in {place}")


def _hold(path: Path) -> int | None:
    """An open file that holds the lock of a folder; None where it is not ours, or cannot be locked: then it stays.

    Raises BlockingIOError when another has it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.fstat(handle).st_uid == os.geteuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # no locks on this file system
        pass
    os.close(handle)
    return None


def _remove(path: Path, hold: int | None, owner: int) -> None:
    if os.getpid() != owner:  # a fork has a copy of everything and owns nothing
        return
    shutil.rmtree(path, ignore_errors=True)
    if hold is not None:
        os.close(hold)
