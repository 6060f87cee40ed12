"""The review list: pages that were read badly or not at all, until a person has looked at them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from akten.errors import Forbidden, Unknown
from akten.model import clean_text
from catalog.change import Change
from catalog.register import require_delivery
from catalog.tables import akten, deliveries, reviews
from catalog.trail import Verb
from catalog.values import Review, Seite

RESULTS = frozenset({"lesbar", "unleserlich", "nachscannen"})


def _query() -> Any:
    now = func.coalesce(akten.c.aktenzeichen, deliveries.c.aktenzeichen).label("aktenzeichen")  # it may be corrected
    joined = reviews.join(deliveries, reviews.c.delivery == deliveries.c.uuid)
    return select(reviews, now).select_from(joined.join(akten, akten.c.uuid == reviews.c.akte, isouter=True))


def _value(row: Row[Any]) -> Review:
    return Review(
        number=row.nr,
        delivery=row.delivery,
        akte=row.akte,
        aktenzeichen=row.aktenzeichen,
        dokument=row.dokument,
        page=row.page,
        confidence=row.confidence,
        why=row.why,
        state=row.state,
        opened_at=row.opened_at,
        result=row.result or "",
        note=row.note or "",
        by=row.by_name or "",
        resolved_at=row.resolved_at,
    )


def listed(
    connection: Connection,
    *,
    state: str | None = "open",
    akte: UUID | None = None,
    limit: int | None = 1000,
    offset: int = 0,
) -> Seite[Review]:
    """Pages to look at, oldest first."""
    chosen = [reviews.c.state == state] if state is not None else []
    if akte is not None:
        chosen.append(reviews.c.akte == akte)
    total = connection.execute(select(func.count()).select_from(reviews).where(*chosen)).scalar_one()
    query = _query().where(*chosen).order_by(reviews.c.nr).limit(limit).offset(offset)
    return Seite(tuple(_value(row) for row in connection.execute(query)), total)


def resolve(change: Change, number: int, result: str, note: str) -> Review:
    """Settles a page as `lesbar`, `unleserlich` or `nachscannen`. Raises Forbidden for anything else."""
    connection = change.connection
    if result not in RESULTS:
        raise Forbidden("Eine Sichtung endet mit „lesbar“, „unleserlich“ oder „nachscannen“.")
    there = connection.execute(_query().where(reviews.c.nr == number)).first()
    if there is None or there.state != "open":
        raise Unknown(f"Eine offene Sichtung {number} gibt es nicht.")
    note = clean_text(note)
    connection.execute(
        update(reviews)
        .where(reviews.c.nr == number)
        .values(state="done", result=result, note=note, by_name=change.by.label, resolved_at=change.now)
    )
    salt = require_delivery(connection, there.delivery).salt
    change.event(
        Verb.REVIEW_RESOLVED,
        akte=there.akte,
        delivery=there.delivery,
        note=note,
        salt=salt,
        dokument=str(there.dokument),
        page=there.page,
        result=result,
    )
    return _value(connection.execute(_query().where(reviews.c.nr == number)).one())
