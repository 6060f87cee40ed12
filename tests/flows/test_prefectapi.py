"""A Prefect server that asks for a login gets it from the settings, and the login stands nowhere else."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Misconfigured, Unavailable
from flows.onerun import run_batch_in_prefect
from flows.prefectapi import api_url, call, elsewhere
from flows.service import Service
from flows.settings import Settings, child_environment, effective, read_settings

LOGIN = "archiv:ge/h@eim:x"


@contextmanager
def guarded() -> Iterator[str]:
    """A server that answers those who know LOGIN, as Prefect's does with PREFECT_SERVER_API_AUTH_STRING."""

    class Guard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            known = self.headers.get("Authorization") == f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write(b"[]")

        do_POST = do_GET  # noqa: N815  # names of the library

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Guard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api"
        finally:
            server.shutdown()


def with_login(folder: Path, api: str, login: str | None) -> Settings:
    return read_settings(daten=folder, prefect_api=api, prefect_auth=login)


def test_the_server_hears_the_login_that_is_set_and_a_wrong_one_is_a_wrong_setting(tmp_path: Path) -> None:
    with guarded() as api:
        assert call(f"{api_url(with_login(tmp_path, api, LOGIN))}/flow_runs/filter", {}) == []
        for wrong in (None, "archiv:falsch"):
            with pytest.raises(Misconfigured, match="ARCHIV_PREFECT_AUTH"):
                call(f"{api_url(with_login(tmp_path, api, wrong))}/flow_runs/filter", {})


def test_a_server_on_this_machine_is_asked_past_the_proxy_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a city network accounts have one set; it would get the login of the local server, and answer nothing."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", ".stadt.invalid")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with guarded() as api:
        assert call(f"{api_url(with_login(tmp_path, api, LOGIN))}/flow_runs/filter", {}) == []
    environment = child_environment(read_settings(daten=tmp_path))
    assert environment["no_proxy"] == environment["NO_PROXY"] == ".stadt.invalid,127.0.0.1,localhost,::1"


def test_a_batch_that_its_server_does_not_take_is_told_in_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with guarded() as api, pytest.raises(Misconfigured, match="ARCHIV_PREFECT_AUTH"):
        run_batch_in_prefect(with_login(tmp_path, api, None), [], "anna", tmp_path / "quittungen")
    with pytest.raises(Unavailable, match="antwortet nicht"):
        run_batch_in_prefect(with_login(tmp_path, api, LOGIN), [], "anna", tmp_path / "quittungen")
    assert capfd.readouterr() == ("", "")


def test_runs_get_the_login_by_its_own_variable_and_nobody_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = with_login(tmp_path, "http://prefect.invalid:4200/api", LOGIN)
    environment = child_environment(settings)
    assert environment["PREFECT_API_URL"] == "http://prefect.invalid:4200/api"
    assert environment["PREFECT_API_AUTH_STRING"] == LOGIN
    assert "eim" not in str(effective(settings))
    said: list[str] = []
    service = Service(settings, said.append)
    monkeypatch.setattr("flows.service.healthy", lambda _url: False)
    service._stop.set()
    service._miss_server()
    assert service._rounds.environment["PREFECT_API_URL"] == "http://prefect.invalid:4200/api"
    assert "eim" not in said[0]


@pytest.mark.parametrize(
    ("address", "doubted"),
    [
        ("http://prefect.invalid:4200", True),
        ("https://prefect.invalid/api", False),
        ("https://p.invalid/x/api/", False),
    ],
)
def test_an_address_that_is_not_that_of_an_api_is_doubted_where_it_is_named(address: str, doubted: bool) -> None:
    words = elsewhere(read_settings(prefect_api=address))
    assert address in words
    assert ("/api?" in words) is doubted
