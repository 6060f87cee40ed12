"""Two slips that name different days for one event: the receipt of the later one says it, and nothing stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.progress import progress_display
from flows.receipt import Outcome
from flows.wiring import Services
from tests.builders import a_delivery

pytestmark = pytest.mark.real


def test_the_receipt_tells_of_another_day_for_an_event_that_the_akte_has(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """Both days count, and the later one moves the period: whoever wrote the slip must see that."""

    def told(folder: str, scans: str, day: str) -> tuple[Outcome, list[str]]:
        events = [{"ereignis": "file_closed", "datum": day}]
        path = a_delivery(tmp_path / folder, aktenzeichen=aktenzeichen, seed=scans, ereignisse=events)
        with progress_display(quiet=True) as show:
            (receipt,) = archive_all(services, claim_paths(services, [path]), clerk, show)
        return receipt.state, [f.text for f in receipt.findings if f.code == "EV-10"]

    assert told("eins", "a", "2020-12-01") == (Outcome.ARCHIVED, [])
    assert told("nachscan, derselbe Tag", "b", "2020-12-01") == (Outcome.ARCHIVED, [])
    state, (text,) = told("nachscan", "c", "2020-12-15")
    assert (state, "auch: 01.12.2020 (Laufzettel der Lieferung" in text) == (Outcome.ARCHIVED, True)
    state, (text,) = told("dieselben Scans", "a", "2020-12-16")
    assert (state, "01.12.2020" in text, "15.12.2020" in text) == (Outcome.DUPLICATE, True, True)
