"""The same code by settings alone: PostgreSQL as catalog, two external S3 endpoints with credentials of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from akten.errors import Misconfigured
from akten.findings import Verdict
from archive.embedded import EmbeddedServer
from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.progress import progress_display
from flows.receipt import Outcome
from flows.settings import read_settings
from flows.verify import verify_all
from flows.wiring import open_services
from tests.builders import a_delivery
from tests.conftest import ROOT
from tests.pgfixture import Postgres, postgres
from tests.storefixtures import a_store, s3_pair

__all__ = ["postgres", "s3_pair"]
pytestmark = pytest.mark.real


def test_postgresql_and_external_stores_archive_like_the_laptop_does(
    tmp_path: Path, postgres: Postgres, s3_pair: tuple[EmbeddedServer, EmbeddedServer]
) -> None:
    clerk = Actor("s17")
    settings = read_settings(
        daten=tmp_path / "daten", database=postgres.database(), stores=[a_store(server) for server in s3_pair]
    )
    with open_services(settings) as services, progress_display(quiet=True) as show:
        claimed = claim_paths(services, [a_delivery(tmp_path / "l", aktenzeichen="63-4-20")])
        (receipt,) = archive_all(services, claimed, clerk, show)
        assert receipt.state is Outcome.ARCHIVED, receipt.findings
        assert [c.store for c in receipt.copies] == ["ort-a", "ort-b"]
        assert services.catalog.describe().startswith("PostgreSQL")
        assert services.catalog.find("Statik", volltext=True).hits
        assert verify_all(services, clerk).verdict is Verdict.OK
    assert not (tmp_path / "daten" / "speicher").exists()


def test_an_endpoint_with_wrong_keys_is_refused_before_anything_is_archived(
    tmp_path: Path, s3_pair: tuple[EmbeddedServer, EmbeddedServer]
) -> None:
    wrong = a_store(s3_pair[0]) | {"ingest": {"access_key": "x" * 20, "secret_key": "y" * 40}}
    with (
        open_services(read_settings(daten=tmp_path / "daten", stores=[wrong])) as services,
        pytest.raises(Misconfigured),
    ):
        assert services.stores


def test_killed_with_signal_9_at_odd_moments_the_same_command_continues(tmp_path: Path) -> None:
    """The whole process tree of the command line is killed three times, each time a little later."""
    daten = tmp_path / "daten"
    folder = a_delivery(tmp_path / "l", pages=2, aktenzeichen="63-9-20")
    command = [sys.executable, "-m", "app.cli", "annahme", str(folder), "--daten", str(daten), "--json"]
    environment = {**os.environ, "ARCHIV_STORE_GRACE_SECONDS": "1"}
    for seconds in (1.6, 3.2, 5.0):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if folder.exists() or any((daten / "arbeit").glob("*-*-*")):
        again = command if folder.exists() else [*command[:3], "annahme", "--daten", str(daten), "--json"]
        done = subprocess.run(again, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        (receipt,) = json.loads(done.stdout)
        assert receipt["state"] == "archived"
    shown = subprocess.run(
        [*command[:3], "akte", "zeige", "63/9/20", "--daten", str(daten), "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    packages = json.loads(shown.stdout)["packages"]
    assert [p["version"] for p in packages] == [1]
    assert len(packages[0]["copies"]) == 2
    checked = subprocess.run(
        [*command[:3], "fixity", "pruefe", "--alle", "--daten", str(daten), "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(checked.stdout)["verdict"] == "ok", checked.stdout
