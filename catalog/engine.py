"""Connections and transactions on SQLite and PostgreSQL, and the table of foreign errors.

SQLite: WAL, synchronous=FULL, writers begin IMMEDIATE. PostgreSQL: writers take one advisory lock first, so that on
both there is one writer at a time and the trail can neither fork nor have gaps.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url

from akten.diskwords import DISK_FULL
from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from catalog.tables import metadata, trail_metadata

ADVISORY_LOCK = 0x414B54454E  # "AKTEN"; one writer per PostgreSQL database

# Primary result codes of SQLite (sqlite.org/rescode.html) by who must act.
_SQLITE: dict[int, type[ArchivError]] = {
    3: Misconfigured,  # PERM
    5: Unavailable,  # BUSY
    6: Unavailable,  # LOCKED
    7: Unavailable,  # NOMEM
    8: Misconfigured,  # READONLY
    10: Unavailable,  # IOERR
    11: FixityError,  # CORRUPT
    13: Unavailable,  # FULL
    14: Misconfigured,  # CANTOPEN
    15: Unavailable,  # PROTOCOL
    23: Misconfigured,  # AUTH
    26: FixityError,  # NOTADB
}
# Result codes that say there is no room: FULL, and IOERR_SHMSIZE, by which even a reader fails on a full disk, because
# the index of the log beside the file cannot grow. PostgreSQL: disk_full.
_FULL = frozenset({13, 4874, "53100"})
_NO_TEXT = "Could not decode to UTF-8"  # said by the driver, without a code: we never wrote such bytes
_DISK_FULL = f"Katalog: {DISK_FULL}"
# SQLSTATE classes and codes of PostgreSQL (appendix A of its manual); the longest match decides.
_POSTGRES: dict[str, type[ArchivError]] = {
    "08": Unavailable,
    "22P05": Misconfigured,
    "25006": Unavailable,
    "25P03": Unavailable,
    "28": Misconfigured,
    "3D": Misconfigured,
    "3F": Misconfigured,
    "40": Unavailable,
    "42501": Misconfigured,
    "53": Unavailable,
    "55P03": Unavailable,
    "55006": Unavailable,
    "57": Unavailable,
    "58": Unavailable,
    "XX001": FixityError,
    "XX002": FixityError,
}
_FILE = "sqlite:///"
# What a server that does not let us in says, in the two languages it may be set to: before a login there are no codes.
_REFUSED = re.compile(
    r"does not exist|authentication failed|no password|permission denied|not permitted to log in|pg_hba\.conf"
    r"|invalid (?:connection option|\"?\w+\"? value|integer value)|unrecognized configuration parameter"
    r"|(?:definition of service|service file) .* not found|authentication method requirement|GSSAPI encryption required"
    r"|existiert nicht|uthentifizierung .*fehlgeschlagen|keine Berechtigung|Konfigurationsparameter"
)
# The same of the encryption that an address asks for: what the server does not offer it will not offer a minute later.
_UNSAFE = re.compile(
    r"certificate verify failed|does not match host name|root certificate file .* does not exist|private key file"
    r"|could not (?:read|load) .*certificate|SSL was required|channel binding required"
    r"|alert (?:unknown ca|certificate required)|client certificate|Client-Zertifikat"
)
# A second server that follows the first has a code for what is written there, and none of its own for the beginning.
_FOLLOWING = re.compile(r"recovery|Wiederherstellung")
_ONLY_READ = (
    "Die Datenbank des Katalogs nimmt zurzeit nichts an, sie lässt nur lesen: entweder antwortet ein Zweitserver "
    "(ARCHIV_DATABASE prüfen), oder sie ist schreibgeschützt. Nimmt sie wieder an, setzt derselbe Befehl fort."
)
# The first table of ours that our account may not add to.
_SHUT = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace "
    "AND relname = ANY(:ours) AND NOT has_table_privilege(oid, 'INSERT') ORDER BY relname LIMIT 1"
)
_NO_TLS = (
    "Die verschlüsselte Verbindung zur Datenbank des Katalogs kommt nicht zustande. In ARCHIV_DATABASE sslmode, "
    "sslrootcert, sslcert und sslkey mit ihren Dateien prüfen, am Server sein Zertifikat, und ob er TLS anbietet."
)
_NO_WRITER = (
    "Das Konto, mit dem der Katalog geöffnet wird, darf dort nur lesen (Tabelle {table}): es muss eintragen und ändern "
    "dürfen, am besten gehört ihm die Datenbank. ARCHIV_DATABASE oder die Rechte ändern."
)
_NO_FILE = (
    "Die Datei des Katalogs lässt sich nicht öffnen oder nicht beschreiben. Prüfen, ob ihr Ordner da ist, auf "
    "keinem schreibgeschützten Datenträger liegt und, wie auch was daneben auf -wal und -shm endet, dem Konto gehört "
    "und ihm Schreiben erlaubt; archiv doctor zeigt mehr."
)
_TEXTS: dict[type[ArchivError], str] = {
    Unavailable: "Der Katalog ist gerade nicht erreichbar oder von anderen belegt; später noch einmal versuchen.",
    Misconfigured: "Die Datenbank des Katalogs lässt sich mit diesen Einstellungen nicht öffnen; ARCHIV_DATABASE, "
    "Zugangsdaten und Rechte prüfen.",
    FixityError: "Die Datenbank des Katalogs ist beschädigt. Nicht weiterarbeiten, Sicherung einspielen.",
}


def translated(error: BaseException) -> ArchivError | None:
    """Our error for a foreign one, or None when it is a bug and must travel up as it is."""
    if isinstance(error, exc.TimeoutError):
        return Unavailable(_TEXTS[Unavailable])
    if not isinstance(error, exc.DBAPIError):
        return None
    origin: Any = error.orig
    kind: type[ArchivError] | None = None
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", None)
        if code in _FULL:
            return Unavailable(_DISK_FULL)
        kind = _SQLITE.get(code & 0xFF) if isinstance(code, int) else None
        if kind is Misconfigured:
            return Misconfigured(_NO_FILE)
        if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER or str(origin).startswith(_NO_TEXT):
            kind = FixityError
    elif origin is not None:
        state = getattr(origin, "sqlstate", None)
        kind = next((_POSTGRES[state[:n]] for n in (5, 2) if state and state[:n] in _POSTGRES), None)
        if state in _FULL:
            return Unavailable(_DISK_FULL)
        if state == "25006" or (state == "0A000" and _FOLLOWING.search(str(origin))):
            return Unavailable(_ONLY_READ)
        if state == "AK001":
            kind = FixityError
        if kind is None and state is None and isinstance(error, (exc.OperationalError, exc.InterfaceError)):
            if _UNSAFE.search(str(origin)):
                return Misconfigured(_NO_TLS)
            kind = Misconfigured if _REFUSED.search(str(origin)) else Unavailable
        if kind is None and state is None and str(origin).startswith("invalid connection option"):
            kind = Misconfigured
    if kind is None:
        return None
    if kind is FixityError and "trail:" in str(origin):
        return FixityError(
            "Das Protokoll nimmt nur Anhänge in fortlaufender Kette an; diese Änderung wurde verweigert."
        )
    return kind(_TEXTS[kind])


@contextmanager
def translating() -> Iterator[None]:
    """Lets no error of the database libraries out that has a place in our tree."""
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError) as error:
        ours = translated(error)
        if ours is None:
            raise
        raise ours from error
    except UnicodeDecodeError as error:  # SQLite names what is damaged in its own words, and then those are no text
        raise FixityError(_TEXTS[FixityError]) from error


@contextmanager
def translating_raw(connection: Connection) -> Iterator[None]:
    """The same for a cursor of the driver itself, whose errors the library has not wrapped."""
    driver: Any = connection.dialect.dbapi
    try:
        yield
    except driver.Error as error:
        ours = translated(exc.DBAPIError(None, None, error))
        if ours is None:
            raise
        raise ours from error


def parse_url(url: str) -> URL:
    """The address with our driver named. Raises Misconfigured for anything but SQLite files and PostgreSQL.

    Of a SQLite file all that follows is its path: a folder may have a question mark in its name, and what it parts in
    other addresses would make a file beside that folder the catalog.
    """
    if url.startswith(_FILE) and (path := url.removeprefix(_FILE)) not in ("", ":memory:"):
        return URL.create("sqlite", database=path)
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise Misconfigured("Die Adresse der Datenbank (ARCHIV_DATABASE) ist keine.") from error
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite")
    raise Misconfigured("Der Katalog liegt in einer SQLite-Datei oder in PostgreSQL (sqlite:///PFAD, postgresql://…).")


def place_of(url: str) -> str:
    """Where a database is, without names and passwords: host, port and database. Raises Misconfigured as `parse_url`.

    Taken apart by the library that will open it: a password may hold what ends the host in any other address (# / ? [).
    """
    parsed = parse_url(url)
    port = f":{parsed.port}" if parsed.port else ""
    name = f"/{parsed.database}" if parsed.database else ""
    return f"{(parsed.host or '').lower()}{port}{name}"


# A server that lost its power says nothing any more; the system would wait two hours before it asks.
_ALIVE = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4, "tcp_user_timeout": 120_000}
# So many times the patience of those who wait, a writer may be silent; then PostgreSQL gives its turn to the others. A
# machine that was cut off in the middle, or stopped, would keep all others from writing for hours.
_SILENT = 10
_KEPT = 8  # connections that stay open


def make_engine(url: URL, *, busy_seconds: float = 30.0) -> Engine:
    """An engine whose transactions begin as we say; nothing is opened yet.

    Its errors do not quote what was to be written: the text of a bug goes to logs and to Prefect's database, where
    names, case numbers and page texts have no place.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, pool_size=_KEPT, max_overflow=32, pool_timeout=busy_seconds, hide_parameters=True)
        event.listen(engine, "connect", lambda raw, _record: _prepare_sqlite(raw, busy_seconds))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=_KEPT,
        max_overflow=32,
        pool_timeout=busy_seconds,
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": max(2, int(busy_seconds)),
            "application_name": "aktenarchiv",
            "client_encoding": "utf8",  # else that of the database or of the account's environment
            **_ALIVE,
        },
    )


def _prepare_sqlite(raw: Any, busy_seconds: float) -> None:
    raw.isolation_level = None
    cursor = raw.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
    # WAL is a property of the file: asking first spares the exclusive lock that setting it takes.
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute("PRAGMA cache_size = -32768")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("catalog_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """One open database: short read transactions, and write transactions one after the other."""

    def __init__(self, url: URL, *, busy_seconds: float = 30.0) -> None:
        self.url = url
        self.busy_seconds = busy_seconds
        self.engine = make_engine(url, busy_seconds=busy_seconds)
        self.sqlite = self.engine.dialect.name == "sqlite"
        # The busy handler of SQLite is not fair; among our own threads this queue is.
        self._turn = threading.Lock()

    def describe(self) -> str:
        """Kind and version of the database: "SQLite 3.40.1"."""
        with self.read() as connection:
            question = "SELECT sqlite_version()" if self.sqlite else "SHOW server_version"
            version = str(connection.exec_driver_sql(question).scalar_one()).split()[0]
        return f"{'SQLite' if self.sqlite else 'PostgreSQL'} {version}"

    def sound(self, *, seconds: float) -> bool:
        """Reads all pages of a SQLite file as SQLite itself does; False when that took longer and was given up.

        PostgreSQL watches over its own pages. Raises FixityError when the file is damaged, Unavailable when the
        database lets only read, and Misconfigured when it lets our account only read: then it is whole, and no catalog
        for an archive that goes on.
        """
        if not self.sqlite:
            with self.write() as connection:
                if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on":
                    raise Unavailable(_ONLY_READ)
                ours = [*metadata.tables, *trail_metadata.tables]  # others may stand beside them, as those of PostGIS
                if table := connection.execute(text(_SHUT), {"ours": ours}).scalar():
                    raise Misconfigured(_NO_WRITER.format(table=table))
            return True
        end = time.monotonic() + seconds
        with translating(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: time.monotonic() > end, 1000)
            try:
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
            except exc.OperationalError as error:
                if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                    return False
                raise
            finally:
                driver.set_progress_handler(None, 0)
        if found != ["ok"]:
            raise FixityError(_TEXTS[FixityError])
        return True

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of everything committed so far."""
        with translating(), self.engine.connect() as connection:
            if not self.sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The only writer for as long as the block lasts; commits at its end, undoes everything on any error."""
        if not self._turn.acquire(timeout=self.busy_seconds):
            raise Unavailable(_TEXTS[Unavailable])
        try:
            with translating(), self.engine.connect() as connection:
                connection = connection.execution_options(catalog_write=True)
                with connection.begin():
                    if not self.sqlite:
                        patience = int(self.busy_seconds * 1000)
                        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience}")
                        silent = f"SET LOCAL idle_in_transaction_session_timeout = {patience * _SILENT}"
                        connection.exec_driver_sql(silent)
                        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
                    yield connection
        finally:
            self._turn.release()

    def close(self) -> None:
        """Gives all connections back; the last one out of SQLite folds the WAL into the file."""
        self.engine.dispose()
