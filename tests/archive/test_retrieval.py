"""What comes out of a store was compared with what went in: single members, and the whole package unpacked."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Never

import pytest

from akten.errors import FixityError, Forbidden, Unavailable
from archive import retrieval
from archive.package import find_commit, read_member, read_package
from tests.archive.test_package import memory_pair, store
from tests.packages import a_bag, a_part, an_id


def test_a_member_is_read_by_range_and_verified(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    store(a_bag(id_), id_, stores, tmp_path)
    found = find_commit(stores[1], id_)
    assert found is not None
    assert read_member(stores[1], found, "data/representations/original/seite1.tif") == b"Seite 1"
    assert read_member(stores[1], found, "bag-info.txt").startswith(b"Source-Organization: ")
    assert b"manifest-sha256.txt" in read_member(stores[1], found, "tagmanifest-sha512.txt")
    member = found.commit.member("data/representations/original/seite1.tif")
    data = bytearray(stores[1].keys[id_.bag_key][0].data)
    data[member.offset] ^= 1
    stores[1].spoil(id_.bag_key, bytes(data))
    with pytest.raises(FixityError):
        read_member(stores[1], found, "data/representations/original/seite1.tif")
    with pytest.raises(FixityError):
        read_member(stores[1], found, "data/gibt/es/nicht")


def test_a_package_comes_back_unpacked_and_verified(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    more = [a_part("representations/original/seite2.tif", b"x" * 3_000_000)]
    package = store(a_bag(id_, more=more), id_, stores, tmp_path)
    folder = read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")
    assert folder == tmp_path / "ziel" / f"{id_.akte}-v1"
    assert (folder / "data/representations/original/seite1.tif").read_bytes() == b"Seite 1"
    assert (folder / "data/representations/original/seite2.tif").stat().st_size == 3_000_000
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]
    with pytest.raises(Forbidden):
        read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")


def test_a_damaged_copy_is_not_unpacked(tmp_path: Path) -> None:
    stores, id_ = memory_pair(), an_id()
    package = store(a_bag(id_), id_, stores, tmp_path)
    data = bytearray(stores[0].keys[id_.bag_key][0].data)
    data[-5000] ^= 1
    stores[0].spoil(id_.bag_key, bytes(data))
    with pytest.raises(FixityError):
        read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")
    assert list((tmp_path / "ziel").iterdir()) == []


def test_a_copy_whose_bytes_a_healthy_store_does_not_give_is_damaged_and_not_merely_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As fixity has it (FX-13); a store that answers nothing at all stays unavailable."""
    stores, id_ = memory_pair(), an_id()
    package = store(a_bag(id_), id_, stores, tmp_path)
    monkeypatch.setattr(retrieval, "_PATIENCE", 0.01)

    def gives_nothing(*_: object) -> Never:
        raise Unavailable("500")

    monkeypatch.setattr(stores[0], "get", gives_nothing)
    monkeypatch.setattr(stores[0], "get_range", gives_nothing)
    with pytest.raises(FixityError, match="gibt das Objekt aber ab Byte 0 nicht heraus"):
        read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")
    monkeypatch.setattr(stores[0], "ping", gives_nothing)
    with pytest.raises(Unavailable):
        read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")
    assert list((tmp_path / "ziel").iterdir()) == []


def test_a_full_target_is_no_fault_of_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores, id_ = memory_pair(), an_id()
    package = store(a_bag(id_), id_, stores, tmp_path)

    def full(_: int) -> Never:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(retrieval.os, "fsync", full)
    with pytest.raises(retrieval.NoPlace, match="ziel“ lässt sich nicht auspacken: der Datenträger ist voll"):
        read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")
    monkeypatch.undo()
    assert list((tmp_path / "ziel").iterdir()) == []

    def there_now(*_: object) -> Never:
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(Path, "rename", there_now)
    with pytest.raises(retrieval.Occupied) as taken:
        read_package(id_, package.copies[0], stores[0], tmp_path / "ziel")
    assert taken.value.exit_code == 2  # the call named a place that is taken; nothing is forbidden
