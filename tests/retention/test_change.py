"""Rule changes, the deadline at intake, and the room's table of codes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import retention
from akten.errors import Rejected
from akten.model import Aktenart, Aussonderungsart
from retention.case import ArchiveAnswer, Case, Decision, State
from retention.catalogue import Fristenkatalog, Phase, RecordClass
from retention.compare import Change, ClassChange, compare
from retention.deadline import Deadline, compute
from retention.intake import class_for, to_aufbewahrung
from retention.periods import Period
from retention.rules import RULES
from tests.shipped import builtin_schedule

KATALOG = builtin_schedule()
AS_OF = date(2026, 11, 23)


def deadline_for(
    aktenart: str, key: str | None, events: dict[str, date], katalog: Fristenkatalog, as_of: date
) -> Deadline:
    """By the class that is named, or the default of the family."""
    own = class_for(aktenart, key, katalog).key
    return compute(Case((own,), {name: (day,) for name, day in events.items()}, as_of), katalog)


def with_class(key: str, record_class: RecordClass) -> Fristenkatalog:
    return replace(KATALOG, version="2027.1", classes={**KATALOG.classes, key: record_class})


def with_period(key: str, period: Period) -> Fristenkatalog:
    old = KATALOG.classes[key]
    bases = tuple(replace(basis, phases=(Phase(period),)) for basis in old.bases)
    return with_class(key, replace(old, bases=bases))


def akten(key: str, number: int) -> list[tuple[str, Case]]:
    return [(f"{key}-{n}", Case((key,), {"file_closed": (date(2015 + n % 5, 3, 1),)}, AS_OF)) for n in range(number)]


def test_a_shorter_period_is_counted_per_class_and_listed() -> None:
    cases = akten("tax.assessment-file", 10) + akten("tax.enforcement-file", 5)
    result = compare(cases, KATALOG, with_period("tax.assessment-file", Period(8)))
    assert [(c.record_class, c.total, c.earlier, c.later) for c in result.classes] == [
        ("tax.assessment-file", 10, 10, 0), ("tax.enforcement-file", 5, 0, 0),
    ]  # fmt: skip
    assert result.classes[0].sentence == "tax.assessment-file: von 10 Akten würden 10 früher frei."
    assert "keine von 5 Akten" in result.classes[1].sentence
    first = result.moves[0]
    assert (first.before, first.after, first.change) == (date(2026, 1, 1), date(2024, 1, 1), Change.EARLIER)
    assert result.after.endswith("2027.1")


def test_a_longer_period_takes_back_what_was_free() -> None:
    result = compare(akten("tax.assessment-file", 10), KATALOG, with_period("tax.assessment-file", Period(20)))
    assert (result.classes[0].later, result.classes[0].state_changes) == (10, 2)


def test_a_class_that_goes_is_told() -> None:
    less = replace(KATALOG, classes={k: v for k, v in KATALOG.classes.items() if k != "tax.assessment-file"})
    result = compare(akten("tax.assessment-file", 3), KATALOG, less)
    assert result.classes[0].missing == 3
    assert {move.change for move in result.moves} == {Change.CLASS_MISSING}


def test_the_same_catalogue_moves_nothing() -> None:
    assert compare(akten("tax.assessment-file", 10), KATALOG, KATALOG).moves == ()


@pytest.mark.parametrize("aktenart", list(Aktenart))
def test_every_family_gets_a_deadline_at_intake(aktenart: Aktenart) -> None:
    deadline = deadline_for(aktenart, None, {"file_closed": date(2020, 3, 1)}, KATALOG, AS_OF)
    note = to_aufbewahrung(deadline)
    assert note.record_class == KATALOG.defaults[aktenart] == class_for(aktenart, None, KATALOG).key
    assert note.jahre is not None
    assert note.ende == deadline.retention_ends
    assert note.aussonderungsart is Aussonderungsart.BEWERTEN
    assert note.rechtsgrundlage


def test_the_deadline_of_a_closed_tax_file() -> None:
    deadline = deadline_for("Steuerakte", None, {"file_closed": date(2020, 3, 1)}, KATALOG, AS_OF)
    assert (deadline.retention_ends, deadline.state) == (date(2030, 12, 31), State.RETAINED)
    assert to_aufbewahrung(deadline).jahre == 10


def test_a_building_file_waits_for_its_building() -> None:
    deadline = deadline_for("Bauakte", None, {"file_closed": date(2020, 3, 1)}, KATALOG, AS_OF)
    assert (deadline.retention_ends, deadline.state) == (None, State.OPEN)
    assert deadline.missing_events == ("structure_demolished",)
    assert (deadline.offer_by, to_aufbewahrung(deadline).jahre) == (date(2050, 12, 31), 10)


def test_permanent_and_following_records_have_no_years() -> None:
    for key in ("building.encumbrance-register", "system.transfer-note"):
        note = to_aufbewahrung(deadline_for("Bauakte", key, {}, KATALOG, AS_OF))
        assert (note.jahre, note.ende) == (None, None)


def test_parts_of_a_year_are_rounded_up() -> None:
    years = [
        to_aufbewahrung(deadline_for("Personalakte", key, {}, KATALOG, AS_OF)).jahre
        for key in ("personnel.application-rejected", "registration.other-data", "foreigners.irrelevant-notice")
    ]
    assert years == [1, 1, 1]
    assert to_aufbewahrung(deadline_for("x", "registration.moved-or-deceased", {}, KATALOG, AS_OF)).jahre == 55


def test_v_is_only_said_by_a_confirmed_class() -> None:
    old = KATALOG.classes["personnel.leave"]
    confirmed = with_class("personnel.leave", replace(old, confirmed_by="Fachamt 11"))
    events = {"case_closed": date(2020, 1, 1)}
    codes = [
        to_aufbewahrung(deadline_for("x", "personnel.leave", events, k, AS_OF)).aussonderungsart
        for k in (KATALOG, confirmed)
    ]
    assert codes == [Aussonderungsart.BEWERTEN, Aussonderungsart.VERNICHTEN]


def test_a_confirmed_class_without_any_objection_may_go() -> None:
    old = KATALOG.classes["personnel.leave"]
    confirmed = with_class("personnel.leave", replace(old, confirmed_by="Fachamt 11"))
    case = Case(("personnel.leave",), {"case_closed": (date(2020, 1, 1),)}, AS_OF,
                archive=ArchiveAnswer(decision=Decision.NICHT_ARCHIVWUERDIG))  # fmt: skip
    assert compute(case, confirmed).may_destroy
    assert not compute(case, KATALOG).may_destroy
    assert not compute(replace(case, as_of=date(2023, 12, 31)), confirmed).may_destroy


def test_an_unknown_family_or_class_is_rejected() -> None:
    with pytest.raises(Rejected, match="RT-14"):
        deadline_for("Kochbuch", None, {}, KATALOG, AS_OF)
    with pytest.raises(Rejected, match="RT-30"):
        deadline_for("Bauakte", "x.y", {}, KATALOG, AS_OF)
    with pytest.raises(Rejected, match="RT-30"):
        compute(Case(("x.y",), {}, AS_OF), KATALOG)


def test_every_code_that_the_room_uses_has_a_rule_and_every_rule_is_used() -> None:
    folder = Path(retention.__file__).parent
    used = {
        code
        for file in folder.glob("*.py")
        if file.name != "rules.py"
        for code in re.findall(r"RT-\d\d", file.read_text(encoding="utf-8"))
    }
    assert used == set(RULES)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((1, 1, 0, 0), "die eine Akte würde früher frei."),
        ((1, 0, 1, 0), "die eine Akte würde später frei."),
        ((1, 0, 0, 1), "die eine Akte stünde ohne Klasse da."),
        ((1, 0, 0, 0), "die eine Akte behält ihren Tag."),
        ((5, 0, 0, 5), "von 5 Akten stünden 5 ohne Klasse da."),
        ((5, 0, 0, 1), "von 5 Akten stünde 1 ohne Klasse da."),
        ((9, 1, 0, 2), "von 9 Akten würde 1 früher frei; 2 stünden ohne Klasse da."),
        ((9, 1, 3, 1), "von 9 Akten würden 1 früher frei, 3 später frei; 1 stünde ohne Klasse da."),
        ((9, 0, 0, 0), "keine von 9 Akten ändert ihren Tag."),
    ],
)
def test_what_would_move_is_told_in_whole_sentences(counts: tuple[int, int, int, int], told: str) -> None:
    assert ClassChange("k", *counts, state_changes=0).sentence == f"k: {told}"
