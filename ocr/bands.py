"""A very large colour TIFF goes into the PDF strip by strip: neither pixels nor coded bytes lie in memory whole.

Each strip is decoded, turned gray for reading, filtered by rows (PNG filter "Up", ISO 32000-1 §7.4.4.4) and packed into
a PDF file on disk that holds nothing but this image; from there it is copied like any image of a delivered PDF.
"""

from __future__ import annotations

import tempfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pikepdf
from PIL import Image

from ocr.embedding import usable_profile
from ocr.imagestrips import tiff_strips
from ocr.pageimage import PageImage, tiff_tag

FROM_PIXELS = 30_000_000  # below this an image is small enough to be coded as a whole
_EFFORT = 2
_ORIENTATION = 274


@dataclass(frozen=True, slots=True)
class Banded:
    """The coded image, the PDF that holds it and must be kept as long as it is used, and the gray picture."""

    holder: pikepdf.Pdf
    stored: pikepdf.Stream
    gray: Image.Image


def stored_in_bands(page: PageImage, from_pixels: int = FROM_PIXELS) -> Banded | None:
    """The coded image, lying in a file, and the gray picture; None for what is small or lies in another way.

    Raises what the decoder raises.
    """
    image = page.image
    if image.format != "TIFF" or image.mode != "RGB" or page.width * page.height < from_pixels:
        return None
    if tiff_tag(image, _ORIENTATION) not in ((), (1,)) or "transparency" in image.info:
        return None
    strips = tiff_strips(image, page.path)
    if strips is None:
        return None
    gray = Image.new("L", image.size)
    with tempfile.TemporaryFile() as raw:
        packer = zlib.compressobj(_EFFORT)
        above = np.zeros(page.width * 3, dtype=np.uint8)
        top = 0
        for strip in strips:
            gray.paste(strip.convert("L"), (0, top))
            rows = np.asarray(strip, dtype=np.uint8).reshape(strip.height, -1)
            filtered = np.empty((strip.height, rows.shape[1] + 1), dtype=np.uint8)
            filtered[:, 0] = 2
            filtered[0, 1:] = rows[0] - above
            filtered[1:, 1:] = rows[1:] - rows[:-1]
            above = rows[-1].copy()
            raw.write(packer.compress(filtered.data))
            top += strip.height
        raw.write(packer.flush())
        if top != page.height:
            raise OSError("image file is truncated")
        holder = _in_pdf(raw, page, usable_profile(image.info.get("icc_profile"), "RGB"))
    stored = holder.Root.Image
    if not isinstance(stored, pikepdf.Stream):
        raise TypeError("an image is a stream")
    return Banded(holder, stored, gray)


def _in_pdf(raw: BinaryIO, page: PageImage, icc: bytes) -> pikepdf.Pdf:
    """The packed rows as the one image of a PDF file that lies on disk as long as it is needed."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - held open by the PDF that reads from it
    places: list[int] = []

    def begin(number: int) -> None:
        places.append(target.tell())
        target.write(b"%d 0 obj\n" % number)

    target.write(b"%PDF-1.7\n")
    begin(1)
    target.write(b"<< /Type /Catalog /Pages 2 0 R /Image 3 0 R >>\nendobj\n")
    begin(2)
    target.write(b"<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n")
    begin(3)
    space = b"[/ICCBased 4 0 R]" if icc else b"/DeviceRGB"
    size = raw.tell()
    target.write(
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace %b"
        b" /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 3 /Columns %d >> /Length %d >>\nstream\n"
        % (page.width, page.height, space, page.width, size)
    )
    raw.seek(0)
    while block := raw.read(1 << 20):
        target.write(block)
    target.write(b"\nendstream\nendobj\n")
    if icc:
        begin(4)
        target.write(b"<< /N 3 /Length %d >>\nstream\n%b\nendstream\nendobj\n" % (len(icc), icc))
    start = target.tell()
    target.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1))
    target.writelines(b"%010d 00000 n \n" % place for place in places)
    target.write(b"trailer\n<< /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start))
    target.seek(0)
    return pikepdf.open(target, access_mode=pikepdf.AccessMode.stream)
