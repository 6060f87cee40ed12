"""Looks at the inbox and claims nothing: what is complete, what is left lying, and why."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from akten.diskwords import in_german
from akten.zipdirectory import ends_like_a_zip
from ingest.claimed import CLOSING_MARKERS, TAKING
from ingest.scans import is_system
from ingest.slip import SLIP_NAMES, delivery_root, no_slip
from ingest.slip_fields import shown

_UNDERWAY = (".part", ".tmp", ".filepart", ".crdownload", ".teil")  # names that programs give to files still copied
# A ZIP without its end is claimed (and refused) only after this many times the settling time, at least a minute.
_PATIENCE = 10
# From its hidden name to the work folder of a machine a delivery needs the minutes of a copy.
_TAKEN_WITHIN = 3600.0
_ABANDONED = (
    "Ein anderer Rechner hat begonnen, diese Lieferung zu übernehmen, und ist damit nicht fertig. Gibt es ihn oder "
    "seinen Arbeitsordner nicht mehr: {} umbenennen; dann wird sie neu angenommen."
)
_DEEPEST = 40  # folders; what lies deeper is refused when the delivery is read


def waiting(inbox: Path, *, now: float, settle_seconds: float) -> tuple[Path, ...]:
    """The complete deliveries that lie in the inbox; looks, claims nothing. What cannot be read is left out.

    Also the inbox itself (a network drive may be away for a while): who claims says what is wrong with it.
    """
    found = []
    with suppress(OSError):
        for entry in sorted(inbox.iterdir()):
            with suppress(OSError):
                if is_complete(entry, now, settle_seconds):
                    found.append(entry)
    return tuple(found)


def changed_at(entry: Path) -> float | None:
    """The youngest change of anything in a delivery, as a time stamp; None when it is gone or cannot be looked at."""
    try:
        return _last_change(entry, float("inf"))
    except OSError:
        return None


def left_in(inbox: Path, *, now: float, settle_seconds: float) -> list[tuple[str, str]]:
    """What lies in the inbox and is not taken, by name and reason; hidden files are none of ours, but for deliveries
    that a machine began to copy long ago: where that one is gone for good, nobody else knows of them.
    """
    found = []
    with suppress(OSError):
        for entry in sorted(inbox.iterdir()):
            abandoned = entry.name.startswith(TAKING)
            if (entry.name.startswith(".") and not abandoned) or is_system(entry.name):
                continue
            try:
                if abandoned and now - entry.lstat().st_ctime < _TAKEN_WITHIN:
                    continue
                why = _why_abandoned(entry) if abandoned else _why_left(entry, now, settle_seconds)
            except FileNotFoundError:  # taken meanwhile
                continue
            except OSError as fault:
                why = f"Sie lässt sich nicht lesen ({in_german(fault.errno)}): Besitzer und Zugriffsrechte berichtigen."
            found.append((shown(entry.name), why))
    return found


def _why_abandoned(entry: Path) -> str:
    """The hidden name lacks the ending, without which no file is taken for a ZIP."""
    is_zip = stat.S_ISREG(entry.lstat().st_mode)
    how = "die Datei, ein ZIP, in einen Namen mit .zip am Ende und ohne Punkt am Anfang"
    return _ABANDONED.format(how if is_zip else "den Ordner in einen Namen ohne Punkt am Anfang")


def _why_left(entry: Path, now: float, settle_seconds: float) -> str:
    if entry.name.casefold().endswith(_UNDERWAY):
        return "Der Name sagt, dass noch kopiert wird; danach bitte umbenennen."
    if not _is_candidate(entry):
        return "Eine Lieferung ist ein Ordner (oder ein ZIP) mit Scans und Laufzettel."
    if now - _last_change(entry, now) < settle_seconds:
        return "Daran hat sich eben noch etwas geändert; bitte gleich noch einmal."
    if entry.is_dir() and not is_made_ready(entry):
        return no_slip(delivery_root(entry)).text
    if not entry.is_dir() and not ends_like_a_zip(entry):
        return "Das ZIP ist noch nicht vollständig."
    if not _may_be_moved(entry):
        return "Dieses Konto darf sie nicht wegbewegen: Besitzer und Zugriffsrechte des Ordners berichtigen."
    return "Bitte noch einmal: archiv annahme."


def _may_be_moved(entry: Path) -> bool:
    """As far as rights tell: of a folder that is moved the system also writes who is its parent."""
    inbox, facts = entry.parent.stat(), entry.lstat()
    sticky = inbox.st_mode & stat.S_ISVTX and os.geteuid() not in (0, facts.st_uid, inbox.st_uid)
    own = not stat.S_ISDIR(facts.st_mode) or os.access(entry, os.W_OK | os.X_OK)
    return not sticky and own and os.access(entry.parent, os.W_OK | os.X_OK)


def _is_candidate(entry: Path) -> bool:
    mode = entry.lstat().st_mode
    return stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and entry.suffix.casefold() == ".zip")


def is_complete(entry: Path, now: float, settle_seconds: float) -> bool:
    """True for a folder with slip or marker, or a ZIP with its end, in which nothing has changed for a while."""
    name = entry.name.casefold()
    if name.startswith(".") or name.endswith(_UNDERWAY) or not _is_candidate(entry):
        return False
    if entry.is_dir() and not is_made_ready(entry):
        return False  # asked first: what lies there for months without a slip is not looked through every second
    quiet = now - _last_change(entry, now)
    if quiet < settle_seconds:
        return False
    return entry.is_dir() or ends_like_a_zip(entry) or quiet >= max(60.0, _PATIENCE * settle_seconds)


def _last_change(path: Path, now: float, depth: int = 0) -> float:
    """The youngest change of anything in a folder; a changed size changes the time as well.

    The change time of the inode counts too, since copying programs set the modification time back to that of the
    source. A modification time in the future (the clock of a scanner) says nothing.
    """
    facts = path.lstat()
    youngest = max(facts.st_ctime, facts.st_mtime if facts.st_mtime <= now else 0.0)
    if stat.S_ISDIR(facts.st_mode) and depth < _DEEPEST:
        for inner in path.iterdir():
            with suppress(FileNotFoundError):
                youngest = max(youngest, _last_change(inner, now, depth + 1))
    return youngest


def is_made_ready(folder: Path) -> bool:
    """True for a folder with a slip or a closing marker, at its top or in the only folder in it."""
    names = {inner.name.casefold() for inner in (*folder.iterdir(), *delivery_root(folder).iterdir())}
    return not names.isdisjoint(CLOSING_MARKERS | set(SLIP_NAMES))
