"""Hears what libtiff says of the lines of a fax (ITU-T T.4, T.6) while it mends them.

A line that comes out too long or too short, and data that end before the page does, are to libtiff worth a warning
only, and Pillow silences its warnings at every decode. So the page is decoded once more by the same library, with an
ear of our own. A Pillow whose library shows no such names leaves nothing to hear. The fax pictures of a PDF come here
as TIFFs of one strip (`pdffaxes`). Runs in the sandbox only.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path

from PIL import Image, TiffImagePlugin, _imaging

MENDED = "Einige Zeilen des Bildes sind beschädigt und wurden ergänzt. Bitte ansehen und wenn nötig neu scannen."

_COMPRESSION = 259
_FAX = (2, 3, 4, 32771)  # TIFF 6.0 §10, §11; 32771 is 2 with lines that begin at words
_MODE = b"rhm"  # read; no directory but the one asked for; not mapped, for that counts against the limit of memory
_MOST_BYTES = 192 << 20  # of one strip or tile; a whole page of the largest size we take needs a sixth of it
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_TIFF, _NUMBER, _SIZE = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_ssize_t
_NAMES = {  # name → (what it gives, what it takes), as in tiffio.h
    "TIFFSetErrorHandler": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "TIFFSetWarningHandler": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "TIFFOpen": (_TIFF, (ctypes.c_char_p, ctypes.c_char_p)),
    "TIFFClose": (None, (_TIFF,)),
    "TIFFSetSubDirectory": (ctypes.c_int, (_TIFF, ctypes.c_uint64)),
    "TIFFIsTiled": (ctypes.c_int, (_TIFF,)),
    "TIFFNumberOfStrips": (_NUMBER, (_TIFF,)),
    "TIFFNumberOfTiles": (_NUMBER, (_TIFF,)),
    "TIFFStripSize": (_SIZE, (_TIFF,)),
    "TIFFTileSize": (_SIZE, (_TIFF,)),
    "TIFFReadEncodedStrip": (_SIZE, (_TIFF, _NUMBER, ctypes.c_void_p, _SIZE)),
    "TIFFReadEncodedTile": (_SIZE, (_TIFF, _NUMBER, ctypes.c_void_p, _SIZE)),
}


class FaxFault(StrEnum):
    """What libtiff mended: lines, or an end that came before the last line (which is a line cut short as well).

    UNMARKED: it sought the mark of a line up to the end of the data, which is a fault only where lines have marks.
    """

    LINES = "lines"
    END = "end"
    UNMARKED = "unmarked"


def fax_faults(image: Image.Image, path: Path, extension: str = _imaging.__file__) -> frozenset[FaxFault]:
    """What had to be mended on a fax page of a TIFF; nothing for any other page, nor where libtiff cannot be heard.

    `extension` is the module whose libtiff is asked. Raises OSError when libtiff does not open what Pillow has read,
    MemoryError for a strip that is too large.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or image.tag_v2.get(_COMPRESSION) not in _FAX:
        return frozenset()
    library = _library(extension)
    if library is None:
        return frozenset()
    with _heard(library) as faults:
        _decode(library, path, image.tag_v2.offset)
    return frozenset(faults - {FaxFault.UNMARKED})  # TIFF allows lines without marks


def strip_faults(tiff: bytes, directory: int, extension: str = _imaging.__file__) -> frozenset[FaxFault] | None:
    """What had to be mended in a fax that lies in memory; None where libtiff cannot be heard.

    A fax of which nothing can be decoded ends too early. Raises as `fax_faults`, and OSError for one beyond the limit
    of files.
    """
    library = _library(extension)
    if library is None:
        return None
    with os.fdopen(os.memfd_create("fax"), "wb") as file, _heard(library) as faults:
        file.write(tiff)
        file.flush()
        if not _decode(library, Path(f"/proc/self/fd/{file.fileno()}"), directory):
            faults.add(FaxFault.END)
    return frozenset(faults)


@cache
def _library(extension: str) -> ctypes.CDLL | None:
    """The libtiff that Pillow's own module is bound to, wherever it lies; None when it does not show its names."""
    try:
        library = ctypes.CDLL(extension)
        for name, (gives, takes) in _NAMES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = gives, takes
    except (OSError, AttributeError):
        return None
    return library


@contextmanager
def _heard(library: ctypes.CDLL) -> Iterator[set[FaxFault]]:
    """The faults that libtiff tells of meanwhile. Only the form of each sentence is looked at, never its numbers."""
    faults: set[FaxFault] = set()

    def listen(module: bytes | None, form: bytes | None, _: int | None) -> None:
        if not (module or b"").startswith(b"Fax"):
            return  # of tags
        if b"without EOL" in (form or b""):
            faults.add(FaxFault.UNMARKED)
        else:
            faults.add(FaxFault.END if b"Premature EOF" in (form or b"") else FaxFault.LINES)

    handler = _HANDLER(listen)
    setters = library.TIFFSetWarningHandler, library.TIFFSetErrorHandler  # a wrong code is an error, and yet mended
    before = [setter(ctypes.cast(handler, ctypes.c_void_p)) for setter in setters]
    try:
        yield faults
    finally:
        for setter, one in zip(setters, before, strict=True):
            setter(one)


def _decode(library: ctypes.CDLL, path: Path, directory: int) -> bool:
    """Decodes all strips or tiles of one page into the same piece of memory; False when libtiff gave one up."""
    tiff = library.TIFFOpen(os.fsencode(path), _MODE)
    if not tiff:
        raise OSError("libtiff does not open the file")
    try:
        if not library.TIFFSetSubDirectory(tiff, directory):
            raise OSError("libtiff does not find the page")
        if library.TIFFIsTiled(tiff):
            count, size, read = library.TIFFNumberOfTiles(tiff), library.TIFFTileSize(tiff), library.TIFFReadEncodedTile
        else:
            count, size = library.TIFFNumberOfStrips(tiff), library.TIFFStripSize(tiff)
            read = library.TIFFReadEncodedStrip
        if size > _MOST_BYTES:
            raise MemoryError
        room = ctypes.create_string_buffer(max(size, 1))
        return min([read(tiff, number, room, size) for number in range(count)], default=0) >= 0
    finally:
        library.TIFFClose(tiff)
