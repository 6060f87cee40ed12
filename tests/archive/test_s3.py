"""The adapter over boto3: one table of errors, large objects in parts, flat memory, repeats only after comparing."""

from __future__ import annotations

import http.client
import inspect
import random
import shutil
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

import botocore.exceptions
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.files import digest_bytes, digest_file, digest_stream
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.s3 import S3Store
from archive.s3errors import CLASSES, CODES, meaning, translated
from archive.s3settings import LAST_SAFE_DATE, S3Settings, open_client, open_session
from archive.store import Absent, storable

# --- errors ---------------------------------------------------------------------------------------------------------


def test_every_exception_of_botocore_has_its_place_in_the_table() -> None:
    there = {
        name
        for name, each in inspect.getmembers(botocore.exceptions, inspect.isclass)
        if issubclass(each, Exception) and each.__module__ == botocore.exceptions.__name__
    }
    assert there == set(CLASSES)


def test_every_error_the_model_of_s3_names_has_its_place_in_the_table() -> None:
    model = open_client(S3Settings("a", "http://127.0.0.1:1", "a", "b"), open_session()).meta.service_model
    used = {
        "PutObject", "GetObject", "HeadObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
        "AbortMultipartUpload", "PutObjectRetention", "GetObjectRetention", "PutObjectLegalHold", "GetObjectLegalHold",
        "ListObjectVersions", "ListObjectsV2", "ListMultipartUploads", "DeleteObject",
    }  # fmt: skip
    named = {shape.name for name in used for shape in model.operation_model(name).error_shapes}
    # Named by the model, but only for features that we never use.
    unused = {"EncryptionTypeMismatch", "InvalidWriteOffset", "TooManyParts", "IdempotencyParameterMismatch"}
    assert named - unused <= set(CODES)


def _answer(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, Absent),
        ("AccessDenied", 403, Forbidden),
        ("BadDigest", 400, FixityError),
        ("SlowDown", 503, Unavailable),
        ("NieGehört", 500, Unavailable),
        ("NieGehört", 599, Unavailable),
        ("NieGehört", 418, Misconfigured),
        ("SignatureDoesNotMatch", 403, Misconfigured),
        ("", 404, Absent),
    ],
)
def test_an_answer_means_what_the_person_must_do(code: str, status: int, kind: type[ArchivError]) -> None:
    assert meaning(_answer(code, status)) is kind


@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "RequestExpired"])
def test_a_clock_that_is_wrong_is_called_so_and_not_a_wrong_key(code: str) -> None:
    with pytest.raises(Misconfigured, match="die Uhr dieses Rechners") as caught, translated("a", "aip/x lesen"):
        raise ClientError({"Error": {"Code": code}}, "GetObject")
    assert "Schlüssel" not in caught.value.text


def test_a_bug_is_not_translated() -> None:
    with pytest.raises(ZeroDivisionError), translated("a", "x"):
        raise ZeroDivisionError
    assert meaning(ZeroDivisionError()) is None


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_gives_a_sentence_without_secrets(code: str) -> None:
    with pytest.raises(CODES[code]) as caught, translated("a", "aip/x lesen"):
        raise _answer(code, 400)
    assert caught.value.text.startswith("Speicher „a“")


@pytest.mark.parametrize(
    ("code", "where_to_look"),
    [
        ("RequestTimeTooSkewed", "Uhr"),
        ("InvalidAccessKeyId", "Zugangsschlüssel kennt der Speicher nicht"),
        ("SignatureDoesNotMatch", "geheime Schlüssel"),
        ("ExpiredToken", "abgelaufen"),
        ("NoSuchBucket", "Bucket gibt es dort nicht"),
    ],
)
def test_a_wrong_clock_key_or_bucket_is_named_as_what_is_wrong(code: str, where_to_look: str) -> None:
    with pytest.raises(Misconfigured, match=where_to_look), translated("a", "Versionen auflisten"):
        raise _answer(code, 403)


class _Refusing(BaseHTTPRequestHandler):
    """A server without room for anything: every PUT gets the answer of the class; nothing is ever there."""

    status, code, message = 507, "", ""
    puts = 0

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_PUT(self) -> None:
        type(self).puts += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def refusing(status: int, code: str, message: str) -> Iterator[tuple[S3Settings, type[_Refusing]]]:
    handler = type("Handler", (_Refusing,), {"status": status, "code": code, "message": message})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield S3Settings("a", f"http://127.0.0.1:{server.server_port}", "a", "b"), handler
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (507, "InsufficientStorage", ""),
        (507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold."),
        (500, "InternalError", "write /data/1.dat: no space left on device"),
        (403, "QuotaExceeded", ""),
    ],
)
def test_a_server_without_room_is_told_as_full_with_what_to_do(status: int, code: str, message: str) -> None:
    with refusing(status, code, message) as (settings, server):
        store = S3Store(settings, sleep=lambda _: None)
        with pytest.raises(Unavailable, match=r"hat keinen Platz mehr .*Dort Platz schaffen") as told:
            store.put("aip/x", b"x", digest_bytes(b"x"))
        store.close()
    assert told.value.exit_code == 6
    assert server.puts == 1


@pytest.mark.parametrize(("free", "words"), [(10 << 20, "hat keinen Platz mehr"), (10 << 30, "nicht erreichbar")])
def test_the_embedded_server_says_internal_error_and_the_file_system_is_asked(
    free: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(total=100 << 30, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with refusing(500, "InternalError", "We encountered an internal error, please try again.") as (settings, _):
        store = S3Store(replace(settings, data_folder=tmp_path), sleep=lambda _: None)
        with pytest.raises(Unavailable, match=words):
            store.put("aip/x", b"x", digest_bytes(b"x"))
        store.close()


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
