"""Writes passages into the search tables: FTS5 on SQLite, tsvector with GIN on PostgreSQL, behind the same functions.

Both get our own folded words and their stems, one for one, so that both find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, text

from catalog.fold import stem
from catalog.passages import GAP, Kind, Passage
from catalog.tables import passages

TABLE = {Kind.REGISTER: "register_index", Kind.TEXT: "text_index"}
STEM_MARK = "~"  # in a tsvector stems and words share one space; words are letters and digits only


def add(connection: Connection, akte_nr: int, made: Sequence[Passage]) -> None:
    """Adds passages of one Akte; they are the newest now."""
    last = connection.execute(select(func.coalesce(func.max(passages.c.nr), 0))).scalar_one()
    rows = [
        {
            "nr": number,
            "kind": passage.kind.value,
            "akte_nr": akte_nr,
            "dokument": passage.dokument,
            "page_from": passage.page_from,
            "page_to": passage.page_to,
        }
        for number, passage in enumerate(made, last + 1)
    ]
    if not rows:
        return
    connection.execute(insert(passages), rows)
    for kind, table in TABLE.items():
        own = [(number, passage.words) for number, passage in enumerate(made, last + 1) if passage.kind is kind]
        if not own:
            continue
        if connection.dialect.name == "sqlite":
            connection.execute(
                text(f"INSERT INTO {table} (rowid, words, stems) VALUES (:nr, :words, :stems)"),  # noqa: S608
                [{"nr": nr, "words": " ".join(words), "stems": " ".join(_stems(words))} for nr, words in own],
            )
        else:
            connection.execute(
                text(f"INSERT INTO {table} (nr, vector) VALUES (:nr, CAST(:vector AS tsvector))"),  # noqa: S608
                [{"nr": nr, "vector": vector(words)} for nr, words in own],
            )


def remove(connection: Connection, akte_nr: int, kind: Kind | None = None, dokumente: Sequence[UUID] = ()) -> None:
    """Takes the passages of an Akte out of the index: all, of one kind, or of some Dokumente."""
    chosen = select(passages.c.nr, passages.c.kind).where(passages.c.akte_nr == akte_nr)
    if kind is not None:
        chosen = chosen.where(passages.c.kind == kind.value)
    if dokumente:
        chosen = chosen.where(passages.c.dokument.in_(dokumente))
    rows = connection.execute(chosen).all()
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        for each, table in TABLE.items():
            if own := [{"nr": row.nr} for row in rows if row.kind == each.value]:
                connection.execute(text(f"DELETE FROM {table} WHERE rowid = :nr"), own)  # noqa: S608
    # On PostgreSQL the rows of the index go with their passages.
    numbers = [row.nr for row in rows]
    for start in range(0, len(numbers), 500):
        connection.execute(delete(passages).where(passages.c.nr.in_(numbers[start : start + 500])))


def sweep(connection: Connection) -> None:
    """Takes rows out of the search tables that belong to no passage: a crash of another program may leave some."""
    for kind, table in TABLE.items():
        sqlite = connection.dialect.name == "sqlite"
        rows, number = (f"{table}_content", "id") if sqlite else (table, "nr")
        own = "rowid" if sqlite else "nr"
        connection.execute(
            text(
                f"DELETE FROM {table} WHERE {own} IN (SELECT r.{number} FROM {rows} r WHERE NOT EXISTS "  # noqa: S608
                f"(SELECT 1 FROM passages p WHERE p.nr = r.{number} AND p.kind = :kind))"
            ),
            {"kind": kind.value},
        )


def _stems(words: Sequence[str]) -> list[str]:
    return [word if word == GAP else stem(word) for word in words]


def vector(words: Sequence[str]) -> str:
    """The text of a tsvector with every word and its stem at their positions."""
    places: dict[str, list[int]] = {}
    for position, word in enumerate(words, 1):
        if word != GAP:
            places.setdefault(word, []).append(position)
            places.setdefault(STEM_MARK + stem(word), []).append(position)
    # Words are letters and digits of any script: nothing in them can end the quotes.
    return " ".join(f"'{word}':{','.join(map(str, at))}" for word, at in places.items())
