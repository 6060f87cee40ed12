"""Hears what libtiff says of the lines of a fax (ITU-T T.4, T.6) while it mends them.

A line that comes out too long or too short, and data that end before the page does, are to libtiff worth a warning
only. So the page is decoded once more, with an ear of our own (`libtiff`). The fax pictures of a PDF come here as TIFFs
of one strip (`pdffaxes`). Runs in the sandbox only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL
from enum import StrEnum
from pathlib import Path

from PIL import Image, TiffImagePlugin, _imaging

from ocr import libtiff

MENDED = "Einige Zeilen des Bildes sind beschädigt und wurden ergänzt. Bitte ansehen und wenn nötig neu scannen."

_COMPRESSION = 259
_FAX = (2, 3, 4, 32771)  # TIFF 6.0 §10, §11; 32771 is 2 with lines that begin at words


class FaxFault(StrEnum):
    """What libtiff mended: lines, or an end that came before the last line (which is a line cut short as well).

    UNMARKED: it sought the mark of a line up to the end of the data, which is a fault only where lines have marks.
    UNHEARD: nobody could be asked.
    """

    LINES = "lines"
    END = "end"
    UNMARKED = "unmarked"
    UNHEARD = "unheard"


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
    with _heard(library) as faults:
        libtiff.decode(library, path, image.tag_v2.offset)
    return frozenset(faults - {FaxFault.UNMARKED})  # TIFF allows lines without marks


def strip_faults(tiff: bytes, directory: int, extension: str = _imaging.__file__) -> frozenset[FaxFault] | None:
    """What had to be mended in a fax that lies in memory; None where libtiff cannot be heard.

    A fax of which nothing can be decoded ends too early. Raises as `fax_faults`, and OSError for one beyond the limit
    of files.
    """
    library = libtiff.library(extension)
    if library is None:
        return None
    with libtiff.as_file(tiff) as file, _heard(library) as faults:
        if not libtiff.decode(library, file, directory):
            faults.add(FaxFault.END)
    return frozenset(faults)


@contextmanager
def _heard(library: CDLL) -> Iterator[set[FaxFault]]:
    """The faults that libtiff tells of meanwhile. Only the form of each sentence is looked at, never its numbers."""
    faults: set[FaxFault] = set()

    def listen(module: bytes, form: bytes, _: bytes) -> None:
        if not module.startswith(b"Fax"):
            return  # of tags
        if b"without EOL" in form:
            faults.add(FaxFault.UNMARKED)
        else:
            faults.add(FaxFault.END if b"Premature EOF" in form else FaxFault.LINES)

    with libtiff.heard(library, listen):
        yield faults
