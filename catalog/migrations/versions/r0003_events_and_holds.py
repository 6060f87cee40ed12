"""What decides a period: events, facts, classes, the archive's word, persons and parcels, holds."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from catalog.references import references_of

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.String(27)


def _told(name: str, *columns: sa.Column[Any], unique: str = "") -> None:
    """One table of things told about an Akte, with who and when."""
    op.create_table(
        name,
        sa.Column("nr", KEY, nullable=False),
        sa.Column("akte", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name=f"fk_{name}_akte"),
        *(
            (
                sa.ForeignKeyConstraint([unique], [f"{name}.nr"], name=f"fk_{name}_{unique}"),
                sa.UniqueConstraint(unique, name=f"uq_{name}_{unique}"),
            )
            if unique
            else ()
        ),
        sa.PrimaryKeyConstraint("nr", name=f"pk_{name}"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{name}_akte", name, ["akte"])


# What an account did under other names is found like what it did under its own.
LOGIN_INDEX = {
    "sqlite": "CREATE INDEX ix_trail_login_seq ON trail "
    "(iif(json_valid(body), json_extract(body, '$.login'), NULL), seq)",
    "postgresql": "CREATE INDEX ix_trail_login_seq ON trail (((body::jsonb) ->> 'login'), seq)",
}


def upgrade() -> None:
    """Makes the tables, and notes the persons and parcels of the Akten that are there already."""
    op.execute(LOGIN_INDEX[op.get_bind().dialect.name])
    op.create_index("ix_deliveries_duplicate_of", "deliveries", ["duplicate_of"])
    _told(
        "reported_events",
        sa.Column("ereignis", SORTED, nullable=False),
        sa.Column("datum", sa.Date(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("supersedes", KEY, nullable=True),
        sa.Column("instead_of", sa.Date(), nullable=True),
        unique="supersedes",
    )
    _told(
        "reported_facts",
        sa.Column("merkmal", SORTED, nullable=False),
        sa.Column("value", sa.Boolean(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    _told(
        "classifications",
        sa.Column("record_classes", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    _told(
        "archive_answers",
        sa.Column("offered_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
    )
    references = op.create_table(
        "akte_references",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("akte", sa.Uuid(), nullable=False),
        sa.Column("kind", SORTED, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("match_key", SORTED, nullable=False),
        sa.Column("match_place", SORTED, nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name="fk_akte_references_akte"),
        sa.PrimaryKeyConstraint("nr", name="pk_akte_references"),
        sa.UniqueConstraint(
            "akte",
            "kind",
            "label",
            "match_key",
            "match_place",
            name="uq_akte_references_akte_kind_label_match_key_match_place",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_akte_references_akte", "akte_references", ["akte"])
    op.create_index("ix_akte_references_kind_match_key", "akte_references", ["kind", "match_key"])
    op.create_table(
        "holds",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("key", SORTED, nullable=False),
        sa.Column("scope", SORTED, nullable=False),
        sa.Column("akte", sa.Uuid(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("match_key", SORTED, nullable=False),
        sa.Column("match_place", SORTED, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.Column("unfounded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("secret", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("readers", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_kind", sa.Text(), nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.Column("lifted_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("lifted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("lifted_kind", sa.Text(), server_default="", nullable=False),
        sa.Column("lifted_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name="fk_holds_akte"),
        sa.PrimaryKeyConstraint("nr", name="pk_holds"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holds_akte", "holds", ["akte"])
    op.create_index("ix_holds_scope_match_key", "holds", ["scope", "match_key"])
    op.create_table(
        "hold_changes",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("hold", KEY, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["holds.nr"], name="fk_hold_changes_hold"),
        sa.PrimaryKeyConstraint("nr", name="pk_hold_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hold_changes_hold", "hold_changes", ["hold"])
    _note_references(references)


def _note_references(table: sa.Table) -> None:
    """Without this a hold on a person would not cover the Akten that were archived before. Only their plain rows are
    made here: that the fields were so is in the chain already, by the digest of the snapshot.
    """
    connection = op.get_bind()
    for row in _described(connection):
        felder = json.loads(row.snapshot).get("felder", ())
        rows = []
        for reference in references_of([(str(name), str(value)) for name, value in felder]):
            salt = secrets.token_hex(32)
            digest = hmac.new(bytes.fromhex(salt), reference.value.encode("utf-8", "surrogatepass"), hashlib.sha256)
            rows.append(
                {
                    "akte": row.uuid,
                    "kind": reference.kind,
                    "label": reference.label,
                    "value": reference.value,
                    "match_key": reference.match_key,
                    "match_place": reference.match_place,
                    "salt": salt,
                    "digest": digest.hexdigest(),
                    "delivery": None,
                    "at": row.changed_at,
                }
            )
        if rows:
            connection.execute(sa.insert(table), rows)


def _described(connection: sa.Connection) -> Iterator[sa.Row[Any]]:
    """Every Akte with a description, in the order of their numbers; no memory holds the descriptions of all."""
    akten = sa.table("akten", *(sa.column(name) for name in ("nr", "uuid", "snapshot", "changed_at")))
    uuid = sa.type_coerce(akten.c.uuid, sa.Uuid()).label("uuid")
    query = sa.select(akten.c.nr, uuid, akten.c.snapshot, akten.c.changed_at).where(akten.c.snapshot.is_not(None))
    last = 0
    while rows := connection.execute(query.where(akten.c.nr > last).order_by(akten.c.nr).limit(500)).all():
        yield from rows
        last = rows[-1].nr


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
