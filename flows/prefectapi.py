"""The few requests that the service itself puts to the Prefect server, without ever importing Prefect."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from http import HTTPStatus
from urllib.parse import quote, unquote, urlsplit

from akten.errors import Misconfigured, Unavailable
from flows.locallogin import local_login
from flows.settings import OWN_MACHINE, Settings


def api_url(settings: Settings) -> str:
    """Address of the Prefect API that the rounds use, for `call`: with the login in it where one is set."""
    if not settings.prefect_api:
        return api_at(settings, settings.rounds.port)
    if settings.prefect_auth is None:
        return settings.prefect_api
    return _with_login(settings.prefect_api, settings.prefect_auth.get_secret_value())


def api_at(settings: Settings, port: int) -> str:
    """Address of a server of ours on this machine, for `call`."""
    return _with_login(f"http://127.0.0.1:{port}/api", local_login(settings.daten / "prefect"))


def local_api(settings: Settings) -> str:
    """Address of the local server, as Prefect itself is told it: the login is a variable of its own there."""
    return f"http://127.0.0.1:{settings.rounds.port}/api"


def _with_login(address: str, login: str) -> str:
    scheme, _, place = address.partition("://")
    return f"{scheme}://{quote(login, safe='')}@{place}"


def _request(url: str, data: bytes | None) -> urllib.request.Request:
    headers = {"Content-Type": "application/json"}
    login = urlsplit(url).username
    if login is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(unquote(login).encode()).decode()}"
        scheme, _, place = url.partition("://")
        url = f"{scheme}://{place.partition('@')[2]}"
    return urllib.request.Request(url, data=data, headers=headers)  # noqa: S310


def call(url: str, body: dict[str, object] | None = None) -> object:
    """One request to the Prefect API. Raises Unavailable when it does not answer as it should, Misconfigured when it
    does not let us in.
    """
    data = None if body is None else json.dumps(body).encode()
    # What listens on this machine is behind no proxy: one that the environment names would get the login, and answer
    # nothing.
    proxies: dict[str, str] | None = {} if urlsplit(url).hostname in OWN_MACHINE else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(_request(url, data), timeout=10) as answer:
            return json.load(answer)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code == HTTPStatus.UNAUTHORIZED:
            raise Misconfigured("Der Prefect-Server nimmt die Anmeldung nicht an: ARCHIV_PREFECT_AUTH.") from error
        raise Unavailable("Der Prefect-Server antwortet nicht.") from error


def elsewhere(settings: Settings) -> str:
    """The address of the server elsewhere for a sentence, with a doubt where it is not that of an API."""
    doubt = "" if urlsplit(settings.prefect_api).path.rstrip("/").endswith("/api") else "; fehlt am Ende /api?"
    return f"{settings.prefect_api}, aus ARCHIV_PREFECT_API{doubt}"


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
