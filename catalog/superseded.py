"""What follows in the register when a Dokument takes the place of others.

Their text is no longer found, nobody need look at their pages, and the trail tells which went for which. Their rows
stay: they tell of the version that holds them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update

from akten.model import Akte
from catalog import index
from catalog.change import Change
from catalog.passages import Kind
from catalog.tables import pages, recognised, reviews
from catalog.trail import Verb

RESULT = "ersetzt"  # how a review ends whose page no longer counts; no person chooses it


def settle(change: Change, delivery: Row[Any], akte: Akte, akte_nr: int) -> None:
    """Does so for every Dokument that this delivery brought and that says what it replaces."""
    query = select(recognised.c.dokument).where(recognised.c.delivery == delivery.uuid)
    brought = set(change.connection.execute(query).scalars())
    for dokument in akte.dokumente:
        for old in dokument.ersetzt if dokument.uuid in brought else ():
            change.event(
                Verb.DOKUMENT_REPLACED,
                akte=akte.uuid,
                delivery=delivery.uuid,
                dokument=str(dokument.uuid),
                replaced=str(old.dokument),
                version=old.version,
            )
            change.connection.execute(delete(pages).where(pages.c.dokument == old.dokument))
            index.remove(change.connection, akte_nr, Kind.TEXT, [old.dokument])
            _settle_reviews(change, akte.uuid, old.dokument)


def _settle_reviews(change: Change, akte: UUID, dokument: UUID) -> None:
    waiting = (reviews.c.dokument == dokument) & (reviews.c.state == "open")
    for row in change.connection.execute(select(reviews).where(waiting).order_by(reviews.c.nr)).all():
        change.connection.execute(
            update(reviews)
            .where(reviews.c.nr == row.nr)
            .values(state="done", result=RESULT, note="", by_name=change.by.label, resolved_at=change.now)
        )
        change.event(
            Verb.REVIEW_RESOLVED,
            akte=akte,
            delivery=row.delivery,
            dokument=str(dokument),
            page=row.page,
            result=RESULT,
        )
