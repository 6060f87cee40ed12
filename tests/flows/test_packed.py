"""What is packed can be written down and read back, whatever the delivered files are called."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

from akten.files import digest_bytes
from akten.package import PackageId
from archive.bag import Bag, Part
from flows.packed import PackedWork, load, save
from tests.metadata.xdomea_builders import an_akte

SCAN = b"II*\x00 the bytes of a scan"


@pytest.mark.parametrize("name", [b"scan.tif", "Müller.tif".encode(), b"M\xfcller.tif", b"a\nb\xff.tif"])
def test_a_source_of_any_name_is_kept_and_found_again(name: bytes, tmp_path: Path) -> None:
    source = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))  # noqa: PTH118 - bytes
    source.write_bytes(SCAN)
    parts = (Part("data/a.tif", source, digest_bytes(SCAN)), Part("data/b.xml", b"<x/>", digest_bytes(b"<x/>")))
    package = PackageId(uuid4(), 1)
    work = PackedWork(package, an_akte(), Bag("x", (), parts), {}, 1, 0, ())
    result = tmp_path / "ergebnis"
    result.mkdir()

    save(work, result)
    kept = save(work, result)  # and again, after a kill

    assert load(result, package) == kept
    assert [b"".join(bytes(block) for block in part.blocks()) for part in kept.bag.parts] == [SCAN, b"<x/>"]
    assert source.read_bytes() == SCAN


def test_every_source_that_was_made_is_on_the_disk_before_the_note_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut the note without its sources would have the package built anew, with other bytes."""
    result = tmp_path / "ergebnis"
    folders = [result, result / "vorher", result / "vorher" / "bag", result / "x.anlagen"]
    sources = [folders[2] / "a.pdf", folders[3] / "anlage-0001"]
    for folder in folders:
        folder.mkdir()
    for source in sources:
        source.write_bytes(SCAN)
    forced: list[Path] = []
    real = os.fsync

    def noted(handle: int) -> None:
        forced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr("os.fsync", noted)
    parts = tuple(Part(f"data/{number}", source, digest_bytes(SCAN)) for number, source in enumerate(sources))
    save(PackedWork(PackageId(uuid4(), 1), an_akte(), Bag("x", (), parts), {}, 1, 0, ()), result)
    before = forced[: forced.index(result / "packed.json.teil")]
    assert {*sources, *folders} <= set(before)
    assert forced[-2:] == [result, tmp_path]
