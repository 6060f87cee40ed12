"""Looks through the segments of a JBIG2 image in a PDF (ITU-T T.88 §7.2): are all of it there, and all that they name?

Renderers show a white page in place of a JBIG2 that they cannot read, and white in place of what is cut off. Regions
coded like a fax are put to libtiff (`pdffaxes`); of arithmetic codes only their length is known. Runs in the sandbox
only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ocr.faxlines import FaxFault
from ocr.pdffaxes import FaxCoding, picture_faults

_SYMBOLS, _PAGE, _END_OF_FILE = 0, 48, 51
_TEXT = frozenset({4, 6, 7})
_GENERIC = frozenset({36, 38, 39})
_KNOWN = frozenset({0, 4, 6, 7, 16, 20, 22, 23, 36, 38, 39, 40, 42, 43, 48, 49, 50, 51, 52, 53, 62})
_UNKNOWN_LENGTH = 0xFFFFFFFF  # of a generic region whose height was not known in advance
_SHORTEST = 11  # bytes of the shortest head
_LARGE = 7  # the count of named segments stands in the long form
_REGION = struct.Struct(">IIIIBB")
_MMR = 1


@dataclass(frozen=True, slots=True)
class _Segment:
    number: int
    kind: int
    names: tuple[int, ...]
    data: bytes


class _Cut(Exception):
    """The data end within a segment, or are no segments at all."""


def jbig2_fault(data: bytes, shared: bytes, max_pixels: int) -> str:
    """In German words what is wrong with the data, or nothing; FaxFault.LINES or LOST where lines of a fax were mended,
    FaxFault.UNHEARD where nobody could be asked about them.

    `shared` are the segments of /JBIG2Globals.
    """
    try:
        segments = [*_segments(shared), *_segments(data)]
    except _Cut:
        return "Bilddaten unvollständig"
    if not any(segment.kind == _PAGE for segment in segments):
        return "keine Bilddaten"
    there = {segment.number for segment in segments}
    if any(segment.kind in _TEXT and not there.issuperset(segment.names) for segment in segments):
        return "Zeichen fehlen"  # the shared dictionary of symbols was lost
    told: set[FaxFault] = set()
    for segment in segments:
        faults = _fax_faults(segment, max_pixels) if segment.kind in _GENERIC else frozenset()
        if FaxFault.END in faults:
            return "Bilddaten unvollständig"
        told |= faults
    return min(told, default="")


def _segments(data: bytes) -> Iterator[_Segment]:
    place = 0
    while len(data) - place >= _SHORTEST:
        segment, place = _segment(data, place)
        yield segment
        if segment.kind == _END_OF_FILE:
            return


def _segment(data: bytes, place: int) -> tuple[_Segment, int]:
    """The segment that begins here, and where the next one does. Raises _Cut."""
    try:
        number, flags = struct.unpack_from(">IB", data, place)
        count = data[place + 5] >> 5
        place += 6
        if count == _LARGE:
            count = struct.unpack_from(">I", data, place - 1)[0] & 0x1FFFFFFF
            place += 3 + (count + 8) // 8
        size = 1 if number <= 256 else 2 if number <= 65536 else 4
        if count * size > len(data):
            raise _Cut
        names = tuple(int.from_bytes(data[place + size * n : place + size * (n + 1)]) for n in range(count))
        place += size * count + (4 if flags & 0x40 else 1)
        (length,) = struct.unpack_from(">I", data, place)
    except (struct.error, IndexError) as reason:
        raise _Cut from reason
    place += 4
    kind = flags & 0x3F
    if length == _UNKNOWN_LENGTH and kind in _GENERIC:
        length = len(data) - place
    if kind not in _KNOWN or place + length > len(data):
        raise _Cut
    return _Segment(number, kind, names, data[place : place + length]), place + length


def _fax_faults(segment: _Segment, max_pixels: int) -> frozenset[FaxFault]:
    """What has to be mended in a generic region, where it is coded like a fax (T.88 §7.4.6)."""
    if len(segment.data) < _REGION.size:
        return frozenset({FaxFault.END})
    width, height, _, _, _, flags = _REGION.unpack_from(segment.data)
    if not flags & _MMR or not height:
        return frozenset()
    coding = FaxCoding(k=-1, columns=width, rows=height, ends=False)
    faults = picture_faults(segment.data[_REGION.size :], coding, height, max_pixels)
    return frozenset({FaxFault.UNHEARD}) if faults is None else faults
