"""In one call, the original is archived before the rescan that replaces a part of it, whichever is read faster."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt
from flows.wiring import Services
from tests.walks.test_rescan_walk import delivery

pytestmark = pytest.mark.real


def together(services: Services, clerk: Actor, *folders: Path) -> list[Receipt]:
    with progress_display(quiet=True) as show:
        return list(archive_all(services, claim_paths(services, folders), clerk, show))


def test_a_rescan_in_the_call_of_its_original_replaces_it(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    first = delivery(tmp_path / "a1", aktenzeichen, ("Bauantrag", 3, {}), ("Lageplan", 1, {}))
    rescan = delivery(tmp_path / "a2", aktenzeichen, ("Lageplan", 1, {"ersetzt": "Lageplan"}))
    receipts = together(services, clerk, first, rescan)
    assert [(each.state, each.version) for each in receipts] == [(Outcome.ARCHIVED, 1), (Outcome.ARCHIVED, 2)]
    assert "IN-43" not in {finding.code for finding in receipts[1].findings}


def test_the_same_papers_twice_in_a_call_are_archived_by_the_first(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    papers = ("Bauantrag", 1, {})
    first = delivery(tmp_path / "x" / "gleich", aktenzeichen, papers)
    again = delivery(tmp_path / "y" / "gleich", aktenzeichen, papers)
    assert [each.state for each in together(services, clerk, first, again)] == [Outcome.ARCHIVED, Outcome.DUPLICATE]
