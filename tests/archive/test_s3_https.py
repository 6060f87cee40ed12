"""An endpoint with https and a certificate authority of the data centre: packages, both checksum modes, wrong CA."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest

from akten.errors import ArchivError, Misconfigured
from akten.findings import Verdict
from akten.package import Lock, PackageId
from archive.embedded import EmbeddedServer
from archive.fixity import check_package
from archive.identities import Role
from archive.package import store_package
from archive.s3 import S3Store
from archive.s3settings import S3Settings
from tests.packages import EXTRA, a_bag, an_exact
from tests.tlsproxy import certificates, tls_front

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def outside(s3_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Settings]:
    """The embedded server as an external one: https, a CA of its own, no data folder that we could see."""
    authority, certificate = certificates(tmp_path_factory.mktemp("tls"))
    port = urlsplit(s3_server.endpoint).port
    assert port is not None
    with tls_front(port, certificate) as address:
        inside = s3_server.settings(Role.INGEST)
        yield replace(inside, name="rz", endpoint=address, ca_bundle=authority, data_folder=None)


@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_a_package_is_stored_locked_and_checked_over_https(
    outside: S3Settings, tmp_path: Path, checksums: Literal["when_supported", "when_required"]
) -> None:
    id_ = PackageId(uuid.uuid4(), 1)
    until = Lock(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=60))
    # Small parts, so that the upload in parts goes through as well.
    store = S3Store(replace(outside, checksums=checksums, multipart_over=20_000, part_size=5 << 20))
    try:
        package = store_package(a_bag(id_), id_, [store], until, lambda: datetime.now(UTC), tmp_path, EXTRA)
        report = check_package(package, {"rz": store}, wanted=an_exact(until, datetime.now(UTC)))
        assert [copy.verdict for copy in report.copies] == [Verdict.OK], report
    finally:
        store.close()


def test_without_the_authority_of_the_data_centre_the_store_is_refused_with_a_word_about_it(
    outside: S3Settings,
) -> None:
    store = S3Store(replace(outside, ca_bundle=None))
    try:
        with pytest.raises(ArchivError) as refused:
            store.ping()
        assert isinstance(refused.value, Misconfigured)
        assert "Zertifikat" in refused.value.text
        assert "ca_bundle" in refused.value.text
    finally:
        store.close()
