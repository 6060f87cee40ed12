"""Does a page of the PDF/A show what its scan shows? Runs in the sandbox only, many pages in one child.

Both are drawn small and gray. The whole picture must correlate, and on a page of the scan path no part of it may be
lighter or darker than in the scan: a lost stamp or a white half page does not hide behind the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy
import pikepdf
from PIL import Image, ImageOps
from pypdfium2.raw import (
    FPDF_ANNOT_FREETEXT,
    FPDF_PAGEOBJ_TEXT,
    FPDFAnnot_GetSubtype,
    FPDFPage_CloseAnnot,
    FPDFPage_GetAnnot,
    FPDFPage_GetAnnotCount,
)

from akten.plural import plural
from ocr.jpegends import to_open
from ocr.openpdfs import OpenPdfs
from ocr.pageimage import read_rows, right_ink
from ocr.pdfpage import user_unit

_FORMATS = ("TIFF", "JPEG", "PNG", "JPEG2000")
_EDGE = 320  # pixels of the longer edge of the pictures compared
_LIKENESS = 0.75  # correlation of two pictures of the same page; different pages lie far below
_LIKENESS_CONVERTED = 0.5  # other fonts and drawn forms move the ink a little
_EMPTY_SPREAD = 5.0  # gray levels: below this a picture has nothing to correlate
_EMPTY_DISTANCE = 4.0  # mean difference in gray levels that two nearly empty pictures may have; good ones have 1
_TILES = 12  # along each edge
_TILE_DISTANCE = 18.0  # gray levels by which one tile may differ; good pages of all samples stay below 15
_EMPTY_TILES = 32  # the same where there is next to nothing to see: finer, and stricter
_EMPTY_TILE_DISTANCE = 5.0
_LEAST_PIXELS = 100  # of the scan's longer edge: below it tiles mean nothing
_MM = 25.4 / 72
_SIZE_TOLERANCE = 1.0  # mm
_STEP = (
    "Bitte diese Seite im Scan ansehen und die Lieferung neu einreichen; kommt der Befund wieder, das Blatt neu "
    "scannen oder die Datei neu erzeugen."
)

Said = tuple[str, int, str]
Picture = Image.Image


def compare_pages(payload: dict[str, Any]) -> dict[str, Any]:
    """Findings as (code, page number, text) for one run of pages."""
    Image.MAX_IMAGE_PIXELS = None  # the header was judged when the file was examined
    found: list[Said] = []
    opened = OpenPdfs()
    try:
        if (pages := len(opened[payload["pdf"]])) != payload["count"]:
            text = f"Das PDF/A hat {plural(pages, 'Seite', 'Seiten')}, das Dokument {payload['count']}."
            return {"findings": [("PC-01", 0, text)]}
        units = _units(payload["pdf"], payload["first"], len(payload["pages"]))
        for offset, source in enumerate(payload["pages"]):
            opened.bound()
            page = opened[payload["pdf"]][payload["first"] + offset]
            found.extend(_compare_page(page, source, opened, units[offset]))
            page.close()
    finally:
        opened.close()
    return {"findings": found}


def _units(path: str, first: int, count: int) -> list[float]:
    """The /UserUnit of some pages of the PDF/A, which pdfium does not tell."""
    with pikepdf.open(path, suppress_warnings=True) as pdf:
        return [user_unit(pdf.pages[number]) for number in range(first, first + count)]


def _fits(size: Sequence[float], wanted: Sequence[float]) -> bool:
    return all(abs(a - b) <= _SIZE_TOLERANCE for a, b in zip(size, sorted(wanted), strict=True))


def _compare_page(made: Any, source: dict[str, Any], opened: OpenPdfs, unit: float) -> Iterator[Said]:
    number = source["number"]
    size = sorted(edge * unit * _MM for edge in made.get_size())
    for wanted in (source["said_mm"], source["scan_mm"]):
        if wanted and not _fits(size, wanted):
            text = f"Die Seite misst {size[0]:.0f} × {size[1]:.0f} mm statt {min(wanted):.0f} × {max(wanted):.0f} mm."
            yield "PC-02", number, text
            break
    if source["words"] and not _bears_text(made):
        yield "PC-04", number, "Der erkannte Text fehlt im PDF."
    try:
        picture, scan, pixels = _drawn(made), *_scan_picture(source, opened)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything (ocr.md §5)
        yield "PC-05", number, f"Die Seite oder ihr Scan lässt sich nicht darstellen. {_STEP}"
        return
    darkest, lightest = picture.getextrema()
    if source["words"] and darkest == lightest:
        yield "PC-03", number, f"Auf der Seite im PDF/A ist nichts zu sehen, obwohl Text gelesen wurde. {_STEP}"
    elif not alike(
        picture, scan, strict=source["strict"] and pixels >= _LEAST_PIXELS, parts=source.get("parts", False)
    ):
        yield "PC-03", number, f"Die Seite im PDF/A zeigt nicht das Bild ihres Scans. {_STEP}"


def _bears_text(page: Any) -> bool:
    """Whether any text is shown on the page, invisible or not: pdfium keeps no text object without signs.

    What was typed as a note is text too, and no object of the page. To take the text out, letter by letter with its
    place, would cost as much as a tenth of all judging.
    """
    return any(True for _ in page.get_objects(filter=(FPDF_PAGEOBJ_TEXT,))) or _bears_typed_note(page)


def _bears_typed_note(page: Any) -> bool:
    """A link or a stamp is no text: a page that lost its words and kept its links would else count as whole."""
    for place in range(FPDFPage_GetAnnotCount(page)):
        note = FPDFPage_GetAnnot(page, place)
        kind = FPDFAnnot_GetSubtype(note)
        FPDFPage_CloseAnnot(note)
        if kind == FPDF_ANNOT_FREETEXT:
            return True
    return False


def _drawn(page: Any) -> Picture:
    """A small gray picture of a PDF page.

    Drawn at twice the size and reduced: thin lines of plans would else vanish in one of the two pictures only. Drawn in
    colour, since pdfium would turn a coloured image gray before it makes it small, at two thirds more cost.
    """
    bitmap = page.render(scale=2 * _EDGE / max(page.get_size()))
    picture: Picture = bitmap.to_pil().convert("L")
    return picture.reduce(2)


def _scan_picture(source: dict[str, Any], opened: OpenPdfs) -> tuple[Picture, int]:
    """A small gray picture of the scanned page, on white, upright as the file says, and its longer edge in pixels."""
    path = source["path"]
    if source["is_pdf"]:
        page = opened[path][source["page"] - 1]
        picture = _drawn(page)
        page.close()
        return picture, _LEAST_PIXELS
    with Image.open(to_open(Path(path)), formats=_FORMATS) as image:
        if source["page"] > 1:
            image.seek(source["page"] - 1)
        read_rows(image)
        longest = max(image.size)
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            image.draft("L", (2 * _EDGE, 2 * _EDGE))
        image.load()
        picture = reduced_gray(right_ink(image), max(1, max(image.size) // (2 * _EDGE)))
        return (ImageOps.exif_transpose(_turned(picture, image)) if image.format != "TIFF" else picture), longest


def _turned(picture: Picture, image: Picture) -> Picture:
    """The picture with the orientation that the file tells of itself."""
    if image.format == "PNG" and "exif" not in image.info:
        return picture
    orientation = image.getexif().get(0x0112, 1)
    picture.getexif()[0x0112] = orientation
    return picture


def reduced_gray(image: Picture, factor: int) -> Picture:
    """Gray and smaller by a whole factor; reduced first where that gives the same, since it costs less."""
    if image.mode in ("L", "RGB", "CMYK") and "transparency" not in image.info:
        return (image.reduce(factor) if factor > 1 else image).convert("L")
    if image.mode in ("RGBA", "LA") and "transparency" not in image.info:
        small = image.reduce(factor) if factor > 1 else image  # Pillow weighs the colours with alpha here
        white = Image.new("L", small.size, 255)
        white.paste(small.convert("L"), mask=small.getchannel("A"))
        return white
    gray = _gray(image)
    return gray.reduce(factor) if factor > 1 else gray


def _gray(image: Picture) -> Picture:
    from ocr.pageimage import to_gray

    gray = to_gray(image)
    return gray.convert("L") if gray.mode != "L" else gray


def alike(made: Picture, scan: Picture, *, strict: bool, parts: bool = False) -> bool:
    """True when both show the same, in any of the four positions: turning is no fault of the picture.

    With `strict` also each part of the page must be as light as in the scan; with `parts` alone only parts as large as
    a stamp, for other fonts move the ink of a line.
    """
    for turn in range(4):
        turned = scan.rotate(90 * turn, expand=True)
        # Sizes are judged in millimetres apart: a fax has fewer lines than columns per inch, so pixels may not agree.
        a = numpy.asarray(made, dtype=numpy.float32)
        b = numpy.asarray(turned.resize(made.size, Image.Resampling.BOX), dtype=numpy.float32)
        empty = min(a.std(), b.std()) < _EMPTY_SPREAD
        if empty:
            same = abs(a - b).mean() < _EMPTY_DISTANCE
        else:
            likeness = float(numpy.corrcoef(_softened(a).ravel(), _softened(b).ravel())[0, 1])
            same = likeness >= (_LIKENESS if strict else _LIKENESS_CONVERTED)
        if same and (_same_tiles(a, b, empty=empty and strict) if strict or parts else True):
            return True
    return False


def _same_tiles(a: Any, b: Any, *, empty: bool) -> bool:
    if empty:
        return tile_distance(a, b, _EMPTY_TILES) <= _EMPTY_TILE_DISTANCE
    return tile_distance(a, b, _TILES) <= _TILE_DISTANCE


def tile_distance(a: Any, b: Any, tiles: int) -> float:
    """The largest difference in mean gray of one tile, after the whole page's own shift in brightness is taken off."""
    difference = _tiles(a, tiles) - _tiles(b, tiles)
    return float(abs(difference - numpy.median(difference)).max())


def _tiles(values: Any, tiles: int) -> Any:
    """Mean gray of each tile of a grid."""
    across, down = (numpy.arange(min(tiles, edge)) * edge // min(tiles, edge) for edge in values.shape)
    sums = numpy.add.reduceat(numpy.add.reduceat(values, across, axis=0), down, axis=1)
    heights = numpy.diff(numpy.append(across, values.shape[0]))
    widths = numpy.diff(numpy.append(down, values.shape[1]))
    return sums / numpy.outer(heights, widths)


def _softened(values: Any) -> Any:
    """Means over 3 × 3 pixels, so that two ways of reducing a picture do not differ in its finest lines."""
    height, width = (max(3, edge // 3 * 3) for edge in values.shape)
    if values.shape[0] < 3 or values.shape[1] < 3:
        return values
    return values[:height, :width].reshape(height // 3, 3, width // 3, 3).mean(axis=(1, 3))
