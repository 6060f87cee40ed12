"""Doctor sees a store that is not the one the catalog speaks of, and a catalog that is older than its stores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akten.files import digest_bytes
from akten.package import Lock, StoredPackage
from archive.package import store_package
from catalog.catalog import open_catalog
from catalog.trail import Anchor
from flows.agreement import ENTERED, disagreements
from flows.anchors import PREFIX, published_heads
from tests.catalog.build import archive
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, NOON, a_bag, an_id

Stores = tuple[MemoryStore, MemoryStore]
COPIES = {"a": (1, 0), "b": (1, 0)}


def with_head(store: MemoryStore, seq: int) -> None:
    head = json.dumps({"seq": seq, "hash": f"{seq:064x}", "at": NOON.isoformat()}).encode()
    store.put(f"{PREFIX}{seq:012d}-{seq:016x}.json", head, digest_bytes(head))


@pytest.fixture
def stores() -> Stores:
    return MemoryStore("a", clock=lambda: NOON), MemoryStore("b", clock=lambda: NOON)


@pytest.fixture
def found(stores: Stores, tmp_path: Path) -> Callable[..., dict[str, str]]:
    lock = Lock(NOON + timedelta(days=30))
    package: StoredPackage = store_package(a_bag(an_id()), an_id(), stores, lock, lambda: NOON, tmp_path, EXTRA)
    for store in stores:
        with_head(store, 7)

    def call(
        *,
        last: int = 7,
        entered: datetime | None = None,
        copies: Mapping[str, tuple[int, int]] = COPIES,
        **changes: Any,
    ) -> dict[str, str]:
        event = SimpleNamespace(at=entered, data={"code": ENTERED})
        services: Any = SimpleNamespace(
            stores_to_read=lambda: (stores, {}),
            catalog=SimpleNamespace(
                newest_package=lambda: SimpleNamespace(package=replace(package, **changes)),
                events_of=lambda **_: (event,) if entered else (),
                copies_by_store=lambda: copies,
                head=lambda: Anchor(last, "", NOON),
                trail_hashes=lambda numbers: {number: f"{number:016x}".ljust(64, "0") for number in numbers},
            ),
        )
        return dict(disagreements(services))

    return call


def test_stores_that_hold_what_the_catalog_archived_last_agree_with_it(found: Callable[..., dict[str, str]]) -> None:
    assert found() == {"a": "", "b": ""}
    assert found(last=9) == {"a": "", "b": ""}  # rows after the last head are not published yet


def test_an_emptied_store_and_one_with_other_bytes_are_told_and_the_next_step_is_named(
    found: Callable[..., dict[str, str]], stores: Stores
) -> None:
    stores[0].keys.clear()
    assert found()["b"] == ""
    assert "zurückgesetzter Ordner" in found()["a"]
    assert "archiv fixity pruefe" in found()["a"]
    assert "zurückgesetzter Ordner" in found(commit_sha256="0" * 64)["b"]


def test_a_store_that_only_the_catalog_knows_is_told(found: Callable[..., dict[str, str]]) -> None:
    """Renamed in the settings, or left out: every copy there was out of reach, and doctor said that all is well."""
    told = found(copies={**COPIES, "nord": (4, 0)})
    assert (told["a"], told["b"]) == ("", "")
    assert "Anzahl: 4" in told["nord"]
    assert "nicht eingerichtet" in told["nord"]


def test_copies_that_the_last_look_found_damaged_are_told(found: Callable[..., dict[str, str]]) -> None:
    told = found(copies={"a": (5, 2), "b": (5, 0)})
    assert ("Anzahl: 2 von 5" in told["a"], told["b"]) == (True, "")
    assert "archiv fixity ersetze" in told["a"]


def test_a_catalog_older_than_a_head_in_the_stores_is_told(found: Callable[..., dict[str, str]]) -> None:
    told = found(last=5)
    assert set(told) == {"a", "b"}
    assert all("Zeile 7" in why and "Zeile 5" in why and "archiv abgleich" in why for why in told.values())


def test_heads_from_before_all_was_entered_again_are_no_news_and_later_ones_are(
    found: Callable[..., dict[str, str]], stores: Stores
) -> None:
    """Else the doctor would ask for `--aufnehmen` for as long as the new trail is shorter than the lost one."""
    assert found(last=5, entered=NOON) == {"a": "", "b": ""}
    assert "Zeile 7" in found(last=5, entered=NOON - timedelta(minutes=1))["a"]


def test_what_was_archived_last_is_known_to_the_catalog(tmp_path: Path) -> None:
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        assert catalog.newest_package() is None
        archive(catalog, 1, number="63-00001-2019", now=NOON + timedelta(minutes=5))
        archive(catalog, 2, number="63-00002-2019")
        _, package = archive(catalog, 3, number="63-00001-2019", now=NOON + timedelta(minutes=9))
        newest = catalog.newest_package()
        assert newest is not None
        assert newest.package.id == package.id


def test_a_store_without_any_head_vouches_for_nothing_where_another_has_some(stores: Stores) -> None:
    """A folder that was emptied must not leave the check of the trail "in Ordnung" (WF-20)."""
    services: Any = SimpleNamespace(stores_to_read=lambda: (stores, {}))
    assert published_heads(services) == ((), ())
    with_head(stores[1], 7)
    heads, findings = published_heads(services)
    assert [head.seq for head in heads] == [7]
    assert [(f.code, f.where) for f in findings] == [("WF-20", "a")]
