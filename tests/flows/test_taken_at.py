"""When a delivery came is told as it can be true, also where a clock ran ahead as it was taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from catalog.values import DeliveryRow
from flows.making import taken_at
from flows.wiring import Services
from tests.catalog.build import NOON

EARLIER, LATER = NOON - timedelta(hours=1), NOON + timedelta(days=3)


@pytest.mark.parametrize(
    ("received", "replaced", "told"),
    [
        (EARLIER, (), EARLIER),
        (EARLIER - timedelta(hours=1), (EARLIER,), EARLIER),
        (LATER, (), NOON),
        (EARLIER, (LATER,), NOON),
    ],
)
def test_a_delivery_did_not_come_after_this_instant(
    received: datetime, replaced: tuple[datetime, ...], told: datetime
) -> None:
    """Its times contradicted each other after every reading, resubmitted or accepted, until the clock caught up."""
    events: Any = tuple(SimpleNamespace(at=at) for at in replaced)
    catalog = SimpleNamespace(events_of=lambda **_: events)
    services = cast(Services, SimpleNamespace(catalog=catalog, now=lambda: NOON))
    row = cast(DeliveryRow, SimpleNamespace(uuid=uuid4(), received_at=received))
    assert taken_at(services, row) == told
