"""Deliveries that the catalog took in and whose files are gone: told by the comparison, and brought to a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from akten.correction import is_correction
from akten.errors import Forbidden, Unknown
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from catalog.actor import Actor, ActorKind
from catalog.values import ClearingCase, DeliveryRow
from flows.outcomes import to_clearing
from flows.receipt import Receipt
from flows.wiring import Services
from flows.workmark import lies_at, require_work_folder, wrong_work_folder
from ingest.claimed import ClaimedDelivery

ROUND = Actor("dienst", ActorKind.SYSTEM)


def lost_deliveries(services: Services) -> tuple[Finding, ...]:
    """A finding (WF-13) for every delivery that nobody ended and whose files are gone from the work folder.

    The rounds pass over them, since there is nothing to go on with; only the catalog remembers that they were there.
    Where machines share the catalog it is a warning: the files may lie in a folder of the same name on another one.
    Where the folder itself is not there, that is the one finding (WF-14).
    """
    if why := wrong_work_folder(services):
        return (Finding("WF-14", Severity.ERROR, "Arbeitsordner", why),)
    shared = may_lie_elsewhere(services)
    return tuple(_finding(row, shared=shared) for row in _lost(services))


def surely_lost(services: Services) -> frozenset[UUID]:
    """The deliveries whose files are gone for certain, so that nobody can be about to store them."""
    if may_lie_elsewhere(services) or wrong_work_folder(services):
        return frozenset()
    return frozenset(row.uuid for row in _lost(services))


def may_lie_elsewhere(services: Services) -> bool:
    """Whether other machines may use the catalog, whose work folders often have the very same name.

    Who does not find the files of a delivery here must then not call them lost.
    """
    return services.settings.catalog_file is None


def lost_to_clearing(services: Services) -> tuple[Receipt, ...]:
    """Brings lost deliveries to the clearing desk, each once: there it has a case until somebody ends it.

    Only where the catalog is a file of this machine. One that several machines share knows deliveries that lie in a
    work folder of the same name elsewhere, and those must not be stopped while they are worked on. Raises Misconfigured
    where the folder itself is not there: then nothing is known to be lost.
    """
    if may_lie_elsewhere(services):
        return ()
    require_work_folder(services)
    made = []
    for row in _lost(services, with_case=False):
        try:
            made.append(to_clearing(services, _claimed(services, row), (_finding(row),), ROUND))
        except Forbidden:  # ended by another process while we looked
            continue
    return tuple(made)


def declare_lost(services: Services, delivery: UUID, by: Actor) -> ClearingCase:
    """Brings a delivery to the clearing desk of which a person says that its files lie on no machine any more.

    Where machines share the catalog nobody else can know it, and one that was being packed would keep every other
    delivery of its Akte waiting for good. Raises Unknown, and Forbidden for one that has ended or whose files are here.
    """
    require_work_folder(services)
    row = services.catalog.delivery(delivery)
    if row is None:
        raise Unknown("Diese Lieferung ist im Katalog nicht bekannt.")
    if is_correction(row.slip):  # ended as a delivery, it could never be carried out, and half of it may be stored
        raise Forbidden(
            "Das ist eine Berichtigung und keine Lieferung; Dateien, die verloren sein könnten, hatte sie nie. "
            "Abgebrochen, geht sie mit derselben Freigabe weiter: archiv akte gib-frei."
        )
    here = ClaimedDelivery(row.uuid, services.settings.work.resolve() / str(row.uuid))
    if here.lieferung.exists() or here.zip_file is not None:
        raise Forbidden("Die Dateien dieser Lieferung liegen hier; fortgesetzt wird sie mit: archiv annahme")
    if row.stage is not Stage.CLEARING:  # else it has its case
        to_clearing(services, _claimed(services, row), (_finding(row),), by)
    return as_it_lies(services, services.catalog.clearing(row.uuid))


def as_it_lies(services: Services, case: ClearingCase) -> ClearingCase:
    """The case with the folder in which its files lie now: the noted one may be that of before the archive moved."""
    return replace(case, folder=str(lies_at(services.settings, case.folder)))


def _lost(services: Services, *, with_case: bool = True) -> Iterator[DeliveryRow]:
    """The lost deliveries; those that have a case already only `with_case`: each would be asked about anew by everybody
    who lists the clearing desk.
    """
    work = services.settings.work.resolve()
    ended = (Stage.ARCHIVED, Stage.DUPLICATE, Stage.RETURNED)
    passed = ended if with_case else (*ended, Stage.CLEARING)
    for row in services.catalog.deliveries():
        if row.stage in passed:
            continue
        folder = lies_at(services.settings, row.folder)
        if folder.parent != work or (folder / "lieferung").exists() or (folder / "lieferung.zip").exists():
            continue  # there, or on another machine
        now = services.catalog.delivery(row.uuid)
        if now is None or now.stage in passed:
            continue  # it ended while we looked
        if is_correction(now.slip):
            continue  # it never had files: whoever released it goes on with it
        if _delivered_anew(services, row):
            continue
        yield now


def _claimed(services: Services, row: DeliveryRow) -> ClaimedDelivery:
    return ClaimedDelivery(row.uuid, lies_at(services.settings, row.folder))


def _delivered_anew(services: Services, row: DeliveryRow) -> bool:
    """True when every scan of it lies in the archive by now; that others of its Akte do says nothing of these."""
    sums = {scan.digests.sha512 for scan in services.catalog.scans(row.uuid)}
    return bool(sums) and sums <= services.catalog.known_scans(sums).keys()


def _finding(row: DeliveryRow, *, shared: bool = False) -> Finding:
    what = f"Die Lieferung „{row.betreff or 'ohne Betreff'}“ ist angenommen und nicht zu Ende, aber ihre Dateien "
    if shared:
        text = (
            f"{what}liegen nicht im Arbeitsordner dieses Rechners: nachsehen, ob ein anderer sie hat. Hat sie keiner: "
            f"aus der Sicherung zurückholen, oder diese beenden (archiv klaerung verloren {row.uuid}) und neu liefern "
            "lassen."
        )
        return Finding("WF-13", Severity.WARNING, str(row.uuid), text)
    text = (
        f"{what}fehlen im Arbeitsordner. Aus der Sicherung zurückholen oder neu liefern lassen; "
        "was in der Klärung liegt, mit --zurueck beenden."
    )
    return Finding("WF-13", Severity.ERROR, str(row.uuid), text)
