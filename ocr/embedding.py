"""How a page image goes into the PDF: its own bytes where PDF can carry them, else coded anew without loss.

JPEG goes in byte for byte (ISO 32000-1 §7.4.8), CCITT G4 of one strip as it is (§7.4.6), PNG rows as they are
(§7.4.4.4). All else becomes CCITT G4 (bilevel) or Flate. JBIG2 is never written, nothing is ever made lossy, and
JPEG 2000 is unpacked because not every judge of PDF/A looks into it.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass, replace

import pikepdf
from PIL import Image

from ocr.jpegends import read_jpeg
from ocr.pageimage import Held, PageImage, flatten, packed, tiff_tag, to_eight_bits, to_srgb

_FLAT = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK", "P": "/DeviceRGB"}
_ICC_SPACE = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK", "P": b"RGB "}
_CONVERTED = ("CMYK", "LAB")  # by their profile, so that it holds no longer
_ICC_CLASS = (b"mntr", b"scnr", b"prtr", b"spac")
_EFFORT = {"L": 4, "P": 6, "RGB": 2}  # 6 would take three times the time for 2 % less
_PNG_COLOURS = {0: 1, 2: 3, 3: 1}


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes of an image XObject with all that its dictionary needs; `losses` are German notes on what changed."""

    width: int
    height: int
    data: bytes
    filter: str
    mode: str  # "1", "L", "RGB", "CMYK" or "P"
    bits: int = 8
    parms: tuple[tuple[str, int | bool], ...] = ()
    decode: tuple[int, ...] = ()
    palette: bytes = b""
    icc: bytes = b""
    losses: tuple[str, ...] = ()

    def xobject(self, pdf: pikepdf.Pdf) -> pikepdf.Stream:
        """The image XObject (ISO 32000-1 §8.9.5) in `pdf`."""
        stream = pdf.make_stream(b"")
        stream.write(
            self.data,
            filter=pikepdf.Name(self.filter),
            decode_parms=pikepdf.Dictionary({f"/{key}": value for key, value in self.parms}) if self.parms else None,
        )
        stream.Type = pikepdf.Name.XObject
        stream.Subtype = pikepdf.Name.Image
        stream.Width = self.width
        stream.Height = self.height
        stream.BitsPerComponent = self.bits
        stream.ColorSpace = self._colour_space(pdf)
        if self.decode:
            stream.Decode = pikepdf.Array(list(self.decode))
        return stream

    def _colour_space(self, pdf: pikepdf.Pdf) -> pikepdf.Object:
        space: pikepdf.Object = pikepdf.Name(_FLAT.get(self.mode, "/DeviceGray"))
        if self.icc:
            profile = pdf.make_stream(self.icc)
            profile.N = {"L": 1, "RGB": 3, "CMYK": 4, "P": 3}[self.mode]
            space = pikepdf.Array([pikepdf.Name.ICCBased, profile])
        if self.mode == "P":
            last = len(self.palette) // 3 - 1
            return pikepdf.Array([pikepdf.Name.Indexed, space, last, pikepdf.String(self.palette)])
        return space


def as_it_is(page: PageImage) -> Stored | None:
    """The file's own coding of the page image, when PDF can carry it as it is; nothing is decoded here."""
    match page.image.format:
        case "JPEG" | "MPO":
            return _jpeg(page)
        case "PNG":
            return _png(page)
        case "TIFF" if page.image.info.get("compression") == "group4":
            return _group4(page)
    return None


def usable_profile(icc: object, mode: str) -> bytes:
    """The ICC profile if PDF/A-2 allows it for this image (ISO 19005-2 §6.2.4.2), else nothing."""
    if not isinstance(icc, bytes) or len(icc) < 132 or icc[36:40] != b"acsp":
        return b""
    fits = icc[16:20] == _ICC_SPACE.get(mode) and icc[12:16] in _ICC_CLASS and icc[8] in (2, 4)
    return icc if fits and int.from_bytes(icc[:4], "big") == len(icc) else b""


def _jpeg(page: PageImage) -> Stored | None:
    whole = read_jpeg(page.path)
    components = _jpeg_frame(whole.data)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}.get(len(components))
    if mode is None:
        return None
    icc = usable_profile(page.image.info.get("icc_profile"), mode)
    if mode == "CMYK" and not icc:
        return None  # without a profile PDF/A has no place for CMYK beside an sRGB output intent
    inverted = mode == "CMYK" and "adobe" in page.image.info
    decode = (1, 0, 1, 0, 1, 0, 1, 0) if inverted else ()
    # Decoders of files know such a JPEG by the names of its colours, those of PDF would take it for YCbCr (§7.4.8)
    named = components == b"RGB" and not {"jfif", "adobe"} & page.image.info.keys()
    parms: tuple[tuple[str, int | bool], ...] = (("ColorTransform", 0),) if named else ()
    return Stored(
        page.width,
        page.height,
        whole.data,
        "/DCTDecode",
        mode,
        parms=parms,
        decode=decode,
        icc=icc,
        losses=whole.notes,
    )


def _jpeg_frame(data: bytes) -> bytes:
    """The names of the colours of a JPEG that PDF can carry (baseline, extended, progressive; 8 bits), else nothing."""
    position = 2
    while position + 4 <= len(data) and data[:2] == b"\xff\xd8":
        if data[position] != 0xFF:
            return b""
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            position += 2
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            segment = data[position + 4 : position + 2 + length]
            carried = marker <= 0xC2 and len(segment) > 5 and segment[0] == 8
            return segment[6 : 6 + 3 * segment[5] : 3] if carried else b""
        if marker in (0xD9, 0xDA):
            return b""
        position += 2 + length
    return b""


def _png(page: PageImage) -> Stored | None:
    if "transparency" in page.image.info or page.image.mode not in ("1", "L", "P", "RGB"):
        return None
    stored = png_rows(page.path.read_bytes())
    if stored is None:
        return None
    return replace(stored, icc=usable_profile(page.image.info.get("icc_profile"), stored.mode))


def png_rows(data: bytes) -> Stored | None:
    """The compressed rows of a PNG (ISO 15948) as a Flate stream with PNG predictors; None if PDF cannot carry them."""
    position, header, palette, rows = 8, b"", b"", []
    while position + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        body = data[position + 8 : position + 8 + length]
        position += 12 + length
        if kind == b"IHDR":
            header = body
        elif kind == b"PLTE":
            palette = body
        elif kind == b"tRNS":
            return None
        elif kind == b"IDAT":
            rows.append(body)
        elif kind == b"IEND":
            break
    if len(header) != 13 or not rows:
        return None
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if interlaced or bits == 16 or colour not in _PNG_COLOURS or (colour == 3 and not 3 <= len(palette) <= 768):
        return None
    if colour == 3 and len(palette) // 3 > 1 << bits:
        return None
    parms = (("Predictor", 15), ("Colors", _PNG_COLOURS[colour]), ("BitsPerComponent", bits), ("Columns", width))
    mode = {0: "L", 2: "RGB", 3: "P"}[colour]
    return Stored(width, height, b"".join(rows), "/FlateDecode", mode, bits, parms, palette=palette)


def _group4(page: PageImage) -> Stored | None:
    """The one strip of a G4 TIFF (T.6); None for several strips, odd tags or a byte count that cannot be true."""
    image = page.image
    offsets, counts = tiff_tag(image, 273), tiff_tag(image, 279)
    plain = (
        tiff_tag(image, 274) in ((), (1,))
        and tiff_tag(image, 266) in ((), (1,))
        and tiff_tag(image, 293)
        in (
            (),
            (0,),
        )
    )
    photometric = tiff_tag(image, 262)
    if not plain or len(offsets) != 1 or len(counts) != 1 or counts[0] < 2 or photometric not in ((0,), (1,)):
        return None
    with page.path.open("rb") as stream:
        stream.seek(offsets[0])
        data = stream.read(counts[0])
    if len(data) != counts[0]:
        return None
    return _ccitt(data, page.width, page.height, black_is_one=photometric == (1,))


def _ccitt(data: bytes, width: int, height: int, *, black_is_one: bool) -> Stored:
    parms: tuple[tuple[str, int | bool], ...] = (("K", -1), ("Columns", width), ("Rows", height))
    if black_is_one:
        parms = (*parms, ("BlackIs1", True))
    return Stored(width, height, data, "/CCITTFaxDecode", "1", 1, parms)


def checked_group4(stored: Stored, held: Held) -> Image.Image | None:
    """The picture as the G4 stream decodes it, if these are exactly the pixels of the held one; else None.

    The held picture is let go before the stream is decoded.
    """
    image = held.take()
    if image.mode != "1":
        return None
    wanted = hashlib.sha256(packed(image)).digest()
    del image
    decoded = _decode_group4(stored)
    if decoded is None or hashlib.sha256(packed(decoded)).digest() != wanted:
        return None
    return decoded


def _decode_group4(stored: Stored) -> Image.Image | None:
    """The bilevel picture of a G4 stream, read by way of a TIFF around it."""
    photometric = 1 if ("BlackIs1", True) in stored.parms else 0
    entries = (
        (256, 4, stored.width),
        (257, 4, stored.height),
        (258, 3, 1),
        (259, 3, 4),
        (262, 3, photometric),
        (273, 4, 8 + 2 + 9 * 12 + 4),
        (277, 3, 1),
        (278, 4, stored.height),
        (279, 4, len(stored.data)),
    )
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHI", tag, kind, 1) + (struct.pack("<I", value) if kind == 4 else struct.pack("<HH", value, 0))
        for tag, kind, value in entries
    )
    tiff = b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + stored.data
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(tiff), formats=("TIFF",))
            image.load()
            return image
    except (OSError, ValueError, SyntaxError):
        return None


def group4_of(held: Held) -> tuple[Stored, Image.Image]:
    """A bilevel picture as one G4 strip, and the picture as it decodes again. Raises ValueError if pixels differ."""
    image = held.take()
    target = io.BytesIO()
    # Pillow copies tags of the source file; a foreign FillOrder (266) would make the rows unreadable
    image.save(target, "TIFF", compression="group4", tiffinfo={278: image.height, 266: 1})
    data = target.getvalue()
    with Image.open(io.BytesIO(data), formats=("TIFF",)) as made:
        offsets, counts = tiff_tag(made, 273), tiff_tag(made, 279)
        black_is_one = tiff_tag(made, 262) == (1,)
    if len(offsets) != 1 or len(counts) != 1:
        raise ValueError("G4 coder wrote more than one strip")
    strip = data[offsets[0] : offsets[0] + counts[0]]
    stored = _ccitt(strip, image.width, image.height, black_is_one=black_is_one)
    again = Held(image)
    del image
    decoded = checked_group4(stored, again)
    if decoded is None:
        raise ValueError("G4 coder did not keep the pixels")
    return stored, decoded


def without_loss(held: Held) -> tuple[Stored, Image.Image]:
    """A decoded image coded without loss, and the image as coded; what PDF/A cannot carry is changed and noted."""
    image = held.take()
    icc = image.info.get("icc_profile") if image.mode not in _CONVERTED else None
    image, losses = _carryable(image)
    if image.mode == "1":
        only = Held(image)
        del image
        stored, image = group4_of(only)
        return replace(stored, losses=losses), image
    rows = png_rows(_as_png(image))
    if rows is None:  # Pillow never writes interlaced PNG; kept as a plain way out
        data = zlib.compress(image.tobytes(), 6)
        return Stored(image.width, image.height, data, "/FlateDecode", image.mode, losses=losses), image
    return replace(rows, icc=usable_profile(icc, rows.mode), losses=losses), image


def _as_png(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=_EFFORT.get(image.mode, 4))
    return target.getvalue()


def _carryable(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The image in mode 1, L, P or RGB, and notes on what that took."""
    if image.mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image, ()
    if image.mode == "P" and "transparency" not in image.info:
        return image, ()
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _without_alpha(image)
    if image.mode.startswith("I") or image.mode == "F":
        bits = 16 if image.mode.startswith("I;16") else 32
        return to_eight_bits(image), (f"Farbtiefe von {bits} auf 8 Bit verringert",)
    if image.mode in ("CMYK", "LAB"):
        converted, note = to_srgb(image, image.info.get("icc_profile"))
        return converted, (note,)
    return image.convert("RGB"), (f"{image.mode} in RGB umgerechnet",)


def _without_alpha(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The image on white; gray values in colour form become gray, for many scanners write gray pages as RGBA."""
    opaque = "A" in image.getbands() and image.getchannel("A").getextrema() == (255, 255)
    flat = image.convert("L" if image.mode == "LA" else "RGB") if opaque else flatten(image)
    losses = () if opaque else ("Durchsichtige Stellen auf Weiß gelegt",)
    if image.mode.startswith("I"):
        losses = ("Farbtiefe von 16 auf 8 Bit verringert", *losses)
    if flat.mode == "RGB":
        red, green, blue = flat.split()
        if red.tobytes() == green.tobytes() == blue.tobytes():
            flat = red
    return flat, losses
