"""Opens one page of a TIFF, JPEG, PNG or JPEG 2000 file: header first, pixels only when they are asked for."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageFile, ImageOps, TiffImagePlugin, UnidentifiedImageError

from akten.brokenwords import broken_in_german
from ocr.engine import Raster
from ocr.jp2boxes import complete
from ocr.jpegends import to_open
from ocr.tiffpages import PageView

FORMATS = ("TIFF", "JPEG", "PNG", "JPEG2000")  # MPO is opened as JPEG; Pillow knows no such name to open by
_ORIENTATION = 274  # tag of TIFF and Exif
_OLD_JPEG = 6  # TIFF 6.0 §22; what came with Windows in its day to scan with wrote it
# PhotometricInterpretation → how Pillow is to take the bytes
_GRAYS: dict[tuple[int, ...], str] = {(0,): "L;I", (1,): "L"}
_BAND = 1024  # rows handled at once, so that a plan never lies in memory twice
# Exif orientation (tag 274) → (turn clockwise, mirrored left-right first)
_EXIF = {2: (0, True), 3: (180, False), 4: (180, True), 5: (270, True), 6: (90, False), 7: (90, True), 8: (270, False)}

ImageFile.LOAD_TRUNCATED_IMAGES = False


class PageUnreadable(Exception):
    """This page cannot be used; `code` and German `text` tell why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class Held:
    """The one reference to a large picture: who takes it can let it go, so that a plan never lies in memory twice."""

    __slots__ = ("_image",)

    def __init__(self, image: Image.Image) -> None:
        self._image: Image.Image | None = image

    def take(self) -> Image.Image:
        """Hands the picture over; it can be taken once."""
        image, self._image = self._image, None
        if image is None:
            raise ValueError("the picture was already taken")
        return image


@dataclass(slots=True)
class PageImage:
    """One opened page image; `image` is lazy until it is loaded."""

    path: Path
    image: Image.Image
    width: int
    height: int
    dpi: tuple[float, float] | None
    turn: int = 0
    mirrored: bool = False
    aspect: float = 1.0  # how many times as fine across as down, where only that is told

    def held(self) -> Held:
        """Hands the loaded picture on; afterwards only a trace of it is left here."""
        held = Held(self.image)
        self.image = Image.new("1", (1, 1))
        return held


def open_page(path: Path, page: int, max_pixels: int) -> PageImage:
    """Opens the header of one page (from 1) and checks its size. Raises PageUnreadable; decodes nothing."""
    Image.MAX_IMAGE_PIXELS = None  # the check below is ours and comes before any decoding
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            view = PageView.of(path, page) if page > 1 else None
            image = Image.open(view or to_open(path), formats=FORMATS)  # type: ignore[arg-type]
            if page > 1 and view is None:
                image.seek(page - 1)
            read_rows(image)
            complete(image, path)
    except EOFError as error:
        raise PageUnreadable("OC-03", f"Die Datei hat keine Seite {page}.") from error
    except UnidentifiedImageError as error:
        raise PageUnreadable("OC-03", "Das Bild ist in einem Format, das nicht gelesen werden kann.") from error
    except Exception as error:
        raise PageUnreadable("OC-03", f"Das Bild lässt sich nicht öffnen ({broken_in_german(error)}).") from error
    width, height = image.size
    if width * height > max_pixels:
        raise PageUnreadable("OC-04", f"Das Bild hat {width} × {height} Bildpunkte; erlaubt sind {max_pixels}.")
    if width < 1 or height < 1:
        raise PageUnreadable("OC-03", "Das Bild hat keine Fläche.")
    turn, mirrored = _orientation(image)
    return PageImage(path, image, width, height, _dpi(image), turn, mirrored, stated_aspect(image))


def read_rows(image: Image.Image) -> None:
    """Keeps Pillow from reading wrong what it has right means for; to be called before the pixels are loaded.

    Pillow 13.0 maps a TIFF that lies on its side by the width of the turned picture, and says nothing of the noise that
    comes out: read through the stream its rows are right. Of uncompressed planes it takes the bytes of two for those of
    one, and of uncompressed YCbCr it does not know that several pixels share a colour: libtiff knows both. It takes any
    JPEG of the old style for coloured, and cannot read those that are gray.
    """
    if _lies_on_its_side(image):
        image.filename = ""  # type: ignore[attr-defined]
    if isinstance(image, TiffImagePlugin.TiffImageFile) and _for_libtiff(image) and not image.use_load_libtiff:
        TiffImagePlugin.READ_LIBTIFF = True
        try:
            image._setup()  # opened anew it would stand on its first page
        finally:
            TiffImagePlugin.READ_LIBTIFF = False
    gray = _GRAYS.get(tiff_tag(image, 262)) if tiff_tag(image, 259) == (_OLD_JPEG,) else None
    if isinstance(image, TiffImagePlugin.TiffImageFile) and gray and tiff_tag(image, 277) in ((), (1,)):
        image._mode = "L"
        image.tile = [tile._replace(args=(gray, *tile.args[1:])) for tile in image.tile if isinstance(tile.args, tuple)]


def _for_libtiff(image: Image.Image) -> bool:
    """True for an uncompressed TIFF whose pixels Pillow takes apart wrongly, and libtiff rightly."""
    if tiff_tag(image, 259) not in ((), (1,)):
        return False
    planes = tiff_tag(image, 284) == (2,) and image.mode in ("RGB", "CMYK", "RGBA", "RGBX")
    odd = max(tiff_tag(image, 258), default=8) > 8 or tiff_tag(image, 266) == (2,)
    return (planes and odd) or tiff_tag(image, 262) == (6,)


def _lies_on_its_side(image: Image.Image) -> bool:
    """True for a TIFF that Pillow turns by a quarter while it loads it; its size is told turned from the beginning."""
    return bool(set(tiff_tag(image, _ORIENTATION)) & {5, 6, 7, 8})


def stated_dpi(image: Image.Image) -> Any:
    """What the file says of its resolution, across and down the picture as Pillow shows it: a turned TIFF is turned."""
    value = image.info.get("dpi")
    return value[::-1] if _lies_on_its_side(image) and isinstance(value, tuple) else value


def stated_aspect(image: Image.Image) -> float:
    """How many times as fine the picture is across as down, where the file tells that and no resolution; else 1.

    TIFF 6.0 has ResolutionUnit 1 for it, JFIF and PNG the unit 0: a fax of 204 × 98 dpi would else be pressed flat.
    """
    told = image.info.get("jfif_density") if image.info.get("jfif_unit") == 0 else image.info.get("aspect")
    if image.format == "TIFF":
        told = image.info.get("resolution")
    try:
        aspect = float(told[0]) / float(told[1])  # type: ignore[index]
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return 1.0
    if not 0.25 <= aspect <= 4:
        return 1.0
    return 1 / aspect if _lies_on_its_side(image) else aspect


def shed_depth(page: PageImage) -> str:
    """A German note when the file has more than eight bits for each colour: Pillow hands on the upper eight, silently.

    Gray pictures keep their depth until `to_eight_bits`.
    """
    bits = tiff_tag(page.image, 258)
    if page.image.format == "PNG":  # ISO 15948 §11.2.2: the bit depth is the ninth byte of IHDR, the first chunk
        with page.path.open("rb") as stream:
            bits = tuple(stream.read(25)[24:])
    if not bits or max(bits) <= 8 or page.image.mode.startswith(("I", "F")):
        return ""
    return f"Farbtiefe von {max(bits)} auf 8 Bit verringert"


def _orientation(image: Image.Image) -> tuple[int, bool]:
    if image.format == "TIFF":  # Pillow itself turns a TIFF while it loads it
        return (0, False)
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - broken Exif data raise nearly anything; then nothing is known
        return (0, False)
    return _EXIF.get(value, (0, False)) if isinstance(value, int) else (0, False)


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    value = stated_dpi(image)
    try:
        x, y = float(value[0]), float(value[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (x, y) if 10 <= x <= 10_000 and 10 <= y <= 10_000 else None


def load(page: PageImage, *, gray: bool = False) -> None:
    """Decodes the pixels; with `gray` a JPEG gives its luminance only. Raises PageUnreadable."""
    image = page.image
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if gray and image.format in ("JPEG", "MPO") and image.mode == "RGB":
                image.draft("L", image.size)
            image.load()
            page.image = image = right_ink(image)
    except MemoryError:
        raise
    except Exception as error:
        raise PageUnreadable("OC-05", f"Die Bildpunkte lassen sich nicht lesen ({broken_in_german(error)}).") from error
    if image.size != (page.width, page.height):  # Pillow turns some TIFF by itself; then the stored rows are not ours
        page.width, page.height = image.size


def right_ink(image: Image.Image) -> Image.Image:
    """The loaded picture with as much ink as its file says: without Adobe's mark CMYK is not stored turned round.

    Pillow takes every JPEG in CMYK for one of Adobe's; PDF does not, so the same bytes would be read as a negative.
    """
    if image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info:
        return ImageChops.invert(image)
    return image


def to_gray(image: Image.Image) -> Image.Image:
    """A gray (L) or bilevel (1) picture of any image, transparent parts white."""
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return flatten(image) if "transparency" in image.info else to_eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return flatten(image).convert("L")
    if image.mode == "LAB":  # its first channel is the lightness; Pillow has no other way to gray
        return image.getchannel("L")
    return image.convert("L")


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits, long integers and floats as 8-bit gray: by value where it is known, else from least to greatest.

    Pillow leaves it to us where in a TIFF the least value is white, and where fewer than sixteen bits are used.
    """
    gray = _scaled(image)
    return ImageOps.invert(gray) if tiff_tag(image, 262) == (0,) else gray


def _scaled(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        used = tiff_tag(image, 258)[:1]
        step = 1 << (used[0] - 8 if used and 8 < used[0] < 16 else 8)
        return image.convert("I").point(lambda value: value * (1 / step)).convert("L")
    low, high = image.getextrema()
    low, high = float(low), float(high)  # type: ignore[arg-type]
    if image.mode == "I" and low >= 0 and high <= 65535 and high > 255:
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "I" and low >= 0 and high <= 255:
        return image.convert("L")
    if image.mode == "F" and low >= 0 and high <= 255:  # shares of white, or gray levels
        whole = 255.0 if high <= 1 else 1.0
        return image.point(lambda value: value * whole + 0.5).convert("L")
    scale = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * scale + (-low * scale)).convert("L")


def flatten(image: Image.Image) -> Image.Image:
    """The image laid on white paper, as RGB or L."""
    if image.mode.startswith("I"):  # one gray is transparent (PNG tRNS); Pillow makes white of all that is not black
        gray = np.asarray(to_eight_bits(image)).copy()
        gray[np.asarray(image) == image.info.get("transparency")] = 255
        return Image.fromarray(gray)
    if image.mode in ("LA", "La"):
        image = image.convert("LA")
        paper = Image.new("L", image.size, 255)
        paper.paste(image.getchannel("L"), mask=image.getchannel("A"))
        return paper
    image = image.convert("RGBA")
    paper = Image.new("RGB", image.size, (255, 255, 255))
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    """An image in CMYK or Lab as RGB, by its own profile where it has one, and a German note how it was done."""
    if profile:
        import io

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None
        if converted is not None:
            return converted, f"{image.mode} nach eingebettetem Farbprofil in sRGB umgerechnet"
    return image.convert("RGB"), f"{image.mode} ohne Farbprofil in RGB umgerechnet"


def raster_of(image: Image.Image, dpi: float) -> Raster:
    """The picture as bytes for the engine."""
    if image.mode not in ("1", "L"):
        image = image.convert("L")
    if image.mode == "1":
        return Raster(image.width, image.height, packed(image), dpi, 1)
    return Raster(image.width, image.height, image.tobytes(), dpi)


def packed(image: Image.Image) -> bytes:
    """The rows of a bilevel picture, 8 pixels to a byte, 1 white: what `tobytes` gives, in a tenth of its time."""
    rows = bytearray()
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(image.height, top + _BAND))).convert("L")
        rows += np.packbits(np.asarray(band), axis=1).tobytes()
    return bytes(rows)


def reduced(image: Image.Image, factor: int) -> Image.Image:
    """A gray picture smaller by a whole factor, each pixel the mean of its square; bilevel images go band by band."""
    if image.mode == "L":
        return image.reduce(factor) if factor > 1 else image
    width, height = -(-image.width // factor), -(-image.height // factor)
    small = Image.new("L", (width, height), 255)
    step = max(factor, _BAND // factor * factor)
    for top in range(0, image.height, step):
        band = image.crop((0, top, image.width, min(image.height, top + step))).convert("L")
        small.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return small


def tiff_tag(image: Image.Image, tag: int) -> tuple[int, ...]:
    """The whole numbers of a TIFF tag; empty when it is absent or odd."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return ()
    try:
        value = image.tag_v2.get(tag, ())
    except (KeyError, TypeError, ValueError, struct.error):
        return ()
    items = value if isinstance(value, tuple) else (value,)
    return tuple(int(item) for item in items if isinstance(item, int))
