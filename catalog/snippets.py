"""Snippets: the words around a hit, from the original text, with the places to be marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.fold import places, tokens
from catalog.query import Term

_AROUND = 90
_BLANKS = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of one page; `marks` are (start, end) within `text`, in characters."""

    dokument: UUID
    page: int
    text: str
    marks: tuple[tuple[int, int], ...]
    terms: int  # how many of the wanted terms stand on the page


def snippet(dokument: UUID, page: int, text: str, terms: Sequence[Term]) -> Snippet | None:
    """The surroundings of the first hit on a page, or None when nothing wanted stands there."""
    own = tokens(text)
    hits = [hit for term in terms if (hit := list(term.found_in(own)))]
    if not hits:
        return None
    where = places(text)
    spans = sorted((where[first][0], where[last][1]) for hit in hits for first, last in hit)
    first = spans[0]
    start, end = max(0, first[0] - _AROUND), min(len(text), first[1] + _AROUND)
    # Cut between words: a name cut in half reads as another name.
    if start and (blank := _BLANKS.search(text, start, first[0])):
        start = blank.end()
    if end < len(text):
        end = next((place for place in range(end, first[1], -1) if text[place].isspace()), end)
    marks: list[tuple[int, int]] = []
    for low, high in spans:
        if high > end or low < start:
            continue
        if marks and low < marks[-1][1] + start:
            marks[-1] = (marks[-1][0], max(marks[-1][1], high - start))
        else:
            marks.append((low - start, high - start))
    return Snippet(dokument, page, _BLANKS.sub(" ", text[start:end]), tuple(marks), len(hits))
