"""A damaged copy is put there anew from a whole one; what was damaged stays, and every judge takes the new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from akten.errors import FixityError, Misconfigured, Unavailable
from akten.files import Digests, digest_bytes
from akten.findings import Verdict
from akten.package import Lock, StoredCopy, StoredPackage
from archive.embedded import EmbeddedServer
from archive.fixity import check_package
from archive.identities import Role
from archive.locks import objects_of
from archive.package import find_commit, read_member
from archive.reconcile import Slice, reconcile
from archive.recovery import committed_everywhere
from archive.restore import restore_copy, wants_restoring
from archive.s3 import S3Store
from archive.store import STAGING, ObjectStore
from tests.archive.test_package import UNTIL, memory_pair, store
from tests.listings import take_listing
from tests.memory_store import MemoryStore
from tests.packages import NOON, Countdown, DyingStore, KilledHere, a_bag, an_exact, an_id

PAGE = "data/representations/original/seite1.tif"
LATER = NOON + timedelta(days=3)


def restored(
    package: StoredPackage, stores: tuple[ObjectStore, ...], work: Path, damaged: str = "b"
) -> tuple[StoredPackage, StoredCopy]:
    by_name = {each.name: each for each in stores}
    copy = restore_copy(package, damaged, by_name, Lock(UNTIL), lambda: LATER, work)
    copies = tuple(copy if each.store == damaged else each for each in package.copies)
    return replace(package, copies=copies), copy


def verdicts(package: StoredPackage, stores: tuple[ObjectStore, ...]) -> list[Verdict]:
    by_name = {each.name: each for each in stores}
    report = check_package(package, by_name, wanted=an_exact(Lock(UNTIL)))
    return [copy.verdict for copy in report.copies]


def spoil_tar(one: MemoryStore) -> None:
    data = bytearray(one.keys[an_id().bag_key][0].data)
    data[len(data) // 2] ^= 1
    one.spoil(an_id().bag_key, bytes(data))


def spoil_commit(one: MemoryStore) -> None:
    one.spoil(an_id().commit_key, one.keys[an_id().commit_key][0].data[:-9])


def lose_all(one: MemoryStore) -> None:
    one.keys.clear()


def shorten_tar(one: MemoryStore) -> None:
    one.spoil(an_id().bag_key, one.keys[an_id().bag_key][0].data[:-512])


DAMAGES = [spoil_tar, spoil_commit, lose_all, shorten_tar]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_whole_again_locked_and_found_without_a_catalog(damage: object, tmp_path: Path) -> None:
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    damage(stores[1])  # type: ignore[operator]
    report = check_package(package, {each.name: each for each in stores}, wanted=None)
    assert [wants_restoring(copy) for copy in report.copies] == [False, True]
    before = {key: [entry.version_id for entry in found] for key, found in stores[1].keys.items()}
    whole, copy = restored(package, stores, tmp_path)
    assert verdicts(whole, stores) == [Verdict.OK, Verdict.OK]
    assert copy.set_aside
    for key, versions in before.items():  # nothing was taken away
        assert [entry.version_id for entry in stores[1].keys[key]][-len(versions) :] == versions
    assert not any(key.startswith(STAGING) for key in stores[1].keys)
    found = find_commit(stores[1], an_id())
    assert found is not None
    assert read_member(stores[1], found, PAGE) == b"Seite 1"
    assert reconcile([Slice([whole], [take_listing(each) for each in stores])], LATER, timedelta(0)) == ()
    again = committed_everywhere(an_id(), stores, LATER).package
    assert [(each.store, each.bag_version_id, each.commit_version_id) for each in again.copies] == [
        (each.store, each.bag_version_id, each.commit_version_id) for each in whole.copies
    ]
    assert verdicts(replace(again, commit_sha256=package.commit_sha256), stores) == [Verdict.OK, Verdict.OK]


def test_no_commit_is_on_the_disk_before_the_bag_that_it_vouches_for(tmp_path: Path) -> None:
    """A store that loses its power in between would else hold a committed package without a package."""
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    lose_all(stores[1])
    synced, put = stores[1].synced, stores[1].put
    at: dict[str, int] = {}

    def noted(key: str, source: Path | bytes, digests: Digests, *, if_absent: bool = True) -> str:
        at[key] = stores[1].synced - synced
        return put(key, source, digests, if_absent=if_absent)

    stores[1].put = noted  # type: ignore[method-assign]
    restored(package, stores, tmp_path)
    assert (at[an_id().bag_key], at[an_id().commit_key], stores[1].synced - synced) == (0, 1, 2)


def test_a_copy_can_be_damaged_twice(tmp_path: Path) -> None:
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    for _ in range(2):
        spoil_tar(stores[1])
        package, copy = restored(package, stores, tmp_path)
    assert len(copy.set_aside) == 2
    assert verdicts(package, stores) == [Verdict.OK, Verdict.OK]
    assert reconcile([Slice([package], [take_listing(each) for each in stores])], LATER, timedelta(0)) == ()
    assert verdicts(committed_everywhere(an_id(), stores, LATER).package, stores) == [Verdict.OK, Verdict.OK]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("damage", [spoil_tar, lose_all])
def test_killed_at_any_call_and_repeated_it_is_there_once(damage: object, before: bool, tmp_path: Path) -> None:
    calls = 0
    while True:
        stores = memory_pair()
        package = store(a_bag(an_id()), an_id(), stores, tmp_path)
        damage(stores[1])  # type: ignore[operator]
        lying = {key: len(found) for key, found in stores[1].keys.items()}
        countdown = Countdown(calls)
        dying = tuple(DyingStore(each, countdown, before=before) for each in stores)
        try:
            restored(package, dying, tmp_path)  # type: ignore[arg-type]  # answers like its inner store
        except KilledHere:
            calls += 1
        else:
            break
        whole, _ = restored(package, stores, tmp_path)
        assert verdicts(whole, stores) == [Verdict.OK, Verdict.OK]
        for key in (an_id().bag_key, an_id().commit_key):
            assert len(stores[1].keys[key]) <= lying.get(key, 0) + 1
        assert [path for path in tmp_path.iterdir() if path.suffix == ".tar"] == []
    assert calls > 15


def test_where_no_other_copy_is_whole_nothing_is_written(tmp_path: Path) -> None:
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    for each in stores:
        spoil_tar(each)
    with pytest.raises(FixityError, match="Keine andere Kopie"):
        restored(package, stores, tmp_path)
    assert [len(found) for found in stores[1].keys.values()] == [1, 1]


def test_damage_is_not_copied_and_a_forged_commit_is_not_either(tmp_path: Path) -> None:
    """What the manifests do not say is not whole, however well both copies may agree with each other."""
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    spoil_tar(stores[1])
    for each in stores:
        spoil_commit(each)
    with pytest.raises(FixityError):
        restored(package, stores, tmp_path)


def test_a_store_that_is_away_is_another_error_than_damage(tmp_path: Path) -> None:
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    spoil_tar(stores[1])
    with pytest.raises(Unavailable):
        restored(package, stores[1:], tmp_path)
    with pytest.raises(Misconfigured):
        restored(package, stores[:1], tmp_path)


def test_a_foreign_version_on_top_is_no_copy(tmp_path: Path) -> None:
    """Written around the archive, of the same size and name: the one that was committed is read."""
    stores = memory_pair()
    store(a_bag(an_id()), an_id(), stores, tmp_path)
    (entry,) = stores[1].keys[an_id().bag_key]
    forged = bytes(len(entry.data))
    stores[1].put(an_id().bag_key, forged, digest_bytes(forged), if_absent=False)
    found = find_commit(stores[1], an_id())
    assert found is not None
    assert found.bag_version_id == entry.version_id
    assert read_member(stores[1], found, PAGE) == b"Seite 1"


def with_c(stores: tuple[MemoryStore, ...]) -> tuple[MemoryStore, ...]:
    return (*stores, MemoryStore("c", clock=lambda: NOON))


def added(package: StoredPackage, stores: tuple[ObjectStore, ...], work: Path) -> tuple[StoredPackage, StoredCopy]:
    copy = restore_copy(package, "c", {each.name: each for each in stores}, Lock(UNTIL), lambda: LATER, work)
    return replace(package, copies=(*package.copies, copy)), copy


def test_a_store_that_came_later_gets_its_copy_and_is_found_without_a_catalog(tmp_path: Path) -> None:
    stores = with_c(memory_pair())
    package = store(a_bag(an_id()), an_id(), stores[:2], tmp_path)
    with pytest.raises(Misconfigured, match="Festgeschrieben wurde für die Speicher a, b, eingerichtet sind a, b, c"):
        committed_everywhere(an_id(), stores, LATER)
    whole, copy = added(package, stores, tmp_path)
    assert (copy.set_aside, copy.lock) == ((), Lock(UNTIL))
    assert verdicts(whole, stores) == [Verdict.OK] * 3
    assert reconcile([Slice([whole], [take_listing(each) for each in stores])], LATER, timedelta(0)) == ()
    assert added(package, stores, tmp_path)[1] == copy  # what is whole is not doubled
    for order in (stores, stores[::-1]):
        again = committed_everywhere(an_id(), order, LATER)
        assert [(each.store, each.bag_version_id, each.set_aside) for each in again.package.copies] == [
            (each.store, each.bag_version_id, ()) for each in whole.copies
        ]
        by_name = {each.name: each for each in stores}
        assert read_member(by_name[again.found.store], again.found, PAGE) == b"Seite 1"
    stores[2].keys.pop(an_id().bag_key)
    with pytest.raises(FixityError, match="im Speicher c, das Paket fehlt"):
        committed_everywhere(an_id(), stores, LATER)
    with pytest.raises(Misconfigured):  # given up: what lies in b is nobody's to leave out
        committed_everywhere(an_id(), (stores[0], stores[2]), LATER)


@pytest.mark.parametrize("damage", [spoil_tar, spoil_commit])
def test_what_lies_in_the_new_store_and_is_not_whole_is_no_copy(damage: object, tmp_path: Path) -> None:
    stores = with_c(memory_pair())
    package = store(a_bag(an_id()), an_id(), stores[:2], tmp_path)
    _, first = added(package, stores, tmp_path)
    damage(stores[2])  # type: ignore[operator]
    whole, second = added(package, stores, tmp_path)
    assert objects_of(an_id(), first) != objects_of(an_id(), second)
    assert verdicts(whole, stores) == [Verdict.OK] * 3


def test_on_the_real_server_a_lost_copy_comes_back(s3_pair: tuple[EmbeddedServer, ...], tmp_path: Path) -> None:
    stores = tuple(S3Store(server.settings(Role.INGEST)) for server in s3_pair)
    id_ = an_id(number=977)
    package = store(a_bag(id_), id_, stores, tmp_path, lock=Lock(None))
    lost = package.copies[1]
    freeing = S3Store(s3_pair[1].settings(Role.DELETION))
    for key, version in objects_of(id_, lost):
        freeing.delete_version(key, version)
    by_name = {each.name: each for each in stores}
    report = check_package(package, by_name, wanted=None)
    assert [wants_restoring(copy) for copy in report.copies] == [False, True]
    whole, copy = restored(package, stores, tmp_path, lost.store)
    assert copy.set_aside == (lost.bag_version_id, lost.commit_version_id)
    assert copy.lock == Lock(UNTIL)
    assert check_package(whole, by_name, wanted=None).verdict is Verdict.OK
    again, _ = restored(whole, stores, tmp_path, lost.store)
    assert again == whole  # what is whole is not doubled
    found = find_commit(stores[1], id_)
    assert found is not None
    assert read_member(stores[1], found, PAGE) == b"Seite 1"


def test_on_the_real_server_a_store_that_came_later_is_filled(
    s3_pair: tuple[EmbeddedServer, ...], tmp_path: Path
) -> None:
    stores = tuple(S3Store(server.settings(Role.INGEST)) for server in s3_pair)
    id_ = an_id(number=978)
    package = store(a_bag(id_), id_, stores[:1], tmp_path)
    by_name = {each.name: each for each in stores}
    copy = restore_copy(package, stores[1].name, by_name, Lock(UNTIL), lambda: LATER, tmp_path)
    whole = replace(package, copies=(*package.copies, copy))
    assert (copy.lock, copy.set_aside) == (Lock(UNTIL), ())
    assert check_package(whole, by_name, wanted=an_exact(Lock(UNTIL))).verdict is Verdict.OK
    again = committed_everywhere(id_, stores, LATER).package
    assert [each.bag_version_id for each in again.copies] == [each.bag_version_id for each in whole.copies]


def test_the_next_version_follows_a_copy_that_was_put_there_anew(tmp_path: Path) -> None:
    stores = memory_pair()
    package = store(a_bag(an_id()), an_id(), stores, tmp_path)
    lose_all(stores[1])
    restored(package, stores, tmp_path)
    second = an_id(version=2)
    bag = a_bag(second, b"Seite 2", supersedes=package.tag_manifest_sha512)
    following = store(bag, second, stores, tmp_path)
    assert verdicts(following, stores) == [Verdict.OK, Verdict.OK]
    assert (found := find_commit(stores[1], second)) is not None
    assert found.commit.previous == package.commit_sha256
