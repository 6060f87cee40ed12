"""The libtiff that Pillow brings along, asked to decode a page once more while somebody listens to its complaints.

Pillow silences libtiff's warnings at every decode, and a warning is all that damaged lines of a fax (`faxlines`) or
damaged data of a JPEG (`jpegdata`) are worth to it. A Pillow whose library shows no such names leaves nothing to hear.
Runs in the sandbox only.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import _imaging

_MODE = b"rhm"  # read; no directory but the one asked for; not mapped, for that counts against the limit of memory
_MOST_BYTES = 256 << 20  # of one strip or tile, decoded
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_SAID_BYTES = 400
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

Listener = Callable[[bytes, bytes, bytes], None]  # (module, form of the sentence, the sentence itself)


@cache
def library(extension: str = _imaging.__file__) -> ctypes.CDLL | None:
    """The libtiff that this module of Pillow's is bound to, wherever it lies; None when it does not show its names."""
    try:
        found = ctypes.CDLL(extension)
        for name, (gives, takes) in _NAMES.items():
            function = getattr(found, name)
            function.restype, function.argtypes = gives, takes
    except (OSError, AttributeError):
        return None
    return found


@contextmanager
def heard(tiff: ctypes.CDLL, listen: Listener) -> Iterator[None]:
    """Hands all that libtiff complains of meanwhile to `listen`."""
    write = ctypes.CDLL(None).vsnprintf
    write.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p)

    def hear(module: bytes | None, form: bytes | None, values: int | None) -> None:
        said = ctypes.create_string_buffer(_SAID_BYTES)
        if form and values:
            write(said, _SAID_BYTES, form, values)
        listen(module or b"", form or b"", said.value)

    handler = _HANDLER(hear)
    setters = tiff.TIFFSetWarningHandler, tiff.TIFFSetErrorHandler  # a wrong code is an error, and yet mended
    before = [setter(ctypes.cast(handler, ctypes.c_void_p)) for setter in setters]
    try:
        yield
    finally:
        for setter, one in zip(setters, before, strict=True):
            setter(one)


@contextmanager
def as_file(data: bytes) -> Iterator[Path]:
    """A file in memory with these bytes. Raises OSError beyond the limit of files, for which it counts as one."""
    with os.fdopen(os.memfd_create("bild"), "wb") as file:
        file.write(data)
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")


def decode(library: ctypes.CDLL, path: Path, directory: int) -> bool:
    """Decodes all strips or tiles of one page into the same piece of memory; False when libtiff gave one up.

    Raises OSError when libtiff does not open the page, MemoryError for a strip that is too large.
    """
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
