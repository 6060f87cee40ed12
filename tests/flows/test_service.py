"""`archiv dienst` on real parts: takes what lies in the inbox, its cron fires, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.catalog import Catalog, open_catalog
from flows.settings import read_settings
from tests.builders import a_delivery
from tests.conftest import ROOT

pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.5)


def processes_naming(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                environment = (entry / "environ").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if (text in line or f"ARCHIV_DATEN={text}" in environment) and "pytest" not in line:
                found.append(line)
    return found


def due_rounds(catalog: Catalog) -> int:
    events = catalog.events_of(by="dienst", verb="system.event", limit=None)
    return sum(event.data["code"] == "due.round" for event in events)


def test_the_service_archives_from_the_inbox_and_its_cron_fires_and_it_stops_cleanly(tmp_path: Path) -> None:
    daten = tmp_path / "daten"
    settings = read_settings(daten=daten)
    a_delivery(settings.inbox / "stapel", aktenzeichen="63-77-20")
    environment = {
        **os.environ,
        "ARCHIV_DATEN": str(daten),
        "ARCHIV_ROUNDS__PORT": str(a_free_port()),
        "ARCHIV_ROUNDS__FIXITY_CRON": "* * * * *",
        "ARCHIV_ROUNDS__DUE_CRON": "* * * * *",
        "ARCHIV_SETTLE_SECONDS": "1",
        "ARCHIV_STORE_GRACE_SECONDS": "1",
    }
    command = [sys.executable, "-m", "app.cli", "dienst"]
    log = tmp_path / "dienst.log"
    with log.open("wb") as out:
        service = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        wait_until(lambda: (daten / "katalog" / "archiv.sqlite").exists(), 60, "catalog made")
        with open_catalog(settings.database_url) as catalog:
            wait_until(lambda: catalog.stats().packages == 1, 180, f"delivery archived\n{log.read_text()}")
            wait_until(lambda: catalog.stats().never_checked == 0, 150, "fixity round fired by cron")
            wait_until(lambda: due_rounds(catalog) > 0, 150, "due round fired by cron")
            (row,) = catalog.akte_by_aktenzeichen("63/77/20")
            assert row.state == "archived"
        service.send_signal(signal.SIGTERM)
        assert service.wait(90) == 0, log.read_text()
    finally:
        if service.poll() is None:
            service.kill()
    wait_until(lambda: processes_naming(str(daten)) == [], 30, f"left over: {processes_naming(str(daten))}")
