"""What the catalog asks its database, for claims about how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def asked() -> Iterator[list[str]]:
    """The statements that every database of this process is asked meanwhile, those that begin a transaction left
    out.
    """
    told: list[str] = []

    def note(*given: object) -> None:
        if not (statement := str(given[2])).startswith("BEGIN"):
            told.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", note)
