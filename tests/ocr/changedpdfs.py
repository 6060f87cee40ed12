"""One scanned page as PDF, changed in one way each: what stands on it, what hangs on it, what is broken."""

from __future__ import annotations

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from tests.ocr.papers import A4, add, attached, claims, form, script, signed


def hidden_text(pdf: pikepdf.Pdf) -> None:
    add(pdf, b"BT 3 Tr /F1 10 Tf 72 72 Td (unsichtbar) Tj ET")


def shown_text(pdf: pikepdf.Pdf) -> None:
    add(pdf, b"BT /F1 10 Tf 72 72 Td (sichtbar) Tj ET")


def in_form(pdf: pikepdf.Pdf) -> None:
    """The image drawn inside a form, as some scanners do."""
    page = pdf.pages[0]
    inner = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    inner.Type, inner.Subtype, inner.BBox = Name.XObject, Name.Form, Array([0, 0, 595, 842])
    inner.Resources = Dictionary(XObject=Dictionary(Im0=page.Resources.XObject.Im0))
    page.Resources = Dictionary(XObject=Dictionary(Fm0=inner))
    page.Contents = pdf.make_stream(b"/Fm0 Do")


def small_image(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Contents = pdf.make_stream(b"q 100 0 0 100 0 0 cm /Im0 Do Q")


def missing_image(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im9 Do Q")


def cut_image(pdf: pikepdf.Pdf) -> None:
    image = pdf.pages[0].Resources.XObject.Im0
    image.write(image.read_raw_bytes()[:60], filter=Name.FlateDecode)


def wide_image(pdf: pikepdf.Pdf) -> None:
    image = pdf.pages[0].Resources.XObject.Im0
    image.Width, image.Height = 20_000, 20_000


def bomb(pdf: pikepdf.Pdf) -> None:
    import zlib

    content = pdf.make_stream(b"")
    content.write(zlib.compress(b" " * (30 << 20), 9), filter=Name.FlateDecode)
    pdf.pages[0].Contents = content


def self_drawing_form(pdf: pikepdf.Pdf) -> None:
    inner = pdf.make_stream(b"/Fm0 Do /Fm0 Do")
    inner.Type, inner.Subtype, inner.BBox = Name.XObject, Name.Form, Array([0, 0, 595, 842])
    inner.Resources = Dictionary(XObject=Dictionary(Fm0=inner))
    pdf.pages[0].Resources = Dictionary(XObject=Dictionary(Fm0=inner))
    pdf.pages[0].Contents = pdf.make_stream(b"/Fm0 Do")


def looped_fields(pdf: pikepdf.Pdf) -> None:
    parent = pdf.make_indirect(Dictionary(T=String("a")))
    child = pdf.make_indirect(Dictionary(T=String("b"), Kids=Array([parent])))
    parent.Kids = Array([child])
    pdf.Root.AcroForm = Dictionary(Fields=Array([parent]))


def xfa(pdf: pikepdf.Pdf) -> None:
    form(pdf)
    pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp/>")


def certified(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Perms = Dictionary(DocMDP=pdf.make_indirect(Dictionary(Type=Name.Sig)))


def open_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = script()


def chained_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.GoTo, Next=Array([script()]))


def page_script(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].AA = Dictionary(O=script())


def named_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("x"), script()])))


def pinned_file(pdf: pikepdf.Pdf) -> None:
    spec = Dictionary(Type=Name.Filespec, F=String("liste.csv"), EF=Dictionary(F=pdf.make_stream(b"a;b")))
    pdf.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=spec, Rect=[0, 0, 9, 9])])


def turned(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Rotate = -90


def in_units(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].UserUnit = 2


def huge(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].MediaBox = Array([0, 0, 200_000, 200_000])


def two_images(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].contents_add(b"q 50 0 0 50 10 10 cm /Im0 Do Q")


def with_line(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].contents_add(b"0 0 m 100 100 l S")


def many_pages(pdf: pikepdf.Pdf) -> None:
    for _ in range(25):
        pdf.add_blank_page(page_size=A4)


PDFS = {
    "scan": (),
    "hidden": (hidden_text,),
    "shown": (shown_text,),
    "form-x": (in_form,),
    "small": (small_image,),
    "two": (two_images,),
    "line": (with_line,),
    "missing": (missing_image,),
    "cut": (cut_image,),
    "wide": (wide_image,),
    "bomb": (bomb,),
    "self": (self_drawing_form,),
    "loop": (looped_fields,),
    "signed": (signed,),
    "certified": (certified,),
    "form": (form,),
    "xfa": (xfa,),
    "attached": (attached,),
    "pinned": (pinned_file,),
    "script": (open_script,),
    "chained": (chained_script,),
    "page-script": (page_script,),
    "named-script": (named_script,),
    "turned": (turned,),
    "units": (in_units,),
    "huge": (huge,),
    "many": (many_pages,),
    "claim-2b": (claims("<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"),),
    "claim-text": (hidden_text, claims("<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>")),
}
