"""A correction is shown so that the second person sees which part it is, and each value as it is written."""

from __future__ import annotations

from uuid import UUID

from rich.console import Console

from akten.correction import Change, Teil
from app.correction_show import ends_json, show_changes, show_consequences
from flows.consequences import Consequences

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


def shown(*changes: Change) -> str:
    console = Console(width=200)
    with console.capture() as caught:
        show_changes(console, changes, {ONE: "Brief", TWO: "Brief", THREE: "Plan"})
    return caught.get()


def test_of_several_that_bear_one_betreff_the_uuid_says_which_is_meant() -> None:
    first, other = (Change(Teil.DOKUMENT, each, "betreff", "Brief", "Neu") for each in (ONE, TWO))
    assert f"Dokument „Brief“ ({ONE}), Betreff: Brief → Neu" in shown(first)
    assert f"({TWO})" in shown(other)
    assert "Dokument „Plan“, Betreff" in shown(Change(Teil.DOKUMENT, THREE, "betreff", "Plan", "Neu"))


def test_a_text_that_looks_like_a_day_is_shown_as_it_is_and_a_day_as_people_write_it() -> None:
    assert "2019-03-05 → 2019-W10-2" in shown(Change(Teil.AKTE, ONE, "betreff", "2019-03-05", "2019-W10-2"))
    assert "(nichts) → 05.03.2019" in shown(Change(Teil.AKTE, ONE, "zda_datum", "", "2019-03-05"))


def test_a_period_that_nobody_could_compute_is_told_and_not_passed_over() -> None:
    console = Console(width=100)
    with console.capture() as caught:
        show_consequences(console, Consequences(), ())
    assert "Aufzubewahren bis: nicht berechenbar" in caught.get()
    assert ends_json(Consequences()) is None
