"""Is an image of a PDF page seen as it is: not cut by a clip, let through dimly, or laid on a layer?

What is not goes to pdfium to be drawn (ISO 32000-1 §8.4.5, §8.5.4, §8.11).
"""

from __future__ import annotations

import pikepdf

from ocr.geometry import Affine

Rect = tuple[float, float, float, float]  # left, bottom, right, top

_RIM = 3.0  # units by which a clip may cut into an image: less than a scanner's border


def placed_rect(rect: Rect, matrix: Affine) -> Rect:
    """The upright rectangle around a rectangle that is moved by a matrix."""
    corners = [matrix(x, y) for x in (rect[0], rect[2]) for y in (rect[1], rect[3])]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return (min(across), min(down), max(across), max(down))


def common(one: Rect, other: Rect) -> Rect:
    """What two rectangles have in common; it may be empty."""
    return (max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))


def cuts(clip: Rect, matrix: Affine, visible: Rect) -> bool:
    """True when the clip takes away something of the image that the page would show."""
    seen = common(placed_rect((0.0, 0.0, 1.0, 1.0), matrix), visible)
    inside = common(seen, clip)
    return any(abs(a - b) > _RIM for a, b in zip(seen, inside, strict=True))


def changes_colours(state: pikepdf.Object) -> bool:
    """True for a graphics state that lets images through dimly, mixes them with what is below, or masks them."""
    mask, mode, dim = state.get("/SMask"), state.get("/BM"), state.get("/ca", 1)
    plain = mode is None or str(mode) in ("/Normal", "/Compatible")
    return not plain or float(dim) < 1 or isinstance(mask, pikepdf.Dictionary)


def hides_layers(root: pikepdf.Object) -> bool:
    """True when some layers of the file are not shown at first."""
    told = root.get("/OCProperties")
    shown = told.get("/D") if isinstance(told, pikepdf.Dictionary) else None
    if not isinstance(shown, pikepdf.Dictionary):
        return False
    off = shown.get("/OFF")
    return (isinstance(off, pikepdf.Array) and len(off) > 0) or str(shown.get("/BaseState", "/ON")) != "/ON"
