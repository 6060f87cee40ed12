"""The next step at the clearing desk is one that can be taken."""

from __future__ import annotations

import pytest

from akten.findings import Finding, Severity
from flows.outcomes import next_step_of
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
