"""Several machines on one work pool, by settings alone: each archives its own inbox, one of them does the rounds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archive.embedded import EmbeddedServer
from catalog.catalog import open_catalog
from flows.locallogin import local_login
from flows.prefectapi import api_url, call
from flows.settings import child_environment, read_settings
from flows.zombies import NAME
from tests.builders import a_delivery
from tests.catalog.build import CLERK, NOON, never_checked
from tests.conftest import ROOT
from tests.flows.waiting import a_free_port, processes_naming, wait_until
from tests.pgfixture import Postgres, postgres
from tests.storefixtures import a_store, s3_pair

__all__ = ["postgres", "s3_pair"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(480)]


def ask(url: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=30
    ) as answer:
        return json.load(answer)


def healthy(url: str) -> bool:
    try:
        return ask(f"{url}/health") is True
    except OSError:
        return False


@contextmanager
def started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_two_machines_share_a_pool_and_a_catalog(
    tmp_path: Path, postgres: Postgres, s3_pair: tuple[EmbeddedServer, EmbeddedServer]
) -> None:
    url = postgres.database()
    api = f"http://127.0.0.1:{a_free_port()}/api"
    server_settings = read_settings(daten=tmp_path / "server")
    login = local_login(server_settings.daten / "prefect")
    asked = api_url(read_settings(daten=tmp_path, prefect_api=api, prefect_auth=login))
    port = api.split(":")[2].split("/")[0]
    server = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with started(server, child_environment(server_settings), tmp_path / "server.log"):
        wait_until(lambda: healthy(api), 180, "Prefect server ready")
        shared = {
            **os.environ,
            "ARCHIV_DATABASE": url,
            "ARCHIV_STORES": json.dumps([a_store(each) for each in s3_pair]),
            "ARCHIV_PREFECT_API": api,
            "ARCHIV_PREFECT_AUTH": login,
            "ARCHIV_ROUNDS__POOL": "neuss",
            "ARCHIV_ROUNDS__FIXITY_CRON": "* * * * *",
            "ARCHIV_SETTLE_SECONDS": "1",
        }
        with open_catalog(url) as catalog:
            # Other tests use these stores, too; on such an archive only begins where the database has one already.
            catalog.record_event("begun", by=CLERK, now=NOON)
            for number, name in enumerate(("eins", "zwei"), start=1):
                a_delivery(tmp_path / name / "eingang" / "stapel", aktenzeichen=f"63-{500 + number}-20")
            with (
                machine(tmp_path, "eins", shared) as first,
                machine(tmp_path, "zwei", shared) as second,
            ):
                logs = lambda: (tmp_path / "eins.log").read_text() + (tmp_path / "zwei.log").read_text()  # noqa: E731
                wait_until(lambda: catalog.package_count() == 2, 240, "both inboxes archived", logs)
                wait_until(lambda: never_checked(catalog) == 0, 180, "fixity round by cron in the pool", logs)
                assert {row["name"] for row in call(f"{asked}/work_pools/neuss/workers/filter", {})} == {"eins", "zwei"}
                assert len(call(f"{asked}/automations/filter", {"automations": {"name": {"any_": [NAME]}}})) == 1
                for each in (first, second):
                    each.send_signal(signal.SIGTERM)
                assert [each.wait(120) for each in (first, second)] == [0, 0], logs()
    wait_until(lambda: processes_naming(str(tmp_path)) == [], 30, "nothing left over")


def machine(tmp_path: Path, name: str, shared: dict[str, str]) -> Any:
    environment = {**shared, "ARCHIV_DATEN": str(tmp_path / name), "ARCHIV_ROUNDS__MACHINE": name}
    return started([sys.executable, "-m", "app.cli", "dienst"], environment, tmp_path / f"{name}.log")
