"""Which Dokument of an archived Akte the slip of a rescan means by a name: a UUID, a Betreff, or a former one."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from akten.correction import Teil
from akten.findings import Finding
from akten.model import Akte, Dokument
from catalog.fold import tokens
from flows.outlasting import corrections_of
from flows.wiring import Services
from ingest.rescans import Wish, not_there, nothing_archived, replaced_before, several_there

Places = dict[int, None]  # places of Dokumente in their order, looked up as in a set


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts of an Akte now (`akte`, None before the first version), and what did before and no longer does.

    `received` are the pages that came for each Dokument, those counted that were left out as blank; `blank` of them.
    `once_called` are the Betreffe that a Dokument bore before they were corrected.
    """

    akte: Akte | None = None
    version: int = 0
    former: tuple[Dokument, ...] = ()
    received: Mapping[UUID, int] = field(default_factory=dict)
    blank: Mapping[UUID, int] = field(default_factory=dict)
    once_called: Mapping[UUID, frozenset[tuple[str, ...]]] = field(default_factory=dict)

    @property
    def dokumente(self) -> tuple[Dokument, ...]:
        """What is in the Akte now."""
        return self.akte.dokumente if self.akte is not None else ()

    def pages(self, dokument: Dokument) -> int:
        """How many pages were scanned for it."""
        return self.received.get(dokument.uuid, dokument.seiten)

    def is_blank(self, dokument: Dokument) -> bool:
        """True when nothing was on any of its pages."""
        return self.blank.get(dokument.uuid, 0) >= self.pages(dokument)


def standing_of(services: Services, akte: UUID) -> Standing:
    """The Akte as it is archived, with the Dokumente of earlier versions that are no longer in it."""
    catalog = services.catalog
    packages = catalog.packages(akte)
    versions = [package.package.id.version for package in packages]
    described = {version: found for version in versions if (found := catalog.akte_snapshot(akte, version)) is not None}
    if not described:
        return Standing()
    newest = max(described)
    now = {dokument.uuid for dokument in described[newest].dokumente}
    former = {d.uuid: d for _, one in sorted(described.items()) for d in one.dokumente if d.uuid not in now}
    results = catalog.results(package.delivery for package in packages)
    received = {one.dokument: one.pages for one in results}
    blank = {one.dokument: one.blank for one in results}
    once: defaultdict[UUID, set[tuple[str, ...]]] = defaultdict(set)
    for correction in corrections_of(services, akte):
        for change in correction.changes:
            if (change.teil, change.name) == (Teil.DOKUMENT, "betreff"):
                once[change.uuid].add(name_key(change.alt))
    called = {uuid: frozenset(names) for uuid, names in once.items()}
    return Standing(described[newest], newest, tuple(former.values()), received, blank, called)


class Names:
    """The Dokumente of an Akte by all that a slip can mean them by.

    Read once: each name held against each Dokument, thousands of both take minutes.
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.there = standing.dokumente
        self.now = _by_name(self.there)
        self.former = _by_name(standing.former)
        self.gone = {dokument.uuid: place for place, dokument in enumerate(standing.former)}
        self.once: defaultdict[tuple[str, ...], Places] = defaultdict(dict)
        self.scans: defaultdict[frozenset[str], Places] = defaultdict(dict)
        self.titles: dict[str, Dokument] = {}
        for place, dokument in enumerate(self.there):
            for name in standing.once_called.get(dokument.uuid, ()):
                self.once[name][place] = None
            self.scans[scans_of(dokument)][place] = None
            self.titles[dokument.betreff.casefold()] = dokument

    def named(self, name: str) -> Places:
        """Where the Dokumente are that are called so; only where none is, those that were before a correction."""
        return _find(self.now, name) or self.once.get(name_key(name), {})

    def named_before(self, name: str) -> Places:
        """Where among those that are no longer in the Akte."""
        return _find(self.former, name)


def meant(wish: Wish, names: Names, *, hint: bool) -> tuple[Dokument, ...] | Finding:
    """The Dokument that goes, and any that is made of the very scans that come; () when that was done before.

    A Dokument of the same scans is never the one that is meant where there is another: a Nachscan that came without
    `ersetzt` is delivered again with it, and its Betreff now stands twice in the Akte. With `hint` a name that no
    Dokument bears is told with those that come closest.
    """
    there, standing = names.there, names.standing
    named, twins = names.named(wish.named), names.scans.get(wish.scans, {})
    others = (place for place in named if place not in twins)
    count = len(named) - sum(place in named for place in twins)
    if count == 1:
        target = there[next(others)]
        titles = (name_key(wish.betreff), name_key(target.betreff))
        return (target, *(there[place] for place in twins if name_key(there[place].betreff) in titles))
    if not count:
        if named and all(there[place].ersetzt for place in named):
            return ()
        if len(named) == 1:  # the same scans once more, taken otherwise: nobody asks for that by mistake
            return tuple(there[place] for place in named)
        if not named:
            before = names.named_before(wish.named)
            if any(names.gone.get(old.dokument) in before for place in twins for old in there[place].ersetzt):
                return ()
            return _nothing(wish, names, replaced=bool(before), hint=hint)
    called = ((there[place].uuid, standing.pages(there[place])) for place in (others if count else named))
    return several_there(wish, called, count or len(named))


def _nothing(wish: Wish, names: Names, *, replaced: bool, hint: bool) -> Finding:
    if names.standing.akte is None:
        return nothing_archived(wish)
    if replaced:
        return replaced_before(wish)
    near = difflib.get_close_matches(wish.named.casefold(), names.titles, n=3, cutoff=0.5) if hint else ()
    return not_there(wish, [(names.titles[title].betreff, names.titles[title].uuid) for title in near])


def _by_name(dokumente: Iterable[Dokument]) -> Mapping[str | tuple[str, ...], Places]:
    """Places by UUID as text, and by Betreff as it is compared."""
    found: defaultdict[str | tuple[str, ...], Places] = defaultdict(dict)
    for place, dokument in enumerate(dokumente):
        found[str(dokument.uuid)][place] = None
        found[name_key(dokument.betreff)][place] = None
    return found


def _find(places: Mapping[str | tuple[str, ...], Places], name: str) -> Places:
    by_uuid, by_betreff = places.get(name.strip().lower(), {}), places.get(name_key(name), {})
    return dict.fromkeys(sorted(by_uuid | by_betreff)) if by_uuid and by_betreff else by_uuid or by_betreff


def scans_of(dokument: Dokument) -> frozenset[str]:
    """The files it was made of; none where it shares them with others, for then no Dokument names them."""
    return frozenset(datei.digests.sha512 for datei in dokument.dateien[1:])


def name_key(betreff: str) -> tuple[str, ...]:
    """A Betreff as it is compared: words without marks; one of signs only as it stands."""
    return tuple(tokens(betreff)) or (betreff.strip(),)
