"""Copies the image of a delivered PDF into another one with the same bytes, and tells what PDF/A wants told of it."""

from __future__ import annotations

import pikepdf

from ocr.jpegends import Jpeg, whole_jpeg

_DEPTHS = {"/DCTDecode": 8, "/CCITTFaxDecode": 1}
_KEPT = (
    "/Filter",
    "/DecodeParms",
    "/Length",
    "/Width",
    "/Height",
    "/ColorSpace",
    "/BitsPerComponent",
    "/Decode",
    "/ImageMask",
    "/Mask",
    "/SMask",
    "/Matte",
)


def copied(image: pikepdf.Stream, pdf: pikepdf.Pdf) -> pikepdf.Stream:
    """The image in another PDF with the same bytes, without what PDF/A forbids (Interpolate, OC, Alternates …)."""
    new = pdf.copy_foreign(image)
    for key in list(new.keys()):
        if key not in _KEPT:
            del new[key]
    new.Type = pikepdf.Name.XObject
    new.Subtype = pikepdf.Name.Image
    if not isinstance(new, pikepdf.Stream):
        raise TypeError("an image is a stream")
    _tell(new)
    if (whole := jpeg_of(new)).notes:
        parms = new.get("/DecodeParms")
        parms = parms if isinstance(parms, pikepdf.Dictionary) else None
        new.write(whole.data, filter=pikepdf.Name.DCTDecode, decode_parms=parms)
    return new


def _tell(image: pikepdf.Stream) -> None:
    """Says of a JPEG or fax what its coding says already: pdfium asks nothing else, and others draw by what they read.

    Where the depth is lacking or wrong (ISO 32000-1 §7.4.6, §7.4.8) they show noise or nothing.
    """
    filters = image.get("/Filter")
    last = str(list(filters)[-1] if isinstance(filters, pikepdf.Array) and len(filters) else filters)
    if last in _DEPTHS:
        image.BitsPerComponent = _DEPTHS[last]
    if last == "/CCITTFaxDecode" and "/ColorSpace" not in image:
        image.ColorSpace = pikepdf.Name.DeviceGray


def added_to(image: pikepdf.Stream) -> tuple[str, ...]:
    """German notes on what a copied JPEG gets that it lacks (`jpegends`)."""
    return jpeg_of(image).notes


def jpeg_of(image: pikepdf.Stream) -> Jpeg:
    """The JPEG of an image as any reader opens it; empty for another coding."""
    return whole_jpeg(image.read_raw_bytes() if str(image.get("/Filter")) == "/DCTDecode" else b"")
