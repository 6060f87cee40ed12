"""Pictures in a PDF that pdfium draws white or black without a word are not archived as such pages."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String

from ocr.jobs import PageOutcome
from ocr.likeness import compare_pages
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from tests.contracts.test_ocr_engine import FakeEngine
from tests.ocr.examined import errors, examine
from tests.ocr.faxes import g4_strip
from tests.ocr.oddimages import saved
from tests.ocr.oddpdfs import FULL, explicit_mask, scan_page, scanned, xobject
from tests.ocr.oddtiffs import SIZE, truth
from tests.ocr.papers import A4, scan_of
from tests.ocr.sheets import job

OPTIONS = OcrOptions()
INVERTED = Array([1, 0])
ARITHMETIC = bytes.fromhex(  # the truth in gray, 40 × 56, as cjpeg codes it; Pillow can only read it
    "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e"
    "292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffc9000b080038002801011100ffcc000600101005ffda"
    "0008010100003f00fd1fbf4787720e31a61a278469c394104226cb317e334e83da9f7634e7637086abf2741d8c57919ae753392e2de043c8"
    "f06e3b80b2c9893615507d5d7c6fecb3cb683f457075e513bdcc236f7dd900dd076ee288df13d107dbd3f244cab008b0efbabcb31aa6d0c9"
    "534ce3ba42d9bce636046af44ad0a035b5513e2ea1ff00f8bf5ff84c34af3005e534fbab77965fd5df57b44f11e98c9f95515e2eff00a129"
    "06637b8998293eb2bc8c1143a850f0f3571fa968e4afb7b3c2ab6b9de7b6fb18456db7f86e7654e05b83b5e0d3554ab7a056ba2bacf59975"
    "8da98e5acee54cdc469cb02d514ab9d53b56b81e1c79884e8bf22df15e716a456c5f8efea4311368d2767915b0a403cd53d28b7dc525c600"
    "7828a1a23ac147daf462bb258d8a446cc6809fad4179308cb10886bdade70cae257b5b838c7b350d89f1fb586429ed25ff000e137c96c646"
    "6dd51522af7af15d4a1ac5ee0edd457f9fb6b10cf8cffd51ab0350eaa98d0de6307f073b5145551ad8a130c56e1bce89ee76e1e4064c154c"
    "f29750d7973fee69759ae425fbd3eec143b59d8016347c41adb1ee65b0295a7c3ddefd26bc020867c4d5b7622dbebe86e6413ec365462cf1"
    "14da61cc207d3a947853c6e7bbc94d02bad8427553223c585dec79246d3c21c8216a2a915dc7526a86e3a43aee13895b43aa14505544baee"
    "a862bacf928a12b1290f2e19fcebb015708c99857a5384869d576e5df2c3c4c5fb2f05b7fcba2220456dc38c96355ec5704dcbc9ef6e896c"
    "fadfa683574fe13bd38e84f530d29f6dc480ffd9"
)


def jpx(pdf: pikepdf.Pdf, mode: str, **more: object) -> pikepdf.Stream:
    image = xobject(pdf, truth(mode), form="jpx")
    del image["/BitsPerComponent"]  # a JPEG 2000 tells that itself (ISO 32000-1 §8.9.5.1)
    for key, value in more.items():
        image[f"/{key}"] = value
    page = scan_page(pdf)
    page.Resources.XObject.Im0 = image
    return image


def done(pdf: pikepdf.Pdf, folder: Path) -> PageOutcome:
    pdf.save(folder / "scan.pdf")
    task = job(folder / "scan.pdf", folder)
    return do_page(task, FakeEngine, OPTIONS, time.process_time)


@pytest.mark.parametrize(
    "more",
    [
        {"Decode": INVERTED},
        {"ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 255, String(bytes(range(256)) * 3)])},
    ],
    ids=["decode", "palette"],
)
def test_a_jpeg2000_that_comes_out_in_one_colour_is_refused(more: dict[str, object], tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        jpx(pdf, "L", **more)
        outcome = done(pdf, tmp_path)
    if outcome.error is None:  # a pdfium that has learned it
        shown = pypdfium2.PdfDocument(tmp_path / "page.pdf")[0].render(grayscale=True).to_pil()
        assert shown.getextrema()[0] < shown.getextrema()[1]
    else:
        assert outcome.error[0] == "OC-05"
        assert "neu liefern" in outcome.error[1]


def test_a_jpeg2000_in_one_colour_is_still_a_page(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        image = jpx(pdf, "L")
        image.write(saved(truth("L").point(lambda _: 200), "JPEG2000"), filter=Name.JPXDecode)
        assert done(pdf, tmp_path).error is None


PROFILE = 200 * b"x"
UNDRAWABLE: dict[str, Callable[[pikepdf.Pdf], dict[str, object]]] = {
    "profile without components": lambda pdf: {"ColorSpace": Array([Name.ICCBased, pdf.make_stream(PROFILE)])},
    "profile of five": lambda pdf: {"ColorSpace": Array([Name.ICCBased, pdf.make_stream(PROFILE, N=5)])},
    "no profile": lambda _: {"ColorSpace": Array([Name.ICCBased])},
    "unknown space": lambda _: {"ColorSpace": Name.Farbe},
    "name of a space without its numbers": lambda _: {"ColorSpace": Name.CalGray},
    "empty space": lambda _: {"ColorSpace": Array([])},
    "no white point": lambda _: {"ColorSpace": Array([Name.CalGray, Dictionary()])},
    "no palette": lambda _: {"ColorSpace": Array([Name.Indexed, Name.DeviceRGB])},
    "no depth": lambda _: {"BitsPerComponent": None},
    "depth of three": lambda _: {"BitsPerComponent": 3},
}


@pytest.mark.parametrize("name", UNDRAWABLE)
def test_a_picture_that_no_viewer_draws_is_no_blank_page(name: str, tmp_path: Path) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        image = pdf.pages[0].Resources.XObject.Im0
        for key, value in UNDRAWABLE[name](pdf).items():
            if value is None:
                del image[f"/{key}"]
            else:
                image[f"/{key}"] = value

    scanned(change)(tmp_path / "scan.pdf")
    shown = pypdfium2.PdfDocument(tmp_path / "scan.pdf")[0].render(grayscale=True).to_pil()
    assert shown.getextrema() == (255, 255), "a viewer shows white paper"
    facts = examine(scan_of(tmp_path / "scan.pdf"), OPTIONS, tmp_path)
    assert errors(facts) == {"EX-05"}
    assert "neu scannen" in facts.findings[0].text


@pytest.mark.parametrize("coded", ["flate", "jpeg"])
@pytest.mark.parametrize("mask", [False, True])
def test_a_picture_without_its_space_is_refused(coded: str, mask: bool, tmp_path: Path) -> None:
    """A coloured JPEG came out white, and was archived as a blank page; rows without a space came out as noise."""
    with pikepdf.new() as pdf:
        image = scan_page(pdf, truth(), coded="jpeg").images["/Im0"]
        if mask:
            image.SMask = image = xobject(pdf, truth("L"), form=coded)
        elif coded == "flate":
            image.write(zlib.compress(truth().tobytes()), filter=Name.FlateDecode)
        del image["/ColorSpace"]
        pdf.save(tmp_path / "scan.pdf")
    assert errors(examine(scan_of(tmp_path / "scan.pdf"), OPTIONS, tmp_path)) == {"EX-05"}


@pytest.mark.parametrize("wrong", [None, 1, 8])
@pytest.mark.parametrize("coded", ["jpeg", "fax"])
def test_the_depth_that_a_coding_has_stands_in_the_pdfa(coded: str, wrong: int | None, tmp_path: Path) -> None:
    """Else others than pdfium show an empty page, or noise."""
    with pikepdf.new() as pdf:
        image = scan_page(pdf, truth("L"), coded="jpeg").images["/Im0"]
        if coded == "fax":
            parms = Dictionary(K=-1, Columns=SIZE[0], Rows=SIZE[1], BlackIs1=True)
            image.write(g4_strip(truth("1")), filter=Name.CCITTFaxDecode, decode_parms=parms)
            del image["/ColorSpace"]
        del image["/BitsPerComponent"]
        if wrong:
            image.BitsPerComponent = wrong
        outcome = done(pdf, tmp_path)
    assert outcome.error is None
    with pikepdf.open(tmp_path / "page.pdf") as made:
        (stored,) = made.pages[0].images.values()
        assert stored.Filter == (Name.DCTDecode if coded == "jpeg" else Name.CCITTFaxDecode)
        assert (stored.BitsPerComponent, stored.ColorSpace) == (8 if coded == "jpeg" else 1, Name.DeviceGray)


@pytest.mark.parametrize("space", [Name.G, Array([Name.DeviceGray])], ids=str)
def test_a_space_that_is_only_named_oddly_is_drawn(space: pikepdf.Object, tmp_path: Path) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Resources.XObject.Im0.ColorSpace = space

    scanned(change)(tmp_path / "scan.pdf")
    assert errors(examine(scan_of(tmp_path / "scan.pdf"), OPTIONS, tmp_path)) == set()


@pytest.mark.parametrize(("mode", "space"), [("L", Name.DeviceRGB), ("RGB", Name.DeviceGray)])
def test_a_jpeg_of_other_colours_than_the_page_says_is_refused(mode: str, space: Name, tmp_path: Path) -> None:
    """One viewer draws noise, the next nothing, the third what was scanned."""
    with pikepdf.new() as pdf:
        page = scan_page(pdf, truth(mode), coded="jpeg")
        page.Resources.XObject.Im0.ColorSpace = space
        pdf.save(tmp_path / "scan.pdf")
    assert errors(examine(scan_of(tmp_path / "scan.pdf"), OPTIONS, tmp_path)) == {"EX-05"}


def test_an_arithmetically_coded_jpeg_is_a_scan_but_no_picture_of_a_pdf(tmp_path: Path) -> None:
    """Pillow reads it, and viewers of PDF draw it black: a mark on a written page would have been lost in silence."""
    (tmp_path / "scan.jpg").write_bytes(ARITHMETIC)
    assert errors(examine(scan_of(tmp_path / "scan.jpg"), OPTIONS, tmp_path)) == set()
    page = do_page(job(tmp_path / "scan.jpg", tmp_path), FakeEngine, OPTIONS, time.process_time)
    assert page.error is None
    with pikepdf.open(tmp_path / "page.pdf") as made:
        assert [image.Filter for image in made.pages[0].images.values()] == [Name.FlateDecode]
    with pikepdf.new() as pdf:
        scan_page(pdf, truth("L", (40, 56)), coded="jpeg").images["/Im0"].write(ARITHMETIC, filter=Name.DCTDecode)
        pdf.save(tmp_path / "scan.pdf")
    assert errors(examine(scan_of(tmp_path / "scan.pdf"), OPTIONS, tmp_path)) == {"EX-05"}


def test_a_picture_that_came_out_in_one_colour_is_no_page(tmp_path: Path) -> None:
    """A palette that is too short: pdfium makes all of it black, and nothing in the dictionary is forbidden."""
    with pikepdf.new() as pdf:
        page = scan_page(pdf)
        colours = Array([Name.Indexed, Name.DeviceRGB, 255, String(b"\0\0\0\xff\xff\xff")])
        page.Resources.XObject.Im0.ColorSpace = colours
        outcome = done(pdf, tmp_path)
    assert outcome.error is not None
    assert outcome.error[0] == "OC-05"


def test_what_cannot_be_decoded_is_no_white_page(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        image = jpx(pdf, "L")
        image.write(b"kein Bild" * 20, filter=Name.JPXDecode)
        outcome = done(pdf, tmp_path)
    assert outcome.error is not None
    assert outcome.error[0] == "OC-05"


def test_a_stencil_over_a_jpeg2000_is_part_of_the_picture(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        scan_page(pdf)
        explicit_mask(pdf)
        image = pdf.pages[0].Resources.XObject.Im0
        target = io.BytesIO()
        truth("L").point(lambda _: 0).save(target, "JPEG2000")
        image.write(target.getvalue(), filter=Name.JPXDecode)
        image.Width, image.Height = SIZE
        outcome = done(pdf, tmp_path)
    assert outcome.error is None
    shown = pypdfium2.PdfDocument(tmp_path / "page.pdf")[0].render(grayscale=True).to_pil()
    assert sum(shown.convert("L").histogram()[200:]) > shown.width * shown.height / 2, "the page is not black"


@pytest.mark.parametrize(("depth", "told"), [(8, "Bildpunkte unverändert"), (16, "von 16 auf 8 Bit")])
def test_the_receipt_tells_lost_depth(depth: int, told: str, tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        image = jpx(pdf, "L")
        if depth == 16:
            deep = truth("L").convert("I").point(lambda value: value * 257).convert("I;16")
            image.write(saved(deep, "JPEG2000"), filter=Name.JPXDecode)
        outcome = done(pdf, tmp_path)
    assert any(told in loss for loss in outcome.losses)


def test_read_words_on_a_page_that_shows_nothing_are_a_fault(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=A4)
        pdf.save(tmp_path / "weiss.pdf")
    path = str(tmp_path / "weiss.pdf")
    page = {"number": 1, "path": path, "page": 1, "is_pdf": True, "said_mm": None, "scan_mm": None, "strict": True}
    question = {"pdf": path, "count": 1, "first": 0, "pages": [{**page, "words": 12}]}
    assert "PC-03" in {code for code, _, _ in compare_pages(question)["findings"]}
    question["pages"] = [{**page, "words": 0}]
    assert compare_pages(question)["findings"] == []


# --- damaged faxes where nobody looked --------------------------------------------------------------------------------


def fax(*, damaged: bool) -> bytes:
    data = g4_strip(truth("1"))
    return data[: len(data) // 2] + bytes(20) + data[len(data) // 2 + 20 :] if damaged else data


def mask(pdf: pikepdf.Pdf, key: str, *, damaged: bool) -> None:
    ink = xobject(pdf, truth("L", (8, 8)))
    stencil = xobject(pdf, truth("1"))
    stencil.write(
        fax(damaged=damaged),
        filter=Name.CCITTFaxDecode,
        decode_parms=pikepdf.Dictionary(K=-1, Columns=SIZE[0], Rows=SIZE[1]),
    )
    if key == "Mask":
        del stencil["/ColorSpace"]
        stencil.ImageMask = True
    ink[f"/{key}"] = pdf.make_indirect(stencil)
    pdf.pages[0].Resources.XObject.Im0 = ink


@pytest.mark.parametrize("key", ["Mask", "SMask"])
@pytest.mark.parametrize("damaged", [False, True])
def test_damage_in_a_mask_is_told(key: str, damaged: bool, tmp_path: Path) -> None:
    scanned(lambda pdf: mask(pdf, key, damaged=damaged))(tmp_path / "maske.pdf")
    facts = examine(scan_of(tmp_path / "maske.pdf"), OPTIONS, tmp_path)
    assert errors(facts) == ({"EX-32"} if damaged else set())


@pytest.mark.parametrize("damaged", [False, True])
def test_a_damaged_inline_image_is_refused(damaged: bool, tmp_path: Path) -> None:
    """pdfium draws nothing at all in its place: a white page."""
    head = b"BI /W %d /H %d /BPC 1 /CS /G /F /CCF /DP <</K -1 /Columns %d /Rows %d>> ID " % (*SIZE, *SIZE)
    content = FULL.replace(b"/Im0 Do", head + fax(damaged=damaged) + b"\nEI")
    scanned(lambda pdf: setattr(pdf.pages[0], "Contents", pdf.make_stream(content)))(tmp_path / "inline.pdf")
    facts = examine(scan_of(tmp_path / "inline.pdf"), OPTIONS, tmp_path)
    assert errors(facts) == ({"EX-05"} if damaged else set())
