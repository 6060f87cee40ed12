"""The table of the versions of the Fristenkatalog: proposed, released by a second person, or refused."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, String, Table, Text

from catalog.tables import KEY, SORTED, Instant, metadata

rulebooks = Table(
    "rulebooks",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("valid_from", Date),
    Column("digest", String(64), nullable=False),  # SHA-256 of the text
    Column("text", Text, nullable=False),  # the YAML as it was handed in; never changed
    Column("state", SORTED, nullable=False),
    Column("instead_of", String(64), nullable=False),  # the digest that was in force when this one was compared
    Column("reason", Text, nullable=False),
    Column("salt", String(64), nullable=False),
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("decided_reason", Text, nullable=False, server_default=""),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decided_kind", Text, nullable=False, server_default=""),
    Column("decided_at", Instant),
    Index(None, "state", "nr"),
    sqlite_autoincrement=True,
)
