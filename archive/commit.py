"""The commit object: a small JSON file, written last; its presence in a store is the version (packaging.md §3).

It is byte-same in all stores: it names the version id of the tar in each of them, so any one copy finds the others.
It holds no personal data and no lock (locks change on review, the commit never does).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from akten.errors import FixityError
from akten.files import Digests, digest_bytes
from akten.package import PackageId
from archive.bag import Bag
from archive.tarball import Member

FORMAT = "aktenarchiv-commit/1"


@dataclass(frozen=True, slots=True)
class Commit:
    """What is festgeschrieben of one version. `copies` is store name → version id of the tar there.

    `tag_manifests` is name → SHA-512; `previous` is the SHA-256 of the commit object of the version before (the
    newest that was committed), so that versions form a chain; `extra` names profile, software and the like.
    """

    id: PackageId
    bag: Digests
    copies: Mapping[str, str]
    tag_manifests: Mapping[str, str]
    members: tuple[Member, ...]
    previous: str | None
    time: datetime
    extra: Mapping[str, str]

    def same_content(self, other: Commit) -> bool:
        """True when both fix the same bytes at the same places; time and software may differ (a repeated ingest)."""
        return self._content() == other._content()

    def _content(self) -> tuple[Any, ...]:
        return self.id, self.bag, dict(self.copies), dict(self.tag_manifests), self.members, self.previous

    def member(self, name: str) -> Member:
        """The member of that full name or of that path below the root folder. Raises FixityError when absent."""
        for member in self.members:
            if name in (member.name, member.name.partition("/")[2]):
                return member
        raise FixityError(f"Das Paket {self.id} enthält {name} nicht.")


def tag_manifests_of(bag: Bag) -> dict[str, str]:
    """Name → SHA-512 of the tag manifests of a bag."""
    return {name: digest_bytes(data).sha512 for name, data in bag.tag_files if name.startswith("tagmanifest-")}


def write_commit(commit: Commit) -> bytes:
    """The commit as canonical JSON: keys sorted, no blanks, UTF-8, one line; same value, same bytes."""
    document = {
        "format": FORMAT,
        "package": str(commit.id.akte),
        "version": commit.id.version,
        "bag": {
            "key": commit.id.bag_key,
            "size": commit.bag.size,
            "sha256": commit.bag.sha256,
            "sha512": commit.bag.sha512,
        },
        "copies": dict(commit.copies),
        "tag_manifests": dict(commit.tag_manifests),
        "members": [[member.name, member.offset, member.size] for member in commit.members],
        "previous": commit.previous,
        "time": commit.time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "extra": dict(commit.extra),
    }
    return (json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def read_commit(data: bytes, expected: PackageId) -> Commit:
    """The commit in `data`. Raises FixityError when it is damaged or speaks of another package than `expected`."""
    try:
        raw = json.loads(data)
        if raw["format"] != FORMAT:
            raise ValueError(raw["format"])  # a foreign format is a damaged commit like any other
        commit = Commit(
            id=PackageId(UUID(raw["package"]), int(raw["version"])),
            bag=Digests(raw["bag"]["sha256"], raw["bag"]["sha512"], int(raw["bag"]["size"])),
            copies={str(store): str(version) for store, version in raw["copies"].items()},
            tag_manifests={str(name): str(digest) for name, digest in raw["tag_manifests"].items()},
            members=tuple(Member(str(name), int(offset), int(size)) for name, offset, size in raw["members"]),
            previous=None if raw["previous"] is None else str(raw["previous"]),
            time=datetime.fromisoformat(raw["time"]),
            extra={str(name): str(value) for name, value in raw["extra"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise FixityError(f"Das Commit-Objekt von {expected} ist beschädigt.") from error
    if commit.id != expected:
        raise FixityError(f"Das Commit-Objekt von {expected} gehört zu {commit.id}.")
    return commit
