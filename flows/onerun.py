"""One run of the intake flow for one command, with a Prefect server of its own where no other is set.

Prefect would start such a server too, as a grandchild of ours that nothing ties to us: after `kill -9` it would go on
alone and keep its database open.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from akten.errors import Unavailable
from flows.children import Child, tied
from flows.prefectapi import api_at, api_url, call, healthy
from flows.settings import Settings, child_environment

_PATIENCE = 180.0
_POLL = 0.1
_STDERR = 2
# As Prefect starts its own temporary server: without pages for a browser, and with what records the tasks of a run;
# schedules and automations are the business of `archiv dienst`.
_FOR_ONE_RUN = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
_QUIETLY = ("--log-level", "error", "--lifespan", "on")


def run_batch_in_prefect(settings: Settings, deliveries: Sequence[UUID], actor: str, result: Path) -> None:
    """Runs one intake flow over claimed deliveries in a child process; receipts are written to `result` as JSON.

    A child, so that the command line never imports Prefect. Raises Unavailable when the flow did not finish, and, as
    Misconfigured, before it begins where a server elsewhere does not answer us.
    """
    command = [sys.executable, "-m", "flows.intake_round", str(result), actor, *map(str, deliveries)]
    with server_of_one_run(settings) as environment:
        # Standard output is the caller's alone: what a library says there would stand beside its one JSON value.
        done = subprocess.run(tied(command), env=environment, stdin=subprocess.DEVNULL, stdout=_STDERR, check=False)
    if done.returncode != 0 or not result.exists():
        raise Unavailable(f"Der Prefect-Lauf ist abgebrochen (Code {done.returncode}). Derselbe Befehl setzt ihn fort.")


@contextmanager
def server_of_one_run(settings: Settings) -> Iterator[dict[str, str]]:
    """The environment of a run whose server answers: the one that is set, or one that lives as long as this context.

    Raises Unavailable, and Misconfigured where a server elsewhere does not let us in.
    """
    if settings.prefect_api:
        call(f"{api_url(settings)}/admin/version")  # asked here, since the child would tell it with a trace
        yield child_environment(settings)
        return
    port = _free_port()
    environment = child_environment(settings, {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"})
    address = ("--host", "127.0.0.1", "--port", str(port))
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        *_QUIETLY,
        "--factory",
        "prefect.server.api.server:create_app",
        *address,
    ]
    log = settings.daten / "protokoll" / "prefect-lauf.log"
    server = Child("Prefect-Server", tied(command), environment | _FOR_ONE_RUN, log)
    server.start()
    try:
        _await(server, api_at(settings, port))
        yield environment
    finally:
        server.stop()


def _await(server: Child, url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not healthy(url):
        if server.ended():
            raise Unavailable(f"Der Prefect-Server ist beim Start ausgestiegen. Protokoll: {server.log}")
        if time.monotonic() > end:
            raise Unavailable(f"Der Prefect-Server ist nach {_PATIENCE:.0f} s nicht bereit. Protokoll: {server.log}")
        time.sleep(_POLL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
