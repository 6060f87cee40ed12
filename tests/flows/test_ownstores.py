"""Nothing is written to stores that belong to another archive than the catalog does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akten.errors import Misconfigured
from catalog.catalog import Catalog, open_catalog
from flows.agreement import disagreements
from flows.anchors import PREFIX, publish_head
from flows.ownstores import BEGUN_ANEW, is_foreign
from flows.settings import read_settings
from flows.storehouse import Storehouse
from flows.wiring import open_services
from tests.catalog.build import CLERK, NOON, receive
from tests.memory_store import MemoryStore

Stores = tuple[MemoryStore, MemoryStore]


@pytest.fixture
def stores() -> Stores:
    return MemoryStore("a", clock=lambda: NOON), MemoryStore("b", clock=lambda: NOON)


def a_catalog(folder: Path, *deliveries: object, stores: Stores | None = None) -> Catalog:
    """A catalog that received these, and published a head after each."""
    folder.mkdir(parents=True, exist_ok=True)
    catalog = open_catalog(f"sqlite:///{folder / 'archiv.sqlite'}")
    for each in deliveries:
        receive(catalog, each, number=f"63-{abs(hash(each)) % 90_000 + 1:05}-2019")
        if stores:
            publish_head(_services(catalog, stores))
    return catalog


def _services(catalog: Catalog, stores: Stores) -> Any:
    return SimpleNamespace(catalog=catalog, stores=stores, now=lambda: NOON)


def opened(daten: Path, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """What the services of this data folder hand out to store with."""
    monkeypatch.setattr(Storehouse, "to_store", lambda self: stores)
    with open_services(read_settings(daten=daten)) as services:
        return services.stores


def test_stores_that_know_the_trail_are_its_own(
    tmp_path: Path, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_catalog(tmp_path / "katalog", 1, 2, stores=stores).close()
    assert opened(tmp_path, stores, monkeypatch) == stores


def test_stores_with_the_heads_of_another_trail_take_nothing(
    tmp_path: Path, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_catalog(tmp_path / "prod", 1, 2, 3, stores=stores).close()
    foreign = a_catalog(tmp_path / "test" / "katalog", 4, 5, 6, 7)
    with pytest.raises(Misconfigured, match="anderen Archiv"):
        opened(tmp_path / "test", stores, monkeypatch)
    services: Any = SimpleNamespace(catalog=foreign, stores_to_read=lambda: (stores, {}))
    assert all("anderen Archiv" in why for _, why in disagreements(services))


def test_one_store_of_another_archive_is_enough(
    tmp_path: Path, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = MemoryStore("b", clock=lambda: NOON)
    a_catalog(tmp_path / "prod", 1, 2, stores=(MemoryStore("a", clock=lambda: NOON), other)).close()
    a_catalog(tmp_path / "katalog", 3, 4, 5, stores=(stores[0], stores[0])).close()
    with pytest.raises(Misconfigured, match="„b“"):
        opened(tmp_path, (stores[0], other), monkeypatch)


def test_a_catalog_put_back_from_a_backup_keeps_its_stores(tmp_path: Path, stores: Stores) -> None:
    catalog = a_catalog(tmp_path / "alt", 1, stores=stores)
    backup = (tmp_path / "alt" / "archiv.sqlite", tmp_path / "neu" / "archiv.sqlite")
    catalog.close()
    backup[1].parent.mkdir()
    backup[1].write_bytes(backup[0].read_bytes())
    a_catalog(tmp_path / "alt", 2, 3, stores=stores).close()  # lost rows; the stores have their heads
    assert not is_foreign(a_catalog(tmp_path / "neu", 8, 9, 10), stores[0])


def test_a_catalog_begun_anew_by_hand_beside_full_stores_may_use_them(tmp_path: Path, stores: Stores) -> None:
    a_catalog(tmp_path / "verloren", 1, 2, 3, stores=stores).close()
    catalog = a_catalog(tmp_path / "neu")
    catalog.record_event(BEGUN_ANEW, by=CLERK, now=NOON)
    for number in range(5):
        receive(catalog, number, number=f"63-{number + 1:05}-2019")
    assert not is_foreign(catalog, stores[0])


def test_a_trail_without_rows_and_stores_without_heads_are_nobody_elses(tmp_path: Path, stores: Stores) -> None:
    assert not is_foreign(a_catalog(tmp_path / "a"), stores[0])
    assert not is_foreign(a_catalog(tmp_path / "b", 1, 2), stores[0])


def test_heads_named_in_the_old_way_count_and_other_objects_do_not(tmp_path: Path, stores: Stores) -> None:
    catalog = a_catalog(tmp_path / "a", 1, 2, stores=stores)
    for store in stores:
        for key in [key for key in store.keys if key.startswith(PREFIX)]:
            number, digest = key[len(PREFIX) : -len(".json")].split("-")
            store.keys[f"{PREFIX}{number}-{digest[:16]}.json"] = store.keys.pop(key)
        store.keys[f"{PREFIX}liesmich.txt"] = next(iter(store.keys.values()))
    assert not is_foreign(catalog, stores[0])
    assert is_foreign(a_catalog(tmp_path / "b", 5, 6), stores[0])


def test_the_stores_are_asked_once_a_day(tmp_path: Path, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    a_catalog(tmp_path / "katalog", 1, stores=stores).close()
    asked: list[str] = []
    monkeypatch.setattr("flows.ownstores.is_foreign", lambda catalog, store: bool(asked.append(store.name)))
    for _ in range(2):
        opened(tmp_path, stores, monkeypatch)
    assert asked == ["a", "b"]
    opened(tmp_path, stores[:1], monkeypatch)  # type: ignore[arg-type]  # other stores than were asked
    assert asked == ["a", "b", "a"]
