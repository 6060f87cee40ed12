"""The last resort of the document path, run in the sandbox only: every page of a PDF becomes a picture in a PDF/A-2b.

The text that a page has lies invisibly over its picture, where it was: the file can still be searched. Pages lie on
disk, each as a PDF of its own, until they are joined: a long document costs the memory of one page.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import pdfa

from ocr.assembly import joined
from ocr.geometry import Affine
from ocr.glyphless import add_font
from ocr.openpdfs import OpenPdfs
from ocr.ownwords import own_page
from ocr.pdfnotes import typed_texts
from ocr.pdfpage import user_unit
from ocr.textlayer import own_operators

_EFFORT = 6
_FONT_NAME = "/F0"


def picture_pages(payload: dict[str, Any]) -> dict[str, Any]:
    """Draws every page with `dpi` and writes `target`, page sizes kept; no page may have more than `most` pixels."""
    target = Path(payload["target"])
    with pikepdf.open(payload["path"]) as source:
        units = [user_unit(page) for page in source.pages]  # which pdfium does not tell
        typed = [typed_texts(page) for page in source.pages]
    opened = OpenPdfs()
    pages: list[str] = []
    try:
        while len(pages) < len(opened[payload["path"]]):
            page = opened[payload["path"]][len(pages)]
            unit = units[len(pages)] if len(pages) < len(units) else 1.0
            width, height = (edge * unit for edge in page.get_size())
            scale = payload["dpi"] / 72
            if width * height * scale * scale > payload["most"]:
                return {"ok": False, "why": "too large"}
            picture = page.render(scale=scale * unit).to_pil().convert("RGB")
            noted = typed[len(pages)] if len(pages) < len(typed) else ()
            _, own = own_page(page, unit, as_seen=True, typed=noted)
            page.close()
            pages.append(f"{target}.{len(pages)}")
            text = b""
            if own is not None:
                to_page = Affine(width / own.size[0], 0, 0, -height / own.size[1], 0, height)
                text = own_operators(own.lines, own.size, to_page, _FONT_NAME)
            with _of_picture(picture, width, height, text) as one:
                one.save(pages[-1])
            opened.bound()
    finally:
        opened.close()
    with joined(pages, target) as document:
        font = add_font(document)
        for page in document.pages:
            page.obj.Resources.Font = pikepdf.Dictionary({_FONT_NAME: font})
        try:
            pdfa.save(document, target, "2b")
        except pdfa.PdfaError as denied:
            return {"ok": False, "why": type(denied).__name__}
    return {"ok": True}


def _of_picture(picture: Any, width: float, height: float, text: bytes) -> pikepdf.Pdf:
    """A PDF of one page, so many points wide and high, that the picture fills, with the operators of its text."""
    pdf = pikepdf.new()
    image = pdf.make_stream(zlib.compress(picture.tobytes(), _EFFORT))
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height, image.BitsPerComponent = picture.width, picture.height, 8
    image.ColorSpace, image.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.FlateDecode
    pdf.add_blank_page(page_size=(width, height))
    page = pdf.pages[-1]
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    page.Contents = pdf.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Im0 Do Q\n".encode() + text)
    return pdf
