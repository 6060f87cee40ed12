"""Makes the search index of an Akte anew from what the catalog holds, and finds Akten whose index lags behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, func, select, text, update

from catalog import index
from catalog.change import Change
from catalog.codec import akte_from_json
from catalog.engine import Database
from catalog.passages import FORMAT, Heading, Kind, Passage, register_passages, text_passages, titles
from catalog.tables import akten, dokumente, pages, passages, vorgaenge
from catalog.trail import Verb

_AT_ONCE = 50
_SECONDS = 2.0  # after which others get their turn: Akten of a thousand pages take a second each, and more


def _heading(connection: Connection, akte_nr: int) -> tuple[Heading, list[str], object]:
    """The cover of an Akte, the titles of its newest plan, and its UUID."""
    row = connection.execute(select(akten).where(akten.c.nr == akte_nr)).one()
    if row.snapshot is None:
        return Heading(row.aktenzeichen, row.schreibweise, row.betreff), [], row.uuid
    akte = akte_from_json(row.snapshot)
    return Heading.of(akte), titles(akte), row.uuid


def register_of(connection: Connection, akte_nr: int) -> tuple[Passage, ...]:
    """The register passages of an Akte over all its versions."""
    heading, texts, uuid = _heading(connection, akte_nr)
    for table in (vorgaenge, dokumente):
        query = select(table.c.betreff).where(table.c.akte == uuid).order_by(table.c.version, table.c.position)
        texts += connection.execute(query).scalars()
    zeichen = select(vorgaenge.c.zeichen).where(vorgaenge.c.akte == uuid).order_by(vorgaenge.c.position)
    return register_passages(heading, [*texts, *connection.execute(zeichen).scalars()])


def reindex_akte(connection: Connection, akte_nr: int) -> None:
    """Throws the passages of an Akte away and makes them anew from register and page texts."""
    heading, _, uuid = _heading(connection, akte_nr)
    index.remove(connection, akte_nr)
    index.add(connection, akte_nr, register_of(connection, akte_nr))
    joined = dokumente.join(
        vorgaenge, (vorgaenge.c.akte == dokumente.c.akte) & (vorgaenge.c.uuid == dokumente.c.vorgang), isouter=True
    )
    query = (
        select(dokumente.c.uuid, dokumente.c.betreff, vorgaenge.c.betreff.label("vorgang"))
        .select_from(joined)
        .where(dokumente.c.akte == uuid)
        .order_by(dokumente.c.version, dokumente.c.position, dokumente.c.uuid)
    )
    for dokument in connection.execute(query).all():
        texts = select(pages.c.page, pages.c.text).where(pages.c.dokument == dokument.uuid).order_by(pages.c.page)
        own = [(row.page, row.text) for row in connection.execute(texts)]
        if own:
            above = (dokument.vorgang or "", dokument.betreff)
            index.add(connection, akte_nr, text_passages(heading, above, dokument.uuid, own))
    connection.execute(update(akten).where(akten.c.nr == akte_nr).values(index_format=FORMAT))


def lagging(connection: Connection, limit: int, after: int = 0) -> list[int]:
    """Numbers of Akten (behind `after`) that were indexed in an older format or never, though there is a plan."""
    query = (
        select(akten.c.nr)
        .where(akten.c.index_format != FORMAT, akten.c.snapshot.is_not(None), akten.c.nr > after)
        .order_by(akten.c.nr)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _lagging_akten(connection: Connection) -> int:
    old = select(func.count()).select_from(akten).where(akten.c.index_format != FORMAT, akten.c.snapshot.is_not(None))
    return int(connection.execute(old).scalar_one())


def lag(connection: Connection) -> int:
    """How many Akten or passages the index lacks or has too many: 0 means that it fits the catalog."""
    missing = _lagging_akten(connection)
    unregistered = (
        select(func.count())
        .select_from(akten)
        .where(
            akten.c.index_format == FORMAT,
            ~select(passages.c.nr)
            .where(passages.c.akte_nr == akten.c.nr, passages.c.kind == Kind.REGISTER.value)
            .exists(),
        )
    )
    missing += connection.execute(unregistered).scalar_one()
    unread = select(func.count()).select_from(
        select(pages.c.dokument)
        .where(
            ~select(passages.c.nr)
            .where(passages.c.akte_nr == pages.c.akte_nr, passages.c.dokument == pages.c.dokument)
            .exists()
        )
        .distinct()
        .subquery()
    )
    missing += connection.execute(unread).scalar_one()
    for kind, table in index.TABLE.items():
        # The content table of FTS5 counts its rows without reading the index.
        rows = f"{table}_content" if connection.dialect.name == "sqlite" else table
        there = connection.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one()  # noqa: S608
        wanted = select(func.count()).select_from(passages).where(passages.c.kind == kind.value)
        missing += abs(connection.execute(wanted).scalar_one() - there)
    return missing


def clear(connection: Connection) -> None:
    """Marks every Akte as not indexed, and drops what belongs to none; `lagging` then gives one after the other."""
    index.sweep(connection)
    connection.execute(update(akten).values(index_format=0))


def rebuild(
    database: Database,
    change: Callable[[], AbstractContextManager[Change]],
    *,
    everything: bool,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> int:
    """Indexes lagging Akten, a few in each transaction, so that others may work meanwhile; `told` is how far it is."""
    if everything:
        with change() as first:
            clear(first.connection)
    with database.read() as connection:
        total = _lagging_akten(connection)
    count, after = 0, 0
    while True:
        with database.read() as connection:
            numbers = lagging(connection, _AT_ONCE, after)
        if not numbers:
            break
        with change() as own:
            give_way = time.monotonic() + _SECONDS
            for after in numbers:
                reindex_akte(own.connection, after)
                count += 1
                if time.monotonic() >= give_way:
                    break
        told(count, total)
    if count:
        with change() as last:
            last.event(Verb.INDEX_REBUILT, akten=count, everything=everything)
    return count
