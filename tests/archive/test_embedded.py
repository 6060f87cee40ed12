"""The embedded server: shared by all who use it, gone when nobody does, whole again after any kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.findings import Verdict
from akten.package import Lock, PackageId
from archive.embedded import EmbeddedServer, open_embedded, stop_embedded
from archive.fixity import check_package
from archive.identities import Role, load_secrets
from archive.package import store_package
from archive.s3 import S3Store
from archive.serverfolder import ServerFolder, ServerState, is_locked, lives, start_of
from archive.weed import Ports, drop_sockets, find_weed
from archive.weedfix import repair, torn_indexes
from tests.packages import EXTRA, a_bag, an_exact

# Uses the server in a process of its own: says "da", then goes when its input ends.
USER = """
import sys
from pathlib import Path
from archive.embedded import open_embedded
with open_embedded(Path(sys.argv[1]), name="a", volume_mb=64) as server:
    print(server.endpoint, flush=True)
    sys.stdin.read()
"""


def wait_for(condition: Callable[[], bool], seconds: float = 25.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def state_of(folder: Path) -> ServerState:
    state = ServerFolder(folder).read_state()
    assert state is not None
    return state


def both_gone(state: ServerState) -> bool:
    return not lives(state.keeper, state.keeper_started) and not lives(state.server, state.server_started)


def put(server: EmbeddedServer, data: bytes) -> tuple[str, str]:
    key = f"aip/{uuid.uuid4()}/v1/bag.tar"
    store = S3Store(server.settings(Role.INGEST))
    version = store.put(key, data, digest_bytes(data))
    store.lock(key, version, Lock(datetime.now(UTC) + timedelta(hours=1)))
    store.sync()
    return key, version


def read(server: EmbeddedServer, where: tuple[str, str]) -> bytes:
    store = S3Store(server.settings(Role.AUDITOR))
    assert store.read_lock(*where).retain_until is not None
    with store.get(*where) as stream:
        return stream.read()


def tear_an_index(folder: Path) -> None:
    index = max((folder / "daten").glob("archiv_*.idx"), key=lambda path: path.stat().st_size)
    os.truncate(index, index.stat().st_size - 5)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "a"
    with suppress(Unavailable):
        stop_embedded(tmp_path / "a")


@pytest.fixture
def user(folder: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen([sys.executable, "-c", USER, str(folder)], stdin=pipe, stdout=pipe, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def endpoint(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


# --- one server for all ----------------------------------------------------------------------------------------------


def test_processes_share_one_server_and_the_last_one_stops_it(
    folder: Path, user: Callable[[], subprocess.Popen[str]]
) -> None:
    first, second = user(), user()  # at the same time: only one of them may start it
    assert endpoint(first) == endpoint(second)
    state = state_of(folder)
    begun = time.monotonic()
    finish(first)
    assert time.monotonic() - begun < 2  # who leaves others behind does not wait for the stop
    assert lives(state.server, state.server_started)
    finish(second)
    assert both_gone(state)
    assert not (folder / "laeuft").exists()


def test_threads_share_one_server(folder: Path) -> None:
    gate = threading.Barrier(3)

    def use() -> str:
        with open_embedded(folder, name="a", volume_mb=64) as server:
            gate.wait(60)
            return server.endpoint

    with ThreadPoolExecutor(3) as pool:
        assert len({each.result() for each in [pool.submit(use) for _ in range(3)]}) == 1
    assert not is_locked(folder / "server.lock")


def test_who_comes_right_after_the_server_was_killed_waits_for_its_new_start(folder: Path) -> None:
    with open_embedded(folder, name="a"):
        state = ServerFolder(folder.absolute()).read_state()
        assert state is not None
        os.kill(state.server, signal.SIGKILL)
        while start_of(state.server):  # until then nobody can know
            time.sleep(0.001)
        with open_embedded(folder, name="a") as again, suppress(Unavailable):
            store = S3Store(again.settings(Role.INGEST))
            after = ServerFolder(folder.absolute()).read_state()
            assert after is not None
            assert after.ready
            assert after.server != state.server
            store.ping()
            store.close()


def test_a_killed_user_leaves_no_orphan(folder: Path, user: Callable[[], subprocess.Popen[str]]) -> None:
    process = user()
    endpoint(process)
    state = state_of(folder)
    process.kill()
    wait_for(lambda: both_gone(state))
    assert not (folder / "laeuft").exists()


def test_a_server_that_lingers_is_met_again_at_once_and_a_torn_index_is_found(folder: Path) -> None:
    with open_embedded(folder, name="a", volume_mb=64, keep_running=True) as server:
        where = put(server, b"bleibt")
    state = state_of(folder)
    begun = time.monotonic()
    with open_embedded(folder, name="a", volume_mb=64, keep_running=True) as server:
        assert time.monotonic() - begun < 1
        assert state_of(folder) == state
        assert read(server, where) == b"bleibt"
    begun = time.monotonic()
    stop_embedded(folder)
    assert time.monotonic() - begun < 20
    assert both_gone(state)
    assert not (folder / "laeuft").exists()
    tear_an_index(folder)
    torn = torn_indexes(folder / "daten")
    assert torn != ()
    done = repair(find_weed(None), folder / "daten", since=None)  # even after a clean stop
    assert (done.fixed, done.torn, done.failed) == (torn, torn, ())
    assert torn_indexes(folder / "daten") == ()


# --- killed ----------------------------------------------------------------------------------------------------------


def test_after_a_kill_of_everything_the_index_is_repaired_and_nothing_is_lost(folder: Path) -> None:
    with open_embedded(folder, name="a", volume_mb=64) as server:
        stored = [(put(server, data), data) for data in (b"eins", b"zwei" * 100_000)]
        state = state_of(folder)
        os.kill(state.keeper, signal.SIGKILL)
        wait_for(lambda: both_gone(state), 5)  # the kernel takes the server with its keeper
    assert (folder / "laeuft").exists()
    tear_an_index(folder)  # as a power cut does
    with open_embedded(folder, name="a", volume_mb=64) as server:
        assert server.torn != ()
        assert set(server.torn) <= set(server.repaired)
        assert server.failed == ()
        assert [read(server, where) for where, _ in stored] == [data for _, data in stored]
        store = S3Store(server.settings(Role.AUDITOR))
        assert {each.key for each in store.versions("aip/")} == {where[0] for where, _ in stored}


def test_the_data_of_another_store_are_not_served_under_this_name(folder: Path) -> None:
    """What came while two folders were exchanged lay under versions that nobody found once they were put right."""
    with open_embedded(folder, name="a", volume_mb=64) as server:
        where = put(server, b"eins")
    with pytest.raises(Misconfigured, match="vertauscht"), open_embedded(folder, name="b", volume_mb=64):
        pass
    with open_embedded(folder, name="a", volume_mb=64) as server:
        assert read(server, where) == b"eins"


def test_a_folder_with_a_comma_in_its_name_holds_its_data_itself(tmp_path: Path) -> None:
    """The server took it for two folders, wrote into one beside it and never got ready."""
    folder = tmp_path / "Akten, Neuß (neu)? #1 50%" / "a"
    try:
        with open_embedded(folder, name="a", volume_mb=64) as server:
            where = put(server, b"eins")
            state = state_of(folder)
            os.kill(state.keeper, signal.SIGKILL)
            wait_for(lambda: both_gone(state), 5)
        with open_embedded(folder, name="a", volume_mb=64) as server:
            assert (server.failed, bool(server.repaired)) == ((), True)
            assert read(server, where) == b"eins"
    finally:
        stop_embedded(folder)
    assert list(tmp_path.iterdir()) == [folder.parent]


@pytest.mark.parametrize("how", ["emptied", "moved", "exchanged"])
def test_a_server_whose_data_are_taken_away_stores_nothing_more(how: str, folder: Path, tmp_path: Path) -> None:
    """It went on with files that had no name any more, gave back what it took, and all of it was gone at its end."""
    data = folder / "daten"
    with open_embedded(folder, name="a", volume_mb=64) as server:
        put(server, b"eins")
        state = state_of(folder)
        if how == "emptied":
            while left := list(data.iterdir()):  # the server writes on meanwhile
                for each in left:
                    shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink(missing_ok=True)
        else:
            data.rename(tmp_path / "fort")
            if how == "exchanged":
                with suppress(shutil.Error):  # the server writes on meanwhile, here and there
                    shutil.copytree(tmp_path / "fort", data, dirs_exist_ok=True)
        wait_for(lambda: both_gone(state), 5)
        with pytest.raises(Unavailable):
            put(server, b"zwei")
    assert "ausgetauscht" in json.loads((folder / "startfehler.json").read_text())["text"]


def sockets(folder: Path, ports: Ports) -> set[str]:
    """Unix sockets that bear one of these ports, in either place where SeaweedFS makes them."""
    numbers = {str(port + more) for port in ports.numbers for more in (0, 10_000)}
    found = [path for place in (Path("/tmp"), folder / "tmp") for path in place.glob("seaweedfs-*.sock")]
    return {path.name for path in found if path.stem.rsplit("-", 1)[1] in numbers}


def test_a_killed_server_and_one_that_stopped_leave_no_sockets_behind(folder: Path) -> None:
    with open_embedded(folder, name="a", volume_mb=64):
        killed = state_of(folder)
        os.kill(killed.keeper, signal.SIGKILL)
        wait_for(lambda: both_gone(killed), 5)
        left = sockets(folder, killed.ports)
    assert left  # else this test is about nothing
    with open_embedded(folder, name="a", volume_mb=64):
        ports = state_of(folder).ports
        assert sockets(folder, ports)  # a living server keeps its own
    assert sockets(folder, ports) | sockets(folder, killed.ports) == set()


def test_only_sockets_that_take_nobody_are_removed() -> None:
    place = Path(tempfile.mkdtemp(prefix="s"))  # the names of sockets are short
    (place / "tmp").mkdir()
    names = [f"seaweedfs-{name}.sock" for name in ("s3-1201", "filer-grpc-2202", "s3-1203", "admin-grpc-2204")]
    living, dead, young, own = ((place / "tmp" / name) for name in names)
    try:
        with ExitStack() as stack:
            for path in (living, dead, young, own):
                server = stack.enter_context(socket.socket(socket.AF_UNIX))
                server.bind(str(path))
                if path == living:
                    server.listen()
            for path in (living, dead):
                os.utime(path, (1, 1))
            (place / "tmp" / "seaweedfs-s3-1205.sock").touch()  # no socket
            drop_sockets(place, Ports((1, 2, 3, 4, 2204)))
            assert [path.exists() for path in (living, dead, young, own)] == [True, False, True, False]
        assert (place / "tmp" / "seaweedfs-s3-1205.sock").exists()
    finally:
        shutil.rmtree(place)


def test_a_package_survives_the_kill_of_the_server_while_it_is_stored(folder: Path, tmp_path: Path) -> None:
    """Killed for real at two moments; what was said to be stored is there, and the repeat finishes the rest."""
    lock = Lock(datetime.now(UTC) + timedelta(hours=1))
    with open_embedded(folder, name="a", volume_mb=64):
        for delay in (0.02, 0.08):
            id_ = PackageId(uuid.uuid4(), 1)
            victim = state_of(folder).server
            killer = threading.Timer(delay, os.kill, (victim, signal.SIGKILL))
            killer.start()
            package = None
            deadline = time.monotonic() + 60
            while package is None:
                assert time.monotonic() < deadline
                with open_embedded(folder, name="a", volume_mb=64) as now_there:
                    settings = now_there.settings(Role.INGEST)
                stores = [S3Store(settings)]
                with suppress(Unavailable):
                    package = store_package(
                        a_bag(id_, b"x" * 300_000), id_, stores, lock, lambda: datetime.now(UTC), tmp_path / "w", EXTRA
                    )
            killer.join()
            wait_for(
                lambda victim=victim: (
                    ServerFolder(folder).read_state() is not None
                    and state_of(folder).ready
                    and state_of(folder).server != victim
                )
            )  # type: ignore[misc]
            with open_embedded(folder, name="a", volume_mb=64) as now_there:
                auditor = S3Store(now_there.settings(Role.AUDITOR))
                assert (
                    check_package(package, {"a": auditor}, wanted=an_exact(lock, datetime.now(UTC))).verdict
                    is Verdict.OK
                )
                assert len(list(auditor.versions(id_.prefix))) == 2


# --- closed to others ------------------------------------------------------------------------------------------------


def _listening(pid: int) -> set[str]:
    """Local addresses (hex) on which a process listens (proc(5): net/tcp, net/tcp6)."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            sockets.add(str(entry.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1].rpartition(":")[0])
    return found


def test_it_listens_on_this_machine_only(s3_server: EmbeddedServer) -> None:
    assert _listening(state_of(s3_server.folder).server) == {"0100007F"}


def test_no_secret_stands_on_a_command_line(s3_server: EmbeddedServer) -> None:
    state = state_of(s3_server.folder)
    secrets = load_secrets(s3_server.folder.parent / "schluessel" / "a")
    lines = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (state.keeper, state.server))
    for value in [*secrets.jwt.values(), *(key[1] for key in secrets.keys.values())]:
        assert value.encode() not in lines
