"""The tables of the catalog, the same on SQLite and PostgreSQL.

Instants are UTC ISO texts of one width on both (DateTime comes back naive from one and aware from the other), JSON is
text for the same reason, and texts that are sorted or cut by prefix have collation "C" on PostgreSQL.
Search tables (FTS5, tsvector), triggers and the trail's derived columns are made by the migrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    func,
    text,
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime as UTC ISO text with microseconds and `Z`; texts sort as the instants do."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Refuses an instant without time zone."""
        del dialect
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Gives an aware datetime in UTC."""
        del dialect
        return None if value is None else datetime.fromisoformat(value)


def instant_text(value: datetime) -> str:
    """UTC, microseconds, `Z`: 27 characters. Raises ValueError for an instant without time zone."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


KEY = BigInteger().with_variant(Integer, "sqlite")
SORTED = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

akten = Table(
    "akten",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("uuid", Uuid, nullable=False, unique=True),
    Column("aktenart", SORTED, nullable=False),
    Column("aktenzeichen", SORTED, nullable=False),
    Column("schreibweise", Text, nullable=False),
    Column("band", Integer, nullable=False),
    Column("betreff", Text, nullable=False),
    Column("betreff_folded", SORTED, nullable=False),  # for sorting
    Column("aktenplaneinheit", Text, nullable=False, server_default=""),
    Column("federfuehrung", Text, nullable=False, server_default=""),
    Column("record_class", SORTED, nullable=False, server_default=""),
    Column("laufzeit_von", Date),
    Column("laufzeit_bis", Date),
    Column("datum_von", Date),  # earliest and latest day known of any part: for searching, never for periods
    Column("datum_bis", Date),
    Column("zda_datum", Date),
    Column("retention_ends", Date),
    Column("state", SORTED, nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),  # newest archived version, 0 before the first
    Column("pages", Integer, nullable=False, server_default="0"),
    Column("salt", String(64), nullable=False),
    Column("snapshot", Text),
    Column("index_format", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("aktenart", "aktenzeichen", "band"),
    Index(None, "aktenzeichen", "band"),
    Index(None, "aktenart", "nr"),
    Index(None, "state", "nr"),
    Index(None, "changed_at"),
    Index(None, "index_format"),
    Index(None, "retention_ends", "nr"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("uuid", Uuid, nullable=False, unique=True),
    Column("akte", Uuid, ForeignKey("akten.uuid")),
    Column("version", Integer),
    Column("stage", SORTED, nullable=False),
    Column("packed", Boolean, nullable=False, server_default=text("false")),
    Column("aktenart", Text, nullable=False),
    Column("aktenzeichen", SORTED, nullable=False),
    Column("band", Integer, nullable=False),
    Column("betreff", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("slip", Text, nullable=False),
    Column("plan", Text),
    Column("digest", String(64), nullable=False),
    Column("salt", String(64), nullable=False),
    Column("by_name", Text, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("duplicate_of", Uuid, index=True),
    # A number once given to a package that may lie in a store is never given again; earlier ones are set free (NULL).
    UniqueConstraint("akte", "version"),
    Index(None, "stage", "nr"),
    Index(None, "aktenzeichen"),
    sqlite_autoincrement=True,
)

scans = Table(
    "scans",
    metadata,
    Column("delivery", Uuid, ForeignKey("deliveries.uuid", ondelete="CASCADE"), primary_key=True),
    Column("uuid", Uuid, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("sha512", String(128), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("name", Text, nullable=False),
)

recognised = Table(
    "recognised",
    metadata,
    Column("delivery", Uuid, ForeignKey("deliveries.uuid", ondelete="CASCADE"), primary_key=True),
    Column("dokument", Uuid, primary_key=True),
    Column("pdfa", Uuid, nullable=False),
    Column("sha512", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("flavour", Text, nullable=False),
    Column("rendition", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("confidence", Float),
    Column("pages", Integer, nullable=False),
    Column("blank", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("losses", Text, nullable=False),
    Column("findings", Text, nullable=False),
)

validator_reports = Table(
    "validator_reports",
    metadata,
    Column("delivery", Uuid, primary_key=True),
    Column("dokument", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("flavour", Text, nullable=False),
    Column("clauses", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
    ForeignKeyConstraint(["delivery", "dokument"], ["recognised.delivery", "recognised.dokument"], ondelete="CASCADE"),
)

vorgaenge = Table(
    "vorgaenge",
    metadata,
    Column("akte", Uuid, ForeignKey("akten.uuid"), primary_key=True),
    Column("uuid", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("betreff", Text, nullable=False),
    Column("zeichen", Text, nullable=False),
    Column("typ", Text, nullable=False),
    Column("laufzeit_von", Date),
    Column("laufzeit_bis", Date),
)

dokumente = Table(
    "dokumente",
    metadata,
    Column("akte", Uuid, ForeignKey("akten.uuid"), primary_key=True),
    Column("uuid", Uuid, primary_key=True),
    Column("vorgang", Uuid, nullable=False),
    Column("version", Integer, nullable=False),  # newest version that holds it
    Column("position", Integer, nullable=False),
    Column("betreff", Text, nullable=False),
    Column("typ", Text, nullable=False),
    Column("datum", Date, index=True),
    Column("pages", Integer, nullable=False),
    Column("pdfa", Uuid),
    Column("pdfa_sha512", String(128)),
    Column("flavour", Text, nullable=False),
    Column("rendition", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("confidence", Float),
    Column("delivery", Uuid, nullable=False),
)

packages = Table(
    "packages",
    metadata,
    Column("akte", Uuid, ForeignKey("akten.uuid"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("delivery", Uuid, ForeignKey("deliveries.uuid"), nullable=False, unique=True),
    Column("commit_sha256", String(64), nullable=False),
    Column("tag_manifest_sha512", String(128), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sha512", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
    # The oldest look at any of its copies ("" before the first): what was never looked at comes first.
    Column("checked_at", SORTED, nullable=False, server_default=""),
    CheckConstraint("version >= 1", name="version"),
    Index(None, "checked_at", "akte", "version"),
)

copies = Table(
    "copies",
    metadata,
    Column("akte", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("store", SORTED, primary_key=True),
    Column("bag_version_id", Text, nullable=False),
    Column("commit_version_id", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sha512", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("retain_until", Instant),
    Column("legal_hold", Boolean, nullable=False),
    Column("verified_at", Instant, nullable=False),
    Column("checked_at", Instant),
    Column("verdict", Text, nullable=False, server_default="not_checked"),
    Column("set_aside", Text, nullable=False, server_default="[]"),  # version ids that were replaced, as JSON
    ForeignKeyConstraint(["akte", "version"], ["packages.akte", "packages.version"]),
)

fixity_checks = Table(
    "fixity_checks",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("akte", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("store", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("bytes_read", BigInteger, nullable=False),
    Column("version_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "akte", "version", "nr"),
    ForeignKeyConstraint(["akte", "version"], ["packages.akte", "packages.version"]),
    sqlite_autoincrement=True,
)

clearing = Table(
    "clearing",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("delivery", Uuid, ForeignKey("deliveries.uuid"), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("due", Date, nullable=False),
    Column("state", SORTED, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("resolution", Text),
    Column("resolved_reason", Text),
    Column("resolved_by", Text),
    Column("resolved_at", Instant),
    Column("content", String(64)),  # digest of the delivery that an acceptance was given for
    Index(None, "state", "nr"),
    Index(
        "uq_clearing_open",
        "delivery",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

reviews = Table(
    "reviews",
    metadata,
    Column("nr", KEY, primary_key=True),
    Column("delivery", Uuid, ForeignKey("deliveries.uuid"), nullable=False),
    Column("akte", Uuid, index=True),
    Column("dokument", Uuid, nullable=False),
    Column("page", Integer, nullable=False),
    Column("confidence", Float),
    Column("why", Text, nullable=False),
    Column("state", SORTED, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("result", Text),
    Column("note", Text),
    Column("by_name", Text),
    Column("resolved_at", Instant),
    UniqueConstraint("delivery", "dokument", "page"),
    Index(None, "state", "nr"),
    sqlite_autoincrement=True,
)

pages = Table(
    "pages",
    metadata,
    Column("dokument", Uuid, primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("akte_nr", KEY, ForeignKey("akten.nr"), nullable=False, index=True),
    Column("text", Text, nullable=False),
)

passages = Table(
    "passages",
    metadata,
    Column("nr", KEY, primary_key=True, autoincrement=False),
    Column("kind", SORTED, nullable=False),
    Column("akte_nr", KEY, ForeignKey("akten.nr"), nullable=False),
    Column("dokument", Uuid),
    Column("page_from", Integer, nullable=False),
    Column("page_to", Integer, nullable=False),
    Index(None, "akte_nr", "kind"),
)

# Only for reading and appending: made by hand in the migration, since akte … at are derived from body by the database.
trail_metadata = MetaData()
trail = Table(
    "trail",
    trail_metadata,
    Column("seq", KEY, primary_key=True, autoincrement=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("akte", SORTED),
    Column("delivery", SORTED),
    Column("by_name", SORTED),
    Column("verb", SORTED),
    Column("at", SORTED),
)

# The verb of a row where its Akte or delivery is named, too: as an expression, so that SQLite, which keeps no
# statistics, does not walk every row of a verb for the few that are of this Akte.
verb_of_few: ColumnElement[str] = func.coalesce(trail.c.verb, "")

# Free texts that people wrote about an event; outside the chain (which keeps a salted digest), so that they can go.
trail_notes = Table(
    "trail_notes",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
