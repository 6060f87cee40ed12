"""The due list: Akten in the order in which their recorded periods end. Dates are those of the last due round."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, or_, select

from catalog.keeping_tables import classifications
from catalog.tables import akten
from catalog.values import Seite


@dataclass(frozen=True, slots=True)
class DueFilter:
    """Archived Akten whose periods end up to a day (inclusive). `default_for` are the families whose default class
    `record_class` is, for Akten to which nobody gave one.
    """

    until: date
    since: date | None = None
    aktenarten: Collection[str] | None = None
    record_class: str | None = None
    default_for: Collection[str] = ()


def due_akten(connection: Connection, wanted: DueFilter, limit: int | None, offset: int) -> Seite[UUID]:
    """One page of the list, and how many there are."""
    chosen: list[Any] = [akten.c.retention_ends <= wanted.until, akten.c.version > 0]
    if wanted.since is not None:
        chosen.append(akten.c.retention_ends >= wanted.since)
    if wanted.aktenarten is not None:
        chosen.append(akten.c.aktenart.in_(list(wanted.aktenarten)))
    if wanted.record_class is not None:
        chosen.append(_of_class(wanted.record_class, wanted.default_for))
    total = connection.execute(select(func.count()).select_from(akten).where(*chosen)).scalar_one()
    query = select(akten.c.uuid).where(*chosen).order_by(akten.c.retention_ends, akten.c.nr)
    return Seite(tuple(connection.execute(query.limit(limit).offset(offset)).scalars()), total)


def _of_class(record_class: str, default_for: Collection[str]) -> Any:
    """By what somebody gave the Akte last, else by what it came in with, else by the default of its family."""
    table = classifications
    newest = select(func.max(table.c.nr)).group_by(table.c.akte)
    # Keys of classes have no quotes and no wildcards but "_", which the escape takes care of.
    named = table.c.record_classes.contains(json.dumps(record_class), autoescape=True)
    by_hand = akten.c.uuid.in_(select(table.c.akte).where(table.c.nr.in_(newest), named))
    silent = akten.c.uuid.not_in(select(table.c.akte))
    came_in = or_(
        akten.c.record_class == record_class,
        and_(akten.c.record_class == "", akten.c.aktenart.in_(list(default_for))),
    )
    return or_(by_hand, and_(silent, came_in))
