"""A bag about to be written: BagIt 1.0 (RFC 8493) from checksums already held, as a value."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from akten.diskwords import in_german
from akten.errors import FixityError, Forbidden, Rejected, Unavailable
from akten.files import Digests, digest_bytes
from akten.findings import Finding
from archive.bagpaths import encode_path, own_name_fault
from archive.bagrules import error
from archive.profile import ALGORITHMS, IDENTIFIER, LABELS, check_info, check_payload

_BLOCK = 1 << 20
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_COMPUTED = ("Payload-Oxum", "Bag-Size", "BagIt-Profile-Identifier")


@dataclass(frozen=True, slots=True)
class Part:
    """One payload file: its path below data/, where its bytes are now, and the checksums taken at first sight."""

    path: str
    source: Path | bytes
    digests: Digests

    def blocks(self) -> Iterator[memoryview]:
        """The bytes in blocks of at most 1 MiB, re-hashed while they pass; a block is valid until the next one.

        Raises FixityError when the bytes are not those of the checksums (never more than `size` bytes are given out),
        Unavailable when the source cannot be read.
        """
        short, long, size = hashlib.sha256(), hashlib.sha512(), 0
        for block in _source_blocks(self.source, self.path):
            size += len(block)
            if size > self.digests.size:
                break
            short.update(block)
            long.update(block)
            yield block
        if (short.hexdigest(), long.hexdigest(), size) != (self.digests.sha256, self.digests.sha512, self.digests.size):
            raise FixityError(f"Die Datei für {self.path} hat sich seit der ersten Prüfsumme geändert.")


@dataclass(frozen=True, slots=True)
class Bag:
    """A bag that is nowhere on disk yet: name of its root folder, tag files with their bytes in order, payload."""

    root_name: str
    tag_files: tuple[tuple[str, bytes], ...]
    parts: tuple[Part, ...]

    @property
    def tag_manifest_sha512(self) -> str:
        """SHA-512 of tagmanifest-sha512.txt: the value that the next version names in Bag-Supersedes."""
        return hashlib.sha512(dict(self.tag_files)["tagmanifest-sha512.txt"]).hexdigest()

    @property
    def supersedes(self) -> str:
        """What bag-info.txt names as Bag-Supersedes; "" for a bag that follows none."""
        label = b"Bag-Supersedes: "
        lines = dict(self.tag_files).get("bag-info.txt", b"").split(b"\n")
        return next((line.removeprefix(label).decode() for line in lines if line.startswith(label)), "")


def make_bag(root_name: str, parts: Sequence[Part], info: Sequence[tuple[str, str]]) -> Bag:
    """The bag of these parts: manifests and tag manifests in SHA-256 and SHA-512; pure, reads no source.

    `info` holds the labels of the profile in any order; Payload-Oxum, Bag-Size and BagIt-Profile-Identifier are
    computed here and replace given ones. Raises Rejected (BG-9x) when names, payload or labels break the profile.
    """
    ordered = tuple(sorted(parts, key=lambda part: part.path))
    oxum = f"{sum(part.digests.size for part in ordered)}.{len(ordered)}"
    size = _in_words(sum(part.digests.size for part in ordered))
    computed = dict(zip(_COMPUTED, (oxum, size, IDENTIFIER), strict=True))
    given = [(name, value) for name, value in info if name not in computed]
    complete = [*given, *computed.items()]
    findings: list[Finding] = [*check_info(complete), *check_payload(part.path for part in ordered)]
    if fault := own_name_fault(root_name):
        findings.append(error("BG-94", root_name, f"Der Wurzelordner darf nicht so heißen: {fault}."))
    if findings:
        raise Rejected(tuple(findings))
    return Bag(root_name, _tag_files(ordered, complete), ordered)


def _tag_files(parts: tuple[Part, ...], info: Sequence[tuple[str, str]]) -> tuple[tuple[str, bytes], ...]:
    position = {label.name.lower(): number for number, label in enumerate(LABELS)}
    lines = [
        f"{LABELS[number].name}: {value}\n" for number, value in sorted((position[name.lower()], v) for name, v in info)
    ]
    files: list[tuple[str, bytes]] = [("bagit.txt", _DECLARATION), ("bag-info.txt", "".join(lines).encode())]
    for algorithm in ALGORITHMS:
        entries = ((getattr(part.digests, algorithm), f"data/{part.path}") for part in parts)
        files.append((f"manifest-{algorithm}.txt", _manifest(entries)))
    listed = sorted((name, digest_bytes(data)) for name, data in files)
    files += [
        (f"tagmanifest-{algorithm}.txt", _manifest((getattr(digests, algorithm), name) for name, digests in listed))
        for algorithm in ALGORITHMS
    ]
    return tuple(files)


def _manifest(entries: Iterator[tuple[str, str]]) -> bytes:
    return "".join(f"{digest}  {encode_path(path)}\n" for digest, path in entries).encode()


def _in_words(size: int) -> str:
    """A size for people, in powers of ten with a dot as decimal sign: `734 B`, `1.2 MB`."""
    value, units = float(size), ["kB", "MB", "GB", "TB", "PB"]
    if size < 1000:
        return f"{size} B"
    while (value := value / 1000) >= 999.95 and len(units) > 1:
        units.pop(0)
    return f"{value:.1f} {units[0]}"


def _source_blocks(source: Path | bytes, path: str) -> Iterator[memoryview]:
    if isinstance(source, bytes):
        view = memoryview(source)
        yield from (view[start : start + _BLOCK] for start in range(0, len(view), _BLOCK))
        return
    try:
        stream: BinaryIO = source.open("rb", buffering=0)
    except FileNotFoundError as lost:
        raise FixityError(f"Die Datei für {path} ist nicht mehr da.") from lost
    except OSError as why:
        raise Unavailable(f"Die Datei für {path} ist nicht lesbar: {in_german(why.errno)}.") from why
    with stream:
        buffer = bytearray(_BLOCK)
        view = memoryview(buffer)
        while True:
            try:
                count = stream.readinto(buffer)  # type: ignore[attr-defined]  # a raw file has it
            except OSError as why:
                raise Unavailable(f"Die Datei für {path} ist nicht lesbar: {in_german(why.errno)}.") from why
            if not count:
                return
            yield view[:count]


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turns errors of the file system while writing into Unavailable; a full disk is named as such."""
    try:
        yield
    except FileExistsError as there:
        raise Forbidden(f"{doing}: das Ziel liegt schon da.") from there
    except OSError as why:
        if why.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Forbidden(f"{doing}: das Ziel liegt schon da.") from why
        raise Unavailable(f"{doing}: {in_german(why.errno)}.") from why


def sync_folder(folder: Path) -> None:
    """Forces the entries of a folder to the disk. Raises OSError as the system does."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
