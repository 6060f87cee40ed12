"""What S3 servers and boto3 say, in one table: whose turn it is, in a German sentence without secrets."""

from __future__ import annotations

import inspect
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from botocore.exceptions import ClientError

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.files import digest_bytes
from archive.s3 import S3Store
from archive.s3errors import CLASSES, CODES, meaning, translated
from archive.s3settings import S3Settings, open_client, open_session
from archive.store import Absent


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


@pytest.mark.parametrize(
    ("free", "words"), [(10 << 20, "hat keinen Platz mehr"), (10 << 30, "antwortet, aber mit einem eigenen Fehler")]
)
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
