"""Only paper is blank: noise, dark edges and punch holes are paper, every mark is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from ocr.blank import is_blank
from ocr.pageimage import load, open_page, reduced, to_gray
from tests.ocr.sheets import paper, sheet

DPI = 150


def blank(image: Image.Image, dpi: float = DPI) -> bool:
    factor = max(1, round(dpi / 100))
    return is_blank(reduced(image, factor), dpi / factor)


def with_dark_edges(image: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 30, image.height), fill=15)
    draw.rectangle((0, image.height - 25, image.width, image.height), fill=20)
    return image


def with_holes(image: Image.Image, dpi: int = DPI) -> Image.Image:
    draw = ImageDraw.Draw(image)
    radius, x = round(2.75 / 25.4 * dpi), round(12 / 25.4 * dpi)
    for offset in (-40, 40):
        y = image.height // 2 + round(offset / 25.4 * dpi)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=25)
    return image


def with_pencil(image: Image.Image, contrast: int) -> Image.Image:
    line = Image.new("L", image.size, 0)
    ImageDraw.Draw(line).line((400, 700, 640, 712), fill=255, width=3)
    strength = np.asarray(line.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float32) / 255 * contrast
    return Image.fromarray(np.clip(np.asarray(image, dtype=np.float32) - strength, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("noise", [0.0, 3.0, 8.0])
def test_white_and_noisy_paper_is_blank(noise: float) -> None:
    assert blank(paper(noise=noise))


def test_a_dark_scanner_edge_is_no_mark() -> None:
    assert blank(with_dark_edges(paper()))


def test_a_sheet_on_a_dark_lid_is_blank() -> None:
    lid = Image.new("L", (1240, 1754), 15)
    lid.paste(paper(size_mm=(195, 280)), (45, 50))
    assert blank(lid)


def test_punch_holes_are_no_mark() -> None:
    assert blank(with_holes(with_dark_edges(paper())))


@pytest.mark.parametrize("contrast", [25, 40, 80])
def test_one_faint_pencil_line_is_a_mark(contrast: int) -> None:
    assert not blank(with_pencil(paper(noise=4.0), contrast))


def test_a_pencil_line_beside_a_dark_edge_and_holes_is_a_mark() -> None:
    assert not blank(with_pencil(with_holes(with_dark_edges(paper())), 40))


def test_one_short_word_is_a_mark() -> None:
    image = paper()
    ImageDraw.Draw(image).text((500, 700), "zdA", fill=60, font_size=26)
    assert not blank(image)


@pytest.mark.parametrize("text", ["17", "Az 12", "3.", "63", "ja", "4"])
@pytest.mark.parametrize("size_pt", [10, 14])
def test_a_number_in_the_corner_is_no_punch_hole(text: str, size_pt: int) -> None:
    image = with_holes(paper())
    place = (image.width - round(10 / 25.4 * DPI), round(8 / 25.4 * DPI))
    ImageDraw.Draw(image).text(place, text, fill=40, font_size=size_pt * DPI / 72, anchor="rt")
    assert not blank(image)


def test_a_letter_in_a_ring_is_no_punch_hole() -> None:
    image = with_holes(paper())
    draw = ImageDraw.Draw(image)
    x, y, radius = (value / 25.4 * DPI for value in (12, 60, 3.0))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=40, width=3)
    draw.text((x, y), "K", fill=40, font_size=18, anchor="mm")
    assert not blank(image)


@pytest.mark.parametrize("size_mm", [(200, 20), (20, 60), (18, 24)])
def test_on_a_small_slip_the_middle_is_not_the_edge_of_the_scan(size_mm: tuple[int, int]) -> None:
    image = paper(size_mm=size_mm)
    place = (round(image.width * 0.1), round(1.5 / 25.4 * DPI))
    ImageDraw.Draw(image).text(place, "5 DM", fill=40, font_size=5 / 25.4 * DPI)
    assert not blank(image)


@pytest.mark.parametrize("radius_mm", [2.5, 2.75, 3.0])
@pytest.mark.parametrize("shade", [25, 200])
def test_a_punch_hole_of_any_usual_size_and_shade_is_no_mark(radius_mm: float, shade: int) -> None:
    image = paper(noise=4.0)
    radius, x = radius_mm / 25.4 * DPI, 12 / 25.4 * DPI
    for y in (image.height / 2 - 40 / 25.4 * DPI, image.height / 2 + 40 / 25.4 * DPI):
        ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)
    assert blank(image)


def test_print_and_photographs_are_not_blank() -> None:
    assert not blank(sheet(dpi=150))
    clouds = np.random.default_rng(1).integers(20, 240, (40, 40)).astype(np.uint8)
    assert not blank(Image.fromarray(clouds).resize((1200, 1200), Image.Resampling.BICUBIC))


def test_a_black_sheet_is_not_taken_for_paper() -> None:
    assert not blank(Image.new("L", (1240, 1754), 10))


def test_bilevel_back_of_a_real_scan_is_blank_and_its_fronts_are_not(samples: Path) -> None:
    found = []
    for number in (1, 2, 3):
        page = open_page(samples / "derived" / "akte_bilevel_g4_3p.tif", number, 10**9)
        load(page)
        found.append(blank(to_gray(page.image), 300))
    assert found == [False, False, True]


def test_the_flyleaf_with_pencil_and_show_through_is_never_blank(samples: Path) -> None:
    page = open_page(samples / "archival" / "flyleaf_gray.tif", 1, 10**9)
    load(page)
    for threshold in (1.0, 2.0):
        small = reduced(to_gray(page.image), 3)
        assert not is_blank(small, 100, threshold)


@pytest.mark.parametrize("seed", range(12))
def test_a_long_run_of_ink_changes_how_soon_the_answer_comes_and_not_the_answer(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(seed)
    sheets = []
    for marks in (0, 1, 1, 1, 1, 2, 2, 2, 3, 9):
        image = paper(size_mm=(105, 148), noise=2.0)
        draw = ImageDraw.Draw(image)
        for _ in range(marks):
            x, y = int(random.integers(30, 60)), int(random.integers(60, image.height - 60))  # where holes are punched
            size = int(random.choice([0.8, 0.8, 1.2, 5.5, 5.5, 8.5, 9.5, 30.0]) / 25.4 * DPI)
            draw.ellipse((x, y, x + size, y + size), fill=20)
        sheets.append(image)
    quick = [blank(image) for image in sheets]
    assert set(quick) == {True, False}
    monkeypatch.setattr("ocr.blank._runs_on", lambda *_: False)
    assert quick == [blank(image) for image in sheets]


@pytest.mark.parametrize(("ground", "ink"), [(120, 235), (150, 180), (100, 130)])
def test_light_ink_on_dark_paper_is_a_mark(ground: int, ink: int) -> None:
    """On a blueprint lines are lighter than the sheet, far apart and thin: they were taken for paper."""
    bare = paper(gray=ground, noise=3.0)
    assert blank(bare)
    drawn = Image.new("L", bare.size, 0)
    ImageDraw.Draw(drawn).line((300, 700, 900, 760), fill=ink - ground, width=2)
    plan = np.asarray(bare, dtype=np.float32) + np.asarray(drawn, dtype=np.float32)
    assert not blank(Image.fromarray(np.clip(plan, 0, 255).astype(np.uint8)))


def test_dark_paper_with_a_shade_is_blank() -> None:
    shade = np.linspace(-30, 30, 1754, dtype=np.float32)[:, None]
    sheet_ = np.asarray(paper(gray=150, noise=3.0), dtype=np.float32) + shade
    assert blank(with_holes(Image.fromarray(sheet_.astype(np.uint8))))
