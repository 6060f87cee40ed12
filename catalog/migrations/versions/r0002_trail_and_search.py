"""The trail with its guards, and the search tables; each in the words of its database."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The derived columns stand in the body, which the chain covers; a second, unguarded copy could be changed unseen.
SQLITE = (
    """
    CREATE TABLE trail (
        seq INTEGER NOT NULL PRIMARY KEY,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL,
        body TEXT NOT NULL,
        akte TEXT GENERATED ALWAYS AS (iif(json_valid(body), json_extract(body, '$.akte'), NULL)) VIRTUAL,
        delivery TEXT GENERATED ALWAYS AS (iif(json_valid(body), json_extract(body, '$.delivery'), NULL)) VIRTUAL,
        by_name TEXT GENERATED ALWAYS AS (iif(json_valid(body), json_extract(body, '$.by'), NULL)) VIRTUAL,
        verb TEXT GENERATED ALWAYS AS (iif(json_valid(body), json_extract(body, '$.verb'), NULL)) VIRTUAL,
        at TEXT GENERATED ALWAYS AS (iif(json_valid(body), json_extract(body, '$.at'), NULL)) VIRTUAL
    )
    """,
    """
    CREATE TRIGGER trail_insert BEFORE INSERT ON trail BEGIN
        SELECT RAISE(ABORT, 'trail: not the next number')
            WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM trail);
        SELECT RAISE(ABORT, 'trail: not chained to the last row')
            WHERE NEW.prev IS NOT coalesce((SELECT hash FROM trail ORDER BY seq DESC LIMIT 1), printf('%064d', 0));
    END
    """,
    "CREATE TRIGGER trail_update BEFORE UPDATE ON trail BEGIN SELECT RAISE(ABORT, 'trail: append only'); END",
    "CREATE TRIGGER trail_delete BEFORE DELETE ON trail BEGIN SELECT RAISE(ABORT, 'trail: append only'); END",
    # Our own words reach the index folded and split; "ascii" splits at ASCII signs only and leaves the rest alone.
    "CREATE VIRTUAL TABLE register_index USING fts5(words, stems, tokenize = 'ascii', prefix = '3')",
    "CREATE VIRTUAL TABLE text_index USING fts5(words, stems, tokenize = 'ascii', prefix = '3')",
)

POSTGRES = (
    """
    CREATE TABLE trail (
        seq BIGINT NOT NULL PRIMARY KEY,
        prev VARCHAR(64) NOT NULL,
        hash VARCHAR(64) NOT NULL,
        body TEXT NOT NULL,
        akte TEXT COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'akte') STORED,
        delivery TEXT COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'delivery') STORED,
        by_name TEXT COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'by') STORED,
        verb TEXT COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'verb') STORED,
        at TEXT COLLATE "C" GENERATED ALWAYS AS ((body::jsonb) ->> 'at') STORED
    )
    """,
    """
    CREATE FUNCTION trail_insert() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE last RECORD;
    BEGIN
        SELECT seq, hash INTO last FROM trail ORDER BY seq DESC LIMIT 1;
        IF NEW.seq IS DISTINCT FROM coalesce(last.seq, 0) + 1 THEN
            RAISE EXCEPTION 'trail: not the next number' USING ERRCODE = 'AK001';
        END IF;
        IF NEW.prev IS DISTINCT FROM coalesce(last.hash, repeat('0', 64)) THEN
            RAISE EXCEPTION 'trail: not chained to the last row' USING ERRCODE = 'AK001';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'trail: append only' USING ERRCODE = 'AK001';
    END $$
    """,
    "CREATE TRIGGER trail_insert BEFORE INSERT ON trail FOR EACH ROW EXECUTE FUNCTION trail_insert()",
    "CREATE TRIGGER trail_update BEFORE UPDATE ON trail FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse()",
    "CREATE TRIGGER trail_delete BEFORE DELETE ON trail FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse()",
    # Row triggers do not see TRUNCATE.
    "CREATE TRIGGER trail_truncate BEFORE TRUNCATE ON trail FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse()",
    *(
        statement
        for name in ("register_index", "text_index")
        for statement in (
            f"""
            CREATE TABLE {name} (
                nr BIGINT NOT NULL PRIMARY KEY REFERENCES passages (nr) ON DELETE CASCADE, vector TSVECTOR NOT NULL
            )
            """,
            f"CREATE INDEX ix_{name}_vector ON {name} USING gin (vector)",
        )
    ),
)

INDEXES = (
    "CREATE INDEX ix_trail_akte_seq ON trail (akte, seq)",
    "CREATE INDEX ix_trail_delivery_seq ON trail (delivery, seq)",
    "CREATE INDEX ix_trail_by_name_seq ON trail (by_name, seq)",
    "CREATE INDEX ix_trail_verb_seq ON trail (verb, seq)",
    "CREATE INDEX ix_trail_at ON trail (at)",
)


def upgrade() -> None:
    """Makes trail, triggers and search tables."""
    own = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRES
    for statement in (*own, *INDEXES):
        op.execute(statement)


def downgrade() -> None:
    """An archive's catalog only goes forward."""
    raise NotImplementedError
