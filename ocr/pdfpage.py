"""Takes the page image out of a PDF page that is nothing but one image: its stream as it lies there, and its place.

Whatever is not one plainly placed image of a colour space PDF/A allows is drawn by pdfium instead, at the resolution of
the page's largest image, and noted as a loss.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from PIL import Image

from ocr.geometry import Affine, pixels_to_unit, scaling
from ocr.pageimage import PageUnreadable
from ocr.pdfclip import Rect, changes_colours, common, cuts, hides_layers, placed_rect
from ocr.pdfcopy import jpeg_of

_PLAIN = frozenset({"q", "Q", "cm", "Do", "gs", "re", "W", "W*", "n", "w", "J", "j", "M", "d", "i", "ri", "BMC", "EMC"})
_PLAIN_TOO = frozenset({"BDC", "MP", "DP", "g", "G", "rg", "RG", "cs", "CS", "sc", "SC", "scn", "SCN", "k", "K"})
_TEXT_STATE = frozenset({"BT", "ET", "Tc", "Tw", "Tz", "TL", "Tf", "Ts", "Td", "TD", "Tm", "T*"})
_SHOWING = frozenset({"Tj", "TJ", "'", '"'})
_INVISIBLE = 3  # the text layer of an earlier OCR: it shows nothing and does not hide the image from us
_CODED = frozenset(
    {
        "/DCTDecode",
        "/FlateDecode",
        "/CCITTFaxDecode",
        "/RunLengthDecode",
        "/LZWDecode",
        "/ASCII85Decode",
        "/ASCIIHexDecode",
    }
)
_PLAIN_CODED = frozenset({"/DCTDecode", "/FlateDecode", "/CCITTFaxDecode"})
_PLAIN_SPACES = frozenset({"/DeviceGray", "/DeviceRGB"})
_LEAST_DPI, _MOST_DPI = 100.0, 600.0
_MOST_UNIT = 75_000.0  # the largest that viewers know
_FINEST_DPI = 600.0  # to read by
_MOST_SEEN = 60_000_000  # pixels to read; a plan is drawn more coarsely
_DEEPEST = 4  # nested forms looked into
_MOST_LOOKED_AT = 200  # images or forms of one table
_MASKS = ("/SMask", "/Mask")


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page of a PDF: size in points as seen before /Rotate, and the image with its matrix if there is just one.

    `to_points` maps the page's own units to points from the lower left corner of what is seen.
    """

    width: float
    height: float
    rotate: int
    image: pikepdf.Stream | None
    matrix: Affine
    pixels: tuple[int, int]
    to_points: Affine


def page_of(pdf: pikepdf.Pdf, number: int, max_pixels: int, max_stream_bytes: int) -> PdfPage:
    """Looks at page `number` (from 1) without decoding an image. Raises PageUnreadable."""
    if not 1 <= number <= len(pdf.pages):
        raise PageUnreadable("OC-03", f"Die Datei hat keine Seite {number}.")
    page = pdf.pages[number - 1]
    left, bottom, right, top = _visible(page)
    unit = user_unit(page)
    rotate = int(page.obj.get("/Rotate", 0) or 0) % 360
    if rotate % 90:
        rotate = 0
    found = _placed_images(page, max_stream_bytes, layers=hides_layers(pdf.Root))
    shift = Affine(unit, 0, 0, unit, -left * unit, -bottom * unit)
    size = ((right - left) * unit, (top - bottom) * unit)
    if found is None or len(found) != 1:
        return PdfPage(*size, rotate, None, Affine(), (0, 0), shift)
    stream, matrix = found[0]
    width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
    if width < 1 or height < 1:
        raise PageUnreadable("OC-03", "Das Bild der Seite hat keine Fläche.")
    if width * height > max_pixels:
        raise PageUnreadable("OC-04", f"Das Bild hat {width} × {height} Bildpunkte; erlaubt sind {max_pixels}.")
    placed = matrix.then(shift)
    if abs(placed.determinant) < 1.0:
        return PdfPage(*size, rotate, None, Affine(), (0, 0), shift)
    return PdfPage(*size, rotate, stream, placed, (width, height), shift)


def user_unit(page: pikepdf.Page) -> float:
    """Points in one unit of the page: 1 unless it rightly says otherwise (ISO 32000-1, table 30)."""
    try:
        unit = float(page.obj.get("/UserUnit", 1))
    except (TypeError, ValueError):
        return 1.0
    return unit if 0 < unit <= _MOST_UNIT else 1.0


def _visible(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """The crop box within the media box, lower left corner first."""
    media, crop = _box(page.mediabox), _box(page.cropbox)
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if right - left >= 3 and top - bottom >= 3 else media


def _box(values: pikepdf.Object) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(value) for value in list(values)[:4])
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _placed_images(
    page: pikepdf.Page, max_stream_bytes: int, *, layers: bool
) -> list[tuple[pikepdf.Stream, Affine]] | None:
    """Images the page paints, with their matrices; None when it paints something else too, or shows them changed."""
    visible = _visible(page)
    try:
        return _Walk(max_stream_bytes, visible, layers).walk(page.obj, page.resources, Affine(), visible, 0)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class _Walk:
    """One look through the content of a page, whose visible part is known; `layers` when some are not shown."""

    most: int
    visible: Rect
    layers: bool

    def walk(
        self, content: pikepdf.Object, resources: pikepdf.Object, start: Affine, within: Rect, depth: int
    ) -> list[tuple[pikepdf.Stream, Affine]] | None:
        found: list[tuple[pikepdf.Stream, Affine]] = []
        stack: list[tuple[Affine, int, Rect]] = []
        now, mode, clip = start, 0, within
        path: list[Rect] = []
        clipping = False
        if depth > _DEEPEST or _coded_bytes(content) > self.most:
            return None
        for instruction in pikepdf.parse_content_stream(content):
            operands, name = list(instruction.operands), str(instruction.operator)
            if name == "q":
                stack.append((now, mode, clip))
            elif name == "Q":
                now, mode, clip = stack.pop() if stack else (start, 0, within)
            elif name == "cm":
                now = Affine(*(float(value) for value in operands)).then(now)
            elif name == "re":
                x, y, width, height = (float(value) for value in operands)
                path.append(placed_rect((x, y, x + width, y + height), now))
            elif name in ("W", "W*"):
                clipping = True
            elif name == "n":
                if clipping and len(path) != 1:
                    return None
                clip = common(clip, path[0]) if clipping else clip
                path, clipping = [], False
            elif self._changes(name, operands, resources):
                return None
            elif name == "Do":
                more = self._drawn(resources["/XObject"][str(operands[0])], resources, now, clip, depth)
                if more is None:
                    return None
                found.extend(more)
            elif name == "Tr":
                mode = int(operands[0])
            elif name in _TEXT_STATE or (name in _SHOWING and mode == _INVISIBLE):
                continue
            elif name not in _PLAIN and name not in _PLAIN_TOO:
                return None
        return found

    def _changes(self, name: str, operands: list[pikepdf.Object], resources: pikepdf.Object) -> bool:
        """True for an operator after which images are not seen as they are."""
        if name == "gs":
            return changes_colours(resources["/ExtGState"][str(operands[0])])
        return self.layers and name == "BDC" and str(operands[0]) == "/OC"

    def _drawn(
        self, target: pikepdf.Object, resources: pikepdf.Object, now: Affine, clip: Rect, depth: int
    ) -> list[tuple[pikepdf.Stream, Affine]] | None:
        if self.layers and "/OC" in target:
            return None
        if isinstance(target, pikepdf.Stream) and str(target.get("/Subtype")) == "/Image":
            return None if cuts(clip, now, self.visible) else [(target, now)]
        matrix, box = target.get("/Matrix"), target.get("/BBox")
        inner = Affine(*(float(v) for v in list(matrix))).then(now) if matrix is not None else now
        within = common(clip, placed_rect(_box(box), inner)) if box is not None else clip
        return self.walk(target, target.get("/Resources", resources), inner, within, depth + 1)


def _coded_bytes(content: pikepdf.Object) -> int:
    """Bytes of a page's or form's content as it lies in the file."""
    if isinstance(content, pikepdf.Stream):
        return int(content.get("/Length", 0))
    parts = content.get("/Contents")
    if parts is None:
        return 0
    return sum(int(part.get("/Length", 0)) for part in (parts if isinstance(parts, pikepdf.Array) else [parts]))


def copyable(image: pikepdf.Stream) -> bool:
    """True when the image stream may go into the new file as it is; JBIG2, JPEG 2000 and the like may not."""
    filters = image.get("/Filter")
    names = (
        [] if filters is None else [str(f) for f in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    )
    return all(name in _CODED for name in names) and not bool(image.get("/ImageMask", False))


def surely_allowed(image: pikepdf.Stream) -> bool:
    """True for the plain image XObject of every scanner, of which PDF/A allows all that `copied` keeps of it."""
    plain = str(image.get("/Filter")) in _PLAIN_CODED and str(image.get("/ColorSpace")) in _PLAIN_SPACES
    return plain and image.get("/SMask") is None and image.get("/Mask") is None


def picture_of(image: pikepdf.Stream) -> Image.Image | None:
    """The pixels for reading, when they can be had without a renderer; a colour JPEG gives its luminance."""
    if image.get("/Decode") is not None or image.get("/SMask") is not None or image.get("/Mask") is not None:
        return None
    try:
        if str(image.get("/Filter")) == "/DCTDecode":
            opened = Image.open(io.BytesIO(jpeg_of(image).data), formats=("JPEG",))
            if opened.mode == "RGB":
                opened.draft("L", opened.size)
            opened.load()
            return opened if opened.mode in ("L", "RGB") else None
        packed = pikepdf.PdfImage(image)
        if any(name == "/CCITTFaxDecode" and int(parms.get("/K", 0)) >= 0 for name, parms in packed.filter_decodeparms):
            return None  # Group 3: libtiff takes the marks of the end for those of lines; pdfium reads it rightly
        return packed.as_pil_image()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything (ocr.md §5); pdfium is asked next
        return None


def masked(image: pikepdf.Stream) -> bool:
    """True when a mask or a colour says where the image shows: what it holds is not what is seen."""
    return any(key in image for key in _MASKS)


def seen_through(page: PdfPage, path: Path, number: int, max_pixels: int) -> Image.Image:
    """What is seen of a masked image, in gray and in its own position, as fine as the finer of image and mask.

    Where copiers part paper from ink, all that is written may be in the mask alone. Raises PageUnreadable.
    """
    sizes = [page.pixels, *(_pixels(mask) for mask in _masks(page.image))]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    along, up = math.hypot(page.matrix.a, page.matrix.b) / 72, math.hypot(page.matrix.c, page.matrix.d) / 72
    most = (min(max_pixels, _MOST_SEEN) / (page.width * page.height)) ** 0.5 * 72
    dpi = min(max(width / along, height / up), most, _FINEST_DPI)
    width, height = max(1, round(min(width, dpi * along))), max(1, round(min(height, dpi * up)))
    shown = drawn(path, number, dpi * 0.999, max_pixels, gray=True).convert("L")
    to_shown = pixels_to_unit(width, height).then(page.matrix).then(Affine(d=-1, f=page.height))
    place = to_shown.then(scaling(shown.width / page.width, shown.height / page.height))
    numbers = (place.a, place.c, place.e, place.b, place.d, place.f)
    return shown.transform((width, height), Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR, fillcolor=255)


def _masks(image: pikepdf.Stream | None) -> list[pikepdf.Stream]:
    """The images that say where this one shows."""
    found = [image.get(key) for key in _MASKS] if image is not None else []
    return [mask for mask in found if isinstance(mask, pikepdf.Stream)]


def _pixels(image: pikepdf.Stream) -> tuple[int, int]:
    return max(1, int(image.get("/Width", 0))), max(1, int(image.get("/Height", 0)))


def misdrawn(shown: Image.Image, image: pikepdf.Stream) -> bool:
    """True when a JPEG 2000 came out in one colour although there is something in it.

    pdfium does that with palettes and with /Decode where /BitsPerComponent is absent, as it may be, without a word.
    """
    if _spread(shown) > 0:
        return False
    try:
        with Image.open(io.BytesIO(image.read_raw_bytes()), formats=("JPEG2000",)) as opened:
            return _spread(opened) > 0
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything (ocr.md §5); then nothing contradicts
        return False


def left_out(shown: Image.Image, image: pikepdf.Stream) -> bool:
    """True when a page came out in one colour although its only image has something in it: it was not drawn.

    Of a stencil and of a masked image that may be right.
    """
    if _spread(shown) > 0 or masked(image) or image.get("/ImageMask", False):
        return False
    try:
        return _spread(pikepdf.PdfImage(image).as_pil_image()) > 0
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything (ocr.md §5); then nothing contradicts
        return False


def _spread(image: Image.Image) -> int:
    """The largest difference between two pixels in one of the channels."""
    bands = image.getextrema()
    return max(int(high - low) for low, high in (bands if isinstance(bands[0], tuple) else (bands,)))


def drawn(path: Path, number: int, dpi: float, max_pixels: int, *, gray: bool) -> Image.Image:
    """The page as pdfium draws it, before /Rotate, at `dpi`. Raises PageUnreadable."""
    import pypdfium2  # few pages need it, and every worker would load it

    try:
        with closing(pypdfium2.PdfDocument(path)) as document:
            page = document[number - 1]
            rotation = page.get_rotation()
            page.set_rotation(0)
            width, height = page.get_size()
            if width / 72 * dpi * height / 72 * dpi > max_pixels:
                raise PageUnreadable("OC-04", f"Die Seite hat bei {dpi:.0f} dpi mehr als {max_pixels} Bildpunkte.")
            image: Image.Image = page.render(scale=dpi / 72, grayscale=gray).to_pil()
            page.set_rotation(rotation)
    except pypdfium2.PdfiumError as error:
        raise PageUnreadable("OC-05", "Die Seite lässt sich nicht zeichnen (PdfiumError).") from error
    return image


def drawing_dpi(page: PdfPage, pdf_page: pikepdf.Page) -> float:
    """The resolution to draw a page with: that of its largest image or mask, within reason."""
    widest = max((_pixels(image)[0] for image in _images(pdf_page.resources, 0)), default=0)
    dpi = widest / (page.width / 72) if page.width else _LEAST_DPI
    return max(_LEAST_DPI, min(_MOST_DPI, dpi if widest else 300.0))


def _images(resources: pikepdf.Object | None, depth: int) -> Iterator[pikepdf.Stream]:
    """Images that a page may draw, those in forms and their masks too."""
    drawable = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if depth > _DEEPEST or not isinstance(drawable, pikepdf.Dictionary):
        return
    for item in list(drawable.values())[:_MOST_LOOKED_AT]:
        if not isinstance(item, pikepdf.Stream):
            continue
        if str(item.get("/Subtype")) == "/Image":
            yield from (item, *_masks(item))
        else:
            yield from _images(item.get("/Resources"), depth + 1)
