"""How much the folder of a child process has grown: what it leaves there in files is bounded as its memory is."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

LOOK_SECONDS = 1.0  # between two looks at the disk


class DiskWatch:
    """The growth of a folder since its watch began; who watches looks once in `LOOK_SECONDS`."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._before = _used(folder)
        self.over = False

    def check(self) -> bool:
        """True when the child has written more than it may."""
        self.over = self.over or _used(self._folder) - self._before > self._most
        return self.over


def _used(folder: Path) -> int:
    """Bytes of all files below a folder that somebody is writing to; what vanishes meanwhile counts nothing."""
    total, places = 0, [os.fspath(folder)]
    while places:
        try:
            with os.scandir(places.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        places.append(entry.path)
                    else:
                        with contextlib.suppress(OSError):
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total
