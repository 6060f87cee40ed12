"""A Nachscan whose Vorgang is nearly one of the Akte waits for a word, on all real parts, and goes through with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.actor import Actor
from catalog.values import Resolution
from flows import walks
from flows.making import Trip, settled
from flows.receipt import Outcome, Receipt
from flows.walks import archive_delivery
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery
from tests.builders import a_delivery
from tests.walks.test_archive_walk import archived

pytestmark = pytest.mark.real


def names(services: Services, receipt: Receipt) -> list[tuple[str, str, int]]:
    assert receipt.akte is not None
    akte = services.catalog.akte_snapshot(receipt.akte)
    assert akte is not None
    return [(v.betreff, v.zeichen, len(v.dokumente)) for v in akte.vorgaenge]


def test_a_second_vorgang_of_nearly_the_same_name_needs_a_person(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    def come(folder: str, **vorgang: str) -> Receipt:
        dokumente = [{"betreff": f"Blatt {folder}", "dateien": ["scan1.png"]}]
        vorgaenge = [{**vorgang, "dokumente": dokumente}]
        (receipt,) = archived(
            services, clerk, a_delivery(tmp_path / folder, aktenzeichen=aktenzeichen, vorgaenge=vorgaenge)
        )
        return receipt

    one = come("eins", betreff="Baugenehmigung", zeichen=f"{aktenzeichen}-1")
    assert (one.state, one.findings) == (Outcome.ARCHIVED, ())
    asked = come("zwei", betreff="baugenehmigung")
    assert (asked.state, [f.code for f in asked.findings]) == (Outcome.CLEARING, ["IN-55"])
    assert f"„Baugenehmigung“ (Zeichen {aktenzeichen}-1)" in asked.findings[0].text
    exact = come("drei", betreff="Baugenehmigung", zeichen=f"{aktenzeichen}-1")
    assert (exact.state, exact.version, exact.findings) == (Outcome.ARCHIVED, 2, ())
    assert names(services, exact) == [("Baugenehmigung", f"{aktenzeichen}-1", 2)]

    assert asked.case is not None
    services.catalog.resolve(asked.case, Resolution.ACCEPT, "eine andere", by=clerk, now=services.now())
    claimed = ClaimedDelivery(asked.delivery, services.settings.work / str(asked.delivery))
    done = archive_delivery(services, claimed, clerk)
    assert (done.state, done.version, [f.code for f in done.findings]) == (Outcome.ARCHIVED, 3, ["IN-55"])
    assert names(services, done) == [("Baugenehmigung", f"{aktenzeichen}-1", 2), ("baugenehmigung", "", 1)]


def test_one_that_was_archived_while_this_one_was_read_is_asked_about_too(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two deliveries of an Akte that come at once: when the second was examined there was no Akte yet."""

    def come(folder: str, betreff: str) -> Receipt:
        vorgaenge = [{"betreff": betreff, "dokumente": [{"betreff": folder, "dateien": ["scan1.png"]}]}]
        place = a_delivery(tmp_path / folder, aktenzeichen=aktenzeichen, vorgaenge=vorgaenge)
        return archived(services, clerk, place)[0]

    first: list[Receipt] = []

    def overtaken(trip: Trip) -> int:
        monkeypatch.undo()
        first.append(come("schneller", "Baugenehmigung Garage"))
        return settled(trip)

    monkeypatch.setattr(walks, "settled", overtaken)
    second = come("langsamer", "Baugenehmigung-Garage.")
    assert (first[0].state, first[0].version) == (Outcome.ARCHIVED, 1), first[0].findings
    assert (second.state, [f.code for f in second.findings]) == (Outcome.CLEARING, ["IN-55"])
