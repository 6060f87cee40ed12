"""A claimed delivery: its place in the work folder, its locks, where it came from, and how it leaves.

`work/<uuid>/` holds `herkunft.json` (where it came from), `lieferung/` (the files as they came), `lieferung.zip` (the
ZIP if it was one), `befunde.json` (faults of the ZIP), `ergebnis/` (what is made of them) and, once it is being given
back, `rueckgabe.json` (where it goes).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from akten.errors import FixityError, Misconfigured, Unavailable
from akten.findings import Finding, Severity
from ingest.moving import copy_tree, make_folder, remove, rename, same_tree, system_error, write_new

ORIGIN, LOCK, RETURNING = "herkunft.json", ".sperre", "rueckgabe.json"
_HANDING_BACK = ".rueckgabe"  # the lock, beside the work folders, of whoever chooses a free name and takes it
TAKING, LEAVING = ".uebernahme-", ".erledigt-"
CLOSING_MARKERS = frozenset({"fertig", ".fertig", "fertig.txt"})
_FINDINGS = "befunde.json"


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this archive has taken over; `folder` is its own place `work/<uuid>`."""

    uuid: UUID
    folder: Path

    @property
    def lieferung(self) -> Path:
        """The files as they came, never changed."""
        return self.folder / "lieferung"

    @property
    def ergebnis(self) -> Path:
        """The files that are made of them; the folder may not exist yet."""
        return self.folder / "ergebnis"

    @property
    def zip_file(self) -> Path | None:
        """The ZIP as it came, or None when the delivery was a folder."""
        path = self.folder / "lieferung.zip"
        return path if path.exists() else None

    @property
    def name(self) -> str:
        """The name under which it was delivered."""
        return read_origin(self.folder).name

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was wrong with unpacking it. Raises FixityError when the note of it is damaged."""
        path = self.folder / _FINDINGS
        if not path.exists():
            return ()
        try:
            return tuple(
                Finding(part["code"], Severity(part["severity"]), part["where"], part["text"])
                for part in json.loads(path.read_bytes())
            )
        except (ValueError, LookupError, TypeError) as damaged:
            text = f"Der Vermerk {_FINDINGS} im Arbeitsordner {self.folder.name} ist beschädigt; bitte neu liefern."
            raise FixityError(text) from damaged


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a delivery came from; the marker is written before anything moves."""

    path: Path
    is_zip: bool

    @property
    def name(self) -> str:
        """The name under which it was delivered."""
        return self.path.name

    def taking(self, uuid: UUID) -> Path:
        """The hidden name beside the original under which a delivery waits for its copy to another file system."""
        return self.path.parent / f"{TAKING}{uuid}"


def write_origin(folder: Path, origin: Origin) -> None:
    """Writes the marker of a claim; path names keep bytes that are no UTF-8."""
    part = {"pfad": str(origin.path), "zip": origin.is_zip}
    write_new(folder / ORIGIN, json.dumps(part).encode("ascii"))


def read_origin(folder: Path) -> Origin:
    """Where the delivery of a work folder came from. Raises FixityError for a marker that is damaged."""
    data = (folder / ORIGIN).read_bytes()
    try:
        part = json.loads(data)
        return Origin(Path(part["pfad"]), bool(part["zip"]))
    except (ValueError, LookupError, TypeError) as damaged:
        text = f"Der Vermerk {ORIGIN} im Arbeitsordner {folder.name} ist beschädigt; die Dateien selbst sind da."
        raise FixityError(text) from damaged


def write_findings(folder: Path, findings: tuple[Finding, ...]) -> None:
    """Keeps what was wrong with unpacking, for the clearing desk."""
    write_new(folder / _FINDINGS, json.dumps([asdict(finding) for finding in findings]).encode("ascii"))


@contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Holds a file lock that the system drops when the process dies; yields False when another one has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


@contextmanager
def held(claimed: ClaimedDelivery) -> Iterator[bool]:
    """Yields True when this caller alone works on the delivery; the hold ends with the block or the process.

    False also for one that another process has brought to its end meanwhile: its folder is gone.
    """
    with ExitStack() as stack:
        try:
            mine = stack.enter_context(lock(claimed.folder / LOCK, wait=False))
        except FileNotFoundError:
            mine = False
        yield mine


def require_outside(target: Path, work: Path) -> None:
    """Lets pass a folder outside the work folder. Raises Misconfigured for any other: what is given back into it would
    be removed with what is left of the delivery, and be lost.
    """
    if target.resolve().is_relative_to(work.resolve()):
        raise Misconfigured(
            f"„{target}“ liegt im Arbeitsordner des Archivs, der danach aufgeräumt wird; "
            "bitte einen anderen Ordner nennen."
        )


def require_not_in_inbox(target: Path, inbox: Path) -> None:
    """Lets pass a folder outside the inbox. Raises Misconfigured for any other: what is given back there is taken in
    again by the next round, and is the next case.
    """
    if target.resolve().is_relative_to(inbox.resolve()):
        raise Misconfigured(
            f"„{target}“ liegt im Eingang: Von dort würde die Lieferung gleich wieder angenommen; bitte einen anderen "
            "Ordner nennen. Soll sie noch einmal angenommen werden: --neu-einreichen."
        )


def give_back(claimed: ClaimedDelivery, target: Path) -> Path:
    """Moves the delivery as it came into the folder `target` under its old name and leaves the work folder.

    Returns where it lies now; a name that is taken gets a number. Killed anywhere, the same call (also with another
    target) completes it, and it is given back once: where it goes is written down before anything moves. Raises
    Misconfigured, or Unavailable, also while another process works on it or gives it back.
    """
    require_outside(target, claimed.folder.parent)
    with held(claimed) as mine:
        if not mine:
            raise Unavailable("Die Lieferung ist gerade in anderen Händen oder schon zurückgegeben.")
        # One after the other: a rename takes the name of a file that came there meanwhile, and that file is lost.
        with lock(claimed.folder.parent / _HANDING_BACK):
            return _give_back(claimed, target)


def _give_back(claimed: ClaimedDelivery, target: Path) -> Path:
    origin = _origin_of(claimed)
    # By what it came as: of a ZIP that was given back before a kill the unpacked files must not follow.
    source = claimed.folder / "lieferung.zip" if origin.is_zip else claimed.lieferung
    name = Path(origin.name)
    try:
        begun = going_back(claimed)
        if begun is not None and (not source.exists() or _arrived(claimed, source, begun)):
            release(claimed)
            return begun
        make_folder(target)
        place, number = target / name, 2
        if not source.exists():
            release(claimed)
            return place
        while place.exists() or place.is_symlink():
            place, number = target / f"{name.stem} ({number}){name.suffix}", number + 1
        write_new(claimed.folder / RETURNING, json.dumps({"ziel": str(place.absolute())}).encode("ascii"))
        if not rename(source, place):
            half = _half_returned(claimed, place)
            copy_tree(source, half)
            rename(half, place)
        release(claimed)
    except OSError as fault:
        raise system_error(fault, "Die Rückgabe der Lieferung") from fault
    return place


def _origin_of(claimed: ClaimedDelivery) -> Origin:
    """Where it came from; one whose marker is damaged or gone goes back all the same, under its number."""
    try:
        return read_origin(claimed.folder)
    except (FixityError, FileNotFoundError):
        is_zip = claimed.zip_file is not None
        return Origin(Path(f"{claimed.uuid}{'.zip' if is_zip else ''}"), is_zip)


def going_back(claimed: ClaimedDelivery) -> Path | None:
    """Where a return that was begun puts the delivery; None when none was begun."""
    try:
        return Path(json.loads((claimed.folder / RETURNING).read_bytes())["ziel"])
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as damaged:
        text = f"Der Vermerk {RETURNING} im Arbeitsordner {claimed.folder.name} ist beschädigt; bitte entfernen."
        raise FixityError(text) from damaged


def _half_returned(claimed: ClaimedDelivery, place: Path) -> Path:
    """The hidden name beside `place` under which the delivery is copied there."""
    return place.with_name(f"{TAKING}{claimed.uuid}")


def _arrived(claimed: ClaimedDelivery, source: Path, place: Path) -> bool:
    """True when the copy of an earlier call lies at `place`, whole; what was half copied is taken away."""
    half = _half_returned(claimed, place)
    if half.exists() or half.is_symlink():
        remove(half)
        return False
    return same_tree(source, place)  # read, since it may be another's of that name: the source is not lost for it


def release(claimed: ClaimedDelivery) -> None:
    """Removes the work folder of a delivery that is archived or given back; a kill in between leaves nothing half."""
    leaving = claimed.folder.with_name(f"{LEAVING}{claimed.uuid}")
    try:
        with suppress(FileNotFoundError):  # another process was faster, or did it before
            rename(claimed.folder, leaving)
        remove(leaving)
    except OSError as fault:
        raise system_error(fault, "Das Aufräumen des Arbeitsordners") from fault
