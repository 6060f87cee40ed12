"""Finds the files of a delivery in natural order and takes each in: type by content, both digests, in one opening."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid5

from akten.diskwords import in_german, may_pass
from akten.errors import Misconfigured
from akten.files import Digests, Scan, digest_stream
from akten.findings import Finding, Severity
from ingest.moving import sync_folder
from ingest.options import IntakeLimits
from ingest.rules import error, few, info
from ingest.slip_fields import shown

_HEAD = 64 << 10
_SYSTEM_NAMES = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information", "@eadir"}
)
_DIGITS = re.compile(r"(\d+)")
# libmagic lacks or mixes up some of these; the first match decides.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),  # BigTIFF
    (b"MM\x00+", "image/tiff"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),  # JPEG 2000 without its box
)


def content_type(head: bytes) -> str:
    """The MIME type by the first bytes, never by the name. Raises Misconfigured when libmagic is missing."""
    for mark, mime in _MAGIC:
        if head.startswith(mark):
            return "image/jpx" if mime == "image/jp2" and head[20:24] == b"jpx " else mime
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    try:
        import magic  # loads a system library, which may be missing
    except ImportError as fault:
        raise Misconfigured("Die Bibliothek libmagic fehlt; bitte das Paket libmagic1 einrichten.") from fault
    try:
        return str(magic.from_buffer(head, mime=True))
    except magic.MagicException:
        return "application/octet-stream"


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Sort key in which „scan2“ stands before „scan10“, folder by folder, upper and lower case alike.

    The ending comes last: programs call the first page „Scan.jpg“ and the next „Scan (2).jpg“ or „Scan-1.jpg“, and of
    the whole names the first would be the last.
    """
    *folders, file = name.split("/")
    stem, _, ending = file.rpartition(".")
    return tuple(
        tuple(
            (0, int(piece), "") if piece.isdecimal() and piece.isascii() and len(piece) <= 200 else (1, 0, piece)
            for piece in _DIGITS.split(unicodedata.normalize("NFC", part).casefold())
            if piece
        )
        for part in (*folders, stem or file, ending if stem else "")
    )


def readable_name(path: str) -> str:
    """A file name as text: NFC; what cannot be shown becomes a visible escape."""
    text = unicodedata.normalize("NFC", os.fsencode(path).decode("utf-8", "backslashreplace"))
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder by their readable relative names, and what was left out and why."""

    files: tuple[tuple[str, Path], ...]
    findings: tuple[Finding, ...]


def is_system(name: str) -> bool:
    """True for what Windows, macOS and Office leave in every folder that they show."""
    return name.casefold() in _SYSTEM_NAMES or name.startswith(("~$", "._")) or name == ".DS_Store"


def _walk(
    folder: Path, prefix: str, depth: int, limits: IntakeLimits, findings: list[Finding]
) -> Iterator[tuple[str, Path]]:
    try:
        opened = os.scandir(folder)
    except OSError as fault:
        if not prefix or may_pass(fault.errno):
            raise
        # As an unreadable file: a matter of this delivery, for a person, and met again by every round until then.
        text = f"Der Ordner ist nicht lesbar ({in_german(fault.errno)}); was darin liegt, fehlt."
        findings.append(error("IN-08", shown(prefix.rstrip("/")), text))
        return
    with opened as entries:
        for entry in entries:
            name = prefix + readable_name(entry.name)
            if is_system(entry.name):
                findings.append(info("IN-05", shown(name), "Datei des Betriebssystems, nicht übernommen."))
            elif entry.name.startswith("."):
                text = "Versteckte Datei, nicht übernommen; ein Scan braucht einen Namen ohne Punkt am Anfang."
                findings.append(Finding("IN-05", Severity.WARNING, shown(name), text))
            elif entry.is_dir(follow_symlinks=False):
                if depth >= limits.depth:
                    findings.append(error("IN-07", shown(name), f"Der Ordner liegt tiefer als {limits.depth} Ebenen."))
                else:
                    yield from _walk(Path(entry.path), f"{name}/", depth + 1, limits, findings)
            elif entry.is_file(follow_symlinks=False):
                yield name, Path(entry.path)
            else:
                sort = "Verknüpfung" if entry.is_symlink() else "Gerät oder andere Sonderdatei"
                findings.append(
                    error("IN-04", shown(name), f"{sort}: wird nicht geöffnet; bitte die Datei selbst liefern.")
                )


def list_files(folder: Path, limits: IntakeLimits) -> Listing:
    """All regular files below `folder` in natural order. Nothing is opened. Raises OSError."""
    findings: list[Finding] = []
    files: list[tuple[str, Path]] = []
    for found in _walk(folder, "", 1, limits, findings):
        files.append(found)
        if len(files) > limits.files:
            findings.append(error("IN-07", "", f"Die Lieferung hat mehr als {limits.files} Dateien."))
            break
    files.sort(key=lambda pair: (natural_key(pair[0]), pair[0]))
    for (name, _), (following, _) in pairwise(files):
        if name == following:  # a name may be spelled with ä or with a and dots: the file system keeps both
            findings.append(error("IN-08", shown(name), "Zwei Dateien tragen denselben Namen; bitte eine umbenennen."))
    return Listing(tuple(files), _shortened(findings))


def _shortened(findings: list[Finding]) -> tuple[Finding, ...]:
    """At most ten findings of a sort; the rest is counted, since a Mac adds one system file per scan."""
    kept: list[Finding] = []
    for code in sorted({(finding.code, finding.severity) for finding in findings}):
        same = sorted(finding for finding in findings if (finding.code, finding.severity) == code)
        kept.extend(few(same))
    return tuple(kept)


def read_scan(uuid: UUID, name: str, path: Path) -> Scan | Finding:
    """One file as a Scan, or the finding IN-08 why not; its bytes are on disk for good afterwards.

    The UUID comes from delivery and name, so that a repeat gives the same. Raises OSError for what is no fault of the
    file and may pass.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb", buffering=0) as stream:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                return error("IN-04", name, "Keine gewöhnliche Datei: wird nicht geöffnet.")
            head = stream.read(_HEAD)
            stream.seek(0)
            digests = digest_stream(stream)
            os.fsync(handle)
            after = os.fstat(handle)
    except OSError as fault:
        if may_pass(fault.errno):
            raise
        return error("IN-08", name, f"Die Datei ist nicht lesbar ({in_german(fault.errno)}).")
    if not digests.size:
        return error("IN-08", name, "Die Datei ist leer (0 Byte).")
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or digests.size != after.st_size:
        return error("IN-08", name, "Die Datei hat sich während des Lesens geändert; bitte noch einmal liefern.")
    return Scan(uuid5(uuid, name), path, name, content_type(head), digests)


def changed_since(path: Path, digests: Digests) -> str:
    """In German words how a file differs from what was read of it, "" when it does not or cannot be seen."""
    try:
        size = path.stat().st_size
        if size != digests.size:
            grown = size > digests.size
            return f"sie ist {'größer' if grown else 'kleiner'} geworden ({digests.size} Bytes, jetzt {size})"
        with path.open("rb", buffering=0) as stream:
            return "" if digest_stream(stream) == digests else "ihr Inhalt ist ein anderer"
    except FileNotFoundError:
        return "sie ist nicht mehr da"
    except OSError:
        return ""


def sync_folders(folder: Path, files: tuple[tuple[str, Path], ...]) -> None:
    """Makes the names of the files survive a power cut, with those of all folders on the way to them."""
    for place in {folder, *(place for _, path in files for place in path.parents if place.is_relative_to(folder))}:
        sync_folder(place)
