"""What every database must do for computed ends, locks as read back and proposals to shorten one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from akten.errors import Forbidden
from akten.findings import Finding, Severity, Verdict
from akten.package import CopyReport, FixityReport, Lock, PackageId
from catalog.actor import Actor
from catalog.catalog import Catalog
from catalog.locks import EndChange
from catalog.trail import Verb
from tests.catalog.build import CLERK, NOON, ROUND, archive, later
from tests.catalog.meddling import guarded, meddle, unguarded

UNTIL = datetime(2040, 12, 31, 23, 0, tzinfo=UTC)
LONGER = datetime(2051, 12, 31, 23, 0, tzinfo=UTC)  # what the builder of packages says
ANNA, BERND = Actor("anna.meier"), Actor("b.schulz")


def told(catalog: Catalog, verb: Verb) -> list[dict[str, object]]:
    return [dict(event.data) for event in catalog.events_of(limit=None) if event.verb == verb.value]


def an_end(akte: UUID, ends: date | None) -> EndChange:
    return EndChange(akte, ends, "retained", "neuss 2026.1", date(2026, 11, 25))


def test_a_computed_end_is_kept_with_the_rules_that_gave_it_and_told_once(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    changes = [an_end(akte.uuid, date(2040, 12, 31))]
    assert catalog.locks.record_ends(changes, by=ROUND, now=NOON) == 1
    assert catalog.locks.record_ends(changes, by=ROUND, now=NOON) == 0
    row = catalog.keeping(akte.uuid)
    assert row is not None
    assert row.retention_ends == date(2040, 12, 31)
    assert told(catalog, Verb.RETENTION_COMPUTED) == [
        {
            "before": "2051-12-31",
            "ends": "2040-12-31",
            "state": "retained",
            "katalog": "neuss 2026.1",
            "as_of": "2026-11-25",
        }
    ]
    assert catalog.locks.record_ends([an_end(akte.uuid, None)], by=ROUND, now=NOON) == 1


def test_of_several_ends_all_are_kept_or_none(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    changes = [an_end(akte.uuid, date(2040, 12, 31)), an_end(UUID(int=5), date(2040, 12, 31))]
    with pytest.raises(Forbidden):
        catalog.locks.record_ends(changes, by=ROUND, now=NOON)
    assert told(catalog, Verb.RETENTION_COMPUTED) == []


def test_locks_are_kept_per_copy_as_read_back_and_told_once(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    found = {"a": (("extended", "hold_set"), Lock(UNTIL, legal_hold=True))}
    catalog.locks.record_locks(package.id, found, by=ROUND, now=NOON)
    (row,) = catalog.packages(akte.uuid)
    assert {(c.store, c.retain_until, c.legal_hold) for c in row.copies} == {("a", UNTIL, True), ("b", LONGER, False)}
    assert {copy.lock for copy in row.package.copies} == {Lock(UNTIL, legal_hold=True), Lock(LONGER)}
    catalog.locks.record_locks(package.id, {"a": ((), Lock(UNTIL, legal_hold=True))}, by=ROUND, now=NOON)
    assert told(catalog, Verb.LOCK_CHANGED) == [
        {"version": 1, "copies": {"a": {"acts": ["extended", "hold_set"], "until": UNTIL.isoformat(), "hold": True}}}
    ]
    with pytest.raises(Forbidden):
        catalog.locks.record_locks(PackageId(akte.uuid, 9), found, by=ROUND, now=NOON)


def test_a_hold_that_we_set_is_known_from_the_trail_and_one_that_was_only_seen_is_not(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    held = Lock(UNTIL, legal_hold=True)
    catalog.locks.record_locks(package.id, {"a": ((), held), "b": (("extended",), held)}, by=ROUND, now=NOON)
    assert not catalog.locks.hold_was_set(akte.uuid)
    catalog.locks.record_locks(package.id, {"b": (("hold_set",), held)}, by=ROUND, now=NOON)
    assert catalog.locks.hold_was_set(akte.uuid)
    assert not catalog.locks.hold_was_set(UUID(int=7))


@pytest.mark.parametrize(("old", "new"), [("copies", "kopien"), ("acts", "taten"), ("data", "daten")])
def test_a_row_that_was_changed_by_hand_vouches_for_no_hold_and_is_no_bug(
    url: str, catalog: Catalog, old: str, new: str
) -> None:
    akte, package = archive(catalog, 1)
    catalog.locks.record_locks(package.id, {"b": (("hold_set",), Lock(UNTIL, legal_hold=True))}, by=ROUND, now=NOON)
    forge = f"UPDATE trail SET body = replace(body, '\"{old}\"', '\"{new}\"') WHERE verb = 'lock.changed'"  # noqa: S608 - ours
    meddle(url, *unguarded(url), forge, *guarded(url))
    assert not catalog.locks.hold_was_set(akte.uuid)


def test_packages_of_many_akten_come_at_once(catalog: Catalog) -> None:
    one, first = archive(catalog, 1)
    _, second = archive(catalog, 2)
    other, third = archive(catalog, 3, number="63-00001-2020")
    found = catalog.locks.packages_of([one.uuid, other.uuid, UUID(int=7)])
    assert found == {one.uuid: (first, second), other.uuid: (third,)}
    assert catalog.locks.packages_of([]) == {}


def test_what_a_look_at_a_copy_found_of_its_lock_is_in_the_register_afterwards(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    finding = Finding("FX-08", Severity.ERROR, "bag.tar", "Die Sperre endet zu früh.")
    looks = (
        CopyReport("a", Verdict.FAILED, (finding,), 10, "bag-a-1", Lock(UNTIL)),
        CopyReport("b", Verdict.NOT_CHECKED, (), 0, "bag-b-1", None),
    )
    catalog.record_fixity(FixityReport(package.id, looks), by=ROUND, now=NOON)
    (row,) = catalog.packages(akte.uuid)
    assert {(c.store, c.retain_until) for c in row.copies} == {("a", UNTIL), ("b", LONGER)}
    assert catalog.locks.last_looks(akte.uuid) == {(1, "a"): (finding,), (1, "b"): ()}
    good = CopyReport("a", Verdict.OK, (), 10, "bag-a-1", Lock(LONGER))
    catalog.record_fixity(FixityReport(package.id, (good,)), by=ROUND, now=later(5))
    assert catalog.locks.last_looks(akte.uuid)[1, "a"] == ()


def test_a_proposal_is_made_released_and_ended_and_its_reasons_are_no_part_of_the_chain(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    book, why = catalog.locks, "Tod von Frau Müller falsch eingetragen"
    assert book.open_shortening(akte.uuid) is None
    book.propose_shortening(akte.uuid, UNTIL, "neuss 1", why, by=ANNA, now=NOON)
    proposal = book.open_shortening(akte.uuid)
    assert proposal is not None
    assert (proposal.proposed_by, proposal.reason, proposal.until) == (ANNA, why, UNTIL.isoformat())
    assert (proposal.katalog, proposal.proposed_at, proposal.released_by) == ("neuss 1", NOON, None)
    with pytest.raises(Forbidden):
        book.propose_shortening(akte.uuid, UNTIL, "neuss 1", why, by=BERND, now=NOON)
    with pytest.raises(Forbidden):
        book.release_shortening(akte.uuid, proposal.number + 1, "ja", by=BERND, now=NOON)
    for _ in range(2):
        book.release_shortening(akte.uuid, proposal.number, "ja", by=BERND, now=NOON)
    released = book.open_shortening(akte.uuid)
    assert released is not None
    assert released.released_by == BERND
    for _ in range(2):
        book.end_shortening(akte.uuid, proposal.number, done=True, by=BERND, now=NOON)
    assert book.open_shortening(akte.uuid) is None
    verbs = [e.verb for e in catalog.events_of(akte=akte.uuid, limit=None) if e.verb.startswith("shortening")]
    assert verbs == ["shortening.proposed", "shortening.released", "shortening.ended"]
    chained = str([dict(e.data) for e in catalog.events_of(akte=akte.uuid, limit=None)])
    assert "Müller" not in chained
    book.propose_shortening(akte.uuid, UNTIL, "neuss 1", why, by=CLERK, now=later(1))
    assert book.open_shortening(akte.uuid) is not None
    assert catalog.verify_trail().verdict is not Verdict.FAILED
