"""Files that a person adds to a delivery at the clearing desk, or puts in the place of others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from akten.errors import Misconfigured
from ingest.claimed import ClaimedDelivery
from ingest.moving import remove, sync_folder
from ingest.slip import SLIP_NAMES, delivery_root, slips

_HALF = "nachreichung.teil"  # beside the delivery: what is half copied is never taken for one of its files


def put_in(claimed: ClaimedDelivery, slip: Path | None, files: Path | None) -> None:
    """Puts the slip and every file of the folder `files` into the delivery; what has the same name is replaced.

    Every file lands whole under its name, and an old slip leaves only when the new one is there; the same call again
    completes one that was cut off. Raises Misconfigured for a slip under a name that none has.
    """
    name = f"laufzettel{slip.suffix.lower()}" if slip is not None else ""
    if slip is not None and name not in SLIP_NAMES:
        raise Misconfigured(f"Ein Laufzettel endet auf .json, .yaml oder .yml; „{slip.name}“ wurde nicht übernommen.")
    root = delivery_root(claimed.lieferung)
    found = [file for file in sorted(files.rglob("*")) if file.is_file()] if files is not None else []
    for file in found:
        _land(file, root / file.relative_to(files or file), claimed.folder / _HALF)
    if slip is None:
        return
    _land(slip, root / name, claimed.folder / _HALF)
    for old in slips(root):
        if old != name:
            remove(root / old)


def _land(source: Path, target: Path, half: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with source.open("rb") as reader, half.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        half.replace(target)
    finally:
        remove(half)
    sync_folder(target.parent)
