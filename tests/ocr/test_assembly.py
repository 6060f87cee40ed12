"""Pages are joined to one PDF/A from file to file: same bytes each time, no memory for what is joined, limits told."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageCms

from ocr.assembly import assemble
from ocr.jobs import AssemblyJob, AssemblyOutcome, PageJob
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from tests.conftest import ROOT

PAGES = 3


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    return Image.frombytes("L", size, random.Random(seed).randbytes(size[0] * size[1]))


def a_page(folder: Path, number: int, size: tuple[int, int] = (400, 500), mode: str = "L", icc: bytes = b"") -> Path:
    """The page file of a picture that packs badly, as a page worker leaves it."""
    picture, page = folder / f"{number}.png", folder / f"{number}.pdf"
    noise(size, number).convert(mode).save(picture, dpi=(100, 100), icc_profile=icc or None)
    job = PageJob(str(picture), 1, number, False, 300, None, str(page), str(folder / f"{number}.hocr"), read=False)  # noqa: FBT003 - not a PDF

    def never() -> None:
        raise AssertionError

    assert do_page(job, never, OcrOptions(), lambda: 0.0).error is None  # type: ignore[arg-type]
    return page


def joined(parts: list[Path], target: Path) -> AssemblyOutcome:
    return assemble(
        AssemblyJob(tuple(map(str, parts)), str(target) + ".part", str(target), "Titel", "2026-01-01T00:00:00+00:00")
    )


def what_it_shows(path: Path) -> list[bytes]:
    with pikepdf.open(path) as pdf:
        return [bytes(image.read_bytes()) for page in pdf.pages for image in page.images.values()]


def test_pages_are_joined_in_their_order_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    parts = [a_page(tmp_path, number) for number in range(1, PAGES + 1)]
    assert joined(parts, tmp_path / "one.pdf") == AssemblyOutcome(PAGES)
    assert joined(parts, tmp_path / "two.pdf") == AssemblyOutcome(PAGES)
    assert what_it_shows(tmp_path / "one.pdf") == [what_it_shows(part)[0] for part in parts]
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_all_pages_share_one_copy_of_their_colour_profile(mode: str, tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    parts = [a_page(tmp_path, number, (40, 50), mode, icc) for number in range(1, PAGES + 1)]
    assert joined(parts, tmp_path / "one.pdf") == AssemblyOutcome(PAGES)
    with pikepdf.open(tmp_path / "one.pdf") as pdf:
        spaces = [image.ColorSpace for page in pdf.pages for image in page.images.values()]
        profiles = [(space[1] if mode == "P" else space)[1].objgen for space in spaces]
    assert len(profiles) == PAGES
    assert len(set(profiles)) == 1


@pytest.mark.parametrize("content", [b"no PDF at all", b""])
def test_a_damaged_page_file_is_told_and_nothing_is_written(content: bytes, tmp_path: Path) -> None:
    parts = [a_page(tmp_path, number) for number in range(1, PAGES + 1)]
    parts[1].write_bytes(content or parts[1].read_bytes()[:2000])
    assert joined(parts, tmp_path / "out.pdf").denied
    assert not list(tmp_path.glob("out.pdf*"))


def test_a_document_larger_than_allowed_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    parts = [a_page(tmp_path, number, (1000, 1000)) for number in range(1, 5)]
    draft, target = str(tmp_path / "draft.pdf"), str(tmp_path / "out.pdf")
    job = AssemblyJob(tuple(map(str, parts)), draft, target, "T", "2026-01-01T00:00:00+00:00")
    code = f"""
import json, resource
from ocr.desk import Desk
from ocr.options import OcrOptions
from ocr.pageworker import plain_options
desk = Desk({{"options": plain_options(OcrOptions())}})
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
print(json.dumps(desk.do("assembly", {asdict(job)!r})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "größer als erlaubt" in json.loads(done.stdout)["limit"]
    assert not (tmp_path / "out.pdf").exists()


def test_memory_does_not_grow_with_what_is_joined(tmp_path: Path) -> None:
    parts = [a_page(tmp_path, number, (4000, 3000)) for number in range(1, 9)]
    assert sum(part.stat().st_size for part in parts) > 90_000_000
    draft, target = str(tmp_path / "draft.pdf"), str(tmp_path / "out.pdf")
    code = f"""
from ocr.assembly import assemble
from ocr.jobs import AssemblyJob
job = AssemblyJob({tuple(map(str, parts))!r}, {draft!r}, {target!r}, "T", "2026-01-01T00:00:00+00:00")
assert not assemble(job).denied
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert int(done.stdout) < 130_000  # kB; all in memory would be 60 and more than 90 MB
