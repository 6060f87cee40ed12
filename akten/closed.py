"""Folders with what files say are closed to other accounts, whoever opened the data folder for the scan desks."""

from __future__ import annotations

from pathlib import Path

# The group is left to the umask: accounts that share an archive on purpose are one.
_MODE = 0o770


def make_closed(folder: Path) -> None:
    """Makes the folder, when it is not there, so that only its account and group may enter. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_MODE, exist_ok=True)


def others_may_enter(folder: Path) -> bool:
    """True where every account of the machine comes into the folder: it and all above it let others through."""
    try:
        return all(each.stat().st_mode & 0o001 for each in (folder, *folder.absolute().parents))
    except OSError:  # not there, or closed even to us
        return False
