"""Builders of small PDF and image files, good ones and such that break exactly one thing."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw

from akten.files import Scan, digest_file

A4 = (595, 842)
Change = Callable[[pikepdf.Pdf], None]


def scan_of(path: Path, mime: str = "") -> Scan:
    """The scan that intake would make of a file."""
    kinds = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jp2": "image/jp2"}
    mime = mime or kinds.get(path.suffix, "image/tiff")
    return Scan(uuid5(NAMESPACE_URL, str(path)), path, path.name, mime, digest_file(path))


def picture(mode: str = "L", size: tuple[int, int] = (413, 585)) -> Image.Image:
    """A page that shows something: an A4 sheet at 50 dpi with bars like lines of text."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for place in range(8):
        top = size[1] * (place + 1) // 10
        draw.rectangle((size[0] // 8, top, size[0] * (4 + place % 3) // 8, top + size[1] // 40), fill=(40, 30, 20))
    return image.convert(mode)


def image_page(pdf: pikepdf.Pdf, image: Image.Image, size: tuple[float, float] = A4) -> pikepdf.Page:
    """A page that is nothing but one gray image."""
    pdf.add_blank_page(page_size=size)
    page = pdf.pages[-1]
    stream = pdf.make_stream(zlib.compress(image.convert("L").tobytes()))
    stream.Type, stream.Subtype, stream.Filter = Name.XObject, Name.Image, Name.FlateDecode
    stream.Width, stream.Height, stream.BitsPerComponent, stream.ColorSpace = *image.size, 8, Name.DeviceGray
    page.Resources = Dictionary(XObject=Dictionary(Im0=stream))
    page.Contents = pdf.make_stream(f"q {size[0]} 0 0 {size[1]} 0 0 cm /Im0 Do Q".encode())
    return page


def add(pdf: pikepdf.Pdf, content: bytes) -> None:
    """More content on the last page, with a font that is not embedded."""
    page = pdf.pages[-1]
    if "/Resources" not in page.obj:
        page.Resources = Dictionary()
    page.Resources.Font = Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    page.contents_add(content)


def pdf_file(path: Path, *changes: Change, image: bool = True, **save: object) -> Path:
    """A PDF of one scanned page, changed as told."""
    with pikepdf.new() as pdf:
        if image:
            image_page(pdf, picture())
        else:
            pdf.add_blank_page(page_size=A4)
        for change in changes:
            change(pdf)
        pdf.save(path, **save)  # type: ignore[arg-type]
    return path


def script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert('x')"))


def signed(pdf: pikepdf.Pdf) -> None:
    """A signature field with a value, as a signing program leaves it."""
    value = pdf.make_indirect(Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=String(b"\0" * 16)))
    field = Dictionary(FT=Name.Sig, T=String("Signature1"), V=value, Type=Name.Annot, Subtype=Name.Widget)
    field.Rect = Array([0, 0, 0, 0])
    place = pdf.make_indirect(field)
    pdf.Root.AcroForm = Dictionary(Fields=Array([place]), SigFlags=3)
    pdf.pages[0].Annots = Array([place])


def form(pdf: pikepdf.Pdf) -> None:
    """A text field."""
    field = Dictionary(FT=Name.Tx, T=String("Name"), V=String("Wert"), Type=Name.Annot, Subtype=Name.Widget)
    field.Rect = Array([10, 10, 200, 30])
    place = pdf.make_indirect(field)
    pdf.Root.AcroForm = Dictionary(Fields=Array([place]), DA=String("/Helv 10 Tf 0 g"))
    pdf.pages[0].Annots = Array([place])


def attached(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["anlage.txt"] = b"Inhalt der Anlage"


def claims(text: str) -> Change:
    """XMP that claims a flavour, such as part 2 and conformance B, whether it is true or not."""

    def change(pdf: pikepdf.Pdf) -> None:
        xmp = (
            '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            f'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">{text}</rdf:Description></rdf:RDF></x:xmpmeta>'
            '<?xpacket end="w"?>'
        )
        stream = pdf.make_stream(xmp.encode())
        stream.Type, stream.Subtype = Name.Metadata, Name.XML
        pdf.Root.Metadata = stream

    return change
