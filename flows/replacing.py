"""Which Dokumente of an archived Akte the slip of a rescan replaces: `ersetzt`, held against what the Akte has now.

The new Dokument has a UUID of its own: a name stands for the same sheets of paper and the same files for ever, in
version 1, in the trail and in what people noted. What it stands for since it says itself (`Dokument.ersetzt`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from akten.files import FileFacts, PdfA
from akten.findings import Finding
from akten.model import Akte, Dokument, Ersetztes
from akten.plural import plural
from catalog.fold import tokens
from flows.meant import Names, Standing, meant, name_key, scans_of, standing_of
from flows.wiring import Services
from ingest.delivery import Delivery, PlannedAkte
from ingest.rescans import (
    Wish,
    blank_where_text_was,
    delivered_before,
    fewer_pages,
    only_blank_pages,
    replaces,
    took_its_place,
    wanted_twice,
    wishes,
)
from ingest.rules import FEW, apply_accepted, info
from ingest.slipdoc import Slip


@dataclass(frozen=True, slots=True)
class Replacement:
    """The Dokument `dokument` of the delivery takes the place of the first of `gone`; the others go with that one.

    `where` on the slip that was said; `blank_before` when there was nothing on the pages that it replaces.
    """

    dokument: UUID
    gone: tuple[Ersetztes, ...]
    pages: int
    pages_before: int
    where: str = ""
    blank_before: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a delivery replaces, what is wrong with it, and which of its files are stored again for that.

    `outdated` are the files of the delivery that only Dokumente have which were replaced meanwhile; `leaving` are those
    that only Dokumente have which it replaces itself. `sharing` are the Betreff and pages of Dokumente that stay and
    name no scans of their own.
    """

    replacements: tuple[Replacement, ...] = ()
    findings: tuple[Finding, ...] = ()
    again: frozenset[str] = frozenset()
    outdated: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    sharing: frozenset[tuple[tuple[str, ...], int]] = frozenset()

    def stored(self, delivery: Delivery, planned: PlannedAkte) -> frozenset[UUID]:
        """The Dokumente that are stored though their scans lie in the Akte: the new ones, and what would be lost.

        A scan whose Dokument is replaced may be another Dokument by this slip: linked, its page were in none.
        """
        leaving = {scan.uuid for scan in delivery.scans if scan.name in self.leaving}
        return self.new | {
            dokument.uuid
            for dokument in planned.akte.dokumente
            if any(ref.scan in leaving for ref in planned.pages[dokument.uuid])
            and (name_key(dokument.betreff), len(planned.pages[dokument.uuid])) not in self.sharing
        }

    @property
    def new(self) -> frozenset[UUID]:
        """The Dokumente of the delivery that replace others."""
        return frozenset(one.dokument for one in self.replacements)

    def retold(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings; what is said of a scan that lies in this Akte already (IN-36) is what happens to it, of the
        first ten to which the same happens.
        """
        told: Counter[str] = Counter()
        for finding in findings:
            if finding.code != "IN-36":
                yield finding
                continue
            there, _, fate = finding.text.partition("; ")
            if finding.where in self.again:
                fate = "sein Dokument ersetzt ein anderes und bekommt ihn noch einmal."
            elif finding.where in self.leaving:
                fate = "sein Dokument von damals wird ersetzt, er wird noch einmal abgelegt."
            elif finding.where in self.outdated:
                fate = f"{fate} Das Dokument, in dem er liegt, ist inzwischen ersetzt; es zählt das neue."
            told[fate] += 1
            if told[fate] <= FEW:
                yield replace(finding, text=f"{there}; {fate}")
        if left := sum(max(0, number - FEW) for number in told.values()):
            text = f"… und {plural(left, 'weiterer Scan liegt', 'weitere Scans liegen')} schon in dieser Akte."
            yield info("IN-36", "", text)


def wanted_of(
    services: Services,
    delivery: Delivery,
    facts: Mapping[UUID, FileFacts],
    akte: UUID | None,
    known: Collection[str],
    accepted: frozenset[str],
) -> Wanted:
    """What the delivery replaces, by the Akte as the catalog knows it now; `known` are its scans that lie there."""
    if akte is None or not (known or replaces(delivery.slip)):
        return Wanted()
    standing = standing_of(services, akte)
    wanted = decide(wishes(delivery, facts), standing, accepted)
    left = {datei.digests.sha512 for dokument in standing.former for datei in dokument.dateien}
    left -= {datei.digests.sha512 for dokument in standing.dokumente for datei in dokument.dateien}
    outdated = frozenset(scan.name for scan in delivery.scans if scan.digests.sha512 in left)
    gone = {old.dokument for one in wanted.replacements for old in one.gone}
    staying = [dokument for dokument in standing.dokumente if dokument.uuid not in gone]
    going = {sha512 for dokument in standing.dokumente if dokument.uuid in gone for sha512 in scans_of(dokument)}
    going |= {scan.digests.sha512 for scan in delivery.scans if scan.name in wanted.again}
    going -= {sha512 for dokument in staying for sha512 in scans_of(dokument)}
    return replace(
        wanted,
        outdated=outdated - wanted.again,
        leaving=frozenset(scan.name for scan in delivery.scans if scan.digests.sha512 in going),
        sharing=frozenset((name_key(d.betreff), standing.pages(d)) for d in staying if not scans_of(d)),
    )


def decide(wanted: Collection[Wish], standing: Standing, accepted: frozenset[str]) -> Wanted:
    """Each wish held against the Akte: IN-43 for none, IN-44 for several, IN-45 for fewer pages than there were."""
    made: list[Replacement] = []
    findings: list[Finding] = []
    again: set[str] = set()
    names, unknown = Names(standing), 0
    for wish in wanted:
        found = meant(wish, names, hint=unknown < FEW)
        if isinstance(found, Finding):
            findings.append(found)
            unknown += found.code == "IN-43"
        elif found:
            target = found[0]
            one = Replacement(
                wish.dokument,
                tuple(Ersetztes(dokument.uuid, standing.version) for dokument in found),
                wish.pages,
                standing.pages(target),
                wish.where,
                standing.is_blank(target),
            )
            made.append(one)
            again |= wish.files
            if one.pages < one.pages_before:
                findings.append(fewer_pages(wish, one.pages_before))
    twice = Counter(gone.dokument for one in made for gone in one.gone)
    by_dokument = {one.dokument: one for one in made}
    for wish in wanted:
        own = by_dokument.get(wish.dokument)
        if own is not None and any(twice[gone.dokument] > 1 for gone in own.gone):
            findings.append(wanted_twice(wish))
    return Wanted(tuple(made), apply_accepted(findings, accepted), frozenset(again))


def blank_now(
    services: Services, wanted: Wanted, pdfas: Mapping[UUID, PdfA], accepted: frozenset[str]
) -> tuple[Finding, ...]:
    """IN-49 for each rescan that has nothing on its pages, where what it replaces had, or on one where that had text.

    Page by page they are compared only where both have all the pages that were scanned: else a place says nothing.
    """
    findings = []
    for one in wanted.replacements:
        pages = pdfas[one.dokument].pages
        blank = [place for place, page in enumerate(pages, 1) if page.blank]
        if len(blank) == len(pages):
            findings += [] if one.blank_before else [only_blank_pages(one.where)]
        elif blank:
            texts = services.catalog.page_texts(one.gone[0].dokument)
            lost = [place for place in blank if tokens(texts.get(place, ""))]
            if lost and len(texts) == one.pages_before == len(pages):
                findings.append(blank_where_text_was(one.where, lost))
    return apply_accepted(findings, accepted)


def told_in_premis(akte: Akte, pdfas: Mapping[UUID, PdfA]) -> tuple[tuple[UUID, str], ...]:
    """The new PDF/A that stand for others, with the words of the event about it."""
    return tuple(
        (pdfas[dokument.uuid].uuid, f"Dokument {dokument.uuid} ersetzt {words_of(dokument.ersetzt)}")
        for dokument in akte.dokumente
        if dokument.uuid in pdfas and dokument.ersetzt
    )


def words_of(replaced: Iterable[Ersetztes]) -> str:
    """Which Dokumente, and where they are kept."""
    return ", ".join(f"Dokument {one.dokument} der Version {one.version}" for one in replaced)


def replaced_told(services: Services, akte: Akte, pages: Mapping[UUID, int], where: str) -> tuple[Finding, ...]:
    """IN-48 for each Dokument whose place was taken by one of those in `pages` (pages scanned, by Dokument)."""
    places = [(dokument, old) for dokument in akte.dokumente if dokument.uuid in pages for old in dokument.ersetzt]
    if not places:
        return ()
    standing = standing_of(services, akte.uuid)
    known = {dokument.uuid: dokument for dokument in (*standing.former, *standing.dokumente)}
    told = []
    for new, old in places:
        if (before := known.get(old.dokument)) is not None:
            was = (before.betreff, standing.pages(before))
            told.append(took_its_place(where, (new.betreff, pages[new.uuid]), was, before.uuid, old.version))
    return tuple(told)


# --- delivered without a word of it ---------------------------------------------------------------------------------


def seen_before(before: Akte, akte: Akte, pdfas: Mapping[UUID, PdfA], slip: Slip) -> tuple[Finding, ...]:
    """IN-46, once, when Dokumente come that the Akte seems to have already, and the slip says `ersetzt` of none.

    Alike is what has the Betreff and the number of pages of one that is there, each counted once, and no other date.
    A Betreff that a person wrote tells something, so every one counts. A Dokument that a slip does not name is called
    like its file, and a scanner begins with `scan1` every day: such names are believed only where there are several,
    none bears a number, and all of them are there already, as when an office exports its Akte anew.
    """
    if replaces(slip):
        return ()
    left: defaultdict[tuple[tuple[str, ...], int], list[Dokument]] = defaultdict(list)
    for old in before.dokumente:  # by what is compared: each held against each, thousands take minutes
        left[name_key(old.betreff), old.seiten].append(old)
    seen = 0
    for dokument in akte.dokumente:
        there = left[name_key(dokument.betreff), len(pdfas[dokument.uuid].kept_pages)]
        twin = next((place for place, old in enumerate(there) if not _contradict(old, dokument)), None)
        if twin is not None:
            del there[twin]
            seen += 1
    total = len(akte.dokumente)
    by_files = not slip.vorgaenge
    if by_files and (seen < max(total, 2) or any(d.betreff[-1].isdecimal() for d in akte.dokumente)):
        return ()
    if not seen:
        return ()
    return (delivered_before(slip, seen, total),)


def _contradict(old: Dokument, new: Dokument) -> bool:
    """True when both tell a date, and not the same."""
    days = ((old.datum, new.datum), (old.posteingang, new.posteingang))
    return any(one is not None and two is not None and one != two for one, two in days)
