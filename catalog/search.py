"""Finds Akten: by Aktenzeichen in any spelling, its beginning, a day, words of the register, words of the pages.

The tiers come one after the other and no Akte twice. Within a tier of words the newest come first; they are ranked
only when there are few (prefect-db.md §6: ranking many thousand hits costs more than a person reads).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, select, union

from akten.aktenzeichen import MUSTER, Muster
from akten.errors import FixityError
from akten.model import clean_text
from catalog import holdings
from catalog.matching import matching, surely_many
from catalog.numberrange import range_words
from catalog.passages import Kind
from catalog.query import Term, exact_numbers, number_beginnings, parse_day, parse_terms
from catalog.renumbered import bearers, bearers_of_beginning
from catalog.snippets import Snippet, snippet
from catalog.tables import akten, dokumente, pages, passages
from catalog.values import AkteRow

RANK_BELOW = 500
_BATCH = 200
_MOST_AT_ONCE = 2000
_SNIPPETS = 3
_PASSAGES = 2
_LOOKED_AT = 50
_LAST = "\U0010ffff"
_LOST = (
    "Zu dieser Suche gehört eine Akte, die im Katalog fehlt: Er wurde am Programm vorbei geändert. Was fehlt, sagt: "
    "archiv protokoll pruefe"
)


class Why(StrEnum):
    """What made an Akte a hit, best first."""

    AKTENZEICHEN = "aktenzeichen"
    FRUEHER = "frueher"  # the number was corrected since
    ANFANG = "anfang"
    DATUM = "datum"
    REGISTER = "register"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Search:
    """What to find. `von` and `bis` keep Akten with a known day in between; `muster` are the city's patterns."""

    text: str
    volltext: bool = False
    aktenarten: Collection[str] | None = None
    state: str | None = None
    von: date | None = None
    bis: date | None = None
    limit: int = 20
    offset: int = 0
    ranked: bool = True
    muster: tuple[Muster, ...] = MUSTER

    def __post_init__(self) -> None:
        if self.limit < 1 or self.offset < 0:
            raise ValueError("a page of answers has at least one line and begins at 0 or later")


@dataclass(frozen=True, slots=True)
class Hit:
    """One Akte found, why, and where in its pages."""

    akte: AkteRow
    why: Why
    snippets: tuple[Snippet, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits of one page of the list; `more` says that the list goes on. `searched` says what was looked for and where,
    so that an empty answer can be shown; `order` is `newest` or `rank`.
    """

    hits: tuple[Hit, ...]
    more: bool
    order: str
    searched: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    akte_nr: int
    why: Why
    passages: list[int]


def find(connection: Connection, wanted: Search) -> Answer:
    """Answers any text; never raises for what a person typed. Raises FixityError when an Akte was taken out."""
    typed = clean_text(wanted.text.replace("\0", " "))
    terms, notes = parse_terms(typed)
    if not wanted.volltext and (known := list(_exact(connection, wanted, (typed,)))):
        # What is typed as it stands in the register means that and nothing else.
        once = _once(itertools.chain(known, _formerly(connection, wanted, (typed,))))
        hits, more = _shown(connection, wanted, once, terms)
        return Answer(hits, more, "newest", (f"Aktenzeichen {typed}",), ())
    numbers = exact_numbers(typed, wanted.muster)
    beginnings = number_beginnings(typed, wanted.muster)
    day = parse_day(typed)
    searched = _searched(wanted, terms, numbers, beginnings, day)
    if not typed:
        return Answer((), more=False, order="newest", searched=(), notes=("Es wurde nichts eingegeben.",))
    if not searched:
        nothing = f"In „{typed[:50]}“ ist kein Wort, kein Zeichen und kein Tag, wonach sich suchen lässt."
        return Answer((), more=False, order="newest", searched=(), notes=(*notes, nothing))
    tiers: list[Iterator[_Found]] = [
        _exact(connection, wanted, numbers),
        _formerly(connection, wanted, numbers),
        _beginning(connection, wanted, beginnings),
        _formerly_beginning(connection, wanted, beginnings),
    ]
    if day is not None:
        tiers.append(_on_day(connection, wanted, day))
    orders = ["newest"]
    if terms:
        kinds = (Kind.REGISTER, Kind.TEXT) if wanted.volltext else (Kind.REGISTER,)
        tiers += [_words(connection, wanted, kind, terms, orders) for kind in kinds]
    hits, more = _shown(connection, wanted, _once(itertools.chain(*tiers)), terms)
    if not hits and not wanted.offset:
        notes = (*notes, *range_words(connection, numbers, wanted.muster))
    return Answer(hits, more, orders[-1], searched, notes)


def _shown(
    connection: Connection, wanted: Search, found: Iterator[_Found], terms: Sequence[Term]
) -> tuple[tuple[Hit, ...], bool]:
    """One page of what was found, and whether there is more; tiers behind it are not asked at all."""
    chosen = list(itertools.islice(found, wanted.offset, wanted.offset + wanted.limit + 1))
    shown = chosen[: wanted.limit]
    if wanted.volltext and terms:
        _add_passages(connection, [each for each in shown if not each.passages], terms)
    return _hits(connection, shown, terms), len(chosen) > wanted.limit


def _add_passages(connection: Connection, shown: Sequence[_Found], terms: Sequence[Term]) -> None:
    """An Akte found by number or title shows its pages with the words too."""
    own, number, condition, _ = matching(connection, Kind.TEXT, terms)
    for each in shown:
        passage = (
            select(passages.c.nr)
            .where(passages.c.akte_nr == each.akte_nr, passages.c.kind == Kind.TEXT.value)
            .order_by(passages.c.nr)
            .limit(_LOOKED_AT)
        )
        numbers = list(connection.execute(passage).scalars())
        if numbers:
            query = select(number).select_from(own).where(condition, number.in_(numbers)).order_by(number)
            each.passages.extend(connection.execute(query.limit(_PASSAGES)).scalars())


def _searched(
    wanted: Search, terms: Sequence[Term], numbers: Sequence[str], beginnings: Sequence[str], day: date | None
) -> tuple[str, ...]:
    lines = [f"Aktenzeichen {number}" for number in numbers]
    lines += [f"Aktenzeichen mit Anfang {number}" for number in beginnings]
    if day is not None:
        lines.append(f"Dokumente vom {day:%d.%m.%Y}")
    if terms:
        said = ", ".join(" ".join(term.words) + ("*" if term.prefix else "") for term in terms)
        lines.append(f"Wörter im Register: {said}")
        if wanted.volltext:
            lines.append(f"Wörter im Text der Seiten: {said}")
    return tuple(lines)


def _once(found: Iterator[_Found]) -> Iterator[_Found]:
    seen: set[int] = set()
    for each in found:
        if each.akte_nr not in seen:
            seen.add(each.akte_nr)
            yield each


def _conditions(wanted: Search) -> list[Any]:
    return holdings.conditions(
        holdings.AkteFilter(aktenarten=wanted.aktenarten, state=wanted.state, von=wanted.von, bis=wanted.bis)
    )


def _exact(connection: Connection, wanted: Search, numbers: Sequence[str]) -> Iterator[_Found]:
    if not numbers:
        return
    query = (
        select(akten.c.nr)
        .where(akten.c.aktenzeichen.in_(numbers), *_conditions(wanted))
        .order_by(akten.c.aktenzeichen, akten.c.aktenart, akten.c.band)
    )
    yield from (_Found(number, Why.AKTENZEICHEN, []) for number in connection.execute(query).scalars().all())


def _formerly(connection: Connection, wanted: Search, numbers: Sequence[str]) -> Iterator[_Found]:
    if numbers:
        found = bearers(connection, numbers, *_conditions(wanted))
        yield from (_Found(number, Why.FRUEHER, []) for number in found)


def _beginning(connection: Connection, wanted: Search, beginnings: Sequence[str]) -> Iterator[_Found]:
    if not beginnings:
        return
    # Each beginning for itself: for two ranges at once the databases walk the whole register in its order.
    most = wanted.offset + wanted.limit + 1
    order = (akten.c.aktenzeichen, akten.c.band)
    first = [
        select(akten.c.nr, *order)
        .where(akten.c.aktenzeichen >= each, akten.c.aktenzeichen < each + _LAST, *_conditions(wanted))
        .order_by(*order)
        .limit(most)
        .subquery()
        for each in beginnings
    ]
    both = union(*(select(each) for each in first)).subquery()
    query = select(both.c.nr).order_by(both.c.aktenzeichen, both.c.band).limit(most)
    yield from (_Found(number, Why.ANFANG, []) for number in connection.execute(query).scalars().all())


def _formerly_beginning(connection: Connection, wanted: Search, beginnings: Sequence[str]) -> Iterator[_Found]:
    most = wanted.offset + wanted.limit + 1
    for each in beginnings:
        found = bearers_of_beginning(connection, each, each + _LAST, most, *_conditions(wanted))
        yield from (_Found(number, Why.FRUEHER, []) for number in found)


def _on_day(connection: Connection, wanted: Search, day: date) -> Iterator[_Found]:
    query = (
        select(akten.c.nr)
        .where(
            akten.c.uuid.in_(select(dokumente.c.akte).where(dokumente.c.datum == day)),
            *_conditions(wanted),
        )
        .order_by(akten.c.nr.desc())
        .limit(wanted.offset + wanted.limit + 1)
    )
    yield from (_Found(number, Why.DATUM, []) for number in connection.execute(query).scalars().all())


# --- words ---------------------------------------------------------------------------------------------------------


def _how_many(connection: Connection, kind: Kind, terms: Sequence[Term]) -> int:
    """Passages with all the terms, counted up to RANK_BELOW: from there on ranking them would cost.

    PostgreSQL must not know of the limit: hoping to be through soon it would read the whole table instead of the index,
    for a word that stands nowhere to its very end.
    """
    if surely_many(connection, kind, terms, RANK_BELOW):
        return RANK_BELOW
    own, number, condition, _ = matching(connection, kind, terms)
    every = (
        select(number).select_from(own).where(condition).cte("alle").prefix_with("MATERIALIZED", dialect="postgresql")
    )
    capped = select(every).limit(RANK_BELOW).subquery()
    return int(connection.execute(select(func.count()).select_from(capped)).scalar_one())


def _words(
    connection: Connection, wanted: Search, kind: Kind, terms: Sequence[Term], orders: list[str]
) -> Iterator[_Found]:
    """Akten with all the terms in one passage, each with its first few passages; tells the order in `orders`."""
    many = _how_many(connection, kind, terms)
    ranked = wanted.ranked and many < RANK_BELOW
    orders.append("rank" if ranked else "newest")
    if not many:
        return
    why = Why.REGISTER if kind is Kind.REGISTER else Why.TEXT
    own, number, condition, rank = matching(connection, kind, terms)
    query = select(number.label("nr"), passages.c.akte_nr).select_from(own.join(passages, passages.c.nr == number))
    query = query.where(condition)
    if filters := _conditions(wanted):
        query = query.join_from(passages, akten, akten.c.nr == passages.c.akte_nr).where(*filters)
    if ranked:
        rows = connection.execute(query.order_by(rank, number.desc())).all()
        found: Iterator[tuple[int, int]] = ((row.nr, row.akte_nr) for row in rows)
    else:
        # Two passages of an Akte are usual; what is asked too much costs the database, and so does a second question.
        first = min(2 * (wanted.offset + wanted.limit + 1), _MOST_AT_ONCE)
        found = _newest_first(connection, query, number, first)
    for akte_nr, group in itertools.groupby(found, key=lambda row: row[1]):
        # Passages of one Akte that follow one another become one hit; those of the register have no pages to show.
        numbers = [nr for nr, _ in itertools.islice(group, _PASSAGES)]
        yield _Found(akte_nr, why, numbers if kind is Kind.TEXT else [])


def _newest_first(connection: Connection, query: Select[Any], number: Any, size: int) -> Iterator[tuple[int, int]]:
    last: int | None = None
    while True:
        batch = query if last is None else query.where(number < last)
        rows = connection.execute(batch.order_by(number.desc()).limit(size)).all()
        yield from ((row.nr, row.akte_nr) for row in rows)
        if len(rows) < size:
            return
        last, size = rows[-1].nr, _BATCH


# --- what is shown -------------------------------------------------------------------------------------------------


def _hits(connection: Connection, chosen: Sequence[_Found], terms: Sequence[Term]) -> tuple[Hit, ...]:
    rows = holdings.rows_by_nr(connection, [each.akte_nr for each in chosen])
    if any(each.akte_nr not in rows for each in chosen):
        raise FixityError(_LOST)
    numbers = [number for each in chosen for number in each.passages]
    found = _snippets(connection, numbers, terms) if numbers else {}
    return tuple(
        Hit(rows[each.akte_nr], each.why, _best([made for nr in each.passages for made in found.get(nr, ())]))
        for each in chosen
    )


def _snippets(connection: Connection, numbers: Sequence[int], terms: Sequence[Term]) -> dict[int, list[Snippet]]:
    """The pages of each passage on which something stands; behind a page with every term it is not read further."""
    found: dict[int, list[Snippet]] = {}
    on_pages = (pages.c.dokument == passages.c.dokument) & pages.c.page.between(
        passages.c.page_from, passages.c.page_to
    )
    for start in range(0, len(numbers), 500):
        query = (
            select(passages.c.nr, pages.c.dokument, pages.c.page, pages.c.text)
            .select_from(passages.join(pages, on_pages))
            .where(passages.c.nr.in_(numbers[start : start + 500]))
            .order_by(passages.c.nr, pages.c.page)
        )
        done = None
        for row in connection.execute(query):
            if row.nr == done:
                continue
            made = snippet(row.dokument, row.page, row.text, terms)
            if made is not None:
                found.setdefault(row.nr, []).append(made)
                if made.terms == len(terms):
                    done = row.nr
    return found


def _best(found: Sequence[Snippet]) -> tuple[Snippet, ...]:
    best = sorted(found, key=lambda each: -each.terms)[:_SNIPPETS]
    return tuple(sorted(best, key=lambda each: (each.dokument, each.page)))
