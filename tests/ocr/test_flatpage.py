"""A page of one colour is known as such by all its pixels; a dot, a second page or a second picture makes it none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from ocr.examine import examine_each
from ocr.options import OcrOptions
from tests.ocr.examined import scan_of

SIZE = (820, 1160)
OPTIONS = OcrOptions()


def flat(folder: Path) -> set[str]:
    """The names of the files of a folder that are known to be flat, looked at in one child."""
    scans = [scan_of(path) for path in sorted(folder.iterdir())]
    (folder.parent / "kind").mkdir()
    told = dict(zip([scan.name for scan in scans], examine_each(scans, OPTIONS, folder.parent / "kind"), strict=True))
    return {name for name, facts in told.items() if facts.flat}


def a_page(mode: str, dot: tuple[int, int] | None = None) -> Image.Image:
    image = Image.new(mode, SIZE, "white")
    if dot is not None:
        image.putpixel(dot, 0 if mode in ("1", "L") else (90, 90, 90))
    return image


def test_a_page_is_flat_when_all_its_pixels_are_the_same(tmp_path: Path) -> None:
    """One dot is enough that it is not; a second page, or a second picture, counts as much as the first."""
    folder = tmp_path / "scans"
    folder.mkdir()
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("fax.tif", "1", {"compression": "group4"}),
        ("lzw.tif", "L", {"compression": "tiff_lzw"}),
        ("rgb.tif", "RGB", {}),
        ("grau.png", "L", {}),
        ("rgb.png", "RGB", {}),
        ("rgb.jpg", "RGB", {"quality": 90}),
        ("grau.jpg", "L", {}),
    ]
    for name, mode, how in kinds:
        a_page(mode).save(folder / f"leer_{name}", dpi=(100, 100), **how)
        a_page(mode, (411, 777)).save(folder / f"punkt_{name}", dpi=(100, 100), **how)
    blank, dotted = a_page("L"), a_page("L", (5, 5))
    blank.save(folder / "leer_zwei.tif", save_all=True, append_images=[blank], dpi=(100, 100))
    blank.save(folder / "punkt_zwei.tif", save_all=True, append_images=[dotted], dpi=(100, 100))
    blank.save(folder / "punkt_bewegt.png", save_all=True, append_images=[dotted], dpi=(100, 100))
    (folder / "punkt_abgeschnitten.jpg").write_bytes((folder / "leer_grau.jpg").read_bytes()[:-200])
    assert flat(folder) == {path.name for path in folder.glob("leer_*")}
