"""Builders of small packages, and stores that fail or die on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from akten.files import digest_bytes, digest_file
from akten.package import Lock, LockTerms, PackageId
from archive.bag import Bag, Part, make_bag
from archive.store import ObjectStore

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EXTRA = {"profile": "urn:test:profil", "software": "aktenarchiv 0.1.0"}


def a_part(path: str, source: bytes | Path) -> Part:
    digests = digest_bytes(source) if isinstance(source, bytes) else digest_file(source)
    return Part(path, source, digests)


def a_bag(
    id: PackageId,  # noqa: A002
    payload: bytes | Path = b"Seite 1",
    *,
    supersedes: str = "",
    more: Sequence[Part] = (),
) -> Bag:
    parts = [
        a_part("metadata/preservation/premis.xml", b"<premis/>"),
        a_part("metadata/descriptive/xdomea.xml", b"<xdomea/>"),
        a_part("representations/original/seite1.tif", payload),
        *more,
    ]
    info = [
        ("Source-Organization", "Stadt Musterstadt"),
        ("External-Identifier", str(id.akte)),
        ("Bagging-Date", "2026-11-24"),
        ("Bag-Group-Identifier", "Zugang-1"),
        ("Bag-Software-Agent", "aktenarchiv 0.1.0"),
        ("Bag-Version", f"v{id.version}"),
        ("Retention-Class", "Bauakte"),
    ]
    if supersedes:
        info.append(("Bag-Supersedes", supersedes))
    return make_bag(f"{id.akte}-v{id.version}", parts, info)


class KilledHere(BaseException):  # stands for kill -9: nothing may catch it
    """The process ended at this call."""


class Countdown:
    """Counts calls over several stores; from the n-th on every call dies (or, with `error`, fails once)."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.counted = 0

    def tick(self) -> None:
        self.counted += 1
        self.left -= 1
        if self.left < 0:
            raise KilledHere


class DyingStore:
    """A store in which the process is killed before or after the n-th call of a verb.

    `before` True dies before the verb is done, False after it was done and before the caller hears of it.
    """

    _VERBS = frozenset(
        {
            "put",
            "get",
            "get_range",
            "head",
            "lock",
            "read_lock",
            "versions",
            "delete_version",
            "list",
            "sync",
            "release_hold",
            "shorten",
        }
    )

    def __init__(self, inner: ObjectStore, countdown: Countdown, *, before: bool) -> None:
        self._inner = inner
        self._countdown = countdown
        self._before = before

    def __getattr__(self, verb: str) -> Any:
        value = getattr(self._inner, verb)
        if verb not in self._VERBS:
            return value

        def called(*args: Any, **kwargs: Any) -> Any:
            if self._before:
                self._countdown.tick()
                return value(*args, **kwargs)
            result = value(*args, **kwargs)
            self._countdown.tick()
            return result

        return called


def an_exact(lock: Lock, now: datetime = NOON) -> LockTerms:
    """Terms that want this very lock, no shorter and no longer."""
    return LockTerms(now, lock.retain_until, lock.retain_until, lock.retain_until, legal_hold=lock.legal_hold)


def an_id(version: int = 1, number: int = 0) -> PackageId:
    return PackageId(UUID(int=0xA0000000000040008000000000000000 + number), version)
