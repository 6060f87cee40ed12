"""The next step at the clearing desk is one that can be taken."""

from __future__ import annotations

import pytest

from akten.findings import Finding, Severity
from flows.outcomes import may_be_accepted, next_step_of, nobody_may_accept
from ingest.rules import ACCEPTABLE


def errors(*codes: str) -> list[Finding]:
    return [Finding(code, Severity.ERROR, "", "") for code in codes]


@pytest.mark.parametrize("code", sorted(ACCEPTABLE))
def test_what_may_be_accepted_is_offered(code: str) -> None:
    assert "mit Begründung annehmen oder" in next_step_of(errors(code))


@pytest.mark.parametrize("codes", [("EX-999",), ("IN-999",), ("IN-50", "EX-999")])
def test_what_nobody_may_accept_is_not_offered(codes: tuple[str, ...]) -> None:
    told = next_step_of([*errors(*codes), Finding("IN-60", Severity.WARNING, "", "")])
    assert "neu einreichen oder zurückgeben" in told
    assert "annehmen lässt sich das nicht" in told


@pytest.mark.parametrize("step", ["TV", "WF", "XD", "PR"])
def test_what_no_step_goes_on_with_is_not_accepted(step: str) -> None:
    """The clearing desk offered it, closed the case as accepted and opened the next one with the same finding."""
    assert nobody_may_accept(errors(f"{step}-999", "IN-50")) == (f"{step}-999",)


@pytest.mark.parametrize("step", ["AN", "OC", "OD", "PC"])
def test_what_reading_and_comparing_object_to_may_be_accepted(step: str) -> None:
    assert may_be_accepted(f"{step}-999")
