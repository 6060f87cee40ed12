"""What a store answers that is none, or stands before it in its place, is told for what it is and is never a bug."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.findings import Verdict
from akten.package import Lock, PackageId
from archive.embedded import EmbeddedServer
from archive.fixity import check_package
from archive.identities import Role
from archive.package import store_package
from archive.probebench import Bench, ProbeTarget
from archive.resume import Patience
from archive.s3 import S3Store
from tests.packages import EXTRA, a_bag, an_exact
from tests.storeproxy import Answer, Asked, Pass, Spoil, spoiled

_HTML = b"<html><body>Wartung</body></html>"
PAGE = Answer(200, {"content-type": "text/html; charset=utf-8", "content-length": str(len(_HTML))}, _HTML)
Act = Callable[[S3Store], Any]


def error(code: str, status: int) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>-</Message></Error>"
    return Answer(status, {"content-type": "application/xml"}, body.encode())


def always(answer: Answer) -> Spoil:
    return lambda _asked, _ask: answer


def where(part: str, answer: Answer, *, method: str = "") -> Spoil:
    """This answer to requests with these words in their address; the true one to all others."""

    def spoil(asked: Asked, ask: Pass) -> Answer:
        return answer if part in asked.target and method in asked.method else ask(asked)

    return spoil


def said(server: EmbeddedServer, spoil: Spoil, act: Act, **settings: Any) -> Any:
    own = replace(server.settings(Role.INGEST), **settings)
    with spoiled(own, spoil) as by_way:
        return act(S3Store(by_way(own), sleep=lambda _: None))


def key() -> str:
    return f"aip/{uuid.uuid4()}/v1/bag.tar"


def put(store: S3Store) -> str:
    return store.put(key(), b"x", digest_bytes(b"x"))


ACTS: dict[str, Act] = {
    "ping": lambda store: store.ping(),
    "list": lambda store: list(store.list("aip/")),
    "versions": lambda store: list(store.versions("aip/")),
    "uploads": lambda store: list(store.uploads("aip/")),
    "head": lambda store: store.head("aip/x"),
    "lock": lambda store: store.lock("aip/x", "1", Lock(datetime.now(UTC) + timedelta(days=1), legal_hold=True)),
    "read_lock": lambda store: store.read_lock("aip/x", "1"),
    "range": lambda store: store.get_range("aip/x", "1", 0, 5),
    "put": put,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_a_web_page_is_no_empty_store_and_nothing_that_was_done(s3_server: EmbeddedServer, act: Act) -> None:
    with pytest.raises(Misconfigured, match="Webseite"):
        said(s3_server, always(PAGE), act)


def test_a_lock_that_is_past_by_the_clock_of_the_store_is_told_as_a_wrong_clock(s3_server: EmbeddedServer) -> None:
    """A store says "invalid request" alone, and whoever reads that looks at endpoint and keys."""
    store, there = S3Store(s3_server.settings(Role.INGEST)), key()
    version = store.put(there, b"x", digest_bytes(b"x"))
    with pytest.raises(Misconfigured, match="Die Uhr dieses Rechners geht nach") as told:
        store.lock(there, version, Lock(datetime.now(UTC) - timedelta(days=1)))
    assert "Endpunkt" not in told.value.text
    for refusal in (error("InvalidRequest", 400), error("NoSuchBucket", 404)):  # what has another cause stays so
        with pytest.raises(Misconfigured) as told:
            said(s3_server, where("retention", refusal), ACTS["lock"])
        assert "Uhr" not in told.value.text


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("act", [ACTS["ping"], ACTS["head"], ACTS["put"]], ids=["ping", "head", "put"])
def test_a_store_that_sends_us_elsewhere_is_misconfigured(s3_server: EmbeddedServer, status: int, act: Act) -> None:
    with pytest.raises(Misconfigured, match="die endgültige"):
        said(s3_server, always(Answer(status, {"location": "https://speicher.example/"})), act)


@pytest.mark.parametrize(("verb", "how"), [("PUT", "null"), ("PUT", ""), ("HEAD", "null"), ("HEAD", "")])
def test_an_object_without_a_version_is_never_taken_for_one_that_has(
    s3_server: EmbeddedServer, verb: str, how: str
) -> None:
    """Read by no version, the newest would be read, whoever put it there."""
    there = key()
    S3Store(s3_server.settings(Role.INGEST)).put(there, b"x", digest_bytes(b"x"))

    def spoil(asked: Asked, ask: Pass) -> Answer:
        answer = ask(asked)
        if asked.method != verb:
            return answer
        headers = {name: value for name, value in answer.headers.items() if name != "x-amz-version-id"}
        return replace(answer, headers=headers | ({"x-amz-version-id": how} if how else {}))

    wanted = key() if verb == "PUT" else there
    with pytest.raises(Misconfigured, match="führt keine Versionen"):
        said(s3_server, spoil, lambda store: store.put(wanted, b"x", digest_bytes(b"x")))


@pytest.mark.parametrize("part", ["partNumber=2", "uploadId"])
def test_an_upload_that_was_cleared_away_meanwhile_is_begun_anew(s3_server: EmbeddedServer, part: str) -> None:
    data, here, left = bytes(6 << 20), key(), [1]

    def spoil(asked: Asked, ask: Pass) -> Answer:
        hit = part in asked.target and (part != "uploadId" or asked.method == "POST")
        return error("NoSuchUpload", 404) if hit and left and left.pop() else ask(asked)

    in_parts = {"multipart_over": 5 << 20, "part_size": 5 << 20}
    said(s3_server, spoil, lambda store: store.put(here, data, digest_bytes(data)), **in_parts)
    assert not left
    refused = where("uploadId", error("NoSuchUpload", 404), method="POST")
    with pytest.raises(Unavailable):
        said(s3_server, refused, lambda store: store.put(key(), data, digest_bytes(data)), **in_parts)


def test_what_lay_there_before_is_never_taken_for_what_is_written_over_it(s3_server: EmbeddedServer) -> None:
    """A damaged copy has size and checksum of the whole one that is to come over it; the write itself never came."""
    store, there = S3Store(s3_server.settings(Role.INGEST)), key()
    before = store.put(there, b"x", digest_bytes(b"x"))

    def over(by_way: S3Store) -> str:
        return by_way.put(there, b"x", digest_bytes(b"x"), if_absent=False)

    with pytest.raises(Unavailable):
        said(s3_server, where(there, error("SlowDown", 503), method="PUT"), over)
    left = [1]

    def lost(asked: Asked, ask: Pass) -> Answer:
        answer = ask(asked)
        return error("SlowDown", 503) if asked.method == "PUT" and left and left.pop() else answer

    after = said(s3_server, lost, over)  # this one came, and only its answer was lost: no second is written
    assert after != before
    assert {each.version_id for each in store.versions(there)} == {before, after}


def test_a_whole_object_in_place_of_a_range_is_not_read_and_not_called_damage(s3_server: EmbeddedServer) -> None:
    def whole(asked: Asked, ask: Pass) -> Answer:
        return (
            Answer(200, {"content-type": "application/x-tar"}, bytes(1 << 20))
            if "range" in asked.headers
            else ask(asked)
        )

    with pytest.raises(Unavailable, match="Bereich"):
        said(s3_server, whole, lambda store: store.get_range(key(), "1", 7, 9))


def test_an_error_in_place_of_the_bytes_is_not_called_damage_where_the_bytes_come_by_range(
    s3_server: EmbeddedServer, tmp_path: Path
) -> None:
    settings, id_ = s3_server.settings(Role.INGEST), PackageId(uuid.uuid4(), 1)
    until = Lock(datetime.now(UTC).replace(microsecond=0) + timedelta(days=9))
    package = store_package(a_bag(id_), id_, [S3Store(settings)], until, lambda: datetime.now(UTC), tmp_path, EXTRA)

    def spoil(asked: Asked, ask: Pass) -> Answer:
        whole = asked.method == "GET" and "versionId" in asked.target and "range" not in asked.headers
        return error("InternalError", 200) if whole and re.search(r"bag\.tar\?versionId", asked.target) else ask(asked)

    with spoiled(settings, spoil) as by_way:
        report = check_package(
            package,
            {settings.name: S3Store(by_way(settings))},
            wanted=an_exact(until, datetime.now(UTC)),
            patience=Patience(0.05),
        )
    assert (report.verdict, report.copies[0].findings) == (Verdict.OK, ())


def test_who_signs_nothing_goes_the_same_way_as_everybody(s3_server: EmbeddedServer) -> None:
    settings = replace(s3_server.settings(Role.INGEST), proxy="http://127.0.0.1:9", connect_timeout=1.5)
    bench = Bench(ProbeTarget(settings, settings, None), "probe/x/", datetime.now(UTC))
    config: Any = bench.anonymous().meta.config
    assert config.proxies == {"http": settings.proxy, "https": settings.proxy}
    assert (config.connect_timeout, config.retries["total_max_attempts"]) == (1.5, 1)
    assert bench.refused(lambda: bench.client(replace(settings, proxy="")).head_object(Bucket="x", Key="y"))
