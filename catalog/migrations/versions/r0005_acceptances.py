"""An acceptance at the clearing desk holds for the content it was given for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the content to each case; acceptances given before hold for what is known of their delivery now."""
    op.add_column("clearing", sa.Column("content", sa.String(length=64), nullable=True))
    op.execute(
        "UPDATE clearing SET content = (SELECT digest FROM deliveries WHERE deliveries.uuid = clearing.delivery) "
        "WHERE resolution = 'accept'"
    )


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
