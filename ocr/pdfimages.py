"""The image XObjects of a PDF: size from the dictionary first, then really decoded, with bounded memory.

Runs in the sandbox only (ISO 32000-1 §7.4, §8.9).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

import pikepdf
from PIL import Image

from akten.files import Colour
from akten.findings import Finding, Severity
from ocr.faxlines import LOST, MENDED, FaxFault
from ocr.findings import BAD_DATA, error, unheard, warning
from ocr.jbig2 import jbig2_fault
from ocr.jpegdata import DAMAGED, SURPLUS, JpegFault, jpeg_fault
from ocr.jpegends import process_of, whole_jpeg
from ocr.pdffaxes import COLUMNS, FaxCoding, picture_faults
from ocr.pdfspaces import undrawable

_UNREADABLE = "Ein Bild der Seite lässt sich nicht ganz lesen ({}). Bitte dieses Blatt neu scannen."
_BLOCK = 1 << 20
_LAST_PROCESS = 0xC2  # baseline, extended and progressive JPEG (ISO 32000-1 §7.4.8)
_WHOLE_PIXELS = 120_000_000
_CHANNELS = {"/DeviceGray": 1, "/CalGray": 1, "/DeviceRGB": 3, "/CalRGB": 3, "/Lab": 3, "/DeviceCMYK": 4}


def filters_of(stream: pikepdf.Object) -> list[str]:
    """The filters of a stream in order, in their long names."""
    value = stream.get("/Filter", stream.get("/F"))
    if isinstance(value, pikepdf.Array):
        return [str(item) for item in list(value)]
    return [str(value)] if isinstance(value, pikepdf.Name) else []


def colour_of(stream: pikepdf.Object) -> Colour:
    """How the pixels of an image XObject are coded."""
    if _whole(stream.get("/BitsPerComponent")) == 1 or _true(stream.get("/ImageMask")):
        return Colour.BILEVEL
    space = stream.get("/ColorSpace")
    if isinstance(space, pikepdf.Array) and len(space):
        if str(space[0]) == "/Indexed":
            return Colour.PALETTE
        if str(space[0]) == "/ICCBased" and len(space) > 1 and isinstance(space[1], pikepdf.Stream):
            return {1: Colour.GRAY, 3: Colour.RGB, 4: Colour.CMYK}.get(_whole(space[1].get("/N")), Colour.OTHER)
    if any(name in ("/CCITTFaxDecode", "/JBIG2Decode") for name in filters_of(stream)):
        return Colour.BILEVEL
    channels = _channels(space)
    return {1: Colour.GRAY, 3: Colour.RGB, 4: Colour.CMYK}.get(channels, Colour.OTHER)


def _channels(space: pikepdf.Object | None) -> int:
    """Components of a colour space; 0 when it is not one of those that scans use."""
    if isinstance(space, pikepdf.Name):
        return _CHANNELS.get(str(space), 0)
    if isinstance(space, pikepdf.Array) and len(space):
        kind = str(space[0])
        if kind == "/ICCBased" and len(space) > 1 and isinstance(space[1], pikepdf.Stream):
            return _whole(space[1].get("/N"))
        return 1 if kind in ("/Indexed", "/Separation") else _CHANNELS.get(kind, 0)
    return 0


def _whole(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError, OverflowError):
        return 0


def _true(value: object) -> bool:
    return value is True or str(value) == "true"


def masks_of(stream: pikepdf.Object) -> Iterator[pikepdf.Stream]:
    """The images that say where this one shows (ISO 32000-1 §8.9.6.3, §11.6.5.3)."""
    for key in ("/SMask", "/Mask"):
        mask = stream.get(key)
        if isinstance(mask, pikepdf.Stream):
            yield mask


def check_inline(stream: pikepdf.Stream, where: str, max_pixels: int) -> Finding | None:
    """The same of an image within the content; a mended fax is broken there, for its end is sought by decoding it."""
    finding = check_image(stream, where, max_pixels)
    if finding is None or (finding.severity is not Severity.WARNING and finding.code != "EX-32"):
        return finding
    return error("EX-05", where, _UNREADABLE.format("Bilddaten beschädigt"))


def check_image(stream: pikepdf.Object, where: str, max_pixels: int) -> Finding | None:
    """Decodes one image; the finding when it is too large or broken."""
    width, height = _whole(stream.get("/Width")), _whole(stream.get("/Height"))
    if width < 1 or height < 1:
        return error("EX-05", where, "Ein Bild der Seite nennt keine Größe. Bitte dieses Blatt neu scannen.")
    if width * height > max_pixels:
        text = f"Ein Bild der Seite hat {width} × {height} Bildpunkte, erlaubt sind {max_pixels}. Bitte gröber scannen."
        return error("EX-06", where, text)
    try:
        why = _decode(stream, width, height, max_pixels)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything (ocr.md §5)
        why = BAD_DATA
    if not why:
        return None
    if why is FaxFault.LOST:
        return error("EX-32", where, LOST)
    if why is FaxFault.LINES:
        return warning("EX-23", where, MENDED)
    if why is JpegFault.SURPLUS:
        return warning("EX-23", where, SURPLUS)
    if why in (JpegFault.UNHEARD, FaxFault.UNHEARD):
        return unheard(where)
    return error("EX-05", where, _UNREADABLE.format(why))


def _decode(stream: pikepdf.Object, width: int, height: int, max_pixels: int) -> str:
    """Decodes an image as cheaply as its coding allows; says in a word what is wrong, or nothing.

    Of a fax that could be mended the word is FaxFault.LINES or LOST, of a JPEG with bytes too many JpegFault.SURPLUS,
    and UNHEARD of one that nobody could be asked about.
    """
    filters = filters_of(stream)
    if not isinstance(stream, pikepdf.Stream):
        return "kein Datenstrom"
    if why := undrawable(stream, filters):
        return why
    match filters:
        case ["/DCTDecode"]:
            return _jpeg(stream.read_raw_bytes(), (width, height), _channels(stream.get("/ColorSpace")), max_pixels)
        case ["/JPXDecode"]:
            with Image.open(io.BytesIO(stream.read_raw_bytes()), formats=("JPEG2000",)) as image:
                if image.width * image.height > _WHOLE_PIXELS // 4:
                    image.reduce = 3  # type: ignore[method-assign,assignment]  # a property for this format
                image.load()
        case ["/FlateDecode"]:
            return _flate(stream, width, height)
        case [*_, "/CCITTFaxDecode"]:
            return _fax(stream, height, max_pixels)
        case ["/JBIG2Decode"]:
            return _jbig2(stream, max_pixels)
        case []:
            return "" if len(stream.read_raw_bytes()) >= _expected(stream, width, height) else "zu wenig Daten"
        case _:
            stream.read_bytes(pikepdf.StreamDecodeLevel.all)
    return ""


def _jpeg(coded: bytes, size: tuple[int, int], channels: int, max_pixels: int) -> str:
    width, height = size
    whole = whole_jpeg(coded)
    if whole.height_added:  # drawn, as documents are, the page would lack it without a word
        return "Bildhöhe fehlt am Anfang"
    data = whole.data
    if process_of(data) > _LAST_PROCESS:  # arithmetic coding is read by Pillow, and drawn black by viewers of PDF
        return "auf eine Art gepackt, die PDF nicht kennt"
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        if image.size != size:
            return "andere Größe als genannt"
        if channels and len(image.getbands()) != channels:  # each viewer makes something else of it, or nothing
            return "andere Farben als genannt"
        image.draft(image.mode if image.mode != "RGB" else "L", (max(1, width // 8), max(1, height // 8)))
        image.load()
    fault = jpeg_fault(data, max_pixels)
    return DAMAGED if fault is JpegFault.DAMAGED else fault or ""


def _jbig2(stream: pikepdf.Stream, max_pixels: int) -> str:
    shared = _parms_of(stream)[0].get("/JBIG2Globals")
    globals_ = shared.read_bytes() if isinstance(shared, pikepdf.Stream) else b""
    return jbig2_fault(stream.read_raw_bytes(), globals_, max_pixels)


def _fax(stream: pikepdf.Stream, height: int, max_pixels: int) -> str:
    """Decodes a fax and hears what had to be mended; where nobody hears that, it is only decoded."""
    *around, (_, parms) = zip(filters_of(stream), _parms_of(stream), strict=False)
    data = _freed(stream.read_raw_bytes(), around)
    if not data:
        return "keine Daten"
    coding = FaxCoding(
        k=_whole(parms.get("/K")),
        columns=_whole(parms.get("/Columns", COLUMNS)),
        rows=_whole(parms.get("/Rows")),
        aligned=_true(parms.get("/EncodedByteAlign")),
        ends=_true(parms.get("/EndOfBlock", True)),
    )
    faults = picture_faults(data, coding, height, max_pixels)
    if faults is None:
        pikepdf.PdfImage(stream).as_pil_image().load()
        return FaxFault.UNHEARD
    if FaxFault.END in faults:
        return "Bilddaten unvollständig"
    return min(faults, default="")


def _parms_of(stream: pikepdf.Stream) -> list[pikepdf.Dictionary]:
    """The parameters of each filter, in their order; empty ones where none are told."""
    value = stream.get("/DecodeParms", stream.get("/DP"))
    told = list(value) if isinstance(value, pikepdf.Array) else [value]
    told += [None] * (len(filters_of(stream)) - len(told))
    return [item if isinstance(item, pikepdf.Dictionary) else pikepdf.Dictionary() for item in told]


def _freed(data: bytes, around: list[tuple[str, pikepdf.Dictionary]]) -> bytes:
    """The data without the filters around them; qpdf has no decoder for images and would free nothing."""
    if not around:
        return data
    with pikepdf.new() as aside:
        part = aside.make_stream(data)
        part.Filter = pikepdf.Array([pikepdf.Name(name) for name, _ in around])
        plain = [{str(key): _whole(value) for key, value in parms.items()} for _, parms in around]
        part.DecodeParms = pikepdf.Array([pikepdf.Dictionary(parms) if parms else None for parms in plain])
        return part.read_bytes(pikepdf.StreamDecodeLevel.specialized)


def _expected(stream: pikepdf.Object, width: int, height: int) -> int:
    """The bytes that the unpacked rows must have at least (ISO 32000-1 §8.9.3); 1 when that cannot be told."""
    bits = 1 if _true(stream.get("/ImageMask")) else _whole(stream.get("/BitsPerComponent"))
    channels = 1 if _true(stream.get("/ImageMask")) else _channels(stream.get("/ColorSpace"))
    return (width * bits * channels + 7) // 8 * height if bits and channels else 1


def _flate(stream: pikepdf.Stream, width: int, height: int) -> str:
    """Unpacks without keeping and counts; a predictor adds a byte per row, which only makes it longer."""
    expected = _expected(stream, width, height)
    found = 0
    try:
        for count in _unpacked(stream.read_raw_bytes()):
            found += count
            if found > 2 * expected + _BLOCK and expected > 1:
                return ""  # more than enough; what follows is not shown
    except zlib.error:
        return "Packfehler"
    return "" if found >= expected else "zu wenig Daten"


def _unpacked(data: bytes) -> Iterator[int]:
    unpack = zlib.decompressobj()
    rest = data
    while rest and not unpack.eof:
        yield len(unpack.decompress(rest, _BLOCK))
        rest = unpack.unconsumed_tail
    yield len(unpack.flush())
