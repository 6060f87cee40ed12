"""The tables of what decides a period: events, facts, classes, the archive's word, persons and parcels, holds."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, String, Table, Text, UniqueConstraint, Uuid, text

from catalog.tables import KEY, SORTED, Instant, metadata

# What was told about an Akte and decides its period; append-only: a later row supersedes, none is changed.
reported_events = Table(
    "reported_events",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("akte", Uuid, ForeignKey("akten.uuid"), nullable=False, index=True),
    Column("ereignis", SORTED, nullable=False),
    Column("datum", Date),  # NULL: it did not happen
    Column("evidence", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("supersedes", KEY, ForeignKey("reported_events.nr"), unique=True),
    Column("instead_of", Date),  # the day on a slip that this row supersedes
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

reported_facts = Table(
    "reported_facts",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("akte", Uuid, ForeignKey("akten.uuid"), nullable=False, index=True),
    Column("merkmal", SORTED, nullable=False),
    Column("value", Boolean),  # NULL: unknown again
    Column("evidence", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

classifications = Table(
    "classifications",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("akte", Uuid, ForeignKey("akten.uuid"), nullable=False, index=True),
    Column("record_classes", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

archive_answers = Table(
    "archive_answers",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("akte", Uuid, ForeignKey("akten.uuid"), nullable=False, index=True),
    Column("offered_on", Date),
    Column("decision", Text, nullable=False),
    Column("waived", Boolean, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

# Persons and parcels of an Akte in plain words; the chain knows only the salted digest, so that rows can go lawfully.
akte_references = Table(
    "akte_references",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("akte", Uuid, ForeignKey("akten.uuid"), nullable=False, index=True),
    Column("kind", SORTED, nullable=False),
    Column("label", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("match_key", SORTED, nullable=False),
    Column("match_place", SORTED, nullable=False),
    Column("salt", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("delivery", Uuid),  # whose slip named it; NULL when a person did
    Column("at", Instant, nullable=False),
    UniqueConstraint("akte", "kind", "label", "match_key", "match_place"),
    Index(None, "kind", "match_key"),
    sqlite_autoincrement=True,
)

holds = Table(
    "holds",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("key", SORTED, nullable=False),
    Column("scope", SORTED, nullable=False),
    Column("akte", Uuid, ForeignKey("akten.uuid"), index=True),
    Column("target", Text, nullable=False),  # person, parcel or query as it was named
    Column("match_key", SORTED, nullable=False),
    Column("match_place", SORTED, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("start", Date),
    Column("until", Date),
    Column("on_day", Date),
    Column("unfounded", Boolean, nullable=False, server_default=text("false")),
    Column("secret", Boolean, nullable=False, server_default=text("false")),
    Column("readers", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("salt", String(64), nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_kind", Text, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("lifted_on", Date),
    Column("lifted_reason", Text, nullable=False, server_default=""),
    Column("lifted_by", Text, nullable=False, server_default=""),
    Column("lifted_kind", Text, nullable=False, server_default=""),
    Column("lifted_at", Instant),
    Index(None, "scope", "match_key"),
    sqlite_autoincrement=True,
)

# How a hold came to be what it is: every change of its end, readers or flags, with the reason.
hold_changes = Table(
    "hold_changes",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("hold", KEY, ForeignKey("holds.nr"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)
