"""Akten are found by numbers that they bore once: what their deliveries were received under has an index."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index; the numbers have stood there since the first delivery."""
    op.create_index("ix_deliveries_aktenzeichen", "deliveries", ["aktenzeichen"])


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
