"""Sets up the two buckets of a store with the admin identity and waits until the store really takes and gives bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from akten.errors import Forbidden, Misconfigured, Unavailable
from archive.s3errors import translated
from archive.s3settings import S3Settings, open_client, open_session
from archive.store import READY_KEY

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_STARTING = 15.0  # seconds in which a server that has not read its identities yet may refuse us


def ensure_buckets(admin: S3Settings, client: S3Client, policy: str) -> None:
    """Both buckets are there, the archive one with versions, object lock, our policy and no default retention.

    Safe to repeat. Raises Misconfigured when the archive bucket exists without object lock.
    """
    with translated(admin.name, "Buckets einrichten", admin.data_folder):
        there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        if admin.bucket not in there:
            client.create_bucket(Bucket=admin.bucket, ObjectLockEnabledForBucket=True)
        if admin.staging_bucket not in there:
            client.create_bucket(Bucket=admin.staging_bucket)
        lock = client.get_object_lock_configuration(Bucket=admin.bucket)["ObjectLockConfiguration"]
        versions = client.get_bucket_versioning(Bucket=admin.bucket).get("Status")
        client.put_bucket_policy(Bucket=admin.bucket, Policy=policy)
    if lock.get("ObjectLockEnabled") != "Enabled" or versions != "Enabled":
        raise Misconfigured(f"Speicher „{admin.name}“: Der Bucket „{admin.bucket}“ hat keine Sperren oder Versionen.")


def exchange_object(admin: S3Settings, client: S3Client) -> None:
    """One PUT and GET of a small object in the staging bucket: the only proof that the store works (s3.md §3)."""
    with translated(admin.name, "Probeobjekt schreiben und lesen", admin.data_folder):
        client.put_object(Bucket=admin.staging_bucket, Key=READY_KEY, Body=b"bereit")
        data = client.get_object(Bucket=admin.staging_bucket, Key=READY_KEY)["Body"].read()
    if data != b"bereit":
        raise Unavailable(f"Speicher „{admin.name}“ gibt andere Bytes zurück, als er bekam.")


def wait_until_ready(admin: S3Settings, policy: str, *, seconds: float, alive: Callable[[], bool]) -> None:
    """Sets up the buckets and exchanges an object, again and again until both work.

    A server that has just restarted refuses writes for up to 19 s. Raises Unavailable after `seconds` or as soon as
    `alive` says no.
    """
    client = open_client(admin.with_timeouts(connect=1.0, read=2.0), open_session(), attempts=1)
    begun = time.monotonic()
    while True:
        try:
            ensure_buckets(admin, client, policy)
            exchange_object(admin, client)
            client.close()
            return
        except (Unavailable, Misconfigured, Forbidden) as error:
            waited = time.monotonic() - begun
            if not alive() or waited > seconds or (waited > _STARTING and not isinstance(error, Unavailable)):
                raise
        time.sleep(0.05)
