"""What Prefect keeps of a round names nobody: its parameters are UUIDs of deliveries, or none."""

from __future__ import annotations

from flows.due_round import due_round
from flows.fixity_round import fixity_round
from flows.intake_round import intake_round
from flows.reconcile_round import reconcile_round


def test_no_round_takes_a_parameter_that_could_name_a_person() -> None:
    rounds = (intake_round, due_round, fixity_round, reconcile_round)
    assert {name for each in rounds for name in each.parameters.properties} == {"deliveries"}


def test_the_entry_point_of_the_intake_is_found_by_its_name() -> None:
    assert (intake_round.fn.__module__, intake_round.fn.__name__) == ("flows.intake_round", "intake_round")
