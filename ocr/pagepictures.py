"""The last resort of the document path, run in the sandbox only: every page of a PDF becomes a picture in a PDF/A-2b.

Pages lie on disk, each as a PDF of its own, until they are joined: a long document costs the memory of one page.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import pdfa

from ocr.assembly import joined
from ocr.openpdfs import OpenPdfs
from ocr.pdfpage import user_unit

_EFFORT = 6


def picture_pages(payload: dict[str, Any]) -> dict[str, Any]:
    """Draws every page with `dpi` and writes `target`, page sizes kept; no page may have more than `most` pixels."""
    target = Path(payload["target"])
    with pikepdf.open(payload["path"]) as source:
        units = [user_unit(page) for page in source.pages]  # which pdfium does not tell
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
            page.close()
            pages.append(f"{target}.{len(pages)}")
            with _of_picture(picture, width, height) as one:
                one.save(pages[-1])
            opened.bound()
    finally:
        opened.close()
    with joined(pages, target) as document:
        try:
            pdfa.save(document, target, "2b")
        except pdfa.PdfaError as denied:
            return {"ok": False, "why": type(denied).__name__}
    return {"ok": True}


def _of_picture(picture: Any, width: float, height: float) -> pikepdf.Pdf:
    """A PDF of one page, so many points wide and high, that the picture fills."""
    pdf = pikepdf.new()
    image = pdf.make_stream(zlib.compress(picture.tobytes(), _EFFORT))
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height, image.BitsPerComponent = picture.width, picture.height, 8
    image.ColorSpace, image.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.FlateDecode
    pdf.add_blank_page(page_size=(width, height))
    page = pdf.pages[-1]
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    page.Contents = pdf.make_stream(f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Im0 Do Q".encode())
    return pdf
