"""A package that does not tell what ours tell is named and stays out, however whole and committed it is (WE-04)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from akten.files import digest_bytes
from akten.package import Lock, PackageId
from archive.bag import Bag, Part, make_bag
from archive.package import store_package
from flows.packing import Made
from tests.flows.packingworld import NOW
from tests.flows.reentryworld import UNTIL, Restored, told
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, an_id


@pytest.fixture
def world(tmp_path: Path) -> Restored:
    return Restored(tmp_path, [MemoryStore(name, clock=lambda: NOW) for name in ("a", "b")])


Change = Callable[[str, bytes], bytes | None]


def changed(made: Made, change: Change) -> Bag:
    """A valid bag of the same files, but for what `change` makes of one (nothing: it is left out)."""
    parts = []
    for part in made.bag.parts:
        data = change(part.path, b"".join(bytes(block) for block in part.blocks()))
        if data is not None:
            parts.append(Part(part.path, data, digest_bytes(data)))
    lines = dict(made.bag.tag_files)["bag-info.txt"].decode().splitlines()
    return make_bag(
        made.bag.root_name, parts, [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    )


def only(end: str, do: Callable[[bytes], bytes | None]) -> Change:
    return lambda path, data: do(data) if path.endswith(end) else data


@pytest.mark.parametrize(
    "change",
    [
        only(".0503.xml", lambda _: b"<xdomea/>"),
        only(".0503.xml", lambda data: data.replace(b"Bauakte", b"Fremdakte")),
        only("premis.xml", lambda _: b"<premis/>"),
        only("untersuchung.json", lambda _: None),
        only("untersuchung.json", lambda _: b"[" * 100_000),
        only("laufzettel.json", lambda _: b"{}"),
        only(".hocr", lambda _: b"\xff\xfe"),
        lambda path, data: data.replace(b'"sha512": "', b'"sha512": "00') if "/pdfa-" in path else data,
        lambda path, data: None if path.endswith(".pdf") else data,
    ],
    ids=[
        "other xml",
        "other kind",
        "premis",
        "no examination",
        "deep",
        "slip",
        "hocr",
        "verdict",
        "no pdf",
    ],
)
def test_a_package_that_does_not_tell_what_ours_tell_is_named_and_not_entered(world: Restored, change: Change) -> None:
    """Valid and committed in every store; and it stops none of the others."""
    world.archive(name="heil")
    strange, _ = world.archive(name="seltsam", stored=False)
    id_ = PackageId(strange.uuid, 1)
    extra = {"delivery": str(an_id().akte)}
    bag = changed(world.made[strange.uuid], change)
    store_package(bag, id_, world.stores, Lock(UNTIL), lambda: NOW, world.folder / "f", extra)
    world.put_back()
    summary = world.enter()
    assert (len(summary.entered), summary.left) == (1, 1)
    assert ("WE-04", "error") in told(summary)
    assert world.catalog.akte(strange.uuid) is None


@pytest.mark.parametrize("extra", [EXTRA, {"delivery": "keine"}])
def test_a_package_whose_commit_names_no_delivery_is_not_entered(world: Restored, extra: dict[str, str]) -> None:
    strange, _ = world.archive(name="seltsam", stored=False)
    bag, id_ = world.made[strange.uuid].bag, PackageId(strange.uuid, 1)
    store_package(bag, id_, world.stores, Lock(UNTIL), lambda: NOW, world.folder / "f", extra)
    world.put_back()
    assert ("WE-04", "error") in told(world.enter())


def test_a_package_that_lies_under_the_name_of_another_akte_is_not_entered(world: Restored) -> None:
    strange, _ = world.archive(name="seltsam", stored=False)
    bag, id_ = world.made[strange.uuid].bag, an_id(number=5)
    extra = {"delivery": str(an_id().akte)}
    store_package(bag, id_, world.stores, Lock(UNTIL), lambda: NOW, world.folder / "f", extra)
    world.put_back()
    assert ("WE-04", "error") in told(world.enter())
    assert world.catalog.package_count() == 0
