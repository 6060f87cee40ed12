"""Compared slice by slice, catalog and stores differ in the very same ways as at once, in a memory that is bounded."""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from akten.errors import Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.package import Lock, PackageId, StoredCopy, StoredPackage
from archive.listing import FIRST_BYTES, REST, SpooledListing, package_of, spooled, uuids_of
from archive.reconcile import Slice, lost_rows, reconcile
from archive.store import READY_KEY, STAGING, ObjectVersion, OpenUpload
from tests.listings import take_listing
from tests.packages import NOON

LATER = NOON + timedelta(days=1)
PATIENCE = timedelta(hours=6)
DIGESTS = digest_bytes(b"Paket")


@dataclass
class Listed:
    """A store that lists what it is told to; `versions` and `uploads` are all of it that is asked for."""

    name: str
    objects: list[ObjectVersion]
    open: list[OpenUpload]

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        return (each for each in self.objects if each.key.startswith(prefix))

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        return (each for each in self.open if each.key.startswith(prefix))


def in_a_mess(seed: random.Random) -> tuple[list[StoredPackage], list[Any]]:
    """Some Akten with one to three versions, of which much is lost, doubled, hidden, foreign, young or unknown."""
    stores: list[Any] = [Listed(name, [], []) for name in "abc"]
    catalog = []
    for _ in range(12):
        akte = UUID(int=seed.getrandbits(128))
        for number in range(1, seed.choice((2, 2, 3, 4))):
            id_ = PackageId(akte, number)
            versions = {name: tuple(some_versions(seed, stores, name, id_)) for name in "abcd"}
            copies = tuple(
                StoredCopy(name, bag, commit, replace(DIGESTS, size=seed.choice((7, 7, 8))), Lock(None), a_moment(seed))
                for name, (bag, commit) in versions.items()
                if seed.random() < (0.3 if name == "d" else 0.9)
            )
            if seed.random() < 0.85:
                catalog.append(StoredPackage(id_, copies, "", ""))
    for store in stores:
        for key in ("aip/notiz.txt", f"aip/{UUID(int=9)}/v0/bag.tar", STAGING + "rest", READY_KEY):
            store.objects.extend(a_version(seed, key, "1") for _ in range(seed.randrange(2)))
        store.open.extend(OpenUpload(f"{prefix}x", "1", a_moment(seed)) for prefix in ("aip/", STAGING))
    return catalog, stores


def some_versions(seed: random.Random, stores: list[Any], name: str, id_: PackageId) -> Iterator[str]:
    """Version ids as the catalog has them; the store lists one, none or several of each object, newest first."""
    objects = next((store.objects for store in stores if store.name == name), [])
    for key in (id_.bag_key, id_.commit_key):
        many = seed.choice((0, 1, 1, 1, 1, 2))
        found = [a_version(seed, key, f"{key}/{place}", latest=place == 0) for place in range(many)]
        objects.extend(found)
        yield seed.choice(found).version_id if found and seed.random() < 0.9 else "fehlt"


def a_version(seed: random.Random, key: str, version_id: str, *, latest: bool = True) -> ObjectVersion:
    return ObjectVersion(key, version_id, 7, a_moment(seed), latest, delete_marker=seed.random() < 0.1)


def a_moment(seed: random.Random) -> datetime:
    return seed.choice((NOON, LATER)) - timedelta(microseconds=seed.randrange(10**9))


def sliced(catalog: list[StoredPackage], listings: list[SpooledListing]) -> Iterator[Slice]:
    for number in FIRST_BYTES:
        first, last = uuids_of(number)
        known = [package for package in catalog if first <= package.id.akte <= last]
        yield Slice(known, [listing.slice(number) for listing in listings])
    yield Slice((), [listing.slice(REST) for listing in listings])


def test_slices_differ_in_the_very_ways_as_the_whole(tmp_path: Path) -> None:
    codes = set()
    for number in range(20):
        seed = random.Random(number)
        catalog, stores = in_a_mess(seed)
        whole = Slice(catalog, [take_listing(store) for store in stores])
        under_way = {package.id: a_moment(seed) for package in catalog[::3]}
        under_way |= {an_id: a_moment(seed) for an_id in lost_rows([whole], LATER, PATIENCE)[::2]}
        with (
            spooled(stores[0], tmp_path, NOON) as a,
            spooled(stores[1], tmp_path, NOON) as b,
            spooled(stores[2], tmp_path, NOON) as c,
        ):
            whole = replace(whole, listings=[replace(each, began=NOON) for each in whole.listings])
            expected = reconcile([whole], LATER, PATIENCE, under_way)
            assert reconcile(sliced(catalog, [a, b, c]), LATER, PATIENCE, under_way) == expected
            expected_lost = lost_rows([whole], LATER, PATIENCE, under_way)
            assert lost_rows(sliced(catalog, [a, b, c]), LATER, PATIENCE, under_way) == expected_lost
        codes |= {finding.code for finding in expected}
    assert codes == {f"RC-{number:02}" for number in range(1, 14)}


def test_each_slice_has_what_was_listed_in_its_order_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.listing._BLOCK", 300)  # a slice has several blocks
    _, stores = in_a_mess(random.Random(5))
    whole = take_listing(stores[0])
    with spooled(stores[0], tmp_path, NOON) as listing:
        slices = [listing.slice(number) for number in (*FIRST_BYTES, REST)]
    assert sum(len(each.versions) for each in slices) == len(whole.versions)
    for number, each in enumerate(slices):
        packages = [package_of(version.key) for version in each.versions]
        assert {found[0].akte.bytes[0] if found else REST for found in packages} <= {number}
        assert each.versions == tuple(version for version in whole.versions if version in each.versions)
    assert slices[REST].uploads == whole.uploads


def test_every_uuid_is_of_one_slice() -> None:
    ends = [uuids_of(number) for number in FIRST_BYTES]
    assert (ends[0][0].int, ends[-1][1].int) == (0, (1 << 128) - 1)
    assert all(last.int + 1 == first.int for (_, last), (first, _) in itertools.pairwise(ends))


def test_a_listing_on_the_disk_has_no_name_to_open_it_by_or_to_be_left(tmp_path: Path) -> None:
    _, stores = in_a_mess(random.Random(1))
    with spooled(stores[0], tmp_path, NOON) as listing:
        assert listing.slice(REST).versions
        assert list(tmp_path.iterdir()) == []


def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def file(**_: object) -> Any:
        return Path("/dev/full").open("r+b", buffering=0)

    monkeypatch.setattr("tempfile.TemporaryFile", file)
    return tmp_path


def absent(tmp_path: Path, _: pytest.MonkeyPatch) -> Path:
    return tmp_path / "nirgends"


@pytest.mark.parametrize(("place", "error", "why"), [(full, Unavailable, "voll"), (absent, Misconfigured, "gibt es")])
def test_a_disk_that_does_not_take_the_listing_is_told_in_our_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[Path, pytest.MonkeyPatch], Path],
    error: type[Exception],
    why: str,
) -> None:
    _, stores = in_a_mess(random.Random(2))
    folder = place(tmp_path, monkeypatch)
    with pytest.raises(error, match=rf"„a“ lässt sich nicht zwischenlegen \(.*{why}"), spooled(stores[0], folder, NOON):
        pass


def test_a_file_that_was_cut_short_is_no_shorter_listing(tmp_path: Path) -> None:
    _, stores = in_a_mess(random.Random(3))
    with spooled(stores[0], tmp_path, NOON) as listing:
        listing._file.truncate(100)
        with pytest.raises(Unavailable, match="Datenträger meldet einen Fehler"):
            [listing.slice(number) for number in (*FIRST_BYTES, REST)]


def test_memory_does_not_grow_with_what_a_store_lists(tmp_path: Path) -> None:
    class Large(Listed):
        def versions(self, prefix: str) -> Iterator[ObjectVersion]:
            seed = random.Random(4)
            for place in range(30_000 if prefix == "aip/" else 0):
                key = PackageId(UUID(int=seed.getrandbits(128)), 1).bag_key
                yield ObjectVersion(key, f"{place:032x}", place, NOON + timedelta(seconds=place), is_latest=True)

    store: Any = Large("a", [], [])
    tracemalloc.start()
    try:
        with spooled(store, tmp_path, NOON) as listing:
            listed = sum(len(listing.slice(number).versions) for number in FIRST_BYTES)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert listed == 30_000
    assert peak < 4 << 20  # as a whole 10 MB
