"""Brings a database to the schema of this program, and refuses one that it does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select

from akten.errors import Misconfigured
from catalog.engine import Database, parse_url
from catalog.tables import trail

GONE = (
    "Der Katalog dieses Archivs fehlt oder ist leer ({where}), obwohl hier schon einer war; es wird kein neuer "
    "angelegt. Bitte nichts weiter tun, was schreibt, und den Katalog aus der Sicherung zurückholen: "
    "docs/operations.md, Abschnitt „Recovery“."
)
HEAD = "0007"  # a test holds it against the newest migration; Alembic is imported only when there is work for it
MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def ensure_schema(database: Database, *, create: bool, expected: bool = False) -> None:
    """The schema is HEAD afterwards. Two processes may do this at once: the second waits and finds it done.

    Raises Misconfigured for a database that is newer, foreign, or (without `create`) missing or older, and, where a
    catalog is `expected`, for one that is missing or empty.
    """
    file = database.file
    # Asked before SQLite looks: it would throw away the log beside an empty file, and with it what can be saved.
    if expected and file is not None and (not file.is_file() or file.stat().st_size == 0):
        raise Misconfigured(GONE.format(where=file.name))
    if file is not None and not file.exists():
        if not create:
            raise Misconfigured("Den Katalog gibt es noch nicht; er entsteht bei der ersten Annahme.")
        file.parent.mkdir(parents=True, exist_ok=True)
    with database.read() as connection:
        version = _version(connection)
        if version == HEAD:
            return
        _require_ours(connection, version)
        if expected and version is None:
            raise Misconfigured(GONE.format(where=database.url.database))
        if version is None:
            _require_all_letters(connection)
    if not create:
        raise Misconfigured("Der Katalog hat noch nicht das Schema dieses Programms; einmal schreibend öffnen.")
    with database.write() as connection:
        if _version(connection) != HEAD:
            _migrate(connection)


def has_begun(url: str) -> bool:
    """Whether the trail of this database has a row: an archive is there. Nothing is made by asking.

    Raises Misconfigured and Unavailable for a database that cannot be asked.
    """
    database = Database(parse_url(url))
    try:
        with database.read() as connection:
            there = inspect(connection).has_table(trail.name)
            return there and connection.execute(select(trail.c.seq).limit(1)).first() is not None
    finally:
        database.close()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _require_ours(connection: Connection, version: str | None) -> None:
    if version is None:
        if set(inspect(connection).get_table_names()) - {"alembic_version"}:
            raise Misconfigured(
                "Diese Datenbank enthält etwas anderes als unseren Katalog; eine eigene, leere Datenbank nehmen."
            )
        return
    known = {file.name[1:5] for file in (MIGRATIONS / "versions").glob("r[0-9]*.py")}
    if version not in known:
        raise Misconfigured(
            f"Der Katalog hat das Schema „{version}“, das dieses Programm nicht kennt; ein neueres Programm nehmen."
        )


def _require_all_letters(connection: Connection) -> None:
    """Raises Misconfigured where a new catalog would be made in a database that has not every letter."""
    if connection.dialect.name == "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    encoding = driver.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Misconfigured(
            f"Die Datenbank ist mit dem Zeichensatz {encoding} angelegt; darin haben nicht alle Namen und Texte Platz. "
            "Eine Datenbank mit UTF8 nehmen (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)."
        )


def _migrate(connection: Connection) -> None:
    """Runs Alembic inside the open write transaction: all migrations happen, or none."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
