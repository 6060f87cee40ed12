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
