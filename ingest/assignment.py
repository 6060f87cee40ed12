"""Which page of the delivery belongs to which Dokument of the slip; pure, the same for the checks and for the plan."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from uuid import UUID

from akten.files import FileFacts, PageRef, Scan
from ingest.pageranges import Range, as_ranges
from ingest.rules import FEW
from ingest.slip_fields import shown
from ingest.slipdoc import Slip, SlipDokument, SlipVorgang

# Pages that all Dokumente name together: ten times as many as a delivery may have. A slip that names every page in each
# of its Dokumente would else be gigabytes, before anybody can say that a page belongs to one alone.
MOST_NAMED = 1_000_000
TOO_MANY = "Die Dokumente nennen zusammen mehr als eine Million Seiten; jede Seite gehört zu einem Dokument."


@dataclass(frozen=True, slots=True)
class Assignment:
    """All pages in file order (`sequence`) and, per Vorgang and Dokument, the positions in it, counted from 0.

    `missing` are (path in the slip, file name) without a file; `outside` are (path, ranges) past the last page.
    `too_many`: the Dokumente name more pages together than MOST_NAMED; those behind the bound have none.
    """

    sequence: tuple[PageRef, ...]
    vorgaenge: tuple[SlipVorgang, ...]
    pages: tuple[tuple[tuple[int, ...], ...], ...]
    missing: tuple[tuple[str, str], ...] = ()
    outside: tuple[tuple[str, tuple[Range, ...]], ...] = ()
    all_digital: bool = False
    too_many: bool = False

    @property
    def unassigned(self) -> tuple[int, ...]:
        """Positions that no Dokument has."""
        taken = {position for documents in self.pages for positions in documents for position in positions}
        return tuple(position for position in range(len(self.sequence)) if position not in taken)

    @property
    def doubled(self) -> tuple[int, ...]:
        """Positions that more than one Dokument has."""
        counts = Counter(position for documents in self.pages for positions in documents for position in positions)
        return tuple(sorted(position for position, count in counts.items() if count > 1))

    @property
    def digital(self) -> frozenset[int]:
        """Positions of what never was paper and has no sheet."""
        if self.all_digital:
            return frozenset(range(len(self.sequence)))
        return frozenset(
            position
            for vorgang, documents in zip(self.vorgaenge, self.pages, strict=True)
            for dokument, positions in zip(vorgang.dokumente, documents, strict=True)
            if dokument.digital
            for position in positions
        )


def _one_per_file(scans: Sequence[Scan], slip: Slip) -> tuple[SlipVorgang, ...]:
    """Where the slip names no Vorgänge: one Vorgang with one Dokument per file."""
    dokumente = tuple(SlipDokument(_title(scan), dateien=(scan.name,)) for scan in scans)
    return (SlipVorgang(slip.betreff, laufzeit=slip.laufzeit, dokumente=dokumente),)


def _title(scan: Scan) -> str:
    """What a Dokument is called that is just this file. A name that is no UTF-8 is read as Windows writes it where that
    gives letters; the name itself keeps its bytes as escapes.
    """
    name, raw = PurePosixPath(scan.name), os.fsencode(scan.path.name)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        with suppress(UnicodeDecodeError):
            read = unicodedata.normalize("NFC", raw.decode("cp1252"))
            name = PurePosixPath(read) if read.isprintable() else name
    return name.stem or str(name)


def _as_read(name: str) -> str:
    """What a person sees of a name: upper and lower case, and how many blanks stand there, are no difference."""
    return " ".join(name.split()).casefold()


class FileNames:
    """Finds a file by the name on the slip; upper and lower case and blanks count only where they must."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = frozenset(names)
        read = Counter(_as_read(name) for name in self._exact)
        self._read = {_as_read(name): name for name in self._exact if read[_as_read(name)] == 1}

    def find(self, name: str) -> str | None:
        """The name as the file bears it; None when no file is meant, or nobody can tell which."""
        name = unicodedata.normalize("NFC", name)
        return name if name in self._exact else self._read.get(_as_read(name))


class _Scans:
    """Finds a scan by the name on the slip."""

    def __init__(self, scans: Sequence[Scan]) -> None:
        self._scans = {scan.name: scan for scan in scans}
        self._names = FileNames(self._scans)

    def find(self, name: str) -> Scan | None:
        found = self._names.find(name)
        return None if found is None else self._scans[found]


def assign(scans: Sequence[Scan], slip: Slip, facts: Mapping[UUID, FileFacts]) -> Assignment:
    """Maps files and page ranges of the slip onto the pages of the delivery; a scan without facts has no pages."""
    sequence: list[PageRef] = []
    of_scan: dict[UUID, range] = {}
    for scan in scans:
        count = len(facts[scan.uuid].pages) if scan.uuid in facts else 0
        of_scan[scan.uuid] = range(len(sequence), len(sequence) + count)
        sequence.extend(PageRef(scan.uuid, number) for number in range(1, count + 1))
    vorgaenge = slip.vorgaenge or _one_per_file(scans, slip)
    names = _Scans(scans)
    missing: list[tuple[str, str]] = []
    outside: list[tuple[str, tuple[Range, ...]]] = []
    pages: list[tuple[tuple[int, ...], ...]] = []
    left, too_many = MOST_NAMED, False
    for place, vorgang in enumerate(vorgaenge, 1):
        documents: list[tuple[int, ...]] = []
        for number, dokument in enumerate(vorgang.dokumente, 1):
            path = f"vorgaenge[{place}].dokumente[{number}]"
            named: list[range] = []
            for name in dokument.dateien:
                found = names.find(name)
                if found is None:
                    missing.append((path, name))
                else:
                    named.append(of_scan[found.uuid])
            named += [range(first - 1, min(last, len(sequence))) for first, last in dokument.seiten]
            left -= sum(map(len, named))
            too_many = too_many or left < 0
            beyond = [(max(first, len(sequence) + 1), last) for first, last in dokument.seiten if last > len(sequence)]
            if beyond:
                outside.append((path, tuple(beyond)))
            documents.append(() if too_many else tuple(chain.from_iterable(named)))
        pages.append(tuple(documents))
    return Assignment(tuple(sequence), vorgaenge, tuple(pages), tuple(missing), tuple(outside), slip.digital, too_many)


def unnamed_files(scans: Sequence[Scan], assignment: Assignment) -> tuple[Scan, ...]:
    """Scans of which no page and no name stands on the slip."""
    taken = {
        assignment.sequence[position].scan
        for documents in assignment.pages
        for positions in documents
        for position in positions
    }
    names = _Scans(scans)
    for vorgang in assignment.vorgaenge:
        for dokument in vorgang.dokumente:
            taken.update(found.uuid for name in dokument.dateien if (found := names.find(name)))
    return tuple(scan for scan in scans if scan.uuid not in taken)


def hints(assignment: Assignment, unnamed: Sequence[Scan]) -> Iterator[str]:
    """For each missing file what the clerk may have meant, or nothing; looked for among the `unnamed` ones.

    Only for those that are told one by one: of thousands, each held against thousands, it takes hours, and where all
    are called otherwise the first ones tell how.
    """
    left = {scan.name.casefold(): scan.name for scan in unnamed}
    for place, (_, name) in enumerate(assignment.missing):
        yield _meant(name, left) if place < FEW else ""


def _meant(name: str, left: Mapping[str, str]) -> str:
    """Several files in one text, or one of those that are left (by their names as they are compared)."""
    pieces = [piece.strip().casefold() for piece in re.split("[,;]", name)]
    if len(pieces) > 1 and all(piece in left for piece in pieces):
        return " Mehrere Dateien stehen als Liste da, jede für sich."
    stems = [key for key in left if key.rpartition(".")[0] == name.casefold()]  # the ending was left out
    near = stems or difflib.get_close_matches(name.casefold(), list(left), n=1, cutoff=0.75)
    return f" Meinten Sie „{shown(left[near[0]])}“?" if near else ""


def positions_as_pages(positions: Sequence[int]) -> tuple[Range, ...]:
    """Positions as page ranges counted from 1."""
    return as_ranges(position + 1 for position in positions)
