"""Repair of the embedded server's volume indexes before a start that follows an unclean stop (s3.md §5).

After a power cut a torn `.idx` keeps a whole volume from loading: every object in it, however old, answers 500 while
everything else looks healthy. `weed fix` writes the index anew from the `.dat` file.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ENTRY = 17  # bytes of one index entry
_VOLUME = re.compile(r"(?:(?P<collection>.+)_)?(?P<id>\d+)\.dat\Z")
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: volumes with a new index, volumes whose index was torn, volumes that could not be repaired."""

    fixed: tuple[str, ...] = ()
    torn: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def torn_indexes(data: Path) -> tuple[str, ...]:
    """Names of volumes whose `.idx` is no whole number of entries long; each is an alarm."""
    return tuple(sorted(path.stem for path in data.glob("*.idx") if path.stat().st_size % _ENTRY))


def repair(weed: Path, data: Path, *, since: float | None) -> Repair:
    """Writes the indexes anew of all volumes touched at or after `since` (epoch seconds) and of all torn ones.

    `since` None means a clean stop: only torn indexes are repaired. Safe to repeat; the server must not run.
    """
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
    volume.with_suffix(".sdx").unlink(missing_ok=True)
    command = [str(weed), "fix", f"-volumeId={named['id']}"]
    if named["collection"]:
        command.append(f"-collection={named['collection']}")
    try:
        outcome = subprocess.run(
            [*command, str(data)], capture_output=True, timeout=_SECONDS, check=False, env={"HOME": str(data)}
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return outcome.returncode == 0 and volume.with_suffix(".idx").stat().st_size % _ENTRY == 0
