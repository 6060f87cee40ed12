"""Why this date? One golden file per family of classes; `ARCHIV_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from retention.case import ArchiveAnswer, Case, Decision, Hold
from retention.cases import load_cases
from retention.deadline import compute
from tests.shipped import builtin_schedule

GOLDEN = Path(__file__).parents[1] / "golden" / "retention"
KATALOG = builtin_schedule()
FAMILIES = sorted({key.partition(".")[0] for key in KATALOG.classes})
AS_OF = date(2026, 11, 23)


def told(case: Case) -> str:
    deadline = compute(case, KATALOG)
    findings = [f"  {f.code} {f.severity.value}: {f.text}" for f in deadline.findings]
    reasons = [f"  gegen Vernichtung: {reason}" for reason in deadline.reasons]
    return "\n".join([*deadline.derivation, *findings, *reasons]) + "\n"


def cases_of(family: str) -> list[Case]:
    """Every class once with all its events, once without any; then with holds and the archive's answers."""
    found = []
    for key, record_class in KATALOG.classes.items():
        if key.partition(".")[0] != family:
            continue
        names = {n for b in record_class.bases for n in (b.trigger, *(v.event for v in b.variants)) if n}
        events = {name: (date(2010, 5, 31), date(2011, 2, 28)) for name in sorted(names)}
        evidence = {(name, date(2011, 2, 28)): "Verfügung Blatt 12" for name in sorted(names)}
        facts = {f: f == b.applies_if for b in record_class.bases for f in (b.applies_if, b.while_fact) if f}
        found.append(Case((key,), events, AS_OF, facts, evidence=evidence))
        found.append(Case((key,), {}, AS_OF))
    key = next(key for key in KATALOG.classes if key.startswith(family))
    events = {"file_closed": (date(1990, 1, 1),), **found[0].events}
    holds = (
        Hold("litigation", date(2020, 1, 1), None), Hold("ablaufhemmung_ao147", None, date(2027, 1, 31)),
        Hold("unterbrechung", on=date(2012, 1, 1)), Hold("unterbrechung", on=date(2013, 1, 1), unfounded=True),
        Hold("erasure_request_art17", date(2026, 1, 1)), Hold("unbekannt"),
    )  # fmt: skip
    found.append(Case((key,), events, AS_OF, found[0].facts, holds))
    for answer in (
        ArchiveAnswer(offered=True, offered_on=date(2026, 8, 31)),
        ArchiveAnswer(decision=Decision.ARCHIVWUERDIG, waived=True),
        ArchiveAnswer(decision=Decision.NICHT_ARCHIVWUERDIG),
    ):
        found.append(Case((key,), events, date(2090, 1, 1), found[0].facts, archive=answer))
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_derivation_of_each_family_is_as_recorded(family: str) -> None:
    text = "\n".join(told(case) for case in cases_of(family))
    path = GOLDEN / f"{family}.txt"
    if os.environ.get("ARCHIV_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_step_is_one_german_line_with_law_event_evidence_and_formula() -> None:
    lines = compute(cases_of("cemetery")[0], KATALOG).derivation
    assert lines == (
        "Katalog: Fristenkatalog Neuss, Fassung 2026.1; gefragt für den 23.11.2026.",
        "Klasse: cemetery.burial-book „Bestattungsbuch“ (nicht bestätigt).",
        "Grundlage: § 5 Abs. 2 BestG NRW: dreißig Kalenderjahre nach der letzten Eintragung: mindestens aufzubewahren"
        " [BestG NRW § 5; gelesen].",
        "  Ereignis: letzte Eintragung (last_entry) am 28.02.2011; Beleg: Verfügung Blatt 12.",
        "  Rechnung: Beginn mit Ablauf des 31.12.2011; 30 Jahre; Ende mit Ablauf des 31.12.2041.",
        "Aufzubewahren bis einschließlich 31.12.2041.",
        "Frei ab 01.01.2042.",
        "Stand am 23.11.2026: aufzubewahren.",
    )
    assert not any("\n" in line for line in lines)


def test_the_transition_of_2025_is_told() -> None:
    path = Path(__file__).with_name("cases.yaml")
    by_id = {entry.id: entry.question for entry in load_cases(path, KATALOG)}
    new, old = (
        compute(question, KATALOG).derivation for question in (by_id["C25"], by_id["C26"]) if isinstance(question, Case)
    )
    assert any("es gilt die neue Frist" in line for line in new)
    assert any("es gilt die bisherige Frist" in line for line in old)
