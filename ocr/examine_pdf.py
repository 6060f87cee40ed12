"""What a PDF file is, learned inside the sandbox: structure, pages, images, fonts, and all that an archive must know.

Follows ISO 32000-1. Runs in a child only; qpdf gets limits of its own, so that a stream of 400 MB costs no memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf.settings import set_qpdf_limits

from akten.files import Colour, FileFacts, FileKind, Form, PageFacts
from akten.findings import Finding
from akten.plural import plural
from ocr.filefacts import FEW_LETTERS, facts_as_json
from ocr.findings import error, gathered, info, page, warning
from ocr.pdfaclaim import claim_in
from ocr.pdfcontent import PageContent, TooMuch, read_content
from ocr.pdffeatures import Features, look_for_features
from ocr.pdfimages import check_image, check_inline, colour_of, masks_of

_MM_PER_POINT = 25.4 / 72
_COVERED = 0.90  # of the page, by the one image of a scanned page: some devices leave a rim
_HALF = 0.5  # of the page, by all images of one that may bear its words as a picture
_FEW_HIDDEN = 60  # letters of a number, or of „Seite 1 von 12“; in some fonts a letter counts twice
_NOT_SEEN = 2 | 32  # hidden, no view: ISO 32000-1, table 165
_MOST_FINDINGS = 200  # a file with more of them is not told better by more
_DAMAGED = "Die PDF-Datei ist beschädigt und lässt sich nicht öffnen. Bitte neu erzeugen oder neu liefern."
_MUTE = (
    "Die Schriften der Seite sagen nicht, welche Buchstaben sie zeigen. Ihr Text wird deshalb gelesen wie der eines "
    "Scans; was sich aus der Seite selbst kopieren lässt, bleibt unverständlich."
)
_XMP_BYTES = 64 << 20  # drawing programs keep histories and thumbnails there, and the claim may stand behind them


@dataclass(slots=True)
class _Look:
    """What was seen so far; images are decoded once each, however many pages show them."""

    payload: dict[str, Any]
    pages: list[PageFacts] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    images: dict[tuple[int, int], Finding | None] = field(default_factory=dict)

    def say(self, finding: Finding) -> None:
        """Notes a finding once, up to a bound."""
        if len(self.findings) < self.payload["max_pages"] + _MOST_FINDINGS and finding not in self.findings:
            self.findings.append(finding)


def examine_pdf(payload: dict[str, Any]) -> dict[str, Any]:
    """The facts of one PDF as plain values; a bad file gives findings."""
    most = int(payload["max_stream_bytes"])
    set_qpdf_limits(
        flate_max_memory=most,
        run_length_max_memory=most,
        png_max_memory=most,
        tiff_max_memory=most,
        doc_max_warnings=500,
    )
    path = Path(payload["path"])
    look = _Look(payload)
    try:
        pdf = pikepdf.open(path, suppress_warnings=True, attempt_recovery=True)
    except pikepdf.PasswordError:
        text = "Die PDF-Datei ist mit einem Kennwort verschlossen. Bitte ohne Kennwort neu liefern."
        look.say(error("EX-10", "Datei", text))
        return facts_as_json(FileFacts(FileKind.PDF, payload["mime"], (), tuple(look.findings), encrypted=True))
    except (pikepdf.PikepdfError, RecursionError, ValueError) as reason:
        empty = "no pages found" in str(reason)  # qpdf opens no such file, whole or damaged
        look.say(_no_page() if empty else error("EX-04", "Datei", _DAMAGED))
        return facts_as_json(FileFacts(FileKind.PDF, payload["mime"], (), tuple(look.findings)))
    with pdf:
        return facts_as_json(_facts(pdf, path, look))


def _no_page() -> Finding:
    return error("EX-22", "Datei", "In der PDF-Datei ist keine Seite zu finden. Bitte neu liefern.")


def _facts(pdf: pikepdf.Pdf, path: Path, look: _Look) -> FileFacts:
    features = Features()
    try:
        count = len(pdf.pages)
        features = look_for_features(pdf)
        if not count:
            look.say(_no_page())
        if count > look.payload["max_pages"]:
            text = f"Die Datei hat {count} Seiten, erlaubt sind {look.payload['max_pages']}. Bitte teilen."
            look.say(error("EX-08", "Datei", text))
        else:
            for number in range(1, count + 1):
                _one_page(pdf, number, look, features)
    except (pikepdf.PikepdfError, RecursionError, ValueError, TypeError, KeyError, AttributeError):
        look.say(error("EX-04", "Datei", _DAMAGED))
    claim = pdfa_claim(pdf)
    if claim and look.pages and all(this.has_text for this in look.pages):
        # A scan that already is PDF/A with text is not read anew: the document path keeps it when it is valid.
        look.pages = [replace(this, image_only=False) for this in look.pages]
    for this in look.pages:
        if this.mute and not this.image_only:
            look.say(info("EX-33", page(this.number), _MUTE))
    repaired = _repaired(pdf, path)
    for finding in (*_feature_findings(features), *_repair_findings(repaired)):
        look.say(finding)
    return FileFacts(
        kind=FileKind.PDF,
        mime=look.payload["mime"],
        pages=tuple(look.pages),
        findings=gathered(look.findings),
        signatures=features.signatures,
        form=features.form,
        attachments=features.attachments,
        javascript=features.javascript,
        encrypted=bool(pdf.is_encrypted),
        pdfa_claim=claim,
        repaired=repaired,
        unembedded_fonts=tuple(sorted(features.unembedded_fonts)),
    )


def _one_page(pdf: pikepdf.Pdf, number: int, look: _Look, features: Features) -> None:
    where = page(number)
    this = pdf.pages[number - 1]
    features.look_at_page(this)
    width, height, rotate = _measures(this)
    content = PageContent(whole=False)
    try:
        content = read_content(pdf, this, look.payload["max_stream_bytes"])
    except TooMuch:
        most = look.payload["max_stream_bytes"] >> 20
        text = f"Der Inhalt der Seite ist entpackt größer als {most} MB. Bitte die Seite neu erzeugen oder scannen."
        look.say(error("EX-09", where, text))
    except (
        pikepdf.PikepdfError,
        RecursionError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
    ):
        text = "Der Inhalt der Seite ist beschädigt und nicht zu lesen. Bitte die Seite neu erzeugen oder scannen."
        look.say(error("EX-04", where, text))
    image = content.images[0] if len(content.images) == 1 else None
    pixels, dpi, colour, covered = (0, 0), None, Colour.OTHER, 0.0
    if image is not None:
        stream, matrix = image
        pixels = (_whole(stream.get("/Width")), _whole(stream.get("/Height")))
        across = (matrix.a**2 + matrix.b**2) ** 0.5 * _unit(this) / 72
        dpi = round(pixels[0] / across, 2) if across > 0 else None
        colour = colour_of(stream)
        area = width * height / _MM_PER_POINT**2
        covered = abs(matrix.determinant) * _unit(this) ** 2 / area if area > 0 else 0.0
    nothing_else = not (content.paints or content.shows_text or content.inline_images or content.missing)
    look.pages.append(
        PageFacts(
            number=number,
            width_mm=round(width, 2),
            height_mm=round(height, 2),
            width_px=pixels[0],
            height_px=pixels[1],
            dpi=dpi if dpi is not None and 10 <= dpi <= 10_000 else None,
            colour=colour,
            image_only=bool(image and nothing_else and content.whole and covered >= _COVERED and not _drawn_over(this)),
            has_text=content.shows_text or content.hidden_text,
            pictured=_pictured(content, width * height / _MM_PER_POINT**2 / _unit(this) ** 2)
            or (content.empty and _shows_notes(this)),
            mute=content.mute_letters > max(_FEW_HIDDEN, (content.letters + content.hidden_letters) // 2),
            rotate=rotate,
        )
    )
    _page_findings(where, width, height, content, look, cropped=_cropped(this), noted=_shows_notes(this))


def _pictured(content: PageContent, area: float) -> bool:
    """True when words of the page may be a picture: it shows no text, or a few letters on a page-filling image.

    A hidden text layer is believed: somebody has read the page before. Not so a hidden number on a page-filling image,
    as programs set them that manage documents. `area` in square units of the page.
    """
    if content.empty or content.hidden_letters > _FEW_HIDDEN:
        return False
    if not content.whole or not (content.shows_text or content.hidden_text):
        return not (content.shows_text or content.hidden_text)
    covered = sum(abs(matrix.determinant) for _, matrix in content.images)
    return content.letters <= FEW_LETTERS and area > 0 and covered >= _HALF * area


def _page_findings(
    where: str, width: float, height: float, content: PageContent, look: _Look, *, cropped: bool, noted: bool
) -> None:
    most_mm = look.payload["max_page_mm"]
    if max(width, height) > most_mm or min(width, height) < 1:
        text = (
            f"Die Seite misst {width:.0f} × {height:.0f} mm; erlaubt sind 1 bis {most_mm:.0f} mm. Bitte neu erzeugen."
        )
        look.say(error("EX-07", where, text))
    if content.missing:
        text = (
            "Die Seite nennt ein Bild, das in der Datei fehlt: sie bliebe ganz oder teilweise leer. Bitte neu liefern."
        )
        look.say(error("EX-13", where, text))
    if cropped:
        text = "Die Seite zeigt nur einen Ausschnitt ihrer Fläche (CropBox); was außerhalb liegt, bleibt im Original."
        look.say(info("EX-29", where, text))
    if content.empty and not noted:
        look.say(info("EX-26", where, "Die Seite ist leer: sie zeichnet nichts."))
    for stream in (part for image, _ in content.images for part in (image, *masks_of(image))):
        key = stream.objgen
        if key not in look.images:
            look.images[key] = check_image(stream, where, look.payload["max_pixels"])
        finding = look.images[key]
        if finding is not None:
            look.say(finding)
    for inline in content.inline:
        finding = check_inline(inline, where, look.payload["max_pixels"])
        if finding is not None:
            look.say(finding)


def _measures(this: pikepdf.Page) -> tuple[float, float, int]:
    """Width and height of the visible page in mm before /Rotate, and /Rotate in whole quarter turns."""
    media, crop = _box(this.obj.get("/MediaBox")), _box(this.obj.get("/CropBox"))
    if media is None:
        media = (0.0, 0.0, 612.0, 792.0)
    seen = crop or media
    left, bottom = max(media[0], seen[0]), max(media[1], seen[1])
    right, top = min(media[2], seen[2]), min(media[3], seen[3])
    if right - left < 3 or top - bottom < 3:
        left, bottom, right, top = media
    scale = _unit(this) * _MM_PER_POINT
    turn = _whole(this.obj.get("/Rotate", 0)) % 360
    return (right - left) * scale, (top - bottom) * scale, turn if turn % 90 == 0 else 0


def _cropped(this: pikepdf.Page) -> bool:
    """True when the visible part is smaller than the sheet by more than a rim of 3 mm."""
    media, crop = _box(this.obj.get("/MediaBox")), _box(this.obj.get("/CropBox"))
    if media is None or crop is None:
        return False
    rim = 3 / (_MM_PER_POINT * _unit(this))
    return any(crop[place] - media[place] > rim for place in (0, 1)) or any(
        media[place] - crop[place] > rim for place in (2, 3)
    )


def _box(value: pikepdf.Object | None) -> tuple[float, float, float, float] | None:
    if not isinstance(value, pikepdf.Array) or len(value) < 4:
        return None
    try:
        x0, y0, x1, y1 = (float(item) for item in list(value)[:4])
    except (TypeError, ValueError):
        return None
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _unit(this: pikepdf.Page) -> float:
    """/UserUnit (ISO 32000-1 table 30): points per unit."""
    try:
        unit = float(this.obj.get("/UserUnit", 1))
    except (TypeError, ValueError):
        return 1.0
    return unit if 0 < unit <= 75_000 else 1.0


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def _drawn_over(this: pikepdf.Page) -> bool:
    """True when annotations other than links may show something on the page."""
    annotations = this.obj.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return False
    return any(
        isinstance(item, pikepdf.Dictionary) and str(item.get("/Subtype")) not in ("/Link", "/Popup")
        for item in list(annotations)[:1000]
    )


def _shows_notes(this: pikepdf.Page) -> bool:
    """True when annotations may show something: whoever stamps a scan on an empty page leaves all of it in one."""
    annotations = this.obj.get("/Annots")
    shown = (_shown_kind(item) for item in list(annotations)[:1000]) if isinstance(annotations, pikepdf.Array) else ()
    return any(shown)


def _shown_kind(item: pikepdf.Object) -> bool:
    return (
        isinstance(item, pikepdf.Dictionary)
        and str(item.get("/Subtype")) not in ("/Link", "/Popup", "/FileAttachment")
        and not _whole(item.get("/F", 0)) & _NOT_SEEN
    )


def pdfa_claim(pdf: pikepdf.Pdf) -> str | None:
    """The flavour the file says it has, such as "2b"; None when it claims nothing (ISO 19005-2 §6.6.4)."""
    try:
        metadata = pdf.Root.get("/Metadata")
        if not isinstance(metadata, pikepdf.Stream):
            return None
        data = metadata.read_bytes()[:_XMP_BYTES]
    except (pikepdf.PikepdfError, AttributeError):
        return None
    return claim_in(data)


def _repaired(pdf: pikepdf.Pdf, path: Path) -> tuple[str, ...]:
    """What qpdf had to mend, without the path of the file; numbers and places stay."""
    told = []
    for text in pdf.get_warnings()[:20]:
        plain = str(text).replace(str(path), "").replace(path.name, "").strip(" :")
        told.append(re.sub(r"[^\x20-\x7e]", "?", plain)[:160])
    return tuple(dict.fromkeys(told))


def _repair_findings(repaired: tuple[str, ...]) -> tuple[Finding, ...]:
    if not repaired:
        return ()
    places = plural(len(repaired), "Stelle", "Stellen")
    text = f"Die Datei ist beschädigt und wurde beim Lesen repariert ({places}). Bitte ansehen."
    return (warning("EX-12", "Datei", text),)


def _feature_findings(features: Features) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if features.encrypted:
        text = "Die Datei ist verschlüsselt, aber ohne Kennwort lesbar; die Fassung wird unverschlüsselt sein."
        found.append(warning("EX-11", "Datei", text))
    if features.signatures:
        signed = plural(features.signatures, "digitale Signatur", "digitale Signaturen")
        text = f"Die Datei trägt {signed}; das Original bleibt unverändert."
        found.append(info("EX-14", "Datei", text))
    if features.form is Form.ACROFORM:
        found.append(info("EX-15", "Datei", "Die Datei enthält ein Formular; das Original bleibt daneben erhalten."))
    if features.form is Form.XFA:
        text = "Die Datei ist ein XFA-Formular, das nicht jedes Programm anzeigt. Bitte die Fassung ansehen."
        found.append(warning("EX-15", "Datei", text))
    if features.attachments:
        names = plural(len(features.attachments), "Name", "Namen")
        text = f"Die Datei enthält Anlagen ({names}); sie werden einzeln bewahrt."
        found.append(info("EX-16", "Datei", text))
    if features.javascript or features.launches:
        what = "JavaScript" if features.javascript else "Aufrufe oder Medien"
        found.append(warning("EX-17", "Datei", f"Die Datei enthält {what}; die Fassung enthält das nicht mehr."))
    if features.hidden_layers:
        verb = "ist" if features.hidden_layers == 1 else "sind"
        count = f"{features.hidden_layers} von {plural(features.layers, 'Ebene', 'Ebenen')} {verb}"
        text = f"{count} ausgeblendet und in der Fassung nicht zu sehen."
        found.append(warning("EX-27", "Datei", text))
    elif features.layers:
        layers = plural(features.layers, "eingeblendete Ebene", "Ebenen, alle eingeblendet")
        found.append(info("EX-27", "Datei", f"Die Datei hat {layers}."))
    if features.redactions:
        text = (
            f"{plural(features.redactions, 'Schwärzung ist', 'Schwärzungen sind')} nur vorgemerkt: der Text darunter "
            "steht in der Datei. Bitte prüfen, ob sie vollzogen sein sollten."
        )
        found.append(warning("EX-28", "Datei", text))
    if features.unembedded_fonts:
        fonts = plural(len(features.unembedded_fonts), "Schrift ist", "Schriften sind")
        text = f"{fonts} nicht eingebettet; die Fassung nimmt Ersatz."
        found.append(warning("EX-18", "Datei", text))
    return tuple(found)
