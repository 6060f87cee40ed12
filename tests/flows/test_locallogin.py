"""The local Prefect server lets nobody in but its own account: it starts programs that hold the keys of the stores."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Unavailable
from flows import locallogin
from flows.locallogin import NAME, local_login
from flows.prefectapi import api_url
from flows.service import Service
from flows.settings import child_environment, read_settings


def test_the_server_asks_for_a_login_that_the_rounds_and_the_service_know(tmp_path: Path) -> None:
    """Without it any account of the machine changed what a round does first, and had the archive in its hands."""
    settings = read_settings(daten=tmp_path)
    service = Service(settings, lambda _: None)
    login = local_login(tmp_path / "prefect")
    assert service._server is not None
    assert service._server.environment["PREFECT_SERVER_API_AUTH_STRING"] == login
    assert service._rounds.environment["PREFECT_API_AUTH_STRING"] == login
    assert login not in " ".join(service._server.command + service._rounds.command)
    assert service._rounds.environment["PREFECT_API_URL"] == f"http://127.0.0.1:{settings.rounds.port}/api"
    assert (
        service._url == api_url(settings) == f"http://{login.replace(':', '%3A')}@127.0.0.1:{settings.rounds.port}/api"
    )


def test_the_server_that_a_single_run_starts_asks_for_it_too(tmp_path: Path) -> None:
    """It works on the same database as that of the service."""
    environment = child_environment(read_settings(daten=tmp_path))
    assert environment["PREFECT_SERVER_API_AUTH_STRING"] == environment["PREFECT_API_AUTH_STRING"]


def test_a_server_elsewhere_keeps_its_own_login(tmp_path: Path) -> None:
    settings = read_settings(daten=tmp_path, prefect_api="http://prefect.invalid:4200/api")
    assert {"PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"} & child_environment(settings).keys() == set()
    assert not (tmp_path / "prefect").exists()


def test_the_login_is_readable_for_its_account_only_and_stays(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        (login,) = set(pool.map(lambda _: local_login(tmp_path / "p"), range(8)))
    assert len(login) > 40
    assert [entry.name for entry in (tmp_path / "p").iterdir()] == [NAME]
    assert stat.S_IMODE((tmp_path / "p" / NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("left", ["", "archiv:", "\xff", "kurz"])
def test_one_cut_short_is_made_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / NAME).write_text(left)
    login = local_login(tmp_path)
    assert login.startswith("archiv:")
    assert login == local_login(tmp_path)


def test_without_a_login_no_server_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one would be taken for none, and the server let everybody in."""
    monkeypatch.setattr(locallogin, "_make", lambda _: None)
    with pytest.raises(Unavailable, match="noch nicht geschrieben"):
        local_login(tmp_path)


def test_a_folder_that_takes_no_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "prefect").write_text("")
    with pytest.raises(Misconfigured, match="Die Anmeldung am örtlichen Prefect-Server"):
        local_login(tmp_path / "prefect")
