"""Fixtures are nouns: folders with official schemas and real scans, and what every room's tests share.

The folder of shared material (official XSDs, real scans) is `../shared` beside the checkout or what `ARCHIV_SHARED`
names. Where it is absent a test that needs it skips with one line; in CI it must be there, so a lack fails.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.storefixtures import s3_pair, s3_server, s3_stores

__all__ = ["s3_pair", "s3_server", "s3_stores"]

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "") not in ("", "0", "false")

# What lands is judged by the same examples every time; new ones are looked for everywhere else.
settings.register_profile("ci", derandomize=True, database=None)
if IN_CI:
    settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole walks come first: they last longest, and files run side by side should end together."""
    items.sort(key=lambda item: not item.path.is_relative_to(ROOT / "tests" / "walks"))
    items.sort(key=lambda item: item.path.name not in ("test_real_samples.py", "test_pool.py"))


def pytest_collection_finish() -> None:
    """What seven thousand collected tests consist of is set aside, and garbage is looked for less often: the search was
    a fifth of the time of small tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def lacking(what: str) -> None:
    """A missing tool or folder fails in CI and skips with one line elsewhere."""
    if IN_CI:
        pytest.fail(f"in CI this must be there: {what}", pytrace=False)
    pytest.skip(f"not checked: {what} is not there")


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("ARCHIV_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        lacking("the folder shared/ with official schemas and real scans")
    return folder


@pytest.fixture(scope="session")
def samples(shared: Path) -> Path:
    return shared / "samples"


@pytest.fixture(scope="session")
def xdomea_folder(shared: Path) -> Path:
    return shared / "xdomea"


@pytest.fixture(scope="session")
def premis_xsd(shared: Path) -> Path:
    return shared / "schemas" / "premis" / "premis-v3-0.xsd"
