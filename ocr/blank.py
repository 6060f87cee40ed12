"""Says whether a page bears nothing: paper, scanner noise, dark scan borders and punch holes are nothing.

Conservative on purpose: whatever may be a mark – a faint pencil line, a stamp, show-through – makes the page not
blank. The page is looked at with 100 dpi; ink is what is darker than the paper around it by more than its noise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

PREVIEW_DPI = 100
_TILE = 4  # pixels of a preview per tile: 1 mm
_LEAST_CONTRAST = 4.0  # gray levels (of 255) by which a mark is darker than its paper
_NOISE = 5.0  # a mark stands out by so many standard deviations of the smoothed noise
_MOST_NOISE = 4.0  # more than this no scanner adds to white paper
_MARK_MM = 2.5  # longest side from which a cluster is a mark and not a speck
_SPECKS_MM2 = 60.0  # so much ink in specks together is no longer dirt
_HOLE_MM = (3.5, 9.0)  # punch holes have 5.5 ± 0.5 mm (ISO 838), with their shadow up to 9
_HOLE_EDGE_MM = 25.0  # their centres lie 12 mm from the edge
_SECTORS = 16  # of a circle
_ROUND = 14  # of them in which the ink of a hole reaches its rim
_RIM = (0.8, 1.2)  # of the radius
_LEAST_FILLED = 0.15  # of its middle
_LONGEST = 1.25  # of a hole's sides, against the other
_BORDER_MM = 15.0  # how far a scanner's dark edge reaches in
_BORDER_SHARE = 0.125  # and of the sheet: on a card what stands 15 mm from the edge stands in its middle
_BORDER_START_MM = 2.0  # it may start this far from the edge of the picture
_LID = 60.0  # gray levels by which the lid of a scanner is darker than paper
_DARKEST_PAPER = 90.0  # what is darker than this is no paper to judge
_LIGHT_PAPER = 200.0  # on what is darker than this, light ink can be seen
_INKED = 2  # ink pixels from which a tile is inked


@dataclass(frozen=True, slots=True)
class Cluster:
    """Touching tiles with ink: left, top, right, bottom in tiles (right and bottom beyond), and how many."""

    left: int
    top: int
    right: int
    bottom: int
    tiles: int
    ink: float


def is_blank(preview: Image.Image, dpi: float, threshold: float = 1.0) -> bool:
    """True when the gray preview (about 100 dpi) shows nothing but paper; a larger threshold forgives more."""
    if preview.width < 4 * _TILE or preview.height < 4 * _TILE:
        return False
    smooth = np.asarray(preview.filter(ImageFilter.BoxBlur(1)))
    paper = float(np.percentile(smooth[::3, ::3], 75))
    if paper < _DARKEST_PAPER:
        return False
    darker, noise, around = _darkness(preview, smooth)
    if not _is_bare(darker, noise, smooth, paper, dpi, threshold):
        return False
    if paper >= _LIGHT_PAPER:
        return True
    # On blueprints and the pages of albums ink is lighter than paper. Holes and lid are filled: they would shine here.
    filled = np.where(darker > _LID / 3, around, np.asarray(preview))
    filled = np.where(smooth < paper - _LID, np.uint8(paper), filled)
    negative = ImageOps.invert(Image.fromarray(np.asarray(filled, dtype=np.uint8)))
    smooth = np.asarray(negative.filter(ImageFilter.BoxBlur(1)))
    darker, noise, _ = _darkness(negative, smooth)
    return _is_bare(darker, noise, smooth, float(np.percentile(smooth[::3, ::3], 75)), dpi, threshold)


def _is_bare(
    darker: NDArray[np.int16], noise: float, smooth: NDArray[np.uint8], paper: float, dpi: float, threshold: float
) -> bool:
    """True when nothing on the page is darker than its paper, as a mark is."""
    if noise > _MOST_NOISE:  # a photograph, not a sheet of paper
        return False
    inked = darker > max(_LEAST_CONTRAST, _NOISE * noise) * threshold
    ink = _tiles(inked)
    mm = _TILE * 25.4 / dpi  # of one tile
    dark = (_tiles(smooth < paper - _LID) >= _TILE * _TILE / 2) | (ink >= _INKED)
    marks = np.where(_border(dark, mm), 0.0, ink)
    size = (ink.shape[1], ink.shape[0])
    if _runs_on(marks, max(_HOLE_MM[1], _MARK_MM * threshold) / mm):
        return False
    specks = 0.0
    for cluster in _clusters(marks):
        if _is_hole(cluster, size, mm) and _is_round(_pixels(inked, cluster)):
            continue
        if max(cluster.right - cluster.left, cluster.bottom - cluster.top) * mm > _MARK_MM * threshold:
            return False
        specks += cluster.ink * (25.4 / dpi) ** 2
    return specks <= _SPECKS_MM2 * threshold


def _darkness(preview: Image.Image, smooth: NDArray[np.uint8]) -> tuple[NDArray[np.int16], float, NDArray[np.uint8]]:
    """How much darker each pixel is than the paper around it, the standard deviation of the paper, and that paper."""
    # The paper around: the lighter part of the neighbourhood, so that neither marks nor lid pull it down.
    small = preview.resize((max(1, preview.width // 8), max(1, preview.height // 8)), Image.Resampling.BOX)
    light = small.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.BoxBlur(2))
    around = np.asarray(light.resize(preview.size, Image.Resampling.BILINEAR))
    darker = np.subtract(around, smooth, dtype=np.int16)
    sample = darker[::3, ::3]  # enough for a median, at a ninth of its price
    middle = float(np.median(sample))
    noise = 1.4826 * float(np.median(np.abs(sample - middle)))
    darker -= np.int16(round(middle))
    return darker, noise, around


def _tiles(ink: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Ink pixels per tile."""
    height, width = ink.shape[0] // _TILE * _TILE, ink.shape[1] // _TILE * _TILE
    cut = ink[:height, :width].reshape(height // _TILE, _TILE, width // _TILE, _TILE)
    return np.asarray(cut.sum(axis=(1, 3)), dtype=np.float32)


def _border(dark: NDArray[np.bool_], mm: float) -> NDArray[np.bool_]:
    """The dark edge of the scan: runs of dark tiles that start at an edge and end within reach of it."""
    border = np.zeros_like(dark)
    skip = max(1, round(_BORDER_START_MM / mm))
    for turn in range(4):  # each edge in turn becomes the left one
        seen, found = np.rot90(dark, turn), np.rot90(border, turn)
        reach = _reach(seen.shape[1], mm)
        strip = seen[:, : reach + skip + 1].copy()
        for lead in range(skip):  # the outermost tiles may be clean, then the run starts a little inside
            strip[:, lead] |= strip[:, lead + 1] if lead + 1 < strip.shape[1] else False
        runs = np.logical_and.accumulate(strip, axis=1)
        runs[runs.all(axis=1)] = False  # longer than the reach: a line from the edge into the page is a mark
        found[:, : strip.shape[1]] |= runs & seen[:, : strip.shape[1]]
    return _with_corners(border, dark, _reach(min(dark.shape), mm) + skip)


def _reach(tiles: int, mm: float) -> int:
    """How many of so many tiles the dark edge of a scan may cover."""
    return max(2, round(min(_BORDER_MM / mm, _BORDER_SHARE * tiles)))


def _with_corners(border: NDArray[np.bool_], dark: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Where two dark edges meet no run ends within reach: what is dark there and touches the border belongs to it."""
    corners = np.zeros_like(dark)
    for rows in (slice(0, reach), slice(-reach, None)):
        for columns in (slice(0, reach), slice(-reach, None)):
            corners[rows, columns] = dark[rows, columns]
    for _ in range(2 * reach):
        near = border.copy()
        near[1:] |= border[:-1]
        near[:-1] |= border[1:]
        near[:, 1:] |= border[:, :-1]
        near[:, :-1] |= border[:, 1:]
        grown = border | (near & corners)
        if np.array_equal(grown, border):
            break
        border = grown
    return border


def _runs_on(tiles: NDArray[np.float32], longest: float) -> bool:
    """True when ink runs along a row for more tiles than any speck or punch hole has: its cluster is a mark."""
    least = int(longest) + 1
    if tiles.shape[1] < least:
        return False
    sums = np.cumsum(tiles >= _INKED, axis=1, dtype=np.int32)
    return bool((sums[:, least - 1] == least).any() or (sums[:, least:] - sums[:, :-least] == least).any())


def _clusters(tiles: NDArray[np.float32]) -> Iterator[Cluster]:
    """Tiles with ink that touch each other, corners included; one by one, so that the first mark ends the look."""
    marked = {(int(x), int(y)) for y, x in zip(*np.nonzero(tiles >= _INKED), strict=True)}
    while marked:
        start = marked.pop()
        queue, members = deque([start]), [start]
        while queue:
            x, y = queue.popleft()
            for near in ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
                if near in marked:
                    marked.remove(near)
                    members.append(near)
                    queue.append(near)
        xs, ys = [x for x, _ in members], [y for _, y in members]
        ink = float(sum(tiles[y, x] for x, y in members))
        yield Cluster(min(xs), min(ys), max(xs) + 1, max(ys) + 1, len(members), ink)


def _is_hole(cluster: Cluster, size: tuple[int, int], mm: float) -> bool:
    """True for what has the size and the place of a punch hole, as a bold number in the corner has too."""
    width, height = (cluster.right - cluster.left) * mm, (cluster.bottom - cluster.top) * mm
    least, most = _HOLE_MM
    if not (least <= width <= most and least <= height <= most and 0.7 <= width / height <= 1.43):
        return False
    solid = cluster.tiles / ((cluster.right - cluster.left) * (cluster.bottom - cluster.top))
    x, y = (cluster.left + cluster.right) / 2, (cluster.top + cluster.bottom) / 2
    edge = min(x, y, size[0] - x, size[1] - y) * mm
    return solid >= 0.6 and edge <= _HOLE_EDGE_MM


def _pixels(inked: NDArray[np.bool_], cluster: Cluster) -> NDArray[np.float64]:
    """Where the ink of a cluster lies, as rows of x and y."""
    part = inked[cluster.top * _TILE : cluster.bottom * _TILE, cluster.left * _TILE : cluster.right * _TILE]
    return np.argwhere(part)[:, ::-1].astype(np.float64)


def _is_round(points: NDArray[np.float64]) -> bool:
    """True for a disc or an empty ring: ink reaches the rim nearly all around and goes nowhere beyond it."""
    sides = np.ptp(points, axis=0) + 1
    if sides.max() > _LONGEST * sides.min():
        return False
    radius = float(sides.mean()) / 2
    offset = points - (points.min(axis=0) + points.max(axis=0)) / 2
    turn, away = np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) % 1, np.hypot(*offset.T)
    farthest = np.zeros(_SECTORS)
    np.maximum.at(farthest, np.minimum(turn * _SECTORS, _SECTORS - 1).astype(np.int64), away)
    reached = np.count_nonzero(farthest >= _RIM[0] * radius)
    within = np.count_nonzero(away <= radius / 2) / (np.pi * (radius / 2) ** 2)
    filled = within <= _LEAST_FILLED or within >= 1 - _LEAST_FILLED  # else there is a letter in the ring
    return bool(farthest.max() <= _RIM[1] * radius and reached >= _ROUND and filled)
