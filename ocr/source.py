"""One page as the scan path takes it: a gray picture to read, a coding to store, a place on the PDF page."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from PIL import Image

from akten.brokenwords import broken_in_german
from ocr.bands import Banded, stored_in_bands
from ocr.embedding import Stored, as_it_is, checked_group4, without_loss
from ocr.geometry import POINTS_PER_MM, Affine, pixels_to_unit, scaling, standing
from ocr.jp2depth import depths_of
from ocr.pageimage import Held, PageImage, PageUnreadable, load, open_page, shed_depth, to_gray
from ocr.pdfcopy import added_to, copied
from ocr.pdfpage import (
    PdfPage,
    copyable,
    drawing_dpi,
    drawn,
    left_out,
    masked,
    misdrawn,
    page_of,
    picture_of,
    seen_through,
    surely_allowed,
)

_LOW_DPI = 100.0  # below this a size beyond A0 is a wrong statement and not a wall map; the examination has it too
_ONLY_DRAWN = ("/JBIG2Decode", "/JPXDecode")  # what pdfium cannot decode it draws as a white page
_LEAST_MM = 20.0  # of the longer edge, as the examination has it
_A0_MM = (841 * 1.03, 1189 * 1.03)


@dataclass(slots=True)
class Seen:
    """A page to be read. `matrix` maps the unit square of the image to points; `rotate` is the /Rotate it came with.

    `picture` is gray or bilevel, in the position in which the image is stored, and None when nobody asked for it.
    """

    width: float
    height: float
    rotate: int
    matrix: Affine
    size: tuple[int, int]
    picture: Image.Image | None

    @property
    def dpi(self) -> tuple[float, float]:
        """Pixels per inch along the rows and the columns of the image."""
        across = (self.matrix.a**2 + self.matrix.b**2) ** 0.5
        down = (self.matrix.c**2 + self.matrix.d**2) ** 0.5
        return (self.size[0] * 72 / across, self.size[1] * 72 / down)

    @property
    def pixels_to_page(self) -> Affine:
        """Pixels of the stored image to points of the page."""
        return pixels_to_unit(*self.size).then(self.matrix)

    @property
    def stand(self) -> tuple[int, bool]:
        """How the stored image must be turned and mirrored to be seen as a viewer would show the page now."""
        return standing(self.matrix, self.rotate)

    def take_picture(self) -> Image.Image | None:
        """Hands the picture over, so that its reader can let it go."""
        picture, self.picture = self.picture, None
        return picture


@dataclass(slots=True)
class Source(Seen):
    """An opened page with its image as it will be stored."""

    stored: Stored | pikepdf.Stream
    losses: tuple[str, ...] = ()
    doubtful: bool = False  # copied from foreign hands: PDF/A must be tried out before it is relied on
    holder: pikepdf.Pdf | None = None  # the file that `stored` is read from, where it is one of ours

    def xobject(self, pdf: pikepdf.Pdf) -> pikepdf.Stream:
        """The image XObject in the new file."""
        if isinstance(self.stored, Stored):
            return self.stored.xobject(pdf)
        return copied(self.stored, pdf)


def from_image(
    path: Path, page: int, *, dpi: float | None, profile_dpi: int, max_pixels: int, max_mm: float, read: bool
) -> Source:
    """One page of an image file. `dpi` None means that the file's own statement is absent or absurd.

    With `read` False nothing is decoded if the file's own coding can be kept. Raises PageUnreadable.
    """
    opened = open_page(path, page, max_pixels)
    depth = shed_depth(opened)
    own = as_it_is(opened)
    picture: Image.Image | None = None
    banded = _in_bands(opened) if own is None else None
    if banded is not None:
        picture = banded.gray
    elif own is None or read:
        own, picture = _decoded(opened, own, page, max_pixels)
    stored = banded.stored if banded is not None else own
    assert stored is not None  # noqa: S101 - told to the type checker
    resolution, losses = _resolution(opened, dpi, profile_dpi, max_mm)
    if depth:
        losses = (depth, *losses)
    points = (opened.width * 72 / resolution[0], opened.height * 72 / resolution[1])
    # the page has the shape of the stored image; Exif's turn becomes /Rotate, its mirroring the image matrix
    matrix = Affine(points[0], 0, 0, points[1])
    if opened.mirrored:
        matrix = Affine(-points[0], 0, 0, points[1], points[0], 0)
    return Source(
        *points,
        rotate=opened.turn,
        matrix=matrix,
        size=(opened.width, opened.height),
        stored=stored,
        picture=picture,
        losses=(*stored.losses, *losses) if isinstance(stored, Stored) else losses,
        doubtful=bool(stored.icc) if isinstance(stored, Stored) else isinstance(stored.ColorSpace, pikepdf.Array),
        holder=banded.holder if banded is not None else None,
    )


def _in_bands(opened: PageImage) -> Banded | None:
    """A very large colour TIFF, decoded and coded strip by strip."""
    try:
        return stored_in_bands(opened)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise nearly anything (ocr.md §5)
        raise PageUnreadable("OC-05", f"Die Bildpunkte lassen sich nicht lesen ({broken_in_german(error)}).") from error


def _decoded(opened: PageImage, stored: Stored | None, number: int, max_pixels: int) -> tuple[Stored, Image.Image]:
    """The coding to keep and the picture to read; a G4 strip is only kept when it gives exactly the file's pixels."""
    load(opened, gray=stored is not None)
    if stored is not None and stored.filter != "/CCITTFaxDecode":
        return stored, to_gray(opened.held().take())
    if stored is not None:
        picture = checked_group4(stored, opened.held())
        if picture is not None:
            return stored, picture
        again = open_page(opened.path, number, max_pixels)
        load(again)
        opened = again
    try:
        stored, picture = without_loss(opened.held())
    except (ValueError, OSError) as error:
        raise PageUnreadable("OC-05", f"Das Bild lässt sich nicht umsetzen ({broken_in_german(error)}).") from error
    return stored, to_gray(picture)


def _resolution(
    page: PageImage, dpi: float | None, profile_dpi: int, max_mm: float
) -> tuple[tuple[float, float], tuple[str, ...]]:
    found = page.dpi
    if dpi is not None and found is None:
        found = (dpi, dpi)
    if dpi is not None and found is not None and _plausible(page, found, max_mm):
        return found, ()
    said = f"{found[0]:.0f} dpi" if found else "keine Auflösung"
    note = f"Auflösung {profile_dpi} dpi aus dem Profil gesetzt (die Datei nennt {said})"
    aspect = page.aspect if found is None else 1.0
    return (profile_dpi * min(1.0, aspect), profile_dpi / max(1.0, aspect)), (note,)


def _plausible(page: PageImage, dpi: tuple[float, float], max_mm: float) -> bool:
    sides = sorted((page.width / dpi[0] * 25.4, page.height / dpi[1] * 25.4))
    if not 0.25 <= dpi[0] / dpi[1] <= 4 or not _LEAST_MM <= sides[1] <= max_mm:
        return False
    return min(dpi) >= _LOW_DPI or (sides[0] <= _A0_MM[0] and sides[1] <= _A0_MM[1])


def from_pdf(
    pdf: pikepdf.Pdf, path: Path, number: int, *, max_pixels: int, max_stream_bytes: int, read: bool
) -> Source:
    """One page of an image-only PDF; its image stream is kept as it is where PDF/A allows. Raises PageUnreadable."""
    page = page_of(pdf, number, max_pixels, max_stream_bytes)
    if page.image is None:
        return drawn_source(pdf, path, number, page, max_pixels)
    if not copyable(page.image):
        return _unpacked(pdf, path, number, page, max_pixels)
    picture = None
    size = page.pixels
    if read and masked(page.image):
        picture = seen_through(page, path, number, max_pixels)
        size = picture.size
    elif read:
        picture = picture_of(page.image) or _bitmap(path, number)
        if picture is None or picture.size != page.pixels:
            return drawn_source(pdf, path, number, page, max_pixels)
        picture = to_gray(picture)
    return Source(
        page.width,
        page.height,
        page.rotate,
        page.matrix,
        size,
        picture,
        page.image,
        losses=added_to(page.image),
        doubtful=not surely_allowed(page.image),
    )


def _unpacked(pdf: pikepdf.Pdf, path: Path, number: int, page: PdfPage, max_pixels: int) -> Source:
    """A coding that may not stay (JBIG2, JPEG 2000): the same pixels coded without loss."""
    assert page.image is not None  # noqa: S101 - told to the type checker
    name = str(page.image.get("/Filter"))
    stencil = bool(page.image.get("/ImageMask", False))
    image = _bitmap(path, number)
    if image is None and name in _ONLY_DRAWN:
        raise PageUnreadable("OC-05", "Das Bild der Seite lässt sich nicht entschlüsseln. Bitte neu scannen.")
    if image is not None and name == "/JPXDecode" and misdrawn(image, page.image):
        text = "Das Bild der Seite (JPEG 2000) wird falsch gelesen. Bitte in einem anderen Format neu liefern."
        raise PageUnreadable("OC-05", text)
    if image is None or stencil or masked(page.image) or image.size != page.pixels:
        return drawn_source(pdf, path, number, page, max_pixels)
    if int(page.image.get("/BitsPerComponent", 8)) == 1:
        image = image.convert("L").point(lambda value: 255 * (value > 127)).convert("1")
    stored, image = without_loss(Held(image))
    label = {"/JBIG2Decode": "JBIG2", "/JPXDecode": "JPEG 2000"}.get(name, "Bild")
    note = f"{label} verlustfrei umgepackt (Bildpunkte unverändert)"
    deepest = max(depths_of(page.image.read_raw_bytes()), default=8) if name == "/JPXDecode" else 8
    if deepest > 8:
        note = f"{label} umgepackt und Farbtiefe von {deepest} auf 8 Bit verringert"
    return Source(
        page.width,
        page.height,
        page.rotate,
        page.matrix,
        page.pixels,
        to_gray(image),
        stored,
        losses=(note, *stored.losses),
    )


def drawn_source(pdf: pikepdf.Pdf, path: Path, number: int, page: PdfPage, max_pixels: int) -> Source:
    """A page that is not one plain image, drawn anew; noted as a loss because its parts become one picture."""
    dpi = drawing_dpi(page, pdf.pages[number - 1])
    image = drawn(path, number, dpi, max_pixels, gray=False)
    if page.image is not None and left_out(image, page.image):
        text = "Das Bild der Seite lässt sich nicht zeichnen: sie bliebe leer. Bitte neu scannen."
        raise PageUnreadable("OC-05", text)
    if image.mode != "L":
        red, green, blue = image.convert("RGB").split()
        image = red if red.tobytes() == green.tobytes() == blue.tobytes() else image.convert("RGB")
    stored, image = without_loss(Held(image))
    return Source(
        page.width,
        page.height,
        page.rotate,
        scaling(page.width, page.height),
        image.size,
        to_gray(image),
        stored,
        losses=(f"Seite mit {dpi:.0f} dpi neu gezeichnet, weil sie nicht aus einem einfachen Bild besteht",),
    )


def _bitmap(path: Path, number: int) -> Image.Image | None:
    """The pixels of the page's only image as pdfium unpacks them."""
    import pypdfium2  # few pages need it, and every worker would load it

    try:
        with closing(pypdfium2.PdfDocument(path)) as document:
            images = [
                item
                for item in document[number - 1].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=4)
                if isinstance(item, pypdfium2.PdfImage)
            ]
            if len(images) != 1:
                return None
            image: Image.Image = images[0].get_bitmap(render=False).to_pil().copy()
            return image
    except (pypdfium2.PdfiumError, ValueError, RuntimeError):
        return None


def turned(picture: Image.Image, turn: int, *, mirrored: bool = False) -> Image.Image:
    """The picture mirrored left-right if so, then turned clockwise."""
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    method = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }.get(turn % 360)
    return picture if method is None else picture.transpose(method)


def size_mm(source: Seen) -> tuple[float, float]:
    """Width and height of the page in millimetres, as it is stored (before /Rotate)."""
    return (source.width / POINTS_PER_MM, source.height / POINTS_PER_MM)
