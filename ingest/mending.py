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
    completes one that was cut off. Links are not followed: a delivered one in the way gives place to what is put in.
    Raises Misconfigured for a slip under a name that none has, and for a link among `files`.
    """
    name = f"laufzettel{slip.suffix.lower()}" if slip is not None else ""
    if slip is not None and name not in SLIP_NAMES:
        raise Misconfigured(f"Ein Laufzettel endet auf .json, .yaml oder .yml; „{slip.name}“ wurde nicht übernommen.")
    root = delivery_root(claimed.lieferung)
    if files is not None:
        for inner in _files_of(files):
            _make_folder(root, inner.parent)
            _land(files / inner, root / inner, claimed.folder / _HALF)
    if slip is None:
        return
    _land(slip, root / name, claimed.folder / _HALF)
    for old in slips(root):
        if old != name:
            remove(root / old)


def _files_of(folder: Path) -> list[Path]:
    """The regular files below a folder, relative to it. Raises Misconfigured for a link: it may lead anywhere."""
    found = sorted(folder.rglob("*"))
    if link := next((each for each in found if each.is_symlink()), None):
        raise Misconfigured(f"„{link}“ ist eine Verknüpfung und wurde nicht übernommen; bitte die Datei selbst nennen.")
    return [each.relative_to(folder) for each in found if each.is_file()]


def _make_folder(root: Path, inner: Path) -> None:
    """The folder `inner` below `root`, each part a real one: through a link what is put in would land outside."""
    for part in (*reversed(inner.parents), inner):
        place = root / part
        if place.is_symlink():
            place.unlink()
        place.mkdir(exist_ok=True)


def _land(source: Path, target: Path, half: Path) -> None:
    try:
        with source.open("rb") as reader, half.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        half.replace(target)
    finally:
        remove(half)
    sync_folder(target.parent)
