"""A store that keeps locks, versions, checksums and rights passes; one that only seems to is refused with its line."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from akten.errors import Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.findings import Verdict
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.probe import RULES, ProbeLevel, ProbeReport, ProbeTarget, probe
from archive.s3 import S3Store
from archive.s3settings import S3Settings, open_client, open_session


def run(target: ProbeTarget, level: ProbeLevel = ProbeLevel.DOCTOR) -> ProbeReport:
    return probe(target, now=datetime.now(UTC), token=secrets.token_hex(6), level=level)


def failed(report: ProbeReport) -> set[str]:
    return {line.code for line in report.lines if line.verdict is Verdict.FAILED}


@pytest.fixture
def target(s3_server: EmbeddedServer) -> ProbeTarget:
    return ProbeTarget(*(s3_server.settings(role) for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)))


@pytest.mark.parametrize("level", [ProbeLevel.START, ProbeLevel.DOCTOR])
def test_the_embedded_server_passes_every_line(target: ProbeTarget, level: ProbeLevel) -> None:
    report = run(target, level)
    assert report.findings == ()
    assert report.verdict is Verdict.OK
    report.require()


def test_without_a_deletion_identity_a_store_is_accepted_and_what_wants_one_is_not_checked(target: ProbeTarget) -> None:
    taking_in = replace(target, deletion=None)
    run(taking_in, ProbeLevel.START).require()
    report = run(taking_in, ProbeLevel.DOCTOR)
    assert {line.code for line in report.lines if line.verdict is not Verdict.OK} == {"PB-08", "PB-09"}
    assert report.verdict is Verdict.NOT_CHECKED
    # What they left is taken away by the next one that may, when it is surely no probe beside it.
    probe(target, now=datetime.now(UTC) + timedelta(hours=2), token=secrets.token_hex(6), level=ProbeLevel.START)
    assert all(each.key.endswith("/compliance") for each in S3Store(target.auditor).versions("probe/"))


def test_the_probe_leaves_only_what_nobody_can_delete_yet(target: ProbeTarget) -> None:
    run(target)
    left = [each.key for each in S3Store(target.auditor).versions("probe/")]
    assert all(key.endswith("/compliance") for key in left)
    assert list(S3Store(target.ingest).versions("staging/probe/")) == []


def test_a_probe_takes_nothing_from_one_that_runs_beside_it(target: ProbeTarget) -> None:
    deletion = S3Store(target.deletion)
    data = b"of another machine"
    version = S3Store(target.ingest).put("probe/beside/governance", data, digest_bytes(data))
    run(target, ProbeLevel.START)
    assert [each.version_id for each in deletion.versions("probe/beside/")] == [version]
    probe(target, now=datetime.now(UTC) + timedelta(hours=2), token=secrets.token_hex(6), level=ProbeLevel.START)
    assert list(deletion.versions("probe/beside/")) == []


def test_every_rule_has_a_german_sentence_and_a_source() -> None:
    assert len(RULES) == 22
    assert all(rule.endswith(".") and source for rule, source in RULES.values())


def test_rights_that_are_too_wide_are_named(target: ProbeTarget) -> None:
    report = run(replace(target, ingest=target.deletion, auditor=target.deletion))
    assert {"PB-16", "PB-18"} <= failed(report)
    with pytest.raises(Misconfigured, match="PB-16"):
        report.require()


def test_a_bucket_without_locks_is_refused_at_every_start(target: ProbeTarget, s3_server: EmbeddedServer) -> None:
    admin = s3_server.settings(Role.ADMIN)
    swapped = replace(admin, bucket=admin.staging_bucket, staging_bucket=admin.bucket)
    report = run(ProbeTarget(swapped, swapped, swapped), ProbeLevel.START)
    assert "PB-01" in failed(report)
    with pytest.raises(Misconfigured, match="nicht geeignet"):
        report.require()


def test_a_bucket_that_locks_by_itself_is_refused(s3_server: EmbeddedServer) -> None:
    admin = replace(s3_server.settings(Role.ADMIN), bucket=f"vorgabe-{uuid.uuid4().hex[:8]}")
    client = open_client(admin, open_session())
    client.create_bucket(Bucket=admin.bucket, ObjectLockEnabledForBucket=True)
    rule: Any = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    configuration: Any = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    client.put_object_lock_configuration(Bucket=admin.bucket, ObjectLockConfiguration=configuration)
    report = run(ProbeTarget(admin, admin, admin), ProbeLevel.START)
    assert {"PB-02", "PB-06"} <= failed(report)


def test_wrong_keys_are_misconfigured_not_away(target: ProbeTarget) -> None:
    wrong = replace(target.ingest, secret_key="falsch")
    with pytest.raises(Misconfigured):
        run(replace(target, ingest=wrong)).require()


def test_a_store_that_is_away_is_not_checked(target: ProbeTarget) -> None:
    away = replace(target.ingest, endpoint="http://127.0.0.1:9")
    report = run(replace(target, ingest=away))
    assert {line.verdict for line in report.lines} == {Verdict.NOT_CHECKED}
    with pytest.raises(Unavailable):
        report.require()


class _YesMan(BaseHTTPRequestHandler):
    """Says 200 to everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def _yes(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        for name, value in (("x-amz-version-id", "1"), ("Content-Length", "0"), ("ETag", '"x"')):
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _yes  # noqa: N815  # names of the library

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def yes_man() -> Iterator[S3Settings]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _YesMan) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield S3Settings("ja", f"http://127.0.0.1:{server.server_port}", "a", "b")
        server.shutdown()


def test_a_server_that_says_yes_to_everything_is_refused(yes_man: S3Settings) -> None:
    report = run(ProbeTarget(yes_man, yes_man, yes_man))
    assert {"PB-01", "PB-03", "PB-04", "PB-05", "PB-06", "PB-07", "PB-09"} <= failed(report)
    with pytest.raises(Misconfigured):
        report.require()
