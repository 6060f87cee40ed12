"""Answers of many rows of the trail: they are the same as ever, and no memory has to hold all of them."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.output import write_json
from app.trail_verbs import event_json
from catalog.actor import Actor
from catalog.catalog import open_catalog
from catalog.trail import Anchor
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import NOON, archive
from tests.catalog.meddling import guarded, meddle, unguarded

ROWS = 6000
MUCH = 11_000_000  # bytes: what is told itself, as the test keeps it, and a part of what the rows take when held


@pytest.fixture
def long(desk: Desk) -> Desk:
    """An archive in whose trail one account did a great deal."""
    desk.monkeypatch.setattr("app.output._HELD", 1 << 16)
    with open_catalog(desk.url) as catalog:
        akte, _ = archive(catalog, 1)
        catalog.read_accesses((akte.uuid for _ in range(ROWS)), "Deich", by=Actor("kasse"), now=NOON)
    desk("protokoll", "zeige", "--benutzer", "niemand", "--json")  # what is imported first is no matter of the rows
    return desk


@contextmanager
def peak() -> Iterator[list[int]]:
    """The most memory that was taken meanwhile, in bytes."""
    most: list[int] = []
    tracemalloc.start()
    try:
        yield most
    finally:
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


def test_many_rows_of_the_trail_are_told_without_holding_them(long: Desk) -> None:
    with peak() as most:
        ran = long("protokoll", "zeige", "--benutzer", "kasse", "--anzahl", str(ROWS - 1), "--json")
    with open_catalog(long.url) as catalog:
        wanted = [event_json(event) for event in catalog.events_of(by="kasse", limit=ROWS - 1)]
    assert (ran.code, len(ran.json)) == (0, ROWS - 1)
    assert ran.out == json.dumps(wanted, ensure_ascii=False, indent=2) + "\n"
    assert f"nur die ältesten {ROWS - 1}" in ran.err
    assert most[0] < MUCH


def test_an_extract_of_many_rows_is_written_and_judged_without_holding_them(long: Desk, tmp_path: Path) -> None:
    heads: list[Anchor] = []
    long.monkeypatch.setattr("app.audit_verbs.try_to_publish", lambda services, head: heads.append(head))
    long.monkeypatch.setattr("app.audit_verbs.published_heads", lambda services: (tuple(heads), ()))
    file, table = tmp_path / "auszug.json", tmp_path / "auszug.csv"
    with peak() as most:
        ran = long("protokoll", "auszug", "--benutzer", "kasse", "--ziel", file, "--csv", table, "--json")
    text = file.read_text(encoding="utf-8")
    value = json.loads(text)
    assert text == json.dumps(value, ensure_ascii=False, indent=1)
    assert (ran.json["verdict"], ran.json["rows"], len(value["rows"])) == ("ok", ROWS, ROWS)
    assert len(table.read_text("utf-8-sig").splitlines()) == ROWS + 1

    assert most[0] < MUCH


def test_a_row_that_cannot_be_read_leaves_nothing_of_the_others_on_standard_output(long: Desk) -> None:
    """Its error is the one JSON value, and the exit code says it, however many good rows stood before."""
    last = "UPDATE trail SET body = replace(body, '\"by\"', '\"bei\"') WHERE seq = (SELECT max(seq) FROM trail)"
    meddle(long.url, *unguarded(long.url), last, *guarded(long.url))
    ran = long("protokoll", "zeige", "--von", f"{NOON:%d.%m.%Y}", "--anzahl", str(ROWS + 100), "--json")
    assert (ran.code, ran.json["error"]) == (5, "FixityError")


@pytest.mark.parametrize(
    "value",
    [[], [1], {}, {"a": [], "b": {}}, [{"a": ["ü\n", "\udcfc"], "b": None}, []], "x" * 5_000_000, [[7] * 30_000]],
)
def test_json_is_written_as_a_whole_list_would_be(value: object, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    wanted = (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")
    write_json(value)
    assert capfdbinary.readouterr().out == wanted
    if isinstance(value, list):
        write_json(iter(value))
        assert capfdbinary.readouterr().out == wanted
