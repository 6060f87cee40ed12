"""What every database must do for cases at the clearing desk and pages to be looked at, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from akten.errors import Forbidden
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog
from catalog.clearing import CaseFilter, CaseSort
from catalog.values import ClearingState, Resolution
from tests.catalog.build import (
    AN_ERROR,
    CLERK,
    NOON,
    a_page,
    a_pdfa,
    an_id,
    later,
    receive,
)


def test_a_case_has_owner_reason_next_step_and_due_date_and_is_one_case_when_told_twice(catalog: Catalog) -> None:
    row = receive(catalog, 1)

    def clear(*findings: Finding) -> int:
        return catalog.to_clearing(
            row.uuid, findings, owner="Scanstelle", next_step="Blatt nachscannen", by=CLERK, now=NOON
        ).number

    number = clear(AN_ERROR)
    head = catalog.head()
    assert clear(AN_ERROR) == number
    assert catalog.head() == head
    assert clear(AN_ERROR, Finding("IN-09", Severity.WARNING, "x", "y")) == number
    (case,) = catalog.clearing_list()
    assert (case.code, case.owner, case.next_step, case.due) == (
        "IN-07",
        "Scanstelle",
        "Blatt nachscannen",
        date(2026, 12, 7),
    )
    assert case.reason == AN_ERROR.text
    assert catalog.clearing(row.uuid) == catalog.clearing(number) == case
    moved = catalog.delivery(row.uuid)
    assert moved is not None
    assert moved.stage is Stage.CLEARING


def test_a_page_of_the_list_is_chosen_sorted_and_counted_by_the_database(catalog: Catalog) -> None:
    days = (2, 0, 1, 0)  # later: the earlier a case was opened, the sooner it is due
    first, *others = (
        catalog.to_clearing(
            receive(catalog, n).uuid, [AN_ERROR], owner=owner, next_step="y", by=CLERK, now=NOON + timedelta(days=day)
        ).number
        for n, (owner, day) in enumerate(zip(("Scanstelle", "Archiv", "Scanstelle", "Archiv"), days, strict=True), 1)
    )
    a, b, c = others
    catalog.resolve(first, Resolution.ACCEPT, "fehlte bereits", by=CLERK, now=NOON)

    def listed(wanted: CaseFilter, sort: CaseSort = CaseSort.NUMMER, **part: int) -> tuple[list[int], int]:
        page = catalog.clearing_page(wanted, sort=sort, **part)
        return [case.number for case in page.rows], page.total

    assert listed(CaseFilter()) == ([a, b, c], 3)
    assert listed(CaseFilter(), limit=2) == ([a, b], 3)
    assert listed(CaseFilter(), limit=2, offset=2) == ([c], 3)
    assert listed(CaseFilter(), offset=9) == ([], 3)
    assert listed(CaseFilter(), CaseSort.NEUESTE) == ([c, b, a], 3)
    assert listed(CaseFilter(), CaseSort.FRIST) == ([a, c, b], 3)
    assert listed(CaseFilter(None), limit=1) == ([first], 4)
    assert listed(CaseFilter(owners=("Archiv",)), limit=1, offset=1) == ([c], 2)
    assert listed(CaseFilter(owners=())) == ([], 0)
    assert listed(CaseFilter(aktenarten=("Bauakte",))) == ([a, b, c], 3)
    assert listed(CaseFilter(aktenarten=("Steuerakte",))) == ([], 0)
    assert catalog.clearing_page(CaseFilter()).rows == catalog.clearing_list()
    assert catalog.clearing_owners(CaseFilter(ClearingState.RESOLVED)) == ("Scanstelle",)
    assert catalog.clearing_owners(CaseFilter(None)) == ("Archiv", "Scanstelle")


def test_fourteen_days_are_counted_from_the_day_in_berlin(catalog: Catalog) -> None:
    night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    case = catalog.to_clearing(
        receive(catalog, 1).uuid, (AN_ERROR,), owner="Scanstelle", next_step="y", by=CLERK, now=night
    )
    assert case.due == date(2026, 12, 7)


def test_accepting_needs_a_reason_and_is_remembered_by_code(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    with pytest.raises(Forbidden):
        catalog.resolve(case.number, Resolution.ACCEPT, "  ", by=CLERK, now=NOON)
    chief = Actor("leitung", ActorKind.ALS)
    done = catalog.resolve(case.number, Resolution.ACCEPT, "Blatt 31 fehlte bereits", by=chief, now=later(3))
    assert (done.state, done.resolution, done.resolved_by, done.resolved_at) == (
        ClearingState.RESOLVED,
        Resolution.ACCEPT,
        "leitung",
        later(3),
    )
    assert catalog.accepted(row.uuid) == {"IN-07"}
    assert catalog.clearing_list() == ()
    with pytest.raises(Forbidden):
        catalog.resolve(case.number, Resolution.RETURN, "doch nicht", by=chief, now=later(4))
    event = catalog.events_of(by="leitung")[-1]
    assert (event.verb, event.note, event.data["resolution"]) == (
        "clearing.resolved",
        "Blatt 31 fehlte bereits",
        "accept",
    )
    again = catalog.delivery(row.uuid)
    assert again is not None
    assert again.stage is Stage.RECEIVED


def test_doubtful_pages_come_to_the_review_list_once_and_stay_settled(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    dokument = an_id("dokument")
    pages = [
        a_page(1, "gut gelesen"),
        a_page(2, "shclecht", 41.0),
        a_page(3, "", None, blank=True),
        a_page(4, "", None, failed="Zeit abgelaufen"),
        a_page(5, "", None),
    ]
    results = {dokument: a_pdfa(dokument, pages)}
    for _ in range(2):
        catalog.record_recognised(row.uuid, results, by=CLERK, now=NOON)
    listed = catalog.reviews()
    assert [(review.page, review.why) for review in listed.rows] == [(2, "low"), (4, "failed"), (5, "no_text")]
    assert len(catalog.events_of(verb="delivery.recognised")) == 1
    with pytest.raises(Forbidden):
        catalog.resolve_review(listed.rows[0].number, "egal", by=CLERK, now=NOON)
    catalog.resolve_review(listed.rows[0].number, "lesbar", "blass, aber lesbar", by=CLERK, now=NOON)
    again = {dokument: a_pdfa(dokument, pages, content="made anew")}
    catalog.record_recognised(row.uuid, again, by=CLERK, now=NOON)
    assert [review.page for review in catalog.reviews().rows] == [4, 5]
    assert [review.page for review in catalog.reviews(state="done").rows] == [2]


def test_everything_about_an_akte_tells_of_every_doubtful_page(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    assert row.akte is not None
    pages = [a_page(number, "shclecht", 41.0) for number in range(1, 1003)]
    catalog.record_recognised(row.uuid, {an_id("dokument"): a_pdfa(an_id("dokument"), pages)}, by=CLERK, now=NOON)
    details = catalog.akte_details(row.akte)
    assert details is not None
    assert [review.page for review in details.reviews] == list(range(1, 1003))


def test_the_review_list_names_the_pages_of_the_file_where_blanks_were_left_out(catalog: Catalog) -> None:
    row, dokument = receive(catalog, 1), an_id("dokument")
    blank = replace(a_page(1, "", None, blank=True), dropped=True)
    pdfa = a_pdfa(dokument, [blank, a_page(2, "gut"), a_page(3, "shclecht", 41.0)])
    catalog.record_recognised(row.uuid, {dokument: pdfa}, by=CLERK, now=NOON)
    assert [review.page for review in catalog.reviews().rows] == [2]


@pytest.mark.parametrize("end", ["duplicate", "returned"])
def test_pages_of_a_delivery_that_never_comes_into_its_akte_leave_the_review_list(catalog: Catalog, end: str) -> None:
    """Of two equal deliveries read at the same time both had their pages on the list; one of them lies nowhere."""
    row, other = receive(catalog, 1), receive(catalog, 2)
    for delivery in (row, other):
        pages = [a_page(1, "shclecht", 41.0), a_page(2, "scheclt", 41.0)]
        catalog.record_recognised(delivery.uuid, {an_id(delivery.uuid): a_pdfa(an_id("d"), pages)}, by=CLERK, now=NOON)
    settled = catalog.reviews().rows[0]
    catalog.resolve_review(settled.number, "lesbar", by=CLERK, now=NOON)
    if end == "duplicate":
        assert row.akte is not None
        catalog.mark_duplicate(row.uuid, row.akte, by=CLERK, now=NOON)
    else:
        case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
        catalog.resolve(case.number, Resolution.RETURN, "falsch", by=CLERK, now=NOON)
    assert {review.delivery for review in catalog.reviews().rows} == {other.uuid}
    assert [review.number for review in catalog.reviews(state="done").rows] == [settled.number]


def test_what_was_accepted_is_known_as_it_was_told_until_the_delivery_is_another(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    assert catalog.accepted_findings(row.uuid) == ()
    catalog.resolve(case.number, Resolution.ACCEPT, "fehlte bereits", by=CLERK, now=NOON)
    assert catalog.accepted_findings(row.uuid) == (AN_ERROR,)
    receive(catalog, 1, scans=())
    assert (catalog.accepted_findings(row.uuid), catalog.lapsed(row.uuid)) == ((), {"IN-07": case.number})
