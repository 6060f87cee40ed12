"""Images and PDF files of every sort, good and bad, examined in one go each; fixtures of the tests of examination."""

from __future__ import annotations

import re
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from akten.files import Colour, FileFacts, Scan
from akten.findings import Severity
from ocr.examine import examine_each
from ocr.options import OcrOptions
from tests.ocr.changedpdfs import PDFS
from tests.ocr.papers import pdf_file, picture, scan_of
from tests.ocr.sheets import sandbox_for

OPTIONS = OcrOptions(max_pixels=40_000_000, max_pages=20, max_stream_bytes=4 << 20)


def examine(scan: Scan, options: OcrOptions, folder: Path) -> FileFacts:
    """The facts of one file."""
    (facts,) = examine_each([scan], options, folder, sandbox_for(options.sandbox).call_each)
    return facts


def codes(facts: FileFacts) -> set[str]:
    return {finding.code for finding in facts.findings}


def errors(facts: FileFacts) -> set[str]:
    return {finding.code for finding in facts.findings if finding.severity is Severity.ERROR}


def told_to_a_clerk(facts: FileFacts) -> bool:
    """True when no finding quotes the name of a fault in the program."""
    return not any(re.search(r"[Ee]rror|Exception|\(\)", finding.text) for finding in facts.findings)


IMAGES = {  # name → (mode, how it is saved, colour)
    "g4.tif": ("1", {"compression": "group4"}, Colour.BILEVEL),
    "g3.tif": ("1", {"compression": "group3"}, Colour.BILEVEL),
    "raw1.tif": ("1", {}, Colour.BILEVEL),
    "packbits.tif": ("L", {"compression": "packbits"}, Colour.GRAY),
    "lzw.tif": ("RGB", {"compression": "tiff_lzw"}, Colour.RGB),
    "deflate.tif": ("RGB", {"compression": "tiff_adobe_deflate"}, Colour.RGB),
    "jpeg.tif": ("RGB", {"compression": "jpeg"}, Colour.RGB),
    "palette.tif": ("P", {}, Colour.PALETTE),
    "cmyk.tif": ("CMYK", {}, Colour.CMYK),
    "sixteen.tif": ("I;16", {}, Colour.GRAY),
    "big.tif": ("L", {"big_tiff": True}, Colour.GRAY),
    "gray.jpg": ("L", {}, Colour.GRAY),
    "colour.jpg": ("RGB", {}, Colour.RGB),
    "alpha.png": ("RGBA", {}, Colour.RGB),
    "palette.png": ("P", {}, Colour.PALETTE),
    "bilevel.png": ("1", {}, Colour.BILEVEL),
    "lossless.jp2": ("L", {}, Colour.GRAY),
}


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileFacts]:
    """All image files, good and bad, examined in one go."""
    folder = tmp_path_factory.mktemp("images")
    for name, (mode, how, _) in IMAGES.items():
        dpi = {} if name.endswith("jp2") else {"dpi": (50, 50)}
        page = picture("L").convert("I").convert("I;16") if mode == "I;16" else picture(mode)
        page.save(folder / name, **how, **dpi)
    for number, orientation in enumerate((3, 6, 8)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture("RGB").save(folder / f"turned{number}.jpg", exif=exif, dpi=(50, 50))
    picture().save(folder / "three.tif", save_all=True, append_images=[picture(), picture("1")], dpi=(50, 50))
    picture().save(folder / "nodpi.png")
    Image.new("L", (2480, 3508), 255).save(folder / "screen.jpg", dpi=(72, 72))
    Image.new("1", (8000, 8000), 1).save(folder / "toomany.tif", compression="group4", dpi=(300, 300))
    Image.new("1", (24000, 80), 1).save(folder / "toowide.tif", compression="group4", dpi=(110, 110))
    Image.new("L", (1, 1), 0).save(folder / "pixel.png", dpi=(300, 300))
    Image.new("L", (1240, 5), 0).save(folder / "line.png", dpi=(300, 300))
    pages = [Image.new("1", (100, 100), 1) for _ in range(25)]
    pages[0].save(folder / "manypages.tif", save_all=True, append_images=pages[1:], compression="group4")
    (folder / "lying.pdf").write_bytes((folder / "alpha.png").read_bytes())
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_bytes(b"Das ist kein Bild.")
    for name in ("colour.jpg", "alpha.png", "lzw.tif", "raw1.tif", "lossless.jp2"):
        data = (folder / name).read_bytes()
        (folder / f"cut-{name}").write_bytes(data[: len(data) * 2 // 3])
    g4 = (folder / "g4.tif").read_bytes()
    (folder / "head.tif").write_bytes(g4[:9])
    scans = [scan_of(path) for path in sorted(folder.iterdir())]
    return dict(zip([scan.name for scan in scans], examine_each(scans, OPTIONS, folder), strict=True))


@pytest.fixture(scope="session")
def pdfs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileFacts]:
    """All PDF files, good and bad, examined in one go."""
    folder = tmp_path_factory.mktemp("pdfs")
    for name, changes in PDFS.items():
        pdf_file(folder / f"{name}.pdf", *changes)
    pdf_file(folder / "blank.pdf", image=False)
    owner = pikepdf.Encryption(owner="geheim", user="", R=6)
    pdf_file(folder / "owner.pdf", encryption=owner)
    pdf_file(folder / "locked.pdf", encryption=pikepdf.Encryption(owner="a", user="b", R=6))
    whole = (folder / "scan.pdf").read_bytes()
    (folder / "mended.pdf").write_bytes(whole.replace(b"startxref\n", b"startxref\n9"))
    (folder / "half.pdf").write_bytes(whole[: len(whole) // 3])
    (folder / "start.pdf").write_bytes(whole[:40])
    (folder / "behind.pdf").write_bytes(b"\n" * 100 + whole)
    scans = [scan_of(path) for path in sorted(folder.iterdir())]
    facts = examine_each(scans, OPTIONS, folder)
    return {scan.path.stem: found for scan, found in zip(scans, facts, strict=True)}
