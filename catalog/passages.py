"""Passages: the pieces of an Akte that are searched as one, each with the words of its heading.

A passage of kind `register` holds what the register knows (Aktenzeichen, Betreffs, extra fields); one of kind `text`
holds pages of one Dokument after the Betreffs above it, so that "Müller Garage" finds a garage in Müller's Akte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from akten.model import Akte
from catalog.fold import tokens

FORMAT = 1  # raise it when folding, stems or passages change: every Akte of an older format is then indexed anew
# PostgreSQL keeps 255 positions a word and 16,383 in all; below that both databases find the same phrases.
MAX_WORDS = 4000
MAX_SAME = 200
MAX_BYTES = 1_040_000  # of 1,048,575 that a tsvector holds: ours never get there, long words of other scripts do
GAP = "¶"  # stands between pieces, so that no phrase reaches over a border


class Kind(StrEnum):
    """Which of the two indexes a passage belongs to."""

    REGISTER = "register"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Passage:
    """Folded words of one piece; `words` holds GAP at the borders."""

    kind: Kind
    dokument: UUID | None
    page_from: int
    page_to: int
    words: tuple[str, ...]


def _cut(
    kind: Kind, dokument: UUID | None, head: Sequence[str], pieces: Iterable[tuple[int, list[str]]]
) -> Iterator[Passage]:
    """Fills passages with pieces (page number and words), never past the limits; a long piece goes on in the next."""
    head = head[: MAX_WORDS // 4]
    same = Counter(head)
    words = [*head, GAP]
    of_head = size = sum(map(_weight, head))
    first = last = 0

    def passage() -> Passage:
        return Passage(kind, dokument, first, last, tuple(words))

    for number, piece in pieces:
        for word in piece:
            weight = _weight(word)
            if len(words) >= MAX_WORDS or same[word] >= MAX_SAME or size + weight > MAX_BYTES:
                yield passage()
                words, same, first, size = [*head, GAP], Counter(head), number, of_head
            words.append(word)
            size += weight
            same[word] += 1
            first = first or number
            last = number
        first, last = first or number, number
        words.append(GAP)
    yield passage()


def _weight(word: str) -> int:
    """At most so many bytes of a tsvector a word takes: itself, its marked stem, and a position for each."""
    return 2 * (len(word) if word.isascii() else len(word.encode())) + 12


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands on the cover of the Akte: its words belong to every passage of it."""

    aktenzeichen: str
    schreibweise: str
    betreff: str
    felder: tuple[str, ...] = ()

    @staticmethod
    def of(akte: Akte) -> Heading:
        """The cover of an Akte."""
        number = akte.aktenzeichen
        return Heading(number.kanonisch, number.schreibweise, akte.betreff, tuple(value for _, value in akte.felder))

    def words(self) -> list[str]:
        """Aktenzeichen in both spellings and Betreff, with borders between them."""
        return _joined((self.aktenzeichen, self.schreibweise, self.betreff))


def _joined(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in (*tokens(text), GAP)]


def titles(akte: Akte) -> list[str]:
    """Betreffs and signs of everything in the Akte, in order."""
    found: list[str] = []
    for vorgang in akte.vorgaenge:
        found += [vorgang.betreff, vorgang.zeichen, *(dokument.betreff for dokument in vorgang.dokumente)]
    return found


def register_passages(heading: Heading, texts: Iterable[str]) -> tuple[Passage, ...]:
    """The cover, its extra fields and the titles below it, as passages; usually one."""
    head = heading.words() + _joined(heading.felder)
    return tuple(_cut(Kind.REGISTER, None, head, ((0, tokens(text)) for text in dict.fromkeys(texts) if text)))


def text_passages(
    heading: Heading, above: Iterable[str], dokument: UUID, pages: Iterable[tuple[int, str]]
) -> tuple[Passage, ...]:
    """The pages of one Dokument (number and text) as passages; `above` are the Betreffs of Vorgang and Dokument."""
    head = heading.words() + _joined(above)
    return tuple(_cut(Kind.TEXT, dokument, head, ((number, tokens(text)) for number, text in pages)))


def passages_of_texts(akte: Akte, texts: Mapping[UUID, Sequence[tuple[int, str]]]) -> tuple[Passage, ...]:
    """The passages of all Dokumente whose pages are given."""
    heading = Heading.of(akte)
    made: list[Passage] = []
    for vorgang in akte.vorgaenge:
        for dokument in vorgang.dokumente:
            if pages := texts.get(dokument.uuid):
                made += text_passages(heading, (vorgang.betreff, dokument.betreff), dokument.uuid, pages)
    return tuple(made)
