"""What is packed, written down before anything is stored, so that a repeat after a kill stores exactly these bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from akten.files import Attachment, PdfA, digest_file
from akten.findings import Finding
from akten.model import Akte
from akten.package import PackageId
from archive.bag import Bag, Part, sync_folder

NAME = "packed.json"


@dataclass(frozen=True, slots=True)
class PackedWork:
    """A built bag with all its sources as files, the Akte that it holds, and what the receipt tells of it."""

    package: PackageId
    akte: Akte
    bag: Bag
    documents: dict[UUID, PdfA]
    pages: int
    blank_pages: int
    findings: tuple[Finding, ...]
    attachments: tuple[Attachment, ...] = ()


_FORM = TypeAdapter(PackedWork)


def save(work: PackedWork, folder: Path) -> PackedWork:
    """Writes the work to `folder/packed.json`, with payload that was only in memory beside it.

    The note is forced to the disk, and before it every source below `folder`: files were made there by many hands, and
    what is stored once cannot be made a second time with the same bytes. Other sources, as scans, were forced before.
    """
    store = folder / "paket"
    store.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, part in enumerate(work.bag.parts):
        target = store / f"{number:05d}"
        if isinstance(part.source, bytes):
            _write(target, part.source)
        elif _writable(part.source):
            target = part.source
        else:
            _second_name(part.source, target)
        parts.append(Part(part.path, target, part.digests))
    kept = replace(
        work,
        bag=replace(work.bag, parts=tuple(parts)),
        # Thumbnails are payload by now; as bytes they have no place in JSON.
        documents={
            key: replace(pdfa, pages=tuple(replace(page, thumbnail=None) for page in pdfa.pages))
            for key, pdfa in work.documents.items()
        },
    )
    _force([part.source for part in parts if isinstance(part.source, Path)], folder)
    _write(folder / NAME, _FORM.dump_json(kept))
    sync_folder(folder)
    sync_folder(folder.parent)
    return kept


def _force(sources: Iterable[Path], folder: Path) -> None:
    """Forces the sources below a folder to the disk, with all folders on the way to them."""
    made = [path for path in sources if path.is_relative_to(folder)]
    for path in made:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    for place in {place for path in made for place in path.parents if place.is_relative_to(folder)}:
        sync_folder(place)


def _writable(path: Path) -> bool:
    """False for a delivered file name with bytes that are no UTF-8, which JSON cannot hold."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _second_name(source: Path, target: Path) -> None:
    """Gives a file a name of ours; what was delivered stays as it came, and no byte is copied where links work."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _write(target: Path, data: bytes) -> None:
    partial = target.with_name(target.name + ".teil")
    with partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(target)


def noted(folder: Path, package: PackageId) -> PackedWork | None:
    """What was written down of this package, to tell of it: whether its sources are still what they were is open."""
    try:
        work = _FORM.validate_json((folder / NAME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return work if work.package == package else None


def load(folder: Path, package: PackageId) -> PackedWork | None:
    """The work packed earlier for this package, or None when there is none or a source is not what it was."""
    work = noted(folder, package)
    for part in work.bag.parts if work is not None else ():
        if not isinstance(part.source, Path) or not part.source.is_file() or digest_file(part.source) != part.digests:
            return None
    return work
