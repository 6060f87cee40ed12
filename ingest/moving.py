"""Moves folders and files for good: by one rename, or across file systems by copy, check and rename."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from akten.diskwords import in_german
from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from akten.files import digest_file, digest_stream

_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


def system_error(fault: OSError, doing: str) -> ArchivError:
    """Our error for a fault of the operating system: rights are set by a person, all else may pass."""
    reason = in_german(fault.errno)
    if fault.errno in _NOT_ALLOWED:
        return Misconfigured(f"{doing} ist nicht erlaubt ({reason}); bitte die Zugriffsrechte des Ordners prüfen.")
    return Unavailable(f"{doing} ist gescheitert ({reason}).")


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Makes a folder and those on the way to it that are lacking, for good: without its name what moves in is lost."""
    lacking = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in lacking:
        sync_folder(place.parent)


def write_new(path: Path, data: bytes) -> None:
    """Writes a small file so that it is there as a whole or not at all."""
    half = path.with_name(path.name + ".teil")
    with half.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Removes a file or a folder with all in it; what is gone already is fine, also while another process removes the
    same. Folders that came write-protected (from a CD, say) are opened first. Links are removed, not followed.
    """
    opened = False
    while path.is_dir() and not path.is_symlink():
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            continue  # the other was faster with a part of it; what is left is ours to remove
        except PermissionError:
            if opened:
                raise
            opened = True
            _open(path)
    path.unlink(missing_ok=True)


def _open(folder: Path) -> None:
    """Gives us all rights on a folder of ours and on those in it. Raises PermissionError for one of another account."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(here.lstat().st_mode)
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                here.chmod(mode | stat.S_IRWXU)
            waiting.extend(entry for entry in here.iterdir() if entry.is_dir() and not entry.is_symlink())


def _copy_file(source: Path, target: Path) -> None:
    """Copies one regular file, syncs it, reads it back and compares. Raises FixityError."""
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", buffering=0) as reader:
        before = os.fstat(handle)
        with target.open("xb", buffering=0) as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            os.fsync(writer.fileno())
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
        reader.seek(0)
        seen = digest_stream(reader)
    if digest_file(target) != seen:
        raise FixityError(f"Die Kopie von „{source.name}“ stimmt nicht mit der Vorlage überein.")


def copy_tree(source: Path, target: Path) -> None:
    """Copies a file or folder as it is; links stay links, devices become dangling links (and are refused)."""
    waiting, folders = [(source, target)], []
    while waiting:
        here, there = waiting.pop()
        mode = here.lstat().st_mode
        if stat.S_ISDIR(mode):
            there.mkdir()
            folders.append(there)
            waiting.extend((entry, there / entry.name) for entry in here.iterdir())
        elif stat.S_ISREG(mode):
            _copy_file(here, there)
        else:
            there.symlink_to(here.readlink() if stat.S_ISLNK(mode) else "keine-gewöhnliche-datei")
    for folder in folders:
        sync_folder(folder)


def same_tree(source: Path, target: Path) -> bool:
    """True when `target` is what `copy_tree` makes of `source`: every name, link and byte."""
    waiting = [(source, target)]
    while waiting:
        here, there = waiting.pop()
        if not (there.exists() or there.is_symlink()):
            return False
        mode, copied = here.lstat().st_mode, there.lstat().st_mode
        if stat.S_ISDIR(mode):
            if not stat.S_ISDIR(copied) or {e.name for e in here.iterdir()} != {e.name for e in there.iterdir()}:
                return False
            waiting.extend((entry, there / entry.name) for entry in here.iterdir())
        elif stat.S_ISREG(mode):
            if not stat.S_ISREG(copied) or digest_file(here) != digest_file(there):
                return False
        elif not stat.S_ISLNK(copied) or (stat.S_ISLNK(mode) and here.readlink() != there.readlink()):
            return False
    return True


def rename(source: Path, target: Path) -> bool:
    """Renames for good; False when the two lie on different file systems. Raises OSError as the system does."""
    try:
        source.rename(target)
    except OSError as fault:
        if fault.errno == errno.EXDEV:
            return False
        raise
    sync_folder(target.parent)
    sync_folder(source.parent)
    return True
