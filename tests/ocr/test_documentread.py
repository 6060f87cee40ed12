"""No letter is lost to the search, whatever way a document goes."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pikepdf
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from pikepdf import Array, Dictionary, Name

from ocr.documentread import LACKING, Read, lacks_letters
from ocr.options import OcrOptions
from tests.conftest import lacking
from tests.ocr.examined import examine
from tests.ocr.papers import A4, scan_of
from tests.ocr.sheets import FONT, convert

OPTIONS = OcrOptions()
TEXT = "Bescheid über die Größe"


def with_low_codes(text: str) -> tuple[bytes, dict[str, int]]:
    """A font in which letters beyond ASCII have the codes from 1, as ReportLab makes them; and the code of each."""
    font = TTFont(FONT)
    names = font.getBestCmap()
    chosen = subset.Subsetter(subset.Options(notdef_outline=True, glyph_names=False))
    chosen.populate(text=text)
    chosen.subset(font)
    odd = sorted({letter for letter in text if ord(letter) > 126})
    codes = {letter: ord(letter) for letter in text} | {letter: code for code, letter in enumerate(odd, 1)}
    table = CmapSubtable.newSubtable(6)
    table.platformID, table.platEncID, table.language = 1, 0, 0
    table.cmap = {code: names[ord(letter)] for letter, code in codes.items()}
    font["cmap"] = newTable("cmap")
    font["cmap"].tableVersion, font["cmap"].tables = 0, [table]
    target = io.BytesIO()
    font.save(target)
    return target.getvalue(), codes


def like_reportlab(path: Path, *, idle: bool) -> Path:
    """A page in that font, and one that is named, not embedded and, if so, never used."""
    data, codes = with_low_codes(TEXT)
    letters = {code: ord(letter) for letter, code in codes.items()}
    pairs = b"\n".join(b"<%02X> <%04X>" % (code, letters.get(code, 0)) for code in range(128))
    mapping = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def /CMapName /X def\n"
        b"1 begincodespacerange <00> <7F> endcodespacerange\n128 beginbfchar\n%s\nendbfchar\n"
        b"endcmap end end" % pairs
    )
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=A4)
        file = pdf.make_stream(data)
        file.Length1 = len(data)
        told = Dictionary(Type=Name.FontDescriptor, FontName=Name("/AAAAAA+Schrift"), Flags=4, ItalicAngle=0,
                          FontBBox=Array([-500, -300, 1500, 1000]), Ascent=900, Descent=-250, CapHeight=700,
                          StemV=80, FontFile2=file)  # fmt: skip
        font = Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=told.FontName, FirstChar=0, LastChar=255,
                          Widths=Array([600] * 256), FontDescriptor=pdf.make_indirect(told),
                          ToUnicode=pdf.make_stream(mapping))  # fmt: skip
        plain = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.pages[0].Resources = Dictionary(Font=Dictionary(F1=plain, F2=pdf.make_indirect(font)))
        shown = bytes(codes[letter] for letter in TEXT).hex().encode("ascii")
        pdf.pages[0].Contents = pdf.make_stream(
            b"BT /F1 12 Tf 14.4 TL "
            + (b"" if idle else b"60 90 Td (Rand) Tj ")
            + b"ET BT /F2 18 Tf 60 700 Td <"
            + shown
            + b"> Tj ET"
        )
        pdf.save(path)
    return path


def test_umlauts_that_ghostscript_loses_are_still_found_and_the_loss_is_told(
    tmp_path: Path, verapdf_options: OcrOptions
) -> None:
    if shutil.which("gs") is None:
        lacking("Ghostscript")
    scan = scan_of(like_reportlab(tmp_path / "brief.pdf", idle=False))
    facts = examine(scan, OPTIONS, tmp_path)
    (tmp_path / "ziel").mkdir()
    result = convert(scan, facts, tmp_path / "ziel" / "made.pdf", verapdf_options)
    assert "".join(TEXT.split()) in "".join(result.pages_text[0].split())
    if dict(result.tools).get("Ghostscript", "").startswith("10.0"):
        assert LACKING in result.losses


def read(*texts: str) -> Read:
    return Read(texts, (), frozenset(), 0, Path("worte"))


@pytest.mark.parametrize(
    ("made", "source", "lacks"),
    [
        (("ber Gre",), ("über Größe",), True),
        (("über Größe",), ("über  Größe\n",), False),
        (("ganz", "halb", "mehr als vorher"), ("ganz", "halbe", "mehr"), True),
        (("ganz und mehr",), ("ganz",), False),
        ((), (), False),
    ],
)
def test_a_lost_letter_is_seen_on_its_page(made: tuple[str, ...], source: tuple[str, ...], lacks: bool) -> None:
    assert lacks_letters(read(*made), read(*source)) is lacks
