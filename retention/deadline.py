"""The answer that people see: dates and state of a case with conflicts, warnings, derivation and the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from akten.findings import Finding, Severity
from retention.case import NO_END, Case, Decision, Outcome, State, Status
from retention.catalogue import Fristenkatalog
from retention.decision import Disposal, decide
from retention.derivation import day_text, derive
from retention.evaluate import evaluate
from retention.holds import MASKED, mode_of


@dataclass(frozen=True, slots=True)
class Deadline:
    """`retention_ends` is the last day to keep, `disposal_from` the first day free; None means no such day is known.

    `may_destroy` is apart from the state and false for every unconfirmed class; `reasons` say why.
    """

    outcome: Outcome
    disposal: Disposal
    findings: tuple[Finding, ...]
    derivation: tuple[str, ...]
    katalog: str  # name and version of the catalogue: decisions keep the version they were made by

    @property
    def retention_ends(self) -> date | None:
        """Last day on which the record must still be kept (inclusive)."""
        return self.outcome.retention_ends

    @property
    def disposal_from(self) -> date | None:
        """First day after retention and after every hold."""
        return self.outcome.disposal_from

    @property
    def state(self) -> State:
        """Where the record stands on the day of the question."""
        return self.outcome.state

    @property
    def offer_by(self) -> date | None:
        """Last day for offering the record to the archive."""
        return self.outcome.offer_by

    @property
    def offer_due(self) -> bool:
        """True when that day is over and nothing was offered."""
        return self.outcome.offer_due

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Duties to delete before a duty to keep, as German sentences."""
        return tuple(finding.text for finding in self.findings if finding.code == "RT-40")

    @property
    def may_destroy(self) -> bool:
        """True only when nothing at all speaks against it."""
        return self.disposal.may_destroy

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against destruction."""
        return self.disposal.reasons

    @property
    def access(self) -> str:
        """ "restricted" while a phase of restricted processing runs, else "normal"."""
        return access_phase(self.outcome)

    @property
    def missing_events(self) -> tuple[str, ...]:
        """Events on which an open record waits."""
        waiting = [r for r in self.outcome.results if r.status is Status.OPEN and r.event is None]
        names = [name for r in waiting for name in (r.basis.trigger, *(v.event for v in r.basis.variants))]
        return tuple(dict.fromkeys(names))


def compute(case: Case, katalog: Fristenkatalog) -> Deadline:
    """Dates, state, conflicts and derivation of a case. Raises Rejected (RT-30) for an unknown class."""
    outcome = evaluate(case, katalog)
    return Deadline(
        outcome,
        decide(outcome),
        tuple(sorted(set(_findings(outcome, katalog)))),
        derive(outcome, katalog),
        f"{katalog.name} {katalog.version}",
    )


def access_phase(outcome: Outcome) -> str:
    """The access of the phase in which the day of the question lies, by the decisive basis."""
    result = outcome.decisive
    if result is None or not any(phase.restricted for phase in result.basis.phases):
        return "normal"
    for phase, end in zip(result.basis.phases, result.phase_ends or (result.ends or NO_END,), strict=False):
        if outcome.case.as_of <= end:
            return "restricted" if phase.restricted else "normal"
    return "restricted" if result.basis.phases[-1].restricted else "normal"


def _findings(outcome: Outcome, katalog: Fristenkatalog) -> Iterator[Finding]:
    case = outcome.case
    for hold in case.holds:
        if hold.key == MASKED:
            continue
        if hold.key not in katalog.holds:
            yield _warn("RT-31", f"Die Sperre „{hold.key}“ gibt es im Katalog nicht; sie sperrt vorsichtshalber.")
        elif mode_of(hold, katalog.holds) is not katalog.holds[hold.key].mode:
            yield _warn("RT-33", f"Die Unterbrechung „{hold.key}“ hat keinen Tag; sie sperrt vorsichtshalber.")
    yield from conflict_findings(outcome)
    used: set[str] = set()
    for result in outcome.results:
        basis = result.basis
        used.update((basis.trigger, *(v.event for v in basis.variants), *(v.or_later for v in basis.variants)))
        if result.assumed:
            yield _warn("RT-35", f"Die Tatsache „{result.assumed}“ ist nicht bekannt ({result.record_class.key}).")
        if result.by_condition and result.event is not None:
            yield _warn("RT-41", f"„{basis.while_fact}“ besteht noch, obwohl {result.event_name} gemeldet ist.")
        if result.event is not None and result.event > case.as_of:
            yield _warn("RT-36", f"Das Ereignis {result.event_name} liegt nach dem Tag der Frage.")
        valid_from = result.record_class.valid_from or katalog.valid_from
        if valid_from is not None and case.as_of < valid_from:
            yield _warn("RT-37", f"Die Regel {result.record_class.key} gilt erst ab {day_text(valid_from)}.")
    if case.archive.waived and case.archive.decision is Decision.ARCHIVWUERDIG:
        yield _warn("RT-42", "Das Archiv hat verzichtet und zugleich „archivwürdig“ entschieden; es wird übergeben.")
    general = {"file_closed", "case_closed", "created", "creation", "file_created", "birth", "born", "date_of_birth"}
    for name in sorted(set(case.events) - used - general):
        yield _warn("RT-34", f"Das Ereignis {name} wird von keiner Klasse des Falls gebraucht.", Severity.INFO)


def conflict_findings(outcome: Outcome) -> Iterator[Finding]:
    """RT-40: every duty to delete before a duty to keep."""
    for result in outcome.conflicts:
        if result.ends is not None:
            yield _warn(
                "RT-40",
                f"{result.record_class.key}: {result.basis.text} verlangt die Löschung bis {day_text(result.ends)}; "
                "eine andere Grundlage verlangt die Aufbewahrung darüber hinaus.",
            )


def _warn(code: str, text: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(code, severity, "", text)
