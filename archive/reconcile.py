"""Compares what the catalog says with what the stores list, and names every difference; pure, moves nothing.

Run daily (packaging.md §3). `archive/listing.py` looks, `reconcile` compares slice by slice, for no memory holds all;
who may act on a finding stands in its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from akten.findings import Finding, Severity
from akten.package import PackageId, StoredCopy, StoredPackage
from archive.listing import ARCHIVED, StoreListing, package_of
from archive.store import READY_KEY, STAGING, ObjectVersion

RULES: dict[str, tuple[str, str]] = {
    "RC-01": ("Ein Paket ohne Commit-Objekt, älter als die Frist, ist liegen geblieben.", "packaging.md §3"),
    "RC-02": ("Zu jedem Commit-Objekt liegt ein Paket im selben Speicher.", "packaging.md §3"),
    "RC-03": ("Jedes Commit-Objekt steht im Verzeichnis.", "packaging.md §3"),
    "RC-04": ("Zu jedem Paket im Verzeichnis liegt das Commit-Objekt in jedem seiner Speicher.", "packaging.md §3"),
    "RC-05": ("Kein Upload in Teilen bleibt länger als die Frist offen.", "packaging.md §3"),
    "RC-06": ("Paket und Commit-Objekt liegen in den verzeichneten Versionen und Größen.", "packaging.md §3"),
    "RC-07": ("Über keiner festgeschriebenen Version liegt eine neuere oder ein Löschvermerk.", "packaging.md §3"),
    "RC-08": ("Unter „aip/“ liegt nichts, was nicht zum Aufbau gehört.", "packaging.md §3"),
    "RC-09": ("In der Zwischenablage liegt nichts länger als die Frist.", "packaging.md §3"),
    "RC-10": (
        "Die Versionen einer Akte sind lückenlos, bis auf Nummern, die nie festgeschrieben wurden.",
        "packaging.md §3",
    ),
    "RC-11": ("Jeder Speicher, den das Verzeichnis nennt, wurde aufgelistet.", "packaging.md §2"),
    "RC-12": ("Neben der festgeschriebenen liegt keine ältere, nie festgeschriebene Version.", "packaging.md §3"),
    "RC-13": ("Jede Version im Verzeichnis hat in jedem eingerichteten Speicher eine Kopie.", "packaging.md §2"),
}
LACKS_COPIES = "RC-13"
_CLOCKS = timedelta(minutes=1)  # as far as the clocks of store and machine may be apart


@dataclass(frozen=True, slots=True)
class Slice:
    """What the catalog and every listed store say of some Akten, each with all its versions; or all there is."""

    catalog: Sequence[StoredPackage]
    listings: Sequence[StoreListing]


@dataclass(slots=True)
class _Objects:
    """All versions of the two objects of one package in one store, newest first."""

    bag: list[ObjectVersion]
    commit: list[ObjectVersion]

    @property
    def bags(self) -> list[ObjectVersion]:
        return [each for each in self.bag if not each.delete_marker]

    @property
    def commits(self) -> list[ObjectVersion]:
        return [each for each in self.commit if not each.delete_marker]


def reconcile(
    slices: Iterable[Slice],
    now: datetime,
    patience: timedelta,
    under_way: Mapping[PackageId, datetime] = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """Every difference between catalog and stores. What is younger than `patience` may still be on its way.

    `under_way` are the packages of deliveries that are being stored, and since when: one that was committed later than
    that may be about to be entered. A committed package without such a delivery is told at once, for a catalog put back
    from a backup knows nothing of it. Both are to be read after the listings. A copy that was read back only while the
    stores were being listed is of the next comparison.

    `where` of a finding is "<store>:<key>". However all is sliced, the findings are the same; what is so of a whole
    store is counted over all slices. Lists are loaded into sets: servers sort keys differently.
    """
    findings: set[Finding] = set()
    lacks: Counter[str] = Counter()
    unlisted: Counter[str] = Counter()
    for each in slices:
        by_store = {listing.store: _Compared(listing, now, patience) for listing in each.listings}
        for package in each.catalog:
            lacks.update(lacking(package, by_store))
            for copy in package.copies:
                if copy.store not in by_store:
                    unlisted[copy.store] += 1
                else:
                    findings.update(by_store[copy.store].package(package.id, copy))
        known = {package.id for package in each.catalog}
        for store, compared in by_store.items():
            elsewhere = {package.id for package in each.catalog if lacking(package, (store,))}
            findings.update(compared.shape(elsewhere))
            findings.update(compared.unknown(known, under_way))
    findings.update(lacks_copies(store, count) for store, count in lacks.items())
    for store, count in unlisted.items():  # one line for a store, however many packages lie in it
        text = f"Der Speicher „{store}“ wurde nicht aufgelistet; seine Kopien (Anzahl: {count}) sind nicht geprüft."
        findings.add(Finding("RC-11", Severity.WARNING, f"{store}:{ARCHIVED}", text))
    return tuple(sorted(findings))


def lost_rows(
    slices: Iterable[Slice],
    now: datetime,
    patience: timedelta,
    under_way: Mapping[PackageId, datetime] = MappingProxyType({}),
) -> tuple[PackageId, ...]:
    """The committed packages that `reconcile` tells as RC-03 in any store, as they were committed, the oldest first."""
    found: dict[PackageId, datetime] = {}
    for each in slices:
        known = {package.id for package in each.catalog}
        for listing in each.listings:
            for id_, committed in _Compared(listing, now, patience).lost(known, under_way):
                found[id_] = min(committed, found.get(id_, committed))
    return tuple(sorted(found, key=lambda id_: (found[id_], id_)))


def lacking(package: StoredPackage, stores: Iterable[str]) -> tuple[str, ...]:
    """Those of the stores in which a package never had a copy: they were named in the settings after it was stored."""
    there = {copy.store for copy in package.copies}
    return tuple(store for store in stores if store not in there)


def lacks_copies(store: str, count: int) -> Finding:
    """One finding for a store, however many versions have no copy there.

    A warning: nothing is damaged or lost, and all that was promised when they were archived is kept. But what is not
    there cannot be checked, so who looks at all copies calls the whole *not checked*, never good.
    """
    text = (
        f"Von Versionen im Verzeichnis (Anzahl: {count}) liegt im Speicher „{store}“ keine Kopie; er kam wohl erst "
        f"nach ihnen hinzu. Beschädigt ist nichts. Dort ablegen, zu zweit: archiv fixity ersetze --alle --speicher "
        f"{store} --ursache …, dann archiv fixity gib-frei --alle --speicher {store} --grund …"
    )
    return Finding(LACKS_COPIES, Severity.WARNING, f"{store}:{ARCHIVED}", text)


class _Compared:
    """One listing, sorted by package, against the catalog."""

    def __init__(self, listing: StoreListing, now: datetime, patience: timedelta) -> None:
        self._listing = listing
        self._old = now - patience
        self._patience = patience
        self._packages: dict[PackageId, _Objects] = {}
        self._foreign: list[str] = []
        for each in listing.versions:
            if found := package_of(each.key):
                id_, is_bag = found
                objects = self._packages.setdefault(id_, _Objects([], []))
                (objects.bag if is_bag else objects.commit).append(each)
            elif not each.key.startswith(STAGING):
                self._foreign.append(each.key)

    def shape(self, elsewhere: Set[PackageId]) -> Iterator[Finding]:
        """What is wrong whatever the catalog says, but for versions that it says to lie in other stores only."""
        for key in self._foreign:
            yield self._finding("RC-08", key, "Dieser Schlüssel gehört nicht zum Aufbau des Archivs.", warn=True)
        for upload in self._listing.uploads:
            if upload.started < self._old:
                text = "Ein Upload in Teilen ist offen geblieben; er kann abgebrochen werden."
                yield self._finding("RC-05", upload.key, text, warn=True)
        for each in self._listing.versions:
            if each.key.startswith(STAGING) and each.key != READY_KEY and each.modified < self._old:
                text = "In der Zwischenablage ist etwas liegen geblieben; es kann gelöscht werden."
                yield self._finding("RC-09", each.key, text, warn=True)
        committed = {id_ for id_, objects in self._packages.items() if objects.commits}
        for id_, objects in self._packages.items():
            if objects.commits and not objects.bags:
                yield self._finding("RC-02", id_.bag_key, "Das Commit-Objekt liegt da, das Paket fehlt.")
            begun = objects.bags and not objects.commits and id_ not in elsewhere
            if begun and objects.bags[0].modified < self._old:
                text = "Das Paket wurde nie festgeschrieben; es gilt nicht als archiviert."
                yield self._finding("RC-01", id_.bag_key, text, warn=True)
            if id_ not in committed or id_.version == 1:
                continue
            before = PackageId(id_.akte, id_.version - 1)
            if before not in committed and before not in elsewhere:
                text = (
                    f"Vor dieser Version fehlt v{before.version}. Wurde eine gepackte Lieferung zurückgegeben oder "
                    "neu eingereicht, ist das in Ordnung: Ihre Nummer wird nicht noch einmal vergeben."
                )
                yield self._finding("RC-10", id_.commit_key, text, warn=True)

    def package(self, id_: PackageId, copy: StoredCopy) -> Iterator[Finding]:
        """One package of the catalog against this store."""
        if self._is_newer(copy):
            return
        objects = self._packages.get(id_, _Objects([], []))
        if not objects.commits:
            yield self._finding("RC-04", id_.commit_key, "Das Verzeichnis kennt das Paket, das Commit-Objekt fehlt.")
        recorded = (
            (id_.bag_key, objects.bag, copy.bag_version_id),
            (id_.commit_key, objects.commit, copy.commit_version_id),
        )
        for key, versions, version_id in recorded:
            there = [each for each in versions if each.version_id == version_id and not each.delete_marker]
            if versions and not there:
                yield self._finding("RC-06", key, "Das Objekt liegt nicht unter der verzeichneten Version.")
            elif not versions and key == id_.bag_key:
                yield self._finding("RC-06", key, "Das verzeichnete Paket fehlt.")
            for each in there:
                if key == id_.bag_key and each.size != copy.digests.size:
                    text = f"Das Paket ist {each.size} Bytes groß, verzeichnet sind {copy.digests.size}."
                    yield self._finding("RC-06", key, text)
                place = versions.index(each)
                others = sum(other.version_id not in copy.set_aside for other in versions) - 1
                if not each.is_latest:
                    text = "Über der festgeschriebenen Version liegt eine neuere oder ein Löschvermerk."
                    yield self._finding("RC-07", key, text)
                elif others and place == 0:
                    text = "Unter der festgeschriebenen liegt eine ältere, nie festgeschriebene Version."
                    yield self._finding("RC-12", key, text, warn=True)

    def _is_newer(self, copy: StoredCopy) -> bool:
        """True for a copy that was stored, or put there anew, after the listing began: that may show what was before.

        A date that lies further ahead is that of a wrong clock, and hides nothing.
        """
        began = self._listing.began
        return began is not None and began < copy.verified_at < began + self._patience

    def unknown(self, known: Set[PackageId], under_way: Mapping[PackageId, datetime]) -> Iterator[Finding]:
        """A finding for each of the `lost` ones."""
        for id_, _ in self.lost(known, under_way):
            text = (
                "Das Paket ist festgeschrieben, steht aber nicht im Verzeichnis; es bleibt, wie es ist. Wurde der "
                "Katalog aus einer älteren Sicherung zurückgeholt? Dann: archiv abgleich --aufnehmen"
            )
            yield self._finding("RC-03", id_.commit_key, text)

    def lost(
        self, known: Set[PackageId], under_way: Mapping[PackageId, datetime]
    ) -> Iterator[tuple[PackageId, datetime]]:
        """Committed packages that the catalog does not have, but for those that are about to be entered, and when."""
        for id_, objects in self._packages.items():
            if not objects.commits or id_ in known:
                continue
            committed = objects.commits[-1].modified
            began = under_way.get(id_)
            if began is None or committed < max(began - _CLOCKS, self._old):
                yield id_, committed

    def _finding(self, code: str, key: str, text: str, *, warn: bool = False) -> Finding:
        return Finding(code, Severity.WARNING if warn else Severity.ERROR, f"{self._listing.store}:{key}", text)
