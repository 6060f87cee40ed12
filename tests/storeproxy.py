"""A front before a real store that spoils one kind of answer: how a store lies in exactly one thing."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from archive.s3settings import S3Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants: `target` is path and query as it came, header names are in small letters."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store says; header names are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


Pass = Callable[[Asked], Answer]
Spoil = Callable[[Asked, Pass], Answer]


@contextmanager
def spoiled(settings: S3Settings, spoil: Spoil) -> Iterator[Callable[[S3Settings], S3Settings]]:
    """Settings of a store → the same by way of a front, which asks `spoil` for every answer."""
    host = urlsplit(settings.endpoint).netloc

    def passed(asked: Asked) -> Answer:
        # The client's own Host stays: its signature covers it.
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.putrequest(asked.method, asked.target, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers.items():
            if name not in {"connection", "expect"}:
                connection.putheader(name, value)
        connection.endheaders(asked.body)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
        connection.close()
        return Answer(answer.status, headers, body)

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = spoil(Asked(self.command, self.path, headers, body), passed)
            self.send_response_only(answer.status)
            length = answer.headers.get("content-length", "0") if self.command == "HEAD" else str(len(answer.body))
            for name, value in answer.headers.items():
                if name not in {"connection", "transfer-encoding", "content-length"}:
                    self.send_header(name, value)
            if answer.status != http.HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815  # names of the library

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield lambda each: replace(each, endpoint=f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
