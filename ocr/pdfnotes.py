"""The annotations of a foreign PDF: what a viewer shows of them must be in the PDF/A too, or its loss is told.

PDF/A asks of every annotation that it is printed, not hidden, and has a look of its own (ISO 19005-2 §6.3.2, §6.3.3).
pikepdf and Ghostscript take away what does not comply and say nothing: a stamp that merely lacks the flag for printing
would be gone. Runs in the sandbox only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pikepdf

from akten.plural import plural

BEARERS = frozenset({"/FileAttachment", "/Sound", "/Movie", "/RichMedia", "/3D", "/Screen"})  # of files and media

_INVISIBLE, _HIDDEN, _PRINT, _NO_VIEW, _TOGGLE = 1, 2, 4, 32, 256  # ISO 32000-1, table 165
_OTHERWISE_TREATED = frozenset({"", "/Link", "/Popup", "/Widget"})
_DRAWN_WITHOUT_LOOK = frozenset(  # by pdfium, from what the annotation tells
    {"/Circle", "/Highlight", "/Ink", "/Square", "/Squiggly", "/StrikeOut", "/Underline"}
)
_SHOWS_ITS_WORDS = frozenset({"/FreeText", "/Stamp"})


def tidy_notes(pdf: pikepdf.Pdf, pages: Sequence[pikepdf.Page], losses: list[str]) -> int:
    """Makes every annotation that is seen one that stays, and takes away what is not seen; what that loses is told.

    Returns how many it took away that carry words and have no look of their own.
    """
    hidden = bare = worded = 0
    for page in pages:
        notes = page.obj.get("/Annots")
        if not isinstance(notes, pikepdf.Array):
            continue
        kept = []
        for note in notes:
            if kind_of(note) in _OTHERWISE_TREATED | BEARERS:
                kept.append(note)
            elif _flags(note) & (_HIDDEN | _NO_VIEW):
                hidden += 1
            elif _unseen(note):
                bare += not _words(note)
                worded += _words(note)
            else:
                # "invisible" is for kinds that a viewer does not know; these it knows
                note.F = (_flags(note) | _PRINT) & ~(_INVISIBLE | _TOGGLE)
                kept.append(note)
        page.obj.Annots = pdf.make_indirect(pikepdf.Array(kept))
    if hidden:
        losses.append(
            f"{plural(hidden, 'ausgeblendete Anmerkung', 'ausgeblendete Anmerkungen')} (im Original erhalten)"
        )
    if bare:
        losses.append(f"{plural(bare, 'Anmerkung', 'Anmerkungen')} ohne eigenes Aussehen (im Original erhalten)")
    return worded


def worded_notes(pdf: pikepdf.Pdf) -> int:
    """How many annotations carry words of a person: notes, comments, remarks beside a mark."""
    return sum(_words(note) for note in _notes(pdf) if kind_of(note) not in _OTHERWISE_TREATED)


def typed_texts(page: pikepdf.Page) -> list[tuple[str, tuple[float, float, float, float]]]:
    """What people typed on a page, and where: a form filled in by the typewriter of a viewer has all its values so."""
    found = []
    notes = page.obj.get("/Annots")
    for note in notes if isinstance(notes, pikepdf.Array) else ():
        if kind_of(note) != "/FreeText" or _flags(note) & (_HIDDEN | _NO_VIEW) or not _words(note):
            continue
        try:
            x0, y0, x1, y1 = (float(edge) for edge in list(note.Rect))
        except (AttributeError, TypeError, ValueError):
            continue  # no viewer knows where it stands
        found.append((str(note.Contents), (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))))
    return found


def comments(pdf: pikepdf.Pdf) -> int:
    """How many of them say something that is not seen on the page once their look is drawn on it."""
    return sum(_words(note) for note in _notes(pdf) if kind_of(note) not in _OTHERWISE_TREATED | _SHOWS_ITS_WORDS)


def _notes(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    for page in pdf.pages:
        notes = page.obj.get("/Annots")
        if isinstance(notes, pikepdf.Array):
            yield from notes


def _words(note: pikepdf.Object) -> bool:
    return bool(str(note.get("/Contents", "")).strip())


def without_kinds(notes: pikepdf.Array, kinds: frozenset[str]) -> pikepdf.Array:
    """The annotations that are of no such kind; what is no annotation goes too."""
    return pikepdf.Array([n for n in notes if isinstance(n, pikepdf.Dictionary) and kind_of(n) not in kinds])


def kind_of(note: Any) -> str:
    """The subtype of an annotation; empty for what is none."""
    return str(note.get("/Subtype", "")) if isinstance(note, pikepdf.Dictionary) else ""


def _flags(note: pikepdf.Object) -> int:
    try:
        return int(note.get("/F", 0))
    except (TypeError, ValueError, OverflowError):
        return 0


def _unseen(note: pikepdf.Object) -> bool:
    """True for one without a look that no viewer of ours draws; the icon of a note is not what is written in it."""
    looks = note.get("/AP")
    return kind_of(note) not in _DRAWN_WITHOUT_LOOK and not (isinstance(looks, pikepdf.Dictionary) and "/N" in looks)
