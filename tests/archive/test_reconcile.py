"""Every difference between catalog and stores has its own code; what agrees gives none."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from akten.files import digest_bytes
from akten.findings import Finding, Severity
from akten.package import Lock, PackageId, StoredPackage
from archive.package import store_package
from archive.reconcile import RULES, Slice, lost_rows, reconcile
from archive.s3 import S3Store
from archive.store import READY_KEY, STAGING, OpenUpload
from tests.listings import take_listing
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, NOON, a_bag, an_id

ID = an_id()
LATER = NOON + timedelta(days=1)
PATIENCE = timedelta(hours=6)


@dataclass
class Archive:
    stores: dict[str, MemoryStore]
    catalog: list[StoredPackage]

    def whole(self) -> Slice:
        return Slice(self.catalog, [take_listing(each) for each in self.stores.values()])

    def findings(self, now: datetime = LATER) -> tuple[Finding, ...]:
        return reconcile([self.whole()], now, PATIENCE)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    stores = {name: MemoryStore(name, clock=lambda: NOON) for name in ("a", "b")}
    package = store_package(a_bag(ID), ID, list(stores.values()), Lock(LATER), lambda: NOON, tmp_path, EXTRA)
    return Archive(stores, [package])


def put(store: MemoryStore, key: str, data: bytes = b"x", *, if_absent: bool = True) -> None:
    store.put(key, data, digest_bytes(data), if_absent=if_absent)


def test_an_archive_in_order_gives_no_findings(archive: Archive) -> None:
    assert archive.findings() == ()
    assert lost_rows([archive.whole()], LATER, PATIENCE) == ()
    assert lost_rows([replace(archive.whole(), catalog=())], LATER, PATIENCE) == (ID,)


def test_what_is_archived_while_the_stores_are_listed_is_no_difference_today(archive: Archive) -> None:
    """The listing was past its place, the catalog has it by now: RC-04 and RC-06 of a package that lies there whole."""

    def codes(began: datetime) -> set[str]:
        listings = [replace(take_listing(store), versions=(), began=began) for store in archive.stores.values()]
        found = reconcile([Slice(archive.catalog, listings)], LATER, PATIENCE)
        return {finding.code for finding in found}

    assert codes(NOON - timedelta(minutes=5)) == set()
    assert codes(NOON) == {"RC-04", "RC-06"}  # it was there, and read back
    assert codes(NOON - PATIENCE) == {"RC-04", "RC-06"}  # a date so far ahead is that of a wrong clock


def orphan(archive: Archive) -> None:
    put(archive.stores["a"], an_id(number=9).bag_key)


def bag_lost(archive: Archive) -> None:
    del archive.stores["a"].keys[ID.bag_key]


def row_lost(archive: Archive) -> None:
    archive.catalog.clear()


def commit_lost(archive: Archive) -> None:
    del archive.stores["b"].keys[ID.commit_key]


def open_upload(archive: Archive) -> None:
    archive.stores["a"].open_uploads.append(OpenUpload(ID.bag_key, "1", NOON))


def other_version(archive: Archive) -> None:
    package = archive.catalog[0]
    archive.catalog[0] = replace(package, copies=(replace(package.copies[0], bag_version_id="x"), package.copies[1]))


def other_size(archive: Archive) -> None:
    archive.stores["a"].spoil(ID.bag_key, b"kurz")


def overlaid(archive: Archive) -> None:
    put(archive.stores["a"], ID.commit_key, b"falsch", if_absent=False)


def hidden(archive: Archive) -> None:
    archive.stores["a"].mark_deleted(ID.bag_key)


def foreign(archive: Archive) -> None:
    put(archive.stores["a"], "aip/notiz.txt")


def staged(archive: Archive) -> None:
    put(archive.stores["a"], STAGING + ID.bag_key)


def gap(archive: Archive) -> None:
    for store in archive.stores.values():
        put(store, an_id(3).bag_key)
        put(store, an_id(3).commit_key)


def store_missing(archive: Archive) -> None:
    del archive.stores["b"]


def rubbish_below(archive: Archive) -> None:
    entries = archive.stores["a"].keys[ID.bag_key]
    entries.append(replace(entries[0], version_id="00000000"))


def store_added(archive: Archive) -> None:
    archive.stores["c"] = MemoryStore("c", clock=lambda: NOON)


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (orphan, "RC-01"),
        (bag_lost, "RC-02"),
        (row_lost, "RC-03"),
        (commit_lost, "RC-04"),
        (open_upload, "RC-05"),
        (other_version, "RC-06"),
        (other_size, "RC-06"),
        (bag_lost, "RC-06"),
        (overlaid, "RC-07"),
        (hidden, "RC-07"),
        (foreign, "RC-08"),
        (staged, "RC-09"),
        (gap, "RC-10"),
        (store_missing, "RC-11"),
        (rubbish_below, "RC-12"),
        (store_added, "RC-13"),
    ],
)
def test_each_difference_has_its_code(archive: Archive, harm: Callable[[Archive], None], code: str) -> None:
    harm(archive)
    found = archive.findings()
    assert code in {finding.code for finding in found}
    assert {finding.code for finding in found} <= set(RULES)


def test_rubbish_below_is_a_warning_because_the_package_itself_is_whole(archive: Archive) -> None:
    rubbish_below(archive)
    assert [(f.code, f.severity) for f in archive.findings()] == [("RC-12", Severity.WARNING)]


@pytest.mark.parametrize("harm", [orphan, open_upload, staged])
def test_what_is_young_may_still_be_on_its_way(archive: Archive, harm: Callable[[Archive], None]) -> None:
    harm(archive)
    assert archive.findings(NOON + timedelta(hours=1)) == ()


def test_a_young_package_that_no_delivery_is_about_to_enter_is_told_at_once(archive: Archive) -> None:
    """A catalog put back from yesterday's backup says "in Ordnung" of nothing that was archived since (RC-03)."""
    row_lost(archive)
    soon = NOON + timedelta(hours=1)
    whole = archive.whole()

    def codes(now: datetime, under_way: dict[PackageId, datetime]) -> list[str]:
        return [finding.code for finding in reconcile([whole], now, PATIENCE, under_way)]

    assert codes(soon, {}) == ["RC-03", "RC-03"]
    assert codes(soon, {PackageId(ID.akte, ID.version + 1): NOON}) == ["RC-03", "RC-03"]
    assert codes(soon, {ID: NOON}) == []  # its delivery has not ended: committed, and not entered yet
    assert codes(soon, {ID: soon}) == ["RC-03", "RC-03"]  # delivered after the commit: of somebody else
    assert codes(LATER, {ID: NOON}) == ["RC-03", "RC-03"]


def test_the_object_of_the_readiness_check_is_no_rubbish(archive: Archive) -> None:
    put(archive.stores["a"], READY_KEY)
    assert archive.findings() == ()


def test_a_store_that_was_not_listed_is_one_finding_however_much_lies_in_it(archive: Archive) -> None:
    store_missing(archive)
    assert [finding.where for finding in archive.findings() if finding.code == "RC-11"] == ["b:aip/"]


def test_a_store_that_came_later_is_one_finding_and_no_gap_whatever_lies_there_already(
    archive: Archive, tmp_path: Path
) -> None:
    store_added(archive)
    (package,) = archive.catalog
    second = a_bag(an_id(version=2), b"Seite 2", supersedes=package.tag_manifest_sha512)
    stores = list(archive.stores.values())
    archive.catalog.append(store_package(second, an_id(version=2), stores, Lock(LATER), lambda: NOON, tmp_path, EXTRA))
    (finding,) = archive.findings()  # no RC-10 of version 2 there, which has none before it
    assert (finding.code, finding.severity, finding.where) == ("RC-13", Severity.WARNING, "c:aip/")
    assert "Anzahl: 1" in finding.text
    for key in (ID.bag_key, ID.commit_key):  # being put there right now, or broken off
        put(archive.stores["c"], key, archive.stores["a"].keys[key][0].data)
        assert archive.findings() == (finding,)
    assert lost_rows([archive.whole()], LATER, PATIENCE) == ()


def test_a_lost_catalog_loses_every_copy(archive: Archive) -> None:
    row_lost(archive)
    assert [finding.code for finding in archive.findings()] == ["RC-03", "RC-03"]


def test_a_real_store_is_listed_with_versions_staging_and_open_uploads(
    s3_stores: tuple[S3Store, S3Store], tmp_path: Path
) -> None:
    id_ = PackageId(uuid.uuid4(), 1)
    package = store_package(a_bag(id_), id_, s3_stores, Lock(None), lambda: NOON, tmp_path, EXTRA)
    listings = [take_listing(each) for each in s3_stores]
    assert id_ in lost_rows([Slice((), listings)], LATER, PATIENCE)
    mine = [
        replace(each, versions=tuple(v for v in each.versions if v.key.startswith(id_.prefix)), uploads=())
        for each in listings
    ]
    assert reconcile([Slice([package], mine)], LATER + timedelta(days=999), PATIENCE) == ()
