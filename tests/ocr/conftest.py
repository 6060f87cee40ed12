"""Fixtures of the room ocr: examined files, and where veraPDF lies (`make install` puts it into .build/verapdf)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr.options import OcrOptions
from tests.conftest import ROOT, lacking
from tests.ocr.examined import images, pdfs
from tests.ocr.sheets import SHARED

__all__ = ["images", "pdfs"]


@pytest.fixture(scope="session", autouse=True)
def _shared_means_end() -> Iterator[None]:
    with SHARED:
        yield


@pytest.fixture(scope="session")
def verapdf_options() -> OcrOptions:
    jars = Path(os.environ.get("ARCHIV_OCR__VERAPDF_JARS", ROOT / ".build" / "verapdf" / "jars"))
    if not any(jars.glob("cli-*.jar")) or shutil.which("java") is None:
        lacking("veraPDF (make install)")
    return OcrOptions(verapdf_jars=jars)
