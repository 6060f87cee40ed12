"""S3Store: the port ObjectStore over boto3, for the embedded server and for any external S3 with object lock."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError

from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from akten.files import Digests
from akten.package import Lock
from archive.durable import sync_filesystem
from archive.s3body import content_type, exactly, header, md5, opened
from archive.s3errors import Full, Taken, Unset, dated, translated
from archive.s3settings import S3Settings, open_client, open_session
from archive.store import (
    Absent,
    ByteStream,
    LockMode,
    LockState,
    ObjectInfo,
    ObjectVersion,
    OpenUpload,
    check_key,
    storable,
)

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.response import StreamingBody
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_UNVERSIONED = "null"  # the version id that S3 gives to objects of a bucket without versioning
_MOST_PARTS = 9000  # S3 takes 10,000
_TRIES = 3
_CLOCKS_APART = timedelta(minutes=5)  # a provider counts its days by its own clock


class _Stream:
    """A response body whose breaks come out as Unavailable."""

    def __init__(self, body: StreamingBody, size: int, store: str, key: str) -> None:
        self._body = body
        self._store = store
        self._key = key
        self.size = size

    def read(self, most: int = -1, /) -> bytes:
        with translated(self._store, f"{self._key} lesen"):
            return self._body.read(most if most >= 0 else None)


class S3Store:
    """One S3 store with one set of rights; safe in threads. `sleep` is waited with between tries of a write.

    Stores that are opened together may share a `session` (it saves a tenth of a second each).
    """

    def __init__(
        self, settings: S3Settings, session: Session | None = None, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.settings = settings
        self._sleep = sleep
        session = session or open_session()
        self._client = open_client(settings, session)
        self._writer = open_client(settings, session, attempts=1)  # also opens reads, see _open

    @property
    def name(self) -> str:
        """Short name of the store, from its settings."""
        return self.settings.name

    @property
    def lock_mode(self) -> LockMode:
        """The mode in which `lock` sets retention."""
        return self.settings.lock_mode

    @property
    def retain_cap(self) -> datetime:
        """The last date that is sent as retention date; it moves with the clock where a provider counts days."""
        cap = self.settings.retain_cap
        if self.settings.retain_days is None:
            return cap
        ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=self.settings.retain_days) - _CLOCKS_APART
        return min(cap, ahead)

    @property
    def retain_days(self) -> int | None:
        """How many days ahead the provider takes a retention."""
        return self.settings.retain_days

    def _translated(self, what: str) -> AbstractContextManager[None]:
        return translated(self.name, what, self.settings.data_folder)

    # --- writing -----------------------------------------------------------------------------------------------

    def put(self, key: str, source: Path | bytes, digests: Digests, *, if_absent: bool = True) -> str:
        """Writes once and compares before any repeat (s3.md §7.13); more than `multipart_over` bytes go in parts."""
        check_key(key)
        # Asked first, since some servers take `If-None-Match` and ignore it: then a repeat would make a second version.
        if if_absent and (found := self._present(key, digests)):
            return found
        # A damaged copy that is put there anew has the size and the checksum of what is written, and is not that.
        before = "" if if_absent else self._newest(key)
        for attempt in range(1, _TRIES + 1):
            try:
                return self._write(key, source, digests, if_absent=if_absent)
            except (Unavailable, Taken) as error:
                # It may have arrived all the same: compare before another try makes a second, also locked, version.
                if (found := self._present(key, digests, must_match=if_absent)) and found != before:
                    return found
                if attempt == _TRIES or isinstance(error, Full):  # room does not come back within a second
                    if isinstance(error, Unavailable):
                        raise
                    raise Unavailable(f"Speicher „{self.name}“: {key} wird von anderer Seite beschrieben.") from error
                self._sleep(0.2 * 4 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _present(self, key: str, digests: Digests, *, must_match: bool = True) -> str | None:
        """Version id of the current object when it bears our size and checksum; None when there is none."""
        found = self.head(key)
        if found is None:
            return None
        if (found.size, found.sha256) == (digests.size, digests.sha256):
            return self._version(key, found.version_id)
        if must_match:
            raise FixityError(f"Speicher „{self.name}“: Unter {key} liegen schon andere Bytes.")
        return None

    def _newest(self, key: str) -> str:
        """Version id of what lies at a key now; "" when there is nothing, or no versions are kept there."""
        found = self.head(key) if self.settings.bucket_of(key) == self.settings.bucket else None
        return "" if found is None else found.version_id

    def _write(self, key: str, source: Path | bytes, digests: Digests, *, if_absent: bool) -> str:
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if if_absent and self.settings.conditional_puts else {}
        with opened(source, key) as stream, self._translated(f"{key} schreiben"):
            if digests.size > self.settings.multipart_over:
                return self._write_parts(key, stream, digests, condition)
            data = exactly(stream, digests.size + 1, key)
            if len(data) != digests.size or hashlib.sha256(data).hexdigest() != digests.sha256:
                raise FixityError(f"Die Quelle für {key} hat sich seit der ersten Prüfsumme geändert.")
            answer = self._writer.put_object(
                Bucket=self.settings.bucket_of(key),
                Key=key,
                Body=data,
                ContentMD5=md5(data),
                ChecksumSHA256=header(bytes.fromhex(digests.sha256)),
                Metadata={"sha256": digests.sha256},
                ContentType=content_type(key),
                **condition,
            )
        return self._version(key, answer.get("VersionId"))

    def _write_parts(self, key: str, stream: BinaryIO, digests: Digests, condition: dict[str, Any]) -> str:
        where: dict[str, Any] = {"Bucket": self.settings.bucket_of(key), "Key": key}
        upload = self._writer.create_multipart_upload(
            **where, ChecksumAlgorithm="SHA256", Metadata={"sha256": digests.sha256}, ContentType=content_type(key)
        )["UploadId"]
        try:
            with self._translated(f"{key} in Teilen schreiben"):
                parts = self._send_parts(where, upload, stream, digests)
                answer = self._writer.complete_multipart_upload(
                    **where, UploadId=upload, MultipartUpload={"Parts": parts}, **condition
                )
        except Absent as error:  # somebody cleared it away, a rule of the bucket perhaps; or it was completed before
            raise Unavailable(f"Speicher „{self.name}“: Der Upload von {key} in Teilen wurde abgebrochen.") from error
        except BaseException:
            # What cannot be aborted now is named by the reconciler; the first error is the one to report.
            with suppress(ArchivError), self._translated(f"{key} abbrechen"):
                self._client.abort_multipart_upload(**where, UploadId=upload)
            raise
        return self._version(key, answer.get("VersionId"))

    def _send_parts(
        self, where: dict[str, Any], upload: str, stream: BinaryIO, digests: Digests
    ) -> list[CompletedPartTypeDef]:
        size = max(self.settings.part_size, -(-digests.size // _MOST_PARTS))
        whole, sent = hashlib.sha256(), 0
        parts: list[CompletedPartTypeDef] = []
        while data := exactly(stream, size, str(where["Key"])):
            whole.update(data)
            sent += len(data)
            if sent > digests.size:
                break
            number = len(parts) + 1
            checksum = header(hashlib.sha256(data).digest())
            answer = self._client.upload_part(  # a repeated part replaces itself: boto3 may retry it
                **where,
                UploadId=upload,
                PartNumber=number,
                Body=data,
                ContentMD5=md5(data),
                ChecksumSHA256=checksum,
            )
            parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
        if sent != digests.size or whole.hexdigest() != digests.sha256:
            raise FixityError(f"Die Quelle für {where['Key']} hat sich seit der ersten Prüfsumme geändert.")
        return parts

    def _version(self, key: str, version_id: str | None) -> str:
        if version_id and version_id != _UNVERSIONED:
            return version_id
        if self.settings.bucket_of(key) == self.settings.bucket:
            raise Misconfigured(f"Speicher „{self.name}“: Der Bucket „{self.settings.bucket}“ führt keine Versionen.")
        return _UNVERSIONED

    # --- reading -----------------------------------------------------------------------------------------------

    @contextmanager
    def get(self, key: str, version_id: str | None) -> Iterator[ByteStream]:
        """Opens one version; the connection is closed at the end of the block."""
        body, size = self._open(key, version_id)
        try:
            yield _Stream(body, size, self.name, key)
        finally:
            body.close()

    def _open(self, key: str, version_id: str | None, **more: str) -> tuple[StreamingBody, int]:
        """One try, and another when the connection broke; an error that the server answers stays one.

        A server that cannot read a damaged object thinks 13 s before it says 500: four tries would be a minute.
        """
        for last in (False, True):
            try:
                with self._translated(f"{key} lesen"):
                    answer = self._writer.get_object(**self._where(key, version_id), **more)  # type: ignore[arg-type]
                    return answer["Body"], answer["ContentLength"]
            except Unavailable as error:
                if last or isinstance(error.__cause__, ClientError):
                    raise
        raise AssertionError("unreachable")

    def get_range(self, key: str, version_id: str, offset: int, size: int) -> bytes:
        """Reads by `Range`; checks the length that came back."""
        if size == 0:
            return b""
        body, length = self._open(key, version_id, Range=f"bytes={offset}-{offset + size - 1}")
        with closing(body), self._translated(f"{key} lesen"):
            if length > size:  # the whole object, which may be many gigabytes, or a page in its place
                raise Unavailable(f"Speicher „{self.name}“: {key} kam nicht in dem Bereich, der verlangt war.")
            data = body.read()
        if len(data) != size:
            raise FixityError(f"Speicher „{self.name}“: {key} ist kürzer als verzeichnet.")
        return data

    def head(self, key: str, version_id: str | None = None) -> ObjectInfo | None:
        """Asks HEAD; a delete marker counts as absent."""
        try:
            with self._translated(f"{key} nachsehen"):
                answer = self._client.head_object(**self._where(key, version_id))
                return ObjectInfo(
                    key=key,
                    version_id=answer.get("VersionId") or _UNVERSIONED,
                    size=answer["ContentLength"],
                    sha256=answer["Metadata"].get("sha256"),
                    modified=answer["LastModified"],
                )
        except Absent:
            return None

    def _where(self, key: str, version_id: str | None) -> dict[str, Any]:
        where = {"Bucket": self.settings.bucket_of(key), "Key": key}
        return where if version_id in (None, _UNVERSIONED) else {**where, "VersionId": version_id}

    # --- locks -------------------------------------------------------------------------------------------------

    def lock(self, key: str, version_id: str, lock: Lock) -> None:
        """Sets retention, then the hold when wanted; a hold is never lifted here."""
        where = self._where(key, version_id)
        if lock.retain_until is not None:
            until = storable(lock.retain_until, self.retain_cap)
            with dated(self.name, key, until), self._translated(f"{key} sperren"):
                self._client.put_object_retention(
                    **where, Retention={"Mode": self.lock_mode.value, "RetainUntilDate": until}
                )
        if lock.legal_hold:  # never switched off here: a repeated ingest must not lift what an archivist has set
            with self._translated(f"{key} anhalten"):
                self._client.put_object_legal_hold(**where, LegalHold={"Status": "ON"})

    def release_hold(self, key: str, version_id: str) -> None:
        """Lifts the legal hold of one version; the retention date stays."""
        with self._translated(f"{key} freigeben"):
            self._client.put_object_legal_hold(**self._where(key, version_id), LegalHold={"Status": "OFF"})

    def shorten(self, key: str, version_id: str, until: datetime) -> None:
        """Asks with `BypassGovernanceRetention`, which only the deletion identity may."""
        retention: Any = {"Mode": LockMode.GOVERNANCE.value, "RetainUntilDate": storable(until, self.retain_cap)}
        with self._translated(f"Sperre von {key} kürzen"):
            self._client.put_object_retention(
                **self._where(key, version_id), Retention=retention, BypassGovernanceRetention=True
            )

    def read_lock(self, key: str, version_id: str) -> LockState:
        """Asks for retention and hold by their own calls: HEAD leaves them out where a right is missing."""
        where = self._where(key, version_id)
        until, mode, hold = None, None, False
        with suppress(Unset), self._translated(f"Sperre von {key} lesen"):
            retention = self._client.get_object_retention(**where).get("Retention", {})
            until = retention.get("RetainUntilDate")
            mode = next((each for each in LockMode if each.value == retention.get("Mode")), None)
        with suppress(Unset), self._translated(f"Sperre von {key} lesen"):
            hold = self._client.get_object_legal_hold(**where).get("LegalHold", {}).get("Status") == "ON"
        return LockState(until, hold, mode)

    # --- listings and cleaning up --------------------------------------------------------------------------------

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Lists versions page by page; delete markers follow the versions of their page."""
        pages = self._client.get_paginator("list_object_versions")
        with self._translated("Versionen auflisten"):
            for page in pages.paginate(Bucket=self.settings.bucket_of(prefix), Prefix=prefix):
                for each in page.get("Versions", []):
                    yield ObjectVersion(
                        each["Key"], each["VersionId"], each["Size"], each["LastModified"], each["IsLatest"]
                    )
                for marker in page.get("DeleteMarkers", []):
                    yield ObjectVersion(
                        marker["Key"],
                        marker["VersionId"],
                        0,
                        marker["LastModified"],
                        marker["IsLatest"],
                        delete_marker=True,
                    )

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Lists current objects page by page."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated("Objekte auflisten"):
            for page in pages.paginate(Bucket=self.settings.bucket_of(prefix), Prefix=prefix):
                for each in page.get("Contents", []):
                    yield ObjectInfo(each["Key"], "", each["Size"], None, each["LastModified"])

    def delete_version(self, key: str, version_id: str, *, bypass_governance: bool = False) -> None:
        """Deletes one version; governance gives way only to `bypass_governance` with the deletion identity."""
        bypass: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass_governance else {}
        with suppress(Absent), self._translated(f"{key} löschen"):
            self._client.delete_object(**self._where(key, version_id), **bypass)

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        """Lists open multipart uploads page by page."""
        pages = self._client.get_paginator("list_multipart_uploads")
        with self._translated("Offene Uploads auflisten"):
            for page in pages.paginate(Bucket=self.settings.bucket_of(prefix), Prefix=prefix):
                for each in page.get("Uploads", []):
                    yield OpenUpload(each["Key"], each["UploadId"], each["Initiated"])

    def sync(self) -> None:
        """Calls syncfs for the embedded server; any other store answers for its own disks."""
        if self.settings.data_folder is not None:
            sync_filesystem(self.settings.data_folder)

    def ping(self) -> None:
        """Lists one key of the archive bucket: address, bucket and keys are right when that works."""
        with self._translated("Anfrage an das Archiv"):
            self._client.list_objects_v2(Bucket=self.settings.bucket, Prefix="aip/", MaxKeys=1)

    def close(self) -> None:
        """Closes the kept connections."""
        self._client.close()
        self._writer.close()


def open_stores(settings: Iterable[S3Settings]) -> tuple[S3Store, ...]:
    """Stores that are opened together, of one session."""
    session = open_session()
    return tuple(S3Store(each, session) for each in settings)
