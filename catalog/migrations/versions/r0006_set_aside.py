"""A damaged copy that was replaced keeps its version ids beside those of the new one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the list to each copy; none was replaced before."""
    op.add_column("copies", sa.Column("set_aside", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
