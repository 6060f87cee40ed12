"""The few requests that the service itself puts to the Prefect server, without ever importing Prefect."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

from akten.errors import Unavailable
from flows.settings import Settings


def api_url(settings: Settings) -> str:
    """Address of the Prefect API that the rounds use."""
    return settings.prefect_api or f"http://127.0.0.1:{settings.rounds.port}/api"


def call(url: str, body: dict[str, object] | None = None) -> object:
    """One request to the Prefect API. Raises Unavailable when it does not answer as it should."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise Unavailable(f"Der Prefect-Server antwortet nicht: {type(error).__name__}") from error


def healthy(url: str) -> bool:
    """True when the API says that it is well."""
    try:
        return call(f"{url}/health") is True
    except Unavailable:
        return False


def start_run(url: str, flow: str, deployment: str) -> str:
    """Asks for one run of a served round and returns its id. Raises Unavailable."""
    found = call(f"{url}/deployments/name/{flow}/{deployment}")
    if not isinstance(found, dict):
        raise Unavailable(f"Die Runde „{flow}“ ist am Prefect-Server nicht bekannt.")
    run = call(f"{url}/deployments/{found['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    return str(run["id"]) if isinstance(run, dict) else ""
