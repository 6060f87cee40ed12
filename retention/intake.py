"""What the intake of an Akte needs of the rules: its deadline by Aktenart, and the words of XDOMEA for it."""

from __future__ import annotations

from akten.errors import Rejected
from akten.findings import Finding, Severity
from akten.model import Aufbewahrung, Aussonderungsart
from retention.case import BasisResult, Status
from retention.catalogue import Fristenkatalog, RecordClass
from retention.deadline import Deadline

_STRONGEST = (Aussonderungsart.ARCHIVWUERDIG, Aussonderungsart.BEWERTEN, Aussonderungsart.VERNICHTEN)


def class_for(aktenart: str, record_class: str | None, katalog: Fristenkatalog) -> RecordClass:
    """The class named on the slip, or the default of the Aktenart. Raises Rejected (RT-14, RT-30) for none."""
    key = record_class or katalog.defaults.get(aktenart, "")
    if not key:
        text = f"Für die Aktenart „{aktenart}“ nennt der Katalog keine Klasse (default_classes)."
        raise Rejected((Finding("RT-14", Severity.ERROR, "", text),))
    if key not in katalog.classes:
        raise Rejected((Finding("RT-30", Severity.ERROR, "", f"Die Klasse „{key}“ gibt es im Katalog nicht."),))
    return katalog.classes[key]


def to_aufbewahrung(deadline: Deadline) -> Aufbewahrung:
    """The deadline as an Akte carries it (XDOMEA Aufbewahrungsdauer and Aussonderungsart).

    Years are those of the decisive basis, parts of a year rounded up; None for permanent records and for those that
    follow another one. `V` is only said for a confirmed class: until then the archive appraises (`B`).
    """
    outcome = deadline.outcome
    decisive = outcome.decisive or outcome.results[0]
    classes = [result.record_class for result in outcome.results]
    code = next(code for code in _STRONGEST if any(entry.disposal is code for entry in classes))
    if code is Aussonderungsart.VERNICHTEN and not all(entry.confirmed_by for entry in classes):
        code = Aussonderungsart.BEWERTEN
    return Aufbewahrung(
        record_class=decisive.record_class.key,
        jahre=_years(decisive),
        ende=outcome.retention_ends,
        aussonderungsart=code,
        rechtsgrundlage=decisive.basis.text,
    )


def _years(result: BasisResult) -> int | None:
    if result.status in (Status.PERMANENT, Status.FOLLOWS) or not result.basis.phases:
        return None
    if result.former_law and result.basis.before is not None:
        return result.basis.before.whole_years
    return sum(phase.period.whole_years for phase in result.basis.phases)
