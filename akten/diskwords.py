"""What the operating system says no with, in German: the words of the C library are English and for programmers."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from akten.errors import ArchivError, Misconfigured, Unavailable

DISK_FULL = "Der Datenträger ist voll; nach dem Freiräumen noch einmal versuchen."
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_PASSING = frozenset({errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EBUSY, errno.ESTALE})
_RIGHTS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_LEAST_FREE = 64 << 20  # bytes
_REASONS = {
    errno.ENOSPC: "der Datenträger ist voll",
    errno.EDQUOT: "das Platzkontingent ist aufgebraucht",
    errno.EACCES: "dafür fehlt die Berechtigung",
    errno.EPERM: "dafür fehlt die Berechtigung",
    errno.EROFS: "der Datenträger ist schreibgeschützt",
    errno.EIO: "der Datenträger meldet einen Fehler",
    errno.ENOENT: "gibt es nicht",
    errno.EEXIST: "gibt es schon",
    errno.ENOTDIR: "ein Teil des Pfads ist kein Ordner",
    errno.EISDIR: "ist ein Ordner",
    errno.ENAMETOOLONG: "der Name ist zu lang",
    errno.ELOOP: "die Verweise führen im Kreis",
    errno.EFBIG: "die Datei ist zu groß",
    errno.EMFILE: "zu viele Dateien sind offen",
    errno.ENFILE: "zu viele Dateien sind offen",
    errno.ENOMEM: "der Arbeitsspeicher reicht nicht",
    errno.EBUSY: "ist belegt",
    errno.ESTALE: "das Netzlaufwerk antwortet nicht mehr",
}


def is_full(number: int | None) -> bool:
    """True for the numbers that say there is no room left."""
    return number in _FULL


def is_of_the_machine(number: int | None) -> bool:
    """True for what disk, memory or rights refuse to a program without a fault: full, ill, not allowed."""
    return number in _FULL | _PASSING | _RIGHTS


def may_pass(number: int | None) -> bool:
    """True for what says nothing of the file that was asked for: too much is open, the disk is full, the drive away.

    Not for a disk that cannot read one file: that stays so until somebody replaces it.
    """
    return number in _FULL | _PASSING - {errno.EIO}


def no_room(folder: Path) -> bool:
    """True when the disk of a folder is as good as full: SeaweedFS takes nothing more below one free part in 100.

    A folder that cannot be asked is not called full.
    """
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return False
    return usage.free < max(_LEAST_FREE, usage.total // 100)


def in_german(number: int | None) -> str:
    """Half a German sentence for an errno; one that nobody has met is told by its name ("Systemfehler ENXIO"), none at
    all (a library says so) as what it is.
    """
    if not number:
        return "das System nennt keinen Grund"
    return _REASONS.get(number) or f"Systemfehler {errno.errorcode.get(number, number)}"


def as_ours(fault: OSError, what: str) -> ArchivError:
    """Our error for a refusal of the operating system: `what` begins the sentence, the reason ends it.

    Unavailable for what may be gone at the next try (a full disk above all), else Misconfigured.
    """
    kind = Unavailable if fault.errno in _FULL | _PASSING else Misconfigured
    return kind(f"{what}: {in_german(fault.errno)}.")
