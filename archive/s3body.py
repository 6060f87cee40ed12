"""The body of a PUT and what is said of it: the source as a stream, blocks of a size, checksums for headers."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from akten.diskwords import in_german
from akten.errors import Unavailable


@contextmanager
def opened(source: Path | bytes, key: str) -> Iterator[BinaryIO]:
    """The source, open for reading without a buffer. Raises Unavailable."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        stream = source.open("rb", buffering=0)
    except OSError as error:
        raise Unavailable(f"Die Quelle für {key} ist nicht lesbar: {in_german(error.errno)}.") from error
    with stream:
        yield stream


def exactly(stream: BinaryIO, size: int, key: str) -> bytes:
    """`size` bytes, or what is left: an unbuffered file may give less at a time. Raises Unavailable."""
    blocks: list[bytes] = []
    left = size
    while left:
        try:
            block = stream.read(left)
        except OSError as error:
            raise Unavailable(f"Die Quelle für {key} ist nicht lesbar: {in_german(error.errno)}.") from error
        if not block:
            break
        blocks.append(block)
        left -= len(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def md5(data: bytes) -> str:
    """Content-MD5, since some servers check nothing else (Ceph RGW before Reef); no security rests on it."""
    return header(hashlib.md5(data, usedforsecurity=False).digest())


def header(raw: bytes) -> str:
    """A checksum as a header carries it: base64."""
    return base64.b64encode(raw).decode("ascii")


def content_type(key: str) -> str:
    """What lies under a key: a commit in JSON, or a package as tar."""
    return "application/json" if key.endswith(".json") else "application/x-tar"
