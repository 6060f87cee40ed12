"""Numbers that Akten bore before they were corrected, and whether a number is free to be given by a correction.

No table of its own: the delivery of each archived version keeps the number that this version was stored under, so a
former number is one that an archived delivery bears and its Akte does not. It comes back with the packages by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from akten.correction import is_correction
from akten.errors import Forbidden, Unavailable
from akten.lifecycle import Stage
from catalog.tables import akten, clearing, deliveries, packages

_ENDED = (Stage.ARCHIVED.value, Stage.RETURNED.value, Stage.DUPLICATE.value)
_BEGUN = (Stage.DESCRIBED.value, Stage.PACKED.value)
_UNDER_WAY = (
    "Dieses Aktenzeichen wird gerade durch eine freigegebene Berichtigung vergeben oder geändert; danach geht es hier "
    "weiter. Ist sie abgebrochen (archiv akte berichtigungen), bringt dasselbe archiv akte gib-frei sie zu Ende."
)
_STORED = packages.join(deliveries, deliveries.c.uuid == packages.c.delivery)


# --- former numbers ---------------------------------------------------------------------------------------------------


def bearers(connection: Connection, numbers: Iterable[str], *conditions: ColumnElement[bool]) -> list[int]:
    """Akten (by nr) that bore one of these numbers in an archived version and bear another one now."""
    return _bore(connection, deliveries.c.aktenzeichen.in_(list(numbers)), *conditions)


def bearers_of_beginning(
    connection: Connection, first: str, last: str, most: int, *conditions: ColumnElement[bool]
) -> list[int]:
    """The same for numbers from `first` to below `last`; no more than `most`."""
    then = deliveries.c.aktenzeichen
    return _bore(connection, then >= first, then < last, *conditions, most=most)


def _bore(connection: Connection, *conditions: ColumnElement[bool], most: int | None = None) -> list[int]:
    shown = (akten.c.aktenzeichen, akten.c.aktenart, akten.c.band)
    query = (
        select(akten.c.nr, *shown)
        .distinct()
        .select_from(_STORED.join(akten, akten.c.uuid == packages.c.akte))
        .where(akten.c.aktenzeichen != deliveries.c.aktenzeichen, *conditions)
        .order_by(*shown)
        .limit(most)
    )
    return [row.nr for row in connection.execute(query)]


def formerly_begins(beginnings: Sequence[str]) -> ColumnElement[bool]:
    """The condition on akten that the number of an archived version begins so."""
    begins = or_(*(deliveries.c.aktenzeichen.startswith(each, autoescape=True) for each in beginnings))
    return akten.c.uuid.in_(select(packages.c.akte).select_from(_STORED).where(begins))


def who_bore(connection: Connection, aktenart: str, number: str, band: int) -> list[int]:
    """Akten (by nr) that a delivery under this number may mean, since they bore it once and nobody bears it now.

    The same Band first of all; where no Band of the number is left, any: it may be mistyped on all their slips.
    """
    family = akten.c.aktenart == aktenart
    bands = set(connection.execute(select(akten.c.band).where(family, akten.c.aktenzeichen == number)).scalars())
    if band in bands:
        return []
    same = bearers(connection, (number,), family, akten.c.band == band)
    return same if same or bands else bearers(connection, (number,), family)


# --- a number that a correction gives ---------------------------------------------------------------------------------


def require_settled(connection: Connection, aktenart: str, number: str, band: int) -> None:
    """Raises Unavailable while a correction that is being stored gives an Akte this number, or takes it from one:
    nobody can say before whose it is.
    """
    query = select(deliveries.c.nr).join(akten, akten.c.uuid == deliveries.c.akte)
    query = query.where(
        deliveries.c.stage.in_(_BEGUN),
        akten.c.aktenart == aktenart,
        akten.c.band == band,
        deliveries.c.aktenzeichen != akten.c.aktenzeichen,
        or_(deliveries.c.aktenzeichen == number, akten.c.aktenzeichen == number),
    )
    if connection.execute(query.limit(1)).first() is not None:
        raise Unavailable(_UNDER_WAY)


def require_free(connection: Connection, akte: UUID, number: str) -> Row[Any] | None:
    """Raises Forbidden, with what to do, when a correction cannot give an Akte this number now.

    Returns the Akte that was opened under it by deliveries which have all been given back: it has to make way.
    """
    own = connection.execute(select(akten).where(akten.c.uuid == akte)).one()
    require_settled(connection, own.aktenart, number, own.band)
    _require_none_waits(connection, own, number)
    same = (akten.c.aktenart == own.aktenart) & (akten.c.aktenzeichen == number) & (akten.c.band == own.band)
    there = connection.execute(select(akten).where(same)).first()
    if there is not None and there.version:
        raise Forbidden(
            f"{_named(own, number)} gibt es schon, und zwei Akten führt das Archiv nicht zusammen. Stimmt das neue "
            "Aktenzeichen, so trägt jene ein falsches und ist zuerst zu berichtigen."
        )
    return there


def _require_none_waits(connection: Connection, own: Row[Any], number: str) -> None:
    """Raises Forbidden while a delivery for the Akte, or under its new number, has not ended."""
    named = (
        (deliveries.c.aktenart == own.aktenart)
        & (deliveries.c.aktenzeichen == number)
        & (deliveries.c.band == own.band)
    )
    query = (
        select(deliveries.c.slip, deliveries.c.akte, deliveries.c.band, clearing.c.nr)
        .select_from(
            deliveries.join(
                clearing, (clearing.c.delivery == deliveries.c.uuid) & (clearing.c.state == "open"), isouter=True
            )
        )
        .where(or_(deliveries.c.akte == own.uuid, named), deliveries.c.stage.not_in(_ENDED))
        .order_by(deliveries.c.nr)
    )
    for row in connection.execute(query):
        if is_correction(json.loads(row.slip)):
            continue  # one that could not be packed keeps nobody waiting
        if row.nr is not None and row.akte is None and not who_bore(connection, own.aktenart, number, row.band):
            continue  # it waits for this very correction: who put it to the clearing desk asked whose it is (IN-28)
        whose = "zu dieser Akte" if row.akte == own.uuid else f"unter {number}"
        if row.nr is None:
            raise Forbidden(
                f"Eine Lieferung {whose} ist noch unterwegs. Bitte erst warten, bis sie archiviert ist (archiv annahme "
                "bringt sie zu Ende), dann noch einmal."
            )
        raise Forbidden(
            f"Eine Lieferung {whose} wartet im Klärungskorb (Fall {row.nr}). Bitte sie erst erledigen oder "
            f"zurückgeben (archiv klaerung zeige {row.nr}), dann noch einmal."
        )


def require_nobodys(connection: Connection, delivery: Row[Any], case: int) -> None:
    """Raises Forbidden when an Akte bears the number of a delivery that shall be an Akte of its own under it."""
    same = (akten.c.aktenart == delivery.aktenart) & (akten.c.aktenzeichen == delivery.aktenzeichen)
    there = connection.execute(select(akten).where(same, akten.c.band == delivery.band)).first()
    if there is not None:
        raise Forbidden(
            f"{_named(there, there.aktenzeichen)} gibt es inzwischen; als eigene Akte lässt sich die Lieferung nicht "
            f"mehr anlegen. Gehört sie zu jener: archiv klaerung loese {case} --neu-einreichen, sonst erst das "
            "Aktenzeichen auf dem Laufzettel berichtigen."
        )


def no_way(there: Row[Any]) -> Forbidden:
    """Of an Akte of which something was told, though nothing is archived."""
    return Forbidden(
        f"Unter {_named(there, there.aktenzeichen)} ist schon etwas vermerkt (Sperre, Ereignis, Fristklasse, Person) "
        "oder war etwas gepackt, obwohl dort nichts archiviert ist. Bitte das Archiv ansprechen."
    )


def _named(own: Row[Any], number: str) -> str:
    return f"{own.aktenart} {number}" + (f" Band {own.band}" if own.band > 1 else "")
