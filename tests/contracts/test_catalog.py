"""What every database must do for the catalog: one suite on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from akten.errors import FixityError, Forbidden, Misconfigured, Unavailable
from akten.findings import Verdict
from akten.lifecycle import Stage
from akten.model import Aktenart
from catalog.catalog import Catalog, open_catalog
from catalog.values import Resolution
from tests.catalog.build import (
    AN_ERROR,
    CLERK,
    NOON,
    ROUND,
    STAGES,
    a_package,
    a_report,
    a_scan,
    an_akte,
    an_id,
    archive,
    later,
    receive,
)
from tests.catalog.meddling import meddle

# --- register --------------------------------------------------------------------------------------------------------


def test_a_delivery_received_twice_is_one_delivery_and_one_event(catalog: Catalog) -> None:
    first = receive(catalog, 1)
    assert receive(catalog, 1, now=later(5)) == first
    assert (first.stage, first.version, first.by) == (Stage.RECEIVED, 1, CLERK)
    assert [event.verb for event in catalog.events_of(delivery=first.uuid)] == ["akte.opened", "delivery.received"]


def test_the_same_aktenzeichen_is_the_same_akte_and_the_next_version(catalog: Catalog) -> None:
    one, two = receive(catalog, 1), receive(catalog, 2)
    other_band, other_art = receive(catalog, 3, band=2), receive(catalog, 4, aktenart=Aktenart.STEUERAKTE)
    assert two.akte == one.akte
    assert (one.version, two.version) == (1, 2)
    assert len({one.akte, other_band.akte, other_art.akte}) == 3


def test_a_version_is_settled_only_when_nobody_packs_the_same_akte_or_the_same_scan(catalog: Catalog) -> None:
    shared = a_scan("gemeinsam")
    first = receive(catalog, 1, scans=[shared])
    nachscan = receive(catalog, 2)
    twin = receive(catalog, 3, number="63-09999-2019", scans=[a_scan(3, 1), shared])
    other = receive(catalog, 4, number="63-08888-2019")
    for row in (first, nachscan, twin, other):
        for stage in (Stage.EXAMINED, Stage.RECOGNISED):
            catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    assert catalog.settle_version(first.uuid, by=CLERK, now=NOON) == 1
    for row in (nachscan, twin):
        with pytest.raises(Unavailable):
            catalog.settle_version(row.uuid, by=CLERK, now=NOON)
    assert catalog.settle_version(other.uuid, by=CLERK, now=NOON) == 1
    catalog.move(first.uuid, Stage.RECEIVED, by=CLERK, now=NOON)
    assert catalog.settle_version(twin.uuid, by=CLERK, now=NOON) == 1


def test_a_delivery_without_a_certain_number_has_no_akte_until_it_is_put_right(catalog: Catalog) -> None:
    delivery = an_id("delivery", 1)
    unsure = catalog.receive(delivery, slip={}, scans=[a_scan(1, 1)], folder="x", by=CLERK, now=NOON)
    assert (unsure.akte, unsure.version) == (None, None)
    case = catalog.to_clearing(delivery, [AN_ERROR], owner="Scanstelle", next_step="Nummer klären", by=CLERK, now=NOON)
    catalog.resolve(case.number, "resubmit", "", by=CLERK, now=later(1))
    sure = receive(catalog, 1)
    assert sure.akte is not None
    assert sure.version == 1
    assert catalog.events_of(delivery=delivery)[-1].verb == "delivery.replaced"


def test_a_corrected_aktenzeichen_leaves_no_empty_akte_behind(catalog: Catalog) -> None:
    wrong = receive(catalog, 1, number="63-00001-2019")
    right = receive(catalog, 1, number="63-00002-2019")
    assert wrong.akte is not None
    assert catalog.akte(wrong.akte) is None
    assert right.version == 1
    assert [row.aktenzeichen for row in catalog.akten().rows] == ["63-00002-2019"]


def test_a_move_that_is_not_allowed_is_forbidden_and_changes_nothing(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    for stage in (Stage.RECOGNISED, Stage.ARCHIVED, Stage.CLEARING, Stage.DUPLICATE, Stage.RETURNED):
        with pytest.raises(Forbidden):
            catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    assert catalog.delivery(row.uuid) == row
    catalog.move(row.uuid, Stage.EXAMINED, by=CLERK, now=NOON)
    before = catalog.head()
    catalog.move(row.uuid, Stage.EXAMINED, by=CLERK, now=later(1))
    assert catalog.head() == before


def test_an_archived_delivery_takes_nothing_more(catalog: Catalog) -> None:
    archive(catalog, 1)
    delivery = an_id("delivery", 1)
    with pytest.raises(Forbidden):
        receive(catalog, 1, scans=[a_scan("another")])
    with pytest.raises(Forbidden):
        catalog.record_recognised(delivery, {}, by=CLERK, now=NOON)
    assert receive(catalog, 1).stage is Stage.ARCHIVED


def test_a_plan_for_another_akte_is_forbidden(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    with pytest.raises(Forbidden):
        catalog.plan(row.uuid, an_akte(an_id("other"), row.uuid), by=CLERK, now=NOON)


def test_only_archived_scans_are_known(catalog: Catalog) -> None:
    receive(catalog, "waiting")
    akte, _ = archive(catalog, "done", number="63-00007-2020")
    waiting, done = a_scan("waiting", 1).digests.sha512, a_scan("done", 1).digests.sha512
    known = catalog.known_scans([waiting, done, done])
    assert set(known) == {done}
    assert (known[done].akte, known[done].version, known[done].aktenzeichen) == (akte.uuid, 1, "63-00007-2020")
    assert known[done].delivery == an_id("delivery", "done")


def test_a_scan_in_two_akten_is_known_in_the_one_that_is_asked_for(catalog: Catalog) -> None:
    """Else a second delivery of what a person let into both is asked about again, and stored again when accepted."""
    scan = a_scan("both")
    first, _ = archive(catalog, 1, number="63-00001-2020", scans=[scan])
    second, _ = archive(catalog, 2, number="63-00002-2020", scans=[replace(scan, uuid=an_id("scan again"))])
    for own, there in ((None, first), (first.uuid, first), (second.uuid, second), (an_id("other"), first)):
        assert catalog.known_scans([scan.digests.sha512], own)[scan.digests.sha512].akte == there.uuid


def test_a_duplicate_is_linked_and_gives_its_version_back(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    again = receive(catalog, 2, scans=[a_scan(1, 1)])
    assert again.version == 2
    for _ in range(2):
        catalog.mark_duplicate(again.uuid, akte.uuid, by=CLERK, now=later(1))
    row = catalog.delivery(again.uuid)
    assert row is not None
    assert (row.stage, row.version, row.duplicate_of) == (Stage.DUPLICATE, None, akte.uuid)
    assert receive(catalog, 3).version == 2
    assert [event.verb for event in catalog.events_of(verb="delivery.duplicate")] == ["delivery.duplicate"]


def test_a_version_that_may_lie_in_a_store_is_never_given_again(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    catalog.resolve(case.number, Resolution.RETURN, "falsch geheftet", by=CLERK, now=NOON)
    assert receive(catalog, 2).version == 2


def test_what_was_packed_and_is_overtaken_becomes_the_newest_version(catalog: Catalog) -> None:
    """Under its old number it would not hold what came meanwhile, and the newest version would not hold it."""
    row = receive(catalog, 1)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    _, package = archive(catalog, 2)
    assert package.id.version == 2
    catalog.resolve(case.number, Resolution.RESUBMIT, "", by=CLERK, now=NOON)
    for stage in STAGES[:2]:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    assert catalog.settle_version(row.uuid, by=CLERK, now=NOON) == 3


def test_nor_is_it_when_the_delivery_proves_to_belong_to_another_akte(catalog: Catalog) -> None:
    archive(catalog, 0)
    row = receive(catalog, 1)
    for stage in STAGES[:2]:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    assert catalog.settle_version(row.uuid, by=CLERK, now=NOON) == 2
    catalog.move(row.uuid, Stage.PACKED, by=CLERK, now=NOON)
    case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    catalog.resolve(case.number, Resolution.RESUBMIT, "", by=CLERK, now=NOON)
    moved = receive(catalog, 1, number="63-09999-2019")
    assert (moved.akte != row.akte, moved.version) == (True, 1)
    next_one = receive(catalog, 2)
    assert next_one.akte == row.akte
    for each, version in ((moved, 1), (next_one, 3)):
        for stage in STAGES[:2]:
            catalog.move(each.uuid, stage, by=CLERK, now=NOON)
        assert catalog.settle_version(each.uuid, by=CLERK, now=NOON) == version
        catalog.move(each.uuid, Stage.PACKED, by=CLERK, now=NOON)


def test_racing_deliveries_of_one_akte_get_one_uuid_and_different_versions(catalog: Catalog) -> None:
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda name: receive(catalog, name), range(16)))
    assert len({row.akte for row in rows}) == 1
    assert sorted(row.version or 0 for row in rows) == list(range(1, 17))


# --- archived --------------------------------------------------------------------------------------------------------


def test_what_is_archived_is_found_with_everything_about_it(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1, {0: ["Antrag auf Baugenehmigung", "Lageplan"]})
    (row,) = catalog.akte_by_aktenzeichen("63/1234/19")
    assert (row.uuid, row.state, row.version, row.versions, row.pages) == (akte.uuid, "archived", 1, (1,), 2)
    details = catalog.akte_details(akte.uuid)
    assert details is not None
    assert details.akte == akte
    assert [each.package for each in details.packages] == [package]
    (dokument,) = details.dokumente
    assert (dokument.verdict, dokument.pages, dokument.mean_confidence) == (Verdict.OK, 2, 91.5)
    assert [(report.name, report.verdict) for report in dokument.reports] == [("veraPDF", Verdict.OK)]
    assert catalog.packages(akte.uuid) == details.packages
    assert catalog.package(akte.uuid, 2) is None
    assert catalog.akte_snapshot(akte.uuid, 1) == akte
    (stored,) = details.packages
    assert [(copy.store, copy.verdict, copy.checked_at) for copy in stored.copies] == [
        ("a", Verdict.NOT_CHECKED, None), ("b", Verdict.NOT_CHECKED, None),
    ]  # fmt: skip


def test_dokumente_are_shown_as_they_lie_in_the_akte_vorgang_after_vorgang(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    assert row.akte is not None
    plan = an_akte(row.akte, row.uuid, titles=("Bescheid", "Antrag", "Ansicht", "Plan"))
    one, two, three, four = plan.dokumente
    first = replace(plan.vorgaenge[0], dokumente=(one, two))
    second = replace(first, uuid=an_id("zweiter"), betreff="Nachtrag", dokumente=(three, four))
    akte = replace(plan, vorgaenge=(first, second))
    catalog.plan(row.uuid, akte, by=CLERK, now=NOON)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    catalog.record_stored(row.uuid, akte, a_package(akte.uuid, 1), {}, by=CLERK, now=NOON)
    details = catalog.akte_details(akte.uuid)
    assert details is not None
    assert [dokument.betreff for dokument in details.dokumente] == ["Bescheid", "Antrag", "Ansicht", "Plan"]


def test_archiving_again_is_no_change_and_another_package_is_a_fixity_error(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    before = catalog.head()
    catalog.record_stored(an_id("delivery", 1), akte, package, {}, by=CLERK, now=later(9))
    assert catalog.head() == before
    other = a_package(akte.uuid, 1, content="other")
    with pytest.raises(FixityError):
        catalog.record_stored(an_id("delivery", 1), akte, other, {}, by=CLERK, now=later(9))


def test_nothing_is_archived_before_it_is_packed_or_without_copies_or_under_another_version(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    assert row.akte is not None
    akte = an_akte(row.akte, row.uuid)
    catalog.plan(row.uuid, akte, by=CLERK, now=NOON)

    def store(package: object) -> None:
        catalog.record_stored(row.uuid, akte, package, {}, by=CLERK, now=NOON)  # type: ignore[arg-type]

    with pytest.raises(Forbidden):
        store(a_package(akte.uuid, 1))
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    for bad in (a_package(akte.uuid, 1, stores=()), a_package(akte.uuid, 2), a_package(an_id("x"), 1)):
        with pytest.raises(Forbidden):
            store(bad)
    assert catalog.packages(akte.uuid) == ()
    found = catalog.akte(akte.uuid)
    assert found is not None
    assert (found.state, found.version) == ("packed", 0)


def test_a_second_version_lies_beside_the_first_and_the_akte_shows_both(catalog: Catalog) -> None:
    first, one = archive(catalog, 1, {0: ["Statik Stahlbeton"]})
    second, two = archive(
        catalog, 2, {0: ["Brandschutz Nachweis"]}, titles=("Nachtrag",), betreff="Bauakte Hafenstraße 5"
    )
    assert second.uuid == first.uuid
    assert [row.package for row in catalog.packages(first.uuid)] == [one, two]
    (row,) = catalog.akte_by_aktenzeichen("63-01234-2019")
    # The pages are those of the newest version, which carries nothing along here.
    assert (row.versions, row.pages, row.betreff) == ((1, 2), 1, "Bauakte Hafenstraße 5")
    assert catalog.akte_snapshot(first.uuid, 1) == first
    for words in ("Stahlbeton", "Brandschutz", "Nachtrag", "Bauantrag", "Stahlbeton Bauakte"):
        assert [hit.akte.uuid for hit in catalog.find(words, volltext=True).hits] == [first.uuid], words
    assert catalog.index_lag() == 0


def test_packages_come_longest_unchecked_first_and_a_copy_that_was_away_counts_as_unchecked(catalog: Catalog) -> None:
    packages = [archive(catalog, n, number=f"63-{n:05}-2019")[1] for n in range(1, 5)]
    catalog.record_fixity(a_report(packages[0], a=Verdict.OK, b=Verdict.OK), by=ROUND, now=later(10))
    catalog.record_fixity(a_report(packages[1], a=Verdict.OK, b=Verdict.FAILED), by=ROUND, now=later(5))
    catalog.record_fixity(a_report(packages[2], a=Verdict.OK, b=Verdict.NOT_CHECKED), by=ROUND, now=later(1))
    order = list(catalog.all_packages(checked_before=later(60)))
    assert {package.id for package in order[:2]} == {packages[2].id, packages[3].id}
    assert order[2:] == [packages[1], packages[0]]
    assert len(list(catalog.all_packages(checked_before=later(10)))) == 3
    looks = catalog.package(packages[2].id.akte, 1)
    assert looks is not None
    assert [(copy.verdict, copy.checked_at) for copy in looks.copies] == [
        (Verdict.OK, later(1)),
        (Verdict.NOT_CHECKED, None),
    ]
    with pytest.raises(Forbidden):
        catalog.record_fixity(a_report(a_package(an_id("x"), 1), a=Verdict.OK), by=ROUND, now=NOON)


def test_a_damaged_copy_stays_damaged_while_its_store_is_away(catalog: Catalog) -> None:
    """Else the list of what is to be put there anew would be empty on the day on which a store does not answer."""
    akte, package = archive(catalog, 1)
    catalog.record_fixity(a_report(package, a=Verdict.OK, b=Verdict.FAILED), by=ROUND, now=later(1))
    catalog.record_fixity(a_report(package, a=Verdict.NOT_CHECKED, b=Verdict.NOT_CHECKED), by=ROUND, now=later(2))
    looks = catalog.package(akte.uuid, 1)
    assert looks is not None
    assert [(copy.verdict, copy.checked_at) for copy in looks.copies] == [
        (Verdict.NOT_CHECKED, later(1)),
        (Verdict.FAILED, later(1)),
    ]
    assert catalog.restoring.damaged_in("b") == (akte.uuid,)
    assert catalog.copies_by_store() == {"a": (1, 0), "b": (1, 1)}
    catalog.record_fixity(a_report(package, a=Verdict.OK, b=Verdict.OK), by=ROUND, now=later(3))
    assert catalog.restoring.damaged_in("b") == ()


def test_a_fixity_round_sees_every_package_once_while_it_records(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.packages._CHUNK", 2)
    for n in range(1, 6):
        archive(catalog, n, number=f"63-{n:05}-2019")
    seen = []
    for place, package in enumerate(catalog.all_packages(checked_before=later(60))):
        seen.append(package.id)
        catalog.record_fixity(a_report(package, a=Verdict.OK, b=Verdict.OK), by=ROUND, now=later(60 + place))
    assert len(seen) == len(set(seen)) == 5


def test_packages_of_a_range_of_akten_come_in_the_order_of_their_uuids_with_all_versions(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what sorts a UUID as its bytes on each database; both ends belong to the range."""
    monkeypatch.setattr("catalog.packages._CHUNK", 2)
    made = [archive(catalog, n, number=f"63-{n % 6:05}-2019")[1] for n in range(1, 10)]
    in_order = sorted(made, key=lambda package: package.id)
    akten = sorted({package.id.akte for package in made})
    assert (len(akten), [row.id.version for row in in_order].count(2)) == (6, 3)
    assert list(catalog.packages_between(UUID(int=0), UUID(int=(1 << 128) - 1))) == in_order
    for first, last in [(0, 5), (1, 3), (2, 2), (4, 5)]:
        wanted = [package for package in in_order if package.id.akte in akten[first : last + 1]]
        assert list(catalog.packages_between(akten[first], akten[last])) == wanted
    assert list(catalog.packages_between(UUID(int=akten[2].int + 1), UUID(int=akten[3].int - 1))) == []


# --- database --------------------------------------------------------------------------------------------------------


def test_a_failed_verb_leaves_neither_change_nor_event(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    before = catalog.head()
    with pytest.raises(ValueError):
        catalog.move(row.uuid, Stage.EXAMINED, by=CLERK, now=NOON.replace(tzinfo=None))
    assert catalog.head() == before
    assert catalog.delivery(row.uuid) == row


def test_a_busy_database_is_unavailable_and_works_again_afterwards(url: str, catalog: Catalog) -> None:
    with open_catalog(url, busy_seconds=0.3) as hasty:
        entered, done = threading.Event(), threading.Event()

        def hold() -> None:
            with catalog._database.write():
                entered.set()
                done.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        entered.wait(20)
        with pytest.raises(Unavailable):
            receive(hasty, 1)
        done.set()
        holder.join()
        assert receive(hasty, 1).version == 1


def test_a_newer_schema_is_refused(url: str, catalog: Catalog) -> None:
    catalog.close()
    meddle(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Misconfigured):
        open_catalog(url)


def test_times_come_back_as_the_same_instants(catalog: Catalog) -> None:
    summer = NOON + timedelta(microseconds=1)
    row = receive(catalog, 1, now=summer)
    assert row.received_at == summer
    assert row.received_at.tzinfo is not None
    assert catalog.events_of()[0].at == summer
