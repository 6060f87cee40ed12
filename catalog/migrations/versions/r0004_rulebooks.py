"""Versions of the Fristenkatalog, and the index of the due list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.String(27)


def upgrade() -> None:
    """Makes the table of versions, and lets the register be read in the order of ends."""
    op.create_table(
        "rulebooks",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", SORTED, nullable=False),
        sa.Column("instead_of", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("decided_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_kind", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("nr", name="pk_rulebooks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rulebooks_state_nr", "rulebooks", ["state", "nr"])
    op.create_index("ix_akten_retention_ends_nr", "akten", ["retention_ends", "nr"])


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
