"""Hears what libtiff says of the lines of a fax (ITU-T T.4, T.6) while it mends them.

A line that comes out too long or too short, and data that end before the page does, are to libtiff worth a warning
only. So the page is decoded once more, with an ear of our own (`libtiff`). The fax pictures of a PDF come here as TIFFs
of one strip (`pdffaxes`). Where more than `MOST_LOST` of the lines are lost, that is no mending any more. A line of
Group 4 is told by the one before it, so that a wrong one spoils all below it in its strip, which often are decoded
without a word. Runs in the sandbox only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CDLL
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from PIL import Image, TiffImagePlugin, _imaging

from ocr import libtiff
from ocr.pageimage import tiff_tag

MOST_LOST = 0.05  # of the lines of a page: three lines of text on a letter
MENDED = "Einige Zeilen des Bildes sind beschädigt und wurden ergänzt. Bitte ansehen und wenn nötig neu scannen."
LOST = (
    f"Mehr als {MOST_LOST:.0%} der Zeilen dieses Bildes sind verloren oder falsch ergänzt. Bitte dieses Blatt neu "
    "scannen; gibt es kein Blatt mehr, lässt sich das Bild mit Begründung annehmen."
).replace("%", " %")

_COMPRESSION = 259
_PLACE = re.compile(rb" at line (\d+) of (?:strip|tile) (\d+)")
_WIDTH = re.compile(rb"\(got (\d+), expected (\d+)\)")
_HOLE = bytes(3)  # no code and no two codes of Group 4 give so many zeros
_COLUMN = re.compile(rb"\(x (\d+)\)")
_NOWHERE = (b"", b"1")
_FAX = (2, 3, 4, 32771)  # TIFF 6.0 §10, §11; 32771 is 2 with lines that begin at words


class FaxFault(StrEnum):
    """What libtiff mended: lines, or an end that came before the last line (which is a line cut short as well).

    LOST: so many lines that the page is not the one that was scanned. In order of weight, but for END.
    UNMARKED: it sought the mark of a line up to the end of the data, which is a fault only where lines have marks.
    UNHEARD: nobody could be asked.
    """

    LOST = "broken"
    END = "end"
    LINES = "lines"
    UNMARKED = "unmarked"
    UNHEARD = "unheard"


@dataclass(slots=True)
class _Heard:
    """What libtiff complained of, and lines of each strip or tile: those that are damaged, and those not there at all.

    Whoever wrote a page may have told more lines than there are; then nothing but absent lines stand at its end.
    """

    faults: set[FaxFault] = field(default_factory=set)
    damaged: dict[int, set[int]] = field(default_factory=dict)
    absent: dict[int, set[int]] = field(default_factory=dict)
    chained: bool = False  # Group 4

    def note(self, module: bytes, said: bytes) -> None:
        """Keeps the line that a complaint is about."""
        self.chained = self.chained or module.startswith(b"Fax4")
        place, width, column = _PLACE.search(said), _WIDTH.search(said), _COLUMN.search(said)
        nearly = width is not None and abs(int(width[1]) - int(width[2])) <= MOST_LOST * int(width[2])
        if place is None or (nearly and not (self.chained and said.startswith(b"Premature"))):
            return  # a little longer or shorter than the page is wide, as some machines write them all
        at = int((width or column or _NOWHERE)[1])
        kind = self.absent if at == 0 and (width or not self.chained) else self.damaged
        kind.setdefault(int(place[2]), set()).add(int(place[1]))

    def judged(self, pieces: Callable[[int], int], rows: int, coded: Callable[[int], bytes]) -> frozenset[FaxFault]:
        """The faults, and whether too much is lost.

        `pieces` knows the lines of each strip or tile, `rows` all of them, `coded` the data of one.
        """
        lost = 0
        for piece in self.damaged.keys() | self.absent.keys():
            damaged, absent = self.damaged.get(piece, set()), self.absent.get(piece, set())
            if self.chained and (damaged or _HOLE in coded(piece).rstrip(b"\0")):
                lost += max(0, pieces(piece) - min(damaged | absent))
            elif damaged and min(damaged) < min(absent, default=rows):
                lost += len(damaged | absent)  # lines that a hole took are lacking at the end
        return frozenset(self.faults | ({FaxFault.LOST} if lost > MOST_LOST * rows else set()))


def fax_faults(image: Image.Image, path: Path, extension: str = _imaging.__file__) -> frozenset[FaxFault]:
    """What had to be mended on a fax page of a TIFF; nothing for any other page.

    `extension` is the module whose libtiff is asked. Raises OSError when libtiff does not open what Pillow has read,
    MemoryError for a strip that is too large.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or image.tag_v2.get(_COMPRESSION) not in _FAX:
        return frozenset()
    library = libtiff.library(extension)
    if library is None:
        return frozenset({FaxFault.UNHEARD})
    with _heard(library) as heard:
        libtiff.decode(library, path, image.tag_v2.offset)
    found = heard.judged(*_pieces(image), lambda piece: _coded(image, path, piece))
    return found - {FaxFault.UNMARKED}  # TIFF allows lines without marks


def _pieces(image: TiffImagePlugin.TiffImageFile) -> tuple[Callable[[int], int], int]:
    """How many lines each strip or tile has, and all of them together."""
    (height,) = tiff_tag(image, 257)[:1] or (image.height,)  # before the page is turned
    if tile := tiff_tag(image, 323)[:1]:
        return lambda _: tile[0], tile[0] * max(1, len(tiff_tag(image, 324)))
    rows = min((*tiff_tag(image, 278)[:1], height))
    return lambda piece: max(0, min(rows, height - piece * rows)), height


def _coded(image: TiffImagePlugin.TiffImageFile, path: Path, piece: int) -> bytes:
    """The data of one strip or tile; nothing where the file does not say where they are."""
    tiled = bool(tiff_tag(image, 324))
    places, sizes = tiff_tag(image, 324 if tiled else 273), tiff_tag(image, 325 if tiled else 279)
    if piece >= min(len(places), len(sizes)):
        return b""
    with path.open("rb") as file:
        file.seek(places[piece])
        return file.read(sizes[piece])


def strip_faults(
    tiff: bytes, directory: int, rows: int, coded: bytes, extension: str = _imaging.__file__
) -> frozenset[FaxFault] | None:
    """What had to be mended in a fax in memory, of so many lines in this data; None where libtiff cannot be heard.

    A fax of which nothing can be decoded ends too early. Raises as `fax_faults`, and OSError for one beyond the limit
    of files.
    """
    library = libtiff.library(extension)
    if library is None:
        return None
    with libtiff.as_file(tiff) as file, _heard(library) as heard:
        if not libtiff.decode(library, file, directory):
            heard.faults.add(FaxFault.END)
    return heard.judged(lambda _: rows, rows, lambda _: coded)


@contextmanager
def _heard(library: CDLL) -> Iterator[_Heard]:
    """The faults that libtiff tells of meanwhile: by the form of each sentence, and the lines by its numbers."""
    heard = _Heard()
    faults = heard.faults

    def listen(module: bytes, form: bytes, said: bytes) -> None:
        if not module.startswith(b"Fax"):
            return  # of tags
        if b"without EOL" in form:
            faults.add(FaxFault.UNMARKED)
        else:
            faults.add(FaxFault.END if b"Premature EOF" in form else FaxFault.LINES)
            heard.note(module, said)

    with libtiff.heard(library, listen):
        yield heard
