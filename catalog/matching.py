"""What a person asks for in the language of each database: FTS5 on SQLite, tsquery on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, cast, column, func, literal, table, text
from sqlalchemy.dialects.postgresql import TSQUERY

from catalog.fold import stem
from catalog.index import STEM_MARK, TABLE
from catalog.passages import Kind
from catalog.query import Term

_FAR = 4  # times as many: an estimate that is off by half decides nothing


def fts5(terms: Sequence[Term]) -> str:
    """The terms in the language of FTS5; our words are letters and digits, so that nothing can leave the quotes."""
    parts = []
    for term in terms:
        if term.stemmed:
            parts.append(f'stems : "{stem(term.words[0])}"')
        else:
            parts.append(f'words : "{" ".join(term.words)}"' + (" *" if term.prefix else ""))
    return " AND ".join(parts)


def tsquery(terms: Sequence[Term]) -> str:
    """The terms in the language of PostgreSQL."""
    parts = []
    for term in terms:
        if term.stemmed:
            parts.append(f"'{STEM_MARK}{stem(term.words[0])}'")
        else:
            quoted = [f"'{word}'" for word in term.words]
            parts.append("(" + " <-> ".join(quoted) + (":*" if term.prefix else "") + ")")
    return " & ".join(parts)


def matching(connection: Connection, kind: Kind, terms: Sequence[Term]) -> tuple[Any, Any, Any, Any]:
    """The search table, its number column, the condition, and the rank (best smallest)."""
    name = TABLE[kind]
    if connection.dialect.name == "sqlite":
        own = table(name, column("rowid"), column("rank"))
        condition = text(f"{name} MATCH :terms").bindparams(bindparam("terms", fts5(terms)))
        return own, own.c.rowid, condition, own.c.rank
    own = table(name, column("nr"), column("vector"))
    asked = cast(literal(tsquery(terms)), TSQUERY)
    return own, own.c.nr, own.c.vector.op("@@")(asked), -func.ts_rank(own.c.vector, asked)


def surely_many(connection: Connection, kind: Kind, terms: Sequence[Term], number: int) -> bool:
    """True when PostgreSQL knows from its statistics that far more than `number` passages match; False says nothing.

    To count them it would have to unpack every vector it looks at; FTS5 counts by its index alone.
    """
    if connection.dialect.name == "sqlite":
        return False
    asked = f"EXPLAIN (FORMAT JSON) SELECT nr FROM {TABLE[kind]} WHERE vector @@ CAST(:terms AS tsquery)"  # noqa: S608
    plan = connection.execute(text(asked), {"terms": tsquery(terms)}).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"]) > _FAR * number
