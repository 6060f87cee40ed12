"""Damaged slips, ZIP deliveries, bags, messages and records: every reader of ours gives findings and nothing else."""

from __future__ import annotations

import io
import json
import random
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from akten.errors import Rejected
from akten.findings import Finding, Judgement
from archive.bagcheck import judge_path as judge_bag
from ingest.options import IntakeLimits
from ingest.slip import parse_slip
from ingest.zipbox import unpack
from metadata.checks import check_message
from metadata.premis import check_record, write_record
from metadata.schemas import Schemas
from tests.bagbuilder import BagBuilder, tar_of
from tests.builders import a_slip
from tests.metadata.test_premis_record import a_record
from tests.metadata.xdomea_builders import an_xml
from tests.mutations import children, mutated

SHORT, LONG = 60, 3000


def slip(data: bytes, name: str) -> None:
    refused: tuple[Finding, ...] | None = None
    try:
        parse_slip(data, name)
    except Rejected as fault:
        refused = fault.findings
    assert refused is None or refused


def slip_json(data: bytes, folder: Path) -> None:
    slip(data, "laufzettel.json")


def slip_yaml(data: bytes, folder: Path) -> None:
    slip(data, "laufzettel.yaml")


def box(data: bytes, folder: Path) -> None:
    path, target = folder / "lieferung.zip", folder / "aus"
    path.write_bytes(data)
    if unpack(path, target, IntakeLimits()):
        assert not list(target.iterdir()), "with findings nothing stays"
    assert {entry.name for entry in folder.iterdir()} == {"lieferung.zip", "aus"}, "and nothing lies beside"
    shutil.rmtree(target)


def bag(data: bytes, folder: Path) -> None:
    path = folder / "paket.tar"
    path.write_bytes(data)
    report = judge_bag(path)
    assert report.judgement in Judgement
    assert report.judgement is Judgement.VALID or report.findings
    assert [entry.name for entry in folder.iterdir()] == ["paket.tar"], "nothing is unpacked to judge"


def message(data: bytes, folder: Path) -> None:
    report = check_message(data, Schemas(None))
    assert report.judgement is not Judgement.INVALID or report.findings


def record(data: bytes, folder: Path) -> None:
    report = check_record(data, None)
    assert report.judgement is not Judgement.INVALID or report.findings


def good_box() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("laufzettel.json", json.dumps(a_slip()))
        made.writestr("scan/grün 1.tif", bytes(range(256)) * 20)
        made.writestr("scan/zwei.tif", b"II*\0" + bytes(3000))
    return target.getvalue()


def good_bag(folder: Path) -> bytes:
    return tar_of(BagBuilder().files())


READERS: dict[str, tuple[Callable[[Path], bytes], Callable[[bytes, Path], None]]] = {
    "slip json": (lambda folder: json.dumps(a_slip(), ensure_ascii=False).encode(), slip_json),
    "slip yaml": (lambda folder: yaml.safe_dump(a_slip(), allow_unicode=True).encode(), slip_yaml),
    "zip delivery": (lambda folder: good_box(), box),
    "bag": (good_bag, bag),
    "xdomea": (lambda folder: an_xml(), message),
    "premis": (lambda folder: write_record(a_record()), record),
}


def survive(name: str, folder: Path, count: int, seed: int) -> None:
    make, read = READERS[name]
    data = make(folder)
    before = children()
    chance = random.Random(seed)
    started = time.process_time()
    for _ in range(count):
        read(mutated(data, data[::-1], chance), folder)
    assert time.process_time() - started < 5 + 0.1 * count
    assert children() <= before


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_input_gives_findings(name: str, tmp_path: Path) -> None:
    survive(name, tmp_path, SHORT, seed=20261125)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", READERS)
def test_very_many_damaged_inputs_give_findings(name: str, tmp_path: Path, seed: int) -> None:
    survive(name, tmp_path, LONG, seed)
