"""Every kind of PDF: the rendition looks like the original, what it lost is listed, and the original stays as it was.

Original and rendition are drawn by a second program (poppler or Ghostscript), not by the one that our own code uses.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from akten.errors import Rejected
from akten.files import FileFacts, Rendition, Scan
from akten.findings import Severity
from ocr.examine import examine_each
from ocr.likeness import compare_pages
from ocr.losses import known_losses
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from tests.contracts.test_ocr_engine import FakeEngine
from tests.ocr.examined import told_to_a_clerk
from tests.ocr.oddpdfs import PDFS, written
from tests.ocr.papers import form, pdf_file, scan_of
from tests.ocr.sheets import convert, job

OPTIONS = OcrOptions()
SCALED = {"user-unit.pdf"}  # the second program does not know /UserUnit


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Scan, FileFacts]]:
    folder = tmp_path_factory.mktemp("kinds")
    for name, (make, _, _) in PDFS.items():
        make(folder / name)
    scans = [scan_of(folder / name) for name in PDFS]
    return {scan.name: (scan, facts) for scan, facts in zip(scans, examine_each(scans, OPTIONS, folder), strict=True)}


def codes(facts: FileFacts) -> set[str]:
    return {f.code + ("!" if f.severity is Severity.ERROR else "") for f in facts.findings}


def drawn(path: Path, number: int, folder: Path) -> Image.Image:
    """The page as a second program draws it, 36 dpi, gray, only what is visible."""
    target = folder / "bild"
    if shutil.which("pdftoppm"):
        command = ["pdftoppm", "-r", "36", "-f", str(number), "-l", str(number), "-singlefile", "-gray", "-cropbox",
                   "-png", str(path), str(target)]  # fmt: skip
    else:
        place = f"-sOutputFile={target}.png"
        command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pnggray", "-r36", "-dUseCropBox",
                   f"-dFirstPage={number}", f"-dLastPage={number}", place, str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(target.with_suffix(".png")) as image:
        return image.convert("L")


def same(one: Image.Image, other: Image.Image) -> bool:
    a = np.asarray(one, dtype=float)
    b = np.asarray(other.resize(one.size, Image.Resampling.BOX), dtype=float)
    if min(a.std(), b.std()) < 1:
        return float(abs(a - b).mean()) < 2
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) > 0.93


@pytest.mark.parametrize("name", [n for n, (_, wanted, _) in PDFS.items() if any(c.endswith("!") for c in wanted)])
def test_what_cannot_be_used_is_refused_and_says_what_to_do(
    files: dict[str, tuple[Scan, FileFacts]], name: str, tmp_path: Path
) -> None:
    scan, facts = files[name]
    wanted = PDFS[name][1]
    found, findings = codes(facts), facts.findings
    if not any(code.endswith("!") for code in found):
        with pytest.raises(Rejected) as caught:
            convert(scan, facts, tmp_path / "a.pdf", OPTIONS)
        found, findings = {f.code + "!" for f in caught.value.findings}, caught.value.findings
    assert {code for code in found if code.endswith("!")} == wanted
    assert all("Bitte" in f.text for f in findings if f.severity is Severity.ERROR)
    assert told_to_a_clerk(facts), findings


@pytest.mark.parametrize("name", [n for n, (_, wanted, _) in PDFS.items() if not any(c.endswith("!") for c in wanted)])
def test_a_good_kind_looks_like_the_original_and_lists_its_losses(
    files: dict[str, tuple[Scan, FileFacts]], name: str, tmp_path: Path
) -> None:
    scan, facts = files[name]
    _, wanted, words = PDFS[name]
    before = scan.path.read_bytes()
    assert wanted <= codes(facts)
    assert not any(code.endswith("!") for code in codes(facts))
    losses = known_losses(facts)
    made = []
    if facts.scan_only:
        for page in facts.pages:
            task = job(scan.path, tmp_path, page=page.number, dpi=page.dpi)
            outcome = do_page(task, FakeEngine, OPTIONS, time.process_time)
            assert outcome.error is None
            losses += outcome.losses
            made.append((tmp_path / "page.pdf").rename(tmp_path / f"page{page.number}.pdf"))
    else:
        target = tmp_path / "made.pdf"
        result = convert(scan, facts, target, OPTIONS)
        losses = result.losses
        made = [target] * len(facts.pages)
        if facts.signatures or facts.form.value != "none":
            assert result.rendition is Rendition.BESIDE
    assert scan.path.read_bytes() == before, "the original is never altered"
    for number, path in enumerate(made, 1):
        inner = 1 if facts.scan_only else number
        original, rendition = drawn(scan.path, number, tmp_path), drawn(path, inner, tmp_path)
        if name not in SCALED:
            assert all(abs(a - b) < 2 for a, b in zip(original.size, rendition.size, strict=True))
        assert same(original, rendition)
    for word in words:
        assert any(word in loss for loss in losses), (word, losses)
    with pikepdf.open(made[0]) as pdf:
        for key in ("/AcroForm", "/OpenAction", "/AA"):
            assert key not in pdf.Root
        assert not pdf.is_encrypted
        assert not pdf.attachments


@pytest.mark.parametrize("anew", [False, True])
def test_what_was_filled_in_is_on_the_page(tmp_path: Path, anew: bool) -> None:
    """A value without a look of its own, in a font that the file does not describe, as many programs write it.

    `anew`: they say as well that every viewer shall make the looks itself (/NeedAppearances).
    """

    def filled(pdf: pikepdf.Pdf) -> None:
        form(pdf)
        if anew:
            pdf.Root.AcroForm.NeedAppearances = True
        field = pdf.Root.AcroForm.Fields[0]
        field.V, field.Rect = pikepdf.String("Müllerstraße 7"), pikepdf.Array([60, 60, 400, 100])

    path = tmp_path / "a.pdf"
    written(filled)(path)
    scan = scan_of(path)
    (facts,) = examine_each([scan], OPTIONS, tmp_path)
    target = tmp_path / "made.pdf"
    result = convert(scan, facts, target, OPTIONS)
    assert "Müllerstraße 7" in result.pages_text[0]
    field = (30, 371, 200, 391)  # of the page at 36 dpi
    original, rendition = (drawn(one, 1, tmp_path).crop(field) for one in (path, target))
    assert np.asarray(original).std() > 5, "the second program shows the value"
    assert same(original, rendition) or abs(np.asarray(original).mean() - np.asarray(rendition).mean()) < 4


def test_a_white_page_in_place_of_any_of_them_is_seen(files: dict[str, tuple[Scan, FileFacts]], tmp_path: Path) -> None:
    """The comparison that guards every rendition finds a white page, whatever the original was."""
    white = pdf_file(tmp_path / "weiss.pdf", image=False)
    for name, (_, wanted, _) in PDFS.items():
        scan, facts = files[name]
        if any(code.endswith("!") for code in wanted) or name == "empty-page.pdf":
            continue
        page = {"number": 1, "path": str(scan.path), "page": 1, "is_pdf": True, "said_mm": None, "scan_mm": None,
                "words": 0, "strict": facts.scan_only}  # fmt: skip
        said = compare_pages({"pdf": str(white), "count": 1, "first": 0, "pages": [page]})
        assert [code for code, _, _ in said["findings"]] == ["PC-03"], name
