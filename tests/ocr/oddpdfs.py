"""PDFs of every kind that offices send: name → how one good file is changed, each odd in exactly one way."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from tests.ocr.oddtiffs import truth
from tests.ocr.papers import A4, form, script
from tests.ocr.sheets import FONT, sheet

Make = Callable[[Path], None]
FULL = b"q 595 0 0 842 0 0 cm /Im0 Do Q"


def xobject(pdf: pikepdf.Pdf, image: Image.Image, *, form: str = "flate") -> pikepdf.Stream:
    """An image XObject coded as told."""
    if form == "jpx":
        target = io.BytesIO()
        image.save(target, "JPEG2000")
        stream = pdf.make_stream(b"")
        stream.write(target.getvalue(), filter=Name.JPXDecode)
    elif form == "jpeg":
        target = io.BytesIO()
        image.save(target, "JPEG", quality=90)
        stream = pdf.make_stream(b"")
        stream.write(target.getvalue(), filter=Name.DCTDecode)
    else:
        stream = pdf.make_stream(b"")
        stream.write(zlib.compress(image.tobytes()), filter=Name.FlateDecode)
    stream.Type, stream.Subtype = Name.XObject, Name.Image
    stream.Width, stream.Height = image.size
    stream.BitsPerComponent = 1 if image.mode == "1" else 8
    stream.ColorSpace = {"RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}.get(image.mode, Name.DeviceGray)
    return stream


def scan_page(
    pdf: pikepdf.Pdf,
    image: Image.Image | None = None,
    *,
    content: bytes = FULL,
    size: tuple[float, float] = A4,
    coded: str = "flate",
) -> pikepdf.Page:
    """A page that is nothing but one image."""
    pdf.add_blank_page(page_size=size)
    page = pdf.pages[-1]
    page.Resources = Dictionary(XObject=Dictionary(Im0=xobject(pdf, image or truth("L"), form=coded)))
    page.Contents = pdf.make_stream(content)
    return page


def lying(turn: int) -> Make:
    """A letter scanned across, which the file's own /Rotate sets upright."""

    def change(pdf: pikepdf.Pdf) -> None:
        image = sheet(size_mm=(210, 297)).rotate(turn, expand=True)
        page = scan_page(pdf, image, content=b"q 842 0 0 595 0 0 cm /Im0 Do Q", size=(842, 595))
        page.Rotate = turn

    return one(change)


def embedded_page(pdf: pikepdf.Pdf) -> pikepdf.Page:
    """A written page with its font in the file."""
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.add_font("Serif", fname=FONT)
    document.set_font("Serif", size=24)
    document.add_page()
    for _ in range(12):
        document.cell(text="Bescheid über die Genehmigung", new_x="LMARGIN", new_y="NEXT")
    with pikepdf.open(io.BytesIO(bytes(document.output()))) as made:
        pdf.pages.extend(made.pages)
    return pdf.pages[-1]


def text_page(pdf: pikepdf.Pdf, text: str = "Bescheid ueber die Genehmigung") -> pikepdf.Page:
    """A written page with a font that is not embedded."""
    pdf.add_blank_page(page_size=A4)
    page = pdf.pages[-1]
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.Resources = Dictionary(Font=Dictionary(F1=font))
    lines = b" ".join(b"0 -40 Td (%s %d) Tj" % (text.encode(), n) for n in range(10))
    page.Contents = pdf.make_stream(b"BT /F1 24 Tf 60 780 Td " + lines + b" ET 60 100 200 80 re f")
    return page


def one(change: Callable[[pikepdf.Pdf], object], **save: object) -> Make:
    """A file of its own with what `change` puts into it."""

    def make(path: Path) -> None:
        with pikepdf.new() as pdf:
            change(pdf)
            pdf.save(path, **save)  # type: ignore[arg-type]

    return make


def written(change: Callable[[pikepdf.Pdf], object], **save: object) -> Make:
    """A written page, changed."""

    def both(pdf: pikepdf.Pdf) -> None:
        embedded_page(pdf)
        change(pdf)

    return one(both, **save)


def scanned(change: Callable[[pikepdf.Pdf], object], **save: object) -> Make:
    """A scanned page, changed."""

    def both(pdf: pikepdf.Pdf) -> None:
        scan_page(pdf)
        change(pdf)

    return one(both, **save)


def box(name: str, *values: float) -> Callable[[pikepdf.Pdf], None]:
    return lambda pdf: setattr(pdf.pages[0], name, list(values))


def xfa(pdf: pikepdf.Pdf) -> None:
    form(pdf)
    pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")


def sign(pdf: pikepdf.Pdf, count: int = 1) -> None:
    """Signature fields with values, as signing programs leave them."""
    places = []
    for number in range(count):
        value = pdf.make_indirect(
            Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=String(b"\0" * 16), M=String("D:2020"))
        )
        field = Dictionary(FT=Name.Sig, T=String(f"Signatur{number}"), V=value, Type=Name.Annot, Subtype=Name.Widget)
        field.Rect = Array([0, 0, 0, 0])
        places.append(pdf.make_indirect(field))
    pdf.Root.AcroForm = Dictionary(Fields=Array(places), SigFlags=3)
    pdf.pages[0].Annots = Array(places)


def layers(pdf: pikepdf.Pdf) -> None:
    """A black field on a layer that is switched off: it is in the file and nobody sees it."""
    off = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Entwurf")))
    on = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Bestand")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([off, on]), D=Dictionary(OFF=Array([off]), Order=Array([off, on])))
    page = pdf.pages[0]
    page.Resources.Properties = Dictionary(L0=off, L1=on)
    page.contents_add(b"/OC /L0 BDC 60 300 400 80 re f EMC")
    page.contents_add(b"/OC /L1 BDC 300 100 200 80 re f EMC")


def note(kind: str, **more: object) -> Callable[[pikepdf.Pdf], None]:
    def change(pdf: pikepdf.Pdf) -> None:
        drawn = pdf.make_stream(b"1 0 0 rg 0 0 100 50 re f")
        drawn.Type, drawn.Subtype, drawn.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 50])
        entry = Dictionary(Type=Name.Annot, Subtype=Name(f"/{kind}"), Rect=Array([300, 500, 400, 550]), F=4)
        entry.AP = Dictionary(N=drawn)
        for key, value in more.items():
            entry[f"/{key}"] = value
        pdf.pages[0].Annots = Array([pdf.make_indirect(entry)])

    return change


def soft_mask(pdf: pikepdf.Pdf) -> None:
    """Black ink everywhere, shown through a soft mask only: without the mask the page is black."""
    mask = xobject(pdf, truth("L").point(lambda value: 255 - value))
    ink = xobject(pdf, Image.new("L", (8, 8), 0))
    ink.SMask = mask
    pdf.pages[0].Resources.XObject.Im0 = ink


def stencil(pdf: pikepdf.Pdf) -> None:
    image = xobject(pdf, truth("1"))
    del image["/ColorSpace"]
    image.ImageMask = True
    pdf.pages[0].Resources.XObject.Im0 = image


def colour_key(pdf: pikepdf.Pdf) -> None:
    image = xobject(pdf, truth("L"))
    image.Mask = Array([250, 255])
    pdf.pages[0].Resources.XObject.Im0 = image


def explicit_mask(pdf: pikepdf.Pdf) -> None:
    """A black image behind a stencil mask that lets the writing through."""
    mask = xobject(pdf, truth("1"))
    del mask["/ColorSpace"]
    mask.ImageMask = True
    image = xobject(pdf, Image.new("L", (8, 8), 0))
    image.Mask = pdf.make_indirect(mask)
    pdf.pages[0].Resources.XObject.Im0 = image


def inverted(pdf: pikepdf.Pdf) -> None:
    image = xobject(pdf, truth("L").point(lambda value: 255 - value))
    image.Decode = Array([1, 0])
    pdf.pages[0].Resources.XObject.Im0 = image


def inline_image(pdf: pikepdf.Pdf) -> None:
    small = truth("L", (60, 84))
    pdf.pages[0].Contents = pdf.make_stream(
        b"q 595 0 0 842 0 0 cm BI /W 60 /H 84 /CS /G /BPC 8 ID " + small.tobytes() + b" EI Q"
    )


def shared(pdf: pikepdf.Pdf) -> None:
    """Three pages that show the same image object, one of them the other way up."""
    for turn in (0, 180):
        pdf.add_blank_page(page_size=A4)
        pdf.pages[-1].Resources = Dictionary(XObject=Dictionary(Im0=pdf.pages[0].Resources.XObject.Im0))
        pdf.pages[-1].Contents = pdf.make_stream(FULL)
        pdf.pages[-1].Rotate = turn


def strips(pdf: pikepdf.Pdf) -> None:
    """A scan cut into strips, as many devices do it."""
    image = truth("L")
    content, height = b"", image.height // 6
    for number in range(6):
        part = image.crop((0, number * height, image.width, (number + 1) * height))
        pdf.pages[0].Resources.XObject[f"/S{number}"] = xobject(pdf, part)
        content += b"q 595 0 0 %f 0 %f cm /S%d Do Q\n" % (842 / 6, 842 - 842 / 6 * (number + 1), number)
    pdf.pages[0].Contents = pdf.make_stream(content)


def jbig2(pdf: pikepdf.Pdf) -> None:
    """A page of one generic region in MMR coding (ITU-T T.88 §7.4.6), the simplest JBIG2 there is."""
    image = truth("1")
    target = io.BytesIO()
    negative = image.convert("L").point(lambda value: 255 - value).convert("1")  # here a set bit is black
    negative.save(target, "TIFF", compression="group4", tiffinfo={278: image.height})
    with Image.open(io.BytesIO(target.getvalue())) as made:
        tags = made.tag_v2  # type: ignore[attr-defined]
        coded = target.getvalue()[tags[273][0] : tags[273][0] + tags[279][0]]
    sheet_info = struct.pack(">IIIIBH", *image.size, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", *image.size, 0, 0, 0, 1) + coded
    data = b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(part)) + part
        for number, kind, part in ((0, 48, sheet_info), (1, 38, region))
    )
    stream = xobject(pdf, image)
    stream.write(data, filter=Name.JBIG2Decode)
    pdf.pages[0].Resources.XObject.Im0 = stream


def hidden_text(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[0]
    page.Resources.Font = Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    page.contents_add(b"BT 3 Tr /F1 12 Tf 60 700 Td (erkannter Text) Tj ET")


def mirrored(pdf: pikepdf.Pdf) -> None:
    image = truth("L").transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    pdf.pages[0].Resources.XObject.Im0 = xobject(pdf, image)
    pdf.pages[0].Contents = pdf.make_stream(b"q 595 0 0 -842 0 842 cm /Im0 Do Q")


def unit(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].MediaBox = [0, 0, 297.5, 421]
    pdf.pages[0].UserUnit = 2
    pdf.pages[0].Contents = pdf.make_stream(b"q 297.5 0 0 421 0 0 cm /Im0 Do Q")


def a0_plan(path: Path) -> None:
    with pikepdf.new() as pdf:
        plan = truth("1", (4700, 6622))
        scan_page(pdf, plan, content=b"q 2384 0 0 3370 0 0 cm /Im0 Do Q", size=(2384, 3370))
        pdf.save(path)


def damaged(path: Path) -> None:
    written(lambda pdf: None)(path)
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))


def cut(path: Path) -> None:
    """The end of the file is lost, with the table of its objects."""
    one(lambda pdf: scan_page(pdf), object_stream_mode=pikepdf.ObjectStreamMode.disable)(path)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"xref")])


def page_loop(path: Path) -> None:
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>> endobj\ntrailer <</Root 1 0 R>>\n"
    )


def no_pages(path: Path) -> None:
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\ntrailer <</Root 1 0 R>>\n"
    )


def lying_dictionary(pdf: pikepdf.Pdf) -> None:
    """A JPEG whose dictionary names another size than it has."""
    image = xobject(pdf, truth("L"), form="jpeg")
    image.Width = 100
    pdf.pages[0].Resources.XObject.Im0 = image


def short_data(pdf: pikepdf.Pdf) -> None:
    image = xobject(pdf, truth("L"))
    image.write(zlib.compress(truth("L").tobytes()[: 420 * 100]), filter=Name.FlateDecode)
    pdf.pages[0].Resources.XObject.Im0 = image


def pinned(pdf: pikepdf.Pdf) -> None:
    """A file pinned to the page, and a film."""
    data = pdf.make_stream(b"Nummer;Wert")
    spec = Dictionary(Type=Name.Filespec, F=String("liste.csv"), EF=Dictionary(F=data))
    film = Dictionary(
        Type=Name.Annot, Subtype=Name.Movie, Rect=Array([0, 0, 9, 9]), Movie=Dictionary(F=String("x.avi"))
    )
    pin = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=spec, Rect=Array([0, 0, 9, 9]), F=2)
    pdf.pages[0].Annots = Array([pdf.make_indirect(pin), pdf.make_indirect(film)])


def launching(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.Launch, F=String("calc.exe"))


OWNER = pikepdf.Encryption(owner="geheim", user="", R=6)
OPEN = pikepdf.Encryption(owner="geheim", user="auf", R=6)
OLD = pikepdf.Encryption(owner="geheim", user="", R=3, aes=False, metadata=False)


# name → (how it is made, codes that must be found, words that must stand in the losses)
# A code with "!" is an error and ends the file; all others end in a PDF/A that looks like the original.
PDFS: dict[str, tuple[Make, set[str], set[str]]] = {
    "open-password.pdf": (written(lambda pdf: None, encryption=OPEN), {"EX-10!"}, set()),
    "owner-password.pdf": (written(lambda pdf: None, encryption=OWNER), {"EX-11"}, {"Verschlüsselung"}),
    "owner-password-rc4.pdf": (written(lambda pdf: None, encryption=OLD), {"EX-11"}, {"Verschlüsselung"}),
    "javascript.pdf": (written(lambda pdf: setattr(pdf.Root, "OpenAction", script())), {"EX-17"}, {"Skripte"}),
    "launch.pdf": (written(launching), {"EX-17"}, {"Aktionen"}),
    "pinned-file-and-film.pdf": (written(pinned), {"EX-16", "EX-17"}, {"liste.csv", "Filme"}),
    "acroform.pdf": (written(form), {"EX-15"}, {"Formularfelder"}),
    "xfa.pdf": (written(xfa), {"EX-15"}, {"XFA"}),
    "xfa-dynamic.pdf": (written(lambda pdf: setattr(pdf.Root, "NeedsRendering", True)), {"OD-01!"}, set()),
    "jpeg2000.pdf": (one(lambda pdf: scan_page(pdf, coded="jpx")), set(), {"JPEG 2000"}),
    "jbig2.pdf": (scanned(jbig2), set(), {"JBIG2"}),
    "jpeg.pdf": (one(lambda pdf: scan_page(pdf, truth(), coded="jpeg")), set(), set()),
    "cmyk.pdf": (one(lambda pdf: scan_page(pdf, truth().convert("CMYK"))), set(), set()),
    "bilevel.pdf": (one(lambda pdf: scan_page(pdf, truth("1"))), set(), set()),
    "rotate90.pdf": (lying(90), set(), set()),
    "rotate270.pdf": (lying(-90), set(), set()),
    "rotate-odd.pdf": (scanned(lambda pdf: setattr(pdf.pages[0], "Rotate", 45)), set(), set()),
    "rotated-text.pdf": (written(lambda pdf: setattr(pdf.pages[0], "Rotate", 90)), set(), set()),
    "soft-mask.pdf": (scanned(soft_mask), set(), set()),
    "stencil.pdf": (scanned(stencil), set(), {"gezeichnet"}),
    "colour-key.pdf": (scanned(colour_key), set(), set()),
    "explicit-mask.pdf": (scanned(explicit_mask), set(), set()),
    "decode-inverted.pdf": (scanned(inverted), set(), set()),
    "mirrored-matrix.pdf": (scanned(mirrored), set(), set()),
    "a0-plan.pdf": (a0_plan, set(), set()),
    "damaged.pdf": (damaged, {"EX-12"}, {"beschädigt"}),
    "cut.pdf": (cut, {"EX-12"}, {"beschädigt"}),
    "three-signatures.pdf": (written(lambda pdf: sign(pdf, 3)), {"EX-14"}, {"Signatur"}),
    "layers.pdf": (written(layers), {"EX-27"}, {"Ebene"}),
    "redaction.pdf": (written(note("Redact")), {"EX-28"}, {"Schwärzung"}),
    "note.pdf": (written(note("Stamp")), set(), set()),
    "font-not-embedded.pdf": (one(text_page), {"EX-18"}, {"Schriften"}),
    "page-loop.pdf": (page_loop, {"EX-04!"}, set()),
    "no-pages.pdf": (no_pages, {"EX-04!"}, set()),
    "no-pages-at-all.pdf": (one(lambda pdf: None), {"EX-22!"}, set()),
    "huge-box.pdf": (scanned(box("MediaBox", 0, 0, 200_000, 200_000)), {"EX-07!"}, set()),
    "negative-box.pdf": (
        one(lambda pdf: (scan_page(pdf, content=b"q 595 0 0 842 -300 -400 cm /Im0 Do Q"),
                         box("MediaBox", -300, -400, 295, 442)(pdf))), set(), set(),
    ),
    "swapped-box.pdf": (scanned(box("MediaBox", 595, 842, 0, 0)), set(), set()),
    "crop-box.pdf": (scanned(box("CropBox", 50, 300, 545, 800)), {"EX-29"}, {"CropBox"}),
    "crop-box-text.pdf": (written(box("CropBox", 50, 300, 545, 800)), {"EX-29"}, {"CropBox"}),
    "user-unit.pdf": (scanned(unit), set(), set()),
    "inline-image.pdf": (scanned(inline_image), set(), set()),
    "shared-image.pdf": (scanned(shared), set(), set()),
    "strips.pdf": (scanned(strips), set(), set()),
    "hidden-text.pdf": (scanned(hidden_text), set(), {"Textebene"}),
    "lying-size.pdf": (scanned(lying_dictionary), {"EX-05!"}, set()),
    "short-data.pdf": (scanned(short_data), {"EX-05!"}, set()),
    "empty-page.pdf": (one(lambda pdf: pdf.add_blank_page(page_size=A4)), {"EX-26"}, set()),
}  # fmt: skip
