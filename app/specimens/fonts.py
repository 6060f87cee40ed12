"""Finds the fonts that specimens are written with: a book face, an office face, a typewriter."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from akten.errors import Misconfigured

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


class Face(StrEnum):
    """The three faces, each with the file names that will do, best first."""

    SERIF = "LiberationSerif-Regular.ttf DejaVuSerif.ttf"
    SANS = "LiberationSans-Regular.ttf DejaVuSans.ttf"
    BOLD = "LiberationSans-Bold.ttf DejaVuSans-Bold.ttf"
    TYPEWRITER = "LiberationMono-Regular.ttf DejaVuSansMono.ttf"


@lru_cache(maxsize=8)
def font_file(face: Face) -> Path:
    """The file of a face. Raises Misconfigured when no font for it is installed."""
    for name in face.value.split():
        for folder in FOLDERS:
            if found := next(iter(sorted(folder.rglob(name))), None):
                return found
    raise Misconfigured("Es fehlen Schriften: die Debian-Pakete fonts-liberation und fonts-dejavu-core einrichten.")


@lru_cache(maxsize=64)
def font(face: Face, pixels: int) -> ImageFont.FreeTypeFont:
    """A face in a size."""
    return ImageFont.truetype(str(font_file(face)), pixels)
