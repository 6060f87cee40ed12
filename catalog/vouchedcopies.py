"""Holds the copies in the register against the trail (TR-07): one that is missing there is looked at by no round.

Its lock would run out and its holds would not be set, while everything that is looked at is good. The same goes for one
that is another object than the one that was stored, or put there anew.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from akten.findings import Finding, Severity
from catalog.tables import copies, packages, trail, verb_of_few
from catalog.trail import Verb, read_body

_CHUNK = 500
_Copy = tuple[str, int, str]  # Akte, version, store
_Ids = tuple[str, str]  # version ids of tar and commit object
_UNTOLD: _Ids = ("", "")


def copies_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each copy that was stored and that the register does not have, or has as another one."""
    query = select(trail.c.body).where(trail.c.verb == Verb.PACKAGE_STORED.value).order_by(trail.c.seq)
    for bodies in connection.execute(query.execution_options(yield_per=_CHUNK)).scalars().partitions():
        told = {copy: ids for body in map(read_body, bodies) for copy, ids in _told(body)}
        akten = {akte for akte, *_ in told}
        there = _there(connection, akten)
        stored = {(akte, version) for akte, version, _ in told}
        for (akte, version, store), ids in (told | _anew(connection, akten, stored)).items():
            stores = there.get((akte, version))  # a package that is gone altogether is told by itself
            if stores is None or (store in stores and ids in (_UNTOLD, stores[store])):
                continue
            text = (
                f"Die Kopie im Speicher „{store}“ ist im Katalog eine andere als im Protokoll."
                if store in stores
                else f"Die Kopie im Speicher „{store}“ fehlt im Katalog; das Protokoll nennt sie."
            )
            yield Finding("TR-07", Severity.ERROR, f"Akte {akte}, Version {version}", text)


def _told(body: dict[str, Any]) -> Iterator[tuple[_Copy, _Ids]]:
    """The copies that a row tells of; one that is not ours is told by its hash (TR-01)."""
    try:
        akte, data = str(UUID(body["akte"])), body["data"]
        version = int(data["version"])
        yield from [
            ((akte, version, str(copy["store"])), (str(copy.get("bag", "")), str(copy.get("commit", ""))))
            for copy in data["copies"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _anew(connection: Connection, akten: set[str], stored: Container[tuple[str, int]]) -> dict[_Copy, _Ids]:
    """Copies of these versions that were put there since, anew or for the first time, as the last row of each tells."""
    query = select(trail.c.body).where(verb_of_few == Verb.COPY_RESTORED.value, trail.c.akte.in_(sorted(akten)))
    rows = connection.execute(query.order_by(trail.c.seq)).scalars()
    return {copy: ids for body in map(read_body, rows) for copy, ids in _told(body) if copy[:2] in stored}


def _there(connection: Connection, akten: set[str]) -> dict[tuple[str, int], dict[str, _Ids]]:
    wanted = [UUID(akte) for akte in akten]
    found: dict[tuple[str, int], dict[str, _Ids]] = {}
    query = select(packages.c.akte, packages.c.version).where(packages.c.akte.in_(wanted))
    for akte, version in connection.execute(query):
        found[str(akte), version] = {}
    columns = (copies.c[name] for name in ("akte", "version", "store", "bag_version_id", "commit_version_id"))
    for akte, version, store, bag, commit in connection.execute(select(*columns).where(copies.c.akte.in_(wanted))):
        found.setdefault((str(akte), version), {})[store] = (bag, commit)
    return found
