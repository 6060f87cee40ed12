"""A package that the catalog lost is entered again as it was, once, and never in the place of another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.errors import FixityError, Forbidden, Unavailable
from akten.findings import Verdict
from akten.lifecycle import Stage
from akten.model import Akte
from catalog import stored
from catalog.actor import Actor
from catalog.arrival import Arrival
from catalog.catalog import Catalog, open_catalog
from catalog.reentry import Reentered
from catalog.trail import Verb
from catalog.values import ClearingState, Resolution
from tests.catalog.build import (
    AN_ERROR,
    CLERK,
    NOON,
    STAGES,
    a_package,
    a_page,
    a_pdfa,
    a_scan,
    an_akte,
    an_id,
    archive,
    later,
    receive,
)
from tests.catalog.databases import NewUrl

ARCHIVIST = Actor("archiv")
AKTE = an_id("akte aus dem paket")
TEXTS = ("Der Wintergarten", "Die Statik")
OTHER = "63-00002-2020"


def found_of(
    name: object = "paket",
    *,
    akte: UUID = AKTE,
    version: int = 1,
    number: str = "63-01234-2019",
    before: Akte | None = None,
    previous: str | None = None,
    texts: Sequence[str] = TEXTS,
    **more: Any,
) -> Reentered:
    """What was read back of a package of one Dokument, and of those of the version before."""
    delivery = an_id("delivery", name)
    whole = an_akte(akte, delivery, number=number)
    (new,) = whole.dokumente
    if before is not None:
        whole = replace(whole, vorgaenge=(*before.vorgaenge, *whole.vorgaenge))
    arrival = Arrival(
        delivery,
        akte,
        whole.aktenart.value,
        Aktenzeichen(number, f"Az. {number}"),
        1,
        "Bauantrag Müller",
        {"aktenzeichen": number, "blatt": 2},
        (a_scan(name, 1), a_scan(name, 2)),
        f"arbeit/{delivery}",
    )
    pdfa = a_pdfa(new.uuid, [a_page(place, text) for place, text in enumerate(texts, 1)])
    values: dict[str, Any] = {
        "arrival": arrival,
        "akte": whole,
        "results": {new.uuid: pdfa},
        "package": a_package(akte, version),
        "texts": {new.uuid: tuple(texts)},
        "received_at": NOON - timedelta(days=2),
        "stored_at": NOON - timedelta(days=1),
        "previous": previous,
        "lacks": "Nicht wiederherstellbar: wer sie eingesehen hat.",
    }
    return Reentered(**{**values, **more})


def enter(catalog: Catalog, found: Reentered) -> bool:
    return catalog.lost.reenter(found, by=ARCHIVIST, now=later(5))


def is_whole(catalog: Catalog) -> bool:
    """Whether the trail agrees with itself and with the register."""
    head = catalog.head()
    assert head is not None
    return catalog.verify_trail([head]).verdict is Verdict.OK


def verbs(catalog: Catalog, delivery: UUID | None = None) -> list[str]:
    return [event.verb for event in catalog.events_of(delivery=delivery)]


def test_what_was_entered_again_is_what_was_archived(new_url: NewUrl) -> None:
    """Every row that people are shown is the one of before; only instants of the register itself are its own."""
    with open_catalog(new_url()) as lost, open_catalog(new_url()) as anew:
        akte, package = archive(lost, "paket", {0: TEXTS})
        found = found_of(akte=akte.uuid)
        assert (found.akte, found.package) == (akte, package)
        assert enter(anew, found)
        assert shown(anew, akte.uuid) == shown(lost, akte.uuid)
        for query in ("Wintergarten", "63-1234-19", "Doppelgarage"):
            assert [hit.akte.uuid for hit in anew.find(query, volltext=True).hits] == [akte.uuid], query
        (row,) = anew.packages(akte.uuid)
        assert row.stored_at == NOON - timedelta(days=1)
        delivery = anew.delivery(found.arrival.delivery)
        assert delivery is not None
        assert (delivery.stage, delivery.received_at, delivery.by) == (
            Stage.ARCHIVED,
            NOON - timedelta(days=2),
            ARCHIVIST,
        )
        assert anew.known_scans([scan.digests.sha512 for scan in found.arrival.scans]).keys()
        assert anew.index_lag() == 0


def shown(catalog: Catalog, akte: UUID) -> tuple[Any, ...]:
    details = catalog.akte_details(akte)
    assert details is not None
    keeping = catalog.keeping(akte)
    assert keeping is not None
    references = [(r.kind, r.label, r.value) for r in catalog.references(akte)]
    row = replace(details.row, created_at=NOON, changed_at=NOON)
    reviews = [(r.dokument, r.page, r.why) for r in catalog.reviews(akte=akte).rows]
    return row, details.akte, details.dokumente, replace(keeping, nr=0), references, reviews


def test_the_trail_says_first_that_it_was_entered_again_by_whom_and_what_is_missing(catalog: Catalog) -> None:
    archive(catalog, "vorher", number=OTHER)
    found = found_of()
    before = len(catalog.events_of(limit=None))
    enter(catalog, found)
    events = catalog.events_of(limit=None)[before:]
    assert events[0].verb == Verb.PACKAGE_REENTERED.value
    assert (events[0].akte, events[0].note) == (AKTE, found.lacks)
    assert events[0].data["commit"] == found.package.commit_sha256
    assert events[0].data["stores"] == ["a", "b"]
    assert {event.by for event in events} == {ARCHIVIST}
    assert [event.verb for event in events].count("package.stored") == 1
    assert "delivery.moved" not in [e.verb for e in events if e.data.get("after") != "described"]
    assert is_whole(catalog)


def test_twice_it_changes_nothing(catalog: Catalog) -> None:
    assert enter(catalog, found_of())
    head = catalog.head()
    assert not enter(catalog, found_of())
    assert catalog.head() == head


def test_another_package_under_the_same_name_is_an_alarm(catalog: Catalog) -> None:
    enter(catalog, found_of())
    with pytest.raises(FixityError, match="ein anderes Paket"):
        enter(catalog, found_of(package=a_package(AKTE, 1, content="anders")))


def test_a_kill_before_the_end_leaves_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    head = catalog.head()
    monkeypatch.setattr(stored, "_index", killed)
    with pytest.raises(KeyboardInterrupt):
        enter(catalog, found_of())
    monkeypatch.undo()
    assert (catalog.head(), catalog.akte(AKTE), catalog.deliveries(open_only=False)) == (head, None, ())
    assert enter(catalog, found_of())


def test_version_2_follows_version_1_and_carries_it_along(catalog: Catalog) -> None:
    akte, package = archive(catalog, "eins", {0: ["Der Bauantrag"]})
    second = found_of("zwei", akte=akte.uuid, version=2, before=akte, previous=package.commit_sha256)
    assert enter(catalog, second)
    details = catalog.akte_details(akte.uuid)
    assert details is not None
    assert (details.row.version, details.row.versions, len(details.dokumente)) == (2, (1, 2), 2)
    assert [hit.akte.uuid for hit in catalog.find("Bauantrag", volltext=True).hits] == [akte.uuid]
    assert is_whole(catalog)


@pytest.mark.parametrize(
    ("version", "previous", "error"),
    [(3, "commit 2", Forbidden), (2, "ein anderer", FixityError), (2, None, FixityError)],
)
def test_a_version_that_does_not_follow_is_not_entered(
    catalog: Catalog, version: int, previous: str | None, error: type[Exception]
) -> None:
    akte, _ = archive(catalog, "eins")
    with pytest.raises(error, match=r"Version|Vorgänger"):
        enter(catalog, found_of("neu", akte=akte.uuid, version=version, before=akte, previous=previous))
    assert len(catalog.packages(akte.uuid)) == 1


def test_a_number_that_was_given_up_lies_between_two_versions(catalog: Catalog) -> None:
    """A packed delivery that went back never comes again: what follows names the version before it."""
    akte, package = archive(catalog, "eins")
    third = found_of("drei", akte=akte.uuid, version=3, before=akte, previous=package.commit_sha256)
    assert enter(catalog, third)
    row = catalog.akte(akte.uuid)
    assert row is not None
    assert (row.version, row.versions) == (3, (1, 3))
    assert is_whole(catalog)


def test_the_first_package_of_an_akte_may_bear_a_later_number(catalog: Catalog) -> None:
    assert enter(catalog, found_of("zwei", version=2, previous=None))
    assert catalog.packages(AKTE)[0].package.id.version == 2


def test_a_number_that_is_another_akte_by_now_is_not_taken_over(catalog: Catalog) -> None:
    """After the catalog was put back the same Akte was archived anew, under another UUID."""
    other, _ = archive(catalog, "danach")
    with pytest.raises(Forbidden, match="eine andere Akte"):
        enter(catalog, found_of())
    assert [row.uuid for row in catalog.akten().rows] == [other.uuid]


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.EXAMINED, Stage.RECOGNISED])
def test_an_akte_that_was_only_opened_since_gives_way_and_its_deliveries_belong_to_the_true_one(
    catalog: Catalog, stage: Stage
) -> None:
    """A Nachscan that came before the re-entry opened the Akte anew; nothing of it is archived yet."""
    late = receive(catalog, "danach")
    assert late.akte not in (None, AKTE)
    catalog.plan(late.uuid, an_akte(late.akte, late.uuid), by=CLERK, now=NOON)  # type: ignore[arg-type]
    for each in STAGES[: STAGES.index(stage) + 1] if stage is not Stage.RECEIVED else ():
        catalog.move(late.uuid, each, by=CLERK, now=NOON)
    assert enter(catalog, found_of())
    assert [row.uuid for row in catalog.akten().rows] == [AKTE]
    row = catalog.delivery(late.uuid)
    assert row is not None
    assert (row.akte, row.version, row.stage) == (AKTE, None, stage)
    told = next(e for e in catalog.events_of(akte=AKTE) if e.verb == Verb.PACKAGE_REENTERED.value)
    assert told.data["joined"] == [str(late.uuid)]
    assert Verb.AKTE_DROPPED.value in verbs(catalog)
    again = receive(catalog, "danach")
    assert again.akte == AKTE
    assert is_whole(catalog)


def test_an_akte_of_the_same_number_that_something_is_told_of_stays(catalog: Catalog) -> None:
    late = receive(catalog, "danach")
    assert late.akte is not None
    catalog.report_event(late.akte, "death", NOON.date(), "Urkunde 1", by=CLERK, now=NOON)
    with pytest.raises(Forbidden, match="eine andere Akte"):
        enter(catalog, found_of())
    row = catalog.delivery(late.uuid)
    assert row is not None
    assert row.akte == late.akte


def test_an_akte_that_has_another_number_by_now_is_not_taken_over(catalog: Catalog) -> None:
    akte, package = archive(catalog, "eins")
    second = found_of("zwei", akte=akte.uuid, version=2, number=OTHER, previous=package.commit_sha256)
    with pytest.raises(Forbidden, match="eine andere Akte"):
        enter(catalog, second)


# --- deliveries that the catalog knows --------------------------------------------------------------------------------


def known(catalog: Catalog, stage: Stage) -> UUID:
    """The delivery of the package, as the backup knows it; returns its Akte."""
    row = receive(catalog, "paket")
    assert row.akte is not None
    if stage is Stage.CLEARING:
        catalog.to_clearing(row.uuid, (AN_ERROR,), owner="Archiv", next_step="", by=CLERK, now=NOON)
    elif stage is Stage.RETURNED:
        case = catalog.to_clearing(row.uuid, (AN_ERROR,), owner="Archiv", next_step="", by=CLERK, now=NOON)
        catalog.resolve(case.number, Resolution.RETURN, "neu geliefert", by=CLERK, now=NOON)
    elif stage is not Stage.RECEIVED:
        for each in STAGES[: STAGES.index(stage) + 1]:
            catalog.move(row.uuid, each, by=CLERK, now=NOON)
    return row.akte


@pytest.mark.parametrize("stage", [Stage.RECEIVED, *STAGES, Stage.CLEARING])
def test_a_delivery_that_was_under_way_in_the_backup_is_archived_now(catalog: Catalog, stage: Stage) -> None:
    akte = known(catalog, stage)
    found = found_of(akte=akte)
    assert enter(catalog, found)
    row = catalog.delivery(found.arrival.delivery)
    assert row is not None
    assert (row.stage, row.akte, row.version) == (Stage.ARCHIVED, akte, 1)
    assert Verb.DELIVERY_REPLACED.value not in verbs(catalog, row.uuid)
    assert catalog.clearing_list() == ()
    if stage is Stage.CLEARING:
        (case,) = catalog.clearing_list(state=ClearingState.RESOLVED)
        assert "in den Speichern" in case.resolved_reason
    assert is_whole(catalog)


def test_a_delivery_that_was_put_right_since_the_backup_is_known_as_it_was_archived(catalog: Catalog) -> None:
    akte = known(catalog, Stage.RECEIVED)
    found = found_of(akte=akte)
    found = replace(found, arrival=replace(found.arrival, slip={"blatt": 3}))
    enter(catalog, found)
    row = catalog.delivery(found.arrival.delivery)
    assert row is not None
    assert row.slip == {"blatt": 3}
    assert Verb.DELIVERY_REPLACED.value in verbs(catalog, row.uuid)


def test_scans_that_were_linked_and_not_stored_stay_with_their_delivery(catalog: Catalog) -> None:
    akte = known(catalog, Stage.RECEIVED)
    found = found_of(akte=akte)
    enter(catalog, replace(found, arrival=replace(found.arrival, scans=found.arrival.scans[:1])))
    assert len(catalog.scans(found.arrival.delivery)) == 2


def test_a_delivery_that_was_given_back_since_stays_so_and_the_package_has_one_of_its_own(catalog: Catalog) -> None:
    akte = known(catalog, Stage.RETURNED)
    found = found_of(akte=akte)
    assert enter(catalog, found)
    before = catalog.delivery(found.arrival.delivery)
    assert before is not None
    assert before.stage is Stage.RETURNED
    (package,) = catalog.packages(akte)
    assert package.delivery != before.uuid
    (told,) = catalog.events_of(akte=akte, verb=Verb.PACKAGE_REENTERED.value)
    assert told.data["from"] == str(before.uuid)
    assert not enter(catalog, found)


@pytest.mark.parametrize("stage", [Stage.RECEIVED, *STAGES])
def test_a_later_delivery_that_was_given_the_same_version_gives_it_back_and_begins_anew(
    catalog: Catalog, stage: Stage
) -> None:
    """It could never be stored: its place in the stores is taken by the package that the catalog had forgotten."""
    akte, package = archive(catalog, "eins")
    later_one = receive(catalog, "danach")
    for each in STAGES[: STAGES.index(stage) + 1] if stage is not Stage.RECEIVED else ():
        catalog.move(later_one.uuid, each, by=CLERK, now=NOON)
    assert later_one.version == 2
    second = found_of("zwei", akte=akte.uuid, version=2, before=akte, previous=package.commit_sha256)
    assert enter(catalog, second)
    row = catalog.delivery(later_one.uuid)
    assert row is not None
    assert (row.stage, row.version) == (Stage.RECEIVED, None)
    for each in STAGES[:2]:
        catalog.move(row.uuid, each, by=CLERK, now=NOON)
    assert catalog.settle_version(row.uuid, by=CLERK, now=NOON) == 3


def test_while_another_delivery_of_the_akte_is_packed_nothing_is_entered(catalog: Catalog) -> None:
    akte, package = archive(catalog, "eins")
    busy = [receive(catalog, name) for name in ("zwei?", "drei?")]
    for each in STAGES:
        catalog.move(busy[1].uuid, each, by=CLERK, now=NOON)
    second = found_of("zwei", akte=akte.uuid, version=2, before=akte, previous=package.commit_sha256)
    with pytest.raises(Unavailable, match="gerade abgelegt"):
        enter(catalog, second)


def test_doubtful_pages_come_to_the_review_list(catalog: Catalog) -> None:
    found = found_of()
    ((dokument, pdfa),) = found.results.items()
    low = replace(pdfa, pages=(replace(pdfa.pages[0], confidence=31.0), *pdfa.pages[1:]))
    enter(catalog, replace(found, results={dokument: low}))
    assert [(r.akte, r.page, r.why) for r in catalog.reviews().rows] == [(AKTE, 1, "low")]
