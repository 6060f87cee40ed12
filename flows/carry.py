"""What a new version takes over from the version before: its files, read back from a store and verified on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from akten.errors import ArchivError, FixityError, Unavailable
from akten.files import digest_file
from akten.model import Akte
from akten.package import StoredPackage
from archive.bag import Part
from archive.package import read_package
from archive.store import ObjectStore
from flows import layout


@dataclass(frozen=True, slots=True)
class Carried:
    """The Akte of the version before, its payload files under their names in the new bag, and its tag manifest."""

    akte: Akte
    parts: tuple[Part, ...]
    tag_manifest_sha512: str


def carry_over(akte: Akte, package: StoredPackage, stores: Sequence[ObjectStore], folder: Path) -> Carried:
    """Fetches the earlier version from the first store that gives it whole.

    Raises FixityError when every copy is damaged, Unavailable when none can be reached.
    """
    by_name = {store.name: store for store in stores}
    last: ArchivError | None = None
    for copy in package.copies:
        if copy.store not in by_name:
            continue
        try:
            root = read_package(package.id, copy, by_name[copy.store], folder)
        except (Unavailable, FixityError) as error:
            last = error
            continue
        return Carried(akte, tuple(_parts(root, package.id.version)), package.tag_manifest_sha512)
    raise last or Unavailable(f"Keine Kopie der Version {package.id.version} liegt in einem eingerichteten Speicher.")


def _parts(root: Path, version: int) -> list[Part]:
    data = root / "data"
    parts = []
    for file in sorted(path for path in data.rglob("*") if path.is_file()):
        name = file.relative_to(data).as_posix()
        if name.startswith(layout.DESCRIPTIVE):
            continue  # the new message describes the whole Akte
        if name in (
            layout.PREMIS,
            layout.EXAMINATION,
            *(layout.slip_path(suffix) for suffix in ("json", "yaml", "yml")),
        ):
            stem, dot, suffix = name.rpartition(".")
            name = f"{stem}-v{version}{dot}{suffix}"
        parts.append(Part(name, file, digest_file(file)))
    return parts
