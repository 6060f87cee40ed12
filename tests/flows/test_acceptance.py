"""What a person accepts at the clearing desk holds for the files and the slip it was given for, and for no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from akten.findings import Severity
from catalog.actor import Actor
from catalog.values import Resolution
from flows.outcomes import register_again
from flows.receipt import Outcome, Receipt
from flows.settings import read_settings
from flows.walks import archive_delivery
from flows.wiring import Services, open_services
from ingest.claimed import ClaimedDelivery
from ingest.inbox import claim
from ingest.mending import put_in
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.builders import a_delivery

CLERK = Actor("s17")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_services(read_settings(daten=tmp_path / "daten")) as opened:
        yield opened


@pytest.fixture
def unbalanced(services: Services, tmp_path: Path) -> ClaimedDelivery:
    """A delivery of one page for three sheets, stopped at the clearing desk."""
    folder = a_delivery(tmp_path / "l", pages=1, blattzahl=3)
    claimed = claim(folder, services.settings.work, services.new_id)
    assert codes(archive_delivery(services, claimed, CLERK)) == {"IN-50"}
    return claimed


def codes(receipt: Receipt) -> set[str]:
    assert receipt.state is Outcome.CLEARING
    return {f.code for f in receipt.findings if f.severity is Severity.ERROR}


def decide(services: Services, claimed: ClaimedDelivery, how: Resolution) -> int:
    case = services.catalog.clearing(claimed.uuid)
    services.catalog.resolve(case.number, how, "Blatt fehlte bereits", by=CLERK, now=services.now())
    return case.number


def another_scan(folder: Path) -> Path:
    return next(a_delivery(folder, seed="anderer Scan", pages=1).glob("scan*"))


def test_a_finding_that_was_accepted_for_other_files_comes_back_and_says_so(
    services: Services, unbalanced: ClaimedDelivery, tmp_path: Path
) -> None:
    number = decide(services, unbalanced, Resolution.ACCEPT)
    assert services.catalog.accepted(unbalanced.uuid) == {"IN-50"}
    (scan,) = unbalanced.lieferung.glob("scan*")
    scan.write_bytes(another_scan(tmp_path / "n").read_bytes())
    receipt = archive_delivery(services, unbalanced, CLERK)
    assert codes(receipt) == {"IN-50"}
    (finding,) = [f for f in receipt.findings if f.severity is Severity.ERROR]
    assert f"Im Fall {number} wurde das angenommen, aber für andere Dateien" in finding.text
    assert services.catalog.accepted(unbalanced.uuid) == frozenset()
    # Accepted once more, it holds for what lies there now.
    decide(services, unbalanced, Resolution.ACCEPT)
    assert services.catalog.accepted(unbalanced.uuid) == {"IN-50"}
    assert services.catalog.lapsed(unbalanced.uuid) == {}


def test_another_slip_is_asked_about_again_and_the_old_one_put_back_is_not(
    services: Services, unbalanced: ClaimedDelivery
) -> None:
    decide(services, unbalanced, Resolution.ACCEPT)
    slip = unbalanced.lieferung / "laufzettel.json"
    before = slip.read_text(encoding="utf-8")
    slip.write_text(json.dumps({**json.loads(before), "blattzahl": 30}), encoding="utf-8")
    assert codes(archive_delivery(services, unbalanced, CLERK)) == {"IN-50"}
    slip.write_text(before, encoding="utf-8")
    assert register_again(services, unbalanced, CLERK) is None
    assert services.catalog.accepted(unbalanced.uuid) == {"IN-50"}


def test_files_given_with_the_acceptance_are_accepted_as_they_lie_then(
    services: Services, unbalanced: ClaimedDelivery, tmp_path: Path
) -> None:
    new = tmp_path / "neu"
    new.mkdir()
    (new / "scan0001.tif").write_bytes(another_scan(tmp_path / "n").read_bytes())
    put_in(unbalanced, None, new)
    assert register_again(services, unbalanced, CLERK) is None
    decide(services, unbalanced, Resolution.ACCEPT)
    registered = {scan.name for scan in services.catalog.scans(unbalanced.uuid)}
    assert "scan0001.tif" in registered
    assert services.catalog.accepted(unbalanced.uuid) == {"IN-50"}


def test_nothing_is_accepted_with_a_slip_that_cannot_be_read(services: Services, unbalanced: ClaimedDelivery) -> None:
    (unbalanced.lieferung / "laufzettel.json").write_text("{", encoding="utf-8")
    stopped = register_again(services, unbalanced, CLERK)
    assert stopped is not None
    assert codes(stopped) == {"IN-10"}
    assert services.catalog.clearing(unbalanced.uuid).resolution is None


def test_accepting_with_a_slip_that_cannot_be_read_leaves_the_case_open(desk: Desk, tmp_path: Path) -> None:
    with open_services(read_settings(daten=desk.daten)) as services:
        claimed = claim(a_delivery(tmp_path / "l", pages=1, blattzahl=3), services.settings.work, services.new_id)
        number = archive_delivery(services, claimed, CLERK).case
    bad = tmp_path / "laufzettel.json"
    bad.write_text("{", encoding="utf-8")
    ran = desk("klaerung", "loese", str(number), "--annehmen", "--grund", "x", "--laufzettel", bad, "--json")
    assert (ran.code, ran.json["state"], ran.json["clearing_case"]) == (3, "clearing", number)
    (case,) = desk("klaerung", "liste", "--json").json
    assert (case["number"], case["code"], case["resolution"]) == (number, "IN-10", None)
