"""Claims one complete delivery of the inbox by rename, so that exactly one process has it.

Killed at any point, a delivery either stands in the inbox as before or is found and completed by `unfinished`. Across
file systems the delivery is first renamed to a hidden name beside its old one, then copied, checked and removed.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import UUID

from akten.closed import make_closed
from akten.errors import ArchivError, FixityError, Misconfigured, Rejected
from akten.findings import Finding
from ingest.claimed import (
    LEAVING,
    LOCK,
    ORIGIN,
    RETURNING,
    ClaimedDelivery,
    Origin,
    give_back,
    held,
    lock,
    read_origin,
    release,
    write_findings,
    write_origin,
)
from ingest.lookout import is_complete, is_made_ready
from ingest.moving import copy_tree, remove, rename, sync_folder, system_error
from ingest.options import IntakeLimits
from ingest.rules import error
from ingest.scans import readable_name
from ingest.slip import delivery_root, no_slip, slips_below
from ingest.zipbox import unpack

__all__ = ["ClaimedDelivery", "claim", "claim_ready", "give_back", "held", "release", "unfinished"]


def _sort(path: Path) -> bool:
    """True for a ZIP, False for a folder. Raises Rejected for anything else; opens neither links nor devices."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError as fault:
        text = "Die Lieferung ist nicht da oder wurde gerade von einem anderen Vorgang übernommen."
        raise Rejected((error("IN-03", path.name, text),)) from fault
    except OSError as fault:
        raise system_error(fault, "Die Übernahme der Lieferung") from fault
    if stat.S_ISDIR(mode):
        return False
    if stat.S_ISREG(mode) and (path.suffix.casefold() == ".zip" or _begins_as_zip(path)):
        return True
    if stat.S_ISREG(mode):
        text = "Eine Lieferung ist ein Ordner (oder ein ZIP) mit Scans und Laufzettel, keine einzelne Datei."
        raise Rejected((error("IN-03", path.name, text),))
    text = "Verknüpfungen, Geräte und andere Sonderdateien werden nicht angenommen."
    raise Rejected((error("IN-04", path.name, text),))


def _begins_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise system_error(fault, "Das Lesen der Lieferung") from fault


def claim(path: Path, work: Path, new_id: Callable[[], UUID]) -> ClaimedDelivery:
    """Takes over a folder or ZIP into `work/<uuid>`; the path is gone afterwards and exactly one caller gets it.

    Faults inside a ZIP do not raise: they are kept in `findings` for the clearing desk.

    Raises:
        Rejected: the path is not there (any more), it is neither folder nor ZIP, or a folder with neither slip nor
            closing marker; nothing was moved.
        Misconfigured: the rights do not suffice; nothing was moved.
        Unavailable: disk full or the like; `unfinished` completes it later.
    """
    return _claim(path, work, new_id, named=True)


def _why_no_delivery(path: Path) -> Finding | None:
    """What is wrong with a folder that nobody has made ready; whoever names a wrong one finds it where it was.

    Such a folder may be anything, a home or the working directory: `archiv annahme "$EMPTY"` names the latter.
    """
    with suppress(OSError):  # what cannot be looked into is told by claiming and reading
        if path.is_symlink() or not path.is_dir() or is_made_ready(path):
            return None
        root = delivery_root(path)
        missing = no_slip(root)
        return error("IN-03", path.name, missing.text) if slips_below(root) else missing
    return None


def _claim(path: Path, work: Path, new_id: Callable[[], UUID], *, named: bool) -> ClaimedDelivery:
    path = path.absolute()
    is_zip = _sort(path)
    real, real_work = path.resolve(), work.resolve()
    if real_work.is_relative_to(real) or real.is_relative_to(real_work):
        raise Misconfigured("Die Lieferung und der Arbeitsordner des Archivs liegen ineinander.")
    if _holds_home(real):
        raise Misconfigured(f"In „{readable_name(str(real))}“ liegt Ihr persönlicher Ordner; das ist keine Lieferung.")
    if named and (fault := _why_no_delivery(path)) is not None:
        raise Rejected((fault,))
    uuid = new_id()
    claimed = ClaimedDelivery(uuid, real_work / str(uuid))
    origin = Origin(real, is_zip)
    try:
        make_closed(work)
        with ExitStack() as own:
            with lock(work / LOCK):
                _take(claimed, origin)
                # Before others may look: a claim under way is nobody else's to complete.
                own.enter_context(lock(claimed.folder / LOCK))
            _complete(claimed, origin)
    except OSError as fault:
        raise system_error(fault, "Die Übernahme der Lieferung") from fault
    return claimed


def _holds_home(folder: Path) -> bool:
    """A slip of the keyboard must not move all that a person has (or the whole disk) into the archive."""
    try:
        return Path.home().resolve().is_relative_to(folder)
    except RuntimeError:  # an account without a home
        return False


def _take(claimed: ClaimedDelivery, origin: Origin) -> None:
    """Marks and renames; afterwards the delivery is ours, though its content may still have to be copied."""
    claimed.folder.mkdir()
    try:
        write_origin(claimed.folder, origin)
        sync_folder(claimed.folder.parent)
        if not rename(origin.path, claimed.folder / ("lieferung.zip" if origin.is_zip else "lieferung")):
            rename(origin.path, origin.taking(claimed.uuid))
    except FileNotFoundError as fault:
        _drop(claimed.folder)
        text = "Die Lieferung wurde gerade von einem anderen Vorgang übernommen."
        raise Rejected((error("IN-03", origin.name, text),)) from fault
    except OSError:
        _drop(claimed.folder)
        raise


def _drop(folder: Path) -> None:
    """Takes away the place of a claim that did not happen or of a delivery that went back; else it stays."""
    if {entry.name for entry in folder.iterdir()} <= {ORIGIN, LOCK, f"{ORIGIN}.teil", RETURNING, f"{RETURNING}.teil"}:
        remove(folder)


def _complete(claimed: ClaimedDelivery, origin: Origin) -> None:
    """Brings the content in, from whichever point it stands at; safe to repeat."""
    waiting = origin.taking(claimed.uuid)
    goal = claimed.folder / ("lieferung.zip" if origin.is_zip else "lieferung")
    if not goal.exists():
        half = goal.with_name(goal.name + ".teil")
        remove(half)
        copy_tree(waiting, half)
        rename(half, goal)
    if waiting.exists():
        remove(waiting)
    if origin.is_zip and not claimed.lieferung.exists():
        half = claimed.folder / "lieferung.teil"
        remove(half)
        findings = unpack(goal, half, IntakeLimits(), origin.name)
        if findings:
            write_findings(claimed.folder, findings)
        rename(half, claimed.lieferung)


def unfinished(work: Path) -> tuple[ClaimedDelivery, ...]:
    """Deliveries claimed earlier and not released, oldest first, completed where a kill left them half.

    One that another live process is just claiming is left out, and so is one that leaves while we look; one that cannot
    be completed now (disk full) is listed, and reading it says so.
    """
    if not work.is_dir():
        return ()
    found: list[tuple[float, ClaimedDelivery]] = []
    with lock(work / LOCK):
        folders = sorted(entry for entry in work.resolve().iterdir() if entry.is_dir() and not entry.is_symlink())
        for folder in folders:
            if folder.name.startswith(LEAVING):
                with suppress(OSError):
                    remove(folder)
                continue
            with suppress(FileNotFoundError):  # another process has just archived it, or given it back
                if (claimed := _claimed_in(folder)) is not None and _finish(claimed):
                    found.append((_claimed_at(folder), claimed))
    return tuple(claimed for _, claimed in sorted(found, key=lambda pair: (pair[0], str(pair[1].uuid))))


def _claimed_at(folder: Path) -> float:
    """When it was claimed, by the age of its marker; without one by that of its folder."""
    marker = folder / ORIGIN
    return (marker if marker.exists() else folder).stat().st_mtime


def _claimed_in(folder: Path) -> ClaimedDelivery | None:
    """The delivery of a work folder; None when the name is no UUID, or neither marker nor files lie in it."""
    try:
        claimed = ClaimedDelivery(UUID(folder.name), folder)
    except ValueError:
        return None
    if (folder / ORIGIN).exists() or claimed.lieferung.is_dir():  # without its marker only its name is lost
        return claimed
    _drop(folder)  # killed before the marker was whole: nothing had moved yet
    return None


def _finish(claimed: ClaimedDelivery) -> bool:
    """Completes a half claim; False when it is another's or never happened."""
    if claimed.lieferung.is_dir() and not (claimed.folder / "lieferung.teil").exists():
        with suppress(OSError, FixityError):  # with a damaged marker a stray copy stays, and the delivery goes on
            remove(read_origin(claimed.folder).taking(claimed.uuid))
        return True
    with lock(claimed.folder / LOCK, wait=False) as mine:
        if not mine:
            return False
        try:
            origin = read_origin(claimed.folder)
        except FixityError:
            return True  # nobody knows where the rest lies: reading it says that it is not complete
        if not (origin.taking(claimed.uuid).exists() or claimed.lieferung.exists() or claimed.zip_file):
            _drop(claimed.folder)
            return False
        with suppress(OSError, ArchivError):
            _complete(claimed, origin)
        return True


# --- the watch on the inbox -------------------------------------------------------------------------------------------
def claim_ready(
    inbox: Path,
    work: Path,
    *,
    now: Callable[[], float],
    settle_seconds: float,
    new_id: Callable[[], UUID],
) -> Iterator[ClaimedDelivery]:
    """Claims each complete delivery of the inbox as it is asked for the next. `now` gives time stamps in seconds.

    Complete is a folder with a slip or a closing marker, or a whole ZIP, in which nothing changed for `settle_seconds`.
    A delivery that cannot be taken does not keep the others waiting. Each is looked at once: what is still copied, or
    cannot be taken, would else be read through again for every one that is taken.

    Raises:
        Misconfigured: the inbox is not readable, or, after all others, a delivery in it cannot be taken.
        Unavailable: the disk is full or the like.
    """
    try:
        entries = sorted(inbox.iterdir())
    except OSError as fault:
        raise system_error(fault, "Das Lesen des Eingangs") from fault
    first_fault: ArchivError | None = None
    for entry in entries:
        try:
            if not is_complete(entry, now(), settle_seconds):
                continue
            # A folder of deliveries goes to the clearing desk: here nobody would see that it is refused.
            claimed = _claim(entry, work, new_id, named=False)
        except (Rejected, FileNotFoundError):  # another process was faster
            continue
        except OSError as fault:
            first_fault = first_fault or system_error(fault, "Das Lesen einer Lieferung im Eingang")
        except ArchivError as fault:
            first_fault = first_fault or fault
        else:
            yield claimed
    if first_fault is not None:
        raise first_fault
