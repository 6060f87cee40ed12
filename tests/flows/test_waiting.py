"""The yearly list of Akten that wait for an event: the longest first, and no more of it held than was asked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from catalog.keeping import KeepingRow
from flows.waiting import Waiting, waiting
from flows.wiring import Services
from tests.catalog.build import CLERK
from tests.shipped import builtin_schedule

MANY = 2000


def a_row(number: int) -> KeepingRow:
    """A Bauakte of which nobody knows whether the building stands."""
    since = date(1900 + number % 100, 1, 1)
    return KeepingRow(
        number, UUID(int=number), "Bauakte", f"63-{number:05}-2019", 1, "Bauantrag", 1, ("building.permit-file",),
        (), {"structure_exists": True}, (), None, datum_bis=since,
    )  # fmt: skip


def _held() -> int:
    gc.collect()
    return sum(isinstance(each, Waiting) for each in gc.get_objects())


def test_a_page_of_those_that_wait_is_all_that_is_held_of_a_long_list() -> None:
    held: list[int] = []

    def rows(**_: Any) -> Iterator[KeepingRow]:
        for number in range(MANY):
            yield a_row(number)
        held.append(_held())

    catalog = SimpleNamespace(all_keeping=rows)
    services = SimpleNamespace(catalog=catalog, katalog=builtin_schedule(), today=lambda: date(2026, 11, 30))
    before = _held()  # other tests of this process may have left some
    found = waiting(cast("Services", services), CLERK, limit=3, offset=1)
    assert (found.total, [one.row.nr for one in found.rows]) == (MANY, [100, 200, 300])
    assert held[0] - before < 50
