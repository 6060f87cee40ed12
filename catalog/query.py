"""What a person typed, taken apart: words, phrases, beginnings of words, a day, an Aktenzeichen or its beginning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from akten.aktenzeichen import Muster, recognise
from catalog.fold import beginning, stem, tokens

MAX_TEXT = 2000
MAX_TERMS = 32
MIN_PREFIX = 2

_CHUNK = re.compile(r"[\"„“”»«]([^\"„“”»«]*)[\"„“”»«]|(\S+)")
_GERMAN_DAY = re.compile(r"\A\s*(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})\s*\Z")
_ISO_DAY = re.compile(r"\A\s*(\d{4})-(\d{2})-(\d{2})\s*\Z")
_LABEL = re.compile(r"\A\s*(?:aktenzeichen|az|akte|akten-?nr|akten?-?nummer)\b\.?\s*:?\s*", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s./_\\\u2010-\u2015\u2212-]+")
_NUMBER = re.compile(r"\A[0-9A-ZÄÖÜ]+(?:-[0-9A-ZÄÖÜ]+)*-?\Z")
# What other searches take for orders. Here every word must stand there, and whoever typed one should know.
_ORDERS = re.compile(r"(?<!\S)(?:AND|OR|NOT|NEAR|UND|ODER|NICHT)(?!\S)|(?<!\S)[+-](?=[^\W\d_])|[*?%](?=\w)")
_FIELD = re.compile(r"\{(?P<name>[a-z]+)(?::(?P<width>\d+|a))?\}|(?P<text>[A-Za-z0-9]+)|(?P<other>[^{A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to find: a word (by its stem), a phrase (words side by side, exactly), or a beginning (`prefix`)."""

    words: tuple[str, ...]
    prefix: bool = False

    @property
    def stemmed(self) -> bool:
        """True for a single whole word: it is found in all its forms."""
        return len(self.words) == 1 and not self.prefix

    def found_in(self, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
        """The first and the last word of each place where the term stands, as numbers in `tokens`."""
        if self.stemmed:
            wanted = stem(self.words[0])
            yield from ((place, place) for place, token in enumerate(tokens) if stem(token) == wanted)
            return
        *whole, last = self.words
        for place in range(len(tokens) - len(whole)):
            there = tokens[place + len(whole)]
            if (there.startswith(last) if self.prefix else there == last) and all(
                tokens[place + offset] == word for offset, word in enumerate(whole)
            ):
                yield place, place + len(whole)


def parse_terms(text: str) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """The terms, all of which must be found, and German notes on what was left out. Any text is allowed."""
    notes: list[str] = []
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT]
        notes.append(f"Gesucht wurde nur mit den ersten {MAX_TEXT} Zeichen.")
    if text != text.upper() and _ORDERS.search(text):  # who types capitals only has written them as words
        notes.append(
            "Gesucht wurde nach allen Wörtern; AND, OR, NOT, + und - vor einem Wort, * vor oder in einem Wort, ? und % "
            "haben keine Bedeutung."
        )
    found: dict[Term, None] = {}
    for match in _CHUNK.finditer(text):
        chunk = match[1] if match[1] is not None else match[2]
        prefix = match[1] is None and chunk.endswith("*")
        own = tokens(chunk)
        if prefix and own:
            own[-1] = beginning(chunk)
            if len(own[-1]) < MIN_PREFIX:
                prefix = False
                notes.append(f"Ein Wortanfang braucht mindestens {MIN_PREFIX} Zeichen; gesucht wurde das ganze Wort.")
        if own:
            found[Term(tuple(own), prefix)] = None
    terms = tuple(found)
    if len(terms) > MAX_TERMS:
        terms = terms[:MAX_TERMS]
        notes.append(f"Gesucht wurde nur mit den ersten {MAX_TERMS} Wörtern.")
    return terms, tuple(dict.fromkeys(notes))


def parse_day(text: str) -> date | None:
    """The day that a text is (31.12.2019 or 2019-12-31), or None."""
    if match := _GERMAN_DAY.match(text):
        day, month, year = (int(part) for part in match.groups())
    elif match := _ISO_DAY.match(text):
        year, month, day = (int(part) for part in match.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def exact_numbers(text: str, muster: Iterable[Muster]) -> tuple[str, ...]:
    """Every canonical Aktenzeichen that a text can mean, and the text itself as an unknown sort of number."""
    if len(text) > 200:
        return ()
    readings = [reading.kanonisch for reading in recognise(text, muster)]
    if any(c.isdigit() for c in text):
        readings.append(unicodedata.normalize("NFC", text).strip())
    return tuple(dict.fromkeys(readings))


def number_beginnings(text: str, muster: Iterable[Muster]) -> tuple[str, ...]:
    """Beginnings of canonical Aktenzeichen that a text can mean: as typed, and with numbers filled up by a pattern."""
    if len(text) > 200:
        return ()
    plain = _LABEL.sub("", unicodedata.normalize("NFKC", text), count=1).strip()
    plain = _SEPARATORS.sub("-", plain.rstrip("*")).upper().lstrip("-")
    if len(plain) < 2 or not _NUMBER.match(plain) or not any(c.isdigit() for c in plain):
        return ()
    found = [plain]
    parts = [part for part in plain.split("-") if part]
    found += [whole for pattern in muster if (whole := _filled(parts, pattern, closed=plain.endswith("-")))]
    return tuple(dict.fromkeys(found))


def _filled(parts: Sequence[str], muster: Muster, *, closed: bool) -> str:
    """The parts laid into a pattern from its start; "" when they do not fit. "63-1234" gives "63-01234-"."""
    left = list(parts)
    made = ""
    for field in _FIELD.finditer(muster.vorlage):
        if field["other"]:
            made += field["other"]
            continue
        if not left:
            return made
        part = left.pop(0)
        if field["text"]:
            if part != field["text"].upper():
                return ""
            made += field["text"]
        elif field["name"] == "jahr":
            if not part.isdigit() or (len(part) != 4 and (left or closed)):
                return ""
            made += part
        elif field["width"] == "a":
            if not part.isalpha():
                return ""
            made += part
        elif part.isdigit() and len(part.lstrip("0")) <= int(field["width"] or 1):
            made += part.lstrip("0").rjust(int(field["width"] or 1), "0")
        else:
            return ""
    return "" if left else made
