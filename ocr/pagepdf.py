"""One page as a PDF of its own: the image in its place, the invisible text over it, /Rotate to set it upright."""

from __future__ import annotations

import io

import pikepdf

from ocr.engine import Reading
from ocr.geometry import Affine
from ocr.glyphless import add_font
from ocr.jobs import FLAVOUR
from ocr.source import Source
from ocr.textlayer import text_operators

FONT_NAME = "/F0"
_IMAGE_NAME = "/Im0"


def page_pdf(source: Source, rotate: int, reading: Reading, read_to_page: Affine) -> bytes:
    """The bytes of a PDF with this one page; the same input gives the same bytes."""
    with _built(source, rotate, text_operators(reading, read_to_page, FONT_NAME)) as pdf:
        target = io.BytesIO()
        pdf.save(
            target,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            deterministic_id=True,
        )
        return target.getvalue()


def conforms(source: Source) -> bool:
    """True when pikepdf's PDF/A check passes a page with this image; run for images that foreign hands coded."""
    from pikepdf import pdfa  # slow to load, and not needed for what we coded ourselves

    with _built(source, source.rotate, b"") as pdf:
        pdfa.prepare(pdf, FLAVOUR)
        return bool(pdfa.check(pdf, FLAVOUR).passed)


def _built(source: Source, rotate: int, text: bytes) -> pikepdf.Pdf:
    pdf = pikepdf.Pdf.new()
    width, height = _rounded(source.width), _rounded(source.height)
    image = source.xobject(pdf)
    matrix = " ".join(f"{number:.5f}".rstrip("0").rstrip(".") or "0" for number in source.matrix.numbers())
    content = f"q {matrix} cm {_IMAGE_NAME} Do Q\n".replace("-0 ", "0 ").encode("ascii") + text
    resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({_IMAGE_NAME: image}))
    if text:
        resources.Font = pikepdf.Dictionary({FONT_NAME: add_font(pdf)})
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=pikepdf.Array([0, 0, width, height]),
        Resources=resources,
        Contents=pdf.make_stream(content),
    )
    if rotate:
        page.Rotate = rotate
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf


def _rounded(value: float) -> float:
    """Points to four digits: a millionth of a page, and no float noise in the file."""
    return round(value, 4)
