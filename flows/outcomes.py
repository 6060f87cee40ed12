"""How a delivery that did not get through ended for now: at the clearing desk, or stopped by an error; its receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from akten.errors import ArchivError, FixityError, Rejected
from akten.findings import Finding, Severity
from catalog.actor import Actor
from catalog.values import DeliveryRow
from flows.arrival import registered
from flows.receipt import Outcome, Receipt
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery, release
from ingest.delivery import read_delivery, scans_beside
from ingest.rules import ACCEPTABLE

# TV-04 is seen when the note is written, and is a fault of the slip all the same: an office stands for the person.
_OF_THE_SCAN_DESK = ("IN", "EX", "RT-30", "TV-04")
# The steps that go on with what a person accepted beside ACCEPTABLE: attachments, reading and converting, comparing.
_GO_ON_WHEN_ACCEPTED = ("AN", "OC", "OD", "PC")


def owner_of(findings: Sequence[Finding]) -> str:
    """Who must act: the scan desk for what was delivered, the archive for what we made of it."""
    first = next((f for f in findings if f.severity is Severity.ERROR), None)
    return "Scanstelle" if first is None or first.code.startswith(_OF_THE_SCAN_DESK) else "Archiv"


def next_step_of(findings: Sequence[Finding]) -> str:
    """What the owner should do next."""
    if any(f.code == "WF-13" for f in findings):
        return "Dateien aus der Sicherung zurückholen und neu einreichen, oder mit --zurueck beenden und neu liefern."
    if owner_of(findings) == "Scanstelle":
        if {f.code for f in findings if f.severity is Severity.ERROR} <= ACCEPTABLE:
            return "Lieferung berichtigen und neu einreichen, mit Begründung annehmen oder zurückgeben."
        return (
            "Lieferung berichtigen und neu einreichen oder zurückgeben; mit Begründung annehmen lässt sich das nicht."
        )
    return "Ursache ansehen (archiv klaerung zeige), Einrichtung prüfen (archiv doctor), dann neu einreichen."


def may_be_accepted(code: str) -> bool:
    """True when a person may answer for findings of this code with a reason."""
    return code in ACCEPTABLE or code.startswith(_GO_ON_WHEN_ACCEPTED)


def nobody_may_accept(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The codes for which no person may answer: with one of them an acceptance would only open the case anew."""
    return tuple(sorted({f.code for f in findings if f.severity is Severity.ERROR and not may_be_accepted(f.code)}))


def to_clearing(services: Services, claimed: ClaimedDelivery, findings: tuple[Finding, ...], by: Actor) -> Receipt:
    """Stops the delivery for a person; also one whose slip could not even be read."""
    catalog = services.catalog
    if catalog.delivery(claimed.uuid) is None:
        scans = scans_beside(claimed)  # else nobody would know them when they come again
        catalog.receive(claimed.uuid, slip={}, scans=scans, folder=str(claimed.folder), by=by, now=services.now())
    catalog.to_clearing(
        claimed.uuid,
        _with_lapsed(findings, catalog.lapsed(claimed.uuid)),
        owner=owner_of(findings),
        next_step=next_step_of(findings),
        by=by,
        now=services.now(),
    )
    row = catalog.delivery(claimed.uuid)
    if row is None:
        raise FixityError("Die Lieferung ist aus dem Katalog verschwunden.")
    return clearing_receipt(services, row)


def _with_lapsed(findings: tuple[Finding, ...], lapsed: Mapping[str, int]) -> tuple[Finding, ...]:
    """The findings, and of each that a person accepted for other content, why it is asked about again."""
    text = (
        "{0} Im Fall {1} wurde das angenommen, aber für andere Dateien oder einen anderen Laufzettel; "
        "für die jetzigen gilt es nicht."
    )
    return tuple(
        replace(f, text=text.format(f.text, lapsed[f.code]))
        if f.severity is Severity.ERROR and f.code in lapsed and may_be_accepted(f.code)
        else f
        for f in findings
    )


def register_again(services: Services, claimed: ClaimedDelivery, by: Actor) -> Receipt | None:
    """Registers what lies in a delivery now, so that a person can accept it as it is; None when that went well.

    Else the receipt of the delivery, which stays at the clearing desk with what is wrong with it.
    """
    try:
        registered(services, read_delivery(claimed), by)
    except Rejected as rejected:
        return to_clearing(services, claimed, rejected.findings, by)
    return None


def put_away(claimed: ClaimedDelivery) -> tuple[Finding, ...]:
    """Removes the work folder of a delivery that has ended: where that fails, it has ended all the same (WF-15)."""
    try:
        release(claimed)
    except ArchivError as fault:
        text = f"Das Ergebnis gilt; nur der Arbeitsordner ist noch da, der nächste Lauf räumt ihn auf. {fault.text}"
        return (Finding("WF-15", Severity.WARNING, f"Arbeitsordner {claimed.uuid}", text),)
    return ()


def stopped_receipt(claimed: ClaimedDelivery, error: ArchivError) -> Receipt:
    """The receipt of a delivery that an error of ours stopped: it waits where it is, and the others go on."""
    alarm = isinstance(error, FixityError)
    finding = Finding("WF-10" if alarm else "WF-11", Severity.ERROR, "", error.text)
    return Receipt(claimed.uuid, Outcome.ALARM if alarm else Outcome.HALTED, findings=(finding,))


def broken_receipt(claimed: ClaimedDelivery, bug: Exception) -> Receipt:
    """The receipt of a delivery that met a bug of ours: it waits where it is, and the others go on."""
    text = (
        f"Programmfehler ({type(bug).__name__}). Bitte melden; die Lieferung ist unverändert und wird beim nächsten "
        "Lauf noch einmal versucht."
    )
    return Receipt(claimed.uuid, Outcome.BROKEN, findings=(Finding("WF-12", Severity.ERROR, "", text),))


def clearing_receipt(services: Services, row: DeliveryRow) -> Receipt:
    """The receipt of a delivery that waits for a person."""
    case = services.catalog.clearing(row.uuid)
    return Receipt(
        row.uuid,
        Outcome.CLEARING,
        betreff=row.betreff,
        aktenart=row.aktenart,
        aktenzeichen=row.aktenzeichen,
        akte=row.akte,
        band=row.band,
        sheets=row.slip.get("blattzahl"),
        findings=case.findings,
        case=case.number,
    )
