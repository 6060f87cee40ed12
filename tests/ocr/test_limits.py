"""Each limit at work, by name: what is fed is made to burst exactly one of them, and it ends by that one, in time.

`docs/operations.md` states them; here a bomb meets each.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from akten.findings import Severity
from ocr.ends import SandboxDied
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_each
from ocr.warm import WarmSandbox
from tests.ocr.examined import examine
from tests.ocr.oddpdfs import scan_page
from tests.ocr.papers import A4, pdf_file, picture, scan_of

CALLS = "tests.ocr.sandboxed:die"
ENDS: dict[str, tuple[str, dict[str, Any], str]] = {  # limit → (what is done, the limit, the reason of the end)
    "cpu_seconds": ("spin", {"cpu_seconds": 1}, "cpu"),
    "wall_seconds": ("sleep", {"wall_seconds": 1.0}, "time"),
    "memory_bytes": ("eat", {"memory_bytes": 512 << 20}, "memory"),
    "file_bytes": ("file", {"file_bytes": 1 << 20}, "crash"),
    "open_files": ("files", {"open_files": 40}, "crash"),
    "disk_bytes": ("disk", {"disk_bytes": 20 << 20}, "disk"),
}


@pytest.mark.parametrize("limit", ENDS)
@pytest.mark.parametrize("kept_warm", [False, True])
def test_a_child_ends_at_each_limit_and_says_which(limit: str, kept_warm: bool, tmp_path: Path) -> None:
    way, most, reason = ENDS[limit]
    values = {"cpu_seconds": 20, "wall_seconds": 60.0, "memory_bytes": 1 << 30, "file_bytes": 64 << 20, **most}
    payload = {"way": way, "folder": str(tmp_path)}
    started = time.monotonic()
    with WarmSandbox(OcrOptions(), 1, tmp_path) as warm:
        call = warm.call_each if kept_warm else call_each
        (died,) = call(CALLS, [payload], limits=Limits(**values), folder=tmp_path)
    assert isinstance(died, SandboxDied)
    assert died.reason == reason
    assert died.text
    assert time.monotonic() - started < 60
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert written < 300 << 20


def test_every_limit_is_stated_and_has_its_bomb() -> None:
    assert set(ENDS) == set(Limits.__slots__)
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    bounds = {name for name in OcrOptions.__slots__ if name.startswith("max_")}
    assert bounds == set(BURSTS)
    for name in (*ENDS, *BURSTS):
        assert f"`{name}`" in page, name


def _stream(pdf: pikepdf.Pdf) -> None:
    content = pdf.make_stream(b"")
    content.write(zlib.compress(b"0 0 m " * (1 << 20), 9), filter=pikepdf.Name.FlateDecode)
    pdf.pages[0].Contents = content


def _pages(path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=A4)
        for _ in range(50):
            pdf.pages.append(pdf.pages[0])
        pdf.save(path)


def _pixels(path: Path) -> None:
    Image.new("1", (30_000, 30_000)).save(path, format="TIFF", compression="group4", dpi=(300, 300))


BURSTS: dict[str, tuple[Callable[[Path], object], dict[str, Any], str]] = {
    "max_pixels": (_pixels, {}, "EX-06"),
    "max_page_mm": (
        lambda path: pdf_file(path, lambda pdf: setattr(pdf.pages[0], "MediaBox", [0, 0, 90_000, 90_000])), {}, "EX-07",
    ),
    "max_pages": (_pages, {"max_pages": 40}, "EX-08"),
    "max_stream_bytes": (lambda path: pdf_file(path, _stream), {"max_stream_bytes": 1 << 20}, "EX-09"),
}  # fmt: skip


@pytest.mark.parametrize("limit", BURSTS)
def test_a_file_is_refused_at_each_bound_before_anything_decodes(limit: str, tmp_path: Path) -> None:
    make, more, code = BURSTS[limit]
    path = tmp_path / "bombe"
    make(path)
    started = time.monotonic()
    facts = examine(
        scan_of(path, "image/tiff" if limit == "max_pixels" else "application/pdf"), OcrOptions(**more), tmp_path
    )
    assert time.monotonic() - started < 30
    assert code in {f.code for f in facts.findings if f.severity is Severity.ERROR}
    assert all("Bitte" in f.text or "erlaubt" in f.text for f in facts.findings if f.severity is Severity.ERROR)


def test_ten_thousand_pages_are_looked_through_in_bounded_time_and_memory(tmp_path: Path) -> None:
    """Every page is its own object, so nothing is saved by looking only once; memory is that of the sandbox."""
    path = tmp_path / "viele.pdf"
    with pikepdf.new() as pdf:
        first = scan_page(pdf, picture("1"))
        for _ in range(9_999):
            pdf.add_blank_page(page_size=A4)
            pdf.pages[-1].Resources = first.Resources
            pdf.pages[-1].Contents = first.Contents
        pdf.save(path)
    started = time.process_time()
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert len(facts.pages) == 10_000
    assert facts.scan_only
    assert not [f for f in facts.findings if f.severity is Severity.ERROR]
    assert time.process_time() - started < 20
