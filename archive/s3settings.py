"""S3Settings: everything that differs from one S3 provider to the next, and the boto3 client made of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from akten.errors import Misconfigured
from archive.s3errors import WebPage, translated
from archive.store import STAGING, LockMode

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from mypy_boto3_s3.client import S3Client

LAST_SAFE_DATE = datetime(2105, 12, 31, tzinfo=UTC)  # Ceph RGW before Reef wraps at 2106-02-07 and frees the object
_LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")
# Variables that would pull settings of the person at the keyboard into the archive: all switched off.
_FOREIGN = (
    "profile",
    "config_file",
    "credentials_file",
    "ca_bundle",
    "endpoint_url",
    "ignore_configured_endpoint_urls",
)


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How one store is reached with one set of rights. Sizes in bytes, times in seconds.

    `checksums` is boto3's request checksum mode; `conditional_puts` is switched off for servers that answer 501 to
    `If-None-Match`. `retain_days` is the most that a provider takes as retention from today. `data_folder` is set for
    the embedded server only: `sync` forces its file system to the disk.
    """

    name: str
    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str = "archiv"
    staging_bucket: str = "staging"
    region: str = "us-east-1"
    addressing: Literal["path", "virtual"] = "path"
    checksums: Literal["when_supported", "when_required"] = "when_supported"
    conditional_puts: bool = True
    lock_mode: LockMode = LockMode.GOVERNANCE
    retain_cap: datetime = LAST_SAFE_DATE
    retain_days: int | None = None
    ca_bundle: Path | None = None
    proxy: str = ""
    connect_timeout: float = 3.0
    read_timeout: float = 60.0
    multipart_over: int = 64 << 20
    part_size: int = 16 << 20
    data_folder: Path | None = None

    def __post_init__(self) -> None:
        if not self.endpoint.startswith(("https://", *_LOOPBACK)):
            raise Misconfigured(f"Speicher „{self.name}“: außerhalb dieses Rechners nur https ({self.endpoint}).")
        if self.part_size < 5 << 20:
            raise Misconfigured(f"Speicher „{self.name}“: Teile unter 5 MiB nimmt kein S3-Speicher an.")
        if self.bucket == self.staging_bucket:
            raise Misconfigured(f"Speicher „{self.name}“: Archiv und Zwischenablage brauchen zwei Buckets.")

    def bucket_of(self, key: str) -> str:
        """Staging keys lie in the unlocked bucket, all others in the locked one."""
        return self.staging_bucket if key.startswith(STAGING) else self.bucket

    def with_timeouts(self, *, connect: float, read: float) -> S3Settings:
        """The same store with other patience, for readiness and probes."""
        return replace(self, connect_timeout=connect, read_timeout=read)


def open_session() -> boto3.session.Session:
    """A boto3 session without any settings of the person at the keyboard; several clients may share one.

    Loading the description of S3 costs a tenth of a second per session, so a store makes both its clients of one.
    """
    core = botocore.session.Session()
    for variable in _FOREIGN:
        core.session_var_map[variable] = (None, None, None, None)
    return boto3.session.Session(botocore_session=core)


def open_anonymous(settings: S3Settings, session: boto3.session.Session) -> S3Client:
    """A client that signs nothing and never repeats a call, reached like any other of this store."""
    config = _config(settings, 1).merge(Config(signature_version=UNSIGNED))
    verify = str(settings.ca_bundle) if settings.ca_bundle else None
    return _on_its_guard(
        session.client("s3", endpoint_url=settings.endpoint, region_name=settings.region, config=config, verify=verify)
    )


def _config(settings: S3Settings, attempts: int) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": settings.addressing},
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        request_checksum_calculation=settings.checksums,
        response_checksum_validation="when_required",  # every read is hashed by ourselves, with both algorithms
        proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else {},
    )


def _on_its_guard(client: S3Client) -> S3Client:
    client.meta.events.register_last("before-parameter-build.s3", _stay)
    client.meta.events.register("after-call.s3", _refuse_web_page)
    return client


def _stay(context: dict[str, Any], **_: Any) -> None:
    """The address is set: botocore shall not look for the bucket elsewhere when it is sent on. Asking where the bucket
    lies is sent on as well, and that without end.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


def _refuse_web_page(http_response: AWSResponse, **_: Any) -> None:
    """A page for people in place of an answer (login, maintenance) would be read as an empty listing, and as done."""
    kind, length = (http_response.headers.get(name, "") for name in ("content-type", "content-length"))
    if kind.startswith("text/html") and length != "0" and http_response.status_code < 300:
        raise WebPage(f"a web page was answered with {http_response.status_code}")


def open_client(settings: S3Settings, session: boto3.session.Session, *, attempts: int = 4) -> S3Client:
    """A boto3 client by the rules of s3.md §7: s3v4, path style, own checksums, `attempts` tries per call in all.

    Whoever writes objects asks for one attempt: a blind second PUT makes a second, also locked, version.
    """
    with translated(settings.name, "Verbindung einrichten"):
        client = session.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            verify=str(settings.ca_bundle) if settings.ca_bundle else None,
            config=_config(settings, attempts),
        )
        return _on_its_guard(client)
