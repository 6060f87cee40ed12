"""The tables of the catalog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.String(27)


def upgrade() -> None:
    """Makes all tables but those of trail and search."""
    op.create_table(
        "akten",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("aktenart", SORTED, nullable=False),
        sa.Column("aktenzeichen", SORTED, nullable=False),
        sa.Column("schreibweise", sa.Text(), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("betreff", sa.Text(), nullable=False),
        sa.Column("betreff_folded", SORTED, nullable=False),
        sa.Column("aktenplaneinheit", sa.Text(), server_default="", nullable=False),
        sa.Column("federfuehrung", sa.Text(), server_default="", nullable=False),
        sa.Column("record_class", SORTED, server_default="", nullable=False),
        sa.Column("laufzeit_von", sa.Date(), nullable=True),
        sa.Column("laufzeit_bis", sa.Date(), nullable=True),
        sa.Column("datum_von", sa.Date(), nullable=True),
        sa.Column("datum_bis", sa.Date(), nullable=True),
        sa.Column("zda_datum", sa.Date(), nullable=True),
        sa.Column("retention_ends", sa.Date(), nullable=True),
        sa.Column("state", SORTED, nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("index_format", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("nr", name="pk_akten"),
        sa.UniqueConstraint("aktenart", "aktenzeichen", "band", name="uq_akten_aktenart_aktenzeichen_band"),
        sa.UniqueConstraint("uuid", name="uq_akten_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_akten_aktenart_nr", "akten", ["aktenart", "nr"])
    op.create_index("ix_akten_aktenzeichen_band", "akten", ["aktenzeichen", "band"])
    op.create_index("ix_akten_changed_at", "akten", ["changed_at"])
    op.create_index("ix_akten_index_format", "akten", ["index_format"])
    op.create_index("ix_akten_state_nr", "akten", ["state", "nr"])
    op.create_table(
        "trail_notes",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_trail_notes"),
    )
    op.create_table(
        "deliveries",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("akte", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("stage", SORTED, nullable=False),
        sa.Column("packed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("aktenart", sa.Text(), nullable=False),
        sa.Column("aktenzeichen", sa.Text(), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("betreff", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("slip", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_kind", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name="fk_deliveries_akte"),
        sa.PrimaryKeyConstraint("nr", name="pk_deliveries"),
        sa.UniqueConstraint("akte", "version", name="uq_deliveries_akte_version"),
        sa.UniqueConstraint("uuid", name="uq_deliveries_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_stage_nr", "deliveries", ["stage", "nr"])
    op.create_table(
        "dokumente",
        sa.Column("akte", sa.Uuid(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("vorgang", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("betreff", sa.Text(), nullable=False),
        sa.Column("typ", sa.Text(), nullable=False),
        sa.Column("datum", sa.Date(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("pdfa", sa.Uuid(), nullable=True),
        sa.Column("pdfa_sha512", sa.String(length=128), nullable=True),
        sa.Column("flavour", sa.Text(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name="fk_dokumente_akte"),
        sa.PrimaryKeyConstraint("akte", "uuid", name="pk_dokumente"),
    )
    op.create_index("ix_dokumente_datum", "dokumente", ["datum"])
    op.create_table(
        "pages",
        sa.Column("dokument", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("akte_nr", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["akte_nr"], ["akten.nr"], name="fk_pages_akte_nr"),
        sa.PrimaryKeyConstraint("dokument", "page", name="pk_pages"),
    )
    op.create_index("ix_pages_akte_nr", "pages", ["akte_nr"])
    op.create_table(
        "passages",
        sa.Column("nr", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", SORTED, nullable=False),
        sa.Column("akte_nr", KEY, nullable=False),
        sa.Column("dokument", sa.Uuid(), nullable=True),
        sa.Column("page_from", sa.Integer(), nullable=False),
        sa.Column("page_to", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["akte_nr"], ["akten.nr"], name="fk_passages_akte_nr"),
        sa.PrimaryKeyConstraint("nr", name="pk_passages"),
    )
    op.create_index("ix_passages_akte_nr_kind", "passages", ["akte_nr", "kind"])
    op.create_table(
        "vorgaenge",
        sa.Column("akte", sa.Uuid(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("betreff", sa.Text(), nullable=False),
        sa.Column("zeichen", sa.Text(), nullable=False),
        sa.Column("typ", sa.Text(), nullable=False),
        sa.Column("laufzeit_von", sa.Date(), nullable=True),
        sa.Column("laufzeit_bis", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name="fk_vorgaenge_akte"),
        sa.PrimaryKeyConstraint("akte", "uuid", name="pk_vorgaenge"),
    )
    op.create_table(
        "clearing",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("state", SORTED, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_reason", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.uuid"], name="fk_clearing_delivery"),
        sa.PrimaryKeyConstraint("nr", name="pk_clearing"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_clearing_delivery", "clearing", ["delivery"])
    op.create_index("ix_clearing_state_nr", "clearing", ["state", "nr"])
    op.create_index(
        "uq_clearing_open",
        "clearing",
        ["delivery"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "packages",
        sa.Column("akte", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("commit_sha256", sa.String(length=64), nullable=False),
        sa.Column("tag_manifest_sha512", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sha512", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.Column("checked_at", SORTED, server_default="", nullable=False),
        sa.CheckConstraint("version >= 1", name="ck_packages_version"),
        sa.ForeignKeyConstraint(["akte"], ["akten.uuid"], name="fk_packages_akte"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.uuid"], name="fk_packages_delivery"),
        sa.PrimaryKeyConstraint("akte", "version", name="pk_packages"),
        sa.UniqueConstraint("delivery", name="uq_packages_delivery"),
    )
    op.create_index("ix_packages_checked_at_akte_version", "packages", ["checked_at", "akte", "version"])
    op.create_table(
        "recognised",
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("dokument", sa.Uuid(), nullable=False),
        sa.Column("pdfa", sa.Uuid(), nullable=False),
        sa.Column("sha512", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("flavour", sa.Text(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("blank", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.uuid"], name="fk_recognised_delivery", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery", "dokument", name="pk_recognised"),
    )
    op.create_table(
        "reviews",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("akte", sa.Uuid(), nullable=True),
        sa.Column("dokument", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", SORTED, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.uuid"], name="fk_reviews_delivery"),
        sa.PrimaryKeyConstraint("nr", name="pk_reviews"),
        sa.UniqueConstraint("delivery", "dokument", "page", name="uq_reviews_delivery_dokument_page"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reviews_akte", "reviews", ["akte"])
    op.create_index("ix_reviews_state_nr", "reviews", ["state", "nr"])
    op.create_table(
        "scans",
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sha512", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.uuid"], name="fk_scans_delivery", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery", "uuid", name="pk_scans"),
    )
    op.create_index("ix_scans_sha512", "scans", ["sha512"])
    op.create_table(
        "copies",
        sa.Column("akte", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("store", SORTED, nullable=False),
        sa.Column("bag_version_id", sa.Text(), nullable=False),
        sa.Column("commit_version_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sha512", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("retain_until", INSTANT, nullable=True),
        sa.Column("legal_hold", sa.Boolean(), nullable=False),
        sa.Column("verified_at", INSTANT, nullable=False),
        sa.Column("checked_at", INSTANT, nullable=True),
        sa.Column("verdict", sa.Text(), server_default="not_checked", nullable=False),
        sa.ForeignKeyConstraint(
            ["akte", "version"], ["packages.akte", "packages.version"], name="fk_copies_akte_version"
        ),
        sa.PrimaryKeyConstraint("akte", "version", "store", name="pk_copies"),
    )
    op.create_table(
        "fixity_checks",
        sa.Column("nr", KEY, nullable=False),
        sa.Column("akte", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["akte", "version"], ["packages.akte", "packages.version"], name="fk_fixity_checks_akte_version"
        ),
        sa.PrimaryKeyConstraint("nr", name="pk_fixity_checks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fixity_checks_akte_version_nr", "fixity_checks", ["akte", "version", "nr"])
    op.create_table(
        "validator_reports",
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("dokument", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("flavour", sa.Text(), nullable=False),
        sa.Column("clauses", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery", "dokument"],
            ["recognised.delivery", "recognised.dokument"],
            name="fk_validator_reports_delivery_dokument",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery", "dokument", "position", name="pk_validator_reports"),
    )


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
