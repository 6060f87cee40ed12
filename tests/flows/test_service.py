"""`archiv dienst` on real parts: takes what lies in the inbox, its cron fires, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from akten.errors import Misconfigured, Unavailable
from catalog.catalog import Catalog, open_catalog
from flows.service import LOCK, Service
from flows.settings import read_settings
from ingest.claimed import lock
from tests.builders import a_delivery
from tests.catalog.build import never_checked
from tests.conftest import ROOT
from tests.flows.waiting import a_free_port, processes_naming, wait_until
from tests.kills import descendants

pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]


def due_rounds(catalog: Catalog) -> int:
    events = catalog.events_of(by="dienst", verb="system.event", limit=None)
    return sum(event.data["code"] == "due.round" for event in events)


def test_the_service_archives_from_the_inbox_and_its_cron_fires_and_it_stops_cleanly(tmp_path: Path) -> None:
    daten = tmp_path / "daten"
    settings = read_settings(daten=daten)
    a_delivery(settings.inbox / "stapel", aktenzeichen="63-77-20")
    environment = {
        **os.environ,
        "ARCHIV_DATEN": str(daten),
        "ARCHIV_ROUNDS__PORT": str(a_free_port()),
        "ARCHIV_ROUNDS__FIXITY_CRON": "* * * * *",
        "ARCHIV_ROUNDS__DUE_CRON": "* * * * *",
        "ARCHIV_SETTLE_SECONDS": "1",
        "ARCHIV_STORE_GRACE_SECONDS": "1",
    }
    command = [sys.executable, "-m", "app.cli", "dienst"]
    log = tmp_path / "dienst.log"
    with log.open("wb") as out:
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup, which children inherit
        service = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        signal.signal(signal.SIGHUP, before)
    try:
        wait_until(lambda: servers(service.pid) != [], 60, "server started")
        os.kill(servers(service.pid)[0], signal.SIGKILL)  # before it answers: started again, not the end of the service
        wait_until(lambda: (daten / "katalog" / "archiv.sqlite").exists(), 60, "catalog made")
        with open_catalog(settings.database_url) as catalog:
            wait_until(lambda: catalog.package_count() == 1, 180, f"delivery archived\n{log.read_text()}")
            wait_until(lambda: never_checked(catalog) == 0, 150, "fixity round fired by cron")
            wait_until(lambda: due_rounds(catalog) > 0, 150, "due round fired by cron")
            (row,) = catalog.akte_by_aktenzeichen("63/77/20")
            assert row.state == "archived"
        wait_until(lambda: "Lauf beendet: 1 archiviert." in log.read_text(), 60, "the service tells what was archived")
        service.send_signal(signal.SIGHUP)  # the terminal is closed: the same clean stop as for SIGTERM and Ctrl-C
        assert service.wait(90) == 0, log.read_text()
        assert "Prefect-Server: beim Start ausgestiegen, wird neu gestartet" in log.read_text()
    finally:
        if service.poll() is None:
            service.kill()
    wait_until(lambda: processes_naming(str(daten)) == [], 30, f"left over: {processes_naming(str(daten))}")


def servers(service: int) -> list[int]:
    return sorted(pid for pid, told in descendants(service).items() if "prefect server start" in told)


def nothing_is_started() -> ExitStack:
    raise AssertionError("the stores were started")


def test_a_second_service_on_the_same_data_is_refused_before_it_starts_anything(tmp_path: Path) -> None:
    settings = read_settings(daten=tmp_path / "daten")
    settings.daten.mkdir()
    with lock(settings.daten / LOCK), pytest.raises(Misconfigured, match="läuft schon ein Dienst"):
        Service(settings, print).run(nothing_is_started)


def test_a_port_that_another_program_has_is_told_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("ARCHIV_ROUNDS__PORT", str(other.getsockname()[1]))
        with pytest.raises(Misconfigured, match="ARCHIV_ROUNDS__PORT"):
            Service(read_settings(daten=tmp_path / "daten"), print).run(nothing_is_started)


def test_a_port_where_a_prefect_server_answers_already_is_told_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.service._answers", lambda _port: True)
    monkeypatch.setattr("flows.service.healthy", lambda _url: True)
    with pytest.raises(Misconfigured, match="antwortet schon ein Prefect-Server"):
        Service(read_settings(daten=tmp_path / "daten"), print).run(nothing_is_started)


@pytest.mark.parametrize(("number", "told"), [(1, "1 abgebrochener Lauf beendet"), (2, "2 abgebrochene Läufe beendet")])
def test_runs_that_nobody_runs_any_more_are_counted_without_brackets(tmp_path: Path, number: int, told: str) -> None:
    said: list[str] = []
    Service(read_settings(daten=tmp_path / "daten"), said.append)._sweep(lambda _url, _settings: number)
    assert said == [f"{told}; die Runden sind wieder frei."]


def test_what_was_begun_before_a_stop_goes_on_at_the_start_although_the_inbox_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(daten=tmp_path / "daten")
    (settings.work / "eine-uuid").mkdir(parents=True)
    said: list[str] = []
    service = Service(settings, said.append)
    asked: list[str] = []

    def start(_url: str, flow: str, _deployment: str) -> str:
        asked.append(flow)
        service.stop()
        return ""

    monkeypatch.setattr(service, "_children", list)
    monkeypatch.setattr("flows.service.start_run", start)
    ended = threading.Timer(20, service.stop)
    ended.start()
    service._watch()
    ended.cancel()
    assert (asked, said) == (["eingang"], ["Im Arbeitsordner liegt Angefangenes oder zu Klärendes: Lauf angestoßen."])


def test_a_work_folder_without_deliveries_sets_off_no_run_and_no_word_of_begun_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(daten=tmp_path / "daten")
    (settings.work / ".pruefer").mkdir(parents=True)
    (settings.work / ".arbeitsordner.json").write_text("{}")
    said: list[str] = []
    asked: list[str] = []
    service = Service(settings, said.append)
    monkeypatch.setattr(service, "_children", list)
    monkeypatch.setattr("flows.service.start_run", lambda _url, flow, _deployment: asked.append(flow) or "")
    ended = threading.Timer(1.5, service.stop)
    ended.start()
    service._watch()
    assert (asked, said) == ([], [])


def test_a_server_elsewhere_that_does_not_answer_is_said_once_and_waited_for_before_the_rounds_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    asked = iter((False, False, False, True))
    service = Service(read_settings(daten=tmp_path, prefect_api="http://prefect.invalid:4200/api"), said.append)
    monkeypatch.setattr("flows.service.healthy", lambda _url: next(asked))
    service._await_server()
    assert [text.split(" (")[0] for text in said] == ["Der Prefect-Server antwortet nicht"]
    monkeypatch.setattr("flows.service.healthy", lambda _url: False)
    monkeypatch.setattr("flows.service._SERVER_PATIENCE", 0.0)
    with pytest.raises(Unavailable, match="ARCHIV_PREFECT_API"):
        service._await_server()


def test_rounds_are_not_begun_again_and_again_while_the_server_elsewhere_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    service = Service(read_settings(daten=tmp_path, prefect_api="http://prefect.invalid:4200/api"), said.append)
    looks = []

    def healthy(_url: str) -> bool:
        looks.append(1)
        return len(looks) > 2

    monkeypatch.setattr("flows.service.healthy", healthy)
    monkeypatch.setattr(service, "_start_rounds", service.stop)
    ended = threading.Timer(20, service.stop)
    ended.start()
    service._watch()
    ended.cancel()
    assert len(looks) == 3
    assert ["antwortet nicht" in said[0], "wird neu gestartet" in said[1], len(said)] == [True, True, 2]


def test_what_was_under_way_when_the_rounds_died_goes_on_with_them_and_not_at_the_next_full_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(daten=tmp_path)
    said: list[str] = []
    service = Service(settings, said.append)
    dies = iter((False, True))

    def ended() -> bool:
        if next(dies, False):
            (settings.work / "eine-uuid").mkdir(parents=True)  # claimed by a run that died with the rounds
            return True
        return False

    def start(*_: object) -> str:
        service.stop()
        return ""

    rounds = SimpleNamespace(name="Runden", log="runden.log", ended=ended)
    monkeypatch.setattr(service, "_children", lambda: [(rounds, lambda: None)])
    monkeypatch.setattr("flows.service.start_run", start)
    patience = threading.Timer(30, service.stop)
    patience.start()
    service._watch()
    patience.cancel()
    assert said[-1] == "Im Arbeitsordner liegt Angefangenes oder zu Klärendes: Lauf angestoßen."
