"""What files say is closed to other accounts of the machine, however the data folder came to be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from akten.closed import make_closed, others_may_enter
from flows import doctor
from flows.batch import claim_paths
from flows.health import Health
from flows.service import Service
from flows.settings import read_settings
from flows.wiring import open_services
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.ingest.builders import fill


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _others(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode) & 0o007


def test_in_an_open_data_folder_catalog_and_deliveries_are_closed(tmp_path: Path) -> None:
    """The scan desks need the inbox in it, so it is opened; every Akte could be read by every account then."""
    daten = tmp_path / "archiv"
    daten.mkdir(mode=0o755)
    with open_services(read_settings(daten=daten)) as services:
        claim_paths(services, [fill(tmp_path / "l")])
    assert (_others(daten / "katalog"), _others(daten / "arbeit")) == (0, 0)


def test_a_data_folder_that_the_service_makes_is_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Service, "run", lambda *_: None)
    assert desk("dienst").code == 0
    assert stat.S_IMODE(desk.daten.stat().st_mode) == 0o700
    assert (desk.daten / "eingang").is_dir()


def test_accounts_of_one_group_may_share_on_purpose(tmp_path: Path) -> None:
    os.umask(0o002)
    make_closed(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o770


@pytest.mark.parametrize("name", ["katalog", "arbeit"])
def test_the_doctor_does_not_call_an_open_catalog_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings = read_settings(daten=tmp_path)
    assert doctor._data_folder(settings).health is Health.OK
    monkeypatch.setattr(doctor, "others_may_enter", lambda folder: folder == tmp_path / name)
    part = doctor._data_folder(settings)
    assert part.health is Health.FAILED
    assert f"chmod o-rwx {tmp_path / name}" in part.advice


def test_a_folder_is_only_open_where_all_above_it_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    real, closed = Path.stat, set[Path]()

    def known(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        mode = found.st_mode & ~0o007 if path in closed else found.st_mode | 0o005
        return os.stat_result((mode, *found[1:10]))

    monkeypatch.setattr(Path, "stat", known)
    assert others_may_enter(folder)
    for each in (folder, tmp_path):
        closed.clear()
        closed.add(each)
        assert not others_may_enter(folder)
    assert not others_may_enter(tmp_path / "gibt-es-nicht" / "x")
