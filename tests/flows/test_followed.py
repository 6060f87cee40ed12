"""The service tells what became of the runs it asked for, each once, by what the Prefect server says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from akten.errors import Unavailable
from flows.followed import Followed


class Server:
    """What a Prefect server would answer about runs; `away` makes it fall silent."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.tables: dict[str, Any] = {}
        self.away = False

    def call(self, url: str, body: dict[str, Any] | None = None) -> object:
        if self.away:
            raise Unavailable("weg")
        if body is None:
            run = url.rpartition("/")[2]
            if run not in self.states:
                raise Unavailable("404")
            return {"state_type": self.states[run]}
        (run,) = body["artifacts"]["flow_run_id"]["any_"]
        return [{"data": self.tables[run]}] if run in self.tables else []


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr("flows.followed.call", made.call)
    return made


def told(server: Server, state: str, *outcomes: str) -> list[str]:
    said: list[str] = []
    followed = Followed("http://prefect/api", said.append, "runden.log")
    server.states["eins"] = "RUNNING"
    followed.add("eins")
    followed.look()
    assert said == []  # not over yet
    server.states["eins"] = state
    if outcomes:
        server.tables["eins"] = json.dumps([{"Stand": outcome} for outcome in outcomes])
    followed.look()
    followed.look()
    return said


def test_a_run_that_is_over_is_told_once_with_its_counts(server: Server) -> None:
    said = told(server, "COMPLETED", "archived", "clearing", "archived", "alarm")
    assert said == [
        "Lauf beendet: 2 archiviert, 1 in der Klärung (archiv klaerung liste), "
        "1 ANGEHALTEN: Archiviertes stimmt nicht mit dem Katalog überein (archiv doctor)."
    ]


def test_a_run_without_deliveries_had_nothing_to_do(server: Server) -> None:
    assert told(server, "COMPLETED") == ["Lauf beendet: nichts zu tun."]


@pytest.mark.parametrize("state", ["FAILED", "CRASHED"])
def test_a_run_that_broke_off_is_never_told_as_done(server: Server, state: str) -> None:
    assert told(server, state, "archived") == [
        "Lauf abgebrochen (1 archiviert); der nächste macht weiter. Protokoll: runden.log"
    ]


def test_a_run_kept_out_by_another_says_so(server: Server) -> None:
    assert told(server, "CANCELLED") == ["Lauf nicht begonnen: Ein anderer ist noch unterwegs."]


def test_a_server_that_is_away_delays_the_line_and_loses_none(server: Server) -> None:
    said: list[str] = []
    followed = Followed("http://prefect/api", said.append, "runden.log")
    server.states = {"eins": "COMPLETED", "zwei": "COMPLETED"}
    followed.add("eins")
    followed.add("zwei")
    server.away = True
    followed.look()
    assert said == []
    server.away = False
    followed.look()
    assert said == ["Lauf beendet: nichts zu tun."] * 2


def test_a_run_that_the_server_has_forgotten_hides_no_other(server: Server) -> None:
    said: list[str] = []
    followed = Followed("http://prefect/api", said.append, "runden.log")
    followed.add("vergessen")
    followed.add("eins")
    server.states["eins"] = "COMPLETED"
    followed.look()
    followed.look()
    assert said == ["Lauf beendet: nichts zu tun."]


def test_a_run_without_a_name_is_not_followed(server: Server) -> None:
    followed = Followed("http://prefect/api", pytest.fail, "runden.log")
    followed.add("")
    followed.look()
