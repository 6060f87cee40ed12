"""What Prefect keeps of a round names nobody: its parameters are UUIDs of deliveries, or none."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from prefect.runner import Runner

from flows.due_round import due_round
from flows.fixity_round import fixity_round
from flows.intake_round import intake_round
from flows.reconcile_round import reconcile_round
from flows.served_rounds import keep_runner_files


def test_no_round_takes_a_parameter_that_could_name_a_person() -> None:
    rounds = (intake_round, due_round, fixity_round, reconcile_round)
    assert {name for each in rounds for name in each.parameters.properties} == {"deliveries"}


def test_the_entry_point_of_the_intake_is_found_by_its_name() -> None:
    assert (intake_round.fn.__module__, intake_round.fn.__name__) == ("flows.intake_round", "intake_round")


def test_what_the_runner_of_prefect_keeps_lies_with_the_service_and_not_where_another_account_was_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    folder = tmp_path / "prefect" / "laeufe"
    keep_runner_files(folder)
    assert Runner()._tmp_dir.is_relative_to(folder)  # Prefect shows it nowhere else
