"""What Prefect keeps of a round names nobody, and tells what the round found."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from prefect.runner import Runner

from akten.errors import FixityError, Unavailable
from akten.findings import Verdict
from flows import zombies
from flows.due_round import due_round
from flows.fixity_round import fixity_round
from flows.intake_round import intake_round
from flows.reconcile_round import reconcile_round
from flows.roundend import ended
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


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.OK, ("COMPLETED", "Completed")),
        (Verdict.NOT_CHECKED, ("COMPLETED", "NotChecked")),
        (Verdict.FAILED, ("FAILED", "Failed")),
    ],
)
def test_a_round_that_found_something_does_not_end_like_one_that_found_nothing(
    verdict: Verdict, state: tuple[str, str]
) -> None:
    """It ended "Completed" with a copy gone; of the comparison of catalog and stores nothing was kept at all."""
    last = ended(verdict, {"checked": 4, "damaged": 1})
    assert (last.type.value, last.name) == state
    assert last.message == "checked: 4, damaged: 1"
    # Else the automation would take the run for one without a sign of life, 90 s after its end.
    assert f"prefect.flow-run.{last.name}" in zombies._automation().trigger.expect


class Automations:
    """Answers as Prefect's client does."""

    def __init__(self, *expected: set[str]) -> None:
        self.there = [SimpleNamespace(id=n, trigger=SimpleNamespace(expect=each)) for n, each in enumerate(expected)]

    def read_automations_by_name(self, name: str) -> list[SimpleNamespace]:
        assert name == zombies.NAME
        return list(self.there)

    def delete_automation(self, number: int) -> None:
        self.there = [each for each in self.there if each.id != number]


@pytest.mark.parametrize("expected", [(), ({"old"},), ({"old"}, zombies._EXPECTED), (zombies._EXPECTED,) * 2])
def test_an_automation_of_before_that_expects_other_signs_gives_way(
    expected: tuple[set[str], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Automations(*expected)

    def made(one: Any) -> None:
        client.there.append(SimpleNamespace(id=99, trigger=one.trigger))

    monkeypatch.setattr(zombies, "get_client", lambda **_: nullcontext(client))
    monkeypatch.setattr(zombies.Automation, "create", made)
    zombies.ensure_automation()
    assert [set(each.trigger.expect) for each in client.there] == [set(zombies._EXPECTED)]


def test_a_fixity_round_whose_stores_spoil_the_head_of_the_trail_is_none_without_findings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = SimpleNamespace(checked=4, damaged=0, unchecked=0, lacking=Counter[str](), verdict=Verdict.OK)
    monkeypatch.setattr("flows.fixity_round.end_with_parent", lambda: None)
    monkeypatch.setattr("flows.fixity_round.read_settings", lambda: None)
    monkeypatch.setattr("flows.fixity_round.open_services", lambda _: nullcontext(None))
    monkeypatch.setattr("flows.fixity_round.verify_all", lambda *_, **__: good)
    for fault, state in ((FixityError("andere Bytes"), "FAILED"), (Unavailable("weg"), "COMPLETED")):
        monkeypatch.setattr("flows.anchors.publish_head", Mock(side_effect=fault))
        last = fixity_round.fn()
        assert (last.type.value, last.message) == (
            state,
            "checked: 4, damaged: 0, unchecked: 0, lacking: 0, anchored: False",
        )
