"""One bag as one reproducible tar (POSIX pax, not compressed) with its checksums and a member index."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from akten.files import Digests
from archive.bag import Bag, disk_errors, sync_folder
from archive.tarread import TarEntry, read_tar

__all__ = ["Member", "TarEntry", "read_tar", "write_tar"]

_BLOCK = 512
_RECORD = 20 * _BLOCK
_MTIME = 315532800  # 1980-01-01, the earliest day every archive tool can show; the same for all, so bytes repeat
_USTAR_SIZES = 8 << 30  # a size of 8 GiB or more needs a pax record


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the tar: its full name, where its first byte lies, and its size in bytes; for reads by range."""

    name: str
    offset: int
    size: int


class _Target:
    """Writes and hashes in the same pass, and knows where it is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._short = hashlib.sha256()
        self._long = hashlib.sha512()
        self.position = 0

    def write(self, block: bytes | memoryview) -> None:
        self._short.update(block)
        self._long.update(block)
        self.position += len(block)
        self._stream.write(block)

    def pad(self, multiple: int) -> None:
        self.write(bytes(-self.position % multiple))

    def digests(self) -> Digests:
        return Digests(self._short.hexdigest(), self._long.hexdigest(), self.position)


def write_tar(bag: Bag, target: Path) -> tuple[Digests, tuple[Member, ...]]:
    """The bag as a tar at `target`: one root folder, tag files, then payload in manifest order; same bag, same bytes.

    Returns the checksums of the tar, taken while writing, and the index of its members in order. Written aside, forced
    to the disk and renamed over `target`, so the name never holds half a tar. Memory is flat. Raises FixityError when
    a source is not what its checksums say (nothing is left behind then), Unavailable when disk or source fail.
    """
    with disk_errors(f"Tar {target.name} schreiben"):
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".teil", dir=target.parent)
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb", buffering=1 << 16) as stream:
                sink = _Target(stream)
                members = tuple(_write_members(bag, sink))
                sink.write(bytes(2 * _BLOCK))
                sink.pad(_RECORD)
                stream.flush()
                os.fsync(stream.fileno())
            aside.replace(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    return sink.digests(), members


def _write_members(bag: Bag, sink: _Target) -> Iterator[Member]:
    for name, data in bag.tag_files:
        full = f"{bag.root_name}/{name}"
        sink.write(_header(full, len(data)))
        yield Member(full, sink.position, len(data))
        sink.write(data)
        sink.pad(_BLOCK)
    for part in bag.parts:
        full = f"{bag.root_name}/data/{part.path}"
        sink.write(_header(full, part.digests.size))
        yield Member(full, sink.position, part.digests.size)
        for block in part.blocks():
            sink.write(block)
        sink.pad(_BLOCK)


def _header(name: str, size: int) -> bytes:
    """The header of a regular file: ustar where name and size fit, else preceded by a pax header (IEEE 1003.1 pax)."""
    encoded = name.encode()
    records: dict[str, str] = {}
    if size >= _USTAR_SIZES:
        records["size"] = str(size)
    split = _split_name(encoded)
    if split is None:
        records["path"] = name
        split = (b"", encoded[:100])
    plain = _ustar(split, 0 if "size" in records else size, b"0")
    if not records:
        return plain
    body = b"".join(_pax_record(key, value) for key, value in sorted(records.items()))
    return _ustar((b"", b"pax/header"), len(body), b"x") + body + bytes(-len(body) % _BLOCK) + plain


def _pax_record(key: str, value: str) -> bytes:
    """`<length> key=value\\n`, where the length counts its own digits."""
    rest = f" {key}={value}\n".encode()
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _split_name(name: bytes) -> tuple[bytes, bytes] | None:
    """Prefix (at most 155 bytes) and name (at most 100) of ustar, cut at a slash; None when it cannot be cut so."""
    if len(name) <= 100:
        return b"", name
    cut = name.find(b"/", len(name) - 101)
    if cut < 1 or cut > 155 or cut == len(name) - 1:
        return None
    return name[:cut], name[cut + 1 :]


def _ustar(name: tuple[bytes, bytes], size: int, kind: bytes) -> bytes:
    prefix, last = name
    fields = (
        last.ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % size,
        b"%011o\0" % _MTIME,
        b" " * 8,  # the checksum is taken with blanks in its own field
        kind,
        bytes(100),
        b"ustar\x0000",
        bytes(64),
        b"0000000\0" * 2,
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
