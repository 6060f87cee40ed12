"""Forces what lies below a folder to the disk: the embedded server acknowledges writes from the page cache only."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from akten.diskwords import in_german
from akten.errors import Unavailable

_LIBC = ctypes.CDLL(None, use_errno=True)


def sync_filesystem(folder: Path) -> None:
    """Returns when everything on the file system of `folder` is on the disk (syncfs(2)). Raises Unavailable else.

    fsync of single files does not help here: names and dates of the embedded server lie in files we do not know.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise Unavailable(f"Der Speicherordner ist nicht lesbar: {in_german(error.errno)}.") from error
    try:
        if _LIBC.syncfs(handle) != 0:
            reason = in_german(ctypes.get_errno())
            raise Unavailable(f"Der Speicherordner ließ sich nicht auf die Platte bringen: {reason}.")
    finally:
        os.close(handle)
