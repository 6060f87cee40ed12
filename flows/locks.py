"""Periods and locks follow what is known: the due round over all Akten, and the same for one Akte.

The register says which lock was read back last; only what falls short of the terms, or bears a hold otherwise than
wanted, costs a request. The fixity round reads the real locks and puts the register right, so that the next due round
sees what somebody changed behind our back; `thorough` reads every lock at once. Every act may be cut off and repeated:
the register is written after the store was read back, and what is not written there is done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from akten.errors import ArchivError, FixityError, Unavailable
from akten.findings import Finding, Severity, Verdict
from akten.package import Lock, LockTerms, StoredCopy, StoredPackage
from archive.locks import Act, Followed, falls_short, follow_copy, hold_differs, instant, outlasts
from catalog.actor import Actor, ActorKind
from catalog.keeping import KeepingRow
from catalog.locks import EndChange
from flows.keeping import Judged, judge
from flows.storehouse import Reached
from flows.wiring import Services
from retention.deadline import conflict_findings

RULES: dict[str, tuple[str, str]] = {
    "LK-01": ("Die Frist jeder archivierten Akte lässt sich berechnen.", "issue 5 §3"),
    "LK-02": (
        "Keine Sperre reicht weiter als die Frist; kürzen dürfen nur zwei Personen.",
        "Art. 5 Abs. 1 lit. e DSGVO",
    ),
    "LK-03": ("Keine Sperre reicht über eine Löschpflicht hinaus.", "law-evidence.md §6 Nr. 4"),
    "LK-04": ("Jeder Speicher, in dem Kopien liegen, ist eingerichtet und erreichbar.", "packaging.md §2"),
    "LK-05": ("Jede verzeichnete Version ist da und hält ihre Sperre.", "s3.md §7.4"),
    "LK-06": ("Die Kennungen dürfen Sperren setzen und aufheben.", "s3.md §3"),
    "LK-07": ("Keine Runde hebt eine Löschsperre auf, deren Grund das Verzeichnis nie kannte.", "s3.md §7.4"),
}
_FOREIGN = (
    "Im Speicher ist eine Löschsperre gesetzt, deren Grund das Verzeichnis nicht kennt; sie bleibt stehen. Gilt sie, "
    "bitte neu setzen: archiv sperre setze. Gilt sie nicht mehr, ebenso, und dann zu zweit: archiv sperre hebe-auf."
)
T = TypeVar("T")
_BATCH = 200
_MOST_FINDINGS = 1000  # the round holds no more of them in memory; the counts go on


@dataclass(slots=True)
class StoreTally:
    """What the round did in one store; `why` says what kept it from looking."""

    copies: int = 0
    kept: int = 0
    changed: int = 0
    not_checked: int = 0
    why: str = ""


@dataclass(slots=True)
class DueSummary:
    """What a due round did and found; `findings` are the first ones, `codes` count all of them."""

    akten: int = 0
    packages: int = 0
    ends_changed: int = 0
    extended: int = 0
    holds_set: int = 0
    holds_lifted: int = 0
    stores: dict[str, StoreTally] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def not_checked(self) -> int:
        """Copies that were not looked at."""
        return sum(tally.not_checked for tally in self.stores.values())

    @property
    def away(self) -> bool:
        """True when no store at all could be reached."""
        return bool(self.stores) and all(tally.why for tally in self.stores.values())

    @property
    def verdict(self) -> Verdict:
        """Failed with any finding but an absent store, not checked while a store is away."""
        if any(code != "LK-04" for code in self.codes):
            return Verdict.FAILED
        return Verdict.NOT_CHECKED if self.codes or any(tally.why for tally in self.stores.values()) else Verdict.OK

    def finding(self, code: str, where: str, text: str, severity: Severity = Severity.WARNING) -> None:
        """Counts a finding and keeps it while there is room."""
        self.codes[code] += 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(code, severity, where, text))


def due_round(
    services: Services, by: Actor, *, thorough: bool = False, told: Callable[[int], None] = lambda _: None
) -> DueSummary:
    """Recomputes every archived Akte and lets its locks follow; one bad Akte or an absent store never stops it."""
    work = _Round(services, services.reach(), by, services.now(), thorough=thorough)
    archived = (row for row in services.catalog.all_keeping() if row.version)
    for batch in _batches(archived, _BATCH):
        work.follow(batch)
        told(work.summary.akten)
    summary = work.summary
    services.catalog.record_event(
        "due.round",
        by=by,
        now=services.now(),
        katalog=work.katalog,
        akten=summary.akten,
        ends_changed=summary.ends_changed,
        extended=summary.extended,
        holds_set=summary.holds_set,
        holds_lifted=summary.holds_lifted,
        not_checked={name: tally.not_checked for name, tally in summary.stores.items() if tally.why},
        codes=dict(summary.codes),
    )
    return summary


def follow_akten(services: Services, akten: Iterable[UUID], by: Actor) -> DueSummary:
    """The same for some Akten, at once after something became known of them."""
    work: _Round | None = None
    for batch in _batches(akten, _BATCH):
        if rows := [row for row in services.catalog.some_keeping(batch) if row.version]:
            work = work or _Round(services, services.reach(), by, services.now(), thorough=False)
            work.follow(rows)
    return work.summary if work is not None else DueSummary()


def follow_hold(services: Services, number: int) -> DueSummary:
    """What a hold that was just set or lifted means in the stores, for every Akte that it covers, at once.

    Told under the name of the service: who set a secret hold must not show in the trail of the Akte.
    """
    return follow_akten(services, services.catalog.held_akten(number), Actor("dienst", ActorKind.SYSTEM))


def follow_at_intake(services: Services, akte: UUID, by: Actor) -> tuple[Finding, ...]:
    """What a new version means for the locks of the older ones; with the rights of intake, so that nothing is lifted.

    What cannot be done now is left to the due round and only told.
    """
    row = services.catalog.keeping(akte)
    if row is None:
        return ()
    reached = Reached({store.name: store for store in services.stores}, {}, {})
    work = _Round(services, reached, by, services.now(), thorough=False, lifts=False)
    work.follow([row])
    return tuple(finding for finding in work.summary.findings if finding.code in RULES)


def _batches(each: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(each)
    while batch := list(islice(rest, size)):
        yield batch


class _Round:
    """One round under way: stores that went away meanwhile are not asked again."""

    def __init__(
        self,
        services: Services,
        reached: Reached,
        by: Actor,
        now: datetime,
        *,
        thorough: bool,
        lifts: bool = True,
    ) -> None:
        self.summary = DueSummary()
        self.katalog = f"{services.katalog.name} {services.katalog.version}"
        self._services = services
        self._reached = reached
        self._by = by
        self._now = now
        self._thorough = thorough
        self._lifts = lifts
        for name in reached.ingest:
            self.summary.stores[name] = StoreTally()
        for name, error in reached.away.items():
            self._away(name, error.text)

    def follow(self, rows: Sequence[KeepingRow]) -> None:
        """Some Akten: ends into the register first, then the locks of every version."""
        judged = [(row, judge(row, self._services.katalog, self._now)) for row in rows]
        self._record_ends(judged)
        stored = self._services.catalog.locks.packages_of(row.akte for row in rows)
        for row, found in judged:
            self.summary.akten += 1
            self._tell(row, found)
            for package in stored.get(row.akte, ()):
                self.summary.packages += 1
                terms = found.terms if self._lifts else replace(found.terms, lifts=False)
                self._package(row, package, terms)

    def _record_ends(self, judged: Sequence[tuple[KeepingRow, Judged]]) -> None:
        changes = [
            EndChange(row.akte, outcome.retention_ends, outcome.state.value, self.katalog, outcome.case.as_of)
            for row, found in judged
            if (outcome := found.outcome) is not None and row.retention_ends != outcome.retention_ends
        ]
        if changes:
            now = self._services.now()
            self.summary.ends_changed += self._services.catalog.locks.record_ends(changes, by=self._by, now=now)

    def _tell(self, row: KeepingRow, found: Judged) -> None:
        where = _name(row)
        if found.outcome is None:
            self.summary.finding("LK-01", where, f"Die Frist ist nicht zu berechnen: {found.why}", Severity.ERROR)
            return
        for conflict in conflict_findings(found.outcome):
            self.summary.finding(conflict.code, where, conflict.text)

    def _package(self, row: KeepingRow, package: StoredPackage, terms: LockTerms) -> None:
        found: dict[str, tuple[tuple[str, ...], Lock]] = {}
        now_locked: dict[str, Lock] = {}
        for copy in package.copies:
            now_locked[copy.store] = copy.lock
            followed = self._copy(row, package, copy, terms)
            if followed is not None:
                now_locked[copy.store] = followed.lock
                if followed.acts or followed.lock != copy.lock:
                    found[copy.store] = (tuple(act.value for act in followed.acts), followed.lock)
        if found:
            now = self._services.now()
            self._services.catalog.locks.record_locks(package.id, found, by=self._by, now=now)
        self._too_long(row, package, now_locked, terms)

    def _copy(self, row: KeepingRow, package: StoredPackage, copy: StoredCopy, terms: LockTerms) -> Followed | None:
        """One copy, or None when the register says that nothing is to do, or when nothing could be done."""
        if copy.store not in self.summary.stores:
            self._away(copy.store, f"Der Speicher „{copy.store}“ ist nicht eingerichtet.")
        tally = self.summary.stores[copy.store]
        tally.copies += 1
        if tally.why:
            tally.not_checked += 1
            return None
        store = self._reached.ingest[copy.store]
        if not (self._thorough or falls_short(copy.lock, terms, store) or hold_differs(copy.lock, terms)):
            tally.kept += 1
            return None
        where = f"{_name(row)} v{package.id.version}, Speicher {copy.store}"
        freeing = self._reached.deletion.get(copy.store)
        lifts = terms.lifts and not terms.legal_hold
        foreign = lifts and not (row.holds or self._services.catalog.locks.hold_was_set(row.akte))
        if foreign:
            terms = replace(terms, lifts=False)
        try:
            followed = follow_copy(package.id, copy, store, freeing, self._still(row, terms))
            if Act.HOLD_LIFTED in followed.acts and (since := self._still(row, terms)).legal_hold:
                # Set between our asking and our lifting, by someone who found the hold still there: set it again.
                again = follow_copy(package.id, copy, store, freeing, since)
                followed = replace(again, acts=tuple(sorted({*followed.acts, *again.acts})))
        except Unavailable as error:
            self._away(copy.store, error.text)
            tally.not_checked += 1
            return None
        except ArchivError as error:
            damaged = isinstance(error, FixityError)
            severity = Severity.ERROR if damaged else Severity.WARNING
            self.summary.finding("LK-05" if damaged else "LK-06", where, error.text, severity)
            tally.not_checked += 1
            return None
        if foreign and followed.lock.legal_hold:
            self.summary.finding("LK-07", where, _FOREIGN, Severity.ERROR)
        self.summary.extended += Act.EXTENDED in followed.acts
        self.summary.holds_set += Act.HOLD_SET in followed.acts
        self.summary.holds_lifted += Act.HOLD_LIFTED in followed.acts
        tally.changed += bool(followed.acts)
        tally.kept += not followed.acts
        return followed

    def _still(self, row: KeepingRow, terms: LockTerms) -> LockTerms:
        """The terms, with the hold of whoever set one since this stretch of Akten was read: it must not be lifted."""
        if terms.legal_hold or not terms.lifts:
            return terms
        known = self._services.catalog.keeping(row.akte)
        held = known is not None and judge(known, self._services.katalog, self._now).terms.legal_hold
        return replace(terms, legal_hold=True) if held else terms

    def _too_long(self, row: KeepingRow, package: StoredPackage, locks: dict[str, Lock], terms: LockTerms) -> None:
        where = f"{_name(row)} v{package.id.version}"
        for code, bound, what in (
            ("LK-03", terms.delete_by, "zu löschen ist bis"),
            ("LK-02", terms.most, "die Frist reicht nur bis"),
        ):
            names = [name for name, lock in locks.items() if outlasts(lock, bound, self._now)]
            if names:
                longest = max((day for name in names if (day := locks[name].retain_until)), default=None)
                text = (
                    f"Die Sperre reicht bis {instant(longest)}, {what} {instant(bound)} (Speicher {', '.join(names)})."
                )
                self.summary.finding(code, where, f"{text} Kürzen: archiv frist sperren kuerze.")
                return

    def _away(self, name: str, why: str) -> None:
        """The store is not asked any more; told once."""
        tally = self.summary.stores.setdefault(name, StoreTally())
        if not tally.why:
            tally.why = why
            self.summary.finding("LK-04", f"Speicher {name}", f"{why} Die nächste Runde holt es nach.")


def _name(row: KeepingRow) -> str:
    return f"{row.aktenart} {row.aktenzeichen}" + (f" Band {row.band}" if row.band > 1 else "")
