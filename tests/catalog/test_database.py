"""The database is opened safely by many, refused when it is not ours, and survives being killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, exc

from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from catalog import engine as engines
from catalog.actor import Actor
from catalog.catalog import open_catalog
from catalog.engine import Database, parse_url, place_of, translated
from catalog.schema import HEAD, MIGRATIONS
from catalog.tables import metadata
from catalog.values import Resolution
from tests.catalog.build import AN_ERROR, CLERK, NOON, a_scan, archive, receive
from tests.conftest import ROOT
from tests.pgfixture import Postgres


def a_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'katalog' / 'archiv.sqlite'}"


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def differences(url: str) -> list[object]:
    open_catalog(url).close()
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _parents: (
                    kind != "table" or not str(name).startswith(("trail", "register_index", "text_index", "alembic"))
                ),
                "compare_type": False,
            },
        )
        found = compare_metadata(context, metadata)
    engine.dispose()
    return [each for each in found if "trail_notes" not in str(each)]


def test_tables_and_migrations_say_the_same_on_sqlite(tmp_path: Path) -> None:
    assert differences(a_url(tmp_path)) == []


def test_tables_and_migrations_say_the_same_on_postgresql(postgres: Postgres) -> None:
    assert differences(postgres.database()) == []


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql+psycopg://archiv:geheim@DB.stadt:5433/archiv?sslmode=require", "db.stadt:5433/archiv"),
        ("postgresql+psycopg://archiv:1#2/3?4[5@db/archiv", "db/archiv"),
        ("postgresql://archiv@[::1]:5432/archiv", "::1:5432/archiv"),
        ("postgresql+psycopg:///archiv?host=/run/postgresql", "/archiv"),
        ("sqlite:////srv/archiv.sqlite", "//srv/archiv.sqlite"),
    ],
)
def test_the_place_of_a_database_holds_nothing_of_a_password_whatever_stands_in_it(url: str, place: str) -> None:
    assert place_of(url) == place


@pytest.mark.parametrize("url", ["postgresql+psycopg://archiv@db:port/archiv", "db", "mysql://db/archiv"])
def test_an_address_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(Misconfigured):
        place_of(url)


def test_sqlite_is_set_for_safety(tmp_path: Path) -> None:
    with open_catalog(a_url(tmp_path)) as catalog, catalog._database.read() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert values == ["wal", 2, 1, 30_000, 1]


def test_many_processes_may_open_a_new_catalog_at_once(tmp_path: Path) -> None:
    code = f"from catalog.catalog import open_catalog; open_catalog({a_url(tmp_path)!r}).close()"
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]


def test_without_create_a_missing_catalog_is_misconfigured_and_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        open_catalog(a_url(tmp_path), create=False)
    assert not (tmp_path / "katalog").exists()
    open_catalog(a_url(tmp_path)).close()
    open_catalog(a_url(tmp_path), create=False).close()


def test_a_foreign_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE something (x)")
    with pytest.raises(Misconfigured):
        open_catalog(f"sqlite:///{file}")
    with sqlite3.connect(file) as raw:
        assert [row[0] for row in raw.execute("SELECT name FROM sqlite_master")] == ["something"]


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_other_databases_are_misconfigured(url: str) -> None:
    with pytest.raises(Misconfigured):
        open_catalog(url)


def test_what_a_bug_of_the_database_says_quotes_nothing_that_was_to_be_written(tmp_path: Path) -> None:
    """Its text goes to logs, to --json and to Prefect's database."""
    twin = a_scan("twin")
    with open_catalog(a_url(tmp_path)) as catalog, pytest.raises(exc.IntegrityError) as bug:
        receive(catalog, 1, scans=(replace(twin, name="Meier, Anna.tif"), twin))
    assert "Meier" not in str(bug.value)


def test_a_damaged_file_is_a_fixity_error(tmp_path: Path) -> None:
    file = tmp_path / "katalog" / "archiv.sqlite"
    with open_catalog(a_url(tmp_path)) as catalog:
        for n in range(1, 4):
            archive(catalog, n, number=f"63-{n:05}-2019")
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(FixityError), open_catalog(a_url(tmp_path)) as catalog:
        catalog.verify_trail()
    name = whole.replace(b"tableaktenakten", b"table\x98ktenakten")  # SQLite quotes it to us, and it is no text
    file.write_bytes(name.replace(b"CREATE TABLE akten", b"CREATE TABLX akten"))
    with pytest.raises(FixityError, match="beschädigt"):
        open_catalog(a_url(tmp_path))
    file.write_bytes(b"this is no database at all" * 400)
    with pytest.raises(FixityError):
        open_catalog(a_url(tmp_path))


def test_a_database_that_is_away_is_unavailable_and_a_wrong_name_is_misconfigured(
    tmp_path: Path, postgres: Postgres
) -> None:
    with pytest.raises(Unavailable):
        open_catalog(f"postgresql://archiv@/x?host={tmp_path}", busy_seconds=2)
    with pytest.raises(Misconfigured):
        open_catalog(postgres.url("no_such_database"))


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_no_catalog_begins_in_a_database_without_every_letter(postgres: Postgres, encoding: str) -> None:
    url = postgres.database(encoding=encoding)
    with pytest.raises(Misconfigured, match=encoding):
        open_catalog(url)


def test_the_letters_of_the_account_do_not_matter(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with open_catalog(postgres.database()) as catalog:
        archive(catalog, 1, {0: ["Łódź – „Straße“"]})
        assert catalog.find("Lodz", volltext=True).hits


@pytest.mark.parametrize(("state", "said"), [("25006", "x"), ("0A000", "cannot … during recovery")])
def test_a_database_that_lets_only_read_is_told_as_that_and_waited_for(state: str, said: str) -> None:
    origin = Exception(said)
    origin.sqlstate = state  # type: ignore[attr-defined]
    ours = translated(exc.NotSupportedError("SET LOCAL", {}, origin))
    assert isinstance(ours, Unavailable)
    assert "nur lesen" in ours.text


def test_a_database_that_lets_only_read_is_not_called_well(postgres: Postgres) -> None:
    with open_catalog(postgres.database()) as catalog:
        assert catalog.sound()
        event.listen(
            catalog._database.engine,
            "begin",
            lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"),
        )
        with pytest.raises(Unavailable, match="nur lesen"):
            catalog.sound()


def test_a_writer_that_fell_silent_does_not_keep_the_others_waiting(postgres: Postgres) -> None:
    """As a machine does that lost its network or was stopped: its connection stays, its turn does not."""
    url = postgres.database()
    with open_catalog(url, busy_seconds=0.1) as silent, open_catalog(url) as other:

        def fall_silent() -> None:
            with silent._database.write() as connection:
                receive(other, 1)  # waits for its turn
                connection.exec_driver_sql("SELECT 1")

        with pytest.raises(Unavailable):
            fall_silent()
        assert receive(silent, 2).version == 2


def test_a_server_that_says_nothing_any_more_is_asked_whether_it_lives(postgres: Postgres) -> None:
    with open_catalog(postgres.database()) as catalog, catalog._database.read() as connection:
        driver: Any = connection.connection.driver_connection
        used = driver.info.get_parameters()
    assert int(used["keepalives_idle"]) <= 60
    assert int(used["tcp_user_timeout"]) <= 120_000


def test_a_connection_lost_in_between_is_unavailable_once(postgres: Postgres) -> None:
    with open_catalog(postgres.database()) as catalog:
        receive(catalog, 1)
        with pytest.raises(Unavailable), catalog._database.write() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        assert receive(catalog, 2).version == 2


def test_a_file_with_a_damaged_page_in_its_middle_is_found_and_a_whole_one_is_sound(tmp_path: Path) -> None:
    with open_catalog(a_url(tmp_path)) as catalog:
        for number in range(20):
            archive(catalog, f"akte {number}", number=f"63-{number:05d}-2019")
        assert catalog.sound()
        assert not catalog.sound(seconds=-1), "given up is not the same as sound"
    path = tmp_path / "katalog" / "archiv.sqlite"
    data = bytearray(path.read_bytes())
    for page in range(4, len(data) // 4096):  # the head of nearly every page
        data[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    path.write_bytes(data)
    database = Database(parse_url(a_url(tmp_path)))
    with pytest.raises(FixityError, match="beschädigt"):
        database.sound(seconds=60)
    database.close()


def test_a_text_with_flipped_bits_is_a_fixity_error(tmp_path: Path) -> None:
    database = Database(parse_url(a_url(tmp_path)))
    (tmp_path / "katalog").mkdir()
    with pytest.raises(FixityError, match="beschädigt"), database.read() as connection:
        connection.exec_driver_sql("SELECT CAST(x'32ff36' AS TEXT)").scalars().all()
    database.close()


@pytest.mark.parametrize(("code", "kind"), sorted(engines._SQLITE.items()))
def test_every_error_of_sqlite_has_its_place(code: int, kind: type[ArchivError]) -> None:
    origin = sqlite3.OperationalError("x")
    origin.sqlite_errorcode = code | 0x300  # extended codes count as their primary one
    assert type(translated(exc.OperationalError("SELECT", {}, origin))) is kind


def test_a_file_that_cannot_be_opened_is_told_as_a_file(tmp_path: Path) -> None:
    """An address and a password are not what somebody has to look at who set nothing."""
    database = Database(parse_url(a_url(tmp_path)))
    with pytest.raises(Misconfigured, match=r"Datei des .*schreibgeschützten Datenträger"), database.read() as _:
        pass
    database.close()


@pytest.mark.parametrize(("state", "kind"), sorted(engines._POSTGRES.items()))
def test_every_error_of_postgresql_has_its_place(state: str, kind: type[ArchivError]) -> None:
    origin = Exception("x")
    origin.sqlstate = state.ljust(5, "0")  # type: ignore[attr-defined]
    assert type(translated(exc.OperationalError("SELECT", {}, origin))) is kind


def test_a_bug_is_not_dressed_up() -> None:
    origin = sqlite3.OperationalError("no such column: x")
    origin.sqlite_errorcode = sqlite3.SQLITE_ERROR
    assert translated(exc.OperationalError("SELECT", {}, origin)) is None
    assert translated(ValueError()) is None


WRITER = """
import sys
from catalog.catalog import open_catalog
from tests.catalog.build import archive
catalog = open_catalog(sys.argv[1])
for n in range(1, 10_000):
    number = f"63-{int(sys.argv[2]) * 10_000 + n:05}-2019"
    archive(catalog, f"{sys.argv[2]}-{n}", {0: ["Genehmigung " * 50]}, number=number)
    print(n, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_was_said_and_leaves_nothing_half(tmp_path: Path) -> None:
    said: dict[int, int] = {}
    for attempt in (1, 2, 3):
        command = [sys.executable, "-c", WRITER, a_url(tmp_path), str(attempt)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "1\n"
            time.sleep(0.2 + 0.13 * attempt)
            process.send_signal(signal.SIGKILL)
            said[attempt] = max([1, *(int(line) for line in process.stdout if line.strip())])
    with open_catalog(a_url(tmp_path)) as catalog:
        for attempt, last in said.items():
            for n in range(1, last + 1):
                assert catalog.find(f"63-{attempt * 10_000 + n:05}-2019").hits[0].akte.state == "archived"
        report = catalog.verify_trail()
        assert [finding.code for finding in report.findings] == ["TR-00"]
        assert catalog.index_lag() == 0
        # the next run starts where the killed ones were
        assert receive(catalog, "next", number="63-00001-2020").version == 1


def test_an_actor_has_a_name() -> None:
    assert str(Actor("m.schmitz")) == "m.schmitz"
    for name in ("", " ", "a\nb", "x" * 201):
        with pytest.raises(ValueError):
            Actor(name)


def test_closing_gives_the_file_back(tmp_path: Path) -> None:
    with open_catalog(a_url(tmp_path)) as catalog:
        receive(catalog, 1, now=NOON)
    assert [path.name for path in (tmp_path / "katalog").iterdir()] == ["archiv.sqlite"]
    Database(parse_url(a_url(tmp_path))).close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, 4874])  # IOERR_SHMSIZE: what a search meets on a full disk
def test_a_full_disk_is_called_full_and_not_away(code: int) -> None:
    origin = sqlite3.OperationalError("disk I/O error")
    origin.sqlite_errorcode = code
    ours = translated(exc.OperationalError("SELECT 1", None, origin))
    assert isinstance(ours, Unavailable)
    assert "Der Datenträger ist voll" in ours.text


def test_another_fault_of_the_disk_is_not_called_full() -> None:
    origin = sqlite3.OperationalError("disk I/O error")
    origin.sqlite_errorcode = sqlite3.SQLITE_IOERR
    ours = translated(exc.OperationalError("SELECT 1", None, origin))
    assert isinstance(ours, Unavailable)
    assert "voll" not in ours.text


def test_an_acceptance_from_before_holds_for_what_was_registered_when_the_program_was_renewed(tmp_path: Path) -> None:
    with open_catalog(a_url(tmp_path)) as catalog:
        row = receive(catalog, 1)
        case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
        catalog.resolve(case.number, Resolution.ACCEPT, "fehlte bereits", by=CLERK, now=NOON)
        with catalog._database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE clearing DROP COLUMN content")
            connection.exec_driver_sql("ALTER TABLE copies DROP COLUMN set_aside")
            connection.exec_driver_sql("DROP INDEX ix_deliveries_aktenzeichen")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    with open_catalog(a_url(tmp_path)) as catalog:
        assert catalog.accepted(row.uuid) == {"IN-07"}
        receive(catalog, 1, scans=[a_scan("another")])
        assert catalog.accepted(row.uuid) == frozenset()
        assert catalog.lapsed(row.uuid) == {"IN-07": case.number}


def test_a_folder_with_a_question_mark_in_its_name_holds_its_catalog_itself(tmp_path: Path) -> None:
    """A file beside it, named by what stands before the mark, was the catalog, of every such folder the same one."""
    folder = tmp_path / "wohin? #2 50% @x:y"
    open_catalog(f"sqlite:///{folder / 'archiv.sqlite'}").close()
    assert (folder / "archiv.sqlite").is_file()
    assert list(tmp_path.iterdir()) == [folder]
