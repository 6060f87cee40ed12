"""Page ranges such as „1-4,7“ over the pages of a delivery, counted from 1."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIGHEST = 1_000_000
_PART = re.compile(r"(\d{1,7})(?:\s*[-\u2010-\u2015\u2212]\s*(\d{1,7}))?", re.ASCII)

Range = tuple[int, int]


def parse_ranges(text: str) -> tuple[Range, ...]:
    """The ranges of „1-4,7“ in the order written. Raises ValueError with a German sentence."""
    ranges: list[Range] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ValueError("eine Seitenangabe hat die Form „1-4,7“")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= HIGHEST or not 1 <= last <= HIGHEST:
            raise ValueError(f"Seiten zählen von 1 bis {HIGHEST}")
        if last < first:
            raise ValueError(f"die Seitenangabe {first}-{last} läuft rückwärts")
        if any(first <= other_last and other_first <= last for other_first, other_last in ranges):
            raise ValueError("eine Seite ist im selben Dokument zweimal genannt")
        ranges.append((first, last))
    return tuple(ranges)


def format_ranges(ranges: Iterable[Range]) -> str:
    """The ranges as a slip writes them."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def as_ranges(numbers: Iterable[int]) -> tuple[Range, ...]:
    """Page numbers, sorted and joined to the fewest ranges."""
    ranges: list[Range] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)
