"""A store that keeps locks, versions, checksums and rights passes; one that only seems to is refused with its line."""

from __future__ import annotations

import re
import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from akten.errors import Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.findings import Verdict
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.probe import RULES, ProbeLevel, ProbeLine, ProbeReport, ProbeTarget, probe
from archive.s3 import S3Store
from archive.s3settings import S3Settings, open_client, open_session
from tests.storeproxy import Answer, Asked, Pass, Spoil, spoiled


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


def test_a_probe_clears_nothing_away_that_another_program_keeps_below_the_same_prefix(target: ProbeTarget) -> None:
    store, foreign = S3Store(target.ingest), f"probe/{uuid.uuid4()}/bericht.pdf"
    version = store.put(foreign, b"fremd", digest_bytes(b"fremd"))
    probe(target, now=datetime.now(UTC) + timedelta(hours=2), token=secrets.token_hex(6), level=ProbeLevel.START)
    assert store.head(foreign, version) is not None
    assert target.deletion is not None
    S3Store(target.deletion).delete_version(foreign, version)


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


@pytest.mark.parametrize("role", ["auditor", "deletion"])
def test_the_pair_of_keys_that_the_store_does_not_know_is_named(target: ProbeTarget, role: str) -> None:
    """Six pairs stand in the settings of two stores: who changes them must see which one is wrong."""
    settings = replace(getattr(target, role), secret_key="falsch" * 6)
    report = run(replace(target, **{role: settings}), ProbeLevel.START)
    assert [line.text.startswith(f"Schlüssel „{role}“") for line in report.lines] == [True]
    with pytest.raises(Misconfigured, match=role):
        report.require()


def test_what_kept_a_line_from_being_asked_is_told_when_the_store_is_needed() -> None:
    told = "Speicher „a“ hat keinen Platz mehr."
    good, unasked = (
        ProbeLine(code, verdict, text)
        for code, verdict, text in (("PB-01", Verdict.OK, "gut"), ("PB-02", Verdict.NOT_CHECKED, told))
    )
    with pytest.raises(Unavailable, match=told):
        ProbeReport("a", (good, unasked)).require()


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


def _xml(answer: Answer, pattern: str, to: str) -> Answer:
    return replace(answer, body=re.sub(pattern.encode(), to.encode(), answer.body))


def _parts_lose_their_metadata(asked: Asked, ask: Pass) -> Answer:
    answer = ask(asked)
    if asked.method == "HEAD" and "/teile" in asked.target:
        return replace(answer, headers={k: v for k, v in answer.headers.items() if not k.startswith("x-amz-meta-")})
    return answer


def _a_copy_loses_its_lock(asked: Asked, ask: Pass) -> Answer:
    if asked.method == "GET" and "kopf-copy" in asked.target and "retention" in asked.target:
        none = b"<Error><Code>NoSuchObjectLockConfiguration</Code><Message>none</Message></Error>"
        return Answer(404, {"content-type": "application/xml"}, none)
    return ask(asked)


def _a_lock_ends_in_1970(asked: Asked, ask: Pass) -> Answer:
    answer = ask(asked)
    if asked.method == "GET" and "letzter-tag" in asked.target and "retention" in asked.target:
        return _xml(answer, r"<RetainUntilDate>\d{4}", "<RetainUntilDate>1970")
    return answer


def _a_lock_wraps_after_2106(asked: Asked, ask: Pass) -> Answer:
    answer = ask(asked)
    if asked.method == "GET" and "jahr-2110" in asked.target and "retention" in asked.target:
        return _xml(answer, "<RetainUntilDate>2110", "<RetainUntilDate>1974")
    return answer


def _everyone_may_read(asked: Asked, ask: Pass) -> Answer:
    if asked.method == "GET" and "authorization" not in asked.headers:
        return Answer(200, {"etag": '"x"'}, b"probe")
    return ask(asked)


def _a_stolen_key_may_write(asked: Asked, ask: Pass) -> Answer:
    answer = ask(asked)
    if asked.method == "PUT" and answer.status == 403 and "/fremde" in asked.target:
        return Answer(200, {"etag": '"x"', "x-amz-version-id": "1"})
    return answer


def _every_writer_wins(asked: Asked, ask: Pass) -> Answer:
    if "/rennen" in asked.target:
        return Answer(200, {"etag": '"x"', "x-amz-version-id": "1"})
    return ask(asked)


def _intake_sets_rules(asked: Asked, ask: Pass) -> Answer:
    return Answer(200, {}) if asked.method == "PUT" and "lifecycle" in asked.target else ask(asked)


def _staging_keeps_everything(asked: Asked, ask: Pass) -> Answer:
    return Answer(204, {}) if asked.method == "DELETE" and "staging" in asked.target else ask(asked)


def _the_clock_is_slow(asked: Asked, ask: Pass) -> Answer:
    answer = ask(asked)
    late = format_datetime(datetime.now(UTC) - timedelta(minutes=5), usegmt=True)
    return replace(answer, headers=answer.headers | {"date": late})


def _lists_end_too_early(mark: str, asked: Asked, ask: Pass) -> Answer:
    """A list of versions asked for with `mark` in its query says that there is no more."""
    answer = ask(asked)
    if asked.method == "GET" and "versions" in asked.target and mark in asked.target:
        return _xml(answer, "<IsTruncated>true", "<IsTruncated>false")
    return answer


LIES: dict[str, Spoil] = {
    "PB-10_parts_lose_their_metadata": _parts_lose_their_metadata,
    "PB-11_a_copy_loses_its_lock": _a_copy_loses_its_lock,
    "PB-12_a_lock_ends_in_1970": _a_lock_ends_in_1970,
    "PB-13_a_lock_wraps_after_2106": _a_lock_wraps_after_2106,
    "PB-14_everyone_may_read": _everyone_may_read,
    "PB-14_a_stolen_key_may_write": _a_stolen_key_may_write,
    "PB-15_every_writer_wins": _every_writer_wins,
    "PB-17_intake_sets_rules": _intake_sets_rules,
    "PB-19_staging_keeps_everything": _staging_keeps_everything,
    "PB-20_the_clock_is_slow": _the_clock_is_slow,
    "PB-21_the_list_ends_with_its_first_page": partial(_lists_end_too_early, "max-keys=2"),
}
PREFERRED = {"PB-11", "PB-13", "PB-15"}  # a store without these is warned of and may still be used


@pytest.mark.parametrize("name", LIES)
def test_a_store_that_lies_in_one_thing_is_told_by_the_line_of_that_thing(target: ProbeTarget, name: str) -> None:
    assert target.deletion is not None
    with spoiled(target.ingest, LIES[name]) as front:
        report = run(ProbeTarget(front(target.ingest), front(target.auditor), front(target.deletion)))
    code = name[:5]
    assert {line.code for line in report.lines if line.verdict is not Verdict.OK} == {code}
    assert report.verdict is (Verdict.OK if code in PREFERRED else Verdict.FAILED)
    if code not in PREFERRED:
        with pytest.raises(Misconfigured, match=code):
            report.require()


@pytest.mark.chaos  # writes a thousand objects twice: three quarters of a minute
def test_before_a_store_is_accepted_a_thousand_versions_are_listed(target: ProbeTarget) -> None:
    assert run(target, ProbeLevel.ACCEPTANCE).findings == ()
    assert target.deletion is not None
    with spoiled(target.ingest, partial(_lists_end_too_early, "tausend")) as front:
        target = ProbeTarget(front(target.ingest), front(target.auditor), front(target.deletion))
        report = run(target, ProbeLevel.ACCEPTANCE)
    assert failed(report) == {"PB-22"}
