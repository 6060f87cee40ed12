"""Somebody who owns the database works behind the back of the catalog."""

from __future__ import annotations

from sqlalchemy import create_engine, text

from catalog.engine import parse_url


def meddle(url: str, *statements: str) -> None:
    """Somebody who owns the database works behind our back."""
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def unguarded(url: str) -> list[str]:
    if url.startswith("sqlite"):
        return [f"DROP TRIGGER trail_{name}" for name in ("insert", "update", "delete")]
    return ["ALTER TABLE trail DISABLE TRIGGER ALL"]


def guarded(url: str) -> list[str]:
    return [] if url.startswith("sqlite") else ["ALTER TABLE trail ENABLE TRIGGER ALL"]
