"""What Akten were before: how older versions describe them, and the classes they had; for holds that go by a query.

A Nachscan with another Betreff, or another class, would else take an Akte out of a hold, and one person could do that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from akten.errors import FixityError
from akten.model import clean_text
from catalog.described import first_and_last
from catalog.holds import Matcher, stems_of
from catalog.keeping_tables import classifications
from catalog.tables import akten, packages

Classes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Face:
    """How a version describes its Akte; it counted until `until`, when the next version was stored."""

    aktenart: str
    aktenzeichen: str
    betreff: str
    record_class: str
    datum_von: date | None
    datum_bis: date | None
    until: datetime


class Past:
    """The past of a stretch of Akten (`chosen`, a condition on akten)."""

    def __init__(self, connection: Connection, chosen: ColumnElement[bool]) -> None:
        self._faces = _faces(connection, chosen)
        self._told = _told(connection, chosen)

    def covers(self, matcher: Matcher, row: Row[Any], classes: Sequence[str], since: datetime) -> bool:
        """Whether a query covered an Akte (a row of akten) by anything that counted after the instant `since`."""
        faces, told = self._faces.get(row.nr, ()), self._told.get(row.nr, ())
        if not faces and not told:
            return False
        seen = [row, *(face for face in faces if face.until > since)]
        had = [tuple(classes), *_had(row, faces, told, since)]
        return any(
            matcher.covers(each, own, lambda each=each: stems_of(each.betreff))  # type: ignore[misc]
            for each in seen
            for own in dict.fromkeys(had)
        )


def _had(
    row: Row[Any], faces: Sequence[_Face], told: Sequence[tuple[datetime, Classes]], since: datetime
) -> Iterator[Classes]:
    """The classes that counted after `since` and do not any more; what a person gave counts before any slip."""
    first = told[0][0] if told else None
    for face in faces:
        until = face.until if first is None else min(face.until, first)
        if until > since and face.record_class:
            yield (face.record_class,)
    if first is not None and first > since and row.record_class:
        yield (row.record_class,)
    for (_, own), (until, _) in pairwise(told):
        if until > since:
            yield own


def _faces(connection: Connection, chosen: ColumnElement[bool]) -> Mapping[int, Sequence[_Face]]:
    names = (akten.c.nr, akten.c.aktenart, akten.c.aktenzeichen, packages.c.version, packages.c.snapshot)
    query = select(*names, packages.c.stored_at).join(akten, akten.c.uuid == packages.c.akte)
    query = query.where(chosen, akten.c.version > 1).order_by(akten.c.nr, packages.c.version)
    found: dict[int, list[_Face]] = defaultdict(list)
    for older, newer in pairwise(connection.execute(query)):
        if older.nr == newer.nr:
            found[older.nr].append(_face(older, newer.stored_at))
    return found


def _face(row: Row[Any], until: datetime) -> _Face:
    try:
        true = json.loads(row.snapshot)
        von, bis = (date.fromisoformat(day) if day else None for day in first_and_last(true))
        record_class = clean_text((true["aufbewahrung"] or {}).get("record_class", ""))
        number = clean_text(true["aktenzeichen"][0])
        return _Face(row.aktenart, number, clean_text(true["betreff"]), record_class, von, bis, until)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FixityError(
            f"Die Beschreibung von {row.aktenart} {row.aktenzeichen}, Version {row.version}, ist im Katalog nicht mehr "
            "lesbar; ob eine Sperre sie erfasst, ist nicht zu sagen: archiv protokoll pruefe."
        ) from error


def _told(connection: Connection, chosen: ColumnElement[bool]) -> Mapping[int, Sequence[tuple[datetime, Classes]]]:
    table = classifications
    query = select(akten.c.nr, table.c.at, table.c.record_classes).join(akten, akten.c.uuid == table.c.akte)
    found: dict[int, list[tuple[datetime, Classes]]] = defaultdict(list)
    for row in connection.execute(query.where(chosen).order_by(table.c.nr)):
        found[row.nr].append((row.at, tuple(json.loads(row.record_classes))))
    return found
