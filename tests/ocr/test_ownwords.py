"""Words that a page has itself: where they are seen, with the text told of the page, bounded, none lost or invented."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from ocr import ownwords
from ocr.documenttools import read_pages
from ocr.hocr import own_fragment
from ocr.ownwords import OwnPage, WordsFile, own_page, own_pages
from ocr.pdfpage import user_unit
from tests.ocr.test_documenttext import cropped, large_units, turned_by_the_viewer

SANS = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
Box = tuple[float, float, float, float]


def document() -> FPDF:
    from tests.ocr.sheets import FONT

    made = FPDF(unit="pt", format=(400, 500))
    made.add_font("Serif", fname=FONT)
    made.set_font("Serif", size=14)
    made.add_page()
    return made


def saved(made: FPDF, path: Path, change: Callable[[Any, Any], None] | None = None) -> Path:
    made.output(str(path))
    if change is not None:
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            change(pdf, pdf.pages[0])
            pdf.save(path)
    return path


def red_word(path: Path, change: Callable[[Any, Any], None] | None = None) -> Path:
    """A page of black words and one red one."""
    made = document()
    made.text(40, 60, "Bauordnungsamt der Stadt")
    made.text(40, 90, "Die")
    made.set_text_color(255, 0, 0)
    made.text(75, 90, "Genehmigung")
    made.set_text_color(0, 0, 0)
    made.text(180, 90, "wird erteilt")
    return saved(made, path, change)


def asked(path: Path, *, as_seen: bool = False) -> tuple[str, OwnPage]:
    """Text and words of the first page."""
    with pikepdf.open(path) as pdf:
        unit = user_unit(pdf.pages[0])
    page = pypdfium2.PdfDocument(path)[0]
    text, own = own_page(page, unit, as_seen=as_seen)
    assert own is not None
    return text, own


def lines_of(own: OwnPage) -> list[list[str]]:
    return [[word.text for word in line.words] for line in own.lines]


def shares(box: tuple[int, int, int, int], size: tuple[int, int]) -> Box:
    return (box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1])


def red_ink(picture: Image.Image) -> Box:
    """Where the red word lies, as shares of the picture."""
    red, green, _ = picture.convert("RGB").split()
    ink = Image.eval(green, lambda value: 255 if value < 120 else 0)
    ink.paste(0, mask=Image.eval(red, lambda value: 255 if value < 200 else 0))
    box = ink.getbbox()
    assert box is not None
    return shares(box, picture.size)


def turned_by(degrees: int) -> Callable[[Any, Any], None]:
    def change(_pdf: Any, page: Any) -> None:
        page.obj.Rotate = degrees

    return change


@pytest.mark.parametrize("change", [None, cropped, large_units, turned_by_the_viewer, turned_by(180), turned_by(270)])
def test_the_box_of_a_word_is_where_its_ink_is(tmp_path: Path, change: Any) -> None:
    path = red_word(tmp_path / "a.pdf", change)
    for as_seen in (False, True):
        text, own = asked(path, as_seen=as_seen)
        assert sorted(text.split()) == sorted(
            ["Bauordnungsamt", "der", "Stadt", "Die", "Genehmigung", "wird", "erteilt"]
        )
        (box,) = [word.box for line in own.lines for word in line.words if word.text == "Genehmigung"]
        page = pypdfium2.PdfDocument(path)[0]
        turn = page.get_rotation()
        if not as_seen:
            page.set_rotation(0)
        picture = page.render(scale=3).to_pil()
        assert own.turned == (0 if as_seen else turn)
        assert own.size[0] / own.size[1] == pytest.approx(picture.width / picture.height, abs=0.003)
        assert shares(box, own.size) == pytest.approx(red_ink(picture), abs=0.004)
        (line,) = [line for line in own.lines if any(word.text == "Genehmigung" for word in line.words)]
        assert line.angle == ((360 - turn) % 360 if as_seen else 0)


def test_pixels_are_those_of_the_page_in_its_real_size(tmp_path: Path) -> None:
    _, own = asked(red_word(tmp_path / "a.pdf"))
    _, large = asked(red_word(tmp_path / "b.pdf", large_units))
    assert own.size == (round(400 * 300 / 72), round(500 * 300 / 72))
    assert large.size == (round(800 * 300 / 72), round(1000 * 300 / 72))


@pytest.mark.parametrize("stated", ["0", "-2", "/Zwei", "[2]", "1000000000"])
def test_a_unit_without_sense_is_one_point(tmp_path: Path, stated: str) -> None:
    def change(_pdf: Any, page: Any) -> None:
        page.obj.UserUnit = pikepdf.Object.parse(stated.encode())

    _, own = asked(red_word(tmp_path / "a.pdf", change))
    assert own.size == (1667, 2083)


def test_a_line_tells_how_it_runs(tmp_path: Path) -> None:
    made = document()
    for angle, place, text in (
        (90, 60, "aufwärts"),
        (-90, 120, "abwärts"),
        (180, 200, "kopfüber"),
        (45, 250, "Entwurf"),
    ):
        with made.rotation(angle, place, 300 - angle):
            made.text(place, 300 - angle, text)
    with made.skew(20, 0, 40, 450):  # slanted letters on a straight line
        made.text(40, 450, "schräg")
    _, own = asked(saved(made, tmp_path / "a.pdf"))
    angles = {line.words[0].text: line.angle for line in own.lines}
    assert angles == {"aufwärts": 90, "abwärts": 270, "kopfüber": 180, "Entwurf": 45, "schräg": 0}


def test_a_word_folded_at_the_end_of_a_line_is_one_in_the_text_and_two_in_their_places(tmp_path: Path) -> None:
    made = document()
    made.text(40, 60, "Das Akten-")
    made.text(40, 80, "verzeichnis liegt bei.")
    text, own = asked(saved(made, tmp_path / "a.pdf"))
    assert text == "Das Aktenverzeichnis liegt bei."
    assert lines_of(own) == [["Das", "Akten-"], ["verzeichnis", "liegt", "bei."]]
    (first, second) = own.lines
    assert first.box[3] <= second.box[1] + 5
    assert first.words[1].box[0] > first.words[0].box[2]


def test_what_lies_off_the_page_is_not_told_and_what_is_cut_is_told_whole(tmp_path: Path) -> None:
    made = document()
    made.text(40, 60, "drin")
    made.text(500, 80, "draussen")
    made.text(370, 100, "Randnotiz")
    text, own = asked(saved(made, tmp_path / "a.pdf"))
    assert text == "drin\nRandnotiz"
    assert lines_of(own) == [["drin"], ["Randnotiz"]]
    assert own.lines[1].box[2] == own.size[0]


def test_letters_of_all_kinds_come_whole(tmp_path: Path) -> None:
    made = document()
    made.add_font("Sans", fname=SANS)
    made.set_font("Sans", size=14)
    made.text(40, 60, "Ofﬁce 𝔸𝔹 a\u0308rger")
    made.text(40, 90, "שלום")
    text, own = asked(saved(made, tmp_path / "a.pdf"))
    assert lines_of(own) == [["Office", "𝔸𝔹", "ärger"], ["םולש"]]  # pdfium sets what runs from the right
    assert text.split() == [word for line in lines_of(own) for word in line]


def chinese(path: Path, text: str) -> Path:
    """A page in a font that is not embedded, as Chinese offices send it."""
    from pikepdf import Array, Dictionary, Name, String

    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(400, 500))
        system = Dictionary(Registry=String("Adobe"), Ordering=String("GB1"), Supplement=2)
        face = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/STSong-Light"), CIDSystemInfo=system, DW=1000
        )
        font = Dictionary(Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"))
        font.Encoding, font.DescendantFonts = Name("/UniGB-UCS2-H"), Array([pdf.make_indirect(face)])
        page.obj.Resources = Dictionary(Font=Dictionary(F0=font))
        page.obj.Contents = pdf.make_stream(f"BT /F0 20 Tf 40 400 Td <{text.encode('utf-16-be').hex()}> Tj ET".encode())
        pdf.save(path)
    return path


def test_a_line_without_blanks_is_one_word(tmp_path: Path) -> None:
    text, own = asked(chinese(tmp_path / "a.pdf", "档案管理系统"))
    assert text == "档案管理系统"
    assert lines_of(own) == [["档案管理系统"]]
    left, _, right, _ = own.lines[0].box
    assert (left, right) == pytest.approx((40 * 300 / 72, 160 * 300 / 72), abs=3)


def test_a_page_of_absurdly_many_letters_has_its_text_without_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = red_word(tmp_path / "a.pdf")
    monkeypatch.setattr(ownwords, "MOST_CHARS", 10)
    text, own = own_page(pypdfium2.PdfDocument(path)[0], 1.0, as_seen=False)
    assert own is None
    assert "Genehmigung" in text


def test_a_million_letters_on_a_page_come_to_an_end(tmp_path: Path) -> None:
    made = document()
    made.output(str(tmp_path / "a.pdf"))
    with pikepdf.open(tmp_path / "a.pdf", allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.obj.Resources = pikepdf.Dictionary(
            Font=pikepdf.Dictionary(
                F0=pikepdf.Dictionary(
                    Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
                )
            )
        )
        line = b"1 0 0 1 10 %d Tm (" + b"immer das gleiche Wort " * 43 + b") Tj\n"
        page.obj.Contents = pdf.make_stream(b"BT /F0 .5 Tf\n" + b"".join(line % n for n in range(10, 490)) * 3 + b"ET")
        pdf.save(tmp_path / "a.pdf")
    payload = {"path": str(tmp_path / "a.pdf"), "words": str(tmp_path / "words"), "as_seen": False}
    (page,) = read_pages(payload)["pages"]
    assert page["text"].startswith("immer das gleiche")
    assert list(own_pages(tmp_path / "words")) == [None]


def test_words_go_by_file_page_by_page_and_not_more_than_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, own = asked(red_word(tmp_path / "a.pdf"))
    monkeypatch.setattr(ownwords, "MOST_WORDS", 2 * own.count)
    words = WordsFile(str(tmp_path / "words"))
    for page in (own, None, own, own):
        words.add(page)
    words.close()
    assert list(own_pages(tmp_path / "words")) == [own, None, own, None]


@pytest.mark.parametrize(
    "line",
    [
        b"kein JSON",
        b"[" * 100_000,
        b"7",
        b'{"size": [1, 2], "turned": 0}',
        b'{"size": [1, 2], "turned": 0, "lines": [[0, [["Wort", 1, 2, 3]]]]}',
        b'{"size": [1, 2], "turned": 0, "lines": [[0, [["Wort", 1, 2, 3, "x"]]]]}',
        b'{"size": [1, NaN], "turned": 0, "lines": []}',
        b'{"size": [1, Infinity], "turned": 0, "lines": []}',
    ],
)
def test_words_that_are_not_ours_end_the_pages(tmp_path: Path, line: bytes) -> None:
    _, own = asked(red_word(tmp_path / "a.pdf"))
    (tmp_path / "words").write_bytes(json.dumps(own.as_json()).encode() + b"\n" + line + b"\nnull\n")
    assert list(own_pages(tmp_path / "words")) == [own]


def test_a_link_left_by_a_child_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "fremd").write_text("null\n")
    (tmp_path / "words").symlink_to(tmp_path / "fremd")
    assert list(own_pages(tmp_path / "words")) == []
    assert list(own_pages(tmp_path / "fehlt")) == []


def test_the_hocr_of_own_words_tells_boxes_and_no_confidence(tmp_path: Path) -> None:
    _, own = asked(red_word(tmp_path / "a.pdf", turned_by_the_viewer))
    fragment = own_fragment(3, own)
    page = ET.fromstring(fragment)  # noqa: S314 - made here
    width, height = own.size
    assert page.attrib["title"] == f"bbox 0 0 {width} {height}; ppageno 2; scan_res 300 300; x_turned 90"
    spans = [span for span in page.iter("span") if span.attrib["class"] == "ocrx_word"]
    assert len(spans) == own.count
    assert all(re.fullmatch(r"bbox \d+ \d+ \d+ \d+", span.attrib["title"]) for span in spans)
    assert "x_wconf" not in fragment
    ids = [node.attrib["id"] for node in page.iter() if "id" in node.attrib]
    assert len(ids) == len(set(ids))
    assert fragment == own_fragment(3, asked(tmp_path / "a.pdf")[1])
