"""The folder of one embedded server: its data, its two lock files, and what its keeper writes down for others.

`nutzer.lock` is held shared by every process that uses the server and exclusively by the keeper while it stops it;
`server.lock` is held exclusively by the keeper and by the server itself for as long as either lives.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from archive.weed import Ports

MARK, NAME = "in-betrieb", "speicher-name"  # ours among the files of the server


@dataclass(frozen=True, slots=True)
class ServerState:
    """What the keeper last wrote down. A start time belongs to each pid, since pids come again."""

    keeper: int
    keeper_started: str
    server: int
    server_started: str
    ports: Ports
    ready: bool
    folder: str = ""  # whose data it serves
    repaired: tuple[str, ...] = ()
    torn: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """Names of everything below the folder of one server."""

    path: Path

    @property
    def data(self) -> Path:
        """The server's own files; belongs in every backup together with the folder of keys."""
        return self.path / "daten"

    @property
    def users(self) -> Path:
        """Lock file of those who use the server."""
        return self.path / "nutzer.lock"

    @property
    def server(self) -> Path:
        """Lock file of keeper and server."""
        return self.path / "server.lock"

    @property
    def state(self) -> Path:
        """What the keeper writes down."""
        return self.path / "server.json"

    @property
    def failure(self) -> Path:
        """Why the last start failed."""
        return self.path / "startfehler.json"

    @property
    def linger(self) -> Path:
        """Seconds that the server outlives its last user."""
        return self.path / "nachlauf"

    @property
    def running(self) -> Path:
        """Marker that stands from before a start until after a clean stop; its time is the time of the start."""
        return self.path / "laeuft"

    @property
    def mark(self) -> Path:
        """Lies among the data for as long as a server works on them, so that it is seen when they are taken away."""
        return self.data / MARK

    @property
    def log(self) -> Path:
        """What server and keeper say."""
        return self.path / "server.log"

    def prepare(self) -> None:
        """Makes the folders, closed to other users of the machine. Raises OSError for one that takes no writing.

        A server in there would start, or go on, and refuse every object as if it were away.
        """
        for each in (self.path, self.data):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in (self.path, self.data, *(path for path in self.data.iterdir() if path.is_dir())):
            if not os.access(each, os.W_OK | os.X_OK):
                read_only = os.statvfs(each).f_flag & os.ST_RDONLY
                raise OSError(errno.EROFS if read_only else errno.EACCES, "no writing", str(each))

    def other_name(self, name: str) -> str:
        """The store whose data these are, where it is another than `name`; "" where it is this one, which is noted."""
        note = self.data / NAME
        if not note.exists():
            self._replace(note, name)
        known = note.read_text(encoding="utf-8", errors="replace").strip()
        return "" if known == name else known or "?"

    def set_mark(self) -> tuple[int, int]:
        """A new mark; returns what tells it from any other."""
        self.mark.unlink(missing_ok=True)
        self.mark.touch(mode=0o600)
        return self.read_mark() or (0, 0)

    def read_mark(self) -> tuple[int, int] | None:
        """What tells this mark from any other, None where none lies. Raises OSError for a disk that does not answer."""
        try:
            facts = self.mark.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return facts.st_dev, facts.st_ino

    def read_state(self) -> ServerState | None:
        """What the keeper last wrote, or None; it may be of a keeper that is dead."""
        try:
            raw = json.loads(self.state.read_text(encoding="utf-8"))
            ports = Ports(tuple(int(port) for port in raw["ports"]["numbers"]))
            # A copied folder still names the server of the original: that one serves other data.
            if raw.get("folder") != str(self.path.resolve()):
                return None
            names = {key: tuple(raw[key]) for key in ("repaired", "torn", "failed")}
            return ServerState(**{**raw, **names, "ports": ports})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_state(self, state: ServerState) -> None:
        """Replaces what others read, never half."""
        self._replace(self.state, json.dumps(asdict(state)))

    def read_linger(self) -> float:
        """Seconds that the server outlives its last user; 0 when nobody said so."""
        try:
            return float(self.linger.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0

    def write_linger(self, seconds: float) -> None:
        """The wish of whoever came or went last holds; one that cannot be written is no reason to stop working."""
        with suppress(OSError):
            self._replace(self.linger, str(seconds))

    def _replace(self, path: Path, text: str) -> None:
        aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")  # threads write at the same time, too
        try:
            aside.write_text(text, encoding="utf-8")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)  # of a full disk, that every start would add one to


def take_lock(path: Path, *, shared: bool, seconds: float) -> int | None:
    """An open file that holds the lock, or None when it could not be had in time. Close it to let go."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(handle)
                return None
        time.sleep(0.02)


def drop_lock(handle: int) -> None:
    """Lets go at once, also where a forked child still has the same file open."""
    fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def is_locked(path: Path) -> bool:
    """True while somebody holds the lock exclusively."""
    handle = take_lock(path, shared=True, seconds=0.0)
    if handle is None:
        return True
    drop_lock(handle)
    return False


def start_of(pid: int) -> str:
    """Start time of a process in clock ticks since boot (proc(5) stat, field 22); empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def lives(pid: int, started: str) -> bool:
    """True while exactly this process runs, not a later one with its number."""
    return bool(started) and start_of(pid) == started
