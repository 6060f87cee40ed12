"""What a new version takes over from the version before: its files, read back from a store and verified on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from akten.files import digest_file
from akten.findings import Finding, Severity
from akten.model import Akte
from akten.package import StoredPackage
from archive.bag import Part
from archive.package import read_package
from archive.retrieval import NoPlace, Occupied
from archive.store import ObjectStore
from flows import layout


@dataclass(frozen=True, slots=True)
class Carried:
    """The Akte of the version before, its payload files under their names in the new bag, and its tag manifest.

    `findings` name the copies that could not be used on the way.
    """

    akte: Akte
    parts: tuple[Part, ...]
    tag_manifest_sha512: str
    findings: tuple[Finding, ...] = ()


def carry_over(akte: Akte, package: StoredPackage, stores: Sequence[ObjectStore], folder: Path) -> Carried:
    """Fetches the earlier version from the first store that gives it whole; what one store says is no word of the next.

    When no copy is to be had, raises FixityError where one is damaged, Unavailable where one was away and may be whole,
    Misconfigured where the stores only refused.
    """
    by_name = {store.name: store for store in stores}
    failures: list[ArchivError] = []
    findings: list[Finding] = []
    for copy in package.copies:
        try:
            if copy.store not in by_name:
                raise Unavailable(f"Der Speicher „{copy.store}“ ist nicht eingerichtet.")
            root = read_package(package.id, copy, by_name[copy.store], folder)
        except (Occupied, NoPlace):  # of the folder: no store has anything to do with it
            raise
        except ArchivError as error:  # damaged, away, or refused by this store: the other copy is there for that
            failures.append(error)
            findings.append(unusable(copy.store, error))
            continue
        parts = tuple(_parts(root, package.id.version))
        return Carried(akte, parts, package.tag_manifest_sha512, tuple(findings))
    raise together(failures, f"Version {package.id.version} ist nicht zu lesen: ")


def unusable(store: str, error: ArchivError) -> Finding:
    """Why a copy could not be used: one that is damaged or gone is an error, one that is away or refused a warning."""
    if not isinstance(error, FixityError):
        return Finding("WF-30", Severity.WARNING, f"Speicher {store}", error.text)
    text = f"Diese Kopie fehlt oder ist beschädigt: {error.text} Alle prüft: archiv fixity pruefe --alle"
    return Finding("WF-30", Severity.ERROR, f"Speicher {store}", text)


def together(failures: Sequence[ArchivError], what: str) -> ArchivError:
    """What all copies come to: one is damaged, else one may be had later, else a right or a setting is missing."""
    text = what + ("; ".join(error.text for error in failures) or "sie hat keine Kopie.")
    for kind in (FixityError, Unavailable):
        if any(isinstance(error, kind) for error in failures):
            return kind(text)
    return Misconfigured(text)


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
            layout.CORRECTION,
            *(layout.slip_path(suffix) for suffix in ("json", "yaml", "yml")),
        ):
            stem, dot, suffix = name.rpartition(".")
            name = f"{stem}-v{version}{dot}{suffix}"
        parts.append(Part(name, file, digest_file(file)))
    return parts
