"""Which record classes Akten have, counted in one transaction: what a release of other rules is held against."""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy import Connection, func, select

from akten.lifecycle import Stage
from catalog.codec import akte_from_json
from catalog.keeping_tables import classifications
from catalog.tables import akten, deliveries

# Aktenart and classes (none: the default of the Aktenart) → so many Akten.
InUse = Counter[tuple[str, tuple[str, ...]]]
# Plans of these are made anew, or never carried out.
_NOT_UNDER_WAY = tuple(
    stage.value for stage in (Stage.ARCHIVED, Stage.DUPLICATE, Stage.RETURNED, Stage.CLEARING, Stage.RECEIVED)
)


def in_use(connection: Connection) -> InUse:
    """Every Akte with the classes that somebody gave it, else with the one that it came in with.

    A delivery under way counts with the class of its plan where that will be another one than its Akte has now.
    """
    found: InUse = Counter()
    newest = select(func.max(classifications.c.nr)).group_by(classifications.c.akte)
    by_hand = (
        select(akten.c.aktenart, classifications.c.record_classes, func.count())
        .join(akten, akten.c.uuid == classifications.c.akte)
        .where(classifications.c.nr.in_(newest))
        .group_by(akten.c.aktenart, classifications.c.record_classes)
    )
    for aktenart, stored, count in connection.execute(by_hand):
        found[aktenart, tuple(json.loads(stored))] += count
    silent = akten.c.uuid.not_in(select(classifications.c.akte))
    came_in = select(akten.c.aktenart, akten.c.record_class, func.count()).where(silent)
    for aktenart, name, count in connection.execute(came_in.group_by(akten.c.aktenart, akten.c.record_class)):
        found[aktenart, (name,) if name else ()] += count
    under_way = (
        select(deliveries.c.plan, akten.c.record_class)
        .join(akten, akten.c.uuid == deliveries.c.akte)
        .where(silent, deliveries.c.plan.is_not(None), deliveries.c.stage.not_in(_NOT_UNDER_WAY))
    )
    for plan, now in connection.execute(under_way):
        akte = akte_from_json(plan)
        if akte.aufbewahrung is not None and akte.aufbewahrung.record_class != now:
            found[akte.aktenart.value, (akte.aufbewahrung.record_class,)] += 1
    return found
