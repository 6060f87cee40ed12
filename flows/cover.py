"""What every package has, whatever brought it: the message over the whole Akte, and what the bag says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

from akten.errors import FixityError
from akten.files import Digests, digest_bytes
from akten.findings import Finding
from akten.localtime import berlin_day
from akten.model import Akte
from akten.package import PackageId
from archive.bag import Part
from flows import layout
from flows.steps import require
from metadata.checks import Purpose, check_message
from metadata.messages import Aussonderung0503, aussonderung
from metadata.names import stem_of
from metadata.profile import Profile
from metadata.schemas import Schemas
from metadata.xdomea import write_message

_REPRESENTED = (layout.MASTER, layout.ACCESS)  # what a message may name


def part_of(path: str, data: bytes) -> Part:
    """A file of the package that was made in memory."""
    return Part(path, data, digest_bytes(data))


def represented(files: Iterable[Part]) -> dict[str, Digests]:
    """The files of a package that a message may name, by their names there."""
    return {Path(part.path).name: part.digests for part in files if part.path.startswith(_REPRESENTED)}


def message_part(
    akte: Akte, version: int, now: datetime, profile: Profile, schemas: Schemas, payload: Mapping[str, Digests]
) -> tuple[Part, tuple[Finding, ...]]:
    """The message of a version, checked against schema, rules and the files in the package, and what was noticed.

    Raises Rejected when it breaks a rule, FixityError for a file that is not the one described.
    """
    message, xml = _written(akte, version, now, profile)
    report = check_message(xml, schemas, files=_named(akte, payload), purpose=Purpose.AT_REST, profile=profile)
    return part_of(layout.message_path(stem_of(message, profile.version) + ".xml"), xml), require(report.findings)


def require_describable(akte: Akte, version: int, now: datetime, profile: Profile, schemas: Schemas) -> None:
    """Raises Rejected when the message of this Akte would break a rule, before any file is fetched for it."""
    _, xml = _written(akte, version, now, profile)
    require(check_message(xml, schemas, purpose=Purpose.AT_REST, profile=profile).findings)


def _written(akte: Akte, version: int, now: datetime, profile: Profile) -> tuple[Aussonderung0503, bytes]:
    process = uuid5(akte.uuid, f"prozess/v{version}")
    message = aussonderung(akte, profile, prozess_id=process, erstellt=now, nachricht=uuid5(process, "nachricht"))
    return message, write_message(message, profile)


def _named(akte: Akte, payload: Mapping[str, Digests]) -> dict[str, Digests]:
    """The files in the package that the message names. Raises FixityError for one that is not the file described."""
    described = [datei for dokument in akte.dokumente for datei in dokument.dateien]
    described += [anlage.datei for dokument in akte.dokumente for anlage in dokument.anlagen]
    for datei in described:
        if payload.get(datei.dateiname, datei.digests) != datei.digests:
            raise FixityError(f"Die Datei {datei.dateiname} im Paket ist nicht die, die ihre Beschreibung nennt.")
    return {datei.dateiname: payload[datei.dateiname] for datei in described if datei.dateiname in payload}


def bag_info(
    akte: Akte,
    package: PackageId,
    group: UUID,
    software: tuple[str, str],
    now: datetime,
    before: str,
    profile: Profile,
) -> list[tuple[str, str]]:
    """bag-info.txt; `group` is what brought this version, `before` the tag manifest of the version before, if any."""
    info = [
        ("Source-Organization", profile.absender.institution),
        ("External-Identifier", f"urn:uuid:{akte.uuid}"),
        ("Bagging-Date", berlin_day(now).isoformat()),
        ("Bag-Group-Identifier", f"urn:uuid:{group}"),
        ("Bag-Software-Agent", " ".join(software)),
        ("Bag-Version", f"v{package.version}"),
        ("Retention-Class", akte.aufbewahrung.record_class if akte.aufbewahrung else "unbestimmt"),
    ]
    if before:
        info.append(("Bag-Supersedes", before))
    return info
