"""A delivery that was mended by sending it again names the open case of its first form, on all real parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.actor import Actor
from flows.receipt import Outcome
from flows.wiring import Services
from tests.builders import a_delivery
from tests.walks.test_archive_walk import archived

pytestmark = pytest.mark.real


def test_the_receipt_names_the_open_cases_that_this_delivery_seems_to_settle(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """Nobody told the clerk, and the first forms stood in the clearing desk for ever."""

    def mended(folder: str, slip: dict[str, object]) -> Path:
        place = a_delivery(tmp_path / folder, aktenzeichen=aktenzeichen, seed=aktenzeichen)
        if slip:
            said = json.loads((place / "laufzettel.json").read_text(encoding="utf-8"))
            (place / "laufzettel.json").write_text(json.dumps({**said, **slip}), encoding="utf-8")
        return place

    wrong_count, no_slip = archived(
        services, clerk, mended("eins", {"blattzahl": 3}), mended("zwei", {"betreff": None})
    )
    assert [one.state for one in (wrong_count, no_slip)] == [Outcome.CLEARING] * 2
    (done,) = archived(services, clerk, mended("drei", {}))
    assert done.state is Outcome.ARCHIVED, done.findings
    cases = sorted(one.case or 0 for one in (wrong_count, no_slip))
    assert [(f.code, f.where) for f in done.findings] == [("WF-16", f"Fall {case}") for case in cases]
    assert f"archiv klaerung loese {cases[0]} --zurueck" in done.findings[0].text
    assert {case.number for case in services.catalog.clearing_list()} >= set(cases)
    (again,) = archived(services, clerk, mended("vier", {}))
    assert (again.state, [f.code for f in again.findings]) == (Outcome.DUPLICATE, ["WF-05", "WF-16", "WF-16"])


def test_what_could_not_be_read_beside_archived_scans_is_not_put_away_with_them(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """All that could be read was there, so the delivery was linked, and what could not was removed with it."""
    first, again = (a_delivery(tmp_path / name, aktenzeichen=aktenzeichen, seed=aktenzeichen) for name in "ab")
    (again / "scan2.png").symlink_to(tmp_path / "anderswo")
    one, two = archived(services, clerk, first, again)
    assert (one.state, two.state, [f.code for f in two.findings if f.where]) == (
        Outcome.ARCHIVED,
        Outcome.CLEARING,
        ["IN-04", "IN-36"],
    )
    assert (services.settings.work / str(two.delivery) / "lieferung" / "scan2.png").is_symlink()
