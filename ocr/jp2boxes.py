"""What the head of a JP2 tells and Pillow does not hand on: its colour profile, and the resolution to show it with.

Follows ISO 15444-1 §I.4 and §I.5.3. Without its profile the colours of a scan in eciRGB or Adobe RGB would be paler.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

_MOST_HEAD = 16 << 20
_PROFILED = (2, 3)  # restricted and any ICC profile
_INCH = 0.0254


def complete(image: Image.Image, path: Path) -> None:
    """Enters profile and resolution of a JP2 where Pillow enters those of other formats; does nothing to the others."""
    if image.format != "JPEG2000":
        return
    try:
        head = _head(path)
        for kind, body in _boxes(head):
            if kind == b"colr" and body[:1] and body[0] in _PROFILED:
                image.info.setdefault("icc_profile", body[3:])
            if kind == b"res " and "dpi" not in image.info:
                for inner, told in _boxes(body):
                    if inner == b"resd":  # Pillow knows the other one, of capture
                        image.info["dpi"] = _dpi(told)
    except (struct.error, ZeroDivisionError, OverflowError):  # a head of odd boxes tells nothing
        return


def _dpi(told: bytes) -> tuple[float, float]:
    up, up_by, across, across_by, up_power, across_power = struct.unpack(">HHHHbb", told[:10])
    return across / across_by * 10.0**across_power * _INCH, up / up_by * 10.0**up_power * _INCH


def _head(path: Path) -> bytes:
    """The body of the box `jp2h`; empty for a codestream without boxes."""
    with path.open("rb") as file:
        while len(start := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", start)
            size = length - 8
            if length == 1:
                size = struct.unpack(">Q", file.read(8))[0] - 16
            if kind == b"jp2h":
                return file.read(min(size, _MOST_HEAD)) if size > 0 else b""
            if size < 0 or kind == b"jp2c":
                return b""
            file.seek(size, 1)
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        end = place + length if length >= 8 else len(data)
        yield kind, data[place + 8 : end]
        place = end
