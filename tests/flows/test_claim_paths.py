"""What is named on the command line is claimed path by path, found again after a kill, or refused alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Rejected, Unavailable, Unknown
from flows import batch
from flows.arrival import registered
from flows.batch import archive_one, claim_each, claim_paths, claimed_before
from flows.receipt import Outcome
from flows.settings import read_settings
from flows.wiring import Services, open_services
from ingest.delivery import read_delivery
from ingest.inbox import release, unfinished
from tests.catalog.build import CLERK
from tests.ingest.builders import TIFF, fill


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_services(read_settings(daten=tmp_path / "archiv")) as opened:
        yield opened


@pytest.mark.parametrize("named", ["../scans/a", "../verweis/a", "../scans/./unter/../a"])
def test_the_same_words_find_what_was_claimed_however_the_path_was_written(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """„Derselbe Befehl setzt fort“ holds for relative paths and for those that lead through a link, too."""
    fill(tmp_path / "scans" / "a")
    (tmp_path / "scans" / "unter").mkdir()
    (tmp_path / "verweis").symlink_to(tmp_path / "scans")
    (tmp_path / "hier").mkdir()
    monkeypatch.chdir(tmp_path / "hier")
    claimed = claim_paths(services, [Path(named)])
    assert claim_paths(services, [Path(named)]) == claimed


def test_each_path_is_refused_by_itself_and_the_others_are_claimed(services: Services, tmp_path: Path) -> None:
    """A name that is too long, or a link to itself, ended the whole call."""
    (tmp_path / "kreis").symlink_to(tmp_path / "kreis")
    fill(tmp_path / "gut")
    names = ["kreis", "kreis/a", "x" * 300, "gut/laufzettel.json/a", "gut", "gut", "fehlt"]
    claimed, refused = claim_each(services, [tmp_path / name for name in names])
    assert [one.name for one in claimed] == ["gut"]
    assert [(path.name[:5], type(error)) for path, error in refused] == [
        ("kreis", Rejected),
        ("a", Misconfigured),
        ("xxxxx", Misconfigured),
        ("a", Unknown),
        ("fehlt", Unknown),
    ]


def test_who_names_many_paths_does_not_look_through_the_work_folder_for_each(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand paths cost a million looks."""
    looks: list[Path] = []
    monkeypatch.setattr(batch, "unfinished", lambda work: looks.append(work) or unfinished(work))
    names = [f"a{number}" for number in range(5)]
    made = [fill(tmp_path / name) for name in names]
    assert len(claim_each(services, made)[0]) == 5
    assert looks == []
    assert len(claim_each(services, [*made, *made])[0]) == 5
    assert len(looks) == 1


def test_a_delivery_that_another_run_ended_before_this_one_began_has_its_receipt_all_the_same(
    services: Services, tmp_path: Path
) -> None:
    """Prefect needs seconds to begin: what a round of the service had archived by then was told as nothing at all."""
    first, second = claim_paths(services, [fill(tmp_path / "eins"), fill(tmp_path / "zwei", files={"s.tif": TIFF})])
    registered(services, read_delivery(first), CLERK)
    release(first)
    claimed = claimed_before(services, [second.uuid, first.uuid])
    assert [one.uuid for one in claimed] == [second.uuid, first.uuid]
    assert claimed[0] == second
    receipt = archive_one(services, claimed[1], CLERK, lambda *_: None)
    assert (receipt.delivery, receipt.state) == (first.uuid, Outcome.UNAVAILABLE)  # neither ended nor here: not lost


def test_what_somebody_still_writes_stays_where_it_is_and_the_others_are_claimed(
    services: Services, tmp_path: Path
) -> None:
    """Half a delivery would become half an Akte; the caller may try again, so it is no fault of the delivery."""
    growing, whole = fill(tmp_path / "waechst"), fill(tmp_path / "fertig")
    claimed, refused = claim_each(services, [growing, whole], {growing})
    assert [one.name for one in claimed] == ["fertig"]
    ((path, error),) = refused
    assert (path, type(error), growing.is_dir()) == (growing, Unavailable, True)
    assert "archiv annahme" in error.text


def test_rules_of_intake_that_cannot_be_read_stop_it_before_anything_is_taken(tmp_path: Path) -> None:
    (tmp_path / "regeln.yaml").write_text("aktenzeichen: [")
    fill(tmp_path / "archiv" / "eingang" / "a")
    fill(tmp_path / "b")
    with open_services(read_settings(daten=tmp_path / "archiv", intake=tmp_path / "regeln.yaml")) as services:
        with pytest.raises(Misconfigured, match=r"regeln\.yaml"):
            batch.claim_inbox(services)
        with pytest.raises(Misconfigured, match=r"regeln\.yaml"):
            claim_each(services, [tmp_path / "b"])
    assert (tmp_path / "archiv" / "eingang" / "a").is_dir()
    assert (tmp_path / "b").is_dir()
