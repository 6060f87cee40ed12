"""Every kind of image file: what comes out looks like what was drawn, held against the drawing itself, or is refused.

The files are made byte by byte from known pixels, so the comparison needs no second decoder to be right.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from akten.files import FileFacts, Scan
from akten.findings import Severity
from ocr.examine import examine_each
from ocr.likeness import compare_pages
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from tests.contracts.test_ocr_engine import FakeEngine
from tests.ocr.examined import told_to_a_clerk
from tests.ocr.oddimages import EVERY
from tests.ocr.oddtiffs import DPI, truth
from tests.ocr.papers import scan_of
from tests.ocr.sheets import job

OPTIONS = OcrOptions()
BILEVEL = {"rle.tif", "bilevel.png"}
GRAY = {"integer32.tif", "signed16.tif"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Scan, FileFacts]]:
    folder = tmp_path_factory.mktemp("kinds")
    for name, (build, _) in EVERY.items():
        (folder / name).write_bytes(build())
    scans = [scan_of(folder / name) for name in EVERY]
    return {scan.name: (scan, facts) for scan, facts in zip(scans, examine_each(scans, OPTIONS, folder), strict=True)}


def drawn(name: str, facts: FileFacts) -> Image.Image:
    """The truth as far as this kind can carry it."""
    kind = facts.pages[0].colour.value
    if kind == "bilevel" or name in BILEVEL:
        return truth("1").convert("RGB")
    if kind == "gray" or name.startswith("float") or name in GRAY:
        return truth("L").convert("RGB")
    if name == "palette1.tif":
        return truth().quantize(2).convert("RGB")
    return truth().convert("RGB")


def looks(path: Path, number: int = 1) -> Image.Image:
    document = pypdfium2.PdfDocument(path)
    picture: Image.Image = document[number - 1].render(scale=1).to_pil().convert("RGB")
    document.close()
    return picture


def distance(one: Image.Image, other: Image.Image) -> float:
    """The largest difference of any of 10 × 14 tiles and three channels, in levels of 255."""
    tiles = (np.asarray(image.resize((10, 14), Image.Resampling.BOX), dtype=float) for image in (one, other))
    return float(abs(next(tiles) - next(tiles)).max())


@pytest.mark.parametrize("name", [name for name, (_, code) in EVERY.items() if code in ("", "dark")])
def test_a_good_kind_shows_what_was_drawn(files: dict[str, tuple[Scan, FileFacts]], name: str, tmp_path: Path) -> None:
    scan, facts = files[name]
    assert not [finding for finding in facts.findings if finding.severity is Severity.ERROR]
    page = job(scan.path, tmp_path, dpi=facts.pages[0].dpi)
    page = type(page)(**{**{k: getattr(page, k) for k in page.__slots__}, "profile_dpi": DPI, "is_pdf": False})
    outcome = do_page(page, FakeEngine, OPTIONS, time.process_time)
    assert outcome.error is None
    assert not outcome.blank
    made = looks(tmp_path / "page.pdf")
    wanted = drawn(name, facts)
    assert made.size == wanted.size
    allowed = 30.0 if name in ("gray2.tif", "gray2-min-is-white.tif", "gray2.png") else 12.0
    if EVERY[name][1] != "dark":
        assert distance(made, wanted) < allowed
    assert np.corrcoef(np.asarray(made).ravel(), np.asarray(wanted).ravel())[0, 1] > 0.9
    compared = compare_pages(
        {
            "pdf": str(tmp_path / "page.pdf"), "count": 1, "first": 0,
            "pages": [{"number": 1, "path": str(scan.path), "page": 1, "is_pdf": False, "said_mm": None,
                       "scan_mm": None, "words": 1, "strict": facts.pages[0].colour.value != "other"}],
        }
    )  # fmt: skip
    assert compared["findings"] == [], "our own comparison agrees"


@pytest.mark.parametrize(("name", "bits"), [
    ("gray16.tif", 16), ("rgb16.tif", 16), ("gray16.png", 16), ("rgb16.png", 16), ("integer32.tif", 32),
    ("orientation1.tif", 0), ("palette.png", 0),
])  # fmt: skip
def test_depth_that_the_rendition_does_not_have_is_told(
    files: dict[str, tuple[Scan, FileFacts]], name: str, bits: int, tmp_path: Path
) -> None:
    scan, facts = files[name]
    told = do_page(job(scan.path, tmp_path, dpi=facts.pages[0].dpi), FakeEngine, OPTIONS, time.process_time).losses
    assert [loss for loss in told if "Farbtiefe" in loss] == (
        [f"Farbtiefe von {bits} auf 8 Bit verringert"] if bits else []
    )


@pytest.mark.parametrize("name", [name for name, (_, code) in EVERY.items() if code.startswith("EX")])
def test_what_cannot_be_read_is_refused_and_says_what_to_do(
    files: dict[str, tuple[Scan, FileFacts]], name: str
) -> None:
    _, facts = files[name]
    bad = [finding for finding in facts.findings if finding.severity is Severity.ERROR]
    assert [finding.code for finding in bad] == [EVERY[name][1]]
    assert "Bitte" in bad[0].text
    assert told_to_a_clerk(facts), bad[0].text


def test_foreign_kinds_are_called_by_their_name(files: dict[str, tuple[Scan, FileFacts]]) -> None:
    called = {name: files[name][1].findings[0].text.split(";")[0] for name in EVERY if EVERY[name][1] == "EX-02"}
    assert {name: text.split()[-1] for name, text in called.items()} == {
        "still.gif": "GIF-Bild", "animated.gif": "GIF-Bild", "bild.webp": "WebP-Bild", "bild.bmp": "BMP-Bild",
        "bild.heic": "HEIC-Bild", "bild.avif": "AVIF-Bild", "gif-called.tif": "GIF-Bild",
    }  # fmt: skip


def test_pages_of_different_size_and_kind_in_one_file(files: dict[str, tuple[Scan, FileFacts]], tmp_path: Path) -> None:
    scan, facts = files["mixed-pages.tif"]
    assert [(page.width_px, page.height_px, page.colour.value) for page in facts.pages] == [
        (420, 594, "rgb"), (300, 210, "gray"), (420, 594, "bilevel"),
    ]  # fmt: skip
    for number, wanted in enumerate((truth(), truth("L", (300, 210)), truth("1")), 1):
        page = job(scan.path, tmp_path, page=number, dpi=72.0)
        assert do_page(page, FakeEngine, OPTIONS, time.process_time).error is None
        assert distance(looks(tmp_path / "page.pdf"), wanted.convert("RGB")) < 12
