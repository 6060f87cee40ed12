"""The lines of the acceptance probe (s3.md §8) about bytes, checksums and locks, each judged by the state afterwards.

Every line differed on at least one server that was measured. The docstring of a line is its rule in German; it returns
None when the store behaves, else a German sentence. Errors it does not expect travel up to archive/probe.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from akten.errors import Misconfigured
from akten.files import digest_bytes
from akten.package import Lock
from archive.probebench import Bench
from archive.store import LockMode, LockState, storable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_SHORT = timedelta(seconds=4)  # locks that nobody can lift are over before the next probe cleans up
_LONG = timedelta(minutes=10)  # locks that the deletion identity lifts at the end


def bucket_is_locked(bench: Bench) -> str | None:
    """Der Bucket hat Objektsperren und Versionen."""
    with bench.asking():
        lock = bench.raw.get_object_lock_configuration(Bucket=bench.bucket)["ObjectLockConfiguration"]
        versions = bench.raw.get_bucket_versioning(Bucket=bench.bucket).get("Status")
    if lock.get("ObjectLockEnabled") != "Enabled":
        return "Der Bucket hat keine Objektsperren."
    return None if versions == "Enabled" else "Der Bucket führt keine Versionen."


def no_default_retention(bench: Bench) -> str | None:
    """Der Bucket sperrt nichts von selbst."""
    with bench.asking():
        lock = bench.raw.get_object_lock_configuration(Bucket=bench.bucket)["ObjectLockConfiguration"]
    if lock.get("Rule"):
        return "Der Bucket sperrt von selbst; damit wäre auch halb Geschriebenes für die ganze Frist gesperrt."
    return None


def bytes_come_back(bench: Bench) -> str | None:
    """Geschriebenes kommt unter seiner Version unverändert zurück."""
    data = bytes(range(256)) * 40
    key, version = bench.put("bytes", data)
    bench.put("bytes", b"neuer", if_absent=False)
    with bench.auditor.get(key, version) as stream:
        if stream.read(len(data) + 1) != data:
            return "Unter der Version kommen andere Bytes zurück, als geschrieben wurden."
    info = bench.auditor.head(key, version)
    if info is None or (info.size, info.sha256) != (len(data), digest_bytes(data).sha256):
        return "Größe oder Metadaten einer Version stimmen nicht."
    return None if bench.ingest.get_range(key, version, 250, 12) == data[250:262] else "Bereiche werden falsch gelesen."


def _wrong_checksum(bench: Bench, name: str, **checksum: str) -> str | None:
    key = bench.prefix + name
    refused = bench.refused(lambda: bench.raw.put_object(Bucket=bench.bucket, Key=key, Body=b"probe", **checksum))  # type: ignore[arg-type]
    if not refused or bench.ingest.head(key) is not None:
        return "Bytes mit falscher Prüfsumme werden angenommen."
    return None


def wrong_md5_is_refused(bench: Bench) -> str | None:
    """Falsches MD5 wird abgewiesen, nichts wird gespeichert."""
    return _wrong_checksum(bench, "md5", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")


def wrong_sha256_is_refused(bench: Bench) -> str | None:
    """Falsches SHA-256 wird abgewiesen, nichts wird gespeichert."""
    return _wrong_checksum(bench, "sha256", ChecksumSHA256="A" * 43 + "=")


def retention_comes_back(bench: Bench) -> str | None:
    """Eine Sperre kommt zurück, wie sie verlangt war."""
    key, version = bench.put("retention")
    if bench.ingest.read_lock(key, version) != LockState():
        return "Ein neues Objekt ist von selbst gesperrt."
    until = bench.now + _LONG + timedelta(microseconds=1)
    bench.ingest.lock(key, version, Lock(until))
    wanted = LockState(storable(until, bench.ingest.retain_cap), False, bench.ingest.lock_mode)  # noqa: FBT003
    found = bench.auditor.read_lock(key, version)
    return None if found == wanted else f"Die Sperre kommt anders zurück: {found.retain_until}, {found.mode}."


def governance_holds(bench: Bench) -> str | None:
    """Gesperrtes weicht nur der Löschkennung."""
    key, version = bench.put("governance")
    bench.ingest.lock(key, version, Lock(bench.now + _LONG))
    acts = [
        lambda: bench.ingest.delete_version(key, version),
        lambda: bench.ingest.delete_version(key, version, bypass_governance=True),
        lambda: bench.ingest.lock(key, version, Lock(bench.now + _LONG / 2)),
    ]
    if bench.frees:
        acts.append(lambda: bench.deletion.delete_version(key, version))
    refused = [bench.refused(act) for act in acts]
    state = bench.auditor.read_lock(key, version) if bench.ingest.head(key, version) else LockState()
    if state.retain_until is None or state.retain_until < bench.now + _LONG or not all(refused):
        return "Eine gesperrte Version lässt sich ohne das Recht dazu löschen oder kürzer sperren."
    if not bench.frees:
        return None  # that the deletion identity can is for the machine that has it
    bench.deletion.delete_version(key, version, bypass_governance=True)
    gone = bench.ingest.head(key, version) is None
    return None if gone else "Die Löschkennung kann eine Sperre der Art GOVERNANCE nicht aufheben."


def hold_beats_everything(bench: Bench) -> str | None:
    """Eine Löschsperre (legal hold) weicht niemandem."""
    freeing = bench.deletion  # first: without it the hold would stay for ever
    key, version = bench.put("hold")
    bench.ingest.lock(key, version, Lock(None, legal_hold=True))
    tried = bench.refused(lambda: freeing.delete_version(key, version, bypass_governance=True))
    there = bench.ingest.head(key, version) is not None
    if there:
        freeing.release_hold(key, version)
    return None if tried and there else "Eine Löschsperre (legal hold) hält die Löschkennung nicht auf."


def compliance_holds(bench: Bench) -> str | None:
    """Eine Sperre COMPLIANCE lässt sich nur verlängern."""
    free = bench.client(bench.deletion.settings)
    key, version = bench.put("compliance")
    where: dict[str, Any] = {"Bucket": bench.bucket, "Key": key, "VersionId": version}
    until = storable(datetime.now(UTC) + _SHORT, bench.ingest.retain_cap)
    raw = bench.raw

    def retain(client: S3Client, mode: LockMode, when: datetime) -> None:
        client.put_object_retention(**where, Retention={"Mode": mode.value, "RetainUntilDate": when})

    with bench.asking():
        retain(raw, LockMode.COMPLIANCE, until)
    acts: tuple[Callable[[], Any], ...] = (
        lambda: free.delete_object(**where, BypassGovernanceRetention=True),
        lambda: retain(raw, LockMode.COMPLIANCE, until - timedelta(seconds=2)),
        lambda: retain(raw, LockMode.GOVERNANCE, until),
        lambda: raw.put_object_retention(**where, Retention={}),
    )
    refused = [bench.refused(act) for act in acts]
    state = bench.auditor.read_lock(key, version) if bench.ingest.head(key, version) else LockState()
    if not all(refused) or state != LockState(until, False, LockMode.COMPLIANCE):  # noqa: FBT003
        return "Eine Sperre der Art COMPLIANCE lässt sich löschen, kürzen, aufheben oder umwandeln."
    bench_until = until + timedelta(seconds=1)
    with bench.asking():
        retain(raw, LockMode.COMPLIANCE, bench_until)
    longer = bench.auditor.read_lock(key, version).retain_until
    return None if longer == bench_until else "Eine Sperre lässt sich nicht verlängern."


def multipart_is_locked(bench: Bench) -> str | None:
    """In Teilen Geschriebenes lässt sich sperren."""
    key = bench.prefix + "teile"
    version = _multipart(bench, key, {})
    until = storable(bench.now + _LONG, bench.ingest.retain_cap)
    bench.ingest.lock(key, version, Lock(until))
    if bench.auditor.read_lock(key, version).retain_until != until:
        return "In Teilen geschriebene Objekte lassen sich nicht sperren."
    info = bench.auditor.head(key, version)
    return None if info and info.sha256 == "0" * 64 else "In Teilen geschriebene Objekte verlieren ihre Metadaten."


def _multipart(bench: Bench, key: str, headers: dict[str, Any]) -> str:
    where: dict[str, Any] = {"Bucket": bench.bucket, "Key": key}
    with bench.asking():
        upload = bench.raw.create_multipart_upload(**where, Metadata={"sha256": "0" * 64}, **headers)["UploadId"]
        tag = bench.raw.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"probe")["ETag"]
        parts: Any = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        done = bench.raw.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    if not done.get("VersionId"):
        raise Misconfigured("In Teilen geschriebene Objekte bekommen keine Version.")
    return done["VersionId"]


def lock_headers_are_honoured(bench: Bench) -> str | None:
    """Sperren im Kopf von PUT, COPY und MULTIPART gelten."""
    until = storable(bench.now + _LONG, bench.ingest.retain_cap)
    headers: dict[str, Any] = {"ObjectLockMode": bench.ingest.lock_mode.value, "ObjectLockRetainUntilDate": until}
    source = bench.prefix + "kopf-put"
    found: dict[str, str] = {}
    with bench.asking():
        found["PUT"] = bench.raw.put_object(Bucket=bench.bucket, Key=source, Body=b"probe", **headers)["VersionId"]
        copied = bench.raw.copy_object(
            Bucket=bench.bucket,
            Key=bench.prefix + "kopf-copy",
            CopySource={"Bucket": bench.bucket, "Key": source},
            **headers,
        )
    found["COPY"] = copied.get("VersionId", "")
    found["MULTIPART"] = _multipart(bench, bench.prefix + "kopf-multipart", headers)
    lost = [
        way
        for way, version in found.items()
        if bench.auditor.read_lock(f"{bench.prefix}kopf-{way.lower()}", version).retain_until != until
    ]
    return f"Sperren im Kopf der Anfrage gehen verloren bei: {', '.join(lost)}." if lost else None


def _date_comes_back(bench: Bench, name: str, until: datetime) -> str | None:
    key, version = bench.put(name)
    with bench.asking():
        bench.raw.put_object_retention(
            Bucket=bench.bucket,
            Key=key,
            VersionId=version,
            Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until},
        )
    found = bench.auditor.read_lock(key, version).retain_until
    return None if found == until else f"Aus einer Sperre bis {until:%Y} wird eine bis {found and found.year}."


def last_date_comes_back(bench: Bench) -> str | None:
    """Eine Sperre bis zum spätesten Tag der Einstellung hält."""
    return _date_comes_back(bench, "letzter-tag", bench.ingest.retain_cap)


def far_date_comes_back(bench: Bench) -> str | None:
    """Eine Sperre bis 2110 hält."""
    return _date_comes_back(bench, "jahr-2110", datetime(2110, 6, 30, tzinfo=UTC))
