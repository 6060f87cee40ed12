"""What every database must do for copies that are put there anew, and for the proposals to do so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from akten.errors import Forbidden
from akten.findings import Finding, Severity, Verdict
from akten.package import CopyReport, FixityReport, Lock, PackageId, StoredCopy, StoredPackage
from catalog import events
from catalog.actor import Actor
from catalog.catalog import Catalog
from catalog.proposals import RESTORATION, SHORTENING
from catalog.trail import Verb
from catalog.values import TrailEvent
from tests.catalog.build import NOON, ROUND, archive, later
from tests.catalog.meddling import meddle

ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")


def anew(copy: StoredCopy, bag: str = "bag-neu") -> StoredCopy:
    aside = (*copy.set_aside, copy.bag_version_id)
    return replace(copy, bag_version_id=bag, lock=Lock(None, legal_hold=True), verified_at=later(3), set_aside=aside)


def test_a_copy_that_became_another_one_without_a_row_in_the_trail_is_seen(url: str, catalog: Catalog) -> None:
    _, package = archive(catalog, 1)
    catalog.restoring.record(package.id, anew(package.copies[1]), 7, by=BERND, now=later(3))
    anchor = catalog.head()
    assert anchor is not None
    assert catalog.verify_trail([anchor]).findings == ()
    meddle(url, "UPDATE copies SET bag_version_id = 'untergeschoben' WHERE store = 'b'")
    (finding,) = catalog.verify_trail([anchor]).findings
    assert (finding.code, "„b“ ist im Katalog eine andere" in finding.text) == ("TR-07", True)


def test_a_new_copy_takes_the_place_of_the_old_and_both_are_told(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    first = anew(package.copies[1])
    second = anew(first, "bag-noch-neuer")
    for copy in (first, second):
        catalog.restoring.record(package.id, copy, 7, by=BERND, now=later(3))
    (row,) = catalog.packages(akte.uuid)
    assert row.package.copies == (package.copies[0], second)
    assert second.set_aside == (package.copies[1].bag_version_id, "bag-neu")
    told = [event.data for event in catalog.events_of(akte=akte.uuid) if event.verb == Verb.COPY_RESTORED.value]
    commit = package.copies[1].commit_version_id
    assert [dict(data) for data in told] == [
        {
            "version": 1,
            "store": "b",
            "replaced": {"bag": before, "commit": commit},
            "copies": [{"store": "b", "bag": after, "commit": commit}],
            "proposal": 7,
        }
        for before, after in ((package.copies[1].bag_version_id, "bag-neu"), ("bag-neu", "bag-noch-neuer"))
    ]


def test_what_somebody_else_replaced_meanwhile_stays(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    catalog.restoring.record(package.id, anew(package.copies[1]), 7, by=BERND, now=NOON)
    with pytest.raises(Forbidden, match="zur selben Zeit"):
        catalog.restoring.record(package.id, anew(package.copies[1], "bag-anders"), 7, by=ANNA, now=NOON)
    with pytest.raises(Forbidden, match="nicht bekannt"):
        catalog.restoring.record(PackageId(akte.uuid, 9), anew(package.copies[1]), 7, by=ANNA, now=NOON)
    assert catalog.packages(akte.uuid)[0].package.copies[1].bag_version_id == "bag-neu"


def first_in_c(package: StoredPackage) -> StoredCopy:
    return replace(package.copies[1], store="c", bag_version_id="bag-c", commit_version_id="commit-c")


def test_a_first_copy_in_a_store_is_entered_told_and_missed_when_it_goes(url: str, catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    other, _ = archive(catalog, 2, number="63-00001-2020")
    assert catalog.restoring.lacking_in("c") == tuple(sorted((akte.uuid, other.uuid)))
    assert catalog.restoring.lacking_in("b") == ()
    new = first_in_c(package)
    for _ in range(2):  # broken off after it was written, the same call comes again
        catalog.restoring.record(package.id, new, 7, by=BERND, now=later(3))
    (row,) = catalog.packages(akte.uuid)
    assert row.package.copies == (*package.copies, new)
    assert (row.copies[2].verdict, row.copies[2].checked_at) == (Verdict.NOT_CHECKED, None)
    assert catalog.restoring.lacking_in("c") == (other.uuid,)
    assert catalog.restoring.damaged_in("c") == ()
    told = [event.data for event in catalog.events_of(akte=akte.uuid) if event.verb == Verb.COPY_RESTORED.value]
    where = [{"store": "c", "bag": "bag-c", "commit": "commit-c"}]
    assert dict(told[0]) == {"version": 1, "store": "c", "replaced": {}, "copies": where, "proposal": 7}
    with pytest.raises(Forbidden, match="zur selben Zeit"):
        catalog.restoring.record(package.id, replace(new, bag_version_id="x"), 7, by=ANNA, now=NOON)
    anchor = catalog.head()
    assert anchor is not None
    assert catalog.verify_trail([anchor]).findings == ()
    meddle(url, "UPDATE copies SET bag_version_id = 'untergeschoben' WHERE store = 'c'")
    assert ["„c“ ist im Katalog eine andere" in f.text for f in catalog.verify_trail([anchor]).findings] == [True]
    meddle(url, "DELETE FROM copies WHERE store = 'c'")
    (finding,) = catalog.verify_trail([anchor]).findings
    assert (finding.code, "„c“ fehlt im Katalog" in finding.text) == ("TR-07", True)


def test_akten_are_damaged_in_a_store_by_the_last_look(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    archive(catalog, 2, number="63-00001-2020")
    finding = Finding("FX-01", Severity.ERROR, "bag.tar", "fehlt")
    bad = CopyReport("b", Verdict.FAILED, (finding,), 0, package.copies[1].bag_version_id)
    catalog.record_fixity(FixityReport(package.id, (bad,)), by=ROUND, now=NOON)
    assert catalog.restoring.damaged_in("b") == (akte.uuid,)
    assert catalog.restoring.damaged_in("a") == ()
    catalog.record_fixity(FixityReport(package.id, (replace(bad, verdict=Verdict.OK),)), by=ROUND, now=later(1))
    assert catalog.restoring.damaged_in("b") == ()


def test_proposals_wait_per_akte_and_store_until_they_end(catalog: Catalog) -> None:
    one, _ = archive(catalog, 1)
    other, _ = archive(catalog, 2, number="63-00001-2020")
    book = catalog.restoring
    for akte, store in ((one, "a"), (one, "b"), (other, "b")):
        book.propose(akte.uuid, store, "Müllers Platte", by=ANNA, now=NOON)
    with pytest.raises(Forbidden):
        book.propose(one.uuid, "b", "noch einmal", by=BERND, now=NOON)
    waiting = book.open()
    assert [(each.akte, each.about["store"]) for each in waiting] == [
        (one.uuid, "a"),
        (one.uuid, "b"),
        (other.uuid, "b"),
    ]
    assert {(each.reason, each.proposed_by, each.released_by) for each in waiting} == {("Müllers Platte", ANNA, None)}
    for _ in range(2):
        book.release(one.uuid, waiting[1].number, "ja", by=BERND, now=NOON)
    assert [each.released_by for each in book.open(one.uuid)] == [None, BERND]
    for _ in range(2):
        book.end(one.uuid, waiting[1].number, done=True, by=BERND, now=NOON)
    assert [each.about["store"] for each in book.open(one.uuid)] == ["a"]
    with pytest.raises(Forbidden):
        book.release(one.uuid, waiting[1].number, "ja", by=BERND, now=NOON)
    assert "Müller" not in str([dict(event.data) for event in catalog.events_of(limit=None)])


def test_of_proposals_that_ended_no_row_is_read(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Years of them lie in the trail of a city: who looks what waits, or asks of one Akte, does not read them all."""
    akten = [archive(catalog, n, number=f"63-0000{n}-2020")[0].uuid for n in range(1, 4)]
    book, locks = catalog.restoring, catalog.locks
    for akte in akten:
        for store in "ab":
            book.propose(akte, store, "Platte", by=ANNA, now=NOON)
        locks.propose_shortening(akte, later(9), "Neuss 2026.1", "zu lang", by=ANNA, now=NOON)
    for each in book.open():
        if each.akte != akten[1] or each.about["store"] == "a":  # of the second Akte one is left
            book.release(each.akte, each.number, "ja", by=BERND, now=NOON)
            book.end(each.akte, each.number, done=True, by=BERND, now=NOON)
    read: list[tuple[object, str]] = []
    real = events._value

    def noted(row: Any) -> TrailEvent:
        event = real(row)
        read.append((event.akte, event.verb))
        return event

    monkeypatch.setattr(events, "_value", noted)
    assert [(each.akte, each.about["store"]) for each in book.open()] == [(akten[1], "b")]
    proposed, released, ended = (verb.value for verb in RESTORATION)
    assert read == [(akten[1], verb) for verb in (proposed, proposed, released, ended)]
    read.clear()
    waiting = locks.open_shortening(akten[0])
    assert waiting is not None
    assert read == [(akten[0], SHORTENING.proposed.value)]
    locks.end_shortening(akten[0], waiting.number, done=False, reason="doch nicht", by=BERND, now=NOON)
    read.clear()
    assert (book.open(akten[0]), locks.open_shortening(akten[0])) == ((), None)
    assert {akte for akte, _ in read} == {akten[0]}
