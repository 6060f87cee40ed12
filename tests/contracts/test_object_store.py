"""The contract of ObjectStore, held by the memory store of the tests and by the real S3 server alike."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from akten.errors import FixityError, Forbidden, Misconfigured
from akten.files import digest_bytes, digest_file
from akten.package import Lock
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.s3 import S3Store
from archive.store import STAGING, Absent, LockMode, LockState, ObjectStore
from tests.memory_store import MemoryStore


@dataclass(frozen=True)
class Rights:
    """One store seen with three sets of rights."""

    ingest: ObjectStore
    auditor: ObjectStore
    deletion: ObjectStore


def _memory() -> Rights:
    store = MemoryStore()
    return Rights(store, store.as_role("auditor"), store.as_role("deletion"))


def _real(server: EmbeddedServer) -> Rights:
    return Rights(*(S3Store(server.settings(role)) for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)))


@pytest.fixture(params=["memory", "s3"], scope="module")
def rights(request: pytest.FixtureRequest) -> Iterator[Rights]:
    return _memory() if request.param == "memory" else _real(request.getfixturevalue("s3_server"))


@pytest.fixture
def store(rights: Rights) -> ObjectStore:
    return rights.ingest


@pytest.fixture
def prefix() -> str:
    return f"aip/{uuid.uuid4()}/v1/"


def put(store: ObjectStore, key: str, data: bytes, *, if_absent: bool = True) -> str:
    return store.put(key, data, digest_bytes(data), if_absent=if_absent)


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def read(store: ObjectStore, key: str, version: str | None) -> bytes:
    with store.get(key, version) as stream:
        blocks = []
        while block := stream.read(7):
            blocks.append(block)
        assert sum(map(len, blocks)) == stream.size
    return b"".join(blocks)


@pytest.mark.parametrize("data", [b"", b"x", b"Akte" * 1000], ids=["empty", "small", "larger"])
def test_what_was_put_comes_back_by_its_version(store: ObjectStore, prefix: str, data: bytes) -> None:
    version = put(store, prefix + "bag.tar", data)
    assert read(store, prefix + "bag.tar", version) == data
    assert read(store, prefix + "bag.tar", None) == data


def test_a_file_is_stored_like_bytes(store: ObjectStore, prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"von der Platte")
    version = store.put(prefix + "bag.tar", path, digest_file(path))
    assert read(store, prefix + "bag.tar", version) == b"von der Platte"


def test_the_same_bytes_again_are_done_and_make_no_second_version(store: ObjectStore, prefix: str) -> None:
    first = put(store, prefix + "bag.tar", b"gleich")
    assert put(store, prefix + "bag.tar", b"gleich") == first
    assert len(list(store.versions(prefix))) == 1


def test_other_bytes_at_the_same_key_are_an_alarm(store: ObjectStore, prefix: str) -> None:
    put(store, prefix + "bag.tar", b"eins")
    with pytest.raises(FixityError):
        put(store, prefix + "bag.tar", b"zwei")
    assert len(list(store.versions(prefix))) == 1


def test_a_newer_version_on_purpose_leaves_the_older_one(store: ObjectStore, prefix: str) -> None:
    key = prefix + "bag.tar"
    first = put(store, key, b"eins")
    second = put(store, key, b"zwei", if_absent=False)
    assert (read(store, key, first), read(store, key, second), read(store, key, None)) == (b"eins", b"zwei", b"zwei")
    assert [(each.version_id, each.is_latest) for each in store.versions(prefix)] == [(second, True), (first, False)]


def test_a_source_that_is_not_what_its_checksum_says_is_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(FixityError):
        store.put(prefix + "bag.tar", b"abc", digest_bytes(b"abd"))
    with pytest.raises(FixityError):
        store.put(prefix + "bag.tar", b"abcd", digest_bytes(b"abc"))
    assert store.head(prefix + "bag.tar") is None


def test_absence_is_a_value_of_head_and_an_error_of_get(store: ObjectStore, prefix: str) -> None:
    version = put(store, prefix + "bag.tar", b"da")
    assert store.head(prefix + "commit.json") is None
    assert store.head(prefix + "commit.json", version) is None
    assert list(store.versions(prefix + "nichts/")) == []
    with pytest.raises(Absent), store.get(prefix + "commit.json", None):
        pass
    with pytest.raises(Absent):
        store.get_range(prefix + "commit.json", version, 0, 1)


def test_head_tells_size_checksum_and_version(store: ObjectStore, prefix: str) -> None:
    version = put(store, prefix + "bag.tar", b"12345")
    info = store.head(prefix + "bag.tar", version)
    assert info is not None
    assert (info.size, info.sha256, info.version_id) == (5, digest_bytes(b"12345").sha256, version)


def test_a_range_is_exactly_that_range(store: ObjectStore, prefix: str) -> None:
    version = put(store, prefix + "bag.tar", bytes(range(100)))
    assert store.get_range(prefix + "bag.tar", version, 10, 5) == bytes(range(10, 15))
    assert store.get_range(prefix + "bag.tar", version, 10, 0) == b""
    with pytest.raises(FixityError):
        store.get_range(prefix + "bag.tar", version, 98, 5)


def test_a_lock_comes_back_in_whole_seconds_rounded_up(store: ObjectStore, prefix: str) -> None:
    version = put(store, prefix + "bag.tar", b"x")
    assert store.read_lock(prefix + "bag.tar", version) == LockState()
    wanted = soon(60).replace(microsecond=1)
    store.lock(prefix + "bag.tar", version, Lock(wanted))
    state = store.read_lock(prefix + "bag.tar", version)
    assert state.retain_until == wanted.replace(microsecond=0) + timedelta(seconds=1)
    assert (state.mode, state.legal_hold) == (LockMode.GOVERNANCE, False)


def test_a_date_beyond_the_last_safe_one_is_capped(store: ObjectStore, prefix: str) -> None:
    version = put(store, prefix + "bag.tar", b"x")
    store.lock(prefix + "bag.tar", version, Lock(datetime(2180, 1, 1, tzinfo=UTC)))
    assert store.read_lock(prefix + "bag.tar", version).retain_until == store.retain_cap


def test_a_lock_is_extended_but_never_shortened(store: ObjectStore, prefix: str) -> None:
    key = prefix + "bag.tar"
    version = put(store, key, b"x")
    store.lock(key, version, Lock(soon(600)))
    store.lock(key, version, Lock(soon(1200)))
    with pytest.raises(Forbidden):
        store.lock(key, version, Lock(soon(60)))
    until = store.read_lock(key, version).retain_until
    assert until is not None
    assert until > soon(1100)


def test_a_hold_is_set_and_a_later_lock_does_not_lift_it(store: ObjectStore, prefix: str) -> None:
    version = put(store, prefix + "bag.tar", b"x")
    store.lock(prefix + "bag.tar", version, Lock(None, legal_hold=True))
    store.lock(prefix + "bag.tar", version, Lock(soon(60)))
    state = store.read_lock(prefix + "bag.tar", version)
    assert state.legal_hold
    assert state.retain_until is not None


def test_only_the_deletion_identity_deletes_and_only_when_governance_gives_way(rights: Rights, prefix: str) -> None:
    key = prefix + "bag.tar"
    version = put(rights.ingest, key, b"x")
    for who in (rights.ingest, rights.auditor):
        with pytest.raises(Forbidden):
            who.delete_version(key, version)
    rights.ingest.lock(key, version, Lock(soon(600)))
    for who in (rights.ingest, rights.auditor):
        with pytest.raises(Forbidden):
            who.delete_version(key, version, bypass_governance=True)
    with pytest.raises(Forbidden):
        rights.deletion.delete_version(key, version)
    assert read(rights.auditor, key, version) == b"x"
    rights.deletion.delete_version(key, version, bypass_governance=True)
    assert list(rights.ingest.versions(prefix)) == []
    rights.deletion.delete_version(key, version)


def test_a_hold_beats_the_deletion_identity(rights: Rights, prefix: str) -> None:
    version = put(rights.ingest, prefix + "bag.tar", b"x")
    rights.ingest.lock(prefix + "bag.tar", version, Lock(None, legal_hold=True))
    with pytest.raises(Forbidden):
        rights.deletion.delete_version(prefix + "bag.tar", version, bypass_governance=True)


def test_a_hold_is_lifted_and_the_retention_stays(rights: Rights, prefix: str) -> None:
    key = prefix + "commit.json"
    version = put(rights.ingest, key, b"x")
    rights.ingest.lock(key, version, Lock(soon(600), legal_hold=True))
    before = rights.ingest.read_lock(key, version)
    with pytest.raises(Forbidden):
        rights.auditor.release_hold(key, version)
    assert rights.ingest.read_lock(key, version) == before
    rights.deletion.release_hold(key, version)
    assert rights.auditor.read_lock(key, version) == replace(before, legal_hold=False)
    rights.deletion.release_hold(key, version)


def test_only_the_deletion_identity_shortens_a_lock(rights: Rights, prefix: str) -> None:
    key = prefix + "bag.tar"
    version = put(rights.ingest, key, b"x")
    rights.ingest.lock(key, version, Lock(soon(6000)))
    before = rights.ingest.read_lock(key, version)
    target = soon(600).replace(microsecond=0)
    for who in (rights.ingest, rights.auditor):
        with pytest.raises(Forbidden):
            who.shorten(key, version, target)
    with pytest.raises(Forbidden):
        rights.deletion.lock(key, version, Lock(target))
    assert rights.auditor.read_lock(key, version) == before
    rights.deletion.shorten(key, version, target)
    assert rights.auditor.read_lock(key, version) == replace(before, retain_until=target)
    with pytest.raises(Forbidden):
        rights.ingest.lock(key, version, Lock(soon(60)))


def test_a_lock_is_not_shortened_into_the_past(rights: Rights, prefix: str) -> None:
    version = put(rights.ingest, prefix + "bag.tar", b"x")
    rights.ingest.lock(prefix + "bag.tar", version, Lock(soon(600)))
    before = rights.ingest.read_lock(prefix + "bag.tar", version)
    with pytest.raises(Misconfigured):
        rights.deletion.shorten(prefix + "bag.tar", version, soon(-60))
    assert rights.ingest.read_lock(prefix + "bag.tar", version) == before


def test_a_lock_that_is_over_holds_nothing(rights: Rights, prefix: str) -> None:
    version = put(rights.ingest, prefix + "bag.tar", b"x")
    rights.ingest.lock(prefix + "bag.tar", version, Lock(soon(0.2)))
    time.sleep(1.5)
    rights.deletion.delete_version(prefix + "bag.tar", version)
    assert rights.ingest.head(prefix + "bag.tar", version) is None


def test_an_auditor_reads_and_cannot_write(rights: Rights, prefix: str) -> None:
    version = put(rights.ingest, prefix + "bag.tar", b"x")
    assert read(rights.auditor, prefix + "bag.tar", version) == b"x"
    assert rights.auditor.read_lock(prefix + "bag.tar", version) == LockState()
    with pytest.raises(Forbidden):
        put(rights.auditor, prefix + "bag.tar", b"y", if_absent=False)
    with pytest.raises(Forbidden):
        rights.auditor.lock(prefix + "bag.tar", version, Lock(soon(60)))


def test_staging_is_overwritten_and_emptied_by_ingest(store: ObjectStore, prefix: str) -> None:
    key = STAGING + prefix + "bag.tar"
    put(store, key, b"eins", if_absent=False)
    version = put(store, key, b"zwei", if_absent=False)
    assert read(store, key, version) == b"zwei"
    (only,) = store.versions(key)
    store.delete_version(key, only.version_id)
    assert store.head(key) is None
    assert list(store.versions(key)) == []


def test_listings_name_what_is_below_the_prefix_and_nothing_else(store: ObjectStore, prefix: str) -> None:
    other = prefix.replace("/v1/", "/v10/")
    for key in (prefix + "bag.tar", prefix + "commit.json", other + "bag.tar"):
        put(store, key, b"x")
    assert {each.key for each in store.list(prefix)} == {prefix + "bag.tar", prefix + "commit.json"}
    assert {each.key for each in store.versions(prefix)} == {prefix + "bag.tar", prefix + "commit.json"}


@pytest.mark.parametrize("key", ["a//b", "a/", "/a", "./a", "a/../b", "ä", "a b", "a\\b", "", "x" * 201])
def test_keys_that_some_server_would_change_are_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(Misconfigured):
        put(store, key, b"x")


def test_sync_and_ping_return(store: ObjectStore) -> None:
    store.sync()
    store.ping()
