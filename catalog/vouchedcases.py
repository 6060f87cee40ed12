"""Holds the cases of the clearing desk against the trail (TR-17): what a person accepted there is let into the archive.

Whoever can write the database could else accept in somebody's name what nobody looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from akten.findings import Finding
from catalog.codec import findings_from_json
from catalog.tables import clearing, deliveries, trail, verb_of_few
from catalog.trail import Verb, read_body, salted
from catalog.values import ClearingState
from catalog.vouched import CHANGED, GONE, UNREADABLE, UNTOLD, bodies, finding, told_by

_CHUNK = 500
_CASE = "Klärungsfall"


def cases_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each case that register and trail do not have in common, or that ended otherwise."""
    query = select(clearing, deliveries.c.salt).join(deliveries, clearing.c.delivery == deliveries.c.uuid, isouter=True)
    for rows in connection.execute(query.order_by(clearing.c.nr).execution_options(yield_per=_CHUNK)).partitions():
        told = _told(connection, sorted({str(row.delivery) for row in rows}))
        for row in rows:
            opened, ended = told.get((str(row.delivery), row.nr), ([], []))
            if not opened:
                yield finding(_CASE, row.nr, UNTOLD)
            elif not _fits(row, ended):
                yield finding(_CASE, row.nr, CHANGED)
    for chunk in bodies(connection, "case", Verb.CLEARING_OPENED):
        numbers = sorted({number for number, _ in chunk})
        there = set(connection.execute(select(clearing.c.nr).where(clearing.c.nr.in_(numbers))).scalars())
        for number in numbers:
            if number not in there:
                yield finding(_CASE, number, GONE)


def _told(
    connection: Connection, uuids: Sequence[str]
) -> dict[tuple[str, int], tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """What the trail says of the cases of these deliveries: how each was opened, and how it ended."""
    verbs = (Verb.CLEARING_OPENED.value, Verb.CLEARING_RESOLVED.value)
    query = select(trail.c.delivery, trail.c.verb, trail.c.body).where(
        verb_of_few.in_(verbs), trail.c.delivery.in_(uuids)
    )
    found: dict[tuple[str, int], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for delivery, verb, text in connection.execute(query.order_by(trail.c.seq)):
        body = read_body(text)
        data = body.get("data")
        if isinstance(data, dict) and isinstance(data.get("case"), int):
            found.setdefault((delivery, data["case"]), ([], []))[verbs.index(verb)].append(body)
    return found


def _fits(row: Row[Any], ended: Sequence[Any]) -> bool:
    if row.state == ClearingState.OPEN.value:
        return not ended and row.resolution is None
    try:
        (last,) = ended
        data, reason = last["data"], row.resolved_reason or ""
        content = None if row.content is None else salted(row.salt, row.content)
        return (
            data["resolution"] == row.resolution
            and data["codes"] == sorted({each.code for each in findings_from_json(row.findings)})
            and last.get("note") == (salted(row.salt, reason) if reason else None)
            and data.get("content", content) == content  # told since December 2026
            and told_by(last, row.resolved_by, last["kind"], row.resolved_at)
        )
    except UNREADABLE:
        return False
