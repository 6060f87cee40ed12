"""A package is archived when every store has read it back; killed anywhere and repeated, all is there once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Never

import pytest

from akten.errors import FixityError, Forbidden, Misconfigured, Rejected, Unavailable
from akten.files import digest_bytes
from akten.package import Lock, PackageId, StoredPackage
from archive import placing
from archive.bag import Bag
from archive.package import find_commit, read_member, read_package, store_package
from archive.s3 import S3Store
from archive.store import STAGING, LockMode, LockState, ObjectStore
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, NOON, Countdown, DyingStore, KilledHere, a_bag, an_id

UNTIL = NOON + timedelta(days=365)


def memory_pair() -> tuple[MemoryStore, MemoryStore]:
    return MemoryStore("a", clock=lambda: NOON), MemoryStore("b", clock=lambda: NOON)


def store(
    bag: Bag,
    id: PackageId,  # noqa: A002
    stores: Sequence[ObjectStore],
    work: Path,
    *,
    lock: Lock | None = None,
    now: Callable[[], datetime] = lambda: NOON,
) -> StoredPackage:
    return store_package(bag, id, stores, lock or Lock(UNTIL), now, work, EXTRA)


def everything(stores: Sequence[MemoryStore]) -> list[tuple[str, str, str, LockState]]:
    """Name, key, checksum and lock of every version in every store."""
    return [
        (each.name, key, digest_bytes(entry.data).sha256, entry.state)
        for each in stores
        for key in sorted(each.keys)
        for entry in each.keys[key]
    ]


def test_a_package_lies_locked_and_committed_in_every_store(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    package = store(a_bag(id_), id_, stores, tmp_path)
    assert [copy.store for copy in package.copies] == ["a", "b"]
    for each, copy in zip(stores, package.copies, strict=True):
        assert sorted(each.keys) == [id_.bag_key, id_.commit_key]
        wanted = LockState(UNTIL, legal_hold=False, mode=LockMode.GOVERNANCE)
        assert each.read_lock(id_.bag_key, copy.bag_version_id) == wanted
        assert each.read_lock(id_.commit_key, copy.commit_version_id) == wanted
        assert copy.lock == Lock(UNTIL)
        assert each.synced >= 2
    assert list(tmp_path.iterdir()) == []


def test_the_commit_is_byte_same_in_all_stores_and_names_all_it_fixes(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    package = store(a_bag(id_), id_, stores, tmp_path)
    first, second = (find_commit(each, id_) for each in stores)
    assert first is not None
    assert second is not None
    assert first.data == second.data
    assert package.commit_sha256 == first.sha256
    assert dict(first.commit.copies) == {copy.store: copy.bag_version_id for copy in package.copies}
    document = json.loads(first.data)
    assert document["bag"]["sha256"] == package.copies[0].digests.sha256
    assert document["tag_manifests"]["tagmanifest-sha512.txt"] == package.tag_manifest_sha512
    assert (document["extra"], document["time"], document["previous"]) == (EXTRA, "2026-11-24T12:00:00Z", None)


def test_repeating_changes_nothing_and_gives_the_same(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    first = store(a_bag(id_), id_, stores, tmp_path)
    before = everything(stores)
    later = NOON + timedelta(hours=5)
    second = store(a_bag(id_), id_, stores, tmp_path, now=lambda: later)
    assert everything(stores) == before
    assert replace(second, copies=first.copies) == first
    assert [replace(copy, verified_at=NOON) for copy in second.copies] == list(first.copies)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_call_and_repeated_all_is_there_once(tmp_path: Path, before: bool) -> None:
    id_ = an_id()
    clean = memory_pair()
    store(a_bag(id_), id_, clean, tmp_path)
    wanted = everything(clean)
    calls = 0
    while True:
        stores = memory_pair()
        countdown = Countdown(calls)
        dying = [DyingStore(each, countdown, before=before) for each in stores]
        try:
            store(a_bag(id_), id_, dying, tmp_path)  # type: ignore[arg-type]  # answers like its inner store
        except KilledHere:
            # Nobody may take a half-stored package for archived: a commit implies its tar, locked, in every store.
            for each in stores:
                if (found := find_commit(each, id_)) is not None:
                    for other in stores:
                        version = found.commit.copies[other.name]
                        info = other.head(id_.bag_key, version)
                        assert info is not None
                        assert info.sha256 == found.commit.bag.sha256
                        assert other.read_lock(id_.bag_key, version).retain_until == UNTIL
        else:
            break
        later = NOON + timedelta(seconds=calls)
        package = store(a_bag(id_), id_, stores, tmp_path, now=lambda later=later: later)  # type: ignore[misc]
        assert [(name, key, state) for name, key, _, state in everything(stores)] == [
            (name, key, state) for name, key, _, state in wanted
        ]
        datas = {each.keys[id_.commit_key][0].data for each in stores}
        assert {digest_bytes(data).sha256 for data in datas} == {package.commit_sha256}
        calls += 1
    assert calls > 30


def test_a_committed_version_is_never_replaced_by_other_bytes(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    store(a_bag(id_), id_, stores, tmp_path)
    before = everything(stores)
    with pytest.raises(FixityError):
        store(a_bag(id_, b"eine andere Seite"), id_, stores, tmp_path)
    assert everything(stores) == before
    assert list(tmp_path.iterdir()) == []


def test_other_bytes_that_were_never_committed_are_superseded(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    stores[0].put(id_.bag_key, b"halb", digest_bytes(b"halb"))
    package = store(a_bag(id_), id_, stores, tmp_path)
    assert stores[0].keys[id_.bag_key][0].version_id == package.copies[0].bag_version_id


@pytest.mark.parametrize("gives", [b"# andere Bytes", None])
def test_what_an_earlier_try_left_damaged_is_superseded_and_does_not_stop_the_package_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives: bytes | None
) -> None:
    """A disk that lost a block, or a write that was cut: the store says it has the tar, and gives something else."""
    monkeypatch.setattr(placing, "_PATIENCE", 0.05)
    stores, id_ = memory_pair(), an_id()
    with pytest.raises(KilledHere):
        store(a_bag(id_), id_, [stores[0], DyingStore(stores[1], Countdown(7), before=False)], tmp_path)  # type: ignore[list-item]
    (left,) = stores[0].keys[id_.bag_key]
    damaged = replace(left, data=left.data if gives is None else gives.ljust(len(left.data)))
    stores[0].keys[id_.bag_key] = [damaged]
    if gives is None:
        monkeypatch.setattr(stores[0], "get", _refusing(stores[0].get, left.version_id))
        monkeypatch.setattr(stores[0], "get_range", _refusing(stores[0].get_range, left.version_id))
    package = store(a_bag(id_), id_, stores, tmp_path)
    assert package.copies[0].bag_version_id != left.version_id
    assert store(a_bag(id_), id_, stores, tmp_path).copies == package.copies


def _refusing(verb: Callable[..., Any], version: str) -> Callable[..., Any]:
    """The store answers everything but the bytes of one version."""

    def called(key: str, version_id: str | None, *more: Any) -> Any:
        if version_id == version:
            raise Unavailable("500")
        return verb(key, version_id, *more)

    return called


def test_commits_that_disagree_are_an_alarm(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    store(a_bag(id_), id_, stores, tmp_path)
    data = stores[1].keys[id_.commit_key][0].data
    stores[1].spoil(id_.commit_key, data.replace(b"2026-11-24", b"2026-11-25"))
    with pytest.raises(FixityError):
        store(a_bag(id_), id_, stores, tmp_path)


def test_a_damaged_copy_is_never_called_archived(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    store(a_bag(id_), id_, stores, tmp_path)
    data = bytearray(stores[1].keys[id_.bag_key][0].data)
    data[700] ^= 1
    stores[1].spoil(id_.bag_key, bytes(data))
    with pytest.raises(FixityError):
        store(a_bag(id_), id_, stores, tmp_path)


class _Lying(MemoryStore):
    """Keeps other bytes than it was given, or forgets what it should keep."""

    forgets_locks = False
    swaps = b""

    def put(self, key: str, source: Path | bytes, digests: Any, *, if_absent: bool = True) -> str:
        version = super().put(key, source, digests, if_absent=if_absent)
        if self.swaps and key.endswith(self.swaps.decode()):
            self.keys[key][0].data = b"#" + self.keys[key][0].data[1:]
        return version

    def lock(self, key: str, version_id: str, lock: Lock) -> None:
        if not self.forgets_locks:
            super().lock(key, version_id, lock)


@pytest.mark.parametrize("key", [b"bag.tar", b"commit.json"])
def test_bytes_that_come_back_changed_are_an_alarm(tmp_path: Path, key: bytes) -> None:
    liar = _Lying("b", clock=lambda: NOON)
    liar.swaps = key
    with pytest.raises(FixityError):
        store(a_bag(an_id()), an_id(), (memory_pair()[0], liar), tmp_path)
    # What will be locked for decades is not the first that is read back: the tar in staging is.
    assert (an_id().bag_key in liar.keys) == (key == b"commit.json")


def test_a_store_that_forgets_locks_is_refused(tmp_path: Path) -> None:
    liar = _Lying("b", clock=lambda: NOON)
    liar.forgets_locks = True
    with pytest.raises(Misconfigured):
        store(a_bag(an_id()), an_id(), (memory_pair()[0], liar), tmp_path)
    assert find_commit(liar, an_id()) is None


def test_a_period_that_is_over_sets_no_retention_but_a_hold_holds(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    package = store(a_bag(id_), id_, stores, tmp_path, lock=Lock(NOON - timedelta(days=1), legal_hold=True))
    assert {copy.lock for copy in package.copies} == {Lock(None, legal_hold=True)}


@pytest.mark.parametrize("left", [10, 400])
def test_a_repeated_ingest_sets_a_hold_on_what_is_locked_longer_already(tmp_path: Path, left: int) -> None:
    """The first try was cut off; meanwhile the period became shorter and somebody set a hold."""
    stores, id_ = memory_pair(), an_id()
    store(a_bag(id_), id_, stores, tmp_path)
    until = NOON + timedelta(days=left)
    held = store(a_bag(id_), id_, stores, tmp_path, lock=Lock(until, legal_hold=True))
    wanted = Lock(max(until, UNTIL), legal_hold=True)
    assert [copy.lock for copy in held.copies] == [wanted, wanted]


def test_version_two_names_the_commit_of_version_one(tmp_path: Path) -> None:
    stores = memory_pair()
    first = store(a_bag(an_id()), an_id(), stores, tmp_path)
    second_id = an_id(2)
    bag = a_bag(second_id, b"Seite 1 neu", supersedes=first.tag_manifest_sha512)
    store(bag, second_id, stores, tmp_path)
    found = find_commit(stores[0], second_id)
    assert found is not None
    assert found.commit.previous == first.commit_sha256
    still = find_commit(stores[0], an_id())
    assert still is not None
    assert still.sha256 == first.commit_sha256


def test_version_two_without_version_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixityError):
        store(a_bag(an_id(2), supersedes="0" * 128), an_id(2), memory_pair(), tmp_path)


def test_a_number_that_was_given_up_before_it_was_committed_blocks_no_later_version(tmp_path: Path) -> None:
    """Packed, perhaps half stored, then its files were lost and the delivery was returned: 2 of 3 and 1 of 1."""
    stores, id_ = memory_pair(), an_id
    stores[0].put(id_(1).bag_key, b"halb", digest_bytes(b"halb"))
    second = store(a_bag(id_(2)), id_(2), stores, tmp_path)
    fourth = store(a_bag(id_(4), supersedes=second.tag_manifest_sha512), id_(4), stores, tmp_path)
    chain = [find_commit(stores[0], package.id) for package in (second, fourth)]
    assert [found.commit.previous for found in chain if found] == [None, second.commit_sha256]


def test_a_version_follows_the_newest_committed_one_and_names_it(tmp_path: Path) -> None:
    stores = memory_pair()
    first = store(a_bag(an_id()), an_id(), stores, tmp_path)
    store(a_bag(an_id(2), supersedes=first.tag_manifest_sha512), an_id(2), stores, tmp_path)
    for wrong in ("", first.tag_manifest_sha512):
        with pytest.raises(FixityError, match="folgt nicht"):
            store(a_bag(an_id(3), supersedes=wrong), an_id(3), stores, tmp_path)


def test_stores_that_are_not_those_of_the_commit_are_refused(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    store(a_bag(id_), id_, stores, tmp_path)
    with pytest.raises(Misconfigured):
        store(a_bag(id_), id_, (*stores, MemoryStore("c")), tmp_path)
    for wrong in ((), (stores[0], stores[0])):
        with pytest.raises(Misconfigured):
            store(a_bag(id_), id_, wrong, tmp_path)


def test_a_version_follows_one_from_before_a_store_came_but_not_one_that_a_store_lost(tmp_path: Path) -> None:
    stores = (*memory_pair(), MemoryStore("c", clock=lambda: NOON))
    first = store(a_bag(an_id()), an_id(), stores[:2], tmp_path)
    bag = a_bag(an_id(version=2), b"Seite 2", supersedes=first.tag_manifest_sha512)
    kept = dict(stores[1].keys)
    stores[1].keys.clear()
    with pytest.raises(FixityError, match="nicht in allen Speichern"):
        store(bag, an_id(version=2), stores, tmp_path)
    stores[1].keys.update(kept)
    second = store(bag, an_id(version=2), stores, tmp_path)
    assert [copy.store for copy in second.copies] == ["a", "b", "c"]
    found = find_commit(stores[2], an_id(version=2))
    assert found is not None
    assert found.commit.previous == first.commit_sha256


def test_a_source_that_changed_stops_before_anything_is_stored(tmp_path: Path) -> None:
    page = tmp_path / "seite.tif"
    page.write_bytes(b"Seite 1")
    bag = a_bag(an_id(), page)
    page.write_bytes(b"Seite I")
    stores = memory_pair()
    with pytest.raises(FixityError):
        store(bag, an_id(), stores, tmp_path / "work")
    assert everything(stores) == []


def test_an_invalid_bag_is_rejected_before_anything_is_stored(tmp_path: Path) -> None:
    bag = a_bag(an_id())
    broken = replace(bag, tag_files=tuple(each for each in bag.tag_files if each[0] != "bagit.txt"))
    stores = memory_pair()
    with pytest.raises(Rejected):
        store(broken, an_id(), stores, tmp_path)
    assert everything(stores) == []


def test_a_store_that_is_away_leaves_no_commit_anywhere(tmp_path: Path) -> None:
    class Away(MemoryStore):
        def put(self, *_: Any, **__: Any) -> str:
            raise Unavailable("weg")

    stores = (memory_pair()[0], Away("b"))
    with pytest.raises(Unavailable):
        store(a_bag(an_id()), an_id(), stores, tmp_path)
    assert find_commit(stores[0], an_id()) is None


@pytest.mark.parametrize("error", [Unavailable("503"), Forbidden("403")])
def test_what_stays_in_staging_keeps_nothing_from_being_archived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> Never:
        raise error

    stores, id_ = memory_pair(), an_id()
    monkeypatch.setattr(stores[1], "delete_version", fails)
    assert len(store(a_bag(id_), id_, stores, tmp_path).copies) == 2
    assert [STAGING + id_.bag_key in each.keys for each in stores] == [False, True]


def test_on_real_servers_a_package_is_stored_read_back_and_repeated(
    tmp_path: Path, s3_stores: tuple[S3Store, S3Store]
) -> None:
    id_ = PackageId(uuid.uuid4(), 1)
    until = datetime.now(UTC) + timedelta(days=1)

    def run() -> StoredPackage:
        return store_package(a_bag(id_), id_, s3_stores, Lock(until), lambda: datetime.now(UTC), tmp_path, EXTRA)

    first = run()
    second = run()
    assert second.commit_sha256 == first.commit_sha256
    assert [each.bag_version_id for each in second.copies] == [each.bag_version_id for each in first.copies]
    for each in s3_stores:
        assert sorted(entry.key for entry in each.versions(id_.prefix)) == [id_.bag_key, id_.commit_key]
        assert list(each.versions(STAGING + id_.prefix)) == []
        with pytest.raises(Forbidden):
            each.delete_version(id_.bag_key, first.copies[0].bag_version_id, bypass_governance=True)
    found = find_commit(s3_stores[1], id_)
    assert found is not None
    assert read_member(s3_stores[1], found, "data/metadata/descriptive/xdomea.xml") == b"<xdomea/>"
    folder = read_package(id_, first.copies[1], s3_stores[1], tmp_path / "ziel")
    assert (folder / "data/representations/original/seite1.tif").read_bytes() == b"Seite 1"


@pytest.mark.parametrize("calls", [3, 9, 14, 19, 24, 29])
def test_on_real_servers_killed_and_repeated_nothing_is_doubled(
    tmp_path: Path, s3_stores: tuple[S3Store, S3Store], calls: int
) -> None:
    id_ = PackageId(uuid.uuid4(), 1)
    lock = Lock(datetime.now(UTC) + timedelta(days=1))
    countdown = Countdown(calls)
    dying = [DyingStore(each, countdown, before=False) for each in s3_stores]
    with suppress(KilledHere):
        store_package(a_bag(id_), id_, dying, lock, lambda: datetime.now(UTC), tmp_path, EXTRA)  # type: ignore[arg-type]
    package = store_package(a_bag(id_), id_, s3_stores, lock, lambda: datetime.now(UTC), tmp_path, EXTRA)
    for each, copy in zip(s3_stores, package.copies, strict=True):
        there = {entry.key: entry.version_id for entry in each.versions(id_.prefix)}
        assert there == {id_.bag_key: copy.bag_version_id, id_.commit_key: copy.commit_version_id}
