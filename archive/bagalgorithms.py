"""The checksum algorithms of manifests (RFC 8493 §2.4), and why a file may have no checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a file has no checksum: BG-62 unreadable, BG-63 changed meanwhile, BG-66 not computed."""

    code: str
    text: str


class Hash(Protocol):
    """What hashlib's objects have in common."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Takes more bytes in."""
        ...

    def digest(self) -> bytes:
        """The checksum so far."""
        ...


class Unreadable(Exception):
    """A tag file cannot be read; stays inside the judge."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble


# Names as in the manifest's file name, without dashes and underscores (RFC 8493 §2.4) → hashlib.
HASHES: Mapping[str, Callable[..., Hash]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
    "sha3224": hashlib.sha3_224,
    "sha3256": hashlib.sha3_256,
    "sha3384": hashlib.sha3_384,
    "sha3512": hashlib.sha3_512,
    "blake2b": hashlib.blake2b,
    "blake2b512": hashlib.blake2b,
    "blake2s": hashlib.blake2s,
    "blake2s256": hashlib.blake2s,
}
DIGEST_SIZES: Mapping[str, int] = {name: len(new().digest()) for name, new in HASHES.items()}
WEAK = frozenset({"md5", "sha1"})
