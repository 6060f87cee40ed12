"""Examination: what a file is comes out right for every sort, and whatever is wrong with it has its own code."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, TiffImagePlugin

from akten.files import Colour, FileFacts, FileKind, Form
from akten.findings import Severity
from ocr.examine import RULES, examine, examine_each
from ocr.imagestrips import decode_in_parts
from ocr.options import OcrOptions
from tests.ocr.papers import A4, add, attached, claims, form, image_page, pdf_file, picture, scan_of, script, signed

OPTIONS = OcrOptions(max_pixels=40_000_000, max_pages=20, max_stream_bytes=4 << 20)


def codes(facts: FileFacts) -> set[str]:
    return {finding.code for finding in facts.findings}


def errors(facts: FileFacts) -> set[str]:
    return {finding.code for finding in facts.findings if finding.severity is Severity.ERROR}


# --- images -----------------------------------------------------------------------------------------------------------

IMAGES = {  # name → (mode, how it is saved, colour)
    "g4.tif": ("1", {"compression": "group4"}, Colour.BILEVEL),
    "g3.tif": ("1", {"compression": "group3"}, Colour.BILEVEL),
    "raw1.tif": ("1", {}, Colour.BILEVEL),
    "packbits.tif": ("L", {"compression": "packbits"}, Colour.GRAY),
    "lzw.tif": ("RGB", {"compression": "tiff_lzw"}, Colour.RGB),
    "deflate.tif": ("RGB", {"compression": "tiff_adobe_deflate"}, Colour.RGB),
    "jpeg.tif": ("RGB", {"compression": "jpeg"}, Colour.RGB),
    "palette.tif": ("P", {}, Colour.PALETTE),
    "cmyk.tif": ("CMYK", {}, Colour.CMYK),
    "sixteen.tif": ("I;16", {}, Colour.GRAY),
    "big.tif": ("L", {"big_tiff": True}, Colour.GRAY),
    "gray.jpg": ("L", {}, Colour.GRAY),
    "colour.jpg": ("RGB", {}, Colour.RGB),
    "alpha.png": ("RGBA", {}, Colour.RGB),
    "palette.png": ("P", {}, Colour.PALETTE),
    "bilevel.png": ("1", {}, Colour.BILEVEL),
    "lossless.jp2": ("L", {}, Colour.GRAY),
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileFacts]:
    """All image files, good and bad, examined in one go."""
    folder = tmp_path_factory.mktemp("images")
    for name, (mode, how, _) in IMAGES.items():
        dpi = {} if name.endswith("jp2") else {"dpi": (50, 50)}
        page = picture("L").convert("I").convert("I;16") if mode == "I;16" else picture(mode)
        page.save(folder / name, **how, **dpi)
    for number, orientation in enumerate((3, 6, 8)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture("RGB").save(folder / f"turned{number}.jpg", exif=exif, dpi=(50, 50))
    picture().save(folder / "three.tif", save_all=True, append_images=[picture(), picture("1")], dpi=(50, 50))
    picture().save(folder / "nodpi.png")
    Image.new("L", (2480, 3508), 255).save(folder / "screen.jpg", dpi=(72, 72))
    Image.new("1", (8000, 8000), 1).save(folder / "toomany.tif", compression="group4", dpi=(300, 300))
    Image.new("1", (24000, 80), 1).save(folder / "toowide.tif", compression="group4", dpi=(110, 110))
    pages = [Image.new("1", (100, 100), 1) for _ in range(25)]
    pages[0].save(folder / "manypages.tif", save_all=True, append_images=pages[1:], compression="group4")
    (folder / "lying.pdf").write_bytes((folder / "alpha.png").read_bytes())
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_bytes(b"Das ist kein Bild.")
    for name in ("colour.jpg", "alpha.png", "lzw.tif", "raw1.tif", "lossless.jp2"):
        data = (folder / name).read_bytes()
        (folder / f"cut-{name}").write_bytes(data[: len(data) * 2 // 3])
    g4 = (folder / "g4.tif").read_bytes()
    (folder / "head.tif").write_bytes(g4[:9])
    scans = [scan_of(path) for path in sorted(folder.iterdir())]
    return dict(zip([scan.name for scan in scans], examine_each(scans, OPTIONS, folder), strict=True))


@pytest.mark.parametrize("name", IMAGES)
def test_every_sort_of_image_is_read_with_size_and_colour(images: dict[str, FileFacts], name: str) -> None:
    facts = images[name]
    assert not errors(facts)
    assert facts.kind is FileKind.IMAGE
    assert facts.scan_only
    page = facts.pages[0]
    assert (page.width_px, page.height_px, page.colour) == (413, 585, IMAGES[name][2])
    if not name.endswith("jp2"):
        assert page.dpi == pytest.approx(50, abs=0.1)
        assert page.width_mm == pytest.approx(209.8, abs=0.5)


def test_orientation_and_pages_are_told(images: dict[str, FileFacts]) -> None:
    assert [images[f"turned{n}.jpg"].pages[0].rotate for n in range(3)] == [180, 90, 270]
    assert [page.colour for page in images["three.tif"].pages] == [Colour.GRAY, Colour.GRAY, Colour.BILEVEL]
    assert [page.number for page in images["three.tif"].pages] == [1, 2, 3]


def test_a_resolution_that_is_absent_or_cannot_be_true_is_none(images: dict[str, FileFacts]) -> None:
    for name in ("nodpi.png", "screen.jpg"):
        assert images[name].pages[0].dpi is None
        assert codes(images[name]) == {"EX-19"}
        assert not errors(images[name])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("toomany.tif", "EX-06"),
        ("toowide.tif", "EX-07"),
        ("manypages.tif", "EX-08"),
        ("empty.tif", "EX-01"),
        ("text.tif", "EX-02"),
        ("head.tif", "EX-04"),
        ("cut-colour.jpg", "EX-05"),
        ("cut-alpha.png", "EX-05"),
        ("cut-raw1.tif", "EX-05"),
        ("cut-lossless.jp2", "EX-05"),
    ],
)
def test_what_is_wrong_with_an_image_has_its_code(images: dict[str, FileFacts], name: str, code: str) -> None:
    assert errors(images[name]) == {code}
    assert all(finding.text.endswith(".") for finding in images[name].findings)


def test_a_cut_tiff_whose_directory_is_lost_is_refused(images: dict[str, FileFacts]) -> None:
    assert errors(images["cut-lzw.tif"]) <= {"EX-04", "EX-05"}
    assert errors(images["cut-lzw.tif"])


def test_content_decides_and_not_the_name(images: dict[str, FileFacts]) -> None:
    facts = images["lying.pdf"]
    assert facts.kind is FileKind.IMAGE
    assert facts.mime == "image/png"
    assert codes(facts) == {"EX-03"}
    assert not errors(facts)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "group4", "jpeg"])
def test_a_large_tiff_is_read_strip_by_strip_and_its_damage_is_found(tmp_path: Path, compression: str) -> None:
    mode = {"group4": "1", "jpeg": "L"}.get(compression, "RGB")
    path = tmp_path / "strips.tif"
    strips = {TiffImagePlugin.ROWSPERSTRIP: 64}
    picture(mode).save(path, compression=None if compression == "raw" else compression, tiffinfo=strips)
    with Image.open(path) as image:
        assert len(image.tag_v2[273]) > 1, "the file must have several strips"  # type: ignore[attr-defined]
        assert decode_in_parts(image, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((OSError, SyntaxError)), Image.open(path) as image:
        decode_in_parts(image, path)


def test_a_large_png_is_read_row_by_row_and_its_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rows.png"
    picture("RGB").save(path)
    with Image.open(path) as image:
        assert decode_in_parts(image, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with Image.open(path) as image, pytest.raises(OSError, match="damaged"):
        decode_in_parts(image, path)


# --- PDF --------------------------------------------------------------------------------------------------------------


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


@pytest.fixture(scope="module")
def pdfs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileFacts]:
    """All PDF files, good and bad, examined in one go."""
    folder = tmp_path_factory.mktemp("pdfs")
    for name, changes in PDFS.items():
        pdf_file(folder / f"{name}.pdf", *changes)
    pdf_file(folder / "blank.pdf", image=False)
    owner = pikepdf.Encryption(owner="geheim", user="", R=6)
    pdf_file(folder / "owner.pdf", encryption=owner)
    pdf_file(folder / "locked.pdf", encryption=pikepdf.Encryption(owner="a", user="b", R=6))
    whole = (folder / "scan.pdf").read_bytes()
    (folder / "mended.pdf").write_bytes(whole.replace(b"startxref\n", b"startxref\n9"))
    (folder / "half.pdf").write_bytes(whole[: len(whole) // 3])
    (folder / "start.pdf").write_bytes(whole[:40])
    (folder / "behind.pdf").write_bytes(b"\n" * 100 + whole)
    scans = [scan_of(path) for path in sorted(folder.iterdir())]
    facts = examine_each(scans, OPTIONS, folder)
    return {scan.path.stem: found for scan, found in zip(scans, facts, strict=True)}


def test_a_scanned_page_is_told_from_a_written_one(pdfs: dict[str, FileFacts]) -> None:
    assert {name for name in PDFS if pdfs[name].pages and pdfs[name].pages[0].image_only} >= {
        "scan",
        "hidden",
        "form-x",
    }
    for name in ("shown", "small", "two", "line", "missing", "bomb", "self"):
        assert not pdfs[name].pages[0].image_only, name
    assert pdfs["scan"].scan_only
    assert pdfs["hidden"].pages[0].has_text
    assert pdfs["shown"].pages[0].has_text
    assert not pdfs["scan"].pages[0].has_text
    assert pdfs["scan"].pages[0].dpi == pytest.approx(50, abs=0.1)
    assert pdfs["scan"].pages[0].colour is Colour.GRAY


def test_size_and_turn_are_those_of_the_page(pdfs: dict[str, FileFacts]) -> None:
    page = pdfs["turned"].pages[0]
    assert (page.rotate, round(page.width_mm), round(page.height_mm)) == (270, 210, 297)
    assert round(pdfs["units"].pages[0].width_mm) == 420
    assert pdfs["units"].pages[0].dpi == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", "EX-13"),
        ("cut", "EX-05"),
        ("wide", "EX-06"),
        ("bomb", "EX-09"),
        ("huge", "EX-07"),
        ("many", "EX-08"),
        ("locked", "EX-10"),
        ("start", "EX-04"),
    ],
)
def test_what_is_wrong_with_a_pdf_has_its_code(pdfs: dict[str, FileFacts], name: str, code: str) -> None:
    assert errors(pdfs[name]) == {code}


def test_what_an_archive_must_know_is_found(pdfs: dict[str, FileFacts]) -> None:
    assert pdfs["signed"].signatures == 1
    assert pdfs["signed"].form is Form.NONE
    assert pdfs["certified"].signatures == 1
    assert pdfs["form"].form is Form.ACROFORM
    assert pdfs["xfa"].form is Form.XFA
    assert pdfs["attached"].attachments == ("anlage.txt",)
    assert pdfs["pinned"].attachments == ("liste.csv",)
    assert all(pdfs[name].javascript for name in ("script", "chained", "page-script", "named-script"))
    assert pdfs["shown"].unembedded_fonts == ("Helvetica",)
    assert pdfs["owner"].encrypted
    assert not errors(pdfs["owner"])
    assert pdfs["locked"].encrypted
    assert not any((pdfs["scan"].signatures, pdfs["scan"].javascript, pdfs["scan"].encrypted, pdfs["scan"].attachments))
    assert codes(pdfs["blank"]) == {"EX-26"}


def test_repaired_is_not_intact(pdfs: dict[str, FileFacts]) -> None:
    assert "EX-12" in codes(pdfs["mended"])
    assert pdfs["mended"].repaired
    assert not any("/tmp" in text or "mended" in text for text in pdfs["mended"].repaired)
    assert not pdfs["scan"].repaired
    assert "EX-12" in codes(pdfs["half"])
    assert errors(pdfs["half"])


def test_a_claim_is_read_and_a_scan_that_is_pdfa_with_text_is_not_read_anew(pdfs: dict[str, FileFacts]) -> None:
    assert pdfs["claim-2b"].pdfa_claim == "2b"
    assert pdfs["claim-2b"].scan_only
    assert pdfs["claim-text"].pdfa_claim == "2u"
    assert not pdfs["claim-text"].scan_only
    assert pdfs["scan"].pdfa_claim is None


def test_loops_end(pdfs: dict[str, FileFacts]) -> None:
    assert pdfs["self"].pages
    assert pdfs["loop"].pages


def test_every_code_stands_in_the_table_and_the_same_is_said_once(
    pdfs: dict[str, FileFacts], images: dict[str, FileFacts]
) -> None:
    for facts in (*pdfs.values(), *images.values()):
        assert codes(facts) <= set(RULES)
        assert len({(f.code, f.text) for f in facts.findings}) == len(facts.findings)


def test_one_file_alone_is_examined_like_many(tmp_path: Path) -> None:
    path = tmp_path / "zwei.pdf"
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        pdf.add_blank_page(page_size=A4)
        pdf.save(path)
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert [page.image_only for page in facts.pages] == [True, False]
    assert [(f.code, f.where) for f in facts.findings] == [("EX-26", "Seite 2")]
    assert [p.name for p in tmp_path.iterdir()] == ["zwei.pdf"]
