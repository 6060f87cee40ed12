"""For tests of what is moved: what lies in a folder, two disks, and a kill at any step."""

from __future__ import annotations

import errno
import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

NewId = Callable[[], UUID]
_STEPS = ("rename", "replace", "fsync", "mkdir", "unlink", "rmdir", "symlink", "utime")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def other_file_system(monkeypatch: pytest.MonkeyPatch, inbox: Path) -> None:
    """Renames out of the inbox fail as they do between two disks."""
    rename = os.rename

    def across(source: str | Path, target: str | Path) -> None:
        if Path(source).is_relative_to(inbox) != Path(target).is_relative_to(inbox):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "rename", across)


def killed_after(steps: int, act: Callable[[], object]) -> bool:
    """Runs `act` in a child that is killed with SIGKILL at its `steps`-th call of the system; True when it was."""
    pid = os.fork()
    if pid == 0:
        try:
            left = itertools.count(steps, -1)
            for name in _STEPS:
                real = getattr(os, name)

                def counted(*args: object, _real: Callable[..., object] = real, **kwargs: object) -> object:
                    if next(left) <= 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return _real(*args, **kwargs)

                setattr(os, name, counted)
            act()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0
