"""Every published head is held against the trail, and hardly one of them has to be opened for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akten.files import digest_bytes
from akten.findings import Severity, Verdict
from catalog.catalog import Catalog, open_catalog
from flows import anchors
from tests.catalog.build import NOON, receive
from tests.catalog.meddling import meddle, unguarded
from tests.memory_store import MemoryStore


class CountingStore(MemoryStore):
    """Knows which objects were opened."""

    def __init__(self, name: str) -> None:
        super().__init__(name, clock=lambda: NOON)
        self.opened: list[str] = []

    @contextmanager
    def get(self, key: str, version_id: str | None) -> Iterator[Any]:
        self.opened.append(key)
        with super().get(key, version_id) as stream:
            yield stream


@pytest.fixture
def stores() -> tuple[CountingStore, CountingStore]:
    return CountingStore("a"), CountingStore("b")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return open_catalog(f"sqlite:///{tmp_path / 'katalog.sqlite'}")


def archive_of(catalog: Catalog, *stores: MemoryStore) -> Any:
    return SimpleNamespace(catalog=catalog, stores=stores, stores_to_read=lambda: (stores, {}), now=lambda: NOON)


def put_head(store: MemoryStore, key: str, **value: Any) -> None:
    head = json.dumps({"at": NOON.isoformat(), **value}).encode()
    store.put(anchors.PREFIX + key, head, digest_bytes(head))


def test_of_many_heads_only_the_newest_of_each_store_is_opened(
    catalog: Catalog, stores: tuple[CountingStore, CountingStore]
) -> None:
    services = archive_of(catalog, *stores)
    for number in range(1, 6):
        receive(catalog, number)
        anchors.publish_head(services)
    heads, findings = anchors.published_heads(services)
    assert ([head.seq for head in heads], findings) == ([2, 3, 4, 5, 6], ())
    assert catalog.verify_trail(heads).findings == ()
    for store in stores:
        (opened,) = store.opened
        assert opened.startswith(f"{anchors.PREFIX}{6:012d}-")


def test_a_head_that_a_store_does_not_lock_is_told_and_a_locked_one_is_not_locked_again(
    catalog: Catalog, stores: tuple[CountingStore, CountingStore]
) -> None:
    services = archive_of(catalog, *stores)
    receive(catalog, 1)
    keep, stores[1].lock = stores[1].lock, lambda *_: None  # type: ignore[method-assign]
    told = anchors.try_to_publish(services)
    assert told is not None
    assert (told.severity, "hält sie aber nicht" in told.text) == (Severity.WARNING, True)
    stores[0].lock = None  # type: ignore[method-assign,assignment]  # it is locked: nothing is to be done there
    stores[1].lock = keep  # type: ignore[method-assign]
    assert anchors.try_to_publish(services) is None
    for store in stores:
        (key,) = store.keys
        (entry,) = store.keys[key]
        assert entry.state.retain_until == NOON + anchors._KEPT


def test_a_history_rewritten_before_the_newest_head_contradicts_the_older_ones(
    catalog: Catalog, stores: tuple[CountingStore, CountingStore], tmp_path: Path
) -> None:
    """The newest head was published over the rewritten rows and vouches for them: it alone would prove nothing."""
    services = archive_of(catalog, *stores)
    receive(catalog, 1)
    anchors.publish_head(services)
    with open_catalog(f"sqlite:///{tmp_path / 'neu.sqlite'}") as rewritten:
        for number in (7, 8):
            receive(rewritten, number)
        services = archive_of(rewritten, *stores)
        anchors.publish_head(services)
        heads, findings = anchors.published_heads(services)
        report = rewritten.verify_trail(heads)
    assert findings == ()
    assert (report.verdict, [(f.code, f.where) for f in report.findings]) == (Verdict.FAILED, [("TR-05", "Zeile 2")])


def test_a_cut_off_tail_is_seen_by_names_alone(catalog: Catalog, tmp_path: Path) -> None:
    store = MemoryStore("a", clock=lambda: NOON)
    receive(catalog, 1)
    anchors.publish_head(archive_of(catalog, store))
    url = f"sqlite:///{tmp_path / 'katalog.sqlite'}"
    meddle(url, *unguarded(url), "DELETE FROM trail WHERE seq = 2")
    heads, _ = anchors.published_heads(archive_of(catalog, store))
    assert "TR-04" in {finding.code for finding in catalog.verify_trail(heads).findings}


def test_heads_named_in_the_old_way_are_opened_and_read(stores: tuple[CountingStore, CountingStore]) -> None:
    first = stores[0]
    put_head(first, f"{3:012d}-{'ab' * 8}.json", seq=3, hash="ab" * 32)
    put_head(first, f"{5:012d}-{'cd' * 32}.json", seq=5, hash="cd" * 32)
    put_head(first, f"{9:012d}-{'ef' * 32}.json", seq=9, hash="ef" * 32)
    services: Any = SimpleNamespace(stores_to_read=lambda: ((first,), {}))
    heads, findings = anchors.published_heads(services)
    assert [(head.seq, head.hash[:2]) for head in heads] == [(3, "ab"), (5, "cd"), (9, "ef")]
    assert findings == ()
    assert len(first.opened) == 2


def test_the_newest_head_that_holds_another_than_its_name_says_is_an_error(
    stores: tuple[CountingStore, CountingStore],
) -> None:
    put_head(stores[0], f"{9:012d}-{'ef' * 32}.json", seq=9, hash="12" * 32)
    services: Any = SimpleNamespace(stores_to_read=lambda: (stores[:1], {}))
    heads, findings = anchors.published_heads(services)
    assert heads == ()
    assert [(f.code, f.severity) for f in findings] == [("WF-20", Severity.ERROR)]
    assert "anderen als er heißt" in findings[0].text


def test_two_names_for_one_row_are_an_error() -> None:
    store = MemoryStore("a", clock=lambda: NOON)
    for name in ("ab", "cd"):
        put_head(store, f"{7:012d}-{name * 32}.json", seq=7, hash=name * 32)
    services: Any = SimpleNamespace(stores_to_read=lambda: ((store,), {}))
    _, findings = anchors.published_heads(services)
    assert [(f.code, f.severity) for f in findings] == [("WF-21", Severity.ERROR)]
