"""The intake round as a Prefect flow: a run is a batch of deliveries, a task is one Akte, its pages go to the one pool.

Run parameters are UUIDs only; the trip itself is plain code in `flows/walks.py`. Restart safety comes from catalog and
store, never from Prefect: only what is Unavailable is retried.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from akten.errors import ArchivError, FixityError, Unavailable
from catalog.actor import Actor, ActorKind
from flows.batch import FromInbox, anchored, archive_one, claim_inbox, claimed_before
from flows.documents import Progress
from flows.followed import RECEIPTS
from flows.parent import end_with_parent
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt, finding_json, is_alarm, receipt_json
from flows.settings import read_settings
from flows.turns import Turns
from flows.unfinished import GoneOn, go_on_with_corrections
from flows.wiring import Services, open_services
from ingest.claimed import ClaimedDelivery

SERVICE = Actor("dienst", ActorKind.SYSTEM)


_eingang = flow(
    name="eingang",
    flow_run_name="eingang",
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]  # generic over results
    validate_parameters=False,
    persist_result=False,
)


@_eingang
def intake_round(deliveries: list[str] | None = None) -> list[dict[str, Any]]:
    """Archives the named claimed deliveries, or all that lies in the inbox; returns their receipts.

    A released correction that was broken off is brought to its end before them. Raises what kept a delivery of the
    inbox from being taken, or such a correction from its end, after all the others were archived.
    """
    return _round(deliveries, SERVICE)


def _round(deliveries: list[str] | None, by: Actor) -> list[dict[str, Any]]:
    end_with_parent()
    settings = read_settings()
    with open_services(settings) as services, progress_display() as show:
        gone_on: tuple[GoneOn, ...] = ()
        if deliveries is None:
            gone_on = go_on_with_corrections(services)  # first, since deliveries of their Akten wait for them
            found = claim_inbox(services)
        else:
            found = FromInbox(claimed_before(services, [UUID(name) for name in deliveries]))
        claimed = found.claimed
        receipts = anchored(services, _archive(services, claimed, by, {one.uuid: show(one) for one in claimed}))
        receipts = (*receipts, *found.lost)
        _publish(receipts)
        if found.fault is not None:
            raise found.fault
        if ill := [one.why for one in gone_on if one.exit_code not in (0, Unavailable.exit_code)]:
            raise ArchivError(f"Zu einer freigegebenen Berichtigung: {ill[0]}")
        if deliveries is None and (alarm := [f for r in receipts for f in r.findings if is_alarm(finding_json(f))]):
            raise FixityError(alarm[0].text)  # named deliveries have a person who reads their receipts
        return [receipt_json(receipt) for receipt in receipts]


def _archive(
    services: Services, claimed: tuple[ClaimedDelivery, ...], by: Actor, shows: dict[UUID, Progress]
) -> list[Receipt]:
    by_id = {str(one.uuid): one for one in claimed}
    turns = Turns([one.uuid for one in claimed])

    def archive(delivery: str) -> Receipt:
        one = by_id[delivery]
        receipt = archive_one(services, one, by, shows[one.uuid], turns)
        if receipt.state is Outcome.UNAVAILABLE:
            # Raised for Prefect's retry alone; after the last try the receipt says the same.
            raise _Waiting(receipt)
        return receipt

    # The services are bound by closure: as a parameter Prefect would walk through all of them.
    akte = task(
        name="akte",
        retries=2,
        retry_delay_seconds=[5, 20],
        retry_condition_fn=lambda _task, _run, state: isinstance(_raised(state), Unavailable),
        cache_policy=NO_CACHE,
        persist_result=False,
    )(archive)
    futures = {name: akte.submit(name) for name in by_id}
    for name, future in futures.items():  # also of one that Prefect never came to call
        future.add_done_callback(partial(_ended, turns, UUID(name)))
    receipts = []
    for future in futures.values():
        result: Any = future.result(raise_on_failure=False)
        if isinstance(result, _Waiting):
            receipts.append(result.receipt)
        elif isinstance(result, BaseException):
            raise result
        else:
            receipts.append(result)
    return receipts


def _ended(turns: Turns, delivery: UUID, _future: object) -> None:
    turns.end(delivery)


class _Waiting(Unavailable):
    """Something outside was away; carries the receipt that says so."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("; ".join(f.text for f in receipt.findings))
        self.receipt = receipt


def _raised(state: Any) -> BaseException | None:
    result = state.result(raise_on_failure=False)
    return result if isinstance(result, BaseException) else None


def _publish(receipts: Sequence[Receipt]) -> None:
    """A table for whoever looks at the runs: no case numbers, no titles; the record itself is the catalog."""
    if receipts:
        rows = [
            {
                "Lieferung": str(r.delivery),
                "Stand": r.state.value,
                "Seiten": r.pages,
                "Leerseiten": r.blank_pages,
                "Kopien": len(r.copies),
                "Sekunden": round(r.seconds, 1),
            }
            for r in receipts
        ]
        create_table_artifact(key=RECEIPTS, table=rows, description="Quittungen dieses Laufs")


def main(arguments: list[str]) -> None:
    """`python -m flows.intake_round RESULT ACTOR UUID…`: one run in this process, receipts written to RESULT."""
    result, actor, *deliveries = arguments
    by = Actor.read(actor, ActorKind.ALS if " / " in actor else ActorKind.LOGIN)

    # Who asked is bound here: as a parameter Prefect would keep the name in its database.
    @_eingang
    def asked_for(deliveries: list[str]) -> list[dict[str, Any]]:
        return _round(deliveries, by)

    receipts = asked_for(deliveries)
    target = Path(result)
    partial = target.with_suffix(".teil")
    partial.write_text(json.dumps(receipts), encoding="utf-8")
    partial.replace(target)


if __name__ == "__main__":
    main(sys.argv[1:])
