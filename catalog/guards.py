"""Whether the guards of the trail are those that were set up: by what they do and not by their names (TR-06).

A trigger that was dropped and made again under its name, and now lets everything pass, looks like a guard in a list of
names. The same goes for the columns by which the trail is looked up: one that does not follow the body any more hides
rows from whoever asks for an Akte, though the chain is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from akten.findings import Finding, Severity

_BEFORE_ROW = 3  # bits of pg_trigger.tgtype (catalog/pg_trigger.h): ROW 1, BEFORE 2, INSERT 4, DELETE 8, UPDATE 16
_KINDS = {"trail_insert": 7, "trail_update": 18, "trail_delete": 10, "trail_truncate": 34}
_DERIVED = {"akte": "akte", "delivery": "delivery", "by_name": "by", "verb": "verb", "at": "at"}


def faults(connection: Connection) -> Iterator[Finding]:
    """One finding for each guard that is missing or another one, and for whatever stands in its way."""
    for name in sorted(set(_sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection))):
        text = "Ein Schutz des Protokolls gegen Ändern und Löschen fehlt oder ist nicht mehr der, der eingerichtet war."
        yield Finding("TR-06", Severity.ERROR, name, text)


def _plain(statement: str) -> str:
    return re.sub(r"\s+", " ", statement).strip()


def _sqlite(connection: Connection) -> Iterator[str]:
    from catalog.migrations.versions.r0002_trail_and_search import SQLITE  # with Alembic, which is long to import

    made = {match[1]: text for text in map(_plain, SQLITE) if (match := re.match(r"CREATE T\w+ (trail\w*) ", text))}
    query = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'trail' AND type IN ('trigger', 'table')"
    there = {str(name): _plain(sql) for name, sql in connection.exec_driver_sql(query)}
    yield from (name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def _functions() -> Mapping[str, str]:
    from catalog.migrations.versions.r0002_trail_and_search import POSTGRES

    found = (re.match(r"\s*CREATE FUNCTION (\w+).*?\$\$(.*)\$\$", text, re.DOTALL) for text in POSTGRES)
    return {match[1]: _plain(match[2]) for match in found if match}


def _postgresql(connection: Connection) -> Iterator[str]:
    bodies = _functions()
    wanted = {name: bodies[name if name == "trail_insert" else "trail_refuse"] for name in _KINDS}
    query = (
        "SELECT t.tgname, t.tgtype, t.tgqual IS NULL AND cast(t.tgattr AS text) = '' AND t.tgenabled IN ('O', 'A'), "
        "p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE t.tgrelid = 'trail'::regclass AND NOT t.tgisinternal"
    )
    there = {str(name): rest for name, *rest in connection.exec_driver_sql(query)}
    for name, body in wanted.items():
        kind, always, source = there.pop(name, (0, False, ""))
        if not always or kind != _KINDS[name] or _plain(source) != body:
            yield name
    # Replication follows rows after they were written; what comes before may keep one out.
    yield from (name for name, (kind, *_) in there.items() if kind & _BEFORE_ROW == _BEFORE_ROW)
    rules = "SELECT rulename FROM pg_rewrite WHERE ev_class = 'trail'::regclass"
    yield from map(str, connection.exec_driver_sql(rules).scalars())
    columns = (
        "SELECT a.attname, coalesce(pg_get_expr(d.adbin, d.adrelid), '') FROM pg_attribute a "
        "JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
        "WHERE a.attrelid = 'trail'::regclass AND a.attgenerated = 's'"
    )
    derived = {str(name): str(how) for name, how in connection.exec_driver_sql(columns)}
    for name, key in _DERIVED.items():
        if not re.fullmatch(rf"\(*body\)*::jsonb\)* ->> '{key}'(?:::text)?\)*", derived.get(name, "")):
            yield f"trail.{name}"
