"""Words of German texts made comparable: folding, line-end hyphens, stems. The same for index and query."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

MAX_WORD = 60

_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ł": "l", "ø": "oe", "đ": "d", "æ": "ae", "œ": "oe"}
)
_HYPHEN = "[-=¬\u00ad\u2010\u2011\u2e17]"
_PART = r"[^\W_](?:[^\W_]|[\u0300-\u036f])*"
# A hyphen at the end of a line joins when a small letter follows ("Bauge-" / "nehmigung"), but not in "Ein-" / "und
# Ausgang"; a soft hyphen joins anywhere.
_WORD = re.compile(
    rf"{_PART}(?:(?:{_HYPHEN}[ \t]*\r?\n[ \t]*(?=[a-zß-öø-ÿ])(?!(?:und|oder|bzw|sowie|u)\b)|\u00ad){_PART})*"
)


def fold(text: str) -> str:
    """Small letters without marks: ä ö ü ß as ae oe ue ss, ı as i, every other mark dropped (Çelik → celik)."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_LETTERS)
    bare = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return bare.casefold().translate(_LETTERS)


@lru_cache(maxsize=1 << 16)
def _token(raw: str, *, whole: bool = True) -> str:
    token = fold(raw)
    if not token.isalnum():
        token = "".join(c for c in token if c.isalnum())
    if whole and token.endswith("str"):  # Hafenstr. is Hafenstraße
        token += "asse"
    return token[:MAX_WORD]


def tokens(text: str) -> list[str]:
    """The folded words of a text in order, hyphens at line ends joined."""
    return [token for raw in _WORD.findall(text) if (token := _token(raw))]


def places(text: str) -> Iterator[tuple[int, int]]:
    """Where each of the `tokens` stands, as (start, end) of the original characters."""
    return (match.span() for match in _WORD.finditer(text) if _token(match[0]))


def beginning(text: str) -> str:
    """The last word of a text as the beginning of a longer one: "Str" stays "str"."""
    found = [token for raw in _WORD.findall(text) if (token := _token(raw, whole=False))]
    return found[-1] if found else ""


@lru_cache(maxsize=1 << 17)
def stem(token: str) -> str:
    """The German stem of a folded word; words with digits are their own stem."""
    if not token.isalpha():
        return token
    # A stemmer keeps the word it works on in itself, so threads must not share one.
    return str(snowballstemmer.stemmer("german").stemWord(token)) or token
