"""Puts the Dokumente of a rescan in the places of those they replace, and leaves the old ones out of the new version.

The version before stays as it was, in every store. Its records that are carried along (PREMIS, examination, slip) stay
whole, too: they tell what was done then, also to files that only that version holds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from akten.errors import FixityError, Rejected
from akten.files import PageRef
from akten.model import Akte, Anlage, Dokument, HistorienEintrag, Laufzeit
from archive.bag import Part
from flows import layout
from flows.carry import Carried
from flows.packing import wider
from flows.replacing import Replacement, words_of
from ingest.delivery import Delivery
from ingest.rescans import in_no_dokument

_VERDICT = layout.PRESERVATION + "pdfa-"
_BLANK = layout.PRESERVATION + "leer-"
_FILES = (layout.MASTER, layout.ACCESS, layout.TEXT)  # named by the UUID of the file
_SILENT = Laufzeit()


def superseded(
    carried: Carried, akte: Akte, replacements: Sequence[Replacement], operator: str, now: datetime
) -> tuple[Carried, Akte]:
    """What is carried without the replaced Dokumente and with the new ones in their places; and the rest of the new.

    A Dokument keeps of the earlier one what its slip does not say. Raises FixityError when the version before does not
    tell which scans its Dokumente are made of.
    """
    if not replacements:
        return carried, akte
    new = {dokument.uuid: dokument for dokument in akte.dokumente}
    places = {one.gone[0].dokument: _heir(carried.akte, new[one.dokument], one, operator, now) for one in replacements}
    gone = frozenset(old.dokument for one in replacements for old in one.gone)
    leaving = _Leaving.of(carried, gone)
    vorgaenge = []
    for vorgang in carried.akte.vorgaenge:
        kept = tuple(
            places[d.uuid] if d.uuid in places else leaving.with_anlagen(d)
            for d in vorgang.dokumente
            if d.uuid in places or d.uuid not in gone
        )
        heirs = [places[d.uuid] for d in vorgang.dokumente if d.uuid in places]
        if kept:  # one that only held what goes elsewhere now is no Vorgang any more
            vorgaenge.append(replace(vorgang, dokumente=kept, laufzeit=wider(vorgang.laufzeit, _SILENT, heirs)))
    before = replace(
        carried.akte,
        vorgaenge=tuple(vorgaenge),
        laufzeit=wider(carried.akte.laufzeit, _SILENT, tuple(places.values())),
    )
    parts = tuple(part for part in carried.parts if not leaving.holds(part.path))
    known = {(vorgang.betreff, vorgang.zeichen) for vorgang in before.vorgaenge}
    return replace(carried, akte=before, parts=parts), _rest(akte, {one.dokument for one in replacements}, known)


def require_kept(before: Carried, after: Carried, delivery: Delivery, linked: Collection[PageRef]) -> None:
    """Raises Rejected (IN-54) when a page of the delivery that is only `linked` would be in no Dokument any more.

    What Dokumente share a file bear no scans of their own, so that the slip means other pages than such a Dokument has
    is known only when the version before is read.
    """
    digests = {scan.uuid: scan.digests.sha512 for scan in delivery.scans}
    names = {scan.uuid: scan.name for scan in delivery.scans}
    gone = _pages(before) - _pages(after)
    lost = sorted((names[ref.scan], ref.page) for ref in linked if (digests[ref.scan], ref.page) in gone)
    if lost:
        raise Rejected(tuple(in_no_dokument(delivery.slip.datei, name, page) for name, page in lost))


def _pages(carried: Carried) -> set[tuple[str, int]]:
    """The pages that the PDF/A of a version are made of: SHA-512 of the file, and number in it."""
    masters = {
        UUID(PurePosixPath(part.path).name[:36]): part.digests.sha512
        for part in carried.parts
        if part.path.startswith(layout.MASTER)
    }
    return {(masters[ref.scan], ref.page) for _, refs in _sources(carried) for ref in refs if ref.scan in masters}


def _heir(before: Akte, new: Dokument, one: Replacement, operator: str, now: datetime) -> Dokument:
    old = next(dokument for dokument in before.dokumente if dokument.uuid == one.gone[0].dokument)
    fewer = one.pages < one.pages_before
    pages = f"; {one.pages} statt {one.pages_before} Seiten, mit Begründung angenommen" if fewer else ""
    return replace(
        new,
        typ=new.typ or old.typ,
        datum=new.datum or old.datum,
        posteingang=new.posteingang or old.posteingang,
        ersetzt=one.gone,
        historie=(HistorienEintrag(now, operator, "Ersetzung", f"ersetzt {words_of(one.gone)}{pages}"),),
    )


def _rest(akte: Akte, placed: Collection[UUID], known: Collection[tuple[str, str]]) -> Akte:
    """The new Akte without what has its place. What the slip says of a Vorgang that is there already stays said."""
    vorgaenge = [
        replace(vorgang, dokumente=tuple(d for d in vorgang.dokumente if d.uuid not in placed))
        for vorgang in akte.vorgaenge
    ]
    kept = (v for v in vorgaenge if v.dokumente or (v.betreff, v.zeichen) in known)
    return replace(akte, vorgaenge=tuple(kept))


@dataclass(frozen=True, slots=True)
class _Leaving:
    """What goes with the replaced Dokumente: they themselves, their PDF/A, and files that no other Dokument needs.

    `heirs` are attachments of a scan that stays, by the Dokument that names them from now on.
    """

    dokumente: frozenset[UUID]
    pdfs: frozenset[UUID]
    files: frozenset[UUID]
    heirs: Mapping[UUID, tuple[Anlage, ...]]

    @classmethod
    def of(cls, carried: Carried, gone: frozenset[UUID]) -> _Leaving:
        sources = {pdf: {ref.scan for ref in refs} for pdf, refs in _sources(carried)}
        leaving = [dokument for dokument in carried.akte.dokumente if dokument.uuid in gone]
        staying = [dokument for dokument in carried.akte.dokumente if dokument.uuid not in gone]
        named = {datei.uuid for dokument in leaving for datei in dokument.dateien}
        pdfs = frozenset(named & sources.keys())
        used = {scan for pdf in pdfs for scan in sources[pdf]}
        needed = {scan for pdf, scans in sources.items() if pdf not in pdfs for scan in scans}
        needed |= {datei.uuid for dokument in staying for datei in dokument.dateien}
        files = (named | used) - needed
        heirs: dict[UUID, tuple[Anlage, ...]] = {}
        anlagen = [anlage for dokument in leaving for anlage in dokument.anlagen]
        root = {anlage.datei.uuid: anlage.aus for anlage in anlagen}
        for anlage in anlagen:
            holder = anlage.aus
            while holder in root:  # what was embedded in an attachment goes the way of its scan
                holder = root[holder]
            if holder in files:
                files.add(anlage.datei.uuid)
                continue
            user = next((d.uuid for d in staying if any(holder in sources.get(f.uuid, ()) for f in d.dateien)), None)
            if user is not None:
                heirs[user] = (*heirs.get(user, ()), anlage)
        return cls(gone, pdfs, frozenset(files), heirs)

    def with_anlagen(self, dokument: Dokument) -> Dokument:
        """A Dokument that stays, with attachments of a scan that it shared with one that goes."""
        more = self.heirs.get(dokument.uuid, ())
        return replace(dokument, anlagen=(*dokument.anlagen, *more)) if more else dokument

    def holds(self, path: str) -> bool:
        """True for a payload file that belongs to a replaced Dokument alone."""
        if path.startswith(_FILES):
            return UUID(PurePosixPath(path).name[:36]) in self.files
        if path.startswith((_VERDICT, _BLANK)):
            return UUID(path.removeprefix(_VERDICT).removeprefix(_BLANK)[:36]) in self.pdfs
        return path in {layout.note_path(dokument) for dokument in self.dokumente}


def _sources(carried: Carried) -> Iterator[tuple[UUID, frozenset[PageRef]]]:
    """Each PDF/A of a version, and the pages of scans that it is made of, as the record of its judges says."""
    for part in carried.parts:
        if part.path.startswith(_VERDICT):
            yield _read(part)


def _read(part: Part) -> tuple[UUID, frozenset[PageRef]]:
    try:
        value = json.loads(b"".join(bytes(block) for block in part.blocks()))
        return UUID(value["pdf"]), frozenset(
            PageRef(UUID(page["scan"]), int(page["scan_page"])) for page in value["pages"]
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FixityError(f"{part.path} der vorigen Version sagt nicht, woraus sein PDF/A gemacht ist.") from error
