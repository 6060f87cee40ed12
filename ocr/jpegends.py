"""What a JPEG may lack although all its pixels are there: the mark of its end, or its height at the beginning.

Scanners that draw the sheet in tell how long it was behind the picture (DNL, ITU-T T.81 §B.2.5), and some files lose
their last two bytes. Pillow opens neither. What is lacking is added, in memory and in the PDF; no byte of the picture
is touched. The end is added only where the decoder was heard to find every pixel (`jpegdata`). Runs in the sandbox
only.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr.jpegdata import MOST_BYTES, NEXT, JpegFault, jpeg_fault

END = b"\xff\xd9"
_START = b"\xff\xd8\xff"
_MOST_PIXELS = 80_000_000  # what is larger is not decoded here to be heard
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # of the markers from C0 to CF
_EOI, _SOS, _DNL = 0xD9, 0xDA, 0xDC
_UNKNOWN = b"\0\0"  # height
_ONE_SCAN = (0xC0, 0xC1)  # of a progressive one without its end nobody knows how many refinements are lost
_HEIGHT_LATER = "Bildhöhe des JPEG aus dem Ende seiner Daten übernommen (Bildpunkte unverändert)"
_END_ADDED = "Fehlende Endmarke des JPEG ergänzt (Bildpunkte unverändert)"


@dataclass(frozen=True, slots=True)
class Jpeg:
    """The bytes of a JPEG as any reader opens them, and German notes on what had to be added."""

    data: bytes
    notes: tuple[str, ...] = ()

    @property
    def end_added(self) -> bool:
        """True when it broke off without its mark, behind its last pixel."""
        return _END_ADDED in self.notes

    @property
    def height_added(self) -> bool:
        """True when it told its height behind the picture only; no viewer of PDF draws such an image."""
        return _HEIGHT_LATER in self.notes


def whole_jpeg(data: bytes) -> Jpeg:
    """The same bytes, with what is lacking where that is certain."""
    if not data.startswith(_START) or len(data) > MOST_BYTES:
        return Jpeg(data)
    frame, scans, in_scan, height = 0, 0, b"", _UNKNOWN
    place, marker, body = 0, 0, b""
    for place, marker, body in _segments(data):
        if marker == _EOI:
            break
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            frame = place
            if data.endswith(END) and body[1:3] != _UNKNOWN:
                return Jpeg(data)  # as nearly all do: nothing more to look for
        elif marker == _SOS:
            scans, in_scan = scans + 1, body[:1]
        elif marker == _DNL and scans == 1 and len(body) == 2:
            height = body
    notes: list[str] = []
    if frame and data[frame + 5 : frame + 7] == _UNKNOWN != height:
        data = data[: frame + 5] + height + data[frame + 7 :]
        notes.append(_HEIGHT_LATER)
    at_once = frame and data[frame + 1] in _ONE_SCAN and scans == 1 and in_scan == data[frame + 9 : frame + 10]
    coded = data.rstrip(b"\xff")  # of the mark one byte may be there
    last = marker == _SOS or (marker == _DNL and len(coded) == place + 4 + len(body))
    cut = at_once and last and not coded.endswith(b"\0\0")  # zeros that fill up a block may pass for picture
    if cut and jpeg_fault(coded + END, _MOST_PIXELS) in (None, JpegFault.SURPLUS):
        data = coded + END
        notes.append(_END_ADDED)
    return Jpeg(data, tuple(notes))


def process_of(data: bytes) -> int:
    """The marker of the frame, which tells how a JPEG is coded (T.81 table B.1); 0 where none is found."""
    frames = (marker for _, marker, _ in _segments(data) if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES)
    return next(frames, 0)


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Place, marker and body of all segments; ends where none follows, or after the mark of the end."""
    place = 2
    while place + 2 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD9:
            yield place, marker, b""
            place += 2
        else:
            length = int.from_bytes(data[place + 2 : place + 4])
            yield place, marker, data[place + 4 : place + 2 + length]
            place += 2 + length
        if marker == _SOS:
            following = NEXT.search(data, place)
            place = following.start() if following else len(data)


def read_jpeg(path: Path) -> Jpeg:
    """A JPEG file. Raises OSError."""
    return whole_jpeg(path.read_bytes())


def to_open(path: Path) -> Path | io.BytesIO:
    """What Pillow is to open: the file itself, or a JPEG in memory that had to be added to. Raises OSError."""
    with path.open("rb") as file:
        if file.read(len(_START)) != _START or path.stat().st_size > MOST_BYTES:
            return path
    jpeg = read_jpeg(path)
    return io.BytesIO(jpeg.data) if jpeg.notes else path
