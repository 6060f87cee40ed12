"""The values of a Fristenkatalog: record classes with their rules, holds, archive law; frozen and ready to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from akten.findings import Finding
from akten.model import Aussonderungsart
from retention.periods import Period, StartRule

# Keys of sources that are no law: proposals and general knowledge, in the catalogues that we know.
NO_LAW = frozenset({"proposal", "memory", "vorschlag", "allgemein"})


class Kind(StrEnum):
    """What a rule wants: keep at least, delete at the latest, or both."""

    RETAIN_AT_LEAST = "retain_at_least"
    DELETE_AT_LATEST = "delete_at_latest"
    EXACT = "exact"


class HoldMode(StrEnum):
    """What a hold does to a period."""

    BLOCKS = "blocks"  # only disposal
    EXTENDS = "extends"  # the period does not end while it lasts
    FINAL = "final"  # as EXTENDS for classes with extend_until_final, as BLOCKS for others
    RESTARTS = "restarts"  # the period starts anew
    NOTE = "note"  # is recorded, blocks nothing
    ARCHIVE = "archive"  # blocks until the archive has answered


@dataclass(frozen=True, slots=True)
class HoldRule:
    """One sort of hold."""

    key: str
    title: str
    effect: str
    mode: HoldMode


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of a period; `restricted` data may only be used for the purposes that the law names."""

    period: Period
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """An event that counts as the trigger; `or_later` is an event that counts instead when it is later.

    With `unless` known to be true this variant does not count, and the class waits for another one. `all_of` (written
    as `select: latest`) means that the event must have happened for everybody: while one is pending nothing starts.
    """

    event: str
    when: str = ""
    earliest: bool = False
    or_later: str = ""
    unless: str = ""
    all_of: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """One rule with its Rechtsgrundlage. Exactly one of phases, permanent and follows says how long."""

    text: str
    kind: Kind
    source: str
    verified: bool
    trigger: str = ""
    start_rule: StartRule = StartRule.END_OF_CALENDAR_YEAR
    phases: tuple[Phase, ...] = ()
    permanent: bool = False
    follows: str = ""
    while_fact: str = ""
    applies_if: str = ""
    earliest: bool = False
    valid_from: date | None = None
    before: Period | None = None
    on_request: bool = False
    with_consent: bool = False
    also: tuple[str, ...] = ()
    note: str = ""
    variants: tuple[Variant, ...] = ()
    # derived, for speed
    keeps: bool = field(init=False)
    deletes: bool = field(init=False)
    by_law: bool = field(init=False)
    plain_years: int = field(init=False)  # > 0: one phase of whole years from a year's end, no transition

    def __post_init__(self) -> None:
        object.__setattr__(self, "keeps", self.kind is not Kind.DELETE_AT_LATEST)
        object.__setattr__(self, "deletes", self.kind is not Kind.RETAIN_AT_LEAST)
        object.__setattr__(self, "by_law", self.verified and self.source not in NO_LAW)
        years = 0
        if len(self.phases) == 1 and self.before is None:
            period = self.phases[0].period
            if self.start_rule in (StartRule.END_OF_CALENDAR_YEAR, StartRule.NEXT_JANUARY_FIRST):
                years = period.years if not (period.months or period.days) else 0
        object.__setattr__(self, "plain_years", years)


@dataclass(frozen=True, slots=True)
class RecordClass:
    """One class of records. Nothing is destroyed by a class without `confirmed_by`."""

    key: str
    title: str
    group: str
    bases: tuple[Basis, ...]
    disposal: Aussonderungsart
    privacy: tuple[str, ...] = ()
    protection_need: tuple[tuple[str, str], ...] = ()
    holds_apply: tuple[str, ...] = ()
    extend_until_final: bool = False
    secrecy: bool = False
    confirmed_by: str = ""
    confirmed_on: date | None = None
    valid_from: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AccessTerm:
    """A closure period and from what it runs."""

    period: Period
    source: str


@dataclass(frozen=True, slots=True)
class ArchiveLaw:
    """Offering, appraisal and closure periods (ArchivG NRW §§ 4, 7); each from the end of the calendar year."""

    offer_latest: Period
    offer_start: StartRule
    appraisal: Period
    appraisal_start: StartRule
    general: AccessTerm
    death_known: AccessTerm
    birth_known: AccessTerm
    neither_known: AccessTerm
    secrecy: AccessTerm
    access_start: StartRule = StartRule.END_OF_CALENDAR_YEAR


@dataclass(frozen=True, slots=True)
class Source:
    """A text that was read, and in which state."""

    key: str
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Fristenkatalog:
    """One version of a catalogue; `digest` is the SHA-256 of its file, `findings` are the warnings about it."""

    name: str
    version: str
    digest: str
    time_zone: str
    classes: Mapping[str, RecordClass]
    holds: Mapping[str, HoldRule]
    archive: ArchiveLaw
    sources: Mapping[str, Source]
    defaults: Mapping[str, str]  # Aktenart → class
    event_titles: Mapping[str, str]
    valid_from: date | None = None
    confirmed_by: str = ""
    findings: tuple[Finding, ...] = ()
