"""What an image file is, learned inside the sandbox: header of every page first, then each page is really decoded.

Runs in a child only. A JPEG is decoded at an eighth of its size, which reads all its bytes at a tenth of the cost.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from akten.files import Colour, FileFacts, FileKind, PageFacts
from akten.findings import Finding, Severity
from ocr.faxlines import LOST, MENDED, FaxFault, fax_faults
from ocr.filefacts import facts_as_json
from ocr.findings import BAD_DATA, error, gathered, info, page, unheard, warning
from ocr.flatpage import is_flat
from ocr.hiddenink import HiddenInk
from ocr.imagestrips import decode_in_parts
from ocr.jp2boxes import complete
from ocr.jp2depth import misread_bits
from ocr.jpegdata import DAMAGED, MOST_BYTES, SURPLUS, JpegFault, joined_by_others, jpeg_fault, tiff_jpeg_fault
from ocr.jpegends import to_open, whole_jpeg
from ocr.pageimage import read_rows, stated_dpi, tiff_tag
from ocr.tiffpages import circle
from ocr.wholeness import missing_part

FORMATS = ("TIFF", "JPEG", "PNG", "JPEG2000")  # MPO is opened as JPEG; Pillow knows no such name to open by
_WHOLE_BYTES = 192 << 20  # an image that needs more memory than this is decoded in parts
_PARTS_BYTES = 1 << 30  # and above this not at all when it cannot be taken apart
_MM = 25.4
_A3_MM = 432.0
_LEAST_PIXELS = 4  # of an edge; a page of PDF has at least 3 units
_NOT_TRUE_BELOW_DPI = 100.0  # 72 and 96 are what programs write when they know nothing
_FAX = (2, 3, 4)  # codings of a TIFF
_EXIF_TURN = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
_COLOURS = {
    "1": Colour.BILEVEL,
    "L": Colour.GRAY,
    "LA": Colour.GRAY,
    "La": Colour.GRAY,
    "P": Colour.PALETTE,
    "PA": Colour.PALETTE,
    "RGB": Colour.RGB,
    "RGBA": Colour.RGB,
    "RGBa": Colour.RGB,
    "RGBX": Colour.RGB,
    "YCbCr": Colour.RGB,
    "CMYK": Colour.CMYK,
}
_MENDED = (b"Bad code", b"Uncompressed data", b"Premature EOL", b"bad 2D")  # libtiff's words for it
_CUT = (b"Premature EOF", b"Read error", b"Not enough data")
_MORE = "Die Datei enthält weitere Bilder (Bewegung oder Vorschau); gelesen wurde nur das erste."
_CIRCLE = (
    "Die Datei ist beschädigt: Auf Seite {} folgt wieder Seite {}. Ob danach noch Seiten kamen, ist nicht zu sehen. "
    "Bitte neu scannen."
)
_NO_END = (
    "Der Datei fehlt die Marke an ihrem Ende; alle Bildpunkte sind da. Sie kann unterwegs gekürzt worden sein. "
    "Bitte ansehen."
)
_BROKEN = "Die Seite lässt sich nicht ganz lesen ({}). Bitte dieses Blatt neu scannen."


@dataclass(slots=True)
class _Look:
    """What was seen so far; `flat` pages show one colour and nothing else."""

    pages: list[PageFacts] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    flat: int = 0


def examine_image(payload: dict[str, Any]) -> dict[str, Any]:
    """The facts of one image file as plain values; a bad file gives findings."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before any pixel is read
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    look = _Look()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _look_at(Path(payload["path"]), payload, look)
    if not look.pages and not look.findings:
        look.findings.append(error("EX-22", "Datei", "Die Datei hat keine Seite. Bitte neu scannen."))
    more = any(finding.code == "EX-24" for finding in look.findings)  # pictures that nobody looked at
    flat = 0 < len(look.pages) == look.flat and not more
    found = FileFacts(FileKind.IMAGE, payload["mime"], tuple(look.pages), gathered(look.findings), flat=flat)
    return facts_as_json(found)


def _look_at(path: Path, payload: dict[str, Any], look: _Look) -> None:
    try:
        image = Image.open(to_open(path), formats=FORMATS)
        complete(image, path)
    except (MemoryError, FileNotFoundError, PermissionError):  # the last two are no fault of the file
        raise
    except Exception:  # noqa: BLE001 - Pillow's readers raise nearly anything (ocr.md §5)
        text = (
            "Das Bild ist beschädigt oder auf eine Art gespeichert, die nicht gelesen werden kann. "
            "Bitte neu scannen oder als TIFF (Grau, RGB oder schwarz-weiß, 8 Bit) liefern."
        )
        look.findings.append(error("EX-04", "Datei", text))
        return
    number = 0
    while True:
        number += 1
        if number > payload["max_pages"]:
            text = f"Die Datei hat mehr als {payload['max_pages']} Seiten. Bitte teilen."
            look.findings.append(error("EX-08", "Datei", text))
            return
        _one_page(image, number, payload, look)
        if image.format != "TIFF":  # further frames of PNG and JPEG are animation or previews, not pages
            if getattr(image, "n_frames", 1) > 1:
                look.findings.append(info("EX-24", "Datei", _MORE))
            return
        try:
            image.seek(number)
        except EOFError:
            if round_again := circle(path, number + 1):
                look.findings.append(error("EX-04", "Datei", _CIRCLE.format(*round_again)))
            return
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - as above
            text = (
                "Die Seite ist beschädigt oder auf eine Art gespeichert, die nicht gelesen werden kann (auch Masken). "
                "Bitte dieses Blatt neu scannen, oder die Datei als gewöhnliches TIFF liefern."
            )
            look.findings.append(error("EX-04", page(number + 1), text))
            return


def _one_page(image: Image.Image, number: int, payload: dict[str, Any], look: _Look) -> None:
    where = page(number)
    read_rows(image)
    width, height = image.size
    mode = image.mode
    dpi, note = _dpi(image)
    colour = _COLOURS.get(mode, Colour.GRAY if mode.startswith("I") else Colour.OTHER)
    width_mm = round(width / dpi[0] * _MM, 2) if dpi else 0.0
    height_mm = round(height / dpi[1] * _MM, 2) if dpi else 0.0
    look.pages.append(
        PageFacts(
            number=number,
            width_mm=width_mm,
            height_mm=height_mm,
            width_px=width,
            height_px=height,
            dpi=round(dpi[0], 2) if dpi else None,
            colour=colour,
            image_only=True,
            rotate=_turn(image),
        )
    )
    if note:
        look.findings.append(info("EX-19", where, note))
    if width * height > payload["max_pixels"]:
        text = (
            f"Das Bild hat {width} × {height} Bildpunkte, erlaubt sind {payload['max_pixels']}. Bitte gröber scannen."
        )
        look.findings.append(error("EX-06", where, text))
        return
    if max(width_mm, height_mm) > payload["max_page_mm"]:
        text = f"Die Seite misst {width_mm:.0f} × {height_mm:.0f} mm, erlaubt sind {payload['max_page_mm']:.0f} mm."
        look.findings.append(error("EX-07", where, text))
        return
    if min(width, height) < _LEAST_PIXELS or 0 < min(width_mm, height_mm) < 1:
        text = f"Das Bild hat {width} × {height} Bildpunkte; das ist keine Seite. Bitte neu scannen."
        look.findings.append(error("EX-07", where, text))
        return
    look.findings.extend(_header_findings(image, where))
    hidden = HiddenInk(image.info.get("transparency"))
    faults = list(_decoded(image, Path(payload["path"]), where, payload["max_pixels"], hidden))
    look.findings.extend(faults)
    if not any(fault.severity is not Severity.INFO for fault in faults):
        misread = list(_misread(image, Path(payload["path"]), where, hidden))
        look.findings.extend(misread)
        look.flat += not misread and is_flat(image, Path(payload["path"]))
    if colour in (Colour.CMYK, Colour.OTHER) and not image.info.get("icc_profile"):
        text = f"Die Farben ({mode}) haben kein Profil; sie werden für die Fassung in sRGB umgerechnet."
        look.findings.append(info("EX-25", where, text))


def _turn(image: Image.Image) -> int:
    if image.format == "TIFF":  # Pillow turns these itself while it loads them
        return 0
    if image.format == "PNG" and "exif" not in image.info:  # else Pillow decodes all pixels to look behind them
        return 0
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - broken Exif data raise nearly anything; then nothing is known
        return 0
    return _EXIF_TURN.get(value, 0) if isinstance(value, int) else 0


def _dpi(image: Image.Image) -> tuple[tuple[float, float] | None, str]:
    """What the file says of its resolution when that can be true, and else a German note why not."""
    value = stated_dpi(image)
    try:
        x, y = float(value[0]), float(value[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None, "Die Datei nennt keine Auflösung; es gilt die des Scanprofils."
    if not (math.isfinite(x) and math.isfinite(y)):
        return None, "Die Datei nennt keine Auflösung; es gilt die des Scanprofils."
    absurd = not (50 <= x <= 4800 and 50 <= y <= 4800 and 0.25 <= x / y <= 4)
    if not absurd:
        longest = max(image.width / x, image.height / y) * _MM
        absurd = longest < 20 or (min(x, y) < _NOT_TRUE_BELOW_DPI and longest > _A3_MM)
    if absurd:
        return None, f"Die genannte Auflösung ({x:.0f} × {y:.0f} dpi) kann nicht stimmen; es gilt die des Scanprofils."
    return (x, y), ""


def _header_findings(image: Image.Image, where: str) -> Iterator[Finding]:
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return
    counts = tags.get(279, tags.get(325))
    sizes = counts if isinstance(counts, tuple) else (counts,)
    if counts is None or not any(sizes):
        text = (
            "Die Datei nennt die Länge ihrer Bilddaten nicht (StripByteCounts); sie wurde aus dem Zusammenhang gelesen."
        )
        yield warning("EX-20", where, text)
    kind = tags.get(254, 0)
    if isinstance(kind, int) and kind & 1:
        yield warning("EX-24", where, "Diese Seite ist als Vorschau einer anderen gekennzeichnet.")
        if 330 in tags:
            text = (
                "Die Seite ist nur eine Vorschau; das eigentliche Bild liegt versteckt in ihr (SubIFD). "
                "Bitte als gewöhnliches TIFF neu liefern."
            )
            yield error("EX-24", where, text)
    if not tiff_tag(image, 262) and tags.get(259) not in _FAX:  # a fax has 0 for white by old use
        text = (
            "Die Datei sagt nicht, welcher Wert weiß ist (PhotometricInterpretation); gelesen wurde 0 als weiß. "
            "Bitte ansehen, ob die Seite umgekehrt erscheint; dann neu liefern."
        )
        yield warning("EX-30", where, text)
    table = tags.get(320)
    if image.mode == "P" and isinstance(table, tuple) and table and 0 < max(table) < 256:
        text = (
            "Die Farbtabelle ist falsch geschrieben (mit 8 statt 16 Bit); die Seite erschiene schwarz. "
            "Bitte als TIFF in Grau oder RGB neu liefern."
        )
        yield error("EX-30", where, text)


def _misread(image: Image.Image, path: Path, where: str, hidden: HiddenInk) -> Iterator[Finding]:
    """Pixels that come out wrong although every one was decoded; looks only at what lies in memory already, or was
    looked at in parts while it was read (`hidden`).
    """
    bits = misread_bits(path) if image.format == "JPEG2000" else 0
    if bits:
        text = f"JPEG 2000 mit {bits} Bit je Farbe wird falsch gelesen. Bitte mit 8 Bit oder als TIFF neu liefern."
        yield error("EX-30", where, text)
    if 2 in tiff_tag(image, 339) and tiff_tag(image, 258)[:1] == (8,):
        text = "Zahlen mit Vorzeichen (8 Bit) werden falsch gelesen. Bitte als TIFF in Grau oder RGB neu liefern."
        yield error("EX-30", where, text)
    if _parted_and_misread(image):
        text = "Farben in getrennten Ebenen werden hier falsch gelesen. Bitte als gewöhnliches TIFF in RGB neu liefern."
        yield error("EX-30", where, text)
        return
    if image.mode == "I" and "transparency" not in image.info:
        if image.width * image.height * 4 > _WHOLE_BYTES:
            return
        tags = getattr(image, "tag_v2", {})
        if tags.get(339, (1,)) in ((1,), 1) and int(image.getextrema()[0]) < 0:  # type: ignore[arg-type]
            text = "So große ganze Zahlen (32 Bit) werden falsch gelesen. Bitte mit 8 oder 16 Bit neu liefern."
            yield error("EX-30", where, text)
        return
    if hidden.all_of_it:
        text = (
            "Was auf der Seite steht, ist durchsichtig oder weiß auf durchsichtigem Grund; auf Weiß bliebe davon "
            "nichts. Bitte ohne Durchsichtigkeit neu speichern und neu liefern."
        )
        yield error("EX-30", where, text)


def _parted_and_misread(image: Image.Image) -> bool:
    """True for a TIFF with one plane after the other (PlanarConfiguration 2) that Pillow 13.0 reads wrong, silently.

    It mixes gray and its transparency; what it does to colours is known to `read_rows`. Found by reading every
    combination of the tags.
    """
    return tiff_tag(image, 284) == (2,) and image.mode in ("LA", "La")


def _decoded(image: Image.Image, path: Path, where: str, max_pixels: int, hidden: HiddenInk) -> Iterator[Finding]:
    """Reads all pixels of the page once; says what went wrong."""
    with _complaints() as heard:
        try:
            _read_pixels(image, path, hidden)
            faults = fax_faults(image, path)
            missing = missing_part(image, path)
        except MemoryError:
            text = (
                "Das Bild ist zu groß, um gelesen zu werden. Bitte gröber, in Teilen oder gestreift als TIFF scannen."
            )
            yield error("EX-06", where, text)
            return
        except Exception:  # noqa: BLE001 - Pillow's decoders raise nearly anything (ocr.md §5)
            yield error("EX-05", where, _BROKEN.format(BAD_DATA))
            return
    said = b"".join(heard)
    mended = FaxFault.LINES in faults or any(word in said for word in _MENDED)
    if missing:
        yield error("EX-05", where, _BROKEN.format(missing))
    elif FaxFault.END in faults or (not mended and any(word in said for word in _CUT)):
        yield error("EX-05", where, _BROKEN.format("Bilddaten unvollständig"))
    elif FaxFault.LOST in faults:
        yield error("EX-32", where, LOST)
    elif mended:
        yield warning("EX-23", where, MENDED)
    if image.format in ("JPEG", "MPO"):
        with path.open("rb") as file:
            whole = whole_jpeg(file.read(MOST_BYTES + 1))
        jpeg = jpeg_fault(whole.data, max_pixels)
        if image.format == "JPEG" and joined_by_others(whole.data):
            yield info("EX-24", "Datei", _MORE)
        if whole.end_added:
            yield warning("EX-23", where, _NO_END)
            return
    else:
        jpeg = tiff_jpeg_fault(image, path)
    if jpeg is JpegFault.DAMAGED:
        yield error("EX-05", where, _BROKEN.format(DAMAGED))
    elif jpeg is JpegFault.SURPLUS:
        yield warning("EX-23", where, SURPLUS)
    if jpeg is JpegFault.UNHEARD or FaxFault.UNHEARD in faults:
        yield unheard(where)


def _read_pixels(image: Image.Image, path: Path, hidden: HiddenInk) -> None:
    width, height = image.size
    if image.format in ("JPEG", "MPO"):
        image.draft(image.mode if image.mode != "RGB" else "L", (max(1, width // 8), max(1, height // 8)))
        image.load()
        return
    need = width * height * {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}.get(image.mode, 4)
    can_hide = image.mode in ("LA", "RGBA") or "transparency" in image.info  # one colour of a PNG that is not shown
    if need > _WHOLE_BYTES:
        if decode_in_parts(image, path, hidden.see if can_hide else None):
            return
        if need > _PARTS_BYTES:
            raise MemoryError
    image.load()
    if can_hide:
        hidden.see(image)


@contextlib.contextmanager
def _complaints() -> Iterator[list[bytes]]:
    """What the C libraries write to standard error meanwhile: libtiff tells there, and only there, of wrong codes."""
    heard: list[bytes] = []
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield heard
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            if told := file.read(1 << 16):
                heard.append(told)
