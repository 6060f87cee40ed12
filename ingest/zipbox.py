"""Unpacks a delivered ZIP with limits: nothing leaves the folder, nothing is followed, nothing grows without bound.

A ZIP inside the ZIP is kept as a file and not unpacked. All faults of the directory are collected before anything is
written; the ZIP itself stays as it came.
"""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from akten.diskwords import in_german
from akten.errors import Unavailable
from akten.findings import Finding
from akten.zipdirectory import directory_bytes
from ingest.moving import sync_folder
from ingest.options import IntakeLimits
from ingest.rules import error
from ingest.slip_fields import shown
from ingest.zipnames import read_names

_BLOCK = 1 << 20
_LONGEST_NAME = 240
_DIRECTORY_BYTES = 64 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
# What people call .zip although it is something else, by its first bytes.
_OTHERS = {b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!\x1a\x07": "RAR", b"\x1f\x8b": "GZIP"}
# What a file system says to a name that it cannot hold: no later try will be better.
_OF_THE_NAME = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}
_IN_PARTS = (
    "Ein Teil des ZIP fehlt: Es ist unvollständig oder in mehrere Dateien geteilt; bitte in einem Stück liefern."
)
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, struct.error)


def _is_folder(name: str) -> bool:
    """True for the entry of a folder, by its tidied name: `zipfile` knows none that was written with a backslash."""
    return name.endswith("/")


def _name_fault(name: str, info: zipfile.ZipInfo) -> str:
    """Why a member may not be unpacked under its name, or nothing."""
    pieces = name.rstrip("/").split("/")
    if name.startswith("/") or ".." in pieces or (len(pieces[0]) > 1 and pieces[0][1] == ":"):
        return "Der Name führt aus der Lieferung hinaus."
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name) or not name.strip("/ ."):
        return "Der Name ist leer oder enthält Steuerzeichen."
    if any(len(piece.encode()) > _LONGEST_NAME or piece in ("", ".") for piece in pieces) or len(name.encode()) > 1000:
        return "Der Name ist zu lang oder hat leere Teile."
    if _is_folder(name) and info.file_size:
        return "Ein Ordner hat Inhalt wie eine Datei."
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "Verknüpfungen und Sonderdateien werden nicht ausgepackt."
    if info.flag_bits & 0x1:
        return "Die Datei ist verschlüsselt; bitte ohne Kennwort packen."
    return ""


def _directory_faults(
    infos: Sequence[zipfile.ZipInfo], names: Sequence[str], path: Path, limits: IntakeLimits, called: str
) -> tuple[Finding, ...]:
    """Everything wrong that the directory alone tells."""
    size = path.stat().st_size
    if any(not 0 <= info.header_offset < size for info in infos):  # older zipfile would seek there and fail as disks do
        return (error("IN-06", called, _IN_PARTS),)
    faults: list[Finding] = []
    seen: set[str] = set()
    folders: set[str] = set()
    for info, name in zip(infos, names, strict=True):
        where = f"{called}: {shown(name)}"
        if text := _name_fault(name, info):
            faults.append(error("IN-06", where, text))
            continue
        if name.count("/") > limits.depth:
            faults.append(error("IN-06", where, f"Die Datei liegt tiefer als {limits.depth} Ordner."))
        key = name.lower()  # not casefold: „Straße“ and „Strasse“ are two names
        pieces = key.split("/")
        folders.update("/".join(pieces[:depth]) for depth in range(1, len(pieces)))
        if not _is_folder(name):
            if key in seen:
                faults.append(
                    error("IN-06", where, "Der Name kommt zweimal vor (Groß- und Kleinschreibung zählt nicht).")
                )
            seen.add(key)
        if info.compress_type not in _METHODS:
            faults.append(error("IN-06", where, "Das Packverfahren ist unbekannt; bitte gewöhnlich (Deflate) packen."))
        grows = info.file_size > limits.zip_ratio_from and info.file_size > limits.zip_ratio * max(
            info.compress_size, 1
        )
        if grows:
            faults.append(
                error("IN-06", where, f"Die Datei wächst beim Auspacken auf mehr als das {limits.zip_ratio}-Fache.")
            )
    faults.extend(
        error("IN-06", f"{called}: {shown(name)}", "Ein Name ist zugleich Datei und Ordner.")
        for name in sorted(seen & folders)
    )
    total = sum(info.file_size for info in infos)
    if total > limits.zip_bytes:
        faults.append(error("IN-06", called, f"Ausgepackt wäre das ZIP {total >> 20} MiB groß, zu groß."))
    if sum(info.compress_size for info in infos) > size:
        faults.append(error("IN-06", called, "Dateien im ZIP überlappen sich (Zip-Bombe)."))
    return tuple(faults[:60])


def _write_member(box: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path) -> None:
    """One member as a new file; more bytes than the directory claims break it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with box.open(info) as source, place.open("xb") as target:
        while block := _read(source):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile("member is longer than it claims")
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    if left:
        raise zipfile.BadZipFile("member is shorter than it claims")


def _read(source: IO[bytes]) -> bytes:
    """The next piece; bzip2 tells of damaged data by an OSError without number, which is no fault of the disk."""
    try:
        return source.read(_BLOCK)
    except OSError as fault:
        if fault.errno is None:
            raise zipfile.BadZipFile("damaged data") from fault
        raise


def unpack(path: Path, target: Path, limits: IntakeLimits, name_it_came_with: str = "") -> tuple[Finding, ...]:
    """Unpacks into the new folder `target`; with errors nothing stays in it. Raises Unavailable (disk full).

    Findings call the ZIP by the name it came with: under the one that it has with us its maker does not know it.
    """
    called = shown(name_it_came_with or path.name)
    target.mkdir()
    try:
        if (directory_bytes(path) or 0) > _DIRECTORY_BYTES:
            return (error("IN-06", called, "Das Verzeichnis des ZIP ist zu groß."),)
        with zipfile.ZipFile(path) as box:
            infos = box.infolist()
            if not infos and not _is_empty(path):
                return _broken(target, called)
            if len(infos) > limits.files:
                return (error("IN-06", called, f"Das ZIP enthält mehr als {limits.files} Dateien."),)
            read = read_names(infos)
            if faults := _directory_faults(infos, read.names, path, limits, called):
                return faults
            total = sum(info.file_size for info in infos)
            if shutil.disk_usage(target).free < total + (256 << 20):
                raise Unavailable(f"Zum Auspacken fehlt Platz: gebraucht werden {total >> 20} MiB.")
            for info, name in zip(infos, read.names, strict=True):
                where = f"{called}: {shown(name)}"
                try:
                    if _is_folder(name):
                        (target / name).mkdir(parents=True, exist_ok=True)
                    else:
                        _write_member(box, info, target / name)
                except (*_BROKEN, OverflowError, ValueError):
                    return _broken(target, where)
                except OSError as fault:
                    if fault.errno not in _OF_THE_NAME:
                        raise
                    return _emptied(target, where, f"Unter diesem Namen nicht auszupacken: {in_german(fault.errno)}.")
        for folder in (target, *(entry for entry in target.rglob("*") if entry.is_dir())):
            sync_folder(folder)
    except (*_BROKEN, OverflowError, ValueError):
        found = _broken(target, called)
        return _no_zip(path, called) or found
    return read.findings(called)


def _is_empty(path: Path) -> bool:
    """True for a ZIP that begins with its end record. Any other has members: where that record says that the directory
    has no bytes, `zipfile` finds none of them and no fault.
    """
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x05\x06"


def _no_zip(path: Path, called: str) -> tuple[Finding, ...]:
    """What the file is instead of a ZIP, when its first bytes tell it."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if not head:
        return (error("IN-06", called, "Das ZIP ist leer (0 Byte)."),)
    kinds = [kind for mark, kind in _OTHERS.items() if head.startswith(mark)]
    text = "Das ist kein ZIP, sondern ein {}-Archiv; bitte als ZIP oder als Ordner liefern."
    return tuple(error("IN-06", called, text.format(kind)) for kind in kinds)


def _broken(target: Path, where: str) -> tuple[Finding, ...]:
    """Nothing of it stays; what the fault says is no help to a clerk, and may hold names."""
    return _emptied(target, where, "Das ZIP ist beschädigt oder unvollständig; bitte neu packen und liefern.")


def _emptied(target: Path, where: str, text: str) -> tuple[Finding, ...]:
    """Takes away what was unpacked, and says why."""
    shutil.rmtree(target)
    target.mkdir()
    return (error("IN-06", where, text),)
