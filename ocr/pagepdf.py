"""One page as a PDF of its own: the image in its place, the invisible text over it, /Rotate to set it upright."""

from __future__ import annotations

import io
import math

import pikepdf

from ocr.engine import Reading
from ocr.geometry import Affine, scaling
from ocr.glyphless import add_font
from ocr.level import BASIC
from ocr.source import Source
from ocr.textlayer import text_operators

FONT_NAME = "/F0"
_IMAGE_NAME = "/Im0"
_MOST_UNITS = 14_400


def page_pdf(source: Source, rotate: int, reading: Reading, read_to_page: Affine) -> bytes:
    """The bytes of a PDF with this one page; the same input gives the same bytes."""
    unit = _unit(source)
    text = text_operators(reading, read_to_page.then(scaling(1 / unit, 1 / unit)), FONT_NAME)
    with _built(source, rotate, text) as pdf:
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
        pdfa.prepare(pdf, BASIC)
        return bool(pdfa.check(pdf, BASIC).passed)


def _built(source: Source, rotate: int, text: bytes) -> pikepdf.Pdf:
    pdf = pikepdf.Pdf.new()
    unit = _unit(source)
    width, height = _rounded(source.width / unit), _rounded(source.height / unit)
    image = source.xobject(pdf)
    numbers = source.matrix.then(scaling(1 / unit, 1 / unit)).numbers()
    matrix = " ".join(f"{number + 0.0:.5f}".rstrip("0").rstrip(".") for number in numbers)
    content = f"q {matrix} cm {_IMAGE_NAME} Do Q\n".encode("ascii") + text
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
    if unit > 1:
        page.UserUnit = unit
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf


def _unit(source: Source) -> int:
    """How many points a unit of the page is: 1, or more for a page beyond 14,400 units (ISO 19005-2 §6.1.13)."""
    return math.ceil(max(source.width, source.height) / _MOST_UNITS)


def _rounded(value: float) -> float:
    """Points to four digits: a millionth of a page, and no float noise in the file."""
    return round(value, 4)
