"""Why this date? The computation told in German, one step a line: law, event, evidence, formula, holds, archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from retention.case import NO_END, BasisResult, Decision, Hold, Outcome, State, Status
from retention.catalogue import NO_LAW, Basis, Fristenkatalog, HoldMode, Kind
from retention.decision import decide
from retention.holds import MASKED, mode_of
from retention.periods import StartRule, start_day

_KINDS = {
    Kind.RETAIN_AT_LEAST: "mindestens aufzubewahren",
    Kind.DELETE_AT_LATEST: "spätestens zu löschen",
    Kind.EXACT: "so lange aufzubewahren, dann zu löschen",
}
_STATES = {
    State.PERMANENT: "dauernd aufzubewahren",
    State.OPEN: "offen",
    State.RETAINED: "aufzubewahren",
    State.HELD: "gesperrt",
    State.OFFER: "dem Archiv anzubieten",
    State.TRANSFER: "an das Archiv abzugeben",
    State.DESTROY: "zur Vernichtung frei, sobald alle Freigaben vorliegen",
}


def day_text(day: date) -> str:
    """31.12.2030."""
    return day.strftime("%d.%m.") + f"{day.year:04d}"


def derive(outcome: Outcome, katalog: Fristenkatalog) -> tuple[str, ...]:
    """The lines, in the order of the computation."""
    return tuple(_lines(outcome, katalog))


def _lines(outcome: Outcome, katalog: Fristenkatalog) -> Iterator[str]:
    yield f"Katalog: {katalog.name}, Fassung {katalog.version}; gefragt für den {day_text(outcome.case.as_of)}."
    previous = ""
    for result in outcome.results:
        record_class = result.record_class
        if record_class.key != previous:
            previous = record_class.key
            by = f"bestätigt von {record_class.confirmed_by}" if record_class.confirmed_by else "nicht bestätigt"
            yield f"Klasse: {record_class.key} „{record_class.title}“ ({by})."
        yield from _basis_lines(result, outcome, katalog)
    yield from _end_lines(outcome)
    yield from _hold_lines(outcome, katalog)
    yield from _archive_lines(outcome, katalog)
    stand = _STATES[outcome.state]
    if outcome.state is State.DESTROY and not decide(outcome).may_destroy:
        stand = "nach den Fristen frei, aber nicht zur Vernichtung freigegeben"
    yield f"Stand am {day_text(outcome.case.as_of)}: {stand}."


def _event_title(name: str, katalog: Fristenkatalog) -> str:
    title = katalog.event_titles.get(name)
    return f"{title} ({name})" if title else name


def _basis_lines(result: BasisResult, outcome: Outcome, katalog: Fristenkatalog) -> Iterator[str]:
    basis = result.basis
    source = katalog.sources.get(basis.source)
    told = source.title if source else basis.source
    if basis.source not in NO_LAW:
        told += "; gelesen" if basis.verified else "; nicht am Wortlaut belegt"
    yield f"Grundlage: {basis.text}: {_KINDS[basis.kind]} [{told}]."
    if result.status is Status.NOT_APPLICABLE:
        yield f"  Gilt nicht: die Tatsache „{basis.applies_if}“ ist verneint."
        return
    if result.assumed:
        yield f"  Vorsicht: die Tatsache „{result.assumed}“ ist nicht bekannt; die Pflicht wird als geltend angenommen."
    if basis.permanent:
        yield "  Ohne Ende: dauernd aufzubewahren."
        return
    if basis.follows:
        yield f"  Folgt einer anderen Unterlage: {basis.follows}; kein eigenes Ende."
        return
    if result.by_condition:
        yield f"  Kein Ende: die Bedingung „{basis.while_fact}“ besteht noch."
        return
    if result.event is None:
        wanted = " oder ".join(_event_title(n, katalog) for n in (basis.trigger, *(v.event for v in basis.variants)))
        yield f"  Kein Ende: es fehlt das Ereignis {wanted}."
        return
    proof = outcome.case.evidence.get((result.event_name, result.event), "")
    later = " (liegt nach dem Tag der Frage)" if result.event > outcome.case.as_of else ""
    where = f"; Beleg: {proof}" if proof else "; ohne Beleg"
    yield f"  Ereignis: {_event_title(result.event_name, katalog)} am {day_text(result.event)}{later}{where}."
    for day in result.restarted:
        yield f"  Unterbrechung am {day_text(day)}: die Frist beginnt neu."
    yield from _formula(result, basis)
    for hold in sorted(result.moved_by, key=_hold_order):
        title = katalog.holds[hold.key].title if hold.key in katalog.holds else hold.key
        until = f"bis {day_text(hold.end)}" if hold.end else "noch offen"
        yield f"  Die Frist endet nicht, solange besteht: {title} ({until})."


def _formula(result: BasisResult, basis: Basis) -> Iterator[str]:
    if result.event is None or result.nominal is None:
        return
    begin = start_day(result.restarted[-1] if result.restarted else result.event, basis.start_rule)
    if basis.start_rule is StartRule.EVENT_DATE:
        start = f"der Tag selbst ({day_text(begin)}) zählt nicht mit"
    elif basis.start_rule is StartRule.NEXT_JANUARY_FIRST:
        start = f"Beginn 01.01.{begin.year + 1:04d}"
    else:
        start = f"Beginn mit Ablauf des {day_text(begin)}"
    if basis.before is not None and basis.valid_from is not None:
        law = "bisherige" if result.former_law else "neue"
        rule = f"Stichtag {day_text(basis.valid_from)}, davor {basis.before.text}: es gilt die {law} Frist"
        yield f"  Übergang: {rule}."
    if result.former_law and basis.before is not None:
        length = basis.before.text
    else:
        length = ", danach ".join(
            f"{phase.period.text} (eingeschränkte Verarbeitung)" if phase.restricted else phase.period.text
            for phase in basis.phases
        )
    yield f"  Rechnung: {start}; {length}; Ende mit Ablauf des {day_text(result.nominal)}."


def _end_lines(outcome: Outcome) -> Iterator[str]:
    for result in outcome.conflicts:
        if result.ends is not None:
            way = " auf Antrag" if result.basis.on_request else " mit Zustimmung" if result.basis.with_consent else ""
            yield (
                f"Widerspruch: {result.basis.text} verlangt die Löschung{way} bis {day_text(result.ends)}, "
                "eine andere Grundlage die Aufbewahrung darüber hinaus; von Hand zu entscheiden."
            )
    if outcome.retention_ends is not None:
        several = sum(result.status is Status.DATED for result in outcome.results) > 1
        wins = " (das spätere Ende gilt)" if several else ""
        only_delete = outcome.decisive is not None and not outcome.decisive.basis.keeps
        words = "Letzter Tag vor der Löschpflicht:" if only_delete else "Aufzubewahren bis einschließlich"
        yield f"{words} {day_text(outcome.retention_ends)}{wins}."
    elif outcome.decisive is not None and outcome.decisive.ends == NO_END:
        yield "Ein Ende ist nicht bekannt: eine Sperre, die die Frist verlängert, besteht noch."
    else:
        yield "Ein Ende ist nicht bekannt."


def _hold_order(hold: Hold) -> tuple[str, date, date, date, bool]:
    return hold.key, hold.start or date.min, hold.end or NO_END, hold.on or date.min, hold.unfounded


def _hold_lines(outcome: Outcome, katalog: Fristenkatalog) -> Iterator[str]:
    for hold in sorted(outcome.case.holds, key=_hold_order):
        if hold.key == MASKED:
            yield "Sperre: gesperrt."
            continue
        rule = katalog.holds.get(hold.key)
        title = rule.title if rule else f"{hold.key} (unbekannt, sperrt)"
        mode = mode_of(hold, katalog.holds)
        if mode is HoldMode.RESTARTS:
            day = hold.on or hold.start
            word = "unbegründet, gilt als nicht erfolgt" if hold.unfounded else "eingetragen"
            yield f"Sperre: {title}, {day_text(day) if day else 'ohne Tag'}: {word}."
            continue
        title += " (vermerkt, sperrt nicht)" if mode is HoldMode.NOTE else ""
        since = f"seit {day_text(hold.start)}" if hold.start else "ohne Beginn"
        until = f"bis einschließlich {day_text(hold.end)}" if hold.end else "noch nicht aufgehoben"
        yield f"Sperre: {title}, {since}, {until}."
    if outcome.disposal_from is not None:
        yield f"Frei ab {day_text(outcome.disposal_from)}."


def _archive_lines(outcome: Outcome, katalog: Fristenkatalog) -> Iterator[str]:
    archive = outcome.case.archive
    if outcome.offer_by is not None:
        due = "; die Anbietung ist überfällig" if outcome.offer_due else ""
        years = katalog.archive.offer_latest.text
        yield f"Anbietung an das Archiv spätestens bis {day_text(outcome.offer_by)} (§ 4 ArchivG NRW, {years}){due}."
    proof = f"; Beleg: {archive.evidence}" if archive.evidence else ""
    if archive.decision is Decision.ARCHIVWUERDIG:
        yield f"Archiv: archivwürdig{proof}."
    elif archive.decision is Decision.NICHT_ARCHIVWUERDIG:
        yield f"Archiv: nicht archivwürdig{proof}."
    elif archive.waived:
        yield f"Archiv: hat auf diese Klasse schriftlich verzichtet{proof}."
    elif outcome.appraisal_due is not None:
        until = f"Antwort erwartet bis {day_text(outcome.appraisal_due)}"
        yield f"Archiv: angeboten, {until}; Schweigen vernichtet nichts{proof}."
