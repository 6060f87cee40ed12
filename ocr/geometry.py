"""Affine maps between the stored image, the picture that was read, and the PDF page: the text must sit on its words.

Pixels count from the top left corner with y downwards; PDF points from the lower left corner with y upwards
(ISO 32000-1 §8.3.3). A map is six numbers (a, b, c, d, e, f): x' = a·x + c·y + e, y' = b·x + d·y + f.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Affine:
    """An affine map of the plane in PDF's order of the six numbers."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        """Where the point goes."""
        return (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)

    def then(self, after: Affine) -> Affine:
        """First this map, then `after`."""
        e, f = after(self.e, self.f)
        return Affine(
            after.a * self.a + after.c * self.b,
            after.b * self.a + after.d * self.b,
            after.a * self.c + after.c * self.d,
            after.b * self.c + after.d * self.d,
            e,
            f,
        )

    @property
    def determinant(self) -> float:
        """Signed change of area; negative for a mirrored picture, 0 for a picture without area."""
        return self.a * self.d - self.b * self.c

    def inverse(self) -> Affine:
        """The map back. Raises ZeroDivisionError for a picture without area."""
        det = self.determinant
        a, b, c, d = self.d / det, -self.b / det, -self.c / det, self.a / det
        return Affine(a, b, c, d, -(a * self.e + c * self.f), -(b * self.e + d * self.f))

    def numbers(self) -> tuple[float, float, float, float, float, float]:
        """The six numbers in PDF's order."""
        return (self.a, self.b, self.c, self.d, self.e, self.f)


def scaling(x: float, y: float) -> Affine:
    """Stretches both axes."""
    return Affine(a=x, d=y)


def moving(x: float, y: float) -> Affine:
    """Shifts."""
    return Affine(e=x, f=y)


def pixels_to_unit(width: int, height: int) -> Affine:
    """Pixels of an image to PDF's unit square, in which the first row lies on top (ISO 32000-1 §8.9.5)."""
    return Affine(1 / width, 0.0, 0.0, -1 / height, 0.0, 1.0)


def turning(turn: int, mirrored: bool, width: int, height: int) -> Affine:
    """Pixels of a `width` × `height` picture to pixels after mirroring left-right and turning clockwise by `turn`."""
    start = Affine(-1.0, 0.0, 0.0, 1.0, float(width), 0.0) if mirrored else Affine()
    match turn % 360:
        case 0:
            return start
        case 90:
            return start.then(Affine(0.0, 1.0, -1.0, 0.0, float(height), 0.0))
        case 180:
            return start.then(Affine(-1.0, 0.0, 0.0, -1.0, float(width), float(height)))
        case 270:
            return start.then(Affine(0.0, -1.0, 1.0, 0.0, 0.0, float(width)))
    raise ValueError("turn is a multiple of 90")


def leaning(angle: float, width: int, height: int) -> tuple[Affine, int, int]:
    """The map that turns a picture clockwise by `angle` degrees about its middle, and the size that holds all of it."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    new_width = math.ceil(abs(width * cos) + abs(height * sin))
    new_height = math.ceil(abs(width * sin) + abs(height * cos))
    turn = Affine(cos, sin, -sin, cos)  # y points down, so this is clockwise to the eye
    return (
        moving(-width / 2, -height / 2).then(turn).then(moving(new_width / 2, new_height / 2)),
        new_width,
        new_height,
    )


def standing(image_to_page: Affine, rotate: int) -> tuple[int, bool]:
    """How a stored image must be turned (clockwise) and whether mirrored first, to look as the viewer shows it.

    `image_to_page` maps the unit square into the page; `rotate` is the /Rotate of the page. Angles are rounded to 90.
    """
    mirrored = image_to_page.determinant < 0
    a, b = image_to_page.a, image_to_page.b
    if mirrored:  # after mirroring left-right the x axis points the other way
        a, b = -a, -b
    clockwise = -math.degrees(math.atan2(b, a))
    return (round(clockwise / 90) * 90 + rotate) % 360, mirrored
