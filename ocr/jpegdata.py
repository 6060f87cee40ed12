"""Hears what libjpeg says of the coded data of a JPEG (ITU-T T.81) while it makes up what is missing.

Data that end too early or lead astray are to libjpeg worth a warning only: the rest of the picture comes out gray or
as noise, and Pillow says nothing. So the JPEG is decoded once more as the one strip of a TIFF (TIFF 6.0, technical note
2), with an ear of our own (`libtiff`). A JPEG that TIFF has no words for was heard by nobody, and that is said. Nothing
is said of single bits after which the codes fall into step again, for a JPEG has no checksum. Runs in the sandbox only.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL
from enum import StrEnum
from pathlib import Path

from PIL import Image, TiffImagePlugin

from ocr import libtiff

DAMAGED = "Bilddaten beschädigt"
SURPLUS = (
    "Am Ende der Bilddaten stehen Bytes, die zu keinem Bildpunkt gehören; das Bild kann beschädigt sein. Bitte ansehen."
)

_COMPRESSION, _JPEG, _OLD_JPEG = 259, 7, 6
_HEAD, _ENTRY = struct.Struct("<2sHI"), struct.Struct("<HHII")
_SHORT, _LONG = 3, 4
MOST_BYTES = 48 << 20  # the sandbox allows files of 64 MiB, and memory that is opened as a file counts as one
_COLOURS = {1: 1, 3: 6, 4: 5}  # components → PhotometricInterpretation; the colours themselves do not matter here
_SAMPLED = (1, 2, 4)
_BEHIND = re.compile(rb"(\d+) extraneous bytes before marker 0xd9")
NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the next marker behind coded data: no stuffing and no restart
_FILLED = 3  # bytes before the end that a coder may have left behind


class JpegFault(StrEnum):
    """DAMAGED: pixels are wrong or made up. SURPLUS: bytes before the end that look like filling; mostly harmless.

    UNHEARD: nobody could be asked. In order of weight.
    """

    DAMAGED = "damaged"
    SURPLUS = "surplus"
    UNHEARD = "unheard"


def jpeg_fault(data: bytes, max_pixels: int) -> JpegFault | None:
    """What is wrong with the data of a JPEG; None when nothing is."""
    library, whole = libtiff.library(), _tiff(data, max_pixels)
    if library is None or whole is None:
        return JpegFault.UNHEARD
    with _heard(library, data) as faults:
        try:
            with libtiff.as_file(whole) as file:
                heard = libtiff.decode(library, file, _HEAD.size)
        except (OSError, MemoryError):
            heard = False
    return min(faults, default=None if heard else JpegFault.UNHEARD)


def joined_by_others(data: bytes) -> bool:
    """True when a whole picture follows the end of the first: two files put into one, of which readers show one."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xD9:
            return data[place + 2 :].lstrip(b"\0").startswith(b"\xff\xd8\xff")
        if marker == 0xFF:
            place += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4])
        if marker == 0xDA:
            following = NEXT.search(data, place)
            place = following.start() if following else len(data)
    return False


def tiff_jpeg_fault(image: Image.Image, path: Path) -> JpegFault | None:
    """The same of a TIFF page whose strips or tiles are JPEGs."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return None
    library, coded = libtiff.library(), image.tag_v2.get(_COMPRESSION)
    if coded not in (_JPEG, _OLD_JPEG):
        return None
    if library is None or coded == _OLD_JPEG:  # of which libtiff puts the JPEG together itself, and complains otherwise
        return JpegFault.UNHEARD
    with _heard(library, b"") as faults:
        try:
            heard = libtiff.decode(library, path, image.tag_v2.offset)
        except (OSError, MemoryError):
            heard = False
    return min(faults, default=None if heard else JpegFault.UNHEARD)


@contextmanager
def _heard(library: CDLL, data: bytes) -> Iterator[set[JpegFault]]:
    """The faults that libjpeg tells of meanwhile; of each JPEG it tells only the first."""
    faults: set[JpegFault] = set()

    def listen(module: bytes, _: bytes, said: bytes) -> None:
        if module != b"JPEGLib" or not said.startswith((b"Corrupt JPEG data", b"Premature end of JPEG")):
            return  # of tags, or of markers that some programs write oddly
        behind = _BEHIND.search(said)
        faults.add(JpegFault.SURPLUS if behind and _filling(data, int(behind[1])) else JpegFault.DAMAGED)

    with libtiff.heard(library, listen):
        yield faults


def _filling(data: bytes, count: int) -> bool:
    """True when so many bytes before the end of the picture may be filling: very few, or all the same."""
    end = data.rfind(b"\xff\xd9")
    return count <= _FILLED or (count <= end and len(set(data[end - count : end])) == 1)


def _tiff(data: bytes, max_pixels: int) -> bytes | None:
    """A TIFF whose one strip is this JPEG; None when TIFF or our bounds do not allow that."""
    frame = _frame(data)
    if frame is None or len(data) > MOST_BYTES:
        return None
    width, height, sampling = frame
    parts, (across, down) = len(sampling), sampling[0]
    if parts not in _COLOURS or width * height > max_pixels or across not in _SAMPLED or down not in _SAMPLED:
        return None
    if parts == 4 and {*sampling} != {(1, 1)}:
        return None
    entries = [
        (256, _LONG, 1, width),
        (257, _LONG, 1, height),
        (258, _SHORT, parts, 8),  # of several the values stand behind the directory
        (259, _SHORT, 1, _JPEG),
        (262, _SHORT, 1, _COLOURS[parts]),
        (273, _LONG, 1, 0),
        (277, _SHORT, 1, parts),
        (278, _LONG, 1, height),
        (279, _LONG, 1, len(data)),
    ]
    if parts == 3:
        entries.append((530, _SHORT, 2, across | down << 16))
    bits = struct.pack(f"<{parts}H", *[8] * parts) if parts > 2 else b""
    behind = _HEAD.size + 2 + _ENTRY.size * len(entries) + 4
    place = {273: behind + len(bits)} | ({258: behind} if bits else {})
    packed = b"".join(_ENTRY.pack(tag, kind, count, place.get(tag, value)) for tag, kind, count, value in entries)
    return _HEAD.pack(b"II", 42, _HEAD.size) + struct.pack("<H", len(entries)) + packed + bytes(4) + bits + data


def _frame(data: bytes) -> tuple[int, int, list[tuple[int, int]]] | None:
    """Width, height and sampling factors of the components of an 8-bit JPEG (T.81 §B.2.2)."""
    place = 2
    while data[:2] == b"\xff\xd8" and place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        else:
            length = int.from_bytes(data[place + 2 : place + 4])
            body = data[place + 4 : place + 2 + length]
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                if len(body) < 6 or len(body) < 6 + 3 * body[5] or body[0] != 8 or not body[5]:
                    return None
                height, width = struct.unpack(">HH", body[1:5])
                factors = [(value >> 4, value & 15) for value in body[7 : 6 + 3 * body[5] : 3]]
                return (width, height, factors) if width and height else None
            place += 2 + length
    return None
