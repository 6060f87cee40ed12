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


def _until_shown(text: str, word: int) -> list[tuple[int, int]]:
    """Where the words stand, to the end of what is shown around this word: further on nobody looks."""
    where: list[tuple[int, int]] = []
    for place in places(text):
        if len(where) > word and place[0] > where[word][1] + _AROUND:
            break
        where.append(place)
    return where


def snippet(dokument: UUID, page: int, text: str, terms: Sequence[Term]) -> Snippet | None:
    """The surroundings of the first hit on a page, or None when nothing wanted stands there."""
    own = tokens(text)
    hits = [hit for term in terms if (hit := list(term.found_in(own)))]
    if not hits:
        return None
    where = _until_shown(text, min(place for hit in hits for place in hit)[1])
    spans = sorted((where[start][0], where[end][1]) for hit in hits for start, end in hit if end < len(where))
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
