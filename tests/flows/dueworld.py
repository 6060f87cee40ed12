"""A small archive for the due round: a real catalog, stores in memory or real ones, a clock that tests turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from akten.aktenzeichen import Aktenzeichen
from akten.errors import ArchivError
from akten.model import Akte, Aktenart, Aufbewahrung
from akten.package import PackageId, StoredPackage
from archive.locks import objects_of
from archive.package import store_package
from archive.store import LockState, ObjectStore
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog
from catalog.keeping import KeepingRow, KnownHold
from catalog.trail import Verb
from flows.keeping import as_planned, judge
from flows.locks import DueSummary, due_round
from flows.storehouse import Reached
from flows.wiring import Services
from retention.catalogue import Fristenkatalog
from retention.locking import end_of
from tests.catalog.build import STAGES, a_scan, an_akte, an_id
from tests.packages import EXTRA, a_bag
from tests.shipped import builtin_schedule

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ENDS_2030 = end_of(date(2030, 12, 31))
ROLLING = end_of(date(2028, 11, 25))
SERVICE = Actor("dienst", ActorKind.SYSTEM)
CLERK = Actor("s17")


class Clock:
    """A clock that stands until a test turns it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class WithHolds:
    """A catalog in which some Akten bear holds; everything else is the real one."""

    def __init__(self, catalog: Catalog) -> None:
        self.inner = catalog
        self.holds: dict[UUID, tuple[KnownHold, ...]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def _with(self, row: KeepingRow) -> KeepingRow:
        return replace(row, holds=(*row.holds, *self.holds.get(row.akte, ())))

    def keeping(self, akte: UUID, **viewer: Any) -> KeepingRow | None:
        row = self.inner.keeping(akte, **viewer)
        return None if row is None else self._with(row)

    def some_keeping(self, akten: Sequence[UUID], **viewer: Any) -> tuple[KeepingRow, ...]:
        return tuple(self._with(row) for row in self.inner.some_keeping(akten, **viewer))

    def all_keeping(self, after: int = 0) -> Iterator[KeepingRow]:
        return (self._with(row) for row in self.inner.all_keeping(after))


@dataclass
class World:
    """Stands where `Services` stands; `away` are stores that do not answer, by name and reason."""

    catalog: WithHolds
    stores: Sequence[ObjectStore]
    freeing: Mapping[str, ObjectStore]
    work: Path
    katalog: Fristenkatalog = field(default_factory=cache(builtin_schedule))
    away: dict[str, ArchivError] = field(default_factory=dict)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def now(self) -> datetime:
        return self.clock()

    def reach(self) -> Reached:
        there = {store.name: store for store in self.stores if store.name not in self.away}
        return Reached(there, {name: self.freeing[name] for name in there if name in self.freeing}, dict(self.away))

    def stores_to_read(self) -> tuple[tuple[ObjectStore, ...], dict[str, str]]:
        there = tuple(store for store in self.stores if store.name not in self.away)
        return there, {name: error.text for name, error in self.away.items()}

    @property
    def settings(self) -> SimpleNamespace:
        return SimpleNamespace(work=self.work)

    @property
    def services(self) -> Services:
        return cast("Services", self)

    def archive(
        self,
        number: str,
        record_class: str,
        *,
        zda: date | None = None,
        events: Mapping[str, date] | None = None,
        name: object = 1,
        aktenart: Aktenart = Aktenart.STEUERAKTE,
    ) -> tuple[Akte, StoredPackage]:
        """One delivery stored in all stores and entered, locked as intake locks it."""
        catalog, at = self.catalog, self.now()
        delivery = an_id("delivery", number, name)
        row = catalog.receive(
            delivery,
            aktenart=aktenart,
            aktenzeichen=Aktenzeichen(number, number),
            band=1,
            betreff="Muster",
            slip={"ereignisse": [[what, day.isoformat()] for what, day in (events or {}).items()]},
            scans=(a_scan(number, name),),
            folder="arbeit",
            by=CLERK,
            now=at,
        )
        assert row.akte is not None
        assert row.version is not None
        akte = replace(
            an_akte(row.akte, row.uuid, number=number, aktenart=aktenart),
            aufbewahrung=Aufbewahrung(record_class, None, None),
            zda_datum=zda,
        )
        catalog.plan(row.uuid, akte, by=CLERK, now=at)
        for stage in STAGES:
            catalog.move(row.uuid, stage, by=CLERK, now=at)
        known = catalog.keeping(row.akte)
        assert known is not None
        lock = judge(as_planned(known, akte, classified=False), self.katalog, at).terms.lock
        id_ = PackageId(row.akte, row.version)
        before = catalog.packages(row.akte)
        bag = a_bag(
            id_,
            f"Seite {number} {name}".encode(),
            supersedes=before[-1].package.tag_manifest_sha512 if before else "",
        )
        package = store_package(bag, id_, self.stores, lock, self.now, self.work, EXTRA)
        catalog.record_stored(row.uuid, akte, package, {}, by=CLERK, now=at)
        return akte, package

    def tell(self, akte: Akte, number: str, **events: date) -> None:
        """An event becomes known: another delivery, not yet archived, brings it."""
        self.catalog.receive(
            an_id("word", number, *events.items()),
            aktenart=akte.aktenart,
            aktenzeichen=akte.aktenzeichen,
            band=1,
            betreff="Muster",
            slip={"ereignisse": [[what, day.isoformat()] for what, day in events.items()]},
            scans=(),
            folder="arbeit",
            by=CLERK,
            now=self.now(),
        )

    def hold(self, akte: UUID, *holds: KnownHold) -> None:
        self.catalog.holds[akte] = holds

    def round(self, **how: Any) -> DueSummary:
        return due_round(self.services, SERVICE, **how)

    def locks(self, akte: UUID) -> dict[tuple[int, str, str], tuple[datetime | None, bool]]:
        """Every real lock of an Akte: (version, store, object) → date and hold."""
        found = {}
        for row in self.catalog.packages(akte):
            for copy in row.package.copies:
                store = next(each for each in self.stores if each.name == copy.store)
                for key, version in objects_of(row.package.id, copy):
                    state: LockState = store.read_lock(key, version)
                    until = state.retain_until.astimezone(UTC) if state.retain_until else None
                    found[row.package.id.version, copy.store, key.rsplit("/")[-1]] = (until, state.legal_hold)
        return found

    def registered(self, akte: UUID) -> set[tuple[datetime | None, bool]]:
        """The locks as the register has them."""
        return {(copy.retain_until, copy.legal_hold) for row in self.catalog.packages(akte) for copy in row.copies}


def a_hold(key: str = "litigation", **more: Any) -> KnownHold:
    values: dict[str, Any] = {"number": 1, "key": key, "start": date(2026, 1, 1), "end": None, **more}
    return KnownHold(**values)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def events(world: World, verb: Verb) -> list[Any]:
    return [event for event in world.catalog.events_of(limit=None) if event.verb == verb.value]


def quiet(world: World) -> tuple[int, int]:
    """How many events of periods and locks there are: a round without news adds none."""
    return len(events(world, Verb.RETENTION_COMPUTED)), len(events(world, Verb.LOCK_CHANGED))
