"""The keeper: a process of its own that holds one embedded server while anybody uses it, and stops it afterwards.

Run as `python -m archive.keeper '<json>'` by archive/embedded.py. It outlives the process that started it, so that
calls in a row share one server and none can kill another's; it notices by the users' lock when the last one is gone,
however that one died. When the keeper itself is killed, the kernel kills the server with it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from akten.diskwords import as_ours
from akten.errors import ArchivError, Misconfigured, Unavailable
from archive.durable import sync_filesystem
from archive.identities import Role, Secrets, bucket_policy, load_secrets
from archive.partkeys import part_environment, part_keys
from archive.serverfolder import ServerFolder, ServerState, drop_lock, lives, start_of, take_lock
from archive.weed import Ports, command, data_argument, drop_sockets, environment, free_ports
from archive.weedfix import Repair, repair

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_POLL = 0.1
_LOOK = 0.25  # seconds between two looks at a server that runs: an idle archive costs next to nothing
_STOP_SECONDS = 15.0  # a stop hung for ever in 3 of about 110 cases; nothing was lost by the kill that followed
_START_TRIES = 3
_MOST_RESTARTS = 5
_LOG_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class KeeperOptions:
    """What the keeper is told on its command line (paths and sizes, never a secret)."""

    folder: str
    keys: str
    name: str
    weed: str
    volume_mb: int
    memory_mb: int
    ready_seconds: float


class Keeper:
    """One server: started, watched, started again when it dies, stopped when nobody needs it."""

    def __init__(self, options: KeeperOptions, lock: int) -> None:
        self._options = options
        self._lock = lock
        self._home = ServerFolder(Path(options.folder))
        self._secrets: Secrets = load_secrets(Path(options.keys))
        self._parts = part_keys(Path(options.keys))
        self._server: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._repair = Repair()
        self._mark = (0, 0)

    def ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Handler of SIGTERM and SIGINT."""
        self._stopping = True

    def run(self) -> None:
        """Starts the server and stays until it is to stop. Raises our own errors when it cannot be started."""
        restarts = 0
        try:
            self._start()
            while not self._stopping:
                self._require_data()
                if self._server is not None and self._server.poll() is not None:
                    restarts += 1
                    self._say_not_ready()
                    if restarts > _MOST_RESTARTS:
                        raise Unavailable(f"Der Speicher ist {restarts}-mal abgestürzt; siehe {self._home.log}.")
                    self._start()
                if self._is_unused():
                    return
                time.sleep(_LOOK)
        finally:
            self._stop()

    def _require_data(self) -> None:
        """A server whose files were taken away would go on with what nobody finds again, and call it stored.

        It is killed, for at a clean stop it would leave files in a folder that is another's. Raises Misconfigured.
        """
        with suppress(OSError):  # a disk that does not answer: the server tells that itself
            if self._home.read_mark() != self._mark:
                if self._server is not None:
                    self._server.kill()
                raise Misconfigured(
                    f"Der Ordner {self._home.data} wurde unter dem laufenden Speicher geleert, weggenommen oder "
                    "ausgetauscht; der Speicher wurde angehalten. Bitte aus der Sicherung zurückholen: "
                    "docs/operations.md, Abschnitt „Recovery“."
                )

    def _say_not_ready(self) -> None:
        """Newcomers wait for the new start instead of knocking at a server that is gone."""
        if (state := self._home.read_state()) is not None:
            self._home.write_state(replace(state, ready=False))

    # --- starting ------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        for attempt in range(1, _START_TRIES + 1):
            try:
                self._start_once()
                return
            except Unavailable:
                died = self._server is not None and self._server.poll() is not None
                if self._stopping or not died or attempt == _START_TRIES:
                    raise

    def _start_once(self) -> None:
        if other := self._home.other_name(self._options.name):
            raise Misconfigured(
                f"In {self._home.path} liegen die Daten des Speichers „{other}“, nicht die von „{self._options.name}“; "
                "vertauscht? Was nun abgelegt würde, fehlte später in beiden. Bitte die richtigen Ordner einhängen "
                "oder zurückholen: docs/operations.md, Abschnitt „Recovery“."
            )
        since = self._home.running.stat().st_mtime if self._home.running.exists() else None
        weed = Path(self._options.weed)
        self._repair = repair(weed, self._home.data, since=since)
        if since is None:
            self._home.running.touch()
            sync_filesystem(self._home.path)  # the marker must be on the disk before the first byte of data is
        self._mark = self._home.set_mark()
        before = self._home.read_state()
        if before is not None:
            drop_sockets(self._home.path, before.ports)  # of a server that was killed: no other may run here now
        ports = free_ports(before.ports if before else None)
        self._server = self._spawn(weed, ports)
        server = self._server.pid
        state = ServerState(
            keeper=os.getpid(),
            keeper_started=start_of(os.getpid()),
            server=server,
            server_started=start_of(server),
            ports=ports,
            ready=False,
            folder=str(self._home.path.resolve()),
            repaired=self._repair.fixed,
            torn=self._repair.torn,
            failed=self._repair.failed,
        )
        self._home.write_state(state)
        self._wait(ports)
        self._home.write_state(replace(state, ready=True))

    def _spawn(self, weed: Path, ports: Ports) -> subprocess.Popen[bytes]:
        options = self._options
        if self._home.log.exists() and self._home.log.stat().st_size > _LOG_BYTES:
            self._home.log.replace(self._home.log.with_suffix(".log.1"))
        with self._home.log.open("ab") as log:
            return subprocess.Popen(
                command(
                    weed,
                    data_argument(self._home.path, self._home.data),
                    ports,
                    self._secrets.identities_file,
                    options.volume_mb,
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._home.path,
                env=environment(self._secrets.jwt | part_environment(self._parts), self._home.path, options.memory_mb),
                pass_fds=(self._lock,),  # no second server on these data while this one lives
                preexec_fn=_dies_with(os.getpid()),  # this process has one thread only
            )

    def _wait(self, ports: Ports) -> None:
        # Imported late: boto3 loads while the server comes up.
        from archive.s3buckets import wait_until_ready
        from archive.s3settings import S3Settings

        access, secret = self._secrets.keys[Role.ADMIN]
        admin = S3Settings(self._options.name, ports.endpoint, access, secret, data_folder=self._home.data)
        wait_until_ready(admin, bucket_policy(), seconds=self._options.ready_seconds, alive=self._is_wanted)

    def _is_wanted(self) -> bool:
        return not self._stopping and self._server is not None and self._server.poll() is None

    # --- stopping ------------------------------------------------------------------------------------------------

    def _is_unused(self) -> bool:
        """True when nobody has used the server for as long as it was to linger; newcomers then wait for the stop."""
        deadline = time.monotonic() + self._home.read_linger()
        while not self._stopping:
            users = take_lock(self._home.users, shared=False, seconds=0.0)
            if users is None:
                return False
            if time.monotonic() >= deadline:
                return True  # the lock stays with us until we exit
            drop_lock(users)
            time.sleep(_POLL)
        return False

    def _stop(self) -> None:
        server = self._server
        if server is None:
            return
        state = self._home.read_state()
        self._home.state.unlink(missing_ok=True)
        if server.poll() is None:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(_STOP_SECONDS)
        if server.poll() is None:
            server.kill()
            server.wait()
        if state is not None:
            drop_sockets(self._home.path, state.ports)
        if server.returncode in (0, -signal.SIGTERM):
            sync_filesystem(self._home.data)
            self._home.mark.unlink(missing_ok=True)
            if not self._repair.failed:  # else the next start has to try again
                self._home.running.unlink(missing_ok=True)


def _dies_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child


def _end_orphan(home: ServerFolder) -> None:
    """Ends a server whose keeper is gone; the kernel does so already, this is for the day it does not."""
    state = home.read_state()
    if state and not lives(state.keeper, state.keeper_started) and lives(state.server, state.server_started):
        os.kill(state.server, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Keeps the server described by one JSON argument. Exit code 0 also when another keeper is there already."""
    options = KeeperOptions(**json.loads(arguments[0]))
    home = ServerFolder(Path(options.folder))
    _end_orphan(home)
    lock = take_lock(home.server, shared=False, seconds=2.0)
    if lock is None:
        return 0
    try:
        home.failure.unlink(missing_ok=True)
        keeper = Keeper(options, lock)
        signal.signal(signal.SIGTERM, keeper.ask_to_stop)
        signal.signal(signal.SIGINT, keeper.ask_to_stop)
        keeper.run()
    except ArchivError as error:
        return _failed(home, error)
    except OSError as fault:
        return _failed(home, as_ours(fault, f"Im Ordner {home.path} lässt sich nicht arbeiten"))
    return 0


def _failed(home: ServerFolder, error: ArchivError) -> int:
    """Leaves word for those who wait; on a full disk there may be no room for it, and the exit code has to do."""
    with suppress(OSError):
        home.failure.write_text(json.dumps({"sort": type(error).__name__, "text": error.text}), encoding="utf-8")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
