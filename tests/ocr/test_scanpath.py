"""One page through the scan path: text where one sees it, page size, way up, and outcomes instead of exceptions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageOps

from akten.errors import Misconfigured
from ocr import pdfpage
from ocr.engine import OcrEngine
from ocr.jobs import PageJob, PageOutcome
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from ocr.source import turned
from ocr.tesseract import open_engine
from tests.conftest import lacking
from tests.ocr.oddpdfs import scan_page, xobject
from tests.ocr.sheets import job, paper, sheet

OPTIONS = OcrOptions()
Do = Callable[[PageJob], PageOutcome]


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrEngine]:
    try:
        engine = open_engine(OPTIONS)
    except Misconfigured as error:
        lacking(error.text)
        raise
    yield engine
    engine.close()


@pytest.fixture
def do(engine: OcrEngine) -> Do:
    return lambda page: do_page(page, lambda: engine, OPTIONS, time.process_time)


def word_box(path: Path, word: str) -> tuple[float, float, float, float]:
    """Where a viewer finds the word: left, top, right, bottom as shares of the page as it is shown."""
    document = pypdfium2.PdfDocument(path)
    page = document[0]
    text = page.get_textpage()
    start = text.get_text_range().index(word)
    boxes = [text.get_charbox(start + place, loose=True) for place in range(len(word))]
    rotation = page.get_rotation()
    media = page.get_mediabox()
    width, height = media[2] - media[0], media[3] - media[1]
    corners = [(x / width, 1 - y / height) for b in boxes for x, y in ((b[0], b[1]), (b[2], b[3]))]
    for _ in range(rotation // 90):
        corners = [(1 - y, x) for x, y in corners]
    text.close()
    document.close()
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def rendered(path: Path) -> Image.Image:
    document = pypdfium2.PdfDocument(path)
    image: Image.Image = document[0].render(scale=1.5).to_pil().convert("L")
    document.close()
    return image


def marked_sheet() -> Image.Image:
    """A sheet on which one word can be found by its ink: it stands alone in the lower right."""
    return sheet(
        (
            "Der Oberbürgermeister",
            "der Stadt Grünwald",
            "Bauaufsichtsamt",
            "erteilt die Genehmigung",
            "",
            "",
            " " * 48 + "Garage",
        )
    )


def ink_box(image: Image.Image) -> tuple[float, float, float, float]:
    """The ink right of the middle and below it, as shares of the picture."""
    width, height = image.size
    part = ImageOps.invert(image.crop((width // 2, height * 6 // 10, width, height))).point(
        [255 * (value > 100) for value in range(256)]
    )
    box = part.getbbox()
    assert box is not None
    return (
        (box[0] + width // 2) / width,
        (box[1] + height * 6 // 10) / height,
        (box[2] + width // 2) / width,
        (box[3] + height * 6 // 10) / height,
    )


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_word_lies_on_its_ink_however_the_sheet_was_fed(tmp_path: Path, do: Do, turn: int) -> None:
    turned(marked_sheet(), turn).save(tmp_path / "scan.png", dpi=(200, 200))
    outcome = do(job(tmp_path / "scan.png", tmp_path))
    assert outcome.error is None
    assert (outcome.turned + turn) % 360 == 0
    assert "Oberbürgermeister" in outcome.text
    shown = rendered(tmp_path / "page.pdf")
    assert word_box(tmp_path / "page.pdf", "Garage") == pytest.approx(ink_box(shown), abs=0.02)


@pytest.mark.parametrize("angle", [-4.0, -1.5, 2.3, 4.5])
def test_the_word_lies_on_its_ink_on_a_skewed_sheet(tmp_path: Path, do: Do, angle: float) -> None:
    skewed = marked_sheet().rotate(angle, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    skewed.save(tmp_path / "scan.png", dpi=(200, 200))
    outcome = do(job(tmp_path / "scan.png", tmp_path))
    assert outcome.skew == pytest.approx(angle, abs=0.35)
    shown = rendered(tmp_path / "page.pdf")
    assert shown.width / shown.height == pytest.approx(skewed.width / skewed.height, rel=0.01)
    found, ink = word_box(tmp_path / "page.pdf", "Garage"), ink_box(shown)
    assert (found[0] + found[2]) / 2 == pytest.approx((ink[0] + ink[2]) / 2, abs=0.015)
    assert (found[1] + found[3]) / 2 == pytest.approx((ink[1] + ink[3]) / 2, abs=0.02)


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_exif_turns_the_page_and_not_the_bytes(tmp_path: Path, do: Do, orientation: int) -> None:
    upright = marked_sheet()
    undo = {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE}
    undo |= {8: Image.Transpose.ROTATE_270, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180}
    undo |= {4: Image.Transpose.FLIP_TOP_BOTTOM}
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "scan.jpg", dpi=(200, 200), exif=exif, quality=90)
    outcome = do(job(tmp_path / "scan.jpg", tmp_path))
    assert "Oberbürgermeister" in outcome.text
    with pikepdf.open(tmp_path / "page.pdf") as pdf:
        assert pdf.pages[0].Resources.XObject.Im0.read_raw_bytes() == (tmp_path / "scan.jpg").read_bytes()
    shown = rendered(tmp_path / "page.pdf")
    assert word_box(tmp_path / "page.pdf", "Garage") == pytest.approx(ink_box(shown), abs=0.02)


@pytest.mark.parametrize(("stated", "known"), [((72, 72), 72.0), (None, None), ((1, 1), None)])
def test_an_absurd_resolution_is_replaced_by_the_profile_and_noted(
    tmp_path: Path, do: Do, stated: tuple[int, int] | None, known: float | None
) -> None:
    big = paper(dpi=300).convert("L")
    big.save(tmp_path / "scan.jpg", **({"dpi": stated} if stated else {}))
    outcome = do(job(tmp_path / "scan.jpg", tmp_path, dpi=known))
    assert (outcome.width_mm, outcome.height_mm) == pytest.approx((210, 297), abs=0.5)
    assert any("aus dem Profil" in loss for loss in outcome.losses)


def test_unequal_resolutions_of_a_fax_keep_the_shape_of_the_sheet(tmp_path: Path, do: Do) -> None:
    fax = sheet(dpi=204).resize((1189, 405), Image.Resampling.BOX).convert("1")
    fax.save(tmp_path / "fax.tif", dpi=(204, 98), compression="group4")
    outcome = do(job(tmp_path / "fax.tif", tmp_path, dpi=204.0))
    assert (outcome.width_mm, outcome.height_mm) == pytest.approx((148, 105), abs=0.5)
    assert "Genehmigung" in outcome.text


def test_a_blank_page_is_kept_without_text_and_with_a_thumbnail(tmp_path: Path, do: Do) -> None:
    paper().save(tmp_path / "scan.png", dpi=(150, 150))
    outcome = do(job(tmp_path / "scan.png", tmp_path, dpi=150.0))
    assert outcome.blank
    assert outcome.thumbnail
    assert outcome.words == 0
    with pikepdf.open(tmp_path / "page.pdf") as pdf:
        assert len(pdf.pages) == 1


def test_coordinates_are_well_formed_and_in_pixels_of_the_stored_image(tmp_path: Path, do: Do) -> None:
    upside_down = turned(marked_sheet(), 180)
    upside_down.save(tmp_path / "scan.png", dpi=(200, 200))
    do(job(tmp_path / "scan.png", tmp_path))
    page = ET.fromstring((tmp_path / "page.hocr").read_text(encoding="utf-8"))  # noqa: S314 - a file of our own making
    assert f"bbox 0 0 {upside_down.width} {upside_down.height}" in page.attrib["title"]
    titles = {word.text: word.attrib["title"] for word in page.iter("span") if word.attrib["class"] == "ocrx_word"}
    box = [int(value) for value in re.findall(r"bbox (\d+) (\d+) (\d+) (\d+)", titles["Garage"])[0]]
    ink = ImageOps.invert(upside_down.crop(tuple(box)))  # type: ignore[arg-type]
    assert ink.getextrema()[1] > 200
    assert box[2] < upside_down.width / 2  # what stands lower right is stored upper left
    assert box[3] < upside_down.height / 2
    assert "x_wconf" in titles["Garage"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_lines_of_a_turned_page_tell_how_they_run(tmp_path: Path, do: Do, turn: int) -> None:
    """hOCR counts counter-clockwise: 90 is text from bottom to top."""
    turned(marked_sheet(), 360 - turn).save(tmp_path / "scan.png", dpi=(200, 200))
    assert do(job(tmp_path / "scan.png", tmp_path)).turned == turn
    page = ET.fromstring((tmp_path / "page.hocr").read_text(encoding="utf-8"))  # noqa: S314 - a file of our own making
    assert f"x_turned {turn}" in page.attrib["title"]
    lines = [span.attrib["title"] for span in page.iter("span") if span.attrib["class"] == "ocr_line"]
    assert lines
    assert all(f"textangle {turn}" in title for title in lines)


def test_the_same_scan_gives_the_same_bytes(tmp_path: Path, do: Do) -> None:
    sheet().save(tmp_path / "scan.png", dpi=(200, 200))
    made = []
    for _ in range(2):
        do(job(tmp_path / "scan.png", tmp_path))
        made.append(((tmp_path / "page.pdf").read_bytes(), (tmp_path / "page.hocr").read_bytes()))
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("leer.tif", b"", "OC-03"),
        ("text.png", b"kein Bild", "OC-03"),
        ("halb.jpg", None, "OC-05"),
        ("leer.pdf", b"", "OC-03"),
        ("text.pdf", b"%PDF-1.7\nkein PDF", "OC-03"),
    ],
)
def test_a_bad_file_gives_an_outcome_with_its_code(
    tmp_path: Path, do: Do, name: str, data: bytes | None, code: str
) -> None:
    if data is None:
        sheet().save(tmp_path / "whole.jpg")
        data = (tmp_path / "whole.jpg").read_bytes()[:9000]
    (tmp_path / name).write_bytes(data)
    outcome = do(job(tmp_path / name, tmp_path))
    assert outcome.error is not None
    assert outcome.error[0] == code
    assert not (tmp_path / "page.pdf").exists()


@pytest.mark.parametrize("name", ["bomb_60k.png", "bomb_60k_g4.tif", "bomb_img_rgb_20000.pdf"])
def test_too_many_pixels_are_refused_before_anything_is_decoded(
    samples: Path, tmp_path: Path, do: Do, name: str
) -> None:
    started = time.process_time()
    outcome = do(job(samples / "hostile" / name, tmp_path))
    assert outcome.error is not None
    assert outcome.error[0] == "OC-04"
    assert time.process_time() - started < 5


def test_a_page_that_is_not_there_is_told(tmp_path: Path, do: Do) -> None:
    sheet(mode="1").save(tmp_path / "scan.tif", compression="group4")
    outcome = do(job(tmp_path / "scan.tif", tmp_path, page=2))
    assert outcome.error is not None
    assert outcome.error[0] == "OC-03"


def test_upside_down_typescript_comes_out_right(samples: Path, tmp_path: Path, do: Do) -> None:
    outcome = do(job(samples / "rotated" / "phototest_180.png", tmp_path))
    assert outcome.turned == 180
    assert outcome.text.startswith("This is a lot of 12 point text")


def test_image_streams_of_a_scanned_pdf_stay_byte_for_byte(samples: Path, tmp_path: Path, do: Do) -> None:
    file = samples / "derived" / "akte_rotated_skewed.pdf"
    do(job(file, tmp_path, page=2, read=False))
    with pikepdf.open(file) as given, pikepdf.open(tmp_path / "page.pdf") as made:
        (image,) = given.pages[1].images.values()
        assert made.pages[0].Resources.XObject.Im0.read_raw_bytes() == image.read_raw_bytes()


def test_jbig2_is_packed_anew_without_loss_and_noted(samples: Path, tmp_path: Path, do: Do) -> None:
    outcome = do(job(samples / "pdf" / "jbig2.pdf", tmp_path, read=False))
    assert any("JBIG2" in loss for loss in outcome.losses)
    with pikepdf.open(tmp_path / "page.pdf") as made:
        assert made.pages[0].Resources.XObject.Im0.Filter == "/CCITTFaxDecode"


@pytest.mark.parametrize(("page", "turn"), [(1, 0), (2, 270), (3, 180), (4, 90)])
def test_pages_of_a_pdf_in_four_positions_all_stand_upright(
    samples: Path, tmp_path: Path, do: Do, page: int, turn: int
) -> None:
    outcome = do(job(samples / "pdf" / "cardinal.pdf", tmp_path, page=page))
    assert outcome.turned == turn
    assert "LinnSequencer" in outcome.text
    assert word_box(tmp_path / "page.pdf", "LinnSequencer")[1] < 0.2


def masked_page(path: Path, image: Image.Image, mask: Image.Image, *, turn: int = 0, key: str = "SMask") -> None:
    """A page of nothing but `image`, seen only where `mask` is light; fed with the sheet turned by a matrix."""
    width, height = mask.width * 72 / 200, mask.height * 72 / 200
    size, matrix = {
        0: ((width, height), f"{width} 0 0 {height} 0 0"),
        90: ((height, width), f"0 {-width} {height} 0 0 {width}"),
        180: ((width, height), f"{-width} 0 0 {-height} {width} {height}"),
    }[turn]
    with pikepdf.new() as pdf:
        page = scan_page(pdf, image, size=size, content=f"q {matrix} cm /Im0 Do Q".encode())
        through = xobject(pdf, mask if key == "SMask" else ImageOps.invert(mask).convert("1"))
        if key == "Mask":
            through.ImageMask = True
            del through.ColorSpace
        page.Resources.XObject.Im0[f"/{key}"] = through
        pdf.save(path)


@pytest.mark.parametrize("ink", [0, 120], ids=["black", "gray"])
@pytest.mark.parametrize(("turn", "key"), [(0, "SMask"), (0, "Mask"), (90, "SMask"), (180, "SMask")])
def test_what_is_written_in_the_mask_alone_is_read(tmp_path: Path, do: Do, turn: int, key: str, ink: int) -> None:
    """Copiers that part ink from paper send a coarse image of the ink's colour; a gray one was taken for blank."""
    image = Image.new("L", (60, 43), ink)
    masked_page(tmp_path / "scan.pdf", image, ImageOps.invert(marked_sheet()), turn=turn, key=key)
    outcome = do(job(tmp_path / "scan.pdf", tmp_path))
    assert (outcome.error, outcome.blank, outcome.losses) == (None, False, ())
    assert "Oberbürgermeister" in outcome.text
    shown = rendered(tmp_path / "page.pdf").point([255 * (value > 200) for value in range(256)])
    assert word_box(tmp_path / "page.pdf", "Garage") == pytest.approx(ink_box(shown), abs=0.02)


def test_what_a_mask_covers_is_not_in_the_text(tmp_path: Path, do: Do) -> None:
    """Else a search would find what was covered up."""
    whole = sheet()
    cover = Image.new("L", whole.size, 255)
    cover.paste(0, (0, 0, whole.width, whole.height // 2))
    masked_page(tmp_path / "scan.pdf", whole, cover)
    outcome = do(job(tmp_path / "scan.pdf", tmp_path))
    assert "Oberbürgermeister" not in outcome.text
    assert "Grüßen" in outcome.text


@pytest.mark.parametrize("nested", [False, True])
def test_a_page_that_is_drawn_is_as_fine_as_its_finest_part(tmp_path: Path, do: Do, nested: bool) -> None:
    """The mask of a coarse image that cannot be copied, and an image within a form."""
    with pikepdf.new() as pdf:
        mask = ImageOps.invert(marked_sheet())
        width, height = mask.width * 72 / 200, mask.height * 72 / 200
        full = f"q {width} 0 0 {height} 0 0 cm /Im0 Do Q".encode()
        page = scan_page(pdf, Image.new("L", (60, 43), 0), size=(width, height), content=full, coded="jpx")
        page.Resources.XObject.Im0.SMask = xobject(pdf, mask)
        if nested:
            form = pdf.make_stream(full)
            form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, width, height])
            form.Resources = page.Resources
            page.Resources = Dictionary(XObject=Dictionary(F=form))
            page.Contents = pdf.make_stream(b"/F Do")
        pdf.save(tmp_path / "scan.pdf")
    outcome = do(job(tmp_path / "scan.pdf", tmp_path))
    assert any("mit 200 dpi neu gezeichnet" in loss for loss in outcome.losses)
    assert "Oberbürgermeister" in outcome.text


def test_a_masked_plan_is_not_drawn_finer_than_memory_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfpage, "_MOST_SEEN", 100_000)
    masked_page(tmp_path / "scan.pdf", Image.new("L", (60, 43), 0), ImageOps.invert(marked_sheet()))
    with pikepdf.open(tmp_path / "scan.pdf") as pdf:
        page = pdfpage.page_of(pdf, 1, 10**8, 10**8)
        seen = pdfpage.seen_through(page, tmp_path / "scan.pdf", 1, 10**8)
    assert 90_000 < seen.width * seen.height <= 101_000
    assert seen.getextrema()[0] < 100
