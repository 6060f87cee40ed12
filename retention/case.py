"""A question to the retention rules and its answer as plain values: case, hold, the archive's word, outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from retention.catalogue import Basis, RecordClass

NO_END = date.max  # stands for an end that nobody knows yet, so that later always wins


class State(StrEnum):
    """Where a record stands on the day of the question."""

    PERMANENT = "permanent"
    OPEN = "open"
    RETAINED = "retained"
    HELD = "held"
    OFFER = "offer"
    TRANSFER = "transfer"
    DESTROY = "destroy"


class Decision(StrEnum):
    """The archive's decision on a record."""

    ARCHIVWUERDIG = "archivwuerdig"
    NICHT_ARCHIVWUERDIG = "nicht_archivwuerdig"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that was set; both days belong to it, `end` None means still active.

    An interruption has the day `on` and may have proved `unfounded`.
    """

    key: str
    start: date | None = None
    end: date | None = None
    on: date | None = None
    unfounded: bool = False

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("hold ends before it starts")


@dataclass(frozen=True, slots=True)
class ArchiveAnswer:
    """What city and archive told each other: offered (and on which day), decided, or waived the class in writing.

    `evidence` says where that stands; it shows in the derivation only.
    """

    offered: bool = False
    offered_on: date | None = None
    decision: Decision | None = None
    waived: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A record with its classes, events (days in Berlin), facts and holds, asked on the day `as_of`.

    `pending` names events that somebody listed without a day: of several (survivors, permits) one is still to come.
    `evidence` says for an event and its day where it is proven; it shows in the derivation only.
    """

    classes: tuple[str, ...]
    events: Mapping[str, tuple[date, ...]]
    as_of: date
    facts: Mapping[str, bool] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    archive: ArchiveAnswer = ArchiveAnswer()
    evidence: Mapping[tuple[str, date], str] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()


class Status(StrEnum):
    """How far one basis could be computed."""

    DATED = "dated"
    OPEN = "open"
    PERMANENT = "permanent"
    FOLLOWS = "follows"
    NOT_APPLICABLE = "not_applicable"


@dataclass(slots=True)
class BasisResult:
    """One basis of one class, computed. `ends` is NO_END when a hold keeps it from ending.

    Filled once by `evaluate` and not changed afterwards; not frozen, since a million of them are made in a minute.
    """

    record_class: RecordClass
    basis: Basis
    status: Status
    event_name: str = ""
    event: date | None = None
    nominal: date | None = None  # without the holds that move the end
    ends: date | None = None
    phase_ends: tuple[date, ...] = ()
    restarted: tuple[date, ...] = ()
    moved_by: tuple[Hold, ...] = ()
    assumed: str = ""  # the fact that nobody told, taken as if the duty to keep applied
    by_condition: bool = False  # OPEN because the while-condition still holds
    former_law: bool = False  # the period of before the transition


@dataclass(slots=True)
class Outcome:
    """The dates and the state, without words. `delete_by` is the earliest duty to delete that is known."""

    case: Case
    results: list[BasisResult]
    retention_ends: date | None
    disposal_from: date | None
    state: State
    offer_by: date | None
    offer_due: bool
    appraisal_due: date | None
    delete_by: date | None
    blocking: tuple[Hold, ...]
    conflicts: tuple[BasisResult, ...]  # duties to delete that fall before a duty to keep
    decisive: BasisResult | None
