"""A damaged or lost copy is put there anew: proposed with the cause by one person, released by another, then done.

Before and after it every copy of the package is read whole; what was damaged stays where it lies and is set aside.
Broken off, it is taken up by the same command. A copy that a version never had, because the store came later, is put
there the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.findings import Verdict
from akten.model import clean_text
from akten.package import CopyReport, Lock, PackageId, StoredCopy, StoredPackage
from archive.reconcile import lacking
from archive.restore import restore_copy, wants_restoring
from catalog.actor import Actor
from catalog.identity import require_second
from catalog.proposals import Proposal
from flows.keeping import judge
from flows.walks import verify_package
from flows.wiring import Services


class Wanting(NamedTuple):
    """A package with the copy in one store that is damaged, or None where it never had one there.

    `lost`: a look found every other copy damaged as well; one that was away may be whole.
    """

    package: StoredPackage
    copy: StoredCopy | None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """One copy that was put there anew (`before` is None: for the first time), and how it is by a look after that."""

    id: PackageId
    before: StoredCopy | None
    after: StoredCopy
    report: CopyReport


@dataclass(frozen=True, slots=True)
class Release:
    """What came of a release: copies put there anew (none where all were whole by then), and why others were not."""

    akte: UUID
    restored: tuple[Restored, ...]
    failed: tuple[ArchivError, ...]

    @property
    def done(self) -> bool:
        """True when every copy in the store was looked at and is whole now."""
        reports = [each.report for each in self.restored]
        unseen = any(report.verdict is Verdict.NOT_CHECKED for report in reports)
        return not self.failed and not unseen and not any(map(wants_restoring, reports))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was proposed to be put there; `lost` are those of which no other copy is whole now."""

    wanted: tuple[Wanting, ...]
    lost: tuple[PackageId, ...]


def proposal_for(services: Services, akte: UUID, store: str) -> Proposal | None:
    """The open proposal for the copies of an Akte in one store, or None."""
    return next((each for each in services.catalog.restoring.open(akte) if each.about["store"] == store), None)


def propose(services: Services, akte: UUID, store: str, cause: str, by: Actor) -> Asked:
    """The first person asks for new copies in one store, after a look at all that are there; returns what it is for.

    Raises Forbidden without a cause, where no copy is damaged or missing, or where a proposal waits already;
    FixityError where nothing could be put there, since no copy is whole.
    """
    cause = _words(cause, "Ohne Ursache wird keine Kopie ersetzt: Was ist geschehen?")
    wanting = [
        each._replace(lost=_none_whole(services, each.package, by)) if each.copy is None else each
        for each in _wanting(services, akte, store, by)
    ]
    if not wanting:
        text = f"Im Speicher „{store}“ ist keine Kopie dieser Akte beschädigt, und keine fehlt"
        raise Forbidden(f"{text}; es gibt nichts zu ersetzen.")
    wanted = tuple(each for each in wanting if not each.lost)
    lost = tuple(each.package.id for each in wanting if each.lost)
    if not wanted:
        raise FixityError(f"{lost_words(lost)} Vorgeschlagen wurde nichts.")
    services.catalog.restoring.propose(akte, store, cause, by=by, now=services.now())
    return Asked(wanted, lost)


def lost_words(lost: Sequence[PackageId]) -> str:
    """What is said of packages of which no copy is whole, and what to do."""
    versions = " und ".join(f"Version {each.version}" for each in lost)
    return (
        f"Von {versions} ist in keinem anderen Speicher eine unversehrte Kopie: Ersetzen lässt sich da nichts. "
        "Nichts vernichten; den Speicher aus einer Sicherung zurückholen, dann noch einmal."
    )


def release(services: Services, proposal: Proposal, reason: str, by: Actor) -> Release:
    """The second person agrees, and it is done: copies that are damaged or missing now, each read back whole after.

    Raises Forbidden for the same person. What failed is returned; the same call again does the rest.
    """
    reason = _words(reason, "Ohne Grund wird nichts freigegeben.")
    akte, book, store = proposal.akte, services.catalog.restoring, str(proposal.about["store"])
    require_second(proposal.proposed_by, by, "Das Ersetzen einer Kopie", services.catalog.accounts)
    book.release(akte, proposal.number, reason, by=by, now=services.now())
    restored: list[Restored] = []
    failed: list[ArchivError] = []
    for wanting in _wanting(services, akte, store, by):
        try:
            restored.append(_restore(services, wanting, store, proposal.number, by))
        except ArchivError as error:
            failed.append(error)
    found = Release(akte, tuple(restored), tuple(failed))
    if found.done:
        book.end(akte, proposal.number, done=True, by=by, now=services.now())
    return found


def withdraw(services: Services, proposal: Proposal, reason: str, by: Actor) -> None:
    """Gives a proposal up, with a reason; either person may. What was put there anew stays."""
    reason = _words(reason, "Ohne Grund wird nichts verworfen.")
    number = proposal.number
    services.catalog.restoring.end(proposal.akte, number, done=False, reason=reason, by=by, now=services.now())


def wanting_akten(services: Services, store: str) -> tuple[UUID, ...]:
    """The Akten without an open proposal of which a copy in this store is not as it should be by the last look, or of
    which a version has none there.
    """
    book = services.catalog.restoring
    waiting = {each.akte for each in book.open() if each.about["store"] == store}
    return tuple(sorted({*book.damaged_in(store), *book.lacking_in(store)} - waiting))


def _restore(services: Services, wanting: Wanting, store: str, proposal: int, by: Actor) -> Restored:
    package, before, _ = wanting
    book, stores = services.catalog.restoring, {each.name: each for each in services.stores}
    # A first copy is locked by the rules, and held where the others are, be it for a reason that nobody knows (LK-07).
    held = any(copy.lock.legal_hold for copy in package.copies)
    lock = _lock(services, package.id.akte, Lock(None, held) if before is None else before.lock)
    work = services.settings.work / ".ersatz"
    after = restore_copy(package, store, stores, lock, services.now, work)
    book.record(package.id, after, proposal, by=by, now=services.now())
    others = tuple(copy for copy in package.copies if copy.store != store)
    report = verify_package(services, replace(package, copies=(*others, after)), by)
    return Restored(package.id, before, after, report.copies[-1])


def _none_whole(services: Services, package: StoredPackage, by: Actor) -> bool:
    """True when a look finds every copy damaged. The first that is whole, or away, ends it: a store that is filled
    would else be waited for as often as there are copies.
    """
    looks = (verify_package(services, replace(package, copies=(copy,)), by) for copy in package.copies)
    return all(wants_restoring(seen) for report in looks for seen in report.copies)


def _wanting(services: Services, akte: UUID, store: str, by: Actor) -> Sequence[Wanting]:
    """The packages of an Akte whose copy in this store a look finds damaged now, and those that never had one there.

    At these it does not look: the copy that theirs is made of is read whole in any case. Raises Misconfigured when
    there is no such store, Unavailable when one of the copies could not be looked at.
    """
    if store not in {each.name for each in services.stores}:
        raise Misconfigured(f"Der Speicher „{store}“ ist nicht eingerichtet.")
    found = []
    for row in services.catalog.packages(akte):
        package = row.package
        if lacking(package, (store,)):
            found.append(Wanting(package, None))
            continue
        report = verify_package(services, package, by)
        for copy, seen in zip(package.copies, report.copies, strict=True):
            if copy.store != store:
                continue
            if wants_restoring(seen):
                others = [each for each in report.copies if each.store != store]
                found.append(Wanting(package, copy, all(map(wants_restoring, others))))
            elif seen.verdict is Verdict.NOT_CHECKED:
                raise Unavailable(f"Nicht jede Kopie ließ sich prüfen: {seen.findings[0].text}")
    return found


def _lock(services: Services, akte: UUID, before: Lock) -> Lock:
    """What the rules want now, and never less than what was recorded."""
    row = services.catalog.keeping(akte)
    if row is None:
        return before
    wanted = judge(row, services.katalog, services.now()).terms.lock
    days = [day for day in (wanted.retain_until, before.retain_until) if day is not None]
    return Lock(max(days, default=None), wanted.legal_hold or before.legal_hold)


def _words(text: str, without: str) -> str:
    words = clean_text(text).strip()
    if not words:
        raise Forbidden(without)
    return words
