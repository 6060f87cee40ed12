"""A PDF that nothing else converts becomes pictures of its pages: same look, same sizes, memory of one page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import img2pdf
import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import pdfa
from PIL import Image, ImageDraw

from ocr.likeness import alike
from ocr.ownwords import own_page
from ocr.pagepictures import picture_pages
from tests.ocr.oddpdfs import embedded_page

ROOT = Path(__file__).resolve().parents[2]


def a_pdf(path: Path, pages: int, *, noise: bool = False) -> Path:
    sheets = []
    for number in range(pages):
        sheet = path.with_name(f"sheet{number}.jpg")
        image = Image.new("RGB", (850 + 100 * number, 1100), "white")
        if noise:
            random = np.random.default_rng(number)
            image = Image.fromarray(random.integers(0, 256, (2339, 1654, 3), dtype=np.uint8))
        ImageDraw.Draw(image).rectangle((100, 100 + 40 * number, 500, 900), fill=(200, 30, 60))
        image.save(sheet, quality=70, dpi=(200, 200) if noise else (100, 100))
        sheets.append(str(sheet))
    path.write_bytes(img2pdf.convert(sheets))
    return path


def asked(source: Path, target: Path, **more: int) -> dict[str, object]:
    return picture_pages({"path": str(source), "target": str(target), "dpi": 200, "most": 50_000_000, **more})


def test_each_page_keeps_its_look_its_size_and_its_place(tmp_path: Path) -> None:
    source, target = a_pdf(tmp_path / "in.pdf", 3), tmp_path / "out.pdf"
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        pdf.pages[1].Rotate = 90
        pdf.save(source)
    assert asked(source, target) == {"ok": True}
    assert pdfa.validate_written(target, "2b").verdict == "pass"
    before, after = pypdfium2.PdfDocument(source), pypdfium2.PdfDocument(target)
    for one, other in zip(before, after, strict=True):
        assert other.get_size() == pytest.approx(one.get_size(), abs=0.01)
        pictures = [page.render(grayscale=True).to_pil().convert("L") for page in (other, one)]
        assert alike(pictures[0], pictures[1], strict=True)


def test_a_page_whose_units_are_larger_keeps_its_size(tmp_path: Path) -> None:
    """pdfium does not tell them: an A2 drawing came out as A4."""
    source, target = a_pdf(tmp_path / "in.pdf", 2), tmp_path / "out.pdf"
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        pdf.pages[0].UserUnit = 2
        pdf.save(source)
    assert asked(source, target) == {"ok": True}
    before, after = pypdfium2.PdfDocument(source), pypdfium2.PdfDocument(target)
    assert after[0].get_size() == pytest.approx([2 * edge for edge in before[0].get_size()], abs=0.01)
    assert after[1].get_size() == pytest.approx(before[1].get_size(), abs=0.01)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_text_of_a_page_lies_over_its_picture(tmp_path: Path, turn: int) -> None:
    """It was in the file of text only, and the rendition could not be searched."""
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    with pikepdf.new() as pdf:
        page = embedded_page(pdf)
        page.obj.Rotate = turn
        page.obj.MediaBox = [20, 30, 595, 842]
        pdf.save(source)
    assert asked(source, target) == {"ok": True}
    assert pdfa.validate_written(target, "2b").verdict == "pass"
    before, after = (pypdfium2.PdfDocument(path)[0] for path in (source, target))
    told = [own_page(page, 1.0, as_seen=True)[1] for page in (before, after)]
    was, now = ([(line.angle, word) for line in own.lines for word in line.words] for own in told if own is not None)
    assert len(now) == len(was)
    for angle, word in was:  # pdfium tells words that stand on their head from the right to the left
        near = pytest.approx(word.box, abs=24)  # 2 mm, beside letters of 24 points
        assert any((angle, word.text) == (turned, other.text) and other.box == near for turned, other in now)


def test_a_page_beyond_the_limit_gives_no_file(tmp_path: Path) -> None:
    source, target = a_pdf(tmp_path / "in.pdf", 2), tmp_path / "out.pdf"
    assert asked(source, target, most=1_000_000) == {"ok": False, "why": "too large"}
    assert not target.exists()


def test_many_pages_cost_the_memory_of_few(tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf", 12, noise=True)
    code = f"""
from pathlib import Path
from tests.ocr.test_pagepictures import asked
assert asked(Path({str(source)!r}), Path({str(tmp_path / "out.pdf")!r}))["ok"]
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (tmp_path / "out.pdf").stat().st_size > 120_000_000
    assert int(done.stdout) < 230_000  # kB; all pages in memory were 303
