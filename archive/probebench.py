"""What the lines of the probe work with: one store reached with three sets of rights, below a prefix of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured
from akten.files import digest_bytes
from archive.s3 import S3Store
from archive.s3errors import translated
from archive.s3settings import S3Settings, open_anonymous, open_client, open_session

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "probe/"
WRITERS = 8
_REFUSALS = (Forbidden, Misconfigured, FixityError)


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One store reached with three sets of rights; machines that only take in have no deletion identity."""

    ingest: S3Settings
    auditor: S3Settings
    deletion: S3Settings | None


class NotTried(ArchivError):
    """A line that would do harm here was left out."""


class Bench:
    """What the lines work with: the three stores, raw clients, a prefix of its own, and the time."""

    def __init__(self, target: ProbeTarget, prefix: str, now: datetime) -> None:
        self._session = open_session()
        self.target = target
        self.ingest = S3Store(target.ingest, self._session)
        self.auditor = S3Store(target.auditor, self._session)
        self._deletion = S3Store(target.deletion, self._session) if target.deletion is not None else None
        self.raw = open_client(target.ingest, self._session, attempts=1)
        self.bucket = target.ingest.bucket
        self.prefix = prefix
        self.now = now

    @property
    def frees(self) -> bool:
        """True when the deletion identity is at hand."""
        return self._deletion is not None

    @property
    def deletion(self) -> S3Store:
        """The store with the deletion identity. Raises NotTried where this machine has none."""
        if self._deletion is None:
            raise NotTried("Ohne Löschkennung auf diesem Rechner wurde das nicht probiert.")
        return self._deletion

    def close(self) -> None:
        """Closes the kept connections."""
        for store in (self.ingest, self.auditor, self._deletion):
            if store is not None:
                store.close()
        self.raw.close()

    def client(self, settings: S3Settings) -> S3Client:
        """A raw client with these rights that never repeats a call."""
        return open_client(settings, self._session, attempts=1)

    def anonymous(self) -> S3Client:
        """A raw client that signs nothing."""
        return open_anonymous(self.target.ingest, self._session)

    def put(self, name: str, data: bytes = b"probe", *, if_absent: bool = True) -> tuple[str, str]:
        """Key and version id of a small object below the probe's prefix."""
        key = self.prefix + name
        return key, self.ingest.put(key, data, digest_bytes(data), if_absent=if_absent)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Errors of raw clients come out as ours."""
        with translated(self.ingest.name, "Probe"):
            yield

    def refused(self, act: Callable[[], Any]) -> bool:
        """True when the store refuses the act in whatever way."""
        try:
            with self.asking():
                act()
        except _REFUSALS:
            return True
        return False
