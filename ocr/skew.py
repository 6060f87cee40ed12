"""How far a page leans: the angle at which the rows of its ink are sharpest (projection profile)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

LARGEST = 5.0  # degrees looked at to each side
_COARSE, _FINE = 0.5, 0.1


def ink_of(preview: Image.Image) -> NDArray[np.float32]:
    """Darkness against the paper around it (0..1) of a gray preview of about 100 dpi; borders are cut off.

    Against the paper *around*, so that the edge of a small sheet on a light ground does not pass for a line of text.
    """
    width, height = preview.size
    inner = preview.crop((width // 25, height // 25, width - width // 25, height - height // 25))
    if inner.width < 16 or inner.height < 16:
        return np.zeros((1, 1), dtype=np.float32)
    small = inner.resize((inner.width // 8, inner.height // 8), Image.Resampling.BOX)
    light = small.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.MaxFilter(3))
    around = np.asarray(light.resize(inner.size, Image.Resampling.BILINEAR), dtype=np.float32)
    ink = np.clip((around - np.asarray(inner, dtype=np.float32) - 20.0) / 100.0, 0.0, 1.0)
    # solid dark areas (photographs, scanner lid) hold no lines
    ink[:, ink.mean(axis=0) > 0.6] = 0.0
    ink[ink.mean(axis=1) > 0.6, :] = 0.0
    return np.asarray(ink, dtype=np.float32)


def _sharpness(points: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], angle: float) -> float:
    x, y, weight = points
    rows = y + x * np.tan(np.radians(angle))
    rows -= rows.min()
    profile = np.bincount(rows.astype(np.int32), weights=weight)
    step = np.diff(profile)
    return float(np.dot(step, step))


def skew_of(ink: NDArray[np.float32]) -> float:
    """Degrees by which text lines rise to the right (clockwise turning sets them level); 0 when nothing is clear."""
    y, x = np.nonzero(ink > 0.3)
    if len(x) < 200:
        return 0.0
    if len(x) > 60_000:  # every n-th point is enough; the choice is fixed so that the same page gives the same angle
        step = len(x) // 60_000 + 1
        y, x = y[::step], x[::step]
    points = (x.astype(np.float32), y.astype(np.float32), ink[y, x])
    level = _sharpness(points, 0.0)
    best, top = 0.0, level
    for angle in np.arange(-LARGEST, LARGEST + _COARSE / 2, _COARSE):
        value = _sharpness(points, float(angle))
        if value > top:
            best, top = float(angle), value
    for angle in np.arange(best - _COARSE + _FINE, best + _COARSE - _FINE / 2, _FINE):
        value = _sharpness(points, float(angle))
        if value > top:
            best, top = float(angle), value
    # a page without lines is as sharp at any angle: then it is left alone
    return round(best, 2) if top > 1.1 * level else 0.0


def lines_run_down(ink: NDArray[np.float32]) -> bool:
    """True when the rows of ink run from top to bottom rather than from left to right: the page lies on its side."""
    if float(ink.sum()) < 100:
        return False

    def contrast(profile: NDArray[np.float32]) -> float:
        step = np.diff(profile)
        return float(np.dot(step, step)) / max(float(profile.mean()) ** 2 * len(profile), 1e-6)

    return contrast(ink.mean(axis=0)) > 1.5 * contrast(ink.mean(axis=1))
