"""May this record be destroyed by its dates? Apart from the state, and nothing can override it: reasons, in German."""

from __future__ import annotations

from dataclasses import dataclass

from akten.model import Aussonderungsart
from retention.case import Decision, Outcome, State


@dataclass(frozen=True, slots=True)
class Disposal:
    """`may_destroy` is true only without any reason against it. It is a condition, never an order to destroy."""

    may_destroy: bool
    reasons: tuple[str, ...]


_BY_STATE = {
    State.PERMANENT: "Die Akte ist dauernd aufzubewahren.",
    State.OPEN: "Die Frist hat noch nicht begonnen oder ihr Ende ist nicht bekannt.",
    State.RETAINED: "Die Aufbewahrungsfrist läuft noch.",
    State.HELD: "Eine Sperre besteht.",
    State.OFFER: "Das Archiv hat noch nicht entschieden; sein Schweigen vernichtet nichts.",
    State.TRANSFER: "Das Archiv übernimmt die Akte; sie wird übergeben, nicht vernichtet.",
}


def decide(outcome: Outcome) -> Disposal:
    """Whether the dates allow destruction, with every reason against it."""
    reasons = [_BY_STATE[outcome.state]] if outcome.state in _BY_STATE else []
    if outcome.blocking and outcome.state is not State.HELD:
        reasons.append("Eine Sperre besteht.")
    classes = {result.record_class.key: result.record_class for result in outcome.results}
    for key, record_class in sorted(classes.items()):
        if not record_class.confirmed_by:
            reasons.append(f"Die Klasse {key} ist nicht bestätigt (confirmed_by fehlt).")
        if record_class.valid_from is not None and outcome.case.as_of < record_class.valid_from:
            reasons.append(f"Die Klasse {key} gilt erst ab {record_class.valid_from:%d.%m.%Y}.")
    if outcome.conflicts:
        reasons.append("Eine Löschpflicht widerspricht einer Aufbewahrungspflicht; das ist von Hand zu entscheiden.")
    facts = sorted({result.assumed for result in outcome.results if result.assumed})
    reasons += [f"Die Tatsache „{fact}“ ist nicht bekannt." for fact in facts]
    archive = outcome.case.archive
    if archive.waived and archive.decision is Decision.ARCHIVWUERDIG:
        reasons.append("Das Archiv hat die Klasse freigegeben und die Akte für archivwürdig erklärt.")
    archival = any(record_class.disposal is Aussonderungsart.ARCHIVWUERDIG for record_class in classes.values())
    if archival and archive.decision is None and archive.waived:
        reasons.append("Die Klasse ist im Katalog archivwürdig (A), das Archiv hat aber verzichtet.")
    if outcome.disposal_from is None and outcome.state is State.DESTROY:
        reasons.append("Kein Tag ist bekannt, ab dem die Akte frei wäre.")
    return Disposal(not reasons and outcome.state is State.DESTROY, tuple(reasons))
