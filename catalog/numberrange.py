"""The range that a missing Aktenzeichen belongs to: what an auditor asks next when there is no hit.

"Not there" alone proves little. Whether its neighbours are in the register, and how many numbers of the range are
missing besides, shows if a single number was never taken in or if a whole run of them was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from akten.aktenzeichen import Muster, Series, series_of
from catalog.tables import akten

_LAST = "\U0010ffff"  # no sign sorts behind it


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers of one series that are in the register; `missing` lie between `first` and `last`."""

    series: Series
    known: int
    missing: int
    first: str | None
    last: str | None
    before: str | None
    after: str | None


def range_of(connection: Connection, number: str, muster: Iterable[Muster]) -> NumberRange | None:
    """The range around a canonical number, whether or not it is there; None where no pattern counts in it."""
    series = next((found for each in muster if (found := series_of(number, each)) is not None), None)
    if series is None:
        return None
    column = akten.c.aktenzeichen
    own = (
        column >= series.head,
        column < series.head + _LAST,
        column.like(_escaped(series.head) + "_" * series.width + _escaped(series.tail), escape="\\"),
    )
    known, first, last = connection.execute(
        select(func.count(column.distinct()), func.min(column), func.max(column)).where(*own)
    ).one()
    before = connection.execute(select(func.max(column)).where(*own, column < number)).scalar()
    after = connection.execute(select(func.min(column)).where(*own, column > number)).scalar()
    span = series.place(last) - series.place(first) + 1 if known else 0
    return NumberRange(series, known, span - known, first, last, before, after)


def range_words(connection: Connection, numbers: Sequence[str], muster: Sequence[Muster]) -> tuple[str, ...]:
    """One German line for the range of each of these numbers."""
    found = (range_of(connection, number, muster) for number in numbers)
    return tuple(dict.fromkeys(_words(each) for each in found if each is not None))


def _words(found: NumberRange) -> str:
    name = f"Nummernkreis {found.series.head}…{found.series.tail}"
    if not found.known:
        return f"{name}: im Register steht keine einzige Nummer."
    if found.known == 1:
        return f"{name}: im Register steht nur {found.first}."
    if not found.missing:
        gaps = "lückenlos"
    else:
        gaps = "1 Nummer dazwischen fehlt" if found.missing == 1 else f"{found.missing} Nummern dazwischen fehlen"
    places = [f"davor {found.before}"] if found.before else []
    places += [f"danach {found.after}"] if found.after else []
    return (
        f"{name}: im Register stehen {found.known} Nummern von {found.first} bis {found.last}, {gaps}; "
        f"die nächsten: {', '.join(places)}."
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
