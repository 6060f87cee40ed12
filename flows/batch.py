"""Several deliveries at once on one machine: claimed, walked in threads, pages of all of them in the one pool."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from uuid import UUID

from akten.diskwords import as_ours
from akten.errors import ArchivError, Rejected, Unavailable, Unknown
from akten.lifecycle import Stage
from catalog.actor import Actor
from flows.anchors import try_to_publish
from flows.bugs import keep_trace
from flows.documents import Progress
from flows.lost import lost_to_clearing
from flows.outcomes import broken_receipt, stopped_receipt
from flows.receipt import Outcome, Receipt
from flows.turns import Turns, unordered
from flows.walks import archive_delivery
from flows.wiring import Services
from flows.workmark import require_work_folder
from ingest.claimed import ClaimedDelivery, read_origin
from ingest.inbox import claim, claim_ready, unfinished
from ingest.rules import error

_LOG = logging.getLogger(__name__)
_LISTEN_SECONDS = 0.5

Show = Callable[[ClaimedDelivery], Progress]


def claim_paths(services: Services, paths: Sequence[Path]) -> tuple[ClaimedDelivery, ...]:
    """Claims what the paths name. A path that is gone because an earlier run was killed after claiming it is found
    again by its name. Raises Unknown for a path that is not there, Misconfigured for a work folder that is not,
    Rejected for the inbox itself.
    """
    claim_one = _claiming(services)
    return tuple(claim_one(path) for path in paths)


def claim_each(
    services: Services, paths: Sequence[Path], unsettled: Collection[Path] = ()
) -> tuple[tuple[ClaimedDelivery, ...], tuple[tuple[Path, ArchivError], ...]]:
    """The same, and what cannot be claimed with its reason: it stays where it is and does not stop the others.

    So does what is `unsettled`: half a delivery would become half an Akte.
    """
    claim_one = _claiming(services)
    claimed: dict[UUID, ClaimedDelivery] = {}
    refused: list[tuple[Path, ArchivError]] = []
    for path in paths:
        try:
            if path in unsettled:
                raise Unavailable(
                    "Daran wird seit zehn Minuten geschrieben; die Lieferung ist nicht übernommen. Ist alles da, bitte "
                    "noch einmal: archiv annahme."
                )
            one = claim_one(path)
            claimed[one.uuid] = one
        except ArchivError as error:
            refused.append((path, error))
    return tuple(claimed.values()), tuple(refused)


def _claiming(services: Services) -> Callable[[Path], ClaimedDelivery]:
    """How one path after the other is claimed; what was begun earlier is looked for once, and only if one is gone."""
    services.require_intake_rules()
    settings, own = services.settings, dict[str, ClaimedDelivery]()

    @cache
    def begun() -> Mapping[str, ClaimedDelivery]:
        return {came: delivery for delivery in unfinished(settings.work) if (came := _came_from(delivery))}

    def claim_one(path: Path) -> ClaimedDelivery:
        require_work_folder(services)
        place, real = path.absolute(), os.path.realpath(path)
        if not _is_there(place):
            if (earlier := own.get(real) or begun().get(real)) is None:
                # What was archived has left the work folder: that it never came, nobody can say.
                raise Unknown(
                    f"„{path}“ gibt es nicht (mehr). War die Lieferung schon angenommen, finden sie: archiv suche … "
                    "oder archiv klaerung liste."
                )
            return earlier
        if real == os.path.realpath(settings.inbox):
            # With one delivery in it, it looks like a folder that was packed with its outer one.
            text = "Das ist der Eingang, keine Lieferung. Was vollständig darin liegt, nimmt: archiv annahme ohne Pfad."
            raise Rejected((error("IN-03", place.name, text),))
        own[real] = claim(place, settings.work, services.new_id)
        return own[real]

    return claim_one


def _is_there(place: Path) -> bool:
    """Whether something is at this place, also a link to nothing. Raises Misconfigured or Unavailable."""
    try:
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as fault:
        raise as_ours(fault, f"„{place}“ lässt sich nicht ansehen") from fault
    return True


def claimed_before(services: Services, deliveries: Iterable[UUID]) -> tuple[ClaimedDelivery, ...]:
    """The deliveries that a call claimed for a run of its own, in the order of the call, half claims completed.

    Also one that left the work folder meanwhile, since another run was faster: its walk tells how it ended.
    """
    work = services.settings.work
    begun = {one.uuid: one for one in unfinished(work)}
    return tuple(begun.get(uuid) or ClaimedDelivery(uuid, work.resolve() / str(uuid)) for uuid in deliveries)


def _came_from(delivery: ClaimedDelivery) -> str:
    with suppress(OSError, ArchivError):  # a damaged marker of one delivery is no matter for the others
        return str(read_origin(delivery.folder).path)
    return ""


@dataclass(frozen=True, slots=True)
class FromInbox:
    """What is to be walked, and the fault of a delivery that could not be taken and lies in the inbox still.

    `lost` are the receipts of deliveries whose files are gone, and which wait for a person from now on.
    """

    claimed: tuple[ClaimedDelivery, ...]
    fault: ArchivError | None = None
    lost: tuple[Receipt, ...] = ()


def claim_inbox(services: Services) -> FromInbox:
    """Everything complete in the inbox, and before it whatever an earlier run left unfinished.

    What cannot be taken keeps nothing waiting: it would be met again by every run, and no run would get to the others.
    """
    services.require_intake_rules()
    settings = services.settings
    require_work_folder(services)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    claimed = [delivery for delivery in unfinished(settings.work) if not _rests(services, delivery)]
    lost = lost_to_clearing(services)
    try:
        ready = claim_ready(
            settings.inbox,
            settings.work,
            now=time.time,
            settle_seconds=settings.settle_seconds,
            new_id=services.new_id,
        )
        for one in ready:
            # One by one: those that were claimed before a fault must be known here.
            claimed.append(one)  # noqa: PERF402
    except ArchivError as fault:
        return FromInbox(tuple(claimed), fault, lost)
    return FromInbox(tuple(claimed), lost=lost)


def _rests(services: Services, delivery: ClaimedDelivery) -> bool:
    """True for a delivery that waits for a person, or for being given back: the rounds leave it alone."""
    row = services.catalog.delivery(delivery.uuid)
    return row is not None and row.stage in (Stage.CLEARING, Stage.RETURNED)


def archive_all(services: Services, claimed: Sequence[ClaimedDelivery], by: Actor, show: Show) -> tuple[Receipt, ...]:
    """Walks all deliveries, some at a time; one that is stopped does not stop the others and has its receipt, too.

    Ctrl-C ends all of them at their next step. Those of one Akte take their turns; one that had to wait for another
    program gets a second try at the end. Afterwards the head of the trail is published in the stores.
    """
    if not claimed:
        return ()
    at_once = min(len(claimed), services.settings.rounds.akten_at_once)
    asked_to_stop, turns = threading.Event(), Turns([one.uuid for one in claimed])
    with ThreadPoolExecutor(at_once, thread_name_prefix="akte") as threads:
        futures: list[Future[Receipt]] = []
        try:
            for one in claimed:
                # One by one: those that were begun before Ctrl-C must be known here.
                futures.append(  # noqa: PERF401
                    threads.submit(archive_one, services, one, by, _until(asked_to_stop, show(one)), turns)
                )
            while wait(futures, _LISTEN_SECONDS).not_done:
                pass  # Ctrl-C is raised here, and only between two waits where another thread was woken by it
        except BaseException:  # Ctrl-C: none begins any more, and those under way end at their next step
            asked_to_stop.set()
            for future in futures:
                future.cancel()
            raise
    receipts = [future.result() for future in futures]
    if len(claimed) > 1:
        for place, (one, receipt) in enumerate(zip(claimed, receipts, strict=True)):
            if receipt.state is Outcome.UNAVAILABLE:
                receipts[place] = archive_one(services, one, by, show(one))
    return anchored(services, receipts)


class Stopped(BaseException):
    """A person stopped the call; no error of the delivery, which the next run continues where it stands."""


def _until(asked_to_stop: threading.Event, progress: Progress) -> Progress:
    """Shows progress, and leaves the walk there once somebody asked for it."""

    def told(what: str, done: int, total: int) -> None:
        if asked_to_stop.is_set():
            raise Stopped
        progress(what, done, total)

    return told


def archive_one(
    services: Services, claimed: ClaimedDelivery, by: Actor, progress: Progress, turns: Turns | None = None
) -> Receipt:
    """The receipt of one delivery under the name it came with; also of one that an alarm, a lack or a bug stopped."""
    try:
        name = claimed.name
    except (OSError, ArchivError):  # the marker is gone; the walk says what is wrong with the delivery
        name = ""
    try:
        with nullcontext(unordered) if turns is None else turns.taking(claimed.uuid) as turn:
            receipt = archive_delivery(services, claimed, by, progress, turn=turn)
    except ArchivError as error:
        receipt = stopped_receipt(claimed, error)
    except Exception as bug:  # noqa: BLE001 - told with its trace; one odd delivery must not stop every round
        _LOG.error("Lieferung %s", claimed.uuid, exc_info=bug)
        keep_trace(services.settings.daten, f"Lieferung {claimed.uuid}")
        receipt = broken_receipt(claimed, bug)
    return replace(receipt, name=name)


def anchored(services: Services, receipts: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """The receipts after the head of the trail was published; where a store does not take it, they say so.

    What is archived stays archived: the next run publishes the head again.
    """
    if all(receipt.state is not Outcome.ARCHIVED for receipt in receipts) or not (told := try_to_publish(services)):
        return tuple(receipts)
    return tuple(replace(r, findings=(*r.findings, told)) if r.state is Outcome.ARCHIVED else r for r in receipts)
