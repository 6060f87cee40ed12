"""Takes an Akte back that was only opened, so that the one whose number it has can bear it; its deliveries go over."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select, update

from akten.lifecycle import Stage
from catalog.arrival import drop_if_unused
from catalog.change import Change
from catalog.tables import akten, deliveries, reviews


def make_way(change: Change, there: UUID) -> tuple[UUID, ...] | None:
    """The deliveries of an Akte that was taken back, for `join`; None when something of it is told or may be stored.

    Then the caller has to raise, for what was changed so far must not stay.
    """
    connection = change.connection
    rows = connection.execute(select(deliveries).where(deliveries.c.akte == there)).all()
    if any(row.packed or row.stage == Stage.DESCRIBED.value for row in rows):
        return None
    own = deliveries.c.akte == there
    connection.execute(update(deliveries).where(own).values(akte=None, version=None, plan=None))
    connection.execute(update(reviews).where(reviews.c.akte == there).values(akte=None))
    drop_if_unused(change, there)
    if connection.execute(select(akten.c.nr).where(akten.c.uuid == there)).first() is not None:
        return None
    return tuple(row.uuid for row in rows)


def join(connection: Connection, joined: Sequence[UUID], akte: UUID) -> None:
    """Makes these deliveries those of another Akte."""
    for table, column in ((deliveries, deliveries.c.uuid), (reviews, reviews.c.delivery)):
        if joined:
            connection.execute(update(table).where(column.in_(joined)).values(akte=akte))
