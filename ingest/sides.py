"""Fronts and backs that file names tell of: an order of the names that parts them is asked about."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from akten.files import Scan
from akten.findings import Finding
from akten.plural import plural
from ingest.assignment import Assignment
from ingest.rules import error
from ingest.slip_fields import shown
from ingest.slipdoc import Slip

_FRONTS = frozenset({"vorderseite", "vorderseiten", "vorn", "vorne", "front", "frontside", "fronts", "recto"})
_BACKS = frozenset(
    {"rückseite", "rückseiten", "rueckseite", "rueckseiten", "hinten", "back", "backside", "backs", "rear", "verso"}
)
_LETTERS = (("v", "r"), ("f", "b"))  # Vorder- and Rückseite, front and back
_WORD = re.compile(r"[^\W\d_]+")
_ASKED = (
    "Bitte auf dem Laufzettel die Dateien in ihrer Reihenfolge nennen (dokumente, „dateien“); stimmt die Reihenfolge "
    "so, kann eine Person sie mit Grund annehmen."
)
_NAMED = 3  # so many pairs are told by name; the rest is counted


def backs_first(scans: Sequence[Scan], slip: Slip, assignment: Assignment) -> tuple[Finding, ...]:
    """IN-47 where a back would stand before its front in the Akte, or all backs behind all fronts, and nobody but the
    names has said so.

    Nothing is put in order here: which side is which is told by names alone, and R may be Rückseite or recto. An order
    of files on the slip is the word of a person; pages counted there are counted in the order of names, so they are
    looked at.
    """
    pages: Counter[str] = Counter()  # in the order in which the files stand in the Akte
    names = {scan.uuid: scan.name for scan in scans}
    for vorgang, documents in zip(assignment.vorgaenge, assignment.pages, strict=True):
        for dokument, positions in zip(vorgang.dokumente, documents, strict=True):
            if not (slip.vorgaenge and dokument.dateien):
                pages.update(names[assignment.sequence[position].scan] for position in positions)
    place = {name: number for number, name in enumerate(pages)}
    pairs = list(_pairs(list(pages)))
    if wrong := [(front, back) for front, back in pairs if place[back] < place[front]]:
        told = "; ".join(f"„{shown(back)}“ vor „{shown(front)}“" for front, back in wrong[:_NAMED])
        left = len(wrong) - _NAMED
        more = f"; und so {plural(left, 'weiteres Paar', 'weitere Paare')}" if left > 0 else ""
        text = (
            f"Nach der Reihenfolge der Dateinamen stünde eine Rückseite vor ihrer Vorderseite: {told}{more}. {_ASKED}"
        )
        return (error("IN-47", wrong[0][1], text),)
    if apart := _apart(pages, pairs):
        first, last = apart
        text = (
            "Nach der Reihenfolge der Dateinamen stünden erst mehrere Vorderseiten und dann ihre Rückseiten: von "
            f"„{shown(first)}“ bis „{shown(last)}“. Zu einem Blatt gehören beide hintereinander. {_ASKED}"
        )
        return (error("IN-47", last, text),)
    return ()


def _apart(pages: Mapping[str, int], pairs: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """A front and a back between which other fronts stand: of pairs, or of as many fronts and backs, one after the
    other; two files of several pages each are so, too. None where each back may follow its front.
    """
    names, fronts = list(pages), {front for front, _ in pairs}
    place = {name: number for number, name in enumerate(names)}
    for front, back in pairs:
        between = names[place[front] + 1 : place[back]]
        if any(name in fronts for name in between) or min(pages[front], pages[back]) > 1:
            return front, back
    sides = [(name, side) for name in names if (side := _side(name))]
    half = len(sides) // 2
    if half > 1 and [side for _, side in sides] == ["front"] * half + ["back"] * half:
        return sides[0][0], sides[half][0]
    return None


def _side(name: str) -> str:
    """Of which side a name speaks: „front“, „back“, or „“ where it names none or both."""
    words = {found.group().casefold() for found in _WORD.finditer(name.rpartition(".")[0] or name)}
    if bool(words & _FRONTS) == bool(words & _BACKS):
        return ""
    return "front" if words & _FRONTS else "back"


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Front and back of the same sheet: two names that differ in nothing but the word for the side."""
    words: defaultdict[str, dict[str, str]] = defaultdict(dict)
    letters: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        *folders, file = name.split("/")
        stem = "/".join((*folders, file.rpartition(".")[0] or file))
        for found in _WORD.finditer(stem):
            word = found.group().casefold()
            rest = f"{stem[: found.start()]}\0{stem[found.end() :]}".casefold()
            if word in _FRONTS or word in _BACKS:
                words[rest][word] = name
            elif len(word) == 1 and not _is_foliation(stem, found):
                letters[rest][word] = name
    for same in words.values():
        yield from (
            (front, back)
            for side, front in same.items()
            if side in _FRONTS
            for other, back in same.items()
            if other in _BACKS
        )
    for same in letters.values():  # with „Plan A“ beside them „Plan R“ and „Plan V“ are plans, not sides
        yield from ((same[front], same[back]) for front, back in _LETTERS if same.keys() == {front, back})


def _is_foliation(stem: str, letter: re.Match[str]) -> bool:
    """True for „12r“ and „12v“: so leaves are counted in archives, and there r is recto, the front."""
    before = stem[letter.start() - 1 : letter.start()]
    return before.isdecimal() and letter.group().islower()
