"""Alembic migrations of the catalog, run by `catalog.schema` inside its transaction."""
