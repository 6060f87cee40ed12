"""`archiv dienst`: starts what one machine needs, watches the inbox, and stops it cleanly.

Children are the local Prefect server and the process that serves the rounds; the embedded stores are held open as long
as the service runs. Every child ends when this process ends (`flows.children`).
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

from akten.errors import Misconfigured, Unavailable
from akten.plural import plural
from flows.asked import Asked
from flows.children import Child, tied
from flows.followed import Followed
from flows.leftovers import end_never_begun, end_own_dead, end_own_leftovers
from flows.prefectapi import api_url, elsewhere, healthy, local_api, start_run
from flows.roundnames import INTAKE, intake_deployment
from flows.settings import Settings, child_environment
from ingest.claimed import lock
from ingest.lookout import changed_at, waiting

_SERVER_PATIENCE = 180.0
_SERVER_STARTS = 3  # one that ends while it starts is started again; what is wrong for good ends it each time
LOCK = "dienst.sperre"
_SWEEP_SECONDS = 60.0


def _answers(port: int) -> bool:
    """True when any program takes connections at this port."""
    with socket.socket() as probe:
        probe.settimeout(2.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _deliveries_in(folder: Path) -> bool:
    """True when a delivery lies in the work folder, beside what is always there (its mark, its lock, our scratch)."""
    return folder.is_dir() and any(not each.name.startswith(".") for each in folder.iterdir())


class Service:
    """The running service: server, served rounds, inbox watch."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._stop = threading.Event()
        self._missed = False
        self._url = api_url(settings)
        environment = child_environment(
            settings,
            {
                "PREFECT_API_URL": settings.prefect_api or local_api(settings),
                "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
                "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            },
        )
        logs = settings.daten / "protokoll"
        self._server: Child | None = None
        if not settings.prefect_api:
            command = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(settings.rounds.port)]
            self._server = Child("Prefect-Server", tied([sys.executable, *command]), environment, logs / "prefect.log")
        rounds = tied([sys.executable, "-m", "flows.served_rounds"])
        self._rounds = Child("Runden", rounds, environment, logs / "runden.log")
        self._followed = Followed(self._url, say, str(self._rounds.log))
        self._asked = Asked(changed_at)

    def stop(self) -> None:
        """Asks the service to stop; `run` then returns."""
        self._stop.set()

    def run(self, hold_stores: Callable[[], ExitStack]) -> None:
        """Runs until asked to stop. Raises Unavailable or Misconfigured when a part does not start."""
        previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        if previous[signal.SIGHUP] is signal.SIG_IGN:  # under nohup the service outlives its terminal
            del previous[signal.SIGHUP]

        def asked(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.stop()

        # With handlers of our own in place, children start with the default for these signals, also when a shell
        # started this service in the background with SIGINT ignored.
        for number in previous:
            signal.signal(number, asked)
        try:
            with ExitStack() as parts:
                self._require_alone(parts)
                self._say("Speicher werden gestartet …")
                parts.enter_context(hold_stores())
                self._start_children(parts)
                self._say(f"Der Dienst läuft. Eingang: {self._settings.inbox}")
                self._watch()
                self._say("Der Dienst wird beendet …")
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _require_alone(self, parts: ExitStack) -> None:
        """One service per data folder, and a port of its own. Raises Misconfigured before anything was started."""
        self._settings.daten.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not parts.enter_context(lock(self._settings.daten / LOCK, wait=False)):
            raise Misconfigured("Für diesen Datenordner läuft schon ein Dienst; bitte zuerst den anderen beenden.")
        self._require_free_port()

    def _require_free_port(self) -> None:
        if self._server is None or not _answers(self._settings.rounds.port):
            return
        if healthy(self._url):
            raise Misconfigured(
                f"Am Anschluss {self._settings.rounds.port} antwortet schon ein Prefect-Server. "
                "Anderen Anschluss setzen (ARCHIV_ROUNDS__PORT) oder seine Adresse (ARCHIV_PREFECT_API)."
            )
        raise Misconfigured(
            f"Der Anschluss {self._settings.rounds.port} ist von einem anderen Programm belegt. "
            "Anderen Anschluss setzen: ARCHIV_ROUNDS__PORT"
        )

    def _start_children(self, parts: ExitStack) -> None:
        if self._server is not None:
            self._require_free_port()  # once more: the stores took their time
            self._say("Prefect-Server wird gestartet …")
            self._server.start()
            parts.callback(self._server.stop)
        self._await_server()
        self._start_rounds()
        parts.callback(self._rounds.stop)

    def _start_rounds(self) -> None:
        """Whatever this service ran before is not running now; ended first, for it would keep the new runs out."""
        self._sweep(end_own_leftovers)
        self._rounds.start()

    def _sweep(self, ended: Callable[[str, Settings], int]) -> None:
        """Ends runs that nobody runs, where the server answers; where it does not, the next look does it."""
        with suppress(Unavailable):
            if number := ended(self._url, self._settings):
                broken_off = plural(number, "abgebrochener Lauf", "abgebrochene Läufe")
                self._say(f"{broken_off} beendet; die Runden sind wieder frei.")

    def _await_server(self) -> None:
        end = time.monotonic() + _SERVER_PATIENCE
        starts = 1
        while not healthy(self._url):
            if self._stop.is_set():
                return
            self._miss_server()
            if self._server is not None and self._server.ended():
                if starts == _SERVER_STARTS:
                    raise Unavailable(f"Der Prefect-Server ist beim Start ausgestiegen. Protokoll: {self._server.log}")
                starts += 1
                self._say(f"{self._server.name}: beim Start ausgestiegen, wird neu gestartet")
                self._server.start()
            if time.monotonic() > end:
                where = "" if self._server else f" ({elsewhere(self._settings)})"
                raise Unavailable(f"Der Prefect-Server{where} ist nach {_SERVER_PATIENCE:.0f} s nicht bereit.")
            self._stop.wait(0.5)
        self._missed = False

    def _miss_server(self) -> None:
        """Says once that the server of another machine does not answer."""
        if self._server is None and not self._missed:
            self._missed = True
            self._say(f"Der Prefect-Server antwortet nicht ({elsewhere(self._settings)}); der Dienst wartet auf ihn.")

    def _children(self) -> list[tuple[Child, Callable[[], None]]]:
        """What has to be alive, and how it is started again."""
        rounds: tuple[Child, Callable[[], None]] = (self._rounds, self._start_rounds)
        return [rounds] if self._server is None else [(self._server, self._server.start), rounds]

    def _look_after_runs(self) -> None:
        """Tells of runs that are over, and of what they left in the inbox: its name may be a person's."""
        for run, looked in self._followed.look().items():
            if left := self._asked.over(run, time.monotonic(), looked=looked):
                kept = plural(left, "Lieferung ließ", "Lieferungen ließen")
                self._say(f"{kept} sich nicht aus dem Eingang nehmen; warum, sagt: archiv annahme")

    def _watch(self) -> None:
        """Starts an intake run when complete deliveries lie in the inbox; restarts a child that ended."""
        asked_at = 0.0
        left = _deliveries_in(self._settings.work)  # begun before this start: goes on now, not at the next full ten
        swept_at = time.monotonic()
        while not self._stop.wait(1.0):
            for child, start in self._children():
                if child.ended():
                    if self._server is None and not healthy(self._url):
                        self._miss_server()  # it would end again, and each start costs seconds of the processor
                        continue
                    self._missed = False
                    left = left or _deliveries_in(self._settings.work)  # perhaps cut off with it
                    self._say(f"{child.name}: ausgestiegen, wird neu gestartet (Protokoll: {child.log})")
                    start()
                    self._stop.wait(5.0)
            if time.monotonic() - swept_at > _SWEEP_SECONDS:
                self._sweep(end_never_begun)
                self._sweep(end_own_dead)
                swept_at = time.monotonic()
            self._look_after_runs()
            lying = waiting(self._settings.inbox, now=time.time(), settle_seconds=self._settings.settle_seconds)
            there = self._asked.due(lying, time.monotonic())
            # One run takes all that lies there; asking again only makes sense when it has had time to begin.
            if (there or left) and time.monotonic() - asked_at > 20:
                try:
                    run = start_run(self._url, INTAKE, intake_deployment(self._settings))
                    self._followed.add(run)
                    self._asked.add(run, there)
                    asked_at = time.monotonic()
                    what = "Im Arbeitsordner liegt Angefangenes oder zu Klärendes"
                    if there:
                        what = f"{plural(len(there), 'Lieferung', 'Lieferungen')} im Eingang"
                    self._say(f"{what}: Lauf angestoßen.")
                    left = False
                except Unavailable:
                    self._stop.wait(2.0)
