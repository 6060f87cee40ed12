"""Shortening locks that outlast the period: proposed by one person, released by another, then done.

The only way by which a lock ever gets shorter, and only the deletion identity can. What was agreed must still be true
when it is done: the same end by the same catalogue, no hold in the register, none on any object. Broken off, it is
taken up by the same command.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.localtime import berlin_day
from akten.model import clean_text
from akten.package import LockTerms, PackageId, StoredCopy
from archive.locks import falls_short, instant, objects_of, outlasts, shorten_copy
from archive.store import LockState, ObjectStore
from catalog.actor import Actor
from catalog.identity import require_second
from catalog.locks import Shortening
from flows.keeping import judge
from flows.storehouse import Reached
from flows.wiring import Services
from retention.locking import end_of


@dataclass(frozen=True, slots=True)
class SeenLock:
    """The lock of one object as its store keeps it now; `state` is None when it could not be read (see `why`)."""

    id: PackageId
    store: str
    key: str
    version_id: str
    state: LockState | None
    why: str = ""
    short: bool = False  # ends before it should, as far as this store can lock at all
    gone: bool = False  # the store says that there is no such object: that was looked at, and is damage


@dataclass(frozen=True, slots=True)
class SeenAkte:
    """All locks of an Akte as the stores keep them, and what the rules want."""

    terms: LockTerms
    katalog: str
    locks: tuple[SeenLock, ...]
    proposal: Shortening | None

    @property
    def too_long(self) -> tuple[SeenLock, ...]:
        """Locks that run on beyond the period."""
        bound, now = self.terms.most, self.terms.moment
        return tuple(each for each in self.locks if each.state is not None and outlasts(each.state.lock, bound, now))


def see_locks(services: Services, akte: UUID, reached: Reached | None = None) -> SeenAkte:
    """Reads every lock of an Akte from the stores: each copy, tar and commit, by VersionId. Raises Forbidden."""
    row = services.catalog.keeping(akte)
    if row is None or not row.version:
        raise Forbidden("Von dieser Akte ist nichts archiviert.")
    terms = judge(row, services.katalog, services.now()).terms
    reached = reached or services.reach()
    packages = services.catalog.locks.packages_of([akte]).get(akte, ())
    locks = [
        each for package in packages for copy in package.copies for each in _seen(package.id, copy, reached, terms)
    ]
    katalog = f"{services.katalog.name} {services.katalog.version}"
    return SeenAkte(terms, katalog, tuple(locks), services.catalog.locks.open_shortening(akte))


def propose(services: Services, akte: UUID, reason: str, by: Actor) -> SeenAkte:
    """The first person asks for locks no longer than the period. Raises Forbidden where nothing may be shortened,
    FixityError where an object is gone, Unavailable where a lock could not be read.
    """
    reason = _reason(reason)
    seen = see_locks(services, akte)
    until = _require_shortenable(seen)
    if unread := sorted((each for each in seen.locks if each.state is None), key=lambda each: not each.gone):
        kind = FixityError if unread[0].gone else Unavailable
        raise kind(f"Nicht alle Sperren sind lesbar: {unread[0].why}")
    if not seen.too_long:
        raise Forbidden("Keine Sperre dieser Akte reicht weiter als die Frist; es gibt nichts zu kürzen.")
    book = services.catalog.locks
    book.propose_shortening(akte, until, seen.katalog, reason, by=by, now=services.now())
    return see_locks(services, akte)


def release(services: Services, akte: UUID, reason: str, by: Actor) -> SeenAkte:
    """The second person agrees, and it is done: every longer lock on every copy, with the deletion identity, read back.

    Raises Forbidden for the same person, under a hold, and when what was proposed is no longer what the rules say;
    Unavailable when a store was away (what could be done is done; the same call again does the rest).
    """
    reason = _reason(reason)
    reached = services.reach()
    seen = see_locks(services, akte, reached)
    proposal = _require_proposal(seen)
    require_second(proposal.proposed_by, by, "Das Kürzen einer Sperre", services.catalog.accounts)
    until = _require_shortenable(seen)
    if until.isoformat() != proposal.until or seen.katalog != proposal.katalog:
        raise Forbidden(
            f"Vorgeschlagen war eine Sperre bis {instant(datetime.fromisoformat(proposal.until))} nach "
            f"{proposal.katalog}; jetzt ergibt sich {instant(until)} nach {seen.katalog}. "
            "Bitte den Vorschlag verwerfen und neu machen."
        )
    services.catalog.locks.release_shortening(akte, proposal.number, reason, by=by, now=services.now())
    failed = _shorten(services, akte, seen.terms, reached, by)
    if failed:
        raise failed[0]
    services.catalog.locks.end_shortening(akte, proposal.number, done=True, by=by, now=services.now())
    return see_locks(services, akte, reached)


def withdraw(services: Services, akte: UUID, reason: str, by: Actor) -> None:
    """Gives a proposal up, with a reason; either person may. What was shortened already stays so."""
    reason = _reason(reason)
    proposal = services.catalog.locks.open_shortening(akte)
    if proposal is None:
        raise Forbidden("Für diese Akte liegt kein Vorschlag vor.")
    services.catalog.locks.end_shortening(akte, proposal.number, done=False, reason=reason, by=by, now=services.now())


def _shorten(services: Services, akte: UUID, terms: LockTerms, reached: Reached, by: Actor) -> list[ArchivError]:
    """Every copy that can be reached; the register follows after each. Returns what kept it from the others."""
    failed: list[ArchivError] = []
    until = _target(terms, services.now())
    for package in services.catalog.locks.packages_of([akte]).get(akte, ()):
        for copy in package.copies:
            try:
                done = shorten_copy(package.id, copy, _freeing(copy.store, reached), until, terms)
            except ArchivError as error:
                failed.append(error)
                continue
            acts = tuple(act.value for act in done.acts)
            if acts or done.lock != copy.lock:
                found = {copy.store: (acts, done.lock)}
                services.catalog.locks.record_locks(package.id, found, by=by, now=services.now())
    return sorted(failed, key=lambda error: error.retried)  # the gravest first


def _target(terms: LockTerms, now: datetime) -> datetime:
    """The end of the period; where that is over, the end of this day: stores take only dates that lie ahead."""
    if terms.most is None:
        raise Forbidden("Ohne bekanntes Ende der Frist wird keine Sperre gekürzt.")
    return terms.most if terms.most > now else end_of(berlin_day(now))


def _freeing(name: str, reached: Reached) -> ObjectStore:
    if name in reached.away:
        raise reached.away[name]
    if name not in reached.ingest:
        raise Misconfigured(f"Der Speicher „{name}“ ist nicht eingerichtet.")
    if name not in reached.deletion:
        raise Misconfigured(f"Für den Speicher „{name}“ ist keine Löschkennung gesetzt.")
    return reached.deletion[name]


def _seen(id: PackageId, copy: StoredCopy, reached: Reached, terms: LockTerms) -> list[SeenLock]:  # noqa: A002
    found = []
    for key, version in objects_of(id, copy):
        store = reached.ingest.get(copy.store)
        if store is None:
            away = reached.away.get(copy.store)
            why = away.text if away else f"Der Speicher „{copy.store}“ ist nicht eingerichtet."
            found.append(SeenLock(id, copy.store, key, version, None, why))
            continue
        try:
            state = store.read_lock(key, version)
            short = falls_short(state.lock, terms, store)
            found.append(SeenLock(id, copy.store, key, version, state, short=short))
        except ArchivError as error:
            gone = isinstance(error, FixityError)
            found.append(SeenLock(id, copy.store, key, version, None, error.text, gone=gone))
    return found


def _require_proposal(seen: SeenAkte) -> Shortening:
    if seen.proposal is None:
        raise Forbidden("Für diese Akte liegt kein Vorschlag vor: archiv frist sperren kuerze AKTENZEICHEN --grund …")
    return seen.proposal


def _require_shortenable(seen: SeenAkte) -> datetime:
    """The day to which locks may reach. Raises Forbidden when there is none, or when a hold stands."""
    if seen.terms.legal_hold or any(each.state is not None and each.state.legal_hold for each in seen.locks):
        raise Forbidden("Die Akte ist gesperrt; unter einer Löschsperre wird nichts gekürzt.")
    if seen.terms.most is None:
        raise Forbidden(f"Nichts zu kürzen: {' '.join(seen.terms.reasons)}")
    return seen.terms.most


def _reason(reason: str) -> str:
    text = clean_text(reason).strip()
    if not text:
        raise Forbidden("Ohne Grund wird keine Sperre gekürzt.")
    return text
