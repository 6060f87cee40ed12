"""The embedded S3 server as its users see it: open it, get settings per role, let go; who comes first starts it.

SeaweedFS with object lock, for machines without an external S3. It is not a legal WORM: whoever owns the data folder
can delete everything in it. Several processes may open the same folder at once and share one server (archive/keeper.py
holds it); it stops when the last one has let go.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from akten.diskwords import DISK_FULL, as_ours, no_room
from akten.errors import ArchivError, Misconfigured, Unavailable
from archive.identities import ARCHIVE_BUCKET, STAGING_BUCKET, Role, Secrets, load_secrets
from archive.keeper import KeeperOptions
from archive.s3settings import S3Settings
from archive.serverfolder import ServerFolder, ServerState, drop_lock, is_locked, lives, take_lock
from archive.weed import find_weed, fitting_volume_mb

_POLL = 0.02
_READY_SECONDS = 120.0
_STOP_SECONDS = 40.0  # the keeper kills a hanging server after 15
_MEMORY_MB = 768


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server. `repaired`, `torn` and `failed` name volumes whose index was written anew before its start."""

    name: str
    endpoint: str
    folder: Path
    repaired: tuple[str, ...]
    torn: tuple[str, ...]
    failed: tuple[str, ...]
    _secrets: Secrets

    def settings(self, role: Role) -> S3Settings:
        """How to reach it with the rights of `role`."""
        access, secret = self._secrets.keys[role]
        return S3Settings(
            name=self.name,
            endpoint=self.endpoint,
            access_key=access,
            secret_key=secret,
            bucket=ARCHIVE_BUCKET,
            staging_bucket=STAGING_BUCKET,
            data_folder=ServerFolder(self.folder).data,
        )

    def stop(self) -> None:
        """Stops it now, for all its users."""
        stop_embedded(self.folder)


@contextmanager
def open_embedded(
    folder: Path,
    *,
    name: str,
    weed: Path | None = None,
    volume_mb: int | None = None,
    keep_running: bool = False,
    keys: Path | None = None,
    linger_seconds: float = 60.0,
) -> Iterator[EmbeddedServer]:
    """Uses the server of `folder`, starting it when it does not run; several processes and threads may do so at once.

    With `keep_running` it outlives its last user by `linger_seconds`, so that calls in a row do not pay for the start;
    without, the last user waits until it has stopped. `keys` is the folder of its secrets (default: beside the data).
    Raises Misconfigured when binary or keys are missing, Unavailable when it does not get ready in two minutes.
    """
    home = ServerFolder(folder.absolute())
    linger = linger_seconds if keep_running else 0.0
    users = _come_in(home, name)
    keeper: subprocess.Popen[bytes] | None = None
    try:
        home.write_linger(linger)
        options = KeeperOptions(
            folder=str(home.path),
            keys=str((keys or home.path / "schluessel").absolute()),
            name=name,
            weed=str(find_weed(weed)),
            volume_mb=volume_mb or fitting_volume_mb(home.path),
            memory_mb=_MEMORY_MB,
            ready_seconds=_READY_SECONDS / 2,
        )
        secrets = load_secrets(Path(options.keys))
        state, keeper = _reach(home, options)
        yield EmbeddedServer(name, state.ports.endpoint, home.path, state.repaired, state.torn, state.failed, secrets)
    finally:
        home.write_linger(linger)
        drop_lock(users)
        if not keep_running:
            _wait_for_the_end(home)
        if keeper is not None:
            keeper.poll()  # takes the exit code of a keeper that has ended, so that no zombie is left


def _come_in(home: ServerFolder, name: str) -> int:
    """The users' lock. From here on the keeper will not stop the server; where it is stopping, this waits for it."""
    try:
        home.prepare()
        users = take_lock(home.users, shared=True, seconds=_STOP_SECONDS)
    except OSError as error:
        raise as_ours(error, f"Der Ordner des Speichers „{name}“ ist nicht benutzbar ({home.path})") from error
    if users is None:
        raise Unavailable(f"Der Speicher „{name}“ wird gerade beendet und kommt damit nicht zum Ende.")
    return users


def _reach(home: ServerFolder, options: KeeperOptions) -> tuple[ServerState, subprocess.Popen[bytes] | None]:
    """The state of a ready server, and the keeper's process when it was started here."""
    deadline = time.monotonic() + _READY_SECONDS
    keeper: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        state = home.read_state()
        if state and state.ready and _both_live(state):
            return state, keeper
        if keeper is not None and (code := keeper.poll()):
            raise _failure(home, options, code)
        if (keeper is None or keeper.poll() is not None) and not is_locked(home.server):
            keeper = _start_keeper(home, options)
        time.sleep(_POLL)
    text = f"Der Speicher „{options.name}“ war nach {_READY_SECONDS:.0f} s nicht bereit; siehe {home.log}."
    raise Unavailable(f"{text} {DISK_FULL}" if no_room(home.path) else text)


def _both_live(state: ServerState) -> bool:
    """True while keeper and server run; a killed server is started anew by its keeper, on other ports perhaps."""
    return lives(state.keeper, state.keeper_started) and lives(state.server, state.server_started)


def _start_keeper(home: ServerFolder, options: KeeperOptions) -> subprocess.Popen[bytes]:
    log: IO[bytes]
    with home.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "archive.keeper", json.dumps(asdict(options))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the terminal and the end of this process are not the server's end
        )


def _failure(home: ServerFolder, options: KeeperOptions, code: int) -> ArchivError:
    text = f"Der Speicher „{options.name}“ ließ sich nicht starten (Code {code}); siehe {home.log}."
    try:
        said = json.loads(home.failure.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # on a full disk a keeper cannot even say why it did not start
        return Unavailable(f"{text} {DISK_FULL}" if no_room(home.path) else text)
    return (Misconfigured if said.get("sort") == "Misconfigured" else Unavailable)(f"{text} {said.get('text', '')}")


def _wait_for_the_end(home: ServerFolder) -> None:
    """Returns when the server has stopped, or at once when others still use it."""
    deadline, seen = time.monotonic() + _STOP_SECONDS, False
    while is_locked(home.server) and time.monotonic() < deadline:
        users = take_lock(home.users, shared=False, seconds=0.0)
        used = users is None and home.read_state() is not None
        if used and seen:  # neither stopping nor unused: somebody else is there
            return
        seen = used  # at one look it may be the keeper, who takes that lock a moment before it takes the state away
        if users is not None:
            drop_lock(users)
        if home.read_linger() > 0:  # the last one to go wished it to stay
            return
        time.sleep(_POLL * 3)


def stop_embedded(folder: Path) -> None:
    """Stops the server of `folder` now, whoever uses it; returns when it has stopped. None running is done."""
    home = ServerFolder(folder.absolute())
    state = home.read_state()
    if state is not None and lives(state.keeper, state.keeper_started):
        with suppress(ProcessLookupError):
            os.kill(state.keeper, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while home.server.exists() and is_locked(home.server):
        if time.monotonic() > deadline:
            raise Unavailable(f"Der Speicher unter {folder} ließ sich nicht beenden.")
        time.sleep(_POLL)
