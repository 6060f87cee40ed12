"""Akten are found by numbers that they bore once: what their deliveries were received under has an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index, in which beginnings are found too; the numbers have stood there since the first delivery."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("deliveries", "aktenzeichen", type_=sa.Text(collation="C"))
    op.create_index("ix_deliveries_aktenzeichen", "deliveries", ["aktenzeichen"])


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
