"""Says of a picture in a PDF what in its dictionary keeps viewers from drawing it: in its place they leave white paper.

Nothing is decoded here. Only what pdfium was seen to pass over in silence is a fault (ISO 32000-1 §8.6, §8.9.5).
"""

from __future__ import annotations

import pikepdf

_DEPTHS = (1, 2, 4, 8, 16)
_TELL_DEPTH = ("/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode")  # these codings have one depth, or tell it themselves
_TWO_COLOURS = ("/CCITTFaxDecode", "/JBIG2Decode")  # drawn black and white also where no space is told
_DEVICES = ("/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/G", "/RGB", "/CMYK")  # the short ones are drawn, too
_PROFILED = (1, 3, 4)  # components of a colour space by profile
_ENTRIES = {"/Indexed": 4, "/I": 4, "/Separation": 2, "/DeviceN": 4}  # of the arrays of other spaces, at least
_BY_WHITE = ("/CalGray", "/CalRGB", "/Lab")


def undrawable(image: pikepdf.Stream, filters: list[str]) -> str:
    """What is wrong with depth or colour space of an image, in a word; nothing when it can be drawn."""
    if image.get("/ImageMask", False) or "/JPXDecode" in filters:  # a JPEG 2000 tells both itself
        return ""
    if not (filters and filters[-1] in _TELL_DEPTH) and image.get("/BitsPerComponent") not in _DEPTHS:
        return "Farbtiefe fehlt oder ist falsch"
    space = image.get("/ColorSpace")
    inline = image.get("/Subtype") is None  # such an image may name a space of the page
    if space is None:  # noise, or nothing at all
        return "" if filters and filters[-1] in _TWO_COLOURS else "Farbraum fehlt"
    if (inline and isinstance(space, pikepdf.Name)) or _known(space):
        return ""
    return "Farbraum unlesbar"


def _known(space: pikepdf.Object) -> bool:
    if isinstance(space, pikepdf.Name):
        return str(space) in _DEVICES
    if not isinstance(space, pikepdf.Array) or not len(space):
        return False
    kind = str(space[0])
    if kind == "/ICCBased":
        return len(space) > 1 and isinstance(space[1], pikepdf.Stream) and space[1].get("/N") in _PROFILED
    if kind in _BY_WHITE:
        told = space[1] if len(space) > 1 else None
        return isinstance(told, pikepdf.Dictionary) and isinstance(told.get("/WhitePoint"), pikepdf.Array)
    return kind in _DEVICES or len(space) >= _ENTRIES.get(kind, 1 << 30)
