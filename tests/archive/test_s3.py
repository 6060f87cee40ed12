"""The adapter over boto3: its settings, large objects in parts, flat memory, repeats only after comparing."""

from __future__ import annotations

import http.client
import random
import socket
import subprocess
import sys
import threading
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.errors import FixityError, Misconfigured, Unavailable
from akten.files import digest_bytes, digest_file, digest_stream
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.s3 import S3Store
from archive.s3settings import LAST_SAFE_DATE, S3Settings, open_client, open_session
from archive.store import storable

# --- settings -------------------------------------------------------------------------------------------------------


def test_foreign_settings_do_not_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "gibt-es-nicht",
        "AWS_CA_BUNDLE": "/gibt/es/nicht",
        "AWS_ENDPOINT_URL": "http://example.invalid",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    client = open_client(S3Settings("a", "http://127.0.0.1:1", "a", "b"), open_session())
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.config.proxies == {}  # type: ignore[attr-defined]


def test_secrets_do_not_show_and_plain_http_stays_at_home() -> None:
    assert "geheim" not in repr(S3Settings("a", "http://127.0.0.1:1", "geheim1", "geheim2"))
    for bad in ("http://speicher.example:80", "ftp://x", "http://127.0.0.1.example:80/"):
        with pytest.raises(Misconfigured):
            S3Settings("a", bad, "a", "b")


@given(moment=st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2300, 1, 1)))  # noqa: DTZ001
def test_a_date_is_stored_in_whole_seconds_never_earlier_than_wanted(moment: datetime) -> None:
    wanted = moment.replace(tzinfo=UTC)
    found = storable(wanted, LAST_SAFE_DATE)
    assert found.microsecond == 0
    assert found <= LAST_SAFE_DATE
    assert timedelta(0) <= found - min(wanted, LAST_SAFE_DATE) < timedelta(seconds=1)


# --- large objects --------------------------------------------------------------------------------------------------


@pytest.fixture
def in_parts(s3_server: EmbeddedServer) -> S3Store:
    return S3Store(replace(s3_server.settings(Role.INGEST), multipart_over=6 << 20, part_size=5 << 20))


def test_a_large_object_goes_in_parts_and_comes_back_whole(in_parts: S3Store, tmp_path: Path) -> None:
    path, key = tmp_path / "gross", f"aip/{uuid.uuid4()}/v1/bag.tar"
    path.write_bytes(random.Random(1).randbytes(12_345_678))
    digests = digest_file(path)
    version = in_parts.put(key, path, digests)
    assert in_parts.put(key, path, digests) == version
    with in_parts.get(key, version) as stream:
        assert digest_stream(stream) == digests  # type: ignore[arg-type]
    info = in_parts.head(key, version)
    assert info is not None
    assert info.sha256 == digests.sha256
    assert list(in_parts.uploads(key)) == []


def test_a_source_that_changes_while_it_is_sent_leaves_nothing_behind(in_parts: S3Store) -> None:
    data, key = random.Random(2).randbytes(7 << 20), f"aip/{uuid.uuid4()}/v1/bag.tar"
    with pytest.raises(FixityError):
        in_parts.put(key, data[:-1] + b"?", digest_bytes(data))
    assert in_parts.head(key) is None
    assert list(in_parts.uploads(key)) == []


def test_memory_stays_flat_while_a_large_object_is_sent_and_read(s3_server: EmbeddedServer, tmp_path: Path) -> None:
    """200 MB go through in a fresh process whose peak stays below 150 MB."""
    settings = s3_server.settings(Role.INGEST)
    script = """
import sys
from pathlib import Path
from akten.files import digest_file, digest_stream
from archive.s3 import S3Store
from archive.s3settings import S3Settings
endpoint, access, secret, path, key = sys.argv[1:]
store = S3Store(S3Settings("a", endpoint, access, secret))
digests = digest_file(Path(path))
version = store.put(key, Path(path), digests, if_absent=False)
with store.get(key, version) as stream:
    assert digest_stream(stream) == digests
# ru_maxrss would also tell of the process that started this one
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""
    path = tmp_path / "gross"
    block = random.Random(3).randbytes(1 << 20)
    with path.open("wb") as stream:
        for _ in range(200):
            stream.write(block)
    key = f"staging/{uuid.uuid4()}/gross"
    command = [
        sys.executable,
        "-c",
        script,
        settings.endpoint,
        settings.access_key,
        settings.secret_key,
        str(path),
        key,
    ]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    S3Store(settings).delete_version(key, "null")
    assert int(outcome.stdout) < 150


# --- repeats --------------------------------------------------------------------------------------------------------


class _Relay(BaseHTTPRequestHandler):
    """Passes requests to the real server; what `fault` says happens to chosen ones. The signature covers the host."""

    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        relay: _RelayServer = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        relay.seen.append(f"{self.command} {self.path}")
        before, after = relay.fault(self.command, self.path)
        if before:
            self._break()
            return
        upstream = http.client.HTTPConnection(relay.target, timeout=30)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        if after:
            self._break()
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _break(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815  # names of the library

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _RelayServer(ThreadingHTTPServer):
    daemon_threads = True
    target = ""
    fault: Callable[[str, str], tuple[bool, bool]] = staticmethod(lambda *_: (False, False))
    seen: list[str]

    def handle_error(self, *_: Any) -> None:
        """A broken connection is what the tests want."""


@contextmanager
def relay(
    server: EmbeddedServer, fault: Callable[[str, str], tuple[bool, bool]]
) -> Iterator[tuple[S3Store, list[str]]]:
    """A store reached over a line that breaks before or after the server has done what it was asked."""
    with _RelayServer(("127.0.0.1", 0), _Relay) as line:
        line.target = urllib.parse.urlsplit(server.endpoint).netloc
        line.fault = fault  # type: ignore[method-assign,assignment]
        line.seen = []
        threading.Thread(target=line.serve_forever, daemon=True).start()
        settings = replace(server.settings(Role.INGEST), endpoint=f"http://127.0.0.1:{line.server_port}")
        yield S3Store(settings, sleep=lambda _: None), line.seen
        line.shutdown()


def first_put(when: str) -> Callable[[str, str], tuple[bool, bool]]:
    """A fault that hits the first PUT only."""
    left = [1]

    def fault(verb: str, _path: str) -> tuple[bool, bool]:
        if verb != "PUT" or not left:
            return False, False
        left.pop()
        return when == "before", when == "after"

    return fault


@pytest.mark.parametrize("if_absent", [True, False])
def test_a_put_whose_answer_was_lost_is_found_and_not_repeated(s3_server: EmbeddedServer, if_absent: bool) -> None:
    key = f"aip/{uuid.uuid4()}/v1/bag.tar"
    with relay(s3_server, first_put("after")) as (store, seen):
        version = store.put(key, b"einmal", digest_bytes(b"einmal"), if_absent=if_absent)
        assert [(each.version_id, each.is_latest) for each in store.versions(key)] == [(version, True)]
    assert sum(line.startswith("PUT") for line in seen) == 1


def test_a_put_that_never_arrived_is_repeated(s3_server: EmbeddedServer) -> None:
    key = f"aip/{uuid.uuid4()}/v1/bag.tar"
    with relay(s3_server, first_put("before")) as (store, seen):
        store.put(key, b"einmal", digest_bytes(b"einmal"))
        assert len(list(store.versions(key))) == 1
    assert sum(line.startswith("PUT") for line in seen) == 2


def test_a_line_that_stays_broken_is_unavailable(s3_server: EmbeddedServer) -> None:
    key = f"aip/{uuid.uuid4()}/v1/bag.tar"
    with relay(s3_server, lambda verb, _: (verb == "PUT", False)) as (store, _):
        with pytest.raises(Unavailable):
            store.put(key, b"nie", digest_bytes(b"nie"))
        assert store.head(key) is None


def test_racing_writers_of_one_key_agree_on_one_version(s3_server: EmbeddedServer) -> None:
    store, key = S3Store(s3_server.settings(Role.INGEST)), f"aip/{uuid.uuid4()}/v1/bag.tar"
    with ThreadPoolExecutor(8) as pool:
        versions = set(pool.map(lambda _: store.put(key, b"gleich", digest_bytes(b"gleich")), range(8)))
    assert {each.version_id for each in store.versions(key)} == versions
    assert len(versions) == 1
