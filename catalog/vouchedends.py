"""Holds the end of the period that lists sort and choose by against what was computed last, by the trail (TR-15).

The next due round would put it right without a word; whoever asked before then was shown another day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from akten.findings import Finding, Severity
from catalog.tables import akten, packages, trail, verb_of_few
from catalog.trail import Verb, read_body
from catalog.vouched import UNREADABLE

_CHUNK = 500


def ends_not_as_computed(connection: Connection) -> Iterator[Finding]:
    """One finding for each archived Akte whose end of the period is not the one that was computed last."""
    newest = (akten.c.uuid == packages.c.akte) & (akten.c.version == packages.c.version)
    columns = (akten.c.uuid, akten.c.retention_ends, packages.c.commit_sha256, packages.c.snapshot)
    query = select(*columns).select_from(akten.join(packages, newest)).order_by(akten.c.nr)
    for rows in connection.execute(query.execution_options(yield_per=_CHUNK)).partitions():
        told = _told(connection, [str(row.uuid) for row in rows])
        for row in rows:
            try:
                same = _last(told.get(str(row.uuid), ()), row.commit_sha256, row.snapshot) == row.retention_ends
            except UNREADABLE:
                continue  # a description that was changed so is told by itself
            if not same:
                text = "Im Katalog nachträglich geändert: das Ende der Frist. archiv frist runde rechnet es neu."
                yield Finding("TR-15", Severity.ERROR, f"Akte {row.uuid}", text)


def _told(connection: Connection, uuids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    verbs = (Verb.PACKAGE_STORED.value, Verb.RETENTION_COMPUTED.value)
    query = select(trail.c.akte, trail.c.body).where(verb_of_few.in_(verbs), trail.c.akte.in_(uuids))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(query.order_by(trail.c.seq)):
        found.setdefault(row.akte, []).append(read_body(row.body))
    return found


def _last(told: Sequence[dict[str, Any]], commit: str, snapshot: str) -> date | None:
    """A new version brings the end of its description; what is computed later counts from then on."""
    ends: str | None = (json.loads(snapshot)["aufbewahrung"] or {}).get("ende")
    for body in reversed(told):
        data = body["data"]
        if body["verb"] == Verb.RETENTION_COMPUTED.value:
            ends = data["ends"]
            break
        if data["commit"] == commit:
            break
    return None if ends is None else date.fromisoformat(ends)
