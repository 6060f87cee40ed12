"""What a scanner and forty years do to a sheet: yellow paper, skew, uneven light, noise, show-through, punch holes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from app.specimens.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Look:
    """How a scan looks. `turn` is quarter turns; `noise` in gray levels; `skew` in degrees."""

    skew: float = 0.4
    noise: float = 5.0
    yellow: float = 0.05
    shade: float = 0.06
    blur: float = 0.5
    edge: bool = False
    holes: bool = True
    turn: int = 0


def scanned(sheet: Sheet, look: Look, generator: np.random.Generator, behind: Image.Image | None = None) -> Image.Image:
    """The sheet as a colour scan; `behind` shines through from the other side, mirrored and faint."""
    image = sheet.image
    if behind is not None:
        back = behind.resize(image.size).transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(3))
        faint = Image.blend(Image.new("RGB", image.size, "white"), back, 0.04)
        image = Image.fromarray(np.minimum(np.asarray(image), np.asarray(faint)))
    if look.holes:
        image = image.copy()
        pen = ImageDraw.Draw(image)
        radius, x = sheet.dpi * 0.12, sheet.dpi * 0.45
        for share in (0.36, 0.64):
            y = image.height * share
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(96, 92, 88))
    if look.skew:
        image = image.rotate(look.skew, resample=Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    if look.blur:
        image = image.filter(ImageFilter.GaussianBlur(look.blur * sheet.dpi / 300))
    values = np.asarray(image, dtype=np.float32)
    height, width = values.shape[:2]
    light = 1 - look.shade * np.linspace(0, 1, width, dtype=np.float32)[None, :, None] ** 2
    values = values * light * np.array([1.0, 1 - look.yellow * 0.5, 1 - look.yellow * 2], dtype=np.float32)
    values += generator.normal(0, look.noise, (height, width, 1)).astype(np.float32)
    if look.edge:
        dark = int(sheet.dpi * 0.12)
        values[:, -dark:] *= 0.2
        values[-dark // 2 :, :] *= 0.3
    done = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    return done.rotate(90 * look.turn, expand=True) if look.turn else done


def bilevel(image: Image.Image, threshold: int = 168) -> Image.Image:
    """Black and white, as an office scanner in text mode makes it."""
    return image.convert("L").point(lambda value: 255 if value > threshold else 0).convert("1")


def save(pages: list[Image.Image], target: Path, dpi: int) -> Path:
    """Writes pages as the suffix says: `.tif` in G4 when black and white, else LZW; JPEG; PNG; `.pdf` of JPEG pages."""
    first, rest = pages[0], pages[1:]
    if target.suffix == ".tif":
        compression = "group4" if first.mode == "1" else "tiff_lzw"
        first.save(target, compression=compression, save_all=True, append_images=rest, dpi=(dpi, dpi))
    elif target.suffix == ".pdf":
        first.save(target, save_all=True, append_images=rest, resolution=dpi, quality=82, **_FIXED)
    elif target.suffix == ".jpg":
        first.save(target, quality=84, dpi=(dpi, dpi))
    else:
        first.save(target, dpi=(dpi, dpi))
    return target


# Without these the writer puts the present time into the file, and the same seed gives other bytes.
_WHEN = time.gmtime(1_795_000_000)
_FIXED: dict[str, Any] = {"creationDate": _WHEN, "modDate": _WHEN, "producer": "Scanner"}
