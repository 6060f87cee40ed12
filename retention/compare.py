"""What a new catalogue would change: the same cases under two catalogues, counted per class and listed one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from retention.case import Case, Outcome, State
from retention.catalogue import Fristenkatalog
from retention.evaluate import evaluate


class Change(StrEnum):
    """What happens to one Akte when the rules change."""

    SAME = "same"
    EARLIER = "earlier"
    LATER = "later"
    CLASS_MISSING = "class_missing"


@dataclass(frozen=True, slots=True)
class Move:
    """One Akte that moves: first free day, last day to keep and state before and after (None: not known)."""

    id: str
    record_class: str
    change: Change
    before: date | None
    after: date | None
    state_before: State
    state_after: State | None
    ends_before: date | None = None
    ends_after: date | None = None


@dataclass(frozen=True, slots=True)
class ClassChange:
    """How many Akten of a class stay, become free earlier or later, or lose their class.

    An Akte that a hold keeps without end counts by the end of its period.
    """

    record_class: str
    total: int
    earlier: int
    later: int
    missing: int
    state_changes: int

    @property
    def sentence(self) -> str:
        """ "214 von 300 Akten würden früher frei."; for people who release a rule."""
        if self.total == 1:
            what = "würde früher frei" if self.earlier else "würde später frei" if self.later else ""
            what = what or ("stünde ohne Klasse da" if self.missing else "behält ihren Tag")
            return f"{self.record_class}: die eine Akte {what}."
        days = [f"{self.earlier} früher frei"] if self.earlier else []
        days += [f"{self.later} später frei"] if self.later else []
        told = f"{'würde' if self.earlier + self.later == 1 else 'würden'} {', '.join(days)}" if days else ""
        if self.missing:
            verb = "stünde" if self.missing == 1 else "stünden"
            told += f"; {self.missing} {verb} ohne Klasse da" if told else f"{verb} {self.missing} ohne Klasse da"
        if not told:
            return f"{self.record_class}: keine von {self.total} Akten ändert ihren Tag."
        return f"{self.record_class}: von {self.total} Akten {told}."

    @property
    def moved(self) -> int:
        """How many Akten get another day, or none."""
        return self.earlier + self.later + self.missing


@dataclass(frozen=True, slots=True)
class Vergleich:
    """Both sides of a rule change."""

    before: str
    after: str
    classes: tuple[ClassChange, ...]
    moves: tuple[Move, ...]

    def count(self, change: Change) -> int:
        """How many Akten move this way in all classes."""
        return sum(move.change is change for move in self.moves)


def compare(
    cases: Iterable[tuple[str, Case]],
    before: Fristenkatalog,
    after: Fristenkatalog,
    moved: Callable[[Move], None] | None = None,
) -> Vergleich:
    """Every case under both catalogues; the order of the cases does not matter to the counts.

    `moved` is told of each move before the next case is asked for.
    Raises Rejected (RT-30) for a class that the catalogue of before does not have.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    moves = []
    for move in _moves(cases, before, after):
        row = counts[move.record_class]
        row[0] += 1
        row[1] += move.change is Change.EARLIER
        row[2] += move.change is Change.LATER
        row[3] += move.change is Change.CLASS_MISSING
        row[4] += move.state_after is not None and move.state_before is not move.state_after
        if move.change is not Change.SAME or move.state_before is not move.state_after:
            moves.append(move)
            if moved is not None:
                moved(move)
    classes = tuple(ClassChange(key, *row) for key, row in sorted(counts.items()))
    return Vergleich(f"{before.name} {before.version}", f"{after.name} {after.version}", classes, tuple(moves))


def _moves(cases: Iterable[tuple[str, Case]], before: Fristenkatalog, after: Fristenkatalog) -> Iterator[Move]:
    for identifier, case in cases:
        old = evaluate(case, before)
        key = "+".join(case.classes)
        day, end = old.disposal_from, old.retention_ends
        if any(name not in after.classes for name in case.classes):
            yield Move(identifier, key, Change.CLASS_MISSING, day, None, old.state, None, end, None)
            continue
        new = evaluate(case, after)
        yield Move(
            identifier, key, _change(old, new), day, new.disposal_from, old.state, new.state, end, new.retention_ends
        )


def _change(old: Outcome, new: Outcome) -> Change:
    for first, second in ((old.disposal_from, new.disposal_from), (old.retention_ends, new.retention_ends)):
        if first != second:
            return Change.EARLIER if (second or date.max) < (first or date.max) else Change.LATER
    return Change.SAME
