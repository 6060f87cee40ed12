"""Repair of the embedded server's volume indexes before a start that follows an unclean stop (s3.md §5).

After a power cut a torn `.idx` keeps a whole volume from loading: every object in it, however old, answers 500 while
everything else looks healthy. `weed fix` writes the index anew from the `.dat` file. It begins by emptying it, so here
it works beside the volume: what a killed or failing `weed` made never takes the place of the old index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_ENTRY = 17  # bytes of one index entry
_HEAD = 8  # bytes of a volume in which nothing was ever written
_TRIES = 3  # of a repair that something kills
_BESIDE = ".reparatur-"
_VOLUME = re.compile(r"(?:(?P<collection>.+)_)?(?P<id>\d+)\.dat\Z")
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: volumes with a new index, volumes whose index was torn, volumes that could not be repaired."""

    fixed: tuple[str, ...] = ()
    torn: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def torn_indexes(data: Path) -> tuple[str, ...]:
    """Names of volumes whose `.idx` is no whole number of entries long, or names nothing of what was written."""
    return tuple(sorted(volume.stem for volume in data.glob("*.dat") if _is_torn(volume)))


def _is_torn(volume: Path) -> bool:
    index = volume.with_suffix(".idx")
    length = index.stat().st_size if index.exists() else 0
    return not _may_be_whole(length, volume)


def _may_be_whole(length: int, volume: Path) -> bool:
    return length % _ENTRY == 0 and (length > 0 or volume.stat().st_size <= _HEAD)


def repair(weed: Path, data: Path, *, since: float | None) -> Repair:
    """Writes the indexes anew of all volumes touched at or after `since` (epoch seconds) and of all torn ones.

    `since` None means a clean stop: only torn indexes are repaired. Safe to repeat; the server must not run.
    """
    for left in data.glob(f"{_BESIDE}*"):  # of a repair that was killed
        shutil.rmtree(left, ignore_errors=True)
    torn = torn_indexes(data)
    fixed: list[str] = []
    failed: list[str] = []
    for volume in sorted(data.glob("*.dat")):
        touched = since is not None and _last_change(volume) >= since
        if not (touched or volume.stem in torn):
            continue
        (fixed if _fix(weed, data, volume) else failed).append(volume.stem)
    return Repair(tuple(fixed), torn, tuple(failed))


def _last_change(volume: Path) -> float:
    index = volume.with_suffix(".idx")
    return max(path.stat().st_mtime for path in (volume, index) if path.exists())


def _fix(weed: Path, data: Path, volume: Path) -> bool:
    named = _VOLUME.match(volume.name)
    if named is None:
        return False
    command = [str(weed), "fix", f"-volumeId={named['id']}"]
    if named["collection"]:
        command.append(f"-collection={named['collection']}")
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory(prefix=_BESIDE, dir=data, ignore_cleanup_errors=True) as beside:
            place = Path(beside)
            for part in (volume, volume.with_suffix(".vif")):
                if part.exists():
                    (place / part.name).symlink_to(part.resolve())
            try:
                outcome = subprocess.run(
                    [*command, place.name],  # by its last name alone, for a comma above it would part two folders
                    capture_output=True,
                    timeout=_SECONDS,
                    check=False,
                    cwd=data,
                    env={"HOME": beside},
                )
            except (OSError, subprocess.TimeoutExpired):
                return False
            if outcome.returncode == 0:
                return _put_in(place / f"{volume.stem}.idx", volume)
            if outcome.returncode > 0:
                return False
    return False  # killed from outside each time: the next start tries again


def _put_in(made: Path, volume: Path) -> bool:
    """The index made beside the volume takes the place of the old, whole or not at all."""
    if not made.exists() or not _may_be_whole(made.stat().st_size, volume):
        return False
    with made.open("rb") as file:
        os.fsync(file.fileno())
    volume.with_suffix(".sdx").unlink(missing_ok=True)  # made from the old index
    made.replace(volume.with_suffix(".idx"))
    return True
