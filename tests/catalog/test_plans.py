"""What the trail tells of one Akte is found by that Akte, however many rows of the same verb others have."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from catalog.catalog import Catalog, open_catalog
from catalog.holdbook import HoldShelf
from catalog.trail import Entry, Verb, append
from tests.catalog.build import AN_ERROR, CLERK, NOON, STAGES, an_id, archive, later, receive
from tests.pgfixture import Postgres, postgres

__all__ = ["postgres"]


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


def test_postgresql_asks_a_long_trail_for_the_newest_hold_by_its_verb_however_often(postgres: Postgres) -> None:
    """Where nobody ever set a hold, a statement asked for the tenth time read the whole trail backwards, and the list
    of what is due asks once for each five hundred Akten: a minute for 30,000 of them and a trail of 300,000 rows.
    """
    asked: list[tuple[str, Any]] = []
    with open_catalog(postgres.database()) as catalog:
        with catalog._database.write() as connection:
            append(connection, [Entry(Verb.AKTE_READ, {"n": n}) for n in range(4_000)], CLERK, NOON)
            connection.exec_driver_sql("ANALYZE trail")
        event.listen(catalog._database.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        with catalog._database.read() as connection:
            HoldShelf().book(connection)
            ((question, values),) = [each for each in asked if "trail.verb" in each[0]]
            connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")  # as of the tenth time
            names = list(values)
            numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", question)
            connection.exec_driver_sql(f"PREPARE asked AS {numbered}")
            given = ", ".join(f"'{value}'" for value in values.values())
            plan = str(connection.exec_driver_sql(f"EXPLAIN EXECUTE asked ({given})").all())
    assert plan.count("ix_trail_verb_seq") == len(re.findall(r"FROM trail\b", question))
    assert "trail_pkey" not in plan
