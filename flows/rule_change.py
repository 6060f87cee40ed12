"""A change of the Fristenkatalog: what a new version would move, proposal and release.

Nothing that was recorded changes by a release: locks and recorded dates follow in the next due round, and each of its
entries names the version by which it was computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from akten.errors import Rejected
from akten.findings import Finding, Severity
from catalog.actor import Actor
from catalog.classes import InUse
from catalog.keeping import KeepingRow, Viewer
from catalog.rulebook import RuleVersion
from flows.archivemark import require_catalog_file
from flows.inforce import Rules, basis, rules_in_force, rules_numbered
from flows.keeping import case_of
from flows.settings import Settings
from flows.wiring import Services, open_services
from retention.case import Case
from retention.catalogue import Fristenkatalog
from retention.compare import Move, Vergleich, compare
from retention.intake import class_for


def katalog_for(settings: Settings) -> Fristenkatalog:
    """The catalogue in force, also where there is no archive yet: nothing is made by asking."""
    file = settings.catalog_file
    if file is not None and not file.is_file():
        require_catalog_file(settings)
        return basis(settings).katalog
    with open_services(settings) as services:
        return services.katalog


@dataclass(frozen=True, slots=True)
class AkteName:
    """What an Akte is called in a list."""

    aktenart: str
    aktenzeichen: str
    band: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a new version would move, asked for one day; `skipped` are Akten that the present rules cannot judge."""

    before: Rules
    after: Rules
    as_of: date
    vergleich: Vergleich
    akten: dict[str, AkteName]  # those that move, by the id of the move
    skipped: int


def compared(services: Services, after: Rules, viewer: Actor) -> Comparison:
    """Every archived Akte under the rules in force and under the new ones, as its viewer may see it.

    New rules with a first day to come are compared for that day.
    """
    before = rules_in_force(services)
    now = services.today()
    day = max(now, after.katalog.valid_from or now)
    skipped = 0
    current: KeepingRow | None = None
    named: dict[str, AkteName] = {}

    def cases() -> Iterator[tuple[str, Case]]:
        nonlocal skipped, current
        for row in services.catalog.all_keeping(viewer=Viewer(viewer, now)):
            if not row.version:
                continue  # nothing of it is archived yet
            try:
                case = case_of(row, before.katalog, day)
            except Rejected:
                skipped += 1
                continue
            current = row
            yield str(row.akte), case

    def name(move: Move) -> None:
        assert current is not None  # noqa: S101 - a move is told of the case that was given last
        named[move.id] = AkteName(current.aktenart, current.aktenzeichen, current.band)

    found = compare(cases(), before.katalog, after.katalog, moved=name)
    return Comparison(before, after, day, found, named, skipped)


def propose(services: Services, after: Rules, reason: str, by: Actor) -> RuleVersion:
    """Keeps a new version as a proposal. Raises Forbidden for one that is in force or bears a taken number."""
    before = rules_in_force(services)
    return services.catalog.rules.propose(after.entry, before.entry, reason, by=by, now=services.now())


def lost_classes(used: InUse, before: Fristenkatalog, after: Fristenkatalog) -> dict[str, int]:
    """The classes that Akten have under the rules of before and that the new ones do not know, with so many Akten.

    Every Akte counts, also one that nothing is archived of yet; one that has no class now loses none.
    """
    lost: Counter[str] = Counter()
    for (aktenart, given), count in used.items():
        named: tuple[str | None, ...] = given or (None,)
        for name in named:
            try:
                key = class_for(aktenart, name, before).key
            except Rejected:
                continue
            # What an Akte was given it keeps; what it has by default it will have by the new default.
            later = key if name is not None else after.defaults.get(aktenart, "")
            if later not in after.classes:
                lost[key] += count
    return dict(sorted(lost.items()))


def release(services: Services, number: int, reason: str, by: Actor) -> RuleVersion:
    """A second person puts a proposal in force; it must still be readable by this program.

    Raises Rejected (WF-40) while Akten have classes that it does not know; nothing has changed then.
    """
    after, before = rules_numbered(services, number).katalog, rules_in_force(services)

    def agree(used: InUse) -> None:
        if lost := lost_classes(used, before.katalog, after):
            raise Rejected(tuple(_lost(key, count) for key, count in lost.items()))

    book = services.catalog.rules
    return book.release(number, before.entry.digest, reason, agree=agree, by=by, now=services.now())


def _lost(key: str, count: int) -> Finding:
    who = "eine Akte hat" if count == 1 else f"{count} Akten haben"
    text = (
        f"Die Fristklasse „{key}“ fehlt in der neuen Fassung, aber {who} sie; nichts wurde freigegeben. Die Klasse in "
        "die Fassung aufnehmen, oder die Akten vorher umordnen: archiv ereignis klasse."
    )
    return Finding("WF-40", Severity.ERROR, key, text)


def refuse(services: Services, number: int, reason: str, by: Actor) -> RuleVersion:
    """Ends a proposal with a reason."""
    return services.catalog.rules.refuse(number, reason, by=by, now=services.now())
