"""Scans that came once more: which open cases a delivery brought again, and where scans of a delivery lie since then.

Told by what the bytes say alone; whether a case is thereby done, a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Connection, func, or_, select

from akten.lifecycle import Stage
from catalog.tables import akten, clearing, deliveries, scans
from catalog.values import CameAgain, ClearingState

_CHUNK = 500
_MOST = 3  # Akten that are told of one delivery
_MANY = 50  # deliveries with the same scan
_NAME = (akten.c.uuid, akten.c.aktenart, akten.c.aktenzeichen, akten.c.band)


def came_again(connection: Connection, wanted: Iterable[UUID]) -> dict[UUID, tuple[CameAgain, ...]]:
    """Where scans of these deliveries lie archived that were delivered later: in the Akte that a delivery names also
    some of them, in another all; by delivery, and nothing of one whose scans did not come again.
    """
    found: defaultdict[UUID, list[CameAgain]] = defaultdict(list)
    asked = list(dict.fromkeys(wanted))
    for start in range(0, len(asked), _CHUNK):
        sums = _telling(scans.c.delivery.in_(asked[start : start + _CHUNK]))
        totals = select(sums.c.delivery, func.count().label("of")).group_by(sums.c.delivery).cte("totals")
        own, later, there = deliveries.alias("own"), deliveries.alias("later"), scans.alias("there")
        here = func.count(sums.c.sha512.distinct())
        query = (
            select(
                sums.c.delivery,
                totals.c.of,
                here.label("here"),
                func.max(later.c.version).label("version"),
                *_NAME,
            )
            .select_from(sums)
            .join(totals, totals.c.delivery == sums.c.delivery)
            .join(own, own.c.uuid == sums.c.delivery)
            .join(there, there.c.sha512 == sums.c.sha512)
            .join(later, later.c.uuid == there.c.delivery)
            .join(akten, akten.c.uuid == later.c.akte)
            # As an expression: else SQLite walks every archived delivery, instead of these few scans.
            .where(func.coalesce(later.c.stage, "") == Stage.ARCHIVED.value, later.c.nr > own.c.nr)
            .group_by(sums.c.delivery, totals.c.of, own.c.akte, *_NAME)
            .having(or_(here == totals.c.of, akten.c.uuid == own.c.akte))
            .order_by(sums.c.delivery, here.desc(), *_NAME)
        )
        for row in connection.execute(query):
            if len(told := found[row.delivery]) < _MOST:
                told.append(
                    CameAgain(row.uuid, row.aktenart, row.aktenzeichen, row.band, row.version, row.here, row.of)
                )
    return {delivery: tuple(places) for delivery, places in found.items()}


def _telling(chosen: ColumnElement[bool]) -> CTE:
    """Delivery and digest of these scans, each once, without what lies in very many deliveries: a page of one colour
    tells nothing, and of a register of many thousand Akten each would be looked at for it.
    """
    holder = scans.alias("holder")
    many = select(holder.c.uuid).where(holder.c.sha512 == scans.c.sha512).offset(_MANY).limit(1)
    return select(scans.c.delivery, scans.c.sha512).where(chosen, ~many.exists()).distinct().cte("sums")


def open_cases_sharing(connection: Connection, delivery: UUID, most: int) -> tuple[tuple[int, UUID], ...]:
    """Number and delivery of open cases in which scans of this delivery lie, too, the oldest first."""
    other, sums = scans.alias("other"), _telling(scans.c.delivery == delivery)
    query = (
        select(clearing.c.nr, clearing.c.delivery)
        .select_from(sums)
        .join(other, other.c.sha512 == sums.c.sha512)
        .join(clearing, clearing.c.delivery == other.c.delivery)
        .where(func.coalesce(clearing.c.state, "") == ClearingState.OPEN.value, clearing.c.delivery != delivery)
        .distinct()
        .order_by(clearing.c.nr)
        .limit(most)
    )
    return tuple((row.nr, row.delivery) for row in connection.execute(query))
