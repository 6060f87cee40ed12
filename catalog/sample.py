"""Draws Akten for an audit so that the same seed draws the same ones again, whatever was archived since.

The population is read from the chained trail and not from the register: every Akte of which a package was stored up to
a row (`stand`). An Akte's place in the draw depends on seed and UUID alone, so nobody can choose and all can repeat.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, select

from akten.errors import Unknown
from catalog.change import Change
from catalog.tables import akten, trail
from catalog.trail import Verb


@dataclass(frozen=True, slots=True)
class Sample:
    """Akten drawn, in the order of the draw; `of` is how many there were, `stand` the last row that counted."""

    seed: int
    stand: int
    of: int
    akten: tuple[UUID, ...]


def draw(
    connection: Connection, seed: int, count: int, stand: int | None, aktenarten: Collection[str] | None
) -> Sample:
    """Draws, and leaves it to `note` to write the draw down. Raises Unknown for a row that is not in the trail yet."""
    last = int(connection.execute(select(func.max(trail.c.seq))).scalar() or 0)
    stand = last if stand is None else stand
    if stand > last:
        raise Unknown(f"Das Protokoll hat erst {last} Zeilen; eine Zeile {stand} gibt es noch nicht.")
    population = _archived(connection, stand, aktenarten)
    drawn = tuple(heapq.nsmallest(count, population, key=lambda uuid: _place(seed, uuid)))
    return Sample(seed, stand, len(population), drawn)


def note(change: Change, drawn: Sample, aktenarten: Collection[str] | None) -> None:
    """Writes a draw down: before anybody is told what was drawn."""
    change.event(
        Verb.SAMPLE_DRAWN,
        seed=drawn.seed,
        count=len(drawn.akten),
        of=drawn.of,
        stand=drawn.stand,
        aktenarten=sorted(aktenarten or ()),
    )


def _place(seed: int, uuid: UUID) -> bytes:
    return hashlib.sha256(f"{seed}:{uuid}".encode("ascii")).digest()


def _archived(connection: Connection, stand: int, aktenarten: Collection[str] | None) -> set[UUID]:
    stored = select(trail.c.akte).where(trail.c.verb == Verb.PACKAGE_STORED.value, trail.c.seq <= stand).distinct()
    found = {UUID(each) for each in connection.execute(stored).scalars() if each is not None}
    if aktenarten is None:
        return found
    # One that the register lost may be of any family: it stays in, so that it is seen to be missing.
    others = select(akten.c.uuid).where(akten.c.aktenart.not_in([str(each) for each in aktenarten]))
    return found - set(connection.execute(others).scalars())
