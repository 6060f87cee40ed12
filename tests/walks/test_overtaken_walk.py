"""A delivery that was packed, went back to a person and was overtaken by a Nachscan: the newest version holds both."""

from __future__ import annotations

from pathlib import Path
from typing import Never

import pytest

from akten.errors import Unavailable
from akten.findings import Finding, Severity
from catalog.actor import Actor
from catalog.values import Resolution
from flows import walks
from flows.batch import archive_all
from flows.progress import progress_display
from flows.receipt import Outcome
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery
from tests.builders import a_delivery
from tests.walks.test_archive_walk import archived

pytestmark = pytest.mark.real


def test_what_was_packed_and_overtaken_is_in_the_newest_version_with_what_overtook_it(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine was gone, and was found again when the next delivery of the Akte had been archived."""

    def away(*_: object) -> Never:
        raise Unavailable("Der Speicher „b“ ist zurzeit nicht erreichbar.")

    with monkeypatch.context() as patched:
        patched.setattr(walks, "store_package", away)
        (stopped,) = archived(services, clerk, a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen))
    lost, now = Finding("WF-13", Severity.ERROR, "", "Die Dateien fehlen."), services.now()
    case = services.catalog.to_clearing(stopped.delivery, [lost], owner="x", next_step="y", by=clerk, now=now)
    (nachscan,) = archived(services, clerk, a_delivery(tmp_path / "zwei", aktenzeichen=aktenzeichen))
    services.catalog.resolve(case.number, Resolution.RESUBMIT, "gefunden", by=clerk, now=now)
    claimed = ClaimedDelivery(stopped.delivery, services.settings.work / str(stopped.delivery))
    with progress_display(quiet=True) as show:
        (found,) = archive_all(services, (claimed,), clerk, show)
    assert [(each.state, each.version) for each in (nachscan, found)] == [(Outcome.ARCHIVED, 2), (Outcome.ARCHIVED, 3)]
    assert found.akte is not None
    akte = services.catalog.akte_snapshot(found.akte)
    assert akte is not None
    told = {document.dokument for receipt in (nachscan, found) for document in receipt.documents}
    assert {dokument.uuid for dokument in akte.dokumente} == told
