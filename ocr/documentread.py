"""What the pages of a document say: text, words with their places, sizes, blanks and notes, read in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from akten.errors import Rejected, Unavailable
from ocr.ends import SandboxDied
from ocr.findings import error
from ocr.workshop import Workshop

_PAGES_ALLOWED = 100  # for whose time a document may be read, however many it has
LACKING = "Dem PDF/A fehlen Buchstaben im Text, der gesucht und kopiert wird (im Bild und in der Textdatei nicht)."


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one file; `words` is where the words with their places lie (`ocr.ownwords`)."""

    texts: tuple[str, ...]
    sizes_mm: tuple[tuple[float, float], ...]
    blank: frozenset[int]
    notes: int
    words: Path


def read_document(path: Path, shop: Workshop, *, as_seen: bool = False, words: str = "worte.jsonl") -> Read:
    """Text and size in mm of every page. Raises Rejected (OD-01) when the file ends its reader, else Unavailable."""
    place = shop.folder.resolve() / words
    payload = {"path": str(path.resolve()), "words": str(place), "as_seen": as_seen}
    try:
        answer = shop.ask("ocr.documenttools:read_pages", payload, _PAGES_ALLOWED)
    except SandboxDied as died:
        if not died.by_the_file:
            raise Unavailable(f"Der Text der Wiedergabe lässt sich nicht lesen ({died.text}).") from died
        text = f"Der Text des PDF lässt sich nicht lesen ({died.text}). Bitte als Scan oder PDF/A neu liefern."
        raise Rejected((error("OD-01", "", text),)) from died
    pages = answer["pages"]
    return Read(
        tuple(str(page["text"]) for page in pages),
        tuple((float(page["width_mm"]), float(page["height_mm"])) for page in pages),
        frozenset(index for index, page in enumerate(pages) if page["blank"]),
        int(answer["notes"]),
        place,
    )


def lacks_letters(made: Read, source: Read) -> bool:
    """True when a page of the rendition has lost letters on the way; Ghostscript 10.0 loses umlauts of some fonts."""
    return any(_letters(after) < _letters(before) for after, before in zip(made.texts, source.texts, strict=False))


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)
