"""Holds the copies in the register against the trail (TR-07): one that is missing there is looked at by no round.

Its lock would run out and its holds would not be set, while everything that is looked at is good.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from akten.findings import Finding, Severity
from catalog.tables import copies, packages, trail
from catalog.trail import Verb, read_body

_CHUNK = 500
_Copy = tuple[str, int, str]  # Akte, version, store


def copies_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each copy that was stored and that the register does not have."""
    query = select(trail.c.body).where(trail.c.verb == Verb.PACKAGE_STORED.value).order_by(trail.c.seq)
    for bodies in connection.execute(query.execution_options(yield_per=_CHUNK)).scalars().partitions():
        told = [copy for body in map(read_body, bodies) for copy in _told(body)]
        there = _there(connection, {akte for akte, *_ in told})
        for akte, version, store in told:
            stores = there.get((akte, version))  # a package that is gone altogether is told by itself
            if stores is not None and store not in stores:
                text = f"Die Kopie im Speicher „{store}“ fehlt im Katalog; das Protokoll nennt sie."
                yield Finding("TR-07", Severity.ERROR, f"Akte {akte}, Version {version}", text)


def _told(body: dict[str, Any]) -> Iterator[_Copy]:
    """The copies that a row tells of; one that is not ours is told by its hash (TR-01)."""
    try:
        akte, data = str(UUID(body["akte"])), body["data"]
        yield from [(akte, int(data["version"]), str(copy["store"])) for copy in data["copies"]]
    except (ValueError, KeyError, TypeError):
        return


def _there(connection: Connection, akten: set[str]) -> dict[tuple[str, int], set[str]]:
    wanted = [UUID(akte) for akte in akten]
    found: dict[tuple[str, int], set[str]] = {}
    query = select(packages.c.akte, packages.c.version).where(packages.c.akte.in_(wanted))
    for akte, version in connection.execute(query):
        found[str(akte), version] = set()
    own = select(copies.c.akte, copies.c.version, copies.c.store).where(copies.c.akte.in_(wanted))
    for akte, version, store in connection.execute(own):
        found.setdefault((str(akte), version), set()).add(store)
    return found
