"""Progress at a terminal shows what is in work, and costs the same however many deliveries wait."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from rich.progress import Progress

from flows import progress
from flows.progress import progress_display
from ingest.claimed import ClaimedDelivery


def test_a_thousand_that_wait_have_no_line_and_those_that_have_ended_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each was drawn anew for every other: two hundred deliveries waited half a minute to begin."""
    made: list[Progress] = []

    class Seen(Progress):
        def __init__(self, *columns: object, **how: object) -> None:
            super().__init__(*columns, **how)  # type: ignore[arg-type]  # as it was called
            made.append(self)

    monkeypatch.setattr(progress, "Progress", Seen)
    with progress_display() as show:
        tells = [show(ClaimedDelivery(uuid4(), tmp_path)) for _ in range(1000)]
        assert made[0].task_ids == []
        for tell in tells:
            tell("Lesen", 0, 1)
        assert len(made[0].task_ids) == 20
        tells[0]("fertig", 1, 1)  # its line made room, and comes again
        assert len(made[0].task_ids) == 20
        assert made[0].tasks[-1].description == "fertig"
