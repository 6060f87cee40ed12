"""Ideal sheets before any scanner: letter, notice, form, card and plan, in colour, with their text line by line."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from app.specimens.fonts import Face, font

INK = (28, 28, 34)
RED = (178, 34, 40)
BLUE = (36, 56, 140)


@dataclass(slots=True)
class Sheet:
    """One side of paper at so many dots per inch, and the text that stands on it in reading order."""

    image: Image.Image
    dpi: int
    lines: list[str]

    @property
    def text(self) -> str:
        """The ground truth of this page."""
        return "\n".join(self.lines)


class Pen:
    """Writes on a sheet; positions and sizes in millimetres."""

    def __init__(self, width_mm: float, height_mm: float, dpi: int) -> None:
        self.dpi = dpi
        self.image = Image.new("RGB", (self.px(width_mm), self.px(height_mm)), (255, 255, 255))
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[str] = []

    def px(self, mm: float) -> int:
        """Millimetres in pixels."""
        return round(mm * self.dpi / 25.4)

    def write(self, x: float, y: float, text: str, *, size: float = 4.2, face: Face = Face.SERIF) -> None:
        """One line of text with its baseline box at (x, y); `size` is the height of the type in mm."""
        self.draw.text((self.px(x), self.px(y)), text, font=font(face, self.px(size)), fill=INK)
        self.lines.append(text)

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        *,
        width: float,
        size: float = 4.2,
        face: Face = Face.SERIF,
        lead: float = 1.5,
    ) -> float:
        """Text set in lines no wider than `width`; returns the y below it."""
        type_ = font(face, self.px(size))
        line = ""
        for word in text.split():
            tried = f"{line} {word}".strip()
            if line and type_.getlength(tried) > self.px(width):
                self.write(x, y, line, size=size, face=face)
                y += size * lead
                line = word
            else:
                line = tried
        if line:
            self.write(x, y, line, size=size, face=face)
            y += size * lead
        return y + size * 0.6

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """An empty box of a form."""
        corners = (self.px(x), self.px(y), self.px(x + width), self.px(y + height))
        self.draw.rectangle(corners, outline=INK, width=max(1, self.px(0.25)))

    def rule(self, x: float, y: float, to_x: float, to_y: float, width: float = 0.25) -> None:
        """A straight line."""
        self.draw.line((self.px(x), self.px(y), self.px(to_x), self.px(to_y)), fill=INK, width=max(1, self.px(width)))

    def scribble(self, x: float, y: float, chance: random.Random, *, width: float = 35) -> None:
        """A signature: a line of loops in blue ink."""
        points = []
        for step in range(60):
            share = step / 59
            height = 4 * math.sin(share * 22 + chance.random()) * (1 - share * 0.6)
            points.append((self.px(x + share * width + chance.uniform(-0.6, 0.6)), self.px(y + height)))
        self.draw.line(points, fill=BLUE, width=max(1, self.px(0.4)), joint="curve")

    def stamp(
        self, x: float, y: float, lines: Sequence[str], chance: random.Random, colour: tuple[int, int, int] = RED
    ) -> None:
        """A round receipt stamp, slightly turned."""
        side = self.px(34)
        mark = Image.new("RGBA", (side, side), (255, 255, 255, 0))
        pen = ImageDraw.Draw(mark)
        ink = (*colour, 190)
        pen.ellipse((2, 2, side - 3, side - 3), outline=ink, width=max(2, self.px(0.6)))
        for number, line in enumerate(lines):
            pen.text(
                (side // 2, side * (0.32 + 0.19 * number)),
                line,
                font=font(Face.BOLD, self.px(3.1)),
                fill=ink,
                anchor="mm",
            )
        turned = mark.rotate(chance.uniform(-14, 14), expand=False)
        self.image.paste(turned, (self.px(x), self.px(y)), turned)
        self.draw = ImageDraw.Draw(self.image)

    def sheet(self) -> Sheet:
        """The finished sheet."""
        return Sheet(self.image, self.dpi, self.lines)


def letter(
    sender: Sequence[str],
    recipient: Sequence[str],
    subject: str,
    body: Sequence[str],
    date: str,
    *,
    dpi: int,
    chance: random.Random,
    face: Face = Face.SERIF,
    stamped: str = "",
) -> Sheet:
    """A letter on A4."""
    pen = Pen(210, 297, dpi)
    for number, line in enumerate(sender):
        pen.write(24, 18 + 5.4 * number, line, size=4.4 if number else 5.2, face=Face.BOLD if not number else face)
    for number, line in enumerate(recipient):
        pen.write(24, 52 + 5.6 * number, line, face=face)
    pen.write(150, 84, date, face=face)
    pen.write(24, 98, subject, size=4.6, face=Face.BOLD)
    y = 112.0
    for paragraph in body:
        y = pen.paragraph(24, y, paragraph, width=160, face=face)
    pen.write(24, y + 4, "Mit freundlichen Grüßen", face=face)
    pen.scribble(26, y + 18, chance)
    if stamped:
        pen.stamp(150, 40, ("Eingegangen", stamped, "Stadt Neuss"), chance)
    return pen.sheet()


def form(title: str, fields: Sequence[tuple[str, str]], *, dpi: int, remark: str = "") -> Sheet:
    """A printed form filled by typewriter, A4."""
    pen = Pen(210, 297, dpi)
    pen.write(22, 20, title, size=6, face=Face.BOLD)
    pen.rule(22, 30, 188, 30, 0.5)
    y = 40.0
    for label, value in fields:
        pen.write(24, y, label, size=3.2, face=Face.SANS)
        pen.box(22, y + 5, 166, 10)
        pen.write(26, y + 7.2, value, size=4.6, face=Face.TYPEWRITER)
        y += 22
    if remark:
        pen.paragraph(24, y + 4, remark, width=160, size=3.8, face=Face.SANS)
    return pen.sheet()


def table_notice(title: str, rows: Sequence[tuple[str, str, str]], total: str, *, dpi: int, intro: str) -> Sheet:
    """A tax notice with a table of years and sums, A4."""
    pen = Pen(210, 297, dpi)
    pen.write(24, 20, "Stadt Neuss · Steueramt", size=4.6, face=Face.BOLD)
    pen.write(24, 40, title, size=6, face=Face.BOLD)
    y = pen.paragraph(24, 54, intro, width=160) + 4
    for number, row in enumerate(rows):
        for x, cell in zip((26, 80, 140), row, strict=True):
            pen.write(x, y + 1.4, cell, size=4, face=Face.BOLD if number == 0 else Face.SANS)
        pen.rule(24, y + 8, 186, y + 8)
        y += 9
    pen.write(80, y + 3, f"Summe {total}", size=4.4, face=Face.BOLD)
    pen.paragraph(
        24, y + 20, "Gegen diesen Bescheid kann innerhalb eines Monats Widerspruch eingelegt werden.", width=160
    )
    return pen.sheet()


def card(title: str, entries: Sequence[tuple[str, str]], *, dpi: int) -> Sheet:
    """An index card, A5 across."""
    pen = Pen(210, 148, dpi)
    pen.write(14, 10, title, size=5, face=Face.BOLD)
    y = 24.0
    for label, value in entries:
        pen.write(14, y, f"{label}:", size=3.6, face=Face.SANS)
        pen.write(64, y - 0.4, value, size=4.4, face=Face.TYPEWRITER)
        pen.rule(14, y + 7, 196, y + 7)
        y += 12
    return pen.sheet()


def plan(title: str, parcel: str, *, width_mm: float, height_mm: float, dpi: int, chance: random.Random) -> Sheet:
    """A site plan with parcels, a building, hatching, measures and a title block."""
    pen = Pen(width_mm, height_mm, dpi)
    pen.box(8, 8, width_mm - 16, height_mm - 16)
    for step in range(1, 6):
        x = 8 + step * (width_mm - 16) / 6 + chance.uniform(-8, 8)
        pen.rule(x, 8, x + chance.uniform(-12, 12), height_mm - 60, 0.35)
    left, top = width_mm * 0.36, height_mm * 0.28
    wide, high = width_mm * 0.22, height_mm * 0.24
    for _ in range(2):
        pen.box(left, top, wide, high)
        left, top, wide, high = left + wide, top + high * 0.4, wide * 0.5, high * 0.6
    for step in range(0, int(width_mm * 0.22), 4):
        pen.rule(width_mm * 0.36 + step, height_mm * 0.28, width_mm * 0.36, height_mm * 0.28 + step, 0.18)
    for number in range(5):
        pen.write(20 + number * width_mm / 6, height_mm * 0.18, f"Flurstück {340 + number}", size=4.5, face=Face.SANS)
    pen.write(width_mm * 0.38, height_mm * 0.24, "12,49 m", size=4, face=Face.SANS)
    pen.write(width_mm * 0.38, height_mm * 0.42, "Wohnhaus mit Anbau", size=5, face=Face.SANS)
    block = width_mm - 128
    pen.box(block, height_mm - 56, 116, 44)
    for number, line in enumerate((title, parcel, "Maßstab 1 : 100", "Gezeichnet: Büro Lindgart", "Blatt 1 von 1")):
        pen.write(block + 4, height_mm - 53 + number * 8, line, size=5, face=Face.BOLD if number == 0 else Face.SANS)
    return pen.sheet()
