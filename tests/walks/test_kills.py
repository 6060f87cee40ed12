"""Killed by signal 9 at random moments, whole or in part: nothing lost, nothing doubled, every object there once.

Each round makes deliveries, kills (the command alone, its process group, everything, one keeper, one S3 server, the JVM
or one page worker), lets `archiv annahme` continue and at the end counts catalog, stores, trail and every byte.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from flows.settings import read_settings
from tests.conftest import lacking
from tests.deskkills import DeskOrdeal
from tests.kills import TARGETS, Ordeal

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _all_parts_are_there() -> None:
    if not read_settings().verapdf_jars.is_dir():
        lacking("veraPDF (tools/install.sh)")


@pytest.mark.timeout(900)
def test_killed_once_whole_and_once_in_part_everything_is_there_once(tmp_path: Path) -> None:
    ordeal = Ordeal(tmp_path, seed=7, longest=5.0)
    for target in ("all", "weed"):
        ordeal.round(target)
    ordeal.judge()
    assert ordeal.tally.faults == [], str(ordeal.tally)


@pytest.mark.chaos
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_in_seventy_rounds_everything_is_there_once(tmp_path: Path, seed: int) -> None:
    """70 rounds per seed: ten for every sort of kill; judged after every seventh, so that a fault is found near by."""
    ordeal = Ordeal(tmp_path, seed=seed)
    for number in range(70):
        ordeal.round(TARGETS[number % len(TARGETS)])
        if number % 7 == 6:
            ordeal.judge()
        assert ordeal.tally.faults == [], str(ordeal.tally)
    assert all(ordeal.tally.hits[target] for target in TARGETS), f"not every sort was killed: {ordeal.tally}"
    print(ordeal.tally)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_the_clearing_desk_every_delivery_ends_once_as_decided(tmp_path: Path, seed: int) -> None:
    """Twelve rounds per seed, two cases each; given back to another disk, where that is one."""
    back = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path))
    try:
        ordeal = DeskOrdeal(tmp_path, seed, back)
        for number in range(12):
            ordeal.desk_round()
            if number % 4 == 3:
                ordeal.judge()
            assert ordeal.tally.faults == [], str(ordeal.tally)
        print(ordeal.tally)
    finally:
        shutil.rmtree(back)
