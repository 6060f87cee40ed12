"""Worked cases: the shared examples and our own, under the shipped and the shared catalogue alike."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest
import yaml

from akten.errors import Rejected
from retention.cases import CaseEntry, answer, answer_all, load_cases, mismatches, read_cases
from retention.catalogue import Fristenkatalog
from retention.rules import RULES
from retention.schedule import load_schedule
from tests.shipped import builtin_schedule

FILES = (Path(__file__).with_name("cases.yaml"), Path(__file__).with_name("cases_edges.yaml"))
RAW = [entry for file in FILES for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["cases"]]
IDS = [entry["id"] for entry in RAW]


@cache
def own_catalogue() -> Fristenkatalog:
    return builtin_schedule()


@cache
def own_entries() -> tuple[CaseEntry, ...]:
    return tuple(entry for file in FILES for entry in load_cases(file, own_catalogue()))


@cache
def shared_catalogue(path: Path) -> Fristenkatalog:
    return load_schedule(path)


def test_all_worked_examples_come_out_as_expected(shared: Path) -> None:
    catalogues = (own_catalogue(), shared_catalogue(shared / "retention" / "record-classes.yaml"))
    for katalog in catalogues:
        entries = load_cases(shared / "retention" / "examples.yaml", katalog)
        assert len(entries) == 8
        for entry in entries:
            assert mismatches(entry, answer(entry, katalog)["computed"]) == {}, (katalog.name, entry.id)


@pytest.mark.parametrize("number", range(len(IDS)), ids=IDS)
def test_own_cases(number: int) -> None:
    entry = own_entries()[number]
    result = answer(entry, own_catalogue())
    assert entry.expected
    assert mismatches(entry, result["computed"]) == {}, result


def test_both_catalogues_hold_the_same_rules(shared: Path) -> None:
    """The shipped catalogue is written anew, and computes the same in every case."""
    other = shared_catalogue(shared / "retention" / "record-classes.yaml")
    wrong = {
        entry.id: found
        for file in FILES
        for entry in load_cases(file, other)
        if (found := mismatches(entry, answer(entry, other)["computed"]))
    }
    assert wrong == {}
    assert set(own_catalogue().classes) == set(other.classes)


def test_every_case_says_why_and_there_are_enough() -> None:
    assert len(RAW) >= 180
    assert len(set(IDS)) == len(IDS)
    assert all(len(case["why"]) > 15 for case in RAW)


def test_the_conflict_of_keeping_and_deleting_is_told_in_words() -> None:
    by_id = {entry.id: entry for entry in own_entries()}
    for identifier in ("C32", "C33"):
        computed = answer(by_id[identifier], own_catalogue())["computed"]
        assert len(computed["conflicts"]) == 1
        assert any(line.startswith("Widerspruch:") for line in computed["derivation"])
        assert any("von Hand" in reason for reason in computed["reasons"])


def faults(text: str) -> list[str]:
    (entry,) = read_cases(f"cases: [{text}]".encode(), own_catalogue())
    assert answer(entry, own_catalogue())["computed"] is None
    return [finding.code for finding in entry.findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{id: a, class: x.y, as_of: 2026-01-01}", "RT-30"),
        ("{id: a, as_of: 2026-01-01}", "RT-30"),
        ("{class: tax.assessment-file, as_of: 2026-01-01}", "RT-50"),
        ("{id: a, class: tax.assessment-file}", "RT-04"),
        ("{id: a, class: tax.assessment-file, as_of: gestern}", "RT-32"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01T10:00:00}", "RT-32"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, hold: []}", "RT-03"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, events: {file_closed: 2020-01-01}}", "RT-05"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, events: [{event: file_closed}]}", "RT-04"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, events: [{event: x, dat: 2020-01-01}]}", "RT-03"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, facts: {x: vielleicht}}", "RT-05"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, archive: {decision: ja}}", "RT-05"),
        ("{id: a, class: tax.assessment-file, as_of: 2026-01-01, archive: {waived: 1}}", "RT-05"),
        (
            "{id: a, class: tax.assessment-file, as_of: 2026-01-01, "
            "holds: [{hold: litigation, from: 2026-01-02, until: 2026-01-01}]}",
            "RT-33",
        ),
        ("{id: a, class: tax.assessment-file, access: {created: 1990}, as_of: 2026-01-01}", "RT-50"),
        ("{id: a, access: {persons: []}, as_of: 2026-01-01}", "RT-04"),
    ],
)
def test_a_faulty_case_is_not_computed_and_says_where(text: str, code: str) -> None:
    assert code in faults(text)


def test_a_faulty_case_does_not_stop_the_others() -> None:
    text = (
        "- {id: a, class: tax.assessment-file, as_of: 2026-02-30}\n"
        "- {id: b, class: tax.assessment-file, id: c, as_of: 2026-02-28}\n"
        "- {id: d, class: tax.assessment-file, as_of: 2026-02-28}\n"
    )
    entries = read_cases(text.encode(), own_catalogue())
    assert [entry.question is None for entry in entries] == [True, True, False]
    assert entries[0].findings[0].where == "cases.yaml:1"
    assert [finding.code for finding in entries[1].findings] == ["RT-02"]


def test_an_unknown_hold_blocks_and_is_told() -> None:
    text = (
        "cases: [{id: a, class: tax.assessment-file, as_of: 2040-01-01, archive: {waived: true}, "
        "events: [{event: file_closed, date: 2015-01-01}], holds: [{hold: beschlagnahme}]}]"
    )
    result = answer_all(read_cases(text.encode(), own_catalogue()), own_catalogue())[0]
    assert result["computed"]["state"] == "held"
    assert "RT-31" in {finding["code"] for finding in result["findings"]}


def test_cases_without_a_day_take_the_given_one() -> None:
    text = b"- {id: a, class: tax.assessment-file, events: [{event: file_closed, date: 2015-01-01}]}"
    (entry,) = read_cases(text, own_catalogue(), date(2025, 12, 31))
    assert answer(entry, own_catalogue())["computed"]["state"] == "retained"


@pytest.mark.parametrize("data", [b"", b"{}", b"a: [", b"cases: {a: 1}", b"cases: [1]\ncases: 2", b"\xff"])
def test_what_is_no_case_file_is_rejected(data: bytes) -> None:
    with pytest.raises(Rejected):
        read_cases(data, own_catalogue())


def test_names_that_the_catalogue_does_not_know_are_told_and_stop_nothing() -> None:
    text = (
        b"titel: Probe\n"
        b"cases: [{id: a, class: tax.assessment-file, as_of: 2026-01-01, facts: {taxabel_business: true}, "
        b"events: [{event: file_closd, date: 2015-01-01}, {event: file_closed, date: 2015-01-01}]}]"
    )
    result = answer_all(read_cases(text, own_catalogue()), own_catalogue())[0]
    assert result["computed"]["retention_ends"] == "2025-12-31"
    told = {finding["code"]: finding for finding in result["findings"] if finding["severity"] == "warning"}
    assert set(told) == {"RT-03", "RT-34", "RT-38"}
    assert "„file_closed“" in told["RT-34"]["text"]
    assert "„taxable_business“" in told["RT-38"]["text"]
    assert told["RT-34"]["where"] == "cases.yaml:2"


def test_an_office_sees_where_its_own_cases_come_out_otherwise() -> None:
    text = (
        b"cases: [{id: a, class: tax.assessment-file, as_of: 2026-01-01, "
        b"events: [{event: file_closed, date: 2015-01-01}], "
        b"expected: {retention_ends: 2024-12-31, state: offer, conflicts: false}}]"
    )
    result = answer_all(read_cases(text, own_catalogue()), own_catalogue())[0]
    assert result["mismatches"] == {"retention_ends": {"expected": "2024-12-31", "computed": "2025-12-31"}}


TAX = "id: a, class: tax.assessment-file, as_of: 2026-11-23"
CLOSED = "events: [{event: file_closed, date: 2015-01-01}]"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{TAX}, {CLOSED}, holds: [{{hold: beschlagnahme}}]", "RT-31"),
        (f"{TAX}, {CLOSED}, holds: [{{hold: unterbrechung}}]", "RT-33"),
        (f"{TAX}, events: [{{event: death, date: 2015-01-01}}]", "RT-34"),
        ("id: a, class: finance.books, as_of: 2026-11-23", "RT-35"),
        (f"{TAX}, events: [{{event: file_closed, date: 2027-01-01}}]", "RT-36"),
        (f"{TAX.replace('2026', '2024')}, {CLOSED}", "RT-37"),
        (f"{TAX}, {CLOSED}, facts: {{structur_exists: true}}", "RT-38"),
        (
            "id: a, classes: [tax.assessment-file, registration.passport-register], as_of: 2026-11-23, events: "
            "[{event: file_closed, date: 2020-01-01}, {event: document_validity_ended, date: 2019-01-01}]",
            "RT-40",
        ),
        (
            "id: a, class: trade.notification, as_of: 2026-11-23, facts: {trade_registered: true}, "
            "events: [{event: trade_deregistered, date: 2019-01-01}]",
            "RT-41",
        ),
        (
            "id: a, class: personnel.pension-file, as_of: 2026-11-23, "
            "facts: {revival_possible: false, no_revival_possible: false}",
            "RT-41",
        ),
        (f"{TAX}, {CLOSED}, archive: {{decision: archivwuerdig, waived: true}}", "RT-42"),
    ],
)
def test_what_is_odd_in_a_case_is_told_and_the_case_is_computed_all_the_same(text: str, code: str) -> None:
    result = answer_all(read_cases(f"cases: [{{{text}}}]".encode(), own_catalogue()), own_catalogue())[0]
    assert result["computed"] is not None
    assert not result["computed"]["may_destroy"]
    assert code in {finding["code"] for finding in result["findings"]}


def test_every_code_of_the_room_has_a_test() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    assert {code for code in RULES if not any(f'"{code}' in text for text in texts)} == set()
