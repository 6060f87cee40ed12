"""Faxes as machines write them: the codings of T.4 and T.6 in TIFF and PDF, all good, built line by line from bits.

Lines that begin at words (32771) are left out: libtiff 4.7 loses its place in them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pikepdf
from PIL import Image

from tests.ocr.oddtiffs import SIZE, Page, backwards, strip_of, tiff, truth

EOL = "0" * 11 + "1"
_TO_FILL, _ALIGNED = 17, 4  # zeros before a mark; T4Options bit 2


def bits_of(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def bytes_of(bits: str) -> bytes:
    """Filled up with zeros to a whole byte."""
    return bytes(int(bits[place : place + 8].ljust(8, "0"), 2) for place in range(0, len(bits), 8))


def lines_of(strip: bytes) -> list[str]:
    """The codes of each line of a Group 3 strip; a code may end in zeros, so a mark is its last 12 bits."""
    bits = bits_of(strip)
    marks = [(match.start(), match.end()) for match in re.finditer("0{11,}1", bits)]
    ends = [end - len(EOL) for _, end in marks[1:]] + [len(bits)]
    return [bits[start:end] for (_, start), end in zip(marks, ends, strict=True)]


def marked(lines: Sequence[str], before: str = "") -> str:
    return "".join(before + EOL + line for line in lines)


def fax(coding: int, strip: bytes, fill: int = 1, **tags: int) -> bytes:
    own = {int(tag[1:]): value for tag, value in tags.items()}
    data = backwards(strip) if fill == 2 else strip
    return tiff(Page([data], {258: 1, 259: coding, 262: 1, 266: fill, 278: SIZE[1], **own}))


def one_way() -> list[str]:
    return lines_of(strip_of("group3", info={292: 0})[0])


def two_way() -> list[str]:
    return lines_of(strip_of("group3", info={292: 1})[0])


def g4(cut: str = "") -> bytes:
    """Group 4, without the given end and the padding behind it."""
    strip, _ = strip_of("group4")
    bits = bits_of(strip).rstrip("0")
    return bytes_of(bits.removesuffix(cut.lstrip("0")).removesuffix("0" * (len(cut) - len(cut.lstrip("0")))))


def unmarked() -> bytes:
    """Lines that begin at a byte and have no marks (2)."""
    return b"".join(bytes_of(line) for line in one_way())


def _aligned(lines: Sequence[str]) -> str:
    """Marks that end at a byte."""
    bits = ""
    for line in lines:
        bits += "0" * (-(len(bits) + len(EOL)) % 8) + EOL + line
    return bits


def at_bytes(lines: Sequence[str]) -> bytes:
    """Marks that begin at a byte, as /EncodedByteAlign of a PDF means it; those of TIFF end at one."""
    return b"".join(bytes_of(EOL + line) for line in lines)


def _tiled() -> bytes:
    tiles, edge = [], 144
    for top in range(0, SIZE[1], edge):
        for left in range(0, SIZE[0], edge):
            tile = Image.new("1", (edge, edge), 1)
            tile.paste(truth("1").crop((left, top, min(left + edge, SIZE[0]), min(top + edge, SIZE[1]))))
            tiles.append(g4_strip(tile))
    return tiff(Page(tiles, {258: 1, 259: 4, 262: 0, 322: edge, 323: edge}, tiled=True))


def g4_strip(image: Image.Image) -> bytes:
    """What libtiff makes of a picture, white as zero."""
    target = io.BytesIO()
    image.save(target, "TIFF", compression="group4", tiffinfo={262: 0, 278: image.height})
    with Image.open(target) as made:
        (place,), (length,) = made.tag_v2[273], made.tag_v2[279]  # type: ignore[attr-defined]
    return target.getvalue()[place : place + length]


def saved(image: Image.Image, compression: str, rows: int, **tags: int) -> bytes:
    """As Pillow saves it, in strips of so many rows."""
    target = io.BytesIO()
    own = {int(tag[1:]): value for tag, value in tags.items()}
    image.save(target, "TIFF", compression=compression, dpi=(72, 72), tiffinfo={**own, 278: rows})
    return target.getvalue()


GOOD: dict[str, Callable[[], bytes]] = {
    "g3.tif": lambda: fax(3, bytes_of(marked(one_way())), t292=0),
    "g3-return.tif": lambda: fax(3, bytes_of(marked(one_way()) + EOL * 6), t292=0),
    "g3-return-fill2.tif": lambda: fax(3, bytes_of(marked(one_way()) + EOL * 6), 2, t292=0),
    "g3-filled.tif": lambda: fax(3, bytes_of(marked(one_way(), "0" * _TO_FILL) + EOL * 6), t292=0),
    "g3-aligned.tif": lambda: fax(3, bytes_of(_aligned(one_way())), t292=_ALIGNED),
    "g3-aligned-return.tif": lambda: fax(3, bytes_of(_aligned([*one_way(), *[""] * 6])), t292=_ALIGNED),
    "g3-aligned-untold.tif": lambda: fax(3, bytes_of(_aligned(one_way()))),
    "g3-unmarked.tif": lambda: fax(3, bytes_of("".join(one_way())), t292=0),
    "g3-unmarked-fill2.tif": lambda: fax(3, bytes_of("".join(one_way())), 2, t292=0),
    "g3-2d.tif": lambda: fax(3, bytes_of(marked(two_way())), t292=1),
    "g3-2d-return.tif": lambda: fax(3, bytes_of(marked(two_way()) + (EOL + "1") * 6), t292=1),
    "g3-2d-aligned-fill2.tif": lambda: fax(3, bytes_of(_aligned(two_way())), 2, t292=1 | _ALIGNED),
    "g3-2d-unmarked.tif": lambda: fax(3, bytes_of("".join(two_way())), t292=1),
    "rle.tif": lambda: fax(2, unmarked()),
    "rle-fill2.tif": lambda: fax(2, unmarked(), 2),
    "g4.tif": lambda: fax(4, g4()),
    "g4-fill2.tif": lambda: fax(4, g4(), 2),
    "g4-half-end.tif": lambda: fax(4, g4(EOL)),
    "g4-no-end.tif": lambda: fax(4, g4(EOL * 2)),
    "g4-padded.tif": lambda: fax(4, g4() + bytes(50)),
    "g4-unknown-tag.tif": lambda: fax(4, g4(), t65000=1),
    "g4-tiled.tif": _tiled,
    "strips-g3.tif": lambda: saved(truth("1"), "group3", 64),
    "strips-g3-2d.tif": lambda: saved(truth("1"), "group3", 50, t292=5),
    "strips-rle.tif": lambda: saved(truth("1"), "tiff_ccitt", 7),
    "strips-g4.tif": lambda: saved(truth("1"), "group4", 1),
}


def fax_pdf(path: Path, *pictures: tuple[bytes, Mapping[str, object]], height: int = SIZE[1]) -> Path:
    """A PDF whose pages are one fax picture each: its data, and the parameters of the filter."""
    with pikepdf.new() as pdf:
        for data, parms in pictures:
            fax_page(pdf, data, parms, height)
        pdf.save(path)
    return path


def fax_page(pdf: pikepdf.Pdf, data: bytes, parms: Mapping[str, object], height: int = SIZE[1]) -> pikepdf.Stream:
    """One more page that is nothing but a fax picture."""
    pdf.add_blank_page(page_size=(SIZE[0], height))
    stream = pdf.make_stream(data)
    stream.Type, stream.Subtype, stream.Filter = pikepdf.Name.XObject, pikepdf.Name.Image, pikepdf.Name.CCITTFaxDecode
    stream.Width, stream.Height = SIZE[0], height
    stream.BitsPerComponent, stream.ColorSpace = 1, pikepdf.Name.DeviceGray
    stream.DecodeParms = pikepdf.Dictionary({f"/{key}": value for key, value in {"Columns": SIZE[0], **parms}.items()})
    pdf.pages[-1].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=stream))
    pdf.pages[-1].Contents = pdf.make_stream(f"q {SIZE[0]} 0 0 {height} 0 0 cm /Im0 Do Q".encode())
    return stream


_RETURN, _TWO_WAY_RETURN = EOL * 6, (EOL + "1") * 6
GOOD_PICTURES: dict[str, tuple[Callable[[], bytes], dict[str, object]]] = {  # all with black as 1
    "g4": (g4, {"K": -1}),
    "g4-no-end": (lambda: g4(EOL * 2), {"K": -1, "EndOfBlock": False}),
    "g4-end-untold": (lambda: g4(EOL * 2), {"K": -1}),
    "g4-rows": (g4, {"K": -1, "Rows": SIZE[1]}),
    "g4-rows-too-many": (g4, {"K": -1, "Rows": 2000}),
    "g4-rows-too-few": (g4, {"K": -1, "Rows": 10}),
    "g4-line-told-but-absent": (g4, {"K": -1, "EndOfLine": True}),
    "g4-newline-behind": (lambda: g4() + b"\r\n", {"K": -1}),
    "g3": (lambda: bytes_of(marked(one_way())), {"EndOfLine": True}),
    "g3-return": (lambda: bytes_of(marked(one_way()) + _RETURN), {"K": 0}),
    "g3-filled": (lambda: bytes_of(marked(one_way(), "0" * _TO_FILL) + _RETURN), {"K": 0, "EndOfLine": True}),
    "g3-marks-at-bytes": (lambda: at_bytes([*one_way(), *[""] * 6]), {"EncodedByteAlign": True}),
    "g3-unmarked": (lambda: bytes_of("".join(one_way())), {"K": 0, "EndOfBlock": False}),
    "g3-unmarked-return": (lambda: bytes_of("".join(one_way()) + _RETURN), {"K": 0}),
    "g3-unmarked-newline-behind": (lambda: bytes_of("".join(one_way()) + _RETURN) + b"\r\n", {"K": 0}),
    "g3-bytes": (unmarked, {"K": 0, "EncodedByteAlign": True, "EndOfBlock": False}),
    "g3-bytes-return": (lambda: unmarked() + bytes_of(_RETURN), {"EncodedByteAlign": True}),
    "g3-2d": (lambda: bytes_of(marked(two_way())), {"K": 4}),
    "g3-2d-return": (lambda: bytes_of(marked(two_way()) + _TWO_WAY_RETURN), {"K": 1, "EndOfLine": True}),
    "g3-2d-marks-at-bytes": (lambda: at_bytes(two_way()), {"K": 4, "EncodedByteAlign": True}),
}
