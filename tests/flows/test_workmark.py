"""A work folder that is not mounted is told as that, and nothing in it is called lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from akten.errors import Misconfigured
from flows.arrival import registered
from flows.batch import claim_inbox, claim_paths
from flows.lost import lost_deliveries, lost_to_clearing
from flows.settings import read_settings
from flows.wiring import Services, open_services
from flows.workmark import NAME, require_work_folder
from ingest.claimed import ClaimedDelivery
from ingest.delivery import read_delivery
from tests.app.desk import Desk, desk
from tests.catalog.build import CLERK
from tests.ingest.builders import fill

__all__ = ["desk"]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_services(read_settings(daten=tmp_path / "archiv")) as opened:
        yield opened


def received(services: Services, folder: Path) -> ClaimedDelivery:
    """A delivery as a kill right after the first event leaves it."""
    (claimed,) = claim_paths(services, [fill(folder)])
    registered(services, read_delivery(claimed), CLERK)
    return claimed


def unmounted(services: Services) -> Path:
    """The work folder as it is before it is mounted: an empty place. What lies in it stays elsewhere."""
    work = services.settings.work
    work.rename(work.with_name("eingehaengt"))
    work.mkdir()
    return work


def test_an_unmounted_work_folder_opens_no_case_and_takes_nothing(services: Services, tmp_path: Path) -> None:
    received(services, tmp_path / "l")
    work = unmounted(services)
    other = fill(tmp_path / "neu")
    for attempt in (claim_inbox, lost_to_clearing, require_work_folder, lambda s: claim_paths(s, [other])):
        with pytest.raises(Misconfigured, match="Arbeitsordner fehlt oder ist nicht eingehängt"):
            attempt(services)
    assert [f.code for f in lost_deliveries(services)] == ["WF-14"]
    assert services.catalog.clearing_list() == ()
    assert (list(work.iterdir()), other.is_dir()) == ([], True)


@pytest.mark.parametrize("made", [True, False])
def test_a_missing_folder_is_the_same_and_mounted_again_all_goes_on(
    services: Services, tmp_path: Path, *, made: bool
) -> None:
    claimed = received(services, tmp_path / "l")
    work = unmounted(services)
    if not made:
        work.rmdir()
    with pytest.raises(Misconfigured):
        claim_inbox(services)
    if made:
        work.rmdir()
    work.with_name("eingehaengt").rename(work)
    assert [one.uuid for one in claim_inbox(services).claimed] == [claimed.uuid]
    assert lost_deliveries(services) == ()


def test_a_folder_that_is_lost_for_good_is_ended_by_a_mark_made_by_hand(services: Services, tmp_path: Path) -> None:
    received(services, tmp_path / "l")
    (unmounted(services) / NAME).touch()
    (receipt,) = claim_inbox(services).lost
    assert [finding.code for finding in receipt.findings] == ["WF-13"]
    assert len(services.catalog.clearing_list()) == 1


def test_a_folder_of_an_older_version_is_marked_and_work_in_it_goes_on(services: Services, tmp_path: Path) -> None:
    one, two = received(services, tmp_path / "l"), received(services, tmp_path / "m")
    (services.settings.work / NAME).unlink()
    assert {claimed.uuid for claimed in claim_inbox(services).claimed} == {one.uuid, two.uuid}
    named = json.loads((services.settings.work / NAME).read_text())
    assert named == {"erste_zeile": services.catalog.identity()}


def test_the_mark_of_a_new_archive_learns_its_trail(services: Services, tmp_path: Path) -> None:
    require_work_folder(services)
    assert json.loads((services.settings.work / NAME).read_text()) == {"erste_zeile": ""}
    received(services, tmp_path / "l")
    claim_inbox(services)
    assert services.catalog.identity() in (services.settings.work / NAME).read_text()


def test_the_folder_of_another_archive_is_refused(services: Services, tmp_path: Path) -> None:
    received(services, tmp_path / "l")
    (services.settings.work / NAME).write_text(json.dumps({"erste_zeile": "0" * 64}))
    with pytest.raises(Misconfigured, match="gehört zu einem anderen Archiv"):
        claim_inbox(services)


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"{", b"[]", b'{"erste_zeile": 3}'])
def test_a_damaged_mark_is_a_mark_and_is_written_anew(services: Services, tmp_path: Path, damage: bytes) -> None:
    received(services, tmp_path / "l")
    claim_inbox(services)
    (services.settings.work / NAME).write_bytes(damage)
    claim_inbox(services)
    assert services.catalog.identity() in (services.settings.work / NAME).read_text()


def test_the_desk_says_it_with_exit_code_7_and_ends_no_case(desk: Desk, tmp_path: Path) -> None:
    with open_services(read_settings(daten=desk.daten)) as services:
        case = received(services, tmp_path / "l")
        services.catalog.to_clearing(case.uuid, [], owner="x", next_step="y", by=CLERK, now=services.now())
        unmounted(services)
    for call in (
        ("annahme",),
        ("klaerung", "liste"),
        ("klaerung", "loese", "1", "--zurueck", tmp_path / "z", "--grund", "weg"),
    ):
        ran = desk(*call, "--json")
        assert ran.code == 7, call
        assert "nicht eingehängt" in ran.json["text"]
    assert not (tmp_path / "z").exists()
