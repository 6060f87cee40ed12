"""What the trail tells of one Akte is found by that Akte, however many rows of the same verb others have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from catalog.catalog import Catalog, open_catalog
from catalog.trail import Verb
from tests.catalog.build import AN_ERROR, CLERK, NOON, STAGES, an_id, archive, later, receive


def test_sqlite_walks_no_index_of_verbs_where_akte_or_delivery_is_named(tmp_path: Path) -> None:
    """Each intake read every step of every delivery there ever was, and the check of the trail did so again and again
    for each five hundred Akten.
    """
    asked: list[tuple[str, Any]] = []
    event.listen(Engine, "before_cursor_execute", note := lambda *told: asked.append((told[2], told[3])))
    try:
        with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
            akte, _ = archive(catalog, 1)
            row = receive(catalog, 2)
            catalog.move(row.uuid, STAGES[0], by=CLERK, now=later(1))
            catalog.move(row.uuid, STAGES[1], by=CLERK, now=later(2))
            catalog.settle_version(row.uuid, by=CLERK, now=later(3))
            catalog.to_clearing(row.uuid, [AN_ERROR], owner="Scanstelle", next_step="zählen", by=CLERK, now=NOON)
            catalog.locks.hold_was_set(akte.uuid)
            catalog.events_of(delivery=row.uuid, verb=Verb.DELIVERY_RECOGNISED.value)
            catalog.events_of(akte=akte.uuid, verb=Verb.RESTORATION_PROPOSED.value)
            catalog.verify_trail()
            narrow = ("trail.akte = ?", "trail.akte IN", "trail.delivery = ?", "trail.delivery IN")
            looks = [(text, values) for text, values in asked if "verb" in text and any(n in text for n in narrow)]
            with catalog._database.read() as connection:
                plans = [
                    connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all() for text, values in looks
                ]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(plans) >= 6
    assert not [text for (text, _), plan in zip(looks, plans, strict=True) if _walks(str(plan))]


def _walks(plan: str) -> bool:
    return "ix_trail_verb_seq" in plan or "SCAN trail" in plan or "USING INTEGER PRIMARY KEY (rowid>?)" in plan


@pytest.mark.parametrize(
    "ask",
    [
        lambda catalog: catalog.known_scans(["0" * 128, "1" * 128]),
        lambda catalog: catalog.came_again([an_id("one"), an_id("other")]),
        lambda catalog: catalog.open_cases_sharing(an_id("one"), 10),
    ],
    ids=["known", "came again", "open cases"],
)
def test_sqlite_finds_a_known_scan_by_its_digest(tmp_path: Path, ask: Callable[[Catalog], Any]) -> None:
    """Each intake read every archived delivery with all its scans."""
    asked: list[tuple[str, Any]] = []
    event.listen(Engine, "before_cursor_execute", note := lambda *told: asked.append((told[2], told[3])))
    try:
        with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
            asked.clear()
            ask(catalog)
            ((text, values),) = [each for each in asked if "FROM scans" in each[0]]
            with catalog._database.read() as connection:
                plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all())
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert "ix_scans_sha512" in plan
    assert not [name for name in ("scans", "deliveries", "clearing", "akten") if f"SCAN {name}" in plan], plan
