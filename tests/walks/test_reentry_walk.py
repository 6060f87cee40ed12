"""The catalog is put back from last night's backup: what was archived since comes back out of the real stores."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from akten.findings import Judgement, Verdict
from archive.bagcheck import check_bag
from catalog.actor import Actor
from flows.fetch import fetch_package
from flows.settings import CHECKOUT, read_settings
from flows.verify import verify_all
from flows.wiring import open_services
from ingest.inbox import claim
from tests.app.processes import archiv
from tests.builders import a_delivery
from tests.conftest import lacking
from tests.walks.test_attachments_walk import delivery as delivery_with_attachments

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
# What the register says of itself (numbers, salts, when a row was made), and nobody can know again.
OF_THE_REGISTER = {
    "checked_at",
    "nr",
    "akte_nr",
    "salt",
    "digest",
    "at",
    "created_at",
    "changed_at",
    "opened_at",
    "verified_at",
}
INSTANT = re.compile(r"[0-9-]{10}T[0-9:.]+[+-][0-9:]{5}")
BY_OTHERS = {"by_name", "by_kind", "received_at", "plan"}
NOT_COMPARED = ("trail", "index", "alembic", "sqlite", "passages", "clearing")


class Archive:
    """A data folder, its backup, and `archiv` on it as processes."""

    def __init__(self, place: Path) -> None:
        self.place, self.daten = place, place / "archiv"

    def __call__(self, *arguments: str | Path) -> Any:
        return archiv(*arguments, "--json", daten=self.daten)

    @property
    def katalog(self) -> Path:
        return self.daten / "katalog"

    def back_up(self) -> None:
        """As a nightly job copies the folders, while nothing runs."""
        for name in ("katalog", "arbeit"):
            shutil.copytree(self.daten / name, self.place / "sicherung" / name)

    def put_back(self, *names: str) -> None:
        for name in names:
            shutil.rmtree(self.daten / name)
            shutil.copytree(self.place / "sicherung" / name, self.daten / name)

    def rows(self) -> dict[str, list[str]]:
        """Every row of the register that says something of Akten, table by table."""
        found: dict[str, list[str]] = {}
        with closing(sqlite3.connect(self.katalog / "archiv.sqlite")) as connection:
            connection.row_factory = sqlite3.Row
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                if not any(word in table for word in NOT_COMPARED):
                    found[table] = sorted(map(plain, connection.execute(f"SELECT * FROM {table}")))  # noqa: S608
        return found


def plain(row: sqlite3.Row) -> str:
    kept = {name: row[name] for name in row.keys() if name not in OF_THE_REGISTER | BY_OTHERS}  # noqa: SIM118
    if "text" in kept:
        kept["text"] = str(kept["text"]).split()  # empty lines between blocks are not in the package
    if "snapshot" in kept:
        kept["snapshot"] = as_sent(json.loads(str(kept["snapshot"])))
    if "stored_at" in kept:
        kept["stored_at"] = str(kept["stored_at"])[:16]  # a commit tells its second, right before the entry
    return json.dumps(kept, sort_keys=True, default=str)


def differing(rows: list[str], others: list[str]) -> list[tuple[str, Any, Any]]:
    """What two lists of rows do not have in common, value by value."""
    if len(rows) != len(others):
        return [("rows", len(rows), len(others))]
    pairs = [(json.loads(one), json.loads(other)) for one, other in zip(rows, others, strict=True)]
    return [(name, one[name], other[name]) for one, other in pairs for name in one if one[name] != other[name]]


def as_sent(value: Any) -> Any:
    """Instants as a message has them: in UTC, in milliseconds."""
    if isinstance(value, dict):
        return {key: as_sent(content) for key, content in value.items()}
    if isinstance(value, list):
        return [as_sent(content) for content in value]
    if isinstance(value, str) and INSTANT.fullmatch(value):
        moment = datetime.fromisoformat(value).astimezone(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000).isoformat()
    return value


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive whose catalog is that of a backup: the Akte of before it is known, three packages since are not."""
    if not read_settings().verapdf_jars.is_dir():
        lacking("veraPDF (tools/install.sh)")
    made = Archive(tmp_path_factory.mktemp("wieder"))
    place = made.place
    assert made("annahme", a_delivery(place / "vorher", aktenzeichen="63-1-20")).code == 0
    claim_only(made, a_delivery(place / "begonnen", aktenzeichen="63-4-20", betreff="Schon begonnen"))
    made.back_up()
    since = (
        a_delivery(place / "nachscan", aktenzeichen="63-1-20", pages=2, seed="nachscan", betreff="Nachscan"),
        a_delivery(
            place / "neu", aktenzeichen="63-2-20", fristklasse="building.enforcement", felder={"Bauherr": "E. Möller"}
        ),
        delivery_with_attachments(place / "digital", "63-3-20", ("liste.csv", b"Nummer;Wert\n1;2\n")),
    )
    assert made("annahme", *since).code == 0
    return made


def claim_only(made: Archive, folder: Path) -> None:
    """A delivery that lies in the work folder, received and no further."""
    with open_services(read_settings(daten=made.daten)) as services:
        from flows.arrival import registered
        from ingest.delivery import read_delivery

        claimed = claim(folder, services.settings.work, services.new_id)
        registered(services, read_delivery(claimed), Actor("s17"))


def killed_midway(made: Archive) -> None:
    """Runs the command and ends it with signal 9 after the first Akte is in."""
    before = packages(made)
    environment = {**os.environ, "ARCHIV_DATEN": str(made.daten)}
    command = [sys.executable, "-m", "app.cli", "abgleich", "--aufnehmen", "--json"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    ) as run:
        end = time.monotonic() + 60
        while packages(made) == before and run.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        if run.poll() is None:
            os.kill(run.pid, signal.SIGKILL)


def packages(made: Archive) -> int:
    with closing(sqlite3.connect(made.katalog / "archiv.sqlite")) as connection:
        return int(connection.execute("SELECT count(*) FROM packages").fetchone()[0])


def test_all_of_it_comes_back_and_the_archive_goes_on(archive: Archive, tmp_path: Path) -> None:
    """One story, since each step stands on the one before."""
    assert archive("annahme").code == 0  # the one that was begun ends, too
    true = archive.rows()
    archive.put_back("katalog", "arbeit")

    told = archive("abgleich")
    assert (told.code, {f["code"] for f in told.json["findings"]}) == (5, {"RC-03"})
    assert all("abgleich --aufnehmen" in f["text"] for f in told.json["findings"])
    trail = archive("protokoll", "pruefe")
    assert (trail.code, "TR-04" in {f["code"] for f in trail.json["findings"]}) == (5, True)

    killed_midway(archive)
    again = archive("abgleich", "--aufnehmen", "--als", "Frau Archiv")
    assert (again.code, again.json["verdict"], again.json["left"]) == (0, "ok", 0), again
    assert packages(archive) == 5
    for one in again.json["entered"]:
        assert {"akte", "aktenart", "aktenzeichen", "uuid", "band", "version", "documents", "pages"} <= one.keys()
        assert any("eingesehen" in lack for lack in one["not_recreated"])
    now = archive.rows()
    for table, rows in true.items():
        assert differing(now[table], rows) == [], table

    # Nothing is hidden: the rows that the restored trail lost are still missing, and the re-entry stands in it.
    trail = archive("protokoll", "pruefe")
    assert trail.code == 5
    assert {f["code"] for f in trail.json["findings"]} & {"TR-04", "TR-05"}
    with open_services(read_settings(daten=archive.daten)) as services:
        catalog, clerk = services.catalog, Actor("s17")
        # And the archive goes on: search, the whole package, every byte …
        (row,) = catalog.akte_by_aktenzeichen("63/2/20")
        (event,) = catalog.events_of(akte=row.uuid, verb="package.reentered")
        assert "Nicht wiederherstellbar" in event.note
        assert len(catalog.find("Statik Flurstück", volltext=True).hits) == 3
        (first,) = catalog.akte_by_aktenzeichen("63-1-20")
        newest = catalog.packages(first.uuid)[1].package
        root, _ = fetch_package(services, newest, tmp_path / "heraus", "Probe", clerk)
        assert check_bag(root).judgement is Judgement.VALID
        fixity = verify_all(services, clerk)
        assert (fixity.verdict, fixity.checked) == (Verdict.OK, 10)
    # … a Nachscan, and the delivery whose folder came back with the backup.
    later = a_delivery(tmp_path / "spaeter", aktenzeichen="63-2-20", seed="später", betreff="Noch ein Nachscan")
    (receipt,) = archive("annahme", later).json
    assert (receipt["state"], receipt["version"]) == ("archived", 2)
    assert {receipt["state"] for receipt in archive("annahme").json} <= {"archived"}
    assert not [path for path in (archive.daten / "arbeit").iterdir() if path.is_dir() and path.name[0] != "."]
    assert archive("abgleich").json == {"verdict": "ok", "findings": []}


def test_without_any_backup_a_new_catalog_is_begun_by_hand_and_holds_every_package(archive: Archive) -> None:
    true, count = archive.rows(), packages(archive)
    refused = archive("abgleich", "--aufnehmen", "--neuer-katalog")
    assert (refused.code, "beiseitelegen" in refused.json["text"]) == (7, True)
    for name in ("katalog", "archiv.json", "arbeit/.arbeitsordner.json"):
        (archive.daten / name).rename(archive.place / Path(name).name.replace("katalog", "verloren"))
    assert archive("abgleich", "--aufnehmen").code == 7
    ran = archive("abgleich", "--aufnehmen", "--neuer-katalog")
    assert (ran.code, ran.json["left"], len(ran.json["entered"])) == (0, 0, count), ran
    now = archive.rows()
    for table in ("dokumente", "vorgaenge", "packages", "pages", "scans", "recognised", "akte_references"):
        assert differing(now[table], true[table]) == [], table
    trail = archive("protokoll", "pruefe")
    assert (trail.code, {"TR-04", "TR-05"} & {f["code"] for f in trail.json["findings"]} != set()) == (5, True)
